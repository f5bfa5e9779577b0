//! Verification of a chain: names the device and seq of the first fault.
//!
//! A chain is what its device wrote, in order, each entry naming the one before it; a checkpoint signs it. So a removed, doubled, moved, altered or
//! forked entry shows at its own place, and what no checkpoint covers is an unsigned tail.

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

use super::{Checkpoint, Entry};
use crate::encoding::Hash32;
use crate::model::ids::{DeviceId, EntryId};

/// How far a chain is known: everything up to here was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// Last verified seq; 0 before the first entry.
    pub seq: u64,
    /// Its id; for seq 0 the device id.
    pub id: Hash32,
}

impl ChainHead {
    /// The head before the first entry of a device.
    #[must_use]
    pub fn start(device: DeviceId) -> Self {
        Self {
            seq: 0,
            id: device.0,
        }
    }
}

/// The first fault of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("chain {device}: entry {seq} {kind}")]
pub struct ChainFault {
    /// Whose chain.
    pub device: DeviceId,
    /// Where.
    pub seq: u64,
    /// What.
    pub kind: FaultKind,
}

/// What is wrong with an entry's place in its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It is not there.
    Removed,
    /// It is there twice.
    Duplicated,
    /// It is there, at another place.
    Reordered,
    /// Its bytes are not what was chained.
    Altered,
    /// Another entry has its number.
    Forked,
    /// No checkpoint covers it or anything after it.
    UnsignedTail,
    /// It is of another device or organisation.
    Foreign,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Removed => "was removed",
            Self::Duplicated => "stands twice",
            Self::Reordered => "stands at another place",
            Self::Altered => "was altered",
            Self::Forked => "has a twin of the same number",
            Self::UnsignedTail => "and what follows is covered by no checkpoint",
            Self::Foreign => "belongs to another chain",
        })
    }
}

/// Verifies entries that should follow `head`, in the order in which they stand; gives the new head.
///
/// `None` stands for an entry whose bytes could not be read. `checkpoints` were opened with the device's key.
///
/// # Errors
/// The first fault.
pub fn verify_chain(
    device: DeviceId,
    head: ChainHead,
    entries: &[Option<&Entry>],
    checkpoints: &[Checkpoint],
) -> Result<ChainHead, ChainFault> {
    let chain = Chain {
        device,
        entries,
        checkpoints,
    };
    let mut at = head;
    let mut seen: BTreeMap<u64, EntryId> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let expected = at.seq.saturating_add(1);
        let entry = entry.ok_or(chain.fault(expected, FaultKind::Altered))?;
        if entry.header.device != device {
            return Err(chain.fault(expected, FaultKind::Foreign));
        }
        chain.check_number(&seen, entry, expected)?;
        if entry.header.prev != at.id {
            return Err(chain.fault(chain.broken_link(index, at.seq), FaultKind::Altered));
        }
        at = ChainHead {
            seq: expected,
            id: entry.id.0,
        };
        seen.insert(expected, entry.id);
        if checkpoints
            .iter()
            .any(|c| c.seq == expected && c.entry_id != entry.id)
        {
            return Err(chain.fault(expected, FaultKind::Altered));
        }
    }
    chain.check_end(head, at)
}

struct Chain<'a> {
    device: DeviceId,
    entries: &'a [Option<&'a Entry>],
    checkpoints: &'a [Checkpoint],
}

