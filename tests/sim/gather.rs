//! Takes a healed world apart: what stands on the disks of the hub and of each phone.
//!
//! Owns the reading. Judges nothing (`verdict`). Invariant: files are re-hashed from disk, and the
//! hub's journal and everybody's receipts are read from disk after the owners closed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use imena_core::encoding::{Hash32, Map, PublicKey, Value};
use imena_core::field_store::PhotoStatus;
use imena_core::journal::{Receipt, ReceiptLine};
use imena_core::keys::DatabaseKey;
use imena_core::model::ids::{DeviceId, ReceiptId, SealedName};
use imena_core::seal::open_bytes;
use imena_core::store::{Class, Durability, Journal, Layout, ReceiptFiles, SealedFiles};
use imena_hub::admin::Unlock;

use crate::verdict::{Evidence, HubEvidence, HubFile, PhoneEvidence};
use crate::world::{Phone, World};

/// No sealed file of a simulated world holds more.
const PLAIN_BYTES_MAX: usize = 16 * 1024 * 1024;

impl World {
    /// Closes everything and gives what is there.
    pub fn evidence(mut self) -> Evidence {
        let key = PublicKey::from_spki(&self.hub().line().spki).unwrap();
        self.close_hub();
        let hub = HubEvidence {
            files: self.hub_files(),
            chains: self.hub_chains(),
        };
        let members: BTreeSet<DeviceId> = self
            .roster
            .devices
            .iter()
            .map(|line| line.id().unwrap())
            .collect();
        let order = self.receipt_order(&key);
        let mut phones = Vec::new();
        for phone in std::mem::take(&mut self.phones) {
            let mut one = standing(&phone);
            one.is_member = members.contains(&one.device);
            let receipts = phone_receipts(phone, &key, self.org.signer.org(), &mut one);
            one.receipts = counted(&order, receipts);
            phones.push(one);
        }
        Evidence { phones, hub }
    }

    /// Every sealed file on the hub's disk.
    fn hub_files(&self) -> BTreeMap<SealedName, HubFile> {
        let mut files = BTreeMap::new();
        for shelf in fs::read_dir(self.hub_dir().join("files")).unwrap() {
            for entry in fs::read_dir(shelf.unwrap().path()).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let bytes = fs::read(&path).unwrap();
                let identity = self.org.identity.identity();
                let plain = open_bytes(&[identity], &bytes, PLAIN_BYTES_MAX).ok();
                let file = HubFile {
                    len: bytes.len() as u64,
                    hash: Hash32::of(&bytes),
                    plain: plain.map(|plain| Hash32::of(&plain)),
                };
                files.insert(SealedName(Hash32::from_hex(&name).unwrap()), file);
            }
        }
        files
    }

    /// Every receipt in the hub's folder, in the order in which the hub signed: epochs follow each
    /// other by what their receipts say of the epoch before.
    fn receipt_order(&self, key: &PublicKey) -> BTreeMap<ReceiptId, usize> {
        let layout = Layout::new(&self.hub_dir());
        let aside = self.home.path().join("aside");
        let files = ReceiptFiles::new(&self.hub_environment, &layout.receipts(), &aside);
        let org = self.org.signer.org();
        let mut epochs: BTreeMap<[u8; 16], Vec<Receipt>> = BTreeMap::new();
        for file in files.list().unwrap() {
            let items = files.read_from(file, 0).unwrap();
            let open = |(_, bytes): (_, Vec<u8>)| Receipt::open(&bytes, key, org).unwrap();
            epochs.insert(file.epoch, items.into_iter().map(open).collect());
        }
        let mut order = BTreeMap::new();
        let mut last: Option<[u8; 16]> = None;
        loop {
            let next = epochs.iter().find(|(_, receipts)| {
                let before = receipts.first().and_then(|first| first.word.before);
                before.map(|end| end.epoch) == last
            });
            let Some(epoch) = next.map(|(epoch, _)| *epoch) else {
                assert!(epochs.is_empty(), "an epoch of the hub follows none");
                return order;
            };
            for receipt in epochs.remove(&epoch).unwrap_or_default() {
                let number = order.len();
                order.insert(receipt.id, number);
            }
            last = Some(epoch);
        }
    }

    /// Every seq of every chain in the hub's journal, as often as it stands there.
    fn hub_chains(&self) -> BTreeMap<DeviceId, Vec<u64>> {
        let unlock = Unlock::of(&self.org.identity).encode();
        let map = Map::decode(&unlock).unwrap();
        let key = map.get(1).and_then(Value::as_bytes).unwrap();
        let key = DatabaseKey::new(key.try_into().unwrap());
        let path = self.hub_dir().join("journal.db");
        let environment = &self.hub_environment;
        let journal = Journal::open(environment, &path, &key, Durability::Disposable).unwrap();
        let mut chains: BTreeMap<DeviceId, Vec<u64>> = BTreeMap::new();
        for (_, entry) in journal.entries_after(0, usize::MAX >> 1).unwrap() {
            let (device, seq) = (entry.header.device, entry.header.seq);
            chains.entry(device).or_default().push(seq);
        }
        chains
    }
}

