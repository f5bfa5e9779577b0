//! PUT /v1/files: every way in which an upload goes on, goes wrong or is taken over.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Method, StatusCode};
use imena_core::encoding::Hash32;
use imena_core::journal::ReceiptLine;
use imena_core::model::ids::SealedName;
use imena_core::sync::wire::{ErrorCode, PutReply};

use crate::support::{FLOOR, Phone, Put, World, call};

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 % 251) as u8).collect()
}

#[tokio::test]
async fn an_upload_goes_on_where_it_ended_and_overlap_is_ignored() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let all = bytes(3_000_000);
    let first = world.put(&token, &Put::part(&all, 0, 1_200_000)).await;
    assert_eq!((first.have, first.is_stored), (1_200_000, false));
    let gap = world
        .put(&token, &Put::part(&all, 2_000_000, 2_100_000))
        .await;
    assert_eq!(
        (gap.have, gap.is_stored),
        (1_200_000, false),
        "a gap is no error"
    );
    let overlap = world
        .put(&token, &Put::part(&all, 1_000_000, 2_000_000))
        .await;
    assert_eq!(overlap.have, 2_000_000);
    let known = world.put(&token, &Put::part(&all, 0, 500_000)).await;
    assert_eq!(known.have, 2_000_000);
    let last = world
        .put(&token, &Put::part(&all, 2_000_000, 3_000_000))
        .await;
    assert_eq!((last.have, last.is_stored), (3_000_000, true));
    let receipt = world.receipt(&last.receipt.unwrap());
    let sealed = SealedName(Hash32::of(&all));
    let line = ReceiptLine::File {
        sealed,
        size: 3_000_000,
        sha256: None,
    };
    assert_eq!(receipt.word.lines, [line]);
    let again = world.put(&token, &Put::part(&all, 0, 10)).await;
    assert!(again.is_stored);
    assert_eq!(
        world.receipt(&again.receipt.unwrap()),
        receipt,
        "no second receipt"
    );
}

#[tokio::test]
async fn bytes_that_are_not_what_their_name_says_go_to_damaged_and_are_asked_for_again() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let good = bytes(1000);
    let mut bad = good.clone();
    bad[500] ^= 1;
    let wrong = Put {
        bytes: &bad,
        ..Put::whole(&good, 4)
    };
    let reply = world.put(&token, &wrong).await;
    assert_eq!(
        (reply.have, reply.is_stored, reply.receipt),
        (0, false, None)
    );
    let damaged = world.dir.path().join("hub/damaged");
    assert_eq!(std::fs::read_dir(damaged).unwrap().count(), 1);
    assert!(world.audit()[0].contains("do not hash"));
    assert!(world.put_whole(&token, &good, 4).await.is_stored);
}

#[tokio::test]
async fn one_phone_cannot_spoil_the_upload_of_another() {
    let (one, two) = (Phone::new(), Phone::new());
    let world = World::new(&[&one, &two]);
    let (token_one, token_two) = (world.token(&one).await, world.token(&two).await);
    let good = bytes(1000);
    let bad = vec![0; 600];
    world
        .put(
            &token_one,
            &Put {
                bytes: &bad,
                ..Put::whole(&good, 4)
            },
        )
        .await;
    let first = world.put(&token_two, &Put::part(&good, 0, 600)).await;
    assert_eq!(first.have, 600);
    assert!(
        world
            .put(&token_two, &Put::part(&good, 600, 1000))
            .await
            .is_stored
    );
    // Whoever else offers it hears that it is stored.
    assert!(
        world
            .put(&token_one, &Put::part(&good, 600, 1000))
            .await
            .is_stored
    );
    let staging = world.dir.path().join("hub/staging");
    assert_eq!(std::fs::read_dir(staging).unwrap().count(), 0);
}

