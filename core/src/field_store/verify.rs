//! Verification of a whole vault: every page, every sealed file, every chain, every receipt; names what is wrong and where.

use std::ops::ControlFlow;

use serde::Serialize;

use super::{Error, FieldStore};
use crate::encoding::PublicKey;
use crate::journal::{ChainHead, Checkpoint, Entry, Receipt, verify_chain};
use crate::model::ids::{DeviceId, SealedName};
use crate::seal::{objection_to, unlisted_in};
use crate::store::Class;

/// Told (done, all); `Break` ends what is being done, as if it had never been begun.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// File, chain or receipt.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

/// What was checked and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Sealed files re-hashed.
    pub files: u64,
    /// Entries whose place in their chain was checked.
    pub entries: u64,
    /// Chains.
    pub chains: u64,
    /// Receipts whose signature was checked.
    pub receipts: u64,
    /// What is wrong; empty: nothing is.
    pub findings: Vec<Finding>,
}

impl VerifyReport {
    /// A part that damage kept from being checked is a finding, and the other parts are checked all the same.
    fn note(&mut self, place: &str, checked: Result<(), Error>) -> Result<(), Error> {
        match checked {
            Err(Error::Store(damage)) if damage.is_damage() => {
                let (place, what) = (place.to_owned(), damage.to_string());
                self.findings.push(Finding { place, what });
                Ok(())
            }
            checked => checked,
        }
    }
}

impl FieldStore {
    /// Checks everything; `progress` is told (done, all) sealed files and may end it.
    ///
    /// # Errors
    /// `Locked`, `Cancelled` if `progress` said so, or the disk does not answer at all.
    pub fn verify(&self, progress: Progress<'_>) -> Result<VerifyReport, Error> {
        let mut report = VerifyReport::default();
        self.verify_databases(&mut report)?;
        let files = self.verify_files(&mut report, progress);
        report.note("journal.db or transfer.db", files)?;
        let chains = self.with_open(|open| {
            let journal = open.chain.journal();
            for (device, spki) in journal.devices()? {
                self.verify_device(&mut report, &journal, device, &spki)?;
            }
            Ok(())
        });
        report.note("journal.db", chains)?;
        let receipts = self.verify_receipts(&mut report);
        report.note("transfer.db", receipts)?;
        Ok(report)
    }

    fn verify_databases(&self, report: &mut VerifyReport) -> Result<(), Error> {
        let journal = self.with_open(|open| Ok(open.chain.journal().check_pages()?))?;
        let transfer = self.transfer().check_pages()?;
        for (name, faults) in [("journal.db", journal), ("transfer.db", transfer)] {
            report
                .findings
                .extend(faults.into_iter().map(|what| Finding {
                    place: name.to_owned(),
                    what,
                }));
        }
        if self.with_open(|open| Ok(open.index().was_damaged()))? {
            let what = "was damaged; it has been made anew from the journal".to_owned();
            let place = "index.db".to_owned();
            report.findings.push(Finding { place, what });
        }
        Ok(())
    }

    fn verify_files(&self, report: &mut VerifyReport, progress: Progress<'_>) -> Result<(), Error> {
        let mut all = self.files.stored(Class::Run)?;
        all.extend(self.files.stored(Class::Original)?);
        let incoming = self.files.incoming()?;
        all.extend(
            incoming
                .into_iter()
                .filter_map(|(_, name, len)| Some((name?, len))),
        );
        let count = all.len() as u64;
        for (done, (sealed, _)) in (1_u64..).zip(all) {
            if self.files.is_whole(sealed)? != Some(true) {
                let what = "its bytes do not hash to its name".to_owned();
                report.findings.push(Finding {
                    place: format!("sealed file {sealed}"),
                    what,
                });
            } else {
                self.verify_recipients(report, sealed)?;
            }
            report.files = report.files.saturating_add(1);
            if progress(done, count).is_break() {
                return Err(Error::Cancelled);
            }
        }
        for run in self.with_open(|open| Ok(open.chain.journal().runs()?))? {
            if self.files.find(run)?.is_none() {
                let (place, what) = (
                    format!("sealed file {run}"),
                    "is missing (a run)".to_owned(),
                );
                report.findings.push(Finding { place, what });
            }
        }
        let rows =
            self.with_open(|open| Ok(open.chain.journal().files_of(open.chain.device())?))?;
        for row in rows {
            let is_held = !self.transfer().holdings(row.sealed)?.is_empty();
            if self.files.find(row.sealed)?.is_some() || is_held {
                continue;
            }
            let what = match self.transfer().is_freed(row.sealed)? {
                true => "was removed here because hubs held it, and none does any more".to_owned(),
                false => format!("is missing (introduced by entry {})", row.seq),
            };
            let place = format!("sealed file {}", row.sealed);
            report.findings.push(Finding { place, what });
        }
        Ok(())
    }

