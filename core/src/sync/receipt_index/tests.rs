//! Which receipts count, in whatever order they come, and what the files give back.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
use super::*;
use crate::encoding::PublicKey;
use crate::environment::Environment;
use crate::journal::{EpochEnd, ReceiptDraft, VoidReason, sign_receipt};
use crate::keys::DatabaseKey;
use crate::model::ids::OrgId;
use crate::store::{Class, ReceiptFiles};
use crate::sync::HubState;
use ed25519_dalek::Signer as _;

const ORG: OrgId = OrgId(Hash32([1; 32]));
const FILE: SealedName = SealedName(Hash32([2; 32]));
const A: [u8; 16] = [10; 16];
const B: [u8; 16] = [11; 16];

struct World {
    dir: tempfile::TempDir,
    secret: ed25519_dalek::SigningKey,
    hub: HubId,
}

fn world() -> World {
    let secret = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
    let key = PublicKey::from_ed25519(&secret.verifying_key()).unwrap();
    let (dir, hub) = (tempfile::tempdir().unwrap(), HubId(key.id()));
    World { dir, secret, hub }
}

impl World {
    fn files(&self) -> ReceiptFiles {
        let (root, aside) = (
            self.dir.path().join("receipts"),
            self.dir.path().join("aside"),
        );
        ReceiptFiles::new(&Environment::system(0), &root, &aside)
    }

    fn open(&self, name: &str) -> TransferDb {
        let key = DatabaseKey::new([3; 32]);
        TransferDb::open(&self.dir.path().join(name), &key, self.files()).unwrap()
    }

    fn in_epoch(&self, transfer: &TransferDb, epoch: [u8; 16]) {
        let epoch = Some(epoch);
        let state = HubState {
            epoch,
            ..HubState::default()
        };
        transfer.set_hub(self.hub, &state).unwrap();
    }

    fn key(&self) -> PublicKey {
        PublicKey::from_ed25519(&self.secret.verifying_key()).unwrap()
    }

    fn receipt(
        &self,
        (epoch, hub_seq): ([u8; 16], u64),
        before: Option<EpochEnd>,
        lines: Vec<ReceiptLine>,
    ) -> Receipt {
        let sign =
            |m: &[u8]| Ok::<_, std::convert::Infallible>(self.secret.sign(m).to_bytes().to_vec());
        let word = ReceiptDraft {
            org: ORG,
            hub: self.hub,
            epoch,
            hub_seq,
            prev: Hash32::ZERO,
            lines,
            hub_time_ms: hub_seq as i64 * 100,
            before,
        };
        sign_receipt(word, &self.key(), sign).unwrap()
    }

    fn index(&self, transfer: &TransferDb) {
        let key = self.key();
        transfer
            .index_receipts(&mut |bytes| match Receipt::open(bytes, &key, ORG) {
                Ok(receipt) => Found::Checked(Box::new(receipt)),
                Err(_) => Found::Foreign,
            })
            .unwrap();
    }
}

fn held() -> ReceiptLine {
    let (sealed, size, sha256) = (FILE, u64::MAX, None);
    ReceiptLine::File {
        sealed,
        size,
        sha256,
    }
}

fn void() -> ReceiptLine {
    let (sealed, reason, erasure) = (FILE, VoidReason::Gone, None);
    ReceiptLine::Void {
        sealed,
        reason,
        erasure,
    }
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for shorter in permutations(count - 1) {
        for at in 0..=shorter.len() {
            let mut longer = shorter.clone();
            longer.insert(at, count - 1);
            all.push(longer);
        }
    }
    all
}

#[test]
fn the_last_line_counts_whatever_the_order_of_arrival() {
    let world = world();
    let receipts = [
        world.receipt((A, 1), None, vec![held()]),
        world.receipt((A, 2), None, vec![void()]),
        world.receipt((A, 4), None, vec![held()]),
        world.receipt((A, 7), None, vec![held()]),
    ];
    for (nth, order) in permutations(receipts.len()).into_iter().enumerate() {
        let transfer = world.open(&format!("{nth}.db"));
        world.in_epoch(&transfer, A);
        for number in &order {
            // Each twice: a lost reply is answered again.
            for _ in 0..2 {
                let one = std::slice::from_ref(&receipts[*number]);
                transfer.add_receipts(one, Some(A)).unwrap();
            }
        }
        let found = transfer.holdings(FILE).unwrap();
        assert_eq!(found.len(), 1, "{order:?}");
        assert_eq!(
            (found[0].first_ms, found[0].last_ms),
            (400, 700),
            "{order:?}"
        );
        assert_eq!(found[0].receipt, receipts[3].id);
    }
    let transfer = world.open("void.db");
    world.in_epoch(&transfer, A);
    transfer.add_file(FILE, Class::Original, 10, 0).unwrap();
    transfer.add_receipts(&receipts[..1], Some(A)).unwrap();
    assert_eq!(transfer.waiting(world.hub, 10).unwrap(), []);
    transfer.add_receipts(&receipts[1..2], Some(A)).unwrap();
    assert_eq!(transfer.holdings(FILE).unwrap(), []);
    assert_eq!(
        transfer.waiting(world.hub, 10).unwrap().len(),
        1,
        "sent again"
    );
    assert_eq!(transfer.counts().unwrap().originals_on_hub, 0);
    transfer.set_freed(FILE).unwrap();
    let counts = transfer.counts().unwrap();
    assert_eq!((counts.lost_here, counts.waiting), (1, 0));
}

