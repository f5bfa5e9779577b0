//! A phone's process for tests: opens a vault, takes photos in a loop, says each one that was saved, and dies where it is told to.
//!
//! Every photo is one of the given pictures with a number of its own behind its end, so that no two are the same picture.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the first thing that is not as expected shall stop the test"
)]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use imena_core::encoding::Hash32;
use imena_core::environment::Environment;
use imena_core::field_store::{Error, FieldStore, StoreConfig};
use imena_core::model::ids::{SubjectId, SubjectRef};
use imena_core::store::StoreError;
use imena_core::vocabulary::Kind;
use imena_tests::phone::{self, PASSCODE};
use imena_tests::steps::KillAt;

/// The vault could not be opened.
const EXIT_NOT_OPENED: u8 = 3;
/// Something failed on the way; what was called saved is saved.
const EXIT_TROUBLE: u8 = 4;

#[derive(Default)]
struct Arguments {
    vault: PathBuf,
    pictures: PathBuf,
    count: u64,
    grave: Option<SubjectId>,
    kill_at: Option<String>,
    nth: u64,
    acknowledge_early: Option<String>,
}

impl Arguments {
    fn parse() -> Self {
        let mut words = std::env::args().skip(1);
        let mut all = Self {
            vault: words.next().unwrap().into(),
            ..Self::default()
        };
        while let Some(name) = words.next() {
            let value = words.next().unwrap();
            match name.as_str() {
                "--pictures" => all.pictures = value.into(),
                "--count" => all.count = value.parse().unwrap(),
                "--grave" => all.grave = SubjectId::parse(&value),
                "--kill-at" => all.kill_at = Some(value),
                "--nth" => all.nth = value.parse().unwrap(),
                "--acknowledge-early" => all.acknowledge_early = Some(value),
                _ => panic!("unknown argument {name}"),
            }
        }
        all
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // The picture that is being taken, for whoever says "saved" too early.
    let current = Arc::new(Mutex::new(Hash32::ZERO));
    let (early, taking) = (arguments.acknowledge_early.clone(), current.clone());
    let steps = KillAt::new(arguments.kill_at.clone(), arguments.nth, move |step| {
        if early.as_deref() == Some(step) {
            say(&format!("saved early {}", *taking.lock().unwrap()));
        }
    });
    let environment = Environment {
        steps,
        ..Environment::system(120)
    };
    let opened = open(phone::config(&arguments.vault, &environment))
        .and_then(|store| store.unlock(PASSCODE).map(|_| store));
    match opened {
        Ok(store) => work(&arguments, store, &current),
        Err(error) => {
            eprintln!("not opened: {error}");
            ExitCode::from(EXIT_NOT_OPENED)
        }
    }
}

/// A process that our starter is just starting may still hold a copy of its vault lock: for a second "open already" is not believed.
fn open(config: StoreConfig) -> Result<FieldStore, Error> {
    for _ in 0..50 {
        match FieldStore::open(config.clone()) {
            Err(Error::Store(StoreError::AlreadyOpen)) => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            opened => return opened,
        }
    }
    FieldStore::open(config)
}

fn work(arguments: &Arguments, store: FieldStore, current: &Mutex<Hash32>) -> ExitCode {
    let mut has_trouble = false;
    let mut trouble = |what: String| {
        say(&what);
        has_trouble = true;
    };
    let pictures = pictures(arguments);
    for number in 0..arguments.count {
        let capture_id = phone::new_capture_id();
        let mut picture = pictures[number as usize % pictures.len()].clone();
        picture.extend(capture_id);
        let sha256 = Hash32::of(&picture);
        *current.lock().unwrap() = sha256;
        say(&format!("trying {sha256}"));
        let owner = arguments.grave.map(|id| SubjectRef {
            kind: Kind::Grave,
            id,
        });
        let taken: Result<_, Error> =
            phone::capture(&store, phone::draft(capture_id, owner), &picture);
        match taken {
            Ok(saved) => say(&format!("saved {} {}", saved.sealed, saved.sha256)),
            Err(error) => trouble(format!("not saved {sha256}: {error}")),
        }
        if number % 2 == 1
            && let Err(error) = store.work_off()
        {
            trouble(format!("put off: {error}"));
        }
    }
    if let Err(error) = store.shut_down() {
        trouble(format!("put off: {error}"));
    }
    say("closed");
    if has_trouble {
        ExitCode::from(EXIT_TROUBLE)
    } else {
        ExitCode::SUCCESS
    }
}

fn pictures(arguments: &Arguments) -> Vec<Vec<u8>> {
    let listed = std::fs::read_dir(&arguments.pictures).unwrap();
    let mut paths: Vec<_> = listed.map(|item| item.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// A word counts once it left the process: it is flushed before anything else happens.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}
