//! One entry: a header that lives for ever and a body that can be erased by lawful order while the chain still verifies.

use std::collections::BTreeMap;

use super::{JournalError, decode};
use crate::encoding::cbor::within;
use crate::encoding::limits::{BODY_BYTES_MAX, HEADER_BYTES_MAX, PARENTS_MAX};
use crate::encoding::{DecodeError, Hash32, Map, Value};
use crate::environment::ClockReading;
use crate::model::ids::{DeviceId, EntryId, HubId, OrgId, ReceiptId, SubjectId};
use crate::model::position::Position;
use crate::vocabulary::Kind;

const VERSION: u64 = 1;
const HEADER: &str = "entry header";
const BODY: &str = "entry body";

/// Which of an entry's parents it supersedes, per field: indexes into `parents`.
pub type Touches = BTreeMap<u64, Vec<u64>>;

/// What an entry does to its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Makes it.
    Create,
    /// Gives fields a value.
    Set,
    /// Closes a conflict.
    Resolve,
    /// Takes it back, with a reason; nothing is deleted.
    Withdraw,
    /// Says that it never stood for anything, with a reason.
    Void,
}

impl Op {
    fn number(self) -> u64 {
        match self {
            Self::Create => 0,
            Self::Set => 1,
            Self::Resolve => 2,
            Self::Withdraw => 3,
            Self::Void => 4,
        }
    }

    fn from_value(value: &Value) -> Option<Self> {
        match value.as_uint()? {
            0 => Some(Self::Create),
            1 => Some(Self::Set),
            2 => Some(Self::Resolve),
            3 => Some(Self::Withdraw),
            4 => Some(Self::Void),
            5.. => None,
        }
    }
}

/// The last word of a hub that the device had when it wrote: the entry is not older than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubSeen {
    /// The hub.
    pub hub: HubId,
    /// Its epoch.
    pub epoch: [u8; 16],
    /// Number of its receipt.
    pub hub_seq: u64,
    /// Id of its receipt.
    pub receipt: ReceiptId,
}

/// The part of an entry that is hashed into the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The organisation.
    pub org: OrgId,
    /// Whose chain.
    pub device: DeviceId,
    /// From 1 without a gap.
    pub seq: u64,
    /// Previous entry's id; for seq 1 the device id.
    pub prev: Hash32,
    /// What it is about.
    pub kind: Kind,
    /// Which one.
    pub subject: SubjectId,
    /// What it does.
    pub op: Op,
    /// Entries it answers.
    pub parents: Vec<EntryId>,
    /// Which of them it supersedes, per field.
    pub touches: Touches,
    /// Orders display, never truth.
    pub lamport: u64,
    /// The device's clocks, as claimed.
    pub clock: ClockReading,
    /// The last word of a hub before it.
    pub hub_seen: Option<HubSeen>,
    /// SHA-256 of the body bytes.
    pub body_sha256: Hash32,
    /// Their count.
    pub body_len: u64,
}

/// The part that holds names, positions and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Random: without it a short body could be guessed from its hash after an erasure.
    pub salt: [u8; 16],
    /// Field number → value.
    pub fields: Map,
    /// Who recorded.
    pub operator: Option<SubjectId>,
    /// Where it was recorded.
    pub position: Option<Position>,
    /// Satellite time at recording, ms.
    pub gnss_ms: Option<i64>,
    /// Version of the program that wrote it.
    pub app_version: String,
    /// Why, where a reason is owed.
    pub reason: Option<String>,
}

/// An entry with the bytes it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// SHA-256 of the header bytes.
    pub id: EntryId,
    /// Decoded header.
    pub header: Header,
    /// As written or received.
    pub header_bytes: Vec<u8>,
    /// Decoded body; absent when withheld or erased.
    pub body: Option<Body>,
    /// As written or received.
    pub body_bytes: Option<Vec<u8>>,
}

impl Entry {
    /// Writes a new entry; the header's body hash and length are set here.
    ///
    /// # Errors
    /// `TooLarge` for a header, body or number of parents over its limit: nothing was recorded.
    pub fn compose(mut header: Header, body: Body) -> Result<Self, JournalError> {
        let body_bytes = body.encode();
        within(BODY, &body_bytes, BODY_BYTES_MAX).map_err(decode(BODY))?;
        header.body_sha256 = Hash32::of(&body_bytes);
        header.body_len = body_bytes.len() as u64;
        Self::parse(&header.encode(), Some(&body_bytes))
    }

