//! Sealing: encryption of a stream to the organisation and the session keys of now, in the age format that stock tools open.
//!
//! Owns the two directions of one stream and what a sealed file is named. Does not own keys (`keys/`) or files (`store/`). Invariant: a file is
//! sealed once; its name is the SHA-256 of its bytes; nothing plain is ever handed to a writer.

mod stanzas;

pub use stanzas::{objection_to, unlisted_in};

use std::io::{self, Read, Write};
use std::str::FromStr as _;

use age::{Decryptor, Encryptor, x25519};
use thiserror::Error;

use crate::encoding::hash::Hasher;
use crate::encoding::limits::RECIPIENTS_MAX;
use crate::model::ids::SealedName;

/// Why a sealed file did not open, or nothing was sealed.
#[derive(Debug, Error)]
pub enum SealError {
    /// None of the keys at hand is among its recipients.
    #[error("no key here opens this file")]
    NoKey,
    /// Its bytes are not what was sealed: a flipped bit, or a missing end.
    #[error("the sealed file is damaged or cut")]
    Damaged,
    /// A recipient is not an age X25519 recipient, there is none, or there are too many.
    #[error("recipients: {reason}")]
    Recipients {
        /// What is wrong.
        reason: String,
    },
    /// The disk failed.
    #[error("sealed file: {0}")]
    Io(#[from] io::Error),
}

/// Counts and hashes what passes to a writer.
struct HashingWriter<W> {
    inner: W,
    hasher: Hasher,
    bytes: u64,
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.hasher
            .update(buffer.get(..written).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Seals a stream as it is written.
pub struct SealWriter<W: Write> {
    stream: age::stream::StreamWriter<HashingWriter<W>>,
}

impl<W: Write> SealWriter<W> {
    /// Starts a sealed file for `recipients` (`age1…` texts).
    ///
    /// # Errors
    /// `Recipients`, or the writer's.
    pub fn new(recipients: &[String], inner: W) -> Result<Self, SealError> {
        let bad = |reason: &str| SealError::Recipients {
            reason: reason.to_owned(),
        };
        if recipients.is_empty() || recipients.len() > RECIPIENTS_MAX {
            return Err(bad("there must be 1 to 10"));
        }
        let parsed = recipients
            .iter()
            .map(|text| x25519::Recipient::from_str(text).map_err(bad));
        let parsed = parsed.collect::<Result<Vec<_>, _>>()?;
        let recipients = parsed
            .iter()
            .map(|recipient| recipient as &dyn age::Recipient);
        let encryptor =
            Encryptor::with_recipients(recipients).map_err(|error| bad(&error.to_string()))?;
        let hashing = HashingWriter {
            inner,
            hasher: Hasher::new(),
            bytes: 0,
        };
        Ok(Self {
            stream: encryptor.wrap_output(hashing)?,
        })
    }

    /// Seals the next bytes.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&mut self, plain: &[u8]) -> io::Result<()> {
        self.stream.write_all(plain)
    }

    /// Ends the sealed file: gives its name, its length and the writer, which the caller makes durable.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(self) -> io::Result<(SealedName, u64, W)> {
        let hashing = self.stream.finish()?;
        Ok((
            SealedName(hashing.hasher.finish()),
            hashing.bytes,
            hashing.inner,
        ))
    }
}

/// Seals bytes that are in memory already.
///
/// # Errors
/// `Recipients`.
pub fn seal_bytes(recipients: &[String], plain: &[u8]) -> Result<(SealedName, Vec<u8>), SealError> {
    let mut writer = SealWriter::new(recipients, Vec::new())?;
    writer.write(plain)?;
    let (name, _, sealed) = writer.finish()?;
    Ok((name, sealed))
}

/// Opens a sealed stream with the first of `identities` that fits.
///
/// # Errors
/// `NoKey`, or `Damaged` when even the header is not age's. Damage further on shows while reading: see [`open_to_end`].
pub fn open<'a, R: Read + 'a>(
    identities: &[&x25519::Identity],
    sealed: R,
) -> Result<impl Read + 'a, SealError> {
    let decryptor = Decryptor::new(sealed).map_err(reason)?;
    let identities = identities
        .iter()
        .map(|identity| *identity as &dyn age::Identity);
    decryptor.decrypt(identities).map_err(reason)
}

