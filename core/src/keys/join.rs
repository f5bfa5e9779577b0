//! The join QR: what a phone must know before any hub has seen it, and the six digits that two people compare (formats.md §7, wire.md).

use thiserror::Error;

use super::Roster;
use crate::encoding::{DecodeError, Hash32, Map, Value};
use crate::model::ids::{DeviceId, HubId, OrgId};

const PREFIX: &str = "IMENA1:";
/// A QR code of version 25 at the lowest level holds this many letters; larger ones are not read from a screen in the rain.
const TEXT_CHARS_MAX: usize = 1_800;
const CHECK_KEY: u64 = 3;

/// What a join QR says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinCode {
    /// The organisation, whose roster is believed from now on.
    pub org: OrgId,
    /// `age1…`: what to seal to before any roster has come.
    pub recipient: String,
    /// Hubs and how to reach them.
    pub hubs: Vec<JoinHub>,
}

/// A hub in a join QR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinHub {
    /// The hub.
    pub hub: HubId,
    /// SHA-256 of the SPKI of its TLS keys.
    pub tls_pins: Vec<Hash32>,
    /// `host:port`, in the order to try.
    pub addresses: Vec<String>,
}

/// Why a text is not a join code.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JoinError {
    /// Another QR code, or a part of one.
    #[error("not an Imena join code")]
    NotOne,
    /// A letter is wrong or missing.
    #[error("the join code is damaged: scan or paste it again")]
    Damaged,
    /// Of a newer version, or not in its one spelling.
    #[error("join code: {0}")]
    Decode(#[from] DecodeError),
}

impl JoinCode {
    /// The join code that a roster's organisation shows.
    ///
    /// # Errors
    /// `Damaged` if the roster has no usable recipient.
    pub fn of_roster(roster: &Roster) -> Result<Self, JoinError> {
        let recipient = roster.recipient().ok_or(JoinError::Damaged)?.to_owned();
        let hubs = roster.active_hubs().map(|line| {
            let hub = line.id().map_err(|_| JoinError::Damaged)?;
            let (tls_pins, addresses) = (line.tls_pins.clone(), line.addresses.clone());
            Ok(JoinHub {
                hub,
                tls_pins,
                addresses,
            })
        });
        Ok(Self {
            org: roster.org,
            recipient,
            hubs: hubs.collect::<Result<_, JoinError>>()?,
        })
    }

    /// The text of the QR code; only capitals, digits and a colon, so that the code stays small.
    ///
    /// # Errors
    /// `Damaged` if the recipient is not an age X25519 recipient.
    pub fn to_text(&self) -> Result<String, JoinError> {
        let map = self.fields()?;
        let check = check_of(&map);
        let bytes = map.bytes(CHECK_KEY, check).encode();
        Ok(format!(
            "{PREFIX}{}",
            data_encoding::BASE32_NOPAD.encode(&bytes)
        ))
    }

    /// Reads a scanned or pasted text; case and surrounding or inner white space do not matter.
    ///
    /// # Errors
    /// See [`JoinError`].
    pub fn parse(text: &str) -> Result<Self, JoinError> {
        if text.chars().count() > TEXT_CHARS_MAX {
            return Err(JoinError::NotOne);
        }
        let text: String = text
            .split_whitespace()
            .collect::<String>()
            .to_ascii_uppercase();
        let body = text.strip_prefix(PREFIX).ok_or(JoinError::NotOne)?;
        let bytes = data_encoding::BASE32_NOPAD.decode(body.as_bytes());
        let mut map =
            Map::decode(&bytes.map_err(|_| JoinError::Damaged)?).map_err(|_| JoinError::Damaged)?;
        let check = map.0.remove(&CHECK_KEY);
        if check.as_ref().and_then(Value::as_bytes) != Some(check_of(&map).as_slice()) {
            return Err(JoinError::Damaged);
        }
        let hubs = map.list(2, Value::as_map)?.into_iter().map(|line| {
            Ok(JoinHub {
                hub: line.need(0, HubId::from_value)?,
                tls_pins: line.list(1, Value::as_hash)?,
                addresses: line.list(2, |value| value.as_text().map(str::to_owned))?,
            })
        });
        Ok(Self {
            org: map.need(0, OrgId::from_value)?,
            recipient: bech32_of(map.need(1, Value::as_bytes)?).ok_or(JoinError::Damaged)?,
            hubs: hubs.collect::<Result<_, DecodeError>>()?,
        })
    }

