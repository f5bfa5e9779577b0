//! What is read from the EXIF of ordinary and of defective photographs.

#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing
)]
use super::*;
use crate::media::photo::{self, ByteOrder, ExifSpec, GpsSpec, PhotoSpec};
use AbsentReason::{Blank, Malformed, NotPresent, OutOfRange, ZeroDenominator};

fn facts(file: &[u8]) -> PhotoFacts {
    read_facts(file)
}

fn facts_with(change: impl FnOnce(&mut ExifSpec)) -> PhotoFacts {
    let mut exif = ExifSpec::ordinary();
    change(&mut exif);
    facts(
        &PhotoSpec {
            exif: Some(exif),
            ..PhotoSpec::new(64, 48, 1)
        }
        .to_jpeg(),
    )
}

fn facts_with_gps(change: impl FnOnce(&mut GpsSpec)) -> GpsFacts {
    facts_with(|exif| change(exif.gps.as_mut().unwrap())).gps
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn assert_ordinary(facts: &PhotoFacts) {
    let time = facts.taken_at.known().unwrap();
    let local = CivilTime {
        year: 2026,
        month: 5,
        day: 14,
        hour: 9,
        minute: 21,
        second: 7,
    };
    assert_eq!(time.local, local);
    assert_eq!(time.subsecond_nanos, Fact::Known(250_000_000));
    assert_eq!(time.offset_min, Fact::Known(180));
    assert_eq!(facts.gps.latitude_e7, Fact::Known(431_234_567));
    assert_eq!(facts.gps.longitude_e7, Fact::Known(336_543_210));
    assert_eq!(facts.gps.altitude_mm, Fact::Known(152_340));
    let direction = Direction {
        bearing_mdeg: 273_500,
        reference: Fact::Known(DirectionReference::TrueNorth),
    };
    assert_eq!(facts.gps.direction, Fact::Known(direction));
    assert_eq!(facts.gps.dop_thousandths, Fact::Known(4_500));
    let stamp = GpsStamp {
        utc: CivilTime { hour: 6, ..local },
        subsecond_nanos: 0,
    };
    assert_eq!(facts.gps.stamp, Fact::Known(stamp));
    assert_eq!(facts.camera.make.known().unwrap(), "Imena Works");
    assert_eq!(facts.camera.model.known().unwrap(), "Field Camera 2");
    assert_eq!(facts.camera.lens_make.known().unwrap(), "Imena Works");
    assert_eq!(
        facts.camera.lens_model.known().unwrap(),
        "Wide 4.25mm f/1.8"
    );
    assert_eq!(facts.camera.body_serial.known().unwrap(), "FC2-000417");
    let exposure_time = Ratio {
        numerator: 1,
        denominator: 250,
    };
    assert_eq!(facts.exposure.exposure_time_s, Fact::Known(exposure_time));
    assert_eq!(facts.exposure.f_number_thousandths, Fact::Known(1_800));
    assert_eq!(facts.exposure.iso, Fact::Known(64));
    assert_eq!(facts.exposure.focal_length_um, Fact::Known(4_250));
    assert_eq!(facts.exposure.flash, Fact::Known(Flash { bits: 16 }));
    assert_eq!(facts.orientation, Fact::Known(Orientation::TopLeft));
    assert_eq!(facts.defects, []);
}

#[test]
fn every_fact_of_an_ordinary_photograph_is_read() {
    for byte_order in [ByteOrder::Little, ByteOrder::Big] {
        let exif = ExifSpec {
            byte_order,
            ..ExifSpec::ordinary()
        };
        let spec = PhotoSpec {
            exif: Some(exif),
            ..PhotoSpec::new(480, 360, 1)
        };
        let facts = facts(&spec.to_jpeg());
        assert_ordinary(&facts);
        assert_eq!(facts.format, MediaFormat::Jpeg);
        assert_eq!(
            facts.size,
            Fact::Known(PixelSize {
                width: 480,
                height: 360
            })
        );
    }
}

#[test]
fn heic_and_png_give_the_same_facts() {
    let heic = facts(&photo::heic_like());
    assert_ordinary(&heic);
    assert_eq!(heic.format, MediaFormat::Heic);
    assert_eq!(
        heic.size,
        Fact::Known(PixelSize {
            width: 480,
            height: 360
        })
    );
    let png = facts(&photo::png(64, 48, 1));
    assert_ordinary(&png);
    assert_eq!(png.format, MediaFormat::Png);
    assert_eq!(
        png.size,
        Fact::Known(PixelSize {
            width: 64,
            height: 48
        })
    );
}

#[test]
fn the_embedded_thumbnail_is_a_range_of_the_file() {
    for file in [PhotoSpec::new(480, 360, 1).to_jpeg(), photo::heic_like()] {
        let facts = facts(&file);
        let jpeg = facts.thumbnail.known().unwrap().cut(&file).unwrap();
        assert!(jpeg.starts_with(&[0xFF, 0xD8]) && jpeg.ends_with(&[0xFF, 0xD9]));
    }
    let without = PhotoSpec {
        thumbnail_side: None,
        ..PhotoSpec::new(64, 48, 1)
    };
    assert_eq!(
        facts(&without.to_jpeg()).thumbnail,
        Fact::Absent(NotPresent)
    );
}

#[test]
fn stored_size_is_that_of_the_frame_whichever_way_round() {
    let file = PhotoSpec::new(480, 360, 1).with_orientation(6).to_jpeg();
    let facts = facts(&file);
    assert_eq!(
        facts.size,
        Fact::Known(PixelSize {
            width: 360,
            height: 480
        })
    );
    assert_eq!(facts.orientation, Fact::Known(Orientation::RightTop));
}

#[test]
fn facts_do_not_depend_on_how_the_file_is_cut_into_chunks() {
    let files = [
        photo::exif_beyond_head(),
        photo::heic_exif_late(),
        photo::heic_edited(),
        photo::png(64, 48, 1),
        photo::non_interleaved(),
        photo::zeroed_middle(),
        photo::png_wrong_checksum(),
        photo::dng_like(),
        photo::text_renamed(),
    ];
    for file in files {
        for size in [1, 7, 63, 65, 4_096, 65_536] {
            let mut reader = PhotoReader::default();
            file.chunks(size).for_each(|chunk| reader.feed(chunk));
            assert_eq!(reader.finish(), facts(&file), "{size}");
        }
    }
}

#[test]
fn facts_that_stand_late_in_the_file_are_read() {
    for file in [photo::exif_beyond_head(), photo::heic_exif_late()] {
        assert!(file.len() > 256 * 1024);
        let late = facts(&file);
        assert_ordinary(&late);
        let size = late.size.known().unwrap();
        assert_eq!((size.width, size.height), (480, 360));
        let thumbnail = late.thumbnail.known().unwrap().cut(&file).unwrap();
        assert!(thumbnail.starts_with(&[0xFF, 0xD8]));
    }
}

#[test]
fn an_edited_heic_has_the_size_of_its_picture_and_not_that_of_its_exif() {
    let edited = facts(&photo::heic_edited());
    // `ispe` says 400 × 300, `clap` cuts to 396 × 298, `irot` turns it; EXIF says 480 × 360, upright.
    let size = edited.size.known().unwrap();
    assert_eq!((size.width, size.height), (396, 298));
    assert_eq!(edited.orientation, Fact::Known(Orientation::RightTop));
    assert_eq!(edited.defects, []);
    assert!(edited.taken_at.known().is_some());
}

#[test]
fn an_exif_item_that_passed_before_its_place_was_named_is_read_from_the_head() {
    let ordinary = facts(&photo::heic_meta_last());
    assert_ordinary(&ordinary);
    assert_eq!(ordinary.defects, []);
}

#[test]
fn a_serial_number_in_the_first_directory_is_read() {
    for tag in [0xA431, 0xC62F] {
        let serial = facts(&photo::serial_in_first_directory(tag))
            .camera
            .body_serial;
        assert_eq!(serial, Fact::Known("FC2-000417".to_owned()), "{tag:x}");
    }
}

#[test]
fn a_photograph_without_exif_has_size_and_no_other_facts() {
    let bare = facts(&PhotoSpec::bare(64, 48, 1).to_jpeg());
    assert_eq!(
        bare.size,
        Fact::Known(PixelSize {
            width: 64,
            height: 48
        })
    );
    assert_eq!(bare.taken_at, Fact::Absent(NotPresent));
    assert_eq!(bare.defects, []);
}

#[test]
fn a_time_without_offset_stays_without_one() {
    let facts = facts_with(|exif| {
        exif.offset = None;
        exif.subsecond = None;
    });
    let time = facts.taken_at.known().unwrap();
    assert_eq!(time.offset_min, Fact::Absent(NotPresent));
    assert_eq!(time.subsecond_nanos, Fact::Absent(NotPresent));
}

#[test]
fn offsets_are_read_in_both_directions_and_refused_beyond_fourteen_hours() {
    let cases = [
        ("+05:30", Fact::Known(330)),
        ("-03:30", Fact::Known(-210)),
        ("+00:00", Fact::Known(0)),
        ("Z", Fact::Known(0)),
        ("+14:00", Fact::Known(840)),
        ("+14:01", Fact::Absent(OutOfRange)),
        ("+03:60", Fact::Absent(OutOfRange)),
        ("03:00", Fact::Absent(Malformed)),
        ("+3:00", Fact::Absent(Malformed)),
        ("   :  ", Fact::Absent(Blank)),
        ("", Fact::Absent(Blank)),
    ];
    for (written, expected) in cases {
        let facts = facts_with(|exif| exif.offset = text(written));
        assert_eq!(
            facts.taken_at.known().unwrap().offset_min,
            expected,
            "{written:?}"
        );
    }
}

#[test]
fn dates_that_do_not_exist_are_no_dates() {
    let cases = [
        ("2028:02:29 23:59:59", None),
        ("2026:02:29 10:00:00", Some(OutOfRange)),
        ("2026:13:01 10:00:00", Some(OutOfRange)),
        ("2026:04:31 10:00:00", Some(OutOfRange)),
        ("2026:05:14 24:00:00", Some(OutOfRange)),
        ("0000:05:14 10:00:00", Some(OutOfRange)),
        ("0000:00:00 00:00:00", Some(Blank)),
        ("    :  :     :  :  ", Some(Blank)),
        ("", Some(Blank)),
        ("2026-05-14 10:00:00", Some(Malformed)),
        ("2026:05:14", Some(Malformed)),
        ("2026:05:14 10:00:00 and more", Some(Malformed)),
    ];
    for (written, reason) in cases {
        let facts = facts_with(|exif| exif.taken_at = text(written));
        assert_eq!(facts.taken_at.absent_reason(), reason, "{written:?}");
    }
}

#[test]
fn parts_of_a_second_are_read_to_the_nanosecond() {
    let cases = [
        ("5", Fact::Known(500_000_000)),
        ("000", Fact::Known(0)),
        ("1234567891", Fact::Known(123_456_789)),
        ("12  ", Fact::Known(120_000_000)),
        ("   ", Fact::Absent(Blank)),
        ("-1", Fact::Absent(Malformed)),
    ];
    for (written, expected) in cases {
        let facts = facts_with(|exif| exif.subsecond = text(written));
        assert_eq!(
            facts.taken_at.known().unwrap().subsecond_nanos,
            expected,
            "{written:?}"
        );
    }
}

#[test]
fn positions_keep_their_last_digit_on_all_quarters_of_the_globe() {
    for latitude in [0, 1, -1, 431_234_567, -899_999_999, 900_000_000] {
        for longitude in [0, 7, -336_543_219, 1_799_999_999, -1_800_000_000] {
            let gps = facts_with_gps(|gps| *gps = GpsSpec::at(latitude, longitude));
            assert_eq!(gps.latitude_e7, Fact::Known(latitude));
            assert_eq!(gps.longitude_e7, Fact::Known(longitude));
        }
    }
}

#[test]
fn positions_that_cannot_be_are_absent() {
    let beyond_pole = facts_with_gps(|gps| gps.latitude = [(90, 1), (0, 1), (1, 100)]);
    assert_eq!(beyond_pole.latitude_e7, Fact::Absent(OutOfRange));
    let minutes = facts_with_gps(|gps| gps.latitude = [(48, 1), (61, 1), (0, 1)]);
    assert_eq!(minutes.latitude_e7, Fact::Absent(OutOfRange));
    let huge = facts_with_gps(|gps| gps.longitude = [(u32::MAX, 1); 3]);
    assert_eq!(huge.longitude_e7, Fact::Absent(OutOfRange));
    let nowhere = facts_with_gps(|gps| gps.latitude_ref = "?".to_owned());
    assert_eq!(nowhere.latitude_e7, Fact::Absent(Malformed));
    let unsaid = facts_with_gps(|gps| gps.longitude_ref = String::new());
    assert_eq!(unsaid.longitude_e7, Fact::Absent(Blank));
    let out = facts(&photo::gps_out_of_range()).gps;
    assert_eq!(out.latitude_e7, Fact::Absent(OutOfRange));
    assert_eq!(out.longitude_e7, Fact::Absent(OutOfRange));
    assert_eq!(out.altitude_mm, Fact::Known(152_340));
}

#[test]
fn heights_and_directions_are_checked() {
    let below = facts_with_gps(|gps| gps.altitude_ref = 1);
    assert_eq!(below.altitude_mm, Fact::Known(-152_340));
    let space = facts_with_gps(|gps| gps.altitude = (100_001, 1));
    assert_eq!(space.altitude_mm, Fact::Absent(OutOfRange));
    let full = facts_with_gps(|gps| gps.direction = (360, 1));
    assert_eq!(full.direction.known().unwrap().bearing_mdeg, 0);
    let more = facts_with_gps(|gps| gps.direction = (36_001, 100));
    assert_eq!(more.direction, Fact::Absent(OutOfRange));
    let magnetic = facts_with_gps(|gps| gps.direction_ref = "M".to_owned());
    let reference = &magnetic.direction.known().unwrap().reference;
    assert_eq!(*reference, Fact::Known(DirectionReference::MagneticNorth));
    let unsaid = facts_with_gps(|gps| gps.direction_ref = String::new());
    let reference = &unsaid.direction.known().unwrap().reference;
    assert_eq!(*reference, Fact::Absent(Blank));
    let wrong = facts_with_gps(|gps| gps.direction_ref = "X".to_owned());
    let reference = &wrong.direction.known().unwrap().reference;
    assert_eq!(*reference, Fact::Absent(Malformed));
}

#[test]
fn zero_over_zero_is_unknown_and_never_a_number() {
    let facts = facts(&photo::zero_rationals());
    let gps = &facts.gps;
    assert_eq!(gps.latitude_e7, Fact::Absent(ZeroDenominator));
    assert_eq!(gps.longitude_e7, Fact::Absent(ZeroDenominator));
    assert_eq!(gps.altitude_mm, Fact::Absent(ZeroDenominator));
    assert_eq!(gps.direction, Fact::Absent(ZeroDenominator));
    assert_eq!(gps.dop_thousandths, Fact::Absent(ZeroDenominator));
    assert_eq!(gps.stamp, Fact::Absent(ZeroDenominator));
    assert_eq!(
        facts.exposure.exposure_time_s,
        Fact::Absent(ZeroDenominator)
    );
    assert_eq!(
        facts.exposure.f_number_thousandths,
        Fact::Absent(ZeroDenominator)
    );
    assert_eq!(
        facts.exposure.focal_length_um,
        Fact::Absent(ZeroDenominator)
    );
    assert!(facts.taken_at.known().is_some());
}

#[test]
fn a_clock_that_was_never_set_gives_no_time() {
    let facts = facts(&photo::blank_date());
    assert_eq!(facts.taken_at, Fact::Absent(Blank));
    assert_eq!(facts.gps.stamp, Fact::Absent(Blank));
    assert!(facts.gps.latitude_e7.known().is_some());
}

#[test]
fn names_are_trimmed_cleaned_and_bounded() {
    let name = |written: &str| facts_with(|exif| exif.make = text(written)).camera.make;
    assert_eq!(
        name("  Imena\u{7} Works \n "),
        Fact::Known("Imena Works".to_owned())
    );
    assert_eq!(name("   "), Fact::Absent(Blank));
    assert_eq!(name(""), Fact::Absent(Blank));
    let limit = exif_fields::TEXT_BYTES_MAX;
    assert_eq!(name(&"a".repeat(limit)).known().unwrap().len(), limit);
    assert_eq!(name(&"a".repeat(limit + 1)).known().unwrap().len(), limit);
    // A letter of two bytes across the limit is dropped whole.
    let across = format!("a{}", "ї".repeat(limit));
    assert_eq!(name(&across).known().unwrap().len(), limit - 1);
}

#[test]
fn an_orientation_beyond_eight_is_out_of_range() {
    let facts = facts_with(|exif| exif.orientation = 9);
    assert_eq!(facts.orientation, Fact::Absent(OutOfRange));
}

#[test]
fn each_defective_file_is_told_by_its_defect() {
    let cases = [
        (photo::empty(), vec![Defect::Empty]),
        (photo::text_renamed(), vec![Defect::NotAPicture]),
        (photo::truncated(), vec![Defect::Truncated]),
        (photo::zero_dimensions(), vec![Defect::ZeroDimensions]),
        (photo::broken_exif(), vec![Defect::BrokenExif]),
        (photo::exif_loop(), vec![Defect::BrokenExif]),
        (photo::exif_bomb(), vec![Defect::ExifTooLarge]),
        (photo::progressive(), vec![]),
        (photo::non_interleaved(), vec![]),
        (photo::heic_like(), vec![]),
        (photo::png(64, 48, 1), vec![]),
        (photo::cut_large(), vec![Defect::Truncated]),
        (
            photo::zeroed_tail(),
            vec![Defect::Truncated, Defect::BlankPiece],
        ),
        (photo::zeroed_middle(), vec![Defect::BlankPiece]),
        (
            photo::ones_in_the_middle(),
            vec![Defect::BlankPiece, Defect::BrokenStructure],
        ),
        (photo::zeroed_middle_optimised(), vec![Defect::BlankPiece]),
        (photo::overwritten_middle(), vec![Defect::BrokenStructure]),
        (photo::restart_lost(), vec![Defect::BrokenStructure]),
        (photo::with_restarts(), vec![]),
        (photo::black_optimised(), vec![]),
        (photo::rows_99(), vec![Defect::Truncated]),
        (photo::png_wrong_checksum(), vec![Defect::BrokenStructure]),
        (photo::png_cut_large(), vec![Defect::Truncated]),
        (photo::heic_cut(), vec![Defect::Truncated]),
        (photo::heic_zeroed(), vec![Defect::BlankPiece]),
        (photo::heic_exif_late(), vec![]),
        (photo::avif_like(), vec![]),
        (photo::tiff_like(), vec![]),
        (photo::dng_like(), vec![]),
    ];
    for (index, (file, defects)) in cases.into_iter().enumerate() {
        assert_eq!(facts(&file).defects, defects, "case {index}");
    }
}

#[test]
fn what_a_broken_block_still_says_is_kept() {
    let facts = facts(&photo::broken_exif());
    assert!(facts.taken_at.known().is_some());
    assert_eq!(facts.camera.model.known().unwrap(), "Field Camera 2");
    assert_eq!(facts.gps.latitude_e7, Fact::Absent(NotPresent));
}

#[test]
fn a_png_cut_short_is_truncated() {
    let mut file = photo::png(64, 48, 1);
    file.truncate(file.len() - 20);
    assert_eq!(facts(&file).defects, [Defect::Truncated]);
}
