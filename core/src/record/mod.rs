//! Draft → entry → View, a file per noun: what a person says becomes one entry, what all entries say becomes one view.
//!
//! Owns the meaning of every field number of formats.md §4. Does not store, fold or list. Rule 0: what has physically happened can always be recorded; only
//! malformed data and the re-use of a code are refused here.

mod clearance;
mod draft;
mod form;
mod grave;
mod hint;
mod history;
mod marker;
mod numbering;
mod operator;
mod photo;
mod photo_facts;
mod remains;
mod site;
#[cfg(test)]
mod every_noun_tests;
#[cfg(test)]
mod pinned_tests;
#[cfg(test)]
mod write_tests;
mod text;
mod typed;
mod view;
mod write;

pub use clearance::{clearance_of, is_expert};
pub use draft::{AnyDraft, Draft, DraftFinding};
pub use form::{
    Choice, Editor, Form, FormCondition, FormField, FormPath, FormSection, choices, form,
};
pub use grave::{GraveDraft, GraveView, create_grave};
pub use hint::{HintDraft, HintPart, HintView, create_hint};
pub use history::{EntryAct, HistoryEntry, history};
pub use marker::{MarkerDraft, MarkerView, create_marker, linked_marker};
pub use numbering::{Series, is_number_foreign};
pub use operator::{OperatorDraft, OperatorView, create_operator};
pub use photo::{PhotoView, assign_photo};
pub use photo_facts::PhotoFacts;
pub use remains::{RemainsDraft, RemainsView, create_remains};
pub use site::{SiteDraft, SiteView, create_site};
pub(crate) use text::{NAME_BYTES_MAX, owed};
pub use typed::Of;
pub use view::{
    FieldView, Names, RIVALS_MAX, Reader, RecordMarks, RecordSummary, RecordView, Saying,
    SectionView,
};
pub use write::{Ending, Issuing, Recorded, amend, end, link, link_id, record, resolve};

use serde::Serialize;
use thiserror::Error;

use crate::merge::{Folded, Standing};
use crate::model::codes::CodeError;
use crate::model::ids::{DeviceId, SubjectId};
use crate::nouns;
use crate::store::StoreError;
use crate::vocabulary::Language;

/// Why nothing was recorded.
#[derive(Debug, Error)]
pub enum RecordError {
    /// A field does not hold what it must.
    #[error("{field}: {reason}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Fields do not hold what they must: everything that is wrong.
    #[error("{}", first_of(.0))]
    Findings(Vec<DraftFinding>),
    /// A change that changes nothing.
    #[error("nothing was said")]
    NothingSaid,
    /// Nothing of this name is recorded.
    #[error("{kind} is none of: {}", kinds())]
    NoSuchKind {
        /// The name.
        kind: String,
    },
    /// These two cannot be linked.
    #[error("a {one} is not linked to a {other}")]
    NoSuchLink {
        /// One.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// What was shown stands no more: look again.
    #[error("{field} has changed since it was shown: look again")]
    Changed {
        /// Which field.
        field: &'static str,
    },
    /// A code is not one.
    #[error("code refused: {0}")]
    Code(#[from] CodeError),
    /// The code stands for another thing already: scan it to attach, do not create it again.
    #[error("code {code} is in use already")]
    CodeInUse {
        /// The code.
        code: String,
    },
    /// What the record hangs on is not known here.
    #[error("no {what} with this id is known here")]
    NotFound {
        /// What was sought.
        what: &'static str,
    },
    /// The store refused or failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// All findings in one line, for a terminal.
fn first_of(findings: &[DraftFinding]) -> String {
    let texts = findings.iter().map(|finding| {
        let text = finding.fault.text(Language::English);
        format!("{}: {text}", finding.field)
    });
    texts.collect::<Vec<_>>().join("; ")
}

fn kinds() -> String {
    let names: Vec<&str> = nouns::ALL.iter().map(|noun| noun.kind.name()).collect();
    names.join(", ")
}

impl From<std::io::Error> for RecordError {
    fn from(error: std::io::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What every view says about its record as such.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordState {
    /// Numbers of fields with more than one distinct value: both are kept until a person resolves it.
    pub conflicts: Vec<u64>,
    /// Two devices made it under one code.
    pub is_created_twice: bool,
    /// Why it was withdrawn or voided, if it was.
    pub ended: Option<String>,
    /// The recording device's clock at the first known entry, ms since 1970 UTC, as claimed.
    pub recorded_ms: i64,
    /// The devices that made it, the first one first.
    pub recorded_by: Vec<DeviceId>,
    /// Who recorded the first known entry, if that was said.
    pub operator: Option<SubjectId>,
}

/// Why a record or link no longer stands; absent: it does.
#[must_use]
pub fn ended_reason(folded: &Folded) -> Option<String> {
    match &folded.standing {
        Standing::Stands => None,
        Standing::Withdrawn(reason) | Standing::Void(reason) => Some(reason.clone()),
    }
}

impl RecordState {
    fn of(folded: &Folded) -> Self {
        Self {
            conflicts: folded.conflicts(),
            is_created_twice: folded.is_created_twice(),
            ended: ended_reason(folded),
            recorded_ms: folded.first_wall_ms,
            recorded_by: folded.creates.iter().map(|(_, device)| *device).collect(),
            operator: folded.operator,
        }
    }
}
