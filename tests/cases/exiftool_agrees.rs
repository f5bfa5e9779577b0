//! A second reader: exiftool says the same of a photo as we do, in its own words.
//!
//! exiftool corrects nothing here (`-n`, no composite tags), and we say nothing that it does not find. Files with defects are
//! left out: of those the two may think differently, and ours says why (`core/src/media/facts`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    reason = "the first thing that is not as expected shall stop the test"
)]

use std::path::Path;
use std::process::Command;

use imena_core::media::{CivilTime, Fact, PhotoFacts, read_facts};
use imena_tests::photo::{self, ByteOrder, ExifSpec, GpsSpec, PhotoSpec};
use serde_json::Value;

/// A number of ours and the same of exiftool's may differ by what their units round away.
const ROUNDING: f64 = 0.000_000_6;

fn photos() -> Vec<PhotoSpec> {
    let mut all = Vec::new();
    // Both hemispheres, the equator, below the sea, each orientation, both orders of bytes.
    let places = [
        (492_110_000, 372_480_000),
        (-336_543_210, -431_234_567),
        (0, 0),
        (899_999_999, 1_799_999_999),
    ];
    for number in 0..8_u16 {
        let mut gps = GpsSpec::at(
            places[usize::from(number) % 4].0,
            places[usize::from(number) % 4].1,
        );
        gps.altitude_ref = u8::try_from(number % 2).unwrap();
        gps.direction_ref = if number % 3 == 0 { "M" } else { "T" }.to_owned();
        let byte_order = if number % 2 == 0 {
            ByteOrder::Little
        } else {
            ByteOrder::Big
        };
        let offset = ["+03:00", "-09:30", "+00:00", "+05:45"][usize::from(number) % 4];
        let exif = ExifSpec {
            byte_order,
            orientation: number + 1,
            offset: Some(offset.to_owned()),
            gps: (number != 6).then_some(gps),
            ..ExifSpec::ordinary()
        };
        all.push(PhotoSpec {
            exif: Some(exif),
            ..PhotoSpec::new(64 + number * 8, 48, u64::from(number))
        });
    }
    all.push(PhotoSpec {
        exif: None,
        ..PhotoSpec::new(80, 60, 99)
    });
    all
}

fn ask_exiftool(files: &[std::path::PathBuf]) -> Vec<Value> {
    let ran = Command::new("exiftool")
        .args(["-json", "-n", "-api", "StructFormat=JSON", "-G0"])
        .args(files)
        .output()
        .expect("exiftool is installed by ./dev test");
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let Value::Array(all) = serde_json::from_slice(&ran.stdout).unwrap() else {
        panic!("not a list")
    };
    all
}

fn civil(at: &CivilTime) -> String {
    let (date, time) = ((at.year, at.month, at.day), (at.hour, at.minute, at.second));
    format!(
        "{:04}:{:02}:{:02} {:02}:{:02}:{:02}",
        date.0, date.1, date.2, time.0, time.1, time.2
    )
}

fn number<T: Copy + Into<f64>>(fact: &Fact<T>, unit: f64) -> Option<f64> {
    fact.known().map(|&value| value.into() / unit)
}

/// Numbers of ours, each with exiftool's name of it; absent where we say absent.
fn numbers(facts: &PhotoFacts) -> Vec<(&'static str, Option<f64>)> {
    let gps = &facts.gps;
    let exposure = &facts.exposure;
    // exiftool gives the position without its sign: the letters beside it are compared apart.
    let unsigned = |fact: &Fact<i32>, unit| number(fact, unit).map(f64::abs);
    vec![
        ("EXIF:GPSLatitude", unsigned(&gps.latitude_e7, 1e7)),
        ("EXIF:GPSLongitude", unsigned(&gps.longitude_e7, 1e7)),
        ("EXIF:GPSAltitude", unsigned(&gps.altitude_mm, 1e3)),
        (
            "EXIF:GPSImgDirection",
            gps.direction
                .known()
                .map(|direction| f64::from(direction.bearing_mdeg) / 1e3),
        ),
        ("EXIF:GPSDOP", number(&gps.dop_thousandths, 1e3)),
        ("EXIF:FNumber", number(&exposure.f_number_thousandths, 1e3)),
        ("EXIF:ISO", exposure.iso.known().map(|&iso| f64::from(iso))),
        ("EXIF:FocalLength", number(&exposure.focal_length_um, 1e3)),
        (
            "EXIF:Flash",
            exposure.flash.known().map(|flash| f64::from(flash.bits)),
        ),
        (
            "EXIF:ExposureTime",
            exposure
                .exposure_time_s
                .known()
                .map(|time| f64::from(time.numerator) / f64::from(time.denominator)),
        ),
        (
            "EXIF:Orientation",
            facts
                .orientation
                .known()
                .map(|turned| f64::from(turned.exif_number())),
        ),
        (
            "File:ImageWidth",
            facts.size.known().map(|size| f64::from(size.width)),
        ),
        (
            "File:ImageHeight",
            facts.size.known().map(|size| f64::from(size.height)),
        ),
    ]
}

