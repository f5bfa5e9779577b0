//! The ids of everything, each a type of its own, and how the id of a coded noun or a link follows from its name.

use std::fmt;

use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::encoding::{Hash32, Value};
use crate::environment::Environment;
use crate::vocabulary::Kind;

macro_rules! hash_ids {
    ($($(#[$doc:meta])* $name:ident,)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Hash32);

        impl $name {
            /// Takes the id from a slice of exactly 32 bytes.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                Hash32::from_slice(bytes).map(Self)
            }

            /// Reads the id from a CBOR byte string.
            #[must_use]
            pub fn from_value(value: &Value) -> Option<Self> {
                value.as_hash().map(Self)
            }

            /// The 32 bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl From<$name> for Value {
            fn from(id: $name) -> Self {
                Self::from(id.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0.short())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }
    )+};
}

hash_ids! {
    /// An organisation: SHA-256 of the SPKI of its signing key.
    OrgId,
    /// A hub: SHA-256 of the SPKI of its signing key.
    HubId,
    /// A device's chain: SHA-256 of the SPKI of its signing key. A new key is a new chain.
    DeviceId,
    /// An entry: SHA-256 of its header bytes.
    EntryId,
    /// A receipt: SHA-256 of its payload bytes.
    ReceiptId,
    /// A sealed file: SHA-256 of its bytes, which is also its name everywhere.
    SealedName,
}

/// A record of the domain, whatever its kind: a UUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectId(pub [u8; 16]);

impl SubjectId {
    /// A new id, in time order of this device (UUIDv7).
    ///
    /// # Errors
    /// There is no entropy.
    pub fn new(environment: &Environment) -> std::io::Result<Self> {
        let millis = u64::try_from(environment.clock.now().wall_ms).unwrap_or_default();
        let random: [u8; 10] = environment.random()?;
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        Ok(Self(uuid.into_bytes()))
    }

    /// The id that follows from a code, so that two phones which scan one label speak of one thing (UUIDv8).
    /// `code` is canonical, with separators and without check characters: `IZM1-T03-0042`.
    #[must_use]
    pub fn of_code(org: OrgId, kind: Kind, code: &str) -> Self {
        Self::derived(org, kind, &[Value::text(code)])
    }

    /// The id of an N:M link, the same whichever end it was made from (UUIDv8).
    #[must_use]
    pub fn of_link(org: OrgId, kind: Kind, one: Self, other: Self) -> Self {
        let (lower, higher) = if one <= other {
            (one, other)
        } else {
            (other, one)
        };
        Self::derived(org, kind, &[Value::bytes(lower.0), Value::bytes(higher.0)])
    }

    fn derived(org: OrgId, kind: Kind, name: &[Value]) -> Self {
        let mut array = vec![Value::text("imena"), org.into(), Value::Uint(kind.number())];
        array.extend_from_slice(name);
        let hash = Hash32::of(&Value::Array(array).encode());
        let mut first = [0; 16];
        first
            .iter_mut()
            .zip(hash.0)
            .for_each(|(to, from)| *to = from);
        Self(Uuid::new_v8(first).into_bytes())
    }

    /// Takes the id from a slice of exactly 16 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads the id from a CBOR byte string.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        value.as_bytes().and_then(Self::from_slice)
    }

    /// Reads the hyphenated form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text)
            .ok()
            .map(|uuid| Self(uuid.into_bytes()))
    }

    /// The 16 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<SubjectId> for Value {
    fn from(id: SubjectId) -> Self {
        Self::bytes(id.0)
    }
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Uuid::from_bytes(self.0))
    }
}

impl fmt::Debug for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SubjectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A subject together with what it is: the owner of a photo or hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SubjectRef {
    /// What it is.
    #[serde(serialize_with = "kind_name")]
    pub kind: Kind,
    /// Which one.
    pub id: SubjectId,
}

fn kind_name<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

impl SubjectRef {
    /// Reads `{0: kind, 1: subject}`.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let map = value.as_map()?;
        let kind = Kind::from_number(map.get(0)?.as_uint()?);
        Some(Self {
            kind,
            id: SubjectId::from_value(map.get(1)?)?,
        })
    }
}

impl From<SubjectRef> for Value {
    fn from(subject: SubjectRef) -> Self {
        let map = crate::encoding::Map::new();
        map.uint(0, subject.kind.number())
            .with(1, subject.id)
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_phones_that_scan_one_label_speak_of_one_thing() {
        let org = OrgId(Hash32([1; 32]));
        let one = SubjectId::of_code(org, Kind::Remains, "IZM1-T03-0042");
        assert_eq!(one, SubjectId::of_code(org, Kind::Remains, "IZM1-T03-0042"));
        assert_ne!(one, SubjectId::of_code(org, Kind::Grave, "IZM1-T03-0042"));
        assert_ne!(
            one,
            SubjectId::of_code(OrgId(Hash32([2; 32])), Kind::Remains, "IZM1-T03-0042")
        );
        assert_eq!(Uuid::from_bytes(one.0).get_version_num(), 8);
    }

    #[test]
    fn a_link_is_the_same_from_both_ends() {
        let org = OrgId(Hash32([1; 32]));
        let (a, b) = (SubjectId([3; 16]), SubjectId([4; 16]));
        let link = |x, y| SubjectId::of_link(org, Kind::GraveMarker, x, y);
        assert_eq!(link(a, b), link(b, a));
    }
}
