//! What is demanded of a world that was healed: nothing lost, nothing twice, no receipt false.
//!
//! Owns the comparison only; `world` gathers the evidence. Pure, so that a negative control can
//! spoil the evidence. Invariant: nothing here is taken from a phone's or the hub's summary where
//! the bytes themselves can be looked at.

use std::collections::{BTreeMap, BTreeSet};

use imena_core::encoding::Hash32;
use imena_core::journal::ReceiptLine;
use imena_core::model::ids::{DeviceId, SealedName};

/// What one phone holds and says.
#[derive(Clone, Debug)]
pub struct PhoneEvidence {
    pub name: String,
    pub device: DeviceId,
    pub is_member: bool,
    pub has_ended: bool,
    /// Last entry of its own chain.
    pub own_seq: u64,
    /// Signed entries of all chains that it knows, and how many chains.
    pub known: (u64, u64),
    /// Photos that it called saved: their files and SHA-256.
    pub saved: BTreeMap<SealedName, Hash32>,
    /// Sealed files that stand in its vault.
    pub held: BTreeSet<SealedName>,
    /// Photos that it calls safe.
    pub safe: BTreeSet<SealedName>,
    /// Photos that it calls checked by the hub.
    pub checked: BTreeSet<SealedName>,
    /// Lines that it counts: of receipts that stand in the hub's folder, the last about each file;
    /// their signatures were checked.
    pub receipts: Vec<ReceiptLine>,
    /// What its own verification found, and receipts that do not verify.
    pub findings: Vec<String>,
}

/// A sealed file as it stands on the hub's disk.
#[derive(Clone, Debug)]
pub struct HubFile {
    pub len: u64,
    /// SHA-256 of its bytes.
    pub hash: Hash32,
    /// SHA-256 of what the organisation reads in it.
    pub plain: Option<Hash32>,
}

/// What the hub holds.
#[derive(Clone, Debug, Default)]
pub struct HubEvidence {
    pub files: BTreeMap<SealedName, HubFile>,
    /// The seqs of each chain in its journal, as they stand there.
    pub chains: BTreeMap<DeviceId, Vec<u64>>,
}

/// A healed world.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub phones: Vec<PhoneEvidence>,
    pub hub: HubEvidence,
}

/// Which promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// Every photo that was called saved is at the hub.
    NothingLost,
    /// Nothing is there twice, and nothing that no phone sent.
    NothingTwice,
    /// What a receipt says is so.
    NoFalseReceipt,
    /// Every entry is in the hub's fold and at every member.
    EveryEntryEverywhere,
    /// Verification finds nothing.
    NoFinding,
    /// Sync comes to its end.
    ComesToAnEnd,
}

/// A promise and how it was broken.
pub type Broken = (Promise, String);

/// All broken promises; empty: every one was kept.
pub fn judge(evidence: &Evidence) -> Vec<Broken> {
    let mut broken = Vec::new();
    for phone in &evidence.phones {
        lost(phone, &evidence.hub, &mut broken);
        false_receipts(phone, &evidence.hub, &mut broken);
        entries(phone, evidence, &mut broken);
        for finding in &phone.findings {
            broken.push((Promise::NoFinding, format!("{}: {finding}", phone.name)));
        }
        if !(phone.has_ended && phone.is_member) {
            let (ended, member) = (phone.has_ended, phone.is_member);
            let text = format!("{}: has ended {ended}, is a member {member}", phone.name);
            broken.push((Promise::ComesToAnEnd, text));
        }
    }
    twice(evidence, &mut broken);
    broken
}

/// Whether the hub has a file of that name whose bytes hash to it.
fn is_whole(hub: &HubEvidence, sealed: SealedName) -> bool {
    hub.files
        .get(&sealed)
        .is_some_and(|file| file.hash == sealed.0)
}

