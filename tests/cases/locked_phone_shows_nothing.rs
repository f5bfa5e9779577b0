//! A phone that is locked or off shows nothing: no name, no place, no picture in any file of its vault.
//!
//! Two hundred records and photos hold canaries: texts, coordinates, pixels. The search reads every byte of every file; a file with the
//! same canaries laid beside is found by it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "the first thing that is not as expected shall stop the test"
)]

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use imena_core::capture::CaptureFacts;
use imena_core::field_store::FieldStore;
use imena_core::index::ROOT;
use imena_core::model::position::{Position, PositionProvider};
use imena_core::nouns::{NamePart, marker, operator, person_hint};
use imena_core::record::Draft;
use imena_core::store::Class;
use imena_core::vocabulary::{HintPartRole, MarkerKind, OperatorRole};
use imena_tests::phone::{PASSCODE, Phone, draft, new_capture_id};
use imena_tests::photo::{self, ExifSpec, GpsSpec, PhotoSpec};
use imena_tests::records::{add_grave, add_site, hint_draft};

/// Records of each of four kinds, and photos.
const RECORDS: u16 = 45;
const PHOTOS: u16 = 20;
/// A slice of a picture this long occurs nowhere by chance.
const SLICE_BYTES: usize = 24;

/// What must not be found, with the word for it.
#[derive(Default)]
struct Canaries {
    patterns: Vec<(String, Vec<u8>)>,
}

impl Canaries {
    /// A text in each coding that a program might write.
    fn text(&mut self, text: &str) -> String {
        self.add(text, text.as_bytes().to_vec());
        self.add(
            text,
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        );
        self.add(
            text,
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        );
        text.to_owned()
    }

    fn add(&mut self, word: &str, pattern: Vec<u8>) {
        assert!(
            pattern.len() >= 5,
            "{word}: so short a pattern is found by chance"
        );
        self.patterns.push((word.to_owned(), pattern));
    }

    /// Slices out of the middle of a file, past what all files of its kind share.
    fn slices(&mut self, word: &str, bytes: &[u8]) {
        for part in 1..4 {
            let at = bytes.len() * part / 4;
            self.add(word, bytes[at..at + SLICE_BYTES].to_vec());
        }
    }

    fn position(&mut self, lat_e7: i32, lon_e7: i32) {
        let (lat, lon) = (lat_e7.to_be_bytes(), lon_e7.to_be_bytes());
        self.add(
            "position as CBOR",
            [&[0x1A], &lat[..], &[0x01, 0x1A], &lon].concat(),
        );
        self.text(&lat_e7.to_string());
        self.text(&format!("{}.{}", lat_e7 / 10_000_000, lat_e7 % 10_000_000));
    }

    /// What any file must not hold: beginnings of pictures and of EXIF.
    fn magic(&mut self) {
        for (word, bytes) in [
            ("JFIF", &b"JFIF\0"[..]),
            ("EXIF", b"Exif\0\0"),
            ("JPEG with tables", &[0xFF, 0xD8, 0xFF, 0xDB, 0x00, 0x43]),
            ("JPEG with EXIF", &[0xFF, 0xD8, 0xFF, 0xE1, 0x00]),
            ("PNG", b"\x89PNG\r\n\x1A\n"),
            ("little-endian TIFF", b"II*\0\x08\0\0\0"),
            ("SQLite", b"SQLite format 3"),
        ] {
            self.add(word, bytes.to_vec());
        }
    }

    /// Every canary in every file below a folder.
    fn found_below(&self, dir: &Path) -> Vec<String> {
        let mut by_start: HashMap<[u8; 4], Vec<usize>> = HashMap::new();
        let mut is_start = vec![false; 65_536];
        for (number, (_, pattern)) in self.patterns.iter().enumerate() {
            is_start[usize::from(pattern[0]) << 8 | usize::from(pattern[1])] = true;
            by_start
                .entry(pattern[..4].try_into().unwrap())
                .or_default()
                .push(number);
        }
        let mut found = Vec::new();
        for path in files_below(dir) {
            let bytes = fs::read(&path).unwrap();
            for at in 0..bytes.len().saturating_sub(4) {
                if !is_start[usize::from(bytes[at]) << 8 | usize::from(bytes[at + 1])] {
                    continue;
                }
                let start: [u8; 4] = bytes[at..at + 4].try_into().unwrap();
                for number in by_start.get(&start).into_iter().flatten() {
                    let (word, pattern) = &self.patterns[*number];
                    if bytes[at..].starts_with(pattern) {
                        found.push(format!("{word} at byte {at} of {}", path.display()));
                    }
                }
            }
        }
        found
    }
}

fn files_below(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for item in fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            all.extend(files_below(&path))
        } else {
            all.push(path)
        }
    }
    all
}

