//! One session with one hub: turns steps into jobs for the platform and replies into receipts, roster and entries.
//!
//! Owns the state of the session, which may be lost at any time: everything that matters is in transfer.db and the journal. Does not perform a transfer.
//! Invariant: no token and no file goes to a server whose pin and signed hello were not checked.

mod jobs;
mod replies;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use thiserror::Error;

use super::holding::Waiting;
use super::job::{HubTarget, JobBody, Method, SyncChange, TransferJob, Trouble};
use super::judge::{TransferOutcome, Verdict, judge, refusal};
use super::plan::{
    Backlog, FLIGHT_MAX, FRUITLESS_MAX, Link, LinkCost, Pace, Step, next_piece_bytes, pace_of, plan,
};
use super::transfer_db::{Enrolling, HubState, TransferDb};
use super::wire::{
    self, EnrollReply, Held, Hello, HoldCheck, OwnHead, PutReply, SessionReply, SyncReply,
};
use crate::encoding::{Hash32, PublicKey};
use crate::environment::Environment;
use crate::journal::HubSeen;
use crate::keys::{KeyVault, SignedRoster, VaultError};
use crate::model::ids::{DeviceId, OrgId, ReceiptId, SealedName};
use crate::store::{Class, SealedFiles, StoreError};

/// What one pull may bring: a few seconds on a bad link.
const PULL_BUDGET_BYTES: u64 = 1024 * 1024;
/// Files that a plan looks at, and the oldest originals, offered beside what comes first so that they get their share.
const LOOK_AHEAD: usize = 16;
/// A hub that asks to be left alone for longer is asked again all the same.
const ASKED_PAUSE_S_MAX: u64 = 60;
/// A reply that is no sync.
const SMALL_REPLY_BYTES_MAX: usize = 512 * 1024;

