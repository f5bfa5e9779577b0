//! The request of each step, as a job for the platform.

use super::super::job::{JobBody, Method, TransferJob};
use super::super::transfer_db::{Enrolling, HubState};
use super::super::wire::{
    self, EnrollRequest, LastSeen, Offer, RevealRequest, SessionRequest, SyncRequest,
};
use super::{DeskError, Hands, PULL_BUDGET_BYTES, SMALL_REPLY_BYTES_MAX, SyncDesk};
use crate::encoding::Hash32;
use crate::keys::sign_with;

fn token_header(token: &[u8; 32]) -> (&'static str, String) {
    let hex = data_encoding::HEXLOWER.encode(token);
    ("authorization", format!("{} {hex}", wire::TOKEN_SCHEME))
}

impl SyncDesk {
    pub(super) fn plain(&self, method: Method, path: String, body: JobBody) -> TransferJob {
        let headers = vec![("content-type", wire::CONTENT_TYPE.to_owned())];
        let (target, reply_bytes_max) = (self.target.clone(), SMALL_REPLY_BYTES_MAX);
        TransferJob {
            number: self.next_number,
            target,
            method,
            path,
            headers,
            body,
            reply_bytes_max,
        }
    }

    pub(super) fn with_token(
        &self,
        state: &HubState,
        method: Method,
        path: String,
        mut headers: Vec<(&'static str, String)>,
        body: JobBody,
        reply_bytes_max: usize,
    ) -> TransferJob {
        if let Some((token, _)) = &state.token {
            headers.push(token_header(token));
        }
        TransferJob {
            number: self.next_number,
            target: self.target.clone(),
            method,
            path,
            headers,
            body,
            reply_bytes_max,
        }
    }

    pub(super) fn hello_job(&self) -> TransferJob {
        let nonce = data_encoding::HEXLOWER.encode(&self.own_nonce);
        self.plain(Method::Get, format!("/v1/hello?n={nonce}"), JobBody::Empty)
    }

    /// The next half of asking to join: the hash of a nonce that is kept durable first, or, when the
    /// hub has answered, the nonce itself.
    pub(super) fn enroll_job(
        &self,
        hands: Hands<'_>,
        state: &HubState,
    ) -> Result<TransferJob, DeskError> {
        let device_spki = self.device.spki().to_vec();
        let (org, hub) = (self.org, self.target.hub);
        let sign = |message: &[u8]| sign_with(hands.vault, &self.device, message);
        if let Some((own_nonce, hub_nonce)) = self.reveals {
            let request = RevealRequest {
                org,
                hub,
                device_spki,
                hub_nonce,
                own_nonce,
            };
            let bytes = request.sign(&self.device, sign)?;
            let path = "/v1/reveal".to_owned();
            return Ok(self.plain(Method::Post, path, JobBody::Inline(bytes)));
        }
        let own_nonce = match &state.enrolment {
            Some(enrolment) => enrolment.own_nonce,
            None => {
                let own_nonce = hands.environment.random()?;
                let enrolment = Some(Enrolling {
                    own_nonce,
                    hub_nonce: None,
                    digits: None,
                });
                let state = state.clone();
                let state = HubState { enrolment, ..state };
                hands.transfer().set_hub(hub, &state)?;
                own_nonce
            }
        };
        let request = EnrollRequest {
            org,
            hub,
            device_spki,
            name: self.device_name.clone(),
            hub_nonce: self.greeting.map_or([0; 32], |greeting| greeting.hub_nonce),
            commitment: wire::commitment(&own_nonce),
        };
        let bytes = request.sign(&self.device, sign)?;
        let path = "/v1/enroll".to_owned();
        Ok(self.plain(Method::Post, path, JobBody::Inline(bytes)))
    }

    pub(super) fn session_job(
        &self,
        hands: Hands<'_>,
        state: &HubState,
    ) -> Result<TransferJob, DeskError> {
        let (hub_nonce, pin_seen) = self.greeting.map_or(([0; 32], Hash32::ZERO), |greeting| {
            (greeting.hub_nonce, greeting.pin_seen)
        });
        let last_receipt = match state.epoch {
            None => None,
            Some(epoch) => hands
                .transfer()
                .last_receipt_bytes(self.target.hub, epoch)?,
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
        let path = "/v1/session".to_owned();
        let mut job = self.plain(Method::Post, path, JobBody::Inline(bytes));
        // Sent only behind a signed hello: it tells this phone from the strangers who wait.
        if let Some(token) = state.former_token {
            job.headers.push(token_header(&token));
        }
        Ok(job)
    }

    pub(super) fn sync_job(
        &mut self,
        hands: Hands<'_>,
        state: &HubState,
    ) -> Result<TransferJob, DeskError> {
        let waiting = self.to_offer(hands)?;
        self.asked = waiting.iter().map(|file| file.sealed).collect();
        let offers = waiting.iter().map(|file| Offer {
            sealed: file.sealed,
            size: file.size,
            class: file.class,
        });
        let last = match state.epoch.filter(|_| !self.has_missed_receipts) {
            None => None,
            Some(epoch) => hands
                .transfer()
                .receipts_upto(self.target.hub, epoch)?
                .map(|upto| LastSeen {
                    epoch: upto.epoch,
                    hub_seq: upto.hub_seq,
                }),
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
}
