//! The sealed files that entries introduce, as journal.db lists them: so that recovery, sync and screens find them without opening bodies.
//!
//! Owns the questions about them; how an entry becomes such a row is `journal_rows.rs`.

use rusqlite::{Row, params};

use super::journal_db::{Journal, id};
use super::{Class, StoreError, sql};
use crate::encoding::Hash32;
use crate::model::ids::{DeviceId, EntryId, SealedName, SubjectId};

/// A sealed file that an entry introduces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// Its name.
    pub sealed: SealedName,
    /// What it holds.
    pub class: Class,
    /// Its length, bytes.
    pub size: u64,
    /// SHA-256 of the plaintext, where known.
    pub sha256: Option<Hash32>,
    /// How many recipients its entry lists, where it does.
    pub recipients: Option<u64>,
    /// The photo.
    pub subject: SubjectId,
    /// The introducing entry.
    pub entry: EntryId,
    /// Whose chain.
    pub device: DeviceId,
    /// Where in it.
    pub seq: u64,
}

impl Journal {
    /// The file of a name as the first entry that introduces it says, by device and number: whatever came first.
    ///
    /// # Errors
    /// The database's.
    pub fn file(&self, sealed: SealedName) -> Result<Option<FileRow>, StoreError> {
        self.one_file("sealed_sha256 = ?1", sealed.as_bytes())
    }

    /// The file of a name as each entry says that introduces it.
    ///
    /// # Errors
    /// The database's.
    pub fn introductions(&self, sealed: SealedName) -> Result<Vec<FileRow>, StoreError> {
        self.files_where("sealed_sha256 = ?1", [sealed.as_bytes()])
    }

    /// The original that was captured under an id: a retry finds it.
    ///
    /// # Errors
    /// The database's.
    pub fn file_of_capture(&self, capture_id: &[u8; 16]) -> Result<Option<FileRow>, StoreError> {
        self.one_file("capture_id = ?1", capture_id)
    }

    /// Originals with the same plaintext: "same image".
    ///
    /// # Errors
    /// The database's.
    pub fn originals_of(&self, sha256: Hash32) -> Result<Vec<FileRow>, StoreError> {
        self.files_where("sha256 = ?1 AND class = 4", [sha256.as_bytes()])
    }

    /// Every file that a chain introduces.
    ///
    /// # Errors
    /// The database's.
    pub fn files_of(&self, device: DeviceId) -> Result<Vec<FileRow>, StoreError> {
        self.files_where("device = ?1", [device.as_bytes()])
    }

    /// Files that entries of a chain after `after_seq` introduce.
    ///
    /// # Errors
    /// The database's.
    pub fn files_after(
        &self,
        device: DeviceId,
        after_seq: u64,
    ) -> Result<Vec<FileRow>, StoreError> {
        let values = params![device.as_bytes(), after_seq as i64];
        self.files_where("device = ?1 AND seq > ?2", values)
    }

    /// Original and renditions of a photo.
    ///
    /// # Errors
    /// The database's.
    pub fn files_of_photo(&self, photo: SubjectId) -> Result<Vec<FileRow>, StoreError> {
        self.files_where("subject = ?1", [photo.as_bytes()])
    }

    /// Every file that entries introduce.
    ///
    /// # Errors
    /// The database's.
    pub fn all_files(&self) -> Result<Vec<FileRow>, StoreError> {
        self.files_where("true", [])
    }

    fn one_file(&self, condition: &str, value: &[u8]) -> Result<Option<FileRow>, StoreError> {
        Ok(self.files_where(condition, [value])?.into_iter().next())
    }

    fn files_where(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<FileRow>, StoreError> {
        let text = format!(
            "SELECT sealed_sha256, class, size_bytes, sha256, subject, entry_id, device, seq,
                 recipients
             FROM files WHERE {condition} ORDER BY device, seq, entry_id, class"
        );
        let mut statement = self
            .connection
            .prepare_cached(&text)
            .map_err(sql("files"))?;
        let rows = statement
            .query_map(values, file_row)
            .map_err(sql("files"))?;
        rows.collect::<Result<_, _>>().map_err(sql("files"))
    }
}

fn file_row(row: &Row<'_>) -> rusqlite::Result<FileRow> {
    let class = Class::from_number(row.get::<_, i64>(1)? as u64);
    let sha256: Option<[u8; 32]> = row.get(3)?;
    Ok(FileRow {
        sealed: SealedName(id(row, 0)?),
        class: class.ok_or(rusqlite::Error::IntegralValueOutOfRange(1, 0))?,
        size: row.get::<_, i64>(2)? as u64,
        sha256: sha256.map(Hash32),
        subject: SubjectId(row.get(4)?),
        entry: EntryId(id(row, 5)?),
        device: DeviceId(id(row, 6)?),
        seq: row.get::<_, i64>(7)? as u64,
        recipients: row.get::<_, Option<i64>>(8)?.map(|count| count as u64),
    })
}
