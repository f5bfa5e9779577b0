//! What receipts say together: which of them count in the hub's present epoch, and whether a file is held after its last line.
//!
//! Owns the tables about receipts in transfer.db; the receipts themselves stand in files (`store/receipt_files`), durable before their rows. Checks no
//! signature. Invariant: `holdings` is a function of the set of receipts, of the epoch that the hub said, and of which receipts it gave in that epoch;
//! never of the order in which they came. No number of a hub moves anything of this device but its own holdings.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension as _, params};

use super::holding::Holding;
use super::transfer_db::TransferDb;
use crate::encoding::Hash32;
use crate::journal::{Receipt, ReceiptLine};
use crate::model::ids::{DeviceId, EntryId, HubId, ReceiptId, SealedName};
use crate::store::{Place, ReceiptFile, StoreError, sql};

/// Rank, epoch, and up to which number it counts.
type ValidEpoch = (i64, [u8; 16], [u8; 8]);

/// Epochs followed back: a hub is restored a few times in its life; a longer row of links is a fault.
const EPOCHS_MAX: i64 = 1_000;
/// Receipt lines about a chain that are compared with it: the first that fits ends the search.
const ENDS_MAX: i64 = 1_000;

/// What became of checking the signature of a receipt that was found in a file.
pub enum Found {
    /// The roster at hand does not name its hub: it is looked at again with the next roster.
    NoKey,
    /// Not a receipt of this organisation: it is passed over.
    Foreign,
    /// It is.
    Checked(Box<Receipt>),
}

/// How far a hub's receipts came in syncs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upto {
    /// The epoch of the last one.
    pub epoch: [u8; 16],
    /// Its number.
    pub hub_seq: u64,
}

impl Upto {
    fn to_bytes(self) -> Vec<u8> {
        [&self.epoch[..], &self.hub_seq.to_be_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (epoch, number) = bytes.split_first_chunk::<16>()?;
        Some(Self {
            epoch: *epoch,
            hub_seq: u64::from_be_bytes(number.try_into().ok()?),
        })
    }
}

impl TransferDb {
    /// Keeps receipts whose signatures were checked and that the hub gave while in the epoch `given_in`: first in their files, with one sync for each
    /// file, then as rows. Gives those that were new.
    ///
    /// # Errors
    /// The disk's or the database's; what stands in a file then is found at the next start.
    pub fn add_receipts(
        &self,
        receipts: &[Receipt],
        given_in: Option<[u8; 16]>,
    ) -> Result<Vec<ReceiptId>, StoreError> {
        if receipts.is_empty() {
            return Ok(Vec::new());
        }
        self.together(|| {
            let mut new: BTreeMap<ReceiptFile, Vec<&Receipt>> = BTreeMap::new();
            let mut ids = BTreeSet::new();
            for receipt in receipts {
                if !self.has_receipt(receipt.id)? && ids.insert(receipt.id) {
                    let (hub, epoch) = (receipt.word.hub, receipt.word.epoch);
                    let file = ReceiptFile { hub, epoch };
                    new.entry(file).or_default().push(receipt);
                }
            }
            for (file, receipts) in &new {
                let places = self.append(*file, receipts)?;
                for (receipt, place) in receipts.iter().zip(places) {
                    self.insert_receipt(receipt, place)?;
                }
            }
            let text = "UPDATE receipts SET given_in = ?2
                        WHERE receipt_id = ?1 AND given_in IS NOT ?2";
            for receipt in receipts {
                let values = params![receipt.id.as_bytes(), given_in];
                self.run(text, values, "receipt given")?;
            }
            let words = receipts.iter().map(|receipt| &receipt.word);
            for hub in words.map(|word| word.hub).collect::<BTreeSet<_>>() {
                self.work_out_epochs(hub)?;
            }
            self.work_out_files(receipts)?;
            Ok(ids.into_iter().collect())
        })
    }

