//! The vocabularies that the nouns of the model use, one table each.
//!
//! Sources: ICRC/PAHO/WHO/IFRC manual for remains, CoMapeo and ODK practice for origin, our shot list for shots; the Ukrainian words follow the
//! glossary of the field ("possible name", never "person").

use super::vocabulary;

vocabulary! {
    /// What a site is.
    SiteType "site_type" from "ICRC A.1" {
        SingleGrave "single_grave" "single grave" "окрема могила",
        GraveField "grave_field" "makeshift burial ground" "стихійне поховання",
        MassGrave "mass_grave" "mass burial" "масове поховання",
        Surface "surface" "surface" "на поверхні",
        Building "building" "building" "будівля",
        Vehicle "vehicle" "vehicle" "транспортний засіб",
        Water "water" "water" "водойма",
        HoldingArea "holding_area" "holding area" "місце тимчасового зберігання",
        Morgue "morgue" "morgue" "морг",
        Unspecified "other" "other" "інше",
    }
}

vocabulary! {
    /// What a grave looks like from outside.
    GraveKind "grave_kind" from "Imena" {
        IndividualMarked "individual_marked" "individual, marked" "окрема, з позначкою",
        IndividualUnmarked "individual_unmarked" "individual, unmarked" "окрема, без позначки",
        Multiple "multiple" "several persons" "кілька осіб",
        Trench "trench" "trench" "траншея",
        Surface "surface" "surface" "на поверхні",
        SecondarySuspected "secondary_suspected" "reburial suspected" "можливе перепоховання",
        Empty "empty" "empty" "порожня",
    }
}

vocabulary! {
    /// What the text of a marker stands on.
    MarkerKind "marker_kind" from "Imena" {
        Cross "cross" "cross" "хрест",
        Plaque "plaque" "plate" "табличка",
        Stake "stake" "stake" "кілок",
        Stone "stone" "stone" "камінь",
        BagLabel "bag_label" "bag label" "напис на мішку",
        RibbonPhoto "ribbon_photo" "ribbon or photograph" "стрічка або фото",
        Unspecified "other" "other" "інше",
        Absent "none" "no marker" "позначки немає",
    }
}

vocabulary! {
    /// How a marker stands.
    MarkerStatus "marker_status" from "Imena" {
        Standing "standing" "standing" "стоїть",
        Fallen "fallen" "fallen" "впав",
        Moved "moved" "moved" "переміщено",
    }
}

vocabulary! {
    /// How a marker reads.
    MarkerReading "marker_reading" from "Imena" {
        Readable "readable" "readable" "читається",
        Partly "partly_readable" "readable in part" "читається частково",
        Unreadable "unreadable" "unreadable" "не читається",
        DuplicateNumber "duplicate_number" "number used twice" "номер повторюється",
    }
}

vocabulary! {
    /// What one code stands for (ICRC form A.1a, and three terms of our own).
    RemainsKind "remains_kind" from "ICRC A.1a; three terms of Imena" {
        CompleteBody "complete_body" "complete body" "тіло",
        IncompleteBody "incomplete_body" "incomplete body" "неповне тіло",
        BodyPart "body_part" "body part" "частина тіла",
        Commingled "commingled" "commingled remains" "змішані останки (кількох осіб)",
        NotHuman "not_human" "not human" "не людські",
        Undetermined "undetermined" "not determined" "не визначено",
    }
}

vocabulary! {
    /// Where a possible name was read or heard.
    HintSource "hint_source" from "GC I 16; Imena" {
        Marker "marker" "grave marker" "позначка на могилі",
        BagLabel "bag_label" "bag label" "напис на мішку",
        Ledger "ledger" "burial journal" "журнал поховань",
        Document "document" "document" "документ",
        IdentityDisc "identity_disc" "ID disc" "жетон",
        Phone "phone" "phone" "телефон",
        Tattoo "tattoo" "tattoo" "татуювання",
        UniformTag "uniform_tag" "uniform tag" "нашивка",
        Letter "letter" "letter or note" "лист або записка",
        Witness "witness" "witness" "свідок",
        Unspecified "other" "other" "інше",
    }
}

vocabulary! {
    /// How sure the reader was of the letters, never of the person.
    HintConfidence "hint_confidence" from "Imena" {
        CertainReading "certain_reading" "letters certain" "літери читаються певно",
        Probable "probable" "probable" "ймовірно",
        Guess "guess" "guess" "здогад",
    }
}

vocabulary! {
    /// What a part of a possible name is (GC I art. 16).
    HintPartRole "hint_part_role" from "GC I 16" {
        Surname "surname" "surname" "прізвище",
        Given "given" "given name" "ім'я",
        Patronymic "patronymic" "patronymic" "по батькові",
        Initials "initials" "initials" "ініціали",
        Callsign "callsign" "callsign" "позивний",
        Rank "rank" "rank" "звання",
        Unit "unit" "unit" "підрозділ",
        ServiceNo "service_no" "service number" "особистий номер",
        Descriptor "descriptor" "descriptor" "опис",
    }
}

