//! A failure as people need it: what happened, what is safe, what to do; and the exit code for programs.

use imena_core::capture::CaptureError;
use imena_core::field_store::Error;
use imena_core::keys::KeyError;
use imena_core::record::RecordError;
use imena_core::store::StoreError;

use crate::terminal::foreign;

/// `--help` shows this.
pub const EXIT_CODES: &str = "Exit codes: 0 done · 1 verify found something · 64 wrong command line · 65 input refused · \
69 something is missing · 73 cannot be created · 74 disk or database · 75 the hub does not answer, try again · \
77 key or passcode. Passcode and passphrase are asked for, or taken from IMENA_PASSCODE and IMENA_PASSPHRASE.";

/// Findings of `verify`.
pub const FINDINGS: u8 = 1;
/// The command line is wrong.
pub const USAGE: u8 = 64;
/// Input that was refused.
pub const INPUT: u8 = 65;
/// Something that must be there is not.
pub const MISSING: u8 = 69;
/// Cannot be created.
pub const CREATE: u8 = 73;
/// The disk or a database failed.
pub const DISK: u8 = 74;
/// The hub does not answer: try again.
pub const TRY_AGAIN: u8 = 75;
/// Wrong, missing or damaged key.
pub const KEY: u8 = 77;

/// A failure in three sentences.
#[derive(Debug)]
pub struct Failure {
    /// Exit code.
    pub code: u8,
    /// What happened.
    pub what: String,
    /// What is safe.
    pub safe: &'static str,
    /// What to do.
    pub todo: String,
}

const SAVED_IS_SAFE: &str = "Everything that was answered with \"saved\" is safe.";

impl Failure {
    /// A failure.
    pub fn new(code: u8, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            safe: SAVED_IS_SAFE,
            todo: todo.into(),
        }
    }

    /// Input that was refused.
    pub fn input(what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self::new(INPUT, what, todo)
    }

    /// A disk that failed.
    pub fn disk(what: impl Into<String>) -> Self {
        Self::new(
            DISK,
            what,
            "Check free space and rights on the folder, then try again.",
        )
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let what = if let Error::Key(KeyError::Wrong { what }) = &error {
            match *what {
                "passcode" => "the passcode is wrong".to_owned(),
                file => format!("wrong passphrase or key for {file}"),
            }
        } else {
            foreign(&error.to_string()).into_owned()
        };
        let (code, todo) = match &error {
            Error::Locked => (KEY, "Unlock first: `unlock`."),
            Error::NoVault => (
                MISSING,
                "Join first: imena phone --dir DIR join 'IMENA1:…' --name NAME",
            ),
            Error::VaultExists => (
                CREATE,
                "Use another --dir; a vault belongs to one organisation.",
            ),
            Error::Join(_) => (
                INPUT,
                "Scan or paste the whole join code that the hub or a member's phone shows.",
            ),
            Error::Key(KeyError::Wait { .. }) => {
                (KEY, "Wait, then try again; sync goes on meanwhile.")
            }
            Error::Key(KeyError::Wrong { .. }) => (KEY, "Try again."),
            Error::Key(KeyError::Missing { .. } | KeyError::Vault(_)) => (
                KEY,
                "If the key is lost for good: imena phone --dir DIR join CODE --name NAME --lost-key; everything sealed here still reaches the hub.",
            ),
            Error::Key(_) => (
                KEY,
                "Keep the folder as it is and ask whoever runs the hub.",
            ),
            Error::Capture(CaptureError::Empty) => (
                INPUT,
                "Take the photo again; an empty file holds nothing to keep.",
            ),
            Error::Capture(CaptureError::Source(_)) => (
                INPUT,
                "Check the name and the rights on the file, then capture it again.",
            ),
            Error::Capture(CaptureError::Length { .. }) => (
                INPUT,
                "Wait until the file is written, then capture it again.",
            ),
            Error::Capture(CaptureError::ChunkTooLarge { .. }) => (INPUT, "Send smaller chunks."),
            Error::Capture(CaptureError::Store(StoreError::Space(_))) => (
                DISK,
                "Free space on this device; `free` says which originals may go.",
            ),
            Error::Capture(_) => (
                DISK,
                "Take the photo again; if it repeats, change to another device.",
            ),
            Error::Record(RecordError::Store(_)) => (DISK, "Try again."),
            Error::Record(RecordError::NotFound { .. }) => {
                (INPUT, "`list` shows what is known here.")
            }
            Error::Record(RecordError::CodeInUse { .. }) => (
                INPUT,
                "Use the code to attach photos and hints; it is not created twice.",
            ),
            Error::Record(_) => (INPUT, "Correct it and try again."),
            Error::Store(StoreError::AlreadyOpen) => {
                (CREATE, "Close the other program that has this folder open.")
            }
            Error::Store(StoreError::MustReopen) => {
                (DISK, "Close and open again: the vault is checked at open.")
            }
            Error::Store(_) | Error::Run(_) => (DISK, "Check the disk; keep the folder as it is."),
            Error::Desk(_) => (DISK, "Try again; nothing is sent twice as new."),
            Error::Cancelled => (TRY_AGAIN, "Start it again."),
            Error::NoHub => (MISSING, "Scan a join code that names a hub."),
        };
        Self::new(code, what, todo)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Error::Key(error).into()
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::disk(error.to_string())
    }
}
