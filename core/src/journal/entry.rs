//! One entry: a header that lives for ever, and the bytes of its body, or word of why they are absent.
//!
//! Owns the header and how both are read. What a body says is `body.rs`. Invariant: bytes are kept and hashed as they came; what a newer version
//! wrote keeps its place in the chain and says nothing here.

use std::collections::BTreeMap;

use super::absence::BodyBytes;
use super::body::Body;
use super::{JournalError, decode};
use crate::encoding::cbor::within;
use crate::encoding::limits::{BODY_BYTES_MAX, HEADER_BYTES_MAX, PARENTS_MAX};
use crate::encoding::{DecodeError, Hash32, Map, Value};
use crate::environment::ClockReading;
use crate::model::ids::{DeviceId, EntryId, HubId, OrgId, ReceiptId, SubjectId};
use crate::vocabulary::Kind;

/// The version of headers that this program writes and understands.
pub const HEADER_VERSION: u64 = 1;
const HEADER: &str = "entry header";
const BODY: &str = "entry body";
/// From here on a lamport number orders nothing: no device comes near by counting, and JSON keeps no larger integer exactly.
pub const LAMPORT_MAX: u64 = (1 << 53) - 1;

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
    /// An op of a newer version: kept in the chain, carries no value here and supersedes nothing.
    Newer(u64),
}

impl Op {
    fn number(self) -> u64 {
        match self {
            Self::Create => 0,
            Self::Set => 1,
            Self::Resolve => 2,
            Self::Withdraw => 3,
            Self::Void => 4,
            Self::Newer(number) => number,
        }
    }

