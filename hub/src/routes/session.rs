//! `POST /v1/session`: a device proves its key and gets a token; a hub that was restored learns of
//! it here.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use imena_core::encoding::Hash32;
use imena_core::journal::Receipt;
use imena_core::model::ids::DeviceId;
use imena_core::sync::wire::{
    ErrorCode, Nonce, SESSION_BYTES_MAX, SessionReply, SessionRequest, TokenState,
};

use super::enroll::{check_room, take_nonce};
use super::{Hubs, Refusal, blocking, cbor, org, read_body};
use crate::error::HubError;
use crate::hub::Inner;
use crate::limits::TOKEN_MS;
use crate::truth::DeviceRow;

pub(super) async fn session(State(inner): Hubs, body: Body) -> Result<Response, Refusal> {
    let bytes = read_body(body, SESSION_BYTES_MAX).await?;
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
    if let Some(bytes) = &asked.last_receipt {
        look_for_restore(inner, device, bytes)?;
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

/// A receipt that this hub signed and does not know says that its folder is older than the hub was:
/// a new epoch begins, which names the last receipt that this folder knows, never the one shown. The
/// signature is proof enough, whoever shows it: a roster that is as old as the folder may not name
/// the device.
fn look_for_restore(inner: &Inner, device: DeviceId, bytes: &[u8]) -> Result<(), Refusal> {
    let Ok(receipt) = Receipt::open(bytes, inner.keys.public_key(), org(inner)?) else {
        inner.audit("a device shows a receipt that is not this hub's", device.0);
        return Ok(());
    };
    if inner.truth.knows_receipt(&receipt)? {
        return Ok(());
    }
    inner.begin_epoch(receipt.word.epoch)?;
    inner.audit(
        "this hub was restored from an older copy; a new epoch begins",
        receipt.id.0,
    );
    inner.chain.look_again();
    Ok(())
}