/// Texts of ours, each with exiftool's name of it.
fn texts(facts: &PhotoFacts) -> Vec<(&'static str, Option<String>)> {
    let camera = &facts.camera;
    let taken = facts.taken_at.known();
    let offset = taken
        .and_then(|taken| taken.offset_min.known().copied())
        .map(|minutes| {
            let sign = if minutes < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
        });
    let letter = |fact: &Fact<i32>, plus: &str, minus: &str| {
        fact.known()
            .map(|&value| if value < 0 { minus } else { plus }.to_owned())
    };
    vec![
        ("EXIF:Make", camera.make.known().cloned()),
        ("EXIF:Model", camera.model.known().cloned()),
        ("EXIF:LensMake", camera.lens_make.known().cloned()),
        ("EXIF:LensModel", camera.lens_model.known().cloned()),
        ("EXIF:SerialNumber", camera.body_serial.known().cloned()),
        (
            "EXIF:DateTimeOriginal",
            taken.map(|taken| civil(&taken.local)),
        ),
        ("EXIF:OffsetTimeOriginal", offset),
        (
            "EXIF:GPSLatitudeRef",
            letter(&facts.gps.latitude_e7, "N", "S"),
        ),
        (
            "EXIF:GPSLongitudeRef",
            letter(&facts.gps.longitude_e7, "E", "W"),
        ),
        (
            "EXIF:GPSDateStamp",
            facts
                .gps
                .stamp
                .known()
                .map(|stamp| civil(&stamp.utc)[..10].to_owned()),
        ),
        (
            "EXIF:GPSTimeStamp",
            facts
                .gps
                .stamp
                .known()
                .map(|stamp| civil(&stamp.utc)[11..].to_owned()),
        ),
    ]
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn differences(file: &Path, facts: &PhotoFacts, theirs: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for (name, ours) in numbers(facts) {
        let found = theirs.get(name).and_then(Value::as_f64);
        let agree = match (ours, found) {
            (Some(ours), Some(found)) => (ours - found).abs() <= ROUNDING * found.abs().max(1.0),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !agree {
            all.push(format!(
                "{}: {name}: ours {ours:?}, theirs {found:?}",
                file.display()
            ));
        }
    }
    for (name, ours) in texts(facts) {
        let found = theirs.get(name).map(text_of);
        if ours != found {
            all.push(format!(
                "{}: {name}: ours {ours:?}, theirs {found:?}",
                file.display()
            ));
        }
    }
    all
}

#[test]
fn exiftool_reads_the_same_facts() {
    let home = tempfile::tempdir().unwrap();
    let mut photos: Vec<Vec<u8>> = photos().iter().map(PhotoSpec::to_jpeg).collect();
    // Facts behind the first 256 KiB, and properties that say another size than EXIF.
    photos.extend([
        photo::exif_beyond_head(),
        photo::heic_like(),
        photo::heic_exif_late(),
        photo::heic_meta_last(),
        photo::avif_like(),
        photo::serial_in_first_directory(0xA431),
    ]);
    let files: Vec<_> = (0..photos.len())
        .map(|n| home.path().join(format!("{n}.jpg")))
        .collect();
    for (file, bytes) in files.iter().zip(&photos) {
        std::fs::write(file, bytes).unwrap();
    }
    let theirs = ask_exiftool(&files);
    assert_eq!(theirs.len(), photos.len());
    let mut wrong = Vec::new();
    for ((file, bytes), theirs) in files.iter().zip(&photos).zip(&theirs) {
        let facts = read_facts(bytes);
        wrong.extend(differences(file, &facts, theirs));
    }
    assert_eq!(wrong, Vec::<String>::new());

    // The comparison is one: of two photos it finds what differs.
    let other = read_facts(&photos[1]);
    assert!(differences(&files[0], &other, &theirs[0]).len() >= 5);
}
