//! The phone: a session, open, unlock, status and the list for freeing, in a vault with rows of many files.

use std::path::Path;

use ed25519_dalek::{Signer as _, SigningKey};
use imena_core::encoding::{Hash32, Map, PublicKey};
use imena_core::environment::Environment;
use imena_core::field_store::{FieldStore, StoreConfig};
use imena_core::journal::{Receipt, ReceiptDraft, ReceiptLine, sign_receipt};
use imena_core::keys::{
    JoinCode, LineState, Organisation, PassphraseCost, Roster, RosterHub, VaultKeys,
};
use imena_core::model::ids::{HubId, OrgId, SealedName, SubjectId};
use imena_core::store::{
    Class, Durability, Journal, Layout, OwnChain, ReceiptFiles, SealedFiles, Word,
};
use imena_core::sync::wire::{CONTENT_TYPE, FileState, PutReply, SyncReply, SyncRequest};
use imena_core::sync::{
    HubState, JobBody, LinkCost, Step, TransferDb, TransferJob, TransferOutcome,
};
use imena_core::vocabulary::Kind;
use imena_tests::phone::{PASSCODE, Phone};

use super::{head, row};
use crate::measure::cost;

const EPOCH: [u8; 16] = [1; 16];
const PIN: Hash32 = Hash32([2; 32]);
/// Files that one session sends.
const SENT: u64 = 200;
const FILE_BYTES: usize = 1024;
/// Rounds of what is quick.
const ROUNDS: u32 = 21;

pub fn run(held: &[u64]) {
    let mut figures: Vec<Vec<f64>> = vec![Vec::new(); ROWS.len()];
    for held in held {
        for (all, figure) in figures.iter_mut().zip(measure(*held)) {
            all.push(figure);
        }
    }
    head("phone, CPU in ms", held);
    for (name, figures) in ROWS.iter().zip(&figures) {
        row(name, figures);
    }
}

const ROWS: [&str; 5] = [
    "sync, per file of a session of 200",
    "open",
    "unlock (reads every page of the journal)",
    "status",
    "originals that may be freed, listed",
];

fn measure(held: u64) -> [f64; 5] {
    let home = tempfile::Builder::new()
        .prefix("imena-bench-")
        .tempdir()
        .unwrap();
    let stand = Stand::new(home.path());
    stand.grow(held);
    // The first unlock after growing builds the lists, and the first session closes and sends the runs of what was grown: that is work of the entries.
    stand.session(&stand.open(), 0);
    let mut store = None;
    let open = cost(|| store = Some(FieldStore::open(stand.config()).unwrap())).cpu_ms;
    let store = store.unwrap();
    let unlock = cost(|| drop(store.unlock(PASSCODE).unwrap())).cpu_ms;
    let status = per_round(|| drop(store.status().unwrap()));
    let free = per_round(|| drop(store.originals_here().unwrap()));
    let session = cost(|| stand.session(&store, 1)).cpu_ms / SENT as f64;
    [session, open, unlock, status, free]
}

fn per_round(work: impl Fn()) -> f64 {
    cost(|| (0..ROUNDS).for_each(|_| work())).cpu_ms / f64::from(ROUNDS)
}

struct Stand {
    config: StoreConfig,
    hub: SigningKey,
    org: OrgId,
}

