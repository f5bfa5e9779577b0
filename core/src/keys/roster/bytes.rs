//! The roster's map: its keys and lines (formats.md §7).

use super::{
    Authority, Freeing, Granted, LastGoodEntry, LastGoodReceipt, LineState, Policy, Recipient,
    Right, Roster, RosterDevice, RosterError, RosterHub, key_id,
};
use crate::encoding::{DecodeError, Map, Value};
use crate::model::ids::{DeviceId, EntryId, OrgId, ReceiptId, SubjectId};

const VERSION: u64 = 1;
/// Keys above this belong to newer versions. Key 9 is not used.
const KEY_MAX: u64 = 15;

impl LineState {
    fn number(self) -> u64 {
        match self {
            Self::Active => 0,
            Self::Retired => 1,
            Self::Lost => 2,
            Self::Revoked => 3,
            Self::Newer(number) => number,
        }
    }

    fn from_value(value: &Value) -> Option<Self> {
        Some(match value.as_uint()? {
            0 => Self::Active,
            1 => Self::Retired,
            2 => Self::Lost,
            3 => Self::Revoked,
            number @ 4.. => Self::Newer(number),
        })
    }
}

impl Recipient {
    fn to_value(&self) -> Value {
        Map::new()
            .uint(0, self.epoch)
            .text(1, &self.recipient)
            .uint(2, self.state.number())
            .into()
    }

    fn from_map(map: &Map) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: map.need(0, Value::as_uint)?,
            recipient: text(map, 1)?,
            state: map.need(2, LineState::from_value)?,
        })
    }
}

impl RosterHub {
    /// Encodes the line, as it stands in a roster and as a hub shows it to its operator.
    #[must_use]
    pub fn to_map(&self) -> Map {
        let last_good = self.last_good.map(|last| {
            let map = Map::new().bytes(0, last.epoch).uint(1, last.hub_seq);
            Value::from(map.with(2, last.receipt))
        });
        Map::new()
            .with_some(0, self.id().ok())
            .bytes(1, &self.spki)
            .array(2, self.tls_pins.iter().map(|pin| Value::from(*pin)))
            .array(3, self.addresses.iter().map(Value::text))
            .text(4, &self.name)
            .uint(5, self.state.number())
            .with_some(6, last_good)
    }

    /// Reads a line.
    ///
    /// # Errors
    /// A key is missing or of another type.
    pub fn from_map(map: &Map) -> Result<Self, DecodeError> {
        let last_good = map.may(6, Value::as_map)?.map(|last| {
            Ok::<_, DecodeError>(LastGoodReceipt {
                epoch: last.need(0, |v| v.as_bytes().and_then(|b| b.try_into().ok()))?,
                hub_seq: last.need(1, Value::as_uint)?,
                receipt: last.need(2, ReceiptId::from_value)?,
            })
        });
        Ok(Self {
            spki: bytes(map, 1)?,
            tls_pins: map.list(2, Value::as_hash)?,
            addresses: map.list(3, |value| value.as_text().map(str::to_owned))?,
            name: text(map, 4)?,
            state: map.need(5, LineState::from_value)?,
            last_good: last_good.transpose()?,
        })
    }
}

impl RosterDevice {
    fn to_value(&self) -> Value {
        let last_good = self
            .last_good
            .map(|last| Value::from(Map::new().uint(0, last.seq).with(1, last.entry)));
        Map::new()
            .with_some(0, self.id().ok())
            .bytes(1, &self.spki)
            .text(2, &self.name)
            .text(3, &self.team)
            .uint(4, self.state.number())
            .with_some(5, last_good)
            .into()
    }

    fn from_map(map: &Map) -> Result<Self, DecodeError> {
        let last_good = map.may(5, Value::as_map)?.map(|last| {
            Ok::<_, DecodeError>(LastGoodEntry {
                seq: last.need(0, Value::as_uint)?,
                entry: last.need(1, EntryId::from_value)?,
            })
        });
        Ok(Self {
            spki: bytes(map, 1)?,
            name: text(map, 2)?,
            team: text(map, 3)?,
            state: map.need(4, LineState::from_value)?,
            last_good: last_good.transpose()?,
        })
    }
}

impl Authority {
    fn to_value(&self) -> Value {
        Map::new()
            .with_some(0, key_id(&self.spki).ok())
            .bytes(1, &self.spki)
            .text(2, &self.name)
            .uint(3, self.state.number())
            .into()
    }