    fn fields(&self) -> Result<Map, JoinError> {
        let hubs = self.hubs.iter().map(|line| {
            Map::new()
                .with(0, line.hub)
                .array(1, line.tls_pins.iter().map(|pin| Value::from(*pin)))
                .array(2, line.addresses.iter().map(Value::text))
                .into()
        });
        let raw = raw_of(&self.recipient).ok_or(JoinError::Damaged)?;
        Ok(Map::new().with(0, self.org).bytes(1, raw).array(2, hubs))
    }
}

/// The six figures that both screens show at enrolment.
#[must_use]
pub fn six_digits(
    device: DeviceId,
    hub: HubId,
    hub_nonce: &[u8; 32],
    own_nonce: &[u8; 32],
) -> String {
    let all = [device.as_bytes(), hub.as_bytes(), hub_nonce, own_nonce].concat();
    let first = Hash32::of(&all)
        .0
        .iter()
        .take(8)
        .fold(0_u64, |n, b| (n << 8) | u64::from(*b));
    format!("{:06}", first % 1_000_000)
}

fn check_of(map: &Map) -> Vec<u8> {
    Hash32::of(&map.encode())
        .0
        .iter()
        .take(4)
        .copied()
        .collect()
}

const HRP: bech32::Hrp = bech32::Hrp::parse_unchecked("age");

/// An age recipient is the Bech32 of 32 bytes: in a QR code the bytes are shorter.
fn raw_of(recipient: &str) -> Option<Vec<u8>> {
    let (hrp, bytes) = bech32::decode(recipient).ok()?;
    (hrp == HRP && bytes.len() == 32).then_some(bytes)
}

fn bech32_of(raw: &[u8]) -> Option<String> {
    (raw.len() == 32)
        .then(|| bech32::encode::<bech32::Bech32>(HRP, raw).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn code() -> JoinCode {
        let recipient = age::x25519::Identity::generate().to_public().to_string();
        let hub = JoinHub {
            hub: HubId(Hash32([2; 32])),
            tls_pins: vec![Hash32([3; 32])],
            addresses: vec!["192.0.2.7:7443".to_owned()],
        };
        JoinCode {
            org: OrgId(Hash32([1; 32])),
            recipient,
            hubs: vec![hub],
        }
    }

    #[test]
    fn a_join_code_is_read_back_in_any_case_and_with_line_breaks() {
        let text = code().to_text();
        let text = text.unwrap();
        let broken: String = text
            .to_lowercase()
            .chars()
            .flat_map(|c| [c, if c == 'a' { '\n' } else { ' ' }])
            .collect();
        assert_eq!(JoinCode::parse(&text).unwrap().hubs, code().hubs);
        assert!(JoinCode::parse(&broken).is_ok());
    }

    #[test]
    fn every_single_wrong_letter_of_a_join_code_is_noticed() {
        let text = code().to_text().unwrap();
        let good = JoinCode::parse(&text).unwrap();
        for at in PREFIX.len()..text.len() {
            let other: String = text
                .chars()
                .enumerate()
                .map(|(i, c)| {
                    if i != at {
                        c
                    } else if c == 'A' {
                        'B'
                    } else {
                        'A'
                    }
                })
                .collect();
            assert!(
                JoinCode::parse(&other).ok().as_ref() != Some(&good),
                "letter {at}"
            );
            assert!(JoinCode::parse(&other).is_err(), "letter {at}");
        }
        assert_eq!(
            JoinCode::parse("https://example.org"),
            Err(JoinError::NotOne)
        );
        assert_eq!(JoinCode::parse("IMENA1:"), Err(JoinError::Damaged));
    }

    #[test]
    fn both_screens_show_the_same_six_digits() {
        let digits = six_digits(
            DeviceId(Hash32([1; 32])),
            HubId(Hash32([2; 32])),
            &[3; 32],
            &[4; 32],
        );
        assert_eq!(digits.len(), 6);
        let swapped = six_digits(
            DeviceId(Hash32([1; 32])),
            HubId(Hash32([2; 32])),
            &[4; 32],
            &[3; 32],
        );
        assert_ne!(digits, swapped);
    }
}
