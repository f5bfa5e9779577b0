//! Joining, opening, unlocking, locking, shutting down.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::{Error, FieldStore, Open, RebuildReport, StoreConfig};
use crate::capture::{Recovered, recover};
use crate::encoding::Map;
use crate::index::Index;
use crate::keys::{
    JoinCode, KeyError, SessionKey, SignedRoster, TransferKey, VaultKeys, device_key,
};
use crate::model::ids::{DeviceId, EntryId, SubjectId};
use crate::nouns::{Fault, LINE_BYTES_MAX, bounded};
use crate::record::RecordError;
use crate::store::{
    Class, Durability, Journal, Layout, OwnChain, ReceiptFiles, Reserve, SealedFiles, StoreError,
    VaultLock, Word,
};
use crate::sync::TransferDb;
use crate::vocabulary::Kind;
/// Wrong passcodes in a row that cost nothing.
const FREE_TRIES: u64 = 5;
/// Longest wait between tries.
const WAIT_MS_MAX: u64 = 60 * 60 * 1000;

/// What unlocking found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnlockReport {
    /// What an interruption had left in `incoming/`.
    pub recovered: Recovered,
    /// Set if the journal was gone or damaged and was built anew from runs.
    pub rebuilt: Option<RebuildReport>,
    /// Session key files that are damaged: pictures sealed to them open only at a hub.
    pub damaged_sessions: Vec<String>,
}

impl FieldStore {
    /// Makes a vault that belongs to the organisation of a join code. Captures may begin at once, before any hub has seen this device.
    ///
    /// # Errors
    /// `VaultExists`, `Join`, or the disk's.
    pub fn join(
        config: StoreConfig,
        join: &str,
        device_name: &str,
        passcode: &str,
    ) -> Result<Self, Error> {
        JoinCode::parse(join)?;
        typed("device_name", device_name, LINE_BYTES_MAX)?;
        check_new_passcode(passcode)?;
        let layout = Layout::new(&config.dir);
        layout.create(&config.environment)?;
        let lock = VaultLock::take(&layout)?;
        if has_joined(&config, &layout)? {
            return Err(Error::VaultExists);
        }
        // What a join that was interrupted had made: nothing was captured with it yet.
        set_vault_aside(&config, &layout, "unfinished-join")?;
        let vault = &*config.vault;
        VaultKeys::create(
            &config.environment,
            &config.dir,
            vault,
            passcode,
            config.passcode_cost,
        )?;
        let key = VaultKeys::transfer(&config.environment, &config.dir, vault)?;
        let transfer = named_transfer(&config, &layout, &key, join, device_name)?;
        let store = Self::assemble(config, layout, lock, transfer)?;
        store.unlock(passcode)?;
        Ok(store)
    }

    /// Opens a vault, locked.
    ///
    /// # Errors
    /// `NoVault`, `Store(AlreadyOpen)`, a key's, or the disk's.
    pub fn open(config: StoreConfig) -> Result<Self, Error> {
        let layout = Layout::new(&config.dir);
        if config
            .environment
            .files
            .len(&layout.transfer_db())?
            .is_none()
        {
            return Err(Error::NoVault);
        }
        let lock = VaultLock::take(&layout)?;
        layout.create(&config.environment)?;
        let key: TransferKey =
            VaultKeys::transfer(&config.environment, &config.dir, &*config.vault)?;
        let transfer = open_transfer(&config, &layout, &key)?;
        Self::assemble(config, layout, lock, transfer).map_err(|error| match error {
            Error::Store(damage) if damage.is_damage() => StoreError::Damaged {
                database: "transfer.db",
            }
            .into(),
            error => error,
        })
    }

