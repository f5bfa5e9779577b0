//! Draft → entry → View, a file per noun: what a person says becomes one entry, what all entries say becomes one view.
//!
//! Owns the meaning of every field number of formats.md §4. Does not store, fold or list. Rule 0: what has physically happened can always be recorded; only
//! malformed data and the re-use of a code are refused here.

mod grave;
mod hint;
mod marker;
mod operator;
mod photo;
mod photo_facts;
mod remains;
mod site;
mod text;

pub use grave::{GraveDraft, GraveView, create_grave};
pub use hint::{HintDraft, HintPart, HintView, create_hint};
pub use marker::{MarkerDraft, MarkerView, create_marker, linked_marker};
pub use operator::{OperatorDraft, OperatorView, create_operator};
pub use photo::{PhotoView, assign_photo};
pub use photo_facts::PhotoFacts;
pub use remains::{RemainsDraft, RemainsView, create_remains};
pub use site::{SiteDraft, SiteView, create_site};
pub(crate) use text::{NAME_BYTES_MAX, owed};

use serde::Serialize;
use thiserror::Error;

use crate::merge::{Folded, Standing};
use crate::model::codes::CodeError;
use crate::store::StoreError;

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
}

impl RecordState {
    fn of(folded: &Folded) -> Self {
        let ended = match &folded.standing {
            Standing::Stands => None,
            Standing::Withdrawn(reason) | Standing::Void(reason) => Some(reason.clone()),
        };
        Self {
            conflicts: folded.conflicts(),
            is_created_twice: folded.is_created_twice(),
            ended,
            recorded_ms: folded.first_wall_ms,
        }
    }
}
