//! The truth on disk: one locked vault directory with journal.db and the sealed files.
//!
//! Owns the directory layout, the vault lock, how databases are opened, where sealed files stand and how they move. Does not decide what is recorded
//! (`capture/`, `record/`) or sent (`sync/`). Invariant: evidence is never unlinked or overwritten here; what cannot be trusted goes to `quarantine/`.

mod database;
mod files;
mod journal_append;
mod journal_db;
mod journal_files;
mod journal_rows;
mod layout;
mod lock;
mod own_chain;
mod receipt_files;
mod reserve;
mod runs;

pub use database::{Durability, check_pages, check_seals, open_database, verify_settings};
pub use files::{Class, SealedFiles, Where};
pub use journal_append::OwnAppend;
pub use journal_db::{Appended, Journal, Tip};
pub use journal_files::FileRow;
pub use journal_rows::introduced_by;
pub use layout::Layout;
pub use lock::VaultLock;
pub use own_chain::{OwnChain, Pen, Word};
pub use receipt_files::{Place, ReceiptFile, ReceiptFiles};
pub use reserve::{FLOOR_BYTES, Reserve, SpaceError};
pub use runs::{ClosedRun, RunError, close_runs};

use thiserror::Error;

use crate::journal::JournalError;

/// Why the store did not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process, or another store of this process, holds the vault.
    #[error("this vault is open already")]
    AlreadyOpen,
    /// The database does not open with its key: its pages are not what was written.
    #[error("{database} is damaged")]
    Damaged {
        /// Which.
        database: &'static str,
    },
    /// Written by a newer program.
    #[error("{database} has schema {found}, this program knows {supported}")]
    NewerSchema {
        /// Which.
        database: &'static str,
        /// Its version.
        found: i64,
        /// The newest known here.
        supported: i64,
    },
    /// A setting that protects the data is not in force.
    #[error("{database}: setting {setting} is {found}, must be {expected}")]
    Setting {
        /// Which.
        database: &'static str,
        /// Name of the pragma.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// An earlier write failed: nothing more is acknowledged until the store was reopened and verified.
    #[error("an earlier write to the journal failed; reopen the store")]
    MustReopen,
    /// Not enough room.
    #[error("storage full: {0}")]
    Space(#[from] SpaceError),
    /// The database refused or failed.
    #[error("{context}: {cause}")]
    Sql {
        /// What was being done.
        context: &'static str,
        /// SQLite's word.
        cause: rusqlite::Error,
    },
    /// The disk failed.
    #[error("storage: {0}")]
    Io(#[from] std::io::Error),
    /// An entry that is not one.
    #[error("journal: {0}")]
    Journal(#[from] JournalError),
}

impl StoreError {
    /// Whether a database or an entry of it is not what was written; all else may pass by itself.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::Journal(_) => true,
            Self::Sql { cause, .. } => matches!(
                cause.sqlite_error_code(),
                Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt)
            ),
            Self::AlreadyOpen
            | Self::NewerSchema { .. }
            | Self::Setting { .. }
            | Self::MustReopen
            | Self::Space(_)
            | Self::Io(_) => false,
        }
    }
}

/// Names a statement in its error.
pub(crate) fn sql(context: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |cause| StoreError::Sql { context, cause }
}
