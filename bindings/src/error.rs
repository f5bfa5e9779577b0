//! What can go wrong, as what a caller can do about it; the one place where the core's errors become the surface's.
//!
//! Invariant: no arm for "the rest", so that a new error of the core is decided here; no value that a person typed stands in a message.

use imena_core::capture::CaptureError;
use imena_core::field_store::Error;
use imena_core::keys::{self, KeyError};
use imena_core::record::RecordError;
use imena_core::seal::SealError;
use imena_core::store::{RunError, StoreError};
use imena_core::sync::DeskError;
use imena_core::vocabulary::Language;

/// Why a call did not do what was asked. What was saved before is not in danger unless the case says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum CoreError {
    /// The vault is locked: ask for the passcode and unlock.
    #[error("the vault is locked")]
    Locked,
    /// There is no vault in this folder: join first.
    #[error("there is no vault here")]
    NoVault,
    /// There is a vault in this folder already: open it.
    #[error("there is a vault here already")]
    VaultExists,
    /// Another process, or another store of this process, has the vault open: use that one.
    #[error("this vault is open already")]
    AlreadyOpen,
    /// No record with this id is known here: it may still come with a sync.
    #[error("no {entity} {id} is known here")]
    NotFound {
        /// What was sought.
        entity: String,
        /// Its id, as it was given.
        id: String,
    },
    /// A value cannot be taken: correct it and try again. Nothing was recorded.
    #[error("{field}: {reason}")]
    Invalid {
        /// Which field of the draft or argument.
        field: String,
        /// What is wrong with it, without the value.
        reason: String,
    },
    /// A rule forbids it: the code stands for another thing already, or the call does not fit the moment.
    #[error("refused by {rule}: {reason}")]
    Refused {
        /// Name of the rule.
        rule: String,
        /// Why.
        reason: String,
    },
    /// The passcode is not the one that this vault was locked with.
    #[error("wrong passcode")]
    WrongPasscode,
    /// Too many wrong passcodes: wait.
    #[error("wait {wait_ms} ms before the next passcode")]
    TooManyTries {
        /// How long, ms.
        wait_ms: u64,
    },
    /// A key is gone, is another one, or its keeper refuses. Evidence stays sealed and can be sent; a lost hardware key needs a new join.
    #[error("a key cannot be used: {reason}")]
    KeyUnavailable {
        /// Which key and why.
        reason: String,
    },
    /// Not enough room. A photo was NOT SAVED; what was saved stays.
    #[error("storage full: {free_bytes} bytes free, {needed_bytes} needed")]
    StorageFull {
        /// What is needed, bytes.
        needed_bytes: u64,
        /// What is free, bytes.
        free_bytes: u64,
    },
    /// The disk or a database failed; trying again may do.
    #[error("storage failed: {reason}")]
    StorageFailed {
        /// What failed.
        reason: String,
    },
    /// A file of the vault does not hold what was written. Nothing was deleted; a hub may hold a whole copy.
    #[error("storage damaged: {place}")]
    StorageDamaged {
        /// Which file.
        place: String,
    },
    /// The vault was written by a newer version of the app: install that one.
    #[error("written by a newer version: schema {found}, this one knows {supported}")]
    NewerSchema {
        /// Its version.
        found: i64,
        /// The newest known here.
        supported: i64,
    },
    /// A file to import cannot be read, or is none. It was NOT SAVED.
    #[error("the file cannot be read: {reason}")]
    MediaUnreadable {
        /// Why.
        reason: String,
    },
    /// The bytes that came are not those that were announced. The photo was NOT SAVED: take it again.
    #[error("{expected_bytes} bytes expected, {found_bytes} came")]
    IntegrityFailed {
        /// Announced.
        expected_bytes: u64,
        /// Came.
        found_bytes: u64,
    },
    /// No hub is known: scan a newer join code.
    #[error("no hub is known")]
    NoHub,
    /// An earlier failure left the store in doubt: shut it down and open it again. What was acknowledged is safe.
    #[error("the store must be reopened: {reason}")]
    MustReopen {
        /// What happened.
        reason: String,
    },
    /// The store was closed before a suspension: resume it first.
    #[error("the store is suspended")]
    Suspended,
    /// The store was shut down: open it again.
    #[error("the store is shut down")]
    ShutDown,
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// A listener or sink of the app failed.
    #[error("a callback failed: {reason}")]
    CallbackFailed {
        /// The platform's word.
        reason: String,
    },
    /// A bug of ours. Its place is in the log under this number.
    #[error("internal error, report {report_id}")]
    Internal {
        /// Number to quote.
        report_id: String,
    },
}

