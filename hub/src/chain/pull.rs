//! What a phone pulls: entries of other chains in the order in which they came here, as segments
//! that a checkpoint covers.
//!
//! Owns the cursor: epoch ‖ generation of the journal ‖ row. A cursor of another epoch or journal
//! starts again; a phone that gets an entry twice knows it already. For now the scope of a member
//! is the whole organisation.

use std::collections::BTreeMap;

use imena_core::encoding::{Map, Signed, Value, What};
use imena_core::journal::Entry;
use imena_core::model::ids::{DeviceId, EntryId};
use imena_core::store::Journal;
use imena_core::sync::wire::{SEGMENTS_MAX, Segment};

use crate::error::HubError;
use crate::hub::Inner;
use crate::limits::{PULL_BYTES_MAX, PULL_READS_MAX, PULL_ROWS};

/// What a phone gets of other chains.
#[derive(Debug, Default)]
pub(crate) struct Pulled {
    pub segments: Vec<Segment>,
    /// Absent while locked.
    pub next_cursor: Option<Vec<u8>>,
    pub has_more: bool,
}

type Covering = BTreeMap<(u64, EntryId), Vec<u8>>;

struct Pull<'a> {
    journal: &'a Journal,
    asking: DeviceId,
    budget_bytes: u64,
    bytes: u64,
    row: i64,
    segments: Vec<Segment>,
    checkpoints: BTreeMap<DeviceId, Covering>,
    is_full: bool,
}

impl Inner {
    /// Gives entries after the cursor, as far as the budget goes; at least one segment, so that it
    /// moves.
    pub(crate) fn pull(
        &self,
        asking: DeviceId,
        cursor: Option<&[u8]>,
        budget_bytes: u64,
    ) -> Result<Pulled, HubError> {
        if budget_bytes == 0 {
            // A phone that takes nothing, because it is locked, is not told of more: it would ask again and again.
            return Ok(Pulled::default());
        }
        let slot = self.chain.open();
        let Some(open) = slot.as_ref() else {
            return Ok(Pulled::default());
        };
        let start = [self.truth.head()?.epoch, open.journal.generation()].concat();
        let row = cursor.and_then(|cursor| cursor.strip_prefix(start.as_slice()));
        let row = row
            .and_then(|row| row.try_into().ok())
            .map_or(0, i64::from_be_bytes);
        let mut pull = Pull {
            journal: &open.journal,
            asking,
            budget_bytes: budget_bytes.min(PULL_BYTES_MAX),
            bytes: 0,
            row,
            segments: Vec::new(),
            checkpoints: BTreeMap::new(),
            is_full: false,
        };
        for _ in 0..PULL_READS_MAX {
            if pull.is_full || !pull.read()? {
                break;
            }
        }
        let has_more = pull.row < open.journal.last_row()?;
        let next_cursor = Some([start.as_slice(), &pull.row.to_be_bytes()].concat());
        Ok(Pulled {
            segments: pull.segments,
            next_cursor,
            has_more,
        })
    }
}

impl Pull<'_> {
    /// Reads the next rows; `false` at the end.
    fn read(&mut self) -> Result<bool, HubError> {
        let rows = self.journal.entries_after(self.row, PULL_ROWS)?;
        let is_cut = rows.len() == PULL_ROWS;
        let groups: Vec<&[(i64, Entry)]> = rows.chunk_by(|a, b| follows(&a.1, &b.1)).collect();
        for (nth, group) in groups.iter().enumerate() {
            let is_last = nth.saturating_add(1) == groups.len();
            self.take(group, is_cut && is_last)?;
            if self.is_full {
                return Ok(false);
            }
        }
        Ok(is_cut)
    }

    /// Takes one piece of a chain, cut at its checkpoints. Entries behind the last one are covered
    /// by one that was not read yet, if rows were cut.
    fn take(&mut self, group: &[(i64, Entry)], is_cut: bool) -> Result<(), HubError> {
        let Some((last_row, first)) = group.last().map(|last| last.0).zip(group.first()) else {
            return Ok(());
        };
        let device = first.1.header.device;
        if device == self.asking {
            self.row = last_row;
            return Ok(());
        }
        let Some(spki) = self.journal.device_spki(device)? else {
            self.row = last_row;
            return Ok(());
        };
        let mut piece: Vec<&(i64, Entry)> = Vec::new();
        for item in group {
            piece.push(item);
            let Some(checkpoint) = self.covering(device, &item.1)? else {
                continue;
            };
            let size = piece
                .iter()
                .map(|(_, entry)| entry.size() as u64)
                .sum::<u64>();
            let bytes = self
                .bytes
                .saturating_add(size)
                .saturating_add(checkpoint.len() as u64);
            let is_over = bytes > self.budget_bytes || self.segments.len() >= SEGMENTS_MAX;
            if is_over && !self.segments.is_empty() {
                self.is_full = true;
                return Ok(());
            }
            self.bytes = bytes;
            let entries = piece
                .drain(..)
                .map(|(_, entry)| (entry.header_bytes.clone(), entry.body_bytes.clone()));
            let entries = entries.collect();
            self.segments.push(Segment {
                device,
                spki: spki.clone(),
                entries,
                checkpoint,
            });
            self.row = item.0;
        }
        if !is_cut {
            self.row = last_row;
        }
        Ok(())
    }

    fn covering(&mut self, device: DeviceId, entry: &Entry) -> Result<Option<Vec<u8>>, HubError> {
        if !self.checkpoints.contains_key(&device) {
            let all = self.journal.checkpoints(device)?;
            let named = all
                .into_iter()
                .filter_map(|cose| Some((covers(&cose)?, cose)));
            self.checkpoints.insert(device, named.collect());
        }
        let covering = self.checkpoints.get(&device);
        Ok(covering
            .and_then(|all| all.get(&(entry.header.seq, entry.id)))
            .cloned())
    }
}

fn follows(one: &Entry, next: &Entry) -> bool {
    one.header.device == next.header.device && next.header.prev == one.id.0
}

/// Which entry a checkpoint covers; its signature was checked when it came.
fn covers(cose: &[u8]) -> Option<(u64, EntryId)> {
    let signed = Signed::parse(cose, What::Checkpoint).ok()?;
    let map = Map::decode(signed.claimed_payload()).ok()?;
    Some((
        map.get(1).and_then(Value::as_uint)?,
        map.get(2).and_then(EntryId::from_value)?,
    ))
}
