//! A phone of a made-up organisation, on folders of its own that go away with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use imena_core::capture::{CHUNK_BYTES_MAX, CaptureDraft, CaptureFacts, Saved};
use imena_core::environment::{Clock, ClockReading, Environment};
use imena_core::field_store::{Error, FieldStore, StoreConfig, UnlockReport, software_vault};
use imena_core::keys::{JoinCode, OrgIdentity, Organisation, PasscodeCost, PassphraseCost};
use imena_core::model::ids::{SealedName, SubjectId, SubjectRef};
use imena_core::seal::open_bytes;
use imena_core::store::SealedFiles;
use imena_core::vocabulary::PhotoOrigin;

use crate::photo::PhotoSpec;
use crate::records::{add_grave, add_site};

/// Opens every phone of the tests.
pub const PASSCODE: &str = "4711 4711";
/// Zone of the tests' clocks.
const OFFSET_MIN: i32 = 120;
/// No photo of the tests is larger.
const PHOTO_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A phone and the organisation whose join code it scanned.
#[derive(Debug)]
pub struct Phone {
    home: tempfile::TempDir,
    join: String,
    identity: OrgIdentity,
}

impl Default for Phone {
    fn default() -> Self {
        Self::new()
    }
}

impl Phone {
    /// A phone that has not joined yet.
    #[must_use]
    pub fn new() -> Self {
        let home = tempfile::Builder::new()
            .prefix("imena-phone-")
            .tempdir()
            .unwrap();
        let environment = Environment::system(OFFSET_MIN);
        let dir = home.path().join("organisation");
        let (organisation, _) =
            Organisation::create(&environment, &dir, "beech wood", PassphraseCost::TEST).unwrap();
        let identity = organisation.identity;
        let (org, recipient) = (organisation.signer.org(), identity.recipient());
        let join = JoinCode {
            org,
            recipient,
            hubs: Vec::new(),
        }
        .to_text()
        .unwrap();
        Self {
            home,
            join,
            identity,
        }
    }

    /// A folder beside the vault, for what the test needs.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The vault directory.
    #[must_use]
    pub fn vault(&self) -> PathBuf {
        self.home.path().join("vault")
    }

    /// The text of the join code.
    #[must_use]
    pub fn join_code(&self) -> &str {
        &self.join
    }

    /// What a store of this phone is opened with.
    #[must_use]
    pub fn config(&self) -> StoreConfig {
        config(&self.vault(), &Environment::system(OFFSET_MIN))
    }

    /// Joins and starts work.
    #[must_use]
    pub fn join(&self) -> FieldStore {
        let store = FieldStore::join(self.config(), &self.join, "T01", PASSCODE).unwrap();
        store.start_work(None).unwrap();
        store
    }

    /// Opens the vault and unlocks it.
    #[must_use]
    pub fn open(&self) -> (FieldStore, UnlockReport) {
        open(self.config())
    }

    /// What the organisation reads in a sealed file of this phone.
    ///
    /// # Errors
    /// Why it reads nothing.
    pub fn opened_by_organisation(&self, sealed: SealedName) -> Result<Vec<u8>, String> {
        let layout = imena_core::store::Layout::new(&self.vault());
        let files = SealedFiles::new(&Environment::system(0), &layout);
        let mut bytes = Vec::new();
        let mut file = files.open(sealed).map_err(|error| error.to_string())?;
        file.read_to_end(&mut bytes)
            .map_err(|error| error.to_string())?;
        open_bytes(&[self.identity.identity()], &bytes, PHOTO_BYTES_MAX)
            .map_err(|error| error.to_string())
    }
}

/// What a store on `vault` is opened with: cheap passcode, no floor.
#[must_use]
pub fn config(vault: &Path, environment: &Environment) -> StoreConfig {
    StoreConfig {
        dir: vault.to_path_buf(),
        environment: environment.clone(),
        // The hardware key is not what these tests make fail.
        vault: software_vault(&Environment::system(OFFSET_MIN), vault).unwrap(),
        app_version: "imena tests".to_owned(),
        floor_bytes: 0,
        passcode_cost: PasscodeCost::TEST,
    }
}

/// Opens and unlocks.
#[must_use]
pub fn open(config: StoreConfig) -> (FieldStore, UnlockReport) {
    let store = FieldStore::open(config).unwrap();
    let report = store.unlock(PASSCODE).unwrap();
    (store, report)
}

/// A shutter press in the app, for an owner.
#[must_use]
pub fn draft(capture_id: [u8; 16], owner: Option<SubjectRef>) -> CaptureDraft {
    let origin = PhotoOrigin::InAppCamera;
    CaptureDraft {
        capture_id,
        owner,
        shot: None,
        origin,
        file_name: None,
    }
}

/// An id of a shutter press.
#[must_use]
pub fn new_capture_id() -> [u8; 16] {
    Environment::system(0).random().unwrap()
}

/// Takes a photo as the app does: chunk by chunk, its length known at the end.
///
/// # Errors
/// NOT SAVED.
pub fn capture(store: &FieldStore, draft: CaptureDraft, bytes: &[u8]) -> Result<Saved, Error> {
    let mut photo = store.begin_photo(draft)?;
    for chunk in bytes.chunks(CHUNK_BYTES_MAX) {
        photo.append(chunk)?;
    }
    let expected_len = Some(bytes.len() as u64);
    store.finish_photo(
        photo,
        CaptureFacts {
            expected_len,
            ..CaptureFacts::default()
        },
    )
}

/// A site with one grave, which is given back.
#[must_use]
pub fn site_with_grave(store: &FieldStore) -> (SubjectId, SubjectRef) {
    let site = add_site(store, "KHA1", "Beech wood");
    (site, add_grave(store, site).subject)
}

/// A photograph of some 60 KB, or one a little larger or smaller; another number, another picture.
#[must_use]
pub fn picture(number: u64) -> Vec<u8> {
    let side = 400 + u16::try_from(number % 5).unwrap() * 120;
    PhotoSpec {
        noise: 20,
        ..PhotoSpec::new(side, side * 3 / 4, number)
    }
    .to_jpeg()
}

/// A clock that stands until it is moved.
#[derive(Clone, Debug)]
pub struct HandClock(Arc<AtomicI64>);

impl HandClock {
    /// Stands at a moment, ms since 1970.
    #[must_use]
    pub fn at(wall_ms: i64) -> Self {
        Self(Arc::new(AtomicI64::new(wall_ms)))
    }

    /// Moves on, or back.
    pub fn pass(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// A system environment with this clock.
    #[must_use]
    pub fn environment(&self) -> Environment {
        Environment {
            clock: Arc::new(self.clone()),
            ..Environment::system(OFFSET_MIN)
        }
    }
}

impl Clock for HandClock {
    fn now(&self) -> ClockReading {
        let wall_ms = self.0.load(Ordering::SeqCst);
        let mono_ns = u64::try_from(wall_ms).unwrap_or_default();
        ClockReading {
            wall_ms,
            offset_min: OFFSET_MIN,
            mono_ns,
            boot_id: [7; 16],
        }
    }
}
