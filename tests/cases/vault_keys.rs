//! Who opens a vault: wrong, missing and damaged keys are told apart, guessing is slowed, one process at a time, and close-out takes pictures away but
//! no facts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "the first thing that is not as expected shall stop the test"
)]

use std::fs;
use std::path::Path;

use imena_core::encoding::Hash32;
use imena_core::field_store::{Error, FieldStore, StoreConfig};
use imena_core::keys::{KeyError, VaultError};
use imena_core::model::ids::SealedName;
use imena_core::store::{Class, StoreError};
use imena_tests::actor::{Ended, Task, write_pictures};
use imena_tests::day::{Day, answers, work_a_day};
use imena_tests::phone::{HandClock, PASSCODE, Phone, capture, draft, new_capture_id, picture};
use imena_tests::promises::Said;

/// Wrong passcodes in a row that cost nothing.
const FREE_TRIES: usize = 5;
/// A morning of 2026.
const MORNING_MS: i64 = 1_778_738_400_000;

fn worked_phone(photos: u64) -> (Phone, Day) {
    let phone = Phone::new();
    let store = phone.join();
    let day = work_a_day(&store, photos);
    store.shut_down().unwrap();
    (phone, day)
}

/// Names of all sealed files at their places.
fn sealed_files(phone: &Phone) -> Vec<SealedName> {
    let mut names = Vec::new();
    for shelf in ["blobs", "runs"] {
        for folder in fs::read_dir(phone.vault().join(shelf)).unwrap() {
            for item in fs::read_dir(folder.unwrap().path()).unwrap() {
                let name = item.unwrap().file_name().to_string_lossy().into_owned();
                names.push(SealedName(Hash32::from_hex(&name).unwrap()));
            }
        }
    }
    names
}

fn with_damage(path: &Path, act: impl FnOnce()) {
    let sound = fs::read(path).unwrap();
    let mut bytes = sound.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
    act();
    fs::write(path, sound).unwrap();
}

fn without(path: &Path, act: impl FnOnce()) {
    let aside = path.with_extension("aside");
    fs::rename(path, &aside).unwrap();
    act();
    fs::rename(&aside, path).unwrap();
}

#[test]
fn a_wrong_passcode_a_missing_key_and_a_damaged_key_are_three_answers() {
    let (phone, _) = worked_phone(1);
    let (passcode, transfer) = (
        phone.vault().join("keys/passcode.key"),
        phone.vault().join("keys/transfer.key"),
    );
    let store = FieldStore::open(phone.config()).unwrap();
    let wrong = store.unlock("0000").unwrap_err();
    assert!(
        matches!(wrong, Error::Key(KeyError::Wrong { .. })),
        "{wrong}"
    );
    without(&passcode, || {
        let missing = store.unlock(PASSCODE).unwrap_err();
        assert!(
            matches!(missing, Error::Key(KeyError::Missing { .. })),
            "{missing}"
        );
    });
    with_damage(&passcode, || {
        let damaged = store.unlock(PASSCODE).unwrap_err();
        assert!(
            matches!(damaged, Error::Key(KeyError::Damaged { .. })),
            "{damaged}"
        );
    });
    store.shut_down().unwrap();

    without(&transfer, || {
        let missing = FieldStore::open(phone.config()).unwrap_err();
        assert!(
            matches!(missing, Error::Key(KeyError::Missing { .. })),
            "{missing}"
        );
    });
    with_damage(&transfer, || {
        let damaged = FieldStore::open(phone.config()).unwrap_err();
        assert!(
            matches!(damaged, Error::Key(KeyError::Damaged { .. })),
            "{damaged}"
        );
    });
    // Nothing of all that deleted anything.
    let (store, report) = phone.open();
    assert_eq!(report.rebuilt, None);
    assert_eq!(
        store
            .verify(&mut |_, _| std::ops::ControlFlow::Continue(()))
            .unwrap()
            .findings,
        []
    );
}

#[test]
fn a_damaged_session_key_is_named_and_the_rest_still_opens() {
    let (phone, day) = worked_phone(1);
    let keys = fs::read_dir(phone.vault().join("keys")).unwrap();
    let session = keys
        .map(|item| item.unwrap().path())
        .find(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("session-")
        })
        .unwrap();
    with_damage(&session, || {
        let (store, report) = phone.open();
        assert_eq!(report.damaged_sessions.len(), 1);
        let photos = store.list_photos(day.graves[0].id).unwrap();
        assert_eq!(photos.len(), 1);
        assert_eq!(
            store.rendition(photos[0].id, Class::Thumbnail).unwrap(),
            None
        );
        store.shut_down().unwrap();
    });
}

#[test]
fn guessing_costs_more_and_more_time_also_after_a_restart() {
    let (phone, _) = worked_phone(0);
    let clock = HandClock::at(MORNING_MS);
    let config = StoreConfig {
        environment: clock.environment(),
        ..phone.config()
    };
    let store = FieldStore::open(config.clone()).unwrap();
    for _ in 0..=FREE_TRIES {
        let wrong = store.unlock("0000").unwrap_err();
        assert!(
            matches!(wrong, Error::Key(KeyError::Wrong { .. })),
            "{wrong}"
        );
    }
    let wait = |store: &FieldStore| match store.unlock(PASSCODE) {
        Err(Error::Key(KeyError::Wait { wait_ms })) => wait_ms,
        other => panic!("no wait: {other:?}"),
    };
    let first = wait(&store);
    assert!(first > 0);
    store.shut_down().unwrap();
    let store = FieldStore::open(config).unwrap();
    assert_eq!(wait(&store), first);

    clock.pass(i64::try_from(first).unwrap());
    assert!(matches!(
        store.unlock("0000"),
        Err(Error::Key(KeyError::Wrong { .. }))
    ));
    let second = wait(&store);
    assert!(second > first);
    // A try while waiting neither opens nor makes the wait longer.
    assert_eq!(wait(&store), second);
    clock.pass(i64::try_from(second).unwrap());
    store.unlock(PASSCODE).unwrap();
    store.lock().unwrap();
    assert!(matches!(
        store.unlock("0000"),
        Err(Error::Key(KeyError::Wrong { .. }))
    ));
    store.unlock(PASSCODE).unwrap();
}

