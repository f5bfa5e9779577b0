//! The index of the hub's own receipts: which stand where in `receipts/<own id>/<epoch>`, which
//! epochs there were, and who is to get what.
//!
//! Owns the tables `epochs`, `receipts` and `receipt_lines`. Signs nothing. Invariant: a receipt is
//! durable in its file before it has a row; the files are replayed before anything is signed; where
//! a file is shorter than its index, a new epoch begins.

use std::collections::{BTreeMap, BTreeSet};

use imena_core::encoding::Hash32;
use imena_core::journal::{EpochEnd, Receipt, ReceiptLine};
use imena_core::model::ids::{HubId, ReceiptId, SealedName};
use imena_core::store::{Place, ReceiptFile, ReceiptFiles};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::sqlite::{id, run};
use super::{CheckReceipt, Head, Line, ReceiptPage, ReceiptsWanted, Replayed, Seen};
use crate::error::{HubError, sql};

/// Receipts of one hub.
#[derive(Debug)]
pub(super) struct ReceiptRows {
    pub hub: HubId,
    pub files: ReceiptFiles,
}

impl ReceiptRows {
    /// The end of the present epoch; nothing but zeros before the first replay.
    pub fn head(&self, connection: &Connection) -> Result<Head, HubError> {
        let text = "SELECT epoch, before_epoch, before_seq, before_receipt FROM epochs
                    ORDER BY rank DESC LIMIT 1";
        let found = connection
            .query_row(text, [], |row| Ok((row.get(0)?, before(row)?)))
            .optional()
            .map_err(sql("present epoch"))?;
        let (epoch, before) = found.unwrap_or_default();
        let text = "SELECT hub_seq, receipt FROM receipts WHERE epoch = ?1
                    ORDER BY hub_seq DESC LIMIT 1";
        let last = connection
            .query_row(text, [epoch], |row| {
                Ok((row.get::<_, i64>(0)?.unsigned_abs(), id(row, 1)?))
            })
            .optional()
            .map_err(sql("last receipt"))?;
        let (hub_seq, receipt) = last.unwrap_or((0, Hash32::ZERO));
        Ok(Head {
            epoch,
            hub_seq,
            receipt,
            before,
        })
    }

    /// Begins an epoch that names the end of the present one; `shown` is the epoch of the receipt
    /// that said so. An epoch that is not known here ends but one epoch, however many show it.
    pub fn start_epoch(
        &self,
        connection: &Connection,
        epoch: [u8; 16],
        shown: Option<[u8; 16]>,
    ) -> Result<(), HubError> {
        if let Some(shown) = shown {
            let text = "INSERT INTO lost_epochs (epoch) SELECT ?1
                        WHERE NOT EXISTS (SELECT 1 FROM epochs WHERE epoch = ?1)
                        ON CONFLICT DO NOTHING";
            connection
                .execute(text, [shown])
                .map_err(sql("lost epoch"))?;
        }
        let head = self.head(connection)?;
        let end = (head.hub_seq > 0).then_some(EpochEnd {
            epoch: head.epoch,
            hub_seq: head.hub_seq,
            id: ReceiptId(head.receipt),
        });
        // An epoch without a receipt is known to nobody: the new one stands in its place.
        insert_epoch(connection, epoch, end.or(head.before))
    }

    /// Makes receipts of the present epoch durable in their file, with one fsync.
    pub fn append(
        &self,
        connection: &Connection,
        receipts: &[Receipt],
    ) -> Result<Vec<Place>, HubError> {
        let Some(epoch) = receipts.first().map(|first| first.word.epoch) else {
            return Ok(Vec::new());
        };
        let file = self.file(epoch);
        let (upto, len) = (upto(connection, epoch)?, self.files.len(file)?);
        if len > upto {
            // Of a transaction that failed: it was never answered.
            self.files.cut(file, upto)?;
        } else if len < upto {
            let what = "a file of receipts was cut while the hub was running; start it again";
            return Err(std::io::Error::other(what).into());
        }
        let bytes: Vec<&[u8]> = receipts.iter().map(|one| one.bytes.as_slice()).collect();
        Ok(self.files.append(file, &bytes)?)
    }