impl Stand {
    fn new(home: &Path) -> Self {
        let environment = Environment::system(0);
        let (organisation, _) = Organisation::create(
            &environment,
            &home.join("organisation"),
            "beech wood",
            PassphraseCost::TEST,
        )
        .unwrap();
        let hub = SigningKey::from_bytes(&[5; 32]);
        let recipient = organisation.identity.recipient();
        let mut roster = Roster::first(&organisation.signer, recipient, 0);
        roster.hubs.push(RosterHub {
            spki: public(&hub).spki().to_vec(),
            tls_pins: vec![PIN],
            addresses: vec!["hub.invalid:1".to_owned()],
            name: "hub".to_owned(),
            state: LineState::Active,
            last_good: None,
        });
        let code = JoinCode::of_roster(&roster).unwrap().to_text().unwrap();
        let config = StoreConfig {
            dir: home.join("vault"),
            ..Phone::new().config()
        };
        let vault = imena_core::field_store::software_vault(&environment, &config.dir).unwrap();
        let config = StoreConfig { vault, ..config };
        let store = FieldStore::join(config.clone(), &code, "T01", PASSCODE).unwrap();
        store.start_work(None).unwrap();
        drop(store);
        let stand = Self {
            config,
            hub,
            org: roster.org,
        };
        let signed = roster.sign(&organisation.signer).unwrap();
        let transfer = stand.transfer();
        transfer.set_fact("roster", &signed.bytes).unwrap();
        let state = HubState {
            token: Some(([1; 32], i64::MAX)),
            is_member: true,
            epoch: Some(EPOCH),
            ..HubState::default()
        };
        transfer.set_hub(stand.hub_id(), &state).unwrap();
        stand
    }

    fn config(&self) -> StoreConfig {
        self.config.clone()
    }

    fn open(&self) -> FieldStore {
        let store = FieldStore::open(self.config()).unwrap();
        store.unlock(PASSCODE).unwrap();
        store
    }

    fn hub_id(&self) -> HubId {
        HubId(public(&self.hub).id())
    }

    fn transfer(&self) -> TransferDb {
        let environment = Environment::system(0);
        let layout = Layout::new(&self.config.dir);
        let key = VaultKeys::transfer(&environment, &self.config.dir, &*self.config.vault).unwrap();
        let receipts = ReceiptFiles::new(&environment, &layout.receipts(), &layout.quarantine());
        TransferDb::open(&layout.transfer_db(), &key, receipts).unwrap()
    }

    /// Rows as `held` files would leave them, all receipted: a third originals, with two renditions each.
    fn grow(&self, held: u64) {
        let environment = Environment::system(0);
        let layout = Layout::new(&self.config.dir);
        let photos = held.div_ceil(3);
        let keys = VaultKeys::open(
            &environment,
            &self.config.dir,
            &*self.config.vault,
            PASSCODE,
        )
        .unwrap();
        let journal = Journal::open(
            &environment,
            &layout.journal_db(),
            &keys.journal(),
            Durability::Full,
        )
        .unwrap();
        let device = imena_core::keys::device_key(&*self.config.vault).unwrap();
        let device = imena_core::model::ids::DeviceId(device.id());
        let chain = OwnChain::new(&environment, self.org, device, "bench", journal);
        chain
            .append(|pen| {
                for photo in 0..photos {
                    let subject = SubjectId::new(&environment)?;
                    let [original, thumbnail, preview] = names(photo);
                    let fields = Map::new()
                        .with(1, original)
                        .uint(2, 4_000_000)
                        .with(3, Hash32::of(original.as_bytes()));
                    pen.write(Word::create(Kind::Photo, subject, fields))?;
                    let rendition = |sealed: SealedName| {
                        Map::new().with(0, sealed).uint(1, 8_000).with(2, sealed.0)
                    };
                    let fields = Map::new()
                        .with(1, subject)
                        .with(2, rendition(thumbnail))
                        .with(3, rendition(preview));
                    let made = SubjectId::new(&environment)?;
                    pen.write(Word::create(Kind::RenditionsMade, made, fields))?;
                }
                Ok::<_, imena_core::store::StoreError>(())
            })
            .unwrap();
        let transfer = self.transfer();
        transfer
            .together(|| {
                let mut receipts = Vec::new();
                for photo in 0..photos {
                    for (name, class) in names(photo).into_iter().zip(CLASSES) {
                        transfer.add_file(name, class, 4_000_000, photo as i64)?;
                    }
                    receipts.push(self.receipt(photo + 1, &names(photo), true));
                    if receipts.len() == 500 || photo + 1 == photos {
                        transfer.add_receipts(&std::mem::take(&mut receipts), Some(EPOCH))?;
                    }
                    if photo % 20 != 0 {
                        transfer.set_freed(names(photo)[0])?;
                    }
                }
                Ok::<_, imena_core::store::StoreError>(())
            })
            .unwrap();
    }

