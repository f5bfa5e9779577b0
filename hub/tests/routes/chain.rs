//! What an unlocked hub finds in what it stored.

use age::x25519;
use imena_core::encoding::limits::SEALED_RUN_BYTES_MAX;
use imena_core::encoding::{Hash32, Map, Value};
use imena_core::environment::Environment;
use imena_core::journal::{ReceiptLine, Run};
use imena_core::keys::{Organisation, PassphraseCost};
use imena_core::model::ids::{SubjectId, SubjectRef};
use imena_core::seal::{open_bytes, seal_bytes};
use imena_core::sync::wire::SyncRequest;
use imena_core::vocabulary::Kind;

use crate::support::{Phone, World, empty_sync};

fn owner() -> SubjectRef {
    SubjectRef {
        kind: Kind::Remains,
        id: SubjectId([4; 16]),
    }
}

/// Highest seq that is receipted for the phone, and the plaintext hashes that are.
async fn receipted(world: &World, phone: &Phone) -> (u64, Vec<Hash32>) {
    let token = world.token(phone).await;
    let reply = world.sync(&token, &empty_sync()).await;
    let (mut upto, mut hashes) = (0, Vec::new());
    for receipt in &reply.receipts {
        for line in world.receipt(receipt).word.lines {
            match line {
                ReceiptLine::Entries { upto_seq, .. } => upto = upto.max(upto_seq),
                ReceiptLine::File { sha256, .. } => hashes.extend(sha256),
                ReceiptLine::Void { .. } => {}
            }
        }
    }
    (upto, hashes)
}

#[tokio::test]
async fn an_original_is_receipted_with_its_plaintext_hash_once_its_entry_is_known() {
    let mut phone = Phone::new();
    let world = World::new(&[&phone]);
    let plain = vec![3; 200_000];
    let (sealed, bytes) = world.seal(&plain);
    let size = bytes.len() as u64;
    phone.record_photo(world.org_id(), owner(), sealed, size, Hash32::of(&plain));
    let token = world.token(&phone).await;
    world.put_whole(&token, &bytes, 4).await;
    world.unlock();
    assert_eq!(
        receipted(&world, &phone).await,
        (0, vec![]),
        "its entry has not come"
    );
    world.put_whole(&token, &phone.run(&world, 1), 1).await;
    world.hub().settle();
    world.hub().settle();
    let (upto, hashes) = receipted(&world, &phone).await;
    assert_eq!(upto, 1);
    assert!(hashes.contains(&Hash32::of(&plain)));
}

#[tokio::test]
async fn a_file_that_opens_to_other_bytes_than_its_entry_says_raises_an_alarm() {
    let mut phone = Phone::new();
    let world = World::new(&[&phone]);
    let (sealed, bytes) = world.seal(b"one picture");
    let other = Hash32::of(b"another picture");
    phone.record_photo(world.org_id(), owner(), sealed, bytes.len() as u64, other);
    let token = world.token(&phone).await;
    world.put_whole(&token, &phone.run(&world, 1), 1).await;
    world.put_whole(&token, &bytes, 4).await;
    world.unlock();
    assert!(world.audit()[0].contains("other bytes than its entry says"));
    assert!(
        !receipted(&world, &phone)
            .await
            .1
            .contains(&Hash32::of(b"one picture"))
    );
}

#[tokio::test]
async fn a_reader_of_another_type_is_named_by_a_locked_hub_and_the_file_is_kept() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let (_, usual) = world.seal(b"one picture");
    world.put_whole(&token, &usual, 4).await;
    assert_eq!(world.audit(), Vec::<String>::new());
    let odd = b"age-encryption.org/v1\n-> ssh-ed25519 abc def\nbody\n--- mac\nbytes";
    world.put_whole(&token, odd, 4).await;
    assert!(world.audit()[0].contains("another type (ssh-ed25519)"));
    assert_eq!(world.hub().status().unwrap().hub_seq, 2, "both receipted");
}

