//! The life of a vault: joining, opening, unlocking, working, suspending, shutting down.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use imena_core::environment::Environment;
use imena_core::field_store::{FieldStore as Core, StoreConfig as CoreConfig};
use imena_core::keys::PasscodeCost;
use imena_core::store::FLOOR_BYTES;

use crate::error::CoreError;
use crate::gate::Emptied;
use crate::guard::guarded;
use crate::log::{LogLevel, log};
use crate::store::FieldStore;
use crate::subject::id_of;
use crate::vault::{ForeignVault, KeyVault};

/// A system that ends a program gives it a few seconds; what is not closed by then closes itself when its call returns.
const SHUT_DOWN_LIMIT: Duration = Duration::from_secs(5);

/// Part of it in which previews that wait may still be begun; the rest is for closing. What is not begun is done after the next unlock.
const FINISH_LIMIT: Duration = Duration::from_secs(2);

/// No zone of the Earth is a day from UTC.
const UTC_OFFSET_MIN_MAX: i32 = 24 * 60;
/// It stands in every entry.
const APP_VERSION_BYTES_MAX: usize = 64;

/// What a store is opened with.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct StoreConfig {
    /// Folder of the vault, in the app's private storage, excluded from backups: a copy that is put back forks the chain.
    pub dir: String,
    /// Name and version of the app, for entries; up to 64 bytes.
    pub app_version: String,
    /// Zone of the device's clock, minutes east of UTC.
    pub utc_offset_min: i32,
}

/// What joining needs of a person.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct JoinDraft {
    /// The text of the scanned join code.
    pub join_code: String,
    /// How this device is called on the hub's screen.
    pub device_name: String,
    /// The new passcode.
    pub passcode: String,
}

/// What unlocking found.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct UnlockOutcome {
    /// Photos of an interrupted capture that were found and entered; the person gives them their record.
    pub recovered_photos: u32,
    /// Files that are damaged or cut: set aside, not deleted.
    pub quarantined_files: u32,
    /// Set if the journal was damaged and built again from what was sent or stood ready to be sent.
    pub was_rebuilt: bool,
    /// Session keys that are damaged: their pictures open only at a hub.
    pub damaged_sessions: u32,
}

/// How a shut-down ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ShutDownOutcome {
    /// The vault is closed and can be opened again.
    Closed,
    /// A call still runs. Nobody new gets in; call it again, or end the program: nothing is lost.
    CallsStillRunning,
}

/// Says how long there is time to finish what waits.
fn within(limit: Duration) -> impl Fn() -> bool {
    let begun = Instant::now();
    move || begun.elapsed() < limit
}

fn config(config: StoreConfig, vault: Arc<dyn KeyVault>) -> Result<CoreConfig, CoreError> {
    if config.dir.is_empty() || config.dir.contains('\0') {
        return Err(CoreError::invalid("dir", "is no path"));
    }
    if !(-UTC_OFFSET_MIN_MAX..=UTC_OFFSET_MIN_MAX).contains(&config.utc_offset_min) {
        return Err(CoreError::invalid("utc_offset_min", "is more than a day"));
    }
    if config.app_version.len() > APP_VERSION_BYTES_MAX {
        return Err(CoreError::invalid("app_version", "is over 64 bytes"));
    }
    Ok(CoreConfig {
        dir: PathBuf::from(config.dir),
        environment: Environment::system(config.utc_offset_min),
        vault: ForeignVault::new(vault)?,
        app_version: config.app_version,
        floor_bytes: FLOOR_BYTES,
        passcode_cost: PasscodeCost::FIELD,
    })
}

#[uniffi::export]
impl FieldStore {
    /// Makes a vault that belongs to the organisation of a join code, unlocked. Captures may begin at once, before any hub has seen this device.
    /// Takes about a second.
    ///
    /// # Errors
    /// `VaultExists`, `Invalid`, `KeyUnavailable`, `AlreadyOpen`, `StorageFailed`; it may be tried again.
    #[uniffi::constructor]
    pub fn join_organisation(
        config: StoreConfig,
        vault: Arc<dyn KeyVault>,
        draft: JoinDraft,
    ) -> Result<Arc<Self>, CoreError> {
        guarded("join_organisation", || {
            let config = self::config(config, vault)?;
            Self::around(Core::join(
                config,
                &draft.join_code,
                &draft.device_name,
                &draft.passcode,
            )?)
        })
    }

    /// Opens a vault, locked.
    ///
    /// # Errors
    /// `NoVault`, `AlreadyOpen`, `KeyUnavailable`, `StorageDamaged`, `NewerSchema`, `StorageFailed`.
    #[uniffi::constructor]
    pub fn open_vault(
        config: StoreConfig,
        vault: Arc<dyn KeyVault>,
    ) -> Result<Arc<Self>, CoreError> {
        guarded("open_vault", || {
            Self::around(Core::open(self::config(config, vault)?)?)
        })
    }

    /// Starts anew after the phone lost its hardware key: databases and keys are set aside, never deleted, and every sealed file is offered again.
    /// Takes about a second.
    ///
    /// # Errors
    /// As `join_organisation`.
    #[uniffi::constructor]
    pub fn restart_after_lost_key(
        config: StoreConfig,
        vault: Arc<dyn KeyVault>,
        draft: JoinDraft,
    ) -> Result<Arc<Self>, CoreError> {
        guarded("restart_after_lost_key", || {
            let config = self::config(config, vault)?;
            Self::around(Core::restart_after_lost_key(
                config,
                &draft.join_code,
                &draft.device_name,
                &draft.passcode,
            )?)
        })
    }