    /// Indexes what stands in the files and not in the tables: all of it after the database was made anew, nothing on an ordinary day.
    ///
    /// # Errors
    /// The disk's or the database's.
    pub fn index_receipts(&self, check: &mut dyn FnMut(&[u8]) -> Found) -> Result<(), StoreError> {
        let mut guessed = BTreeSet::new();
        for file in self.files.list()? {
            let mut upto = self.indexed_upto(file)?;
            let len = self.files.len(file)?;
            if len == upto {
                continue;
            }
            if self.hub(file.hub)?.epoch.is_none() {
                guessed.insert(file.hub);
            }
            self.together(|| {
                if len < upto {
                    self.forget_file(file)?;
                    upto = 0;
                }
                self.index_file(file, upto, check)
            })?;
        }
        // Once all files of a hub are in: which of its epochs is the last one, no single file can say.
        for hub in guessed {
            self.together(|| {
                self.guess_epoch(hub)?;
                self.work_out_epochs(hub)
            })?;
        }
        Ok(())
    }

    /// Indexes what stands in a file from byte `upto` on, as far as it can be checked.
    fn index_file(
        &self,
        file: ReceiptFile,
        mut upto: u64,
        check: &mut dyn FnMut(&[u8]) -> Found,
    ) -> Result<(), StoreError> {
        let mut receipts = Vec::new();
        for (place, bytes) in self.files.read_from(file, upto)? {
            match check(&bytes) {
                Found::NoKey => break,
                Found::Foreign => {}
                Found::Checked(receipt) => {
                    self.insert_receipt(&receipt, place)?;
                    receipts.push(*receipt);
                }
            }
            upto = place.at.saturating_add(place.len);
        }
        self.set_indexed_upto(file, upto)?;
        self.settle_hub(file.hub)?;
        self.work_out_epochs(file.hub)?;
        self.work_out_files(&receipts)
    }

    /// Hubs that hold a file, as far as their receipts say.
    ///
    /// # Errors
    /// The database's.
    pub fn holdings(&self, sealed: SealedName) -> Result<Vec<Holding>, StoreError> {
        let text = "SELECT receipt_id, hub, sha256, first_ms, last_ms FROM holdings
                    WHERE sealed_sha256 = ?1 ORDER BY hub";
        self.list(text, [sealed.as_bytes()], "holdings", |row| {
            Ok(Holding {
                receipt: ReceiptId(Hash32(row.get(0)?)),
                hub: HubId(Hash32(row.get(1)?)),
                sha256: row.get::<_, Option<[u8; 32]>>(2)?.map(Hash32),
                first_ms: row.get(3)?,
                last_ms: row.get(4)?,
            })
        })
    }

    /// Ends of a chain from `seq` on that hubs opened and receipted, lowest first. A hub's word: whether such an entry stands there is for the journal
    /// to say.
    ///
    /// # Errors
    /// The database's.
    pub fn receipted_ends(
        &self,
        device: DeviceId,
        seq: u64,
    ) -> Result<Vec<(u64, EntryId)>, StoreError> {
        let text = "SELECT upto_seq, entry_id FROM receipt_entries
                        CROSS JOIN receipts USING (receipt_id)
                        CROSS JOIN valid_epochs USING (hub, epoch)
                    WHERE device = ?1 AND upto_seq >= ?2 AND hub_seq <= upto
                        AND (SELECT hubs.epoch FROM hubs WHERE hub = receipts.hub)
                            IN (receipts.epoch, given_in)
                    ORDER BY upto_seq, entry_id LIMIT ?3";
        let values = params![device.as_bytes(), clamped(seq), ENDS_MAX];
        self.list(text, values, "ends", |row| {
            let seq = row.get::<_, i64>(0)?;
            Ok((seq.unsigned_abs(), EntryId(Hash32(row.get(1)?))))
        })
    }

    /// Highest seq of a chain that a hub says it opened; 0 if none.
    ///
    /// # Errors
    /// The database's.
    pub fn receipted_seq(&self, device: DeviceId) -> Result<u64, StoreError> {
        // From the highest down: on an ordinary day the first one counts.
        let text = "SELECT upto_seq FROM receipt_entries CROSS JOIN receipts USING (receipt_id)
                        CROSS JOIN valid_epochs USING (hub, epoch)
                    WHERE device = ?1 AND hub_seq <= upto
                        AND (SELECT hubs.epoch FROM hubs WHERE hub = receipts.hub)
                            IN (receipts.epoch, given_in)
                    ORDER BY upto_seq DESC LIMIT 1";
        let seq: Option<i64> = self
            .connection
            .query_row(text, [device.as_bytes()], |row| row.get(0))
            .optional()
            .map_err(sql("receipted"))?;
        Ok(seq.unwrap_or_default().unsigned_abs())
    }

