//! What a hub says when it does not do what was asked.

use super::SMALL_MESSAGE_BYTES_MAX;
use crate::encoding::cbor::within;
use crate::encoding::{DecodeError, Map, Value};

/// Why; the phone acts on this, not on the detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request is not what wire.md says: sending it again is of no use.
    Malformed,
    /// The token is unknown or expired: ask for a new session.
    Token,
    /// Not allowed, or somebody stands between.
    Forbidden,
    /// There is no such path.
    UnknownPath,
    /// Over a limit: send smaller pieces.
    TooLarge,
    /// Another enrolment stands in the way: this one cannot go on.
    Conflict,
    /// Not now: try again later.
    Busy,
    /// The hub's disk is full, or the quota is used up: keep everything.
    DiskFull,
    /// The phone's program is too old for this organisation.
    NewerProtocol,
    /// The hub failed: try again later.
    Internal,
    /// A code of a newer hub: the status number says the rest.
    Unknown,
}

impl ErrorCode {
    const TABLE: &'static [(Self, &'static str, u16)] = &[
        (Self::Malformed, "malformed", 400),
        (Self::Token, "token", 401),
        (Self::Forbidden, "forbidden", 403),
        (Self::UnknownPath, "unknown_path", 404),
        (Self::TooLarge, "too_large", 413),
        (Self::Conflict, "conflict", 409),
        (Self::Busy, "busy", 503),
        (Self::DiskFull, "disk_full", 507),
        (Self::NewerProtocol, "newer_protocol", 426),
        (Self::Internal, "internal", 500),
        (Self::Unknown, "unknown", 500),
    ];

    /// The word on the wire.
    #[must_use]
    pub fn text(self) -> &'static str {
        Self::TABLE
            .iter()
            .find(|row| row.0 == self)
            .map_or("unknown", |row| row.1)
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub fn status(self) -> u16 {
        Self::TABLE
            .iter()
            .find(|row| row.0 == self)
            .map_or(500, |row| row.2)
    }

    fn from_text(text: &str) -> Self {
        Self::TABLE
            .iter()
            .find(|row| row.1 == text)
            .map_or(Self::Unknown, |row| row.0)
    }
}

/// The body of every reply with a status of 400 or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorReply {
    /// Why.
    pub code: ErrorCode,
    /// For people who look for the cause; no personal data.
    pub detail: String,
    /// Seconds to wait before the next try.
    pub retry_after_s: Option<u64>,
}

impl ErrorReply {
    /// Encodes the reply.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Map::new()
            .text(0, self.code.text())
            .text(1, &self.detail)
            .with_some(2, self.retry_after_s.map(Value::Uint))
            .encode()
    }

    /// Decodes a reply.
    ///
    /// # Errors
    /// Another spelling, or over the limit: not the hub's.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        within("error reply", bytes, SMALL_MESSAGE_BYTES_MAX)?;
        let map = Map::decode(bytes)?;
        Ok(Self {
            code: ErrorCode::from_text(map.need(0, Value::as_text)?),
            detail: map.need(1, Value::as_text)?.to_owned(),
            retry_after_s: map.may(2, Value::as_uint)?,
        })
    }
}
