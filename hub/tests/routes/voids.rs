//! A receipt is never given for what is not there: each way in which an old one could be handed out,
//! with a file that is gone and one that has rotted; and the files that receipts stand in.

use std::path::PathBuf;

use axum::http::Method;
use imena_core::encoding::Hash32;
use imena_core::journal::{Receipt, ReceiptLine, VoidReason};
use imena_core::model::ids::SealedName;
use imena_core::store::Class;
use imena_core::sync::wire::{Held, HoldCheck, LastSeen, Offer, SyncReply, SyncRequest};

use crate::support::{Phone, Put, World, call, empty_sync};

const HOUR_MS: i64 = 60 * 60 * 1000;

/// What happens to a stored file.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Harm {
    None,
    Gone,
    Rotten,
}

const HARMS: [Harm; 3] = [Harm::None, Harm::Gone, Harm::Rotten];

fn place(world: &World, bytes: &[u8]) -> PathBuf {
    let name = Put::whole(bytes, 4).sealed.to_string();
    let files = world.dir.path().join("hub/files");
    files.join(&name[..2]).join(name)
}

fn harm(world: &World, bytes: &[u8], harm: Harm) {
    match harm {
        Harm::None => {}
        Harm::Gone => std::fs::remove_file(place(world, bytes)).unwrap(),
        Harm::Rotten => std::fs::write(place(world, bytes), vec![0xee; bytes.len()]).unwrap(),
    }
}

fn offer(bytes: &[u8]) -> SyncRequest {
    let mut asked = empty_sync();
    asked.offers.push(Offer {
        sealed: SealedName(Hash32::of(bytes)),
        size: bytes.len() as u64,
        class: Class::Original,
    });
    asked
}

fn receipts(world: &World, reply: &SyncReply) -> Vec<Receipt> {
    let all = reply.receipts.iter();
    all.map(|bytes| world.receipt(bytes)).collect()
}

/// The last line about a file, in the order of the hub's numbers.
fn last_line(receipts: &[Receipt], bytes: &[u8]) -> Option<ReceiptLine> {
    let sealed = SealedName(Hash32::of(bytes));
    let mut receipts: Vec<&Receipt> = receipts.iter().collect();
    receipts.sort_by_key(|receipt| receipt.word.hub_seq);
    let lines = receipts.iter().flat_map(|receipt| &receipt.word.lines);
    lines
        .rev()
        .find(|line| line.file() == Some(sealed))
        .copied()
}

fn is_void(line: Option<ReceiptLine>, harm: Harm) -> bool {
    let expected = match harm {
        Harm::None => return false,
        Harm::Gone => VoidReason::Gone,
        Harm::Rotten => VoidReason::Damaged,
    };
    matches!(line, Some(ReceiptLine::Void { reason, .. }) if reason == expected)
}

/// A world with one stored file whose last re-hash is too old to stand by.
async fn stored(bytes: &[u8], harmed: Harm) -> (Phone, World, String) {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    assert!(world.put_whole(&token, bytes, 4).await.is_stored);
    world.pass_time(HOUR_MS);
    harm(&world, bytes, harmed);
    (phone, world, token)
}

#[tokio::test]
async fn an_offer_of_what_is_gone_or_rotten_takes_the_receipt_back_in_the_same_reply() {
    for harmed in HARMS {
        let bytes = vec![3; 5000];
        let (_phone, world, token) = stored(&bytes, harmed).await;
        let reply = world.sync(&token, &offer(&bytes)).await;
        let line = last_line(&receipts(&world, &reply), &bytes);
        let is_good = harmed == Harm::None;
        assert_eq!(reply.files[0].is_stored, is_good, "{harmed:?}");
        assert_eq!(is_void(line, harmed), !is_good, "{harmed:?} {line:?}");
        if is_good {
            continue;
        }
        assert_eq!(reply.files[0].have, 0);
        // Told once, not with every offer.
        let again = world.sync(&token, &offer(&bytes)).await;
        assert_eq!(
            receipts(&world, &again).len(),
            receipts(&world, &reply).len()
        );
        // Good bytes that come again take the place, with a receipt of their own.
        let put = world.put_whole(&token, &bytes, 4).await;
        assert!(put.is_stored);
        let line = world.receipt(&put.receipt.unwrap());
        assert!(line.word.hub_seq > 2);
        assert_eq!(std::fs::read(place(&world, &bytes)).unwrap(), bytes);
        let reply = world.sync(&token, &offer(&bytes)).await;
        assert!(reply.files[0].is_stored);
        let line = last_line(&receipts(&world, &reply), &bytes);
        assert!(matches!(line, Some(ReceiptLine::File { .. })));
    }
}

