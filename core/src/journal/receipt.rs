//! A receipt: a hub's signed word that it holds what it names, after re-reading, re-hashing and making it durable. The only source of "safe".

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
    /// What it holds, at most 500 lines.
    pub lines: Vec<ReceiptLine>,
    /// The hub's clock, ms.
    pub hub_time_ms: i64,
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
    fn from_value(value: &Value) -> Option<Self> {
        match value.as_array()? {
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
            .encode()
    }

    fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let map = Map::decode(payload)?;
        map.version(VERSION)?;
        let lines = map.list(6, ReceiptLine::from_value)?;
        if lines.len() > RECEIPT_LINES_MAX {
            let (found, limit) = (lines.len(), RECEIPT_LINES_MAX);
            return Err(DecodeError::TooLarge {
                what: "receipt lines",
                found,
                limit,
            });
        }
        Ok(Self {
            org: map.need(1, OrgId::from_value)?,
            hub: map.need(2, HubId::from_value)?,
            epoch: map.need(3, id16)?,
            hub_seq: map.need(4, Value::as_uint)?,
            prev: map.need(5, Value::as_hash)?,
            lines,
            hub_time_ms: map.need(7, Value::as_int)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ed25519_dalek::Signer as _;

    #[test]
    fn a_receipt_is_believed_only_with_its_hubs_key_and_organisation() {
        let secret = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
        let key = PublicKey::from_ed25519(&secret.verifying_key()).unwrap();
        let org = OrgId(Hash32([1; 32]));
        let sealed = SealedName(Hash32([2; 32]));
        let word = ReceiptDraft {
            org,
            hub: HubId(key.id()),
            epoch: [7; 16],
            hub_seq: 1,
            prev: Hash32::ZERO,
            lines: vec![
                ReceiptLine::File {
                    sealed,
                    size: 10,
                    sha256: None,
                },
                ReceiptLine::File {
                    sealed,
                    size: 10,
                    sha256: Some(Hash32([4; 32])),
                },
                ReceiptLine::Entries {
                    device: DeviceId(Hash32([6; 32])),
                    upto_seq: 3,
                    entry_id: EntryId(Hash32([8; 32])),
                },
            ],
            hub_time_ms: 1,
        };
        let sign = |m: &[u8]| Ok::<_, std::convert::Infallible>(secret.sign(m).to_bytes().to_vec());
        let receipt = sign_receipt(word, &key, sign).unwrap();
        assert_eq!(Receipt::open(&receipt.bytes, &key, org).unwrap(), receipt);
        assert_eq!(
            Receipt::claimed_hub(&receipt.bytes).unwrap(),
            receipt.word.hub
        );
        let other = ed25519_dalek::SigningKey::from_bytes(&[6; 32]).verifying_key();
        let other = PublicKey::from_ed25519(&other).unwrap();
        assert!(Receipt::open(&receipt.bytes, &other, org).is_err());
        assert!(Receipt::open(&receipt.bytes, &key, OrgId(Hash32([2; 32]))).is_err());
    }
}
