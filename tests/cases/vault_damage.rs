//! A vault that loses a part of itself: views are made again, the journal is built anew from its runs, sealed files always reach the organisation.
//!
//! Damage is done to files of a closed vault, as a disk or a hand does it. Keys and locks are in `vault_keys.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "the first thing that is not as expected shall stop the test"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use imena_core::encoding::Hash32;
use imena_core::environment::Environment;
use imena_core::field_store::{FieldStore, StoreConfig};
use imena_core::index::ROOT;
use imena_core::model::ids::SubjectId;
use imena_core::vocabulary::{Kind, PhotoOrigin};
use imena_tests::actor::{Task, write_pictures};
use imena_tests::day::{Day, add_grave, answers, work_a_day};
use imena_tests::phone::{PASSCODE, Phone, capture, config, draft, new_capture_id, picture};
use imena_tests::promises::Said;

const DATABASE_FILES: [&str; 3] = ["", "-wal", "-shm"];
/// Ways to damage the index at random.
const INDEX_DAMAGES: u64 = 100;
/// Flips in each database; each needs a copy of the vault and a whole verification.
const FLIPS: usize = 60;

/// A phone after a day, shut down.
fn worked_phone(photos: u64) -> (Phone, Day) {
    let phone = Phone::new();
    let store = phone.join();
    let day = work_a_day(&store, photos);
    store.shut_down().unwrap();
    (phone, day)
}

fn remove_database(phone: &Phone, name: &str) {
    for suffix in DATABASE_FILES {
        let _ = fs::remove_file(phone.vault().join(format!("{name}{suffix}")));
    }
}

/// splitmix64.
fn random(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn quarantined(phone: &Phone) -> Vec<String> {
    let listed = fs::read_dir(phone.vault().join("quarantine")).unwrap();
    listed
        .map(|item| item.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

/// Files of a kind below the vault.
fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for item in fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            all.extend(files_below(&path))
        } else {
            all.push(path)
        }
    }
    all.sort();
    all
}

fn graves(store: &FieldStore, site: SubjectId) -> usize {
    store.list_all(site, Kind::Grave, |_| ()).unwrap().len()
}

#[test]
fn deleting_the_index_changes_no_answer() {
    let (phone, _) = worked_phone(3);
    let (store, _) = phone.open();
    let before = answers(&store);
    assert!(before.len() > 10);
    store.shut_down().unwrap();
    remove_database(&phone, "index.db");
    let (store, _) = phone.open();
    assert_eq!(answers(&store), before);
}

#[test]
fn an_index_that_is_damaged_at_random_changes_no_answer() {
    let (phone, _) = worked_phone(3);
    let (store, _) = phone.open();
    let before = answers(&store);
    store.shut_down().unwrap();
    let path = phone.vault().join("index.db");
    let sound = fs::read(&path).unwrap();
    for number in 0..INDEX_DAMAGES {
        let mut bytes = sound.clone();
        let at = random(number) as usize % bytes.len();
        match number % 4 {
            0 => bytes[at] ^= 1,
            1 => bytes.truncate(at),
            2 => bytes
                .iter_mut()
                .skip(at)
                .take(5000)
                .for_each(|byte| *byte = 0),
            _ => bytes.extend(vec![0x5A; at % 9000]),
        }
        fs::write(&path, bytes).unwrap();
        let (store, report) = phone.open();
        assert_eq!(report.rebuilt, None);
        assert_eq!(answers(&store), before, "damage {number} at byte {at}");
        store.shut_down().unwrap();
    }
}

