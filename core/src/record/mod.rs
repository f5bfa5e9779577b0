//! Draft → entry → View, for every noun by its table: what a person says becomes one entry, what all entries say becomes one view.
//!
//! Owns the verbs and the views. Does not list fields (`nouns/`), store, fold or list records. Rule 0: what has physically happened can always be recorded; only
//! malformed data and the re-use of a code are refused here.

mod clearance;
mod draft;
mod form;
mod history;
mod numbering;
mod page;
mod photo;
mod preview;
#[cfg(test)]
mod every_noun_tests;
#[cfg(test)]
mod pinned_tests;
#[cfg(test)]
mod write_tests;
mod typed;
mod view;
mod write;

pub use clearance::{clearance_of, is_expert};
pub use draft::{AnyDraft, Draft, DraftFinding};
pub use form::{
    Choice, Editor, Form, FormCondition, FormField, FormPath, FormSection, choices, form,
};
pub use history::{EntryAct, HistoryEntry, history};
pub use numbering::{Series, is_number_foreign};
pub use page::{
    KnownNames, LinkView, RecordPage, RecordRow, device_name, list_records, record_page,
    search_records,
};
pub(crate) use photo::photo_owner;
pub use photo::{PhotoView, assign_photo};
pub use preview::preview;
pub use typed::Of;
pub use view::{
    Author, FieldView, Names, RIVALS_MAX, Reader, RecordMarks, RecordSummary, RecordView, Saying,
    SectionView,
};
pub use write::{Ending, Issuing, Recorded, amend, end, link, link_id, record, resolve};

use thiserror::Error;

use crate::merge::{Folded, Standing};
use crate::model::codes::CodeError;
use crate::nouns::{self, Fault};
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

impl RecordError {
    /// Refused for one field.
    pub(crate) fn at(field: &str, fault: Fault) -> Self {
        let field = field.to_owned();
        Self::Findings(vec![DraftFinding { field, fault }])
    }
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

/// Why a record or link no longer stands; absent: it does.
#[must_use]
pub fn ended_reason(folded: &Folded) -> Option<String> {
    match &folded.standing {
        Standing::Stands => None,
        Standing::Withdrawn(reason) | Standing::Void(reason) => Some(reason.clone()),
    }
}
