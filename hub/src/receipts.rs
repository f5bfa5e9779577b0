//! Signing receipts: always inside the transaction that takes their number, so that numbers and
//! `prev` never gap. Epochs: begun when the folder turns out to be an older copy, and announced.
//!
//! Does not look at files (`upload/finish.rs`). Invariant: nothing is signed before the files of
//! receipts were replayed.

use imena_core::encoding::Hash32;
use imena_core::journal::{Receipt, ReceiptDraft, ReceiptLine, VoidReason, sign_receipt};
use imena_core::model::ids::{DeviceId, SealedName};

use crate::error::HubError;
use crate::hub::Inner;
use crate::truth::{Draft, Head, Line, Opened, StoredFile};

impl Inner {
    /// Brings the index of receipts up to its files; with the first roster, or at every start.
    pub(crate) fn replay_receipts(&self) -> Result<(), HubError> {
        let (key, org) = (self.keys.public_key(), self.org()?);
        let check = |bytes: &[u8]| Receipt::open(bytes, key, org).ok();
        let replayed = self.truth.replay(self.environment.random()?, &check)?;
        if replayed.foreign > 0 {
            self.audit("a file of receipts holds what is none", self.keys.id().0);
        }
        if replayed.is_behind {
            let what = "a file of receipts is shorter than its index; a new epoch begins";
            self.audit(what, self.keys.id().0);
        }
        self.put_back(&replayed.found)?;
        self.announce_epoch()
    }

    /// Files that receipts speak of and that stand here without a row: the row is made anew. Who
    /// brought them is not known then; what is in staging is finished by itself.
    fn put_back(&self, found: &[Receipt]) -> Result<(), HubError> {
        let staged = self.objects.list_staging()?;
        for receipt in found {
            for line in &receipt.word.lines {
                let ReceiptLine::File { sealed, size, .. } = line else {
                    continue;
                };
                let is_staged = staged.iter().any(|staged| staged.sealed == *sealed);
                let is_held = matches!(self.truth.latest_line(*sealed)?, Some(Line::Held { .. }));
                if is_staged || !is_held || self.objects.len(*sealed)? != Some(*size) {
                    continue;
                }
                self.truth.put_back(&StoredFile {
                    sealed: *sealed,
                    size: *size,
                    class: None,
                    device: DeviceId(Hash32::ZERO),
                    stored_ms: receipt.word.hub_time_ms,
                    verified_ms: 0,
                    opened: Opened::NotYet,
                    folded_in: None,
                })?;
            }
        }
        Ok(())
    }

    /// The folder is an older copy of itself, as a receipt of this epoch says: a new one begins.
    pub(crate) fn begin_epoch(&self, shown: [u8; 16]) -> Result<(), HubError> {
        self.truth.start_epoch(self.environment.random()?, shown)?;
        self.announce_epoch()
    }

    /// The first receipt of a later epoch has no line: it tells every device where the epoch
    /// before ended.
    fn announce_epoch(&self) -> Result<(), HubError> {
        let head = self.truth.head()?;
        if head.hub_seq == 0 && head.before.is_some() {
            self.receipt(&[], &[], Vec::new())?;
        }
        Ok(())
    }

    /// Takes back what was receipted about a file, once.
    pub(crate) fn take_back(&self, lost: SealedName, reason: VoidReason) -> Result<(), HubError> {
        if self.truth.latest_line(lost)? == Some(Line::Void) {
            return Ok(());
        }
        let line = ReceiptLine::Void {
            sealed: lost,
            reason,
            erasure: None,
        };
        self.receipt(&[], &[], vec![line])?;
        let what = match reason {
            VoidReason::Gone => "a stored file is gone; its receipt is taken back",
            VoidReason::Damaged => "a stored file is damaged; its receipt is taken back",
            VoidReason::Erased | VoidReason::Newer(_) => "a receipt is taken back",
        };
        self.audit(what, lost.0);
        Ok(())
    }

    /// Signs one receipt; the rows of `files` and the marks of `opened` become durable with it or
    /// not at all.
    pub(crate) fn receipt(
        &self,
        files: &[StoredFile],
        opened: &[SealedName],
        lines: Vec<ReceiptLine>,
    ) -> Result<Receipt, HubError> {
        let draft = Draft {
            files: files.to_vec(),
            opened: opened.to_vec(),
            lines,
        };
        let receipts = self.receipts(std::slice::from_ref(&draft))?;
        receipts.into_iter().next().ok_or(HubError::TaskEnded)
    }

    /// Signs a receipt for each draft, all in one transaction.
    pub(crate) fn receipts(&self, drafts: &[Draft]) -> Result<Vec<Receipt>, HubError> {
        let org = self.org()?;
        let sign = |head: &Head, lines: &[ReceiptLine]| {
            let word = ReceiptDraft {
                org,
                hub: self.keys.id(),
                epoch: head.epoch,
                hub_seq: head.hub_seq.saturating_add(1),
                prev: head.receipt,
                lines: lines.to_vec(),
                hub_time_ms: self.now_ms(),
                before: head.before,
            };
            sign_receipt(word, self.keys.public_key(), self.keys.signer())
        };
        self.truth.append_receipts(drafts, &sign)
    }
}