    /// Indexes a receipt that stands in its file.
    pub fn insert(
        &self,
        connection: &Connection,
        receipt: &Receipt,
        place: Place,
    ) -> Result<(), HubError> {
        let word = &receipt.word;
        let is_void = |line: &ReceiptLine| matches!(line, ReceiptLine::Void { .. });
        let is_first = word.hub_seq == 1 && word.before.is_some();
        let is_for_all = is_first || word.lines.iter().any(is_void);
        let text = "INSERT INTO receipts (epoch, hub_seq, receipt, first_byte, len_bytes,
                        is_for_all) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![
            word.epoch,
            clamped(word.hub_seq),
            receipt.id.as_bytes(),
            clamped(place.at),
            clamped(place.len),
            is_for_all
        ];
        connection
            .execute(text, values)
            .map_err(sql("insert receipt"))?;
        let row = connection.last_insert_rowid();
        for line in &word.lines {
            let (about, reader) = match line {
                ReceiptLine::File { sealed, .. } => (sealed.0, FIRST_SENDER_READS),
                ReceiptLine::Void { sealed, .. } => (sealed.0, FIRST_SENDER_READS),
                ReceiptLine::Entries { device, .. } => (device.0, OWNER_READS),
            };
            let text = "INSERT INTO receipt_lines (about, row, is_void) VALUES (?1, ?2, ?3)
                        ON CONFLICT DO NOTHING";
            let values = params![about.as_bytes(), row, is_void(line)];
            run(connection, text, values, "insert receipt line")?;
            let values = params![about.as_bytes(), row];
            run(connection, reader, values, "insert receipt reader")?;
        }
        let end = place.at.saturating_add(place.len);
        set_upto(connection, word.epoch, end)
    }

    /// The last line about a file.
    pub fn latest_line(
        &self,
        connection: &Connection,
        sealed: SealedName,
    ) -> Result<Option<Line>, HubError> {
        let text = "SELECT row, is_void FROM receipt_lines WHERE about = ?1
                    ORDER BY row DESC LIMIT 1";
        let found: Option<(i64, bool)> = connection
            .query_row(text, [sealed.as_bytes()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
            .map_err(sql("latest line"))?;
        match found {
            None => Ok(None),
            Some((_, true)) => Ok(Some(Line::Void)),
            Some((row, false)) => {
                let text = "SELECT hub_seq FROM receipts WHERE row = ?1";
                let hub_seq: i64 = connection
                    .query_row(text, [row], |row| row.get(0))
                    .map_err(sql("latest line"))?;
                Ok(Some(Line::Held {
                    hub_seq: hub_seq.unsigned_abs(),
                    receipt: self.bytes(connection, row)?,
                }))
            }
        }
    }

    /// Whether a receipt stands here, or is of an epoch that ended here.
    pub fn knows(&self, connection: &Connection, receipt: &Receipt) -> Result<bool, HubError> {
        let present = self.head(connection)?.epoch;
        let text = "SELECT EXISTS (SELECT 1 FROM epochs WHERE epoch = ?1 AND epoch <> ?3)
                        OR EXISTS (SELECT 1 FROM lost_epochs WHERE epoch = ?1)
                        OR EXISTS (SELECT 1 FROM receipts
                            WHERE epoch = ?1 AND hub_seq = ?4 AND receipt = ?2)";
        let (epoch, number) = (receipt.word.epoch, clamped(receipt.word.hub_seq));
        let values = params![epoch, receipt.id.as_bytes(), present, number];
        connection
            .query_row(text, values, |row| row.get(0))
            .map_err(sql("knows receipt"))
    }

    /// Receipts for a device, oldest first, and whether there are more. A line that was taken back
    /// never travels without the line that takes it back.
    pub fn wanted(
        &self,
        connection: &Connection,
        wanted: &ReceiptsWanted<'_>,
    ) -> Result<ReceiptPage, HubError> {
        let (rows, newest) = wanted_rows(connection, wanted)?;
        let (mut early, mut page, mut bytes) = (BTreeMap::new(), Vec::new(), 0_usize);
        for row in &rows {
            let receipt = self.bytes(connection, *row)?;
            let mut size = receipt.len();
            let mut voids = BTreeMap::new();
            for void in voids_after(connection, *row)? {
                if !early.contains_key(&void) {
                    let receipt = self.bytes(connection, void)?;
                    size = size.saturating_add(receipt.len());
                    voids.insert(void, receipt);
                }
            }
            bytes = bytes.saturating_add(size);
            let all = [early.len(), voids.len(), page.len(), 1];
            let count = all.into_iter().sum::<usize>();
            let is_over = count > wanted.count_max || bytes > wanted.bytes_max;
            if is_over && !page.is_empty() {
                break;
            }
            early.extend(voids);
            page.push(receipt);
        }
        let has_more = page.len() < rows.len();
        let given: BTreeSet<i64> = rows.iter().take(page.len()).copied().collect();
        let is_given = |row: &i64| given.contains(row) || early.contains_key(row);
        let left_out = newest.into_iter().filter(|(_, row)| !is_given(row));
        let left_out = left_out.map(|(sealed, _)| sealed).collect();
        // The last of a reply says how far the device has come: what belongs later stands first.
        let mut all: Vec<Vec<u8>> = early.into_values().collect();
        all.extend(page);
        Ok(ReceiptPage {
            receipts: all,
            has_more,
            left_out,
        })
    }

    /// Brings the index up to the files.
    pub fn replay(
        &self,
        connection: &Connection,
        fresh: [u8; 16],
        check: CheckReceipt<'_>,
    ) -> Result<Replayed, HubError> {
        let mut replayed = Replayed::default();
        let (mut new, mut known) = (Vec::new(), BTreeMap::new());
        for file in self.files.list()? {
            if file.hub != self.hub {
                continue;
            }
            let from = upto(connection, file.epoch)?;
            let mut receipts = Vec::new();
            for (place, bytes) in self.files.read_from(file, from)? {
                match check(&bytes).filter(|receipt| receipt.word.epoch == file.epoch) {
                    Some(receipt) => receipts.push((place, receipt)),
                    None => replayed.foreign = replayed.foreign.saturating_add(1),
                }
            }
            if is_known(connection, file.epoch)? {
                known.insert(file.epoch, receipts);
            } else if !receipts.is_empty() {
                new.push((file.epoch, receipts));
            }
        }
        let is_behind = self.forget_what_is_gone(connection)?;
        for (_, receipts) in known {
            self.insert_all(connection, receipts, &mut replayed)?;
        }
        for (epoch, receipts) in in_order(connection, new)? {
            let before = receipts.first().and_then(|(_, first)| first.word.before);
            insert_epoch(connection, epoch, before)?;
            self.insert_all(connection, receipts, &mut replayed)?;
        }
        let is_empty = self.head(connection)?.epoch == [0; 16];
        if is_empty || is_behind {
            self.start_epoch(connection, fresh, None)?;
        }
        replayed.is_behind = is_behind;
        Ok(replayed)
    }

    fn insert_all(
        &self,
        connection: &Connection,
        receipts: Vec<(Place, Receipt)>,
        replayed: &mut Replayed,
    ) -> Result<(), HubError> {
        for (place, receipt) in receipts {
            self.insert(connection, &receipt, place)?;
            replayed.found.push(receipt);
        }
        Ok(())
    }

    /// Rows of receipts that their files have lost; the files that they spoke of are looked at
    /// again. Gives whether there were any.
    fn forget_what_is_gone(&self, connection: &Connection) -> Result<bool, HubError> {
        let mut is_behind = false;
        for epoch in epochs(connection)? {
            let len = self.files.len(self.file(epoch))?;
            if len >= upto(connection, epoch)? {
                continue;
            }
            is_behind = true;
            let gone = "SELECT row FROM receipts WHERE epoch = ?1 AND first_byte + len_bytes > ?2";
            for text in [
                format!(
                    "UPDATE files SET opened = 0, verified_ms = 0 WHERE sealed_sha256 IN
                         (SELECT about FROM receipt_lines WHERE row IN ({gone}))"
                ),
                format!("DELETE FROM receipt_lines WHERE row IN ({gone})"),
                format!("DELETE FROM receipt_readers WHERE row IN ({gone})"),
                format!("DELETE FROM receipts WHERE row IN ({gone})"),
            ] {
                connection
                    .execute(&text, params![epoch, clamped(len)])
                    .map_err(sql("forget receipts"))?;
            }
            set_upto(connection, epoch, len)?;
        }
        Ok(is_behind)
    }

    fn bytes(&self, connection: &Connection, row: i64) -> Result<Vec<u8>, HubError> {
        let text = "SELECT epoch, first_byte, len_bytes FROM receipts WHERE row = ?1";
        let (epoch, place) = connection
            .query_row(text, [row], |row| {
                let at = row.get::<_, i64>(1)?.unsigned_abs();
                let len = row.get::<_, i64>(2)?.unsigned_abs();
                Ok((row.get(0)?, Place { at, len }))
            })
            .map_err(sql("place of receipt"))?;
        Ok(self.files.read(self.file(epoch), place)?)
    }

    fn file(&self, epoch: [u8; 16]) -> ReceiptFile {
        ReceiptFile {
            hub: self.hub,
            epoch,
        }
    }
}

const FIRST_SENDER_READS: &str = "INSERT INTO receipt_readers (device, row)
    SELECT device, ?2 FROM files WHERE sealed_sha256 = ?1 ON CONFLICT DO NOTHING";
const OWNER_READS: &str =
    "INSERT INTO receipt_readers (device, row) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

/// Rows of the receipts that a device is to get. Of a file that is offered although its receipt
/// is older than the device's last (another device brought it), the newest is given again: an offer
/// says that the receipt is missing.
fn wanted_rows(
    connection: &Connection,
    wanted: &ReceiptsWanted<'_>,
) -> Result<(BTreeSet<i64>, BTreeMap<SealedName, i64>), HubError> {
    let after = row_of(connection, wanted.after)?;
    // One more than is given, so that there is known to be more.
    let limit = i64::try_from(wanted.count_max)
        .unwrap_or(i64::MAX)
        .saturating_add(1);
    let text = "SELECT row FROM (SELECT row FROM receipt_readers WHERE device = ?2 AND row > ?1
                        ORDER BY row LIMIT ?3)
                UNION SELECT row FROM receipts WHERE is_for_all AND row > ?1";
    let mut statement = connection.prepare_cached(text).map_err(sql("receipts"))?;
    let values = params![after, wanted.device.as_bytes(), limit];
    let rows = statement
        .query_map(values, |row| row.get(0))
        .map_err(sql("receipts"))?;
    let mut all: BTreeSet<i64> = rows.collect::<Result<_, _>>().map_err(sql("receipts"))?;
    let text = "SELECT row FROM receipt_lines WHERE about = ?1 ORDER BY row DESC";
    let mut statement = connection
        .prepare_cached(text)
        .map_err(sql("receipts of offer"))?;
    let mut newest = BTreeMap::new();
    for sealed in wanted.offered {
        let rows = statement
            .query_map([sealed.as_bytes()], |row| row.get::<_, i64>(0))
            .map_err(sql("receipts of offer"))?;
        for (nth, row) in rows.enumerate() {
            let row = row.map_err(sql("receipts of offer"))?;
            if row <= after && nth > 0 {
                break;
            }
            all.insert(row);
            newest.entry(*sealed).or_insert(row);
        }
    }
    Ok((all, newest))
}

