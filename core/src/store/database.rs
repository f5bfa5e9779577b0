//! How every database is opened: SQLCipher with a raw key, and every protecting setting read back (docs/design/pragmas.md).

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{StoreError, sql};
use crate::keys::DatabaseKey;

/// The first SQLite without the WAL-reset corruption of 3.7.0–3.51.2.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// What a commit of a database promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It survives a power cut: `synchronous=FULL`.
    Full,
    /// It survives the end of the process; what it holds can be made again: `synchronous=NORMAL`.
    Disposable,
}

impl Durability {
    fn synchronous(self) -> &'static str {
        match self {
            Self::Full => "2",
            Self::Disposable => "1",
        }
    }
}

/// Memory for pages, in KiB: names of files are hashes, so that each step of a sync reads a handful of pages anywhere in the database, and every page
/// that is not in memory is decrypted and authenticated anew. It holds what a phone keeps of some 30,000 files; memory is taken as pages are read.
const CACHE_KIB: u32 = 16 * 1024;

/// Opens or makes a database. Readers are opened the same way and then set to `query_only` by their owner.
///
/// # Errors
/// `Damaged` if its pages do not open with the key (a wrong key was ruled out by its key file), `Setting` if a protection is not in force.
pub fn open_database(
    name: &'static str,
    path: &Path,
    key: &DatabaseKey,
    durability: Durability,
) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sql("open"))?;
    // SQLCipher writes its faults to stderr by itself; ours are values, and a log line of its may name a path.
    connection
        .execute_batch("PRAGMA cipher_log = 'off';")
        .map_err(sql("cipher log"))?;
    let hex = zeroize::Zeroizing::new(data_encoding::HEXLOWER.encode(&**key));
    let set_key = zeroize::Zeroizing::new(format!("PRAGMA key = \"x'{}'\";", *hex));
    connection.execute_batch(&set_key).map_err(sql("key"))?;
    let opened = connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()));
    opened.map_err(|error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged { database: name }
        }
        Some(_) | None => sql("first read")(error),
    })?;
    for (setting, value) in settings(durability) {
        let pragma = format!("PRAGMA {setting} = {value};");
        connection.execute_batch(&pragma).map_err(sql(setting))?;
    }
    connection
        .execute_batch(&format!("PRAGMA cache_size = -{CACHE_KIB};"))
        .map_err(sql("cache size"))?;
    verify_settings(name, &connection, durability)?;
    Ok(connection)
}

/// Reads every protecting setting back.
///
/// # Errors
/// `Setting` with name, found and expected value.
pub fn verify_settings(
    database: &'static str,
    connection: &Connection,
    durability: Durability,
) -> Result<(), StoreError> {
    for (setting, expected) in settings(durability) {
        let read = connection.query_row(&format!("PRAGMA {setting}"), [], |row| {
            row.get::<_, rusqlite::types::Value>(0)
        });
        let found = match read.map_err(sql(setting))? {
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text,
            rusqlite::types::Value::Null
            | rusqlite::types::Value::Real(_)
            | rusqlite::types::Value::Blob(_) => String::new(),
        };
        if found != expected {
            let expected = expected.to_owned();
            return Err(StoreError::Setting {
                database,
                setting,
                found,
                expected,
            });
        }
    }
    let wrong = |setting, found: String, expected: String| StoreError::Setting {
        database,
        setting,
        found,
        expected,
    };
    let cipher = connection.query_row("PRAGMA cipher_version", [], |row| row.get::<_, String>(0));
    if cipher.as_deref().unwrap_or_default().is_empty() {
        return Err(wrong("cipher_version", String::new(), "any".to_owned()));
    }
    let version = rusqlite::version_number();
    if version < SQLITE_VERSION_MIN {
        return Err(wrong(
            "sqlite_version",
            version.to_string(),
            SQLITE_VERSION_MIN.to_string(),
        ));
    }
    Ok(())
}

/// Checks every page: SQLCipher's MACs, then the b-trees. Gives what is wrong, page by page; empty when all is well.
///
/// # Errors
/// The database does not answer.
pub fn check_pages(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut faults = check_seals(connection)?;
    faults.extend(faults_of(connection, "PRAGMA integrity_check(100)")?);
    Ok(faults)
}

/// Checks the MAC of every page, quickly enough for each unlock; what stands only in the log is written back first.
///
/// # Errors
/// The database does not answer.
pub fn check_seals(connection: &Connection) -> Result<Vec<String>, StoreError> {
    // A log that cannot be written back now stays, and every page that it replaces is checked as it was.
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    faults_of(connection, "PRAGMA cipher_integrity_check")
}

fn faults_of(connection: &Connection, pragma: &str) -> Result<Vec<String>, StoreError> {
    let mut faults = Vec::new();
    let mut statement = connection.prepare(pragma).map_err(sql("integrity check"))?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0));
    for row in rows.map_err(sql("integrity check"))? {
        match row {
            Ok(line) if line == "ok" => {}
            Ok(line) => faults.push(line),
            Err(error) => faults.push(error.to_string()),
        }
    }
    Ok(faults)
}

fn settings(durability: Durability) -> [(&'static str, &'static str); 12] {
    [
        ("journal_mode", "wal"),
        ("synchronous", durability.synchronous()),
        ("fullfsync", "1"),
        ("checkpoint_fullfsync", "1"),
        ("foreign_keys", "1"),
        ("trusted_schema", "0"),
        ("secure_delete", "1"),
        ("temp_store", "2"),
        ("wal_autocheckpoint", "1000"),
        ("journal_size_limit", "8388608"),
        ("cell_size_check", "1"),
        ("busy_timeout", "5000"),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn key(n: u8) -> DatabaseKey {
        DatabaseKey::new([n; 32])
    }

    #[test]
    fn every_protecting_setting_is_in_force_at_each_open() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        for durability in [Durability::Full, Durability::Disposable] {
            let connection = open_database("journal.db", &path, &key(1), durability).unwrap();
            verify_settings("journal.db", &connection, durability).unwrap();
            connection
                .execute_batch("PRAGMA secure_delete = 0")
                .unwrap();
            let found = verify_settings("journal.db", &connection, durability);
            assert!(matches!(
                found,
                Err(StoreError::Setting {
                    setting: "secure_delete",
                    ..
                })
            ));
        }
    }

    #[test]
    fn another_key_opens_nothing_and_the_file_holds_no_words() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let connection = open_database("journal.db", &path, &key(1), Durability::Full).unwrap();
        connection
            .execute_batch("CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('canary-name');")
            .unwrap();
        drop(connection);
        let other = open_database("journal.db", &path, &key(2), Durability::Full);
        assert!(matches!(
            other,
            Err(StoreError::Damaged {
                database: "journal.db"
            })
        ));
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"canary"));
    }

    #[test]
    fn a_flipped_byte_in_any_page_is_found_by_the_page_check() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let connection = open_database("journal.db", &path, &key(1), Durability::Full).unwrap();
        connection
            .execute_batch("CREATE TABLE t (x BLOB) STRICT;")
            .unwrap();
        for _ in 0..40 {
            connection
                .execute("INSERT INTO t VALUES (randomblob(2000))", [])
                .unwrap();
        }
        drop(connection);
        let good = std::fs::read(&path).unwrap();
        for at in (0..good.len()).step_by(1500) {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            let found = open_database("journal.db", &path, &key(1), Durability::Full)
                .and_then(|connection| check_pages(&connection));
            assert!(
                found.is_err() || found.is_ok_and(|faults| !faults.is_empty()),
                "byte {at}"
            );
        }
    }
}