#[tokio::test]
async fn a_second_connection_takes_over_and_a_cut_one_loses_nothing() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let all = bytes(100_000);
    let path = format!("/v1/files/{}", Put::whole(&all, 4).sealed);
    let (sender, receiver) = tokio::sync::mpsc::channel::<std::io::Result<Bytes>>(4);
    let body = Body::from_stream(futures_util::stream::unfold(receiver, |mut r| async {
        r.recv().await.map(|piece| (piece, r))
    }));
    let router = world.phones();
    let authorization = token.clone();
    let hanging = tokio::spawn(async move {
        let headers = [
            ("authorization", authorization.as_str()),
            ("upload-offset", "0"),
            ("upload-length", "100000"),
        ];
        call(router, Method::PUT, &path, &headers, body).await
    });
    sender
        .send(Ok(Bytes::copy_from_slice(&all[..40_000])))
        .await
        .unwrap();
    // The first connection hangs; the second one begins where the first one's bytes ended, once
    // they are written.
    let second = loop {
        let reply = world.put(&token, &Put::part(&all, 40_000, 70_000)).await;
        if reply.have == 70_000 {
            break reply;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(!second.is_stored);
    let hung = tokio::time::timeout(Duration::from_secs(5), hanging)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(hung.status, StatusCode::OK, "the old connection is let go");
    assert!(!PutReply::decode(&hung.body).unwrap().is_stored);
    drop(sender);

    let cut = Body::from_stream(futures_util::stream::iter([
        Ok(Bytes::copy_from_slice(&all[70_000..80_000])),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    ]));
    let headers = [
        ("authorization", token.as_str()),
        ("upload-offset", "70000"),
        ("upload-length", "100000"),
    ];
    let path = format!("/v1/files/{}", Put::whole(&all, 4).sealed);
    let reply = call(world.phones(), Method::PUT, &path, &headers, cut).await;
    assert_eq!(PutReply::decode(&reply.body).unwrap().have, 80_000);
    assert!(
        world
            .put(&token, &Put::part(&all, 80_000, 100_000))
            .await
            .is_stored
    );
}

#[tokio::test]
async fn a_full_disk_takes_no_photo_but_still_a_run_and_receipts_nothing() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    world.free.store(FLOOR / 2, Ordering::SeqCst);
    let photo = bytes(1000);
    let refused = world.try_put(&token, &Put::whole(&photo, 4)).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (507, ErrorCode::DiskFull)
    );
    let large = bytes(400_000);
    let refused = world.try_put(&token, &Put::whole(&large, 1)).await;
    assert_eq!(refused.code(), ErrorCode::DiskFull, "too large for a run");
    assert!(world.put_whole(&token, &bytes(999), 1).await.is_stored);
    world.free.store(FLOOR / 20, Ordering::SeqCst);
    let refused = world.try_put(&token, &Put::whole(&bytes(998), 1)).await;
    assert_eq!(refused.code(), ErrorCode::DiskFull);
    assert_eq!(world.hub().status().unwrap().hub_seq, 1);
    world.free.store(u64::MAX, Ordering::SeqCst);
    assert!(world.put_whole(&token, &photo, 4).await.is_stored);
}

#[tokio::test]
async fn a_stranger_stores_within_a_quota() {
    let stranger = Phone::new();
    let mut world = World::new(&[]);
    world.quota = 20_000;
    world.reopen();
    let token = world.token(&stranger).await;
    assert!(world.put_whole(&token, &bytes(15_000), 4).await.is_stored);
    let refused = world.try_put(&token, &Put::whole(&bytes(6000), 4)).await;
    assert_eq!(refused.code(), ErrorCode::DiskFull);
    let again = world.put(&token, &Put::whole(&bytes(15_000), 4)).await;
    assert!(again.is_stored, "costs nothing");
    world.change_roster(|roster| roster.devices.push(stranger.line()));
    let claimed = world.put_whole(&token, &bytes(6000), 4).await;
    assert!(claimed.is_stored);
}

#[tokio::test]
async fn what_a_stranger_left_in_staging_or_damaged_counts_over_a_restart_too() {
    let (stranger, other) = (Phone::new(), Phone::new());
    let mut world = World::new(&[]);
    world.quota = 20_000;
    world.reopen();
    let token = world.token(&stranger).await;
    let (begun, wrong) = (bytes(9000), bytes(9001));
    let zeros = vec![0; 9001];
    world.put(&token, &Put::part(&begun, 0, 8500)).await;
    let damaged = Put {
        bytes: &zeros,
        ..Put::whole(&wrong, 4)
    };
    assert!(!world.put(&token, &damaged).await.is_stored);
    let more = bytes(4000);
    for round in ["in one run of the hub", "after a restart"] {
        let token = world.token(&stranger).await;
        let refused = world.try_put(&token, &Put::whole(&more, 4)).await;
        assert_eq!(refused.code(), ErrorCode::DiskFull, "{round}");
        let refused = world.post_inline(&token, more.clone()).await;
        assert_eq!(refused.code(), ErrorCode::DiskFull, "{round}");
        let token = world.token(&other).await;
        let offset = world.put(&token, &Put::part(&begun, 0, 100)).await;
        assert_eq!(offset.have, 100, "{round}: another's own");
        world.reopen();
    }
    let token = world.token(&stranger).await;
    let rest = world.put(&token, &Put::part(&begun, 8500, 9000)).await;
    assert!(rest.is_stored, "what was begun may be finished");
}

