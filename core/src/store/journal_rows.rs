//! How an entry becomes rows of journal.db: itself, the files it introduces, the key it names.
//!
//! Owns every INSERT of the journal. Invariant: a row is added or is there already; nothing is changed but a body that arrives late.

use rusqlite::{Connection, params};

use super::journal_db::Appended;
use super::journal_files::FileRow;
use super::{Class, StoreError, sql};
use crate::encoding::{Hash32, Map, Value};
use crate::journal::{Absence, BodyBytes, Checkpoint, Entry};
use crate::model::ids::{DeviceId, SealedName, SubjectId};
use crate::vocabulary::Kind;

/// The sealed files that an entry introduces, with the capture id of an original.
#[must_use]
pub fn introduced_by(entry: &Entry) -> Vec<(FileRow, Option<[u8; 16]>)> {
    let Some(body) = entry.body.as_ref().filter(|_| entry.is_understood()) else {
        return Vec::new();
    };
    let row = |sealed, class, size, sha256, recipients: Option<&Value>, subject| FileRow {
        sealed,
        class,
        size,
        sha256,
        recipients: recipients
            .and_then(Value::as_array)
            .map(|list| list.len() as u64),
        subject,
        entry: entry.id,
        device: entry.header.device,
        seq: entry.header.seq,
    };
    let fields = &body.fields;
    let kind = entry.header.kind;
    // Two kinds bring files; a noun that is added brings none.
    if kind == Kind::Photo {
        let sealed = fields.get(1).and_then(SealedName::from_value);
        let size = fields.get(2).and_then(Value::as_uint);
        let (Some(sealed), Some(size)) = (sealed, size) else {
            return Vec::new();
        };
        let sha256 = fields.get(3).and_then(Value::as_hash);
        let capture = fields.get(7).and_then(Value::as_bytes);
        let capture = capture.and_then(|bytes| bytes.try_into().ok());
        return vec![(
            row(
                sealed,
                Class::Original,
                size,
                sha256,
                fields.get(11),
                entry.header.subject,
            ),
            capture,
        )];
    }
    if kind == Kind::RenditionsMade {
        let Some(photo) = fields.get(1).and_then(SubjectId::from_value) else {
            return Vec::new();
        };
        let rendition = |key, class| {
            let map: &Map = fields.get(key)?.as_map()?;
            let sealed = SealedName::from_value(map.get(0)?)?;
            let sha256 = map.get(2).and_then(Value::as_hash);
            Some((
                row(
                    sealed,
                    class,
                    map.get(1)?.as_uint()?,
                    sha256,
                    map.get(7),
                    photo,
                ),
                None,
            ))
        };
        let both = [rendition(2, Class::Thumbnail), rendition(3, Class::Preview)];
        return both.into_iter().flatten().collect();
    }
    Vec::new()
}

pub(super) fn insert(connection: &Connection, entry: &Entry) -> Result<Appended, StoreError> {
    let header = &entry.header;
    let text = "INSERT INTO entries (device, seq, entry_id, kind, subject, lamport, header, body,
                    absence, erased_by)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                ON CONFLICT (entry_id) DO NOTHING";
    let twins: i64 = connection
        .prepare_cached("SELECT count(*) FROM entries WHERE device = ?1 AND seq = ?2")
        .and_then(|mut statement| {
            statement.query_row(params![header.device.as_bytes(), header.seq as i64], |r| {
                r.get(0)
            })
        })
        .map_err(sql("find twin"))?;
    let absence = entry.body_bytes.absence();
    let order = absence.and_then(Absence::order).map(|order| order.0.0);
    let inserted = connection
        .prepare_cached(text)
        .and_then(|mut statement| {
            statement.execute(params![
                header.device.as_bytes(),
                header.seq as i64,
                entry.id.as_bytes(),
                header.kind.number() as i64,
                header.subject.as_bytes(),
                header.order() as i64,
                entry.header_bytes,
                entry.body_bytes.here(),
                absence.map(|absence| absence.number() as i64),
                order,
            ])
        })
        .map_err(sql("insert entry"))?;
    let has_arrived = inserted == 0 && body_arrived(connection, entry)?;
    for (row, capture_id) in introduced_by(entry) {
        insert_file(connection, &row, capture_id)?;
    }
    if let (Kind::DeviceStarted, Some(spki)) =
        (header.kind, entry.field(1).and_then(Value::as_bytes))
    {
        insert_device(connection, header.device, spki)?;
    }
    Ok(match (inserted, twins) {
        (0, _) if has_arrived => Appended::Body,
        (0, _) => Appended::Known,
        (_, 0) => Appended::New,
        (_, _) => Appended::Fork,
    })
}

