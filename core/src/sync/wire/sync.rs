//! `POST /v1/sync`: one round trip for everything small.

use super::session::OwnHead;
use super::{
    CURSOR_BYTES_MAX, HOLD_CHECK_MAX, INLINE_BYTES_MAX, INLINE_RUNS_MAX, Nonce, OFFERS_MAX,
    RECEIPTS_MAX, SEGMENT_ENTRIES_MAX, SEGMENTS_MAX, SYNC_REPLY_BYTES_MAX, SYNC_REQUEST_BYTES_MAX,
    WireError, bytes16, bytes32, flag, limited, owned, spki,
};
use crate::encoding::cbor::within;
use crate::encoding::limits::SEALED_RUN_BYTES_MAX;
use crate::encoding::{DecodeError, Map, PublicKey, Signed, Value, What, cose};
use crate::journal::{BodyBytes, Checkpoint, Entry, JournalError, covering};
use crate::model::ids::{DeviceId, HubId, OrgId, SealedName};
use crate::store::Class;

/// A file that the phone has and the hub may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub sealed: SealedName,
    /// Its length, bytes.
    pub size: u64,
    /// What it holds.
    pub class: Class,
}

/// The last receipt that the phone has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastSeen {
    /// Its epoch.
    pub epoch: [u8; 16],
    /// Its number.
    pub hub_seq: u64,
}

/// Asks for a fresh word that files are still held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldCheck {
    /// Makes the answer fresh.
    pub nonce: Nonce,
    /// The files.
    pub sealed: Vec<SealedName>,
}

/// What a phone sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncRequest {
    /// End of the own chain, if it has begun.
    pub own_head: Option<OwnHead>,
    /// Files without a receipt of this hub.
    pub offers: Vec<Offer>,
    /// Sealed runs, whole.
    pub inline_runs: Vec<Vec<u8>>,
    /// Where the last pull ended.
    pub cursor: Option<Vec<u8>>,
    /// The last receipt seen.
    pub last: Option<LastSeen>,
    /// Before originals may be freed.
    pub hold_check: Option<HoldCheck>,
    /// How many bytes of segments the phone will take.
    pub budget_bytes: u64,
    /// Version of the roster that it has; 0 for none.
    pub roster_version: u64,
}

/// What the hub has of an offered file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileState {
    /// Its name.
    pub sealed: SealedName,
    /// Bytes that the hub has from this device.
    pub have: u64,
    /// Whether it is complete, re-hashed, durable and receipted.
    pub is_stored: bool,
}

/// Entries of one chain and the checkpoint that covers them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Whose chain.
    pub device: DeviceId,
    /// DER SPKI of its key.
    pub spki: Vec<u8>,
    /// Header bytes, and body bytes or why they are absent.
    pub entries: Vec<(Vec<u8>, BodyBytes)>,
    /// Covers the last entry.
    pub checkpoint: Vec<u8>,
}

/// What a hub answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncReply {
    /// State of each offered file and inline run.
    pub files: Vec<FileState>,
    /// COSE receipts that the phone has not seen.
    pub receipts: Vec<Vec<u8>>,
    /// Entries of other chains.
    pub segments: Vec<Segment>,
    /// The answer to a hold check.
    pub held: Option<Vec<u8>>,
    /// To be sent with the next request.
    pub next_cursor: Option<Vec<u8>>,
    /// The roster, if the hub's is newer.
    pub roster: Option<Vec<u8>>,
    /// Seconds to wait before the next sync.
    pub retry_after_s: Option<u64>,
    /// Whether the hub stores without being able to read; then there are no segments.
    pub is_locked: bool,
    /// The hub's epoch.
    pub epoch: [u8; 16],
    /// Whether another sync would bring more.
    pub has_more: bool,
}

/// A hub's fresh word that it still holds files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The organisation.
    pub org: OrgId,
    /// The hub.
    pub hub: HubId,
    /// Of the hold check.
    pub nonce: Nonce,
    /// The files, of those asked for, whose bytes were re-hashed lately.
    pub sealed: Vec<SealedName>,
    /// The hub's clock, ms.
    pub hub_time_ms: i64,
}

