//! A run: the entries that one checkpoint closes, packed to travel and to be the journal's second copy.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::{BodyBytes, ChainHead, Checkpoint, Entry, JournalError, decode, verify_chain};
use crate::encoding::cbor::within;
use crate::encoding::limits::{RUN_BYTES_CLOSE_AT, RUN_BYTES_MAX, RUN_ENTRIES_MAX};
use crate::encoding::{DecodeError, Map, PublicKey, Value};
use crate::model::ids::{DeviceId, OrgId};

const VERSION: u64 = 1;
const WHAT: &str = "run";

/// A run whose entries parse, follow each other and end at its checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The organisation.
    pub org: OrgId,
    /// Contiguous entries of one device.
    pub entries: Vec<Entry>,
    /// The device's signature; not checked until [`Run::checkpoint`].
    pub checkpoint_bytes: Vec<u8>,
    /// Whom the run was sealed to when it was written.
    pub sealed_to: Vec<String>,
}

impl Run {
    /// Packs the run: deterministic CBOR, then gzip.
    ///
    /// # Errors
    /// Over the limit of a run.
    pub fn pack(&self) -> Result<Vec<u8>, JournalError> {
        let pairs = self.entries.iter().map(|entry| {
            let body = entry.body_bytes.to_value();
            Value::Array(vec![Value::bytes(&entry.header_bytes), body])
        });
        let plain = Map::new()
            .uint(0, VERSION)
            .with(1, self.org)
            .array(2, pairs)
            .bytes(3, &self.checkpoint_bytes)
            .array(4, self.sealed_to.iter().map(Value::text))
            .encode();
        within(WHAT, &plain, RUN_BYTES_MAX).map_err(decode(WHAT))?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        // A Vec takes every byte: writing to it has no failing case.
        gzip.write_all(&plain)
            .and_then(|()| gzip.finish())
            .map_err(|_| JournalError::Gzip)
    }

    /// Unpacks a run and checks that its entries belong together; the signature is checked by [`Run::checkpoint`].
    ///
    /// # Errors
    /// Damaged or oversized gzip, another spelling, entries that do not follow each other.
    pub fn unpack(packed: &[u8], org: OrgId) -> Result<Self, JournalError> {
        let plain = gunzip(packed, RUN_BYTES_MAX).ok_or(JournalError::Gzip)?;
        let map = Map::decode(&plain).map_err(decode(WHAT))?;
        map.version(VERSION).map_err(decode(WHAT))?;
        if map.need(1, OrgId::from_value).map_err(decode(WHAT))? != org {
            return Err(JournalError::OtherOrg { what: WHAT });
        }
        let pairs = map.list(2, Value::as_array).map_err(decode(WHAT))?;
        if pairs.is_empty() || pairs.len() > RUN_ENTRIES_MAX {
            let cause = DecodeError::WrongType { key: 2 };
            return Err(JournalError::Decode { what: WHAT, cause });
        }
        let entries = pairs.into_iter().map(|pair| parse_pair(pair, org));
        let entries = entries.collect::<Result<Vec<Entry>, JournalError>>()?;
        let checkpoint_bytes = map.need(3, Value::as_bytes).map_err(decode(WHAT))?.to_vec();
        let sealed_to = map.list(4, |value| value.as_text().map(str::to_owned));
        Ok(Self {
            org,
            entries,
            checkpoint_bytes,
            sealed_to: sealed_to.map_err(decode(WHAT))?,
        })
    }

    /// The organisation that a packed run names, unchecked: for whoever has nothing else to learn it from.
    #[must_use]
    pub fn claimed_org(packed: &[u8]) -> Option<OrgId> {
        let plain = gunzip(packed, RUN_BYTES_MAX)?;
        Map::decode(&plain).ok()?.need(1, OrgId::from_value).ok()
    }

    /// Whose chain.
    #[must_use]
    pub fn device(&self) -> Option<DeviceId> {
        self.entries.first().map(|entry| entry.header.device)
    }

    /// Checks the checkpoint and that the entries lead up to it.
    ///
    /// # Errors
    /// A signature or a chain fault.
    pub fn checkpoint(&self, key: &PublicKey) -> Result<Checkpoint, JournalError> {
        covering(self.org, key, &self.entries, &self.checkpoint_bytes)
    }
}

/// Opens the checkpoint of a piece of a chain and checks that the entries lead up to it.
///
/// # Errors
/// A signature or a chain fault.
pub fn covering(
    org: OrgId,
    key: &PublicKey,
    entries: &[Entry],
    checkpoint_bytes: &[u8],
) -> Result<Checkpoint, JournalError> {
    let checkpoint = Checkpoint::open(checkpoint_bytes, key, org)?;
    let start = ChainHead::start(checkpoint.device);
    let before = entries.first().map_or(start, |first| ChainHead {
        seq: first.header.seq.saturating_sub(1),
        id: first.header.prev,
    });
    let all: Vec<Option<&Entry>> = entries.iter().map(Some).collect();
    let covering = std::slice::from_ref(&checkpoint);
    verify_chain(checkpoint.device, before, &all, covering)?;
    Ok(checkpoint)
}