#[test]
fn an_ended_epoch_counts_up_to_its_named_end_and_only_what_the_hub_gave_again() {
    let world = world();
    let other = SealedName(Hash32([9; 32]));
    let transfer = world.open("transfer.db");
    world.in_epoch(&transfer, A);
    let line_of = |sealed| ReceiptLine::File {
        sealed,
        size: 1,
        sha256: None,
    };
    let kept = world.receipt((A, 5), None, vec![held()]);
    let lost = world.receipt((A, 6), None, vec![line_of(other)]);
    transfer
        .add_receipts(&[kept.clone(), lost], Some(A))
        .unwrap();
    assert_eq!(transfer.holdings(other).unwrap().len(), 1);

    // The hub was restored: nothing counts until it names the end of the epoch before.
    world.in_epoch(&transfer, B);
    assert_eq!(transfer.holdings(FILE).unwrap(), []);
    let (epoch, hub_seq, id) = (A, 6, ReceiptId(Hash32([8; 32])));
    let before = Some(EpochEnd { epoch, hub_seq, id });
    let first = world.receipt((B, 1), before, vec![]);
    transfer.add_receipts(&[first], Some(B)).unwrap();
    // Of the numbers up to there one may be of the branch that was lost: only the hub knows, and it gives what it has.
    assert_eq!(transfer.holdings(FILE).unwrap(), []);
    transfer.add_receipts(&[kept], Some(B)).unwrap();
    assert_eq!(
        transfer.holdings(FILE).unwrap()[0].first_ms,
        500,
        "no clock is reset"
    );
    assert_eq!(transfer.holdings(other).unwrap(), []);
    // A low number of the later epoch takes back a high one of the earlier.
    let taken = world.receipt((B, 2), before, vec![void()]);
    transfer.add_receipts(&[taken], Some(B)).unwrap();
    assert_eq!(transfer.holdings(FILE).unwrap(), []);
}

#[test]
fn beyond_the_named_end_nothing_counts_even_if_it_is_given_again() {
    let world = world();
    let transfer = world.open("transfer.db");
    world.in_epoch(&transfer, B);
    let (epoch, hub_seq, id) = (A, 4, ReceiptId(Hash32([8; 32])));
    let before = Some(EpochEnd { epoch, hub_seq, id });
    let first = world.receipt((B, 1), before, vec![]);
    let later = world.receipt((A, 5), None, vec![held()]);
    transfer.add_receipts(&[first, later], Some(B)).unwrap();
    assert_eq!(transfer.holdings(FILE).unwrap(), []);
}

#[test]
fn a_lost_hub_counts_up_to_its_last_good_receipt_and_no_further() {
    let world = world();
    let transfer = world.open("transfer.db");
    world.in_epoch(&transfer, A);
    let receipts = [
        world.receipt((A, 1), None, vec![held()]),
        world.receipt((A, 2), None, vec![void()]),
        world.receipt((A, 3), None, vec![held()]),
    ];
    transfer.add_receipts(&receipts, Some(A)).unwrap();
    let last_good = |hub_seq| {
        let epoch = A;
        transfer
            .set_last_good(world.hub, Some(Upto { epoch, hub_seq }))
            .unwrap();
        transfer.holdings(FILE).unwrap()
    };
    assert_eq!(last_good(1)[0].receipt, receipts[0].id);
    assert_eq!(last_good(2), []);
    assert_eq!(last_good(3)[0].receipt, receipts[2].id);
    assert_eq!(last_good(0), []);
    // The thief's epoch names what it likes.
    let (epoch, hub_seq, id) = (A, u64::MAX, receipts[2].id);
    let later = world.receipt((B, 1), Some(EpochEnd { epoch, hub_seq, id }), vec![held()]);
    world.in_epoch(&transfer, B);
    transfer.add_receipts(&[later], Some(B)).unwrap();
    assert_eq!(transfer.holdings(FILE).unwrap(), []);
    transfer.set_last_good(world.hub, None).unwrap();
    assert_eq!(transfer.holdings(FILE).unwrap().len(), 1);
}

#[test]
fn a_ring_of_epochs_ends() {
    let world = world();
    let transfer = world.open("transfer.db");
    world.in_epoch(&transfer, A);
    let id = ReceiptId(Hash32([8; 32]));
    let end = |epoch| {
        let hub_seq = u64::MAX;
        Some(EpochEnd { epoch, hub_seq, id })
    };
    let ring = [
        world.receipt((A, 1), end(B), vec![held()]),
        world.receipt((B, 1), end(A), vec![void()]),
    ];
    transfer.add_receipts(&ring, Some(A)).unwrap();
    assert_eq!(transfer.holdings(FILE).unwrap().len(), 1);
}

