//! What waits and what is counted follows from the receipts, whatever came in whatever order; no statement walks what only grows.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::Signer as _;
use proptest::prelude::*;

use super::*;
use crate::encoding::PublicKey;
use crate::environment::Environment;
use crate::journal::{Receipt, ReceiptDraft, ReceiptLine, sign_receipt};
use crate::keys::DatabaseKey;
use crate::model::ids::OrgId;
use crate::store::ReceiptFiles;
use crate::sync::HubState;

fn database() -> (tempfile::TempDir, TransferDb) {
    let dir = tempfile::tempdir().unwrap();
    let key = DatabaseKey::new([3; 32]);
    let (root, aside) = (dir.path().join("receipts"), dir.path().join("aside"));
    let files = ReceiptFiles::new(&Environment::system(0), &root, &aside);
    let database = TransferDb::open(&dir.path().join("transfer.db"), &key, files).unwrap();
    (dir, database)
}

fn signer(seed: u8) -> (ed25519_dalek::SigningKey, PublicKey) {
    let secret = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    let key = PublicKey::from_ed25519(&secret.verifying_key()).unwrap();
    (secret, key)
}

fn receipt(seed: u8, epoch: u8, hub_seq: u64, file: u8, is_checked: bool) -> Receipt {
    let (secret, key) = signer(seed);
    let word = ReceiptDraft {
        org: OrgId(Hash32([1; 32])),
        hub: HubId(key.id()),
        epoch: [epoch; 16],
        hub_seq,
        prev: Hash32::ZERO,
        lines: vec![ReceiptLine::File {
            sealed: name(file),
            size: 1,
            sha256: is_checked.then_some(Hash32([file; 32])),
        }],
        hub_time_ms: 7,
        before: None,
    };
    let sign = |m: &[u8]| Ok::<_, std::convert::Infallible>(secret.sign(m).to_bytes().to_vec());
    sign_receipt(word, &key, sign).unwrap()
}

fn name(file: u8) -> SealedName {
    SealedName(Hash32([file; 32]))
}

fn hub(seed: u8) -> HubId {
    HubId(signer(seed).1.id())
}

#[derive(Clone, Debug)]
enum Event {
    Added(u8, Class, u64),
    Receipted(u8, u8, u8, bool),
    Epoch(u8, u8),
    Freed(u8),
}

fn event() -> impl Strategy<Value = Event> {
    let class = prop_oneof![
        Just(Class::Run),
        Just(Class::Thumbnail),
        Just(Class::Preview),
        Just(Class::Original)
    ];
    prop_oneof![
        4 => (0_u8..8, class, 1_u64..100).prop_map(|(file, class, size)| Event::Added(file, class, size)),
        4 => (1_u8..3, 0_u8..2, 0_u8..8, any::<bool>())
            .prop_map(|(hub, epoch, file, opened)| Event::Receipted(hub, epoch, file, opened)),
        2 => (1_u8..3, 0_u8..2).prop_map(|(hub, epoch)| Event::Epoch(hub, epoch)),
        1 => (0_u8..8).prop_map(Event::Freed),
    ]
}

/// The same by looking at everything each time.
#[derive(Default)]
struct Oracle {
    files: BTreeMap<u8, (Class, u64, bool)>,
    receipts: BTreeSet<(u8, u8, u8, bool)>,
    epochs: BTreeMap<u8, u8>,
}

impl Oracle {
    fn holds(&self, hub: u8, file: u8) -> bool {
        let is_held = |(h, epoch, f, _): &(u8, u8, u8, bool)| {
            *h == hub && *f == file && self.epochs.get(h) == Some(epoch)
        };
        self.receipts.iter().any(is_held)
    }

    fn is_checked(&self, file: u8) -> bool {
        let checks = |(h, epoch, f, opened): &(u8, u8, u8, bool)| {
            *opened && *f == file && self.epochs.get(h) == Some(epoch)
        };
        self.receipts.iter().any(checks)
    }