    fn from_number(number: u64) -> Self {
        match number {
            0 => Self::Create,
            1 => Self::Set,
            2 => Self::Resolve,
            3 => Self::Withdraw,
            4 => Self::Void,
            5.. => Self::Newer(number),
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
    /// Version of the header: 1, or a newer one of which only the keys that never change are read.
    pub version: u64,
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

/// An entry with the bytes it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// SHA-256 of the header bytes.
    pub id: EntryId,
    /// Decoded header.
    pub header: Header,
    /// As written or received.
    pub header_bytes: Vec<u8>,
    /// Decoded body; absent when its bytes are, and for a header of a newer version.
    pub body: Option<Body>,
    /// As written or received, or why they are not here.
    pub body_bytes: BodyBytes,
}

impl Entry {
    /// Writes a new entry; the header's body hash and length are set here, and the body is padded.
    ///
    /// # Errors
    /// `TooLarge` for a header, body or number of parents over its limit: nothing was recorded.
    pub fn compose(mut header: Header, body: &Body) -> Result<Self, JournalError> {
        let body_bytes = body.encode().map_err(decode(BODY))?;
        header.body_sha256 = Hash32::of(&body_bytes);
        header.body_len = body_bytes.len() as u64;
        Self::parse(&header.encode(), BodyBytes::Here(body_bytes))
    }

    /// Reads an entry as received.
    ///
    /// # Errors
    /// Another spelling, over a limit, or a body that is not the header's.
    pub fn parse(header_bytes: &[u8], body_bytes: BodyBytes) -> Result<Self, JournalError> {
        within(HEADER, header_bytes, HEADER_BYTES_MAX).map_err(decode(HEADER))?;
        let header = Header::decode(header_bytes).map_err(decode(HEADER))?;
        let body = match &body_bytes {
            BodyBytes::Absent(_) => None,
            BodyBytes::Here(bytes) => {
                within(BODY, bytes, BODY_BYTES_MAX).map_err(decode(BODY))?;
                if Hash32::of(bytes) != header.body_sha256 || bytes.len() as u64 != header.body_len
                {
                    return Err(JournalError::BodyDiffers { seq: header.seq });
                }
                match header.version {
                    HEADER_VERSION => Some(Body::decode(bytes).map_err(decode(BODY))?),
                    0 | 2.. => None,
                }
            }
        };
        Ok(Self {
            id: EntryId(Hash32::of(header_bytes)),
            header,
            header_bytes: header_bytes.to_vec(),
            body,
            body_bytes,
        })
    }

    /// Whether this program understands what the entry does; what a newer version did says nothing here and supersedes nothing.
    #[must_use]
    pub fn is_understood(&self) -> bool {
        let is_known = match self.header.op {
            Op::Create | Op::Set | Op::Resolve | Op::Withdraw | Op::Void => true,
            Op::Newer(_) => false,
        };
        self.header.version == HEADER_VERSION && is_known
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
        let body = self.body_bytes.here().map_or(0, <[u8]>::len);
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
            .uint(0, self.version)
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
        let version = map.need(0, Value::as_uint)?;
        let parents = map.list(8, EntryId::from_value)?;
        if parents.len() > PARENTS_MAX {
            let found = parents.len();
            return Err(DecodeError::TooLarge {
                what: "parents",
                found,
                limit: PARENTS_MAX,
            });
        }
        let own = match version {
            HEADER_VERSION => OwnKeys::decode(&map, parents.len())?,
            0 | 2.. => OwnKeys::of_newer(&map),
        };
        Ok(Self {
            version,
            org: map.need(1, OrgId::from_value)?,
            device: map.need(2, DeviceId::from_value)?,
            seq: map.need(3, |v| v.as_uint().filter(|seq| (1..=SEQ_MAX).contains(seq)))?,
            prev: map.need(4, Value::as_hash)?,
            kind: Kind::from_number(map.need(5, Value::as_uint)?),
            subject: map.need(6, SubjectId::from_value)?,
            op: map.need(7, |v| v.as_uint().map(Op::from_number))?,
            parents,
            touches: own.touches,
            lamport: map.need(10, Value::as_uint)?,
            clock: own.clock,
            hub_seen: own.hub_seen,
            body_sha256: map.need(16, Value::as_hash)?,
            body_len: map.need(17, Value::as_uint)?,
        })
    }

    /// The number that orders display: one that no counting reaches sorts lowest, on every device alike, whenever it arrives.
    #[must_use]
    pub fn order(&self) -> u64 {
        if self.has_lamport_beyond_counting() {
            0
        } else {
            self.lamport
        }
    }

    /// Whether the lamport number is one that no counting reaches: the entry counts, and is flagged.
    #[must_use]
    pub fn has_lamport_beyond_counting(&self) -> bool {
        self.lamport > LAMPORT_MAX
    }
}

/// SQLite keeps integers as signed 64 bits; no chain comes near.
const SEQ_MAX: u64 = i64::MAX as u64;

/// The keys that belong to one version of the header; all others mean the same in all.
struct OwnKeys {
    touches: Touches,
    clock: ClockReading,
    hub_seen: Option<HubSeen>,
}

impl OwnKeys {
    fn decode(map: &Map, parents: usize) -> Result<Self, DecodeError> {
        let mut touches = Touches::new();
        for (field, indexes) in &map.need(9, Value::as_map)?.0 {
            let indexes: Option<Vec<u64>> = indexes
                .as_array()
                .and_then(|list| list.iter().map(Value::as_uint).collect());
            let in_range = |index: &u64| *index < parents as u64;
            let indexes = indexes.filter(|list| list.iter().all(in_range));
            touches.insert(*field, indexes.ok_or(DecodeError::WrongType { key: 9 })?);
        }
        map.need(11, Value::as_int)?;
        map.need(12, Value::as_int)?;
        map.need(13, Value::as_uint)?;
        map.need(14, id16)?;
        Ok(Self {
            touches,
            clock: clock(map),
            hub_seen: map.may(15, Value::as_map)?.map(hub_seen).transpose()?,
        })
    }

    /// A newer version may say these otherwise: what cannot be read is zero or absent, and refuses nothing.
    fn of_newer(map: &Map) -> Self {
        let seen = map.get(15).and_then(Value::as_map);
        Self {
            touches: Touches::new(),
            clock: clock(map),
            hub_seen: seen.and_then(|seen| hub_seen(seen).ok()),
        }
    }
}

fn clock(map: &Map) -> ClockReading {
    let int = |key| map.get(key).and_then(Value::as_int).unwrap_or_default();
    // An offset that is none is shown as the nearest number that this type holds; the header's bytes keep it.
    let offset_min = int(12).clamp(i32::MIN.into(), i32::MAX.into());
    ClockReading {
        wall_ms: int(11),
        offset_min: i32::try_from(offset_min).unwrap_or_default(),
        mono_ns: map.get(13).and_then(Value::as_uint).unwrap_or_default(),
        boot_id: map.get(14).and_then(id16).unwrap_or_default(),
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
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )]
    use super::super::absence::Absence;
    use super::super::sample::{body, entry};
    use super::*;
    use crate::encoding::limits::UNPADDED_BODY_BYTES_MAX;
    use proptest::prelude::*;

    fn one() -> Entry {
        entry(
            DeviceId(Hash32([3; 32])),
            1,
            Hash32([3; 32]),
            Map::new().text(2, "Ізюм"),
        )
    }

    /// An entry whose header map was changed by `change`, with the body that it had.
    fn changed(change: impl FnOnce(&mut Map)) -> Result<Entry, JournalError> {
        let one = one();
        let mut header = Map::decode(&one.header_bytes).unwrap();
        change(&mut header);
        Entry::parse(&header.encode(), one.body_bytes)
    }

    #[test]
    fn an_entry_is_read_back_from_its_bytes() {
        let entry = one();
        let back = Entry::parse(&entry.header_bytes, entry.body_bytes.clone()).unwrap();
        assert_eq!(back, entry);
        let absent = BodyBytes::Absent(Absence::Withheld);
        let without_body = Entry::parse(&entry.header_bytes, absent).unwrap();
        assert_eq!(
            without_body.id, entry.id,
            "an erased body does not change the chain"
        );
    }

    #[test]
    fn an_op_and_a_header_version_of_later_programs_are_kept_and_say_nothing() {
        let newer_op = changed(|header| {
            header.0.insert(7, Value::Uint(9));
        });
        let newer_op = newer_op.unwrap();
        assert_eq!(newer_op.header.op, Op::Newer(9));
        assert!(!newer_op.is_understood());
        let newer_version = changed(|header| {
            header.0.insert(0, Value::Uint(2));
            header.0.insert(9, Value::text("said otherwise"));
            header.0.remove(&14);
            header.0.insert(15, Value::Null);
            header.0.insert(30, Value::Uint(1));
        });
        let newer_version = newer_version.unwrap();
        assert!(!newer_version.is_understood());
        assert_eq!(newer_version.body, None);
        assert!(newer_version.body_bytes.here().is_some());
        assert_eq!(newer_version.header.seq, 1);
        assert!(one().is_understood());
    }

    #[test]
    fn a_key_that_all_versions_share_is_owed_by_all() {
        for key in [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 16, 17] {
            for version in [1, 2] {
                let without = changed(|header| {
                    header.0.insert(0, Value::Uint(version));
                    header.0.remove(&key);
                });
                assert!(without.is_err(), "version {version} without key {key}");
            }
        }
    }

    #[test]
    fn no_number_that_a_stranger_writes_refuses_an_entry() {
        for (key, number) in [
            (10, Value::Uint(i64::MAX as u64)),
            (10, Value::Uint(u64::MAX)),
            (11, Value::Neg(i64::MIN)),
            (12, Value::int(i64::MAX)),
            (12, Value::Neg(i64::MIN)),
            (13, Value::Uint(u64::MAX)),
        ] {
            let entry = changed(|header| {
                header.0.insert(key, number.clone());
            });
            assert!(entry.is_ok(), "key {key}: {number:?}");
        }
    }

    #[test]
    fn a_lamport_that_no_counting_reaches_sorts_lowest() {
        let with = |lamport| {
            let entry = changed(|header| {
                header.0.insert(10, Value::Uint(lamport));
            });
            entry.unwrap().header
        };
        assert_eq!(with(LAMPORT_MAX).order(), LAMPORT_MAX);
        assert_eq!(with(LAMPORT_MAX + 1).order(), 0);
        assert_eq!(with(u64::MAX).order(), 0);
        assert!(with(u64::MAX).has_lamport_beyond_counting());
    }

    #[test]
    fn a_body_at_its_limit_is_recorded_and_one_byte_more_is_refused() {
        let compose = |len: usize| {
            let body = body(Map::new().text(2, "x".repeat(len)));
            Entry::compose(one().header, &body)
        };
        // Of 12,000 letters and a frame with the least salt: what padding adds is not the text's.
        let padded = compose(12_000).unwrap();
        let salt = Map::decode(padded.body_bytes.here().unwrap()).unwrap();
        let salt = salt.get(0).and_then(Value::as_bytes).unwrap().len();
        let longer = salt - 16 + usize::from(salt >= 24);
        let frame = padded.body_bytes.here().unwrap().len() - longer - 12_000;
        assert!(compose(UNPADDED_BODY_BYTES_MAX - frame).is_ok());
        assert!(compose(UNPADDED_BODY_BYTES_MAX - frame + 1).is_err());
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
            Entry::compose(header, template.body.as_ref().unwrap())
        };
        assert!(with_parents(PARENTS_MAX).is_ok());
        assert!(with_parents(PARENTS_MAX + 1).is_err());
    }

    proptest! {
        #[test]
        fn a_flipped_bit_never_passes_for_the_same_entry(at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let entry = one();
            let body = entry.body_bytes.here().unwrap().to_vec();
            let mut header = entry.header_bytes.clone();
            let at_header = at.index(header.len());
            header[at_header] ^= 1 << bit;
            if let Ok(other) = Entry::parse(&header, BodyBytes::Here(body.clone())) {
                prop_assert_ne!(other.id, entry.id);
            }
            let mut other_body = body;
            let at_body = at.index(other_body.len());
            other_body[at_body] ^= 1 << bit;
            let read = Entry::parse(&entry.header_bytes, BodyBytes::Here(other_body));
            prop_assert!(read.is_err());
        }
    }
}
