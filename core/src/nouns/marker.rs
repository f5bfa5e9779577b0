//! Marker: what was written at a grave. A claim, kept verbatim; it stands for no grave, one, or several.

use super::field::Search;
use super::noun::{LinkSpec, noun};
use super::values::{One, Ref, Text};
use crate::vocabulary::{Kind, MarkerKind, MarkerReading, MarkerStatus};

const GRAVES: LinkSpec = LinkSpec {
    kind: Kind::GraveMarker,
    other: Kind::Grave,
    is_other_first: true,
};

noun! {
    /// What was written at a grave.
    Marker: Kind::Marker, "grave marker" "позначка на могилі",
        title [TEXT, NUMBER, KIND], subtitle [KIND, NUMBER, STATUS], links [GRAVES];

    Identity {
        SITE:    Ref                = 1 "site" "site" "місце" .to(&[Kind::Site]).parent().owed();
    }
    Reading {
        KIND:    One<MarkerKind>    = 2 "kind" "kind" "вид" .owed();
        TEXT:    Text               = 3 "text_verbatim" "text, letter by letter" "напис, літера в літеру" .long().always().found_as(Search::Name)
            .help("… for lost letters, [_] for one, [?] behind a doubtful one", "… замість утрачених літер, [_] замість однієї, [?] після сумнівної");
        NUMBER:  Text               = 4 "number_text" "number on it" "номер на ній" .found_as(Search::Number);
        READING: One<MarkerReading> = 6 "reading" "how it reads" "як читається";
    }
    Description {
        STATUS:  One<MarkerStatus>  = 5 "status" "how it stands" "як стоїть";
    }
}
