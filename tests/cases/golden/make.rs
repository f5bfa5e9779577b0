//! Makes a golden vault: once per version of the formats, on request, never over one that stands.
//!
//! Owns what the vault tells: the folder of one phone at one made-up burial place, which also holds
//! what came from four others; one of everything that version 1 can say. It does not own what is
//! expected of a reader; `golden.rs` and `tests/python` say that.
//! Nothing here is of a real person or place.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod hub;
mod others;
mod story;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use age::secrecy::ExposeSecret as _;
use hub::{Hub, Rosters};
use imena_core::encoding::{Hash32, Map, PublicKey, Value, What, cose};
use imena_core::environment::{Clock, ClockReading, Environment};
use imena_core::journal::{
    Absence, Body, BodyBytes, Checkpoint, Entry, HEADER_VERSION, Header, HubSeen, Op, Receipt,
    ReceiptLine, Run, Touches,
};
use imena_core::keys::{
    JoinCode, Organisation, PasscodeCost, PassphraseCost, SessionKey, SignedRoster, SoftwareVault,
    VaultKeys, device_key, sign_with,
};
use imena_core::model::circumstances::Circumstances;
use imena_core::model::ids::{DeviceId, EntryId, HubId, OrgId, ReceiptId, SealedName, SubjectId};
use imena_core::model::position::{Position, PositionProvider};
use imena_core::seal::seal_bytes;
use imena_core::sync::wire::{FileState, Segment, SyncReply};
use imena_core::vocabulary::Kind;
use others::Others;

/// Opens the organisation's two files; for tests only.
pub const PASSPHRASE: &str = "golden test passphrase";
/// Opens the phone's vault; for tests only.
pub const PASSCODE: &str = "golden test passcode";
/// Stands verbatim in a possible name, with the letters that were lost.
pub const HINT_TEXT: &str = "The Armed Forces of Ukraine defender Nesteren…";
pub const REMAINS_CODE: &str = "IZM1-T03-0042-E5";
pub const GRAVE_CODE: &str = "IZM1-T03-G012-A0";
/// A kind that version 1 does not know.
pub const NEWER_KIND: u64 = 999;
/// An op that version 1 does not know.
pub const NEWER_OP: u64 = 9;
/// A field that no noun of version 1 has.
pub const NEWER_FIELD: u64 = 200;

/// 2026-05-14 06:00 UTC.
const START_MS: i64 = 1_778_738_400_000;
const MINUTE_MS: i64 = 60_000;
const MINUTE_NS: u64 = 60_000_000_000;
const OFFSET_MIN: i32 = 180;
/// 2^10: our readers flip every byte of these files and derive the key each time.
const COST: PassphraseCost = PassphraseCost(10);
const APP: &str = "imena 1.0.0 (golden)";

/// Makes `vault` and `organisation` below `into`.
///
/// # Errors
/// One of them is there already: golden files are never made again.
pub fn make(into: &Path) -> Result<(), String> {
    let (vault_dir, organisation_dir) = (into.join("vault"), into.join("organisation"));
    for dir in [&vault_dir, &organisation_dir] {
        if dir.exists() {
            return Err(format!(
                "{} is there; golden files are not made again",
                dir.display()
            ));
        }
    }
    let environment = environment();
    let made = Organisation::create(&environment, &organisation_dir, PASSPHRASE, COST);
    let organisation = made.unwrap().0;
    let secret = organisation.identity.identity().to_string();
    let line = format!("{}\n", secret.expose_secret());
    fs::write(organisation_dir.join("identity.txt"), line).unwrap();
    fs::write(
        organisation_dir.join("passphrase.txt"),
        format!("{PASSPHRASE}\n"),
    )
    .unwrap();

    let mut vault = Vault::create(&environment, &vault_dir, &organisation);
    let hub = Hub::new(&vault.environment, organisation.signer.org());
    let mut others = others::record(&vault);
    let rosters = Rosters::sign(&vault, &hub, &organisation, &others);
    let join = JoinCode::of_roster(&rosters.last.roster);
    vault.write("org.spki", organisation.signer.public_key().spki());
    vault.write("join.txt", join.unwrap().to_text().unwrap().as_bytes());
    for signed in [&rosters.first, &rosters.second, &rosters.last] {
        vault.keep_roster(&organisation, signed);
    }
    fs::create_dir_all(into.join("succession")).unwrap();
    fs::write(into.join("succession/4.cose"), &rosters.succeeded.bytes).unwrap();

    record(&mut vault, &hub, &rosters, &mut others);
    Ok(())
}

