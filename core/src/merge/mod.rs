//! Entries of one subject → its fields, standing, conflicts and flags. Pure: the same set of entries gives the same result in any order.
//!
//! Owns the one rule of formats.md §4 "Merge". Does not know nouns (`record/`) or tables (`index/`); which entries of an ended chain count is
//! `counting.rs`. Invariant: nothing is lost by a merge; a field with several values keeps all of them until a person resolves it.

mod counting;

pub use counting::Counting;

use std::collections::{BTreeMap, BTreeSet};

use crate::encoding::{Map, Value};
use crate::journal::{Entry, Op, Touches};
use crate::model::ids::{DeviceId, EntryId, SubjectId};
use crate::vocabulary::{Gap, Kind};

/// The field of every subject that says whether it stands; its value follows from the op, so that it survives the erasure of a body.
pub const STANDING: u64 = 0;

/// One value of a field that nothing has superseded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The entry that gave it.
    pub entry: EntryId,
    /// Whose chain.
    pub device: DeviceId,
    /// Orders display.
    pub lamport: u64,
    /// Who said it.
    pub operator: Option<SubjectId>,
    /// The device's clock then, ms, as claimed.
    pub wall_ms: i64,
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
    /// Field number → heads, the one to show first; [`STANDING`] is one of them.
    pub fields: BTreeMap<u64, Vec<Head>>,
    /// The entries that made it, in display order; empty if only later entries are known.
    pub creates: Vec<(EntryId, DeviceId)>,
    /// The device's clock at its first known entry, ms, as claimed.
    pub first_wall_ms: i64,
    /// Who recorded its first known entry.
    pub operator: Option<SubjectId>,
    /// Whether it still stands, as the first head of [`STANDING`] says.
    pub standing: Standing,
    /// Entries about it that a newer version wrote: they say something that this program cannot show.
    pub newer: u64,
    /// Entries about it whose bodies are absent.
    pub absent: u64,
    /// Entries about it with an order number that no counting reaches: they count, sort lowest, and a person should know.
    pub beyond_counting: u64,
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

impl Standing {
    const STANDS: &'static str = "stands";
    const WITHDRAWN: &'static str = "withdrawn";
    const VOID: &'static str = "void";

    /// What an op says of the standing of its subject; a set or resolve speaks of it only by touching it.
    fn said_by(entry: &Entry) -> Option<&'static str> {
        let touches = entry.header.touches.contains_key(&STANDING);
        match entry.header.op {
            Op::Create => Some(Self::STANDS),
            Op::Set | Op::Resolve => touches.then_some(Self::STANDS),
            Op::Withdraw => Some(Self::WITHDRAWN),
            Op::Void => Some(Self::VOID),
            Op::Newer(_) => None,
        }
    }

    fn of(head: Option<&Head>, by_id: &BTreeMap<EntryId, &Entry>) -> Self {
        let Some(head) = head else {
            return Self::Stands;
        };
        let body = by_id.get(&head.entry).and_then(|entry| entry.body.as_ref());
        let reason = body.and_then(|body| body.circumstances.reason.clone());
        match head.value.as_text() {
            Some(Self::WITHDRAWN) => Self::Withdrawn(reason.unwrap_or_default()),
            Some(Self::VOID) => Self::Void(reason.unwrap_or_default()),
            Some(_) | None => Self::Stands,
        }
    }
}

impl Folded {
    /// A subject of which no entry has come.
    #[must_use]
    pub fn unknown(subject: SubjectId, kind: Kind) -> Self {
        Self {
            subject,
            kind,
            fields: BTreeMap::new(),
            creates: Vec::new(),
            first_wall_ms: 0,
            operator: None,
            standing: Standing::Stands,
            newer: 0,
            absent: 0,
            beyond_counting: 0,
        }
    }

    /// The value to show for a field: a finding before what says that there is none, then the one with the highest lamport, ties by entry id, so
    /// that every device shows the same.
    #[must_use]
    pub fn value(&self, field: u64) -> Option<&Value> {
        self.fields.get(&field)?.first().map(|head| &head.value)
    }

    /// Whether a field holds more than one distinct finding. What says that nobody looked, or takes a value back, contradicts no finding.
    #[must_use]
    pub fn is_conflict(&self, field: u64) -> bool {
        let heads = self
            .fields
            .get(&field)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let findings = heads.iter().map(|head| &head.value).filter(is_finding);
        findings.collect::<BTreeSet<&Value>>().len() > 1
    }

    /// The fields that hold more than one distinct finding.
    #[must_use]
    pub fn conflicts(&self) -> Vec<u64> {
        self.fields
            .keys()
            .copied()
            .filter(|field| self.is_conflict(*field))
            .collect()
    }

