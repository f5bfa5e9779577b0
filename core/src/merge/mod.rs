//! Entries of one subject → its fields, conflicts and flags. Pure: the same set of entries gives the same result in any order.
//!
//! Owns the one rule of formats.md §4 "Merge". Does not know nouns (`record/`) or tables (`index/`). Invariant: nothing is lost by a merge; a field with
//! several values keeps all of them until a person resolves it.

use std::collections::{BTreeMap, BTreeSet};

use crate::encoding::Value;
use crate::journal::{Entry, Op};
use crate::keys::Roster;
use crate::model::ids::{DeviceId, EntryId, SubjectId};
use crate::vocabulary::Kind;

/// One value of a field that nothing has superseded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The entry that gave it.
    pub entry: EntryId,
    /// Whose chain.
    pub device: DeviceId,
    /// Orders display.
    pub lamport: u64,
    /// The value.
    pub value: Value,
}

/// A subject as all known entries tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// Which one.
    pub subject: SubjectId,
    /// What it is.
    pub kind: Kind,
    /// Field number → heads, the one to show first.
    pub fields: BTreeMap<u64, Vec<Head>>,
    /// The entries that made it, in display order; empty if only later entries are known.
    pub creates: Vec<(EntryId, DeviceId)>,
    /// The device's clock at its first known entry, ms, as claimed.
    pub first_wall_ms: i64,
    /// Who recorded its first known entry.
    pub operator: Option<SubjectId>,
    /// Whether it still stands.
    pub standing: Standing,
}

/// Whether a subject still stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Stands,
    /// Taken back, for a reason.
    Withdrawn(String),
    /// It never stood for anything, for a reason.
    Void(String),
}

impl Folded {
    /// The value to show for a field: of several the one with the highest lamport, ties by entry id, so that every device shows the same.
    #[must_use]
    pub fn value(&self, field: u64) -> Option<&Value> {
        self.fields.get(&field)?.first().map(|head| &head.value)
    }

    /// Whether a field holds more than one distinct value.
    #[must_use]
    pub fn is_conflict(&self, field: u64) -> bool {
        let heads = self
            .fields
            .get(&field)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let values: BTreeSet<&Value> = heads.iter().map(|head| &head.value).collect();
        values.len() > 1
    }

    /// The fields that hold more than one distinct value.
    #[must_use]
    pub fn conflicts(&self) -> Vec<u64> {
        self.fields
            .keys()
            .copied()
            .filter(|field| self.is_conflict(*field))
            .collect()
    }

    /// Made by two devices under one code: one record, flagged until a person says same body or label error.
    #[must_use]
    pub fn is_created_twice(&self) -> bool {
        let devices: BTreeSet<DeviceId> = self.creates.iter().map(|(_, device)| *device).collect();
        devices.len() > 1
    }
}

/// Folds the entries of one subject; `None` if none of them counts.
///
/// Entries of another subject, entries after a revocation's `last_good_seq` and entries without a body give no values; an absent body still
/// supersedes, so that an erased correction does not revive what it corrected.
#[must_use]
pub fn fold(subject: SubjectId, entries: &[Entry], roster: Option<&Roster>) -> Option<Folded> {
    let counts = |entry: &&Entry| {
        let last_good = roster.and_then(|roster| roster.last_good_seq(entry.header.device));
        entry.header.subject == subject && last_good.is_none_or(|last| entry.header.seq <= last)
    };
    let by_id: BTreeMap<EntryId, &Entry> = entries
        .iter()
        .filter(counts)
        .map(|entry| (entry.id, entry))
        .collect();
    let mut ordered: Vec<&Entry> = by_id.values().copied().collect();
    ordered.sort_by_key(|entry| (entry.header.lamport, entry.id));
    let first = *ordered.first()?;

    let superseded = superseded(&ordered);
    let mut fields: BTreeMap<u64, Vec<Head>> = BTreeMap::new();
    for entry in ordered.iter().rev() {
        let Some(body) = &entry.body else { continue };
        for (field, value) in &body.fields.0 {
            if superseded.contains(&(entry.id, *field)) {
                continue;
            }
            fields.entry(*field).or_default().push(Head {
                entry: entry.id,
                device: entry.header.device,
                lamport: entry.header.lamport,
                value: value.clone(),
            });
        }
    }
    let creates = ordered.iter().filter(|entry| entry.header.op == Op::Create);
    Some(Folded {
        subject,
        kind: first.header.kind,
        fields,
        creates: creates
            .map(|entry| (entry.id, entry.header.device))
            .collect(),
        first_wall_ms: first.header.clock.wall_ms,
        operator: first.body.as_ref().and_then(|body| body.operator),
        standing: standing(&ordered),
    })
}

fn superseded(entries: &[&Entry]) -> BTreeSet<(EntryId, u64)> {
    let mut all = BTreeSet::new();
    for entry in entries {
        for (field, indexes) in &entry.header.touches {
            for index in indexes {
                let index = usize::try_from(*index).unwrap_or(usize::MAX);
                all.extend(
                    entry
                        .header
                        .parents
                        .get(index)
                        .map(|parent| (*parent, *field)),
                );
            }
        }
    }
    all
}

/// Void weighs more than withdrawn, and either more than standing, in whatever order they came.
fn standing(entries: &[&Entry]) -> Standing {
    let mut standing = Standing::Stands;
    for entry in entries {
        let reason = || {
            entry
                .body
                .as_ref()
                .and_then(|b| b.reason.clone())
                .unwrap_or_default()
        };
        standing = match (entry.header.op, standing) {
            (Op::Void, _) => Standing::Void(reason()),
            (Op::Withdraw, Standing::Stands | Standing::Withdrawn(_)) => {
                Standing::Withdrawn(reason())
            }
            (Op::Withdraw, void @ Standing::Void(_)) => void,
            (Op::Create | Op::Set | Op::Resolve, before) => before,
        };
    }
    standing
}

#[cfg(test)]
mod tests;
