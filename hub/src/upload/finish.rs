//! From complete staging bytes to "stored": fsync, re-read and re-hash, publish, one transaction of
//! row and receipt.
//!
//! Owns the order of docs/design/wire.md "Rules of the hub"; each step is one that a test can stop
//! at. Invariant: whatever step the process ends at, the next start finishes or keeps the staging
//! file, and nothing was called stored that is not.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use imena_core::encoding::Hash32;
use imena_core::encoding::limits::SEALED_RUN_BYTES_MAX;
use imena_core::journal::{ReceiptLine, VoidReason};
use imena_core::model::ids::{DeviceId, SealedName};
use imena_core::store::Class;

use super::{Key, Plan, Quota};
use crate::error::HubError;
use crate::hub::{Inner, Scrubbed};
use crate::limits::{
    FLOOR_PART_FOR_RUNS, HELD_FRESH_MS, REHASH_FILES_MAX, SCRUB_PERIOD_MS, UNCLAIMED_FLOOR_TIMES,
};
use crate::truth::{self, Line, Mark, Opened, Publish, StoredFile};

/// What became of complete staging bytes.
#[derive(Debug)]
pub(crate) enum Finished {
    /// Durable and receipted.
    Stored(Vec<u8>),
    /// They do not hash to their name: set aside, to be sent again.
    Damaged,
}

impl Inner {
    /// Finishes a complete staging file.
    pub(crate) fn finish(
        self: &Arc<Self>,
        staging: &Path,
        key: Key,
        class: Option<Class>,
    ) -> Result<Finished, HubError> {
        let steps = &self.environment.steps;
        if let Some(receipt) = self.stored_receipt(key.sealed)? {
            self.forget_upload(staging, key)?;
            return Ok(Finished::Stored(receipt));
        }
        steps.reached("hub: make staging durable");
        let file = File::open(staging)?;
        file.sync_all()?;
        let size = file.metadata()?.len();
        drop(file);
        steps.reached("hub: re-hash from disk");
        if truth::hash_file(staging)? != key.sealed.0 {
            self.set_upload_aside(staging, key, "uploaded bytes do not hash to their name")?;
            return Ok(Finished::Damaged);
        }
        self.name_odd_recipients(staging, key)?;
        steps.reached("hub: publish");
        let shelf = self.publish(staging, key.sealed)?;
        let now_ms = self.now_ms();
        let row = StoredFile {
            sealed: key.sealed,
            size,
            class,
            device: key.device,
            stored_ms: now_ms,
            verified_ms: now_ms,
            opened: Opened::NotYet,
            folded_in: None,
        };
        let receipt = self.commit(row.clone(), shelf)?;
        steps.reached("hub: forget staging");
        self.forget_upload(staging, key)?;
        self.chain.stored(&row);
        Ok(Finished::Stored(receipt.bytes))
    }

    /// Forgets staging bytes that are stored, or that nobody will go on with.
    pub(super) fn forget_upload(&self, staging: &Path, key: Key) -> Result<(), HubError> {
        self.objects.forget_staging(staging)?;
        self.uploads.spent.end(key);
        Ok(())
    }

    /// Keeps what cannot be this file, apart; it goes on counting against who sent it.
    pub(super) fn set_upload_aside(
        &self,
        staging: &Path,
        key: Key,
        why: &str,
    ) -> Result<(), HubError> {
        let bytes = truth::len(staging)?.unwrap_or_default();
        let random = self.environment.random()?;
        self.objects
            .set_upload_aside(staging, (key.sealed, key.device), random)?;
        self.uploads.spent.end(key);
        self.uploads.spent.damaged(key.device, bytes);
        self.audit_by(key.device, why, key.sealed.0);
        Ok(())
    }

