//! Deterministic CBOR, narrowed to what Imena hashes: unsigned integer keys, no floats, no tags, no indefinite lengths.
//!
//! Owns the one spelling of a value. `minicbor` reads and writes the tokens; that a document has this one spelling is proven by writing the
//! decoded value again and comparing bytes, which catches every other form (longer integers, unordered or doubled keys) at once.

use std::collections::BTreeMap;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use thiserror::Error;

use super::hash::Hash32;
use super::limits::CBOR_DEPTH_MAX;

/// One CBOR value of the narrowed kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// An unsigned integer.
    Uint(u64),
    /// A negative integer.
    Neg(i64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text, verbatim: never normalised.
    Text(String),
    /// An array.
    Array(Vec<Value>),
    /// A map with unsigned integer keys.
    Map(Map),
    /// Nothing here, on purpose.
    Null,
}

/// A map with unsigned integer keys in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Map(pub BTreeMap<u64, Value>);

/// Why bytes were not taken as a value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Not CBOR, or cut.
    #[error("not valid CBOR at byte {position}")]
    Malformed {
        /// Offset of the first byte that does not fit.
        position: usize,
    },
    /// A float, tag, simple value, text key or indefinite length.
    #[error("a CBOR type that these formats do not use, at byte {position}")]
    Unsupported {
        /// Offset of the item.
        position: usize,
    },
    /// Valid CBOR in another spelling than the deterministic one.
    #[error("not in deterministic encoding")]
    NotCanonical,
    /// Bytes after the value.
    #[error("{count} bytes after the value")]
    Trailing {
        /// How many.
        count: usize,
    },
    /// Nested deeper than [`CBOR_DEPTH_MAX`].
    #[error("nested deeper than {CBOR_DEPTH_MAX}")]
    TooDeep,
    /// Larger than its limit.
    #[error("{what} of {found} bytes is over its limit of {limit}")]
    TooLarge {
        /// What was measured.
        what: &'static str,
        /// Its size.
        found: usize,
        /// Its limit.
        limit: usize,
    },
    /// A key that must be there is not.
    #[error("key {key} is missing")]
    Missing {
        /// The key.
        key: u64,
    },
    /// A value of another type, length or range than the format says.
    #[error("key {key} does not hold what the format says")]
    WrongType {
        /// The key.
        key: u64,
    },
    /// A structure of a version this program does not know.
    #[error("version {found} is newer than this program knows")]
    NewerVersion {
        /// The version found.
        found: u64,
    },
}

impl Value {
    /// An integer of either sign.
    #[must_use]
    pub fn int(value: i64) -> Self {
        u64::try_from(value).map_or(Self::Neg(value), Self::Uint)
    }

    /// A byte string.
    #[must_use]
    pub fn bytes(value: impl AsRef<[u8]>) -> Self {
        Self::Bytes(value.as_ref().to_vec())
    }

    /// A text.
    #[must_use]
    pub fn text(value: impl Into<String>) -> Self {
        Self::Text(value.into())
    }

