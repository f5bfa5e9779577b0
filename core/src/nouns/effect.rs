//! Effect: clothing or a find, under a code of its own below the code of the remains.

use super::field::{Search, Sensitivity};
use super::noun::noun;
use super::values::{Code, CodeForm, Many, One, Ref, Text};
use crate::vocabulary::{Colour, Disposition, EffectCategory, Kind, OnBody};

/// Where packets and seals are asked for.
const PACKED: &[&str] = &["sealed_packet", "taken_as_evidence"];

noun! {
    /// Clothing or a find.
    Effect: Kind::Effect, "effect" "річ при тілі",
        title [DESCRIPTION, CATEGORY], subtitle [CODE, CATEGORY, COLOURS, DISPOSITION];

    Identity {
        CODE:        Code                = 1 "code" "code" "код" .form(CodeForm::Effect, AS_TYPED).sorts().found_as(Search::Number)
            .help("From a label; without one the next code of these remains is given", "З етикетки; без неї надається наступний код цих останків");
        REMAINS:     Ref                 = 2 "remains" "remains" "останки" .to(&[Kind::Remains]).parent().owed();
    }
    Description {
        CATEGORY:    One<EffectCategory> = 4 "category" "category" "категорія" .owed().from("ICRC B.1–B.5");
        DESCRIPTION: Text                = 5 "description" "description" "опис" .long().from("ICRC B.1").found_as(Search::Words);
        COLOURS:     Many<Colour>        = 6 "colours" "colours" "кольори" .from("ICRC B.1").found_as(Search::Words);
        MATERIAL:    Text                = 7 "material" "material" "матеріал" .from("ICRC B.1").found_as(Search::Words);
        BRAND:       Text                = 8 "brand" "brand" "марка" .from("ICRC B.1").found_as(Search::Words);
        SIZE:        Text                = 9 "size_text" "size, as written" "розмір, як написано" .from("ICRC B.1");
    }
    Reading {
        INSCRIPTION: Text                = 10 "inscription_verbatim" "inscription, letter by letter" "напис, літера в літеру" .long().from("GC I 16").found_as(Search::Name).seen_by(Sensitivity::Personal);
    }
    Place {
        ON_BODY:     One<OnBody>         = 11 "on_body" "where on the body" "де на тілі" .from("ICRC B.1");
    }
    Custody {
        DISPOSITION: One<Disposition>    = 12 "disposition" "where it is now" "де зараз" .from("GC I 16");
        PACKET_NO:   Text                = 13 "packet_no" "packet no." "№ пакета" .when(DISPOSITION, PACKED).from("GC I 16").found_as(Search::Number);
        SEAL_NO:     Text                = 14 "seal_no" "seal no." "№ пломби" .when(DISPOSITION, PACKED).found_as(Search::Number);
    }
    Keeping {
        AS_TYPED:    Text                = 3 "code_as_typed" "code as typed" "код, як введено" .only_by("record");
    }
}
