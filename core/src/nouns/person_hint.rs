//! PersonHint: a possible name, not established. Never an identification: nothing here changes who somebody is held to be.

use super::field::{Search, Sensitivity};
use super::noun::noun;
use super::values::{One, Owner, Parts, Refs, Text};
use crate::vocabulary::{HintConfidence, HintSource, Kind};

/// What a possible name may be found on or with.
const OWNERS: &[Kind] = &[
    Kind::Site,
    Kind::Grave,
    Kind::Marker,
    Kind::Remains,
    Kind::Effect,
    Kind::Photo,
];
/// More photos than one text has sides.
const PHOTOS_MAX: usize = 100;

noun! {
    /// A possible name, not established.
    PersonHint: Kind::PersonHint, "possible name, not established" "можливе ім’я, не встановлено",
        title [TEXT], subtitle [SOURCE, CONFIDENCE];

    Identity {
        OWNER:      Owner               = 1 "owner" "found on or with" "знайдено на чи при" .to(OWNERS).parent().owed();
    }
    Reading {
        SOURCE:     One<HintSource>     = 2 "source" "read or heard from" "звідки прочитано чи почуто" .owed();
        TEXT:       Text                = 3 "text_verbatim" "text, letter by letter" "напис, літера в літеру" .long().owed().found_as(Search::Name).seen_by(Sensitivity::Personal);
        PARTS:      Parts               = 4 "parts" "what its parts may be" "чим можуть бути частини" .always().from("GC I 16").found_as(Search::Name).seen_by(Sensitivity::Personal);
    }
    Grounds {
        REASON:     Text                = 5 "reason" "why it may be a name" "чому це може бути ім’я" .long().owed().from("ICRC D");
        CONFIDENCE: One<HintConfidence> = 6 "confidence" "how sure the letters are" "певність прочитання" .owed();
        PHOTOS:     Refs                = 7 "photos" "photos that show it" "знімки напису" .to(&[Kind::Photo], PHOTOS_MAX).always();
    }
}
