//! A value as it crosses: one closed enum for every field of every noun, so that every editor is total.

use imena_core::model::letters;
use imena_core::nouns as core;
use imena_core::vocabulary::HintPartRole;

use crate::error::CoreError;
use crate::subject::SubjectRef;

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum FieldValue {
    /// Nothing is said any more: what was said before is taken back.
    Nothing,
    /// Why there is no value.
    Gap {
        /// A code of the vocabulary `gap`.
        code: String,
    },
    /// Verbatim.
    Text {
        /// `…` for a lost part, `[?]` behind a doubtful letter.
        text: String,
    },
    /// One of a list.
    Term {
        /// Its code.
        code: String,
    },
    /// Several of a list.
    Terms {
        /// Their codes.
        codes: Vec<String>,
    },
    /// A whole number.
    Number {
        /// In the unit of the field.
        number: i64,
    },
    /// A date of which parts may be unknown.
    Date {
        /// EDTF level 1: `1987`, `1987-05`, `198X`, `1987-05-02?`.
        edtf: String,
    },
    /// A record.
    Reference {
        /// Which one.
        subject: SubjectRef,
    },
    /// Several records.
    References {
        /// Which ones.
        subjects: Vec<SubjectRef>,
    },
    /// A possible name.
    Names {
        /// Its parts.
        parts: Vec<NamePart>,
    },
    /// What stands on a label.
    Code {
        /// As typed or scanned; as printed where it is read.
        code: String,
    },
    /// What only a verb writes, or a newer version wrote; never taken.
    Other {
        /// As far as it can be shown.
        text: String,
    },
}

/// A part of a possible name.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NamePart {
    /// What it may be, a code of the vocabulary `hint_part_role`.
    pub role_code: String,
    /// Its letters with the marks of loss and doubt: `Nesteren…`, `Iv[?]n`.
    pub marked_text: String,
}

/// What the marks in a text say.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct MarkedLetters {
    /// The letters that are there, without marks.
    pub letters: String,
    /// Letters are lost before them.
    pub is_cut_left: bool,
    /// Letters are lost after them.
    pub is_cut_right: bool,
    /// Some are doubtful.
    pub is_doubtful: bool,
}

/// Reads the marks of loss and doubt in a text. Answers at once.
#[uniffi::export]
#[must_use]
pub fn read_letters(marked_text: &str) -> MarkedLetters {
    let marked = letters::marked(marked_text);
    MarkedLetters {
        letters: letters::plain(&marked),
        is_cut_left: letters::is_cut_left(&marked),
        is_cut_right: letters::is_cut_right(&marked),
        is_doubtful: letters::is_doubtful(&marked),
    }
}

impl FieldValue {
    /// Reads a value; what it may be is the core's to say.
    pub(crate) fn read(self, field: &str) -> Result<core::FieldValue, CoreError> {
        Ok(match self {
            Self::Nothing => core::FieldValue::Nothing,
            Self::Gap { code } => core::FieldValue::Gap(code),
            Self::Text { text } => core::FieldValue::Text(text),
            Self::Term { code } => core::FieldValue::Term(code),
            Self::Terms { codes } => core::FieldValue::Terms(codes),
            Self::Number { number } => core::FieldValue::Number(number),
            Self::Date { edtf } => core::FieldValue::Date(edtf),
            Self::Reference { subject } => core::FieldValue::Reference(subject.read(field)?),
            Self::References { subjects } => {
                let subjects = subjects.iter().map(|subject| subject.read(field));
                core::FieldValue::References(subjects.collect::<Result<_, _>>()?)
            }
            Self::Names { parts } => {
                core::FieldValue::Names(parts.iter().map(NamePart::read).collect())
            }
            Self::Code { code } => core::FieldValue::Code(code),
            Self::Other { text } => core::FieldValue::Other(text),
        })
    }
}

impl NamePart {
    fn read(&self) -> core::NamePart {
        core::NamePart::from_marked(HintPartRole::from_code(&self.role_code), &self.marked_text)
    }
}

impl From<core::FieldValue> for FieldValue {
    fn from(value: core::FieldValue) -> Self {
        match value {
            core::FieldValue::Nothing => Self::Nothing,
            core::FieldValue::Gap(code) => Self::Gap { code },
            core::FieldValue::Text(text) => Self::Text { text },
            core::FieldValue::Term(code) => Self::Term { code },
            core::FieldValue::Terms(codes) => Self::Terms { codes },
            core::FieldValue::Number(number) => Self::Number { number },
            core::FieldValue::Date(edtf) => Self::Date { edtf },
            core::FieldValue::Reference(subject) => Self::Reference {
                subject: subject.into(),
            },
            core::FieldValue::References(subjects) => Self::References {
                subjects: subjects.into_iter().map(SubjectRef::from).collect(),
            },
            core::FieldValue::Names(parts) => Self::Names {
                parts: parts.into_iter().map(NamePart::from).collect(),
            },
            core::FieldValue::Code(code) => Self::Code { code },
            core::FieldValue::Other(text) => Self::Other { text },
        }
    }
}

impl From<core::NamePart> for NamePart {
    fn from(part: core::NamePart) -> Self {
        Self {
            role_code: part.role.code().to_owned(),
            marked_text: part.marked,
        }
    }
}
