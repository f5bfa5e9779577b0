//! Files that are not the photographs they should be: nothing and folders are refused, everything else is sealed as it is and says what is wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "the first thing that is not as expected shall stop the test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use imena_core::capture::{
    CHUNK_BYTES_MAX, CaptureDraft, CaptureError, CaptureFacts, Saved, SavedOutcome,
};
use imena_core::encoding::Hash32;
use imena_core::environment::Steps;
use imena_core::field_store::{Error, FieldStore};
use imena_core::index::ROOT;
use imena_core::model::file_name::FileName;
use imena_core::store::Class;
use imena_core::vocabulary::{NoPreview, PhotoDefect, PhotoOrigin, PreviewMark};
use imena_tests::phone::{Phone, capture, draft, new_capture_id, open, picture};
use imena_tests::photo;

/// A defective file, what is said of it, and whether it has a thumbnail all the same.
struct Bad {
    name: &'static str,
    bytes: Vec<u8>,
    defects: Vec<PhotoDefect>,
    has_thumbnail: bool,
}

fn bad(name: &'static str, bytes: Vec<u8>, defects: &[PhotoDefect], has_thumbnail: bool) -> Bad {
    Bad {
        name,
        bytes,
        defects: defects.to_vec(),
        has_thumbnail,
    }
}

fn bad_photos() -> Vec<Bad> {
    use PhotoDefect::{
        BlankPiece, BrokenExif, BrokenStructure, ExifTooLarge, NotAPicture, Truncated,
        WrongExtension, ZeroDimensions,
    };
    vec![
        bad("truncated.jpg", photo::truncated(), &[Truncated], true),
        bad(
            "zero_dimensions.jpg",
            photo::zero_dimensions(),
            &[ZeroDimensions],
            false,
        ),
        bad(
            "header_19000_square.jpg",
            photo::header_19000_square(),
            &[],
            true,
        ),
        bad(
            "png_bomb_19000_square.png",
            photo::png_bomb_19000_square(),
            &[],
            false,
        ),
        bad("progressive.jpg", photo::progressive(), &[], true),
        bad(
            "progressive_over_budget.jpg",
            photo::progressive_over_budget(),
            &[],
            true,
        ),
        bad("cmyk.jpg", photo::cmyk(), &[], true),
        bad("ycck.jpg", photo::ycck(), &[], true),
        bad("grey.jpg", photo::grey(), &[], true),
        bad("broken_exif.jpg", photo::broken_exif(), &[BrokenExif], true),
        bad("exif_bomb.jpg", photo::exif_bomb(), &[ExifTooLarge], true),
        bad("exif_loop.jpg", photo::exif_loop(), &[BrokenExif], true),
        bad(
            "text_renamed.jpg",
            photo::text_renamed(),
            &[NotAPicture],
            false,
        ),
        bad("non_interleaved.jpg", photo::non_interleaved(), &[], true),
        bad("zero_rationals.jpg", photo::zero_rationals(), &[], true),
        bad("blank_date.jpg", photo::blank_date(), &[], true),
        bad("gps_out_of_range.jpg", photo::gps_out_of_range(), &[], true),
        bad("exif_beyond_head.jpg", photo::exif_beyond_head(), &[], true),
        bad("heic_like.heic", photo::heic_like(), &[], true),
        bad(
            "png_called_jpg.jpg",
            photo::png(64, 48, 1),
            &[WrongExtension],
            true,
        ),
        bad("jpeg_called_png.PNG", picture(0), &[WrongExtension], true),
        bad("one_byte.jpg", vec![0xFF], &[NotAPicture], false),
        bad("cut_large.jpg", photo::cut_large(), &[Truncated], true),
        bad(
            "zeroed_tail.jpg",
            photo::zeroed_tail(),
            &[Truncated, BlankPiece],
            true,
        ),
        bad(
            "zeroed_middle.jpg",
            photo::zeroed_middle(),
            &[BlankPiece],
            true,
        ),
        bad(
            "overwritten.jpg",
            photo::overwritten_middle(),
            &[BrokenStructure],
            true,
        ),
        bad(
            "restart_lost.jpg",
            photo::restart_lost(),
            &[BrokenStructure],
            true,
        ),
        bad("rows_99.jpg", photo::rows_99(), &[Truncated], true),
        bad(
            "wrong_checksum.png",
            photo::png_wrong_checksum(),
            &[BrokenStructure],
            false,
        ),
        bad("cut_large.png", photo::png_cut_large(), &[Truncated], false),
        bad("cut.heic", photo::heic_cut(), &[Truncated], true),
        bad("zeroed.heic", photo::heic_zeroed(), &[BlankPiece], true),
        bad("late.heic", photo::heic_exif_late(), &[], true),
        bad("edited.heic", photo::heic_edited(), &[], true),
        bad("called.heic", photo::avif_like(), &[WrongExtension], true),
        bad("scan.tif", photo::tiff_like(), &[], false),
        bad("raw.nef", photo::raw_like("NIKON CORPORATION"), &[], false),
        bad("raw.dng", photo::dng_like(), &[], false),
        bad("old.bmp", photo::bmp_like(), &[], false),
        bad("moving.gif", photo::gif_like(), &[], false),
        bad("web.webp", photo::webp_like(), &[], false),
        bad("film.mp4", photo::film_like(), &[NotAPicture], false),
    ]
}

