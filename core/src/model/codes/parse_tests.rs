//! Tests of reading what people type.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use super::*;

const BODY: &str = "IZM1-T03-0042-E5";

#[test]
fn what_people_type_for_a_body_is_read_as_that_body() {
    for typed in [
        "IZM1-T03-0042-E5",
        "izm1-t03-0042-e5",
        "IZM1T030042E5",
        "IZM1 T03 0042 E5",
        "  izm1 t03 00 42 e5\n",
        "IZM1-T03-0042E5",
        "IZM1–T03—0042−E5",
        "IZM1\u{2011}T03\u{2010}0042\u{FF0D}E5",
        "I-Z-M-1-T-0-3-0-0-4-2-E-5",
        "ІЗМ1-Т03-0042-Е5",
        "ізм1-т03-0042-е5",
        "ІЗМІ-ТОЗ-ОО42-Е5",
        "1ZM1-T03-0042-E5",
        "IZMI-TO3-OO42-E5",
        "izmi to3 oo42 e5",
    ] {
        let parsed = parse(typed).unwrap();
        assert_eq!(parsed.code.to_string(), BODY, "{typed}");
        assert_eq!(parsed.as_typed, typed);
    }
}

#[test]
fn other_codes_are_read_from_a_keyboard_too() {
    for (typed, code) in [
        ("izm1t03g012ao", "IZM1-T03-G012-A0"),
        ("ІЗМ1 Т03 G012 АО", "IZM1-T03-G012-A0"),
        ("izm1t030042e5/t04e01", "IZM1-T03-0042-E5/T04E01"),
        ("ІЗМ1-Т03-0042-Е5 / Т04-Е-О1", "IZM1-T03-0042-E5/T04E01"),
        ("IZM1-T03-0042-E5\\T04S12", "IZM1-T03-0042-E5/T04S12"),
        ("izm1-t03-g012-a0/e04s01", "IZM1-T03-G012-A0/E04S01"),
        ("izm1 t03 0042 e5/zo3abcie01", "IZM1-T03-0042-E5/Z03ABC1E01"),
    ] {
        assert_eq!(parse(typed).unwrap().code.to_string(), code, "{typed}");
    }
}

#[test]
fn only_a_look_alike_where_both_could_stand_is_a_guess() {
    for typed in [
        BODY,
        "ІZМ1-Т03-0042-Е5",
        "IZM1-TO3-OO42-E5",
        "IZM1-T03-0042-E5/TO4EO1",
    ] {
        assert!(!parse(typed).unwrap().is_guessed, "{typed}");
    }
    for typed in ["1ZM1-T03-0042-E5", "ІЗM1-T03-0042-E5", "IZM1-T03-G012-AO"] {
        assert!(parse(typed).unwrap().is_guessed, "{typed}");
    }
}

#[test]
fn a_wrong_code_is_refused_by_the_part_to_look_at() {
    use CodeError::{Character, Empty, Issuer, Number, Place, Separators, Suffix, TooLong};
    for (what, typed, error) in [
        ("nothing", "", Empty),
        ("only separators", " - – ", Empty),
        (
            "an underscore",
            "IZM1_T03-0042-E5",
            Character {
                position: 5,
                found: '_',
            },
        ),
        (
            "a Cyrillic letter like no other",
            "IZM1-Ж03",
            Character {
                position: 6,
                found: 'Ж',
            },
        ),
        ("a place of one letter", "I-T03-0042-E5", Place),
        ("a place of six letters", "IZMIUM-T03-0042-E5", Place),
        ("a place with Z at its end", "KHZ-T03-0042-E5", Place),
        ("one letter and no more", "I", Place),
        ("an issuer without letter", "IZM1-003-0042-E5", Issuer),
        ("an issuer with one digit", "IZM1-T3-0042-E5", Issuer),
        ("an issuer with the letter O", "IZM1-O03-0042-E5", Issuer),
        ("a granted issuer with Z", "IZM1-Z03-0042-E5", Issuer),
        (
            "a provisional issuer with U",
            "IZM1-ZU23456-0042-E5",
            Issuer,
        ),
        ("a place and no more", "IZM1", Issuer),
        ("body number zero", "IZM1-T03-0000-E5", Number),
        ("a number of three digits", "IZM1-T03-042-E5", Number),
        ("a letter in the number", "IZM1-T03-004A-E5", Number),
        ("padding above four digits", "IZM1-T0312-00042-E5", Number),
        ("a number beyond the issuer", "IZM1-T03-10000-E5", Number),
        (
            "a number beyond the issuer that a longer issuer could have given",
            "LYS1-T01-99999-V5",
            Number,
        ),
        ("the same without its last dash", "LYS1-T01-99999V5", Number),
        (
            "one blank, and that within the number",
            "IZM1T0300 42E5",
            Separators,
        ),
        ("a grave of two digits", "IZM1-T03-G12-A0", Number),
        ("grave number zero", "IZM1-T03-G000-A0", Number),
        ("a digit left out, no dashes", "IZM1T03042E5", Number),
        ("a number cut short", "IZM1-T03-00", Number),
        ("a wrong digit", "IZM1-T03-0043-E5", check("DG", "E5")),
        ("swapped digits", "IZM1-T03-0024-E5", check("RG", "E5")),
        (
            "swapped check characters",
            "IZM1-T03-0042-5E",
            check("E5", "5E"),
        ),
        ("one check character", "IZM1-T03-0042-E", check("E5", "E")),
        ("no check characters", "IZM1-T03-0042", check("E5", "")),
        (
            "no check characters of a find",
            "IZM1-T03-0042/T04E01",
            check("E5", ""),
        ),
        (
            "a wrong digit, no dashes",
            "izm1t030043e5",
            check("DG", "E5"),
        ),
        ("nothing after the slash", "IZM1-T03-0042-E5/", Suffix),
        ("two slashes", "IZM1-T03-0042-E5/T04E01/", Suffix),
        ("a find without issuer", "IZM1-T03-0042-E5/E01", Suffix),
        ("find number zero", "IZM1-T03-0042-E5/T04E00", Suffix),
        ("a find of one digit", "IZM1-T03-0042-E5/T04E1", Suffix),
        ("neither find nor sample", "IZM1-T03-0042-E5/T04F01", Suffix),
        ("a find of a grave", "IZM1-T03-G012-A0/T04E01", Suffix),
        ("a find of nothing", "/T04E01", Place),
        ("a page of text", &"IZM1 ".repeat(100), TooLong),
    ] {
        assert_eq!(parse(typed), Err(error), "{what}: {typed}");
    }
}

