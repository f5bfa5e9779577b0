//! What a form asks of a noun, read from its table: sections, fields, one editor a type.

use crate::nouns::{Asked, Noun, Section, Sensitivity, Shape, Spec};
use crate::vocabulary::{Coded as _, Gap, Language, TermRow};

/// Whose form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormPath {
    /// What everybody is asked.
    Rescuer,
    /// What experts are asked besides.
    Expert,
}

/// A code and its words in the reader's language.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Choice {
    /// The code.
    pub code: String,
    /// Its words.
    pub label: String,
}

/// How a value is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Editor {
    /// One line of text.
    Line {
        /// In UTF-8.
        bytes_max: usize,
    },
    /// Several lines.
    Page {
        /// In UTF-8.
        bytes_max: usize,
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
        unit_label: &'static str,
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A date of which parts may be unknown.
    PartialDate,
    /// A record of one of these kinds.
    Subject {
        /// Their names.
        kinds: Vec<&'static str>,
    },
    /// Records of one of these kinds.
    Subjects {
        /// Their names.
        kinds: Vec<&'static str>,
        /// How many at most.
        count_max: usize,
    },
    /// Parts of a name, each with what it may be.
    NameParts {
        /// What a part may be.
        roles: Vec<Choice>,
    },
    /// A code: scanned, typed, or left to the program.
    Label {
        /// Its spelling.
        form: &'static str,
    },
    /// Nothing to enter: a verb writes it.
    Closed,
}

/// When a field is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormCondition {
    /// If this field
    pub field: &'static str,
    /// says one of these.
    pub codes: Vec<&'static str>,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormField {
    /// Code of the field.
    pub code: &'static str,
    /// Its words.
    pub label: &'static str,
    /// More words.
    pub help: Option<&'static str>,
    /// The paragraph of a standard; empty: our own.
    pub source: &'static str,
    /// How it is entered.
    pub editor: Editor,
    /// A record without it is refused.
    pub is_owed: bool,
    /// What may be said in place of a value.
    pub gaps: Vec<Choice>,
    /// When it is asked for; absent: always.
    pub condition: Option<FormCondition>,
}

/// Questions that stand together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormSection {
    /// Its code.
    pub code: &'static str,
    /// Its heading.
    pub label: &'static str,
    /// In their order.
    pub fields: Vec<FormField>,
}

/// All questions about a noun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Name of the kind.
    pub kind: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// In the order of the table.
    pub sections: Vec<FormSection>,
    /// Kinds of records that a draft may be linked to.
    pub link_kinds: Vec<&'static str>,
}

/// The form of a noun on a path.
#[must_use]
pub fn form(noun: &'static Noun, path: FormPath, language: Language) -> Form {
    let mut sections: Vec<(Section, Vec<FormField>)> = Vec::new();
    for spec in noun.fields.iter().filter(|spec| is_asked(spec, path)) {
        let field = question(noun, spec, language);
        match sections
            .iter_mut()
            .find(|(known, _)| *known == spec.section)
        {
            Some((_, fields)) => fields.push(field),
            None => sections.push((spec.section, vec![field])),
        }
    }
    let section = |(section, fields): (Section, Vec<FormField>)| FormSection {
        code: section.code(),
        label: section.words().in_language(language),
        fields,
    };
    Form {
        kind: noun.kind.name(),
        title: noun.words.in_language(language),
        sections: sections.into_iter().map(section).collect(),
        link_kinds: noun.links.iter().map(|link| link.other.name()).collect(),
    }
}

/// Nobody is asked for what they may not see.
fn is_asked(spec: &Spec, path: FormPath) -> bool {
    match (path, spec.asked) {
        (_, Asked::Nobody) | (FormPath::Rescuer, Asked::Experts) => false,
        (FormPath::Rescuer, Asked::Everybody) => spec.sensitivity < Sensitivity::Restricted,
        (FormPath::Expert, Asked::Everybody | Asked::Experts) => true,
    }
}

fn question(noun: &'static Noun, spec: &'static Spec, language: Language) -> FormField {
    let condition = spec.when.and_then(|(number, codes)| {
        let (field, codes) = (noun.field(number)?.code, codes.to_vec());
        Some(FormCondition { field, codes })
    });
    FormField {
        code: spec.code,
        label: spec.words.in_language(language),
        help: spec.help.map(|help| help.in_language(language)),
        source: spec.source,
        editor: editor(spec, language),
        is_owed: spec.is_owed,
        gaps: match spec.has_gaps() {
            true => choices(Gap::VOCABULARY.terms, language),
            false => Vec::new(),
        },
        condition,
    }
}

/// How a value of a field is entered.
#[must_use]
pub fn editor(spec: &Spec, language: Language) -> Editor {
    let names = || spec.shape.kinds().iter().map(|kind| kind.name()).collect();
    match spec.shape {
        Shape::Text { bytes_max, is_long } => match is_long {
            true => Editor::Page { bytes_max },
            false => Editor::Line { bytes_max },
        },
        Shape::PlaceCode => Editor::Line {
            bytes_max: crate::model::codes::PLACE_CHARS_MAX,
        },
        Shape::Term(list) => Editor::OneOf {
            choices: choices(list.terms, language),
        },
        Shape::Terms(list) => Editor::SeveralOf {
            choices: choices(list.terms, language),
        },
        Shape::Number { unit, min, max } => Editor::Number {
            unit_label: unit.label(language),
            min,
            max,
        },
        Shape::Date => Editor::PartialDate,
        Shape::Reference { .. } | Shape::Owner { .. } => Editor::Subject { kinds: names() },
        Shape::References { count_max, .. } => Editor::Subjects {
            kinds: names(),
            count_max,
        },
        Shape::NameParts => Editor::NameParts {
            roles: choices(
                spec.shape.vocabulary().map_or(&[], |list| list.terms),
                language,
            ),
        },
        Shape::Code { form, .. } => Editor::Label { form: form.code() },
        Shape::Bytes | Shape::Texts | Shape::Facts | Shape::FileName => Editor::Closed,
    }
}

/// Terms in a language.
#[must_use]
pub fn choices(terms: &[TermRow], language: Language) -> Vec<Choice> {
    let choice = |term: &TermRow| Choice {
        code: term.code.to_owned(),
        label: term.words.in_language(language).to_owned(),
    };
    terms.iter().map(choice).collect()
}
