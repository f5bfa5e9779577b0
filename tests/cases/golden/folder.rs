//! The golden files with the keys that they name: what every test of them begins with.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use imena_core::encoding::limits::SEALED_RUN_BYTES_MAX;
use imena_core::encoding::{CoseError, Hash32, Map, PublicKey, Signed, Value, What};
use imena_core::environment::Environment;
use imena_core::field_store::{FolderReport, verify_folder};
use imena_core::journal::{Entry, Receipt, Run};
use imena_core::keys::{
    JoinCode, KeyError, OrgIdentity, OrgSigner, RosterHub, SessionKey, SignedRoster, SoftwareVault,
    VaultKeys,
};
use imena_core::merge::{Counting, Folded, fold};
use imena_core::model::ids::{DeviceId, OrgId, SubjectId};
use imena_core::seal::open_bytes;
use imena_core::sync::wire::SyncReply;
use imena_core::vocabulary::Kind;

use crate::make::{PASSCODE, PASSPHRASE};

/// The golden files with the keys that they name.
pub struct Golden {
    pub dir: PathBuf,
    pub files: BTreeMap<String, Vec<u8>>,
    pub org: OrgId,
    pub identity: OrgIdentity,
    pub roster: SignedRoster,
    pub key: PublicKey,
    pub device: DeviceId,
}

pub fn env() -> Environment {
    Environment::system(0)
}

