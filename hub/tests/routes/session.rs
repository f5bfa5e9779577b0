//! POST /v1/session: tokens, refused strangers, restored hubs.

use imena_core::encoding::Hash32;
use imena_core::keys::{LastGoodEntry, LineState};
use imena_core::model::ids::{EntryId, OrgId};
use imena_core::sync::wire::{ErrorCode, SessionRequest, TokenState};

use crate::support::{Phone, Put, World, empty_sync};

#[tokio::test]
async fn a_member_and_a_stranger_get_tokens_that_say_what_they_are() {
    let (member, stranger) = (Phone::new(), Phone::new());
    let mut world = World::new(&[&member]);
    assert_eq!(
        world.open_session(&member, None).await.state,
        TokenState::Member
    );
    assert_eq!(
        world.open_session(&stranger, None).await.state,
        TokenState::Unclaimed
    );
    let id = member.id();
    world.change_roster(|roster| {
        let line = roster.devices.iter_mut().find(|line| line.id() == Ok(id));
        let line = line.unwrap();
        line.state = LineState::Revoked;
        line.last_good = Some(LastGoodEntry {
            seq: 0,
            entry: EntryId(id.0),
        });
    });
    assert_eq!(
        world.open_session(&member, None).await.state,
        TokenState::Unclaimed,
        "revoked"
    );
    // Its key has ended: it may send what it has, and does not join again.
    let asked = world.enroll_request(&member, &[4; 32]).await;
    let signed = asked.sign(&member.key, |message| member.sign(message));
    let ended_key = world.post("/v1/enroll", signed.unwrap()).await;
    assert_eq!(ended_key.code(), ErrorCode::Forbidden);
    assert!(world.hub().pending().unwrap().is_empty());
}

#[tokio::test]
async fn a_wrong_pin_a_replay_a_foreign_organisation_and_a_forgery_are_refused() {
    let (phone, other) = (Phone::new(), Phone::new());
    let world = World::new(&[&phone]);
    let asked = world.session_request(&phone).await;
    let between = SessionRequest {
        pin_seen: Hash32([1; 32]),
        ..asked.clone()
    };
    let reply = world
        .post("/v1/session", phone.sign_session(&between))
        .await;
    assert_eq!(reply.code(), ErrorCode::Forbidden);
    assert!(world.audit()[0].contains("stands between"));
    let reply = world
        .post("/v1/session", phone.sign_session(&between))
        .await;
    assert_eq!(reply.code(), ErrorCode::Token, "its nonce is used up");

    let asked = world.session_request(&phone).await;
    let foreign = SessionRequest {
        org: OrgId(Hash32([9; 32])),
        ..asked.clone()
    };
    let reply = world
        .post("/v1/session", phone.sign_session(&foreign))
        .await;
    assert_eq!(reply.code(), ErrorCode::Forbidden);

    let mut forged = phone.sign_session(&asked);
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert_eq!(
        world.post("/v1/session", forged).await.code(),
        ErrorCode::Forbidden
    );
    let stolen = SessionRequest {
        device_spki: other.key.spki().to_vec(),
        ..asked.clone()
    };
    let reply = world.post("/v1/session", phone.sign_session(&stolen)).await;
    assert_eq!(reply.code(), ErrorCode::Forbidden);

    let good = phone.sign_session(&asked);
    assert!(
        world
            .post("/v1/session", good.clone())
            .await
            .status
            .is_success()
    );
    assert_eq!(
        world.post("/v1/session", good).await.code(),
        ErrorCode::Token,
        "replayed"
    );
}

#[tokio::test]
async fn a_token_ends_after_a_day_and_nothing_is_answered_without_one() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    world.put_whole(&token, b"bytes", 4).await;
    world.pass_time(24 * 60 * 60 * 1000 + 1000);
    let put = Put::whole(b"other bytes", 4);
    assert_eq!(world.try_put(&token, &put).await.code(), ErrorCode::Token);
    assert_eq!(
        world.try_put("Imena 00", &put).await.code(),
        ErrorCode::Token
    );
    let unknown = format!("Imena {}", Hash32([1; 32]));
    assert_eq!(world.try_put(&unknown, &put).await.code(), ErrorCode::Token);
    let renewed = world.token(&phone).await;
    assert!(world.put(&renewed, &put).await.is_stored);
    // Between two copies of a hub's folder every phone shows its last receipt by a new session.
    let mut world = world;
    world.reopen();
    assert_eq!(world.try_put(&renewed, &put).await.code(), ErrorCode::Token);
}

#[tokio::test]
async fn a_receipt_of_its_own_that_the_hub_does_not_know_begins_a_new_epoch_whoever_shows_it() {
    let (phone, stranger) = (Phone::new(), Phone::new());
    let mut world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let older = world.put_whole(&token, b"bytes", 4).await.receipt.unwrap();
    let first = world.receipt(&older);
    world.close();
    let (hub_dir, copy) = (world.dir.path().join("hub"), world.dir.path().join("older"));
    copy_folder(&hub_dir, &copy);
    world.open();
    let token = world.token(&phone).await;
    let lost = world
        .put_whole(&token, b"more bytes", 4)
        .await
        .receipt
        .unwrap();
    world.close();
    std::fs::remove_dir_all(&hub_dir).unwrap();
    copy_folder(&copy, &hub_dir);
    world.open();

    // What others sign, and what the hub knows, changes nothing.
    let other_hub = World::new(&[&stranger]);
    let other_token = other_hub.token(&stranger).await;
    let foreign = other_hub.put_whole(&other_token, b"bytes", 4).await.receipt;
    for harmless in [foreign, Some(older), Some(b"no receipt".to_vec())] {
        let session = world.open_session(&phone, harmless).await;
        assert_eq!(session.epoch, first.word.epoch);
    }
    let after = world.open_session(&stranger, Some(lost.clone())).await;
    assert_ne!(after.epoch, first.word.epoch);
    assert!(world.audit()[0].contains("restored"));

    // The new epoch says first where the one before ended, as this folder knows it; what stands
    // here needs no new receipt.
    let token = world.token(&phone).await;
    let mut asked = empty_sync();
    asked.offers.push(imena_core::sync::wire::Offer {
        sealed: Put::whole(b"bytes", 4).sealed,
        size: 5,
        class: imena_core::store::Class::Original,
    });
    let reply = world.sync(&token, &asked).await;
    assert!(reply.files[0].is_stored);
    let given: Vec<_> = reply
        .receipts
        .iter()
        .map(|bytes| world.receipt(bytes))
        .collect();
    assert_eq!(given.len(), 2, "the old one and the announcement");
    assert_eq!(given[0], first);
    let word = &given[1].word;
    assert_eq!((word.epoch, word.hub_seq), (after.epoch, 1));
    assert_eq!((word.prev, word.lines.len()), (Hash32::ZERO, 0));
    let before = word.before.unwrap();
    assert_eq!((before.epoch, before.hub_seq), (first.word.epoch, 1));
    assert_eq!(before.id, first.id, "never the one that was shown");

    // The next one who holds a receipt of the ended epoch does not end this one too.
    let later = world.open_session(&phone, Some(lost)).await;
    assert_eq!(later.epoch, after.epoch);
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
