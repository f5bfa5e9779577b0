//! A folder verified by its files alone: of a phone, of a hub, or laid out by hand; with the organisation's identity and without a database.
//!
//! Owns what is checked and what is told; changes nothing. What stands in no run yet cannot be seen here: the report names the last seq of each chain
//! that is proven. Invariant: nothing is believed that a database, a name or a number says; only hashes, signatures and what opens.

mod records;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::Error;
use super::verify::{Finding, Progress};
use crate::encoding::limits::SEALED_RUN_BYTES_MAX;
use crate::encoding::{Hash32, PublicKey, Value};
use crate::environment::Environment;
use crate::journal::{Absence, Checkpoint, Entry, Receipt, ReceiptLine, Run, verify_erasure};
use crate::keys::{OrgIdentity, Roster, SignedRoster};
use crate::merge::Counting;
use crate::model::ids::{DeviceId, EntryId, HubId, OrgId, SealedName};
use crate::seal::{SealError, objection_to, open_bytes, open_to_end, unlisted_in};
use crate::store::{FileRow, introduced_by};
use crate::vocabulary::Kind;

pub use records::{FieldReport, HeadReport, SubjectReport};
use walk::Listed;

/// What a folder holds, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FolderReport {
    /// The organisation, if a roster or a run says it.
    pub org: Option<OrgId>,
    /// Versions of the rosters that verify.
    pub rosters: Vec<u64>,
    /// Sealed files whose bytes hash to their names.
    pub files: u64,
    /// Of those, runs that were opened and verified.
    pub runs: u64,
    /// Chains, by device.
    pub chains: Vec<ChainReport>,
    /// Receipts, by hub and epoch.
    pub receipts: Vec<EpochReport>,
    /// Files that entries introduce and that are here and open to what their entries say.
    pub introduced: u64,
    /// Files that entries introduce and that are not here.
    pub elsewhere: u64,
    /// What the entries say, subject by subject.
    pub subjects: Vec<SubjectReport>,
    /// What is wrong; empty: nothing is.
    pub findings: Vec<Finding>,
}

/// One chain as its runs tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    /// Whose.
    pub device: DeviceId,
    /// Distinct entries here.
    pub entries: u64,
    /// Every entry up to here is here, linked and signed for.
    pub proven_upto_seq: u64,
    /// The last of them; absent if none is.
    pub entry_id: Option<EntryId>,
    /// Numbers that two entries bear.
    pub forks: Vec<u64>,
}

/// The receipts of one epoch of a hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EpochReport {
    /// The hub.
    pub hub: HubId,
    /// The epoch, hexadecimal.
    pub epoch: String,
    /// Receipts that verify.
    pub receipts: u64,
    /// The highest number among them.
    pub hub_seq_max: u64,
}

/// Verifies the folder at `dir`; `progress` is told (done, all) sealed files and may end it.
///
/// # Errors
/// `Cancelled`, or the disk does not answer.
pub fn verify_folder(
    environment: &Environment,
    dir: &Path,
    identity: &OrgIdentity,
    progress: Progress<'_>,
) -> Result<FolderReport, Error> {
    let mut reading = Reading {
        environment,
        dir,
        identity,
        report: FolderReport::default(),
        roster: None,
        whole: BTreeMap::new(),
        runs: Vec::new(),
        checkpoints: Vec::new(),
        entries: BTreeMap::new(),
        reached: BTreeSet::new(),
    };
    reading.read_rosters()?;
    reading.read_sealed(progress)?;
    reading.read_runs();
    reading.read_chains();
    reading.read_absent();
    reading.read_introduced()?;
    reading.read_receipts()?;
    reading.fold();
    Ok(reading.report)
}

