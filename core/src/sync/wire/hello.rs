//! `GET /v1/hello`: the hub says who it is; also how a captive portal is told from a hub.

use super::{
    Nonce, PROTOCOL, SMALL_MESSAGE_BYTES_MAX, WireError, bytes32, flag, open_with_own_key,
};
use crate::encoding::cbor::within;
use crate::encoding::signature::Algorithm;
use crate::encoding::{Map, PublicKey, Value, What, cose};
use crate::model::ids::{HubId, OrgId};

/// What a hub takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest run inside a sync request, bytes.
    pub inline_run_bytes_max: u64,
    /// Most offers of a sync request.
    pub offers_max: u64,
    /// Largest piece of a PUT, bytes.
    pub piece_bytes_max: u64,
}

/// A hub's word on itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The organisation.
    pub org: OrgId,
    /// The hub.
    pub hub: HubId,
    /// The nonce that was asked with.
    pub nonce: Nonce,
    /// The hub's clock, ms.
    pub now_ms: i64,
    /// Protocol versions that it speaks.
    pub versions: Vec<u64>,
    /// What it takes.
    pub limits: Limits,
    /// Version of the roster that it has.
    pub roster_version: u64,
    /// Good for one session or enrolment within 10 minutes.
    pub hub_nonce: Nonce,
    /// DER SPKI of its signing key.
    pub hub_spki: Vec<u8>,
    /// Whether it stores without being able to read.
    pub is_locked: bool,
}

impl Hello {
    /// Signs the hello.
    ///
    /// # Errors
    /// `sign`'s.
    pub fn sign<E>(
        &self,
        key: &PublicKey,
        sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let limits = Map::new()
            .uint(0, self.limits.inline_run_bytes_max)
            .uint(1, self.limits.offers_max)
            .uint(2, self.limits.piece_bytes_max);
        let payload = Map::new()
            .uint(0, PROTOCOL)
            .with(1, self.org)
            .with(2, self.hub)
            .bytes(3, self.nonce)
            .int(4, self.now_ms)
            .array(5, self.versions.iter().map(|version| Value::Uint(*version)))
            .with(6, limits)
            .uint(7, self.roster_version)
            .bytes(8, self.hub_nonce)
            .bytes(9, &self.hub_spki)
            .uint(10, u64::from(self.is_locked));
        cose::sign1(What::Hello, key, &self.org.0, payload.encode(), sign)
    }

    /// Reads the answer to `nonce` and checks that `hub` signed it: the hub is known by its id from
    /// the join code or roster.
    ///
    /// # Errors
    /// Not this hub's, not of this organisation, not the answer to this nonce.
    pub fn open(bytes: &[u8], org: OrgId, hub: HubId, nonce: &Nonce) -> Result<Self, WireError> {
        within("hello", bytes, SMALL_MESSAGE_BYTES_MAX)?;
        let (key, map) = open_with_own_key(bytes, What::Hello, org, 9, Algorithm::EdDsa)?;
        if HubId(key.id()) != hub || map.need(2, HubId::from_value)? != hub {
            return Err(WireError::Other { what: "hub" });
        }
        let limits = map.need(6, Value::as_map)?;
        let hello = Self {
            org,
            hub,
            nonce: map.need(3, bytes32)?,
            now_ms: map.need(4, Value::as_int)?,
            versions: map.list(5, Value::as_uint)?,
            limits: Limits {
                inline_run_bytes_max: limits.need(0, Value::as_uint)?,
                offers_max: limits.need(1, Value::as_uint)?,
                piece_bytes_max: limits.need(2, Value::as_uint)?,
            },
            roster_version: map.need(7, Value::as_uint)?,
            hub_nonce: map.need(8, bytes32)?,
            hub_spki: key.spki().to_vec(),
            is_locked: map.need(10, flag)?,
        };
        if hello.nonce != *nonce {
            return Err(WireError::Other { what: "question" });
        }
        Ok(hello)
    }
}
