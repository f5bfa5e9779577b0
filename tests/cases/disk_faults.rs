//! A disk that is full or failing: nothing is called saved that is not durable, what is older stays whole, and work goes on when the fault is over.
//!
//! Faults come through `Files` for sealed files (every operation of one capture and what follows it) and through a preloaded shim for the
//! databases (every write and sync that SQLite makes in a phone's short life).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "the first thing that is not as expected shall stop the test"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use imena_core::capture::CaptureError;
use imena_core::encoding::Hash32;
use imena_core::field_store::{Error, FieldStore, StoreConfig};
use imena_core::index::ROOT;
use imena_core::model::ids::SubjectRef;
use imena_core::record::RecordError;
use imena_core::store::{Class, StoreError};
use imena_core::vocabulary::Kind;
use imena_tests::actor::{Ended, Task, write_pictures};
use imena_tests::faults::{Fault, FaultSwitch, faulty_environment};
use imena_tests::phone::{
    PASSCODE, Phone, capture, draft, new_capture_id, open, picture, site_with_grave,
};
use imena_tests::promises::Said;
use imena_tests::records::{add_site, site_draft};

/// With every k of both faults a vault would grow to hundreds of photos, re-hashed each time: it is left for a new one before.
const FAULTS_PER_VAULT: u64 = 36;

/// A vault of another age needs a few operations more or less: only so many runs that met no fault are the end.
const UNTOUCHED_IN_A_ROW: u64 = 6;

/// A vault on a disk that fails when told to.
struct Trial {
    phone: Phone,
    config: StoreConfig,
    switch: FaultSwitch,
    owner: SubjectRef,
    said: Said,
}

impl Trial {
    fn new() -> Self {
        let phone = Phone::new();
        let store = phone.join();
        let (_, owner) = site_with_grave(&store);
        store.shut_down().unwrap();
        let (environment, switch) = faulty_environment();
        let config = StoreConfig {
            environment,
            ..phone.config()
        };
        Self {
            phone,
            config,
            switch,
            owner,
            said: Said::default(),
        }
    }

    fn take(&mut self, store: &FieldStore) -> Result<(), Error> {
        let id = new_capture_id();
        let mut bytes = picture(u64::from(id[0] % 3));
        bytes.extend(id);
        let sha256 = Hash32::of(&bytes).to_hex();
        self.said.tried.insert(sha256.clone());
        capture(store, draft(id, Some(self.owner)), &bytes)?;
        self.said.saved.insert(sha256);
        Ok(())
    }

    /// One capture and what follows it, with the k-th operation failing; then without faults. Gives what was broken.
    fn run(&mut self, fault: Fault, k: u64) -> Vec<String> {
        let (store, report) = open(self.config.clone());
        assert_eq!(report.rebuilt, None);
        self.switch.arm(fault, k);
        let taken = self.take(&store);
        let followed = store.work_off();
        let was_said = taken.is_err() || followed.is_err() || self.switch.struck().is_none();
        let struck = self.switch.struck();
        self.switch.heal();
        // A failed removal or a failed step after the promise may pass unsaid only if nothing is missing, which the checker sees.
        let mut broken = Vec::new();
        if !was_said && !struck.as_deref().unwrap_or("").contains("remove") {
            broken.push(format!("a fault that nobody was told of: {struck:?}"));
        }
        match self.take(&store) {
            Ok(()) => {}
            Err(error) if error.to_string().contains("reopen") => {}
            Err(error) => broken.push(format!("the disk works again, but: {error}")),
        }
        let _ = store.shut_down();
        let (store, report) = open(self.config.clone());
        if let Err(error) = self.take(&store) {
            broken.push(format!("after the reopen: {error}"));
        }
        store.work_off().unwrap();
        drop(store);
        let (store, _) = open(self.config.clone());
        broken.extend(self.said.broken(&self.phone, &store, &report, self.owner));
        store.shut_down().unwrap();
        broken
    }
}

