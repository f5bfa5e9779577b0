//! journal.db: the entries of every chain this device has, and what follows from them for recovery at open.
//!
//! Owns its tables and the one way in for own and received entries. Does not fold or verify signatures (`journal/` does). Invariant: entries only
//! arrive; after a failed write nothing more is acknowledged until the store was reopened.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

use super::database::{Durability, open_database};
use super::journal_append::OwnAppend;
use super::journal_rows::{come_again, insert, insert_checkpoint, insert_device};
use super::{StoreError, sql};
use crate::encoding::Hash32;
use crate::environment::Environment;
use crate::journal::{Absence, BodyBytes, ChainHead, Checkpoint, Entry};
use crate::keys::DatabaseKey;
use crate::model::ids::{DeviceId, EntryId, SealedName, SubjectId};

const NAME: &str = "journal.db";

/// Numbered steps; each runs in a transaction of its own that also writes the version.
const MIGRATIONS: &[&str] = &[include_str!("sql/journal/0001_start.sql")];

/// The journal of a vault, or of a hub.
#[derive(Debug)]
pub struct Journal {
    pub(super) connection: Connection,
    generation: [u8; 16],
    has_failed: bool,
}

/// What a new entry follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// End of the own chain.
    pub head: ChainHead,
    /// Lamport of its last entry; 0 before the first.
    pub lamport: u64,
    /// Highest lamport here of any chain, those that no counting reaches left out.
    pub foreign_lamport: u64,
}

/// How far one entry of another device may move the own lamport: more entries than a place ever has, and far too few for anybody to use the numbers up.
const LAMPORT_STEP_MAX: u64 = 1 << 20;

impl Tip {
    /// The lamport of the next own entry: after everything seen, but no foreign number moves it by more than a bounded step.
    #[must_use]
    pub fn next_lamport(&self) -> u64 {
        let reachable = self.lamport.saturating_add(LAMPORT_STEP_MAX);
        let seen = self.lamport.max(self.foreign_lamport.min(reachable));
        seen.saturating_add(1)
    }
}

/// What became of an entry that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is new.
    New,
    /// It was here already.
    Known,
    /// It was here without its body, which has arrived now.
    Body,
    /// Another entry has its number: both are kept.
    Fork,
}

impl Journal {
    /// Opens or makes a journal.
    ///
    /// # Errors
    /// `Damaged`, `NewerSchema`, `Setting`, or the disk's.
    pub fn open(
        environment: &Environment,
        path: &Path,
        key: &DatabaseKey,
        durability: Durability,
    ) -> Result<Self, StoreError> {
        let mut connection = open_database(NAME, path, key, durability)?;
        migrate(&mut connection)?;
        let stored: Option<Vec<u8>> = fact(&connection, "generation")?;
        let generation = match stored.and_then(|bytes| bytes.try_into().ok()) {
            Some(generation) => generation,
            None => {
                let fresh: [u8; 16] = environment.random()?;
                set_fact(&connection, "generation", &fresh)?;
                fresh
            }
        };
        Ok(Self {
            connection,
            generation,
            has_failed: false,
        })
    }

    /// A random value of this very file: what follows it must not follow another.
    #[must_use]
    pub fn generation(&self) -> [u8; 16] {
        self.generation
    }

    /// Says that an earlier write failed: reopen and verify.
    ///
    /// # Errors
    /// `MustReopen`.
    pub fn check_sound(&self) -> Result<(), StoreError> {
        if self.has_failed {
            Err(StoreError::MustReopen)
        } else {
            Ok(())
        }
    }