    /// Starts anew after the hardware key was lost: databases and keys are set aside, never deleted; every sealed file is offered again. If only transfer.db
    /// is lost and the passcode opens the rest, only that one is made anew, and the journal goes on.
    ///
    /// # Errors
    /// `Join`, or the disk's.
    pub fn restart_after_lost_key(
        config: StoreConfig,
        join: &str,
        device_name: &str,
        passcode: &str,
    ) -> Result<Self, Error> {
        JoinCode::parse(join)?;
        typed("device_name", device_name, LINE_BYTES_MAX)?;
        check_new_passcode(passcode)?;
        let layout = Layout::new(&config.dir);
        layout.create(&config.environment)?;
        let lock = VaultLock::take(&layout)?;
        if let Some(key) = only_transfer_is_lost(&config, &layout, passcode)? {
            set_aside(
                &config,
                &SealedFiles::new(&config.environment, &layout),
                &layout,
                "transfer.db",
            )?;
            let transfer = named_transfer(&config, &layout, &key, join, device_name)?;
            let store = Self::assemble(config, layout, lock, transfer)?;
            store.unlock(passcode)?;
            return Ok(store);
        }
        set_vault_aside(&config, &layout, "lost-key")?;
        drop(lock);
        let store = Self::join(config, join, device_name, passcode)?;
        store.offer_every_file()?;
        Ok(store)
    }

    fn assemble(
        config: StoreConfig,
        layout: Layout,
        lock: VaultLock,
        transfer: TransferDb,
    ) -> Result<Self, Error> {
        let text = |bytes: Option<Vec<u8>>| {
            String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
        };
        let join = JoinCode::parse(&text(transfer.fact("join")?))?;
        let device_name = text(transfer.fact("device_name")?);
        // A roster that does not open any more is asked for again; the join code goes on.
        let roster = transfer.fact("roster")?;
        let roster = roster.and_then(|bytes| SignedRoster::open(&bytes, join.org).ok());
        let reserve = Reserve::new(&layout, config.floor_bytes);
        reserve.fill(&config.environment)?;
        let device = device_key(&*config.vault)?;
        let store = Self {
            files: SealedFiles::new(&config.environment, &layout),
            config,
            layout,
            _lock: lock,
            reserve,
            join,
            device_name,
            device: Mutex::new(device),
            transfer: Mutex::new(transfer),
            roster: RwLock::new(roster),
            open: RwLock::new(None),
            put_off: Mutex::default(),
            turn: Mutex::default(),
            changes: Mutex::default(),
        };
        store.index_receipts()?;
        store.keep_roster();
        Ok(store)
    }

    /// Opens the readable part with the passcode, and finds again what an interruption left.
    ///
    /// # Errors
    /// `Key(Wrong)`, `Key(Wait)` after several wrong tries, a damaged vault, or the disk's.
    pub fn unlock(&self, passcode: &str) -> Result<UnlockReport, Error> {
        if !self.is_locked() {
            return Ok(UnlockReport::default());
        }
        self.unlock_now(passcode).map_err(|error| match error {
            // A page of another database would have been made anew: what is left is named.
            Error::Store(damage) if damage.is_damage() && self.is_transfer_damaged() => {
                StoreError::Damaged {
                    database: "transfer.db",
                }
                .into()
            }
            error => error,
        })
    }

    fn is_transfer_damaged(&self) -> bool {
        self.transfer()
            .check_pages()
            .is_ok_and(|faults| !faults.is_empty())
    }

    fn unlock_now(&self, passcode: &str) -> Result<UnlockReport, Error> {
        check_passcode(passcode)?;
        let keys = self.keys_for(passcode)?;
        self.unlock_with(keys)
    }