fn every_operation_fails_once(fault: Fault) {
    let mut trial = Trial::new();
    let (mut k, mut untouched) = (0, 0);
    while untouched < UNTOUCHED_IN_A_ROW {
        k += 1;
        if k % FAULTS_PER_VAULT == 0 {
            trial = Trial::new();
        }
        let broken = trial.run(fault, k);
        let struck = trial.switch.struck();
        assert_eq!(broken, Vec::<String>::new(), "{fault:?} at {k}: {struck:?}");
        untouched = if struck.is_some() { 0 } else { untouched + 1 };
    }
    let operations = k - UNTOUCHED_IN_A_ROW;
    println!("{operations} operations");
    assert!(
        operations > 40,
        "{operations} operations cannot be a capture with two renditions and a run"
    );
}

#[test]
fn a_disk_that_fills_up_at_any_operation_loses_no_saved_photo() {
    every_operation_fails_once(Fault::NoSpace);
}

#[test]
fn a_disk_that_fails_at_any_operation_loses_no_saved_photo() {
    every_operation_fails_once(Fault::Io);
}

#[test]
fn what_failed_after_a_photo_was_saved_is_done_by_the_next_call() {
    let mut trial = Trial::new();
    let (store, _) = open(trial.config.clone());
    trial.take(&store).unwrap();
    trial.switch.arm(Fault::NoSpace, 1);
    assert!(store.work_off().is_err());
    trial.switch.heal();
    store.work_off().unwrap();
    let photos = store.list_photos(trial.owner.id).unwrap();
    assert!(
        store
            .rendition(photos[0].id, Class::Thumbnail)
            .unwrap()
            .is_some()
    );
    let status = store.status().unwrap();
    assert_eq!(
        (status.counts.originals, status.counts.files >= 4),
        (1, true),
        "{status:?}"
    );
}

#[test]
fn under_the_floor_a_capture_is_refused_before_the_shutter_and_entries_are_still_taken() {
    let phone = Phone::new();
    phone.join().shut_down().unwrap();
    let (store, _) = open(StoreConfig {
        floor_bytes: u64::MAX,
        ..phone.config()
    });
    let refused = store
        .begin_photo(draft(new_capture_id(), None))
        .map(drop)
        .unwrap_err();
    assert!(
        matches!(refused, Error::Capture(CaptureError::Store(StoreError::Space(space)))
            if space.needed_bytes == u64::MAX && space.free_bytes > 0)
    );
    assert_eq!(
        std::fs::read_dir(store.layout().incoming())
            .unwrap()
            .count(),
        0
    );
    add_site(&store, "KHA1", "Beech wood");
    let (_, _) = site_with_grave(&store);
    let sites = store.list_all(ROOT, Kind::Site, |_| ()).unwrap();
    assert_eq!(sites.len(), 2);
    store.shut_down().unwrap();
    // The disk has room again.
    let (store, _) = phone.open();
    capture(&store, draft(new_capture_id(), None), &picture(0)).unwrap();
}

#[test]
fn a_full_disk_is_a_word_of_its_own() {
    let (environment, switch) = faulty_environment();
    let phone = Phone::new();
    phone.join().shut_down().unwrap();
    let (store, _) = open(StoreConfig {
        environment,
        ..phone.config()
    });
    switch.arm(Fault::NoSpace, 1);
    let refused = capture(&store, draft(new_capture_id(), None), &picture(0)).unwrap_err();
    let word = refused.to_string();
    assert!(
        word.starts_with("NOT SAVED") && word.contains("No space left"),
        "{word}"
    );
    // Records need no file of their own.
    let made = store.record(&site_draft("KHA1", "Beech wood").any());
    assert!(
        !matches!(made, Err(Error::Record(RecordError::Store(_)))),
        "{made:?}"
    );
}

