//! A journal that is gone or damaged is built anew from the runs; the old chain ends there and a new one begins.

use std::io::Read as _;

use serde::Serialize;

use super::{Error, FieldStore, Open};
use crate::capture::enter_orphan;
use crate::encoding::limits::{RUN_BYTES_MAX, SEALED_RUN_BYTES_MAX};
use crate::encoding::{PublicKey, Value};
use crate::environment::replace_file;
use crate::journal::{Checkpoint, Entry, Receipt, Run};
use crate::keys::{SessionKey, device_key};
use crate::model::ids::{DeviceId, EntryId, SealedName};
use crate::seal::{open_bytes, seal_bytes};
use crate::store::{Class, Journal};
use crate::sync::Found;
use crate::vocabulary::Kind;

/// Fact of transfer.db that names the chain being ended.
const ENDING_CHAIN: &str = "ending_chain";

/// What a rebuild found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RebuildReport {
    /// The chain that ended.
    pub old_chain: Option<OldChain>,
    /// Runs whose entries are back.
    pub runs_read: u64,
    /// Runs that no key here opens (sealed before the start of work, or after close-out): they are kept and sent; a hub opens them.
    pub runs_unopened: u64,
    /// Runs that are damaged: kept.
    pub runs_damaged: u64,
    /// Entries that are back.
    pub entries: u64,
}

/// The chain that ended with the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OldChain {
    /// Whose.
    pub device: DeviceId,
    /// Up to here its entries are known again; numbers after it are never issued again.
    pub known_upto_seq: u64,
    /// The last known entry.
    pub entry_id: Option<EntryId>,
}

impl FieldStore {
    /// Reads every run into an empty journal, ends the old chain and gives the device a new key.
    pub(super) fn rebuild_journal(
        &self,
        mut journal: Journal,
        sessions: &[SessionKey],
    ) -> Result<(Journal, RebuildReport), Error> {
        let mut report = RebuildReport::default();
        let mut runs: Vec<(SealedName, u64, Run)> = Vec::new();
        for (sealed, size) in self.files.stored(Class::Run)? {
            match self.open_run(sealed, sessions)? {
                Opened::Run(run) => runs.push((sealed, size, *run)),
                Opened::NoKey => report.runs_unopened = report.runs_unopened.saturating_add(1),
                Opened::Damaged => report.runs_damaged = report.runs_damaged.saturating_add(1),
            }
        }
        runs.sort_by_key(|(_, _, run)| run.entries.first().map(|entry| entry.header.seq));
        let old = self.ending_chain()?.unwrap_or_else(|| self.device_id());
        // Until the new chain stands, every unlock begins the rebuild again: a crash in between must neither go on with the old chain nor end a chain that
        // never began.
        self.transfer().set_fact(ENDING_CHAIN, old.as_bytes())?;
        for (sealed, size, run) in &runs {
            let Some(key) = key_of(run, &runs, &self.device()) else {
                continue;
            };
            let Ok(checkpoint) = run.checkpoint(&key) else {
                report.runs_damaged = report.runs_damaged.saturating_add(1);
                continue;
            };
            journal.receive(key.spki(), &run.entries, &checkpoint)?;
            let first = run
                .entries
                .first()
                .map_or(checkpoint.seq, |entry| entry.header.seq);
            journal.add_run(*sealed, checkpoint.device, first, checkpoint.seq, *size)?;
            report.runs_read = report.runs_read.saturating_add(1);
            report.entries = report.entries.saturating_add(run.entries.len() as u64);
        }
        let (known_upto_seq, entry_id) = contiguous_end(&journal, old)?;
        report.old_chain = Some(OldChain {
            device: old,
            known_upto_seq,
            entry_id,
        });
        if self.device_id() == old {
            self.config.vault.renew_device_key()?;
        }
        *self
            .device
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = device_key(&*self.config.vault)?;
        self.transfer().forget_sessions()?;
        Ok((journal, report))
    }

    /// Without a guard, which stands in transfer.db: the chain reaches at least to the newest checkpoint of it among the runs. A journal that ends before it
    /// is damaged, even if transfer.db was lost with it.
    pub(super) fn find_guard(&self, sessions: &[SessionKey]) -> Result<(), Error> {
        if self.transfer().guard()?.is_some() {
            return Ok(());
        }
        let key = self.device();
        let mut newest: Option<Checkpoint> = None;
        for (sealed, _) in self.files.stored(Class::Run)? {
            let Opened::Run(run) = self.open_run(sealed, sessions)? else {
                continue;
            };
            let checkpoint = run.checkpoint(&key).ok();
            newest = [newest, checkpoint]
                .into_iter()
                .flatten()
                .max_by_key(|one| one.seq);
        }
        if let Some(checkpoint) = newest {
            self.transfer()
                .set_guard(checkpoint.seq, checkpoint.entry_id)?;
        }
        Ok(())
    }

