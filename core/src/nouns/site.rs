//! Site: a place where remains are sought.

use super::field::Search;
use super::noun::noun;
use super::values::{One, Place, Text};
use crate::vocabulary::{Kind, SiteType};

noun! {
    /// A place where remains are sought.
    Site: Kind::Site, "site" "місце",
        title [NAME, PLACE_CODE], subtitle [PLACE_CODE, TYPE];

    Identity {
        PLACE_CODE: Place           = 1 "place_code" "place code" "код місця" .owed().sorts().found_as(Search::Words)
            .help("First part of every code made here: 2 to 5 letters or digits, without O and I", "Перша частина кожного коду звідси: 2–5 літер або цифр, без O та I");
        NAME:       Text            = 2 "name" "name" "назва" .owed().from("ICRC A.1").found_as(Search::Words);
        TYPE:       One<SiteType>   = 3 "type" "kind of place" "вид місця" .from("ICRC A.1");
    }
}
