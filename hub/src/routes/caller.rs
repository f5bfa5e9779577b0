//! Who asks: read from the head of a request, before its body, and told to the place that its
//! connection has.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use imena_core::encoding::Hash32;
use imena_core::model::ids::DeviceId;
use imena_core::sync::wire::{ErrorCode, TOKEN_SCHEME};

use super::{Refusal, blocking};
use crate::hub::Inner;
use crate::rooms::{Seat, Standing};

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub device: DeviceId,
    pub is_member: bool,
}

/// The place of the connection that a request came on; none in a test without sockets.
#[derive(Clone)]
pub(crate) struct Door(Option<Seat>);

/// A [`Door`] at which a member is known by its ended token: good for asking for a session.
pub(crate) struct SessionDoor(pub Door);

impl Door {
    /// Notes that a member has shown itself on this connection.
    pub fn is_member(&self, device: DeviceId) {
        self.rise(Standing::Member(Some(device)));
    }

    fn rise(&self, shown: Standing) {
        if let Some(seat) = &self.0 {
            seat.rise(shown);
        }
    }

    fn of(parts: &Parts) -> Self {
        Self(parts.extensions.get::<Seat>().cloned())
    }
}

impl FromRequestParts<Arc<Inner>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        inner: &Arc<Inner>,
    ) -> Result<Self, Self::Rejection> {
        let refused = || {
            Refusal::new(
                ErrorCode::Token,
                "token unknown or expired; ask for a session",
            )
        };
        let token = token(&parts.headers).ok_or_else(refused)?;
        let door = Door::of(parts);
        let device = blocking(inner, move |inner| Ok(inner.token_device(&token)?)).await?;
        let device = device.ok_or_else(refused)?;
        let is_member = inner.is_member(device);
        door.rise(match is_member {
            true => Standing::Member(Some(device)),
            false => Standing::Unclaimed,
        });
        Ok(Self { device, is_member })
    }
}

impl FromRequestParts<Arc<Inner>> for Door {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &Arc<Inner>,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts))
    }
}

impl FromRequestParts<Arc<Inner>> for SessionDoor {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        inner: &Arc<Inner>,
    ) -> Result<Self, Self::Rejection> {
        let door = Door::of(parts);
        if let Some(token) = token(&parts.headers) {
            let member = blocking(inner, move |inner| Ok(inner.known_member(&token)?)).await?;
            if let Some(device) = member {
                door.is_member(device);
            }
        }
        Ok(Self(door))
    }
}

fn token(headers: &HeaderMap) -> Option<Hash32> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    Hash32::from_hex(value.strip_prefix(TOKEN_SCHEME)?.trim())
}
