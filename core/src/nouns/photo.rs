//! Photo: one sealed original. Its bytes, hash and moment never change; whose it is and which shot may be said anew.

use super::noun::noun;
use super::values::{Bytes, Facts, Many, Named, Number, One, Owner, Text, Texts, Unit};
use crate::vocabulary::{Kind, PhotoDefect, PhotoOrigin, Shot};

/// What a photo may be of.
const OWNERS: &[Kind] = &[
    Kind::Site,
    Kind::Grave,
    Kind::Marker,
    Kind::Remains,
    Kind::Effect,
];

noun! {
    /// One sealed original.
    Photo: Kind::Photo, "photo" "знімок",
        title [SHOT, ORIGIN], subtitle [CAPTURED, FILE_NAME];

    Identity {
        OWNER:         Owner             = 8 "owner" "what it is of" "що на ньому" .to(OWNERS).parent().only_by("assign_photo");
        SHOT:          One<Shot>         = 9 "shot" "which shot" "який знімок" .only_by("assign_photo");
    }
    Description {
        CAPTURED:      Number            = 12 "captured_ms" "taken" "знято" .between(i64::MIN, i64::MAX, Unit::Moment).only_by("capture");
        ORIGIN:        One<PhotoOrigin>  = 6 "origin" "how it came" "звідки" .only_by("capture");
        DEFECTS:       Many<PhotoDefect> = 14 "defects" "what is wrong with it" "що з ним не так" .only_by("capture");
        FACTS:         Facts             = 10 "facts" "what the file says of itself" "що файл каже про себе" .only_by("capture");
    }
    Keeping {
        SEALED:        Bytes             = 1 "sealed_sha256" "sealed file" "запечатаний файл" .only_by("capture");
        SEALED_BYTES:  Number            = 2 "sealed_bytes" "size of the sealed file" "розмір запечатаного файлу" .between(0, i64::MAX, Unit::Byte).only_by("capture");
        SHA256:        Bytes             = 3 "sha256" "SHA-256" "SHA-256" .only_by("capture");
        BYTES:         Number            = 4 "bytes" "size" "розмір" .between(0, i64::MAX, Unit::Byte).only_by("capture");
        MIME:          Text              = 5 "mime" "kind of file" "вид файлу" .only_by("capture");
        CAPTURE_ID:    Bytes             = 7 "capture_id" "capture" "зйомка" .only_by("capture");
        SEALED_TO:     Texts             = 11 "sealed_to" "sealed to" "запечатано для" .only_by("capture");
        FILE_NAME:     Named             = 13 "file_name" "file name" "назва файлу" .only_by("capture");
        OPENED:        Number            = 15 "opened" "checked to its end" "перевірено до кінця" .between(0, 1, Unit::Count).only_by("capture");
    }
}