#[test]
fn what_was_typed_apart_is_never_joined_and_cut_elsewhere() {
    let longer_issuer = "LYS1-T019-9999-V5";
    for typed in [
        longer_issuer,
        "LYS1T0199999V5",
        "LYS1T019 9999V5",
        "LYS1-T0199999-V5",
        "L Y S 1 T 0 1 9 9 9 9 9 V 5",
    ] {
        assert_eq!(
            parse(typed).unwrap().code.to_string(),
            longer_issuer,
            "{typed}"
        );
    }
    for typed in [
        "LYS1-T01-99999-V5",
        "LYS1 T01 99999 V5",
        "LYS1-T01 99999V5",
        "LYS1T01-99999-V5",
        "LYS-1T019-9999-V5",
    ] {
        assert!(parse(typed).is_err(), "{typed}");
    }
}

#[test]
fn a_text_at_the_length_limit_is_read_and_one_above_is_not() {
    let blanks = " ".repeat(TYPED_CHARS_MAX - BODY.len());
    assert_eq!(
        parse(&format!("{BODY}{blanks}")).unwrap().code.to_string(),
        BODY
    );
    assert_eq!(parse(&format!("{BODY}{blanks} ")), Err(CodeError::TooLong));
}

#[test]
fn a_code_that_reads_as_two_right_ones_is_left_to_the_person() {
    let typed = "IZM1-T03-0042-E5/З0000З3E01";
    let Err(CodeError::Ambiguous { candidates }) = parse(typed) else {
        panic!("{typed} was not ambiguous");
    };
    let names: Vec<String> = candidates.iter().map(Code::to_string).collect();
    assert_eq!(
        names,
        ["IZM1-T03-0042-E5/Z0000Z3E01", "IZM1-T03-0042-E5/Z000033E01"]
    );
    let message = CodeError::Ambiguous { candidates }.to_string();
    assert_eq!(
        message,
        format!("it can be read as {} or {}", names[0], names[1])
    );
}

#[test]
fn a_right_code_that_four_look_alikes_make_another_is_read_by_a_scanner_only() {
    let (one, other) = ("OA0A0-T03-0020-1G", "0AOAO-T03-0020-IG");
    let candidates = [one, other].map(|code| code.parse().unwrap()).to_vec();
    assert_eq!(parse(one), Err(CodeError::Ambiguous { candidates }));
}

#[test]
fn more_readings_than_the_limit_are_not_tried() {
    let too_many = CodeError::Ambiguous {
        candidates: Vec::new(),
    };
    assert_eq!(too_many.to_string(), "it can be read in more than 64 ways");
    // Two readings of each letter after the mark: 64 at the limit, then one more in the place.
    assert_ne!(parse("KH-ЗЗЗЗЗЗЗ-0042-E5"), Err(too_many.clone()));
    assert_eq!(parse("K1-ЗЗЗЗЗЗЗ-0042-E5"), Err(too_many));
}

fn check(expected: &str, found: &str) -> CodeError {
    CodeError::Check {
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}
