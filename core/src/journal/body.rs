//! The part of an entry that holds names, positions and words.
//!
//! Owns its keys and its padding. Invariant: an encoded body tells neither its content nor the length of its content from outside: a random salt
//! stands before the fields and fills the body to a multiple of 64 bytes, so that an erased text leaves neither a guessable hash nor its length.

use crate::encoding::cbor::within;
use crate::encoding::limits::UNPADDED_BODY_BYTES_MAX;
use crate::encoding::{DecodeError, Map, Value};
use crate::model::circumstances::{Circumstances, Occurred, Person};
use crate::model::ids::SubjectId;
use crate::model::position::Position;

/// Less would let a short body be guessed from its hash after an erasure.
const SALT_BYTES_MIN: usize = 16;
/// The longest salt that padding asks for: with it every length can be reached.
pub const SALT_BYTES_MAX: usize = 87;
/// Bodies are padded to a multiple of this.
const BODY_BLOCK_BYTES: usize = 64;

/// The part that holds names, positions and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Random bytes; as many of them as the padding needs become the salt.
    pub random: [u8; SALT_BYTES_MAX],
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
    /// Whose words, when, and why.
    pub circumstances: Circumstances,
}

impl Body {
    /// Encodes the body with the least salt that fills it to a multiple of [`BODY_BLOCK_BYTES`].
    ///
    /// # Errors
    /// `TooLarge` for one that is too large before it is padded.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        let with_salt = |len: usize| {
            let salt = self.random.get(..len).unwrap_or(&self.random);
            Map::new()
                .bytes(0, salt)
                .with(1, self.fields.clone())
                .with_some(2, self.operator)
                .with_some(3, self.position)
                .with_some(4, self.gnss_ms.map(Value::int))
                .text(5, &self.app_version)
                .with_some(6, self.circumstances.reason.as_ref().map(Value::text))
                .with_some(7, self.circumstances.stated_by.clone())
                .with_some(8, self.circumstances.occurred.clone())
                .encode()
        };
        let least = with_salt(SALT_BYTES_MIN);
        within("entry body", &least, UNPADDED_BODY_BYTES_MAX)?;
        Ok(with_salt(salt_len(least.len())))
    }

    /// Reads a body; unknown keys stay in its bytes.
    ///
    /// # Errors
    /// Another spelling, a salt outside its limits, or a key of another type.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let map = Map::decode(bytes)?;
        Ok(Self {
            random: map.need(0, |value| salt(value.as_bytes()?))?,
            fields: map.need(1, Value::as_map)?.clone(),
            operator: map.may(2, SubjectId::from_value)?,
            // A position that this version does not understand is kept in the bytes and not shown.
            position: map.get(3).and_then(Position::from_value),
            gnss_ms: map.may(4, Value::as_int)?,
            app_version: map.need(5, Value::as_text)?.to_owned(),
            circumstances: Circumstances {
                reason: map.may(6, Value::as_text)?.map(str::to_owned),
                // As the position: what this version does not understand stays in the bytes.
                stated_by: map.get(7).and_then(Person::from_value),
                occurred: map.get(8).and_then(Occurred::from_value),
            },
        })
    }
}

/// Length of the salt for a body that has `least` bytes with a salt of [`SALT_BYTES_MIN`].
fn salt_len(least: usize) -> usize {
    // From 24 bytes on a byte string's head takes one byte more.
    let padded = |len: usize| {
        let grown = least.saturating_add(len.saturating_sub(SALT_BYTES_MIN));
        grown.saturating_add(usize::from(len >= 24))
    };
    (SALT_BYTES_MIN..=SALT_BYTES_MAX)
        .find(|len| padded(*len).is_multiple_of(BODY_BLOCK_BYTES))
        .unwrap_or(SALT_BYTES_MAX)
}

fn salt(bytes: &[u8]) -> Option<[u8; SALT_BYTES_MAX]> {
    if !(SALT_BYTES_MIN..=SALT_BYTES_MAX).contains(&bytes.len()) {
        return None;
    }
    let mut random = [0; SALT_BYTES_MAX];
    random.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(random)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
    use super::super::sample::body;
    use super::*;
    use crate::encoding::limits::BODY_BYTES_MAX;

    fn with_text(len: usize) -> Body {
        body(Map::new().text(2, "x".repeat(len)))
    }

    fn salt_of(bytes: &[u8]) -> usize {
        Map::decode(bytes)
            .unwrap()
            .get(0)
            .unwrap()
            .as_bytes()
            .unwrap()
            .len()
    }

    #[test]
    fn texts_of_any_length_leave_only_multiples_of_64_and_the_salt_is_the_least_that_does() {
        let mut longest = 0;
        for len in 0..400 {
            let bytes = with_text(len).encode().unwrap();
            assert_eq!(bytes.len() % BODY_BLOCK_BYTES, 0, "{len}");
            let salt = salt_of(&bytes);
            assert!((SALT_BYTES_MIN..=SALT_BYTES_MAX).contains(&salt), "{salt}");
            let unpadded = bytes.len() - salt - usize::from(salt >= 24) + SALT_BYTES_MIN;
            assert!(bytes.len() - unpadded <= 72, "no block more than needed");
            longest = longest.max(salt);
            assert_eq!(Body::decode(&bytes).unwrap().fields, with_text(len).fields);
        }
        assert_eq!(longest, SALT_BYTES_MAX);
    }

    #[test]
    fn a_salt_under_16_or_over_87_bytes_is_refused() {
        let salted = |len: usize| {
            let map = Map::decode(&with_text(5).encode().unwrap()).unwrap();
            Body::decode(&map.bytes(0, vec![1; len]).encode())
        };
        assert!(salted(SALT_BYTES_MIN).is_ok() && salted(SALT_BYTES_MAX).is_ok());
        assert!(salted(0).is_err());
        assert!(salted(SALT_BYTES_MIN - 1).is_err() && salted(SALT_BYTES_MAX + 1).is_err());
    }

    #[test]
    fn the_largest_unpadded_body_always_fits_when_padded() {
        for shorter in 0..BODY_BLOCK_BYTES {
            let frame = with_text(1000).encode().unwrap();
            let frame = frame.len() - salt_of(&frame) - usize::from(salt_of(&frame) >= 24)
                + SALT_BYTES_MIN
                - 1000;
            let bytes = with_text(UNPADDED_BODY_BYTES_MAX - frame - shorter)
                .encode()
                .unwrap();
            assert!(bytes.len() <= BODY_BYTES_MAX, "{shorter}");
        }
    }
}