fn import_draft(file_name: &str) -> CaptureDraft {
    let origin = PhotoOrigin::ImportFile;
    CaptureDraft {
        origin,
        file_name: Some(file_name.into()),
        ..draft(new_capture_id(), None)
    }
}

fn import(phone: &Phone, store: &FieldStore, name: &str, bytes: &[u8]) -> Result<Saved, Error> {
    let path = phone.home().join(name);
    std::fs::write(&path, bytes).unwrap();
    store.import_photo(&path, import_draft(name))
}

/// Files in `incoming/`: what was begun and is not settled.
fn begun(store: &FieldStore) -> usize {
    std::fs::read_dir(store.layout().incoming())
        .unwrap()
        .count()
}

#[test]
fn every_defective_file_is_sealed_byte_for_byte_with_its_defect_named() {
    let phone = Phone::new();
    let store = phone.join();
    let mut wrong = Vec::new();
    for bad in bad_photos() {
        let saved = import(&phone, &store, bad.name, &bad.bytes).unwrap();
        store.work_off().unwrap();
        assert_eq!(
            phone.opened_by_organisation(saved.sealed).unwrap(),
            bad.bytes,
            "{}",
            bad.name
        );
        assert_eq!(saved.sha256, Hash32::of(&bad.bytes));
        let [thumbnail, preview] =
            [Class::Thumbnail, Class::Preview].map(|class| store.rendition(saved.photo, class));
        let is_jpeg = |found: &Option<Vec<u8>>| {
            found
                .as_ref()
                .is_none_or(|jpeg| jpeg.starts_with(&[0xFF, 0xD8]))
        };
        let (thumbnail, preview) = (thumbnail.unwrap(), preview.unwrap());
        assert!(is_jpeg(&thumbnail) && is_jpeg(&preview), "{}", bad.name);
        if (&saved.defects, thumbnail.is_some()) != (&bad.defects, bad.has_thumbnail) {
            wrong.push(format!(
                "{}: {:?}, {}",
                bad.name,
                saved.defects,
                thumbnail.is_some()
            ));
        }
        let listed = store.list_photos(ROOT).unwrap();
        let listed = listed
            .iter()
            .find(|listed| listed.id == saved.photo)
            .unwrap();
        assert_eq!(listed.file_name, Some(bad.name.into()));
        // What only the decoder found is added to what was found when the photo was taken.
        let mut noted = listed.defects.clone();
        noted.retain(|defect| *defect != PhotoDefect::Damaged);
        assert_eq!(noted, saved.defects, "{}", bad.name);
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(
        store
            .verify(&mut |_, _| std::ops::ControlFlow::Continue(()))
            .unwrap()
            .findings,
        []
    );
}

#[test]
fn what_the_decoder_finds_later_is_a_note_that_asks_for_another_photo() {
    let phone = Phone::new();
    let store = phone.join();
    let see = |name: &str, bytes: &[u8]| {
        let saved = import(&phone, &store, name, bytes).unwrap();
        store.work_off().unwrap();
        let listed = store.list_photos(ROOT).unwrap();
        let photo = listed.into_iter().find(|photo| photo.id == saved.photo);
        (saved.defects, photo.unwrap())
    };
    // Its structure is whole: only decoding tells that three quarters of the rows are missing.
    let (found, photo) = see("closed_early.jpg", &photo::rows_closed_early());
    assert_eq!(found, []);
    assert_eq!(photo.defects, [PhotoDefect::Damaged]);
    assert_eq!(photo.preview_marks, [PreviewMark::Partial]);
    assert!(photo.should_retake && photo.no_preview.is_none());
    assert!(store.rendition(photo.id, Class::Preview).unwrap().is_some());

    let (_, photo) = see("cut.png", &photo::png_cut_large());
    assert_eq!(
        photo.defects,
        [PhotoDefect::Truncated, PhotoDefect::Damaged]
    );
    assert_eq!(photo.no_preview, Some(NoPreview::Damaged));

    let (_, photo) = see("raw.dng", &photo::dng_like());
    assert_eq!(photo.no_preview, Some(NoPreview::UnsupportedFormat));
    assert_eq!(photo.mime, "image/x-adobe-dng");
    assert!(!photo.should_retake);

    let (_, photo) = see("inks.jpg", &photo::cmyk());
    assert_eq!(photo.preview_marks, [PreviewMark::ColoursNotTrue]);
    let (_, photo) = see("phone.jpg", &photo::display_p3());
    assert_eq!(photo.preview_marks, []);
    let (_, photo) = see("huge.jpg", &photo::header_19000_square());
    assert_eq!(photo.preview_marks, [PreviewMark::CameraThumbnail]);
}

#[test]
fn a_name_that_is_no_utf_8_is_kept_to_its_last_byte() {
    use std::os::unix::ffi::OsStrExt as _;
    let phone = Phone::new();
    let store = phone.join();
    let name = std::ffi::OsStr::from_bytes(b"\xF4\xEE\xF2\xEE 17.jpg");
    let kept = FileName::from_os(name);
    let path = phone.home().join(name);
    std::fs::write(&path, picture(0)).unwrap();
    let draft = CaptureDraft {
        file_name: Some(kept.clone()),
        ..import_draft("")
    };
    let saved = store.import_photo(&path, draft).unwrap();
    assert_eq!(saved.defects, []);
    store.work_off().unwrap();
    let listed = store.list_photos(ROOT).unwrap();
    assert_eq!(listed[0].file_name, Some(kept));
    let json = serde_json::to_value(&listed[0]).unwrap();
    assert_eq!(json["file_name"]["bytes_hex"], "f4eef2ee2031372e6a7067");
    assert_eq!(json["facts"]["make"], "Imena Works");
}

#[test]
fn a_retry_hears_of_the_defects_too() {
    let phone = Phone::new();
    let store = phone.join();
    let press = new_capture_id();
    for _ in 0..2 {
        let saved = capture(&store, draft(press, None), &photo::zeroed_middle()).unwrap();
        assert_eq!(saved.defects, [PhotoDefect::BlankPiece]);
    }
}

#[test]
fn an_empty_file_and_a_folder_are_refused_and_leave_nothing() {
    let phone = Phone::new();
    let store = phone.join();
    let empty = import(&phone, &store, "empty.jpg", &photo::empty()).unwrap_err();
    assert!(
        matches!(empty, Error::Capture(CaptureError::Empty)),
        "{empty}"
    );
    assert!(empty.to_string().starts_with("NOT SAVED"));

    let folder = phone.home().join("folder.jpg");
    std::fs::create_dir(&folder).unwrap();
    let refused = store
        .import_photo(&folder, import_draft("folder.jpg"))
        .unwrap_err();
    assert!(refused.to_string().starts_with("NOT SAVED"), "{refused}");
    let missing = store.import_photo(
        &phone.home().join("missing.jpg"),
        import_draft("missing.jpg"),
    );
    assert!(missing.is_err());

    let no_chunk = capture(&store, draft(new_capture_id(), None), &[]).unwrap_err();
    assert!(
        matches!(no_chunk, Error::Capture(CaptureError::Empty)),
        "{no_chunk}"
    );
    assert_eq!(store.list_photos(ROOT).unwrap(), []);
    assert_eq!(begun(&store), 0);
    assert_eq!(store.status().unwrap().counts.originals, 0);
}

#[test]
fn a_source_that_changes_while_it_is_read_is_not_saved() {
    let phone = Phone::new();
    let store = phone.join();
    let bytes = picture(0);
    for expected in [bytes.len() as u64 + 1, bytes.len() as u64 - 1] {
        let mut photo = store.begin_photo(draft(new_capture_id(), None)).unwrap();
        for chunk in bytes.chunks(CHUNK_BYTES_MAX) {
            photo.append(chunk).unwrap();
        }
        let facts = CaptureFacts {
            expected_len: Some(expected),
            ..CaptureFacts::default()
        };
        let error = store.finish_photo(photo, facts).unwrap_err();
        let found = bytes.len() as u64;
        assert!(
            matches!(&error, Error::Capture(CaptureError::Length { expected: e, found: f })
                if (*e, *f) == (expected, found)),
            "{error}"
        );
    }
    assert_eq!(store.list_photos(ROOT).unwrap(), []);

    // What was begun is cut: it never becomes a photo, not even a recovered one.
    store.shut_down().unwrap();
    let (store, report) = phone.open();
    assert_eq!(
        (report.recovered.quarantined, report.recovered.entered.len()),
        (2, 0)
    );
    assert_eq!(store.list_photos(ROOT).unwrap(), []);
    assert_eq!(
        store
            .verify(&mut |_, _| std::ops::ControlFlow::Continue(()))
            .unwrap()
            .findings,
        []
    );
}

/// Cuts a file short when its second chunk is about to be kept.
struct Shrink {
    path: std::path::PathBuf,
    chunks: AtomicU64,
}

impl Steps for Shrink {
    fn reached(&self, name: &'static str) {
        if name == "capture: 3 append" && self.chunks.fetch_add(1, Ordering::SeqCst) == 1 {
            let file = std::fs::OpenOptions::new().write(true).open(&self.path);
            file.unwrap().set_len(CHUNK_BYTES_MAX as u64).unwrap();
        }
    }
}

#[test]
fn a_file_that_shrinks_while_it_is_read_is_not_saved() {
    let phone = Phone::new();
    phone.join().shut_down().unwrap();
    let path = phone.home().join("shrinks.jpg");
    std::fs::write(&path, vec![7; CHUNK_BYTES_MAX * 4]).unwrap();
    let mut config = phone.config();
    config.environment.steps = Arc::new(Shrink {
        path: path.clone(),
        chunks: AtomicU64::new(0),
    });
    let (store, _) = open(config);
    let error = store
        .import_photo(&path, import_draft("shrinks.jpg"))
        .unwrap_err();
    assert!(
        matches!(&error, Error::Capture(CaptureError::Length { expected, found })
            if found < expected && *expected == CHUNK_BYTES_MAX as u64 * 4),
        "{error}"
    );
    assert!(error.to_string().starts_with("NOT SAVED"), "{error}");
    assert_eq!(store.list_photos(ROOT).unwrap(), []);
}

/// Ends the capture when its entry is about to be written, as a crash does.
struct EndBeforeEntry;

impl Steps for EndBeforeEntry {
    fn reached(&self, name: &'static str) {
        assert_ne!(name, "capture: 6 journal", "the app dies here");
    }
}

#[test]
fn whatever_an_interrupted_photo_looks_like_it_is_recovered_as_a_photo() {
    let phone = Phone::new();
    phone.join().shut_down().unwrap();
    // Packed bytes, as a run of entries is packed.
    let packed = [&[0x1f, 0x8b, 8, 0][..], &[7; 3000]].concat();
    for bytes in [packed, picture(0)] {
        let mut config = phone.config();
        config.environment.steps = Arc::new(EndBeforeEntry);
        let (store, _) = open(config);
        let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            capture(&store, draft(new_capture_id(), None), &bytes)
        }));
        assert!(died.is_err());
        drop(store);
        let (store, report) = phone.open();
        assert_eq!(report.recovered.entered.len(), 1);
        let photos = store.list_photos(ROOT).unwrap();
        let sha256 = Hash32::of(&bytes).to_hex();
        let recovered = photos
            .iter()
            .find(|photo| photo.sha256.as_ref() == Some(&sha256));
        assert_eq!(recovered.unwrap().origin, PhotoOrigin::Recovered);
        store.shut_down().unwrap();
    }
}

