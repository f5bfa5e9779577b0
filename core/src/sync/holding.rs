//! Who holds what: which hub has receipted a file, what waits for which hub, and how many of each there are.
//!
//! Owns the tables `files`, `waiting` and `tallies` of transfer.db. Does not judge receipts. Invariant: whether a hub holds a file is
//! decided by the table `holdings` alone (`receipt_index`); [`TransferDb::settle`] carries its word into the other tables, so that
//! planning, offering and counting touch only what waits.

use rusqlite::{OptionalExtension as _, params};

use super::transfer_db::TransferDb;
use crate::encoding::Hash32;
use crate::model::ids::{HubId, ReceiptId, SealedName};
use crate::store::{Class, StoreError, sql};

/// A file that a hub has not receipted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its name.
    pub sealed: SealedName,
    /// What it holds.
    pub class: Class,
    /// Its length in bytes.
    pub size: u64,
    /// When it was added, by this device's clock, ms.
    pub added_ms: i64,
}

/// What a hub's receipts say together about a file that it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The last receipt about it.
    pub receipt: ReceiptId,
    /// Which hub.
    pub hub: HubId,
    /// SHA-256 of the plaintext, if the hub opened it.
    pub sha256: Option<Hash32>,
    /// The hub's clock at the first line that was not taken back, ms.
    pub first_ms: i64,
    /// The hub's clock at the last line, ms.
    pub last_ms: i64,
}

/// How many files there are and what is known of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Sealed files of this device, of all classes.
    pub files: u64,
    /// Originals among them.
    pub originals: u64,
    /// Originals with a valid receipt of at least one hub.
    pub originals_on_hub: u64,
    /// Originals with valid receipts of at least two hubs.
    pub originals_on_two_hubs: u64,
    /// Originals that a hub opened and found to be the bytes that were captured.
    pub originals_checked: u64,
    /// Originals that were removed from this device by the free-space rule and that no hub holds any more.
    pub lost_here: u64,
    /// Files of all classes without any valid receipt that are to be sent.
    pub waiting: u64,
    /// Bytes of those.
    pub waiting_bytes: u64,
    /// Receipts kept here.
    pub receipts: u64,
}

/// How many files there are of one sort.
struct Tally {
    /// 0: receipts.
    class: u64,
    holders: u64,
    is_checked: bool,
    is_freed: bool,
    count: u64,
    bytes: u64,
}

impl Counts {
    fn add(&mut self, tally: &Tally) {
        let add = |to: &mut u64, when: bool| {
            *to = to.saturating_add(if when { tally.count } else { 0 });
        };
        let (is_file, is_held) = (tally.class > 0, tally.holders > 0);
        let is_original = tally.class == Class::Original.number();
        let is_waiting = is_file && !is_held && !tally.is_freed;
        add(&mut self.receipts, !is_file);
        add(&mut self.files, is_file);
        add(&mut self.originals, is_original);
        add(&mut self.originals_on_hub, is_original && is_held);
        add(
            &mut self.originals_on_two_hubs,
            is_original && tally.holders > 1,
        );
        add(&mut self.originals_checked, is_original && tally.is_checked);
        add(&mut self.lost_here, is_file && !is_held && tally.is_freed);
        add(&mut self.waiting, is_waiting);
        if is_waiting {
            self.waiting_bytes = self.waiting_bytes.saturating_add(tally.bytes);
        }
    }
}

impl TransferDb {
    /// Does several things in one transaction: all of them become durable with one fsync, or none does.
    ///
    /// # Errors
    /// What `act` gives, or the database's.
    pub fn together<T, E: From<StoreError>>(
        &self,
        act: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let say = |text: &str, context| self.connection.execute_batch(text).map_err(sql(context));
        say("SAVEPOINT together", "begin")?;
        let done = act();
        match done {
            Ok(_) => say("RELEASE together", "commit")?,
            Err(_) => say("ROLLBACK TO together; RELEASE together", "roll back")?,
        }
        done
    }