/// The row up to which a device has seen everything; 0 if its word is of an epoch that is not known.
fn row_of(connection: &Connection, seen: Option<Seen>) -> Result<i64, HubError> {
    let Some(seen) = seen else { return Ok(0) };
    let text = "SELECT row FROM receipts WHERE epoch = ?1 AND hub_seq <= ?2
                ORDER BY hub_seq DESC LIMIT 1";
    let row: Option<i64> = connection
        .query_row(text, params![seen.epoch, clamped(seen.hub_seq)], |row| {
            row.get(0)
        })
        .optional()
        .map_err(sql("last seen"))?;
    Ok(row.unwrap_or_default())
}

/// Later lines that take back what a receipt says.
fn voids_after(connection: &Connection, row: i64) -> Result<Vec<i64>, HubError> {
    let text = "SELECT max(v.row) FROM receipt_lines h JOIN receipt_lines v ON v.about = h.about
                WHERE h.row = ?1 AND NOT h.is_void AND v.is_void AND v.row > h.row
                GROUP BY h.about";
    let mut statement = connection.prepare_cached(text).map_err(sql("voids"))?;
    let rows = statement.query_map([row], |row| row.get(0));
    rows.map_err(sql("voids"))?
        .collect::<Result<_, _>>()
        .map_err(sql("voids"))
}

