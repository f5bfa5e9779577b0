//! transfer.db: the roster, what there is to send, what hubs have receipted. Readable while the phone is locked.
//!
//! Owns facts and hubs; what receipts say together is worked out in `receipt_index`, what waits in `holding`. Does not plan or judge. Invariant: a file
//! counts as held by a hub only through a receipt whose signature was checked, that counts in the epoch that the hub is in now, and that no later line
//! takes back.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::keys::TransferKey;
use crate::model::ids::{EntryId, HubId, SealedName};
use crate::store::{Class, Durability, ReceiptFiles, StoreError, check_pages, open_database, sql};

const NAME: &str = "transfer.db";
const SCHEMA: &str = include_str!("schema.sql");
const VERSION: i64 = 1;

/// The transfer database of a vault.
#[derive(Debug)]
pub struct TransferDb {
    pub(super) connection: Connection,
    pub(super) files: ReceiptFiles,
}

/// What this device knows of a hub.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HubState {
    /// Access token and when it ends by the hub's clock, ms.
    pub token: Option<([u8; 32], i64)>,
    /// Whether the hub said that the roster names this device.
    pub is_member: bool,
    /// The token before, which ended: with it the hub sees a known phone in the crowd.
    pub former_token: Option<[u8; 32]>,
    /// The wish to join, as far as it got.
    pub enrolment: Option<Enrolling>,
    /// The epoch that the hub is in.
    pub epoch: Option<[u8; 16]>,
    /// Where pulling goes on.
    pub cursor: Option<Vec<u8>>,
}

/// An enrolment from this device's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolling {
    /// This device's nonce: durable before its hash is sent.
    pub own_nonce: [u8; 32],
    /// The hub's answer: durable before the own nonce is shown, which is shown for this one only.
    pub hub_nonce: Option<[u8; 32]>,
    /// What both screens show, once the hub has seen the own nonce.
    pub digits: Option<String>,
}

impl TransferDb {
    /// Opens or makes the database; the receipts that it indexes stand in `files`.
    ///
    /// # Errors
    /// `Damaged`, `NewerSchema`, or the disk's.
    pub fn open(path: &Path, key: &TransferKey, files: ReceiptFiles) -> Result<Self, StoreError> {
        let connection = open_database(NAME, path, key, Durability::Full)?;
        let found: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(sql("schema version"))?;
        if found > VERSION {
            return Err(StoreError::NewerSchema {
                database: NAME,
                found,
                supported: VERSION,
            });
        }
        if found == 0 {
            let transaction = connection.unchecked_transaction().map_err(sql("create"))?;
            transaction.execute_batch(SCHEMA).map_err(sql("create"))?;
            transaction
                .pragma_update(None, "user_version", VERSION)
                .map_err(sql("create"))?;
            transaction.commit().map_err(sql("create"))?;
        }
        Ok(Self { connection, files })
    }

    /// A single fact.
    ///
    /// # Errors
    /// The database's.
    pub fn fact(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.connection
            .query_row("SELECT value FROM facts WHERE name = ?1", [name], |row| {
                row.get(0)
            })
            .optional()
            .map_err(sql("fact"))
    }

    /// Sets a single fact.
    ///
    /// # Errors
    /// The database's.
    pub fn set_fact(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        let text = "INSERT INTO facts (name, value) VALUES (?1, ?2)
                    ON CONFLICT DO UPDATE SET value = excluded.value";
        self.connection
            .execute(text, params![name, value])
            .map_err(sql("set fact"))?;
        Ok(())
    }

    /// The last checkpoint of the own chain, kept apart from the journal: a journal that ends before it is damaged, not short.
    ///
    /// # Errors
    /// The database's.
    pub fn guard(&self) -> Result<Option<(u64, EntryId)>, StoreError> {
        let seq = self
            .fact("guard_seq")?
            .and_then(|bytes| bytes.try_into().ok());
        let entry = self
            .fact("guard_entry")?
            .and_then(|bytes| EntryId::from_slice(&bytes));
        Ok(seq.map(u64::from_be_bytes).zip(entry))
    }

    /// Sets the guard.
    ///
    /// # Errors
    /// The database's.
    pub fn set_guard(&self, seq: u64, entry: EntryId) -> Result<(), StoreError> {
        // One transaction: half a guard would call a sound journal damaged.
        self.together(|| {
            self.set_fact("guard_seq", &seq.to_be_bytes())?;
            self.set_fact("guard_entry", entry.as_bytes())
        })
    }

    /// What a file holds, if it was noted.
    ///
    /// # Errors
    /// The database's.
    pub fn class_of(&self, sealed: SealedName) -> Result<Option<Class>, StoreError> {
        let text = "SELECT class FROM files WHERE sealed_sha256 = ?1";
        let class: Option<i64> = self
            .connection
            .query_row(text, [sealed.as_bytes()], |row| row.get(0))
            .optional()
            .map_err(sql("class"))?;
        Ok(class.and_then(|class| Class::from_number(class as u64)))
    }