    /// Decodes exactly one value in its one spelling.
    ///
    /// # Errors
    /// Any other bytes: see [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new(bytes);
        let value = read(&mut decoder, 0)?;
        let read_len = decoder.position();
        if read_len != bytes.len() {
            return Err(DecodeError::Trailing {
                count: bytes.len().saturating_sub(read_len),
            });
        }
        if value.encode() != bytes {
            return Err(DecodeError::NotCanonical);
        }
        Ok(value)
    }

    /// Gives the length of the first item of a CBOR sequence (RFC 8742); what follows it is not looked at.
    ///
    /// # Errors
    /// It is cut off, or not an item in its one spelling.
    pub fn first_len(bytes: &[u8]) -> Result<usize, DecodeError> {
        let mut decoder = Decoder::new(bytes);
        read(&mut decoder, 0)?;
        let end = decoder.position();
        Self::decode(bytes.get(..end).unwrap_or_default())?;
        Ok(end)
    }

    /// Encodes the value in its one spelling.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // Writing to a Vec cannot fail: minicbor's error type here is `Infallible`.
        let _ = write(&mut Encoder::new(&mut out), self);
        out
    }

    /// The integer, if it is one that fits.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Uint(value) => i64::try_from(*value).ok(),
            Self::Neg(value) => Some(*value),
            Self::Bytes(_) | Self::Text(_) | Self::Array(_) | Self::Map(_) | Self::Null => None,
        }
    }

    /// The unsigned integer, if it is one.
    #[must_use]
    pub fn as_uint(&self) -> Option<u64> {
        if let Self::Uint(value) = self {
            Some(*value)
        } else {
            None
        }
    }

    /// The bytes, if they are bytes.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(value) = self {
            Some(value)
        } else {
            None
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(value) = self {
            Some(value)
        } else {
            None
        }
    }

    /// The items, if it is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Self::Array(value) = self {
            Some(value)
        } else {
            None
        }
    }

    /// The map, if it is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        if let Self::Map(value) = self {
            Some(value)
        } else {
            None
        }
    }

    /// The hash, if it is 32 bytes.
    #[must_use]
    pub fn as_hash(&self) -> Option<Hash32> {
        self.as_bytes().and_then(Hash32::from_slice)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<Hash32> for Value {
    fn from(hash: Hash32) -> Self {
        Self::bytes(hash.0)
    }
}

impl Map {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value; built in any order, written in ascending order.
    #[must_use]
    pub fn with(mut self, key: u64, value: impl Into<Value>) -> Self {
        self.0.insert(key, value.into());
        self
    }

    /// Adds a value if there is one.
    #[must_use]
    pub fn with_some(self, key: u64, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Adds an unsigned integer.
    #[must_use]
    pub fn uint(self, key: u64, value: u64) -> Self {
        self.with(key, Value::Uint(value))
    }

    /// Adds an integer of either sign.
    #[must_use]
    pub fn int(self, key: u64, value: i64) -> Self {
        self.with(key, Value::int(value))
    }

    /// Adds bytes.
    #[must_use]
    pub fn bytes(self, key: u64, value: impl AsRef<[u8]>) -> Self {
        self.with(key, Value::bytes(value))
    }

    /// Adds a text.
    #[must_use]
    pub fn text(self, key: u64, value: impl Into<String>) -> Self {
        self.with(key, Value::text(value))
    }

    /// Adds an array.
    #[must_use]
    pub fn array(self, key: u64, items: impl IntoIterator<Item = Value>) -> Self {
        self.with(key, Value::Array(items.into_iter().collect()))
    }

    /// Encodes the map in its one spelling.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Value::Map(self.clone()).encode()
    }

    /// Decodes a map.
    ///
    /// # Errors
    /// Anything that is not one map in its one spelling.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        match Value::decode(bytes)? {
            Value::Map(map) => Ok(map),
            Value::Uint(_)
            | Value::Neg(_)
            | Value::Bytes(_)
            | Value::Text(_)
            | Value::Array(_)
            | Value::Null => Err(DecodeError::Unsupported { position: 0 }),
        }
    }

    /// The value under `key`, if any.
    #[must_use]
    pub fn get(&self, key: u64) -> Option<&Value> {
        self.0.get(&key)
    }

    /// Reads a value that must be there.
    ///
    /// # Errors
    /// `Missing`, or `WrongType` where `read` gives nothing.
    pub fn need<'a, T>(
        &'a self,
        key: u64,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<T, DecodeError> {
        let value = self.get(key).ok_or(DecodeError::Missing { key })?;
        read(value).ok_or(DecodeError::WrongType { key })
    }

    /// Reads a value that may be absent.
    ///
    /// # Errors
    /// `WrongType` where it is there and `read` gives nothing.
    pub fn may<'a, T>(
        &'a self,
        key: u64,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, DecodeError> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or(DecodeError::WrongType { key }),
        }
    }

    /// Reads an array, each item by `read`.
    ///
    /// # Errors
    /// `Missing` or `WrongType`.
    pub fn list<'a, T>(
        &'a self,
        key: u64,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Vec<T>, DecodeError> {
        self.need(key, Value::as_array)?
            .iter()
            .map(|item| read(item).ok_or(DecodeError::WrongType { key }))
            .collect()
    }

    /// Checks key 0, the version of a structure.
    ///
    /// # Errors
    /// `NewerVersion` for any other than `known`.
    pub fn version(&self, known: u64) -> Result<(), DecodeError> {
        match self.need(0, Value::as_uint)? {
            found if found == known => Ok(()),
            found => Err(DecodeError::NewerVersion { found }),
        }
    }
}

/// Refuses bytes over their limit before anything is parsed.
///
/// # Errors
/// `TooLarge`.
pub fn within(what: &'static str, bytes: &[u8], limit: usize) -> Result<(), DecodeError> {
    if bytes.len() > limit {
        return Err(DecodeError::TooLarge {
            what,
            found: bytes.len(),
            limit,
        });
    }
    Ok(())
}