/// Moves entries behind all others: whoever follows the journal comes to them again, in their order, and finds them covered by their checkpoint.
pub(super) fn come_again(connection: &Connection, entries: &[Entry]) -> Result<(), StoreError> {
    let text = "UPDATE entries SET row = (SELECT max(row) + 1 FROM entries) WHERE entry_id = ?1";
    let mut statement = connection.prepare_cached(text).map_err(sql("come again"))?;
    for entry in entries {
        let moved = statement.execute([entry.id.as_bytes()]);
        moved.map_err(sql("come again"))?;
    }
    Ok(())
}

/// A body that was absent (`true`), or better word of why it is.
fn body_arrived(connection: &Connection, entry: &Entry) -> Result<bool, StoreError> {
    let id = entry.id.as_bytes();
    let changed = match &entry.body_bytes {
        BodyBytes::Here(bytes) => {
            let text = "UPDATE entries SET body = ?2, absence = NULL, erased_by = NULL
                        WHERE entry_id = ?1 AND body IS NULL";
            connection.execute(text, params![id, bytes])
        }
        // Only a lawful order weighs more than what was said before.
        BodyBytes::Absent(absence @ Absence::Erased { .. }) => {
            let text = "UPDATE entries SET absence = ?2, erased_by = coalesce(?3, erased_by)
                        WHERE entry_id = ?1 AND body IS NULL";
            let order = absence.order().map(|order| order.0.0);
            connection.execute(text, params![id, absence.number() as i64, order])
        }
        BodyBytes::Absent(Absence::Withheld | Absence::Lost | Absence::Newer(_)) => Ok(0),
    };
    let changed = changed.map_err(sql("body arrived"))?;
    Ok(changed > 0 && entry.body.is_some())
}

fn insert_file(
    connection: &Connection,
    row: &FileRow,
    capture_id: Option<[u8; 16]>,
) -> Result<(), StoreError> {
    // A capture id that stands for another picture goes on finding that one; this file must be known all the same.
    let text = "INSERT INTO files (sealed_sha256, entry_id, device, seq, subject, class,
                    size_bytes, sha256, recipients, capture_id)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?10,
                    CASE WHEN EXISTS (SELECT 1 FROM files WHERE capture_id = ?9)
                        THEN NULL ELSE ?9 END)
                ON CONFLICT (sealed_sha256, entry_id) DO NOTHING";
    connection
        .prepare_cached(text)
        .and_then(|mut statement| {
            statement.execute(params![
                row.sealed.as_bytes(),
                row.entry.as_bytes(),
                row.device.as_bytes(),
                row.seq as i64,
                row.subject.as_bytes(),
                row.class.number() as i64,
                row.size as i64,
                row.sha256.map(|hash| hash.0),
                capture_id,
                row.recipients.map(|count| count as i64),
            ])
        })
        .map_err(sql("insert file"))?;
    Ok(())
}

pub(super) fn insert_device(
    connection: &Connection,
    device: DeviceId,
    spki: &[u8],
) -> Result<(), StoreError> {
    if Hash32::of(spki) != device.0 {
        return Ok(());
    }
    let text = "INSERT INTO devices (device, spki) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection
        .execute(text, params![device.as_bytes(), spki])
        .map_err(sql("insert device"))?;
    Ok(())
}

pub(super) fn insert_checkpoint(
    connection: &Connection,
    checkpoint: &Checkpoint,
) -> Result<(), StoreError> {
    let text = "INSERT INTO checkpoints (device, seq, entry_id, cose) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT DO NOTHING";
    let Checkpoint {
        device,
        seq,
        entry_id,
        bytes,
    } = checkpoint;
    connection
        .execute(
            text,
            params![device.as_bytes(), *seq as i64, entry_id.as_bytes(), bytes],
        )
        .map_err(sql("insert checkpoint"))?;
    Ok(())
}