#[tokio::test]
async fn a_stranger_leaves_no_crowd_of_small_files() {
    let stranger = Phone::new();
    let world = World::new(&[]);
    let token = world.token(&stranger).await;
    let staging = world.dir.path().join("hub/staging");
    let all = bytes(1000);
    for _ in 0..3 {
        world.put(&token, &Put::part(&all, 0, 0)).await;
        world.put(&token, &Put::part(&all, 10, 20)).await;
    }
    assert_eq!(std::fs::read_dir(&staging).unwrap().count(), 0, "empty");
    for number in 0..64 {
        let other = vec![number; 1000];
        world.put(&token, &Put::part(&other, 0, 1)).await;
    }
    let one_more = world.try_put(&token, &Put::part(&all, 0, 1)).await;
    assert_eq!(one_more.code(), ErrorCode::DiskFull);
    let known = world.put(&token, &Put::part(&[7; 1000], 1, 1000)).await;
    assert!(known.is_stored);
    assert!(world.put_whole(&token, &all, 4).await.is_stored);
}

#[tokio::test]
async fn strangers_leave_room_on_the_disk_for_members() {
    let (stranger, member) = (Phone::new(), Phone::new());
    let world = World::new(&[&member]);
    world.free.store(FLOOR * 3 / 2, Ordering::SeqCst);
    let token = world.token(&stranger).await;
    let refused = world.try_put(&token, &Put::whole(&bytes(1000), 4)).await;
    assert_eq!(refused.code(), ErrorCode::DiskFull);
    let token = world.token(&member).await;
    assert!(world.put_whole(&token, &bytes(1000), 4).await.is_stored);
}

#[tokio::test]
async fn an_upload_that_began_with_room_ends_when_others_took_it() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let all = bytes(30_000_000);
    let (free, pieces) = (std::sync::Arc::clone(&world.free), all.clone());
    let chunks = futures_util::stream::unfold(0_usize, move |at| {
        let (free, piece) = (
            free.clone(),
            pieces.get(at..at + 5_000_000).map(<[u8]>::to_vec),
        );
        async move {
            if at == 10_000_000 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                free.store(FLOOR - 1, Ordering::SeqCst);
            }
            piece.map(|piece| (Ok::<_, std::io::Error>(Bytes::from(piece)), at + 5_000_000))
        }
    });
    let path = format!("/v1/files/{}", Put::whole(&all, 4).sealed);
    let headers = [
        ("authorization", token.as_str()),
        ("upload-offset", "0"),
        ("upload-length", "30000000"),
    ];
    let body = Body::from_stream(chunks);
    let refused = call(world.phones(), Method::PUT, &path, &headers, body).await;
    assert_eq!(refused.code(), ErrorCode::DiskFull);
    world.free.store(u64::MAX, Ordering::SeqCst);
    assert!(world.put_whole(&token, &all, 4).await.is_stored);
}

#[tokio::test]
async fn headers_that_make_no_sense_are_refused() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let all = bytes(100);
    let good = Put::whole(&all, 4);
    let refused = [
        Put {
            length: 0,
            ..Put::whole(&all, 4)
        },
        Put {
            offset: 101,
            ..Put::whole(&all, 4)
        },
        Put {
            length: 50,
            ..Put::whole(&all, 4)
        },
    ];
    for put in &refused {
        assert_eq!(
            world.try_put(&token, put).await.code(),
            ErrorCode::Malformed
        );
    }
    let huge = Put {
        length: imena_hub::FILE_BYTES_MAX + 1,
        ..Put::whole(&all, 4)
    };
    assert_eq!(
        world.try_put(&token, &huge).await.code(),
        ErrorCode::TooLarge
    );
    let path = format!("/v1/files/{}", good.sealed.to_string().to_uppercase());
    for (token, code) in [
        (token.as_str(), ErrorCode::Malformed),
        ("", ErrorCode::Token),
    ] {
        let headers = [("authorization", token)];
        let reply = call(world.phones(), Method::PUT, &path, &headers, Vec::new()).await;
        assert_eq!(reply.code(), code);
    }
    assert!(world.put(&token, &good).await.is_stored);
}
