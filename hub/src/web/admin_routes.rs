//! `/admin/…`: what another process of the operator asks of a running hub; bodies as in
//! [`crate::admin`].

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use imena_core::encoding::Map;
use imena_core::encoding::limits::SIGNED_BYTES_MAX;
use zeroize::Zeroizing;

use crate::admin::{Pending, Unlock, decode_dismiss, encode_line};
use crate::error::HubError;
use crate::hub::Inner;
use crate::routes::{cbor, read_body};

type Hubs = State<Arc<Inner>>;
const UNLOCK_BYTES_MAX: usize = 1024;
const DISMISS_BYTES_MAX: usize = 64;

/// A refusal in words: the operator's terminal shows it.
pub(super) struct Refused(HubError);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::UNPROCESSABLE_ENTITY, self.0.to_string()).into_response()
    }
}

impl From<HubError> for Refused {
    fn from(error: HubError) -> Self {
        Self(error)
    }
}

pub(super) async fn line(State(inner): Hubs) -> Response {
    cbor(encode_line(inner.keys.line()))
}

pub(super) async fn pending(State(inner): Hubs) -> Result<Response, Refused> {
    Ok(cbor(Pending::encode_all(&inner.pending()?)))
}

pub(super) async fn dismiss(State(inner): Hubs, body: Body) -> Result<Response, Response> {
    let bytes = read_body(body, DISMISS_BYTES_MAX)
        .await
        .map_err(IntoResponse::into_response)?;
    let dismissed = run(move || inner.dismiss_enrolment(decode_dismiss(&bytes)?)).await;
    dismissed.map_err(IntoResponse::into_response)
}

pub(super) async fn status(State(inner): Hubs) -> Result<Response, Refused> {
    Ok(cbor(inner.status()?.encode()))
}

pub(super) async fn roster(State(inner): Hubs, body: Body) -> Result<Response, Response> {
    let bytes = read_body(body, SIGNED_BYTES_MAX)
        .await
        .map_err(IntoResponse::into_response)?;
    let accepted = run(move || inner.accept_roster(&bytes)).await;
    accepted.map_err(IntoResponse::into_response)
}

pub(super) async fn unlock(State(inner): Hubs, body: Body) -> Result<Response, Response> {
    let bytes = read_body(body, UNLOCK_BYTES_MAX)
        .await
        .map_err(IntoResponse::into_response)?;
    let bytes = Zeroizing::new(bytes);
    let unlocked = run(move || inner.unlock(Unlock::decode(&bytes)?)).await;
    unlocked.map_err(IntoResponse::into_response)
}

pub(super) async fn lock(State(inner): Hubs) -> Result<Response, Refused> {
    run(move || {
        inner.chain.lock();
        Ok(())
    })
    .await
}

pub(super) async fn sign_in(State(inner): Hubs) -> Result<Response, Refused> {
    Ok(cbor(Map::new().text(0, inner.sign_in_path()?).encode()))
}

async fn run(
    work: impl FnOnce() -> Result<(), HubError> + Send + 'static,
) -> Result<Response, Refused> {
    let done = tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(HubError::TaskEnded));
    done?;
    Ok(cbor(Map::new().encode()))
}
