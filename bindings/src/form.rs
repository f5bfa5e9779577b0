//! Forms: what a screen asks of a kind of record, read from its table.

use imena_core::record::{self as core, AnyDraft};

use crate::error::CoreError;
use crate::term::{Choice, Language};

/// Whose form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum FormPath {
    /// What everybody is asked.
    Rescuer,
    /// What experts are asked besides.
    Expert,
}

/// How a value is entered.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Editor {
    /// One line of text.
    Line {
        /// In UTF-8.
        bytes_max: i32,
    },
    /// Several lines.
    Page {
        /// In UTF-8.
        bytes_max: i32,
    },
    /// One of these.
    OneOf {
        /// In their order.
        choices: Vec<Choice>,
    },
    /// Any of these.
    SeveralOf {
        /// In their order.
        choices: Vec<Choice>,
    },
    /// A whole number.
    Number {
        /// What stands behind it.
        unit_label: String,
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A date of which parts may be unknown.
    PartialDate,
    /// A record of one of these kinds.
    Subject {
        /// By their words.
        kinds: Vec<String>,
    },
    /// Records of one of these kinds.
    Subjects {
        /// By their words.
        kinds: Vec<String>,
        /// How many at most.
        count_max: i32,
    },
    /// Parts of a name.
    NameParts {
        /// What a part may be.
        roles: Vec<Choice>,
    },
    /// A code: scanned, typed, or left to the core.
    Label {
        /// What it is the code of.
        form: String,
    },
    /// Nothing to enter: a verb writes it.
    Closed,
}

/// When a field is asked for; whatever it says, the field may be recorded.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FormCondition {
    /// If this field
    pub field: String,
    /// says one of these.
    pub codes: Vec<String>,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FormField {
    /// Code of the field, the key of a draft.
    pub code: String,
    /// Its words.
    pub label: String,
    /// More words; absent: there are none.
    pub help: Option<String>,
    /// The paragraph of a standard; empty: our own.
    pub source: String,
    /// How it is entered.
    pub editor: Editor,
    /// A record without it is refused; a gap says it too.
    pub is_owed: bool,
    /// What may be said in place of a value.
    pub gaps: Vec<Choice>,
    /// When it is asked for; absent: always.
    pub condition: Option<FormCondition>,
}

/// Questions that stand together.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FormSection {
    /// Its code.
    pub code: String,
    /// Its heading.
    pub label: String,
    /// In their order.
    pub fields: Vec<FormField>,
}

/// All questions about a kind of record.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RecordForm {
    /// The kind.
    pub kind: String,
    /// What it is called.
    pub title: String,
    /// In the order of the screen.
    pub sections: Vec<FormSection>,
    /// Kinds of records that a draft may be linked to.
    pub link_kinds: Vec<String>,
}

/// The form of a kind of record on a path. Answers at once.
///
/// # Errors
/// `Invalid` names the kinds there are.
#[uniffi::export]
pub fn form(kind: &str, path: FormPath, language: Language) -> Result<RecordForm, CoreError> {
    let draft = AnyDraft::named(kind)?;
    let path = match path {
        FormPath::Rescuer => core::FormPath::Rescuer,
        FormPath::Expert => core::FormPath::Expert,
    };
    Ok(core::form(draft.noun(), path, language.into()).into())
}

impl From<core::Form> for RecordForm {
    fn from(form: core::Form) -> Self {
        Self {
            kind: form.kind.to_owned(),
            title: form.title.to_owned(),
            sections: form.sections.into_iter().map(FormSection::from).collect(),
            link_kinds: owned(&form.link_kinds),
        }
    }
}

impl From<core::FormSection> for FormSection {
    fn from(section: core::FormSection) -> Self {
        Self {
            code: section.code.to_owned(),
            label: section.label.to_owned(),
            fields: section.fields.into_iter().map(FormField::from).collect(),
        }
    }
}

impl From<core::FormField> for FormField {
    fn from(field: core::FormField) -> Self {
        let condition = |condition: core::FormCondition| FormCondition {
            field: condition.field.to_owned(),
            codes: owned(&condition.codes),
        };
        Self {
            code: field.code.to_owned(),
            label: field.label.to_owned(),
            help: field.help.map(str::to_owned),
            source: field.source.to_owned(),
            editor: field.editor.into(),
            is_owed: field.is_owed,
            gaps: choices(field.gaps),
            condition: field.condition.map(condition),
        }
    }
}

impl From<core::Editor> for Editor {
    fn from(editor: core::Editor) -> Self {
        match editor {
            core::Editor::Line { bytes_max } => Self::Line {
                bytes_max: limit(bytes_max),
            },
            core::Editor::Page { bytes_max } => Self::Page {
                bytes_max: limit(bytes_max),
            },
            core::Editor::OneOf { choices: all } => Self::OneOf {
                choices: choices(all),
            },
            core::Editor::SeveralOf { choices: all } => Self::SeveralOf {
                choices: choices(all),
            },
            core::Editor::Number {
                unit_label,
                min,
                max,
            } => Self::Number {
                unit_label: unit_label.to_owned(),
                min,
                max,
            },
            core::Editor::PartialDate => Self::PartialDate,
            core::Editor::Subject { kinds } => Self::Subject {
                kinds: owned(&kinds),
            },
            core::Editor::Subjects { kinds, count_max } => Self::Subjects {
                kinds: owned(&kinds),
                count_max: limit(count_max),
            },
            core::Editor::NameParts { roles } => Self::NameParts {
                roles: choices(roles),
            },
            core::Editor::Label { form } => Self::Label {
                form: form.to_owned(),
            },
            core::Editor::Closed => Self::Closed,
        }
    }
}

fn choices(all: Vec<core::Choice>) -> Vec<Choice> {
    let choice = |core::Choice { code, label }| Choice { code, label };
    all.into_iter().map(choice).collect()
}

fn owned(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

fn limit(most: usize) -> i32 {
    i32::try_from(most).unwrap_or(i32::MAX)
}
