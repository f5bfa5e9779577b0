//! What phones may ask: one file per path of docs/design/wire.md, who asks (`caller`), and what all of
//! them share: bodies, refusals.
//!
//! Invariant: every reply under `/v1` is CBOR, also when it refuses; no reply names a person.

mod caller;
mod enroll;
mod files_get;
mod files_put;
mod hello;
mod session;
mod sync;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::StreamExt as _;
use imena_core::encoding::{DecodeError, Hash32};
use imena_core::model::ids::{OrgId, SealedName};
use imena_core::sync::wire::{CONTENT_TYPE, ErrorCode, ErrorReply, WireError};

pub(crate) use caller::Caller;

use crate::error::{HubError, fault};
use crate::hub::{Hub, Inner};
use crate::limits::IDLE_TIMEOUT;

type Hubs = axum::extract::State<Arc<Inner>>;

impl Hub {
    /// What phones may ask; [`Hub::serve`] serves it over TLS.
    pub fn phone_router(&self) -> Router {
        Router::new()
            .route("/v1/hello", get(hello::hello))
            .route("/v1/enroll", post(enroll::enroll))
            .route("/v1/reveal", post(enroll::reveal))
            .route("/v1/session", post(session::session))
            .route("/v1/sync", post(sync::sync))
            .route(
                "/v1/files/{sealed}",
                get(files_get::get)
                    .head(files_get::head)
                    .put(files_put::put),
            )
            .fallback(unknown_path)
            .method_not_allowed_fallback(unknown_path)
            .with_state(Arc::clone(&self.inner))
    }
}

async fn unknown_path() -> Refusal {
    Refusal::new(ErrorCode::UnknownPath, "no such path or method")
}

/// Why a request is not done, as the phone is told.
#[derive(Debug)]
pub(crate) struct Refusal(ErrorReply);

impl Refusal {
    pub fn new(code: ErrorCode, detail: &str) -> Self {
        Self(ErrorReply {
            code,
            detail: detail.to_owned(),
            retry_after_s: None,
        })
    }

    pub fn malformed(detail: &str) -> Self {
        Self::new(ErrorCode::Malformed, detail)
    }

    fn later(code: ErrorCode, detail: &str, retry_after_s: u64) -> Self {
        let detail = detail.to_owned();
        Self(ErrorReply {
            code,
            detail,
            retry_after_s: Some(retry_after_s),
        })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.status());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = cbor(self.0.encode());
        *response.status_mut() = status;
        if let Some(seconds) = self.0.retry_after_s {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<HubError> for Refusal {
    fn from(error: HubError) -> Self {
        if error.is_disk_full() {
            return Self::later(
                ErrorCode::DiskFull,
                "no room on this hub; keep everything",
                600,
            );
        }
        if matches!(error, HubError::NoOrganisation) {
            return Self::later(
                ErrorCode::Busy,
                "this hub belongs to no organisation yet",
                60,
            );
        }
        let detail = format!(
            "the hub failed; its log says why under fault {}",
            fault(&error)
        );
        Self::later(ErrorCode::Internal, &detail, 30)
    }
}

impl From<DecodeError> for Refusal {
    fn from(error: DecodeError) -> Self {
        let code = match error {
            DecodeError::NewerVersion { .. } => ErrorCode::NewerProtocol,
            DecodeError::TooLarge { .. } => ErrorCode::TooLarge,
            DecodeError::Malformed { .. }
            | DecodeError::Unsupported { .. }
            | DecodeError::NotCanonical
            | DecodeError::Trailing { .. }
            | DecodeError::TooDeep
            | DecodeError::Missing { .. }
            | DecodeError::WrongType { .. } => ErrorCode::Malformed,
        };
        Self::new(code, &error.to_string())
    }
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Decode(error) => error.into(),
            WireError::Cose(imena_core::encoding::CoseError::Decode(error)) => error.into(),
            WireError::Cose(_) | WireError::Other { .. } => {
                Self::new(ErrorCode::Forbidden, &error.to_string())
            }
        }
    }
}

/// A reply of status 200.
pub(crate) fn cbor(bytes: impl Into<Body>) -> Response {
    let mut response = Response::new(bytes.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Reads a whole body of at most `limit` bytes; a link that stays silent too long is given up.
pub(crate) async fn read_body(body: Body, limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut stream = body.into_data_stream();
    let mut all: Vec<u8> = Vec::new();
    while let Some(piece) = next_piece(&mut stream).await? {
        if all.len().saturating_add(piece.len()) > limit {
            let detail = format!("body over its limit of {limit} bytes");
            return Err(Refusal::new(ErrorCode::TooLarge, &detail));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

/// The next bytes of a body; `None` at its end.
pub(crate) async fn next_piece(
    stream: &mut axum::body::BodyDataStream,
) -> Result<Option<Bytes>, Refusal> {
    match tokio::time::timeout(IDLE_TIMEOUT, stream.next()).await {
        Err(_) => Err(Refusal::later(
            ErrorCode::Busy,
            "no byte came for too long",
            1,
        )),
        Ok(Some(Err(_))) => Err(Refusal::malformed("the body was cut")),
        Ok(Some(Ok(bytes))) => Ok(Some(bytes)),
        Ok(None) => Ok(None),
    }
}

/// Runs what touches disk or database on a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    inner: &Arc<Inner>,
    work: impl FnOnce(&Arc<Inner>) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let inner = Arc::clone(inner);
    let done = tokio::task::spawn_blocking(move || work(&inner)).await;
    done.unwrap_or_else(|_| Err(HubError::TaskEnded.into()))
}

/// The organisation, for signatures.
fn org(inner: &Inner) -> Result<OrgId, Refusal> {
    Ok(inner.org()?)
}

fn sealed_name(text: &str) -> Result<SealedName, Refusal> {
    let hash = Hash32::from_hex(text);
    hash.map(SealedName)
        .ok_or_else(|| Refusal::malformed("a file name is 64 hexadecimal digits"))
}
