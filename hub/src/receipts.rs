//! Signing receipts: always inside the transaction that takes their number, so that numbers and
//! `prev` never gap.

use imena_core::journal::{Receipt, ReceiptDraft, ReceiptLine, sign_receipt};
use imena_core::model::ids::SealedName;

use crate::error::HubError;
use crate::hub::Inner;
use crate::truth::{Draft, Head, StoredFile};

impl Inner {
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
            };
            sign_receipt(word, self.keys.public_key(), self.keys.signer())
        };
        self.truth.append_receipts(drafts, &sign)
    }
}