#[test]
fn a_name_with_cyrillic_letters_and_spaces_is_kept_letter_by_letter() {
    let phone = Phone::new();
    let store = phone.join();
    let name = "Ділянка 3, хрест № 17 «невідомий».jpg";
    let saved = import(&phone, &store, name, &picture(0)).unwrap();
    assert_eq!(saved.defects, []);
    store.work_off().unwrap();
    assert_eq!(
        store.list_photos(ROOT).unwrap()[0].file_name,
        Some(name.into())
    );
}

#[test]
fn the_same_picture_twice_is_two_files_and_the_same_shutter_press_twice_is_one() {
    let phone = Phone::new();
    let store = phone.join();
    let (picture, press) = (picture(0), new_capture_id());
    let first = capture(&store, draft(press, None), &picture).unwrap();
    let again = capture(&store, draft(press, None), &picture).unwrap();
    assert_eq!(again.outcome, SavedOutcome::AlreadySaved);
    assert_eq!(
        (again.photo, again.sealed, again.bytes),
        (first.photo, first.sealed, first.bytes)
    );

    let second = capture(&store, draft(new_capture_id(), None), &picture).unwrap();
    assert_eq!(second.outcome, SavedOutcome::New);
    assert_eq!(second.sha256, first.sha256);
    assert!(second.sealed != first.sealed && second.photo != first.photo);

    store.work_off().unwrap();
    let listed = store.list_photos(ROOT).unwrap();
    assert_eq!(listed.len(), 2);
    assert!(
        listed
            .iter()
            .all(|photo| photo.sha256 == Some(first.sha256.to_hex()))
    );
    assert_eq!(begun(&store), 0);
}

