//! The hub as its owner sees it: open, hand it a roster, unlock, lock, who is waiting, what it is
//! doing.
//!
//! Owns what all routes share. Does not speak HTTP (`server`, `routes/`). Invariant: one process
//! per folder; the roster only ever gets newer.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use imena_core::encoding::Hash32;
use imena_core::environment::Environment;
use imena_core::keys::{OrgIdentity, Roster, RosterHub, SignedRoster};
use imena_core::model::ids::{DeviceId, HubId, OrgId};
use imena_core::store::{Layout, ReceiptFiles, VaultLock};

use crate::admin::{Pending, Unlock};
use crate::chain::Chain;
use crate::enrolments::Enrolments;
use crate::error::HubError;
use crate::keys::HubKeys;
use crate::limits::{FLOOR_BYTES, NONCE_NS, NONCES_USED_MAX, UNCLAIMED_QUOTA_BYTES};
use crate::nonces::Nonces;
use crate::notes::Notes;
use crate::rooms::Patience;
use crate::rosters::Rosters;
use crate::tokens::StrangerTokens;
use crate::truth::{AuditLine, Objects, SqliteTruth, Truth};
use crate::upload::Uploads;
use crate::web::SignIn;

/// Free bytes on the file system of a path.
pub type FreeBytes = Arc<dyn Fn(&Path) -> io::Result<u64> + Send + Sync>;

/// What a hub is opened with.
#[derive(Clone)]
pub struct HubConfig {
    /// Its folder.
    pub dir: PathBuf,
    /// Clock, entropy and steps.
    pub environment: Environment,
    /// Under this much free space no photo is taken.
    pub floor_bytes: u64,
    /// What a device that no person has claimed may store.
    pub unclaimed_quota_bytes: u64,
    /// How long strangers may keep a connection.
    pub patience: Patience,
    /// How the free space is measured; the environment's own way if absent.
    pub free_bytes: Option<FreeBytes>,
}

impl HubConfig {
    /// A hub as it runs in the field.
    #[must_use]
    pub fn new(dir: &Path, environment: Environment) -> Self {
        Self {
            dir: dir.to_path_buf(),
            environment,
            floor_bytes: FLOOR_BYTES,
            unclaimed_quota_bytes: UNCLAIMED_QUOTA_BYTES,
            patience: Patience::default(),
            free_bytes: None,
        }
    }
}

/// A running hub; clones are the same hub.
#[derive(Clone)]
pub struct Hub {
    pub(crate) inner: Arc<Inner>,
}

/// What a hub is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The hub.
    pub hub: HubId,
    /// Version of its roster; 0 if it has none.
    pub roster_version: u64,
    /// Whether it stores without being able to read.
    pub is_locked: bool,
    /// Number of its last receipt in this epoch.
    pub hub_seq: u64,
    /// Entries that stand in its journal, while unlocked.
    pub entries: u64,
}

/// What all routes and threads share.
pub(crate) struct Inner {
    pub environment: Environment,
    pub dir: PathBuf,
    pub keys: HubKeys,
    pub truth: Arc<dyn Truth>,
    pub objects: Objects,
    pub nonces: Nonces,
    pub stranger_tokens: StrangerTokens,
    pub enrolments: Enrolments,
    pub stranger_notes: Notes,
    pub patience: Patience,
    pub uploads: Uploads,
    pub chain: Chain,
    pub sign_in: SignIn,
    pub floor_bytes: u64,
    pub unclaimed_quota_bytes: u64,
    free_bytes: Option<FreeBytes>,
    rosters: Rosters,
    roster: RwLock<Option<Arc<SignedRoster>>>,
    _lock: VaultLock,
}

impl Hub {
    /// Makes the keys of a hub in `dir`, or keeps those that are there; gives its line for the
    /// roster.
    ///
    /// # Errors
    /// The disk's, or a damaged key file.
    pub fn set_up(
        environment: &Environment,
        dir: &Path,
        name: &str,
        addresses: &[String],
    ) -> Result<RosterHub, HubError> {
        Ok(HubKeys::set_up(environment, dir, name, addresses)?
            .line()
            .clone())
    }

