//! Runs: opened, verified against their device's key, put into the journal where their chain has
//! reached them.
//!
//! Invariant: an entry enters the journal only with a signature that covers it and with its whole
//! chain before it; of a fork both branches enter.

use std::sync::Arc;

use imena_core::encoding::limits::SEALED_RUN_BYTES_MAX;
use imena_core::encoding::{Hash32, PublicKey, Value};
use imena_core::journal::{Checkpoint, Entry, ReceiptLine, Run};
use imena_core::model::ids::{DeviceId, SealedName};
use imena_core::seal::{SealError, open_bytes};
use imena_core::store::{Appended, Class, Journal, introduced_by};
use imena_core::vocabulary::Kind;

use super::{Open, Start};
use crate::error::HubError;
use crate::hub::Inner;
use crate::limits::TWINS_MAX;
use crate::truth::{Mark, Opened, StoredFile};

const ROWS_AT_ONCE: usize = 500;

/// Looks at one stored file.
type Visit<'a> = &'a mut dyn FnMut(&Arc<Inner>, &StoredFile) -> Result<(), HubError>;

/// What became of a run.
enum Folding {
    /// Its entries stand in the journal and introduce these files.
    Done(Vec<SealedName>),
    /// Entries before it have not come yet.
    Waits(Start),
    /// Nothing to do, or not now: not claimed, refused, done before.
    Rests,
}

/// A run whose signature was checked.
struct Checked {
    run: Run,
    device: DeviceId,
    key: PublicKey,
    checkpoint: Checkpoint,
    sha256: Hash32,
}

impl Inner {
    /// Opens a file that was stored just now.
    pub(super) fn open_stored(self: &Arc<Self>, sealed: SealedName) -> Result<(), HubError> {
        match self.truth.file(sealed)? {
            Some(row) if may_be_run(&row) => self.take_run(sealed),
            Some(_) => self.open_file(sealed),
            None => Ok(()),
        }
    }

    /// Opens and folds a run, and the runs that waited for it.
    pub(crate) fn take_run(self: &Arc<Self>, sealed: SealedName) -> Result<(), HubError> {
        let mut introduced = Vec::new();
        {
            let mut slot = self.chain.open();
            let Some(open) = slot.as_mut() else {
                return Ok(());
            };
            let Some(row) = self.truth.file(sealed)? else {
                return Ok(());
            };
            if self.fold_one(open, &row, &mut introduced)? {
                self.fold_waiting(open, &mut introduced)?;
            }
        }
        for sealed in introduced {
            if let Some(row) = self.truth.file(sealed)? {
                if row.opened == Opened::Damaged {
                    // Another entry speaks of it now: it may be the one that is right.
                    self.truth.mark(sealed, Mark::Opened(Opened::NotYet))?;
                }
                self.chain.stored(&row);
            }
        }
        Ok(())
    }

    /// Looks at every stored file that was not opened yet: runs first, because they say what the
    /// others are.
    pub(super) fn open_everything(self: &Arc<Self>) -> Result<(), HubError> {
        self.each_file(&mut |inner, row| {
            let mut slot = inner.chain.open();
            match slot.as_mut() {
                Some(open) if may_be_run(row) => {
                    inner.fold_one(open, row, &mut Vec::new()).map(drop)
                }
                Some(_) | None => Ok(()),
            }
        })?;
        if let Some(open) = self.chain.open().as_mut() {
            self.fold_waiting(open, &mut Vec::new())?;
        }
        self.each_file(&mut |inner, row| match row.class {
            Some(Class::Run) => Ok(()),
            Some(Class::Thumbnail | Class::Preview | Class::Original) | None => {
                inner.open_file(row.sealed)
            }
        })
    }

    fn each_file(self: &Arc<Self>, visit: Visit<'_>) -> Result<(), HubError> {
        let mut after = 0;
        loop {
            let rows = self.truth.files_after(after, ROWS_AT_ONCE)?;
            let Some((last, _)) = rows.last() else {
                return Ok(());
            };
            after = *last;
            for (_, row) in &rows {
                if self.chain.is_locked() {
                    return Ok(());
                }
                if let Err(error) = visit(self, row) {
                    // One poisoned file does not stop the rest.
                    tracing::error!(%error, file = %row.sealed, "stored file not opened");
                }
            }
        }
    }

