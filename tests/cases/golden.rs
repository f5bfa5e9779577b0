//! The golden vault: files of format version 1 that every later program must read, byte for byte.
//!
//! Owns what our code must find in `tests/golden/v1`. It does not own the second opinion:
//! `tests/python` reads the same files with other people's tools only. A red test here means that a
//! format changed: give it a new version number, not the files new bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

#[path = "golden/make.rs"]
mod make;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret as _;
use imena_core::encoding::limits::SEALED_RUN_BYTES_MAX;
use imena_core::encoding::{CoseError, Hash32, Map, PublicKey, Signed, Value, What};
use imena_core::environment::Environment;
use imena_core::journal::{
    ChainHead, Checkpoint, Entry, Op, Receipt, ReceiptLine, Run, sign_receipt, verify_chain,
};
use imena_core::keys::{
    JoinCode, KeyError, OrgIdentity, OrgSigner, RosterHub, SessionKey, SignedRoster, SoftwareVault,
    VaultKeys, device_key,
};
use imena_core::merge::fold;
use imena_core::model::codes::LabelCode;
use imena_core::model::ids::{DeviceId, OrgId, SubjectId};
use imena_core::seal::open_bytes;
use imena_core::vocabulary::Kind;
use make::{GRAVE_CODE, HINT_TEXT, NEWER_KIND, PASSCODE, PASSPHRASE, REMAINS_CODE};

/// Files up to this length are flipped byte by byte.
const SMALL_BYTES: usize = 4096;

fn golden() -> Golden {
    Golden::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/v1"))
}

#[test]
fn golden_v1_is_never_made_a_second_time() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/v1");
    if std::env::var_os("IMENA_MAKE_GOLDEN").is_some_and(|set| set == "1") {
        make::make(&dir).unwrap();
        return;
    }
    let before = files_below(&dir);
    assert!(!before.is_empty());
    assert!(make::make(&dir).unwrap_err().contains("not made again"));
    assert_eq!(files_below(&dir), before);
}

#[test]
fn a_vault_made_today_is_read_like_the_golden_one() {
    let dir = tempfile::tempdir().unwrap();
    make::make(dir.path()).unwrap();
    let today = Golden::open(dir.path());
    let kinds = |golden: &Golden| -> Vec<(u64, Kind)> {
        golden
            .entries()
            .iter()
            .map(|entry| (entry.header.seq, entry.header.kind))
            .collect()
    };
    assert_eq!(kinds(&today), kinds(&golden()));
    for (name, bytes) in &today.files {
        assert_eq!(today.read(name, bytes), Ok(()), "{name}");
    }
}

#[test]
fn every_golden_file_is_read_and_verified() {
    let golden = golden();
    assert_eq!(golden.files.len(), 21);
    for (name, bytes) in &golden.files {
        assert_eq!(golden.read(name, bytes), Ok(()), "{name}");
    }
}

#[test]
fn one_changed_byte_of_any_small_file_is_refused() {
    let golden = golden();
    let mut tried = 0;
    for (name, bytes) in golden
        .files
        .iter()
        .filter(|(_, bytes)| bytes.len() <= SMALL_BYTES)
    {
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert!(golden.read(name, &other).is_err(), "{name}: byte {at}");
            tried += 1;
        }
    }
    assert!(tried > 5_000, "{tried}");
}

#[test]
fn a_sealed_file_is_refused_at_every_changed_byte_even_under_a_fitting_name() {
    let golden = golden();
    for (name, bytes) in golden.below("blobs") {
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert!(golden.open_sealed(&other).is_err(), "{name}: byte {at}");
        }
    }
}

#[test]
fn the_organisations_files_open_with_their_passphrase() {
    let golden = golden();
    let dir = golden.dir.join("organisation");
    let signer = OrgSigner::open(&env(), &dir.join("org-signing.age"), PASSPHRASE).unwrap();
    assert_eq!(signer.org(), golden.org);
    assert_eq!(signer.public_key().spki(), golden.files["vault/org.spki"]);
    let secret = golden.identity.identity().to_string();
    let clear = fs::read_to_string(dir.join("identity.txt")).unwrap();
    assert_eq!(clear.trim_end(), secret.expose_secret());
    let wrong = OrgIdentity::open(&env(), &dir.join("org-identity.age"), "another");
    assert!(matches!(wrong, Err(KeyError::Wrong { .. })));
}

