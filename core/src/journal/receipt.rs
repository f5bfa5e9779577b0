//! A receipt: a hub's signed word that it holds what it names, after re-reading, re-hashing and making it durable, or that it does not any more. The only
//! source of "safe".
//!
//! Owns the words and their bytes. Does not say which receipts count together (`sync/transfer_db`). Invariant: the bytes are kept as signed; a line of a
//! type that is not known here stands in them and counts for nothing.

use std::collections::BTreeSet;

use super::entry::id16;
use super::{JournalError, cose as cose_error, decode};
use crate::encoding::limits::RECEIPT_LINES_MAX;
use crate::encoding::{DecodeError, Hash32, Map, PublicKey, Signed, Value, What, cose};
use crate::model::ids::{DeviceId, EntryId, HubId, OrgId, ReceiptId, SealedName};

const VERSION: u64 = 1;
const WHAT: &str = "receipt";

/// One thing that a hub says it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptLine {
    /// A sealed file; `sha256` of the plaintext only if the hub was unlocked and opened it.
    File {
        /// Its name.
        sealed: SealedName,
        /// Its length in bytes.
        size: u64,
        /// SHA-256 of the plaintext (a photo's original, a run's gzip).
        sha256: Option<Hash32>,
    },
    /// A chain up to an entry, opened and verified.
    Entries {
        /// Whose chain.
        device: DeviceId,
        /// Up to here without a gap.
        upto_seq: u64,
        /// That entry.
        entry_id: EntryId,
    },
    /// The hub does not hold a file any more that it receipted before: every earlier line about it counts for nothing.
    Void {
        /// Its name.
        sealed: SealedName,
        /// Why.
        reason: VoidReason,
        /// The entry that orders the erasure.
        erasure: Option<EntryId>,
    },
}

/// Why a hub takes its word back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoidReason {
    /// The file is not at its place.
    Gone,
    /// Its bytes do not hash to its name.
    Damaged,
    /// It was erased by lawful order.
    Erased,
    /// A number that a newer hub knows; the word is taken back all the same.
    Newer(u64),
}

impl VoidReason {
    /// The number that stands in a line.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Gone => 0,
            Self::Damaged => 1,
            Self::Erased => 2,
            Self::Newer(number) => number,
        }
    }

    /// The reason of a number.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        match number {
            0 => Self::Gone,
            1 => Self::Damaged,
            2 => Self::Erased,
            3.. => Self::Newer(number),
        }
    }
}

/// The last receipt of the epoch before, as the hub's folder knew it: up to there the receipts of that epoch go on counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEnd {
    /// The epoch that ended.
    pub epoch: [u8; 16],
    /// Number of its last receipt.
    pub hub_seq: u64,
    /// That receipt.
    pub id: ReceiptId,
}

/// What a hub is about to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptDraft {
    /// The organisation.
    pub org: OrgId,
    /// The hub.
    pub hub: HubId,
    /// Random; a restored hub starts a new one.
    pub epoch: [u8; 16],
    /// Rising by one within an epoch.
    pub hub_seq: u64,
    /// Previous receipt of the epoch.
    pub prev: Hash32,
    /// What it holds or has lost, at most 500 lines, at most one about a file.
    pub lines: Vec<ReceiptLine>,
    /// The hub's clock, ms.
    pub hub_time_ms: i64,
    /// Where the epoch before ended; the same in every receipt of an epoch.
    pub before: Option<EpochEnd>,
}

/// A receipt whose signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// SHA-256 of the payload bytes.
    pub id: ReceiptId,
    /// What it says.
    pub word: ReceiptDraft,
    /// COSE_Sign1, as signed or received.
    pub bytes: Vec<u8>,
}

