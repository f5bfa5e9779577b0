//! What was said of a record, entry by entry, the newest first; of one field, only what speaks of it.

use serde::Serialize;

use super::view::{FieldView, Reader};
use crate::journal::{Entry, Op};
use crate::merge::{Counting, Head, STANDING, fold};
use crate::model::circumstances::Circumstances;
use crate::model::ids::EntryId;
use crate::nouns::{self, Spec};
use crate::vocabulary::Words;

/// What an entry did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryAct {
    /// Made the record.
    Created,
    /// Changed fields.
    Amended,
    /// Ended a conflict.
    Resolved,
    /// Took the record back.
    Withdrawn,
    /// Said that it never stood for anything.
    Voided,
    /// Let it stand again.
    Revived,
    /// What a newer version does.
    Newer,
}

impl EntryAct {
    /// What people read.
    #[must_use]
    pub const fn words(self) -> Words {
        let (en, uk) = match self {
            Self::Created => ("recorded", "записано"),
            Self::Amended => ("changed", "змінено"),
            Self::Resolved => ("resolved", "розв’язано"),
            Self::Withdrawn => ("withdrawn", "відкликано"),
            Self::Voided => ("declared void", "визнано недійсним"),
            Self::Revived => ("stands again", "знову чинне"),
            Self::Newer => (
                "something that only a newer version understands",
                "те, що розуміє лише новіша версія",
            ),
        };
        Words { en, uk }
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HistoryEntry {
    /// Which one.
    pub entry: EntryId,
    /// What it did.
    pub act: EntryAct,
    /// What it said.
    pub fields: Vec<FieldView>,
    /// Who recorded.
    pub operator_name: String,
    /// On which device.
    pub device_name: String,
    /// The device's clock, ms, as claimed.
    pub recorded_ms: i64,
    /// Why, if it says.
    pub reason: Option<String>,
    /// Whose words, when.
    #[serde(skip)]
    pub circumstances: Circumstances,
    /// Its text is withheld, erased or lost.
    pub is_body_missing: bool,
}

/// A page of the entries of one record, the newest first, behind entry `after`, `None` if that is no entry of it; `field` leaves only those that speak of it.
#[must_use]
pub fn history(
    entries: &[Entry],
    field: Option<&'static Spec>,
    (after, limit): (Option<EntryId>, usize),
    reader: &Reader<'_>,
) -> Option<Vec<HistoryEntry>> {
    let mut ordered: Vec<&Entry> = entries.iter().collect();
    ordered.sort_by_key(|entry| std::cmp::Reverse((entry.header.order(), entry.id)));
    ordered.dedup_by_key(|entry| entry.id);
    let speaks = |entry: &&Entry| match field {
        None => true,
        Some(spec) => {
            let body = entry.body.as_ref();
            let is_said = body.is_some_and(|body| body.fields.get(spec.number).is_some());
            is_said || entry.header.touches.contains_key(&spec.number)
        }
    };
    let begin = match after {
        Some(after) => ordered
            .iter()
            .position(|entry| entry.id == after)?
            .saturating_add(1),
        None => 0,
    };
    let told = ordered.into_iter().skip(begin).filter(speaks);
    let told = told.take(limit).map(|entry| told_of(entry, field, reader));
    Some(told.collect())
}

fn told_of(entry: &Entry, field: Option<&Spec>, reader: &Reader<'_>) -> HistoryEntry {
    let header = &entry.header;
    let act = match header.op {
        Op::Create => EntryAct::Created,
        Op::Set if header.touches.contains_key(&STANDING) => EntryAct::Revived,
        Op::Set => EntryAct::Amended,
        Op::Resolve => EntryAct::Resolved,
        Op::Withdraw => EntryAct::Withdrawn,
        Op::Void => EntryAct::Voided,
        Op::Newer(_) => EntryAct::Newer,
    };
    let body = entry.body.as_ref();
    let circumstances = body.map(|body| body.circumstances.clone());
    let circumstances = circumstances.unwrap_or_default();
    HistoryEntry {
        entry: entry.id,
        act,
        fields: said_by(entry, field, reader),
        operator_name: reader.names.operator(body.and_then(|body| body.operator)),
        device_name: reader.names.device(header.device),
        recorded_ms: header.clock.wall_ms,
        reason: circumstances.reason.clone(),
        circumstances,
        is_body_missing: body.is_none(),
    }
}

/// The fields of one entry, as if it were all that is known.
fn said_by(entry: &Entry, field: Option<&Spec>, reader: &Reader<'_>) -> Vec<FieldView> {
    let header = &entry.header;
    let Some(body) = &entry.body else {
        return Vec::new();
    };
    let Some(mut alone) = fold(
        header.subject,
        std::slice::from_ref(entry),
        &Counting::default(),
    ) else {
        return Vec::new();
    };
    alone.fields = body
        .fields
        .0
        .iter()
        .map(|(number, value)| {
            let head = Head {
                entry: entry.id,
                device: header.device,
                lamport: header.order(),
                operator: body.operator,
                wall_ms: header.clock.wall_ms,
                value: value.clone(),
            };
            (*number, vec![head])
        })
        .collect();
    let specs = nouns::noun(header.kind).map_or(&[][..], |noun| noun.fields);
    let wanted = |spec: &&'static Spec| field.is_none_or(|field| field.number == spec.number);
    let views = specs.iter().filter(wanted);
    views
        .filter_map(|spec| FieldView::of(spec, &alone, reader))
        .collect()
}