    /// Reads an entry as received.
    ///
    /// # Errors
    /// Another spelling, over a limit, or a body that is not the header's.
    pub fn parse(header_bytes: &[u8], body_bytes: Option<&[u8]>) -> Result<Self, JournalError> {
        within(HEADER, header_bytes, HEADER_BYTES_MAX).map_err(decode(HEADER))?;
        let header = Header::decode(header_bytes).map_err(decode(HEADER))?;
        let body = match body_bytes {
            None => None,
            Some(bytes) => {
                within(BODY, bytes, BODY_BYTES_MAX).map_err(decode(BODY))?;
                if Hash32::of(bytes) != header.body_sha256 || bytes.len() as u64 != header.body_len
                {
                    return Err(JournalError::BodyDiffers { seq: header.seq });
                }
                Some(Body::decode(bytes).map_err(decode(BODY))?)
            }
        };
        Ok(Self {
            id: EntryId(Hash32::of(header_bytes)),
            header,
            header_bytes: header_bytes.to_vec(),
            body,
            body_bytes: body_bytes.map(<[u8]>::to_vec),
        })
    }

    /// A field of the body, if there is a body and it carries the field.
    #[must_use]
    pub fn field(&self, number: u64) -> Option<&Value> {
        self.body.as_ref()?.fields.get(number)
    }

    /// Bytes this entry takes in a run.
    #[must_use]
    pub fn size(&self) -> usize {
        // 16 bytes bound the CBOR frames of the pair.
        let body = self.body_bytes.as_ref().map_or(0, Vec::len);
        self.header_bytes
            .len()
            .saturating_add(body)
            .saturating_add(16)
    }
}

impl Header {
    fn encode(&self) -> Vec<u8> {
        let touches = self.touches.iter().map(|(field, indexes)| {
            let indexes = indexes.iter().map(|index| Value::Uint(*index)).collect();
            (*field, Value::Array(indexes))
        });
        let seen = self.hub_seen.map(|seen| {
            let map = Map::new().with(0, seen.hub).bytes(1, seen.epoch);
            Value::from(map.uint(2, seen.hub_seq).with(3, seen.receipt))
        });
        Map::new()
            .uint(0, VERSION)
            .with(1, self.org)
            .with(2, self.device)
            .uint(3, self.seq)
            .with(4, self.prev)
            .uint(5, self.kind.number())
            .with(6, self.subject)
            .uint(7, self.op.number())
            .array(8, self.parents.iter().map(|id| Value::from(*id)))
            .with(9, Map(touches.collect()))
            .uint(10, self.lamport)
            .int(11, self.clock.wall_ms)
            .int(12, self.clock.offset_min.into())
            .uint(13, self.clock.mono_ns)
            .bytes(14, self.clock.boot_id)
            .with_some(15, seen)
            .with(16, self.body_sha256)
            .uint(17, self.body_len)
            .encode()
    }

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let map = Map::decode(bytes)?;
        map.version(VERSION)?;
        let parents = map.list(8, EntryId::from_value)?;
        if parents.len() > PARENTS_MAX {
            let found = parents.len();
            return Err(DecodeError::TooLarge {
                what: "parents",
                found,
                limit: PARENTS_MAX,
            });
        }
        let mut touches = Touches::new();
        for (field, indexes) in &map.need(9, Value::as_map)?.0 {
            let indexes: Option<Vec<u64>> = indexes
                .as_array()
                .and_then(|list| list.iter().map(Value::as_uint).collect());
            let in_range = |index: &u64| *index < parents.len() as u64;
            let indexes = indexes.filter(|list| list.iter().all(in_range));
            touches.insert(*field, indexes.ok_or(DecodeError::WrongType { key: 9 })?);
        }
        let offset_min = map.need(12, Value::as_int)?;
        Ok(Self {
            org: map.need(1, OrgId::from_value)?,
            device: map.need(2, DeviceId::from_value)?,
            seq: map.need(3, |v| v.as_uint().filter(|seq| (1..=SEQ_MAX).contains(seq)))?,
            prev: map.need(4, Value::as_hash)?,
            kind: Kind::from_number(map.need(5, Value::as_uint)?),
            subject: map.need(6, SubjectId::from_value)?,
            op: map.need(7, Op::from_value)?,
            parents,
            touches,
            lamport: map.need(10, |v| v.as_uint().filter(|lamport| *lamport <= SEQ_MAX))?,
            clock: ClockReading {
                wall_ms: map.need(11, Value::as_int)?,
                offset_min: i32::try_from(offset_min)
                    .map_err(|_| DecodeError::WrongType { key: 12 })?,
                mono_ns: map.need(13, Value::as_uint)?,
                boot_id: map.need(14, id16)?,
            },
            hub_seen: map.may(15, Value::as_map)?.map(hub_seen).transpose()?,
            body_sha256: map.need(16, Value::as_hash)?,
            body_len: map.need(17, Value::as_uint)?,
        })
    }
}

/// SQLite keeps integers as signed 64 bits; no chain comes near.
const SEQ_MAX: u64 = i64::MAX as u64;