    fn fold_waiting(
        self: &Arc<Self>,
        open: &mut Open,
        introduced: &mut Vec<SealedName>,
    ) -> Result<(), HubError> {
        loop {
            let mut has_moved = false;
            for (sealed, start) in open.waiting.clone() {
                if !is_reached(&open.journal, start)? {
                    continue;
                }
                if let Some(row) = self.truth.file(sealed)? {
                    has_moved |= self.fold_one(open, &row, introduced)?;
                }
            }
            if !has_moved {
                return Ok(());
            }
        }
    }

    /// Gives whether entries entered the journal.
    fn fold_one(
        self: &Arc<Self>,
        open: &mut Open,
        row: &StoredFile,
        introduced: &mut Vec<SealedName>,
    ) -> Result<bool, HubError> {
        match self.fold(open, row)? {
            Folding::Done(files) => {
                open.waiting.remove(&row.sealed);
                introduced.extend(files);
                Ok(true)
            }
            Folding::Waits(start) => {
                open.waiting.insert(row.sealed, start);
                Ok(false)
            }
            Folding::Rests => {
                open.waiting.remove(&row.sealed);
                Ok(false)
            }
        }
    }

    fn fold(self: &Arc<Self>, open: &mut Open, row: &StoredFile) -> Result<Folding, HubError> {
        let generation = open.journal.generation();
        let is_known = row.opened == Opened::Whole && row.folded_in == Some(generation);
        if is_known || matches!(row.opened, Opened::Damaged | Opened::Refused) {
            return Ok(Folding::Rests);
        }
        let Some(checked) = self.open_run(open, row)? else {
            return Ok(Folding::Rests);
        };
        if !self.is_claimed(checked.device) {
            return Ok(Folding::Rests);
        }
        let Some(start) = checked.start() else {
            return Ok(Folding::Rests);
        };
        if !is_reached(&open.journal, start)? {
            return Ok(Folding::Waits(start));
        }
        let Checked {
            run,
            device,
            key,
            checkpoint,
            sha256,
        } = checked;
        let appended = open
            .journal
            .receive(key.spki(), &run.entries, &checkpoint)?;
        if appended.contains(&Appended::Fork) {
            self.note_fork(device, &checkpoint)?;
        }
        if row.opened != Opened::Whole {
            self.name_unlisted_recipients(row.sealed, run.sealed_to.len())?;
            let entries = ReceiptLine::Entries {
                device,
                upto_seq: checkpoint.seq,
                entry_id: checkpoint.entry_id,
            };
            let (sealed, size) = (row.sealed, row.size);
            let file = ReceiptLine::File {
                sealed,
                size,
                sha256: Some(sha256),
            };
            self.receipt(&[], &[sealed], vec![file, entries])?;
        }
        self.truth.mark(row.sealed, Mark::FoldedIn(generation))?;
        let files = run.entries.iter().flat_map(introduced_by);
        Ok(Folding::Done(files.map(|(file, _)| file.sealed).collect()))
    }

