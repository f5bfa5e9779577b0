//! `POST /v1/enroll`: a device asks to join; the same key gets the same six digits however often it
//! asks.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use imena_core::model::ids::DeviceId;
use imena_core::sync::wire::{
    EnrollReply, EnrollRequest, Enrolment, ErrorCode, SMALL_MESSAGE_BYTES_MAX,
};

use super::{Hubs, Refusal, blocking, cbor, org, read_body};
use crate::hub::Inner;
use crate::limits::STRANGERS_MAX;
use crate::truth::{DeviceRow, EnrolmentRow};

pub(super) async fn enroll(State(inner): Hubs, body: Body) -> Result<Response, Refusal> {
    let bytes = read_body(body, SMALL_MESSAGE_BYTES_MAX).await?;
    let reply = blocking(&inner, move |inner| answer(inner, &bytes)).await?;
    Ok(cbor(reply.encode()))
}

fn answer(inner: &Arc<Inner>, bytes: &[u8]) -> Result<EnrollReply, Refusal> {
    let asked = EnrollRequest::open(bytes, org(inner)?, inner.keys.id())?;
    let device = asked.device()?;
    take_nonce(inner, &asked.hub_nonce)?;
    check_room(inner, device)?;
    let now_ms = inner.now_ms();
    let enrolment = EnrolmentRow {
        name: asked.name.clone(),
        digits: asked.digits()?,
        since_ms: now_ms,
    };
    inner.truth.put_device(&DeviceRow {
        device,
        spki: asked.device_spki.clone(),
        seen_ms: now_ms,
        enrolment: Some(enrolment.clone()),
    })?;
    // The first enrolment stays: its digits are the ones that two people may be comparing right
    // now.
    let row = inner.truth.device(device)?;
    let digits = row
        .and_then(|row| row.enrolment)
        .unwrap_or(enrolment)
        .digits;
    if !inner.is_member(device) {
        return Ok(EnrollReply {
            state: Enrolment::Pending,
            digits,
            roster: None,
        });
    }
    let roster = inner.roster().map(|signed| signed.bytes.clone());
    Ok(EnrollReply {
        state: Enrolment::Member,
        digits,
        roster,
    })
}

/// Uses a hub nonce up.
pub(super) fn take_nonce(inner: &Inner, nonce: &[u8; 32]) -> Result<(), Refusal> {
    if inner.nonces.take(&inner.environment, nonce) {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::Token,
        "hub nonce unknown, used or too old; say hello again",
    ))
}

/// Strangers are bounded: anybody who knows the organisation's id can make keys.
pub(super) fn check_room(inner: &Inner, device: DeviceId) -> Result<(), Refusal> {
    if inner.is_claimed(device) || inner.truth.device(device)?.is_some() {
        return Ok(());
    }
    if inner.truth.devices()?.len() as u64 >= STRANGERS_MAX {
        return Err(Refusal::new(
            ErrorCode::Busy,
            "too many devices wait to be claimed",
        ));
    }
    Ok(())
}
