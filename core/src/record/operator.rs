//! Operator: who records. A device's key proves the phone, never the person.

use serde::Serialize;

use super::text::{NAME_BYTES_MAX, bounded, owed, shown};
use super::{RecordError, RecordState};
use crate::encoding::Map;
use crate::environment::Environment;
use crate::merge::Folded;
use crate::model::ids::SubjectId;
use crate::store::{OwnChain, Word};
use crate::vocabulary::{Kind, OperatorRole};

/// A new operator.
#[derive(Clone, Debug)]
pub struct OperatorDraft {
    /// Name or call sign.
    pub display_name: String,
    /// What they do.
    pub role: OperatorRole,
    /// For whom.
    pub organisation: String,
}

/// An operator as all known entries tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OperatorView {
    /// Which one.
    pub id: SubjectId,
    /// Name or call sign.
    pub display_name: String,
    /// What they do.
    pub role: OperatorRole,
    /// For whom.
    pub organisation: String,
    /// The record as such.
    pub record: RecordState,
}

impl OperatorView {
    /// Reads a fold.
    #[must_use]
    pub fn of(folded: &Folded) -> Self {
        Self {
            id: folded.subject,
            display_name: shown(folded, 1),
            role: OperatorRole::from_code(&shown(folded, 2)),
            organisation: shown(folded, 3),
            record: RecordState::of(folded),
        }
    }
}

/// Records an operator.
///
/// # Errors
/// `Invalid`, or the store's: nothing was recorded.
pub fn create_operator(
    environment: &Environment,
    chain: &OwnChain,
    draft: &OperatorDraft,
) -> Result<SubjectId, RecordError> {
    let fields = Map::new()
        .with(
            1,
            owed("display_name", &draft.display_name, NAME_BYTES_MAX)?,
        )
        .text(2, draft.role.code())
        .with(
            3,
            bounded("organisation", &draft.organisation, NAME_BYTES_MAX)?,
        );
    let subject = SubjectId::new(environment)?;
    chain.append_one(Word::create(Kind::Operator, subject, fields))?;
    Ok(subject)
}