    /// Every kept receipt, as signed, straight from the files, which are left as they are: a torn tail is cut by whoever indexes them.
    ///
    /// # Errors
    /// The disk's.
    pub fn receipts(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut all = Vec::new();
        for file in self.files.list()? {
            all.extend(self.files.look(file)?.0);
        }
        Ok(all)
    }

    /// The newest receipt of a hub in an epoch, as signed.
    ///
    /// # Errors
    /// The disk's or the database's.
    pub fn last_receipt_bytes(
        &self,
        hub: HubId,
        epoch: [u8; 16],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let text = "SELECT first_byte, len_bytes FROM receipts WHERE hub = ?1 AND epoch = ?2
                    ORDER BY hub_seq DESC LIMIT 1";
        let place = self
            .connection
            .query_row(text, params![hub.as_bytes(), epoch], |row| {
                let at = row.get::<_, i64>(0)?.unsigned_abs();
                let len = row.get::<_, i64>(1)?.unsigned_abs();
                Ok(Place { at, len })
            })
            .optional()
            .map_err(sql("last receipt"))?;
        let file = ReceiptFile { hub, epoch };
        let bytes = place.map(|place| self.files.read(file, place));
        Ok(bytes.transpose()?)
    }

    /// The newest receipt of a hub in an epoch: (hub_seq, id).
    ///
    /// # Errors
    /// The database's.
    pub fn last_receipt(
        &self,
        hub: HubId,
        epoch: [u8; 16],
    ) -> Result<Option<(u64, ReceiptId)>, StoreError> {
        let text = "SELECT hub_seq, receipt_id FROM receipts WHERE hub = ?1 AND epoch = ?2
                    ORDER BY hub_seq DESC LIMIT 1";
        self.connection
            .query_row(text, params![hub.as_bytes(), epoch], |row| {
                let hub_seq = u64::from_be_bytes(row.get(0)?);
                Ok((hub_seq, ReceiptId(Hash32(row.get(1)?))))
            })
            .optional()
            .map_err(sql("last receipt"))
    }

    /// Up to where the receipts came in syncs while the hub was in the epoch `present`, in order and without a gap.
    ///
    /// # Errors
    /// The database's.
    pub fn receipts_upto(&self, hub: HubId, present: [u8; 16]) -> Result<Option<Upto>, StoreError> {
        let noted = self.fact(&format!("receipts:{hub}"))?;
        let rest = noted
            .as_deref()
            .and_then(|bytes| bytes.strip_prefix(present.as_slice()));
        Ok(rest.and_then(Upto::from_bytes))
    }

    /// Notes it; never back within an epoch, and from the present epoch never back to an earlier one.
    ///
    /// # Errors
    /// The database's.
    pub fn set_receipts_upto(
        &self,
        hub: HubId,
        present: [u8; 16],
        upto: Upto,
    ) -> Result<(), StoreError> {
        let is_behind = self.receipts_upto(hub, present)?.is_some_and(|noted| {
            let is_same = noted.epoch == upto.epoch;
            (is_same && noted.hub_seq >= upto.hub_seq) || (!is_same && noted.epoch == present)
        });
        if is_behind {
            return Ok(());
        }
        let value = [present.as_slice(), &upto.to_bytes()].concat();
        self.set_fact(&format!("receipts:{hub}"), &value)
    }

    /// What the roster says of a hub that is lost or was revoked: its receipts count up to this one; `None` for a hub in good standing.
    ///
    /// # Errors
    /// The database's.
    pub fn set_last_good(&self, hub: HubId, last_good: Option<Upto>) -> Result<(), StoreError> {
        let known = self.last_good(hub)?;
        if known == last_good {
            return Ok(());
        }
        let value = last_good.map(Upto::to_bytes).unwrap_or_default();
        self.together(|| {
            self.set_fact(&last_good_fact(hub), &value)?;
            self.work_out_epochs(hub)
        })
    }

