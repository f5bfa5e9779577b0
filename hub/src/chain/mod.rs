//! What only an unlocked hub does: opens what it stores, verifies chains, keeps the disposable
//! journal, signs `sha256` and `entries` lines.
//!
//! Owns the identity while unlocked and the thread that opens files one after the other. Does not
//! store or receive files (`upload/`). Invariant: while locked nothing here is readable; journal
//! and index can be thrown away at any time and are made again from the runs.

mod files;
mod fold;
mod pull;

pub(crate) use pull::Pulled;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use age::x25519;
use imena_core::encoding::Hash32;
use imena_core::index::Index;
use imena_core::model::ids::{DeviceId, SealedName};
use imena_core::store::{Durability, Journal, StoreError};

use crate::admin::Unlock;
use crate::error::{HubError, lock};
use crate::hub::Inner;
use crate::truth::StoredFile;

const JOURNAL_FILE: &str = "journal.db";
const INDEX_FILE: &str = "index.db";

/// The readable side of a hub.
#[derive(Default)]
pub(crate) struct Chain {
    open: Mutex<Option<Open>>,
    /// Beside the lock: whoever says hello must not wait for a page that is being read.
    is_open: AtomicBool,
    jobs: Mutex<Option<Sender<Job>>>,
}

/// What there is while unlocked.
pub(crate) struct Open {
    pub identity: x25519::Identity,
    pub journal: Journal,
    /// Runs whose predecessors have not come yet, with the place that each begins at.
    pub waiting: BTreeMap<SealedName, Start>,
    /// What the pages read; follows the journal when a page is asked for.
    pub index: Index,
}

/// Where a run begins in its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    pub device: DeviceId,
    /// Number of its first entry.
    pub seq: u64,
    /// What that entry follows.
    pub prev: Hash32,
}

enum Job {
    /// A file was stored just now.
    Stored(SealedName),
    /// Look at everything that was not opened yet.
    LookAgain,
    /// Tell when all jobs before this one are done.
    Settle(Sender<()>),
}

impl Chain {
    /// Starts the thread that opens files; it ends with the hub.
    pub fn start(inner: &Arc<Inner>) -> Result<(), HubError> {
        let (sender, receiver) = mpsc::channel();
        *lock(&inner.chain.jobs) = Some(sender);
        let weak = Arc::downgrade(inner);
        let thread = std::thread::Builder::new().name("imena-chain".to_owned());
        thread.spawn(move || work(&weak, &receiver))?;
        Ok(())
    }

    /// What is open, for as long as the guard is held; `None` while locked.
    pub fn open(&self) -> MutexGuard<'_, Option<Open>> {
        lock(&self.open)
    }

    pub fn is_locked(&self) -> bool {
        !self.is_open.load(Ordering::Acquire)
    }

    pub fn lock(&self) {
        let mut open = self.open();
        self.is_open.store(false, Ordering::Release);
        if open.take().is_some() {
            tracing::info!("locked");
        }
    }

    pub fn entry_count(&self) -> Result<u64, HubError> {
        match self.open().as_ref() {
            Some(open) => Ok(open.journal.entry_count()?),
            None => Ok(0),
        }
    }

    /// A file was stored: it is opened as soon as there is time.
    pub fn stored(&self, row: &StoredFile) {
        if !self.is_locked() {
            self.tell(Job::Stored(row.sealed));
        }
    }

    /// Something changed that may let files be opened or chains be folded.
    pub fn look_again(&self) {
        self.tell(Job::LookAgain);
    }

    pub fn settle(&self) {
        let (sender, receiver) = mpsc::channel();
        self.tell(Job::Settle(sender));
        // An error says that the thread has ended: then nothing is left to wait for.
        let _ = receiver.recv();
    }

    fn tell(&self, job: Job) {
        if let Some(sender) = lock(&self.jobs).as_ref() {
            // The thread ends only with the hub.
            let _ = sender.send(job);
        }
    }
}

fn work(inner: &Weak<Inner>, receiver: &Receiver<Job>) {
    while let Ok(job) = receiver.recv() {
        let Some(inner) = inner.upgrade() else { return };
        let done = match job {
            Job::Stored(sealed) => inner.open_stored(sealed),
            Job::LookAgain => inner.open_everything(),
            Job::Settle(sender) => {
                drop(inner);
                // Whoever asked may be gone.
                let _ = sender.send(());
                continue;
            }
        };
        if let Err(error) = done {
            tracing::error!(%error, "opening what is stored");
        }
    }
}

impl Inner {
    pub(crate) fn unlock(self: &Arc<Self>, unlock: Unlock) -> Result<(), HubError> {
        let signed = self.roster().ok_or(HubError::NoOrganisation)?;
        let recipient = unlock.identity.to_public().to_string();
        if signed
            .roster
            .recipients
            .iter()
            .all(|line| line.recipient != recipient)
        {
            return Err(HubError::OtherIdentity);
        }
        // Two threads that both made a journal would each throw the other's away.
        let mut slot = self.chain.open();
        if slot.is_none() {
            let journal = self.open_journal(&unlock)?;
            let path = self.dir.join(INDEX_FILE);
            let index = Index::open(&path, &unlock.journal_key, &journal)?;
            *slot = Some(Open {
                identity: unlock.identity,
                journal,
                waiting: BTreeMap::new(),
                index,
            });
            self.chain.is_open.store(true, Ordering::Release);
            tracing::info!("unlocked");
        }
        drop(slot);
        self.chain.look_again();
        Ok(())
    }

    /// Opens the journal, or makes it anew where it cannot be read: all that it holds stands in the
    /// runs.
    fn open_journal(&self, unlock: &Unlock) -> Result<Journal, HubError> {
        let path = self.dir.join(JOURNAL_FILE);
        let open = || {
            Journal::open(
                &self.environment,
                &path,
                &unlock.journal_key,
                Durability::Disposable,
            )
        };
        match open() {
            Err(StoreError::Damaged { .. } | StoreError::NewerSchema { .. }) => {
                tracing::warn!("journal.db is made anew from the runs");
                for suffix in ["", "-wal", "-shm"] {
                    let path = self.dir.join(format!("{JOURNAL_FILE}{suffix}"));
                    if self.environment.files.len(&path)?.is_some() {
                        self.environment.files.remove(&path)?;
                    }
                }
                Ok(open()?)
            }
            Ok(journal) => Ok(journal),
            Err(error) => Err(error.into()),
        }
    }
}
