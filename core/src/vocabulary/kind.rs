//! The kinds of entries by their numbers; formats.md §4 has the fields of each. Numbers are never used again.

/// What an entry is about: a noun, a link, or a happening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A place where remains are sought.
    Site,
    /// A location unit of a site.
    Grave,
    /// What was written at a grave: a claim.
    Marker,
    /// One body, or one part with a code of its own.
    Remains,
    /// One sealed original.
    Photo,
    /// A possible name, not established.
    PersonHint,
    /// Who records.
    Operator,
    /// A phone or tablet.
    Device,
    /// Clothing or a find.
    Effect,
    /// A marker stands for a grave.
    GraveMarker,
    /// First entry of a chain.
    DeviceStarted,
    /// A new chain follows an ended one.
    ChainAdopted,
    /// Start of work: a session key exists.
    SessionStarted,
    /// Close-out: the session key was destroyed.
    SessionClosed,
    /// Thumbnail and preview of a photo, or why there are none.
    RenditionsMade,
    /// A later reader got a file's key.
    KeyGrant,
    /// An original left this device after its receipts.
    LocalCopyRemoved,
    /// A run was written anew after a lawful erasure.
    RunRewritten,
    /// Bodies were erased by the order of two authorities.
    Erased,
    /// A kind of a newer version: stored and relayed, not folded.
    Unknown(u64),
}

/// What a kind is by its number alone, also one of a newer version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindClass {
    /// A thing that can be told of: 1–19 and 32–63.
    Noun,
    /// Joins two things: 20–31.
    Link,
    /// Something that happened, told once: from 64 on.
    Happening,
}

impl Kind {
    const NUMBERS: &'static [(Self, u64, &'static str)] = &[
        (Self::Site, 1, "site"),
        (Self::Grave, 2, "grave"),
        (Self::Marker, 3, "marker"),
        (Self::Remains, 4, "remains"),
        (Self::Photo, 5, "photo"),
        (Self::PersonHint, 6, "person_hint"),
        (Self::Operator, 7, "operator"),
        (Self::Device, 8, "device"),
        (Self::Effect, 9, "effect"),
        (Self::GraveMarker, 20, "grave_marker"),
        (Self::DeviceStarted, 64, "device_started"),
        (Self::ChainAdopted, 65, "chain_adopted"),
        (Self::SessionStarted, 66, "session_started"),
        (Self::SessionClosed, 67, "session_closed"),
        (Self::RenditionsMade, 68, "renditions_made"),
        (Self::KeyGrant, 69, "key_grant"),
        (Self::LocalCopyRemoved, 70, "local_copy_removed"),
        (Self::RunRewritten, 71, "run_rewritten"),
        (Self::Erased, 72, "erased"),
    ];

    /// The number that stands in headers.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Unknown(number) => number,
            known => Self::NUMBERS
                .iter()
                .find(|row| row.0 == known)
                .map_or(0, |row| row.1),
        }
    }

    /// The kind of a number; an unknown one is kept.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        let row = Self::NUMBERS.iter().find(|row| row.1 == number);
        row.map_or(Self::Unknown(number), |row| row.0)
    }

    /// Every kind that this version knows, by number.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::NUMBERS.iter().map(|row| row.0)
    }

    /// What it is by its number.
    #[must_use]
    pub fn class(self) -> KindClass {
        match self.number() {
            20..=31 => KindClass::Link,
            0..20 | 32..64 => KindClass::Noun,
            64.. => KindClass::Happening,
        }
    }

    /// The word of formats.md, for lists and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NUMBERS
            .iter()
            .find(|row| row.0 == self)
            .map_or("unknown", |row| row.2)
    }
}

impl serde::Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_keeps_its_number_and_unknown_ones_are_kept() {
        for number in 0..200 {
            assert_eq!(Kind::from_number(number).number(), number);
        }
        assert_eq!(Kind::from_number(999), Kind::Unknown(999));
        assert_eq!(Kind::Unknown(40).class(), KindClass::Noun);
        assert_eq!(Kind::Unknown(25).class(), KindClass::Link);
        assert_eq!(Kind::Unknown(999).class(), KindClass::Happening);
    }
}
