//! `PUT /v1/files/<sealed>`: bytes of a sealed file from an offset on. A gap or an overlap is no
//! error; the reply says what the hub has.

use std::sync::Arc;

use axum::body::{Body, BodyDataStream};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use imena_core::store::Class;
use imena_core::sync::wire::{ErrorCode, PutReply, UPLOAD_CLASS, UPLOAD_LENGTH, UPLOAD_OFFSET};

use super::{Caller, Hubs, Refusal, cbor, next_piece, sealed_name};
use crate::hub::Inner;
use crate::limits::{DRAIN_BYTES_MAX, FILE_BYTES_MAX};
use crate::upload::{Begun, Connection, Key, Outcome, Plan, Uploads};

pub(super) async fn put(
    State(inner): Hubs,
    Path(name): Path<String>,
    caller: Result<Caller, Refusal>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let mut stream = body.into_data_stream();
    let asked = caller.and_then(|caller| Ok((caller, sealed_name(&name)?, plan(&headers)?)));
    let (caller, sealed, plan) = match asked {
        Ok(asked) => asked,
        Err(refusal) => {
            drain(&mut stream).await;
            return Err(refusal);
        }
    };
    let key = Key {
        sealed,
        device: caller.device,
    };
    let outcome = match Uploads::begin(&inner, key, plan).await? {
        Begun::Answer(outcome) => {
            drain(&mut stream).await;
            outcome
        }
        Begun::Go(connection) => receive(&mut stream, connection, &plan).await?,
    };
    reply(&inner, key, plan, outcome)
}

fn plan(headers: &HeaderMap) -> Result<Plan, Refusal> {
    let number = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.and_then(|text| text.parse::<u64>().ok())
    };
    let missing = || Refusal::malformed("Upload-Offset and Upload-Length must be numbers");
    let offset = number(UPLOAD_OFFSET).ok_or_else(missing)?;
    let length = number(UPLOAD_LENGTH).ok_or_else(missing)?;
    if length > FILE_BYTES_MAX {
        let detail = format!("files are at most {FILE_BYTES_MAX} bytes");
        return Err(Refusal::new(ErrorCode::TooLarge, &detail));
    }
    if length == 0 || offset > length {
        return Err(Refusal::malformed("the offset is not within the length"));
    }
    Ok(Plan {
        offset,
        length,
        class: number(UPLOAD_CLASS).and_then(Class::from_number),
    })
}

/// Hands the body to the writer as it comes; stops when another connection takes the file over.
async fn receive(
    stream: &mut BodyDataStream,
    mut connection: Connection,
    plan: &Plan,
) -> Result<Outcome, Refusal> {
    let mut left = plan.length.saturating_sub(plan.offset);
    loop {
        let piece = tokio::select! {
            biased;
            _ = &mut connection.closed => break,
            piece = next_piece(stream) => piece,
        };
        // A cut body is no fault of the phone's: what came is kept, and the reply, if anybody hears
        // it, says how much that is.
        let Ok(Some(mut bytes)) = piece else { break };
        let has_too_much = bytes.len() as u64 > left;
        if has_too_much {
            bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        }
        left = left.saturating_sub(bytes.len() as u64);
        connection.piece(bytes).await?;
        if has_too_much {
            connection.end().await?;
            return Err(Refusal::malformed("more bytes than Upload-Length says"));
        }
    }
    Ok(connection.end().await?)
}

/// Reads a little of what nobody needs: a client that is still sending hears the answer only when
/// it has sent.
async fn drain(stream: &mut BodyDataStream) {
    let mut read = 0_u64;
    while let Ok(Some(bytes)) = next_piece(stream).await {
        read = read.saturating_add(bytes.len() as u64);
        if read > DRAIN_BYTES_MAX {
            return;
        }
    }
}

fn reply(inner: &Arc<Inner>, key: Key, plan: Plan, outcome: Outcome) -> Result<Response, Refusal> {
    let reply = match outcome {
        Outcome::Have(have) => PutReply {
            have,
            is_stored: false,
            receipt: None,
        },
        Outcome::Stored(receipt) => {
            let size = inner
                .truth
                .file(key.sealed)?
                .map_or(plan.length, |row| row.size);
            PutReply {
                have: size,
                is_stored: true,
                receipt: Some(receipt),
            }
        }
    };
    Ok(cbor(reply.encode()))
}