/// Records and photos full of canaries.
fn fill(store: &FieldStore, canaries: &mut Canaries) {
    let name = canaries.text("Канарейкове поле");
    let site = add_site(store, "KHA1", &name);
    for number in 0..RECORDS {
        let grave = add_grave(store, site);
        canaries.text(&grave.code.unwrap());
        let marker = Draft::new()
            .with(marker::SITE, site)
            .with(marker::KIND, MarkerKind::Cross)
            .with(
                marker::TEXT,
                canaries.text(&format!("Плита канарейки {number}")),
            )
            .with(
                marker::NUMBER,
                canaries.text(&format!("No. canary-{number}")),
            )
            .link(grave.subject);
        store.record(&marker.any()).unwrap();
        let text = canaries.text(&format!("Захисник Канаренко-{number}…"));
        let reason = canaries.text(&format!("reason canary {number}"));
        let part = canaries.text(&format!("Канаренко-{number}"));
        let part = NamePart::from_marked(HintPartRole::Surname, &part);
        let hint = hint_draft(grave.subject, &text, &reason);
        let hint = hint.with(person_hint::PARTS, vec![part]);
        store.record(&hint.any()).unwrap();
        let name = canaries.text(&format!("Operator Canary {number}"));
        let operator = Draft::new()
            .with(operator::NAME, name)
            .with(operator::ROLE, OperatorRole::Rescuer)
            .with(
                operator::ORGANISATION,
                canaries.text(&format!("Canary Unit {number}")),
            );
        store.record(&operator.any()).unwrap();
    }
    (0..PHOTOS).for_each(|number| take(store, canaries, number));
}

fn take(store: &FieldStore, canaries: &mut Canaries, number: u16) {
    let (lat_e7, lon_e7) = (
        431_234_567 + i32::from(number),
        336_543_210 + i32::from(number),
    );
    canaries.position(lat_e7, lon_e7);
    let bytes = if number.is_multiple_of(4) {
        // Pixels as they are: a PNG without compression.
        photo::png(160, 120, number.into())
    } else {
        let mut exif = ExifSpec::ordinary();
        exif.make = Some(canaries.text(&format!("CanaryWorks {number}")));
        exif.body_serial = Some(canaries.text(&format!("CANARY-SN-{number:04}")));
        exif.gps = Some(GpsSpec::at(lat_e7, lon_e7));
        PhotoSpec {
            exif: Some(exif),
            ..PhotoSpec::new(640, 480, number.into())
        }
        .to_jpeg()
    };
    canaries.slices("pixels of an original", &bytes);
    let file_name = canaries.text(&format!("канарка {number}.jpg"));
    let mut draft = draft(new_capture_id(), None);
    draft.file_name = Some(file_name.as_str().into());
    let mut capture = store.begin_photo(draft).unwrap();
    for chunk in bytes.chunks(imena_core::capture::CHUNK_BYTES_MAX) {
        capture.append(chunk).unwrap();
    }
    let provider = PositionProvider::Gnss;
    let position = Some(Position {
        lat_e7,
        lon_e7,
        h_acc_mm: Some(4_000),
        provider,
    });
    store
        .finish_photo(
            capture,
            CaptureFacts {
                position,
                ..CaptureFacts::default()
            },
        )
        .unwrap();
}

/// Bits a byte of a file holds: what is encrypted holds all but 8.
fn entropy_bits(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes
        .iter()
        .for_each(|byte| counts[usize::from(*byte)] += 1);
    let total = bytes.len() as f64;
    let share = |count: u32| f64::from(count) / total;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|c| -share(*c) * share(*c).log2())
        .sum()
}

#[test]
fn no_file_of_a_locked_vault_holds_a_name_a_place_or_a_picture() {
    let phone = Phone::new();
    let (mut canaries, code) = (Canaries::default(), phone.join_code());
    let device_name = canaries.text("CanaryPhone77");
    let store = FieldStore::join(phone.config(), code, &device_name, PASSCODE).unwrap();
    store.start_work(None).unwrap();
    fill(&store, &mut canaries);
    canaries.magic();
    canaries.text(PASSCODE);
    // Unlocked too: what a thief of a running phone copies is as closed.
    assert_eq!(canaries.found_below(&phone.vault()), Vec::<String>::new());
    store.work_off().unwrap();
    let mut renditions = 0;
    for photo in store.list_photos(ROOT).unwrap() {
        for class in [Class::Thumbnail, Class::Preview] {
            if let Some(jpeg) = store.rendition(photo.id, class).unwrap() {
                canaries.slices("pixels of a rendition", &jpeg);
                renditions += 1;
            }
        }
    }
    assert!(renditions >= PHOTOS, "{renditions} renditions");

    store.lock().unwrap();
    assert_eq!(canaries.found_below(&phone.vault()), Vec::<String>::new());
    store.shut_down().unwrap();
    assert_eq!(canaries.found_below(&phone.vault()), Vec::<String>::new());
    for path in files_below(&phone.vault()) {
        let bytes = fs::read(&path).unwrap();
        let bits = entropy_bits(&bytes);
        assert!(
            bytes.len() < 16 * 1024 || bits > 7.9,
            "{}: {bits} bits",
            path.display()
        );
    }
    println!(
        "{} canaries, {} files",
        canaries.patterns.len(),
        files_below(&phone.vault()).len()
    );

    // The negative control: the same search sees a word, a wide word, and a picture that lie beside.
    let beside = phone.vault().join("blobs/notes");
    for bytes in [
        b"seen: Operator Canary 7.".to_vec(),
        "x Operator Canary 7"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect(),
        PhotoSpec::new(64, 48, 1).to_jpeg(),
    ] {
        fs::write(&beside, bytes).unwrap();
        assert!(!canaries.found_below(&phone.vault()).is_empty());
    }
}
