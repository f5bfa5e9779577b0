//! Grave: a location unit of a site. Its code is its identity; what is written at it is a Marker.

use super::field::Search;
use super::noun::{LinkSpec, noun};
use super::values::{Code, CodeForm, One, Ref, Text};
use crate::vocabulary::{GraveKind, Kind};

const MARKERS: LinkSpec = LinkSpec {
    kind: Kind::GraveMarker,
    other: Kind::Marker,
    is_other_first: false,
};

noun! {
    /// A location unit of a site.
    Grave: Kind::Grave, "grave" "могила",
        title [CODE], subtitle [KIND], links [MARKERS];

    Identity {
        CODE:     Code           = 1 "code" "code" "код" .form(CodeForm::Grave, AS_TYPED).sorts().found_as(Search::Number)
            .help("From a label; without one the next code of this phone is given", "З етикетки; без неї надається наступний код цього телефона");
        SITE:     Ref            = 2 "site" "site" "місце" .to(&[Kind::Site]).parent().owed();
    }
    Description {
        KIND:     One<GraveKind> = 3 "kind" "what it looks like" "який вигляд має";
    }
    Keeping {
        AS_TYPED: Text           = 4 "code_as_typed" "code as typed" "код, як введено" .only_by("record");
    }
}