    /// Appends entries of the own chain in one durable transaction: each is composed on the tip that the one before it left.
    /// Whatever `number` counters they use up are used up in the same transaction.
    ///
    /// # Errors
    /// The composer's (nothing was written), or the database's: then nothing more is acknowledged until the store is reopened.
    pub fn append_own<E: From<StoreError>>(
        &mut self,
        device: DeviceId,
        compose: impl FnOnce(&mut OwnAppend<'_>) -> Result<(), E>,
    ) -> Result<Vec<Entry>, E> {
        self.check_sound()?;
        let tip = tip(&self.connection, device)?;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sql("begin"))
            .map_err(E::from);
        let transaction = match transaction {
            Ok(transaction) => transaction,
            Err(error) => {
                self.has_failed = true;
                return Err(error);
            }
        };
        let mut append = OwnAppend {
            transaction,
            tip,
            entries: Vec::new(),
            has_failed: false,
        };
        let composed = compose(&mut append);
        let OwnAppend {
            transaction,
            entries,
            has_failed,
            ..
        } = append;
        if let Err(error) = composed {
            self.has_failed |= has_failed;
            // Dropping the transaction rolls it back; a failure to do so shows at the next begin.
            drop(transaction);
            return Err(error);
        }
        if let Err(cause) = transaction.commit() {
            self.has_failed = true;
            return Err(E::from(StoreError::Sql {
                context: "commit",
                cause,
            }));
        }
        Ok(entries)
    }

    /// Takes verified entries of any chain, in one transaction.
    ///
    /// # Errors
    /// The database's.
    pub fn receive(
        &mut self,
        spki: &[u8],
        entries: &[Entry],
        checkpoint: &Checkpoint,
    ) -> Result<Vec<Appended>, StoreError> {
        self.check_sound()?;
        let received = receive(&mut self.connection, spki, entries, checkpoint);
        self.has_failed |= received.is_err();
        received
    }