/// The day: four runs, and receipts of two epochs.
fn record(vault: &mut Vault, hub: &Hub, rosters: &Rosters, others: &mut Others) {
    let start = vault.start_work();
    others.rename(&start);
    let found = vault.find_grave(start.site);
    let photo = vault.take_photo(found.remains);
    let first = vault.close_run(&[]);
    let one = hub.receipt(
        1,
        Hash32::ZERO,
        vec![held(&photo, None), held(&first, Some(first.sha256))],
    );
    vault.see(hub, &one);

    vault.describe(&found, &photo);
    let withheld = vault.withdraw_a_marker(start.site);
    vault.newer_entries(start.site);
    let second = vault.close_run(&[(withheld, Absence::Withheld)]);
    let upto = vault.last();
    let entries = ReceiptLine::Entries {
        device: vault.device,
        upto_seq: upto.0,
        entry_id: upto.1,
    };
    let lines = vec![
        held(&photo, Some(photo.sha256)),
        held(&second, None),
        entries,
    ];
    let two = hub.receipt(2, one.id.0, lines);
    vault.see(hub, &two);

    vault.disagree(&start);
    let absent = vault.erase(rosters);
    vault.happen(&photo, &one, &first);
    let third = vault.close_run(&absent);
    vault.add(Word::new(
        Kind::SessionClosed,
        Map::new().text(1, vault.session.clone()),
    ));
    vault.close_run(&[]);
    let later = hub.after_a_restore(&two, &photo, &third);
    vault.append_receipts(hub.id(), &[one, two.clone()]);
    vault.append_receipts(hub.id(), &later);
    vault.write_messages(hub, &two, &[photo.name, first.name, second.name]);
    vault.write_sync(hub, &two, &photo);
}

/// A hub's line about a file.
fn held(sealed: &Sealed, sha256: Option<Hash32>) -> ReceiptLine {
    ReceiptLine::File {
        sealed: sealed.name,
        size: sealed.sealed_bytes,
        sha256,
    }
}

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> ClockReading {
        reading(0)
    }
}

fn reading(minute: u64) -> ClockReading {
    ClockReading {
        wall_ms: START_MS + i64::try_from(minute).unwrap() * MINUTE_MS,
        offset_min: OFFSET_MIN,
        mono_ns: (minute + 1) * MINUTE_NS,
        boot_id: *b"golden boot id 1",
    }
}

fn environment() -> Environment {
    Environment {
        clock: Arc::new(FixedClock),
        ..Environment::system(OFFSET_MIN)
    }
}

/// A file that was sealed.
struct Sealed {
    name: SealedName,
    sealed_bytes: u64,
    sha256: Hash32,
    bytes: u64,
    subject: SubjectId,
}

/// What an entry says.
struct Word {
    kind: Kind,
    subject: Option<SubjectId>,
    op: Op,
    parents: Vec<EntryId>,
    touched: Option<u64>,
    fields: Map,
    position: Option<Position>,
    reason: Option<String>,
}

impl Word {
    fn new(kind: Kind, fields: Map) -> Self {
        let (parents, touched) = (Vec::new(), None);
        let (subject, position, reason) = (None, None, None);
        Self {
            kind,
            subject,
            op: Op::Create,
            parents,
            touched,
            fields,
            position,
            reason,
        }
    }

    fn about(self, subject: SubjectId) -> Self {
        Self {
            subject: Some(subject),
            ..self
        }
    }