#[test]
fn a_journal_that_is_gone_is_built_anew_from_runs() {
    let phone = Phone::new();
    let store = phone.join();
    let mut day = work_a_day(&store, 2);
    store.work_off().unwrap();
    let old = store.status().unwrap();
    let known = old.own_seq.unwrap();
    // Two photos and a grave that no run has closed yet: one photo at its place, one still in incoming/.
    let owner = Some(day.graves[0]);
    let late =
        [10, 11].map(|n| capture(&store, draft(new_capture_id(), owner), &picture(n)).unwrap());
    add_grave(&store, &mut day);
    let before: BTreeSet<_> = store
        .list_photos(day.graves[0].id)
        .unwrap()
        .into_iter()
        .filter_map(|photo| photo.sha256)
        .collect();
    drop(store);
    let place = phone
        .vault()
        .join("blobs")
        .join(&late[0].sealed.to_string()[..2]);
    fs::create_dir_all(&place).unwrap();
    let name = late[0].sealed.to_string();
    fs::rename(
        phone.vault().join("incoming").join(&name),
        place.join(&name),
    )
    .unwrap();
    remove_database(&phone, "journal.db");

    let (store, report) = phone.open();
    let rebuilt = report.rebuilt.unwrap();
    let chain = rebuilt.old_chain.unwrap();
    assert_eq!((chain.device, chain.known_upto_seq), (old.device, known));
    assert_eq!(
        (rebuilt.entries, rebuilt.runs_unopened, rebuilt.runs_damaged),
        (known, 0, 0)
    );
    let new = store.status().unwrap();
    assert_ne!(new.device, old.device);
    assert_ne!(new.issuer, old.issuer);
    let loose = store.list_photos(ROOT).unwrap();
    assert!(
        loose
            .iter()
            .all(|photo| photo.origin == PhotoOrigin::Recovered)
    );
    assert_eq!(loose.len(), 2);
    let owned = store.list_photos(day.graves[0].id).unwrap();
    let after: BTreeSet<_> = owned
        .into_iter()
        .chain(loose)
        .filter_map(|photo| photo.sha256)
        .collect();
    assert_eq!(after, before);
    assert_eq!(graves(&store, day.site), 2);

    let used: BTreeSet<_> = day.codes.iter().cloned().collect();
    for _ in 0..3 {
        add_grave(&store, &mut day);
    }
    let fresh = &day.codes[used.len()..];
    assert!(
        fresh.iter().all(|code| !used.contains(code)),
        "{fresh:?} after {used:?}"
    );
    store.work_off().unwrap();
    assert_eq!(
        store
            .verify(&mut |_, _| std::ops::ControlFlow::Continue(()))
            .unwrap()
            .findings,
        []
    );
}

#[test]
fn what_is_recorded_after_a_rebuild_outlives_a_crash() {
    let (phone, mut day) = worked_phone(1);
    remove_database(&phone, "journal.db");
    let (store, report) = phone.open();
    assert!(report.rebuilt.is_some());
    add_grave(&store, &mut day);
    let owner = Some(day.graves[0]);
    capture(&store, draft(new_capture_id(), owner), &picture(9)).unwrap();
    let before = store.status().unwrap();
    // No lock, no run: the crash comes right away.
    drop(store);
    let (store, report) = phone.open();
    assert_eq!(report.rebuilt, None);
    assert_eq!(store.status().unwrap().device, before.device);
    assert_eq!(graves(&store, day.site), 3);
    assert_eq!(store.list_photos(day.graves[0].id).unwrap().len(), 2);
    assert_eq!(store.list_photos(ROOT).unwrap(), []);
    store.work_off().unwrap();
    assert_eq!(
        store
            .verify(&mut |_, _| std::ops::ControlFlow::Continue(()))
            .unwrap()
            .findings,
        []
    );
}

#[test]
fn a_journal_lost_before_its_first_run_never_gives_its_numbers_again() {
    let phone = Phone::new();
    let store = phone.join();
    let mut day = work_a_day(&store, 1);
    drop(store);
    remove_database(&phone, "journal.db");
    let (store, report) = phone.open();
    let chain = report.rebuilt.unwrap().old_chain.unwrap();
    assert_eq!(chain.known_upto_seq, 0);
    assert_ne!(store.status().unwrap().device, chain.device);
    assert_eq!(store.list_photos(ROOT).unwrap().len(), 1);
    let used = std::mem::take(&mut day.codes);
    let again = work_a_day(&store, 0);
    assert!(again.codes.iter().all(|code| !used.contains(code)));
}