#[test]
fn the_roster_names_two_hubs_two_devices_and_the_end_of_one_chain() {
    let golden = golden();
    let roster = &golden.roster.roster;
    assert_eq!(roster.version, 3);
    assert_eq!(
        roster.recipient(),
        Some(golden.identity.recipient().as_str())
    );
    let names: Vec<&str> = roster.hubs.iter().map(|hub| hub.name.as_str()).collect();
    assert_eq!(names, ["Golden hub one", "Golden hub two"]);
    assert_eq!((roster.devices.len(), roster.issuers.len()), (2, 2));
    assert_eq!(roster.issuers_of(golden.device)[0].to_string(), "T03");
    let lost = roster.devices[1].id().unwrap();
    assert_eq!(roster.last_good_seq(lost), Some(7));
    assert_eq!(roster.last_good_seq(golden.device), None);
    let signer = golden.signer();
    let again = roster.clone().sign(&signer).unwrap();
    assert_eq!(
        again.bytes, golden.files["vault/roster.cose"],
        "Ed25519 signs alike each time"
    );
}

#[test]
fn the_join_code_is_written_again_letter_for_letter() {
    let golden = golden();
    let text = String::from_utf8(golden.files["vault/join.txt"].clone()).unwrap();
    assert_eq!(JoinCode::parse(&text).unwrap().to_text().unwrap(), text);
    assert_eq!(
        JoinCode::of_roster(&golden.roster.roster)
            .unwrap()
            .to_text()
            .unwrap(),
        text
    );
}

#[test]
fn the_phones_key_files_open_with_its_passcode_and_a_session_key_opens_the_photo() {
    let golden = golden();
    let dir = golden.dir.join("vault");
    let vault = SoftwareVault::open(&env(), &dir).unwrap();
    assert_eq!(DeviceId(device_key(&vault).unwrap().id()), golden.device);
    VaultKeys::transfer(&env(), &dir, &vault).unwrap();
    let keys = VaultKeys::open(&env(), &dir, &vault, PASSCODE).unwrap();
    let wrong = VaultKeys::open(&env(), &dir, &vault, "another");
    assert!(matches!(wrong, Err(KeyError::Wrong { .. })));
    let (sessions, damaged) = SessionKey::open_all(&env(), &dir, &keys).unwrap();
    assert!(damaged.is_empty());
    let photo = golden.entry(Kind::Photo);
    let sealed = golden.sealed(photo.field(1).unwrap());
    let jpeg = open_bytes(&[sessions[0].identity()], sealed, SEALED_RUN_BYTES_MAX).unwrap();
    assert_eq!(Some(Hash32::of(&jpeg)), photo.field(3).unwrap().as_hash());
}

#[test]
fn the_chain_runs_through_three_runs_without_a_gap() {
    let golden = golden();
    let runs = golden.runs();
    assert_eq!(
        runs.iter().map(|run| run.entries.len()).collect::<Vec<_>>(),
        [9, 8, 1]
    );
    let checkpoints: Vec<Checkpoint> = runs
        .iter()
        .map(|run| run.checkpoint(&golden.key).unwrap())
        .collect();
    let entries = golden.entries();
    let all: Vec<Option<&Entry>> = entries.iter().map(Some).collect();
    let start = ChainHead::start(golden.device);
    let head = verify_chain(golden.device, start, &all, &checkpoints).unwrap();
    assert_eq!(head.seq, 18);
}

#[test]
fn every_entry_is_written_again_byte_for_byte() {
    let golden = golden();
    let mut composed = 0;
    for entry in golden.entries() {
        let Some(body) = entry.body.clone() else {
            continue;
        };
        if entry.header.kind == Kind::Unknown(NEWER_KIND) {
            continue;
        }
        let again = Entry::compose(entry.header.clone(), body).unwrap();
        assert_eq!(again, entry, "entry {}", entry.header.seq);
        composed += 1;
    }
    assert_eq!(
        composed, 16,
        "all but the withheld body and the entry of a newer version"
    );
}

#[test]
fn a_run_packed_again_holds_the_same() {
    let golden = golden();
    for run in golden.runs() {
        let again = Run::unpack(&run.pack().unwrap(), golden.org).unwrap();
        assert_eq!(again, run);
    }
}

#[test]
fn a_withheld_body_leaves_the_chain_whole() {
    let golden = golden();
    let entries = golden.entries();
    let withheld: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.body.is_none())
        .collect();
    assert_eq!(withheld.len(), 1);
    assert_eq!(withheld[0].header.kind, Kind::Marker);
    assert!(withheld[0].header.body_len > 0);
}

