//! Remains: one body, or one part with a code of its own. The full code is the identity; a code is a name, never read as a location.

use super::field::Search;
use super::noun::noun;
use super::values::{Code, CodeForm, One, Ref, Text};
use crate::vocabulary::{Kind, RemainsKind};

noun! {
    /// What one code stands for.
    Remains: Kind::Remains, "remains" "останки",
        title [CODE], subtitle [KIND, GRAVE];

    Identity {
        CODE:     Code             = 1 "code" "code" "код" .form(CodeForm::Remains, AS_TYPED).sorts().found_as(Search::Number)
            .help("From a label; without one the next code of this phone is given", "З етикетки; без неї надається наступний код цього телефона");
        SITE:     Ref              = 2 "site" "site" "місце" .to(&[Kind::Site]).parent().owed();
        GRAVE:    Ref              = 3 "grave" "grave" "могила" .to(&[Kind::Grave]).parent();
    }
    Description {
        KIND:     One<RemainsKind> = 4 "kind" "what the code stands for" "що позначено кодом" .from("ICRC A.1a");
    }
    Keeping {
        AS_TYPED: Text             = 5 "code_as_typed" "code as typed" "код, як введено" .only_by("record");
    }
}