impl SyncRequest {
    /// Encodes the request.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let offers = self.offers.iter().map(|offer| {
            let class = Value::Uint(offer.class.number());
            Value::Array(vec![offer.sealed.into(), Value::Uint(offer.size), class])
        });
        let last = self
            .last
            .map(|last| Map::new().bytes(0, last.epoch).uint(1, last.hub_seq));
        let hold_check = self.hold_check.as_ref().map(|check| {
            let sealed = check.sealed.iter().map(|sealed| Value::from(*sealed));
            Map::new().bytes(0, check.nonce).array(1, sealed)
        });
        Map::new()
            .with_some(0, self.own_head.map(OwnHead::to_map))
            .array(1, offers)
            .array(2, self.inline_runs.iter().map(Value::bytes))
            .with_some(3, self.cursor.as_ref().map(Value::bytes))
            .with_some(4, last)
            .with_some(5, hold_check)
            .uint(6, self.budget_bytes)
            .uint(7, self.roster_version)
            .encode()
    }

    /// Decodes a request.
    ///
    /// # Errors
    /// Another spelling, or over a limit.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        within("sync request", bytes, SYNC_REQUEST_BYTES_MAX)?;
        let map = Map::decode(bytes)?;
        let inline_runs = limited(&map, 2, "inline runs", INLINE_RUNS_MAX, owned)?;
        let total = inline_runs.iter().map(Vec::len).sum();
        let largest = inline_runs.iter().map(Vec::len).max().unwrap_or_default();
        for (found, limit) in [(total, INLINE_BYTES_MAX), (largest, SEALED_RUN_BYTES_MAX)] {
            if found > limit {
                return Err(DecodeError::TooLarge {
                    what: "inline runs",
                    found,
                    limit,
                });
            }
        }
        Ok(Self {
            own_head: map.may(0, Value::as_map)?.map(OwnHead::read).transpose()?,
            offers: limited(&map, 1, "offers", OFFERS_MAX, Offer::from_value)?,
            inline_runs,
            cursor: map.may(3, |v| {
                owned(v).filter(|bytes| bytes.len() <= CURSOR_BYTES_MAX)
            })?,
            last: map.may(4, Value::as_map)?.map(LastSeen::read).transpose()?,
            hold_check: map
                .may(5, Value::as_map)?
                .map(HoldCheck::read)
                .transpose()?,
            budget_bytes: map.need(6, Value::as_uint)?,
            roster_version: map.need(7, Value::as_uint)?,
        })
    }
}

impl Offer {
    fn from_value(value: &Value) -> Option<Self> {
        let [sealed, size, class] = value.as_array()? else {
            return None;
        };
        Some(Self {
            sealed: SealedName::from_value(sealed)?,
            size: size.as_uint()?,
            class: Class::from_number(class.as_uint()?)?,
        })
    }
}

impl LastSeen {
    fn read(map: &Map) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: map.need(0, bytes16)?,
            hub_seq: map.need(1, Value::as_uint)?,
        })
    }
}

impl HoldCheck {
    fn read(map: &Map) -> Result<Self, DecodeError> {
        let sealed = limited(map, 1, "hold check", HOLD_CHECK_MAX, SealedName::from_value)?;
        Ok(Self {
            nonce: map.need(0, bytes32)?,
            sealed,
        })
    }
}

impl SyncReply {
    /// Encodes the reply.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let files = self.files.iter().map(|file| {
            let stored = Value::Uint(u64::from(file.is_stored));
            Value::Array(vec![file.sealed.into(), Value::Uint(file.have), stored])
        });
        Map::new()
            .array(0, files)
            .array(1, self.receipts.iter().map(Value::bytes))
            .array(
                2,
                self.segments.iter().map(|segment| segment.to_map().into()),
            )
            .with_some(3, self.held.as_ref().map(Value::bytes))
            .with_some(4, self.next_cursor.as_ref().map(Value::bytes))
            .with_some(5, self.roster.as_ref().map(Value::bytes))
            .with_some(6, self.retry_after_s.map(Value::Uint))
            .uint(7, u64::from(self.is_locked))
            .bytes(8, self.epoch)
            .uint(9, u64::from(self.has_more))
            .encode()
    }

    /// Decodes a reply.
    ///
    /// # Errors
    /// Another spelling, or over a limit.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        within("sync reply", bytes, SYNC_REPLY_BYTES_MAX)?;
        let map = Map::decode(bytes)?;
        let segments = limited(&map, 2, "segments", SEGMENTS_MAX, Value::as_map)?;
        let files_max = OFFERS_MAX.saturating_add(INLINE_RUNS_MAX);
        Ok(Self {
            files: limited(&map, 0, "files", files_max, FileState::from_value)?,
            receipts: limited(&map, 1, "receipts", RECEIPTS_MAX, owned)?,
            segments: segments
                .into_iter()
                .map(Segment::read)
                .collect::<Result<_, _>>()?,
            held: map.may(3, owned)?,
            next_cursor: map.may(4, |v| owned(v).filter(|c| c.len() <= CURSOR_BYTES_MAX))?,
            roster: map.may(5, owned)?,
            retry_after_s: map.may(6, Value::as_uint)?,
            is_locked: map.need(7, flag)?,
            epoch: map.need(8, bytes16)?,
            has_more: map.need(9, flag)?,
        })
    }
}