vocabulary! {
    /// Who records.
    OperatorRole "operator_role" from "staff at Izium, 2022" {
        Rescuer "rescuer" "rescuer" "рятувальник",
        Investigator "investigator" "investigator" "слідчий",
        Prosecutor "prosecutor" "prosecutor" "прокурор",
        ForensicMedicalExpert "forensic_medical_expert" "expert" "судово-медичний експерт",
        Criminalist "criminalist" "criminalist" "інспектор-криміналіст",
        Eod "eod" "sapper" "сапер",
        SearchGroup "search_group" "search group" "пошукова група",
        Driver "driver" "driver" "водій",
        MorgueStaff "morgue_staff" "morgue staff" "працівник моргу",
        Photographer "photographer" "photographer" "фотограф",
        Recorder "recorder" "recorder" "реєстратор",
        HubAdmin "hub_admin" "hub administrator" "адміністратор вузла",
    }
}

vocabulary! {
    /// How a photo came into the vault.
    PhotoOrigin "photo_origin" from "CoMapeo; Imena" {
        InAppCamera "in_app_camera" "taken in the app" "знято в застосунку",
        ImportCameraCard "import_camera_card" "from a camera's card" "з картки фотоапарата",
        ImportFile "import_gallery" "imported file" "імпортований файл",
        Recovered "recovered_capture" "recovered after an interruption" "відновлено після збою",
    }
}

vocabulary! {
    /// What is wrong with a file that was sealed all the same.
    PhotoDefect "photo_defect" from "Imena" {
        NotAPicture "not_a_picture" "not a picture" "не зображення",
        WrongExtension "wrong_extension" "name and content differ" "назва не відповідає вмісту",
        ZeroDimensions "zero_dimensions" "no width or height" "немає ширини або висоти",
        Truncated "truncated" "picture is cut" "зображення обрізане",
        BlankPiece "blank_piece" "a piece of the picture is blank" "частина зображення порожня",
        BrokenStructure "broken_structure" "bytes of the picture are damaged" "байти зображення пошкоджено",
        Damaged "damaged" "picture cannot be decoded to its end" "зображення не декодується до кінця",
        BrokenExif "broken_exif" "camera data damaged" "дані камери пошкоджено",
        ExifTooLarge "exif_too_large" "camera data too large" "дані камери завеликі",
    }
}

impl PhotoDefect {
    /// Whether the picture itself is hurt: whoever still can takes it again.
    #[must_use]
    pub fn calls_for_another(&self) -> bool {
        match self {
            Self::NotAPicture
            | Self::ZeroDimensions
            | Self::Truncated
            | Self::BlankPiece
            | Self::BrokenStructure
            | Self::Damaged => true,
            Self::WrongExtension | Self::BrokenExif | Self::ExifTooLarge | Self::Other(_) => false,
        }
    }
}

vocabulary! {
    /// Why a photo has no preview.
    NoPreview "no_preview" from "Imena" {
        UnsupportedFormat "unsupported_format" "no preview here of this kind of file" "перегляд цього виду файлів тут неможливий",
        UnsupportedCoding "unsupported_coding" "no preview here of this coding" "перегляд цього кодування тут неможливий",
        TooLarge "too_large" "too many pixels for a preview" "завелике для перегляду",
        ProgressiveTooLarge "progressive_too_large" "too large a progressive JPEG for a preview" "завеликий прогресивний JPEG для перегляду",
        TooManyScans "too_many_scans" "more passes than a camera writes" "більше проходів, ніж пише камера",
        NoPixels "no_pixels" "no width or height" "немає ширини або висоти",
        Damaged "damaged" "picture cannot be decoded" "зображення не декодується",
    }
}

vocabulary! {
    /// What a preview does not show truly.
    PreviewMark "preview_mark" from "Imena" {
        Partial "partial" "only a part of the picture is there" "є лише частина зображення",
        ColoursNotTrue "colours_not_true" "colours are not true" "кольори не справжні",
        CameraThumbnail "camera_thumbnail" "made from the camera's small picture" "зроблено з мініатюри камери",
    }
}

vocabulary! {
    /// Why a fact of a photo is absent.
    FactAbsence "fact_absence" from "Imena" {
        NotPresent "not_present" "the file does not say" "у файлі немає",
        Malformed "malformed" "written in a wrong form" "записано неправильно",
        ZeroDenominator "zero_denominator" "written as unknown" "записано як невідоме",
        OutOfRange "out_of_range" "cannot be true" "не може бути правдою",
        Blank "blank" "left blank" "залишено порожнім",
        NotKept "not_kept" "stands where it could not be read" "стоїть там, де не можна прочитати",
        TooLarge "too_large" "camera data too large to be read" "дані камери завеликі для читання",
        UnsupportedFormat "unsupported_format" "not read from this kind of file" "з цього виду файлів не читається",
    }
}