/// Every file that is a format: `vault/…` and the two sealed files of the organisation.
pub fn files_below(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path
                .strip_prefix(dir)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/");
            let is_help = name.starts_with("organisation/") && name.ends_with(".txt");
            if !is_help && !name.ends_with(".md") {
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

impl Golden {
    pub fn open(dir: &Path) -> Self {
        let files = files_below(dir);
        let org = OrgId(PublicKey::from_spki(&files["vault/org.spki"]).unwrap().id());
        let sealed = dir.join("organisation/org-identity.age");
        let identity = OrgIdentity::open(&env(), &sealed, PASSPHRASE).unwrap();
        let sealed = &files["vault/rosters/3.age"];
        let bytes = open_bytes(&[identity.identity()], sealed, SEALED_RUN_BYTES_MAX).unwrap();
        let roster = SignedRoster::open(&bytes, org).unwrap();
        let key = PublicKey::from_spki(&roster.roster.devices[0].spki).unwrap();
        let device = DeviceId(key.id());
        Self {
            dir: dir.to_owned(),
            files,
            org,
            identity,
            roster,
            key,
            device,
        }
    }

    pub fn below(&self, folder: &str) -> Vec<(&String, &Vec<u8>)> {
        let start = format!("vault/{folder}/");
        self.files
            .iter()
            .filter(|(name, _)| name.starts_with(&start))
            .collect()
    }

    pub fn signer(&self) -> OrgSigner {
        let path = self.dir.join("organisation/org-signing.age");
        OrgSigner::open(&env(), &path, PASSPHRASE).unwrap()
    }

    pub fn hub(&self) -> (PublicKey, &RosterHub) {
        let line = &self.roster.roster.hubs[0];
        (PublicKey::from_spki(&line.spki).unwrap(), line)
    }

    pub fn open_sealed(&self, sealed: &[u8]) -> Result<Vec<u8>, String> {
        open_bytes(&[self.identity.identity()], sealed, SEALED_RUN_BYTES_MAX)
            .map_err(|error| error.to_string())
    }

    pub fn open_run(&self, sealed: &[u8]) -> Result<Run, String> {
        let run = Run::unpack(&self.open_sealed(sealed)?, self.org).map_err(|e| e.to_string())?;
        let line = run
            .device()
            .and_then(|device| self.roster.roster.device(device));
        let key = PublicKey::from_spki(&line.ok_or("no such device")?.spki);
        run.checkpoint(&key.map_err(|error| error.to_string())?)
            .map_err(|error| error.to_string())?;
        Ok(run)
    }

    pub fn roster_bytes(&self, version: u64) -> Vec<u8> {
        let sealed = &self.files[&format!("vault/rosters/{version}.age")];
        self.open_sealed(sealed).unwrap()
    }

    pub fn report(&self) -> FolderReport {
        let go_on = &mut |_, _| ControlFlow::Continue(());
        verify_folder(&env(), &self.dir.join("vault"), &self.identity, go_on).unwrap()
    }

    pub fn counting(&self) -> Counting {
        Counting::through(Some(&self.roster.roster), &self.entries())
    }

    pub fn fold(&self, subject: SubjectId) -> Folded {
        fold(subject, &self.entries(), &self.counting()).unwrap()
    }

    /// Entries of the phone whose folder it is, in order.
    pub fn own(&self) -> Vec<Entry> {
        let mut own = self.entries();
        own.retain(|entry| entry.header.device == self.device);
        own.sort_by_key(|entry| entry.header.seq);
        own
    }

    /// In the order of their first entries.
    pub fn runs(&self) -> Vec<Run> {
        let below = self.below("runs");
        let mut runs: Vec<Run> = below
            .iter()
            .map(|(_, bytes)| self.open_run(bytes).unwrap())
            .collect();
        runs.sort_by_key(|run| run.entries[0].header.seq);
        runs
    }

    pub fn entries(&self) -> Vec<Entry> {
        self.runs()
            .into_iter()
            .flat_map(|run| run.entries)
            .collect()
    }

    /// The first entry of a kind.
    pub fn entry(&self, kind: Kind) -> Entry {
        let mut entries = self.own();
        entries.extend(self.entries());
        let found = entries.into_iter().find(|entry| entry.header.kind == kind);
        found.unwrap()
    }

    pub fn receipts(&self) -> Vec<Receipt> {
        let key = self.hub().0;
        let mut all = Vec::new();
        for (_, bytes) in self.below("receipts") {
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (item, after) = rest.split_at(Value::first_len(rest).unwrap());
                all.push(Receipt::open(item, &key, self.org).unwrap());
                rest = after;
            }
        }
        all.sort_by_key(|receipt| (receipt.word.before.is_some(), receipt.word.hub_seq));
        all
    }

    pub fn sealed(&self, name: &Value) -> &[u8] {
        let hex = name.as_hash().unwrap().to_hex();
        &self.files[&format!("vault/blobs/{}/{hex}", &hex[..2])]
    }

    pub fn assert_opens(&self, [name, sealed_bytes, sha256, bytes]: [&Value; 4]) {
        let sealed = self.sealed(name);
        let plain = self.open_sealed(sealed).unwrap();
        assert_eq!(sealed_bytes.as_uint(), Some(sealed.len() as u64));
        assert_eq!(sha256.as_hash(), Some(Hash32::of(&plain)));
        assert_eq!(bytes.as_uint(), Some(plain.len() as u64));
    }

    /// Reads bytes that stand, or might stand, under the name of a golden file.
    pub fn read(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let (folder, rest) = name.split_once('/').unwrap();
        if folder == "organisation" {
            return self.read_organisation(rest, bytes);
        }
        if folder == "succession" {
            let opened = SignedRoster::open(bytes, self.org);
            return opened.map(drop).map_err(|error| error.to_string());
        }
        match rest.split_once('/').unwrap_or((rest, "")) {
            ("org.spki", _) => {
                let key = PublicKey::from_spki(bytes).map_err(|error| error.to_string())?;
                same(OrgId(key.id()), self.org)
            }
            ("rosters", _) => SignedRoster::open(&self.open_sealed(bytes)?, self.org)
                .map(drop)
                .map_err(|error| error.to_string()),
            ("join.txt", _) => self.read_join(bytes),
            ("keys", key_file) => self.read_key_file(key_file, bytes),
            (folder @ ("runs" | "blobs"), sealed) => {
                let hex = Hash32::of(bytes).to_hex();
                same(format!("{}/{hex}", &hex[..2]).as_str(), sealed)?;
                if folder == "runs" {
                    return self.open_run(bytes).map(drop);
                }
                self.open_sealed(bytes).map(drop)
            }
            ("receipts", _) => self.read_receipts(bytes),
            ("wire", "sync_reply.cbor") => {
                let reply = SyncReply::decode(bytes).map_err(|error| error.to_string())?;
                same(reply, self.reply())
            }
            ("wire", message) => self
                .read_message(message, bytes)
                .map_err(|error| error.to_string()),
            (other, _) => Err(format!("{other} is no golden file")),
        }
    }

    pub fn reply(&self) -> SyncReply {
        SyncReply::decode(&self.files["vault/wire/sync_reply.cbor"]).unwrap()
    }

    pub fn read_receipts(&self, bytes: &[u8]) -> Result<(), String> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let len = Value::first_len(rest).map_err(|error| error.to_string())?;
            let (item, after) = rest.split_at(len);
            Receipt::open(item, &self.hub().0, self.org).map_err(|error| error.to_string())?;
            rest = after;
        }
        Ok(())
    }

    pub fn read_organisation(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        let opened = if name == "org-signing.age" {
            OrgSigner::open(&env(), &path, PASSPHRASE).map(|signer| signer.org() == self.org)
        } else {
            let ours = self.identity.recipient();
            OrgIdentity::open(&env(), &path, PASSPHRASE).map(|other| other.recipient() == ours)
        };
        same(opened.map_err(|error| error.to_string())?, true)
    }

    pub fn read_join(&self, bytes: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let code = JoinCode::parse(text).map_err(|error| error.to_string())?;
        same(code.org, self.org)
    }

    /// Opens the key files in a copy of the folder in which one file holds `bytes`.
    pub fn read_key_file(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("keys")).unwrap();
        for (file, bytes) in self.below("keys") {
            fs::write(dir.path().join(file.strip_prefix("vault/").unwrap()), bytes).unwrap();
        }
        fs::write(dir.path().join("keys").join(name), bytes).unwrap();
        let text = |error: KeyError| error.to_string();
        let vault = SoftwareVault::open(&env(), dir.path()).map_err(text)?;
        VaultKeys::transfer(&env(), dir.path(), &vault).map_err(text)?;
        let keys = VaultKeys::open(&env(), dir.path(), &vault, PASSCODE).map_err(text)?;
        let (sessions, damaged) = SessionKey::open_all(&env(), dir.path(), &keys).map_err(text)?;
        same((sessions.len(), damaged.len()), (1, 0))
    }

    pub fn read_message(&self, name: &str, bytes: &[u8]) -> Result<(), CoseError> {
        let (what, key) = match name {
            "hello.cose" => (What::Hello, &self.hub().0),
            "held.cose" => (What::Held, &self.hub().0),
            "enroll.cose" => (What::Enroll, &self.key),
            "reveal.cose" => (What::Reveal, &self.key),
            "session.cose" => (What::Session, &self.key),
            other => panic!("{other} is no message of the wire"),
        };
        let signed = Signed::parse(bytes, what)?;
        Map::decode(signed.verify(key, &self.org.0)?)?;
        Ok(())
    }
}

pub fn same<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{found:?}, not {expected:?}"))
    }
}
