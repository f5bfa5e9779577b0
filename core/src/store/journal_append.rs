//! One open transaction on the own chain: entries, each on the tip that the one before it left, and the numbers they use up.
//!
//! Invariant: whatever fails here fails the whole transaction, and the journal says from then on that it must be reopened.

use rusqlite::{Transaction, params};

use super::journal_db::Tip;
use super::journal_rows::insert;
use super::{StoreError, sql};
use crate::journal::{ChainHead, Entry};
use crate::model::ids::SubjectId;

/// An open transaction on the own chain.
pub struct OwnAppend<'a> {
    pub(super) transaction: Transaction<'a>,
    pub(super) tip: Tip,
    pub(super) entries: Vec<Entry>,
    pub(super) has_failed: bool,
}

impl OwnAppend<'_> {
    /// What the next entry follows.
    #[must_use]
    pub fn tip(&self) -> Tip {
        self.tip
    }

    /// Adds the next entry.
    ///
    /// # Errors
    /// The database's.
    pub fn push(&mut self, entry: Entry) -> Result<(), StoreError> {
        insert(&self.transaction, &entry).inspect_err(|_| self.has_failed = true)?;
        self.tip = Tip {
            head: ChainHead {
                seq: entry.header.seq,
                id: entry.id.0,
            },
            lamport: entry.header.lamport,
            foreign_lamport: self.tip.foreign_lamport,
        };
        self.entries.push(entry);
        Ok(())
    }

    /// Whether any entry speaks of a subject.
    ///
    /// # Errors
    /// The database's.
    pub fn knows(&mut self, subject: SubjectId) -> Result<bool, StoreError> {
        self.transaction
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM entries WHERE subject = ?1)")
            .and_then(|mut statement| statement.query_row([subject.as_bytes()], |row| row.get(0)))
            .map_err(sql("knows subject"))
            .inspect_err(|_| self.has_failed = true)
    }

    /// The next number of an issuer's series; it is used up when this transaction commits.
    ///
    /// # Errors
    /// The database's.
    pub fn next_number(&mut self, issuer: &str, series: &str) -> Result<u32, StoreError> {
        let text = "INSERT INTO numbers (issuer, series, last) VALUES (?1, ?2, 1)
                    ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last";
        self.transaction
            .query_row(text, params![issuer, series], |row| row.get(0))
            .map_err(sql("next number"))
            .inspect_err(|_| self.has_failed = true)
    }
}
