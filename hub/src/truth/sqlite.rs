//! [`Truth`] in SQLite: one connection, WAL and `synchronous=FULL`. Without a key: it holds hashes,
//! sizes, public keys and receipts, nothing readable.

use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use imena_core::encoding::Hash32;
use imena_core::journal::Receipt;
use imena_core::model::ids::{DeviceId, HubId, SealedName};
use imena_core::store::{Class, ReceiptFiles};
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

use super::receipt_rows::ReceiptRows;
use super::{
    AuditLine, CheckReceipt, DeviceRow, Draft, EnrolmentRow, Head, Line, Mark, Opened, ReceiptPage,
    ReceiptsWanted, Replayed, SignNext, StoredFile, TokenRow, Truth,
};
use crate::error::{HubError, lock, sql};
use crate::limits::{MEMBER_TOKENS_MAX, UNCLAIMED_FILE_BYTES_MIN};

const MIGRATIONS: &[&str] = &[include_str!("0001_start.sql")];
/// Name, and value as it reads back: a setting that SQLite did not take protects nothing.
const SETTINGS: &[(&str, &str)] = &[
    ("journal_mode", "wal"),
    ("synchronous", "2"), // FULL
    ("fullfsync", "1"),
    ("checkpoint_fullfsync", "1"),
    ("trusted_schema", "0"),
    ("cell_size_check", "1"),
    ("busy_timeout", "5000"),
];
const FILE_COLUMNS: &str =
    "sealed_sha256, size_bytes, class, device, stored_ms, verified_ms, opened, folded_in, row";

/// hub.db.
#[derive(Debug)]
pub(crate) struct SqliteTruth {
    connection: Mutex<Connection>,
    receipts: ReceiptRows,
}

impl SqliteTruth {
    /// Opens or makes hub.db, the index of the receipts in `files` among others.
    pub fn open(path: &Path, hub: HubId, files: ReceiptFiles) -> Result<Self, HubError> {
        let mut connection = Connection::open(path).map_err(sql("open hub.db"))?;
        set_and_read_back(&connection)?;
        migrate(&mut connection)?;
        let truth = Self {
            connection: Mutex::new(connection),
            receipts: ReceiptRows { hub, files },
        };
        // This may be an older copy of the folder: every phone shows its last receipt, by a new
        // session, before anything is receipted to it.
        truth
            .connection()
            .execute("UPDATE tokens SET expires_ms = 0", [])
            .map_err(sql("end tokens"))?;
        Ok(truth)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        lock(&self.connection)
    }
}

impl Truth for SqliteTruth {
    fn fact(&self, name: &str) -> Result<Option<Vec<u8>>, HubError> {
        self.connection()
            .query_row("SELECT value FROM facts WHERE name = ?1", [name], |row| {
                row.get(0)
            })
            .optional()
            .map_err(sql("fact"))
    }

    fn set_fact(&self, name: &str, value: &[u8]) -> Result<(), HubError> {
        let text = "INSERT INTO facts (name, value) VALUES (?1, ?2)
                    ON CONFLICT DO UPDATE SET value = excluded.value";
        self.connection()
            .execute(text, params![name, value])
            .map_err(sql("set fact"))?;
        Ok(())
    }

    fn file(&self, sealed: SealedName) -> Result<Option<StoredFile>, HubError> {
        let text = format!("SELECT {FILE_COLUMNS} FROM files WHERE sealed_sha256 = ?1");
        self.connection()
            .prepare_cached(&text)
            .and_then(|mut statement| {
                let row = statement.query_row([sealed.as_bytes()], |row| {
                    file_row(row).map(|(_, file)| file)
                });
                row.optional()
            })
            .map_err(sql("file"))
    }