/// Reads `[header bstr, body bstr | absence]`.
pub(crate) fn parse_pair(pair: &[Value], org: OrgId) -> Result<Entry, JournalError> {
    let wrong = || JournalError::Decode {
        what: WHAT,
        cause: DecodeError::WrongType { key: 2 },
    };
    let [header, body] = pair else {
        return Err(wrong());
    };
    let body = BodyBytes::from_value(body).map_err(decode(WHAT))?;
    let entry = Entry::parse(header.as_bytes().ok_or_else(wrong)?, body)?;
    if entry.header.org != org {
        return Err(JournalError::OtherOrg { what: "entry" });
    }
    Ok(entry)
}

/// Unpacks at most `limit` bytes; a frame that holds more, is damaged or is followed by something is refused.
#[must_use]
pub fn gunzip(packed: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let mut reader = GzDecoder::new(packed);
    let bound = u64::try_from(limit).ok()?.saturating_add(1);
    reader.by_ref().take(bound).read_to_end(&mut plain).ok()?;
    let whole = plain.len() <= limit && reader.into_inner().is_empty();
    whole.then_some(plain)
}

/// Decides when a run is full.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunBuilder {
    entries: usize,
    bytes: usize,
}

impl RunBuilder {
    /// Takes an entry into account; `false` if it belongs into the next run.
    pub fn fits(&mut self, entry_size: usize) -> bool {
        let bytes = self.bytes.saturating_add(entry_size);
        let is_full = self.entries >= RUN_ENTRIES_MAX || bytes > RUN_BYTES_CLOSE_AT;
        if is_full && self.entries > 0 {
            return false;
        }
        self.entries = self.entries.saturating_add(1);
        self.bytes = bytes;
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )]
    use super::super::Absence;
    use super::super::sample::entry;
    use super::*;
    use crate::environment::Environment;
    use crate::keys::{SoftwareVault, device_key};

    fn run() -> (tempfile::TempDir, PublicKey, Run) {
        let dir = tempfile::tempdir().unwrap();
        let vault = SoftwareVault::create(&Environment::system(0), dir.path()).unwrap();
        let key = device_key(&vault).unwrap();
        let device = DeviceId(key.id());
        let one = entry(device, 1, device.0, Map::new().text(2, "Ізюм"));
        let two = entry(device, 2, one.id.0, Map::new());
        let org = one.header.org;
        let checkpoint = Checkpoint::sign(&vault, &key, org, 2, two.id).unwrap();
        let checkpoint_bytes = checkpoint.bytes;
        (
            dir,
            key,
            Run {
                org,
                entries: vec![one, two],
                checkpoint_bytes,
                sealed_to: vec!["age1example".into()],
            },
        )
    }

    #[test]
    fn a_run_is_unpacked_to_what_was_packed_and_its_signature_holds() {
        let (_dir, key, run) = run();
        let packed = run.pack().unwrap();
        let back = Run::unpack(&packed, run.org).unwrap();
        assert_eq!(back, run);
        assert_eq!(back.checkpoint(&key).unwrap().seq, 2);
    }

    #[test]
    fn a_run_without_a_body_still_verifies() {
        let (_dir, key, mut run) = run();
        run.entries[0].body = None;
        run.entries[0].body_bytes = BodyBytes::Absent(Absence::Withheld);
        let back = Run::unpack(&run.pack().unwrap(), run.org).unwrap();
        assert!(back.checkpoint(&key).is_ok());
    }

    #[test]
    fn every_flipped_byte_of_a_packed_run_is_noticed() {
        let (_dir, key, run) = run();
        let packed = run.pack().unwrap();
        for at in 0..packed.len() {
            // Bytes 4..10 of gzip are time, flags and system: no content; a reader that ignores them loses nothing.
            if (3..10).contains(&at) {
                continue;
            }
            let mut bad = packed.clone();
            bad[at] ^= 1;
            let believed = Run::unpack(&bad, run.org).is_ok_and(|r| r.checkpoint(&key).is_ok());
            assert!(!believed, "byte {at}");
        }
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&vec![0; 50_000_000]).unwrap();
        assert_eq!(gunzip(&gzip.finish().unwrap(), RUN_BYTES_MAX), None);
    }

    #[test]
    fn a_run_closes_at_64_entries_or_before_240_kib() {
        let mut builder = RunBuilder::default();
        assert_eq!(
            (0..100).filter(|_| builder.fits(10)).count(),
            RUN_ENTRIES_MAX
        );
        let mut builder = RunBuilder::default();
        assert_eq!((0..100).filter(|_| builder.fits(18 * 1024)).count(), 13);
    }
}