/// Epochs that only files know, each behind the one that it names.
fn in_order(connection: &Connection, mut new: Vec<NewEpoch>) -> Result<Vec<NewEpoch>, HubError> {
    let mut placed: BTreeSet<[u8; 16]> = epochs(connection)?.into_iter().collect();
    let mut ordered = Vec::new();
    new.sort_by_key(|(_, receipts)| receipts.first().map(|(_, one)| one.word.hub_time_ms));
    while !new.is_empty() {
        let follows = |(_, receipts): &NewEpoch| {
            let first = receipts.first().map(|(_, first)| first.word.before);
            match first.flatten() {
                Some(before) => placed.contains(&before.epoch),
                None => true,
            }
        };
        // One that names an epoch that is nowhere goes by its time.
        let next = new.iter().position(follows).unwrap_or_default();
        let next = new.remove(next);
        placed.insert(next.0);
        ordered.push(next);
    }
    Ok(ordered)
}

type NewEpoch = ([u8; 16], Vec<(Place, Receipt)>);

fn epochs(connection: &Connection) -> Result<Vec<[u8; 16]>, HubError> {
    let text = "SELECT epoch FROM epochs ORDER BY rank";
    let mut statement = connection.prepare_cached(text).map_err(sql("epochs"))?;
    let rows = statement.query_map([], |row| row.get(0));
    rows.map_err(sql("epochs"))?
        .collect::<Result<_, _>>()
        .map_err(sql("epochs"))
}

