//! Terms: the code for logic, the words for people.

use imena_core::vocabulary as core;

use crate::error::CoreError;

/// A term of a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Term {
    /// The code that stands in records; drafts take it.
    pub code: String,
    /// English.
    pub en: String,
    /// Ukrainian.
    pub uk: String,
}

/// A list of terms that a screen offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Vocabulary {
    /// What a site is.
    SiteType,
    /// What a grave looks like from outside.
    GraveKind,
    /// What the text of a marker stands on.
    MarkerKind,
    /// How a marker stands.
    MarkerStatus,
    /// How a marker reads.
    MarkerReading,
    /// What one code stands for.
    RemainsKind,
    /// Where a possible name was read or heard.
    HintSource,
    /// How sure the reader was of the letters.
    HintConfidence,
    /// What a part of a possible name is.
    HintPartRole,
    /// Who records.
    OperatorRole,
    /// Shots of the list.
    Shot,
}

/// Every term of a vocabulary, in the order of the screen.
#[uniffi::export]
pub fn list_terms(vocabulary: Vocabulary) -> Vec<Term> {
    macro_rules! all {
        ($name:ident) => {
            core::$name::ALL
                .iter()
                .map(|term| term.term().into())
                .collect()
        };
    }
    match vocabulary {
        Vocabulary::SiteType => all!(SiteType),
        Vocabulary::GraveKind => all!(GraveKind),
        Vocabulary::MarkerKind => all!(MarkerKind),
        Vocabulary::MarkerStatus => all!(MarkerStatus),
        Vocabulary::MarkerReading => all!(MarkerReading),
        Vocabulary::RemainsKind => all!(RemainsKind),
        Vocabulary::HintSource => all!(HintSource),
        Vocabulary::HintConfidence => all!(HintConfidence),
        Vocabulary::HintPartRole => all!(HintPartRole),
        Vocabulary::OperatorRole => all!(OperatorRole),
        Vocabulary::Shot => all!(Shot),
    }
}

impl From<core::Term> for Term {
    fn from(term: core::Term) -> Self {
        let core::Term { code, en, uk } = term;
        Self { code, en, uk }
    }
}

/// Reads a code of a draft: only terms of this version can be chosen.
pub fn known<T>(
    field: &str,
    code: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, CoreError> {
    read(code).ok_or_else(|| CoreError::invalid(field, "is no term of this version"))
}

/// [`known`] for a code that may be absent.
pub fn known_some<T>(
    field: &str,
    code: Option<&String>,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, CoreError> {
    code.map(|code| known(field, code, read)).transpose()
}