/// Why a key vault did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum VaultError {
    /// The hardware key is gone.
    #[error("the hardware key is gone")]
    NoKey,
    /// What was given was wrapped by another key.
    #[error("wrapped by another key")]
    WrongKey,
    /// The vault's own storage is damaged.
    #[error("the key vault is damaged")]
    Damaged,
    /// The vault refused or failed for another reason.
    #[error("the key vault refused: {reason}")]
    Refused {
        /// The platform's word, free of personal data.
        reason: String,
    },
}

/// Longest text of an app's failure that is carried on: a stack trace is for the app's own log.
const REASON_CHARS_MAX: usize = 200;

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(REASON_CHARS_MAX).collect()
}

impl From<uniffi::UnexpectedUniFFICallbackError> for CoreError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        let reason = first_line(&error.reason);
        Self::CallbackFailed { reason }
    }
}

impl From<uniffi::UnexpectedUniFFICallbackError> for VaultError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        let reason = first_line(&error.reason);
        Self::Refused { reason }
    }
}

impl CoreError {
    pub(crate) fn invalid(field: &str, reason: &str) -> Self {
        let (field, reason) = (field.to_owned(), reason.to_owned());
        Self::Invalid { field, reason }
    }

    pub(crate) fn not_found(entity: &str, id: &str) -> Self {
        // An id is 36 characters; a longer text is none, and not worth carrying.
        let id = id.chars().take(36).collect();
        let entity = entity.to_owned();
        Self::NotFound { entity, id }
    }

    /// Names the record that the core, which was asked by id, did not find.
    pub(crate) fn about(self, asked: &str) -> Self {
        match self {
            Self::NotFound { entity, id } if id.is_empty() => Self::not_found(&entity, asked),
            error => error,
        }
    }

    pub(crate) fn refused(rule: &str, reason: &str) -> Self {
        let (rule, reason) = (rule.to_owned(), reason.to_owned());
        Self::Refused { rule, reason }
    }
}

impl From<Error> for CoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::Locked => Self::Locked,
            Error::NoVault => Self::NoVault,
            Error::VaultExists => Self::VaultExists,
            Error::Join(error) => Self::invalid("join_code", &error.to_string()),
            Error::Key(error) => error.into(),
            Error::Capture(error) => error.into(),
            Error::Record(error) => error.into(),
            Error::Run(RunError::Store(error)) => error.into(),
            Error::Run(RunError::Vault(error)) => error.into(),
            Error::Run(RunError::Seal(error)) => error.into(),
            Error::Desk(DeskError::Vault(error)) => error.into(),
            Error::Desk(DeskError::Store(error)) => error.into(),
            Error::Store(error) => error.into(),
            Error::NoHub => Self::NoHub,
            Error::Cancelled => Self::Cancelled,
        }
    }
}

impl From<KeyError> for CoreError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Wrong { what: "passcode" } => Self::WrongPasscode,
            KeyError::Wait { wait_ms } => Self::TooManyTries { wait_ms },
            KeyError::Vault(error) => error.into(),
            KeyError::Io(error) => StoreError::Io(error).into(),
            KeyError::Damaged { what } => Self::StorageDamaged {
                place: format!("key file of {what}"),
            },
            error @ (KeyError::Wrong { .. } | KeyError::Missing { .. } | KeyError::Decode(_)) => {
                let reason = error.to_string();
                Self::KeyUnavailable { reason }
            }
        }
    }
}

