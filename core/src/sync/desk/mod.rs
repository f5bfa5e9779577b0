//! One session with one hub: turns steps into jobs for the platform and replies into receipts, roster and entries.
//!
//! Owns the state of the session, which may be lost at any time: everything that matters is in transfer.db and the journal. Does not perform a transfer.
//! Invariant: no token and no file goes to a server whose pin and signed hello were not checked.

mod jobs;
mod replies;

use std::sync::{Mutex, MutexGuard, PoisonError};

use thiserror::Error;

use super::job::{HubTarget, JobBody, Method, SyncChange, TransferJob, Trouble};
use super::judge::{TransferOutcome, Verdict, judge};
use super::plan::{Backlog, Link, LinkCost, Step, next_piece_bytes, plan};
use super::transfer_db::{Enrolling, HubState, TransferDb, Waiting};
use super::wire::{
    self, EnrollReply, ErrorCode, Held, Hello, HoldCheck, OwnHead, PutReply, SessionReply,
    SyncReply,
};
use crate::encoding::{Hash32, PublicKey};
use crate::environment::Environment;
use crate::journal::HubSeen;
use crate::keys::{KeyVault, SignedRoster, VaultError};
use crate::model::ids::{DeviceId, OrgId, SealedName};
use crate::store::{SealedFiles, StoreError};

