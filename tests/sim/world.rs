//! A simulated organisation: its hub, its phones, the links between them, on folders of their own.
//!
//! Owns opening, closing, copying and restoring, and the exchange of jobs. Does not draw what
//! happens (`schedule`) and does not judge (`verdict`). Invariant: one thread moves everything; the
//! hub's own thread has settled before the next move.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use imena_core::encoding::Hash32;
use imena_core::environment::Environment;
use imena_core::field_store::{FieldStore, StoreConfig};
use imena_core::keys::{
    JoinCode, Organisation, PasscodeCost, PassphraseCost, Roster, RosterDevice, SoftwareVault,
};
use imena_core::model::ids::{SealedName, SubjectId, SubjectRef};
use imena_core::store::{Layout, VaultLock};
use imena_core::sync::{LinkCost, Step};
use imena_hub::{Hub, HubConfig};
use imena_tests::phone::PASSCODE;

use crate::dice::{START_MS, SimClock};
use crate::link::{Fault, Link, Word};
use crate::verdict::Broken;

/// Longest pause of a phone after a failure, with room: passing it costs no real time.
const WAIT_MS: i64 = 61_000;
/// No healed session needs so many exchanges.
const HEALED_JOBS_MAX: usize = 600;
/// A scrub looks at a bounded number of files; these look at all of any world.
const SCRUBS: usize = 8;
/// A folder is let go of by the hub's threads within this many milliseconds, or never.
const LET_GO_TRIES: usize = 20_000;

/// One phone.
pub struct Phone {
    pub name: String,
    pub environment: Environment,
    pub clock: SimClock,
    pub dir: PathBuf,
    pub vault: Arc<SoftwareVault>,
    pub store: Option<FieldStore>,
    pub link: Link,
    pub sites: Vec<SubjectId>,
    pub owners: Vec<SubjectRef>,
    pub saved: BTreeMap<SealedName, Hash32>,
    /// The last shutter press: its id, owner, bytes, and the file it became.
    pub last: Option<LastPhoto>,
    pub has_ended: bool,
}

/// A shutter press that may be told again.
#[derive(Clone)]
pub struct LastPhoto {
    pub capture_id: [u8; 16],
    pub owner: Option<SubjectRef>,
    pub bytes: Vec<u8>,
    pub sealed: SealedName,
}

/// Everything.
pub struct World {
    pub home: tempfile::TempDir,
    pub time: Arc<AtomicI64>,
    pub org: Organisation,
    pub roster: Roster,
    pub hub: Option<Hub>,
    pub hub_environment: Environment,
    pub phones: Vec<Phone>,
    pub backup: Option<PathBuf>,
    pub restores: usize,
    /// Files that the hub's disk has lost at some time.
    pub lost: BTreeSet<SealedName>,
    /// Promises that were seen broken on the way.
    pub broken: Vec<Broken>,
    runtime: tokio::runtime::Runtime,
}

impl Phone {
    pub fn store(&self) -> &FieldStore {
        self.store.as_ref().unwrap()
    }

    /// What its vault is opened with.
    pub fn config(&self) -> StoreConfig {
        StoreConfig {
            dir: self.dir.clone(),
            environment: self.environment.clone(),
            vault: Arc::clone(&self.vault) as _,
            app_version: "imena simulator".to_owned(),
            floor_bytes: 0,
            passcode_cost: PasscodeCost::TEST,
        }
    }

    /// The app dies and starts again; nothing was done first.
    pub fn restart(&mut self) {
        self.store = None;
        self.store = Some(FieldStore::open(self.config()).unwrap());
        self.unlock();
    }

    pub fn unlock(&self) {
        let report = self.store().unlock(PASSCODE).unwrap();
        assert!(report.rebuilt.is_none(), "a restart damaged the journal");
    }
}