    pub(super) fn unlock_with(&self, keys: VaultKeys) -> Result<UnlockReport, Error> {
        let environment = &self.config.environment;
        let (sessions, damaged_sessions) =
            SessionKey::open_all(environment, &self.config.dir, &keys)?;
        self.find_guard(&sessions)?;
        let (journal, needs_rebuild) = self.open_journal(&keys)?;
        let mut report = UnlockReport {
            damaged_sessions,
            ..UnlockReport::default()
        };
        let journal = if needs_rebuild {
            let (journal, rebuilt) = self.rebuild_journal(journal, &sessions)?;
            report.rebuilt = Some(rebuilt);
            journal
        } else {
            journal
        };
        let index = Index::open(&self.layout.index_db(), &keys.index(), &journal)?;
        let device = DeviceId(self.device().id());
        let version = &self.config.app_version;
        let chain = OwnChain::new(environment, self.join.org, device, version, journal);
        let operator = self.transfer().fact("operator")?;
        chain.set_operator(operator.and_then(|bytes| SubjectId::from_slice(&bytes)));
        self.start_chain(&chain, report.rebuilt.as_ref())?;
        if self.transfer().guard()?.is_none() {
            // From its first entries on a chain is missed if the journal goes: begun anew, it would use its numbers twice.
            let head = chain.journal().tip(device)?.head;
            self.transfer().set_guard(head.seq, EntryId(head.id))?;
        }
        let open = Open {
            keys,
            chain,
            index: Mutex::new(index),
            sessions: Mutex::new(sessions),
            changing: Mutex::default(),
        };
        report.recovered = self.recover_incoming(&open)?;
        if report.rebuilt.is_some() {
            self.enter_orphans(&open)?;
            self.chain_has_ended()?;
        }
        self.follow(&open)?;
        self.queue_missing_renditions(&open)?;
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(open);
        self.note_status_changed();
        Ok(report)
    }

    /// Locks: what was put off is done, the run is closed, every readable key leaves memory. Sync goes on.
    ///
    /// # Errors
    /// What could not be done first; the vault is locked all the same.
    pub fn lock(&self) -> Result<(), Error> {
        self.lock_while(&|| true)
    }

    fn lock_while(&self, go_on: &dyn Fn() -> bool) -> Result<(), Error> {
        let worked = if self.is_locked() {
            Ok(())
        } else {
            self.work_off_while(go_on)
        };
        let open = self
            .open
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        self.note_status_changed();
        if let Some(open) = open {
            open.chain.close()?;
        }
        worked
    }

    /// Locks and closes; the vault can be opened again at once.
    ///
    /// # Errors
    /// As [`FieldStore::lock`].
    pub fn shut_down(self) -> Result<(), Error> {
        self.shut_down_while(&|| true)
    }

    /// As [`FieldStore::shut_down`]; photos whose turn has not come when `go_on` says no stay put off.
    ///
    /// # Errors
    /// As [`FieldStore::lock`].
    pub fn shut_down_while(self, go_on: &dyn Fn() -> bool) -> Result<(), Error> {
        let locked = self.lock_while(go_on);
        let transfer = self
            .transfer
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        transfer.close()?;
        locked
    }

    /// Wrong tries cost more and more time; the count stands in transfer.db, so that a restart does not forget it.
    fn keys_for(&self, passcode: &str) -> Result<VaultKeys, Error> {
        let number = |name| -> Result<u64, Error> {
            let bytes = self.transfer().fact(name)?;
            Ok(bytes
                .and_then(|bytes| bytes.try_into().ok())
                .map_or(0, u64::from_be_bytes))
        };
        let (tries, last_ms) = (number("tries")?, number("tries_ms")?);
        let now = u64::try_from(self.now_ms()).unwrap_or_default();
        let over = tries.saturating_sub(FREE_TRIES);
        if over > 0 {
            let wait = 1000_u64.saturating_mul(1 << over.min(20)).min(WAIT_MS_MAX);
            let passed = now.saturating_sub(last_ms);
            // A clock that was set back must not lock a phone for years: the wait is never longer than its maximum.
            if passed < wait && now >= last_ms {
                return Err(KeyError::Wait {
                    wait_ms: wait.saturating_sub(passed),
                }
                .into());
            }
        }
        let environment = &self.config.environment;
        let opened = VaultKeys::open(environment, &self.config.dir, &*self.config.vault, passcode);
        let tries = match &opened {
            Ok(_) => 0,
            Err(KeyError::Wrong { .. }) => tries.saturating_add(1),
            Err(_) => tries,
        };
        self.transfer().set_fact("tries", &tries.to_be_bytes())?;
        self.transfer().set_fact("tries_ms", &now.to_be_bytes())?;
        Ok(opened?)
    }