#[test]
fn an_entry_of_a_newer_version_keeps_its_bytes() {
    let golden = golden();
    let newer = golden.entry(Kind::Unknown(NEWER_KIND));
    let header = Map::decode(&newer.header_bytes).unwrap();
    let unknown = [Value::Null, Value::Uint(u64::MAX), Value::Neg(i64::MIN)];
    assert_eq!(header.get(18), Some(&Value::Array(unknown.into())));
    let body = newer.body.unwrap();
    assert_eq!(
        body.position, None,
        "a provider that is not known shows no position"
    );
    assert_eq!(body.fields.get(1).and_then(Value::as_text), Some("тихо"));
    let bytes = Map::decode(newer.body_bytes.as_deref().unwrap()).unwrap();
    assert_eq!(
        bytes.get(7).and_then(Value::as_text),
        Some("a body key of a later version")
    );
}

#[test]
fn the_words_of_a_possible_name_stand_verbatim() {
    let hint = golden().entry(Kind::PersonHint);
    assert_eq!(hint.field(3).and_then(Value::as_text), Some(HINT_TEXT));
}

#[test]
fn a_coded_noun_and_a_link_have_the_ids_that_follow_from_their_names() {
    let golden = golden();
    for (kind, code) in [(Kind::Grave, GRAVE_CODE), (Kind::Remains, REMAINS_CODE)] {
        let entry = golden.entry(kind);
        assert_eq!(entry.field(1).and_then(Value::as_text), Some(code));
        let label: LabelCode = code.parse().unwrap();
        let id = SubjectId::of_code(golden.org, kind, &label.canonical_without_check());
        assert_eq!(entry.header.subject, id);
    }
    let link = golden.entry(Kind::GraveMarker);
    let end = |field| link.field(field).and_then(SubjectId::from_value).unwrap();
    let id = SubjectId::of_link(golden.org, Kind::GraveMarker, end(2), end(1));
    assert_eq!(link.header.subject, id);
}

#[test]
fn two_words_about_a_grave_are_a_conflict_until_a_person_resolves_it() {
    let golden = golden();
    let grave = golden.entry(Kind::Grave).header.subject;
    let mut entries = golden.entries();
    entries.retain(|entry| entry.header.subject == grave);
    let folded = fold(grave, &entries, Some(&golden.roster.roster)).unwrap();
    assert_eq!(
        folded.value(3).and_then(Value::as_text),
        Some("individual_marked")
    );
    assert!(folded.conflicts().is_empty());
    entries.retain(|entry| entry.header.op != Op::Resolve);
    let folded = fold(grave, &entries, Some(&golden.roster.roster)).unwrap();
    assert_eq!(folded.conflicts(), [3]);
}

#[test]
fn every_photo_and_rendition_opens_to_what_its_entry_says() {
    let golden = golden();
    let photo = golden.entry(Kind::Photo);
    golden.assert_opens([1, 2, 3, 4].map(|field| photo.field(field).unwrap()));
    let made = golden.entry(Kind::RenditionsMade);
    for field in [2, 3] {
        let map = made.field(field).and_then(Value::as_map).unwrap();
        golden.assert_opens([0, 1, 2, 3].map(|key| map.get(key).unwrap()));
    }
}

#[test]
fn receipts_follow_each_other_and_are_written_again_byte_for_byte() {
    let golden = golden();
    let receipts = golden.receipts();
    assert_eq!(receipts[0].word.prev, Hash32::ZERO);
    assert_eq!(receipts[1].word.prev, receipts[0].id.0);
    for (hub_seq, receipt) in (1..).zip(&receipts) {
        assert_eq!(receipt.word.hub_seq, hub_seq);
        let signature = Value::decode(&receipt.bytes).unwrap();
        let signature = signature.as_array().unwrap()[3]
            .as_bytes()
            .unwrap()
            .to_vec();
        let key = golden.hub().0;
        let sign = |_: &[u8]| Ok::<_, std::convert::Infallible>(signature);
        let again = sign_receipt(receipt.word.clone(), &key, sign).unwrap();
        assert_eq!(&again, receipt);
    }
    let entries = golden.entries();
    let end = ReceiptLine::Entries {
        device: golden.device,
        upto_seq: 17,
        entry_id: entries[16].id,
    };
    assert!(receipts[1].word.lines.contains(&end));
    let seen = entries[17].header.hub_seen.unwrap();
    assert_eq!((seen.receipt, seen.hub_seq), (receipts[1].id, 2));
}

/// The golden files with the keys that they name.
struct Golden {
    dir: PathBuf,
    files: BTreeMap<String, Vec<u8>>,
    org: OrgId,
    identity: OrgIdentity,
    roster: SignedRoster,
    key: PublicKey,
    device: DeviceId,
}

fn env() -> Environment {
    Environment::system(0)
}

