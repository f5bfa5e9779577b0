//! What is spoken of: a kind by its word, and an id.

use imena_core::model::ids::{self, SubjectId};
use imena_core::nouns;

use crate::error::CoreError;

/// A record together with what it is.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SubjectRef {
    /// What it is, by the word of the formats: `grave`, `remains`, `person_hint`. Notices name links and happenings too.
    pub kind: String,
    /// Which one.
    pub id: String,
}

/// Reads an id; a text that is none is the id of nothing.
pub fn id_of(entity: &str, text: &str) -> Result<SubjectId, CoreError> {
    SubjectId::parse(text).ok_or_else(|| CoreError::not_found(entity, text))
}

impl SubjectRef {
    /// Reads what something is of.
    pub(crate) fn read(&self, field: &str) -> Result<ids::SubjectRef, CoreError> {
        let noun = nouns::noun_of_name(&self.kind);
        let noun = noun.ok_or_else(|| {
            CoreError::invalid(
                field,
                &format!("{} is nothing that owns records", self.kind),
            )
        })?;
        let id = id_of(field, &self.id)?;
        Ok(ids::SubjectRef {
            kind: noun.kind,
            id,
        })
    }
}

impl From<ids::SubjectRef> for SubjectRef {
    fn from(subject: ids::SubjectRef) -> Self {
        Self {
            kind: subject.kind.name().to_owned(),
            id: subject.id.to_string(),
        }
    }
}