    /// Keeps an own checkpoint.
    ///
    /// # Errors
    /// The database's.
    pub fn add_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.check_sound()?;
        let inserted = insert_checkpoint(&self.connection, checkpoint);
        self.has_failed |= inserted.is_err();
        inserted
    }

    /// Notes a run that stands in `runs/`.
    ///
    /// # Errors
    /// The database's.
    pub fn add_run(
        &mut self,
        sealed: SealedName,
        device: DeviceId,
        first_seq: u64,
        last_seq: u64,
        size: u64,
    ) -> Result<(), StoreError> {
        self.check_sound()?;
        let text = "INSERT OR IGNORE INTO runs
                        (sealed_sha256, device, first_seq, last_seq, size_bytes)
                    VALUES (?1, ?2, ?3, ?4, ?5)";
        let (first_seq, last_seq, size) = (first_seq as i64, last_seq as i64, size as i64);
        let row = params![
            sealed.as_bytes(),
            device.as_bytes(),
            first_seq,
            last_seq,
            size
        ];
        let inserted = self
            .connection
            .execute(text, row)
            .map_err(sql("insert run"));
        self.has_failed |= inserted.is_err();
        inserted.map(drop)
    }

    /// Last seq of a chain that stands in a run of this vault; 0 if none does.
    ///
    /// # Errors
    /// The database's.
    pub fn last_run_seq(&self, device: DeviceId) -> Result<u64, StoreError> {
        let seq: Option<i64> = self
            .connection
            .query_row(
                "SELECT max(last_seq) FROM runs WHERE device = ?1",
                [device.as_bytes()],
                |row| row.get(0),
            )
            .map_err(sql("last run"))?;
        Ok(seq.unwrap_or(0) as u64)
    }

    /// Runs of a chain that end with `from_seq` or later, and their lengths.
    ///
    /// # Errors
    /// The database's.
    pub fn runs_from(
        &self,
        device: DeviceId,
        from_seq: u64,
    ) -> Result<Vec<(SealedName, u64)>, StoreError> {
        let text = "SELECT sealed_sha256, size_bytes FROM runs
                    WHERE device = ?1 AND last_seq >= ?2 ORDER BY last_seq";
        let mut statement = self.connection.prepare_cached(text).map_err(sql("runs"))?;
        let values = params![device.as_bytes(), from_seq as i64];
        let rows = statement.query_map(values, |row| {
            Ok((SealedName(id(row, 0)?), row.get::<_, i64>(1)? as u64))
        });
        rows.map_err(sql("runs"))?
            .collect::<Result<_, _>>()
            .map_err(sql("runs"))
    }

    /// Every run of this vault.
    ///
    /// # Errors
    /// The database's.
    pub fn runs(&self) -> Result<Vec<SealedName>, StoreError> {
        let text = "SELECT sealed_sha256 FROM runs ORDER BY device, first_seq";
        let mut statement = self.connection.prepare_cached(text).map_err(sql("runs"))?;
        let rows = statement.query_map([], |row| id(row, 0).map(SealedName));
        rows.map_err(sql("runs"))?
            .collect::<Result<_, _>>()
            .map_err(sql("runs"))
    }

    /// End of a chain, and the lamports that the next entry follows.
    ///
    /// # Errors
    /// The database's.
    pub fn tip(&self, device: DeviceId) -> Result<Tip, StoreError> {
        tip(&self.connection, device)
    }

    /// The public key of a chain, if its first entry or a run of it has come.
    ///
    /// # Errors
    /// The database's.
    pub fn device_spki(&self, device: DeviceId) -> Result<Option<Vec<u8>>, StoreError> {
        self.connection
            .query_row(
                "SELECT spki FROM devices WHERE device = ?1",
                [device.as_bytes()],
                |row| row.get(0),
            )
            .optional()
            .map_err(sql("device key"))
    }

    /// Every chain here with its key.
    ///
    /// # Errors
    /// The database's.
    pub fn devices(&self) -> Result<Vec<(DeviceId, Vec<u8>)>, StoreError> {
        let text = "SELECT device, spki FROM devices ORDER BY device";
        let mut statement = self
            .connection
            .prepare_cached(text)
            .map_err(sql("devices"))?;
        let rows = statement.query_map([], |row| Ok((id(row, 0)?, row.get(1)?)));
        let rows = rows.map_err(sql("devices"))?;
        rows.map(|row| row.map(|(hash, spki)| (DeviceId(hash), spki)))
            .collect::<Result<_, _>>()
            .map_err(sql("devices"))
    }

    /// Checkpoints of a chain, by seq.
    ///
    /// # Errors
    /// The database's.
    pub fn checkpoints(&self, device: DeviceId) -> Result<Vec<Vec<u8>>, StoreError> {
        let text = "SELECT cose FROM checkpoints WHERE device = ?1 ORDER BY seq, entry_id";
        let mut statement = self
            .connection
            .prepare_cached(text)
            .map_err(sql("checkpoints"))?;
        let rows = statement.query_map([device.as_bytes()], |row| row.get(0));
        rows.map_err(sql("checkpoints"))?
            .collect::<Result<_, _>>()
            .map_err(sql("checkpoints"))
    }

    /// The last checkpoint of a chain: (seq, entry id).
    ///
    /// # Errors
    /// The database's.
    pub fn last_checkpoint(&self, device: DeviceId) -> Result<Option<(u64, EntryId)>, StoreError> {
        let text = "SELECT seq, entry_id FROM checkpoints WHERE device = ?1
                    ORDER BY seq DESC LIMIT 1";
        self.connection
            .query_row(text, [device.as_bytes()], |row| {
                Ok((row.get::<_, i64>(0)? as u64, EntryId(id(row, 1)?)))
            })
            .optional()
            .map_err(sql("last checkpoint"))
    }

    /// Entries of a chain from `first_seq`, in order, at most `limit`.
    ///
    /// # Errors
    /// The database's, or an entry that is not one (named by its seq).
    pub fn entries_of_chain(
        &self,
        device: DeviceId,
        first_seq: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let text = "SELECT header, body, absence, erased_by FROM entries
                    WHERE device = ?1 AND seq >= ?2
                    ORDER BY seq, row LIMIT ?3";
        let mut statement = self
            .connection
            .prepare_cached(text)
            .map_err(sql("entries"))?;
        let rows = statement
            .query_map(
                params![device.as_bytes(), first_seq as i64, limit as i64],
                pair,
            )
            .map_err(sql("entries"))?;
        collect(rows)
    }

    /// What an entry of a chain names as the one before it, if the entry is known.
    ///
    /// # Errors
    /// The database's, or an entry that is not one.
    pub fn prev_of(&self, device: DeviceId, entry: EntryId) -> Result<Option<Hash32>, StoreError> {
        let text = "SELECT header, body, absence, erased_by FROM entries
                    WHERE entry_id = ?1 AND device = ?2";
        let mut statement = self.connection.prepare_cached(text).map_err(sql("link"))?;
        let rows = statement.query_map(params![entry.as_bytes(), device.as_bytes()], pair);
        let found = collect(rows.map_err(sql("link"))?)?;
        Ok(found.first().map(|entry| entry.header.prev))
    }

    /// Every known entry of a subject.
    ///
    /// # Errors
    /// The database's, or an entry that is not one.
    pub fn entries_of_subject(&self, subject: SubjectId) -> Result<Vec<Entry>, StoreError> {
        let text = "SELECT header, body, absence, erased_by FROM entries
                    WHERE subject = ?1 ORDER BY row";
        let mut statement = self
            .connection
            .prepare_cached(text)
            .map_err(sql("entries"))?;
        let rows = statement
            .query_map([subject.as_bytes()], pair)
            .map_err(sql("entries"))?;
        collect(rows)
    }

    /// Subjects that entries after `row` speak of, with the row to go on from; at most `limit` rows are read.
    ///
    /// # Errors
    /// The database's.
    pub fn subjects_after(
        &self,
        row: i64,
        limit: usize,
    ) -> Result<(Vec<SubjectId>, i64), StoreError> {
        let text = "SELECT row, subject FROM entries WHERE row > ?1 ORDER BY row LIMIT ?2";
        let mut statement = self
            .connection
            .prepare_cached(text)
            .map_err(sql("follow"))?;
        let rows = statement
            .query_map(params![row, limit as i64], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .map_err(sql("follow"))?;
        let (mut subjects, mut last) = (Vec::new(), row);
        for row in rows {
            let (row, subject) = row.map_err(sql("follow"))?;
            last = row;
            subjects.extend(SubjectId::from_slice(&subject));
        }
        subjects.sort_unstable();
        subjects.dedup();
        Ok((subjects, last))
    }

    /// The last row, for whoever follows.
    ///
    /// # Errors
    /// The database's.
    pub fn last_row(&self) -> Result<i64, StoreError> {
        let text = "SELECT coalesce(max(row), 0) FROM entries";
        self.connection
            .query_row(text, [], |row| row.get(0))
            .map_err(sql("last row"))
    }

    /// Number of entries of all chains.
    ///
    /// # Errors
    /// The database's.
    pub fn entry_count(&self) -> Result<u64, StoreError> {
        let count: i64 = self
            .connection
            .query_row("SELECT count(*) FROM entries", [], |row| row.get(0))
            .map_err(sql("count"))?;
        Ok(count as u64)
    }

    /// Entries after `row` in order of arrival, for a hub that hands them on: (row, entry).
    ///
    /// # Errors
    /// The database's, or an entry that is not one.
    pub fn entries_after(&self, row: i64, limit: usize) -> Result<Vec<(i64, Entry)>, StoreError> {
        let text = "SELECT header, body, absence, erased_by, row FROM entries
                    WHERE row > ?1 ORDER BY row LIMIT ?2";
        let mut statement = self
            .connection
            .prepare_cached(text)
            .map_err(sql("entries"))?;
        let rows = statement
            .query_map(params![row, limit as i64], |row| {
                Ok((pair(row)?, row.get::<_, i64>(4)?))
            })
            .map_err(sql("entries"))?;
        let mut entries = Vec::new();
        for row in rows {
            let ((header, body), row) = row.map_err(sql("entries"))?;
            entries.push((row, Entry::parse(&header, body)?));
        }
        Ok(entries)
    }

    /// The MAC of every page checked; empty when all is well.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn check_seals(&self) -> Result<Vec<String>, StoreError> {
        super::database::check_seals(&self.connection)
    }

    /// Every page checked; empty when all is well.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn check_pages(&self) -> Result<Vec<String>, StoreError> {
        super::database::check_pages(&self.connection)
    }

    /// Writes the log back into the database and closes it.
    ///
    /// # Errors
    /// The database's.
    pub fn close(self) -> Result<(), StoreError> {
        // A checkpoint that finds a reader leaves the log: nothing is lost, the next open reads it.
        let _ = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.connection
            .close()
            .map_err(|(_, error)| sql("close")(error))
    }
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(sql("schema version"))?;
    let supported = MIGRATIONS.len() as i64;
    if found > supported {
        return Err(StoreError::NewerSchema {
            database: NAME,
            found,
            supported,
        });
    }
    for (number, step) in (1_i64..).zip(MIGRATIONS) {
        if number <= found {
            continue;
        }
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sql("migrate"))?;
        transaction.execute_batch(step).map_err(sql("migrate"))?;
        transaction
            .pragma_update(None, "user_version", number)
            .map_err(sql("migrate"))?;
        transaction.commit().map_err(sql("migrate"))?;
    }
    Ok(())
}