fn read(decoder: &mut Decoder<'_>, depth: usize) -> Result<Value, DecodeError> {
    if depth >= CBOR_DEPTH_MAX {
        return Err(DecodeError::TooDeep);
    }
    let position = decoder.position();
    let malformed = |_| DecodeError::Malformed { position };
    let below = depth.saturating_add(1);
    match decoder.datatype().map_err(malformed)? {
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
            Ok(Value::Uint(decoder.u64().map_err(malformed)?))
        }
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => {
            Ok(Value::Neg(decoder.i64().map_err(malformed)?))
        }
        Type::Bytes => Ok(Value::bytes(decoder.bytes().map_err(malformed)?)),
        Type::String => Ok(Value::text(decoder.str().map_err(malformed)?)),
        Type::Null => decoder.null().map(|()| Value::Null).map_err(malformed),
        Type::Array => {
            let count = decoder.array().map_err(malformed)?;
            let count = count.ok_or(DecodeError::Unsupported { position })?;
            // No capacity from `count`: it is the sender's word; each item costs at least one byte that must be there.
            let mut items = Vec::new();
            for _ in 0..count {
                items.push(read(decoder, below)?);
            }
            Ok(Value::Array(items))
        }
        Type::Map => {
            let count = decoder.map().map_err(malformed)?;
            let count = count.ok_or(DecodeError::Unsupported { position })?;
            let mut map = Map::new();
            for _ in 0..count {
                let key = decoder
                    .u64()
                    .map_err(|_| DecodeError::Unsupported { position })?;
                map.0.insert(key, read(decoder, below)?);
            }
            Ok(Value::Map(map))
        }
        Type::Bool
        | Type::Undefined
        | Type::Int
        | Type::F16
        | Type::F32
        | Type::F64
        | Type::Simple
        | Type::BytesIndef
        | Type::StringIndef
        | Type::ArrayIndef
        | Type::MapIndef
        | Type::Tag
        | Type::Break
        | Type::Unknown(_) => Err(DecodeError::Unsupported { position }),
    }
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn write(encoder: &mut Encoder<&mut Vec<u8>>, value: &Value) -> Written {
    match value {
        Value::Uint(value) => encoder.u64(*value).map(drop),
        Value::Neg(value) => encoder.i64(*value).map(drop),
        Value::Bytes(value) => encoder.bytes(value).map(drop),
        Value::Text(value) => encoder.str(value).map(drop),
        Value::Null => encoder.null().map(drop),
        Value::Array(items) => {
            encoder.array(items.len() as u64)?;
            items.iter().try_for_each(|item| write(encoder, item))
        }
        Value::Map(map) => {
            encoder.map(map.0.len() as u64)?;
            for (key, item) in &map.0 {
                encoder.u64(*key)?;
                write(encoder, item)?;
            }
            Ok(())
        }
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
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(Value::int),
            any::<u64>().prop_map(Value::Uint),
            proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
            ".{0,20}".prop_map(Value::Text),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                proptest::collection::btree_map(any::<u64>(), inner, 0..6)
                    .prop_map(|map| Value::Map(Map(map))),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_survives_encode_and_decode(value in any_value()) {
            prop_assert_eq!(Value::decode(&value.encode()), Ok(value));
        }

        #[test]
        fn what_is_decoded_has_one_spelling(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(value) = Value::decode(&bytes) {
                prop_assert_eq!(value.encode(), bytes);
            }
        }

        #[test]
        fn one_flipped_bit_never_gives_the_same_value(value in any_value(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let mut bytes = value.encode();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_ne!(Value::decode(&bytes), Ok(value));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        let cases: [(&str, &[u8]); 9] = [
            ("a long integer", &[0x18, 0x01]),
            ("an indefinite array", &[0x9f, 0x01, 0xff]),
            ("a float", &[0xf9, 0x3c, 0x00]),
            ("a tag", &[0xc0, 0x61, 0x61]),
            ("a text key", &[0xa1, 0x61, 0x61, 0x01]),
            ("keys out of order", &[0xa2, 0x02, 0x00, 0x01, 0x00]),
            ("a key twice", &[0xa2, 0x01, 0x00, 0x01, 0x00]),
            ("true", &[0xf5]),
            ("a cut text", &[0x63, 0x61]),
        ];
        for (name, bytes) in cases {
            assert!(Value::decode(bytes).is_err(), "{name} was taken");
        }
        assert_eq!(
            Value::decode(&[0x01, 0x01]),
            Err(DecodeError::Trailing { count: 1 })
        );
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |depth: usize| (1..depth).fold(Value::Null, |v, _| Value::Array(vec![v]));
        assert!(Value::decode(&nested(CBOR_DEPTH_MAX).encode()).is_ok());
        assert_eq!(
            Value::decode(&nested(CBOR_DEPTH_MAX + 1).encode()),
            Err(DecodeError::TooDeep)
        );
        assert_eq!(Value::decode(&[0x81; 100_000]), Err(DecodeError::TooDeep));
    }
}
