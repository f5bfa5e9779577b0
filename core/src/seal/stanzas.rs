//! Whom a sealed file is sealed to, as far as its header says without a key: how many X25519 recipients, and whether there are others.
//!
//! Owns reading the head of an age file for this one question. Invariant: nobody reads in secret: a recipient of another type, or one more than the
//! introducing entry lists, is named by whoever holds the file, with a key or without.

use std::io::{BufRead as _, BufReader, Read};

use super::SealError;
use crate::encoding::limits::RECIPIENTS_MAX;

const INTRO: &str = "age-encryption.org/v1";
const STANZA: &str = "-> ";
const END: &str = "---";
const X25519: &str = "X25519";
/// What writers of age add so that readers must skip what they do not know; it opens nothing.
const GREASE: &str = "-grease";
/// A header of ten recipients has about 1.2 KiB.
const HEADER_BYTES_MAX: u64 = 64 * 1024;

/// In what a sealed file's header alone is not as it must be, in words; absent: it is.
pub fn objection_to(sealed: impl Read) -> Option<String> {
    match Stanzas::read(sealed) {
        Ok(stanzas) => stanzas.objection(),
        Err(_) => Some("it does not begin like a sealed file".to_owned()),
    }
}

/// In what the recipients of a sealed file differ from those that its entry or run lists; absent where they do not, and where the header alone is named
/// already.
pub fn unlisted_in(sealed: impl Read, listed: usize) -> Option<String> {
    let stanzas = Stanzas::read(sealed).ok()?;
    let is_named = stanzas.objection().is_some();
    let count = stanzas.x25519;
    let differs = !is_named && count != listed;
    differs.then(|| format!("it has {count} recipients, its entry lists {listed}"))
}

/// The recipients that the header of a sealed file shows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stanzas {
    /// How many X25519 recipients.
    x25519: usize,
    /// Types of all others but grease.
    foreign: Vec<String>,
}

impl Stanzas {
    /// Reads the header of a sealed file; what follows it is not read.
    ///
    /// # Errors
    /// `Damaged` if it is not the header of an age file, or the reader's.
    fn read(sealed: impl Read) -> Result<Self, SealError> {
        let mut lines = BufReader::new(sealed.take(HEADER_BYTES_MAX)).split(b'\n');
        let mut next = || -> Result<String, SealError> {
            let line = lines.next().ok_or(SealError::Damaged)??;
            String::from_utf8(line).map_err(|_| SealError::Damaged)
        };
        if next()? != INTRO {
            return Err(SealError::Damaged);
        }
        let (mut x25519, mut foreign) = (0_usize, Vec::new());
        loop {
            let line = next()?;
            if line.starts_with(END) {
                return Ok(Self { x25519, foreign });
            }
            let Some(stanza) = line.strip_prefix(STANZA) else {
                continue;
            };
            match stanza.split(' ').next().unwrap_or_default() {
                X25519 => x25519 = x25519.saturating_add(1),
                kind if kind.ends_with(GREASE) => {}
                // age: one or more printable characters, so that nobody hides a type behind others.
                kind if !is_printable(kind) => return Err(SealError::Damaged),
                kind => foreign.push(kind.to_owned()),
            }
        }
    }

    /// What is not as it must be, in words.
    fn objection(&self) -> Option<String> {
        if let Some(kind) = self.foreign.first() {
            return Some(format!("it has a recipient of another type ({kind:.40})"));
        }
        if !(1..=RECIPIENTS_MAX).contains(&self.x25519) {
            return Some(format!("it has {} recipients", self.x25519));
        }
        None
    }
}

fn is_printable(kind: &str) -> bool {
    !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use age::x25519;

    use super::super::seal_bytes;
    use super::*;

    fn recipients(count: usize) -> Vec<String> {
        let identities = (0..count).map(|_| x25519::Identity::generate());
        identities
            .map(|identity| identity.to_public().to_string())
            .collect()
    }

    #[test]
    fn each_recipient_is_counted_and_grease_is_none() {
        for count in [1, 3, 10] {
            let (_, sealed) = seal_bytes(&recipients(count), b"photo").unwrap();
            let stanzas = Stanzas::read(sealed.as_slice()).unwrap();
            assert_eq!(stanzas.x25519, count);
            assert_eq!(stanzas.objection(), None);
            assert_eq!(unlisted_in(sealed.as_slice(), count), None);
        }
    }

    #[test]
    fn a_reader_whom_no_entry_lists_is_named() {
        let (_, sealed) = seal_bytes(&recipients(3), b"photo").unwrap();
        let objection = unlisted_in(sealed.as_slice(), 2).unwrap();
        assert!(objection.contains("3 recipients"), "{objection}");
    }

    #[test]
    fn a_passphrase_or_another_kind_of_key_beside_the_listed_ones_is_named() {
        let header =
            "age-encryption.org/v1\n-> X25519 abc\nbody\n-> ssh-ed25519 abc def\nbody\n--- mac\n";
        let stanzas = Stanzas::read(header.as_bytes()).unwrap();
        let objection = stanzas.objection().unwrap();
        assert!(objection.contains("ssh-ed25519"), "{objection}");
    }

    #[test]
    fn what_is_no_header_is_damaged() {
        for bytes in [
            "",
            "age-encryption.org/v1\n",
            "age-encryption.org/v2\n--- x\n",
            "PNG",
            "age-encryption.org/v1\n-> \u{1b}[2K\n--- x\n",
            "age-encryption.org/v1\n-> \n--- x\n",
        ] {
            let read = Stanzas::read(bytes.as_bytes());
            assert!(matches!(read, Err(SealError::Damaged)), "{bytes:?}");
        }
        let endless = "age-encryption.org/v1\n".to_owned() + &"-> x-grease\n".repeat(10_000);
        assert!(Stanzas::read(endless.as_bytes()).is_err());
    }
}