    /// Answers `parents`, superseding all of them for `field`.
    fn answer(self, op: Op, parents: &[&Entry], field: Option<u64>) -> Self {
        let parents = parents.iter().map(|entry| entry.id).collect();
        Self {
            op,
            parents,
            touched: field,
            ..self
        }
    }
}

struct Start {
    site: SubjectId,
    named: Entry,
}

struct Found {
    grave: Entry,
    remains: SubjectId,
}

/// The phone.
struct Vault {
    dir: std::path::PathBuf,
    environment: Environment,
    org: OrgId,
    vault: SoftwareVault,
    key: PublicKey,
    device: DeviceId,
    recipients: Vec<String>,
    session: String,
    operator: Option<SubjectId>,
    seen: Option<HubSeen>,
    entries: Vec<Entry>,
    closed: usize,
}

impl Vault {
    fn create(environment: &Environment, dir: &Path, organisation: &Organisation) -> Self {
        let vault = SoftwareVault::create(environment, dir).unwrap();
        let keys =
            VaultKeys::create(environment, dir, &vault, PASSCODE, PasscodeCost::TEST).unwrap();
        VaultKeys::transfer(environment, dir, &vault).unwrap();
        let session = SessionKey::create(environment, dir, &keys)
            .unwrap()
            .recipient();
        let key = device_key(&vault).unwrap();
        Self {
            dir: dir.to_owned(),
            environment: environment.clone(),
            org: organisation.signer.org(),
            device: DeviceId(key.id()),
            vault,
            key,
            recipients: vec![organisation.identity.recipient(), session.clone()],
            session,
            operator: None,
            seen: None,
            entries: Vec::new(),
            closed: 0,
        }
    }

    /// Another phone of the same organisation, of which only runs come into this folder.
    fn other(&self) -> Self {
        let elsewhere = tempfile::tempdir().unwrap();
        let vault = SoftwareVault::create(&self.environment, elsewhere.path()).unwrap();
        let key = device_key(&vault).unwrap();
        Self {
            dir: self.dir.clone(),
            environment: self.environment.clone(),
            org: self.org,
            device: DeviceId(key.id()),
            vault,
            key,
            recipients: vec![self.recipients[0].clone()],
            session: String::new(),
            operator: None,
            seen: None,
            entries: Vec::new(),
            closed: 0,
        }
    }

