//! `POST /v1/session`: a device proves its key and says which certificate and which receipts it
//! saw; it gets a token.

use super::{
    Nonce, PROTOCOL, SESSION_BYTES_MAX, SMALL_MESSAGE_BYTES_MAX, WireError, bytes16, bytes32,
    open_of_device, spki,
};
use crate::encoding::cbor::within;
use crate::encoding::{DecodeError, Hash32, Map, PublicKey, Value, What, cose};
use crate::model::ids::{DeviceId, EntryId, HubId, OrgId};

/// The end of the device's own chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnHead {
    /// Last seq.
    pub seq: u64,
    /// Its id.
    pub entry_id: EntryId,
}

/// A device's wish for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRequest {
    /// The organisation.
    pub org: OrgId,
    /// The hub.
    pub hub: HubId,
    /// SHA-256 of the SPKI of the certificate that the device saw: another one than the hub's own
    /// means that somebody stands between.
    pub pin_seen: Hash32,
    /// From the hub's hello.
    pub hub_nonce: Nonce,
    /// End of the own chain, if it has begun.
    pub own_head: Option<OwnHead>,
    /// The last receipt of this hub as received, COSE, if there was one: a hub that does not know
    /// its own signed word was set back to an older copy, whoever shows it.
    pub last_receipt: Option<Vec<u8>>,
    /// DER SPKI of the device's signing key.
    pub device_spki: Vec<u8>,
}

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// Everything.
    Member,
    /// Sending, within a quota: the roster does not name the device yet.
    Unclaimed,
}

/// The hub's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionReply {
    /// The token.
    pub token: Nonce,
    /// By the hub's clock, ms.
    pub expires_ms: i64,
    /// What it is good for.
    pub state: TokenState,
    /// The hub's epoch.
    pub epoch: [u8; 16],
}

impl OwnHead {
    pub(super) fn read(map: &Map) -> Result<Self, DecodeError> {
        let entry_id = map.need(1, EntryId::from_value)?;
        Ok(Self {
            seq: map.need(0, Value::as_uint)?,
            entry_id,
        })
    }

    pub(super) fn to_map(self) -> Map {
        Map::new().uint(0, self.seq).with(1, self.entry_id)
    }
}

impl SessionRequest {
    /// Signs the request with the device's key, whose SPKI it must carry.
    ///
    /// # Errors
    /// `sign`'s.
    pub fn sign<E>(
        &self,
        key: &PublicKey,
        sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let payload = Map::new()
            .uint(0, PROTOCOL)
            .with(1, self.org)
            .with(2, self.hub)
            .with(3, self.pin_seen)
            .bytes(4, self.hub_nonce)
            .with_some(5, self.own_head.map(OwnHead::to_map))
            .with_some(6, self.last_receipt.clone().map(Value::Bytes))
            .bytes(7, &self.device_spki);
        cose::sign1(What::Session, key, &self.org.0, payload.encode(), sign)
    }

    /// Reads a request to `hub` and checks that the device it names signed it.
    ///
    /// # Errors
    /// For another organisation or hub, or a signature that does not fit.
    pub fn open(bytes: &[u8], org: OrgId, hub: HubId) -> Result<Self, WireError> {
        within("session request", bytes, SESSION_BYTES_MAX)?;
        let (key, map) = open_of_device(bytes, What::Session, (org, hub), 7)?;
        Ok(Self {
            org,
            hub,
            pin_seen: map.need(3, Value::as_hash)?,
            hub_nonce: map.need(4, bytes32)?,
            own_head: map.may(5, Value::as_map)?.map(OwnHead::read).transpose()?,
            last_receipt: map.may(6, Value::as_bytes)?.map(<[u8]>::to_vec),
            device_spki: map.need(7, spki).map(|_| key.spki().to_vec())?,
        })
    }

    /// The device that asks.
    ///
    /// # Errors
    /// Its SPKI is not a key.
    pub fn device(&self) -> Result<DeviceId, WireError> {
        Ok(DeviceId(PublicKey::from_spki(&self.device_spki)?.id()))
    }
}

impl SessionReply {
    /// Encodes the reply.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let state = match self.state {
            TokenState::Member => "member",
            TokenState::Unclaimed => "unclaimed",
        };
        Map::new()
            .bytes(0, self.token)
            .int(1, self.expires_ms)
            .text(2, state)
            .bytes(3, self.epoch)
            .encode()
    }

    /// Decodes a reply.
    ///
    /// # Errors
    /// Another spelling, or over the limit.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        within("session reply", bytes, SMALL_MESSAGE_BYTES_MAX)?;
        let map = Map::decode(bytes)?;
        let state = map.need(2, |value| match value.as_text()? {
            "member" => Some(TokenState::Member),
            "unclaimed" => Some(TokenState::Unclaimed),
            // A word from the wire, not an enum of ours.
            _ => None,
        })?;
        Ok(Self {
            token: map.need(0, bytes32)?,
            expires_ms: map.need(1, Value::as_int)?,
            state,
            epoch: map.need(3, bytes16)?,
        })
    }
}