    /// Opens the readable part, and finds again what an interruption left. Takes about a second; unlocked already: nothing.
    ///
    /// # Errors
    /// `WrongPasscode`, `TooManyTries`, `StorageDamaged`, `KeyUnavailable`, `StorageFailed`.
    pub fn unlock(&self, passcode: String) -> Result<UnlockOutcome, CoreError> {
        let unlocked = self.shared.write("unlock", |core| {
            let report = core.unlock(&passcode)?;
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            let recovered = report.recovered;
            let quarantined = usize::try_from(recovered.quarantined).unwrap_or(usize::MAX);
            Ok::<_, CoreError>(UnlockOutcome {
                recovered_photos: count(recovered.entered.len()),
                quarantined_files: count(quarantined),
                was_rebuilt: report.rebuilt.is_some(),
                damaged_sessions: count(report.damaged_sessions.len()),
            })
        });
        // What an interruption had left to be done is done when nobody waits for it.
        self.shared.worker.saved();
        unlocked
    }

    /// Locks: what waits is finished, every readable key leaves memory. Sync goes on. Takes up to a second for each photo whose preview waits.
    ///
    /// # Errors
    /// What could not be finished; the vault is locked all the same.
    pub fn lock(&self) -> Result<(), CoreError> {
        self.shared.write("lock", Core::lock)
    }

    /// Starts work: a session key is made, so that this device shows what it captures until close-out.
    ///
    /// # Errors
    /// `Locked`, `NotFound`, `StorageFailed`.
    pub fn start_work(&self, operator_id: Option<String>) -> Result<(), CoreError> {
        self.shared.write("start_work", |core| {
            let operator = operator_id
                .as_deref()
                .map(|id| id_of("operator", id))
                .transpose()?;
            core.start_work(operator).map_err(CoreError::from)
        })
    }

    /// Closes work out: the session keys are destroyed. This device still shows facts, no pictures; the organisation opens everything.
    ///
    /// # Errors
    /// `Locked`, `StorageFailed`.
    pub fn close_out(&self) -> Result<(), CoreError> {
        self.shared
            .write("close_out", |core| core.close_out().map(drop))
    }

    /// Finishes what waits and closes every file and database, as a phone wants it before it suspends the app; jobs are cancelled. Keys stay in memory:
    /// after `resume` the vault is as locked or unlocked as before. Takes at most five seconds.
    ///
    /// # Errors
    /// What could not be finished; the vault is closed all the same. `Refused` if a call still runs: the vault closes when it returns and this is called again.
    pub fn prepare_for_suspend(&self) -> Result<(), CoreError> {
        guarded("prepare_for_suspend", || {
            self.shared.cancel_jobs();
            let in_time = within(FINISH_LIMIT);
            self.shared.worker.pause();
            match self.shared.gate.empty(SHUT_DOWN_LIMIT) {
                Emptied::Vault(core, turn) => {
                    let (suspended, finished) = core.suspend(&in_time);
                    turn.suspended(suspended);
                    Ok(finished?)
                }
                Emptied::Suspended(suspended, turn) => {
                    turn.suspended(suspended);
                    Ok(())
                }
                Emptied::ShutDown => Err(CoreError::ShutDown),
                Emptied::StillRunning => {
                    Err(CoreError::refused("suspend_when_idle", "a call still runs"))
                }
            }
        })
    }

    /// Opens again after `prepare_for_suspend`; not suspended: nothing.
    ///
    /// # Errors
    /// `ShutDown`; as `open_vault`, then it may be tried again.
    pub fn resume(&self) -> Result<(), CoreError> {
        let resumed = guarded("resume", || self.shared.gate.resume(SHUT_DOWN_LIMIT));
        self.shared.worker.saved();
        self.shared.notifier.poke();
        resumed
    }

    /// Locks and closes; afterwards every call says `ShutDown`. May be called at any time, from any thread, more than once. Takes at most five seconds.
    ///
    /// # Errors
    /// What could not be finished; the vault is closed all the same.
    pub fn shut_down(&self) -> Result<ShutDownOutcome, CoreError> {
        guarded("shut_down", || {
            self.shared.cancel_jobs();
            let in_time = within(FINISH_LIMIT);
            self.shared.worker.stop();
            self.shared.notifier.stop();
            match self.shared.gate.empty(SHUT_DOWN_LIMIT) {
                Emptied::Vault(core, _turn) => {
                    let held = self.shared.held.load(Ordering::Relaxed);
                    log(
                        LogLevel::Info,
                        "life",
                        &format!("shut down; {held} captures and desks are still held"),
                    );
                    core.shut_down_while(&in_time)?;
                    Ok(ShutDownOutcome::Closed)
                }
                Emptied::Suspended(..) | Emptied::ShutDown => Ok(ShutDownOutcome::Closed),
                Emptied::StillRunning => {
                    log(LogLevel::Warning, "life", "shut down while a call runs");
                    Ok(ShutDownOutcome::CallsStillRunning)
                }
            }
        })
    }
}