#[tokio::test]
async fn a_file_that_vanishes_right_after_its_receipt_is_taken_back_too() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let bytes = vec![3; 5000];
    world.put_whole(&token, &bytes, 4).await;
    harm(&world, &bytes, Harm::Gone);
    let reply = world.sync(&token, &offer(&bytes)).await;
    assert!(!reply.files[0].is_stored);
    let line = last_line(&receipts(&world, &reply), &bytes);
    assert!(is_void(line, Harm::Gone));
}

#[tokio::test]
async fn a_hold_check_names_no_file_that_is_gone_or_rotten_and_takes_its_receipt_back() {
    for harmed in HARMS {
        let bytes = vec![4; 5000];
        let (_phone, world, token) = stored(&bytes, harmed).await;
        let sealed = vec![SealedName(Hash32::of(&bytes))];
        let nonce = [8; 32];
        let hold_check = Some(HoldCheck { nonce, sealed });
        let asked = SyncRequest {
            hold_check,
            ..empty_sync()
        };
        let reply = world.sync(&token, &asked).await;
        let held = reply.held.clone().unwrap();
        let held = Held::open(&held, &world.hub_key(), world.org_id(), &nonce).unwrap();
        let is_good = harmed == Harm::None;
        assert_eq!(held.sealed.len(), usize::from(is_good), "{harmed:?}");
        let line = last_line(&receipts(&world, &reply), &bytes);
        assert_eq!(is_void(line, harmed), !is_good, "{harmed:?}");
    }
}

#[tokio::test]
async fn an_upload_a_head_an_inline_run_and_a_start_give_no_old_receipt_for_what_is_not_there() {
    for harmed in [Harm::Gone, Harm::Rotten] {
        let bytes = vec![5; 5000];
        // PUT: the receipt of a file that stands is given at once; this one is uploaded again.
        let (_phone, world, token) = stored(&bytes, harmed).await;
        let part = world.put(&token, &Put::part(&bytes, 0, 1000)).await;
        assert!(!part.is_stored && part.receipt.is_none() && part.have == 1000);
        let rest = world.put(&token, &Put::part(&bytes, 1000, 5000)).await;
        assert!(rest.is_stored);
        assert_eq!(std::fs::read(place(&world, &bytes)).unwrap(), bytes);

        // HEAD.
        let (_phone, world, token) = stored(&bytes, harmed).await;
        let path = format!("/v1/files/{}", Put::whole(&bytes, 4).sealed);
        let headers = [("authorization", token.as_str())];
        let head = call(world.phones(), Method::HEAD, &path, &headers, Vec::new()).await;
        assert_eq!(
            (&head.headers["stored"], &head.headers["have"]),
            (&"0".parse().unwrap(), &"0".parse().unwrap())
        );

        // A run inside a sync.
        let (_phone, world, token) = stored(&bytes, harmed).await;
        assert!(
            world
                .post_inline(&token, bytes.clone())
                .await
                .status
                .is_success()
        );
        assert_eq!(
            std::fs::read(place(&world, &bytes)).unwrap(),
            bytes,
            "stored anew"
        );

        // A start that finds the same bytes complete in staging.
        let (phone, mut world, _) = stored(&bytes, harmed).await;
        let sealed = Put::whole(&bytes, 4).sealed;
        let staged = format!("hub/staging/{sealed}.{}.part", phone.id());
        std::fs::write(world.dir.path().join(staged), &bytes).unwrap();
        world.reopen();
        assert_eq!(
            std::fs::read(place(&world, &bytes)).unwrap(),
            bytes,
            "finished anew"
        );
        let token = world.token(&phone).await;
        assert!(world.sync(&token, &offer(&bytes)).await.files[0].is_stored);
    }
}

