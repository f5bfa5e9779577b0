//! What the status line says: truthful counts, "safe" only from receipts.

use imena_core::field_store::{PhotoStatus as CoreStatus, StatusView as Core};

use crate::error::CoreError;
use crate::store::FieldStore;

/// Whether the readable part is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum VaultState {
    /// It captures nothing and shows nothing; it syncs.
    Locked,
    /// It is open.
    Unlocked,
}

/// The state of a vault.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct StatusView {
    /// The organisation's id, hex.
    pub org_id: String,
    /// The id of the device's chain, hex.
    pub device_id: String,
    /// The name that this device gave itself.
    pub device_name: String,
    /// Whether the readable part is open.
    pub vault_state: VaultState,
    /// Issuer of codes made here now, `Z…` until a hub has granted one; absent while locked.
    pub issuer: Option<String>,
    /// Version of the roster at hand; 0 = none yet.
    pub roster_version: u64,
    /// The six digits to compare with the hub's screen, while the operator has not let this device in.
    pub six_digits: Option<String>,
    /// Originals of this device.
    pub originals: u64,
    /// Originals with a valid receipt of at least one hub.
    pub originals_on_hub: u64,
    /// Originals with valid receipts of at least two hubs.
    pub originals_on_two_hubs: u64,
    /// Originals that a hub opened and found to be the bytes that were captured.
    pub originals_checked: u64,
    /// Originals that were removed from this device to free space and that no hub holds any more: a person must look for another copy.
    pub originals_lost_here: u64,
    /// Sealed files of all classes without any valid receipt that are to be sent.
    pub waiting_files: u64,
    /// Bytes of those.
    pub waiting_bytes: u64,
    /// Free space, bytes.
    pub free_bytes: u64,
}

/// Where a photo stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum PhotoStatus {
    /// On this device only.
    HereOnly,
    /// A hub receipted the sealed bytes.
    OnHub,
    /// A hub opened it and found the bytes that were captured.
    CheckedOnHub,
    /// Two or more hubs hold it.
    Replicated,
    /// Another device took it; only its entry is known here.
    Elsewhere,
    /// It was taken here, its file is gone, and no hub's receipt for it is valid: a person must look for it.
    Missing,
    /// It was removed from this device because hubs held it, and none of them does any more: a person must look for another copy.
    LostHere,
}

#[uniffi::export]
impl FieldStore {
    /// The state of the vault; also while locked.
    ///
    /// # Errors
    /// `StorageFailed`.
    pub fn status(&self) -> Result<StatusView, CoreError> {
        self.shared
            .read("status", |core| core.status().map(StatusView::from))
    }
}

impl From<Core> for StatusView {
    fn from(status: Core) -> Self {
        let vault_state = if status.is_locked {
            VaultState::Locked
        } else {
            VaultState::Unlocked
        };
        let counts = status.counts;
        Self {
            org_id: status.org.to_string(),
            device_id: status.device.to_string(),
            device_name: status.device_name,
            vault_state,
            issuer: status.issuer,
            roster_version: status.roster_version,
            six_digits: status.enrolling,
            originals: counts.originals,
            originals_on_hub: counts.originals_on_hub,
            originals_on_two_hubs: counts.originals_on_two_hubs,
            originals_checked: counts.originals_checked,
            originals_lost_here: counts.lost_here,
            waiting_files: counts.waiting,
            waiting_bytes: counts.waiting_bytes,
            free_bytes: status.free_bytes,
        }
    }
}

impl From<CoreStatus> for PhotoStatus {
    fn from(status: CoreStatus) -> Self {
        match status {
            CoreStatus::HereOnly => Self::HereOnly,
            CoreStatus::OnHub => Self::OnHub,
            CoreStatus::CheckedOnHub => Self::CheckedOnHub,
            CoreStatus::Replicated => Self::Replicated,
            CoreStatus::Elsewhere => Self::Elsewhere,
            CoreStatus::Missing => Self::Missing,
            CoreStatus::LostHere => Self::LostHere,
        }
    }
}
