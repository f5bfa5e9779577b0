//! The simulator: phones, hub and links of an organisation in one process, every fault from a seed.
//!
//! Owns which seeds are played and what a failure says. A failing seed is printed with the command
//! that plays it again: `IMENA_SIM_SEED=n`; more seeds by `IMENA_SIM_SEEDS=n`. Invariant: a seed
//! alone decides what happens; sealed names differ from run to run and nothing is ordered by them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "the first thing that is not as expected shall stop the test"
)]

mod dice;
mod gather;
mod link;
mod schedule;
mod single;
mod verdict;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use link::Word;
use schedule::{Played, play};
use verdict::{Evidence, Promise, judge};

/// Seeds of an ordinary run: as many as the whole project promises, in under a minute.
const SEEDS: u64 = 200;
/// Worlds at once: one on each core of a small machine.
const THREADS: usize = 2;
/// Failures that are told in full.
const TOLD_MAX: usize = 3;

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.trim().parse().ok()
}

/// Plays a seed; what is wrong with it, told.
fn trouble_of(seed: u64) -> Option<String> {
    let command = format!("IMENA_SIM_SEED={seed} cargo test -p imena-tests --test sim");
    let head = format!("seed {seed} fails; play it again by\n    {command}\n");
    match catch_unwind(AssertUnwindSafe(|| play(seed, Word::True))) {
        Ok(played) if played.broken.is_empty() => None,
        Ok(Played { log, broken, .. }) => {
            let (log, broken) = (log.join("\n    "), told(&broken));
            Some(format!("{head}    {log}\n{broken}"))
        }
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Some(format!("{head}it panics: {}", text.unwrap_or_default()))
        }
    }
}

fn told(broken: &[verdict::Broken]) -> String {
    let lines = broken
        .iter()
        .map(|(promise, text)| format!("  {promise:?}: {text}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_is_lost_doubled_or_falsely_receipted_whatever_the_seed() {
    let one = number_of("IMENA_SIM_SEED");
    let (first, count) = match one {
        Some(seed) => (seed, 1),
        None => (1, number_of("IMENA_SIM_SEEDS").unwrap_or(SEEDS)),
    };
    let next = AtomicU64::new(first);
    let troubles = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + count {
                        return;
                    }
                    if let Some(trouble) = trouble_of(seed) {
                        troubles.lock().unwrap().push((seed, trouble));
                    }
                }
            });
        }
    });
    let mut troubles = troubles.into_inner().unwrap();
    troubles.sort();
    let seeds: Vec<u64> = troubles.iter().map(|(seed, _)| *seed).collect();
    let texts: Vec<&str> = troubles.iter().map(|(_, text)| text.as_str()).collect();
    let texts = texts.into_iter().take(TOLD_MAX).collect::<Vec<_>>();
    assert!(
        seeds.is_empty(),
        "{}\n\nfailing seeds: {seeds:?}",
        texts.join("\n\n")
    );
}

#[test]
fn a_seed_replays_the_same_schedule_and_the_same_verdict() {
    for seed in [3, 11] {
        let (one, two) = (play(seed, Word::True), play(seed, Word::True));
        assert_eq!(one.log, two.log, "seed {seed}");
        assert_eq!(told(&one.broken), told(&two.broken), "seed {seed}");
        let kept = |played: &Played| {
            let phones = played.evidence.phones.iter();
            phones
                .map(|phone| (phone.own_seq, phone.saved.len()))
                .collect::<Vec<_>>()
        };
        assert_eq!(kept(&one), kept(&two), "seed {seed}");
        let names = |played: &Played| {
            played
                .evidence
                .hub
                .files
                .keys()
                .copied()
                .collect::<Vec<_>>()
        };
        assert_ne!(names(&one), names(&two), "sealed names are never the same");
    }
}

