//! A draft as its record will look: for a screen that asks "is it so?", and for pictures of screens without a vault.

use super::AnyDraft;
use super::view::{NoNames, Reader, RecordView};
use crate::encoding::Hash32;
use crate::merge::{Folded, Head};
use crate::model::ids::{DeviceId, EntryId, SubjectId};
use crate::nouns::Sensitivity;
use crate::vocabulary::Language;

/// What a draft says, as if it stood alone, as far as it may be recorded; everything of it may be read, for whoever drafts it said it.
#[must_use]
pub fn preview(draft: &AnyDraft, language: Language) -> RecordView {
    let nowhere = Hash32([0; 32]);
    let head = |value| Head {
        entry: EntryId(nowhere),
        device: DeviceId(nowhere),
        lamport: 0,
        operator: None,
        wall_ms: 0,
        value,
    };
    let mut folded = Folded::unknown(SubjectId([0; 16]), draft.noun().kind);
    let heads = draft.said().0.into_iter();
    folded.fields = heads
        .map(|(number, value)| (number, vec![head(value)]))
        .collect();
    let reader = Reader {
        language,
        clearance: Sensitivity::Restricted,
        roster: None,
        names: &NoNames,
    };
    RecordView::of(&folded, &reader)
}
