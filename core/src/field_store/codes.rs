//! From a code that was scanned or typed to the record that it stands for.

use super::{Error, FieldStore};
use crate::model::codes::parse;
use crate::model::ids::{SubjectId, SubjectRef};
use crate::nouns;
use crate::record::RecordError;

/// What a code stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCode {
    /// The record; its id follows from the code, whether or not an entry of it has come yet.
    pub subject: SubjectRef,
    /// The code as it is printed.
    pub code: String,
    /// Whether an entry of it is known here.
    pub is_known: bool,
    /// A letter was read as the one that the check characters ask for: a person must compare it with the label.
    pub is_guessed: bool,
}

impl FieldStore {
    /// Reads a code as people type and scanners give it.
    ///
    /// # Errors
    /// `Locked`; `Record`: it is no code, or of a kind that is not recorded here.
    pub fn find_code(&self, typed: &str) -> Result<FoundCode, Error> {
        let parsed = parse(typed).map_err(RecordError::from)?;
        let noun = nouns::noun_of_code(&parsed.code).ok_or_else(|| RecordError::Invalid {
            field: "code",
            reason: "is the code of nothing that is recorded here".to_owned(),
        })?;
        let kind = noun.kind;
        let canonical = parsed.code.canonical_without_check();
        let id = SubjectId::of_code(self.join.org, kind, &canonical);
        let is_known = self.with_open(|open| Ok(open.index().kind_of(id)?.is_some()))?;
        Ok(FoundCode {
            subject: SubjectRef { kind, id },
            code: parsed.code.to_string(),
            is_known,
            is_guessed: parsed.is_guessed,
        })
    }
}
