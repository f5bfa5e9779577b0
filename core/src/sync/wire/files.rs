//! The reply to `PUT /v1/files/<sealed>`.

use super::{SMALL_MESSAGE_BYTES_MAX, flag, owned};
use crate::encoding::cbor::within;
use crate::encoding::limits::SIGNED_BYTES_MAX;
use crate::encoding::{DecodeError, Map, Value};

/// What the hub has of a file after a PUT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutReply {
    /// Bytes that the hub has: where the next piece begins. May be less than was sent.
    pub have: u64,
    /// Whether the file is complete, re-hashed, durable and receipted.
    pub is_stored: bool,
    /// The receipt, once stored.
    pub receipt: Option<Vec<u8>>,
}

impl PutReply {
    /// Encodes the reply.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Map::new()
            .uint(0, self.have)
            .uint(1, u64::from(self.is_stored))
            .with_some(2, self.receipt.as_ref().map(Value::bytes))
            .encode()
    }

    /// Decodes a reply.
    ///
    /// # Errors
    /// Another spelling, or over the limit.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let limit = SIGNED_BYTES_MAX.saturating_add(SMALL_MESSAGE_BYTES_MAX);
        within("put reply", bytes, limit)?;
        let map = Map::decode(bytes)?;
        Ok(Self {
            have: map.need(0, Value::as_uint)?,
            is_stored: map.need(1, flag)?,
            receipt: map.may(2, owned)?,
        })
    }
}
