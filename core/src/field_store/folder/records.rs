//! What the entries of a folder say, as the rule of merge gives it: values as bytes, so that another reader can compare them letter by letter.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::journal::Entry;
use crate::merge::{Counting, Folded, Standing, fold};
use crate::model::ids::{EntryId, SubjectId};
use crate::vocabulary::KindClass;

/// One noun or link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SubjectReport {
    /// Which one.
    pub subject: SubjectId,
    /// The number of its kind.
    pub kind: u64,
    /// `stands`, `withdrawn` or `void`.
    pub standing: &'static str,
    /// Fields whose heads contradict each other.
    pub conflicts: Vec<u64>,
    /// Fields with their heads, the one to show first.
    pub fields: Vec<FieldReport>,
    /// Entries that a newer version wrote.
    pub newer: u64,
    /// Entries whose bodies are absent.
    pub absent: u64,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldReport {
    /// Its number.
    pub field: u64,
    /// Its heads, the one to show first.
    pub heads: Vec<HeadReport>,
}

/// One value that nothing has superseded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeadReport {
    /// The entry that gave it.
    pub entry: EntryId,
    /// Its deterministic CBOR, hexadecimal.
    pub value: String,
}

/// Folds every noun and link, in the order of ids; happenings are told once and not shown.
pub(super) fn of(entries: &[Entry], counting: &Counting) -> Vec<SubjectReport> {
    let mut by_subject: BTreeMap<SubjectId, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        let same = by_subject.entry(entry.header.subject).or_default();
        same.push(entry.clone());
    }
    let folds = by_subject
        .iter()
        .filter_map(|(subject, entries)| fold(*subject, entries, counting));
    let shown = folds.filter(|folded| match folded.kind.class() {
        KindClass::Noun | KindClass::Link => true,
        KindClass::Happening => false,
    });
    shown.map(|folded| told(&folded)).collect()
}

fn told(folded: &Folded) -> SubjectReport {
    let fields = folded.fields.iter().map(|(field, heads)| FieldReport {
        field: *field,
        heads: heads
            .iter()
            .map(|head| HeadReport {
                entry: head.entry,
                value: data_encoding::HEXLOWER.encode(&head.value.encode()),
            })
            .collect(),
    });
    SubjectReport {
        subject: folded.subject,
        kind: folded.kind.number(),
        standing: match folded.standing {
            Standing::Stands => "stands",
            Standing::Withdrawn(_) => "withdrawn",
            Standing::Void(_) => "void",
        },
        conflicts: folded.conflicts(),
        fields: fields.collect(),
        newer: folded.newer,
        absent: folded.absent,
    }
}