    /// Opens the journal; says whether it must be built anew: it is gone, damaged, or ends before its last checkpoint.
    fn open_journal(&self, keys: &VaultKeys) -> Result<(Journal, bool), Error> {
        let environment = &self.config.environment;
        let path = self.layout.journal_db();
        let open = || Journal::open(environment, &path, &keys.journal(), Durability::Full);
        let guard = self.transfer().guard()?;
        let is_ending = self.ending_chain()?.is_some();
        let was_there = environment.files.len(&path)?.is_some();
        let device = DeviceId(self.device().id());
        let look = || -> Result<(Journal, bool), StoreError> {
            let journal = open()?;
            if !journal.check_seals()?.is_empty() {
                return Err(StoreError::Damaged {
                    database: "journal.db",
                });
            }
            let reaches = match guard {
                _ if is_ending => false,
                None => true,
                Some((seq, entry)) => {
                    let found = journal.entries_of_chain(device, seq, 1)?;
                    found.first().is_some_and(|found| found.id == entry)
                }
            };
            Ok((journal, reaches))
        };
        match look() {
            Ok((journal, true)) => return Ok((journal, false)),
            Ok((journal, false)) if !was_there => return Ok((journal, true)),
            Ok((journal, false)) => drop(journal),
            Err(error) if error.is_damage() => {}
            Err(error) => return Err(error.into()),
        }
        set_aside(&self.config, &self.files, &self.layout, "journal.db")?;
        Ok((open()?, true))
    }

    /// The first entries of a chain: who it is, and what it follows.
    fn start_chain(&self, chain: &OwnChain, rebuilt: Option<&RebuildReport>) -> Result<(), Error> {
        if chain.journal().tip(chain.device())?.head.seq > 0 {
            return Ok(());
        }
        let environment = &self.config.environment;
        let key = self.device();
        let started = Map::new()
            .bytes(1, key.spki())
            .text(2, &self.config.app_version);
        let device = Map::new()
            .with(1, chain.device())
            .text(2, &self.device_name);
        let [started_id, device_id, adopted_id] = [
            SubjectId::new(environment)?,
            SubjectId::new(environment)?,
            SubjectId::new(environment)?,
        ];
        chain.append(|pen| {
            pen.write(Word::create(Kind::DeviceStarted, started_id, started))?;
            if let Some(old) = rebuilt.and_then(|report| report.old_chain) {
                let fields = Map::new()
                    .with(1, old.device)
                    .uint(2, old.known_upto_seq)
                    .with_some(3, old.entry_id);
                pen.write(Word::create(Kind::ChainAdopted, adopted_id, fields))?;
            }
            pen.write(Word::create(Kind::Device, device_id, device))
        })?;
        Ok(())
    }

    pub(super) fn recover_incoming(&self, open: &Open) -> Result<Recovered, Error> {
        let sessions = open.sessions();
        let identities: Vec<_> = sessions.iter().map(SessionKey::identity).collect();
        let recovered = recover(
            &self.config.environment,
            &self.files,
            &open.chain,
            &identities,
        )?;
        for (sealed, class, size) in &recovered.settled {
            self.transfer()
                .add_file(*sealed, *class, *size, self.now_ms())?;
        }
        for (_, sealed, size) in &recovered.entered {
            self.transfer()
                .add_file(*sealed, Class::Original, *size, self.now_ms())?;
        }
        self.note_what_is_to_send(open)?;
        Ok(recovered)
    }