    fn waiting(&self, hub: u8) -> BTreeSet<u8> {
        let waits = |(file, (_, _, is_freed)): &(&u8, &(Class, u64, bool))| {
            !is_freed && !self.holds(hub, **file)
        };
        self.files
            .iter()
            .filter(waits)
            .map(|(file, _)| *file)
            .collect()
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts {
            files: self.files.len() as u64,
            receipts: self.receipts.len() as u64,
            ..Counts::default()
        };
        for (file, (class, size, is_freed)) in &self.files {
            let holders = (1..3).filter(|hub| self.holds(*hub, *file)).count();
            if holders == 0 && *is_freed {
                counts.lost_here += 1;
            } else if holders == 0 {
                counts.waiting += 1;
                counts.waiting_bytes += size;
            }
            if *class == Class::Original {
                counts.originals += 1;
                counts.originals_on_hub += u64::from(holders >= 1);
                counts.originals_on_two_hubs += u64::from(holders >= 2);
                counts.originals_checked += u64::from(self.is_checked(*file));
            }
        }
        counts
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_waits_and_what_is_counted_follows_from_the_receipts(
        events in proptest::collection::vec(event(), 1..40),
    ) {
        let (_dir, database) = database();
        let mut oracle = Oracle::default();
        for (number, event) in (1_u64..).zip(events) {
            match event {
                Event::Added(file, class, size) => {
                    database.add_file(name(file), class, size, i64::from(file)).unwrap();
                    oracle.files.entry(file).or_insert((class, size, false));
                }
                Event::Receipted(seed, epoch, file, opened) => {
                    let new = receipt(seed, epoch, 1, file, opened);
                    let is_new = !database.add_receipts(&[new], None).unwrap().is_empty();
                    prop_assert_eq!(is_new, oracle.receipts.insert((seed, epoch, file, opened)));
                }
                Event::Epoch(seed, epoch) => {
                    let state = HubState { epoch: Some([epoch; 16]), ..HubState::default() };
                    database.set_hub(hub(seed), &state).unwrap();
                    oracle.epochs.insert(seed, epoch);
                }
                Event::Freed(file) => {
                    database.set_freed(name(file)).unwrap();
                    if let Some(row) = oracle.files.get_mut(&file) {
                        row.2 = true;
                    }
                }
            }
            prop_assert_eq!(database.counts().unwrap(), oracle.counts(), "after {}", number);
            for seed in oracle.epochs.keys() {
                let waiting = database.waiting(hub(*seed), 100).unwrap();
                let waiting: BTreeSet<u8> =
                    waiting.iter().map(|file| file.sealed.0.0[0]).collect();
                prop_assert_eq!(waiting, oracle.waiting(*seed));
            }
        }
    }
}

/// String literals of a source file that are statements.
fn statements(source: &str) -> Vec<String> {
    let source = source.split("mod tests {").next().unwrap_or_default();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let code: Vec<&str> = source.lines().filter(is_code).collect();
    let code = code.join("\n");
    let words = ["SELECT", "INSERT", "UPDATE", "DELETE"];
    let texts = code.split('"').skip(1).step_by(2).map(str::trim);
    texts
        .filter(|text| {
            words
                .iter()
                .any(|word| text.starts_with(&format!("{word} ")))
        })
        // What is put together from pieces is about a file of receipts that was cut.
        .filter(|text| !text.contains('{'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn no_statement_of_transfer_db_walks_a_table_that_grows() {
    let (_dir, database) = database();
    let sources = [
        include_str!("holding.rs"),
        include_str!("transfer_db.rs"),
        include_str!("receipt_index.rs"),
    ];
    // A new hub or epoch settles every file once.
    let walks_all = [
        SETTLE_HUB[1],
        HELD_BY_ALL,
        "SELECT DISTINCT sealed_sha256 FROM receipt_lines",
        "INSERT INTO hubs (hub, epoch)",
    ];
    let bounded = ["SCAN hubs", "SCAN tallies", "SCAN CONSTANT", "SCAN facts"];
    let all: Vec<String> = sources
        .iter()
        .flat_map(|source| statements(source))
        .collect();
    assert!(
        all.len() > 20,
        "the statements were not found: {}",
        all.len()
    );
    let looked_at = all
        .iter()
        .filter(|text| walks_all.iter().all(|walk| !text.starts_with(walk.trim())));
    for text in looked_at {
        let explain = format!("EXPLAIN QUERY PLAN {text}");
        let mut statement = database.connection.prepare(&explain).unwrap();
        let details = statement.raw_query();
        let details: Vec<String> = details
            .mapped(|row| row.get(3))
            .map(Result::unwrap)
            .collect();
        for detail in details {
            let is_walk = detail.starts_with("SCAN")
                && bounded.iter().all(|allowed| !detail.starts_with(allowed));
            let sorts = detail.contains("USE TEMP B-TREE FOR ORDER BY")
                && !text.contains("WHERE sealed_sha256 = ?1");
            // All receipts of a hub and epoch, for one file: a walk that calls itself a search.
            let is_hidden_walk = text.contains("WHERE sealed_sha256 = ?1")
                && detail.contains("receipts_hub_index (hub=? AND epoch=?");
            assert!(!is_walk && !sorts && !is_hidden_walk, "{text}\n  {detail}");
        }
    }
}