    fn from_map(map: &Map) -> Result<Self, DecodeError> {
        Ok(Self {
            spki: bytes(map, 1)?,
            name: text(map, 2)?,
            state: map.need(3, LineState::from_value)?,
        })
    }
}

impl Granted {
    fn to_value(&self) -> Value {
        let map = Map::new().text(0, self.issuer.to_string());
        map.with_some(1, self.device).text(2, &self.name).into()
    }

    fn from_map(map: &Map) -> Result<Self, DecodeError> {
        Ok(Self {
            issuer: map.need(0, |v| v.as_text().and_then(|t| t.parse().ok()))?,
            device: map.may(1, DeviceId::from_value)?,
            name: text(map, 2)?,
        })
    }
}

impl Right {
    fn to_value(&self) -> Value {
        Map::new()
            .with(0, self.operator)
            .text(1, &self.name)
            .text(2, &self.role)
            .with(3, self.badge_sha256)
            .into()
    }

    fn from_map(map: &Map) -> Result<Self, DecodeError> {
        Ok(Self {
            operator: map.need(0, SubjectId::from_value)?,
            name: text(map, 1)?,
            role: text(map, 2)?,
            badge_sha256: map.need(3, Value::as_hash)?,
        })
    }
}

impl Policy {
    fn to_map(self) -> Map {
        let freeing = match self.freeing {
            Freeing::Allowed => 1,
            Freeing::Forbidden => 0,
        };
        Map::new()
            .uint(0, self.holders_min)
            .uint(1, self.days_min)
            .uint(2, freeing)
    }

    fn from_map(map: &Map) -> Result<Self, DecodeError> {
        let freeing = match map.need(2, Value::as_uint)? {
            1 => Freeing::Allowed,
            0 => Freeing::Forbidden,
            2.. => return Err(DecodeError::WrongType { key: 2 }),
        };
        Ok(Self {
            holders_min: map.need(0, Value::as_uint)?.max(1),
            days_min: map.need(1, Value::as_uint)?,
            freeing,
        })
    }
}

impl Roster {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut map = Map::new()
            .uint(0, VERSION)
            .with(1, self.org)
            .uint(2, self.version)
            .bytes(3, &self.org_spki)
            .array(4, self.recipients.iter().map(Recipient::to_value))
            .array(5, self.hubs.iter().map(|line| line.to_map().into()))
            .array(6, self.authorities.iter().map(Authority::to_value))
            .array(7, self.issuers.iter().map(Granted::to_value))
            .array(8, self.devices.iter().map(RosterDevice::to_value))
            .with(10, self.policy.to_map())
            .uint(11, self.protocol_min)
            .int(12, self.issued_ms)
            .array(13, self.successions.iter().map(Value::bytes))
            .array(14, self.rights.iter().map(Right::to_value))
            .with_some(15, self.previous);
        for (key, value) in &self.newer.0 {
            map.0.entry(*key).or_insert_with(|| value.clone());
        }
        map.encode()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, RosterError> {
        let map = Map::decode(bytes)?;
        map.version(VERSION)?;
        let newer = map.0.iter().filter(|(key, _)| **key > KEY_MAX);
        Ok(Self {
            org: map.need(1, OrgId::from_value)?,
            version: map.need(2, Value::as_uint)?,
            org_spki: self::bytes(&map, 3)?,
            recipients: lines(&map, 4, Recipient::from_map)?,
            hubs: lines(&map, 5, RosterHub::from_map)?,
            authorities: lines(&map, 6, Authority::from_map)?,
            issuers: lines(&map, 7, Granted::from_map)?,
            devices: lines(&map, 8, RosterDevice::from_map)?,
            policy: Policy::from_map(map.need(10, Value::as_map)?)?,
            protocol_min: map.need(11, Value::as_uint)?,
            issued_ms: map.need(12, Value::as_int)?,
            successions: map.list(13, |value| value.as_bytes().map(<[u8]>::to_vec))?,
            rights: lines(&map, 14, Right::from_map)?,
            previous: map.may(15, Value::as_hash)?,
            newer: Map(newer.map(|(key, value)| (*key, value.clone())).collect()),
        })
    }
}

fn bytes(map: &Map, key: u64) -> Result<Vec<u8>, DecodeError> {
    Ok(map.need(key, Value::as_bytes)?.to_vec())
}

fn text(map: &Map, key: u64) -> Result<String, DecodeError> {
    Ok(map.need(key, Value::as_text)?.to_owned())
}

fn lines<T>(
    map: &Map,
    key: u64,
    read: impl Fn(&Map) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    map.list(key, Value::as_map)?
        .into_iter()
        .map(read)
        .collect()
}
