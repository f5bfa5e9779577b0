//! `POST /v1/enroll`: a device asks to join; two people compare six digits.

use super::{
    ENROLL_REPLY_BYTES_MAX, NAME_CHARS_MAX, Nonce, PROTOCOL, SMALL_MESSAGE_BYTES_MAX, WireError,
    bytes32, name, open_with_own_key, owned,
};
use crate::encoding::cbor::within;
use crate::encoding::signature::Algorithm;
use crate::encoding::{DecodeError, Map, PublicKey, Value, What, cose};
use crate::keys::six_digits;
use crate::model::ids::{DeviceId, HubId, OrgId};

/// A device's wish to join.
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
    /// The device's own.
    pub own_nonce: Nonce,
}

/// Whether a device belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolment {
    /// Not yet: a person must compare the digits.
    Pending,
    /// The roster names it.
    Member,
}

/// The hub's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrollReply {
    /// Whether the device belongs.
    pub state: Enrolment,
    /// What both screens show.
    pub digits: String,
    /// The roster, for a member.
    pub roster: Option<Vec<u8>>,
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
            .bytes(6, self.own_nonce);
        cose::sign1(What::Enroll, key, &self.org.0, payload.encode(), sign)
    }

    /// Reads a request to `hub` and checks that the device it names signed it.
    ///
    /// # Errors
    /// For another organisation or hub, or a signature that does not fit.
    pub fn open(bytes: &[u8], org: OrgId, hub: HubId) -> Result<Self, WireError> {
        within("enrolment", bytes, SMALL_MESSAGE_BYTES_MAX)?;
        let (key, map) = open_with_own_key(bytes, What::Enroll, org, 3, Algorithm::Es256)?;
        if map.need(2, HubId::from_value)? != hub {
            return Err(WireError::Other { what: "hub" });
        }
        Ok(Self {
            org,
            hub,
            device_spki: key.spki().to_vec(),
            name: map.need(4, name)?,
            hub_nonce: map.need(5, bytes32)?,
            own_nonce: map.need(6, bytes32)?,
        })
    }

    /// The device that asks.
    ///
    /// # Errors
    /// Its SPKI is not a key.
    pub fn device(&self) -> Result<DeviceId, WireError> {
        Ok(DeviceId(PublicKey::from_spki(&self.device_spki)?.id()))
    }

    /// What both screens show.
    ///
    /// # Errors
    /// The SPKI is not a key.
    pub fn digits(&self) -> Result<String, WireError> {
        Ok(six_digits(
            self.device()?,
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
        let state = match self.state {
            Enrolment::Pending => "pending",
            Enrolment::Member => "member",
        };
        Map::new()
            .text(0, state)
            .text(1, &self.digits)
            .with_some(2, self.roster.as_ref().map(Value::bytes))
            .encode()
    }

    /// Decodes a reply.
    ///
    /// # Errors
    /// Another spelling, or over the limit.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        within("enrol reply", bytes, ENROLL_REPLY_BYTES_MAX)?;
        let map = Map::decode(bytes)?;
        let state = map.need(0, |value| match value.as_text()? {
            "pending" => Some(Enrolment::Pending),
            "member" => Some(Enrolment::Member),
            // A word from the wire, not an enum of ours.
            _ => None,
        })?;
        Ok(Self {
            state,
            digits: map.need(1, digits)?,
            roster: map.may(2, owned)?,
        })
    }
}

fn digits(value: &Value) -> Option<String> {
    let text = value.as_text()?;
    let are_six = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    are_six.then(|| text.to_owned())
}
