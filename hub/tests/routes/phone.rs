//! A phone: a key, a chain and what it packs into runs.

use imena_core::encoding::{Hash32, Map, PublicKey};
use imena_core::environment::Environment;
use imena_core::journal::{
    Body as EntryBody, Checkpoint, Entry, HEADER_VERSION, Header, Op, Run, Touches,
};
use imena_core::keys::{KeyVault as _, RosterDevice, SoftwareVault, device_key, sign_with};
use imena_core::merge::STANDING;
use imena_core::model::circumstances::Circumstances;
use imena_core::model::ids::{DeviceId, EntryId, OrgId, SealedName, SubjectId, SubjectRef};
use imena_core::sync::wire::SessionRequest;
use imena_core::vocabulary::Kind;

use crate::support::World;

/// A phone with a chain.
pub struct Phone {
    _dir: tempfile::TempDir,
    pub vault: SoftwareVault,
    pub key: PublicKey,
    pub entries: Vec<Entry>,
}

impl Phone {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let vault = SoftwareVault::create(&Environment::system(0), dir.path()).unwrap();
        let key = device_key(&vault).unwrap();
        Self {
            _dir: dir,
            vault,
            key,
            entries: Vec::new(),
        }
    }

    pub fn id(&self) -> DeviceId {
        DeviceId(self.key.id())
    }

    pub fn line(&self) -> RosterDevice {
        let spki = self.vault.device_spki().unwrap();
        RosterDevice::new(spki, "phone", "T")
    }

    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, imena_core::keys::VaultError> {
        sign_with(&self.vault, &self.key, message)
    }

    pub fn sign_session(&self, asked: &SessionRequest) -> Vec<u8> {
        asked.sign(&self.key, |message| self.sign(message)).unwrap()
    }

    /// Records an entry at the end of the chain.
    pub fn record(&mut self, org: OrgId, kind: Kind, subject: SubjectId, fields: Map) -> EntryId {
        self.write(org, (Op::Create, kind, subject), fields, (None, vec![]))
    }

    /// Says that a record never stood for anything.
    pub fn void(&mut self, org: OrgId, kind: Kind, subject: SubjectId, reason: &str) {
        let reason = Some(reason.to_owned());
        let made = self
            .entries
            .iter()
            .find(|entry| entry.header.subject == subject);
        let answers = vec![made.unwrap().id];
        self.write(
            org,
            (Op::Void, kind, subject),
            Map::new(),
            (reason, answers),
        );
    }

    fn write(
        &mut self,
        org: OrgId,
        (op, kind, subject): (Op, Kind, SubjectId),
        fields: Map,
        (reason, parents): (Option<String>, Vec<EntryId>),
    ) -> EntryId {
        let prev = self
            .entries
            .last()
            .map_or(self.key.id(), |entry| entry.id.0);
        let seq = self.entries.len() as u64 + 1;
        let touches = match parents.len() as u64 {
            0 => Touches::new(),
            count => [(STANDING, (0..count).collect())].into(),
        };
        let header = Header {
            version: HEADER_VERSION,
            org,
            device: self.id(),
            seq,
            prev,
            kind,
            subject,
            op,
            parents,
            touches,
            lamport: seq,
            clock: Environment::system(0).clock.now(),
            hub_seen: None,
            body_sha256: Hash32::ZERO,
            body_len: 0,
        };
        let body = EntryBody {
            random: Environment::system(0).random().unwrap(),
            fields,
            operator: None,
            position: None,
            gnss_ms: None,
            app_version: "test".into(),
            circumstances: Circumstances::because(reason),
        };
        let entry = Entry::compose(header, &body).unwrap();
        let id = entry.id;
        self.entries.push(entry);
        id
    }

    pub fn record_site(&mut self, org: OrgId, name: &str) -> SubjectId {
        let subject = SubjectId(Environment::system(0).random().unwrap());
        let fields = Map::new().text(1, "IZM1").text(2, name).text(3, "forest");
        self.record(org, Kind::Site, subject, fields);
        subject
    }

    /// Records a photo of a sealed file.
    pub fn record_photo(
        &mut self,
        org: OrgId,
        owner: SubjectRef,
        sealed: SealedName,
        size: u64,
        sha256: Hash32,
    ) {
        let subject = SubjectId(Environment::system(0).random().unwrap());
        let capture: [u8; 16] = Environment::system(0).random().unwrap();
        let fields = Map::new()
            .with(1, sealed)
            .uint(2, size)
            .with(3, sha256)
            .bytes(7, capture)
            .with(8, owner)
            .text(9, "B1");
        self.record(org, Kind::Photo, subject, fields);
    }

    /// Seals the entries from `first` (a seq) to the end as a run.
    pub fn run(&self, world: &World, first: usize) -> Vec<u8> {
        self.run_of(world, &self.entries[first - 1..])
    }

    pub fn run_of(&self, world: &World, entries: &[Entry]) -> Vec<u8> {
        let (org, last) = (world.org_id(), entries.last().unwrap());
        let checkpoint =
            Checkpoint::sign(&self.vault, &self.key, org, last.header.seq, last.id).unwrap();
        let run = Run {
            org,
            entries: entries.to_vec(),
            checkpoint_bytes: checkpoint.bytes,
            sealed_to: vec![world.org.identity.recipient()],
        };
        world.seal(&run.pack().unwrap()).1
    }
}
