//! One session with one hub: turns steps into jobs for the platform and replies into receipts, roster and entries.
//!
//! Owns the state of the session, which may be lost at any time: everything that matters is in transfer.db and the journal. Does not perform a transfer.
//! Invariant: no token and no file goes to a server whose pin and signed hello were not checked.

use thiserror::Error;

use super::job::{HubTarget, JobBody, Method, SyncChange, TransferJob, Trouble};
use super::judge::{TransferOutcome, Verdict, judge};
use super::plan::{Backlog, Link, LinkCost, Step, next_piece_bytes, plan};
use super::pull::open_segment;
use super::transfer_db::{HubState, TransferDb, Waiting};
use super::wire::{
    self, EnrollReply, EnrollRequest, Enrolment, ErrorCode, Held, Hello, HoldCheck, LastReceipt,
    LastSeen, Offer, OwnHead, PutReply, SessionReply, SessionRequest, SyncReply, SyncRequest,
    TokenState,
};
use crate::encoding::{Hash32, PublicKey};
use crate::environment::Environment;
use crate::journal::{HubSeen, Receipt};
use crate::keys::{KeyVault, SignedRoster, VaultError, sign_with};
use crate::model::ids::{DeviceId, OrgId, SealedName};
use crate::store::{Class, SealedFiles, StoreError};

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
    /// What to send, receipts.
    pub transfer: &'a TransferDb,
    /// Sealed files.
    pub files: &'a SealedFiles,
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
    has_missed_receipts: bool,
    /// Stored by the hub, but no receipt about them can be believed in this session: they are not sent again and not safe.
    unreceipted: Vec<SealedName>,
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
            has_missed_receipts: false,
            unreceipted: Vec::new(),
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
        let state = hands.transfer.hub(self.target.hub)?;
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
        let state = hands.transfer.hub(self.target.hub)?;
        let job = match &step {
            Step::Hello => self.hello_job(),
            Step::Enroll => self.enroll_job(hands)?,
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
                    // Gone by another hand: it cannot be sent, and nothing else should wait for it.
                    hands.transfer.set_freed(*sealed)?;
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
                } else {
                    self.failures = 0;
                }
                Ok(changes)
            }
            Verdict::TokenEnded => {
                let state = hands.transfer.hub(self.target.hub)?;
                hands.transfer.set_hub(
                    self.target.hub,
                    &HubState {
                        token: None,
                        ..state
                    },
                )?;
                self.greeting = None;
                Ok(Vec::new())
            }
            Verdict::Refused(reply) => {
                self.failed(hands)?;
                self.greeting = None;
                let trouble = match reply.code {
                    ErrorCode::DiskFull => Trouble::HubFull,
                    ErrorCode::Malformed
                    | ErrorCode::Token
                    | ErrorCode::Forbidden
                    | ErrorCode::UnknownPath
                    | ErrorCode::TooLarge
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
            has_asked_to_join: self.is_in_roster() || state.enrolment.is_some(),
            has_token: state.token.is_some(),
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
        let limit = wire::OFFERS_MAX.saturating_add(self.unreceipted.len());
        let mut waiting = hands.transfer.waiting(self.target.hub, limit)?;
        waiting.retain(|file| !self.unreceipted.contains(&file.sealed));
        waiting.truncate(wire::OFFERS_MAX);
        Ok(waiting)
    }

    fn plain(&self, method: Method, path: String, body: JobBody) -> TransferJob {
        let headers = vec![("content-type", wire::CONTENT_TYPE.to_owned())];
        let (target, reply_bytes_max) = (self.target.clone(), SMALL_REPLY_BYTES_MAX);
        TransferJob {
            target,
            method,
            path,
            headers,
            body,
            reply_bytes_max,
        }
    }

    fn with_token(
        &self,
        state: &HubState,
        method: Method,
        path: String,
        mut headers: Vec<(&'static str, String)>,
        body: JobBody,
        reply_bytes_max: usize,
    ) -> TransferJob {
        if let Some((token, _)) = &state.token {
            let hex = data_encoding::HEXLOWER.encode(token);
            headers.push(("authorization", format!("{} {hex}", wire::TOKEN_SCHEME)));
        }
        TransferJob {
            target: self.target.clone(),
            method,
            path,
            headers,
            body,
            reply_bytes_max,
        }
    }

    fn hello_job(&self) -> TransferJob {
        let nonce = data_encoding::HEXLOWER.encode(&self.own_nonce);
        self.plain(Method::Get, format!("/v1/hello?n={nonce}"), JobBody::Empty)
    }

    fn enroll_job(&self, hands: Hands<'_>) -> Result<TransferJob, DeskError> {
        let hub_nonce = self.greeting.map_or([0; 32], |greeting| greeting.hub_nonce);
        let request = EnrollRequest {
            org: self.org,
            hub: self.target.hub,
            device_spki: self.device.spki().to_vec(),
            name: self.device_name.clone(),
            hub_nonce,
            own_nonce: self.own_nonce,
        };
        let bytes = request.sign(&self.device, |message| {
            sign_with(hands.vault, &self.device, message)
        })?;
        Ok(self.plain(
            Method::Post,
            "/v1/enroll".to_owned(),
            JobBody::Inline(bytes),
        ))
    }

    fn session_job(&self, hands: Hands<'_>, state: &HubState) -> Result<TransferJob, DeskError> {
        let (hub_nonce, pin_seen) = self.greeting.map_or(([0; 32], Hash32::ZERO), |greeting| {
            (greeting.hub_nonce, greeting.pin_seen)
        });
        let last_receipt =
            match state.epoch {
                None => None,
                Some(epoch) => hands.transfer.last_receipt(self.target.hub, epoch)?.map(
                    |(hub_seq, receipt)| LastReceipt {
                        epoch,
                        hub_seq,
                        receipt,
                    },
                ),
            };
        let request = SessionRequest {
            org: self.org,
            hub: self.target.hub,
            pin_seen,
            hub_nonce,
            own_head: self.own_head,
            last_receipt,
            device_spki: self.device.spki().to_vec(),
        };
        let bytes = request.sign(&self.device, |message| {
            sign_with(hands.vault, &self.device, message)
        })?;
        Ok(self.plain(
            Method::Post,
            "/v1/session".to_owned(),
            JobBody::Inline(bytes),
        ))
    }

    fn sync_job(&self, hands: Hands<'_>, state: &HubState) -> Result<TransferJob, DeskError> {
        let waiting = self.waiting(hands)?;
        let offers = waiting.iter().map(|file| Offer {
            sealed: file.sealed,
            size: file.size,
            class: file.class,
        });
        let last = match state.epoch.filter(|_| !self.has_missed_receipts) {
            None => None,
            Some(epoch) => hands
                .transfer
                .last_receipt(self.target.hub, epoch)?
                .map(|(hub_seq, _)| LastSeen { epoch, hub_seq }),
        };
        let request = SyncRequest {
            own_head: self.own_head,
            offers: offers.collect(),
            inline_runs: Vec::new(),
            cursor: state.cursor.clone(),
            last,
            hold_check: self.hold_check.clone(),
            budget_bytes: if self.can_pull { PULL_BUDGET_BYTES } else { 0 },
            roster_version: self
                .roster
                .as_ref()
                .map_or(0, |signed| signed.roster.version),
        };
        let headers = vec![("content-type", wire::CONTENT_TYPE.to_owned())];
        let body = JobBody::Inline(request.encode());
        let path = "/v1/sync".to_owned();
        let limit = wire::SYNC_REPLY_BYTES_MAX;
        Ok(self.with_token(state, Method::Post, path, headers, body, limit))
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

    fn enrolled(
        &mut self,
        hands: Hands<'_>,
        reply: EnrollReply,
    ) -> Result<Vec<SyncChange>, DeskError> {
        let state = hands.transfer.hub(self.target.hub)?;
        let enrolment = Some((self.own_nonce, reply.digits.clone()));
        hands
            .transfer
            .set_hub(self.target.hub, &HubState { enrolment, ..state })?;
        // The hub's nonce is used up by the request.
        self.greeting = None;
        self.own_nonce = hands.environment.random()?;
        let mut changes = match reply.roster {
            Some(bytes) => self.offered_roster(hands, &bytes)?,
            None => Vec::new(),
        };
        if reply.state == Enrolment::Pending {
            changes.push(SyncChange::Enrolling {
                digits: reply.digits,
            });
        }
        Ok(changes)
    }

    fn session_opened(
        &mut self,
        hands: Hands<'_>,
        reply: &SessionReply,
    ) -> Result<Vec<SyncChange>, DeskError> {
        let before = hands.transfer.hub(self.target.hub)?;
        let is_member = reply.state == TokenState::Member;
        let state = HubState {
            token: Some((reply.token, reply.expires_ms)),
            is_member,
            epoch: Some(reply.epoch),
            ..before.clone()
        };
        hands.transfer.set_hub(self.target.hub, &state)?;
        self.greeting = None;
        self.own_nonce = hands.environment.random()?;
        self.is_sync_due = true;
        let mut changes = Vec::new();
        if before.epoch.is_some_and(|epoch| epoch != reply.epoch) {
            self.has_missed_receipts = true;
            changes.push(SyncChange::HubRestored);
        }
        if !is_member {
            let digits = before
                .enrolment
                .map(|(_, digits)| digits)
                .unwrap_or_default();
            changes.push(SyncChange::Enrolling { digits });
        } else if !before.is_member {
            changes.push(SyncChange::Admitted);
        }
        Ok(changes)
    }

    fn synced(&mut self, hands: Hands<'_>, reply: SyncReply) -> Result<Vec<SyncChange>, DeskError> {
        let mut changes = Vec::new();
        if let Some(bytes) = &reply.roster {
            changes.extend(self.offered_roster(hands, bytes)?);
        }
        let state = hands.transfer.hub(self.target.hub)?;
        if state.epoch != Some(reply.epoch) {
            let state = HubState {
                epoch: Some(reply.epoch),
                ..state
            };
            hands.transfer.set_hub(self.target.hub, &state)?;
            changes.push(SyncChange::HubRestored);
        }
        for bytes in &reply.receipts {
            changes.extend(self.offered_receipt(hands, bytes)?);
        }
        self.is_sync_due = reply.has_more;
        let has_asked_for_all = self.has_missed_receipts;
        self.has_missed_receipts = false;
        self.offered.clear();
        for file in &reply.files {
            let holdings = hands.transfer.holdings(file.sealed)?;
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

    /// Moves the pull on: called after the journal has taken what came, so that a crash in between only pulls it again.
    ///
    /// # Errors
    /// The database's.
    pub fn pulled(&self, hands: Hands<'_>, cursor: Option<Vec<u8>>) -> Result<(), DeskError> {
        let state = hands.transfer.hub(self.target.hub)?;
        hands
            .transfer
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

    fn open_held(&self, bytes: &[u8]) -> Option<Held> {
        let nonce = self.hold_check.as_ref()?.nonce;
        let key = self.roster.as_ref()?.roster.hub_key(self.target.hub)?;
        Held::open(bytes, &key, self.org, &nonce).ok()
    }

    fn piece_arrived(
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
            .transfer
            .holdings(sealed)?
            .iter()
            .any(|h| h.hub == self.target.hub);
        if reply.is_stored && !is_held {
            self.is_sync_due = true;
            self.has_missed_receipts = true;
        }
        Ok(changes)
    }

    fn offered_roster(
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
        hands.transfer.set_fact("roster", &roster.bytes)?;
        let was_member = self.is_in_roster();
        let version = roster.roster.version;
        self.roster = Some(roster);
        let mut changes = vec![SyncChange::Roster { version }];
        if !was_member && self.is_in_roster() {
            changes.push(SyncChange::Admitted);
        }
        Ok(changes)
    }

    fn offered_receipt(
        &mut self,
        hands: Hands<'_>,
        bytes: &[u8],
    ) -> Result<Vec<SyncChange>, DeskError> {
        let key = Receipt::claimed_hub(bytes).ok().and_then(|hub| {
            self.roster
                .as_ref()
                .and_then(|signed| signed.roster.hub_key(hub))
        });
        // Without a roster that names the hub no receipt can be believed; it will be asked for again when the roster has come.
        let Some(key) = key else {
            return Ok(Vec::new());
        };
        match Receipt::open(bytes, &key, self.org) {
            Ok(receipt) => {
                hands.transfer.add_receipt(&receipt)?;
                Ok(vec![SyncChange::Receipt])
            }
            Err(error) => {
                let detail = error.to_string();
                Ok(vec![SyncChange::Trouble(Trouble::FalseWord { detail })])
            }
        }
    }

    /// The newest word of this hub, for entries to come.
    ///
    /// # Errors
    /// The database's.
    pub fn hub_seen(&self, hands: Hands<'_>) -> Result<Option<HubSeen>, DeskError> {
        let hub = self.target.hub;
        let Some(epoch) = hands.transfer.hub(hub)?.epoch else {
            return Ok(None);
        };
        let last = hands.transfer.last_receipt(hub, epoch)?;
        Ok(last.map(|(hub_seq, receipt)| HubSeen {
            hub,
            epoch,
            hub_seq,
            receipt,
        }))
    }
}