    fn last_good(&self, hub: HubId) -> Result<Option<Upto>, StoreError> {
        let value = self.fact(&last_good_fact(hub))?;
        Ok(value.as_deref().and_then(Upto::from_bytes))
    }

    fn has_receipt(&self, id: ReceiptId) -> Result<bool, StoreError> {
        let text = "SELECT count(*) FROM receipts WHERE receipt_id = ?1";
        let count: i64 = self
            .connection
            .query_row(text, [id.as_bytes()], |row| row.get(0))
            .map_err(sql("has receipt"))?;
        Ok(count > 0)
    }

    fn append(&self, file: ReceiptFile, receipts: &[&Receipt]) -> Result<Vec<Place>, StoreError> {
        let mut upto = self.indexed_upto(file)?;
        let len = self.files.len(file)?;
        if len < upto {
            self.forget_file(file)?;
            upto = 0;
        }
        if len > upto {
            // What is whole there is indexed at the next start; a torn tail must not end up in the middle.
            self.files.read_from(file, upto)?;
        }
        let bytes: Vec<&[u8]> = receipts.iter().map(|r| r.bytes.as_slice()).collect();
        let places = self.files.append(file, &bytes)?;
        if places.first().is_some_and(|first| first.at == upto) {
            let end = places.last().map(|last| last.at.saturating_add(last.len));
            self.set_indexed_upto(file, end.unwrap_or(upto))?;
        }
        Ok(places)
    }

    fn indexed_upto(&self, file: ReceiptFile) -> Result<u64, StoreError> {
        let text = "SELECT upto_byte FROM receipt_files WHERE hub = ?1 AND epoch = ?2";
        let values = params![file.hub.as_bytes(), file.epoch];
        let upto: Option<i64> = self
            .connection
            .query_row(text, values, |row| row.get(0))
            .optional()
            .map_err(sql("indexed up to"))?;
        Ok(upto.unwrap_or_default().unsigned_abs())
    }

    fn set_indexed_upto(&self, file: ReceiptFile, upto: u64) -> Result<(), StoreError> {
        let text = "INSERT INTO receipt_files (hub, epoch, upto_byte) VALUES (?1, ?2, ?3)
                    ON CONFLICT DO UPDATE SET upto_byte = excluded.upto_byte";
        let values = params![file.hub.as_bytes(), file.epoch, clamped(upto)];
        self.run(text, values, "set indexed up to").map(drop)
    }

    /// A file that is shorter than it was: what stood in it is asked for again.
    fn forget_file(&self, file: ReceiptFile) -> Result<(), StoreError> {
        let of_file = "SELECT receipt_id FROM receipts WHERE hub = ?1 AND epoch = ?2";
        for text in [
            format!("DELETE FROM receipt_lines WHERE receipt_id IN ({of_file})"),
            format!("DELETE FROM receipt_entries WHERE receipt_id IN ({of_file})"),
            "DELETE FROM receipts WHERE hub = ?1 AND epoch = ?2".to_owned(),
            "DELETE FROM epoch_links WHERE hub = ?1 AND epoch = ?2".to_owned(),
            "DELETE FROM receipt_files WHERE hub = ?1 AND epoch = ?2".to_owned(),
        ] {
            let values = params![file.hub.as_bytes(), file.epoch];
            self.run(&text, values, "forget receipts")?;
        }
        let text = "DELETE FROM facts WHERE name = ?1";
        self.run(text, [format!("receipts:{}", file.hub)], "forget receipts")?;
        self.work_out_hub(file.hub)
    }