#[test]
fn a_rebuild_that_is_killed_at_any_moment_is_finished_by_the_next_unlock() {
    let (phone, day) = worked_phone(2);
    let pictures = phone.home().join("pictures");
    write_pictures(&pictures);
    // One more photo that no run holds, so that there is something to recover.
    let (store, _) = phone.open();
    let last = store.status().unwrap();
    let owner = Some(day.graves[0]);
    capture(&store, draft(new_capture_id(), owner), &picture(9)).unwrap();
    drop(store);
    let task = Task {
        program: env!("CARGO_BIN_EXE_imena-actor"),
        vault: phone.vault(),
        pictures,
        owner: day.graves[0],
        count: 0,
        kill_at: None,
        acknowledge_early: None,
        variables: Vec::new(),
    };
    for kill in 0..25 {
        remove_database(&phone, "journal.db");
        let _ = task.run(
            &mut Said::default(),
            Some(Duration::from_millis(random(kill) % 120)),
        );
    }
    let (store, _) = phone.open();
    assert_ne!(store.status().unwrap().device, last.device);
    assert_eq!(store.list_photos(day.graves[0].id).unwrap().len(), 2);
    assert_eq!(store.list_photos(ROOT).unwrap().len(), 1);
    assert_eq!(graves(&store, day.site), 2);
    store.work_off().unwrap();
    assert_eq!(
        store
            .verify(&mut |_, _| std::ops::ControlFlow::Continue(()))
            .unwrap()
            .findings,
        []
    );
}

#[test]
fn a_damaged_journal_is_set_aside_and_never_deleted() {
    let (phone, day) = worked_phone(2);
    let path = phone.vault().join("journal.db");
    let sound = fs::read(&path).unwrap();
    for at in [40, sound.len() / 2, sound.len() - 100] {
        let mut bytes = fs::read(&path).unwrap();
        let at = at.min(bytes.len() - 1);
        bytes[at] ^= 0x20;
        fs::write(&path, &bytes).unwrap();
        let (store, report) = phone.open();
        let rebuilt = report
            .rebuilt
            .unwrap_or_else(|| panic!("damage at {at} went unseen"));
        assert!(rebuilt.old_chain.unwrap().known_upto_seq > 0);
        assert_eq!(graves(&store, day.site), 2);
        assert_eq!(store.list_photos(day.graves[0].id).unwrap().len(), 2);
        store.shut_down().unwrap();
        let kept = files_below(&phone.vault().join("quarantine"));
        assert!(
            kept.iter().any(|path| fs::read(path).unwrap() == bytes),
            "{kept:?}"
        );
    }
    assert_eq!(quarantined(&phone).len(), 3);
}

#[test]
fn a_file_with_a_reader_of_another_type_is_named_by_verification() {
    let (phone, _) = worked_phone(1);
    let odd = b"age-encryption.org/v1\n-> ssh-ed25519 abc def\nbody\n--- mac\nbytes";
    let name = Hash32::of(odd).to_string();
    let shelf = phone.vault().join("blobs").join(&name[..2]);
    fs::create_dir_all(&shelf).unwrap();
    fs::write(shelf.join(&name), odd).unwrap();
    let said = said_of(&config(&phone.vault(), &Environment::system(0)));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains(&name) && said[0].contains("ssh-ed25519"),
        "{said:?}"
    );
}

/// For looking only: no capture begins under a floor that no disk has, and no reserve is filled.
fn looking(vault: &Path) -> StoreConfig {
    StoreConfig {
        floor_bytes: u64::MAX,
        ..config(vault, &Environment::system(0))
    }
}

/// What is said of a vault whose file was changed while it was closed: by opening it, or by verifying it.
fn said_of(config: &StoreConfig) -> Vec<String> {
    let store = match FieldStore::open(config.clone()) {
        Ok(store) => store,
        Err(error) => return vec![format!("open: {error}")],
    };
    let report = match store.unlock(PASSCODE) {
        Ok(report) => report,
        Err(error) => return vec![format!("unlock: {error}")],
    };
    if report.rebuilt.is_some() {
        return vec!["unlock: journal.db was set aside and built anew".to_owned()];
    }
    let report = store
        .verify(&mut |_, _| std::ops::ControlFlow::Continue(()))
        .unwrap();
    report
        .findings
        .iter()
        .map(|finding| format!("{}: {}", finding.place, finding.what))
        .collect()
}