fn receive(
    connection: &mut Connection,
    spki: &[u8],
    entries: &[Entry],
    checkpoint: &Checkpoint,
) -> Result<Vec<Appended>, StoreError> {
    let transaction = connection.transaction().map_err(sql("begin"))?;
    let mut appended = Vec::new();
    for entry in entries {
        appended.push(insert(&transaction, entry)?);
    }
    if appended.contains(&Appended::Body) {
        come_again(&transaction, entries)?;
    }
    insert_device(&transaction, checkpoint.device, spki)?;
    insert_checkpoint(&transaction, checkpoint)?;
    transaction.commit().map_err(sql("commit"))?;
    Ok(appended)
}

fn tip(connection: &Connection, device: DeviceId) -> Result<Tip, StoreError> {
    let text = "SELECT seq, entry_id, lamport FROM entries WHERE device = ?1
                ORDER BY seq DESC LIMIT 1";
    let last = connection
        .prepare_cached(text)
        .and_then(|mut statement| {
            statement
                .query_row([device.as_bytes()], |row| {
                    let seq = row.get::<_, i64>(0)? as u64;
                    let head = ChainHead {
                        seq,
                        id: id(row, 1)?,
                    };
                    Ok((head, row.get::<_, i64>(2)? as u64))
                })
                .optional()
        })
        .map_err(sql("tip"))?;
    let highest: Option<i64> = connection
        .prepare_cached("SELECT max(lamport) FROM entries")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(sql("tip"))?;
    let (head, lamport) = last.unwrap_or((ChainHead::start(device), 0));
    let foreign_lamport = highest.unwrap_or(0) as u64;
    Ok(Tip {
        head,
        lamport,
        foreign_lamport,
    })
}

