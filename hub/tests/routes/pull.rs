//! What other phones recorded comes by `POST /v1/sync`, in pieces, by an opaque cursor.

use imena_core::journal::{ChainHead, Entry, verify_chain};
use imena_core::sync::wire::{SyncReply, SyncRequest};

use crate::support::{Phone, World, empty_sync};

fn entries(world: &World, reply: &SyncReply) -> Vec<Entry> {
    let opened = reply
        .segments
        .iter()
        .map(|segment| segment.open(world.org_id()).unwrap());
    opened.flat_map(|(entries, _)| entries).collect()
}

async fn send(world: &World, phone: &Phone, first: usize) {
    let token = world.token(phone).await;
    let asked = SyncRequest {
        inline_runs: vec![phone.run(world, first)],
        ..empty_sync()
    };
    world.sync(&token, &asked).await;
}

#[tokio::test]
async fn a_phone_pulls_the_others_entries_once_and_its_own_never() {
    let (mut one, mut two) = (Phone::new(), Phone::new());
    let world = World::new(&[&one, &two]);
    world.unlock();
    one.record_site(world.org_id(), "Izium");
    one.record_site(world.org_id(), "Balakliia");
    two.record_site(world.org_id(), "Kupiansk");
    send(&world, &one, 1).await;
    send(&world, &two, 1).await;
    let token = world.token(&two).await;
    let first = world.sync(&token, &empty_sync()).await;
    let pulled = entries(&world, &first);
    assert_eq!(pulled, one.entries);
    assert!(!first.has_more);
    let (_, checkpoint) = first.segments[0].open(world.org_id()).unwrap();
    let all: Vec<Option<&Entry>> = pulled.iter().map(Some).collect();
    verify_chain(one.id(), ChainHead::start(one.id()), &all, &[checkpoint]).unwrap();

    let cursor = first.next_cursor.clone();
    let again = world
        .sync(
            &token,
            &SyncRequest {
                cursor,
                ..empty_sync()
            },
        )
        .await;
    assert!(again.segments.is_empty());
    one.record_site(world.org_id(), "Lyman");
    send(&world, &one, 3).await;
    let cursor = again.next_cursor.clone();
    let newer = world
        .sync(
            &token,
            &SyncRequest {
                cursor,
                ..empty_sync()
            },
        )
        .await;
    assert_eq!(entries(&world, &newer), one.entries[2..]);

    let cursor = Some(vec![7; 40]);
    let unknown = world
        .sync(
            &token,
            &SyncRequest {
                cursor,
                ..empty_sync()
            },
        )
        .await;
    assert_eq!(
        entries(&world, &unknown).len(),
        3,
        "an unknown cursor starts again"
    );
}

#[tokio::test]
async fn a_small_budget_brings_one_segment_at_a_time_and_ends() {
    let (mut one, two) = (Phone::new(), Phone::new());
    let world = World::new(&[&one, &two]);
    world.unlock();
    for nth in 1..=5 {
        one.record_site(world.org_id(), "Izium");
        send(&world, &one, nth).await;
    }
    let token = world.token(&two).await;
    let (mut cursor, mut pulled, mut rounds) = (None, Vec::new(), 0);
    loop {
        let asked = SyncRequest {
            cursor,
            budget_bytes: 1,
            ..empty_sync()
        };
        let reply = world.sync(&token, &asked).await;
        pulled.extend(entries(&world, &reply));
        cursor = reply.next_cursor;
        rounds += 1;
        if !reply.has_more {
            break;
        }
    }
    assert_eq!((pulled, rounds), (one.entries.clone(), 5));
}

#[tokio::test]
async fn a_phone_that_can_take_nothing_is_not_told_of_more() {
    let (mut one, two) = (Phone::new(), Phone::new());
    let world = World::new(&[&one, &two]);
    world.unlock();
    one.record_site(world.org_id(), "Izium");
    send(&world, &one, 1).await;
    let token = world.token(&two).await;
    let asked = SyncRequest {
        budget_bytes: 0,
        ..empty_sync()
    };
    let none = world.sync(&token, &asked).await;
    assert!(none.segments.is_empty() && none.next_cursor.is_none());
    assert!(!none.has_more, "a locked phone would ask for ever");
}

#[tokio::test]
async fn a_long_backlog_is_cut_only_at_checkpoints() {
    let (mut one, two) = (Phone::new(), Phone::new());
    let world = World::new(&[&one, &two]);
    world.unlock();
    for run in 0..21 {
        for _ in 0..30 {
            one.record_site(world.org_id(), "Izium");
        }
        send(&world, &one, run * 30 + 1).await;
    }
    let token = world.token(&two).await;
    let (mut cursor, mut head) = (None, ChainHead::start(one.id()));
    loop {
        let reply = world
            .sync(
                &token,
                &SyncRequest {
                    cursor,
                    ..empty_sync()
                },
            )
            .await;
        for segment in &reply.segments {
            let (entries, checkpoint) = segment.open(world.org_id()).unwrap();
            let all: Vec<Option<&Entry>> = entries.iter().map(Some).collect();
            head = verify_chain(one.id(), head, &all, &[checkpoint]).unwrap();
        }
        cursor = reply.next_cursor;
        if !reply.has_more {
            break;
        }
    }
    assert_eq!(head.seq, 630);
}