/// Every file that is a format: `vault/…` and the two sealed files of the organisation.
fn files_below(dir: &Path) -> BTreeMap<String, Vec<u8>> {
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
    fn open(dir: &Path) -> Self {
        let files = files_below(dir);
        let org = OrgId(PublicKey::from_spki(&files["vault/org.spki"]).unwrap().id());
        let sealed = dir.join("organisation/org-identity.age");
        let identity = OrgIdentity::open(&env(), &sealed, PASSPHRASE).unwrap();
        let roster = SignedRoster::open(&files["vault/roster.cose"], org).unwrap();
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

    fn below(&self, folder: &str) -> Vec<(&String, &Vec<u8>)> {
        let start = format!("vault/{folder}/");
        self.files
            .iter()
            .filter(|(name, _)| name.starts_with(&start))
            .collect()
    }

    fn signer(&self) -> OrgSigner {
        let path = self.dir.join("organisation/org-signing.age");
        OrgSigner::open(&env(), &path, PASSPHRASE).unwrap()
    }

    fn hub(&self) -> (PublicKey, &RosterHub) {
        let line = &self.roster.roster.hubs[0];
        (PublicKey::from_spki(&line.spki).unwrap(), line)
    }

    fn open_sealed(&self, sealed: &[u8]) -> Result<Vec<u8>, String> {
        open_bytes(&[self.identity.identity()], sealed, SEALED_RUN_BYTES_MAX)
            .map_err(|error| error.to_string())
    }

    fn open_run(&self, sealed: &[u8]) -> Result<Run, String> {
        let run = Run::unpack(&self.open_sealed(sealed)?, self.org).map_err(|e| e.to_string())?;
        run.checkpoint(&self.key).map_err(|e| e.to_string())?;
        Ok(run)
    }

    /// In the order of their entries.
    fn runs(&self) -> Vec<Run> {
        let below = self.below("runs");
        let mut runs: Vec<Run> = below
            .iter()
            .map(|(_, bytes)| self.open_run(bytes).unwrap())
            .collect();
        runs.sort_by_key(|run| run.entries[0].header.seq);
        runs
    }

    fn entries(&self) -> Vec<Entry> {
        self.runs()
            .into_iter()
            .flat_map(|run| run.entries)
            .collect()
    }

    /// The first entry of a kind.
    fn entry(&self, kind: Kind) -> Entry {
        self.entries()
            .into_iter()
            .find(|entry| entry.header.kind == kind)
            .unwrap()
    }

    fn receipts(&self) -> Vec<Receipt> {
        let key = self.hub().0;
        let below = self.below("receipts");
        below
            .iter()
            .map(|(_, bytes)| Receipt::open(bytes, &key, self.org).unwrap())
            .collect()
    }

    fn sealed(&self, name: &Value) -> &[u8] {
        let hex = name.as_hash().unwrap().to_hex();
        &self.files[&format!("vault/blobs/{}/{hex}", &hex[..2])]
    }

    fn assert_opens(&self, [name, sealed_bytes, sha256, bytes]: [&Value; 4]) {
        let sealed = self.sealed(name);
        let plain = self.open_sealed(sealed).unwrap();
        assert_eq!(sealed_bytes.as_uint(), Some(sealed.len() as u64));
        assert_eq!(sha256.as_hash(), Some(Hash32::of(&plain)));
        assert_eq!(bytes.as_uint(), Some(plain.len() as u64));
    }

    /// Reads bytes that stand, or might stand, under the name of a golden file.
    fn read(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let (folder, rest) = name.split_once('/').unwrap();
        if folder == "organisation" {
            return self.read_organisation(rest, bytes);
        }
        match rest.split_once('/').unwrap_or((rest, "")) {
            ("org.spki", _) => {
                let key = PublicKey::from_spki(bytes).map_err(|error| error.to_string())?;
                same(OrgId(key.id()), self.org)
            }
            ("roster.cose", _) => SignedRoster::open(bytes, self.org)
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
            ("receipts", _) => {
                let opened = Receipt::open(bytes, &self.hub().0, self.org);
                opened.map(drop).map_err(|error| error.to_string())
            }
            ("wire", message) => self
                .read_message(message, bytes)
                .map_err(|error| error.to_string()),
            (other, _) => Err(format!("{other} is no golden file")),
        }
    }

    fn read_organisation(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
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

    fn read_join(&self, bytes: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let code = JoinCode::parse(text).map_err(|error| error.to_string())?;
        same(code.org, self.org)
    }

    /// Opens the key files in a copy of the folder in which one file holds `bytes`.
    fn read_key_file(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
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

    fn read_message(&self, name: &str, bytes: &[u8]) -> Result<(), CoseError> {
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

fn same<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{found:?}, not {expected:?}"))
    }
}
