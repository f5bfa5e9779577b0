//! `HEAD` and `GET /v1/files/<sealed>`: what the hub has of a file, and the file, whole or a range.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use imena_core::model::ids::SealedName;
use imena_core::sync::wire::{ErrorCode, HAVE, STORED};
use tokio::sync::mpsc;

use super::{Caller, Hubs, Refusal, blocking, cbor, sealed_name};
use crate::error::HubError;
use crate::hub::Inner;
use crate::upload::Key;

const CHUNK_BYTES: usize = 64 * 1024;
const CHUNKS_WAITING: usize = 4;

pub(super) async fn head(
    State(inner): Hubs,
    Path(name): Path<String>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let sealed = sealed_name(&name)?;
    let (have, is_stored) = blocking(&inner, move |inner| match inner.stored_receipt(sealed)? {
        Some(_) => Ok((size_of(inner, sealed)?, true)),
        None => Ok((
            inner.have(Key {
                sealed,
                device: caller.device,
            })?,
            false,
        )),
    })
    .await?;
    let mut response = cbor(Body::empty());
    let headers = response.headers_mut();
    headers.insert(HAVE, HeaderValue::from(have));
    headers.insert(STORED, HeaderValue::from(u64::from(is_stored)));
    Ok(response)
}

pub(super) async fn get(
    State(inner): Hubs,
    Path(name): Path<String>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let sealed = sealed_name(&name)?;
    let (first, last, size) = blocking(&inner, move |inner| {
        if !caller.is_member {
            return Err(Refusal::new(ErrorCode::Forbidden, "only members may read"));
        }
        let size = size_of(inner, sealed)?;
        let range = headers
            .get(header::RANGE)
            .map(|value| range(value, size))
            .transpose()?;
        Ok(range.map_or((0, None, size), |(first, last)| (first, Some(last), size)))
    })
    .await?;
    let end = last.unwrap_or(size.saturating_sub(1));
    let count = end.saturating_sub(first).saturating_add(1);
    let mut response = cbor(stream(&inner, sealed, first, count));
    if last.is_some() {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let text = format!("bytes {first}-{end}/{size}");
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
    }
    let octets = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, octets);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(count));
    Ok(response)
}

fn size_of(inner: &Inner, sealed: SealedName) -> Result<u64, Refusal> {
    let missing = || Refusal::new(ErrorCode::UnknownPath, "this hub has no such file");
    let row = inner.truth.file(sealed)?.ok_or_else(missing)?;
    let len = inner.objects.len(sealed).map_err(HubError::from)?;
    if len == Some(row.size) {
        Ok(row.size)
    } else {
        Err(missing())
    }
}

/// One range, `bytes=a-b` or `bytes=a-`; both ends inclusive.
fn range(value: &HeaderValue, size: u64) -> Result<(u64, u64), Refusal> {
    let wrong = || Refusal::malformed("Range must be one bytes=a-b within the file");
    let text = value
        .to_str()
        .ok()
        .and_then(|text| text.strip_prefix("bytes="))
        .ok_or_else(wrong)?;
    let (first, last) = text.split_once('-').ok_or_else(wrong)?;
    let first: u64 = first.parse().map_err(|_| wrong())?;
    let end = size.saturating_sub(1);
    let last = if last.is_empty() {
        end
    } else {
        last.parse().map_err(|_| wrong())?
    };
    let last = last.min(end);
    if first > last {
        Err(wrong())
    } else {
        Ok((first, last))
    }
}

/// Reads on a thread that may wait, and hands over as fast as the link takes it.
fn stream(inner: &Arc<Inner>, sealed: SealedName, first: u64, count: u64) -> Body {
    let (sender, receiver) = mpsc::channel::<std::io::Result<Bytes>>(CHUNKS_WAITING);
    let inner = Arc::clone(inner);
    tokio::task::spawn_blocking(move || {
        let read = || -> std::io::Result<()> {
            let mut file = inner.objects.open_file(sealed)?;
            file.seek(SeekFrom::Start(first))?;
            let mut file = file.take(count);
            loop {
                let mut buffer = vec![0; CHUNK_BYTES];
                let read = file.read(&mut buffer)?;
                buffer.truncate(read);
                if read == 0 || sender.blocking_send(Ok(buffer.into())).is_err() {
                    return Ok(());
                }
            }
        };
        if let Err(error) = read() {
            tracing::error!(%error, file = %sealed, "download ended early");
            // The connection is cut, so that a short file is not taken for the whole one; a client
            // that is gone hears nothing.
            let _ = sender.blocking_send(Err(error));
        }
    });
    let chunks = futures_util::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    Body::from_stream(chunks)
}
