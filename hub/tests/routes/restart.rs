//! The hub ends in the middle, at each step; what was receipted is there, what was not is finished
//! or asked for again.

use imena_core::store::Class;
use imena_core::sync::wire::{Offer, SyncReply};

use crate::support::{Phone, Put, World, empty_sync};

async fn offer(world: &World, phone: &Phone, bytes: &[u8]) -> SyncReply {
    let token = world.token(phone).await;
    let (sealed, size) = (Put::whole(bytes, 4).sealed, bytes.len() as u64);
    let mut asked = empty_sync();
    asked.offers.push(Offer {
        sealed,
        size,
        class: Class::Original,
    });
    world.sync(&token, &asked).await
}

#[tokio::test]
async fn a_kept_prefix_survives_a_restart() {
    let phone = Phone::new();
    let mut world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let all = vec![5; 10_000];
    world.put(&token, &Put::part(&all, 0, 6000)).await;
    world.reopen();
    assert_eq!(offer(&world, &phone, &all).await.files[0].have, 6000);
    let token = world.token(&phone).await;
    assert!(
        world
            .put(&token, &Put::part(&all, 6000, 10_000))
            .await
            .is_stored
    );
}

#[tokio::test]
async fn whatever_step_the_hub_ends_at_the_next_start_finishes() {
    let steps = [
        "hub: make staging durable",
        "hub: re-hash from disk",
        "hub: publish",
        "hub: commit row and receipt",
        "hub: forget staging",
    ];
    let phone = Phone::new();
    let mut world = World::new(&[&phone]);
    for (nth, step) in steps.into_iter().enumerate() {
        let token = world.token(&phone).await;
        let bytes = vec![nth as u8; 5000];
        *world.kill_at.0.lock().unwrap() = Some(step);
        let ended = world.try_put(&token, &Put::whole(&bytes, 4)).await;
        assert_eq!(ended.status.as_u16(), 500, "{step}");
        let inline = world.post_inline(&token, vec![nth as u8; 300]).await;
        assert_eq!(inline.status.as_u16(), 500, "{step}");
        *world
            .kill_at
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = None;
        world.reopen();
        let reply = offer(&world, &phone, &bytes).await;
        assert!(reply.files[0].is_stored, "{step}");
        assert!(!reply.receipts.is_empty(), "{step}");
        let staging = world.dir.path().join("hub/staging");
        assert_eq!(std::fs::read_dir(staging).unwrap().count(), 0, "{step}");
    }
    assert_eq!(
        world.hub().status().unwrap().hub_seq,
        2 * steps.len() as u64
    );
    let mut prev = imena_core::encoding::Hash32::ZERO;
    let reply = offer(&world, &phone, b"none").await;
    for (number, receipt) in (1..).zip(&reply.receipts) {
        let receipt = world.receipt(receipt);
        assert_eq!(
            (receipt.word.hub_seq, receipt.word.prev),
            (number, prev),
            "a chain"
        );
        prev = receipt.id.0;
    }
}

#[tokio::test]
async fn a_stored_file_that_rots_or_vanishes_is_asked_for_again() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let (rots, vanishes) = (vec![1; 5000], vec![2; 5000]);
    for bytes in [&rots, &vanishes] {
        assert!(world.put_whole(&token, bytes, 4).await.is_stored);
    }
    let place = |bytes: &[u8]| {
        let name = Put::whole(bytes, 4).sealed.to_string();
        world
            .dir
            .path()
            .join("hub/files")
            .join(&name[..2])
            .join(name)
    };
    std::fs::write(place(&rots), vec![9; 5000]).unwrap();
    std::fs::remove_file(place(&vanishes)).unwrap();
    assert!(!offer(&world, &phone, &vanishes).await.files[0].is_stored);
    world.pass_time(25 * 60 * 60 * 1000);
    assert_eq!(world.hub().scrub().unwrap().bad, 2);
    assert!(!offer(&world, &phone, &rots).await.files[0].is_stored);
    let token = world.token(&phone).await;
    for bytes in [&rots, &vanishes] {
        assert!(world.put_whole(&token, bytes, 4).await.is_stored);
    }
}