vocabulary! {
    /// Why an original must stay on its phone.
    StayReason "stay_reason" from "Imena" {
        Receipts "receipts" "not held by as many hubs as the organisation asks for" "його зберігає менше вузлів, ніж вимагає організація",
        CheckedReceipt "checked_receipt" "no hub has opened and checked it yet" "жоден вузол ще не відкрив і не перевірив його",
        WholeFile "whole_file" "the file here is damaged: it must not be the one to go by" "файл тут пошкоджений: він не може бути зразком",
        EntryReceipt "entry_receipt" "no receipt for its entry yet" "ще немає квитанції на його запис",
        HeldNow "held_now" "no hub has said just now that it holds it" "жоден вузол щойно не підтвердив, що зберігає його",
        Days "days" "receipted too few days ago" "квитанцію отримано надто недавно",
        Policy "policy" "the organisation does not allow freeing" "організація не дозволяє звільняти місце",
    }
}

vocabulary! {
    /// Shots of the list (who owns them and when they are needed: the shot list).
    Shot "shot" from "shot list of Imena" {
        SitePlacard "S0" "placard" "табличка ділянки",
        LedgerPage "S6" "ledger page" "сторінка журналу",
        Slate "L0" "first frame with code" "початковий кадр з кодом",
        MarkerCloseUp "G1" "marker close-up" "позначка зблизька",
        GraveBefore "G2" "grave before opening" "могила до розкриття",
        GraveStage "G3" "stage of opening" "етап розкриття",
        InSitu "G4" "remains in place, from above" "тіло на місці, згори",
        InSituPlain "G5" "the same without board" "те саме без таблички",
        InSituDetail "G6" "head, neck, hands in place" "голова-шия-руки на місці",
        GraveFloor "G7" "empty grave floor" "дно могили",
        FullLength "B1" "full length" "на повний зріст",
        Face "B2" "face" "обличчя",
        Feature "B3" "distinguishing feature" "особлива прикмета",
        Back "B8" "back" "спина",
        Hands "B9" "hands" "кисті рук",
        Teeth "B10" "teeth" "зуби",
        Clothing "C1" "clothing" "одяг",
        Footwear "C2" "footwear" "взуття",
        EffectItem "C3" "personal effect" "річ при тілі",
        DocumentItem "C4" "document or disc" "документ або жетон",
        SignOverview "V1" "apparent sign" "видима ознака",
        SignScale "V2" "sign with scale" "ознака з лінійкою",
        Ligature "V3" "ligature in place" "мотузка на місці",
        OldLabel "L1" "old inscription" "старий напис",
        BodyLabel "L2" "tag on the body" "бирка на тілі",
        BagClosed "L3" "closed bag with label" "мішок з етикеткою",
        BagSeal "L4" "bag seal" "пломба",
        HandoverItems "H1" "handover" "передавання",
        Unspecified "other" "other" "інше",
    }
}

vocabulary! {
    /// How exactly somebody tells a moment.
    MomentPrecision "moment_precision" from "EDTF; Imena" {
        Exact "exact" "exact" "точно",
        Minute "minute" "to the minute" "до хвилини",
        Hour "hour" "to the hour" "до години",
        PartOfDay "part_of_day" "part of a day" "частина доби",
        Day "day" "to the day" "до дня",
        Month "month" "to the month" "до місяця",
        Year "year" "to the year" "до року",
        Unknown "unknown" "not known" "невідомо",
    }
}

vocabulary! {
    /// Who or what tells a moment.
    MomentSource "moment_source" from "Imena" {
        Operator "operator" "operator" "оператор",
        Witness "witness" "witness" "свідок",
        Paper "paper" "paper" "папір",
        Camera "camera" "camera" "фотоапарат",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_code_of_a_newer_version_is_kept_as_it_came() {
        let newer = HintSource::from_code("drone_note");
        assert_eq!(newer.code(), "drone_note");
        assert_eq!(HintSource::known("drone_note"), None);
        assert_eq!(HintSource::known("bag_label"), Some(HintSource::BagLabel));
    }

    #[test]
    fn every_term_has_words_in_both_languages_and_a_code_of_its_own() {
        let mut codes: Vec<&str> = Shot::ALL.iter().map(Shot::code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Shot::ALL.len());
        for shot in Shot::ALL {
            assert_eq!(&Shot::from_code(shot.code()), shot);
            assert!(!shot.term().uk.is_empty() && !shot.term().en.is_empty());
        }
    }
}
