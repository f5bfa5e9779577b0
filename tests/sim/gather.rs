//! Takes a healed world apart: what stands on the disks of the hub and of each phone.
//!
//! Owns the reading. Judges nothing (`verdict`). Invariant: files are re-hashed from disk, and the
//! hub's journal and the phones' receipts are read from their databases after the owners closed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use imena_core::encoding::{Hash32, Map, PublicKey, Value};
use imena_core::field_store::PhotoStatus;
use imena_core::journal::Receipt;
use imena_core::keys::{DatabaseKey, VaultKeys};
use imena_core::model::ids::{DeviceId, SealedName};
use imena_core::seal::open_bytes;
use imena_core::store::{Class, Durability, Journal, Layout, SealedFiles};
use imena_core::sync::TransferDb;
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
        let mut phones = Vec::new();
        for phone in std::mem::take(&mut self.phones) {
            let mut one = standing(&phone);
            one.is_member = members.contains(&one.device);
            receipts(phone, &key, self.org.signer.org(), &mut one);
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
            PhotoStatus::HereOnly | PhotoStatus::Elsewhere | PhotoStatus::Missing => {}
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

/// The receipts that a phone counts, from its database after it was closed.
fn receipts(
    mut phone: Phone,
    hub: &PublicKey,
    org: imena_core::model::ids::OrgId,
    one: &mut PhoneEvidence,
) {
    phone.store.take().unwrap().shut_down().unwrap();
    let key = VaultKeys::transfer(&phone.environment, &phone.dir, &*phone.vault).unwrap();
    let layout = Layout::new(&phone.dir);
    let transfer = TransferDb::open(&layout.transfer_db(), &key).unwrap();
    let hub_id = imena_core::model::ids::HubId(hub.id());
    let epoch = transfer.hub(hub_id).unwrap().epoch;
    for bytes in transfer.receipts().unwrap() {
        match Receipt::open(&bytes, hub, org) {
            Ok(receipt) if Some(receipt.word.epoch) == epoch => {
                one.receipts.extend(receipt.word.lines);
            }
            Ok(_) => {}
            Err(error) => one.findings.push(format!("a receipt: {error}")),
        }
    }
}