    /// Forgets what came after an entry: the next one bears a number for the second time.
    fn go_back_to(&mut self, seq: usize) {
        self.entries.truncate(seq);
        self.closed = seq;
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn seal(&self, folder: &str, plain: &[u8]) -> Sealed {
        let (name, sealed) = seal_bytes(&self.recipients, plain).unwrap();
        let hex = name.0.to_hex();
        self.write(&format!("{folder}/{}/{hex}", &hex[..2]), &sealed);
        Sealed {
            name,
            sealed_bytes: sealed.len() as u64,
            sha256: Hash32::of(plain),
            bytes: plain.len() as u64,
            subject: SubjectId::new(&self.environment).unwrap(),
        }
    }

    fn last(&self) -> (u64, EntryId) {
        let last = self.entries.last().unwrap();
        (last.header.seq, last.id)
    }

    fn header(&self, word: &Word) -> Header {
        let seq = self.entries.len() as u64 + 1;
        let every = (0..word.parents.len() as u64).collect::<Vec<u64>>();
        Header {
            version: HEADER_VERSION,
            org: self.org,
            device: self.device,
            seq,
            prev: self.entries.last().map_or(self.device.0, |last| last.id.0),
            kind: word.kind,
            subject: word
                .subject
                .unwrap_or_else(|| SubjectId::new(&self.environment).unwrap()),
            op: word.op,
            parents: word.parents.clone(),
            touches: word
                .touched
                .map(|field| (field, every))
                .into_iter()
                .collect::<Touches>(),
            lamport: seq,
            clock: reading(seq),
            hub_seen: self.seen,
            body_sha256: Hash32::ZERO,
            body_len: 0,
        }
    }

    fn body(&self, word: &Word) -> Body {
        Body {
            random: self.environment.random().unwrap(),
            fields: word.fields.clone(),
            operator: self.operator,
            position: word.position,
            gnss_ms: word.position.map(|_| START_MS + 1),
            app_version: APP.to_owned(),
            circumstances: Circumstances::because(word.reason.clone()),
        }
    }

    fn add(&mut self, word: Word) -> Entry {
        let entry = Entry::compose(self.header(&word), &self.body(&word)).unwrap();
        self.entries.push(entry.clone());
        entry
    }

    fn start_work(&mut self) -> Start {
        let fields = Map::new().bytes(1, self.key.spki()).text(2, APP);
        self.add(Word::new(Kind::DeviceStarted, fields));
        let fields = Map::new().text(1, "Golden recorder").text(2, "recorder");
        let operator = self.add(Word::new(Kind::Operator, fields.text(3, "Golden team")));
        self.operator = Some(operator.header.subject);
        let fields = Map::new().text(1, self.session.clone()).int(2, START_MS);
        let fields = fields.with(3, operator.header.subject);
        self.add(Word::new(Kind::SessionStarted, fields));
        let fields = Map::new()
            .text(1, "IZM1")
            .text(2, "Golden field — вигадане поле")
            .text(3, "grave_field");
        let site = self.add(Word {
            position: position(),
            ..Word::new(Kind::Site, fields)
        });
        Start {
            site: site.header.subject,
            named: site,
        }
    }

    /// Closes a run over what is in none yet; the bodies of the numbers in `absent` are left out.
    fn close_run(&mut self, absent: &[(u64, Absence)]) -> Sealed {
        let mut entries = self.entries[self.closed..].to_vec();
        self.closed = self.entries.len();
        for entry in &mut entries {
            let reason = absent.iter().find(|(seq, _)| *seq == entry.header.seq);
            if let Some((_, reason)) = reason {
                (entry.body, entry.body_bytes) = (None, BodyBytes::Absent(*reason));
            }
        }
        let (seq, id) = self.last();
        let checkpoint = Checkpoint::sign(&self.vault, &self.key, self.org, seq, id).unwrap();
        let run = Run {
            org: self.org,
            entries,
            checkpoint_bytes: checkpoint.bytes,
            sealed_to: self.recipients.clone(),
        };
        self.seal("runs", &run.pack().unwrap())
    }

    fn see(&mut self, hub: &Hub, receipt: &Receipt) {
        let (hub_seq, receipt) = (receipt.word.hub_seq, ReceiptId(receipt.id.0));
        self.seen = Some(HubSeen {
            hub: hub.id(),
            epoch: hub.epoch,
            hub_seq,
            receipt,
        });
    }

    /// The signed messages of the wire.
    fn write_messages(&self, hub: &Hub, last: &Receipt, held: &[SealedName]) {
        let random = || self.environment.random::<32>().unwrap();
        let (hub_nonce, own_nonce) = (random(), random());
        let limits = Map::new().uint(0, 4).uint(1, 200).uint(2, 262_144);
        let hello = Map::new()
            .uint(0, 1)
            .with(1, self.org)
            .with(2, hub.id())
            .bytes(3, random())
            .int(4, START_MS)
            .array(5, [Value::Uint(1)])
            .with(6, limits)
            .uint(7, 3)
            .bytes(8, hub_nonce)
            .bytes(9, hub.public.spki())
            .uint(10, 0);
        self.write("wire/hello.cose", &hub.message(What::Hello, &hello));
        let names = held.iter().map(|name| Value::from(*name));
        let held = Map::new()
            .with(0, self.org)
            .with(1, hub.id())
            .bytes(2, random());
        let held = held.array(3, names).int(4, START_MS + 90 * MINUTE_MS);
        self.write("wire/held.cose", &hub.message(What::Held, &held));
        let enroll = Map::new()
            .uint(0, 1)
            .with(1, self.org)
            .with(2, hub.id())
            .bytes(3, self.key.spki())
            .text(4, "Golden phone")
            .bytes(5, hub_nonce)
            .with(6, Hash32::of(&own_nonce));
        self.write("wire/enroll.cose", &self.message(What::Enroll, &enroll));
        let reveal = Map::new()
            .uint(0, 1)
            .with(1, self.org)
            .with(2, hub.id())
            .bytes(3, self.key.spki())
            .bytes(4, random())
            .bytes(5, own_nonce);
        self.write("wire/reveal.cose", &self.message(What::Reveal, &reveal));
        let (seq, id) = self.last();
        let session = Map::new()
            .uint(0, 1)
            .with(1, self.org)
            .with(2, hub.id())
            .with(3, Hash32::of(b"Golden hub one"))
            .bytes(4, hub_nonce)
            .with(5, Map::new().uint(0, seq).with(1, id))
            .bytes(6, &last.bytes)
            .bytes(7, self.key.spki());
        self.write("wire/session.cose", &self.message(What::Session, &session));
    }

    /// A roster as a phone keeps it: sealed, because it shows names.
    fn keep_roster(&self, organisation: &Organisation, signed: &SignedRoster) {
        let recipient = [organisation.identity.recipient()];
        let (_, sealed) = seal_bytes(&recipient, &signed.bytes).unwrap();
        self.write(&format!("rosters/{}.age", signed.roster.version), &sealed);
    }

    /// Receipts of one epoch, as a phone keeps them: one behind the other.
    fn append_receipts(&self, hub: HubId, receipts: &[Receipt]) {
        let epoch = data_encoding::HEXLOWER.encode(&receipts[0].word.epoch);
        let bytes: Vec<u8> = receipts.iter().flat_map(|one| one.bytes.clone()).collect();
        self.write(&format!("receipts/{hub}/{epoch}"), &bytes);
    }

    /// A reply of a sync, with a segment of this phone's chain as another one would get it.
    fn write_sync(&self, hub: &Hub, last: &Receipt, photo: &Sealed) {
        let (seq, id) = self.last();
        let checkpoint = Checkpoint::sign(&self.vault, &self.key, self.org, seq, id).unwrap();
        let pairs = self.entries.iter().map(|entry| {
            let is_in_scope = entry.header.kind != Kind::PersonHint;
            let withheld = BodyBytes::Absent(Absence::Withheld);
            let body = if is_in_scope {
                entry.body_bytes.clone()
            } else {
                withheld
            };
            (entry.header_bytes.clone(), body)
        });
        let segment = Segment {
            device: self.device,
            spki: self.key.spki().to_vec(),
            entries: pairs.collect(),
            checkpoint: checkpoint.bytes,
        };
        let reply = SyncReply {
            files: vec![FileState {
                sealed: photo.name,
                have: photo.sealed_bytes,
                is_stored: true,
            }],
            receipts: vec![last.bytes.clone()],
            segments: vec![segment],
            held: None,
            next_cursor: Some(b"golden cursor".to_vec()),
            roster: None,
            retry_after_s: Some(30),
            is_locked: false,
            epoch: hub.epoch,
            has_more: true,
        };
        self.write("wire/sync_reply.cbor", &reply.encode());
    }

    fn message(&self, what: What, payload: &Map) -> Vec<u8> {
        let sign = |message: &[u8]| sign_with(&self.vault, &self.key, message);
        cose::sign1(what, &self.key, &self.org.0, payload.encode(), sign).unwrap()
    }
}

/// A peg that positions of a later version are measured from.
fn site_peg() -> [u8; 16] {
    *b"golden datum peg"
}

fn position() -> Option<Position> {
    let place = Position::from_degrees(0.5, -0.25, PositionProvider::Gnss)?;
    Some(Position {
        h_acc_mm: Some(4_200),
        ..place
    })
}