    /// Notes a sealed file that is here and must reach a hub; noted twice is noted once.
    ///
    /// # Errors
    /// The database's.
    pub fn add_file(
        &self,
        sealed: SealedName,
        class: Class,
        size: u64,
        added_ms: i64,
    ) -> Result<(), StoreError> {
        let text = "INSERT INTO files (sealed_sha256, class, size_bytes, added_ms)
                    VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
        let class = class.number() as i64;
        let values = params![sealed.as_bytes(), class, size as i64, added_ms];
        self.together(|| {
            if self.run(text, values, "add file")? > 0 {
                self.settle(sealed)?;
            }
            Ok(())
        })
    }

    /// Notes that an original left this device.
    ///
    /// # Errors
    /// The database's.
    pub fn set_freed(&self, sealed: SealedName) -> Result<(), StoreError> {
        let text = "UPDATE files SET is_freed = 1 WHERE sealed_sha256 = ?1";
        self.together(|| {
            self.run(text, [sealed.as_bytes()], "set freed")?;
            self.settle(sealed)
        })
    }

    /// Files that `hub` does not hold: runs first, then by class, then the oldest.
    ///
    /// # Errors
    /// The database's.
    pub fn waiting(&self, hub: HubId, limit: usize) -> Result<Vec<Waiting>, StoreError> {
        self.waiting_from(hub, Class::Run, limit)
    }

    /// As [`TransferDb::waiting`], from a class on.
    ///
    /// # Errors
    /// The database's.
    pub fn waiting_from(
        &self,
        hub: HubId,
        class: Class,
        limit: usize,
    ) -> Result<Vec<Waiting>, StoreError> {
        let values = params![hub.as_bytes(), class.number() as i64, limit as i64];
        self.list(WAITING, values, "waiting", |row| {
            let class = Class::from_number(row.get::<_, i64>(1)? as u64);
            Ok(Waiting {
                sealed: SealedName(Hash32(row.get(0)?)),
                class: class.ok_or(rusqlite::Error::IntegralValueOutOfRange(1, 0))?,
                size: row.get::<_, i64>(2)? as u64,
                added_ms: row.get(3)?,
            })
        })
    }

    /// Originals that stand here: those that a hub opened first, then the oldest.
    ///
    /// # Errors
    /// The database's.
    pub fn originals_here(&self, limit: usize) -> Result<Vec<SealedName>, StoreError> {
        let values = params![Class::Original.number() as i64, limit as i64];
        self.list(ORIGINALS_HERE, values, "originals here", |row| {
            Ok(SealedName(Hash32(row.get(0)?)))
        })
    }

    /// Whether a hub holds a file, by a valid receipt.
    ///
    /// # Errors
    /// The database's.
    pub fn is_held(&self, sealed: SealedName, hub: HubId) -> Result<bool, StoreError> {
        Ok(self.held(sealed, &hub.0.0)?.is_some())
    }

    /// Whether a hub holds a file, and then whether it opened it.
    fn held(&self, sealed: SealedName, hub: &[u8]) -> Result<Option<bool>, StoreError> {
        self.connection
            .prepare_cached(HELD)
            .and_then(|mut statement| {
                let row = statement.query_row(params![sealed.as_bytes(), hub], |row| row.get(0));
                row.optional()
            })
            .map_err(sql("held"))
    }

