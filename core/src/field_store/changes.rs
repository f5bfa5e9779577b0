//! What changed since somebody last asked: for screens, which then ask again for what they show.
//!
//! Owns the list of changed subjects, bounded. Tells nobody by itself: no room of the core calls out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use super::{FieldStore, Open};
use crate::model::ids::SubjectId;
use crate::vocabulary::Kind;

/// More changed subjects than a screen shows: it had better ask for everything again.
const CHANGED_MAX: usize = 100;

/// What changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Changed subjects, each with what it is; empty if there are too many to name.
    pub subjects: BTreeMap<SubjectId, Kind>,
    /// Kinds among them; complete even if the subjects are not.
    pub kinds: BTreeSet<Kind>,
    /// Too many to name.
    pub is_overflowing: bool,
    /// What the status says may have changed: counts, receipts, lock.
    pub has_status: bool,
}

impl Changes {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty() && !self.has_status
    }

    /// Adds later changes to earlier ones.
    pub fn add(&mut self, later: Self) {
        self.kinds.extend(later.kinds);
        self.subjects.extend(later.subjects);
        self.is_overflowing |= later.is_overflowing || self.subjects.len() > CHANGED_MAX;
        self.has_status |= later.has_status;
        if self.is_overflowing {
            self.subjects.clear();
        }
    }
}

impl FieldStore {
    /// Gives what changed since the last call, and forgets it.
    #[must_use]
    pub fn take_changes(&self) -> Changes {
        std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn note_changed(&self, open: &Open, subjects: Vec<SubjectId>) {
        let index = open.index();
        let known = subjects.into_iter().filter_map(|subject| {
            // A change whose kind cannot be read is not worth an error: the list that holds it fails by itself.
            let kind = index.kind_of(subject).ok().flatten()?;
            Some((subject, kind))
        });
        let subjects: BTreeMap<_, _> = known.collect();
        drop(index);
        let kinds = subjects.values().copied().collect();
        self.note(Changes {
            subjects,
            kinds,
            ..Changes::default()
        });
    }

    pub(super) fn note_status_changed(&self) {
        self.note(Changes {
            has_status: true,
            ..Changes::default()
        });
    }

    fn note(&self, later: Changes) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.add(later);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    fn changed(numbers: std::ops::Range<u8>) -> Changes {
        let subject = |number| (SubjectId([number; 16]), Kind::Grave);
        Changes {
            subjects: numbers.map(subject).collect(),
            kinds: [Kind::Grave].into(),
            ..Changes::default()
        }
    }

    #[test]
    fn more_changes_than_a_screen_shows_are_not_named_one_by_one() {
        let mut changes = changed(0..100);
        assert_eq!(
            (changes.subjects.len(), changes.is_overflowing),
            (100, false)
        );
        changes.add(changed(0..100));
        assert!(!changes.is_overflowing, "the same again is no more");
        changes.add(changed(100..101));
        assert!(changes.is_overflowing && changes.subjects.is_empty());
        assert_eq!(changes.kinds, [Kind::Grave].into());
    }

    #[test]
    fn a_hundred_thousand_changes_that_nobody_takes_cost_no_memory() {
        let mut changes = Changes::default();
        for number in 0..100_000_u32 {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&number.to_be_bytes());
            changes.add(Changes {
                subjects: [(SubjectId(id), Kind::Photo)].into(),
                kinds: [Kind::Photo].into(),
                ..Changes::default()
            });
            assert!(changes.subjects.len() <= CHANGED_MAX);
        }
        assert!(changes.is_overflowing);
    }
}
