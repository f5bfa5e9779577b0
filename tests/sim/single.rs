//! One trouble at a time, told step by step: what the seeds mix, seen alone.

use imena_core::sync::LinkCost;

use crate::dice::{Dice, Year};
use crate::link::{Fault, Word};
use crate::schedule::photo;
use crate::verdict::judge;
use crate::world::World;

const HOUR_MS: i64 = 3_600_000;

/// Two members with everything sent.
fn two_members() -> (World, Dice) {
    let mut world = World::new(1, 2, Word::True);
    world.heal();
    (world, Dice::of(1, 1))
}

fn assert_nothing_broken(mut world: World) {
    world.heal();
    let broken = std::mem::take(&mut world.broken);
    assert_eq!(broken, []);
    assert_eq!(judge(&world.evidence()), []);
}

#[test]
fn a_phone_whose_clock_stands_in_1970_or_2099_syncs_like_any_other() {
    let (mut world, mut dice) = two_members();
    for (who, year) in [Year::Of1970, Year::Of2099].into_iter().enumerate() {
        world.phones[who].clock.jump(year);
        photo(&mut world, &mut dice, who);
        world.phones[who].restart();
        photo(&mut world, &mut dice, who);
        world.sync(who, LinkCost::Free, &[Fault::None; 40]);
    }
    for phone in &world.phones {
        let counts = phone.store().status().unwrap().counts;
        assert_eq!((counts.originals, counts.originals_on_hub), (2, 2));
        // The claimed time is kept as it was claimed: a wrong clock is shown, never corrected.
        let shown: Vec<i64> = phone
            .store()
            .list_photos(imena_core::index::ROOT)
            .unwrap()
            .into_iter()
            .filter(|photo| {
                photo
                    .sealed
                    .is_some_and(|name| phone.saved.contains_key(&name))
            })
            .filter_map(|photo| photo.captured_ms)
            .collect();
        let now = phone.environment.clock.now().wall_ms;
        assert_eq!(shown.len(), 2);
        assert!(
            shown.iter().all(|at| (now - at).abs() < HOUR_MS),
            "{shown:?}"
        );
    }
    assert_nothing_broken(world);
}

#[test]
fn a_token_that_ends_in_the_middle_of_a_transfer_is_renewed_and_the_transfer_goes_on() {
    let (mut world, mut dice) = two_members();
    for _ in 0..4 {
        photo(&mut world, &mut dice, 0);
    }
    // The offer and the first files, then a day and more: the hub knows the token no longer.
    world.sync(0, LinkCost::Free, &[Fault::None; 3]);
    let before = world.phones[0].store().status().unwrap().counts;
    assert!(before.waiting > 0, "{before:?}");
    world.pass(25 * HOUR_MS);
    world.sync(0, LinkCost::Free, &[Fault::None; 40]);
    let after = world.phones[0].store().status().unwrap().counts;
    assert_eq!((after.waiting, after.originals_on_hub), (0, 4), "{after:?}");
    assert_nothing_broken(world);
}

fn digits(world: &World, who: usize) -> Option<String> {
    world.phones[who].store().status().unwrap().enrolling
}

#[test]
fn a_phone_that_finds_no_place_to_wait_sends_all_the_same_and_asks_again() {
    let (mut world, mut dice) = (World::new(1, 21, Word::True), Dice::of(1, 1));
    for who in 0..20 {
        world.sync(who, LinkCost::Free, &[Fault::None; 40]);
        assert!(digits(&world, who).is_some());
    }
    photo(&mut world, &mut dice, 20);
    world.sync(20, LinkCost::Free, &[Fault::None; 40]);
    assert_eq!(digits(&world, 20), None);
    let waiting = world.phones[20].store().status().unwrap().counts.waiting;
    assert!(world.phones[20].has_ended && waiting > 0, "{waiting}");
    let stored = world.hub().status().unwrap().hub_seq;
    assert!(stored > 0, "sent, and receipted once the roster is there");

    assert_eq!(world.approve(), 20);
    world.sync(20, LinkCost::Free, &[Fault::None; 40]);
    assert!(digits(&world, 20).is_some());
    assert_nothing_broken(world);
}

#[test]
fn a_hub_that_has_forgotten_an_enrolment_gets_another_nonce_and_not_the_old_one_again() {
    let mut world = World::new(1, 1, Word::True);
    world.sync(0, LinkCost::Free, &[Fault::None; 40]);
    let first = digits(&world, 0).unwrap();
    let device = world.hub().pending().unwrap()[0].device;
    world.hub().dismiss(device).unwrap();
    world.pass(25 * HOUR_MS);
    // The token has ended; hello; the old commitment, to which the hub gives another answer.
    world.sync(0, LinkCost::Free, &[Fault::None; 3]);
    assert_eq!(digits(&world, 0), None);
    world.sync(0, LinkCost::Free, &[Fault::None; 2]);
    let waiting = world.hub().pending().unwrap();
    assert!(waiting.is_empty(), "the old nonce was shown: {waiting:?}");

    world.pass(61_000);
    world.sync(0, LinkCost::Free, &[Fault::None; 40]);
    let second = digits(&world, 0).unwrap();
    assert_ne!(first, second);
    assert_eq!(world.hub().pending().unwrap()[0].digits, second);
    assert_nothing_broken(world);
}

#[test]
fn digits_agree_whatever_is_lost_doubled_or_replayed_on_the_way() {
    for fault in [
        Fault::RequestLost,
        Fault::ReplyLost,
        Fault::Doubled,
        Fault::Portal,
        Fault::Replayed(0),
    ] {
        // Hello, commitment, reveal: each once.
        for at in 0..3 {
            let mut world = World::new(1, 1, Word::True);
            let mut faults = [Fault::None; 60];
            faults[at] = fault;
            world.sync(0, LinkCost::Free, &faults);
            let waiting = world.hub().pending().unwrap();
            assert_eq!(waiting.len(), 1, "{fault:?} {at}");
            let shown = digits(&world, 0);
            assert_eq!(shown.as_ref(), Some(&waiting[0].digits), "{fault:?} {at}");
        }
    }
}