/// Opens a sealed stream and reads it to its end, so that its last MAC was checked; every chunk goes to `sink`.
///
/// # Errors
/// `NoKey`, `Damaged`, or the sink's.
pub fn open_to_end<R: Read>(
    identities: &[&x25519::Identity],
    sealed: R,
    sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> Result<u64, SealError> {
    let mut plain = open(identities, sealed)?;
    let mut buffer = vec![0; READ_BYTES];
    let mut total = 0_u64;
    loop {
        // age reports a wrong MAC and a missing end as errors of the stream: they are damage, not the disk's failure.
        let read = plain
            .read(&mut buffer)
            .map_err(|error| match error.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => SealError::Damaged,
                // Kinds are the system's enum, not ours, and may grow.
                _ => SealError::Io(error),
            })?;
        if read == 0 {
            return Ok(total);
        }
        sink(buffer.get(..read).unwrap_or_default())?;
        total = total.saturating_add(read as u64);
    }
}

/// Opens a small sealed file into memory, refusing more than `limit` bytes.
///
/// # Errors
/// `NoKey`, `Damaged`, or `Io` over the limit.
pub fn open_bytes(
    identities: &[&x25519::Identity],
    sealed: &[u8],
    limit: usize,
) -> Result<Vec<u8>, SealError> {
    let mut plain = Vec::new();
    open_to_end(identities, sealed, &mut |chunk| {
        if plain.len().saturating_add(chunk.len()) > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        plain.extend_from_slice(chunk);
        Ok(())
    })?;
    Ok(plain)
}

/// age seals in chunks of this size.
const READ_BYTES: usize = 64 * 1024;

fn reason(error: age::DecryptError) -> SealError {
    match error {
        age::DecryptError::NoMatchingKeys | age::DecryptError::KeyDecryptionFailed => {
            SealError::NoKey
        }
        age::DecryptError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            SealError::Io(error)
        }
        // age's enum is not ours and may grow: whatever else is wrong with a header or MAC is damage.
        _ => SealError::Damaged,
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )]
    use super::*;
    use crate::encoding::Hash32;

    #[test]
    fn every_recipient_opens_and_a_stranger_does_not() {
        let [org, session, stranger] = [(); 3].map(|()| x25519::Identity::generate());
        let recipients = [&org, &session].map(|id| id.to_public().to_string());
        for len in [0, 1, 65_535, 65_536, 65_537, 200_000] {
            let plain = vec![7; len];
            let (name, sealed) = seal_bytes(&recipients, &plain).unwrap();
            assert_eq!(name.0, Hash32::of(&sealed));
            for identity in [&org, &session] {
                assert_eq!(open_bytes(&[identity], &sealed, len).unwrap(), plain);
            }
            let opened = open_bytes(&[&stranger], &sealed, len);
            assert!(matches!(opened, Err(SealError::NoKey)));
        }
    }

    #[test]
    fn a_flipped_bit_or_a_cut_anywhere_is_damage() {
        let identity = x25519::Identity::generate();
        let recipients = [identity.to_public().to_string()];
        let (_, sealed) = seal_bytes(&recipients, &vec![7; 70_000]).unwrap();
        for at in (0..sealed.len())
            .step_by(997)
            .chain(sealed.len() - 20..sealed.len())
        {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert!(
                open_bytes(&[&identity], &bad, 100_000).is_err(),
                "byte {at}"
            );
            assert!(
                open_bytes(&[&identity], &sealed[..at], 100_000).is_err(),
                "cut at {at}"
            );
        }
    }
}