    fn insert_receipt(&self, receipt: &Receipt, place: Place) -> Result<(), StoreError> {
        let word = &receipt.word;
        let (id, hub) = (receipt.id.as_bytes(), word.hub.as_bytes());
        let text = "INSERT INTO receipts (receipt_id, hub, epoch, hub_seq, hub_time_ms, first_byte,
                        len_bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
        let values = params![
            id,
            hub,
            word.epoch,
            word.hub_seq.to_be_bytes(),
            word.hub_time_ms,
            clamped(place.at),
            clamped(place.len)
        ];
        self.run(text, values, "receipt")?;
        if let Some(before) = &word.before {
            let text = "INSERT INTO epoch_links (hub, epoch, hub_seq, before_epoch, before_seq)
                        VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
                            hub_seq = excluded.hub_seq, before_epoch = excluded.before_epoch,
                            before_seq = excluded.before_seq
                        WHERE excluded.hub_seq < epoch_links.hub_seq";
            let (number, before_seq) = (word.hub_seq.to_be_bytes(), before.hub_seq.to_be_bytes());
            let values = params![hub, word.epoch, number, before.epoch, before_seq];
            self.run(text, values, "epoch link")?;
        }
        for line in &word.lines {
            self.insert_line(receipt.id, word.hub, line)?;
        }
        Ok(())
    }

    fn insert_line(
        &self,
        receipt: ReceiptId,
        hub: HubId,
        line: &ReceiptLine,
    ) -> Result<(), StoreError> {
        let (sealed, is_void, sha256) = match line {
            ReceiptLine::File { sealed, sha256, .. } => (sealed, false, sha256.map(|hash| hash.0)),
            ReceiptLine::Void { sealed, .. } => (sealed, true, None),
            ReceiptLine::Entries {
                device,
                upto_seq,
                entry_id,
            } => {
                let text = "INSERT INTO receipt_entries (device, upto_seq, receipt_id, entry_id)
                            VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
                let (device, entry) = (device.as_bytes(), entry_id.as_bytes());
                let values = params![device, clamped(*upto_seq), receipt.as_bytes(), entry];
                return self.run(text, values, "receipt entries").map(drop);
            }
        };
        let text = "INSERT INTO receipt_lines (sealed_sha256, hub, receipt_id, is_void, sha256)
                    VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
        let (sealed, receipt) = (sealed.as_bytes(), receipt.as_bytes());
        let values = params![sealed, hub.as_bytes(), receipt, is_void, sha256];
        self.run(text, values, "receipt line").map(drop)
    }

    /// Without a hub's word of this vault: of the epochs that no other one follows, the one whose receipts are newest.
    fn guess_epoch(&self, hub: HubId) -> Result<(), StoreError> {
        let text = "INSERT INTO hubs (hub, epoch)
                        SELECT hub, epoch FROM receipts WHERE hub = ?1 AND epoch NOT IN
                            (SELECT before_epoch FROM epoch_links WHERE hub = ?1)
                        ORDER BY hub_time_ms DESC, epoch DESC LIMIT 1
                    ON CONFLICT DO UPDATE SET epoch = excluded.epoch";
        self.run(text, [hub.as_bytes()], "guess epoch").map(drop)
    }