/// Signs a receipt.
///
/// # Errors
/// `sign`'s.
pub fn sign_receipt<E>(
    word: ReceiptDraft,
    key: &PublicKey,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Receipt, E> {
    let payload = word.encode();
    let id = ReceiptId(Hash32::of(&payload));
    let bytes = cose::sign1(What::Receipt, key, &word.org.0, payload, sign)?;
    Ok(Receipt { id, word, bytes })
}

impl Receipt {
    /// Which hub claims to have signed: to find its key in the roster.
    ///
    /// # Errors
    /// Not a receipt.
    pub fn claimed_hub(bytes: &[u8]) -> Result<HubId, JournalError> {
        let signed = Signed::parse(bytes, What::Receipt).map_err(cose_error(WHAT))?;
        Ok(HubId(signed.kid()))
    }

    /// Reads a receipt and checks that the hub signed it for this organisation.
    ///
    /// # Errors
    /// Another spelling, purpose, key or organisation.
    pub fn open(bytes: &[u8], key: &PublicKey, org: OrgId) -> Result<Self, JournalError> {
        let signed = Signed::parse(bytes, What::Receipt).map_err(cose_error(WHAT))?;
        let payload = signed.verify(key, &org.0).map_err(cose_error(WHAT))?;
        let word = ReceiptDraft::decode(payload).map_err(decode(WHAT))?;
        if word.org != org {
            return Err(JournalError::OtherOrg { what: WHAT });
        }
        if word.hub.0 != key.id() {
            let cause = crate::encoding::CoseError::OtherKey;
            return Err(JournalError::Cose { what: WHAT, cause });
        }
        Ok(Self {
            id: ReceiptId(Hash32::of(payload)),
            word,
            bytes: bytes.to_vec(),
        })
    }
}

impl ReceiptLine {
    /// The file that the line is about.
    #[must_use]
    pub fn file(&self) -> Option<SealedName> {
        match self {
            Self::File { sealed, .. } | Self::Void { sealed, .. } => Some(*sealed),
            Self::Entries { .. } => None,
        }
    }

    /// Reads a line; `Some(None)` is one of a type that is not known here.
    fn read(value: &Value) -> Option<Option<Self>> {
        match value.as_array()? {
            [Value::Uint(0..=2), ..] => Self::from_value(value).map(Some),
            [Value::Uint(_), ..] => Some(None),
            [] | [_, ..] => None,
        }
    }

    fn from_value(value: &Value) -> Option<Self> {
        match value.as_array()? {
            [Value::Uint(2), sealed, reason] => Some(Self::Void {
                sealed: SealedName::from_value(sealed)?,
                reason: VoidReason::from_number(reason.as_uint()?),
                erasure: None,
            }),
            [Value::Uint(2), sealed, reason, erasure] => Some(Self::Void {
                sealed: SealedName::from_value(sealed)?,
                reason: VoidReason::from_number(reason.as_uint()?),
                erasure: Some(EntryId::from_value(erasure)?),
            }),
            [Value::Uint(0), sealed, size] => {
                let sealed = SealedName::from_value(sealed)?;
                Some(Self::File {
                    sealed,
                    size: size.as_uint()?,
                    sha256: None,
                })
            }
            [Value::Uint(0), sealed, size, sha256] => Some(Self::File {
                sealed: SealedName::from_value(sealed)?,
                size: size.as_uint()?,
                sha256: Some(sha256.as_hash()?),
            }),
            [Value::Uint(1), device, upto_seq, entry_id] => Some(Self::Entries {
                device: DeviceId::from_value(device)?,
                upto_seq: upto_seq.as_uint()?,
                entry_id: EntryId::from_value(entry_id)?,
            }),
            // Lines are from the wire, not an enum of ours: any other shape is refused.
            _ => None,
        }
    }
}

impl From<ReceiptLine> for Value {
    fn from(line: ReceiptLine) -> Self {
        Self::Array(match line {
            ReceiptLine::File {
                sealed,
                size,
                sha256,
            } => {
                let mut array = vec![Self::Uint(0), sealed.into(), Self::Uint(size)];
                array.extend(sha256.map(Self::from));
                array
            }
            ReceiptLine::Entries {
                device,
                upto_seq,
                entry_id,
            } => {
                vec![
                    Self::Uint(1),
                    device.into(),
                    Self::Uint(upto_seq),
                    entry_id.into(),
                ]
            }
            ReceiptLine::Void {
                sealed,
                reason,
                erasure,
            } => {
                let reason = Self::Uint(reason.number());
                let mut array = vec![Self::Uint(2), sealed.into(), reason];
                array.extend(erasure.map(Self::from));
                array
            }
        })
    }
}

impl ReceiptDraft {
    fn encode(&self) -> Vec<u8> {
        Map::new()
            .uint(0, VERSION)
            .with(1, self.org)
            .with(2, self.hub)
            .bytes(3, self.epoch)
            .uint(4, self.hub_seq)
            .with(5, self.prev)
            .array(6, self.lines.iter().map(|line| Value::from(*line)))
            .int(7, self.hub_time_ms)
            .with(8, self.before.map_or(Value::Null, EpochEnd::to_value))
            .encode()
    }

    fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let map = Map::decode(payload)?;
        map.version(VERSION)?;
        let all = map.list(6, ReceiptLine::read)?;
        if all.len() > RECEIPT_LINES_MAX {
            let (found, limit) = (all.len(), RECEIPT_LINES_MAX);
            return Err(DecodeError::TooLarge {
                what: "receipt lines",
                found,
                limit,
            });
        }
        let lines: Vec<ReceiptLine> = all.into_iter().flatten().collect();
        let mut files = BTreeSet::new();
        if !lines
            .iter()
            .filter_map(ReceiptLine::file)
            .all(|file| files.insert(file))
        {
            // Which of the two would be the last one?
            return Err(DecodeError::WrongType { key: 6 });
        }
        Ok(Self {
            org: map.need(1, OrgId::from_value)?,
            hub: map.need(2, HubId::from_value)?,
            epoch: map.need(3, id16)?,
            hub_seq: map.need(4, Value::as_uint)?,
            prev: map.need(5, Value::as_hash)?,
            lines,
            hub_time_ms: map.need(7, Value::as_int)?,
            before: map.need(8, EpochEnd::read)?,
        })
    }
}

