//! The one object that bindings and terminal open: a vault with its writer, its views and its sync.
//!
//! Owns opening, locking, unlocking, the order of the parts, and what is put off until after a capture. Decides nothing that a room above decides.
//! Invariant: while locked no key of a readable database is in memory; capture waits for nothing but its own bytes and entry.

mod capture;
mod changes;
mod codes;
mod folder;
mod freeing;
mod naming;
mod nouns;
mod opening;
mod reading;
mod rebuild;
mod records;
mod suspend;
mod syncing;
mod verify;
mod work;

pub use changes::Changes;
pub use codes::FoundCode;
pub use folder::{
    ChainReport, EpochReport, FieldReport, FolderReport, HeadReport, SubjectReport, verify_folder,
};
pub use freeing::FreeReport;
pub use naming::{Bearer, Recorder};
pub use nouns::RecordQuery;
pub use opening::{UnlockReport, software_vault};
pub use reading::{PhotoStatus, StatusView};
pub use rebuild::{OldChain, RebuildReport};
pub use suspend::Suspended;
pub use verify::{Finding, Progress, VerifyReport};

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use thiserror::Error;

use crate::capture::CaptureError;
use crate::encoding::PublicKey;
use crate::environment::Environment;
use crate::index::Index;
use crate::keys::{
    JoinCode, JoinError, KeyError, KeyVault, PasscodeCost, SessionKey, SignedRoster, VaultError,
    VaultKeys,
};
use crate::record::RecordError;
use crate::store::{Layout, OwnChain, Reserve, RunError, SealedFiles, StoreError, VaultLock};
use crate::sync::{DeskError, TransferDb};

/// Why the store did not do what was asked. Nothing that was saved before is in danger unless a variant says so.
#[derive(Debug, Error)]
pub enum Error {
    /// The vault is locked: unlock it with the passcode.
    #[error("the vault is locked")]
    Locked,
    /// There is no vault in this folder: join first.
    #[error("there is no vault here")]
    NoVault,
    /// There is a vault in this folder already.
    #[error("there is a vault here already")]
    VaultExists,
    /// The join code is not one.
    #[error("{0}")]
    Join(#[from] JoinError),
    /// A key is wrong, missing or damaged.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// A photo was NOT SAVED.
    #[error("NOT SAVED: {0}")]
    Capture(#[from] CaptureError),
    /// A record was not recorded.
    #[error("not recorded: {0}")]
    Record(#[from] RecordError),
    /// A run was not closed; its entries are in the journal.
    #[error("{0}")]
    Run(#[from] RunError),
    /// Sync could not go on; nothing is lost.
    #[error("{0}")]
    Desk(#[from] DeskError),
    /// The disk or a database.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// No hub is known.
    #[error("no hub is known: scan a newer join code")]
    NoHub,
    /// Whoever asked for it ended it.
    #[error("cancelled")]
    Cancelled,
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<VaultError> for Error {
    fn from(error: VaultError) -> Self {
        Self::Key(error.into())
    }
}

/// What a store is opened with.
#[derive(Clone)]
pub struct StoreConfig {
    /// The vault directory.
    pub dir: PathBuf,
    /// Clock, entropy, files.
    pub environment: Environment,
    /// The hardware key.
    pub vault: Arc<dyn KeyVault>,
    /// Version of the program, for entries.
    pub app_version: String,
    /// Free space under which no capture begins.
    pub floor_bytes: u64,
    /// Work of a new passcode's derivation.
    pub passcode_cost: PasscodeCost,
}

impl std::fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoreConfig({})", self.dir.display())
    }
}

/// A vault on this device.
#[derive(Debug)]
pub struct FieldStore {
    config: StoreConfig,
    layout: Layout,
    _lock: VaultLock,
    files: SealedFiles,
    reserve: Reserve,
    join: JoinCode,
    device_name: String,
    device: Mutex<PublicKey>,
    transfer: Mutex<TransferDb>,
    roster: RwLock<Option<SignedRoster>>,
    open: RwLock<Option<Open>>,
    put_off: Mutex<Vec<PutOff>>,
    /// Held by whoever works off what was put off.
    turn: Mutex<()>,
    changes: Mutex<Changes>,
}

/// What is there only while unlocked.
#[derive(Debug)]
struct Open {
    keys: VaultKeys,
    chain: OwnChain,
    index: Mutex<Index>,
    sessions: Mutex<Vec<SessionKey>>,
    /// Held by whoever changes a record.
    changing: Mutex<()>,
}

/// Work that follows a saved photo, off the capture path.
#[derive(Clone, Debug)]
struct PutOff {
    photo: crate::model::ids::SubjectId,
    sealed: crate::model::ids::SealedName,
    size: u64,
}

impl FieldStore {
    /// The vault directory.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Whether the vault is locked.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.open
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none()
    }

    /// The name that this device gave itself.
    #[must_use]
    pub fn device_name(&self) -> &str {
        &self.device_name
    }

    /// The device's id.
    #[must_use]
    pub fn device_id(&self) -> crate::model::ids::DeviceId {
        crate::model::ids::DeviceId(self.device().id())
    }

    fn device(&self) -> PublicKey {
        self.device
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn transfer(&self) -> MutexGuard<'_, TransferDb> {
        self.transfer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn roster(&self) -> Option<SignedRoster> {
        self.roster
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn guard(&self) -> RwLockReadGuard<'_, Option<Open>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `act` with what is open.
    fn with_open<T>(&self, act: impl FnOnce(&Open) -> Result<T, Error>) -> Result<T, Error> {
        let guard = self.guard();
        act(guard.as_ref().ok_or(Error::Locked)?)
    }

    /// Whom new files are sealed to: the organisation, and the newest session of this device.
    fn recipients(&self, open: &Open) -> Vec<String> {
        let roster = self.roster();
        let org = roster
            .as_ref()
            .and_then(|signed| signed.roster.recipient().map(str::to_owned));
        let mut recipients = vec![org.unwrap_or_else(|| self.join.recipient.clone())];
        let sessions = open.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        recipients.extend(sessions.last().map(SessionKey::recipient));
        recipients
    }

    fn now_ms(&self) -> i64 {
        self.config.environment.clock.now().wall_ms
    }
}

impl Open {
    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sessions(&self) -> Vec<SessionKey> {
        self.sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
