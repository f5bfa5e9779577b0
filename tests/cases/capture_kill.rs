//! A phone that is killed at any moment: no photo that it called saved is lost, none is shown half.
//!
//! Kills by SIGKILL between every two steps of the commit and at moments that nobody chose. The checker is `imena_tests::promises`;
//! a phone that says "saved" too early must not get past it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "the first thing that is not as expected shall stop the test"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use imena_core::model::ids::SubjectRef;
use imena_tests::actor::{Ended, Task, write_pictures};
use imena_tests::phone::{Phone, site_with_grave};
use imena_tests::promises::Said;
use imena_tests::steps::CAPTURE_STEPS;

/// Kills at each step.
const KILLS_PER_STEP: u64 = 20;
/// Kills at random moments.
const RANDOM_KILLS: u64 = 200;
/// Vaults of the random kills: re-hashing one that grew for 200 kills would take most of the time.
const RANDOM_VAULTS: u64 = 4;
/// A kill falls somewhere into the opening of the vault and so many photos, however fast this machine is.
const RANDOM_PHOTOS: u64 = 10;

/// A vault whose phone is killed again and again.
struct Victim {
    phone: Phone,
    owner: SubjectRef,
    said: Said,
}

impl Victim {
    fn new() -> Self {
        let phone = Phone::new();
        let store = phone.join();
        let (_, owner) = site_with_grave(&store);
        store.shut_down().unwrap();
        write_pictures(&phone.home().join("pictures"));
        Self {
            phone,
            owner,
            said: Said::default(),
        }
    }

    fn task(&self) -> Task<'static> {
        Task {
            program: env!("CARGO_BIN_EXE_imena-actor"),
            vault: self.phone.vault(),
            pictures: self.phone.home().join("pictures"),
            owner: self.owner,
            count: 6,
            kill_at: None,
            acknowledge_early: None,
            variables: Vec::new(),
        }
    }

    /// Runs a phone until it is killed, opens the vault again and compares.
    fn live_and_die(&mut self, task: &Task<'_>, kill_after: Option<Duration>) -> Vec<String> {
        let (ended, lines) = task.run(&mut self.said, kill_after);
        assert_eq!(ended, Ended::Killed, "{:?} said {lines:?}", task.kill_at);
        let (store, report) = self.phone.open();
        let broken = self.said.broken(&self.phone, &store, &report, self.owner);
        store.shut_down().unwrap();
        broken
    }
}

/// Two actors at once, no more: other work shares the machine.
fn two_at_once<T: Send>(all: Vec<T>, act: impl Fn(T) + Sync) {
    let queue = std::sync::Mutex::new(all);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().pop();
                    let Some(next) = next else { return };
                    act(next);
                }
            });
        }
    });
}

#[test]
fn a_phone_killed_between_any_two_steps_loses_no_saved_photo() {
    two_at_once(CAPTURE_STEPS.to_vec(), |step| {
        let mut victim = Victim::new();
        for kill in 0..KILLS_PER_STEP {
            // Also the second and third photo, and a later chunk: what a killed process had finished before counts as well.
            let nth = 1 + kill % 3;
            let task = Task {
                kill_at: Some((step, nth)),
                ..victim.task()
            };
            let broken = victim.live_and_die(&task, None);
            assert_eq!(
                broken,
                Vec::<String>::new(),
                "kill {kill} at {step}, time {nth}"
            );
        }
        assert!(victim.said.tried.len() as u64 >= KILLS_PER_STEP);
    });
}

/// How long a phone lives that opens its vault and takes so many photos, with another one beside it as in the test.
fn lifetime(photos: u64) -> Duration {
    let longest = std::sync::Mutex::new(Duration::ZERO);
    two_at_once(vec![(), ()], |()| {
        let mut victim = Victim::new();
        let task = Task {
            count: photos,
            ..victim.task()
        };
        let begun = std::time::Instant::now();
        let (ended, lines) = task.run(&mut victim.said, None);
        assert_eq!(ended, Ended::Exit(0, String::new()), "{lines:?}");
        let mut longest = longest.lock().unwrap();
        *longest = begun.elapsed().max(*longest);
    });
    longest.into_inner().unwrap()
}

#[test]
fn a_phone_killed_at_any_moment_loses_no_saved_photo() {
    let micros_max = u64::try_from(lifetime(RANDOM_PHOTOS).as_micros()).unwrap();
    let (all_saved, all_tried) = (AtomicUsize::new(0), AtomicUsize::new(0));
    two_at_once((0..RANDOM_VAULTS).collect(), |vault| {
        let mut victim = Victim::new();
        for kill in 0..RANDOM_KILLS / RANDOM_VAULTS {
            let micros = random(vault << 32 | kill) % micros_max;
            let task = Task {
                count: 10_000,
                ..victim.task()
            };
            let broken = victim.live_and_die(&task, Some(Duration::from_micros(micros)));
            assert_eq!(
                broken,
                Vec::<String>::new(),
                "kill {kill} of vault {vault}, {micros} µs"
            );
        }
        let (saved, tried) = (victim.said.saved.len(), victim.said.tried.len());
        println!("vault {vault}: {saved} photos saved, {tried} begun");
        all_saved.fetch_add(saved, Ordering::SeqCst);
        all_tried.fetch_add(tried, Ordering::SeqCst);
    });
    let (saved, tried) = (all_saved.into_inner(), all_tried.into_inner());
    assert!(saved > 0 && tried > saved, "{saved} saved, {tried} begun");
}

#[test]
fn a_phone_that_says_saved_before_the_journal_has_it_is_caught() {
    for (early, killed, expected) in [
        ("capture: 4 fsync", "capture: 4 fsync", "saved, but lost"),
        (
            "capture: 5 rename",
            "capture: 6 journal",
            "saved, but only a recovered capture",
        ),
    ] {
        let mut victim = Victim::new();
        let task = Task {
            acknowledge_early: Some(early),
            kill_at: Some((killed, 1)),
            ..victim.task()
        };
        let broken = victim.live_and_die(&task, None);
        assert!(
            broken.iter().any(|word| word.starts_with(expected)),
            "{broken:?}"
        );
    }
}

/// splitmix64.
fn random(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
