//! POST /v1/sync: receipts, pull, hold checks, and the same request twice.

use std::io::{Read as _, Write as _};

use axum::http::Method;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use imena_core::encoding::Hash32;
use imena_core::journal::ReceiptLine;
use imena_core::model::ids::SealedName;
use imena_core::store::Class;
use imena_core::sync::wire::{
    ErrorCode, Held, HoldCheck, LastSeen, Offer, RECEIPTS_MAX, SyncReply, SyncRequest,
};

use crate::support::{Phone, Put, World, call, empty_sync};

fn offer(bytes: &[u8]) -> Offer {
    let sealed = SealedName(Hash32::of(bytes));
    Offer {
        sealed,
        size: bytes.len() as u64,
        class: Class::Original,
    }
}

#[tokio::test]
async fn a_locked_hub_receipts_the_sealed_bytes_and_an_unlocked_one_the_entries() {
    let mut phone = Phone::new();
    let world = World::new(&[&phone]);
    phone.record_site(world.org_id(), "Izium");
    let run = phone.run(&world, 1);
    let token = world.token(&phone).await;
    let asked = SyncRequest {
        inline_runs: vec![run.clone()],
        ..empty_sync()
    };
    let locked = world.sync(&token, &asked).await;
    assert!(locked.is_locked && locked.segments.is_empty() && locked.next_cursor.is_none());
    assert!(locked.files[0].is_stored);
    let lines = world.receipt(&locked.receipts[0]).word.lines;
    assert!(matches!(
        lines[..],
        [ReceiptLine::File { sha256: None, .. }]
    ));

    world.unlock();
    let last = Some(LastSeen {
        epoch: locked.epoch,
        hub_seq: 1,
    });
    let unlocked = world
        .sync(
            &token,
            &SyncRequest {
                last,
                ..empty_sync()
            },
        )
        .await;
    assert!(!unlocked.is_locked);
    let lines = world.receipt(&unlocked.receipts[0]).word.lines;
    let [
        ReceiptLine::File {
            sha256: Some(_), ..
        },
        ReceiptLine::Entries {
            device, upto_seq, ..
        },
    ] = lines[..]
    else {
        panic!("{lines:?}")
    };
    assert_eq!((device, upto_seq), (phone.id(), 1));

    // The next run comes while the hub is unlocked: its entries are receipted in the same reply.
    phone.record_site(world.org_id(), "Balakliia");
    let asked = SyncRequest {
        inline_runs: vec![phone.run(&world, 2)],
        ..empty_sync()
    };
    let reply = world.sync(&token, &asked).await;
    let receipts = reply.receipts.iter().map(|bytes| world.receipt(bytes));
    let upto = receipts
        .flat_map(|receipt| receipt.word.lines)
        .filter_map(|line| match line {
            ReceiptLine::Entries { upto_seq, .. } => Some(upto_seq),
            ReceiptLine::File { .. } | ReceiptLine::Void { .. } => None,
        });
    assert_eq!(upto.max(), Some(2));
}

#[tokio::test]
async fn the_same_run_twice_changes_nothing() {
    let mut phone = Phone::new();
    let world = World::new(&[&phone]);
    world.unlock();
    phone.record_site(world.org_id(), "Izium");
    let token = world.token(&phone).await;
    let asked = SyncRequest {
        inline_runs: vec![phone.run(&world, 1)],
        ..empty_sync()
    };
    let first = world.sync(&token, &asked).await;
    world.hub().settle();
    let before = world.hub().status().unwrap();
    let second = world.sync(&token, &asked).await;
    world.hub().settle();
    assert_eq!(world.hub().status().unwrap(), before);
    assert_eq!(
        first.receipts, second.receipts,
        "a lost reply is answered alike"
    );
}

#[tokio::test]
async fn only_receipts_that_the_phone_has_not_seen_are_sent() {
    let (one, two) = (Phone::new(), Phone::new());
    let world = World::new(&[&one, &two]);
    let (token_one, token_two) = (world.token(&one).await, world.token(&two).await);
    world.put_whole(&token_one, b"first", 4).await;
    world.put_whole(&token_two, b"second", 4).await;
    world.put_whole(&token_one, b"third", 4).await;
    let all = world.sync(&token_one, &empty_sync()).await;
    let numbers = |reply: &SyncReply| -> Vec<u64> {
        reply
            .receipts
            .iter()
            .map(|bytes| world.receipt(bytes).word.hub_seq)
            .collect()
    };
    assert_eq!(numbers(&all), [1, 3]);
    let last = Some(LastSeen {
        epoch: all.epoch,
        hub_seq: 1,
    });
    let newer = world
        .sync(
            &token_one,
            &SyncRequest {
                last,
                ..empty_sync()
            },
        )
        .await;
    assert_eq!(numbers(&newer), [3]);
    let last = Some(LastSeen {
        epoch: all.epoch,
        hub_seq: 3,
    });
    let offers = vec![offer(b"second"), offer(b"fourth")];
    let offered = world
        .sync(
            &token_one,
            &SyncRequest {
                last,
                offers,
                ..empty_sync()
            },
        )
        .await;
    assert_eq!(numbers(&offered), [2], "another phone brought it");
    let stored: Vec<bool> = offered.files.iter().map(|file| file.is_stored).collect();
    assert_eq!(stored, [true, false]);
    let last = Some(LastSeen {
        epoch: [1; 16],
        hub_seq: 3,
    });
    let other_epoch = world
        .sync(
            &token_one,
            &SyncRequest {
                last,
                ..empty_sync()
            },
        )
        .await;
    assert_eq!(numbers(&other_epoch), [1, 3]);
}

