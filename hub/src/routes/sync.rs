//! `POST /v1/sync`: one round trip for everything small: offers, runs, receipts, entries of others,
//! the roster.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use imena_core::model::ids::{DeviceId, SealedName};
use imena_core::sync::wire::{
    ErrorCode, FileState, Held, HoldCheck, RECEIPTS_MAX, SYNC_REQUEST_BYTES_MAX, SyncReply,
    SyncRequest,
};

use super::{Caller, Hubs, Refusal, blocking, cbor, org, read_body};
use crate::error::HubError;
use crate::hub::Inner;
use crate::limits::{HELD_BYTES_MAX, RECEIPT_BYTES_MAX, REHASH_FILES_MAX};
use crate::truth::{ReceiptsWanted, Seen};
use crate::upload::Key;

/// Replies under this size do not shrink.
const GZIP_BYTES_MIN: usize = 512;

pub(super) async fn sync(
    State(inner): Hubs,
    caller: Result<Caller, Refusal>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    // Read first: a phone that is still sending would not hear that its token has ended.
    let bytes = read_body(body, SYNC_REQUEST_BYTES_MAX).await?;
    let caller = caller?;
    let is_packed = names_gzip(&headers, header::CONTENT_ENCODING.as_str());
    let wants_packed = names_gzip(&headers, header::ACCEPT_ENCODING.as_str());
    let reply = blocking(&inner, move |inner| {
        let bytes = if is_packed { unpack(&bytes)? } else { bytes };
        answer(inner, caller, &SyncRequest::decode(&bytes)?)
    });
    let reply = reply.await?.encode();
    if !wants_packed || reply.len() < GZIP_BYTES_MIN {
        return Ok(cbor(reply));
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = gzip
        .write_all(&reply)
        .and_then(|()| gzip.finish())
        .map_err(HubError::from)?;
    let mut response = cbor(packed);
    let encoding = HeaderValue::from_static("gzip");
    response
        .headers_mut()
        .insert(header::CONTENT_ENCODING, encoding);
    Ok(response)
}

fn names_gzip(headers: &HeaderMap, name: &str) -> bool {
    let value = headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value
        .split(',')
        .any(|item| item.split(';').next().map(str::trim) == Some("gzip"))
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut plain = Vec::new();
    let limit = (SYNC_REQUEST_BYTES_MAX as u64).saturating_add(1);
    let read = GzDecoder::new(packed).take(limit).read_to_end(&mut plain);
    read.map_err(|_| Refusal::malformed("the body is not gzip"))?;
    // Over the limit: the decoder refuses it by its length.
    Ok(plain)
}

fn answer(inner: &Arc<Inner>, caller: Caller, asked: &SyncRequest) -> Result<SyncReply, Refusal> {
    let device = caller.device;
    let mut offered: Vec<SealedName> = Vec::new();
    for run in &asked.inline_runs {
        let sealed = inner.store_inline(run, device)?;
        // Opened before the reply, so that the receipt of its entries travels with it.
        if let Err(error) = inner.take_run(sealed) {
            tracing::error!(%error, file = %sealed, "run not folded");
        }
        offered.push(sealed);
    }
    offered.extend(asked.offers.iter().map(|offer| offer.sealed));
    let (mut files, is_shortened) = file_states(inner, device, &offered)?;
    let held = asked
        .hold_check
        .as_ref()
        .map(|check| hold(inner, check))
        .transpose()?;

    // After everything that may take a receipt back: it travels in this reply.
    let epoch = inner.truth.head()?.epoch;
    let seen = asked.last.map(|last| Seen {
        epoch: last.epoch,
        hub_seq: last.hub_seq,
    });
    let page = inner.truth.receipts_for(&ReceiptsWanted {
        device,
        after: seen,
        offered: &offered,
        count_max: RECEIPTS_MAX,
        bytes_max: RECEIPT_BYTES_MAX,
    })?;
    for file in &mut files {
        // "Stored" stands beside its receipt or not at all: asked to finish, it is given with the answer.
        file.is_stored &= !page.left_out.contains(&file.sealed);
    }
    let cursor = asked.cursor.as_deref();
    let pulled = match caller.is_member {
        true => inner.pull(device, cursor, asked.budget_bytes)?,
        false => crate::chain::Pulled::default(),
    };
    let roster = inner
        .roster()
        .filter(|signed| signed.roster.version > asked.roster_version);
    Ok(SyncReply {
        files,
        receipts: page.receipts,
        segments: pulled.segments,
        held,
        next_cursor: pulled.next_cursor,
        roster: roster
            .filter(|_| caller.is_member)
            .map(|signed| signed.bytes.clone()),
        retry_after_s: None,
        is_locked: inner.chain.is_locked(),
        epoch,
        has_more: pulled.has_more || page.has_more || is_shortened,
    })
}

/// State of each file. What was not hashed lately is hashed first: a bounded number per request, the
/// others are answered next time.
fn file_states(
    inner: &Arc<Inner>,
    device: DeviceId,
    offered: &[SealedName],
) -> Result<(Vec<FileState>, bool), Refusal> {
    let mut states = Vec::new();
    let mut rehashed = 0_usize;
    for sealed in offered {
        if inner.bytes_to_hash(*sealed)? > 0 {
            rehashed = rehashed.saturating_add(1);
            if rehashed > REHASH_FILES_MAX {
                return Ok((states, true));
            }
        }
        let is_stored = inner.stored_receipt(*sealed)?.is_some();
        let key = Key {
            sealed: *sealed,
            device,
        };
        let have = if is_stored {
            stored_size(inner, *sealed)?
        } else {
            inner.have(key)?
        };
        states.push(FileState {
            sealed: *sealed,
            have,
            is_stored,
        });
    }
    Ok((states, false))
}

fn stored_size(inner: &Inner, sealed: SealedName) -> Result<u64, Refusal> {
    Ok(inner.truth.file(sealed)?.map_or(0, |row| row.size))
}

fn hold(inner: &Arc<Inner>, check: &HoldCheck) -> Result<Vec<u8>, Refusal> {
    if check.sealed.is_empty() {
        return Err(Refusal::new(
            ErrorCode::Malformed,
            "a hold check names at least one file",
        ));
    }
    let (mut sealed, mut bytes) = (Vec::new(), 0_u64);
    for name in &check.sealed {
        bytes = bytes.saturating_add(inner.bytes_to_hash(*name)?);
        if bytes > HELD_BYTES_MAX && !sealed.is_empty() {
            // Not named is not confirmed; what was hashed counts when it is asked again.
            break;
        }
        if inner.is_held(*name)? {
            sealed.push(*name);
        }
    }
    let held = Held {
        org: org(inner)?,
        hub: inner.keys.id(),
        nonce: check.nonce,
        sealed,
        hub_time_ms: inner.now_ms(),
    };
    Ok(held.sign(inner.keys.public_key(), inner.keys.signer())?)
}