#[test]
fn a_join_that_is_interrupted_at_any_operation_can_be_done_again() {
    let mut k = 1;
    loop {
        let phone = Phone::new();
        let (environment, switch) = faulty_environment();
        let config = StoreConfig {
            environment,
            ..phone.config()
        };
        switch.arm(Fault::Io, k);
        let first = FieldStore::join(config.clone(), phone.join_code(), "T01", PASSCODE);
        let was_struck = switch.struck().is_some();
        switch.heal();
        drop(first);
        match FieldStore::join(config, phone.join_code(), "T01", PASSCODE) {
            Ok(store) => store.shut_down().unwrap(),
            Err(Error::VaultExists) => {}
            Err(error) => panic!("after a fault at operation {k}: {error}"),
        }
        let (store, _) = phone.open();
        capture(&store, draft(new_capture_id(), None), &picture(0)).unwrap();
        store.shut_down().unwrap();
        if !was_struck {
            break;
        }
        k += 1;
    }
    assert!(k > 8, "{k} operations cannot be a join");
}

/// Builds the shim once; the C compiler is needed to build Imena at all.
fn shim() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("support/fault_shim.c");
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libimena_fault_shim.so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .args(["-ldl"])
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    library
}

fn databases_fail(shim: &Path, errno: i32, step: u64) {
    let (mut trial, mut total, mut troubled) = (Trial::new(), 0, 0);
    let pictures = trial.phone.home().join("pictures");
    write_pictures(&pictures);
    let counted = trial.phone.home().join("count");
    let mut k = 0;
    while k <= total {
        if k > 0 && k % FAULTS_PER_VAULT == 0 {
            trial = Trial::new();
            let (store, _) = open(trial.config.clone());
            trial.take(&store).unwrap();
            store.shut_down().unwrap();
            write_pictures(&trial.phone.home().join("pictures"));
        }
        let task = Task {
            program: env!("CARGO_BIN_EXE_imena-actor"),
            vault: trial.phone.vault(),
            pictures: trial.phone.home().join("pictures"),
            owner: trial.owner,
            count: 1,
            kill_at: None,
            acknowledge_early: None,
            variables: vec![
                ("LD_PRELOAD", shim.display().to_string()),
                ("IMENA_SHIM_FAIL_AT", k.to_string()),
                ("IMENA_SHIM_ERRNO", errno.to_string()),
                ("IMENA_SHIM_COUNT", counted.display().to_string()),
            ],
        };
        let _ = std::fs::create_dir_all(trial.phone.home());
        let (ended, lines) = task.run(&mut trial.said, None);
        if k == 0 {
            assert_eq!(ended, Ended::Exit(0, String::new()), "{lines:?}");
            total = std::fs::read_to_string(&counted)
                .unwrap()
                .trim()
                .parse()
                .unwrap();
            println!("{total} operations of SQLite");
            assert!(
                total > 20,
                "the shim saw {total} operations: it does not stand before SQLite"
            );
        }
        troubled += u64::from(!matches!(ended, Ended::Exit(0, _)));
        let told = matches!(ended, Ended::Exit(0 | 3 | 4, _));
        assert!(told, "errno {errno} at {k}: {ended:?} {lines:?}");
        let (store, report) = open(trial.config.clone());
        trial.take(&store).unwrap();
        drop(store);
        let (store, _) = open(trial.config.clone());
        let broken = trial
            .said
            .broken(&trial.phone, &store, &report, trial.owner);
        store.shut_down().unwrap();
        assert_eq!(
            broken,
            Vec::<String>::new(),
            "errno {errno} at {k} of {total}: {lines:?}"
        );
        k += step;
    }
    assert!(
        troubled > total / step / 2,
        "only {troubled} faults were noticed"
    );
}

#[test]
fn databases_on_a_failing_disk_lose_no_saved_photo() {
    databases_fail(&shim(), libc::EIO, 2);
}

#[test]
fn databases_on_a_full_disk_lose_no_saved_photo() {
    // From the first failure on all fail: neighbours among the k differ little.
    databases_fail(&shim(), libc::ENOSPC, 4);
}
