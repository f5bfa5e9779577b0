//! Operator: who records. A device's key proves the phone, never the person.

use super::field::{Search, Sensitivity};
use super::noun::noun;
use super::values::{One, Text};
use crate::vocabulary::{Kind, OperatorRole};

noun! {
    /// Who records.
    Operator: Kind::Operator, "operator" "оператор",
        title [NAME], subtitle [ROLE, ORGANISATION];

    Identity {
        NAME:         Text              = 1 "display_name" "name or call sign" "ім’я або позивний" .owed().found_as(Search::Name).seen_by(Sensitivity::Personal);
        ROLE:         One<OperatorRole> = 2 "role" "what they do" "роль" .owed();
        ORGANISATION: Text              = 3 "organisation" "for whom" "організація" .always();
    }
}