#[tokio::test]
async fn a_scrub_takes_back_one_file_and_begins_no_epoch_and_every_device_hears_of_it() {
    for harmed in [Harm::Gone, Harm::Rotten] {
        let (one, two) = (Phone::new(), Phone::new());
        let world = World::new(&[&one, &two]);
        let (token_one, token_two) = (world.token(&one).await, world.token(&two).await);
        let (lost, kept) = (vec![6; 5000], vec![7; 5000]);
        for bytes in [&lost, &kept] {
            world.put_whole(&token_one, bytes, 4).await;
        }
        // The other phone has the same files, and was told that they are here.
        let mut asked = offer(&lost);
        asked.offers.extend(offer(&kept).offers);
        let told = world.sync(&token_two, &asked).await;
        let (epoch, hub_seq) = (told.epoch, 2);
        harm(&world, &lost, harmed);
        world.pass_time(25 * HOUR_MS);
        assert_eq!(world.hub().scrub().unwrap().bad, 1);
        for (phone, token) in [(&one, token_one), (&two, token_two)] {
            let _ = token;
            let token = world.token(phone).await;
            let last = Some(LastSeen { epoch, hub_seq });
            let asked = SyncRequest {
                last,
                ..empty_sync()
            };
            let reply = world.sync(&token, &asked).await;
            assert_eq!(reply.epoch, epoch, "one rotten file ends no epoch");
            let all = receipts(&world, &reply);
            assert_eq!(all.len(), 1);
            assert!(is_void(last_line(&all, &lost), harmed));
            assert_eq!(last_line(&all, &kept), None);
        }
        world.pass_time(25 * HOUR_MS);
        world.hub().scrub().unwrap();
        assert_eq!(world.hub().status().unwrap().hub_seq, 3, "taken back once");
    }
}

#[tokio::test]
async fn a_line_that_was_taken_back_never_travels_without_the_line_that_takes_it_back() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let lost = vec![6; 5000];
    world.put_whole(&token, &lost, 4).await;
    for number in 0..300_u32 {
        world.put_whole(&token, &number.to_be_bytes(), 4).await;
    }
    harm(&world, &lost, Harm::Gone);
    world.sync(&token, &offer(&lost)).await;
    // Asked from the beginning: the page ends before the number of the void.
    let first = world.sync(&token, &empty_sync()).await;
    assert!(first.has_more);
    let all = receipts(&world, &first);
    assert!(is_void(last_line(&all, &lost), Harm::Gone));
    let last = all.last().unwrap().word.hub_seq;
    assert!(
        last < 301,
        "the last one says how far the phone has come: {last}"
    );
}

fn receipts_dir(world: &World) -> PathBuf {
    let hub = world.hub().id().to_string();
    world.dir.path().join("hub/receipts").join(hub)
}

fn only_file(world: &World) -> PathBuf {
    let mut all = std::fs::read_dir(receipts_dir(world)).unwrap();
    let path = all.next().unwrap().unwrap().path();
    assert!(all.next().is_none());
    path
}

#[tokio::test]
async fn a_database_made_anew_takes_receipts_files_and_the_roster_from_their_files() {
    let phone = Phone::new();
    let mut world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let (kept, lost) = (vec![1; 5000], vec![2; 5000]);
    for bytes in [&kept, &lost] {
        world.put_whole(&token, bytes, 4).await;
    }
    let before = world.sync(&token, &empty_sync()).await;
    harm(&world, &lost, Harm::Gone);
    world.sync(&token, &offer(&lost)).await;
    world.close();
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(world.dir.path().join(format!("hub/hub.db{suffix}")));
    }
    world.open();
    assert_eq!(
        world.hub().roster().unwrap().version,
        1,
        "from rosters/1.cose"
    );
    assert_eq!(world.hub().status().unwrap().hub_seq, 3);
    let token = world.token(&phone).await;
    let mut asked = offer(&kept);
    asked.offers.extend(offer(&lost).offers);
    let reply = world.sync(&token, &asked).await;
    assert_eq!(reply.epoch, before.epoch, "nothing was set back");
    let stored: Vec<bool> = reply.files.iter().map(|file| file.is_stored).collect();
    assert_eq!(stored, [true, false]);
    let all = receipts(&world, &reply);
    assert!(matches!(
        last_line(&all, &kept),
        Some(ReceiptLine::File { .. })
    ));
    assert!(is_void(last_line(&all, &lost), Harm::Gone));
    let next = world.put_whole(&token, &lost, 4).await.receipt.unwrap();
    let next = world.receipt(&next).word;
    assert_eq!(
        (next.hub_seq, next.prev),
        (4, all.last().unwrap().id.0),
        "the chain goes on"
    );
}