    fn files_after(&self, row: i64, limit: usize) -> Result<Vec<(i64, StoredFile)>, HubError> {
        let text = format!("SELECT {FILE_COLUMNS} FROM files WHERE row > ?1 ORDER BY row LIMIT ?2");
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&text).map_err(sql("files"))?;
        let rows = statement.query_map(params![row, limit as i64], file_row);
        rows.map_err(sql("files"))?
            .collect::<Result<_, _>>()
            .map_err(sql("files"))
    }

    fn files_to_verify(&self, before_ms: i64, limit: usize) -> Result<Vec<StoredFile>, HubError> {
        let text = format!(
            "SELECT {FILE_COLUMNS} FROM files WHERE verified_ms < ?1 ORDER BY verified_ms LIMIT ?2"
        );
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached(&text)
            .map_err(sql("files to verify"))?;
        let rows = statement.query_map(params![before_ms, limit as i64], |row| {
            file_row(row).map(|(_, file)| file)
        });
        rows.map_err(sql("files to verify"))?
            .collect::<Result<_, _>>()
            .map_err(sql("files to verify"))
    }

    fn mark(&self, sealed: SealedName, mark: Mark) -> Result<(), HubError> {
        let connection = self.connection();
        let changed = match mark {
            Mark::Verified(at_ms) => connection.execute(
                "UPDATE files SET verified_ms = ?2 WHERE sealed_sha256 = ?1",
                params![sealed.as_bytes(), at_ms],
            ),
            Mark::Opened(opened) => connection.execute(
                "UPDATE files SET opened = ?2 WHERE sealed_sha256 = ?1",
                params![sealed.as_bytes(), opened.number()],
            ),
            Mark::FoldedIn(generation) => connection.execute(
                "UPDATE files SET folded_in = ?2 WHERE sealed_sha256 = ?1",
                params![sealed.as_bytes(), generation],
            ),
        };
        changed.map(drop).map_err(sql("mark file"))
    }

    fn bytes_of(&self, device: DeviceId) -> Result<u64, HubError> {
        let text = "SELECT coalesce(sum(max(size_bytes, ?2)), 0) FROM files WHERE device = ?1";
        let values = params![device.as_bytes(), UNCLAIMED_FILE_BYTES_MIN as i64];
        let sum: i64 = self
            .connection()
            .query_row(text, values, |row| row.get(0))
            .map_err(sql("bytes of device"))?;
        Ok(sum as u64)
    }

    fn append_receipts(
        &self,
        drafts: &[Draft],
        sign: SignNext<'_>,
    ) -> Result<Vec<Receipt>, HubError> {
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sql("begin receipts"))?;
        let mut head = self.receipts.head(&transaction)?;
        let mut receipts = Vec::new();
        for draft in drafts {
            let receipt = sign(&head, &draft.lines)?;
            head = Head {
                hub_seq: receipt.word.hub_seq,
                receipt: receipt.id.0,
                ..head
            };
            receipts.push(receipt);
        }
        let places = self.receipts.append(&transaction, &receipts)?;
        for ((draft, receipt), place) in drafts.iter().zip(&receipts).zip(places) {
            for file in &draft.files {
                insert_file(&transaction, file)?;
            }
            for sealed in &draft.opened {
                let text = "UPDATE files SET opened = 1 WHERE sealed_sha256 = ?1";
                run(&transaction, text, [sealed.as_bytes()], "mark opened")?;
            }
            self.receipts.insert(&transaction, receipt, place)?;
        }
        transaction.commit().map_err(sql("commit receipts"))?;
        Ok(receipts)
    }

    fn receipts_for(&self, wanted: &ReceiptsWanted<'_>) -> Result<ReceiptPage, HubError> {
        self.receipts.wanted(&self.connection(), wanted)
    }

    fn latest_line(&self, sealed: SealedName) -> Result<Option<Line>, HubError> {
        self.receipts.latest_line(&self.connection(), sealed)
    }

    fn knows_receipt(&self, receipt: &Receipt) -> Result<bool, HubError> {
        self.receipts.knows(&self.connection(), receipt)
    }

    fn head(&self) -> Result<Head, HubError> {
        self.receipts.head(&self.connection())
    }

    fn start_epoch(&self, epoch: [u8; 16], shown: [u8; 16]) -> Result<(), HubError> {
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sql("begin epoch"))?;
        self.receipts
            .start_epoch(&transaction, epoch, Some(shown))?;
        transaction.commit().map_err(sql("commit epoch"))
    }

    fn replay(&self, fresh: [u8; 16], check: CheckReceipt<'_>) -> Result<Replayed, HubError> {
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sql("begin replay"))?;
        let replayed = self.receipts.replay(&transaction, fresh, check)?;
        transaction.commit().map_err(sql("commit replay"))?;
        Ok(replayed)
    }

    fn put_back(&self, file: &StoredFile) -> Result<(), HubError> {
        if self.file(file.sealed)?.is_some() {
            return Ok(());
        }
        insert_file(&self.connection(), file)
    }

    fn device(&self, device: DeviceId) -> Result<Option<DeviceRow>, HubError> {
        let text = "SELECT device, spki, seen_ms FROM devices WHERE device = ?1";
        self.connection()
            .query_row(text, [device.as_bytes()], |row| {
                Ok(DeviceRow {
                    device: DeviceId(id(row, 0)?),
                    spki: row.get(1)?,
                    seen_ms: row.get(2)?,
                })
            })
            .optional()
            .map_err(sql("device"))
    }

    fn put_device(&self, row: &DeviceRow) -> Result<(), HubError> {
        let text = "INSERT INTO devices (device, spki, seen_ms) VALUES (?1, ?2, ?3)
                    ON CONFLICT DO UPDATE SET seen_ms = excluded.seen_ms";
        self.connection()
            .execute(text, params![row.device.as_bytes(), row.spki, row.seen_ms])
            .map_err(sql("put device"))?;
        Ok(())
    }

    fn enrolments(&self) -> Result<Vec<EnrolmentRow>, HubError> {
        let text = "SELECT device, spki, name, commitment, hub_nonce, digits, since_ms
                    FROM enrolments ORDER BY since_ms, device";
        let connection = self.connection();
        let mut statement = connection.prepare_cached(text).map_err(sql("enrolments"))?;
        let rows = statement.query_map([], |row| {
            Ok(EnrolmentRow {
                device: DeviceId(id(row, 0)?),
                spki: row.get(1)?,
                name: row.get(2)?,
                commitment: id(row, 3)?,
                hub_nonce: row.get(4)?,
                digits: row.get(5)?,
                since_ms: row.get(6)?,
            })
        });
        let rows = rows.map_err(sql("enrolments"))?;
        rows.collect::<Result<_, _>>().map_err(sql("enrolments"))
    }

    fn put_enrolment(&self, row: &EnrolmentRow) -> Result<(), HubError> {
        let text = "INSERT OR REPLACE INTO enrolments (device, spki, name, commitment, hub_nonce,
                        digits, since_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let values = params![
            row.device.as_bytes(),
            row.spki,
            row.name,
            row.commitment.as_bytes(),
            row.hub_nonce,
            row.digits,
            row.since_ms,
        ];
        self.connection()
            .execute(text, values)
            .map_err(sql("put enrolment"))?;
        Ok(())
    }

    fn forget_enrolment(&self, device: DeviceId) -> Result<(), HubError> {
        let text = "DELETE FROM enrolments WHERE device = ?1";
        self.connection()
            .execute(text, [device.as_bytes()])
            .map_err(sql("forget enrolment"))?;
        Ok(())
    }

    fn put_token(&self, hash: Hash32, row: &TokenRow, known_since_ms: i64) -> Result<(), HubError> {
        let mut connection = self.connection();
        let transaction = connection.transaction().map_err(sql("put token"))?;
        let text = "INSERT INTO tokens (token_sha256, device, issued_ms, expires_ms)
                    VALUES (?1, ?2, ?3, ?4)";
        let (device, expires_ms) = (row.device.as_bytes(), row.expires_ms);
        let values = params![hash.as_bytes(), device, row.issued_ms, expires_ms];
        transaction
            .execute(text, values)
            .map_err(sql("put token"))?;
        let text = "DELETE FROM tokens WHERE issued_ms < ?1 OR token_sha256 IN (
                        SELECT token_sha256 FROM tokens WHERE device = ?2
                        ORDER BY issued_ms DESC, token_sha256 LIMIT -1 OFFSET ?3)";
        let values = params![known_since_ms, device, MEMBER_TOKENS_MAX as i64];
        transaction
            .execute(text, values)
            .map_err(sql("forget tokens"))?;
        transaction.commit().map_err(sql("put token"))
    }

    fn token(&self, hash: Hash32) -> Result<Option<TokenRow>, HubError> {
        let text = "SELECT device, issued_ms, expires_ms FROM tokens WHERE token_sha256 = ?1";
        self.connection()
            .query_row(text, [hash.as_bytes()], |row| {
                Ok(TokenRow {
                    device: DeviceId(id(row, 0)?),
                    issued_ms: row.get(1)?,
                    expires_ms: row.get(2)?,
                })
            })
            .optional()
            .map_err(sql("token"))
    }

    fn audit(&self, at_ms: i64, what: &str, about: Hash32) -> Result<(), HubError> {
        let text = "INSERT INTO audit (at_ms, what, about) VALUES (?1, ?2, ?3)";
        let values = params![at_ms, what, about.as_bytes()];
        self.connection()
            .execute(text, values)
            .map_err(sql("audit"))?;
        Ok(())
    }

    fn audit_lines(&self, limit: usize) -> Result<Vec<AuditLine>, HubError> {
        let text = "SELECT at_ms, what, about FROM audit ORDER BY row DESC LIMIT ?1";
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached(text)
            .map_err(sql("audit lines"))?;
        let rows = statement.query_map([limit as i64], |row| {
            let about = id(row, 2)?.to_hex();
            Ok(AuditLine {
                at_ms: row.get(0)?,
                what: row.get(1)?,
                about,
            })
        });
        rows.map_err(sql("audit lines"))?
            .collect::<Result<_, _>>()
            .map_err(sql("audit lines"))
    }
}