    /// A crash between an entry and the note of what to send leaves files that nothing would offer: they are noted by the next unlock, which looks
    /// at what came since the one before, however much there was ever.
    fn note_what_is_to_send(&self, open: &Open) -> Result<(), Error> {
        let device = open.chain.device();
        let tip = open.chain.journal().tip(device)?.head.seq;
        let noted = self.transfer().fact(NOTED_UPTO)?;
        let noted = noted
            .as_deref()
            .and_then(|bytes| bytes.strip_prefix(device.as_bytes()))
            .and_then(|seq| seq.try_into().ok())
            .map(u64::from_be_bytes);
        for row in open
            .chain
            .journal()
            .files_after(device, noted.unwrap_or(0))?
        {
            if self.transfer().class_of(row.sealed)?.is_none()
                && self.files.find(row.sealed)?.is_some()
            {
                self.transfer()
                    .add_file(row.sealed, row.class, row.size, self.now_ms())?;
            }
        }
        // Of a vault that was not looked at before every run is noted by its name; later the guard says up to where runs were noted when they
        // were closed.
        let runs = match (noted, self.transfer().guard()?) {
            (Some(_), Some((guard, _))) => open.chain.journal().runs_from(device, guard)?,
            (_, _) => self.files.stored(Class::Run)?,
        };
        for (sealed, size) in runs {
            self.transfer()
                .add_file(sealed, Class::Run, size, self.now_ms())?;
        }
        let value = [device.as_bytes(), &tip.to_be_bytes()].concat();
        Ok(self.transfer().set_fact(NOTED_UPTO, &value)?)
    }

    /// Offers every sealed file again by its name alone; nothing need be opened.
    pub(super) fn offer_every_file(&self) -> Result<(), Error> {
        for class in [Class::Run, Class::Original] {
            for (sealed, size) in self.files.stored(class)? {
                self.transfer()
                    .add_file(sealed, class, size, self.now_ms())?;
            }
        }
        for (_, named, size) in self.files.incoming()? {
            if let Some(sealed) = named {
                self.transfer()
                    .add_file(sealed, Class::Original, size, self.now_ms())?;
            }
        }
        Ok(())
    }

    pub(super) fn follow(&self, open: &Open) -> Result<(), Error> {
        let roster = self.roster();
        let roster = roster.as_ref().map(|signed| &signed.roster);
        let changed = open.index().follow(&open.chain.journal(), roster)?;
        self.note_changed(open, changed);
        Ok(())
    }
}

/// Device and seq up to which the files of the own chain were noted for sending.
const NOTED_UPTO: &str = "noted_upto";
/// A longer one was pasted by mistake, and would be stretched for nothing.
const PASSCODE_BYTES_MAX: usize = 1024;

fn check_passcode(passcode: &str) -> Result<(), Error> {
    typed("passcode", passcode, PASSCODE_BYTES_MAX)
}

/// Checks a text that must be there.
fn typed(field: &'static str, text: &str, bytes_max: usize) -> Result<(), Error> {
    let fault = match text.trim().is_empty() {
        true => Some(Fault::Owed),
        false => bounded(text, bytes_max).err(),
    };
    match fault {
        Some(fault) => Err(RecordError::at(field, fault).into()),
        None => Ok(()),
    }
}

/// Opens transfer.db with the files of receipts that it indexes.
fn open_transfer(
    config: &StoreConfig,
    layout: &Layout,
    key: &TransferKey,
) -> Result<TransferDb, StoreError> {
    let files = ReceiptFiles::new(
        &config.environment,
        &layout.receipts(),
        &layout.quarantine(),
    );
    TransferDb::open(&layout.transfer_db(), key, files)
}

/// A shorter one is found by trying: 100,000 tries of half a second are half a day.
const PASSCODE_CHARS_MIN: usize = 6;