#[tokio::test]
async fn a_receipt_file_that_is_ahead_of_the_database_is_replayed_and_a_torn_tail_is_cut() {
    let phone = Phone::new();
    let mut world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    world.put_whole(&token, b"first", 4).await;
    world.close();
    let (hub, copy) = (
        world.dir.path().join("hub/hub.db"),
        world.dir.path().join("older.db"),
    );
    std::fs::copy(&hub, &copy).unwrap();
    world.open();
    let token = world.token(&phone).await;
    let second = world.put_whole(&token, b"second", 4).await.receipt.unwrap();
    let file = only_file(&world);
    world.close();
    // Only the database is an older copy, and the last append was torn.
    std::fs::copy(&copy, &hub).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let whole = bytes.len();
    bytes.extend(&second[..second.len() / 2]);
    std::fs::write(&file, bytes).unwrap();
    world.open();
    assert_eq!(std::fs::metadata(&file).unwrap().len(), whole as u64);
    assert_eq!(world.hub().status().unwrap().hub_seq, 2);
    let session = world.open_session(&phone, Some(second.clone())).await;
    assert_eq!(session.epoch, world.receipt(&second).word.epoch, "known");
    let token = world.token(&phone).await;
    assert!(world.sync(&token, &offer(b"second")).await.files[0].is_stored);
}

#[tokio::test]
async fn a_receipt_file_that_is_behind_its_database_begins_a_new_epoch() {
    let phone = Phone::new();
    let mut world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let first = world.put_whole(&token, b"first", 4).await.receipt.unwrap();
    let second = world.put_whole(&token, b"second", 4).await.receipt.unwrap();
    let (first, second) = (world.receipt(&first), world.receipt(&second));
    let file = only_file(&world);
    world.close();
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..first.bytes.len()]).unwrap();
    world.open();
    let session = world.open_session(&phone, Some(second.bytes.clone())).await;
    assert_ne!(session.epoch, first.word.epoch);
    let token = world.token(&phone).await;
    let reply = world.sync(&token, &offer(b"second")).await;
    assert_eq!(
        reply.epoch, session.epoch,
        "one new epoch, not one for each start"
    );
    assert!(
        reply.files[0].is_stored,
        "it stands here, and was read again"
    );
    let all = receipts(&world, &reply);
    assert!(
        all.iter().all(|receipt| receipt.id != second.id),
        "what is lost is not invented"
    );
    let ends: Vec<_> = all
        .iter()
        .filter_map(|receipt| receipt.word.before)
        .collect();
    assert!(
        ends.iter()
            .all(|end| (end.hub_seq, end.id) == (1, first.id))
    );
    assert!(matches!(
        last_line(&all, b"second"),
        Some(ReceiptLine::File { .. })
    ));
    world.reopen();
    let again = world.open_session(&phone, None).await;
    assert_eq!(again.epoch, session.epoch);
}

#[tokio::test]
async fn a_restored_folder_without_any_receipt_begins_one_epoch_not_one_for_each_phone() {
    let (one, two) = (Phone::new(), Phone::new());
    let world = World::new(&[&one, &two]);
    // Signed by this very hub in an epoch that its folder knows, and in one that it does not.
    let token = world.token(&one).await;
    world.put_whole(&token, b"bytes", 4).await;
    let mut later = world;
    let lost = {
        let token = later.token(&one).await;
        later.put_whole(&token, b"more", 4).await.receipt.unwrap()
    };
    later.close();
    for name in ["hub.db", "hub.db-wal", "hub.db-shm"] {
        let _ = std::fs::remove_file(later.dir.path().join("hub").join(name));
    }
    std::fs::remove_dir_all(later.dir.path().join("hub/receipts")).unwrap();
    later.open();
    let first = later.open_session(&one, Some(lost.clone())).await;
    let second = later.open_session(&two, Some(lost)).await;
    assert_eq!(first.epoch, second.epoch);
}
