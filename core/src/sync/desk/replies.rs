//! What each reply changes: every word of it is checked before anything is kept.

use super::super::job::{SyncChange, Trouble};
use super::super::plan::next_piece_bytes;
use super::super::pull::open_segment;
use super::super::receipt_index::Upto;
use super::super::transfer_db::{Enrolling, HubState};
use super::super::wire::{
    EnrollReply, ErrorCode, Held, PutReply, SessionReply, SyncReply, TokenState,
};
use super::{DeskError, Hands, SyncDesk};
use crate::journal::Receipt;
use crate::keys::{SignedRoster, six_digits};
use crate::model::ids::SealedName;
use crate::store::Class;

impl SyncDesk {
    pub(super) fn enrolled(
        &mut self,
        hands: Hands<'_>,
        reply: EnrollReply,
    ) -> Result<Vec<SyncChange>, DeskError> {
        match reply {
            EnrollReply::Begun { hub_nonce } => self.enrolment_begun(hands, hub_nonce),
            EnrollReply::Pending => {
                let Some((own_nonce, hub_nonce)) = self.reveals else {
                    let detail = "a wish to join stands that nobody made".to_owned();
                    return Ok(vec![SyncChange::Trouble(Trouble::FalseWord { detail })]);
                };
                // Reckoned here, not told: the two screens must agree without trust.
                let digits = six_digits(self.device_id(), self.target.hub, &hub_nonce, &own_nonce);
                let enrolment = Some(Enrolling {
                    own_nonce,
                    hub_nonce: Some(hub_nonce),
                    digits: Some(digits.clone()),
                });
                self.keep_enrolment(hands, enrolment)?;
                self.asked_to_join(hands)?;
                Ok(vec![SyncChange::Enrolling { digits }])
            }
            EnrollReply::Member { roster } => {
                self.asked_to_join(hands)?;
                match roster {
                    Some(bytes) => self.offered_roster(hands, &bytes),
                    None => Ok(Vec::new()),
                }
            }
        }
    }

    /// The hub answered the hash. The answer is kept before the nonce is shown, and the nonce is shown
    /// for one answer only: a hub that has seen it could search for digits with the next.
    fn enrolment_begun(
        &mut self,
        hands: Hands<'_>,
        hub_nonce: [u8; 32],
    ) -> Result<Vec<SyncChange>, DeskError> {
        let state = hands.transfer().hub(self.target.hub)?;
        let Some(enrolment) = state.enrolment else {
            return Ok(Vec::new());
        };
        if enrolment.hub_nonce.is_some_and(|kept| kept != hub_nonce) {
            self.keep_enrolment(hands, None)?;
            self.greeting = None;
            let detail = "the hub has forgotten this wish to join; a new one begins".to_owned();
            return Ok(vec![SyncChange::Trouble(Trouble::Refused { detail })]);
        }
        self.reveals = Some((enrolment.own_nonce, hub_nonce));
        let hub_nonce = Some(hub_nonce);
        let enrolment = Enrolling {
            hub_nonce,
            ..enrolment
        };
        self.keep_enrolment(hands, Some(enrolment))?;
        Ok(Vec::new())
    }

    /// Asking to join failed: sending goes on without. What another enrolment stands in the way of
    /// begins anew, with another nonce, once in a session.
    pub(super) fn enrolment_refused(
        &mut self,
        hands: Hands<'_>,
        code: ErrorCode,
    ) -> Result<(), DeskError> {
        if self.reveals.is_some() && code == ErrorCode::Conflict {
            self.keep_enrolment(hands, None)?;
            self.reveals = None;
            if !self.has_begun_anew {
                self.has_begun_anew = true;
                return Ok(());
            }
        }
        self.asked_to_join(hands)
    }

    fn keep_enrolment(
        &self,
        hands: Hands<'_>,
        enrolment: Option<Enrolling>,
    ) -> Result<(), DeskError> {
        let state = hands.transfer().hub(self.target.hub)?;
        let state = HubState { enrolment, ..state };
        hands.transfer().set_hub(self.target.hub, &state)?;
        Ok(())
    }

    fn asked_to_join(&mut self, hands: Hands<'_>) -> Result<(), DeskError> {
        self.has_asked_to_join = true;
        self.reveals = None;
        // The hub's nonce is used up by the request.
        self.greeting = None;
        self.own_nonce = hands.environment.random()?;
        Ok(())
    }