    /// Carries the word of `holdings` about one file into `waiting` and the file's row; owed after every change of it.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn settle(&self, sealed: SealedName) -> Result<(), StoreError> {
        let file = self
            .connection
            .prepare_cached(FILE)
            .and_then(|mut statement| {
                let row = statement.query_row([sealed.as_bytes()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                });
                row.optional()
            })
            .map_err(sql("settle"))?;
        let Some((class, added_ms, size, is_freed)) = file else {
            // A receipt about a file of another device.
            return Ok(());
        };
        let (class, added_ms, size, is_freed): (i64, i64, i64, bool) =
            (class, added_ms, size, is_freed);
        let (mut holders, mut is_checked) = (0_i64, false);
        let hubs: Vec<Vec<u8>> =
            self.list("SELECT hub FROM hubs", [], "settle", |row| row.get(0))?;
        for hub in hubs {
            let held = self.held(sealed, &hub)?;
            holders = holders.saturating_add(i64::from(held.is_some()));
            is_checked |= held == Some(true);
            let name = sealed.as_bytes();
            if held.is_some() || is_freed {
                self.run(WAITS_NO_MORE, params![hub, class, added_ms, name], "settle")?;
            } else {
                self.run(WAITS, params![hub, class, added_ms, name, size], "settle")?;
            }
        }
        let values = params![sealed.as_bytes(), holders, is_checked];
        self.run(HELD_BY, values, "settle").map(drop)
    }

    /// As [`TransferDb::settle`], for every file: owed when a hub is new, and only then, for it walks them all.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn settle_hub(&self, hub: HubId) -> Result<(), StoreError> {
        for text in SETTLE_HUB {
            self.run(text, [hub.as_bytes()], "settle hub")?;
        }
        self.run(HELD_BY_ALL, [], "settle hub").map(drop)
    }

    /// Counts for the status line; "on a hub" only from valid receipts.
    ///
    /// # Errors
    /// The database's.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        let rows = self.list(TALLIES, [], "counts", |row| {
            let number = |column| row.get::<_, i64>(column).map(|count| count as u64);
            Ok(Tally {
                class: number(0)?,
                holders: number(1)?,
                is_checked: row.get(2)?,
                is_freed: row.get(3)?,
                count: number(4)?,
                bytes: number(5)?,
            })
        })?;
        let mut counts = Counts::default();
        for tally in rows {
            counts.add(&tally);
        }
        Ok(counts)
    }

    pub(super) fn run(
        &self,
        text: &str,
        values: impl rusqlite::Params,
        context: &'static str,
    ) -> Result<usize, StoreError> {
        self.connection
            .prepare_cached(text)
            .and_then(|mut statement| statement.execute(values))
            .map_err(sql(context))
    }

    pub(super) fn list<T>(
        &self,
        text: &str,
        values: impl rusqlite::Params,
        context: &'static str,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(text).map_err(sql(context))?;
        let rows = statement.query_map(values, read).map_err(sql(context))?;
        rows.collect::<Result<_, _>>().map_err(sql(context))
    }
}

const WAITING: &str = "SELECT sealed_sha256, class, size_bytes, added_ms FROM waiting
    WHERE hub = ?1 AND class >= ?2 ORDER BY class, added_ms, sealed_sha256 LIMIT ?3";
const ORIGINALS_HERE: &str = "SELECT sealed_sha256 FROM files WHERE class = ?1 AND is_freed = 0
    ORDER BY is_checked DESC, holders DESC, added_ms LIMIT ?2";
const HELD: &str = "SELECT sha256 IS NOT NULL FROM holdings WHERE sealed_sha256 = ?1 AND hub = ?2";
const FILE: &str =
    "SELECT class, added_ms, size_bytes, is_freed FROM files WHERE sealed_sha256 = ?1";
const WAITS: &str = "INSERT INTO waiting (hub, class, added_ms, sealed_sha256, size_bytes)
    VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
const WAITS_NO_MORE: &str = "DELETE FROM waiting
    WHERE hub = ?1 AND class = ?2 AND added_ms = ?3 AND sealed_sha256 = ?4";
const HELD_BY: &str = "UPDATE files SET holders = ?2, is_checked = ?3
    WHERE sealed_sha256 = ?1 AND (holders, is_checked) IS NOT (?2, ?3)";
const SETTLE_HUB: [&str; 2] = [
    "DELETE FROM waiting WHERE hub = ?1",
    "INSERT INTO waiting (hub, class, added_ms, sealed_sha256, size_bytes)
        SELECT ?1, class, added_ms, sealed_sha256, size_bytes FROM files
        WHERE is_freed = 0 AND NOT EXISTS (SELECT 1 FROM holdings
            WHERE holdings.sealed_sha256 = files.sealed_sha256 AND holdings.hub = ?1)",
];
const HELD_BY_ALL: &str = "UPDATE files SET (holders, is_checked) = (
        SELECT count(*), coalesce(max(sha256 IS NOT NULL), 0) FROM holdings
        WHERE holdings.sealed_sha256 = files.sealed_sha256)";
const TALLIES: &str = "SELECT class, holders, is_checked, is_freed, count, bytes FROM tallies";

#[cfg(test)]
#[path = "holding_tests.rs"]
mod tests;
