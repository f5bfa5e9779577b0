//! Words for people: in both languages where a verb answers, in the reader's where a screen is read.

use imena_core::{nouns, vocabulary as core};

use crate::error::CoreError;

/// The language of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Language {
    /// English.
    English,
    /// Ukrainian.
    Ukrainian,
}

/// A code and its words in the reader's language.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Choice {
    /// The code that stands in records; drafts take it.
    pub code: String,
    /// Its words.
    pub label: String,
}

/// A term in both languages.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Term {
    /// The code that stands in records.
    pub code: String,
    /// English.
    pub en: String,
    /// Ukrainian.
    pub uk: String,
}

/// Every term of a vocabulary, in the order of the screen. Answers at once.
///
/// # Errors
/// `Invalid` names the vocabularies there are.
#[uniffi::export]
pub fn list_terms(vocabulary: &str, language: Language) -> Result<Vec<Choice>, CoreError> {
    let lists = nouns::vocabularies();
    let list = lists.iter().find(|list| list.code == vocabulary);
    let list = list.ok_or_else(|| {
        let codes: Vec<&str> = lists.iter().map(|list| list.code).collect();
        CoreError::invalid("vocabulary", &format!("is none of: {}", codes.join(", ")))
    })?;
    let choice = |term: &core::TermRow| Choice::of(term.code, term.words, language);
    Ok(list.terms.iter().map(choice).collect())
}

/// Every kind of record that a person makes by a form, in the order of menus. Answers at once.
#[uniffi::export]
#[must_use]
pub fn list_kinds(language: Language) -> Vec<Choice> {
    let asked = nouns::ALL.iter().filter(|noun| noun.is_asked_for());
    let choice = |noun: &&nouns::Noun| Choice::of(noun.kind.name(), noun.words, language);
    asked.map(choice).collect()
}

impl Choice {
    pub(crate) fn of(code: &str, words: core::Words, language: Language) -> Self {
        Self {
            code: code.to_owned(),
            label: words.in_language(language.into()).to_owned(),
        }
    }

    pub(crate) fn of_term(term: core::Term, language: Language) -> Self {
        let core::Term { code, en, uk } = term;
        let label = match language {
            Language::English => en,
            Language::Ukrainian => uk,
        };
        Self { code, label }
    }
}

impl From<Language> for core::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::English => Self::English,
            Language::Ukrainian => Self::Ukrainian,
        }
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
