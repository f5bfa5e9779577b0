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
