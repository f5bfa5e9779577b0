//! `POST /v1/enroll` and `POST /v1/reveal`: a device asks to join.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use imena_core::model::ids::DeviceId;
use imena_core::sync::wire::{
    EnrollReply, EnrollRequest, ErrorCode, Nonce, RevealRequest, SMALL_MESSAGE_BYTES_MAX,
};

use super::caller::Door;
use super::{Hubs, Refusal, blocking, cbor, org, read_body};
use crate::enrolments::Asked;
use crate::hub::Inner;
use crate::limits::{ENROLMENTS_MAX, REVEAL_MS};
use crate::nonces::Signer;

pub(super) async fn enroll(
    State(inner): Hubs,
    door: Door,
    body: Body,
) -> Result<Response, Refusal> {
    let bytes = read_body(body, SMALL_MESSAGE_BYTES_MAX).await?;
    let reply = blocking(&inner, move |inner| {
        let asked = EnrollRequest::open(&bytes, org(inner)?, inner.keys.id())?;
        let device = asked.device()?;
        take_nonce(inner, device, &asked.hub_nonce)?;
        if let Some(member) = named(inner, &door, device)? {
            return Ok(member);
        }
        answer(device, inner.begin_enrolment(device, &asked)?)
    });
    Ok(cbor(reply.await?.encode()))
}

pub(super) async fn reveal(
    State(inner): Hubs,
    door: Door,
    body: Body,
) -> Result<Response, Refusal> {
    let bytes = read_body(body, SMALL_MESSAGE_BYTES_MAX).await?;
    let reply = blocking(&inner, move |inner| {
        let shown = RevealRequest::open(&bytes, org(inner)?, inner.keys.id())?;
        let device = shown.device()?;
        if let Some(member) = named(inner, &door, device)? {
            return Ok(member);
        }
        let digits = shown.digits()?;
        answer(device, inner.reveal_enrolment(device, &shown, digits)?)
    });
    Ok(cbor(reply.await?.encode()))
}

/// The answer to a device that the roster names: it belongs already, or its key has ended.
fn named(inner: &Inner, door: &Door, device: DeviceId) -> Result<Option<EnrollReply>, Refusal> {
    if inner.is_member(device) {
        door.is_member(device);
        let roster = inner.roster().map(|signed| signed.bytes.clone());
        return Ok(Some(EnrollReply::Member { roster }));
    }
    if inner.is_claimed(device) {
        let detail =
            "the roster has ended this device's key; sending works, joining needs a new key";
        return Err(Refusal::new(ErrorCode::Forbidden, detail));
    }
    Ok(None)
}

fn answer(device: DeviceId, asked: Asked) -> Result<EnrollReply, Refusal> {
    let reveal_s = REVEAL_MS.unsigned_abs() / 1000;
    match asked {
        Asked::Begun(hub_nonce) => Ok(EnrollReply::Begun { hub_nonce }),
        Asked::Waits => Ok(EnrollReply::Pending),
        Asked::Full => Err(Refusal::later(
            ErrorCode::Busy,
            &format!("{ENROLMENTS_MAX} devices wait to be let in; sending works without"),
            reveal_s,
        )),
        Asked::OtherStands => Err(Refusal::later(
            ErrorCode::Conflict,
            "another enrolment of this device stands",
            reveal_s,
        )),
        Asked::Unknown => Err(Refusal::new(
            ErrorCode::Conflict,
            "no enrolment stands that this nonce belongs to; begin again",
        )),
        Asked::EqualDigits { other } => {
            let (device, other) = (device.0.short(), other.0.short());
            let detail = format!(
                "device {device} is refused: device {other}, which waits, has the same six \
                 digits; begin again"
            );
            Err(Refusal::new(ErrorCode::Conflict, &detail))
        }
    }
}

/// Uses a hub nonce up; the signature over it was checked.
pub(super) fn take_nonce(
    inner: &Arc<Inner>,
    device: DeviceId,
    nonce: &Nonce,
) -> Result<(), Refusal> {
    let signer = match inner.is_member(device) {
        true => Signer::Member,
        false => Signer::Stranger,
    };
    if inner.nonces.take(&inner.environment, nonce, signer) {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::Token,
        "hub nonce unknown, used or too old; say hello again",
    ))
}