    /// Opens a hub that was set up, locked, and finishes uploads that were complete when it last
    /// ended.
    ///
    /// # Errors
    /// `NotSetUp`, another process in this folder, or the disk's.
    pub fn open(config: HubConfig) -> Result<Self, HubError> {
        let HubConfig {
            dir, environment, ..
        } = &config;
        let keys = HubKeys::open(environment, dir)?;
        let layout = Layout::new(dir);
        let vault_lock = VaultLock::take(&layout)?;
        let receipts = ReceiptFiles::new(environment, &layout.receipts(), &dir.join("damaged"));
        let database = dir.join("hub.db");
        let truth = Arc::new(SqliteTruth::open(&database, keys.id(), receipts)?);
        let rosters = Rosters::new(environment, &layout.rosters());
        let roster = match truth.fact("roster")? {
            Some(bytes) => Some(open_roster(&bytes, None)?),
            None => rosters.newest(&|bytes| open_roster(bytes, None).ok())?,
        };
        let inner = Arc::new(Inner {
            keys,
            objects: Objects::open(dir)?,
            nonces: Nonces::new(environment, NONCE_NS, NONCES_USED_MAX)?,
            stranger_tokens: StrangerTokens::default(),
            enrolments: Enrolments::default(),
            stranger_notes: Notes::default(),
            patience: config.patience,
            uploads: Uploads::default(),
            chain: Chain::default(),
            sign_in: SignIn::new(environment)?,
            floor_bytes: config.floor_bytes,
            unclaimed_quota_bytes: config.unclaimed_quota_bytes,
            free_bytes: config.free_bytes.clone(),
            roster: RwLock::new(roster.map(Arc::new)),
            _lock: vault_lock,
            rosters,
            truth,
            dir: dir.clone(),
            environment: config.environment.clone(),
        });
        if let Some(signed) = inner.roster() {
            inner.rosters.keep(signed.roster.version, &signed.bytes)?;
            inner.replay_receipts()?;
        }
        Chain::start(&inner)?;
        inner.resume_uploads()?;
        Ok(Self { inner })
    }

    /// The hub's line of a roster, for `imena org add-hub`.
    #[must_use]
    pub fn line(&self) -> RosterHub {
        self.inner.keys.line().clone()
    }

    /// The hub's id.
    #[must_use]
    pub fn id(&self) -> HubId {
        self.inner.keys.id()
    }

    /// The roster at hand.
    #[must_use]
    pub fn roster(&self) -> Option<Roster> {
        self.inner.roster().map(|signed| signed.roster.clone())
    }

    /// Takes a newer roster that names this hub; the first one says which organisation the hub
    /// belongs to.
    ///
    /// # Errors
    /// Not newer, not the organisation's, or it does not name this hub.
    pub fn accept_roster(&self, bytes: &[u8]) -> Result<(), HubError> {
        self.inner.accept_roster(bytes)
    }

    /// Unlocks with the organisation's identity: what was stored is opened, folded and receipted
    /// anew, in the background.
    ///
    /// # Errors
    /// No roster, an identity that is not the organisation's, or the disk's.
    pub fn unlock(&self, identity: &OrgIdentity) -> Result<(), HubError> {
        self.inner.unlock(Unlock::of(identity))
    }

    /// Forgets the identity and everything readable.
    pub fn lock(&self) {
        self.inner.chain.lock();
    }

    /// Whether the hub stores without being able to read.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.inner.chain.is_locked()
    }

    /// Devices that wish to join and are not in the roster.
    ///
    /// # Errors
    /// The database's.
    pub fn pending(&self) -> Result<Vec<Pending>, HubError> {
        self.inner.pending()
    }

    /// Forgets a device that wishes to join and that nobody knows; it may ask again.
    ///
    /// # Errors
    /// The database's.
    pub fn dismiss(&self, device: DeviceId) -> Result<(), HubError> {
        self.inner.dismiss_enrolment(device)
    }

    /// What the hub is doing.
    ///
    /// # Errors
    /// The database's.
    pub fn status(&self) -> Result<Status, HubError> {
        self.inner.status()
    }

    /// What was noticed, newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn audit_lines(&self, limit: usize) -> Result<Vec<AuditLine>, HubError> {
        self.inner.truth.audit_lines(limit)
    }

    /// Waits until everything that was stored so far was opened, as far as it can be. Blocks the
    /// thread.
    pub fn settle(&self) {
        self.inner.chain.settle();
    }

    /// Re-hashes the files whose last re-hash is too old, a bounded number; gives how many are not
    /// what their name says.
    ///
    /// # Errors
    /// The disk's or the database's.
    pub fn scrub(&self) -> Result<Scrubbed, HubError> {
        self.inner.scrub()
    }
}