/// Why the desk itself could not go on.
#[derive(Debug, Error)]
pub enum DeskError {
    /// The hardware did not sign.
    #[error("key vault: {0}")]
    Vault(#[from] VaultError),
    /// The disk or transfer.db failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl From<std::io::Error> for DeskError {
    fn from(error: std::io::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What the desk needs of its store for one call.
#[derive(Clone, Copy)]
pub struct Hands<'a> {
    /// Clock and entropy.
    pub environment: &'a Environment,
    /// Signs.
    pub vault: &'a dyn KeyVault,
    /// What to send, receipts. Locked for one statement at a time: a hardware key that takes long to sign keeps nobody else waiting.
    pub transfer: &'a Mutex<TransferDb>,
    /// Sealed files.
    pub files: &'a SealedFiles,
}

impl<'a> Hands<'a> {
    fn transfer(self) -> MutexGuard<'a, TransferDb> {
        self.transfer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session with one hub.
#[derive(Debug)]
pub struct SyncDesk {
    org: OrgId,
    target: HubTarget,
    device: PublicKey,
    device_name: String,
    roster: Option<SignedRoster>,
    own_head: Option<OwnHead>,
    can_pull: bool,
    cost: LinkCost,
    greeting: Option<Greeting>,
    own_nonce: [u8; 32],
    is_sync_due: bool,
    /// A hub that was set back has forgotten who asked: each session asks once, and the first digits stay.
    has_asked_to_join: bool,
    /// Own nonce and the hub's, once the hub answered the hash: the next half of asking to join.
    reveals: Option<([u8; 32], [u8; 32])>,
    has_begun_anew: bool,
    has_missed_receipts: bool,
    /// Not to be sent in this session: gone from this device, or the hub calls them stored and no receipt can be believed, or it does not take them.
    passed_over: BTreeSet<SealedName>,
    missing: Vec<SealedName>,
    /// What the last sync offered, how far the hub is with what it answered, and what it did not answer.
    asked: BTreeSet<SealedName>,
    offered: BTreeMap<SealedName, u64>,
    unanswered: BTreeSet<SealedName>,
    /// How uploads of this session went.
    tracks: BTreeMap<SealedName, Track>,
    /// Receipts that were kept before the replies that brought them were looked at one by one.
    kept: BTreeSet<ReceiptId>,
    hold_check: Option<HoldCheck>,
    held: Option<Held>,
    /// Where pulling goes on, once the journal has what came with it.
    next_cursor: Option<Vec<u8>>,
    piece_bytes: u64,
    pace: Pace,
    sent_bytes: u64,
    sent_original_bytes: u64,
    /// Exchanges since the last that brought something new.
    fruitless: u32,
    failures: u32,
    failed_ms: i64,
    asked_pause_ms: i64,
    jitter: u32,
    next_number: u64,
    under_way: BTreeMap<u64, UnderWay>,
}

/// An exchange that the platform performs.
#[derive(Clone, Debug)]
struct UnderWay {
    step: Step,
    since_ns: u64,
    /// Failures when it began: several that end with one cut are one failure.
    failures: u32,
}

/// How the upload of a file went.
#[derive(Clone, Copy, Debug, Default)]
struct Track {
    /// The most that the hub ever had of it.
    furthest: u64,
    /// How often a piece did not take it further.
    falls: u32,
}

#[derive(Clone, Copy, Debug)]
struct Greeting {
    hub_nonce: [u8; 32],
    pin_seen: Hash32,
}

/// What a session starts from.
#[derive(Clone, Debug)]
pub struct DeskStart {
    /// The organisation.
    pub org: OrgId,
    /// The hub.
    pub target: HubTarget,
    /// The device's public key.
    pub device: PublicKey,
    /// For the operator's screen.
    pub device_name: String,
    /// The roster at hand.
    pub roster: Option<SignedRoster>,
    /// End of the own chain that runs cover.
    pub own_head: Option<(u64, crate::model::ids::EntryId)>,
    /// Whether entries of others can be taken: not while locked.
    pub can_pull: bool,
    /// Who pays for bytes.
    pub cost: LinkCost,
}

impl SyncDesk {
    /// Starts a session.
    ///
    /// # Errors
    /// No entropy.
    pub fn new(environment: &Environment, start: DeskStart) -> Result<Self, DeskError> {
        let own_head = start
            .own_head
            .map(|(seq, entry_id)| OwnHead { seq, entry_id });
        Ok(Self {
            org: start.org,
            target: start.target,
            device: start.device,
            device_name: start.device_name,
            roster: start.roster,
            own_head,
            can_pull: start.can_pull,
            cost: start.cost,
            greeting: None,
            own_nonce: environment.random()?,
            is_sync_due: true,
            has_asked_to_join: false,
            reveals: None,
            has_begun_anew: false,
            has_missed_receipts: false,
            passed_over: BTreeSet::new(),
            missing: Vec::new(),
            asked: BTreeSet::new(),
            offered: BTreeMap::new(),
            unanswered: BTreeSet::new(),
            tracks: BTreeMap::new(),
            kept: BTreeSet::new(),
            hold_check: None,
            held: None,
            next_cursor: None,
            piece_bytes: 64 * 1024,
            pace: Pace::Slow,
            sent_bytes: 0,
            sent_original_bytes: 0,
            fruitless: 0,
            failures: 0,
            failed_ms: 0,
            asked_pause_ms: 0,
            jitter: 0,
            next_number: 1,
            under_way: BTreeMap::new(),
        })
    }

    /// Asks the hub for its fresh signed word about files, with the next sync.
    ///
    /// # Errors
    /// No entropy.
    pub fn ask_held(
        &mut self,
        environment: &Environment,
        sealed: Vec<SealedName>,
    ) -> Result<(), DeskError> {
        self.hold_check = Some(HoldCheck {
            nonce: environment.random()?,
            sealed,
        });
        self.is_sync_due = true;
        Ok(())
    }

    /// The hub's word of this session, if it gave one.
    #[must_use]
    pub fn held(&self) -> Option<&Held> {
        self.held.as_ref()
    }

    /// What to do next; `Busy`, `Wait` and `Done` need no transfer.
    ///
    /// # Errors
    /// The database's.
    pub fn next_step(&self, hands: Hands<'_>) -> Result<Step, DeskError> {
        let state = hands.transfer().hub(self.target.hub)?;
        let backlog = self.backlog(hands, &state)?;
        let link = Link {
            piece_bytes: self.piece_bytes,
            cost: self.cost,
            pace: self.pace,
        };
        Ok(plan(hands.environment.clock.now().wall_ms, link, &backlog))
    }

    /// Makes the job of a step; `None` for steps that need no transfer.
    ///
    /// # Errors
    /// The vault's or the database's.
    pub fn job(&mut self, hands: Hands<'_>, step: Step) -> Result<Option<TransferJob>, DeskError> {
        let state = hands.transfer().hub(self.target.hub)?;
        let job = match &step {
            Step::Hello => self.hello_job(),
            Step::Enroll => self.enroll_job(hands, &state)?,
            Step::Session => self.session_job(hands, &state)?,
            Step::Sync => self.sync_job(hands, &state)?,
            Step::Put {
                sealed,
                class,
                offset,
                len,
                total,
            } => {
                let Some((path, _, _)) = hands.files.find(*sealed)? else {
                    // Gone by another hand: it cannot be sent, nothing else should wait for it, and it goes on counting as waiting.
                    self.missing.push(*sealed);
                    self.passed_over.insert(*sealed);
                    return Ok(None);
                };
                let headers = vec![
                    (wire::UPLOAD_OFFSET, offset.to_string()),
                    (wire::UPLOAD_LENGTH, total.to_string()),
                    (wire::UPLOAD_CLASS, class.number().to_string()),
                ];
                let body = JobBody::Slice {
                    path,
                    offset: *offset,
                    len: *len,
                };
                let path = format!("/v1/files/{sealed}");
                self.with_token(
                    &state,
                    Method::Put,
                    path,
                    headers,
                    body,
                    SMALL_REPLY_BYTES_MAX,
                )
            }
            Step::Busy | Step::Wait { .. } | Step::Done => return Ok(None),
        };
        let under_way = UnderWay {
            step,
            since_ns: hands.environment.clock.now().mono_ns,
            failures: self.failures,
        };
        self.under_way.insert(job.number, under_way);
        self.next_number = self.next_number.saturating_add(1);
        Ok(Some(job))
    }

    /// Takes the outcome of the job with this number.
    ///
    /// # Errors
    /// The database's; the outcome may be given again.
    pub fn report(
        &mut self,
        hands: Hands<'_>,
        number: u64,
        outcome: TransferOutcome,
    ) -> Result<Vec<SyncChange>, DeskError> {
        let Some(under_way) = self.under_way.get(&number).cloned() else {
            return Ok(Vec::new());
        };
        let changes = self.take(hands, &under_way, outcome)?;
        self.under_way.remove(&number);
        Ok(changes)
    }

    /// As [`SyncDesk::report`], for several jobs that have ended; what they bring of receipts is kept first, in one transaction.
    ///
    /// # Errors
    /// The database's; all outcomes may be given again.
    pub fn report_all(
        &mut self,
        hands: Hands<'_>,
        outcomes: Vec<(u64, TransferOutcome)>,
    ) -> Result<Vec<SyncChange>, DeskError> {
        if outcomes.len() > 1 {
            self.keep_together(hands, &outcomes)?;
        }
        let mut changes = Vec::new();
        for (number, outcome) in outcomes {
            changes.extend(self.report(hands, number, outcome)?);
        }
        Ok(changes)
    }

    fn take(
        &mut self,
        hands: Hands<'_>,
        under_way: &UnderWay,
        outcome: TransferOutcome,
    ) -> Result<Vec<SyncChange>, DeskError> {
        let pin_seen = match &outcome {
            TransferOutcome::Reply { pin_seen, .. } => *pin_seen,
            TransferOutcome::Failed { .. } => Hash32::ZERO,
        };
        let trouble = match judge(outcome, &self.target.pins) {
            Verdict::Hub(body) => {
                self.measure(hands, under_way);
                let mut news = News::default();
                self.believe(hands, &under_way.step, &body, pin_seen, &mut news)?;
                let is_trouble = |change: &SyncChange| matches!(change, SyncChange::Trouble(_));
                if news.changes.iter().any(is_trouble) {
                    self.failed(hands, under_way)?;
                    return Ok(news.changes);
                }
                if !news.is_for_journal() {
                    self.went_well(hands, &under_way.step, news.is_new)?;
                }
                return Ok(news.changes);
            }
            Verdict::TokenEnded => {
                let state = hands.transfer().hub(self.target.hub)?;
                let ended = state.token.map(|(token, _)| token);
                let state = HubState {
                    token: None,
                    former_token: ended.or(state.former_token),
                    ..state
                };
                hands.transfer().set_hub(self.target.hub, &state)?;
                self.greeting = None;
                self.went_well(hands, &under_way.step, false)?;
                return Ok(Vec::new());
            }
            Verdict::Refused(reply) => {
                self.greeting = None;
                let pause_s = reply.retry_after_s.unwrap_or(0).min(ASKED_PAUSE_S_MAX);
                self.asked_pause_ms = i64::try_from(pause_s).unwrap_or(0).saturating_mul(1000);
                if under_way.step == Step::Enroll {
                    self.enrolment_refused(hands, reply.code)?;
                }
                refusal(reply)
            }
            Verdict::NotTheHub => {
                self.greeting = None;
                Trouble::NetworkNeedsLogin
            }
            Verdict::Failed(failure) => {
                self.is_sync_due = true;
                self.offered.clear();
                Trouble::Link(failure)
            }
        };
        self.failed(hands, under_way)?;
        Ok(vec![SyncChange::Trouble(trouble)])
    }

    /// Bytes sent in this session, including what was sent twice.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.sent_bytes
    }

    /// Files that no hub has receipted and that are not at their place any more: a person must look for them.
    #[must_use]
    pub fn missing(&self) -> &[SealedName] {
        &self.missing
    }

    /// Failures in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    fn failed(&mut self, hands: Hands<'_>, under_way: &UnderWay) -> Result<(), DeskError> {
        if self.failures > under_way.failures {
            return Ok(());
        }
        self.piece_bytes = next_piece_bytes(self.piece_bytes, true);
        self.pace = Pace::Slow;
        self.pause(hands)
    }

    fn pause(&mut self, hands: Hands<'_>) -> Result<(), DeskError> {
        self.failures = self.failures.saturating_add(1);
        self.failed_ms = hands.environment.clock.now().wall_ms;
        self.jitter = u32::from_be_bytes(hands.environment.random()?);
        Ok(())
    }

    /// Counts an exchange that was in order. A hub that answers and answers and gives nothing new is asked ever more seldom.
    fn went_well(&mut self, hands: Hands<'_>, step: &Step, is_new: bool) -> Result<(), DeskError> {
        self.fruitless = if is_new {
            0
        } else {
            self.fruitless.saturating_add(1)
        };
        if self.fruitless > FRUITLESS_MAX {
            return self.pause(hands);
        }
        // A hub that greets and then refuses would otherwise be asked again at once.
        if *step != Step::Hello {
            self.failures = 0;
            self.asked_pause_ms = 0;
        }
        Ok(())
    }

    fn measure(&mut self, hands: Hands<'_>, under_way: &UnderWay) {
        if let Step::Put { len, .. } = &under_way.step {
            let now_ns = hands.environment.clock.now().mono_ns;
            let took_ms = now_ns.saturating_sub(under_way.since_ns) / 1_000_000;
            self.pace = pace_of(*len, took_ms, self.under_way.len());
        }
    }

    fn device_id(&self) -> DeviceId {
        DeviceId(self.device.id())
    }

    fn is_in_roster(&self) -> bool {
        let roster = self.roster.as_ref().map(|signed| &signed.roster);
        roster.is_some_and(|roster| roster.device(self.device_id()).is_some())
    }

    fn backlog(&self, hands: Hands<'_>, state: &HubState) -> Result<Backlog, DeskError> {
        Ok(Backlog {
            has_greeted: self.greeting.is_some(),
            has_asked_to_join: self.is_in_roster() || self.has_asked_to_join,
            has_token: state.token.is_some() && !self.must_ask_to_join(state),
            is_sync_due: self.is_sync_due,
            is_talking: self.under_way.values().any(|other| !is_put(&other.step)),
            sending: self.sending().collect(),
            waiting: self.waiting(hands)?,
            offered: self.offered.clone(),
            sent_bytes: self.sent_bytes,
            sent_original_bytes: self.sent_original_bytes,
            failures: self.failures,
            failed_ms: self.failed_ms,
            jitter: self.jitter,
            asked_pause_ms: self.asked_pause_ms,
        })
    }

    fn sending(&self) -> impl Iterator<Item = SealedName> {
        self.under_way.values().filter_map(|other| put(&other.step))
    }

    /// What a plan looks at: the first files, and the oldest originals.
    fn waiting(&self, hands: Hands<'_>) -> Result<Vec<Waiting>, DeskError> {
        let may_go = |file: &Waiting| {
            !self.passed_over.contains(&file.sealed) && !self.unanswered.contains(&file.sealed)
        };
        let aside = self.passed_over.len().saturating_add(self.unanswered.len());
        self.first_waiting(hands, LOOK_AHEAD, aside, &may_go)
    }

    /// What a sync offers: all that a plan may look at is in it.
    fn to_offer(&self, hands: Hands<'_>) -> Result<Vec<Waiting>, DeskError> {
        let may_go = |file: &Waiting| !self.passed_over.contains(&file.sealed);
        let count = wire::OFFERS_MAX.saturating_sub(LOOK_AHEAD);
        self.first_waiting(hands, count, self.passed_over.len(), &may_go)
    }

    fn first_waiting(
        &self,
        hands: Hands<'_>,
        count: usize,
        aside: usize,
        may_go: &dyn Fn(&Waiting) -> bool,
    ) -> Result<Vec<Waiting>, DeskError> {
        let read = |class, count: usize| {
            let limit = count.saturating_add(aside).saturating_add(FLIGHT_MAX);
            let mut read = hands
                .transfer()
                .waiting_from(self.target.hub, class, limit)?;
            read.retain(may_go);
            read.truncate(count);
            Ok::<_, DeskError>(read)
        };
        let mut waiting = read(Class::Run, count)?;
        if waiting.len() == count {
            let originals = read(Class::Original, LOOK_AHEAD)?;
            let known: BTreeSet<SealedName> = waiting.iter().map(|file| file.sealed).collect();
            let new = |file: &Waiting| !known.contains(&file.sealed);
            waiting.extend(originals.into_iter().filter(new));
        }
        Ok(waiting)
    }

    /// Whether an earlier session went on without the six digits: the hub had no place then. They are
    /// asked for again before anything else, once a session.
    fn must_ask_to_join(&self, state: &HubState) -> bool {
        let has_digits = |enrolment: &Enrolling| enrolment.digits.is_some();
        let is_known = state.is_member || self.is_in_roster();
        !is_known && !self.has_asked_to_join && !state.enrolment.as_ref().is_some_and(has_digits)
    }

    /// A body that came from the pinned server: still checked word by word.
    fn believe(
        &mut self,
        hands: Hands<'_>,
        step: &Step,
        body: &[u8],
        pin_seen: Hash32,
        news: &mut News,
    ) -> Result<(), DeskError> {
        match step {
            Step::Hello => match Hello::open(body, self.org, self.target.hub, &self.own_nonce) {
                Ok(hello) => {
                    let hub_nonce = hello.hub_nonce;
                    self.greeting = Some(Greeting {
                        hub_nonce,
                        pin_seen,
                    });
                }
                Err(error) => news.false_word(&error),
            },
            Step::Enroll => match EnrollReply::decode(body) {
                Ok(reply) => self.enrolled(hands, reply, news)?,
                Err(error) => news.false_word(&error),
            },
            Step::Session => match SessionReply::decode(body) {
                Ok(reply) => self.session_opened(hands, &reply, news)?,
                Err(error) => news.false_word(&error),
            },
            Step::Sync => match SyncReply::decode(body) {
                Ok(reply) => self.synced(hands, reply, news)?,
                Err(error) => news.false_word(&error),
            },
            Step::Put {
                sealed,
                class,
                offset,
                len,
                total,
            } => match PutReply::decode(body) {
                Ok(reply) => {
                    let piece = (*sealed, *class, *offset, *len, *total);
                    self.piece_arrived(hands, piece, &reply, news)?;
                }
                Err(error) => news.false_word(&error),
            },
            Step::Busy | Step::Wait { .. } | Step::Done => {}
        }
        Ok(())
    }

    /// Moves the pull on: called after the journal has taken what came, so that a crash in between only pulls it again. `is_new` says whether any
    /// of it was not known.
    ///
    /// # Errors
    /// The database's.
    pub fn pulled(&mut self, hands: Hands<'_>, is_new: bool) -> Result<(), DeskError> {
        self.keep_cursor(hands)?;
        self.went_well(hands, &Step::Sync, is_new)
    }

    /// The cursor of a reply that brought no entries goes with it.
    fn keep_cursor(&mut self, hands: Hands<'_>) -> Result<(), DeskError> {
        let Some(cursor) = self.next_cursor.take() else {
            return Ok(());
        };
        let state = hands.transfer().hub(self.target.hub)?;
        let cursor = Some(cursor);
        if state.cursor != cursor {
            hands
                .transfer()
                .set_hub(self.target.hub, &HubState { cursor, ..state })?;
        }
        Ok(())
    }

    /// The newest word of this hub, for entries to come.
    ///
    /// # Errors
    /// The database's.
    pub fn hub_seen(&self, hands: Hands<'_>) -> Result<Option<HubSeen>, DeskError> {
        let hub = self.target.hub;
        let Some(epoch) = hands.transfer().hub(hub)?.epoch else {
            return Ok(None);
        };
        let last = hands.transfer().last_receipt(hub, epoch)?;
        Ok(last.map(|(hub_seq, receipt)| HubSeen {
            hub,
            epoch,
            hub_seq,
            receipt,
        }))
    }
}

/// What an exchange brought.
#[derive(Debug, Default)]
struct News {
    changes: Vec<SyncChange>,
    /// Something that was not known: bytes taken, a receipt, a roster, an admission.
    is_new: bool,
}

impl News {
    fn add(&mut self, change: SyncChange) {
        self.changes.push(change);
    }

    fn false_word(&mut self, error: &dyn std::fmt::Display) {
        let detail = error.to_string();
        self.add(SyncChange::Trouble(Trouble::FalseWord { detail }));
    }

    /// Whether only the journal can say if it is new.
    fn is_for_journal(&self) -> bool {
        let is_pulled = |change: &SyncChange| matches!(change, SyncChange::Pulled(_));
        !self.is_new && self.changes.iter().any(is_pulled)
    }
}

fn put(step: &Step) -> Option<SealedName> {
    match step {
        Step::Put { sealed, .. } => Some(*sealed),
        Step::Hello
        | Step::Enroll
        | Step::Session
        | Step::Sync
        | Step::Busy
        | Step::Wait { .. }
        | Step::Done => None,
    }
}

fn is_put(step: &Step) -> bool {
    put(step).is_some()
}
