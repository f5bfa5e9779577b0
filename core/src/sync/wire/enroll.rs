//! `POST /v1/enroll`, then `POST /v1/reveal`: a device asks to join; two people compare six digits.
//!
//! Owns both requests and their reply. Invariant: the digits follow from two nonces of which neither
//! end can choose its own after it saw the other's: the device commits, the hub answers, the device
//! reveals.

use super::{
    ENROLL_REPLY_BYTES_MAX, NAME_CHARS_MAX, Nonce, PROTOCOL, SMALL_MESSAGE_BYTES_MAX, WireError,
    bytes32, name, open_of_device, owned,
};
use crate::encoding::cbor::within;
use crate::encoding::{DecodeError, Hash32, Map, PublicKey, Value, What, cose};
use crate::keys::six_digits;
use crate::model::ids::{DeviceId, HubId, OrgId};

/// A device's wish to join, with its nonce still hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrollRequest {
    /// The organisation.
    pub org: OrgId,
    /// The hub.
    pub hub: HubId,
    /// DER SPKI of the device's signing key.
    pub device_spki: Vec<u8>,
    /// For people; at most [`NAME_CHARS_MAX`] characters.
    pub name: String,
    /// From the hub's hello.
    pub hub_nonce: Nonce,
    /// SHA-256 of the device's own nonce, see [`commitment`].
    pub commitment: Hash32,
}

/// The device's own nonce, after the hub has answered with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevealRequest {
    /// The organisation.
    pub org: OrgId,
    /// The hub.
    pub hub: HubId,
    /// DER SPKI of the device's signing key.
    pub device_spki: Vec<u8>,
    /// The hub's answer to the commitment.
    pub hub_nonce: Nonce,
    /// The nonce that was committed to.
    pub own_nonce: Nonce,
}

/// The hub's answer to either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnrollReply {
    /// The commitment stands; the device may reveal.
    Begun {
        /// Drawn after the commitment came.
        hub_nonce: Nonce,
    },
    /// Revealed: a person must compare the digits.
    Pending,
    /// The roster names the device.
    Member {
        /// The roster.
        roster: Option<Vec<u8>>,
    },
}

/// What a device says of its nonce before it shows it.
#[must_use]
pub fn commitment(own_nonce: &Nonce) -> Hash32 {
    Hash32::of(own_nonce)
}

impl EnrollRequest {
    /// Signs the request with the device's key, whose SPKI it must carry.
    ///
    /// # Errors
    /// `sign`'s.
    pub fn sign<E>(
        &self,
        key: &PublicKey,
        sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let shown: String = self.name.chars().take(NAME_CHARS_MAX).collect();
        let payload = Map::new()
            .uint(0, PROTOCOL)
            .with(1, self.org)
            .with(2, self.hub)
            .bytes(3, &self.device_spki)
            .text(4, shown)
            .bytes(5, self.hub_nonce)
            .with(6, self.commitment);
        cose::sign1(What::Enroll, key, &self.org.0, payload.encode(), sign)
    }

    /// Reads a request to `hub` and checks that the device it names signed it.
    ///
    /// # Errors
    /// For another organisation or hub, or a signature that does not fit.
    pub fn open(bytes: &[u8], org: OrgId, hub: HubId) -> Result<Self, WireError> {
        within("enrolment", bytes, SMALL_MESSAGE_BYTES_MAX)?;
        let (key, map) = open_of_device(bytes, What::Enroll, (org, hub), 3)?;
        Ok(Self {
            org,
            hub,
            device_spki: key.spki().to_vec(),
            name: map.need(4, name)?,
            hub_nonce: map.need(5, bytes32)?,
            commitment: map.need(6, Value::as_hash)?,
        })
    }

    /// The device that asks.
    ///
    /// # Errors
    /// Its SPKI is not a key.
    pub fn device(&self) -> Result<DeviceId, WireError> {
        device_of(&self.device_spki)
    }
}

impl RevealRequest {
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
            .bytes(3, &self.device_spki)
            .bytes(4, self.hub_nonce)
            .bytes(5, self.own_nonce);
        cose::sign1(What::Reveal, key, &self.org.0, payload.encode(), sign)
    }

    /// Reads a request to `hub` and checks that the device it names signed it.
    ///
    /// # Errors
    /// For another organisation or hub, or a signature that does not fit.
    pub fn open(bytes: &[u8], org: OrgId, hub: HubId) -> Result<Self, WireError> {
        within("reveal", bytes, SMALL_MESSAGE_BYTES_MAX)?;
        let (key, map) = open_of_device(bytes, What::Reveal, (org, hub), 3)?;
        Ok(Self {
            org,
            hub,
            device_spki: key.spki().to_vec(),
            hub_nonce: map.need(4, bytes32)?,
            own_nonce: map.need(5, bytes32)?,
        })
    }

    /// The device that asks.
    ///
    /// # Errors
    /// Its SPKI is not a key.
    pub fn device(&self) -> Result<DeviceId, WireError> {
        device_of(&self.device_spki)
    }

    /// What both screens show.
    ///
    /// # Errors
    /// The SPKI is not a key.
    pub fn digits(&self) -> Result<String, WireError> {
        let device = self.device()?;
        Ok(six_digits(
            device,
            self.hub,
            &self.hub_nonce,
            &self.own_nonce,
        ))
    }
}

impl EnrollReply {
    /// Encodes the reply.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Begun { hub_nonce } => Map::new().text(0, "begun").bytes(1, hub_nonce),
            Self::Pending => Map::new().text(0, "pending"),
            Self::Member { roster } => Map::new()
                .text(0, "member")
                .with_some(2, roster.as_ref().map(Value::bytes)),
        }
        .encode()
    }

    /// Decodes a reply.
    ///
    /// # Errors
    /// Another spelling, or over the limit.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        within("enrol reply", bytes, ENROLL_REPLY_BYTES_MAX)?;
        let map = Map::decode(bytes)?;
        match map.need(0, Value::as_text)? {
            "begun" => Ok(Self::Begun {
                hub_nonce: map.need(1, bytes32)?,
            }),
            "pending" => Ok(Self::Pending),
            "member" => Ok(Self::Member {
                roster: map.may(2, owned)?,
            }),
            // A word from the wire, not an enum of ours: read as one of the wrong kind.
            _ => map.need(0, |_| None),
        }
    }
}

fn device_of(spki: &[u8]) -> Result<DeviceId, WireError> {
    Ok(DeviceId(PublicKey::from_spki(spki)?.id()))
}
