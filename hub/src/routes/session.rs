//! `POST /v1/session`: a device proves its key and gets a token; a hub that was restored learns of
//! it here.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use imena_core::journal::Receipt;
use imena_core::model::ids::DeviceId;
use imena_core::sync::wire::{
    ErrorCode, SESSION_BYTES_MAX, SessionReply, SessionRequest, TokenState,
};

use super::caller::{Door, SessionDoor};
use super::enroll::take_nonce;
use super::{Hubs, Refusal, blocking, cbor, org, read_body};
use crate::hub::Inner;
use crate::truth::DeviceRow;

pub(super) async fn session(
    State(inner): Hubs,
    SessionDoor(door): SessionDoor,
    body: Body,
) -> Result<Response, Refusal> {
    let bytes = read_body(body, SESSION_BYTES_MAX).await?;
    let reply = blocking(&inner, move |inner| answer(inner, &door, &bytes)).await?;
    Ok(cbor(reply.encode()))
}

fn answer(inner: &Arc<Inner>, door: &Door, bytes: &[u8]) -> Result<SessionReply, Refusal> {
    let asked = SessionRequest::open(bytes, org(inner)?, inner.keys.id())?;
    let device = asked.device()?;
    take_nonce(inner, device, &asked.hub_nonce)?;
    if asked.pin_seen != inner.keys.pin() {
        let what = "a device saw another certificate: somebody stands between";
        inner.audit_by(device, what, device.0);
        let detail = "that is not this hub's certificate: somebody stands between";
        return Err(Refusal::new(ErrorCode::Forbidden, detail));
    }
    let state = if inner.is_member(device) {
        door.is_member(device);
        inner.truth.put_device(&DeviceRow {
            device,
            spki: asked.device_spki.clone(),
            seen_ms: inner.now_ms(),
        })?;
        TokenState::Member
    } else {
        TokenState::Unclaimed
    };
    if let Some(bytes) = &asked.last_receipt {
        look_for_restore(inner, device, bytes)?;
    }
    let (token, expires_ms) = inner.issue_token(device)?;
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
        let what = "a device shows a receipt that is not this hub's";
        inner.audit_by(device, what, device.0);
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
