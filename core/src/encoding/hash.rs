//! SHA-256 values and how they are written: the one hash of the project (docs/adr/0006-choose-hash-signature-encoding.md).

use std::fmt;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// Read at once from a stream: enough that calls cost nothing beside the hash.
const STREAM_BYTES: usize = 64 * 1024;

/// A SHA-256 value; shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash32(pub [u8; 32]);

impl Hash32 {
    /// 32 zero bytes: the `prev` of the first receipt of an epoch.
    pub const ZERO: Self = Self([0; 32]);

    /// Hashes `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Hashes a stream to its end; gives its length too.
    ///
    /// # Errors
    /// The reader's.
    pub fn of_stream(mut stream: impl Read) -> io::Result<(Self, u64)> {
        let (mut hasher, mut total) = (Hasher::new(), 0_u64);
        let mut buffer = vec![0; STREAM_BYTES];
        loop {
            let read = stream.read(&mut buffer)?;
            if read == 0 {
                return Ok((hasher.finish(), total));
            }
            hasher.update(buffer.get(..read).unwrap_or_default());
            total = total.saturating_add(read as u64);
        }
    }

    /// Takes a hash from a slice of exactly 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads 64 lower-case hexadecimal digits; anything else is `None`, so that one hash has one spelling.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
        Self::from_slice(&bytes)
    }

    /// Writes 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }

    /// First eight digits, for lists that people read.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_hex().chars().take(8).collect()
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.short())
    }
}

/// Hashes a stream chunk by chunk.
#[derive(Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Starts an empty hash.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Ends the stream.
    #[must_use]
    pub fn finish(self) -> Hash32 {
        Hash32(self.0.finalize().into())
    }
}