    pub(super) fn session_opened(
        &mut self,
        hands: Hands<'_>,
        reply: &SessionReply,
    ) -> Result<Vec<SyncChange>, DeskError> {
        let before = hands.transfer().hub(self.target.hub)?;
        let is_member = reply.state == TokenState::Member;
        let state = HubState {
            token: Some((reply.token, reply.expires_ms)),
            is_member,
            epoch: Some(reply.epoch),
            ..before.clone()
        };
        hands.transfer().set_hub(self.target.hub, &state)?;
        self.greeting = None;
        self.own_nonce = hands.environment.random()?;
        self.is_sync_due = true;
        let mut changes = Vec::new();
        if before.epoch.is_some_and(|epoch| epoch != reply.epoch) {
            self.has_missed_receipts = true;
            changes.push(SyncChange::HubRestored);
        }
        if !is_member {
            let digits = before.enrolment.and_then(|enrolment| enrolment.digits);
            changes.extend(digits.map(|digits| SyncChange::Enrolling { digits }));
        } else if !before.is_member {
            changes.push(SyncChange::Admitted);
        }
        Ok(changes)
    }

    pub(super) fn synced(
        &mut self,
        hands: Hands<'_>,
        reply: SyncReply,
    ) -> Result<Vec<SyncChange>, DeskError> {
        let mut changes = Vec::new();
        if let Some(bytes) = &reply.roster {
            changes.extend(self.offered_roster(hands, bytes)?);
        }
        let state = hands.transfer().hub(self.target.hub)?;
        let has_moved = state.epoch != Some(reply.epoch);
        if has_moved {
            let state = HubState {
                epoch: Some(reply.epoch),
                ..state
            };
            hands.transfer().set_hub(self.target.hub, &state)?;
            changes.push(SyncChange::HubRestored);
        }
        changes.extend(self.synced_receipts(hands, &reply)?);
        // What was asked for by the number of another epoch may have a gap: everything is asked for again.
        self.is_sync_due = reply.has_more || has_moved;
        let has_asked_for_all = self.has_missed_receipts;
        self.has_missed_receipts = has_moved;
        self.offered.clear();
        for file in &reply.files {
            let holdings = hands.transfer().holdings(file.sealed)?;
            let is_held = holdings
                .iter()
                .any(|holding| holding.hub == self.target.hub);
            self.offered.push((file.sealed, file.have));
            if !file.is_stored || is_held {
                continue;
            }
            if has_asked_for_all {
                self.unreceipted.push(file.sealed);
            } else {
                // The reply that carried its receipt was lost: ask for all receipts about what is offered.
                self.is_sync_due = true;
                self.has_missed_receipts = true;
            }
        }
        if let Some(held) = reply
            .held
            .as_deref()
            .and_then(|bytes| self.open_held(bytes))
        {
            self.held = Some(held);
            self.hold_check = None;
        }
        let mut pulled = Vec::new();
        for segment in &reply.segments {
            match open_segment(self.org, segment) {
                Ok(segment) => pulled.push(segment),
                Err(detail) => return Ok(vec![SyncChange::Trouble(Trouble::FalseWord { detail })]),
            }
        }
        if self.can_pull && !pulled.is_empty() {
            changes.push(SyncChange::Pulled(pulled));
        }
        Ok(changes)
    }

    pub(super) fn open_held(&self, bytes: &[u8]) -> Option<Held> {
        let nonce = self.hold_check.as_ref()?.nonce;
        let key = self.roster.as_ref()?.roster.hub_key(self.target.hub)?;
        Held::open(bytes, &key, self.org, &nonce).ok()
    }

    pub(super) fn piece_arrived(
        &mut self,
        hands: Hands<'_>,
        (sealed, class, offset, len, total): (SealedName, Class, u64, u64, u64),
        reply: &PutReply,
    ) -> Result<Vec<SyncChange>, DeskError> {
        self.sent_bytes = self.sent_bytes.saturating_add(len);
        if class == Class::Original {
            self.sent_original_bytes = self.sent_original_bytes.saturating_add(len);
        }
        self.piece_bytes = next_piece_bytes(self.piece_bytes, false);
        let have = reply.have.min(total);
        self.offered.retain(|(name, _)| *name != sealed);
        self.offered.push((sealed, have));
        let useful = have.saturating_sub(offset).min(len);
        let resent = len.saturating_sub(useful);
        let mut changes = vec![SyncChange::Progress {
            sealed,
            have,
            total,
            resent,
        }];
        if let Some(bytes) = &reply.receipt {
            changes.extend(self.offered_receipt(hands, bytes)?);
        }
        let is_held = hands
            .transfer()
            .holdings(sealed)?
            .iter()
            .any(|h| h.hub == self.target.hub);
        if reply.is_stored && !is_held {
            self.is_sync_due = true;
            self.has_missed_receipts = true;
        }
        Ok(changes)
    }