fn lost(phone: &PhoneEvidence, hub: &HubEvidence, broken: &mut Vec<Broken>) {
    for (sealed, sha256) in &phone.saved {
        let plain = hub.files.get(sealed).and_then(|file| file.plain);
        if !is_whole(hub, *sealed) || plain != Some(*sha256) {
            let text = format!("{}: a saved photo is not at the hub: {sealed}", phone.name);
            broken.push((Promise::NothingLost, text));
        }
        if !phone.checked.contains(sealed) {
            let text = format!("{}: not checked in the end: {sealed}", phone.name);
            broken.push((Promise::ComesToAnEnd, text));
        }
    }
}

fn false_receipts(phone: &PhoneEvidence, hub: &HubEvidence, broken: &mut Vec<Broken>) {
    let mut note = |text: String| {
        let text = format!("{}: {text}", phone.name);
        broken.push((Promise::NoFalseReceipt, text));
    };
    for sealed in phone.safe.iter().filter(|sealed| !is_whole(hub, **sealed)) {
        note(format!("called safe, but not at the hub: {sealed}"));
    }
    for line in &phone.receipts {
        match line {
            ReceiptLine::File {
                sealed,
                size,
                sha256,
            } => {
                let file = hub.files.get(sealed);
                let is_true = is_whole(hub, *sealed)
                    && file.is_some_and(|file| file.len == *size)
                    && (sha256.is_none() || file.and_then(|file| file.plain) == *sha256);
                if !is_true {
                    note(format!("a receipt about what is not so: {line:?}"));
                }
            }
            ReceiptLine::Void { .. } => {}
            ReceiptLine::Entries {
                device, upto_seq, ..
            } => {
                let chain = hub.chains.get(device);
                if !chain.is_some_and(|seqs| seqs.contains(upto_seq)) {
                    note(format!(
                        "a receipt about entries that are not there: {line:?}"
                    ));
                }
            }
        }
    }
}

fn entries(phone: &PhoneEvidence, evidence: &Evidence, broken: &mut Vec<Broken>) {
    let mut note = |text: String| {
        let text = format!("{}: {text}", phone.name);
        broken.push((Promise::EveryEntryEverywhere, text));
    };
    let wanted: Vec<u64> = (1..=phone.own_seq).collect();
    let chain = evidence.hub.chains.get(&phone.device);
    let mut found = chain.cloned().unwrap_or_default();
    found.sort_unstable();
    found.dedup();
    if found != wanted {
        let (count, own_seq) = (found.len(), phone.own_seq);
        note(format!("the hub folded {count} of {own_seq} entries"));
    }
    let all = evidence.phones.iter().map(|phone| phone.own_seq).sum();
    let wanted = (all, evidence.phones.len() as u64);
    if phone.known != wanted {
        let known = phone.known;
        note(format!("knows {known:?} (entries, chains) of {wanted:?}"));
    }
}

fn twice(evidence: &Evidence, broken: &mut Vec<Broken>) {
    let mut note = |text: String| broken.push((Promise::NothingTwice, text));
    let here: BTreeSet<SealedName> = evidence.hub.files.keys().copied().collect();
    let union = evidence.phones.iter().flat_map(|phone| &phone.held);
    let union: BTreeSet<SealedName> = union.copied().collect();
    for sealed in here.difference(&union) {
        note(format!("the hub holds what no phone holds: {sealed}"));
    }
    for sealed in union.difference(&here) {
        note(format!("a phone holds what the hub does not: {sealed}"));
    }
    let mut pictures: BTreeMap<Hash32, usize> = BTreeMap::new();
    for plain in evidence.hub.files.values().filter_map(|file| file.plain) {
        *pictures.entry(plain).or_default() += 1;
    }
    for (plain, count) in pictures.iter().filter(|(_, count)| **count > 1) {
        note(format!("{count} files of the one content {plain}"));
    }
    for (device, seqs) in &evidence.hub.chains {
        let distinct: BTreeSet<u64> = seqs.iter().copied().collect();
        if distinct.len() != seqs.len() {
            note(format!("a seq twice in the chain of {device}"));
        }
    }
}