impl FileState {
    fn from_value(value: &Value) -> Option<Self> {
        let [sealed, have, stored] = value.as_array()? else {
            return None;
        };
        Some(Self {
            sealed: SealedName::from_value(sealed)?,
            have: have.as_uint()?,
            is_stored: flag(stored)?,
        })
    }
}

impl Segment {
    fn to_map(&self) -> Map {
        let entries = self
            .entries
            .iter()
            .map(|(header, body)| Value::Array(vec![Value::bytes(header), body.to_value()]));
        Map::new()
            .with(0, self.device)
            .bytes(1, &self.spki)
            .array(2, entries)
            .bytes(3, &self.checkpoint)
    }

    fn read(map: &Map) -> Result<Self, DecodeError> {
        Ok(Self {
            device: map.need(0, DeviceId::from_value)?,
            spki: map.need(1, spki)?,
            entries: limited(map, 2, "segment entries", SEGMENT_ENTRIES_MAX, pair)?,
            checkpoint: map.need(3, owned)?,
        })
    }

    /// Parses the entries and checks that they follow each other up to the checkpoint, and its
    /// signature. Whether the chain before them is known is for whoever holds it.
    ///
    /// # Errors
    /// An entry that is not one, a key that is not the device's, a signature or a chain fault.
    pub fn open(&self, org: OrgId) -> Result<(Vec<Entry>, Checkpoint), JournalError> {
        let cose = |cause| JournalError::Cose {
            what: "segment",
            cause,
        };
        let key = PublicKey::from_spki(&self.spki).map_err(|error| cose(error.into()))?;
        if key.id() != self.device.0 {
            return Err(cose(crate::encoding::CoseError::OtherKey));
        }
        let mut entries = Vec::new();
        for (header, body) in &self.entries {
            let entry = Entry::parse(header, body.clone())?;
            if entry.header.org != org {
                return Err(JournalError::OtherOrg { what: "entry" });
            }
            entries.push(entry);
        }
        let checkpoint = covering(org, &key, &entries, &self.checkpoint)?;
        Ok((entries, checkpoint))
    }
}

fn pair(value: &Value) -> Option<(Vec<u8>, BodyBytes)> {
    let [Value::Bytes(header), body] = value.as_array()? else {
        return None;
    };
    Some((header.clone(), BodyBytes::from_value(body).ok()?))
}

impl Held {
    /// Signs the word with the hub's key.
    ///
    /// # Errors
    /// `sign`'s.
    pub fn sign<E>(
        &self,
        key: &PublicKey,
        sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let payload = Map::new()
            .with(0, self.org)
            .with(1, self.hub)
            .bytes(2, self.nonce)
            .array(3, self.sealed.iter().map(|sealed| Value::from(*sealed)))
            .int(4, self.hub_time_ms);
        cose::sign1(What::Held, key, &self.org.0, payload.encode(), sign)
    }

    /// Reads the answer to a hold check and checks that the hub signed it.
    ///
    /// # Errors
    /// Not this hub's, not of this organisation, not the answer to this nonce.
    pub fn open(
        bytes: &[u8],
        key: &PublicKey,
        org: OrgId,
        nonce: &Nonce,
    ) -> Result<Self, WireError> {
        let signed = Signed::parse(bytes, What::Held)?;
        let map = Map::decode(signed.verify(key, &org.0)?)?;
        let held = Self {
            org: map.need(0, OrgId::from_value)?,
            hub: map.need(1, HubId::from_value)?,
            nonce: map.need(2, bytes32)?,
            sealed: limited(&map, 3, "held", HOLD_CHECK_MAX, SealedName::from_value)?,
            hub_time_ms: map.need(4, Value::as_int)?,
        };
        match () {
            () if held.org != org => Err(WireError::Other {
                what: "organisation",
            }),
            () if held.hub.0 != key.id() => Err(WireError::Other { what: "hub" }),
            () if held.nonce != *nonce => Err(WireError::Other { what: "question" }),
            () => Ok(held),
        }
    }
}