    /// The parents and touches of a `set`: it names the head of a field if there is exactly one, else none (formats.md §4, Merge).
    #[must_use]
    pub fn answering(&self, fields: &Map) -> (Vec<EntryId>, Touches) {
        let (mut parents, mut touches) = (Vec::new(), Touches::new());
        for field in fields.0.keys() {
            let Some([head]) = self.fields.get(field).map(Vec::as_slice) else {
                continue;
            };
            let known = parents.iter().position(|parent| *parent == head.entry);
            let index = known.unwrap_or_else(|| {
                parents.push(head.entry);
                parents.len().saturating_sub(1)
            });
            touches.insert(*field, vec![index as u64]);
        }
        (parents, touches)
    }

    /// Made by two devices under one code: one record, flagged until a person says same body or label error.
    #[must_use]
    pub fn is_created_twice(&self) -> bool {
        let devices: BTreeSet<DeviceId> = self.creates.iter().map(|(_, device)| *device).collect();
        devices.len() > 1
    }

    /// The entries that a person answers who takes back, voids or revives the subject: all that speak of its standing.
    #[must_use]
    pub fn standing_heads(&self) -> Vec<EntryId> {
        let heads = self.fields.get(&STANDING).map(Vec::as_slice);
        heads
            .unwrap_or_default()
            .iter()
            .map(|head| head.entry)
            .collect()
    }
}

/// Whether a value says what was found; taken back, not examined and not possible say that there is no finding.
fn is_finding(value: &&Value) -> bool {
    match Gap::from_value(value) {
        Some(gap) => gap.is_finding(),
        None => **value != Value::Null,
    }
}

/// Folds the entries of one subject; `None` if none of them counts.
///
/// Entries of another subject and entries of an ended chain that do not count give nothing. An entry without a body gives no values, and what a
/// newer version wrote neither gives nor supersedes; an absent body still supersedes, so that an erased correction does not revive what it corrected.
#[must_use]
pub fn fold(subject: SubjectId, entries: &[Entry], counting: &Counting) -> Option<Folded> {
    let by_id = distinct(
        entries
            .iter()
            .filter(|entry| entry.header.subject == subject && counting.counts(entry)),
    );
    let mut ordered: Vec<&Entry> = by_id.values().copied().collect();
    ordered.sort_by_key(|entry| (entry.header.order(), entry.id));
    let (understood, newer): (Vec<&Entry>, Vec<&Entry>) =
        ordered.iter().partition(|entry| entry.is_understood());
    let first = *understood.first().or(newer.first())?;

    let fields = heads(&understood);
    let standing = fields.get(&STANDING).and_then(|heads| heads.first());
    let creates = understood
        .iter()
        .filter(|entry| entry.header.op == Op::Create);
    let absent = understood.iter().filter(|entry| entry.body.is_none());
    let beyond = by_id
        .values()
        .filter(|entry| entry.header.has_lamport_beyond_counting());
    Some(Folded {
        subject,
        kind: first.header.kind,
        creates: creates
            .map(|entry| (entry.id, entry.header.device))
            .collect(),
        first_wall_ms: first.header.clock.wall_ms,
        operator: first.body.as_ref().and_then(|body| body.operator),
        standing: Standing::of(standing, &by_id),
        newer: newer.len() as u64,
        absent: absent.count() as u64,
        beyond_counting: beyond.count() as u64,
        fields,
    })
}

/// Each entry once; of two copies the one that has its body.
fn distinct<'a>(entries: impl Iterator<Item = &'a Entry>) -> BTreeMap<EntryId, &'a Entry> {
    let mut by_id: BTreeMap<EntryId, &Entry> = BTreeMap::new();
    for entry in entries {
        let kept = by_id.entry(entry.id).or_insert(entry);
        if kept.body.is_none() {
            *kept = entry;
        }
    }
    by_id
}

/// The heads of each field, the one to show first.
fn heads(ordered: &[&Entry]) -> BTreeMap<u64, Vec<Head>> {
    let superseded = superseded(ordered);
    let mut fields: BTreeMap<u64, Vec<Head>> = BTreeMap::new();
    for entry in ordered.iter().rev() {
        for (field, value) in said(entry) {
            if superseded.contains(&(entry.id, field)) {
                continue;
            }
            fields.entry(field).or_default().push(Head {
                entry: entry.id,
                device: entry.header.device,
                lamport: entry.header.order(),
                operator: entry.body.as_ref().and_then(|body| body.operator),
                wall_ms: entry.header.clock.wall_ms,
                value,
            });
        }
    }
    for heads in fields.values_mut() {
        // Stable: the order within findings, and within the rest, stays.
        heads.sort_by_key(|head| !is_finding(&&head.value));
    }
    fields
}

/// What an entry says: its standing by its op, everything else by its body.
fn said(entry: &Entry) -> Vec<(u64, Value)> {
    let standing = Standing::said_by(entry).map(|word| (STANDING, Value::text(word)));
    let body = entry.body.iter().flat_map(|body| &body.fields.0);
    let fields = body.filter(|(field, _)| **field != STANDING);
    let fields = fields.map(|(field, value)| (*field, value.clone()));
    standing.into_iter().chain(fields).collect()
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

#[cfg(test)]
mod tests;
