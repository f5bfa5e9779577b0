//! What each reply changes: every word of it is checked before anything is kept.

use super::super::job::{SyncChange, Trouble};
use super::super::judge::{TransferOutcome, Verdict, judge};
use super::super::plan::{FALLS_MAX, next_piece_bytes};
use super::super::pull::open_segment;
use super::super::receipt_index::Upto;
use super::super::transfer_db::{Enrolling, HubState};
use super::super::wire::{
    EnrollReply, ErrorCode, Held, PutReply, SessionReply, SyncReply, TokenState,
};
use super::{DeskError, Hands, News, SyncDesk, is_put};
use crate::journal::Receipt;
use crate::keys::{SignedRoster, six_digits};
use crate::model::ids::{ReceiptId, SealedName};
use crate::store::Class;

impl SyncDesk {
    pub(super) fn enrolled(
        &mut self,
        hands: Hands<'_>,
        reply: EnrollReply,
        news: &mut News,
    ) -> Result<(), DeskError> {
        match reply {
            EnrollReply::Begun { hub_nonce } => self.enrolment_begun(hands, hub_nonce, news),
            EnrollReply::Pending => {
                let Some((own_nonce, hub_nonce)) = self.reveals else {
                    news.false_word(&"a wish to join stands that nobody made");
                    return Ok(());
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
                news.add(SyncChange::Enrolling { digits });
                Ok(())
            }
            EnrollReply::Member { roster } => {
                self.asked_to_join(hands)?;
                match roster {
                    Some(bytes) => self.offered_roster(hands, &bytes, news),
                    None => Ok(()),
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
        news: &mut News,
    ) -> Result<(), DeskError> {
        let state = hands.transfer().hub(self.target.hub)?;
        let Some(enrolment) = state.enrolment else {
            return Ok(());
        };
        if enrolment.hub_nonce.is_some_and(|kept| kept != hub_nonce) {
            self.keep_enrolment(hands, None)?;
            self.greeting = None;
            let detail = "the hub has forgotten this wish to join; a new one begins".to_owned();
            news.add(SyncChange::Trouble(Trouble::Refused { detail }));
            return Ok(());
        }
        self.reveals = Some((enrolment.own_nonce, hub_nonce));
        let hub_nonce = Some(hub_nonce);
        let enrolment = Enrolling {
            hub_nonce,
            ..enrolment
        };
        self.keep_enrolment(hands, Some(enrolment))
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
        news: &mut News,
    ) -> Result<(), DeskError> {
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
        if before.epoch.is_some_and(|epoch| epoch != reply.epoch) {
            self.has_missed_receipts = true;
            news.add(SyncChange::HubRestored);
        }
        if !is_member {
            let digits = before.enrolment.and_then(|enrolment| enrolment.digits);
            if let Some(digits) = digits {
                news.add(SyncChange::Enrolling { digits });
            }
        } else if !before.is_member {
            news.is_new = true;
            news.add(SyncChange::Admitted);
        }
        Ok(())
    }

    pub(super) fn synced(
        &mut self,
        hands: Hands<'_>,
        reply: SyncReply,
        news: &mut News,
    ) -> Result<(), DeskError> {
        if let Some(bytes) = &reply.roster {
            self.offered_roster(hands, bytes, news)?;
        }
        let state = hands.transfer().hub(self.target.hub)?;
        let cursor = state.cursor.clone();
        let has_moved = state.epoch != Some(reply.epoch);
        if has_moved {
            let state = HubState {
                epoch: Some(reply.epoch),
                ..state
            };
            hands.transfer().set_hub(self.target.hub, &state)?;
            news.add(SyncChange::HubRestored);
        }
        self.synced_receipts(hands, &reply, news)?;
        // What was asked for by the number of another epoch may have a gap: everything is asked for again.
        self.is_sync_due = has_moved;
        let has_answered_more = self.synced_files(hands, &reply, news)?;
        self.has_missed_receipts |= has_moved;
        if let Some(held) = reply
            .held
            .as_deref()
            .and_then(|bytes| self.open_held(bytes))
        {
            self.held = Some(held);
            self.hold_check = None;
            news.is_new = true;
        }
        let mut pulled = Vec::new();
        // While locked nothing can be pulled: what the hub has of others makes nothing due.
        if self.can_pull {
            for segment in &reply.segments {
                match open_segment(self.org, segment) {
                    Ok(segment) => pulled.push(segment),
                    Err(detail) => {
                        news.false_word(&detail);
                        return Ok(());
                    }
                }
            }
            self.next_cursor = reply.next_cursor;
        }
        let has_gone_on = self.next_cursor.is_some() && self.next_cursor != cursor;
        // The same answer twice makes nothing due, whatever the hub says of more.
        self.is_sync_due |= reply.has_more && (news.is_new || has_answered_more || has_gone_on);
        if pulled.is_empty() {
            return self.keep_cursor(hands);
        }
        news.add(SyncChange::Pulled(pulled));
        Ok(())
    }

    /// What the hub says of each file that was offered; `true` if it answered about one that it had not answered about before.
    fn synced_files(
        &mut self,
        hands: Hands<'_>,
        reply: &SyncReply,
        news: &mut News,
    ) -> Result<bool, DeskError> {
        let has_asked_for_all = std::mem::take(&mut self.has_missed_receipts);
        let before = std::mem::take(&mut self.offered);
        let mut unanswered = std::mem::take(&mut self.asked);
        let mut has_answered_more = false;
        for file in &reply.files {
            if !unanswered.remove(&file.sealed) {
                // Not offered, or answered twice.
                continue;
            }
            has_answered_more |= !before.contains_key(&file.sealed);
            self.offered.insert(file.sealed, file.have);
            if !file.is_stored || hands.transfer().is_held(file.sealed, self.target.hub)? {
                continue;
            }
            if has_asked_for_all {
                news.is_new |= self.passed_over.insert(file.sealed);
            } else {
                // The reply that carried its receipt was lost: ask for all receipts about what is offered.
                self.is_sync_due = true;
                self.has_missed_receipts = true;
            }
        }
        self.unanswered = unanswered;
        Ok(has_answered_more)
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
        news: &mut News,
    ) -> Result<(), DeskError> {
        self.sent_bytes = self.sent_bytes.saturating_add(len);
        if class == Class::Original {
            self.sent_original_bytes = self.sent_original_bytes.saturating_add(len);
        }
        self.piece_bytes = next_piece_bytes(self.piece_bytes, false);
        let have = reply.have.min(total);
        self.offered.insert(sealed, have);
        let useful = have.saturating_sub(offset).min(len);
        let resent = len.saturating_sub(useful);
        news.add(SyncChange::Progress {
            sealed,
            have,
            total,
            resent,
        });
        if let Some(bytes) = &reply.receipt {
            self.offered_receipt(hands, bytes, news)?;
        }
        if hands.transfer().is_held(sealed, self.target.hub)? {
            self.offered.remove(&sealed);
            self.tracks.remove(&sealed);
            return Ok(());
        }
        if reply.is_stored {
            self.is_sync_due = true;
            self.has_missed_receipts = true;
        }
        self.went_further(sealed, offset, have, news);
        Ok(())
    }

    /// Bytes are new if the hub never had them: one that falls back, or takes a piece and has no more, is tried a few times and not for ever.
    fn went_further(&mut self, sealed: SealedName, offset: u64, have: u64, news: &mut News) {
        let track = self.tracks.entry(sealed).or_default();
        let before = track.furthest.max(offset);
        track.furthest = before.max(have);
        if have > before {
            news.is_new = true;
            return;
        }
        track.falls = track.falls.saturating_add(1);
        if track.falls >= FALLS_MAX && self.passed_over.insert(sealed) {
            let name = sealed.0.short();
            news.false_word(&format!(
                "it was sent {name} again and again and has no more of it; the file stays here and waits for the next sync"
            ));
        }
    }

    pub(super) fn offered_roster(
        &mut self,
        hands: Hands<'_>,
        bytes: &[u8],
        news: &mut News,
    ) -> Result<(), DeskError> {
        let newer = match self.roster.clone() {
            Some(known) if known.bytes == bytes => return Ok(()),
            Some(known) => known.succeed(bytes),
            None => SignedRoster::open(bytes, self.org),
        };
        let roster = match newer {
            Ok(roster) => roster,
            Err(error) => {
                news.false_word(&error);
                return Ok(());
            }
        };
        hands.transfer().set_fact("roster", &roster.bytes)?;
        let was_member = self.is_in_roster();
        let version = roster.roster.version;
        self.roster = Some(roster);
        news.is_new = true;
        news.add(SyncChange::Roster { version });
        if !was_member && self.is_in_roster() {
            news.add(SyncChange::Admitted);
        }
        Ok(())
    }

    /// Keeps the receipts of a sync, which come in order and without a gap, and notes up to where they came. A receipt that comes with
    /// a file does not count for that: older ones about this device may be waiting still.
    fn synced_receipts(
        &mut self,
        hands: Hands<'_>,
        reply: &SyncReply,
        news: &mut News,
    ) -> Result<(), DeskError> {
        let (mut upto, mut has_gap) = (None, false);
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
                    news.false_word(&detail);
                }
                None => has_gap = true,
            }
        }
        self.keep_receipts(hands, receipts, news)?;
        if let Some(upto) = upto {
            hands
                .transfer()
                .set_receipts_upto(self.target.hub, reply.epoch, upto)?;
        }
        Ok(())
    }

    /// Keeps the receipts of several uploads that ended together.
    pub(super) fn keep_together(
        &mut self,
        hands: Hands<'_>,
        outcomes: &[(u64, TransferOutcome)],
    ) -> Result<(), DeskError> {
        let mut receipts = Vec::new();
        for (number, outcome) in outcomes {
            let is_upload = self
                .under_way
                .get(number)
                .is_some_and(|known| is_put(&known.step));
            let Verdict::Hub(body) = judge(outcome.clone(), &self.target.pins) else {
                continue;
            };
            let reply = PutReply::decode(&body).ok().filter(|_| is_upload);
            let bytes = reply.and_then(|reply| reply.receipt);
            let opened = bytes.and_then(|bytes| self.open_receipt(&bytes));
            receipts.extend(opened.and_then(Result::ok));
        }
        let new = self.add_receipts(hands, &receipts)?;
        self.kept.extend(new);
        Ok(())
    }

    fn offered_receipt(
        &mut self,
        hands: Hands<'_>,
        bytes: &[u8],
        news: &mut News,
    ) -> Result<(), DeskError> {
        match self.open_receipt(bytes) {
            Some(Ok(receipt)) => self.keep_receipts(hands, vec![receipt], news),
            Some(Err(detail)) => {
                news.false_word(&detail);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Keeps receipts, and tells of those that are new.
    fn keep_receipts(
        &mut self,
        hands: Hands<'_>,
        mut receipts: Vec<Receipt>,
        news: &mut News,
    ) -> Result<(), DeskError> {
        let all = receipts.len();
        receipts.retain(|receipt| !self.kept.remove(&receipt.id));
        let kept_before = all.saturating_sub(receipts.len());
        let new = self.add_receipts(hands, &receipts)?.len();
        for _ in 0..kept_before.saturating_add(new) {
            news.is_new = true;
            news.add(SyncChange::Receipt);
        }
        Ok(())
    }

    fn add_receipts(
        &self,
        hands: Hands<'_>,
        receipts: &[Receipt],
    ) -> Result<Vec<ReceiptId>, DeskError> {
        let transfer = hands.transfer();
        let given_in = transfer.hub(self.target.hub)?.epoch;
        Ok(transfer.add_receipts(receipts, given_in)?)
    }

    /// A receipt whose signature fits, or why it is none. Without a roster that names the hub no receipt can be believed; it will be asked for again
    /// when the roster has come.
    fn open_receipt(&self, bytes: &[u8]) -> Option<Result<Receipt, String>> {
        let hub = Receipt::claimed_hub(bytes).ok()?;
        let key = self.roster.as_ref()?.roster.hub_key(hub)?;
        Some(Receipt::open(bytes, &key, self.org).map_err(|error| error.to_string()))
    }
}