fn check_new_passcode(passcode: &str) -> Result<(), Error> {
    check_passcode(passcode)?;
    let count = passcode.chars().filter(|c| !c.is_whitespace()).count();
    if count < PASSCODE_CHARS_MIN {
        let reason = format!(
            "has {count} digits or letters, at least {PASSCODE_CHARS_MIN} are needed: whoever \
             finds this phone could try all shorter ones"
        );
        let field = "passcode";
        return Err(RecordError::Invalid { field, reason }.into());
    }
    Ok(())
}

/// Opens a new transfer.db and says in it who this is.
fn named_transfer(
    config: &StoreConfig,
    layout: &Layout,
    key: &TransferKey,
    join: &str,
    device_name: &str,
) -> Result<TransferDb, Error> {
    let transfer = open_transfer(config, layout, key)?;
    transfer.set_fact("device_name", device_name.as_bytes())?;
    let join = JoinCode::parse(join)?.to_text()?;
    transfer.set_fact("join", join.as_bytes())?;
    Ok(transfer)
}

/// The key of a transfer.db that is gone or damaged while everything else opens.
fn only_transfer_is_lost(
    config: &StoreConfig,
    layout: &Layout,
    passcode: &str,
) -> Result<Option<TransferKey>, Error> {
    let files = &config.environment.files;
    if files.len(&layout.journal_db())?.is_none() {
        return Ok(None);
    }
    let (environment, vault) = (&config.environment, &*config.vault);
    let key = VaultKeys::transfer(environment, &config.dir, vault);
    let keys = VaultKeys::open(environment, &config.dir, vault, passcode);
    let (Ok(key), Ok(_)) = (key, keys) else {
        return Ok(None);
    };
    let is_there = files.len(&layout.transfer_db())?.is_some();
    let is_sound = is_there && open_transfer(config, layout, &key).is_ok();
    Ok((!is_sound).then_some(key))
}

/// Whether a vault stands here: one that has begun its journal, or knows its organisation.
fn has_joined(config: &StoreConfig, layout: &Layout) -> Result<bool, Error> {
    let has = |path: &Path| config.environment.files.len(path).map(|len| len.is_some());
    if has(&layout.journal_db())? {
        return Ok(true);
    }
    if !has(&layout.transfer_db())? {
        return Ok(false);
    }
    let key = VaultKeys::transfer(&config.environment, &config.dir, &*config.vault);
    // A database that does not open is not known to be unfinished.
    let Ok(Ok(transfer)) = key.map(|key| open_transfer(config, layout, &key)) else {
        return Ok(true);
    };
    Ok(transfer.fact("join")?.is_some())
}

/// Sets databases and keys aside, never deleting them; the vault of the hardware key and sealed files stay.
fn set_vault_aside(config: &StoreConfig, layout: &Layout, why: &str) -> Result<(), Error> {
    let files = SealedFiles::new(&config.environment, layout);
    for name in ["journal.db", "index.db", "transfer.db"] {
        set_aside(config, &files, layout, name)?;
    }
    for listed in config.environment.files.list(&layout.keys())? {
        if listed.name != "software.vault" {
            files.quarantine(&layout.keys().join(&listed.name), why)?;
        }
    }
    Ok(())
}

pub(super) fn set_aside(
    config: &StoreConfig,
    files: &SealedFiles,
    layout: &Layout,
    name: &str,
) -> Result<(), Error> {
    for suffix in ["", "-wal", "-shm"] {
        let path = layout.root().join(format!("{name}{suffix}"));
        if config.environment.files.len(&path)?.is_some() {
            files.quarantine(&path, "set-aside")?;
        }
    }
    Ok(())
}

/// A software vault of a folder, opened or made.
///
/// # Errors
/// Damaged, or the disk's.
pub fn software_vault(
    environment: &crate::environment::Environment,
    dir: &Path,
) -> Result<Arc<crate::keys::SoftwareVault>, Error> {
    let vault = match crate::keys::SoftwareVault::open(environment, dir) {
        Err(KeyError::Missing { .. }) => crate::keys::SoftwareVault::create(environment, dir)?,
        opened => opened?,
    };
    Ok(Arc::new(vault))
}