impl World {
    /// An organisation, a hub that is locked, and phones that scanned its code.
    pub fn new(seed: u64, phones: usize, word: Word) -> Self {
        let memory = Path::new("/dev/shm");
        let temporary = std::env::temp_dir();
        let parent = if memory.is_dir() { memory } else { &temporary };
        let home = tempfile::Builder::new()
            .prefix("imena-sim-")
            .tempdir_in(parent)
            .unwrap();
        let time = Arc::new(AtomicI64::new(START_MS));
        let hub_environment = SimClock::of_hub(&time).environment(seed, 1);
        let dir = home.path().join("organisation");
        let (org, _) =
            Organisation::create(&hub_environment, &dir, "beech", PassphraseCost::TEST).unwrap();
        let addresses = ["hub.invalid:1".to_owned()];
        let dir = home.path().join("hub");
        let line = Hub::set_up(&hub_environment, &dir, "hub", &addresses).unwrap();
        let mut roster = Roster::first(&org.signer, org.identity.recipient(), START_MS);
        roster.put_hub(line);
        let code = JoinCode::of_roster(&roster).unwrap().to_text().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut world = Self {
            home,
            time,
            org,
            roster,
            hub: None,
            hub_environment,
            phones: Vec::new(),
            backup: None,
            restores: 0,
            lost: BTreeSet::new(),
            broken: Vec::new(),
            runtime,
        };
        world.open_hub();
        world.hand_roster();
        for number in 1..=phones {
            world.join(seed, number, &code, word);
        }
        world
    }

    fn join(&mut self, seed: u64, number: usize, code: &str, word: Word) {
        let clock = SimClock::of_phone(&self.time);
        let environment = clock.environment(seed, 100 + number as u64);
        let dir = self.home.path().join(format!("phone-{number}"));
        let vault = Arc::new(SoftwareVault::create(&environment, &dir).unwrap());
        let mut phone = Phone {
            name: format!("phone {number}"),
            environment,
            clock,
            dir,
            vault,
            store: None,
            link: Link::new(word),
            sites: Vec::new(),
            owners: Vec::new(),
            saved: BTreeMap::new(),
            last: None,
            has_ended: false,
        };
        let store = FieldStore::join(phone.config(), code, &phone.name, PASSCODE).unwrap();
        store.start_work(None).unwrap();
        phone.store = Some(store);
        self.phones.push(phone);
    }

    pub fn hub(&self) -> &Hub {
        self.hub.as_ref().unwrap()
    }

    pub fn hub_dir(&self) -> PathBuf {
        self.home.path().join("hub")
    }

    pub fn pass(&self, ms: i64) {
        self.time.fetch_add(ms, Ordering::SeqCst);
    }

    /// Opens the hub, locked.
    pub fn open_hub(&mut self) {
        let mut config = HubConfig::new(&self.hub_dir(), self.hub_environment.clone());
        config.floor_bytes = 0;
        self.hub = Some(Hub::open(config).unwrap());
        self.settle();
    }