/// What one batch of re-hashes found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scrubbed {
    /// Files that are not what their name says.
    pub bad: usize,
    /// More are due now.
    pub is_more_due: bool,
}

impl Inner {
    pub fn roster(&self) -> Option<Arc<SignedRoster>> {
        self.roster
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    pub fn org(&self) -> Result<OrgId, HubError> {
        self.roster()
            .map(|signed| signed.roster.org)
            .ok_or(HubError::NoOrganisation)
    }

    pub fn now_ms(&self) -> i64 {
        self.environment.clock.now().wall_ms
    }

    /// Whether a device belongs today: it may pull.
    pub fn is_member(&self, device: DeviceId) -> bool {
        self.roster()
            .is_some_and(|signed| signed.roster.is_member(device))
    }

    /// Whether entries of a chain are folded: the roster names or named it. What comes after a
    /// revocation is kept and flagged by the fold.
    pub fn is_claimed(&self, device: DeviceId) -> bool {
        self.roster()
            .is_some_and(|signed| signed.roster.device(device).is_some())
    }

    /// Notes what a person should be able to look up; a failure to note it is logged and stops
    /// nothing.
    pub fn audit(&self, what: &str, about: Hash32) {
        tracing::warn!(%about, what);
        if let Err(error) = self.truth.audit(self.now_ms(), what, about) {
            tracing::error!(%error, "audit line not written");
        }
    }

    /// Notes what a device caused: a stranger may cause so many lines an hour, a member any.
    pub fn audit_by(&self, device: DeviceId, what: &str, about: Hash32) {
        match self.is_claimed(device) {
            true => self.audit(what, about),
            false => self.audit_stranger(what, about),
        }
    }

    /// Notes what a stranger caused, a bounded number of times an hour.
    pub fn audit_stranger(&self, what: &str, about: Hash32) {
        if self
            .stranger_notes
            .may_note(self.environment.clock.now().mono_ns)
        {
            self.audit(what, about);
        } else {
            tracing::debug!(%about, what);
        }
    }

    pub fn free_bytes(&self) -> io::Result<u64> {
        match &self.free_bytes {
            Some(measure) => measure(&self.dir),
            None => self.environment.files.free_bytes(&self.dir),
        }
    }

    pub fn accept_roster(self: &Arc<Self>, bytes: &[u8]) -> Result<(), HubError> {
        let mut slot = self
            .roster
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let offered = open_roster(bytes, slot.as_deref())?;
        let line = offered
            .roster
            .hub(self.keys.id())
            .ok_or(HubError::NotInRoster)?;
        if !line.tls_pins.contains(&self.keys.pin()) {
            return Err(HubError::NotInRoster);
        }
        let version = offered.roster.version;
        self.rosters.keep(version, &offered.bytes)?;
        self.truth.set_fact("roster", &offered.bytes)?;
        tracing::info!(version, "roster accepted");
        let is_first = slot.is_none();
        *slot = Some(Arc::new(offered));
        drop(slot);
        if is_first {
            self.replay_receipts()?;
        }
        // A device that was claimed just now has runs here that wait for it.
        self.chain.look_again();
        Ok(())
    }

    pub fn status(&self) -> Result<Status, HubError> {
        Ok(Status {
            hub: self.keys.id(),
            roster_version: self.roster().map_or(0, |signed| signed.roster.version),
            is_locked: self.chain.is_locked(),
            hub_seq: self.truth.head()?.hub_seq,
            entries: self.chain.entry_count()?,
        })
    }
}

/// Opens a roster as the successor of the one at hand; without one, as the first word of the
/// organisation that it names.
fn open_roster(bytes: &[u8], known: Option<&SignedRoster>) -> Result<SignedRoster, HubError> {
    if let Some(known) = known {
        return Ok(known.clone().succeed(bytes)?);
    }
    Ok(SignedRoster::open_first(bytes)?)
}