fn set_and_read_back(connection: &Connection) -> Result<(), HubError> {
    for (setting, value) in SETTINGS {
        connection
            .execute_batch(&format!("PRAGMA {setting} = {value};"))
            .map_err(sql("settings of hub.db"))?;
        check_setting(connection, setting, value)?;
    }
    Ok(())
}

fn check_setting(
    connection: &Connection,
    setting: &'static str,
    expected: &'static str,
) -> Result<(), HubError> {
    let found = connection
        .query_row(&format!("PRAGMA {setting}"), [], |row| {
            row.get::<_, rusqlite::types::Value>(0)
        })
        .map_err(sql("settings of hub.db"))?;
    let found = match found {
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        rusqlite::types::Value::Null
        | rusqlite::types::Value::Real(_)
        | rusqlite::types::Value::Blob(_) => String::new(),
    };
    if found == expected {
        return Ok(());
    }
    Err(HubError::Setting {
        setting,
        found,
        expected,
    })
}

fn migrate(connection: &mut Connection) -> Result<(), HubError> {
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(sql("schema version"))?;
    let supported = MIGRATIONS.len() as i64;
    if found > supported {
        return Err(HubError::NewerSchema { found, supported });
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

fn insert_file(connection: &Connection, file: &StoredFile) -> Result<(), HubError> {
    let text = "INSERT INTO files (sealed_sha256, size_bytes, class, device, stored_ms,
                    verified_ms, opened) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                ON CONFLICT DO UPDATE SET size_bytes = excluded.size_bytes,
                    class = coalesce(class, excluded.class),
                    device = iif(device = zeroblob(32), excluded.device, device),
                    verified_ms = excluded.verified_ms, opened = excluded.opened";
    let values = params![
        file.sealed.as_bytes(),
        file.size as i64,
        file.class.map(|class| class.number() as i64),
        file.device.as_bytes(),
        file.stored_ms,
        file.verified_ms,
        file.opened.number(),
    ];
    run(connection, text, values, "insert file")
}

pub(super) fn run(
    connection: &Connection,
    text: &str,
    values: impl rusqlite::Params,
    context: &'static str,
) -> Result<(), HubError> {
    connection
        .prepare_cached(text)
        .and_then(|mut statement| statement.execute(values))
        .map(drop)
        .map_err(sql(context))
}

fn file_row(row: &Row<'_>) -> rusqlite::Result<(i64, StoredFile)> {
    let class: Option<i64> = row.get(2)?;
    let file = StoredFile {
        sealed: SealedName(id(row, 0)?),
        size: row.get::<_, i64>(1)? as u64,
        class: class.and_then(|number| Class::from_number(number as u64)),
        device: DeviceId(id(row, 3)?),
        stored_ms: row.get(4)?,
        verified_ms: row.get(5)?,
        opened: Opened::from_number(row.get(6)?),
        folded_in: row.get(7)?,
    };
    Ok((row.get(8)?, file))
}

pub(super) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash32> {
    row.get::<_, [u8; 32]>(column).map(Hash32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use imena_core::environment::Environment;

    #[test]
    fn every_protecting_setting_is_in_force_and_a_weaker_one_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let files = ReceiptFiles::new(&Environment::system(0), dir.path(), dir.path());
        let hub = HubId(Hash32::ZERO);
        let truth = SqliteTruth::open(&dir.path().join("hub.db"), hub, files).unwrap();
        let connection = truth.connection();
        for (setting, value) in SETTINGS {
            check_setting(&connection, setting, value).unwrap();
        }
        connection
            .execute_batch("PRAGMA synchronous = normal")
            .unwrap();
        let refused = check_setting(&connection, "synchronous", "2").unwrap_err();
        assert!(refused.to_string().contains("synchronous"), "{refused}");
    }

    #[test]
    fn a_database_that_cannot_keep_a_log_is_refused() {
        // In memory there is no write-ahead log: SQLite answers "memory" and goes on.
        let connection = Connection::open_in_memory().unwrap();
        assert!(set_and_read_back(&connection).is_err());
    }

    /// String literals of a source file that are statements.
    fn statements(source: &str) -> Vec<String> {
        let source = source.split("mod tests {").next().unwrap_or_default();
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let code: Vec<&str> = source.lines().filter(is_code).collect();
        let code = code.join("\n").replace("{FILE_COLUMNS}", FILE_COLUMNS);
        let words = ["SELECT", "INSERT", "UPDATE", "DELETE"];
        let texts = code.split('"').skip(1).step_by(2).map(str::trim);
        texts
            .filter(|text| {
                words
                    .iter()
                    .any(|word| text.starts_with(&format!("{word} ")))
            })
            // What is put together from pieces is about a file of receipts that was cut.
            .filter(|text| !text.contains('{'))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn no_statement_of_hub_db_walks_a_table_that_grows() {
        let dir = tempfile::tempdir().unwrap();
        let files = ReceiptFiles::new(&Environment::system(0), dir.path(), dir.path());
        let hub = HubId(Hash32::ZERO);
        let truth = SqliteTruth::open(&dir.path().join("hub.db"), hub, files).unwrap();
        let connection = truth.connection();
        // Devices and tokens are bounded, by the roster and by limits.
        let bounded = [
            "SCAN devices",
            "SCAN tokens",
            "SCAN enrolments",
            "SCAN epochs",
            "SCAN (subquery", // with a limit
            "SCAN CONSTANT",
        ];
        let sources = [include_str!("sqlite.rs"), include_str!("receipt_rows.rs")];
        let all: Vec<String> = sources
            .iter()
            .flat_map(|source| statements(source))
            .collect();
        assert!(all.len() > 20, "the statements were not found");
        for text in all {
            let explain = format!("EXPLAIN QUERY PLAN {text}");
            let mut statement = connection.prepare(&explain).unwrap();
            let rows = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            let details: Vec<String> = rows.map(Result::unwrap).collect();
            for detail in details {
                let is_in_order = text.contains("LIMIT") && !text.contains("WHERE");
                let is_walk = detail.starts_with("SCAN")
                    && !is_in_order
                    && bounded.iter().all(|allowed| !detail.starts_with(allowed));
                assert!(!is_walk, "{text}\n  {detail}");
            }
        }
    }
}