    /// Ends the hub, and waits until its threads have let go of its folder.
    pub fn close_hub(&mut self) {
        self.hub = None;
        let layout = Layout::new(&self.hub_dir());
        for _ in 0..LET_GO_TRIES {
            match VaultLock::take(&layout) {
                Ok(_) => return,
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        panic!("the hub does not let go of its folder");
    }

    /// Copies the folder of the hub, which is not running then.
    pub fn back_up(&mut self) {
        self.close_hub();
        let copy = self.home.path().join("copy");
        if self.backup.is_some() {
            fs::remove_dir_all(&copy).unwrap();
        }
        copy_folder(&self.hub_dir(), &copy);
        self.backup = Some(copy);
        self.open_hub();
    }

    /// Puts the last copy in the place of the hub's folder; `false` without a copy.
    pub fn restore(&mut self) -> bool {
        let Some(copy) = self.backup.clone() else {
            return false;
        };
        self.close_hub();
        fs::remove_dir_all(self.hub_dir()).unwrap();
        copy_folder(&copy, &self.hub_dir());
        self.restores += 1;
        self.open_hub();
        true
    }

    /// The hub's disk loses the last photo of a phone, if it is there.
    pub fn lose(&mut self, phone: usize, is_gone: bool) {
        let Some(last) = &self.phones[phone].last else {
            return;
        };
        let (sealed, name) = (last.sealed, last.sealed.to_string());
        let path = self.hub_dir().join("files").join(&name[..2]).join(&name);
        let Ok(bytes) = fs::read(&path) else { return };
        self.lost.insert(sealed);
        match is_gone {
            true => fs::remove_file(path).unwrap(),
            false => fs::write(path, vec![0; bytes.len()]).unwrap(),
        }
    }

    pub fn unlock_hub(&self) {
        self.hub().unlock(&self.org.identity).unwrap();
        self.settle();
    }

    /// The hub gets the newest roster, if its own is older.
    pub fn hand_roster(&self) {
        if self.hub().status().unwrap().roster_version < self.roster.version {
            let signed = self.roster.clone().sign(&self.org.signer).unwrap();
            self.hub().accept_roster(&signed.bytes).unwrap();
            self.settle();
        }
    }

    /// The operator lets in whoever waits at the hub; gives how many.
    pub fn approve(&mut self) -> usize {
        self.hand_roster();
        let pending = self.hub().pending().unwrap();
        let count = pending.len();
        if count > 0 {
            let signed = self.roster.clone().sign(&self.org.signer).unwrap();
            self.roster = signed.next(START_MS);
            for device in pending {
                let (name, team) = (&device.name, &device.name);
                let line = RosterDevice::new(device.spki.clone(), name, team);
                self.roster.admit(line).unwrap();
            }
            self.hand_roster();
        }
        count
    }

    /// A session of one phone: one exchange for each fault, fewer if it comes to its end.
    pub fn sync(&mut self, phone: usize, cost: LinkCost, faults: &[Fault]) {
        let router = self.hub().phone_router();
        let clock = Arc::clone(&self.time);
        let phone = &mut self.phones[phone];
        let store = phone.store.as_ref().unwrap();
        phone.has_ended = false;
        let target = store.hubs().swap_remove(0);
        let mut desk = store.begin_sync(target, cost).unwrap();
        for fault in faults {
            let (step, job) = store.next_job(&mut desk).unwrap();
            match (step, job) {
                (Step::Done, _) => {
                    phone.has_ended = true;
                    break;
                }
                (Step::Wait { .. }, _) => {
                    clock.fetch_add(WAIT_MS, Ordering::SeqCst);
                }
                (_, None) => {}
                (_, Some(job)) => {
                    let outcome = phone.link.perform(&router, &job, *fault);
                    let outcome = self.runtime.block_on(outcome);
                    self.hub.as_ref().unwrap().settle();
                    self.hub.as_ref().unwrap().settle();
                    store.report_job(&mut desk, job.number, outcome).unwrap();
                }
            }
        }
    }

    /// What is late on the link of a phone arrives.
    pub fn arrive(&mut self, phone: usize) {
        let router = self.hub().phone_router();
        let arrived = self.phones[phone].link.arrive(&router);
        self.runtime.block_on(arrived);
        self.settle();
    }

    /// All that was wrong is put right, and everybody syncs until nothing is left to do.
    pub fn heal(&mut self) {
        self.hand_roster();
        // Everything was hashed longer ago than a scrub lets pass.
        self.pass(2 * 24 * 3_600_000);
        for _ in 0..SCRUBS {
            self.hub().scrub().unwrap();
        }
        self.unlock_hub();
        for number in 0..self.phones.len() {
            self.arrive(number);
            self.phones[number].clock.jump(crate::dice::Year::Right);
            self.phones[number].unlock();
        }
        // Ask to join; send; bring news of the others; receipts of what was opened since.
        for _ in 0..4 {
            for number in 0..self.phones.len() {
                self.sync(number, LinkCost::Free, &[Fault::None; HEALED_JOBS_MAX]);
            }
            self.approve();
            self.settle();
            // What a hub that was set back has forgotten may be asked anew.
            self.pass(61_000);
        }
    }

    fn settle(&self) {
        // What is opened may let more be opened.
        self.hub().settle();
        self.hub().settle();
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