    /// Whether an original was removed from this device by the free-space rule.
    ///
    /// # Errors
    /// The database's.
    pub fn is_freed(&self, sealed: SealedName) -> Result<bool, StoreError> {
        let text = "SELECT is_freed FROM files WHERE sealed_sha256 = ?1";
        let freed: Option<bool> = self
            .connection
            .query_row(text, [sealed.as_bytes()], |row| row.get(0))
            .optional()
            .map_err(sql("is freed"))?;
        Ok(freed.unwrap_or_default())
    }

    /// What is known of a hub.
    ///
    /// # Errors
    /// The database's.
    pub fn hub(&self, hub: HubId) -> Result<HubState, StoreError> {
        Ok(self.known_hub(hub)?.unwrap_or_default())
    }

    fn known_hub(&self, hub: HubId) -> Result<Option<HubState>, StoreError> {
        let text = "SELECT token, token_expires_ms, is_member, own_nonce, digits, epoch, cursor,
                        hub_nonce, former_token
                    FROM hubs WHERE hub = ?1";
        let state = self
            .connection
            .query_row(text, [hub.as_bytes()], |row| {
                let token: Option<[u8; 32]> = row.get(0)?;
                let expires: i64 = row.get(1)?;
                let own_nonce: Option<[u8; 32]> = row.get(3)?;
                let (digits, hub_nonce) = (row.get::<_, String>(4)?, row.get(7)?);
                Ok(HubState {
                    token: token.map(|token| (token, expires)),
                    is_member: row.get(2)?,
                    former_token: row.get(8)?,
                    enrolment: own_nonce.map(|own_nonce| Enrolling {
                        own_nonce,
                        hub_nonce,
                        digits: (!digits.is_empty()).then_some(digits),
                    }),
                    epoch: row.get(5)?,
                    cursor: row.get(6)?,
                })
            })
            .optional();
        state.map_err(sql("hub"))
    }

    /// Keeps what is known of a hub; in another epoch than before, everything waits for it that it has not receipted in that one.
    ///
    /// # Errors
    /// The database's.
    pub fn set_hub(&self, hub: HubId, state: &HubState) -> Result<(), StoreError> {
        let text = "INSERT INTO hubs (hub, token, token_expires_ms, is_member, own_nonce, digits,
                        epoch, cursor, hub_nonce, former_token)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO UPDATE SET
                        token = excluded.token, token_expires_ms = excluded.token_expires_ms,
                        is_member = excluded.is_member, own_nonce = excluded.own_nonce,
                        digits = excluded.digits, epoch = excluded.epoch, cursor = excluded.cursor,
                        hub_nonce = excluded.hub_nonce, former_token = excluded.former_token";
        let enrolment = state.enrolment.as_ref();
        let digits = enrolment.and_then(|enrolment| enrolment.digits.as_deref());
        let values = params![
            hub.as_bytes(),
            state.token.map(|token| token.0),
            state.token.map_or(0, |token| token.1),
            state.is_member,
            enrolment.map(|enrolment| enrolment.own_nonce),
            digits.unwrap_or_default(),
            state.epoch,
            state.cursor,
            enrolment.and_then(|enrolment| enrolment.hub_nonce),
            state.former_token
        ];
        self.together(|| {
            let before = self.known_hub(hub)?;
            self.run(text, values, "set hub")?;
            if before.is_none() {
                self.settle_hub(hub)?;
            }
            match before {
                Some(before) if before.epoch == state.epoch => Ok(()),
                Some(_) | None => self.work_out_epochs(hub),
            }
        })
    }

    /// Forgets tokens, enrolments and cursors: a new chain has a new key and asks for everything again. Receipts stay.
    ///
    /// # Errors
    /// The database's.
    pub fn forget_sessions(&self) -> Result<(), StoreError> {
        let text = "UPDATE hubs SET token = NULL, former_token = NULL, is_member = 0,
                        own_nonce = NULL, hub_nonce = NULL, digits = '', cursor = NULL";
        self.connection
            .execute(text, [])
            .map_err(sql("forget sessions"))?;
        self.connection
            .execute(
                "DELETE FROM facts WHERE name IN ('guard_seq', 'guard_entry')",
                [],
            )
            .map_err(sql("forget guard"))?;
        Ok(())
    }

    /// Every page checked; empty when all is well.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn check_pages(&self) -> Result<Vec<String>, StoreError> {
        check_pages(&self.connection)
    }

    /// Writes the log back and closes.
    ///
    /// # Errors
    /// The database's.
    pub fn close(self) -> Result<(), StoreError> {
        let _ = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.connection
            .close()
            .map_err(|(_, error)| sql("close")(error))
    }
}