#[tokio::test]
async fn a_reader_whom_the_entry_or_the_run_does_not_list_is_named_when_it_was_read() {
    let mut phone = Phone::new();
    let world = World::new(&[&phone]);
    let secret = x25519::Identity::generate().to_public().to_string();
    let (listed, both) = (
        [world.org.identity.recipient()],
        [world.org.identity.recipient(), secret],
    );
    let (sealed, photo) = seal_bytes(&both, b"one picture").unwrap();
    let fields = Map::new()
        .with(1, sealed)
        .uint(2, photo.len() as u64)
        .with(3, Hash32::of(b"one picture"))
        .bytes(7, [5; 16])
        .with(8, owner())
        .text(9, "B1")
        .array(11, [Value::text(&listed[0])]);
    phone.record(world.org_id(), Kind::Photo, SubjectId([6; 16]), fields);
    let run = Run::unpack(
        &open_bytes(
            &[world.org.identity.identity()],
            &phone.run(&world, 1),
            SEALED_RUN_BYTES_MAX,
        )
        .unwrap(),
        world.org_id(),
    )
    .unwrap();
    let (_, run) = seal_bytes(&both, &run.pack().unwrap()).unwrap();
    let token = world.token(&phone).await;
    world.put_whole(&token, &photo, 4).await;
    world.put_whole(&token, &run, 1).await;
    assert_eq!(
        world.audit(),
        Vec::<String>::new(),
        "only the entry can tell"
    );
    world.unlock();
    let named = world.audit();
    assert_eq!(named.len(), 2, "{named:?}");
    for line in named {
        assert!(
            line.contains("it has 2 recipients, its entry lists 1"),
            "{line}"
        );
    }
    assert_eq!(
        receipted(&world, &phone).await.0,
        1,
        "and kept all the same"
    );
}

#[tokio::test]
async fn an_entry_that_lies_about_anothers_file_does_not_make_it_bad_whoever_comes_first() {
    for lies_first in [true, false] {
        let (mut phone, mut liar) = (Phone::new(), Phone::new());
        let world = World::new(&[&phone, &liar]);
        let (sealed, bytes) = world.seal(b"one picture");
        let (size, hash) = (bytes.len() as u64, Hash32::of(b"one picture"));
        phone.record_photo(world.org_id(), owner(), sealed, size, hash);
        let lie = Hash32::of(b"another picture");
        liar.record_photo(world.org_id(), owner(), sealed, size, lie);
        let token = world.token(&phone).await;
        world.put_whole(&token, &bytes, 4).await;
        world.unlock();
        let runs = [phone.run(&world, 1), liar.run(&world, 1)];
        for nth in if lies_first { [1, 0] } else { [0, 1] } {
            world.put_whole(&token, &runs[nth], 1).await;
            world.hub().settle();
            world.hub().settle();
        }
        assert!(
            receipted(&world, &phone).await.1.contains(&hash),
            "{lies_first}"
        );
    }
}

#[tokio::test]
async fn runs_that_come_out_of_order_wait_for_the_gap_to_close() {
    let mut phone = Phone::new();
    let world = World::new(&[&phone]);
    world.unlock();
    for _ in 0..3 {
        phone.record_site(world.org_id(), "Izium");
    }
    let runs = [1, 2, 3].map(|seq| phone.run_of(&world, &phone.entries[seq - 1..seq]));
    let token = world.token(&phone).await;
    for (nth, upto) in [(2, 0), (1, 0), (0, 3)] {
        let asked = SyncRequest {
            inline_runs: vec![runs[nth].clone()],
            ..empty_sync()
        };
        world.sync(&token, &asked).await;
        world.hub().settle();
        assert_eq!(receipted(&world, &phone).await.0, upto);
    }
    assert_eq!(world.hub().status().unwrap().entries, 3);
}

#[tokio::test]
async fn both_branches_of_a_fork_are_kept_and_flagged() {
    let mut phone = Phone::new();
    let world = World::new(&[&phone]);
    world.unlock();
    for _ in 0..2 {
        phone.record_site(world.org_id(), "Izium");
    }
    let token = world.token(&phone).await;
    world.put_whole(&token, &phone.run(&world, 1), 1).await;
    phone.entries.pop();
    phone.record_site(world.org_id(), "a twin");
    phone.record_site(world.org_id(), "after the twin");
    world.put_whole(&token, &phone.run(&world, 2), 1).await;
    world.hub().settle();
    assert_eq!(world.hub().status().unwrap().entries, 4);
    assert_eq!(
        world
            .audit()
            .iter()
            .filter(|line| line.contains("two branches"))
            .count(),
        1
    );
    assert_eq!(receipted(&world, &phone).await.0, 3);
}