impl EpochEnd {
    fn to_value(self) -> Value {
        let map = Map::new().bytes(0, self.epoch).uint(1, self.hub_seq);
        map.with(2, self.id).into()
    }

    /// Reads what stands under key 8; `Some(None)` is the null of a hub that knew no epoch before.
    fn read(value: &Value) -> Option<Option<Self>> {
        if *value == Value::Null {
            return Some(None);
        }
        let map = value.as_map()?;
        Some(Some(Self {
            epoch: map.get(0).and_then(id16)?,
            hub_seq: map.get(1).and_then(Value::as_uint)?,
            id: map.get(2).and_then(ReceiptId::from_value)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ed25519_dalek::Signer as _;

    const SEALED: SealedName = SealedName(Hash32([2; 32]));
    const ORG: OrgId = OrgId(Hash32([1; 32]));

    fn secret() -> (ed25519_dalek::SigningKey, PublicKey) {
        let secret = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
        let key = PublicKey::from_ed25519(&secret.verifying_key()).unwrap();
        (secret, key)
    }

    fn word(lines: Vec<ReceiptLine>) -> ReceiptDraft {
        ReceiptDraft {
            org: ORG,
            hub: HubId(secret().1.id()),
            epoch: [7; 16],
            hub_seq: 1,
            prev: Hash32::ZERO,
            lines,
            hub_time_ms: 1,
            before: None,
        }
    }

    fn sign(word: ReceiptDraft) -> Receipt {
        let (secret, key) = secret();
        let sign = |m: &[u8]| Ok::<_, std::convert::Infallible>(secret.sign(m).to_bytes().to_vec());
        sign_receipt(word, &key, sign).unwrap()
    }

    /// Signs a payload that our own code would not write.
    fn sign_map(map: &Map) -> Vec<u8> {
        let (secret, key) = secret();
        let sign = |m: &[u8]| Ok::<_, std::convert::Infallible>(secret.sign(m).to_bytes().to_vec());
        cose::sign1(What::Receipt, &key, &ORG.0, map.encode(), sign).unwrap()
    }

    fn file(sealed: SealedName, sha256: Option<Hash32>) -> ReceiptLine {
        let size = 10;
        ReceiptLine::File {
            sealed,
            size,
            sha256,
        }
    }

    #[test]
    fn a_receipt_is_believed_only_with_its_hubs_key_and_organisation() {
        let (_, key) = secret();
        let all = word(vec![
            file(SEALED, None),
            file(SealedName(Hash32([3; 32])), Some(Hash32([4; 32]))),
            ReceiptLine::Entries {
                device: DeviceId(Hash32([6; 32])),
                upto_seq: 3,
                entry_id: EntryId(Hash32([8; 32])),
            },
            ReceiptLine::Void {
                sealed: SealedName(Hash32([9; 32])),
                reason: VoidReason::Erased,
                erasure: Some(EntryId(Hash32([8; 32]))),
            },
            ReceiptLine::Void {
                sealed: SealedName(Hash32([10; 32])),
                reason: VoidReason::Newer(77),
                erasure: None,
            },
        ]);
        let before = Some(EpochEnd {
            epoch: [6; 16],
            hub_seq: u64::MAX,
            id: ReceiptId(Hash32([5; 32])),
        });
        let receipt = sign(ReceiptDraft { before, ..all });
        assert_eq!(Receipt::open(&receipt.bytes, &key, ORG).unwrap(), receipt);
        assert_eq!(
            Receipt::claimed_hub(&receipt.bytes).unwrap(),
            receipt.word.hub
        );
        let other = ed25519_dalek::SigningKey::from_bytes(&[6; 32]).verifying_key();
        let other = PublicKey::from_ed25519(&other).unwrap();
        assert!(Receipt::open(&receipt.bytes, &other, ORG).is_err());
        assert!(Receipt::open(&receipt.bytes, &key, OrgId(Hash32([2; 32]))).is_err());
    }

    #[test]
    fn a_line_of_a_later_type_is_kept_in_the_bytes_and_counts_for_nothing() {
        let (_, key) = secret();
        let payload = Map::decode(&word(vec![file(SEALED, None)]).encode()).unwrap();
        let later = Value::Array(vec![Value::Uint(3), Value::text("?"), Value::Null]);
        let known = payload.get(6).and_then(Value::as_array).unwrap()[0].clone();
        let bytes = sign_map(&payload.clone().array(6, [later.clone(), known, later]));
        let receipt = Receipt::open(&bytes, &key, ORG).unwrap();
        assert_eq!(receipt.word.lines, [file(SEALED, None)]);
        assert_eq!(receipt.bytes, bytes);

        // What is no line at all, and a known type of another shape, is refused.
        for wrong in [
            Value::Uint(3),
            Value::Array(vec![]),
            Value::Array(vec![Value::text("3")]),
            Value::Array(vec![Value::Uint(2), SEALED.into()]),
        ] {
            let bytes = sign_map(&payload.clone().array(6, [wrong]));
            assert!(Receipt::open(&bytes, &key, ORG).is_err());
        }
    }

    #[test]
    fn two_lines_about_one_file_and_a_receipt_without_key_8_are_refused() {
        let (_, key) = secret();
        let reason = VoidReason::Gone;
        let void = ReceiptLine::Void {
            sealed: SEALED,
            reason,
            erasure: None,
        };
        let twice = sign(word(vec![file(SEALED, None), void]));
        assert!(Receipt::open(&twice.bytes, &key, ORG).is_err());
        let payload = Map::decode(&word(vec![void]).encode()).unwrap();
        let without = (0..=7).fold(Map::new(), |map, number| {
            map.with_some(number, payload.get(number).cloned())
        });
        assert!(Receipt::open(&sign_map(&payload), &key, ORG).is_ok());
        assert!(Receipt::open(&sign_map(&without), &key, ORG).is_err());
    }

    #[test]
    fn numbers_at_their_extremes_make_no_receipt_unreadable() {
        let (_, key) = secret();
        let extreme = ReceiptDraft {
            hub_seq: u64::MAX,
            hub_time_ms: i64::MIN,
            lines: vec![
                ReceiptLine::File {
                    sealed: SEALED,
                    size: u64::MAX,
                    sha256: None,
                },
                ReceiptLine::Entries {
                    device: DeviceId(Hash32([6; 32])),
                    upto_seq: u64::MAX,
                    entry_id: EntryId(Hash32([8; 32])),
                },
            ],
            ..word(vec![])
        };
        let receipt = sign(extreme);
        assert_eq!(Receipt::open(&receipt.bytes, &key, ORG).unwrap(), receipt);
    }
}