    /// Indexes receipts that stand in their files only: after transfer.db was made anew, or when a roster names their hub at last.
    pub(super) fn index_receipts(&self) -> Result<(), Error> {
        let roster = self.roster();
        let roster = roster.as_ref().map(|signed| &signed.roster);
        let org = self.join.org;
        Ok(self.transfer().index_receipts(&mut |bytes| {
            let Ok(hub) = Receipt::claimed_hub(bytes) else {
                return Found::Foreign;
            };
            let Some(key) = roster.and_then(|roster| roster.hub_key(hub)) else {
                return Found::NoKey;
            };
            match Receipt::open(bytes, &key, org) {
                Ok(receipt) => Found::Checked(Box::new(receipt)),
                Err(_) => Found::Foreign,
            }
        })?)
    }

    /// Keeps the roster in a file of its own, sealed to the organisation, because it shows names: whoever has the organisation's identity can verify this
    /// folder without a database. What does not work now is done at the next start; transfer.db has the roster.
    pub(super) fn keep_roster(&self) {
        let Some(signed) = self.roster() else { return };
        let Some(recipient) = signed.roster.recipient() else {
            return;
        };
        let name = format!("{}.age", signed.roster.version);
        let path = self.layout.rosters().join(name);
        let files = &self.config.environment.files;
        if !matches!(files.len(&path), Ok(None)) {
            return;
        }
        if let Ok((_, sealed)) = seal_bytes(&[recipient.to_owned()], &signed.bytes) {
            // See above.
            let _ = replace_file(&self.config.environment, &path, &sealed);
        }
    }

    /// The chain that a rebuild was ending when it was interrupted.
    pub(super) fn ending_chain(&self) -> Result<Option<DeviceId>, Error> {
        let bytes = self.transfer().fact(ENDING_CHAIN)?;
        Ok(bytes.and_then(|bytes| DeviceId::from_slice(&bytes)))
    }

    /// The new chain stands: the rebuild is over.
    pub(super) fn chain_has_ended(&self) -> Result<(), Error> {
        Ok(self.transfer().set_fact(ENDING_CHAIN, &[])?)
    }

    /// Originals at their place that no entry introduces become recovered captures.
    pub(super) fn enter_orphans(&self, open: &Open) -> Result<(), Error> {
        let sessions = open.sessions();
        let identities: Vec<_> = sessions.iter().map(SessionKey::identity).collect();
        for (sealed, size) in self.files.stored(Class::Original)? {
            let class = self.transfer().class_of(sealed)?.unwrap_or(Class::Original);
            if open.chain.journal().file(sealed)?.is_some() || class != Class::Original {
                continue;
            }
            enter_orphan(
                &self.config.environment,
                &self.files,
                &open.chain,
                &identities,
                sealed,
            )?;
            self.transfer()
                .add_file(sealed, Class::Original, size, self.now_ms())?;
        }
        Ok(())
    }

    fn open_run(&self, sealed: SealedName, sessions: &[SessionKey]) -> Result<Opened, Error> {
        let mut bytes = Vec::new();
        let limit = (SEALED_RUN_BYTES_MAX as u64).saturating_add(1);
        self.files
            .open(sealed)?
            .take(limit)
            .read_to_end(&mut bytes)?;
        if crate::encoding::Hash32::of(&bytes) != sealed.0 {
            return Ok(Opened::Damaged);
        }
        let identities: Vec<_> = sessions.iter().map(SessionKey::identity).collect();
        let packed = match open_bytes(&identities, &bytes, RUN_BYTES_MAX) {
            Ok(packed) => packed,
            Err(crate::seal::SealError::NoKey) => return Ok(Opened::NoKey),
            Err(_) => return Ok(Opened::Damaged),
        };
        Ok(match Run::unpack(&packed, self.join.org) {
            Ok(run) => Opened::Run(Box::new(run)),
            Err(_) => Opened::Damaged,
        })
    }
}

enum Opened {
    Run(Box<Run>),
    NoKey,
    Damaged,
}

/// The key of a run's chain: the own one, or the one that the chain's first entry names.
fn key_of(run: &Run, runs: &[(SealedName, u64, Run)], own: &PublicKey) -> Option<PublicKey> {
    let device = run.device()?;
    if device.0 == own.id() {
        return Some(own.clone());
    }
    let entries = runs.iter().flat_map(|(_, _, other)| &other.entries);
    let started =
        |entry: &&Entry| entry.header.device == device && entry.header.kind == Kind::DeviceStarted;
    let spki = entries
        .filter(started)
        .find_map(|entry| entry.field(1).and_then(Value::as_bytes));
    PublicKey::from_spki(spki?)
        .ok()
        .filter(|key| key.id() == device.0)
}

/// Up to where a chain is known without a gap.
fn contiguous_end(journal: &Journal, device: DeviceId) -> Result<(u64, Option<EntryId>), Error> {
    let (mut seq, mut id) = (0_u64, None);
    loop {
        let next = seq.saturating_add(1);
        let entries = journal.entries_of_chain(device, next, 500)?;
        let before = seq;
        for entry in entries {
            if entry.header.seq == seq.saturating_add(1) {
                seq = entry.header.seq;
                id = Some(entry.id);
            }
        }
        if seq == before {
            return Ok((seq, id));
        }
    }
}
