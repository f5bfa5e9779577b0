//! The bytes of a body, or why they are absent.
//!
//! Owns how an absence is written. It is the statement of whoever holds the entry, not signed by anybody: a later holder may have the bytes.

use crate::encoding::{DecodeError, Map, Value};
use crate::model::ids::EntryId;

/// Why a holder does not have, or does not give, the bytes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Outside the reader's scope: the holder has them.
    Withheld,
    /// Erased by lawful order; the entry that says so, where the holder knows it.
    Erased {
        /// The `erased` entry.
        order: Option<EntryId>,
    },
    /// Gone without anybody's order.
    Lost,
    /// A reason of a newer version.
    Newer(u64),
}

impl Absence {
    /// The number of formats.md §5.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Withheld => 0,
            Self::Erased { .. } => 1,
            Self::Lost => 2,
            Self::Newer(number) => number,
        }
    }

    /// The `erased` entry, where one is named.
    #[must_use]
    pub fn order(self) -> Option<EntryId> {
        match self {
            Self::Erased { order } => order,
            Self::Withheld | Self::Lost | Self::Newer(_) => None,
        }
    }

    /// The absence of a number; an unknown one is kept.
    #[must_use]
    pub fn new(number: u64, order: Option<EntryId>) -> Self {
        match number {
            0 => Self::Withheld,
            1 => Self::Erased { order },
            2 => Self::Lost,
            3.. => Self::Newer(number),
        }
    }

    fn to_value(self) -> Value {
        let map = Map::new().uint(0, self.number());
        map.with_some(1, self.order()).into()
    }

    fn from_map(map: &Map) -> Result<Self, DecodeError> {
        let order = map.may(1, EntryId::from_value)?;
        Ok(Self::new(map.need(0, Value::as_uint)?, order))
    }
}

/// The bytes of a body, or why they are absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyBytes {
    /// As written or received.
    Here(Vec<u8>),
    /// Not here.
    Absent(Absence),
}

impl BodyBytes {
    /// The bytes, if they are here.
    #[must_use]
    pub fn here(&self) -> Option<&[u8]> {
        match self {
            Self::Here(bytes) => Some(bytes),
            Self::Absent(_) => None,
        }
    }

    /// Why they are absent, if they are.
    #[must_use]
    pub fn absence(&self) -> Option<Absence> {
        match self {
            Self::Here(_) => None,
            Self::Absent(absence) => Some(*absence),
        }
    }

    /// Of two copies of one entry the one whose body weighs more is kept: the bytes, then a lawful erasure that names its order, then one that does not.
    #[must_use]
    pub fn weight(&self) -> u8 {
        match self {
            Self::Here(_) => 3,
            Self::Absent(Absence::Erased { order: Some(_) }) => 2,
            Self::Absent(Absence::Erased { order: None }) => 1,
            Self::Absent(Absence::Withheld | Absence::Lost | Absence::Newer(_)) => 0,
        }
    }

    /// The second half of the pair that stands in runs and segments.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Here(bytes) => Value::bytes(bytes),
            Self::Absent(absence) => absence.to_value(),
        }
    }

    /// Reads the second half of a pair.
    ///
    /// # Errors
    /// Neither bytes nor an absence.
    pub fn from_value(value: &Value) -> Result<Self, DecodeError> {
        match value {
            Value::Bytes(bytes) => Ok(Self::Here(bytes.clone())),
            Value::Map(map) => Ok(Self::Absent(Absence::from_map(map)?)),
            Value::Uint(_) | Value::Neg(_) | Value::Text(_) | Value::Array(_) | Value::Null => {
                Err(DecodeError::WrongType { key: 1 })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::encoding::Hash32;

    #[test]
    fn every_reason_is_read_back_and_one_of_a_newer_version_is_kept() {
        let order = Some(EntryId(Hash32([7; 32])));
        for absence in [
            Absence::Withheld,
            Absence::Erased { order },
            Absence::Erased { order: None },
            Absence::Lost,
            Absence::Newer(9),
        ] {
            let bytes = BodyBytes::Absent(absence);
            assert_eq!(BodyBytes::from_value(&bytes.to_value()).unwrap(), bytes);
        }
    }

    #[test]
    fn nothing_is_neither_bytes_nor_an_absence() {
        assert!(BodyBytes::from_value(&Value::Null).is_err());
        assert!(BodyBytes::from_value(&Map::new().into()).is_err());
    }
}