/// What an open phone says and holds.
fn standing(phone: &Phone) -> PhoneEvidence {
    let store = phone.store();
    let verified = store
        .verify(&mut |_, _| std::ops::ControlFlow::Continue(()))
        .unwrap();
    let files = SealedFiles::new(&phone.environment, store.layout());
    let mut held = BTreeSet::new();
    for class in [Class::Run, Class::Original] {
        held.extend(
            files
                .stored(class)
                .unwrap()
                .iter()
                .map(|(sealed, _)| *sealed),
        );
    }
    held.extend(files.incoming().unwrap().iter().filter_map(|file| file.1));
    let (mut safe, mut checked) = (BTreeSet::new(), BTreeSet::new());
    for sealed in phone.saved.keys() {
        match store.photo_status(*sealed).unwrap() {
            PhotoStatus::HereOnly
            | PhotoStatus::Elsewhere
            | PhotoStatus::Missing
            | PhotoStatus::LostHere => {}
            PhotoStatus::OnHub | PhotoStatus::Replicated => {
                safe.insert(*sealed);
            }
            PhotoStatus::CheckedOnHub => {
                safe.insert(*sealed);
                checked.insert(*sealed);
            }
        }
    }
    let findings = verified.findings.iter();
    let findings = findings.map(|finding| format!("{}: {}", finding.place, finding.what));
    PhoneEvidence {
        name: phone.name.clone(),
        device: store.device_id(),
        is_member: false,
        has_ended: phone.has_ended,
        own_seq: store.status().unwrap().own_seq.unwrap(),
        known: (verified.entries, verified.chains),
        saved: phone.saved.clone(),
        held,
        safe,
        checked,
        receipts: Vec::new(),
        findings: findings.collect(),
    }
}

/// The receipts that a phone keeps, from its files after it was closed.
fn phone_receipts(
    mut phone: Phone,
    hub: &PublicKey,
    org: imena_core::model::ids::OrgId,
    one: &mut PhoneEvidence,
) -> Vec<Receipt> {
    phone.store.take().unwrap().shut_down().unwrap();
    let layout = Layout::new(&phone.dir);
    let files = ReceiptFiles::new(&phone.environment, &layout.receipts(), &layout.quarantine());
    let mut receipts = Vec::new();
    for file in files.list().unwrap() {
        for (_, bytes) in files.read_from(file, 0).unwrap() {
            match Receipt::open(&bytes, hub, org) {
                Ok(receipt) => receipts.push(receipt),
                Err(error) => one.findings.push(format!("a receipt: {error}")),
            }
        }
    }
    receipts
}

/// Lines about chains, and the last line about each file unless it takes back: of the receipts that
/// the hub's folder knows, in the hub's order.
fn counted(order: &BTreeMap<ReceiptId, usize>, mut receipts: Vec<Receipt>) -> Vec<ReceiptLine> {
    receipts.retain(|receipt| order.contains_key(&receipt.id));
    receipts.sort_by_key(|receipt| order[&receipt.id]);
    let (mut files, mut lines) = (BTreeMap::new(), Vec::new());
    for line in receipts.iter().flat_map(|receipt| &receipt.word.lines) {
        match line {
            ReceiptLine::File { sealed, .. } => drop(files.insert(*sealed, *line)),
            ReceiptLine::Void { sealed, .. } => drop(files.remove(sealed)),
            ReceiptLine::Entries { .. } => lines.push(*line),
        }
    }
    lines.extend(files.into_values());
    lines
}