#[tokio::test]
async fn an_unclaimed_phone_is_stored_and_receipted_and_folded_after_a_person_claimed_it() {
    let mut phone = Phone::new();
    let mut world = World::new(&[]);
    world.unlock();
    phone.record_site(world.org_id(), "Izium");
    let token = world.token(&phone).await;
    let stored = world.put_whole(&token, &phone.run(&world, 1), 1).await;
    assert!(stored.is_stored);
    world.hub().settle();
    assert_eq!(world.hub().status().unwrap().entries, 0);
    world.change_roster(|roster| roster.devices.push(phone.line()));
    world.hub().settle();
    assert_eq!(world.hub().status().unwrap().entries, 1);
    assert_eq!(receipted(&world, &phone).await.0, 1);
}

#[tokio::test]
async fn a_forged_run_is_stored_but_never_folded() {
    let (mut phone, thief) = (Phone::new(), Phone::new());
    let world = World::new(&[&phone, &thief]);
    world.unlock();
    phone.record_site(world.org_id(), "Izium");
    // Another phone signs the checkpoint over this one's entries.
    let forged = thief.run_of(&world, &phone.entries);
    let token = world.token(&thief).await;
    assert!(world.put_whole(&token, &forged, 1).await.is_stored);
    assert!(world.put_whole(&token, b"no run at all", 1).await.is_stored);
    world.hub().settle();
    assert_eq!(world.hub().status().unwrap().entries, 0);
    let refused = world
        .audit()
        .iter()
        .filter(|line| line.contains("run"))
        .count();
    assert_eq!(refused, 2);
    let token = world.token(&phone).await;
    world.put_whole(&token, &phone.run(&world, 1), 1).await;
    world.hub().settle();
    assert_eq!(world.hub().status().unwrap().entries, 1);
}

#[tokio::test]
async fn the_journal_is_made_again_from_the_runs_without_new_receipts() {
    let mut phone = Phone::new();
    let mut world = World::new(&[&phone]);
    world.unlock();
    for seq in 1..=3 {
        phone.record_site(world.org_id(), "Izium");
        let token = world.token(&phone).await;
        world.put_whole(&token, &phone.run(&world, seq), 1).await;
    }
    world.hub().settle();
    let before = world.hub().status().unwrap();
    assert_eq!(before.entries, 3);
    world.hub = None;
    world.open();
    assert!(world.hub().is_locked(), "a hub starts locked");
    world.unlock();
    assert_eq!(world.hub().status().unwrap(), before);
    for damage in ["removed", "garbage"] {
        world.hub = None;
        world.open();
        let path = world.dir.path().join("hub/journal.db");
        match damage {
            "removed" => std::fs::remove_file(&path).unwrap(),
            _ => std::fs::write(&path, vec![1; 8192]).unwrap(),
        }
        world.unlock();
        assert_eq!(world.hub().status().unwrap(), before, "{damage}");
    }
}

#[tokio::test]
async fn another_identity_unlocks_nothing_and_a_locked_hub_forgets() {
    let mut phone = Phone::new();
    let world = World::new(&[&phone]);
    let dir = tempfile::tempdir().unwrap();
    let environment = Environment::system(0);
    let (other, _) =
        Organisation::create(&environment, dir.path(), "oak", PassphraseCost::TEST).unwrap();
    assert!(world.hub().unlock(&other.identity).is_err());
    assert!(world.hub().is_locked());
    world.unlock();
    phone.record_site(world.org_id(), "Izium");
    let token = world.token(&phone).await;
    world.put_whole(&token, &phone.run(&world, 1), 1).await;
    world.hub().settle();
    world.hub().lock();
    assert_eq!(world.hub().status().unwrap().entries, 0);
    let reply = world.sync(&token, &empty_sync()).await;
    assert!(reply.is_locked && reply.segments.is_empty());
}