impl Chain<'_> {
    fn fault(&self, seq: u64, kind: FaultKind) -> ChainFault {
        ChainFault {
            device: self.device,
            seq,
            kind,
        }
    }

    /// The number must be the next one; if not, says why it is not.
    fn check_number(
        &self,
        seen: &BTreeMap<u64, EntryId>,
        entry: &Entry,
        expected: u64,
    ) -> Result<(), ChainFault> {
        let found = entry.header.seq;
        if found == expected {
            return Ok(());
        }
        if found > expected {
            let stands_later = self
                .entries
                .iter()
                .flatten()
                .any(|e| e.header.seq == expected);
            let kind = if stands_later {
                FaultKind::Reordered
            } else {
                FaultKind::Removed
            };
            return Err(self.fault(expected, kind));
        }
        let kind = match seen.get(&found) {
            Some(id) if *id == entry.id => FaultKind::Duplicated,
            Some(_) => FaultKind::Forked,
            None => FaultKind::Reordered,
        };
        Err(self.fault(found, kind))
    }

    /// Entry `index` does not name the one before it. If something later vouches for `index`, the one before it was altered; else it was itself.
    fn broken_link(&self, index: usize, before: u64) -> u64 {
        let this = self.entries.get(index).copied().flatten();
        let next = self.entries.get(index.saturating_add(1)).copied().flatten();
        let vouched = this.is_some_and(|this| {
            next.is_some_and(|next| next.header.prev == this.id.0)
                || self
                    .checkpoints
                    .iter()
                    .any(|checkpoint| checkpoint.entry_id == this.id)
        });
        if vouched && before > 0 {
            before
        } else {
            before.saturating_add(1)
        }
    }

    fn check_end(&self, head: ChainHead, at: ChainHead) -> Result<ChainHead, ChainFault> {
        let covered = self
            .checkpoints
            .iter()
            .map(|checkpoint| checkpoint.seq)
            .max();
        let covered = covered.unwrap_or(0).max(head.seq);
        if at.seq > covered {
            return Err(self.fault(covered.saturating_add(1), FaultKind::UnsignedTail));
        }
        if covered > at.seq {
            return Err(self.fault(at.seq.saturating_add(1), FaultKind::Removed));
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )]
    use super::super::sample::entry;
    use super::*;
    use crate::encoding::Map;
    use proptest::prelude::*;

    const DEVICE: DeviceId = DeviceId(Hash32([3; 32]));

    fn chain(count: u64) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for seq in 1..=count {
            let prev = entries.last().map_or(DEVICE.0, |last| last.id.0);
            entries.push(entry(DEVICE, seq, prev, Map::new().uint(1, seq)));
        }
        entries
    }

    fn covering(entries: &[Entry]) -> Vec<Checkpoint> {
        let last = entries.last().unwrap();
        let (seq, entry_id) = (last.header.seq, last.id);
        vec![Checkpoint {
            device: DEVICE,
            seq,
            entry_id,
            bytes: vec![],
        }]
    }

    fn verify(entries: &[Entry], checkpoints: &[Checkpoint]) -> Result<ChainHead, ChainFault> {
        let all: Vec<Option<&Entry>> = entries.iter().map(Some).collect();
        verify_chain(DEVICE, ChainHead::start(DEVICE), &all, checkpoints)
    }

    /// The same number, other content: what a second writer with the same key would make.
    fn twin(of: &Entry) -> Entry {
        entry(
            DEVICE,
            of.header.seq,
            of.header.prev,
            Map::new().text(1, "twin"),
        )
    }

    #[test]
    fn a_whole_chain_verifies_and_its_pieces_follow_each_other() {
        let entries = chain(10);
        let checkpoints = covering(&entries);
        let head = verify(&entries, &checkpoints).unwrap();
        assert_eq!(
            head,
            ChainHead {
                seq: 10,
                id: entries[9].id.0
            }
        );
        let first = verify(&entries[..4], &covering(&entries[..4])).unwrap();
        let rest: Vec<Option<&Entry>> = entries[4..].iter().map(Some).collect();
        assert_eq!(verify_chain(DEVICE, first, &rest, &checkpoints), Ok(head));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn every_fault_is_found_and_named_at_its_place(count in 4u64..30, pick in any::<prop::sample::Index>(), what in 0..6) {
            let good = chain(count);
            let checkpoints = covering(&good);
            let at = 1 + pick.index(good.len() - 2);
            let seq = good[at].header.seq;
            let mut bad = good.clone();
            let expected = match what {
                0 => { bad.remove(at); (seq, FaultKind::Removed) }
                1 => { bad.insert(at + 1, good[at].clone()); (seq, FaultKind::Duplicated) }
                2 => { bad.swap(at, at + 1); (seq, FaultKind::Reordered) }
                3 => { bad[at] = twin(&good[at]); (seq, FaultKind::Altered) }
                4 => { bad.insert(at + 1, twin(&good[at])); (seq, FaultKind::Forked) }
                _ => { bad.pop(); (count, FaultKind::Removed) }
            };
            let fault = verify(&bad, &checkpoints).unwrap_err();
            prop_assert_eq!((fault.seq, fault.kind), expected);
        }
    }

    #[test]
    fn an_altered_last_entry_and_an_unsigned_tail_are_found() {
        let good = chain(5);
        let checkpoints = covering(&good);
        let mut bad = good.clone();
        bad[4] = twin(&good[4]);
        let fault = verify(&bad, &checkpoints).unwrap_err();
        assert_eq!((fault.seq, fault.kind), (5, FaultKind::Altered));
        let fault = verify(&good, &covering(&good[..3])).unwrap_err();
        assert_eq!((fault.seq, fault.kind), (4, FaultKind::UnsignedTail));
        let fault = verify(&good, &[]).unwrap_err();
        assert_eq!((fault.seq, fault.kind), (1, FaultKind::UnsignedTail));
    }
}