#[test]
fn another_picture_under_the_same_shutter_press_is_a_photo_of_its_own_also_after_a_crash() {
    let phone = Phone::new();
    let store = phone.join();
    let press = new_capture_id();
    let [first, second] = [0, 1].map(|number| {
        capture(&store, draft(press, None), &picture(number))
            .unwrap()
            .sha256
            .to_hex()
    });
    // No shut-down: the files are still in incoming/, and the next open must know both.
    drop(store);
    let (store, report) = phone.open();
    assert_eq!(
        (
            report.recovered.settled.len(),
            report.recovered.entered.len()
        ),
        (2, 0)
    );
    let mut listed: Vec<_> = store
        .list_photos(ROOT)
        .unwrap()
        .into_iter()
        .filter_map(|photo| photo.sha256)
        .collect();
    listed.sort();
    let mut expected = vec![first, second];
    expected.sort();
    assert_eq!(listed, expected);
}

#[test]
fn a_chunk_of_64_kib_is_taken_and_a_larger_one_refused() {
    let phone = Phone::new();
    let store = phone.join();
    let mut photo = store.begin_photo(draft(new_capture_id(), None)).unwrap();
    photo.append(&vec![1; CHUNK_BYTES_MAX]).unwrap();
    let refused = photo.append(&vec![1; CHUNK_BYTES_MAX + 1]).unwrap_err();
    let found = CHUNK_BYTES_MAX + 1;
    assert!(matches!(refused, CaptureError::ChunkTooLarge { found: f } if f == found));
    photo.append(&[]).unwrap();
    let saved = store.finish_photo(photo, CaptureFacts::default()).unwrap();
    assert_eq!(saved.bytes, CHUNK_BYTES_MAX as u64);
}

#[test]
fn a_photo_taken_before_the_start_of_work_is_saved_and_holds_nothing_up() {
    let phone = Phone::new();
    let config = phone.config();
    let code = phone.join_code();
    let store = FieldStore::join(config, code, "T01", imena_tests::phone::PASSCODE).unwrap();
    let saved = capture(&store, draft(new_capture_id(), None), &picture(0)).unwrap();
    store.start_work(None).unwrap();
    store.work_off().unwrap();
    assert_eq!(
        phone.opened_by_organisation(saved.sealed).unwrap(),
        picture(0)
    );
    assert_eq!(
        store.rendition(saved.photo, Class::Thumbnail).unwrap(),
        None
    );
    assert_eq!(store.list_photos(ROOT).unwrap().len(), 1);
}