#[test]
fn a_vault_is_open_once_in_this_process_and_in_any_other() {
    let (phone, day) = worked_phone(0);
    let (store, _) = phone.open();
    let twice = FieldStore::open(phone.config()).unwrap_err();
    assert!(
        matches!(twice, Error::Store(StoreError::AlreadyOpen)),
        "{twice}"
    );
    let pictures = phone.home().join("pictures");
    write_pictures(&pictures);
    let task = Task {
        program: env!("CARGO_BIN_EXE_imena-actor"),
        vault: phone.vault(),
        pictures,
        owner: day.graves[0],
        count: 1,
        kill_at: None,
        acknowledge_early: None,
        variables: Vec::new(),
    };
    let (ended, lines) = task.run(&mut Said::default(), None);
    let Ended::Exit(code, word) = ended else {
        panic!("{ended:?}")
    };
    assert!(
        code != 0 && word.contains("open already") && lines.is_empty(),
        "{code}: {word}"
    );
    store.shut_down().unwrap();
    assert_eq!(
        task.run(&mut Said::default(), None).0,
        Ended::Exit(0, String::new())
    );
}

#[test]
fn after_close_out_no_picture_opens_here_all_facts_do_and_the_organisation_opens_everything() {
    let phone = Phone::new();
    let store = phone.join();
    let day = work_a_day(&store, 3);
    store.work_off().unwrap();
    let photos = store.list_photos(day.graves[0].id).unwrap();
    let thumbnails = |store: &FieldStore| {
        let made = photos
            .iter()
            .map(|photo| store.rendition(photo.id, Class::Thumbnail).unwrap());
        made.flatten().count()
    };
    assert_eq!(thumbnails(&store), 3);
    let before = answers(&store);
    assert_eq!(store.close_out().unwrap(), 1);
    // One photo more, and a restart: without a new start of work neither opens.
    capture(&store, draft(new_capture_id(), None), &picture(5)).unwrap();
    store.shut_down().unwrap();
    let (store, _) = phone.open();
    assert_eq!(thumbnails(&store), 0);
    let after = answers(&store);
    // The first line tells the chain's length; of photos without owner there is one more.
    assert!(before[1..].iter().all(|line| after.contains(line)));
    let keys = fs::read_dir(phone.vault().join("keys")).unwrap();
    let sessions = keys.filter(|item| {
        item.as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with("session-")
    });
    assert_eq!(sessions.count(), 0);
    let sealed = sealed_files(&phone);
    assert!(sealed.len() > 3 * 3);
    for name in sealed {
        assert!(phone.opened_by_organisation(name).is_ok(), "{name}");
    }
    assert_eq!(
        store
            .verify(&mut |_, _| std::ops::ControlFlow::Continue(()))
            .unwrap()
            .findings,
        []
    );
}

#[test]
fn a_lost_hardware_key_loses_no_sealed_file() {
    let (phone, _) = worked_phone(3);
    // One photo is still where the crash left it.
    let (store, _) = phone.open();
    let late = capture(&store, draft(new_capture_id(), None), &picture(7)).unwrap();
    let device = store.device_id();
    drop(store);
    fs::remove_file(phone.vault().join("keys/software.vault")).unwrap();
    let refused = FieldStore::open(phone.config()).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::Key(KeyError::Vault(VaultError::WrongKey | VaultError::NoKey))
        ),
        "{refused}"
    );

    let mut sealed = sealed_files(&phone);
    sealed.push(late.sealed);
    let code = phone.join_code();
    let store = FieldStore::restart_after_lost_key(phone.config(), code, "T01", PASSCODE).unwrap();
    assert_ne!(store.device_id(), device);
    let status = store.status().unwrap();
    assert_eq!(status.counts.files, sealed.len() as u64);
    assert_eq!(status.counts.waiting, sealed.len() as u64);
    for name in &sealed {
        assert!(phone.opened_by_organisation(*name).is_ok(), "{name}");
    }
    // Work goes on at once, and what was set aside is still there.
    store.start_work(None).unwrap();
    capture(&store, draft(new_capture_id(), None), &picture(8)).unwrap();
    store.work_off().unwrap();
    let kept = fs::read_dir(phone.vault().join("quarantine")).unwrap();
    let kept: Vec<_> = kept.map(|item| item.unwrap().file_name()).collect();
    for name in ["journal.db", "transfer.db", "passcode.key", "transfer.key"] {
        assert!(
            kept.iter()
                .any(|kept| kept.to_string_lossy().ends_with(name)),
            "{name}: {kept:?}"
        );
    }
    assert_eq!(
        store
            .verify(&mut |_, _| std::ops::ControlFlow::Continue(()))
            .unwrap()
            .findings,
        []
    );
}