    pub(super) fn offered_roster(
        &mut self,
        hands: Hands<'_>,
        bytes: &[u8],
    ) -> Result<Vec<SyncChange>, DeskError> {
        let newer = match self.roster.clone() {
            Some(known) if known.bytes == bytes => return Ok(Vec::new()),
            Some(known) => known.succeed(bytes),
            None => SignedRoster::open(bytes, self.org),
        };
        let roster = match newer {
            Ok(roster) => roster,
            Err(error) => {
                let detail = error.to_string();
                return Ok(vec![SyncChange::Trouble(Trouble::FalseWord { detail })]);
            }
        };
        hands.transfer().set_fact("roster", &roster.bytes)?;
        let was_member = self.is_in_roster();
        let version = roster.roster.version;
        self.roster = Some(roster);
        let mut changes = vec![SyncChange::Roster { version }];
        if !was_member && self.is_in_roster() {
            changes.push(SyncChange::Admitted);
        }
        Ok(changes)
    }

    /// Keeps the receipts of a sync, which come in order and without a gap, and notes up to where they came. A receipt that comes with
    /// a file does not count for that: older ones about this device may be waiting still.
    fn synced_receipts(
        &self,
        hands: Hands<'_>,
        reply: &SyncReply,
    ) -> Result<Vec<SyncChange>, DeskError> {
        let (mut changes, mut upto, mut has_gap) = (Vec::new(), None, false);
        let mut receipts = Vec::new();
        for bytes in &reply.receipts {
            match self.open_receipt(bytes) {
                Some(Ok(receipt)) => {
                    let (epoch, hub_seq) = (receipt.word.epoch, receipt.word.hub_seq);
                    let is_next = !has_gap && receipt.word.hub == self.target.hub;
                    upto = is_next.then_some(Upto { epoch, hub_seq }).or(upto);
                    receipts.push(receipt);
                }
                Some(Err(detail)) => {
                    has_gap = true;
                    changes.push(SyncChange::Trouble(Trouble::FalseWord { detail }));
                }
                None => has_gap = true,
            }
        }
        changes.extend(self.keep_receipts(hands, &receipts)?);
        if let Some(upto) = upto {
            hands
                .transfer()
                .set_receipts_upto(self.target.hub, reply.epoch, upto)?;
        }
        Ok(changes)
    }

    pub(super) fn offered_receipt(
        &mut self,
        hands: Hands<'_>,
        bytes: &[u8],
    ) -> Result<Vec<SyncChange>, DeskError> {
        match self.open_receipt(bytes) {
            Some(Ok(receipt)) => self.keep_receipts(hands, &[receipt]),
            Some(Err(detail)) => Ok(vec![SyncChange::Trouble(Trouble::FalseWord { detail })]),
            None => Ok(Vec::new()),
        }
    }

    fn keep_receipts(
        &self,
        hands: Hands<'_>,
        receipts: &[Receipt],
    ) -> Result<Vec<SyncChange>, DeskError> {
        let transfer = hands.transfer();
        let given_in = transfer.hub(self.target.hub)?.epoch;
        transfer.add_receipts(receipts, given_in)?;
        Ok(receipts.iter().map(|_| SyncChange::Receipt).collect())
    }

    /// A receipt whose signature fits, or why it is none. Without a roster that names the hub no receipt can be believed; it will be asked for again
    /// when the roster has come.
    fn open_receipt(&self, bytes: &[u8]) -> Option<Result<Receipt, String>> {
        let hub = Receipt::claimed_hub(bytes).ok()?;
        let key = self.roster.as_ref()?.roster.hub_key(hub)?;
        Some(Receipt::open(bytes, &key, self.org).map_err(|error| error.to_string()))
    }
}