/// How a run begins where photos stand beside runs; no picture begins so.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// A verification in progress.
struct Reading<'a> {
    environment: &'a Environment,
    dir: &'a Path,
    identity: &'a OrgIdentity,
    report: FolderReport,
    roster: Option<SignedRoster>,
    /// Sealed files whose bytes are what their names say.
    whole: BTreeMap<SealedName, Listed>,
    runs: Vec<(SealedName, Run)>,
    checkpoints: Vec<Checkpoint>,
    entries: BTreeMap<DeviceId, BTreeMap<(u64, EntryId), Entry>>,
    /// Entries that are reached from the starts of their chains.
    reached: BTreeSet<EntryId>,
}

impl Reading<'_> {
    fn find(&mut self, place: impl Into<String>, what: impl Into<String>) {
        let (place, what) = (place.into(), what.into());
        self.report.findings.push(Finding { place, what });
    }

    /// Rosters in the order of their versions, each as the successor of the one before.
    fn read_rosters(&mut self) -> Result<(), Error> {
        for file in walk::rosters(self.environment, self.dir)? {
            let place = format!("roster {}", file.name);
            let signed = if file.name.ends_with(walk::SEALED_ROSTER) {
                let sealed = file.bytes.as_slice();
                if let Some(objection) = objection_to(sealed).or_else(|| unlisted_in(sealed, 1)) {
                    self.find(place.clone(), objection);
                }
                let identity = self.identity.identity();
                match open_bytes(&[identity], &file.bytes, SEALED_RUN_BYTES_MAX) {
                    Ok(signed) => signed,
                    Err(error) => {
                        self.find(place, error.to_string());
                        continue;
                    }
                }
            } else {
                file.bytes
            };
            let opened = match self.roster.clone() {
                Some(before) => before.succeed(&signed),
                None => SignedRoster::open_first(&signed),
            };
            match opened {
                Ok(roster) if file.version.is_some_and(|v| v != roster.roster.version) => {
                    let what = format!("it is version {}", roster.roster.version);
                    self.find(place, what);
                }
                Ok(roster) => {
                    self.report.rosters.push(roster.roster.version);
                    self.roster = Some(roster);
                }
                Err(error) => self.find(place, error.to_string()),
            }
        }
        self.report.rosters.dedup();
        self.report.org = self.roster.as_ref().map(|signed| signed.roster.org);
        self.compare_org()
    }

    /// The organisation's key in the folder says which organisation it must be.
    fn compare_org(&mut self) -> Result<(), Error> {
        let Some(spki) = walk::org_spki(self.environment, self.dir)? else {
            return Ok(());
        };
        let org = OrgId(Hash32::of(&spki));
        if *self.report.org.get_or_insert(org) != org {
            self.find("org.spki", "the rosters here are of another organisation");
        }
        Ok(())
    }

    /// Every sealed file is hashed; small ones that hold a run are unpacked.
    fn read_sealed(&mut self, progress: Progress<'_>) -> Result<(), Error> {
        let listed = walk::sealed_files(self.environment, self.dir)?;
        let all = listed.len() as u64;
        for (done, file) in (1_u64..).zip(listed) {
            let (found, _) = Hash32::of_stream(self.environment.files.open(&file.path)?)?;
            if found == file.sealed.0 {
                let opened = walk::open(self.environment, &file.path)?;
                if let Some(objection) = objection_to(opened) {
                    self.find(format!("sealed file {}", file.sealed), objection);
                }
                if !self.whole.contains_key(&file.sealed) {
                    self.unpack(&file)?;
                }
                self.whole.insert(file.sealed, file);
            } else {
                let place = format!("sealed file {}", file.sealed);
                self.find(place, "its bytes do not hash to its name");
            }
            if progress(done, all).is_break() {
                return Err(Error::Cancelled);
            }
        }
        self.report.files = self.whole.len() as u64;
        Ok(())
    }

    /// Keeps a run for later; in a folder of many kinds a file that holds none is a photo.
    fn unpack(&mut self, file: &Listed) -> Result<(), Error> {
        if !file.may_be_run || file.size > SEALED_RUN_BYTES_MAX as u64 {
            return Ok(());
        }
        let place = format!("run {}", file.sealed);
        let sealed = walk::read(self.environment, &file.path)?;
        let packed = match open_bytes(&[self.identity.identity()], &sealed, SEALED_RUN_BYTES_MAX) {
            Ok(packed) => packed,
            Err(error) => {
                self.find(place, error.to_string());
                return Ok(());
            }
        };
        if !file.is_run && !packed.starts_with(GZIP) {
            return Ok(());
        }
        let org = match self.report.org {
            Some(org) => org,
            None => match Run::claimed_org(&packed) {
                Some(org) => org,
                None => {
                    self.find(place, "it does not unpack to a run");
                    return Ok(());
                }
            },
        };
        match Run::unpack(&packed, org) {
            Ok(run) => {
                self.report.org = Some(org);
                if let Some(objection) = unlisted_in(sealed.as_slice(), run.sealed_to.len()) {
                    self.find(place, objection);
                }
                self.runs.push((file.sealed, run));
            }
            Err(error) => self.find(place, error.to_string()),
        }
        Ok(())
    }

    /// Entries of the runs whose signatures fit; a run with a fault gives none of its entries.
    fn read_runs(&mut self) {
        let keys = self.keys();
        for (sealed, run) in std::mem::take(&mut self.runs) {
            let key = run.device().and_then(|device| keys.get(&device));
            let Some(key) = key else {
                let what = "no roster and no first entry here names the key of its device";
                self.find(format!("run {sealed}"), what);
                continue;
            };
            match run.checkpoint(key) {
                Ok(checkpoint) => {
                    self.report.runs = self.report.runs.saturating_add(1);
                    let chain = self.entries.entry(checkpoint.device).or_default();
                    for entry in run.entries {
                        let at = (entry.header.seq, entry.id);
                        let kept = chain.entry(at).or_insert_with(|| entry.clone());
                        if entry.body_bytes.weight() > kept.body_bytes.weight() {
                            *kept = entry;
                        }
                    }
                    self.checkpoints.push(checkpoint);
                }
                Err(error) => self.find(format!("run {sealed}"), error.to_string()),
            }
        }
    }

    /// The keys of devices: from the roster, and from first entries; the hash of a key is its device's id, so both are one.
    fn keys(&self) -> BTreeMap<DeviceId, PublicKey> {
        let lines = self.roster.iter().flat_map(|signed| &signed.roster.devices);
        let named = lines.map(|line| line.spki.clone());
        let entries = self.runs.iter().flat_map(|(_, run)| &run.entries);
        let first = entries.filter(|entry| entry.header.kind == Kind::DeviceStarted);
        let first = first.filter_map(|entry| Some(entry.field(1)?.as_bytes()?.to_vec()));
        named
            .chain(first)
            .filter_map(|spki| PublicKey::from_spki(&spki).ok())
            .map(|key| (DeviceId(key.id()), key))
            .collect()
    }

    /// How far each chain is here, linked and signed for.
    fn read_chains(&mut self) {
        for (device, entries) in std::mem::take(&mut self.entries) {
            let (chain, reached) = self.chain(device, &entries);
            for seq in &chain.forks {
                let what = format!("two entries of number {seq}: both are kept");
                self.find(format!("chain {device}"), what);
            }
            if let Some((seq, _)) = entries.keys().find(|(_, id)| !reached.contains(id)) {
                let what = format!("entry {seq} is here, and what leads to it is not");
                self.find(format!("chain {device}"), what);
            }
            self.reached.extend(reached);
            self.report.chains.push(chain);
            self.entries.insert(device, entries);
        }
    }

    /// The chain, and which of its entries are reached from its start.
    fn chain(
        &self,
        device: DeviceId,
        entries: &BTreeMap<(u64, EntryId), Entry>,
    ) -> (ChainReport, BTreeSet<EntryId>) {
        // Both branches of a fork lead on: the front holds every entry that is reached at a number.
        let (mut front, mut seq) = (BTreeSet::from([device.0]), 0_u64);
        let mut all = BTreeSet::new();
        let mut forks: Vec<u64> = entries
            .keys()
            .zip(entries.keys().skip(1))
            .filter(|(one, next)| one.0 == next.0)
            .map(|(one, _)| one.0)
            .collect();
        forks.dedup();
        loop {
            let next = seq.saturating_add(1);
            let from = (next, EntryId(Hash32([0; 32])));
            let upto = (next, EntryId(Hash32([255; 32])));
            let of_number = entries.range(from..=upto);
            let linked = of_number.filter(|(_, entry)| front.contains(&entry.header.prev));
            let reached: BTreeSet<Hash32> = linked.map(|((_, id), _)| id.0).collect();
            if reached.is_empty() {
                break;
            }
            all.extend(reached.iter().map(|id| EntryId(*id)));
            (front, seq) = (reached, next);
        }
        let signed = self.checkpoints.iter().filter(|word| {
            word.device == device && word.seq == seq && front.contains(&word.entry_id.0)
        });
        let report = ChainReport {
            device,
            entries: entries.len() as u64,
            proven_upto_seq: seq,
            entry_id: signed.map(|word| word.entry_id).min(),
            forks,
        };
        (report, all)
    }

    /// Bodies that are lost, or erased by nobody's order; and order numbers that nobody counted.
    fn read_absent(&mut self) {
        let ordered = self.erasures();
        let entries = self.entries.values().flat_map(BTreeMap::values);
        let mut found = Vec::new();
        for entry in entries {
            let place = format!("chain {}", entry.header.device);
            let seq = entry.header.seq;
            match entry.body_bytes.absence() {
                Some(Absence::Lost) => {
                    found.push((place.clone(), format!("the body of {seq} is lost")))
                }
                Some(Absence::Erased { .. }) if !ordered.contains(&entry.id) => {
                    let what =
                        format!("the body of {seq} is called erased, and no order here says so");
                    found.push((place.clone(), what));
                }
                Some(Absence::Withheld | Absence::Erased { .. } | Absence::Newer(_)) | None => {}
            }
            if entry.header.has_lamport_beyond_counting() {
                found.push((
                    place,
                    format!("entry {seq} has an order number that nobody counted"),
                ));
            }
        }
        for (place, what) in found {
            self.find(place, what);
        }
    }

    /// What valid orders here name.
    fn erasures(&self) -> BTreeSet<EntryId> {
        let Some(signed) = &self.roster else {
            return BTreeSet::new();
        };
        let entries = self.entries.values().flat_map(BTreeMap::values);
        let orders = entries.filter(|entry| entry.header.kind == Kind::Erased);
        let list = |entry: &Entry, field| -> Vec<Value> {
            let list = entry.field(field).and_then(Value::as_array);
            list.unwrap_or_default().to_vec()
        };
        let mut named = BTreeSet::new();
        for order in orders {
            let targets = list(order, 1);
            let targets: Vec<EntryId> = targets.iter().filter_map(EntryId::from_value).collect();
            let words = list(order, 2);
            let words = words.iter().filter_map(Value::as_bytes).map(<[u8]>::to_vec);
            let words: Vec<Vec<u8>> = words.collect();
            if verify_erasure(&signed.roster, &targets, &words).is_ok() {
                named.extend(targets);
            }
        }
        named
    }

    /// Files that entries introduce: those that are here open to what their entries say.
    fn read_introduced(&mut self) -> Result<(), Error> {
        let entries = self.entries.values().flat_map(BTreeMap::values);
        let mut introduced: BTreeMap<SealedName, Vec<FileRow>> = BTreeMap::new();
        for (row, _) in entries.flat_map(introduced_by) {
            introduced.entry(row.sealed).or_default().push(row);
        }
        for (sealed, rows) in introduced {
            let Some(file) = self.whole.get(&sealed) else {
                self.report.elsewhere = self.report.elsewhere.saturating_add(1);
                continue;
            };
            let place = format!("sealed file {sealed}");
            let opened = walk::open(self.environment, &file.path)?;
            let mut hasher = crate::encoding::hash::Hasher::new();
            let read = open_to_end(&[self.identity.identity()], opened, &mut |chunk| {
                hasher.update(chunk);
                Ok(())
            });
            let sha256 = hasher.finish();
            let is_meant = |row: &FileRow| row.sha256.is_none_or(|said| said == sha256);
            let mut said = Vec::new();
            for row in &rows {
                let listed = row.recipients.and_then(|count| usize::try_from(count).ok());
                let opened = walk::open(self.environment, &file.path)?;
                said.extend(listed.and_then(|listed| unlisted_in(opened, listed)));
                if file.size != row.size {
                    let (has, seq, says) = (file.size, row.seq, row.size);
                    said.push(format!("it has {has} bytes, entry {seq} says {says}"));
                }
                if read.is_ok() && !is_meant(row) {
                    let seq = row.seq;
                    said.push(format!("it opens to other bytes than entry {seq} says"));
                }
            }
            match read {
                // One entry that is right is enough: another one that is wrong does not make a good file bad.
                Ok(_) if rows.iter().any(is_meant) => {
                    self.report.introduced = self.report.introduced.saturating_add(1);
                }
                Ok(_) => {}
                Err(SealError::Io(error)) => return Err(error.into()),
                Err(error) => said.push(error.to_string()),
            }
            for what in said {
                self.find(place.clone(), what);
            }
        }
        Ok(())
    }

    fn read_receipts(&mut self) -> Result<(), Error> {
        for listed in walk::receipts(self.environment, self.dir)? {
            let file = listed.file;
            let epoch = data_encoding::HEXLOWER.encode(&file.epoch);
            let place = format!("receipts of {} in epoch {epoch}", file.hub.0.short());
            let key = self
                .roster
                .as_ref()
                .and_then(|signed| signed.roster.hub_key(file.hub));
            let mut told = EpochReport {
                hub: file.hub,
                epoch,
                receipts: 0,
                hub_seq_max: 0,
            };
            let Some((key, org)) = key.zip(self.report.org) else {
                self.find(place, "no roster here names the hub");
                self.report.receipts.push(told);
                continue;
            };
            if listed.is_torn {
                self.find(place.clone(), "its file ends within a receipt");
            }
            let mut seen = BTreeSet::new();
            for bytes in listed.items {
                match Receipt::open(&bytes, &key, org) {
                    Ok(receipt) if receipt.word.epoch != file.epoch => {
                        self.find(place.clone(), "a receipt of another epoch");
                    }
                    Ok(receipt) if !seen.insert(receipt.id) => {}
                    Ok(receipt) => {
                        told.receipts = told.receipts.saturating_add(1);
                        told.hub_seq_max = told.hub_seq_max.max(receipt.word.hub_seq);
                        self.compare(&place, &receipt);
                    }
                    Err(error) => self.find(place.clone(), error.to_string()),
                }
            }
            self.report.receipts.push(told);
        }
        Ok(())
    }

    /// What a receipt says of an entry must be so where the entry is here.
    fn compare(&mut self, place: &str, receipt: &Receipt) {
        for line in &receipt.word.lines {
            let ReceiptLine::Entries {
                device,
                upto_seq,
                entry_id,
            } = line
            else {
                continue;
            };
            let chain = self.entries.get(device);
            let known = chain.map(|chain| chain.keys().filter(|(seq, _)| seq == upto_seq));
            let mut known = known.into_iter().flatten().peekable();
            if known.peek().is_some() && !known.any(|(_, id)| id == entry_id) {
                let what = format!("it names another entry {upto_seq} of {device} than is here");
                self.find(place, what);
            }
        }
    }

    fn fold(&mut self) {
        let entries = self.entries.values().flat_map(BTreeMap::values);
        let entries = entries.filter(|entry| self.reached.contains(&entry.id));
        let entries: Vec<Entry> = entries.cloned().collect();
        let roster: Option<&Roster> = self.roster.as_ref().map(|signed| &signed.roster);
        let counting = Counting::through(roster, &entries);
        self.report.subjects = records::of(&entries, &counting);
    }
}

#[cfg(test)]
mod tests;