    /// Follows the links back from the hub's present epoch; where that changes what counts, every file of the hub is weighed anew.
    pub(super) fn work_out_epochs(&self, hub: HubId) -> Result<(), StoreError> {
        // Distinct by the primary key of epoch_links; a ring of links ends at EPOCHS_MAX.
        let text = "WITH RECURSIVE chain (rank, epoch, upto) AS (
                        SELECT 0, coalesce(?3, epoch), coalesce(?4, x'ffffffffffffffff') FROM hubs
                            WHERE hub = ?1 AND epoch IS NOT NULL
                        UNION ALL
                        SELECT rank + 1, before_epoch, before_seq
                            FROM chain JOIN epoch_links USING (epoch)
                            WHERE epoch_links.hub = ?1 AND rank < ?2)
                    SELECT min(rank), epoch, upto FROM chain GROUP BY epoch ORDER BY min(rank)";
        let last_good = self.last_good(hub)?;
        let (epoch, upto) = last_good
            .map(|last| (last.epoch, last.hub_seq.to_be_bytes()))
            .unzip();
        let values = params![hub.as_bytes(), EPOCHS_MAX, epoch, upto];
        let valid: Vec<ValidEpoch> = self.list(text, values, "valid epochs", |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        let text = "SELECT rank, epoch, upto FROM valid_epochs WHERE hub = ?1 ORDER BY rank";
        let before: Vec<ValidEpoch> = self.list(text, [hub.as_bytes()], "valid epochs", |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        if valid == before {
            return Ok(());
        }
        let text = "DELETE FROM valid_epochs WHERE hub = ?1";
        self.run(text, [hub.as_bytes()], "valid epochs")?;
        let text = "INSERT INTO valid_epochs (hub, rank, epoch, upto) VALUES (?1, ?2, ?3, ?4)";
        for (rank, epoch, upto) in valid {
            self.run(
                text,
                params![hub.as_bytes(), rank, epoch, upto],
                "valid epochs",
            )?;
        }
        self.work_out_hub(hub)
    }

    fn work_out_hub(&self, hub: HubId) -> Result<(), StoreError> {
        let text = "SELECT DISTINCT sealed_sha256 FROM receipt_lines WHERE hub = ?1
                    UNION SELECT sealed_sha256 FROM holdings WHERE hub = ?1";
        let all = self.list(text, [hub.as_bytes()], "files of hub", |row| {
            Ok(SealedName(Hash32(row.get(0)?)))
        })?;
        for sealed in all {
            self.work_out(sealed, hub)?;
        }
        Ok(())
    }

    fn work_out_files(&self, receipts: &[Receipt]) -> Result<(), StoreError> {
        let files = receipts.iter().flat_map(|receipt| {
            let hub = receipt.word.hub;
            let lines = receipt.word.lines.iter();
            lines.filter_map(move |line| Some((line.file()?, hub)))
        });
        for (sealed, hub) in files.collect::<BTreeSet<_>>() {
            self.work_out(sealed, hub)?;
        }
        Ok(())
    }

    /// Puts the lines about a file into their order and keeps what stands after the last one.
    fn work_out(&self, sealed: SealedName, hub: HubId) -> Result<(), StoreError> {
        // Of two lines with one number, which no true hub signs, the one that takes back is the last. CROSS JOIN: from the few lines of a file to their
        // receipts; the other way round every receipt of the hub would be looked at for each file.
        let text = "SELECT receipt_id, is_void, sha256, hub_time_ms
                    FROM receipt_lines CROSS JOIN receipts USING (receipt_id, hub)
                        CROSS JOIN valid_epochs USING (hub, epoch)
                    WHERE sealed_sha256 = ?1 AND hub = ?2 AND hub_seq <= upto
                        AND (SELECT hubs.epoch FROM hubs WHERE hub = ?2)
                            IN (receipts.epoch, given_in)
                    ORDER BY rank DESC, hub_seq, is_void, receipt_id";
        let values = params![sealed.as_bytes(), hub.as_bytes()];
        let lines = self.list(text, values, "lines of file", |row| line(row, hub))?;
        let mut held: Option<Holding> = None;
        for line in lines {
            held = line.map(|line| match held {
                None => line,
                Some(before) => Holding {
                    first_ms: before.first_ms,
                    sha256: line.sha256.or(before.sha256),
                    ..line
                },
            });
        }
        match held {
            None => {
                let text = "DELETE FROM holdings WHERE sealed_sha256 = ?1 AND hub = ?2";
                self.run(text, values, "holding")?
            }
            Some(held) => {
                let text = "INSERT OR REPLACE INTO holdings
                                (sealed_sha256, hub, receipt_id, sha256, first_ms, last_ms)
                            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                let values = params![
                    sealed.as_bytes(),
                    hub.as_bytes(),
                    held.receipt.as_bytes(),
                    held.sha256.map(|hash| hash.0),
                    held.first_ms,
                    held.last_ms
                ];
                self.run(text, values, "holding")?
            }
        };
        self.settle(sealed)
    }
}

/// A line about a file: `None` if it takes the earlier ones back.
fn line(row: &rusqlite::Row<'_>, hub: HubId) -> rusqlite::Result<Option<Holding>> {
    if row.get(1)? {
        return Ok(None);
    }
    let hub_time_ms = row.get(3)?;
    Ok(Some(Holding {
        receipt: ReceiptId(Hash32(row.get(0)?)),
        hub,
        sha256: row.get::<_, Option<[u8; 32]>>(2)?.map(Hash32),
        first_ms: hub_time_ms,
        last_ms: hub_time_ms,
    }))
}

fn last_good_fact(hub: HubId) -> String {
    format!("last_good:{hub}")
}

/// A number as SQLite keeps it; what is over the highest is the highest.
fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