#[test]
fn without_receipts_no_photo_counts_as_safe() {
    for seed in [5, 6] {
        let played = play(seed, Word::WithoutReceipts);
        let photos: usize = played
            .evidence
            .phones
            .iter()
            .map(|phone| phone.saved.len())
            .sum();
        assert!(photos > 0, "seed {seed} takes photos");
        assert!(!played.called_stored.is_empty(), "the word was said");
        for phone in &played.evidence.phones {
            assert!(phone.safe.is_empty(), "seed {seed}, {}", phone.name);
        }
    }
}

#[test]
fn a_forged_word_makes_nothing_safe_and_a_phone_that_believed_it_would_be_caught() {
    let false_receipts = |evidence: &Evidence| {
        let broken = judge(evidence);
        let of_receipts = |promise: &Promise| *promise == Promise::NoFalseReceipt;
        broken
            .iter()
            .filter(|(promise, _)| of_receipts(promise))
            .count()
    };
    let mut caught = 0;
    for seed in 7..=12 {
        let played = play(seed, Word::Forged);
        let told = told(&judge(&played.evidence));
        assert_eq!(false_receipts(&played.evidence), 0, "seed {seed}\n{told}");
        let mut believing = played.evidence.clone();
        for phone in &mut believing.phones {
            let saved = phone.saved.keys();
            let named = saved.filter(|sealed| played.called_stored.contains(*sealed));
            phone.safe = named.copied().collect();
        }
        caught += false_receipts(&believing);
    }
    assert!(caught > 0, "it is not caught");
}

/// Spoils healthy evidence in one way and gives the promises that are found broken.
fn after(evidence: &Evidence, spoil: impl FnOnce(&mut Evidence)) -> Vec<Promise> {
    let mut spoilt = evidence.clone();
    spoil(&mut spoilt);
    let mut promises: Vec<Promise> = judge(&spoilt)
        .into_iter()
        .map(|(promise, _)| promise)
        .collect();
    promises.sort();
    promises.dedup();
    promises
}

#[test]
fn each_broken_promise_is_caught() {
    let evidence = play(1, Word::True).evidence;
    assert_eq!(after(&evidence, |_| {}), [], "seed 1 is healthy");
    let with_photo = |phone: &&verdict::PhoneEvidence| !phone.saved.is_empty();
    let photo = *evidence
        .phones
        .iter()
        .find(with_photo)
        .unwrap()
        .saved
        .keys()
        .next()
        .unwrap();
    let gone = after(&evidence, |spoilt| {
        spoilt.hub.files.remove(&photo);
    });
    assert!(gone.contains(&Promise::NothingLost) && gone.contains(&Promise::NoFalseReceipt));
    let flipped = after(&evidence, |spoilt| {
        spoilt.hub.files.get_mut(&photo).unwrap().hash.0[0] ^= 1;
    });
    assert!(flipped.contains(&Promise::NothingLost) && flipped.contains(&Promise::NoFalseReceipt));
    let doubled = after(&evidence, |spoilt| {
        let mut copy = photo;
        copy.0.0[31] ^= 1;
        let file = spoilt.hub.files[&photo].clone();
        spoilt.hub.files.insert(copy, file);
    });
    assert_eq!(doubled, [Promise::NothingTwice]);
    let told_twice = after(&evidence, |spoilt| {
        spoilt.hub.chains.values_mut().next().unwrap().push(1);
    });
    assert_eq!(told_twice, [Promise::NothingTwice]);
    let unfolded = after(&evidence, |spoilt| {
        spoilt.hub.chains.values_mut().next().unwrap().pop();
    });
    assert!(unfolded.contains(&Promise::EveryEntryEverywhere));
    let unheard = after(&evidence, |spoilt| spoilt.phones[0].known.0 -= 1);
    assert_eq!(unheard, [Promise::EveryEntryEverywhere]);
    let found = after(&evidence, |spoilt| {
        spoilt.phones[0].findings.push("rot".to_owned())
    });
    assert_eq!(found, [Promise::NoFinding]);
    let endless = after(&evidence, |spoilt| spoilt.phones[0].has_ended = false);
    assert_eq!(endless, [Promise::ComesToAnEnd]);
}