/// What one pull may bring: a few seconds on a bad link.
const PULL_BUDGET_BYTES: u64 = 1024 * 1024;
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
    /// Stored by the hub, but no receipt about them can be believed in this session: they are not sent again and not safe.
    unreceipted: Vec<SealedName>,
    missing: Vec<SealedName>,
    offered: Vec<(SealedName, u64)>,
    hold_check: Option<HoldCheck>,
    held: Option<Held>,
    piece_bytes: u64,
    sent_bytes: u64,
    sent_original_bytes: u64,
    failures: u32,
    failed_ms: i64,
    jitter: u32,
    under_way: Option<Step>,
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
            unreceipted: Vec::new(),
            missing: Vec::new(),
            offered: Vec::new(),
            hold_check: None,
            held: None,
            piece_bytes: 64 * 1024,
            sent_bytes: 0,
            sent_original_bytes: 0,
            failures: 0,
            failed_ms: 0,
            jitter: 0,
            under_way: None,
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

    /// What to do next; `Wait` and `Done` need no transfer.
    ///
    /// # Errors
    /// The database's.
    pub fn next_step(&self, hands: Hands<'_>) -> Result<Step, DeskError> {
        let state = hands.transfer().hub(self.target.hub)?;
        let backlog = self.backlog(hands, &state)?;
        let link = Link {
            piece_bytes: self.piece_bytes,
            cost: self.cost,
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
            Step::Wait { .. } | Step::Done => return Ok(None),
        };
        self.under_way = Some(step);
        Ok(Some(job))
    }

    /// Takes the outcome of the job that was made last.
    ///
    /// # Errors
    /// The database's; the outcome may be given again.
    pub fn report(
        &mut self,
        hands: Hands<'_>,
        outcome: TransferOutcome,
    ) -> Result<Vec<SyncChange>, DeskError> {
        let pin_seen = match &outcome {
            TransferOutcome::Reply { pin_seen, .. } => *pin_seen,
            TransferOutcome::Failed { .. } => Hash32::ZERO,
        };
        let Some(step) = self.under_way.take() else {
            return Ok(Vec::new());
        };
        match judge(outcome, &self.target.pins) {
            Verdict::Hub(body) => {
                let changes = self.believe(hands, &step, &body, pin_seen)?;
                let is_trouble = |change: &SyncChange| matches!(change, SyncChange::Trouble(_));
                if changes.iter().any(is_trouble) {
                    self.failed(hands)?;
                } else if step != Step::Hello {
                    // A hub that greets and then refuses would otherwise be asked again at once.
                    self.failures = 0;
                }
                Ok(changes)
            }
            Verdict::TokenEnded => {
                let state = hands.transfer().hub(self.target.hub)?;
                let ended = state.token.map(|(token, _)| token);
                hands.transfer().set_hub(
                    self.target.hub,
                    &HubState {
                        token: None,
                        former_token: ended.or(state.former_token),
                        ..state
                    },
                )?;
                self.greeting = None;
                Ok(Vec::new())
            }
            Verdict::Refused(reply) => {
                self.failed(hands)?;
                self.greeting = None;
                if step == Step::Enroll {
                    self.enrolment_refused(hands, reply.code)?;
                }
                let trouble = match reply.code {
                    ErrorCode::DiskFull => Trouble::HubFull,
                    ErrorCode::Malformed
                    | ErrorCode::Token
                    | ErrorCode::Forbidden
                    | ErrorCode::UnknownPath
                    | ErrorCode::TooLarge
                    | ErrorCode::Conflict
                    | ErrorCode::Busy
                    | ErrorCode::NewerProtocol
                    | ErrorCode::Internal
                    | ErrorCode::Unknown => Trouble::Refused {
                        detail: reply.detail,
                    },
                };
                Ok(vec![SyncChange::Trouble(trouble)])
            }
            Verdict::NotTheHub => {
                self.failed(hands)?;
                self.greeting = None;
                Ok(vec![SyncChange::Trouble(Trouble::NetworkNeedsLogin)])
            }
            Verdict::Failed(failure) => {
                self.failed(hands)?;
                self.is_sync_due = true;
                self.offered.clear();
                Ok(vec![SyncChange::Trouble(Trouble::Link(failure))])
            }
        }
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

    fn failed(&mut self, hands: Hands<'_>) -> Result<(), DeskError> {
        self.failures = self.failures.saturating_add(1);
        self.failed_ms = hands.environment.clock.now().wall_ms;
        self.jitter = u32::from_be_bytes(hands.environment.random()?);
        self.piece_bytes = next_piece_bytes(self.piece_bytes, true);
        Ok(())
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
            waiting: self.waiting(hands)?,
            offered: self.offered.clone(),
            sent_bytes: self.sent_bytes,
            sent_original_bytes: self.sent_original_bytes,
            failures: self.failures,
            failed_ms: self.failed_ms,
            jitter: self.jitter,
        })
    }

    fn waiting(&self, hands: Hands<'_>) -> Result<Vec<Waiting>, DeskError> {
        let is_passed_over = |file: &Waiting| {
            self.unreceipted.contains(&file.sealed) || self.missing.contains(&file.sealed)
        };
        let passed_over = self.unreceipted.len().saturating_add(self.missing.len());
        let limit = wire::OFFERS_MAX.saturating_add(passed_over);
        let mut waiting = hands.transfer().waiting(self.target.hub, limit)?;
        waiting.retain(|file| !is_passed_over(file));
        waiting.truncate(wire::OFFERS_MAX);
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
    ) -> Result<Vec<SyncChange>, DeskError> {
        let unreadable =
            |detail: String| Ok(vec![SyncChange::Trouble(Trouble::FalseWord { detail })]);
        match step {
            Step::Hello => match Hello::open(body, self.org, self.target.hub, &self.own_nonce) {
                Ok(hello) => {
                    self.greeting = Some(Greeting {
                        hub_nonce: hello.hub_nonce,
                        pin_seen,
                    });
                    Ok(Vec::new())
                }
                Err(error) => unreadable(error.to_string()),
            },
            Step::Enroll => match EnrollReply::decode(body) {
                Ok(reply) => self.enrolled(hands, reply),
                Err(error) => unreadable(error.to_string()),
            },
            Step::Session => match SessionReply::decode(body) {
                Ok(reply) => self.session_opened(hands, &reply),
                Err(error) => unreadable(error.to_string()),
            },
            Step::Sync => match SyncReply::decode(body) {
                Ok(reply) => self.synced(hands, reply),
                Err(error) => unreadable(error.to_string()),
            },
            Step::Put {
                sealed,
                class,
                offset,
                len,
                total,
            } => match PutReply::decode(body) {
                Ok(reply) => {
                    self.piece_arrived(hands, (*sealed, *class, *offset, *len, *total), &reply)
                }
                Err(error) => unreadable(error.to_string()),
            },
            Step::Wait { .. } | Step::Done => Ok(Vec::new()),
        }
    }

    /// Moves the pull on: called after the journal has taken what came, so that a crash in between only pulls it again.
    ///
    /// # Errors
    /// The database's.
    pub fn pulled(&self, hands: Hands<'_>, cursor: Option<Vec<u8>>) -> Result<(), DeskError> {
        let state = hands.transfer().hub(self.target.hub)?;
        hands
            .transfer()
            .set_hub(self.target.hub, &HubState { cursor, ..state })?;
        Ok(())
    }

    /// The cursor that a sync reply carried, for [`SyncDesk::pulled`].
    #[must_use]
    pub fn cursor_of(outcome: &TransferOutcome) -> Option<Vec<u8>> {
        match outcome {
            TransferOutcome::Reply { body, .. } => SyncReply::decode(body).ok()?.next_cursor,
            TransferOutcome::Failed { .. } => None,
        }
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
