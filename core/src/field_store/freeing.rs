//! Freeing space: the rule is asked for every original, and what goes is written down before it goes.

use serde::Serialize;

use super::{Error, FieldStore};
use crate::encoding::Map;
use crate::keys::Policy;
use crate::model::ids::{SealedName, SubjectId};
use crate::store::Word;
use crate::sync::wire::HOLD_CHECK_MAX;
use crate::sync::{FreeingFacts, HeldNow, Missing, SyncDesk, missing_for_freeing};
use crate::vocabulary::Kind;

/// What freeing did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FreeReport {
    /// Originals that left this device.
    pub freed: Vec<SealedName>,
    /// Bytes gained.
    pub freed_bytes: u64,
    /// Originals that stay, with every condition that is not met.
    pub kept: Vec<(SealedName, Vec<Missing>)>,
}

impl FieldStore {
    /// Originals here that could be asked about, at most as many as one hold check names: those that a hub opened first, of these those that most hubs hold, then the oldest.
    ///
    /// # Errors
    /// `Locked`, or the database's.
    pub fn originals_here(&self) -> Result<Vec<SealedName>, Error> {
        if self.is_locked() {
            return Err(Error::Locked);
        }
        let noted = self
            .transfer()
            // Twice as many: some that were noted may have gone from the disk.
            .originals_here(HOLD_CHECK_MAX.saturating_mul(2))?;
        let mut here = Vec::new();
        for sealed in noted {
            if here.len() == HOLD_CHECK_MAX {
                break;
            }
            if self.files.find(sealed)?.is_some() {
                here.push(sealed);
            }
        }
        Ok(here)
    }

    /// Frees the originals for which every condition is met; the hub's fresh word is the desk's.
    ///
    /// # Errors
    /// `Locked`, or the disk's; what was freed before the error is in the journal.
    pub fn free_originals(&self, desk: &SyncDesk) -> Result<FreeReport, Error> {
        let mut report = FreeReport::default();
        let policy = self
            .roster()
            .map_or_else(Policy::default, |signed| signed.roster.policy);
        for sealed in self.originals_here()? {
            let facts = self.freeing_facts(desk, policy, sealed)?;
            let missing = missing_for_freeing(&facts);
            if !missing.is_empty() {
                report.kept.push((sealed, missing));
                continue;
            }
            report.freed_bytes = report
                .freed_bytes
                .saturating_add(self.free_one(sealed, &facts)?);
            report.freed.push(sealed);
        }
        self.work_off()?;
        Ok(report)
    }

    fn freeing_facts(
        &self,
        desk: &SyncDesk,
        policy: Policy,
        sealed: SealedName,
    ) -> Result<FreeingFacts, Error> {
        let named = desk.held().filter(|held| held.sealed.contains(&sealed));
        let holdings = self.transfer().holdings(sealed)?;
        Ok(FreeingFacts {
            policy,
            holdings,
            is_whole: self.files.is_whole(sealed)? == Some(true),
            is_entry_receipted: self.is_entry_receipted(sealed)?,
            held_now: named.map(|held| HeldNow {
                hub: held.hub,
                hub_time_ms: held.hub_time_ms,
            }),
        })
    }

    /// Whether a hub receipted the chain up to the entry that introduces a file, or further: up to an entry that stands in the journal here. A number
    /// alone says nothing.
    fn is_entry_receipted(&self, sealed: SealedName) -> Result<bool, Error> {
        self.with_open(|open| {
            let journal = open.chain.journal();
            let Some(row) = journal.file(sealed)? else {
                return Ok(false);
            };
            // Of the chain that holds the entry, which may be an ended one of this vault.
            let device = row.device;
            for (seq, entry) in self.transfer().receipted_ends(device, row.seq)? {
                let here = journal.entries_of_chain(device, seq, 1)?;
                let here = here.first().filter(|here| here.header.seq == seq);
                if here.is_some_and(|here| here.id == entry) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    /// Writes `local_copy_removed`, makes it durable, then removes the file.
    fn free_one(&self, sealed: SealedName, facts: &FreeingFacts) -> Result<u64, Error> {
        let size = self.files.find(sealed)?.map_or(0, |(_, len, _)| len);
        self.with_open(|open| {
            let subject = SubjectId::new(&self.config.environment)?;
            let receipts = facts.holdings.iter().map(|holding| holding.receipt.into());
            let fields = Map::new().with(1, sealed).array(2, receipts);
            open.chain
                .append_one(Word::create(Kind::LocalCopyRemoved, subject, fields))?;
            self.transfer().set_freed(sealed)?;
            self.files.remove_freed(sealed)?;
            Ok(size)
        })
    }
}