    /// Recipients that are not as the entry lists them; runs list theirs inside, where `folder` reads it.
    fn verify_recipients(
        &self,
        report: &mut VerifyReport,
        sealed: SealedName,
    ) -> Result<(), Error> {
        let row = self.with_open(|open| Ok(open.chain.journal().file(sealed)?))?;
        let listed = row.and_then(|row| row.recipients);
        let listed = listed.and_then(|count| usize::try_from(count).ok());
        let open = || self.files.open(sealed);
        let unlisted = match listed {
            Some(listed) => unlisted_in(open()?, listed),
            None => None,
        };
        if let Some(what) = objection_to(open()?).or(unlisted) {
            let place = format!("sealed file {sealed}");
            report.findings.push(Finding { place, what });
        }
        Ok(())
    }

    fn verify_device(
        &self,
        report: &mut VerifyReport,
        journal: &crate::store::Journal,
        device: DeviceId,
        spki: &[u8],
    ) -> Result<(), Error> {
        report.chains = report.chains.saturating_add(1);
        let place = format!("chain {device}");
        let key = match PublicKey::from_spki(spki) {
            Ok(key) => key,
            Err(error) => {
                report.findings.push(Finding {
                    place,
                    what: error.to_string(),
                });
                return Ok(());
            }
        };
        let mut checkpoints = Vec::new();
        for bytes in journal.checkpoints(device)? {
            match Checkpoint::open(&bytes, &key, self.join.org) {
                Ok(checkpoint) => checkpoints.push(checkpoint),
                Err(error) => {
                    report.findings.push(Finding {
                        place: place.clone(),
                        what: error.to_string(),
                    });
                }
            }
        }
        let entries = match journal.entries_of_chain(device, 1, usize::MAX >> 1) {
            Ok(entries) => entries,
            Err(error) => {
                report.findings.push(Finding {
                    place,
                    what: error.to_string(),
                });
                return Ok(());
            }
        };
        // The own tail that no run has closed yet is not signed yet; that is its ordinary state, not a fault.
        let covered = checkpoints
            .iter()
            .map(|checkpoint| checkpoint.seq)
            .max()
            .unwrap_or(0);
        let is_own = device == self.device_id();
        let signed: Vec<Option<&Entry>> = entries
            .iter()
            .filter(|entry| !is_own || entry.header.seq <= covered)
            .map(Some)
            .collect();
        report.entries = report.entries.saturating_add(signed.len() as u64);
        if let Err(fault) = verify_chain(device, ChainHead::start(device), &signed, &checkpoints) {
            report.findings.push(Finding {
                place,
                what: fault.to_string(),
            });
        }
        Ok(())
    }

    fn verify_receipts(&self, report: &mut VerifyReport) -> Result<(), Error> {
        let roster = self.roster();
        for bytes in self.transfer().receipts()? {
            report.receipts = report.receipts.saturating_add(1);
            let key = Receipt::claimed_hub(&bytes).ok().and_then(|hub| {
                roster
                    .as_ref()
                    .and_then(|signed| signed.roster.hub_key(hub))
            });
            let what = match key.map(|key| Receipt::open(&bytes, &key, self.join.org)) {
                Some(Ok(_)) => continue,
                Some(Err(error)) => error.to_string(),
                None => "signed by a hub that the roster does not name".to_owned(),
            };
            let place = format!("receipt {}", crate::encoding::Hash32::of(&bytes).short());
            report.findings.push(Finding { place, what });
        }
        Ok(())
    }
}