fn is_known(connection: &Connection, epoch: [u8; 16]) -> Result<bool, HubError> {
    let text = "SELECT EXISTS (SELECT 1 FROM epochs WHERE epoch = ?1)";
    connection
        .query_row(text, [epoch], |row| row.get(0))
        .map_err(sql("known epoch"))
}

fn insert_epoch(
    connection: &Connection,
    epoch: [u8; 16],
    before: Option<EpochEnd>,
) -> Result<(), HubError> {
    let text = "INSERT INTO epochs (epoch, before_epoch, before_seq, before_receipt)
                VALUES (?1, ?2, ?3, ?4)";
    let values = params![
        epoch,
        before.map(|end| end.epoch),
        before.map(|end| clamped(end.hub_seq)),
        before.map(|end| end.id.0.0)
    ];
    connection
        .execute(text, values)
        .map(drop)
        .map_err(sql("insert epoch"))
}

fn upto(connection: &Connection, epoch: [u8; 16]) -> Result<u64, HubError> {
    let text = "SELECT upto_byte FROM epochs WHERE epoch = ?1";
    let upto: Option<i64> = connection
        .query_row(text, [epoch], |row| row.get(0))
        .optional()
        .map_err(sql("indexed up to"))?;
    Ok(upto.unwrap_or_default().unsigned_abs())
}

fn set_upto(connection: &Connection, epoch: [u8; 16], upto: u64) -> Result<(), HubError> {
    let text = "UPDATE epochs SET upto_byte = ?2 WHERE epoch = ?1";
    connection
        .execute(text, params![epoch, clamped(upto)])
        .map(drop)
        .map_err(sql("set indexed up to"))
}

fn before(row: &Row<'_>) -> rusqlite::Result<Option<EpochEnd>> {
    let (epoch, hub_seq): (Option<[u8; 16]>, Option<i64>) = (row.get(1)?, row.get(2)?);
    let id: Option<[u8; 32]> = row.get(3)?;
    Ok(epoch
        .zip(hub_seq)
        .zip(id)
        .map(|((epoch, hub_seq), id)| EpochEnd {
            epoch,
            hub_seq: hub_seq.unsigned_abs(),
            id: ReceiptId(Hash32(id)),
        }))
}

/// A number as SQLite keeps it; what is over the highest is the highest.
fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