    /// Publishes and gives the shelf, whose names are still to be made durable. A file of that name
    /// without a row is from a start that ended early, and is believed only after its own re-hash.
    fn publish(&self, staging: &Path, sealed: SealedName) -> Result<PathBuf, HubError> {
        for _ in 0..2 {
            let (published, shelf) = self.objects.publish(staging, sealed)?;
            if published == Publish::Done {
                return Ok(shelf);
            }
            if self.objects.is_whole(sealed)? {
                // The bytes of whoever ended early may never have reached the disk.
                self.objects.open_file(sealed)?.sync_all()?;
                return Ok(shelf);
            }
            let place = self.objects.place(sealed);
            self.objects.set_aside(&place, self.environment.random()?)?;
            self.audit("a published file was not what its name says", sealed.0);
        }
        Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists).into())
    }

    /// Stores a run that came whole inside a request, or finds that it is stored.
    pub(crate) fn store_inline(
        self: &Arc<Self>,
        bytes: &[u8],
        device: DeviceId,
    ) -> Result<SealedName, HubError> {
        let sealed = SealedName(Hash32::of(bytes));
        let key = Key { sealed, device };
        if self.stored_receipt(sealed)?.is_some() {
            return Ok(sealed);
        }
        let length = bytes.len() as u64;
        self.check_space(
            key,
            &Plan {
                offset: 0,
                length,
                class: Some(Class::Run),
            },
        )?;
        let path = self
            .objects
            .inline(sealed, device, self.environment.random()?);
        let mut file = truth::new_staging(&path)?;
        if let Err(error) = file.write_all(bytes) {
            // The phone sends the run again: half of it is of no use.
            let _ = self.forget_upload(&path, key);
            return Err(error.into());
        }
        drop(file);
        self.finish(&path, key, Some(Class::Run))?;
        Ok(sealed)
    }

    /// The receipt of a file that is stored: it has a row, stands at its place, was re-hashed
    /// lately, and no later line takes the receipt back. Where a receipt speaks of what is not so,
    /// it is taken back here and now.
    pub(crate) fn stored_receipt(
        self: &Arc<Self>,
        sealed: SealedName,
    ) -> Result<Option<Vec<u8>>, HubError> {
        let line = self.truth.latest_line(sealed)?;
        let Some(row) = self.truth.file(sealed)? else {
            if matches!(line, Some(Line::Held { .. })) && self.objects.len(sealed)?.is_none() {
                self.take_back(sealed, VoidReason::Gone)?;
            }
            return Ok(None);
        };
        let held = match line {
            Some(Line::Held { receipt, .. }) => Some(receipt),
            Some(Line::Void) | None => None,
        };
        let is_whole = match held {
            Some(_) if self.is_fresh(&row)? => true,
            Some(_) | None => self.verify(&row)?,
        };
        if !is_whole || held.is_some() {
            return Ok(held.filter(|_| is_whole));
        }
        // No receipt, or one that was taken back: it signs again only what it has read again.
        let line = ReceiptLine::File {
            sealed,
            size: row.size,
            sha256: None,
        };
        // Opened files are opened again, so that their `sha256` is receipted anew.
        self.truth.mark(sealed, Mark::Opened(Opened::NotYet))?;
        let receipt = self.receipt(&[], &[], vec![line])?;
        self.chain.stored(&row);
        Ok(Some(receipt.bytes))
    }

    /// Whether its bytes were hashed so lately that the hub stands by them without another look.
    fn is_fresh(&self, row: &StoredFile) -> Result<bool, HubError> {
        let age_ms = self.now_ms().saturating_sub(row.verified_ms);
        let is_lately = (0..HELD_FRESH_MS).contains(&age_ms);
        Ok(is_lately && self.objects.len(row.sealed)? == Some(row.size))
    }

    /// Bytes that must be hashed before the hub says anything about a file.
    pub(crate) fn bytes_to_hash(&self, sealed: SealedName) -> Result<u64, HubError> {
        match self.truth.file(sealed)? {
            Some(row) if !self.is_fresh(&row)? => Ok(row.size),
            Some(_) | None => Ok(0),
        }
    }

    /// What the hub has of a file from a device.
    pub(crate) fn have(&self, key: Key) -> Result<u64, HubError> {
        let staged = truth::len(&self.objects.staging(key.sealed, key.device))?;
        Ok(staged.unwrap_or_default())
    }

    /// Re-hashes a published file; one that is not what its name says is set aside, its receipt is
    /// taken back, and phones will be asked for it.
    pub(crate) fn verify(self: &Arc<Self>, row: &StoredFile) -> Result<bool, HubError> {
        if self.objects.is_whole(row.sealed)? {
            self.truth.mark(row.sealed, Mark::Verified(self.now_ms()))?;
            return Ok(true);
        }
        let mut reason = VoidReason::Gone;
        if self.objects.len(row.sealed)?.is_some() {
            let place = self.objects.place(row.sealed);
            self.objects.set_aside(&place, self.environment.random()?)?;
            reason = VoidReason::Damaged;
        }
        self.truth.mark(row.sealed, Mark::Opened(Opened::NotYet))?;
        self.take_back(row.sealed, reason)?;
        Ok(false)
    }

    /// Whether a file is stored and its re-hash is fresh, made now if need be.
    pub(crate) fn is_held(self: &Arc<Self>, sealed: SealedName) -> Result<bool, HubError> {
        Ok(self.stored_receipt(sealed)?.is_some())
    }

    pub(crate) fn scrub(self: &Arc<Self>) -> Result<Scrubbed, HubError> {
        let before_ms = self.now_ms().saturating_sub(SCRUB_PERIOD_MS);
        let mut bad = 0_usize;
        let due = self.truth.files_to_verify(before_ms, REHASH_FILES_MAX)?;
        let is_more_due = due.len() == REHASH_FILES_MAX;
        for row in due {
            let is_whole = self.verify(&row)?;
            if !is_whole {
                // Marked as looked at, or the next scrub would look at nothing else.
                self.truth.mark(row.sealed, Mark::Verified(self.now_ms()))?;
                bad = bad.saturating_add(1);
            }
        }
        Ok(Scrubbed { bad, is_more_due })
    }

    /// Refuses what would not leave the floor free, or is over a stranger's quota; what is not
    /// refused counts from then on.
    pub(crate) fn check_space(&self, key: Key, plan: &Plan) -> Result<(), HubError> {
        self.check_floor(key, plan, plan.length.saturating_sub(self.have(key)?))?;
        let quota = match self.is_claimed(key.device) {
            true => None,
            false => Some(Quota {
                bytes: self.unclaimed_quota_bytes,
                stored: self.truth.bytes_of(key.device)?,
            }),
        };
        match self.uploads.spent.begin(key, plan.length, quota) {
            true => Ok(()),
            false => Err(std::io::Error::from(std::io::ErrorKind::QuotaExceeded).into()),
        }
    }

    /// Refuses what would not leave the floor free once `coming` bytes more have come.
    pub(crate) fn check_floor(&self, key: Key, plan: &Plan, coming: u64) -> Result<(), HubError> {
        let is_run = plan.class == Some(Class::Run) && plan.length <= SEALED_RUN_BYTES_MAX as u64;
        let floor = match self.floor_bytes.checked_div(FLOOR_PART_FOR_RUNS) {
            Some(part) if is_run => part,
            Some(_) | None => self.floor_bytes,
        };
        let floor = match self.is_claimed(key.device) {
            true => floor,
            false => floor.saturating_mul(UNCLAIMED_FLOOR_TIMES),
        };
        if self.free_bytes()?.saturating_sub(coming) < floor {
            tracing::warn!(floor, "disk full: upload refused");
            return Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into());
        }
        Ok(())
    }

    /// Finishes what was complete when the process last ended; partial uploads stay, half runs are
    /// sent again whole.
    pub(crate) fn resume_uploads(self: &Arc<Self>) -> Result<(), HubError> {
        for (device, bytes) in self.objects.list_damaged_uploads()? {
            self.uploads.spent.damaged(device, bytes);
        }
        for staged in self.objects.list_staging()? {
            let (sealed, device) = (staged.sealed, staged.device);
            let length = truth::len(&staged.path)?.unwrap_or_default();
            self.uploads
                .spent
                .begin(Key { sealed, device }, length, None);
        }
        for staged in self.objects.list_staging()? {
            if self.roster().is_none() {
                return Ok(());
            }
            let key = Key {
                sealed: staged.sealed,
                device: staged.device,
            };
            if truth::hash_file(&staged.path)? == staged.sealed.0 {
                let class = (!staged.is_resumable).then_some(Class::Run);
                self.finish(&staged.path, key, class)?;
            } else if !staged.is_resumable {
                self.forget_upload(&staged.path, key)?;
            }
        }
        Ok(())
    }
}