    fn receipt(&self, hub_seq: u64, files: &[SealedName], is_checked: bool) -> Receipt {
        let lines = files.iter().map(|sealed| ReceiptLine::File {
            sealed: *sealed,
            size: 1,
            sha256: is_checked.then_some(sealed.0),
        });
        let word = ReceiptDraft {
            org: self.org,
            hub: self.hub_id(),
            epoch: EPOCH,
            hub_seq,
            prev: Hash32::ZERO,
            lines: lines.collect(),
            hub_time_ms: 1,
            before: None,
        };
        let sign =
            |m: &[u8]| Ok::<_, std::convert::Infallible>(self.hub.sign(m).to_bytes().to_vec());
        sign_receipt(word, &public(&self.hub), sign).unwrap()
    }

    /// The `round`th session that sends what waits; the answers are made here.
    fn session(&self, store: &FieldStore, round: u64) {
        let layout = Layout::new(&self.config.dir);
        let files = SealedFiles::new(&Environment::system(0), &layout);
        let transfer = self.transfer();
        for nth in 0..SENT {
            let mut bytes = vec![0; FILE_BYTES];
            bytes[..8].copy_from_slice(&nth.to_be_bytes());
            bytes[8..16].copy_from_slice(&round.to_be_bytes());
            let sealed = SealedName(Hash32::of(&bytes));
            files.store(sealed, Class::Original, &bytes).unwrap();
            transfer
                .add_file(sealed, Class::Original, FILE_BYTES as u64, i64::MAX)
                .unwrap();
        }
        drop(transfer);
        let target = store.hubs().swap_remove(0);
        let mut desk = store.begin_sync(target, LinkCost::Free).unwrap();
        let mut hub_seq = (round + 1) << 40;
        loop {
            let (step, job) = store.next_job(&mut desk).unwrap();
            let Some(job) = job else {
                assert_eq!(step, Step::Done);
                return;
            };
            hub_seq += 1;
            let outcome = self.answer(&step, &job, hub_seq);
            store.report_job(&mut desk, job.number, outcome).unwrap();
        }
    }

    fn answer(&self, step: &Step, job: &TransferJob, hub_seq: u64) -> TransferOutcome {
        let body = match step {
            Step::Put { sealed, total, .. } => PutReply {
                have: *total,
                is_stored: true,
                receipt: Some(self.receipt(hub_seq, &[*sealed], false).bytes),
            }
            .encode(),
            _ => {
                let JobBody::Inline(bytes) = &job.body else {
                    panic!("{step:?}")
                };
                let asked = SyncRequest::decode(bytes).unwrap();
                let files = asked.offers.iter().map(|offer| FileState {
                    sealed: offer.sealed,
                    have: 0,
                    is_stored: false,
                });
                SyncReply {
                    files: files.collect(),
                    receipts: Vec::new(),
                    segments: Vec::new(),
                    held: None,
                    next_cursor: None,
                    roster: None,
                    retry_after_s: None,
                    is_locked: true,
                    epoch: EPOCH,
                    has_more: false,
                }
                .encode()
            }
        };
        TransferOutcome::Reply {
            status: 200,
            content_type: CONTENT_TYPE.to_owned(),
            body,
            pin_seen: PIN,
        }
    }
}

const CLASSES: [Class; 3] = [Class::Original, Class::Thumbnail, Class::Preview];

fn names(photo: u64) -> [SealedName; 3] {
    [0_u8, 1, 2].map(|nth| SealedName(Hash32::of(&[&[nth][..], &photo.to_be_bytes()].concat())))
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_ed25519(&key.verifying_key()).unwrap()
}
