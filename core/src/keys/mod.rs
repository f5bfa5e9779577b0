//! Who may read and who may speak: the device's hardware key, the passcode, session keys, the organisation and its roster.
//!
//! Owns every private key of the core and every key file (formats.md §9). Does not sign entries (`journal/`) or seal photos (`seal/`).
//! Invariant: a wrong key, a missing key and a damaged key file are three different errors, and none of them deletes anything.

mod hierarchy;
mod join;
mod key_file;
mod organisation;
mod roster;
mod session;
mod software_vault;
mod vault;

pub use hierarchy::{DatabaseKey, PasscodeCost, TransferKey, VaultKeys};
pub use join::{JoinCode, JoinError, JoinHub, six_digits};
pub use organisation::{OrgIdentity, OrgSigner, Organisation, PassphraseCost};
pub use roster::{
    Authority, Freeing, Granted, LastGoodEntry, LastGoodReceipt, LineState, Policy, Recipient,
    Right, Roster, RosterDevice, RosterError, RosterHub, SignedRoster,
};
pub use session::SessionKey;
pub use software_vault::SoftwareVault;
pub use vault::{KeyVault, SecurityLevel, VaultError, device_key, sign_with};

use thiserror::Error;

use crate::encoding::DecodeError;

/// Why a key cannot be used; a caller can act on each variant in another way.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The passcode, passphrase or hardware key is not the one this was locked with: try again.
    #[error("wrong key for {what}")]
    Wrong {
        /// What was to be opened.
        what: &'static str,
    },
    /// There is no such key here: it was never made, lost by the phone, or destroyed by close-out.
    #[error("no key for {what}")]
    Missing {
        /// What was to be opened.
        what: &'static str,
    },
    /// The key file does not hold what was written: the disk or a hand changed it.
    #[error("the key file of {what} is damaged")]
    Damaged {
        /// What was to be opened.
        what: &'static str,
    },
    /// Too many wrong tries: wait.
    #[error("too many wrong tries, wait {wait_ms} ms")]
    Wait {
        /// How long.
        wait_ms: u64,
    },
    /// The hardware refused or failed.
    #[error("key vault: {0}")]
    Vault(#[from] VaultError),
    /// The disk failed.
    #[error("key file: {0}")]
    Io(#[from] std::io::Error),
    /// A key's bytes are not a key.
    #[error("key file: {0}")]
    Decode(#[from] DecodeError),
}