#[test]
fn a_database_made_anew_takes_its_receipts_from_the_files() {
    let world = world();
    let transfer = world.open("transfer.db");
    world.in_epoch(&transfer, A);
    let receipts = [
        world.receipt((A, 3), None, vec![held()]),
        world.receipt((A, 1), None, vec![void()]),
    ];
    transfer.add_receipts(&receipts, Some(A)).unwrap();
    let before = transfer.holdings(FILE).unwrap();
    let (hub, epoch) = (world.hub, A);
    let path = world.files().path(ReceiptFile { hub, epoch });
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(&receipts[0].bytes[..30]);
    std::fs::write(&path, bytes).unwrap();

    let anew = world.open("anew.db");
    world.index(&anew);
    assert_eq!(anew.holdings(FILE).unwrap(), before);
    assert_eq!(anew.receipts().unwrap().len(), 2, "the torn one is cut off");
    assert_eq!(anew.counts().unwrap().receipts, 2);
    let last = anew.last_receipt_bytes(world.hub, A).unwrap();
    assert_eq!(last.as_ref(), Some(&receipts[0].bytes));
    assert_eq!(
        anew.receipts_upto(world.hub, A).unwrap(),
        None,
        "asked for again"
    );
}

#[test]
fn a_database_made_anew_goes_by_the_last_epoch_whatever_its_file_is_called() {
    let world = world();
    let transfer = world.open("transfer.db");
    let receipts = [
        world.receipt((A, 1), None, vec![]),
        world.receipt((A, 3), None, vec![held()]),
    ];
    let (epoch, hub_seq, id) = (A, 1, receipts[0].id);
    let first = world.receipt((B, 1), Some(EpochEnd { epoch, hub_seq, id }), vec![]);
    transfer.add_receipts(&receipts, None).unwrap();
    transfer
        .add_receipts(std::slice::from_ref(&first), None)
        .unwrap();
    let anew = world.open("anew.db");
    world.index(&anew);
    assert_eq!(
        anew.holdings(FILE).unwrap(),
        [],
        "it was lost with the restore"
    );
    let last = anew.last_receipt_bytes(world.hub, B).unwrap();
    assert_eq!(last.as_ref(), Some(&first.bytes));
}

#[test]
fn a_file_of_receipts_that_lost_some_is_asked_for_again() {
    let world = world();
    let transfer = world.open("transfer.db");
    world.in_epoch(&transfer, A);
    let one = world.receipt((A, 1), None, vec![held()]);
    transfer
        .add_receipts(std::slice::from_ref(&one), Some(A))
        .unwrap();
    let upto = Upto {
        epoch: A,
        hub_seq: 1,
    };
    transfer.set_receipts_upto(world.hub, A, upto).unwrap();
    let (hub, epoch) = (world.hub, A);
    std::fs::write(world.files().path(ReceiptFile { hub, epoch }), b"").unwrap();
    world.index(&transfer);
    assert_eq!(transfer.holdings(FILE).unwrap(), []);
    assert_eq!(transfer.receipts_upto(world.hub, A).unwrap(), None);
    transfer.add_receipts(&[one], Some(A)).unwrap();
    assert_eq!(transfer.holdings(FILE).unwrap().len(), 1);
}

#[test]
fn foreign_numbers_at_their_extremes_keep_their_order_and_fail_nothing() {
    let world = world();
    let transfer = world.open("transfer.db");
    world.in_epoch(&transfer, A);
    let device = DeviceId(Hash32([6; 32]));
    let entries = ReceiptLine::Entries {
        device,
        upto_seq: u64::MAX,
        entry_id: EntryId(Hash32([8; 32])),
    };
    let extreme = |hub_seq, hub_time_ms, lines| {
        let receipt = world.receipt((A, 1), None, lines);
        let word = ReceiptDraft {
            hub_seq,
            hub_time_ms,
            ..receipt.word
        };
        let sign =
            |m: &[u8]| Ok::<_, std::convert::Infallible>(world.secret.sign(m).to_bytes().to_vec());
        sign_receipt(word, &world.key(), sign).unwrap()
    };
    let receipts = [
        extreme(1 << 63, i64::MIN, vec![held()]),
        extreme(u64::MAX, i64::MAX, vec![held(), entries]),
        extreme(0, 0, vec![void()]),
    ];
    transfer.add_receipts(&receipts, Some(A)).unwrap();
    let found = transfer.holdings(FILE).unwrap();
    assert_eq!((found[0].first_ms, found[0].last_ms), (i64::MIN, i64::MAX));
    let last = transfer.last_receipt(world.hub, A).unwrap().unwrap();
    assert_eq!(last.0, u64::MAX);
    let ends = transfer.receipted_ends(device, 5).unwrap();
    assert_eq!(
        ends.len(),
        1,
        "a claim, which the journal does not bear out"
    );
    let upto = Upto {
        epoch: A,
        hub_seq: u64::MAX,
    };
    transfer.set_receipts_upto(world.hub, A, upto).unwrap();
    assert_eq!(transfer.receipts_upto(world.hub, A).unwrap(), Some(upto));
}