impl Body {
    fn encode(&self) -> Vec<u8> {
        Map::new()
            .bytes(0, self.salt)
            .with(1, self.fields.clone())
            .with_some(2, self.operator)
            .with_some(3, self.position)
            .with_some(4, self.gnss_ms.map(Value::int))
            .text(5, &self.app_version)
            .with_some(6, self.reason.as_ref().map(Value::text))
            .encode()
    }

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let map = Map::decode(bytes)?;
        Ok(Self {
            salt: map.need(0, id16)?,
            fields: map.need(1, Value::as_map)?.clone(),
            operator: map.may(2, SubjectId::from_value)?,
            // A position that this version does not understand is kept in the bytes and not shown.
            position: map.get(3).and_then(Position::from_value),
            gnss_ms: map.may(4, Value::as_int)?,
            app_version: map.need(5, Value::as_text)?.to_owned(),
            reason: map.may(6, Value::as_text)?.map(str::to_owned),
        })
    }
}

fn hub_seen(map: &Map) -> Result<HubSeen, DecodeError> {
    Ok(HubSeen {
        hub: map.need(0, HubId::from_value)?,
        epoch: map.need(1, id16)?,
        hub_seq: map.need(2, Value::as_uint)?,
        receipt: map.need(3, ReceiptId::from_value)?,
    })
}

pub(super) fn id16(value: &Value) -> Option<[u8; 16]> {
    value.as_bytes().and_then(|bytes| bytes.try_into().ok())
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )]
    use super::*;
    use proptest::prelude::*;

    /// An entry of a chain that needs no vault.
    pub fn entry(device: DeviceId, seq: u64, prev: Hash32, fields: Map) -> Entry {
        let clock = ClockReading {
            wall_ms: -5,
            offset_min: 180,
            mono_ns: 7,
            boot_id: [1; 16],
        };
        let header = Header {
            org: OrgId(Hash32([9; 32])),
            device,
            seq,
            prev,
            kind: Kind::Site,
            subject: SubjectId([4; 16]),
            op: Op::Create,
            parents: vec![],
            touches: Touches::new(),
            lamport: seq,
            clock,
            hub_seen: None,
            body_sha256: Hash32::ZERO,
            body_len: 0,
        };
        let body = Body {
            salt: [2; 16],
            fields,
            operator: None,
            position: None,
            gnss_ms: None,
            app_version: "test".into(),
            reason: None,
        };
        Entry::compose(header, body).unwrap()
    }

    fn one() -> Entry {
        entry(
            DeviceId(Hash32([3; 32])),
            1,
            Hash32([3; 32]),
            Map::new().text(2, "Ізюм"),
        )
    }

    #[test]
    fn an_entry_is_read_back_from_its_bytes() {
        let entry = one();
        let back = Entry::parse(&entry.header_bytes, entry.body_bytes.as_deref()).unwrap();
        assert_eq!(back, entry);
        let without_body = Entry::parse(&entry.header_bytes, None).unwrap();
        assert_eq!(
            without_body.id, entry.id,
            "an erased body does not change the chain"
        );
    }

    #[test]
    fn a_body_at_its_limit_is_recorded_and_one_byte_more_is_refused() {
        let device = DeviceId(Hash32([3; 32]));
        let compose = |len: usize| {
            let template = one();
            let body = Body {
                fields: Map::new().text(2, "x".repeat(len)),
                ..template.body.clone().unwrap()
            };
            Entry::compose(template.header.clone(), body)
        };
        let frame = entry(device, 1, device.0, Map::new().text(2, "x".repeat(1000)))
            .body_bytes
            .unwrap()
            .len()
            - 1000;
        assert!(compose(BODY_BYTES_MAX - frame).is_ok());
        assert!(compose(BODY_BYTES_MAX - frame + 1).is_err());
        assert!(compose(0).is_ok());
    }

    #[test]
    fn an_entry_with_33_parents_is_refused() {
        let template = one();
        let with_parents = |count: usize| {
            let parents = vec![template.id; count];
            let header = Header {
                parents,
                ..template.header.clone()
            };
            Entry::compose(header, template.body.clone().unwrap())
        };
        assert!(with_parents(PARENTS_MAX).is_ok());
        assert!(with_parents(PARENTS_MAX + 1).is_err());
    }

    proptest! {
        #[test]
        fn a_flipped_bit_never_passes_for_the_same_entry(at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let entry = one();
            let body = entry.body_bytes.clone().unwrap();
            let mut header = entry.header_bytes.clone();
            let at_header = at.index(header.len());
            header[at_header] ^= 1 << bit;
            if let Ok(other) = Entry::parse(&header, Some(&body)) {
                prop_assert_ne!(other.id, entry.id);
            }
            let mut other_body = body;
            let at_body = at.index(other_body.len());
            other_body[at_body] ^= 1 << bit;
            prop_assert!(Entry::parse(&entry.header_bytes, Some(&other_body)).is_err());
        }
    }
}