impl From<keys::VaultError> for CoreError {
    fn from(error: keys::VaultError) -> Self {
        let reason = error.to_string();
        Self::KeyUnavailable { reason }
    }
}

impl From<CaptureError> for CoreError {
    fn from(error: CaptureError) -> Self {
        match error {
            CaptureError::Empty => Self::MediaUnreadable {
                reason: "it is empty".to_owned(),
            },
            CaptureError::Source(error) => Self::MediaUnreadable {
                reason: error.to_string(),
            },
            CaptureError::ChunkTooLarge { .. } => Self::invalid("chunk", &error.to_string()),
            CaptureError::Length { expected, found } => Self::IntegrityFailed {
                expected_bytes: expected,
                found_bytes: found,
            },
            CaptureError::Seal(error) => error.into(),
            CaptureError::Store(error) => error.into(),
        }
    }
}

impl From<SealError> for CoreError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Io(error) => StoreError::Io(error).into(),
            SealError::Damaged => Self::StorageDamaged {
                place: "a sealed file".to_owned(),
            },
            error @ (SealError::NoKey | SealError::Recipients { .. }) => Self::KeyUnavailable {
                reason: error.to_string(),
            },
        }
    }
}

impl From<RecordError> for CoreError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Invalid { field, reason } => Self::invalid(field, &reason),
            RecordError::Code(error) => Self::invalid("code", &error.to_string()),
            RecordError::CodeInUse { .. } => Self::refused(
                "one_code_one_record",
                "the code is in use already: open the record that has it",
            ),
            RecordError::NotFound { what } => Self::not_found(what, ""),
            RecordError::Findings(findings) => match findings.first() {
                Some(first) => Self::invalid(&first.field, &first.fault.text(Language::English)),
                None => Self::invalid("fields", "nothing was said"),
            },
            error @ RecordError::NothingSaid => Self::invalid("fields", &error.to_string()),
            error @ RecordError::NoSuchKind { .. } => Self::invalid("kind", &error.to_string()),
            error @ RecordError::NoSuchLink { .. } => Self::invalid("links", &error.to_string()),
            error @ RecordError::Changed { .. } => {
                Self::refused("answer_what_was_shown", &error.to_string())
            }
            RecordError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for CoreError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::AlreadyOpen => Self::AlreadyOpen,
            StoreError::Damaged { database } => Self::StorageDamaged {
                place: database.to_owned(),
            },
            StoreError::NewerSchema {
                found, supported, ..
            } => Self::NewerSchema { found, supported },
            StoreError::MustReopen => Self::MustReopen {
                reason: "a write to the journal failed".to_owned(),
            },
            StoreError::Space(space) => Self::StorageFull {
                needed_bytes: space.needed_bytes,
                free_bytes: space.free_bytes,
            },
            StoreError::Journal(error) => Self::StorageDamaged {
                place: format!("journal.db: {error}"),
            },
            error @ (StoreError::Setting { .. } | StoreError::Sql { .. } | StoreError::Io(_)) => {
                if error.is_damage() {
                    Self::StorageDamaged {
                        place: error.to_string(),
                    }
                } else {
                    Self::StorageFailed {
                        reason: error.to_string(),
                    }
                }
            }
        }
    }
}

impl From<keys::VaultError> for VaultError {
    fn from(error: keys::VaultError) -> Self {
        match error {
            keys::VaultError::NoKey => Self::NoKey,
            keys::VaultError::WrongKey => Self::WrongKey,
            keys::VaultError::Damaged => Self::Damaged,
            keys::VaultError::Refused { reason } => Self::Refused { reason },
        }
    }
}

impl From<VaultError> for keys::VaultError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::NoKey => Self::NoKey,
            VaultError::WrongKey => Self::WrongKey,
            VaultError::Damaged => Self::Damaged,
            VaultError::Refused { reason } => Self::Refused {
                reason: first_line(&reason),
            },
        }
    }
}
