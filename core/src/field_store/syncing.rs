//! Sync as the platform drives it: a desk per session, one job at a time; receipts and roster also while locked, entries of others only when unlocked.

use super::{Error, FieldStore};
use crate::keys::JoinHub;
use crate::store::Appended;
use crate::sync::{
    DeskStart, Hands, HubTarget, LinkCost, Pulled, Step, SyncChange, SyncDesk, TransferJob,
    TransferOutcome,
};

impl FieldStore {
    /// Hubs that this device may send to: the roster's, before any roster the join code's.
    #[must_use]
    pub fn hubs(&self) -> Vec<HubTarget> {
        let from_join = |hub: &JoinHub| (hub.hub, hub.tls_pins.clone(), hub.addresses.clone());
        let lines: Vec<_> = match self.roster() {
            Some(signed) if !signed.roster.hubs.is_empty() => signed
                .roster
                .active_hubs()
                .filter_map(|hub| {
                    let (pins, addresses) = (hub.tls_pins.clone(), hub.addresses.clone());
                    Some((hub.id().ok()?, pins, addresses))
                })
                .collect(),
            Some(_) | None => self.join.hubs.iter().map(from_join).collect(),
        };
        let targets = lines.into_iter().flat_map(|(hub, pins, addresses)| {
            addresses.into_iter().map(move |address| HubTarget {
                hub,
                address,
                pins: pins.clone(),
            })
        });
        targets.collect()
    }

    /// Starts a session with a hub. Before it, what is unlocked is closed into runs, so that it travels.
    ///
    /// # Errors
    /// The database's.
    pub fn begin_sync(&self, target: HubTarget, cost: LinkCost) -> Result<SyncDesk, Error> {
        if !self.is_locked() {
            self.work_off()?;
        }
        let start = DeskStart {
            org: self.join.org,
            target,
            device: self.device(),
            device_name: self.device_name.clone(),
            roster: self.roster(),
            own_head: self.transfer().guard()?,
            can_pull: !self.is_locked(),
            cost,
        };
        Ok(SyncDesk::new(&self.config.environment, start)?)
    }

    /// What the desk does next, and its job.
    ///
    /// # Errors
    /// The vault's or the database's.
    pub fn next_job(&self, desk: &mut SyncDesk) -> Result<(Step, Option<TransferJob>), Error> {
        let hands = self.hands();
        let step = desk.next_step(hands)?;
        let job = desk.job(hands, step.clone())?;
        Ok((step, job))
    }

    /// Takes the outcome of the job with this number.
    ///
    /// # Errors
    /// The database's.
    pub fn report_job(
        &self,
        desk: &mut SyncDesk,
        number: u64,
        outcome: TransferOutcome,
    ) -> Result<Vec<SyncChange>, Error> {
        self.report_jobs(desk, vec![(number, outcome)])
    }

    /// As [`FieldStore::report_job`], for several that have ended: their receipts are kept with one fsync.
    ///
    /// # Errors
    /// The database's.
    pub fn report_jobs(
        &self,
        desk: &mut SyncDesk,
        outcomes: Vec<(u64, TransferOutcome)>,
    ) -> Result<Vec<SyncChange>, Error> {
        let changes = desk.report_all(self.hands(), outcomes)?;
        for change in &changes {
            match change {
                SyncChange::Pulled(segments) => {
                    let is_new = self.take_segments(segments)?;
                    desk.pulled(self.hands(), is_new)?;
                }
                SyncChange::Roster { .. } => self.reload_roster()?,
                SyncChange::Enrolling { .. }
                | SyncChange::Admitted
                | SyncChange::Receipt
                | SyncChange::Progress { .. }
                | SyncChange::HubRestored
                | SyncChange::Trouble(_) => {}
            }
        }
        self.note_hub_seen(desk)?;
        if !changes.is_empty() {
            self.note_status_changed();
        }
        Ok(changes)
    }

    fn hands(&self) -> Hands<'_> {
        Hands {
            environment: &self.config.environment,
            vault: &*self.config.vault,
            transfer: &self.transfer,
            files: &self.files,
        }
    }

    /// Gives pieces of chains to the journal; `true` if it did not know all of their entries.
    fn take_segments(&self, segments: &[Pulled]) -> Result<bool, Error> {
        self.with_open(|open| {
            let mut is_new = false;
            for segment in segments {
                let mut journal = open.chain.journal();
                // A piece of the own chain that came back is known already; anything else of it would be a fork, which is kept and flagged.
                let taken =
                    journal.receive(&segment.spki, &segment.entries, &segment.checkpoint)?;
                is_new |= taken.iter().any(|entry| *entry != Appended::Known);
            }
            self.follow(open)?;
            Ok(is_new)
        })
    }

    fn reload_roster(&self) -> Result<(), Error> {
        let bytes = self.transfer().fact("roster")?;
        let roster = bytes.and_then(|b| crate::keys::SignedRoster::open(&b, self.join.org).ok());
        *self
            .roster
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = roster;
        self.keep_roster();
        self.index_receipts()?;
        match self.with_open(|open| self.follow(open)) {
            Err(Error::Locked) => Ok(()),
            followed => followed,
        }
    }

    fn note_hub_seen(&self, desk: &SyncDesk) -> Result<(), Error> {
        let seen = desk.hub_seen(self.hands())?;
        if let Some(seen) = seen {
            match self.with_open(|open| {
                open.chain.set_hub_seen(seen);
                Ok(())
            }) {
                Err(Error::Locked) => {}
                noted => noted?,
            }
        }
        Ok(())
    }
}