#[test]
fn a_flipped_bit_in_a_database_is_found_and_the_file_named() {
    let (phone, _) = worked_phone(2);
    let home = phone.home().join("copy");
    for database in ["journal.db", "transfer.db", "index.db"] {
        let len = fs::metadata(phone.vault().join(database)).unwrap().len() as usize;
        for flip in 0..FLIPS {
            let at = random(flip as u64) as usize % len;
            copy(&phone.vault(), &home);
            flip_bit(&home.join(database), at);
            let config = looking(&home);
            let said = said_of(&config);
            assert!(!said.is_empty(), "byte {at} of {database} went unseen");
            assert!(
                said.iter().any(|word| word.contains(database)),
                "byte {at}: {said:?}"
            );
            fs::remove_dir_all(&home).unwrap();
        }
    }
    assert_eq!(said_of(&looking(&phone.vault())), Vec::<String>::new());
}

#[test]
fn a_flipped_bit_in_a_sealed_file_or_run_is_found_and_its_neighbours_still_open() {
    let (phone, _) = worked_phone(2);
    let (store, _) = phone.open();
    let all: Vec<_> = ["blobs", "runs"]
        .map(|dir| files_below(&phone.vault().join(dir)))
        .concat();
    assert!(all.len() >= 7, "originals, renditions and a run: {all:?}");
    for path in &all {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let sound = fs::read(path).unwrap();
        for flip in 0..FLIPS {
            let at = random(flip as u64) as usize % sound.len();
            flip_bit(path, at);
            let findings = store
                .verify(&mut |_, _| std::ops::ControlFlow::Continue(()))
                .unwrap()
                .findings;
            assert!(
                findings.len() == 1 && findings[0].place.contains(&name),
                "{findings:?}"
            );
            fs::write(path, &sound).unwrap();
        }
        fs::write(path, &sound[..sound.len() - 1]).unwrap();
        assert_eq!(
            store
                .verify(&mut |_, _| std::ops::ControlFlow::Continue(()))
                .unwrap()
                .findings
                .len(),
            1
        );
        fs::remove_file(path).unwrap();
        let missing = store
            .verify(&mut |_, _| std::ops::ControlFlow::Continue(()))
            .unwrap()
            .findings;
        assert!(
            missing.iter().any(|finding| finding.place.contains(&name)),
            "{name} is gone"
        );
        fs::write(path, &sound).unwrap();
    }
    assert_eq!(
        store
            .verify(&mut |_, _| std::ops::ControlFlow::Continue(()))
            .unwrap()
            .findings,
        []
    );
}

fn flip_bit(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Copies a closed vault but for its reserve.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let path = item.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else if path.file_name().unwrap() != "reserve" {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn a_transfer_db_that_is_lost_is_made_anew_and_the_chain_goes_on() {
    let (phone, _day) = worked_phone(3);
    let store = FieldStore::open(phone.config()).unwrap();
    let device = store.device_id();
    store.unlock(PASSCODE).unwrap();
    let before = store.status().unwrap();
    store.shut_down().unwrap();
    remove_database(&phone, "transfer.db");
    let code = phone.join_code();
    let store = FieldStore::restart_after_lost_key(phone.config(), code, "T01", PASSCODE).unwrap();
    assert_eq!(store.device_id(), device);
    let after = store.status().unwrap();
    assert_eq!(after.own_seq, before.own_seq, "no entry more or less");
    assert_eq!(after.counts.files, before.counts.files);
    assert_eq!(after.counts.waiting, before.counts.files, "offered again");
}

#[test]
fn a_journal_that_was_lost_with_transfer_db_is_missed_by_its_runs() {
    let (phone, _day) = worked_phone(3);
    let journal = phone.vault().join("journal.db");
    let store = FieldStore::open(phone.config()).unwrap();
    let device = store.device_id();
    store.unlock(PASSCODE).unwrap();
    store.shut_down().unwrap();
    let older = fs::read(&journal).unwrap();
    let store = FieldStore::open(phone.config()).unwrap();
    store.unlock(PASSCODE).unwrap();
    capture(&store, draft(new_capture_id(), None), &picture(9)).unwrap();
    store.work_off().unwrap();
    store.shut_down().unwrap();
    // The journal is an older one, and transfer.db, which would know, is gone: only the newest run does.
    remove_database(&phone, "journal.db");
    remove_database(&phone, "transfer.db");
    fs::write(&journal, older).unwrap();
    let code = phone.join_code();
    let store = FieldStore::restart_after_lost_key(phone.config(), code, "T01", PASSCODE).unwrap();
    assert_ne!(
        store.device_id(),
        device,
        "no number is issued twice: a new chain begins"
    );
}