    /// Opens a run and checks its signature; what is no run, damaged or forged is marked and rests.
    fn open_run(
        self: &Arc<Self>,
        open: &Open,
        row: &StoredFile,
    ) -> Result<Option<Checked>, HubError> {
        use std::io::Read as _;
        let mut sealed = Vec::new();
        let limit = SEALED_RUN_BYTES_MAX as u64;
        let file = match self.objects.open_file(row.sealed) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            opened => Some(opened?),
        };
        if let Some(file) = file {
            file.take(limit).read_to_end(&mut sealed)?;
        }
        if Hash32::of(&sealed) != row.sealed.0 {
            // Gone or rotten here, not when it came: its receipt is taken back.
            self.verify(row)?;
            return Ok(None);
        }
        let packed = match open_bytes(&[&open.identity], &sealed, SEALED_RUN_BYTES_MAX) {
            Ok(packed) => packed,
            Err(SealError::NoKey) => return self.rests(row, Opened::NoKey),
            Err(SealError::Io(error)) if error.kind() != std::io::ErrorKind::FileTooLarge => {
                return Err(error.into());
            }
            Err(SealError::Damaged | SealError::Recipients { .. } | SealError::Io(_)) => {
                return self.rests(row, Opened::Damaged);
            }
        };
        let sha256 = Hash32::of(&packed);
        let run = match Run::unpack(&packed, self.org()?) {
            Ok(run) => run,
            // A file whose sender did not say what it is may be a photo.
            Err(_) if row.class.is_none() => return Ok(None),
            // A later program here can read it: it stays to be looked at, and is no fault.
            Err(error) if error.is_of_newer_version() => return self.rests(row, Opened::NotYet),
            Err(_) => return self.rests(row, Opened::Refused),
        };
        let key = run
            .device()
            .map(|device| self.chain_key(device, &run))
            .transpose()?
            .flatten();
        let Some(key) = key else {
            return self.rests(row, Opened::NotYet);
        };
        match run.checkpoint(&key) {
            Ok(checkpoint) => {
                let device = DeviceId(key.id());
                Ok(Some(Checked {
                    run,
                    device,
                    key,
                    checkpoint,
                    sha256,
                }))
            }
            Err(error) => {
                tracing::error!(%error, file = %row.sealed, "run refused");
                self.rests(row, Opened::Refused)
            }
        }
    }

    fn rests(&self, row: &StoredFile, opened: Opened) -> Result<Option<Checked>, HubError> {
        if row.opened != opened {
            self.truth.mark(row.sealed, Mark::Opened(opened))?;
            match opened {
                Opened::Damaged => self.audit("a stored run does not open", row.sealed.0),
                Opened::NoKey => self.audit("a stored run is sealed to other keys", row.sealed.0),
                Opened::Refused => self.audit("a stored run was refused", row.sealed.0),
                Opened::NotYet | Opened::Whole => {}
            }
        }
        Ok(None)
    }

    /// The key of a chain: from the roster, from the device's own words to this hub, or from the
    /// an entry that starts it. Its hash is the device's id, so all three are the same key.
    fn chain_key(&self, device: DeviceId, run: &Run) -> Result<Option<PublicKey>, HubError> {
        let roster = self.roster();
        let named = roster
            .as_ref()
            .and_then(|signed| signed.roster.device(device));
        let named = named.map(|line| line.spki.clone());
        let spoken = self.truth.device(device)?.map(|row| row.spki);
        let mut started = run.entries.iter().filter_map(|entry| {
            let is_start = entry.header.kind == Kind::DeviceStarted;
            let spki = entry.field(1).and_then(Value::as_bytes);
            spki.filter(|_| is_start)
        });
        let started = started.find(|spki| Hash32::of(spki) == device.0);
        let all = [named, spoken, started.map(<[u8]>::to_vec)];
        let keys = all
            .into_iter()
            .flatten()
            .filter_map(|spki| PublicKey::from_spki(&spki).ok());
        Ok(keys.into_iter().find(|key| key.id() == device.0))
    }

    fn note_fork(&self, device: DeviceId, checkpoint: &Checkpoint) -> Result<(), HubError> {
        let name = format!("fork:{device}");
        if self.truth.fact(&name)?.is_none() {
            self.truth.set_fact(&name, checkpoint.entry_id.as_bytes())?;
            self.audit(
                "a chain has two branches; both are kept, a person must look",
                device.0,
            );
        }
        Ok(())
    }
}

impl Checked {
    /// `None` of a run without entries.
    fn start(&self) -> Option<Start> {
        let first = self.run.entries.first()?;
        Some(Start {
            device: self.device,
            seq: first.header.seq,
            prev: first.header.prev,
        })
    }
}

/// Whether the entry before a run stands in the journal, on whichever branch.
fn is_reached(journal: &Journal, start: Start) -> Result<bool, HubError> {
    if start.seq == 1 {
        return Ok(start.prev == start.device.0);
    }
    let before = start.seq.saturating_sub(1);
    let near: Vec<Entry> = journal.entries_of_chain(start.device, before, TWINS_MAX)?;
    Ok(near
        .iter()
        .any(|entry| entry.header.seq == before && entry.id.0 == start.prev))
}

/// A run says so; a small file whose sender said nothing may be one.
fn may_be_run(row: &StoredFile) -> bool {
    let is_small = row.size <= SEALED_RUN_BYTES_MAX as u64;
    is_small && matches!(row.class, Some(Class::Run) | None)
}
