//! Why the hub did not do what was asked, for its operator; what a phone is told stands in
//! `routes/`.

use std::sync::atomic::{AtomicU64, Ordering};

use imena_core::journal::JournalError;
use imena_core::keys::RosterError;
use imena_core::seal::SealError;
use imena_core::store::StoreError;
use thiserror::Error;

/// Why the hub did not do what was asked.
#[derive(Debug, Error)]
pub enum HubError {
    /// The disk failed or is full.
    #[error("disk: {0}")]
    Io(#[from] std::io::Error),
    /// The database refused or failed.
    #[error("{context}: {cause}")]
    Sql {
        /// What was being done.
        context: &'static str,
        /// SQLite's word.
        cause: rusqlite::Error,
    },
    /// Another process holds this folder, or the journal failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A roster was refused.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// A run or checkpoint was refused.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A sealed file did not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The folder was not set up.
    #[error("there is no hub in this folder; set it up first")]
    NotSetUp,
    /// A key file of the hub is not what was written.
    #[error("{file} is damaged; restore it from the copy of the hub's folder")]
    DamagedKeys {
        /// Which.
        file: &'static str,
    },
    /// Written by a newer program.
    #[error("hub.db has schema {found}, this program knows {supported}; update the program")]
    NewerSchema {
        /// Its version.
        found: i64,
        /// The newest known here.
        supported: i64,
    },
    /// SQLite did not take a setting that protects what is stored.
    #[error("hub.db: setting {setting} is {found}, must be {expected}")]
    Setting {
        /// Name of the pragma.
        setting: &'static str,
        /// As it reads back.
        found: String,
        /// What was set.
        expected: &'static str,
    },
    /// No roster has come yet.
    #[error("this hub belongs to no organisation yet; hand it a roster that names it")]
    NoOrganisation,
    /// The roster does not name this hub with its own keys.
    #[error("the roster does not name this hub with its key and certificate; add the hub first")]
    NotInRoster,
    /// The identity opens nothing of this organisation.
    #[error("this identity is not one of the organisation's recipients")]
    OtherIdentity,
    /// The text is no identity.
    #[error("not an age identity")]
    BadIdentity,
    /// The certificate could not be made or used.
    #[error("certificate: {0}")]
    Tls(String),
    /// The page was to be served to the network.
    #[error("the page is served on the loopback address only, not on {0}")]
    NotLoopback(std::net::SocketAddr),
    /// A page could not be written.
    #[error("page: {0}")]
    Page(#[from] askama::Error),
    /// A thread of the hub ended early.
    #[error("an inner task ended early; restart the hub")]
    TaskEnded,
}

impl HubError {
    /// Whether the disk is full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        let kinds = [
            std::io::ErrorKind::StorageFull,
            std::io::ErrorKind::QuotaExceeded,
        ];
        match self {
            Self::Io(error) => kinds.contains(&error.kind()),
            Self::Sql { cause, .. } => {
                cause.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
            }
            Self::Store(_)
            | Self::Roster(_)
            | Self::Journal(_)
            | Self::Seal(_)
            | Self::NotSetUp
            | Self::DamagedKeys { .. }
            | Self::NewerSchema { .. }
            | Self::Setting { .. }
            | Self::NoOrganisation
            | Self::NotInRoster
            | Self::OtherIdentity
            | Self::BadIdentity
            | Self::Tls(_)
            | Self::NotLoopback(_)
            | Self::Page(_)
            | Self::TaskEnded => false,
        }
    }
}

/// Writes an error that nobody can act on to the log; gives the number under which it stands there, for
/// the reply.
pub(crate) fn fault(error: &HubError) -> u64 {
    static FAULTS: AtomicU64 = AtomicU64::new(1);
    let fault = FAULTS.fetch_add(1, Ordering::Relaxed);
    tracing::error!(fault, %error, "request failed");
    fault
}

/// Names a statement in its error.
pub(crate) fn sql(context: &'static str) -> impl Fn(rusqlite::Error) -> HubError {
    move |cause| HubError::Sql { context, cause }
}

/// Takes a lock whose holder may have panicked: what it guards is re-read or replaced whole, never
/// left half changed.
pub(crate) fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