#[tokio::test]
async fn a_hold_check_names_only_what_is_still_whole() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    for bytes in [b"first", b"rots!"] {
        world.put_whole(&token, bytes, 4).await;
    }
    let name = offer(b"rots!").sealed.to_string();
    std::fs::write(
        world
            .dir
            .path()
            .join("hub/files")
            .join(&name[..2])
            .join(&name),
        b"rot??",
    )
    .unwrap();
    // The last re-hash is too old: the files are read again before the word is given.
    world.pass_time(25 * 60 * 60 * 1000);
    let token = world.token(&phone).await;
    let sealed = [&b"first"[..], b"rots!", b"never came"].map(|bytes| offer(bytes).sealed);
    let hold_check = Some(HoldCheck {
        nonce: [8; 32],
        sealed: sealed.to_vec(),
    });
    let reply = world
        .sync(
            &token,
            &SyncRequest {
                hold_check,
                ..empty_sync()
            },
        )
        .await;
    let held = reply.held.unwrap();
    let held = Held::open(&held, &world.hub_key(), world.org_id(), &[8; 32]).unwrap();
    assert_eq!(held.sealed, [sealed[0]]);
}

#[tokio::test]
async fn a_member_gets_a_newer_roster_and_a_stranger_does_not() {
    let (member, stranger) = (Phone::new(), Phone::new());
    let world = World::new(&[&member]);
    let token = world.token(&member).await;
    assert!(world.sync(&token, &empty_sync()).await.roster.is_some());
    let same = SyncRequest {
        roster_version: 1,
        ..empty_sync()
    };
    assert!(world.sync(&token, &same).await.roster.is_none());
    let token = world.token(&stranger).await;
    let reply = world.sync(&token, &empty_sync()).await;
    assert!(reply.roster.is_none() && reply.next_cursor.is_none());
}

#[tokio::test]
async fn bodies_may_be_gzip_and_a_bomb_is_refused() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let gzip = |bytes: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    };
    let headers = [
        ("authorization", token.as_str()),
        ("content-encoding", "gzip"),
        ("accept-encoding", "gzip"),
    ];
    let post = |body: Vec<u8>| call(world.phones(), Method::POST, "/v1/sync", &headers, body);
    let reply = post(gzip(&empty_sync().encode())).await;
    assert_eq!(reply.headers["content-encoding"], "gzip");
    let mut plain = Vec::new();
    GzDecoder::new(&reply.body[..])
        .read_to_end(&mut plain)
        .unwrap();
    assert!(SyncReply::decode(&plain).unwrap().roster.is_some());
    assert_eq!(
        post(gzip(&vec![0; 50_000_000])).await.code(),
        ErrorCode::TooLarge
    );
    assert_eq!(post(vec![1, 2, 3]).await.code(), ErrorCode::Malformed);
}

#[tokio::test]
async fn stored_is_said_beside_its_receipt_or_the_receipt_is_asked_for_by_a_put_of_nothing() {
    let (phone, other) = (Phone::new(), Phone::new());
    let world = World::new(&[&phone, &other]);
    let token = world.token(&phone).await;
    for number in 0..=RECEIPTS_MAX as u64 {
        let (_, bytes) = world.seal(&number.to_be_bytes());
        world.put_whole(&token, &bytes, 2).await;
    }
    let (_, bytes) = world.seal(b"brought by another one");
    let token_of_other = world.token(&other).await;
    world.put_whole(&token_of_other, &bytes, 4).await;
    let size = bytes.len() as u64;
    let asked = SyncRequest {
        offers: vec![offer(&bytes)],
        ..empty_sync()
    };
    let reply = world.sync(&token, &asked).await;
    assert_eq!(reply.receipts.len(), RECEIPTS_MAX);
    let told = &reply.files[0];
    assert_eq!((told.have, told.is_stored), (size, false));
    let rest = Put::part(&bytes, bytes.len(), bytes.len());
    let reply = world.put(&token, &rest).await;
    assert!(reply.is_stored && reply.receipt.is_some());
}
