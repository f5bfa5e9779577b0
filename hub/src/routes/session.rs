//! `POST /v1/session`: a device proves its key and gets a token; a hub that was restored learns of
//! it here.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use imena_core::encoding::Hash32;
use imena_core::sync::wire::{
    ErrorCode, LastReceipt, Nonce, SMALL_MESSAGE_BYTES_MAX, SessionReply, SessionRequest,
    TokenState,
};

use super::enroll::{check_room, take_nonce};
use super::{Hubs, Refusal, blocking, cbor, org, read_body};
use crate::error::HubError;
use crate::hub::Inner;
use crate::limits::TOKEN_MS;
use crate::truth::DeviceRow;

pub(super) async fn session(State(inner): Hubs, body: Body) -> Result<Response, Refusal> {
    let bytes = read_body(body, SMALL_MESSAGE_BYTES_MAX).await?;
    let reply = blocking(&inner, move |inner| answer(inner, &bytes)).await?;
    Ok(cbor(reply.encode()))
}

fn answer(inner: &Arc<Inner>, bytes: &[u8]) -> Result<SessionReply, Refusal> {
    let asked = SessionRequest::open(bytes, org(inner)?, inner.keys.id())?;
    let device = asked.device()?;
    if asked.pin_seen != inner.keys.pin() {
        inner.audit(
            "a device saw another certificate: somebody stands between",
            device.0,
        );
        let detail = "that is not this hub's certificate: somebody stands between";
        return Err(Refusal::new(ErrorCode::Forbidden, detail));
    }
    take_nonce(inner, &asked.hub_nonce)?;
    check_room(inner, device)?;
    let now_ms = inner.now_ms();
    let spki = asked.device_spki.clone();
    inner.truth.put_device(&DeviceRow {
        device,
        spki,
        seen_ms: now_ms,
        enrolment: None,
    })?;
    let state = if inner.is_member(device) {
        TokenState::Member
    } else {
        TokenState::Unclaimed
    };
    match asked.last_receipt {
        Some(last) if is_void(inner, &last)? => note_restore(inner, &last, state)?,
        Some(_) | None => {}
    }
    let token: Nonce = inner.environment.random().map_err(HubError::from)?;
    let expires_ms = now_ms.saturating_add(TOKEN_MS);
    inner
        .truth
        .put_token(Hash32::of(&token), device, expires_ms, now_ms)?;
    let epoch = inner.truth.head()?.epoch;
    Ok(SessionReply {
        token,
        expires_ms,
        state,
        epoch,
    })
}

/// Whether a receipt of this epoch is not among ours: then this hub's folder is older than the hub
/// was, and its receipts beyond that point are void.
fn is_void(inner: &Inner, last: &LastReceipt) -> Result<bool, Refusal> {
    let head = inner.truth.head()?;
    let is_of_this_epoch = last.epoch == head.epoch && last.hub_seq > 0;
    Ok(is_of_this_epoch && !inner.truth.has_receipt(last.hub_seq, last.receipt.0)?)
}

/// Only a member's word begins a new epoch, or any stranger could end epochs. Whoever is a stranger
/// to a roster that may be older too gets no new receipt in the old epoch: it would hide the void
/// ones.
fn note_restore(inner: &Inner, last: &LastReceipt, state: TokenState) -> Result<(), Refusal> {
    if state != TokenState::Member {
        inner.audit(
            "a stranger holds a receipt unknown here: does this hub need its newest roster?",
            last.receipt.0,
        );
        let detail = "this hub may be an older copy: its operator must hand it the newest roster";
        return Err(Refusal::new(ErrorCode::Forbidden, detail));
    }
    inner
        .truth
        .start_epoch(inner.environment.random().map_err(HubError::from)?)?;
    inner.audit(
        "this hub was restored from an older copy; a new epoch begins",
        last.receipt.0,
    );
    inner.chain.look_again();
    Ok(())
}