fn fact(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    connection
        .query_row("SELECT value FROM facts WHERE name = ?1", [name], |row| {
            row.get(0)
        })
        .optional()
        .map_err(sql("fact"))
}

fn set_fact(connection: &Connection, name: &str, value: &[u8]) -> Result<(), StoreError> {
    let text = "INSERT INTO facts (name, value) VALUES (?1, ?2)
                ON CONFLICT DO UPDATE SET value = excluded.value";
    connection
        .execute(text, params![name, value])
        .map_err(sql("set fact"))?;
    Ok(())
}

type Pair = (Vec<u8>, BodyBytes);

/// Reads the columns header, body, absence, erased_by.
fn pair(row: &Row<'_>) -> rusqlite::Result<Pair> {
    let body = match row.get::<_, Option<Vec<u8>>>(1)? {
        Some(bytes) => BodyBytes::Here(bytes),
        None => {
            let order: Option<[u8; 32]> = row.get(3)?;
            let order = order.map(|hash| EntryId(Hash32(hash)));
            let number = row.get::<_, Option<i64>>(2)?.unwrap_or_default() as u64;
            BodyBytes::Absent(Absence::new(number, order))
        }
    };
    Ok((row.get(0)?, body))
}

fn collect(rows: impl Iterator<Item = rusqlite::Result<Pair>>) -> Result<Vec<Entry>, StoreError> {
    rows.map(|row| {
        let (header, body) = row.map_err(sql("entries"))?;
        Ok(Entry::parse(&header, body)?)
    })
    .collect()
}

pub(super) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash32> {
    row.get::<_, [u8; 32]>(column).map(Hash32)
}
