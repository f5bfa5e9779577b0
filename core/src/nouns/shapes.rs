//! What each type of value does: taken from a form, read from a typed text, checked, shown.
//!
//! The one place that asks what shape a field has. Invariant: a value that was recorded is shown again as it was said; what a newer version wrote is
//! shown as that, and never dropped.

use super::facts::{PhotoFact, PhotoFacts};
use super::fault::Fault;
use super::field::{LINE_BYTES_MAX, Spec};
use super::values::{CodeForm, NamePart, Parts, Said, Shape, Unit};
use crate::encoding::{Map, Value};
use crate::model::codes::{Code, PLACE_CHARS_MAX, PlaceCode, parse};
use crate::model::file_name::FileName;
use crate::model::ids::{SubjectId, SubjectRef};
use crate::model::{letters, moment};
use crate::vocabulary::{Coded as _, Gap, HintPartRole, Kind, Language};

/// More parts than a name, rank and unit have.
const PARTS_MAX: usize = 16;
/// Before a gap where values are typed: `?not_examined`.
const GAP_SIGN: char = '?';

/// A value as it crosses to screens and scripts, in and out; closed, so that every editor is total.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldValue {
    /// Nothing is said any more: what was said before is taken back.
    Nothing,
    /// Why there is no value: a code of the vocabulary `gap`.
    Gap(String),
    /// Verbatim.
    Text(String),
    /// A code.
    Term(String),
    /// Codes.
    Terms(Vec<String>),
    /// In the unit of the field.
    Number(i64),
    /// EDTF.
    Date(String),
    /// A record.
    Reference(SubjectRef),
    /// Records.
    References(Vec<SubjectRef>),
    /// Parts of a name.
    Names(Vec<NamePart>),
    /// What stands on a label.
    Code(String),
    /// What only a verb writes, or a newer version wrote, as far as it can be shown.
    Other(String),
}

/// Finds what a person calls by a code, a place or an id.
pub type Find<'a> = &'a dyn Fn(&str) -> Option<SubjectRef>;

impl Spec {
    /// Takes a value as a form gives it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn take(&self, given: &FieldValue) -> Result<Value, Fault> {
        let value = match (&self.shape, given) {
            (_, FieldValue::Nothing) => return Ok(Value::Null),
            (_, FieldValue::Gap(code)) => Gap::from_code(code).to_value(),
            (Shape::Text { .. } | Shape::PlaceCode, FieldValue::Text(text))
            | (Shape::Term(_), FieldValue::Term(text))
            | (Shape::Date, FieldValue::Date(text))
            | (Shape::Code { .. }, FieldValue::Code(text)) => Value::text(text),
            (Shape::Terms(_), FieldValue::Terms(codes)) => {
                Value::Array(codes.iter().map(Value::text).collect())
            }
            (Shape::Number { .. }, FieldValue::Number(number)) => Value::int(*number),
            (Shape::NameParts, FieldValue::Names(parts)) => Parts::to_value(parts),
            (Shape::Reference { kind }, FieldValue::Reference(subject)) => {
                fits(kind, subject.kind)?;
                subject.id.into()
            }
            (Shape::Owner { .. }, FieldValue::Reference(subject)) => (*subject).into(),
            (Shape::References { kind, .. }, FieldValue::References(subjects)) => {
                subjects
                    .iter()
                    .try_for_each(|subject| fits(kind, subject.kind))?;
                Value::Array(subjects.iter().map(|subject| subject.id.into()).collect())
            }
            (
                Shape::Text { .. }
                | Shape::PlaceCode
                | Shape::Term(_)
                | Shape::Terms(_)
                | Shape::Number { .. }
                | Shape::Date
                | Shape::Reference { .. }
                | Shape::Owner { .. }
                | Shape::References { .. }
                | Shape::NameParts
                | Shape::Code { .. }
                | Shape::Bytes
                | Shape::Texts
                | Shape::Facts
                | Shape::FileName,
                _,
            ) => return Err(self.other_type()),
        };
        self.accept(value)
    }

    /// Takes a value as it is typed in a terminal, a script or a cell: terms by their codes, lists with commas, parts of a name as `role=letters`, a
    /// gap behind `?`, nothing as nothing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn take_typed(&self, typed: &str, find: Find<'_>) -> Result<Value, Fault> {
        let found = |word: &str| find(word.trim()).ok_or(Fault::Unknown);
        let words = || {
            typed
                .split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty())
        };
        if let Some(code) = typed.trim().strip_prefix(GAP_SIGN) {
            let is_gap = Gap::known(code).is_some();
            let is_text = matches!(self.shape, Shape::Text { .. });
            if is_gap || !is_text {
                return self.take(&FieldValue::Gap(code.to_owned()));
            }
        }
        let given = match &self.shape {
            _ if typed.is_empty() => FieldValue::Nothing,
            Shape::Text { .. } => FieldValue::Text(typed.to_owned()),
            Shape::PlaceCode => FieldValue::Text(typed.trim().to_owned()),
            Shape::Term(_) => FieldValue::Term(typed.trim().to_owned()),
            Shape::Terms(_) => FieldValue::Terms(words().map(str::to_owned).collect()),
            Shape::Number { .. } => {
                let number = typed.trim().parse();
                FieldValue::Number(number.map_err(|_| Fault::NotANumber)?)
            }
            Shape::Date => FieldValue::Date(typed.trim().to_owned()),
            Shape::Code { .. } => FieldValue::Code(typed.to_owned()),
            Shape::Reference { .. } | Shape::Owner { .. } => FieldValue::Reference(found(typed)?),
            Shape::References { .. } => {
                FieldValue::References(words().map(found).collect::<Result<_, _>>()?)
            }
            Shape::NameParts => {
                FieldValue::Names(words().map(typed_part).collect::<Result<_, _>>()?)
            }
            Shape::Bytes | Shape::Texts | Shape::Facts | Shape::FileName => {
                FieldValue::Other(typed.to_owned())
            }
        };
        self.take(&given)
    }

    /// Checks a value that may be recorded and gives it in its one spelling. Only what is malformed is refused.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn accept(&self, value: Value) -> Result<Value, Fault> {
        if let Some(gap) = Gap::from_value(&value) {
            return match gap {
                _ if !self.has_gaps() => Err(Fault::Gapless),
                Gap::Other(_) => Err(Fault::NotAGap),
                Gap::NoneSeen
                | Gap::NotExamined
                | Gap::NotDetermined
                | Gap::NotApplicable
                | Gap::NotPossible => Ok(value),
            };
        }
        match (&self.shape, &value) {
            (_, Value::Null) => Ok(value),
            (Shape::Text { bytes_max, .. }, Value::Text(text)) => {
                bounded(text, *bytes_max)?;
                match self.is_owed && text.trim().is_empty() {
                    true => Err(Fault::Owed),
                    false => Ok(value),
                }
            }
            (Shape::PlaceCode, Value::Text(text)) => {
                let place = PlaceCode::new(text).map_err(Fault::Code)?;
                Ok(Value::text(place.as_str()))
            }
            (Shape::Term(_), Value::Text(code)) => self.known(code).map(|()| value),
            (Shape::Terms(_), Value::Array(all)) => {
                let mut codes = all.iter().map(|term| term.as_text().unwrap_or_default());
                codes.try_for_each(|code| self.known(code))?;
                let mut once: Vec<Value> = Vec::new();
                for term in all {
                    // Each is of the list, which bounds how many differ.
                    if !once.contains(term) {
                        once.push(term.clone());
                    }
                }
                Ok(Value::Array(once))
            }
            (Shape::Number { min, max, .. }, Value::Uint(_) | Value::Neg(_)) => {
                let (min, max) = (*min, *max);
                match value.as_int().filter(|number| (min..=max).contains(number)) {
                    Some(_) => Ok(value),
                    None => Err(Fault::NotBetween { min, max }),
                }
            }
            (Shape::Date, Value::Text(text)) if is_edtf(text) => Ok(value),
            (Shape::Date, _) => Err(Fault::NotADate),
            (Shape::Code { form, .. }, Value::Text(typed)) => {
                let code = parse(typed).map_err(Fault::Code)?.code;
                match form.fits(&code) {
                    true => Ok(value),
                    false => Err(Fault::CodeOfOther),
                }
            }
            (Shape::NameParts, _) => self.accept_parts(&value),
            (Shape::Reference { .. }, _) if SubjectId::from_value(&value).is_some() => Ok(value),
            (Shape::Owner { kinds }, _) => match SubjectRef::from_value(&value) {
                Some(subject) => fits(kinds, subject.kind).map(|()| value),
                None => Err(self.other_type()),
            },
            (Shape::References { count_max, .. }, Value::Array(all)) => {
                let count_max = *count_max;
                let are_ids = all.iter().all(|id| SubjectId::from_value(id).is_some());
                match () {
                    () if all.len() > count_max => Err(Fault::TooMany { count_max }),
                    () if !are_ids => Err(self.other_type()),
                    () => Ok(value),
                }
            }
            (Shape::Bytes, Value::Bytes(_))
            | (Shape::Texts, Value::Array(_))
            | (Shape::Facts, Value::Map(_))
            | (Shape::FileName, Value::Text(_) | Value::Bytes(_)) => Ok(value),
            (
                Shape::Text { .. }
                | Shape::PlaceCode
                | Shape::Term(_)
                | Shape::Terms(_)
                | Shape::Number { .. }
                | Shape::Reference { .. }
                | Shape::References { .. }
                | Shape::Code { .. }
                | Shape::Bytes
                | Shape::Texts
                | Shape::Facts
                | Shape::FileName,
                _,
            ) => Err(self.other_type()),
        }
    }

    /// Whether "none seen" and the like can be said of it: not of what makes a record what it is.
    #[must_use]
    pub fn has_gaps(&self) -> bool {
        let is_identity = self.is_parent || self.only_by.is_some();
        !is_identity && !matches!(self.shape, Shape::Code { .. } | Shape::PlaceCode)
    }

    fn other_type(&self) -> Fault {
        let wanted = self.shape.name();
        Fault::OtherType { wanted }
    }

    fn known(&self, code: &str) -> Result<(), Fault> {
        match self.shape.vocabulary() {
            Some(list) if list.term(code).is_none() => Err(Fault::NotATerm { list }),
            Some(_) | None => Ok(()),
        }
    }

    fn accept_parts(&self, value: &Value) -> Result<Value, Fault> {
        let parts = Parts::from_value(value).ok_or_else(|| self.other_type())?;
        if parts.len() > PARTS_MAX {
            let count_max = PARTS_MAX;
            return Err(Fault::TooMany { count_max });
        }
        let mut accepted = Vec::new();
        for part in parts {
            self.known(part.role.code())?;
            let part = NamePart::from_marked(part.role, &part.marked);
            if letters::plain(&part.marked).is_empty() {
                return Err(Fault::EmptyPart);
            }
            bounded(&part.marked, LINE_BYTES_MAX)?;
            accepted.push(part);
        }
        Ok(Parts::to_value(&accepted))
    }

    /// The value for screens; what a newer version wrote, and what only a verb writes, as far as it can be shown.
    #[must_use]
    pub fn value_of(&self, value: &Value) -> FieldValue {
        if *value == Value::Null {
            return FieldValue::Nothing;
        }
        if let Some(gap) = Gap::from_value(value) {
            return FieldValue::Gap(gap.code().to_owned());
        }
        self.understood(value)
            .unwrap_or_else(|| FieldValue::Other(shown_of_any(value)))
    }

    fn understood(&self, value: &Value) -> Option<FieldValue> {
        let text = || value.as_text().map(str::to_owned);
        match &self.shape {
            Shape::Text { .. } | Shape::PlaceCode => text().map(FieldValue::Text),
            Shape::Term(_) => text().map(FieldValue::Term),
            Shape::Terms(_) => {
                let codes = value.as_array()?.iter();
                let codes = codes.map(|code| code.as_text().map(str::to_owned));
                codes.collect::<Option<_>>().map(FieldValue::Terms)
            }
            Shape::Number { .. } => value.as_int().map(FieldValue::Number),
            Shape::Date => text().map(FieldValue::Date),
            Shape::Code { .. } => text().map(FieldValue::Code),
            Shape::NameParts => Parts::from_value(value).map(FieldValue::Names),
            Shape::Reference { kind } => {
                let (kind, id) = (*kind.first()?, SubjectId::from_value(value)?);
                Some(FieldValue::Reference(SubjectRef { kind, id }))
            }
            Shape::Owner { .. } => SubjectRef::from_value(value).map(FieldValue::Reference),
            Shape::References { kind, .. } => {
                let kind = *kind.first()?;
                let ids = value.as_array()?.iter().map(SubjectId::from_value);
                let subjects = ids.map(|id| id.map(|id| SubjectRef { kind, id }));
                subjects.collect::<Option<_>>().map(FieldValue::References)
            }
            Shape::FileName => {
                let name = FileName::from_value(value)?;
                Some(FieldValue::Other(name.shown()))
            }
            Shape::Bytes | Shape::Texts | Shape::Facts => None,
        }
    }

    /// The value as people read it; `name` knows what a record is called.
    #[must_use]
    pub fn shown(
        &self,
        value: &Value,
        language: Language,
        name: &dyn Fn(SubjectRef) -> String,
    ) -> String {
        let term = |code: &str| match self.shape.vocabulary() {
            Some(list) => list.shown(code, language).to_owned(),
            None => code.to_owned(),
        };
        if let (Shape::Facts, Value::Map(facts)) = (&self.shape, value) {
            return facts_shown(facts, language);
        }
        match self.value_of(value) {
            FieldValue::Nothing => String::new(),
            FieldValue::Gap(code) => Gap::VOCABULARY.shown(&code, language).to_owned(),
            FieldValue::Text(text) | FieldValue::Date(text) | FieldValue::Code(text) => text,
            FieldValue::Other(text) => text,
            FieldValue::Term(code) => term(&code),
            FieldValue::Terms(codes) => joined(codes.iter().map(|code| term(code)), ", "),
            FieldValue::Number(number) => self.number_shown(number, language),
            FieldValue::Reference(subject) => name(subject),
            FieldValue::References(subjects) => joined(subjects.into_iter().map(name), ", "),
            FieldValue::Names(parts) => {
                let part = |part: &NamePart| format!("{}: {}", term(part.role.code()), part.marked);
                joined(parts.iter().map(part), "; ")
            }
        }
    }

    fn number_shown(&self, number: i64, language: Language) -> String {
        let Shape::Number { unit, .. } = self.shape else {
            return number.to_string();
        };
        match unit {
            Unit::Moment => moment::shown(number),
            Unit::Count => number.to_string(),
            Unit::Millimetre | Unit::Byte => format!("{number} {}", unit.label(language)),
        }
    }

    /// As it stands where nothing was said but version 1 wrote the field all the same.
    #[must_use]
    pub fn empty(&self) -> Value {
        match &self.shape {
            Shape::Text { .. } | Shape::PlaceCode | Shape::Term(_) | Shape::Date => Value::text(""),
            Shape::Code { .. } | Shape::FileName => Value::text(""),
            Shape::Terms(_) | Shape::References { .. } | Shape::NameParts | Shape::Texts => {
                Value::Array(Vec::new())
            }
            Shape::Number { .. }
            | Shape::Reference { .. }
            | Shape::Owner { .. }
            | Shape::Bytes
            | Shape::Facts => Value::Null,
        }
    }
}

impl Shape {
    /// What bounds its values, in the code book.
    #[must_use]
    pub fn limits(&self, language: Language) -> String {
        match self {
            Self::Text { bytes_max, .. } => format!("{bytes_max} bytes"),
            Self::PlaceCode => format!("{PLACE_CHARS_MAX} characters"),
            Self::Number { unit, min, max } => {
                let unit = unit.label(language);
                format!("{min} … {max} {unit}").trim_end().to_owned()
            }
            Self::Reference { .. } | Self::Owner { .. } => names_of(self.kinds()),
            Self::References { count_max, .. } => {
                format!("{count_max} of {}", names_of(self.kinds()))
            }
            Self::NameParts => format!("{PARTS_MAX} parts of {LINE_BYTES_MAX} bytes"),
            Self::Term(_)
            | Self::Terms(_)
            | Self::Date
            | Self::Code { .. }
            | Self::Bytes
            | Self::Texts
            | Self::Facts
            | Self::FileName => String::new(),
        }
    }
}

fn names_of(kinds: &[Kind]) -> String {
    joined(kinds.iter().map(|kind| kind.name().to_owned()), ", ")
}

impl CodeForm {
    /// Whether a code is of this form.
    #[must_use]
    pub fn fits(self, code: &Code) -> bool {
        match (self, code) {
            (Self::Grave, Code::Grave(_))
            | (Self::Remains, Code::Remains(_))
            | (Self::Effect, Code::Effect(_)) => true,
            (
                Self::Grave | Self::Remains | Self::Effect,
                Code::Grave(_) | Code::Remains(_) | Code::Effect(_) | Code::Sample(_),
            ) => false,
        }
    }
}

impl Unit {
    /// What stands behind the number.
    #[must_use]
    pub const fn label(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Count | Self::Moment, _) => "",
            (Self::Millimetre, Language::English) => "mm",
            (Self::Millimetre, Language::Ukrainian) => "мм",
            (Self::Byte, Language::English) => "bytes",
            (Self::Byte, Language::Ukrainian) => "байтів",
        }
    }
}

/// The facts that a file gives.
fn facts_shown(facts: &Map, language: Language) -> String {
    let facts = PhotoFacts::of(facts);
    let given = facts.0.iter().filter(|fact| fact.said.is_ok());
    let line = |fact: &PhotoFact| {
        let label = fact.spec.words.in_language(language);
        format!("{label}: {}", fact.shown(language))
    };
    joined(given.map(line), "; ")
}

/// As much of a value as can be shown without knowing its type.
#[must_use]
pub fn shown_of_any(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Uint(number) => number.to_string(),
        Value::Neg(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Bytes(bytes) => data_encoding::HEXLOWER.encode(bytes),
        Value::Array(all) => joined(all.iter().map(shown_of_any), ", "),
        Value::Map(map) => {
            let item = |(key, value): (&u64, &Value)| format!("{key}: {}", shown_of_any(value));
            joined(map.0.iter().map(item), ", ")
        }
    }
}

fn typed_part(word: &str) -> Result<NamePart, Fault> {
    let (role, letters) = word.split_once('=').ok_or(Fault::NotAPart)?;
    let role = HintPartRole::from_code(role.trim());
    Ok(NamePart::from_marked(role, letters))
}

fn joined(texts: impl Iterator<Item = String>, between: &str) -> String {
    texts.collect::<Vec<_>>().join(between)
}

/// Checks a text as people write it, which is kept as it is.
///
/// # Errors
/// It is too long, or holds what no text holds.
pub fn bounded(text: &str, bytes_max: usize) -> Result<(), Fault> {
    if text.len() > bytes_max {
        let bytes = text.len();
        return Err(Fault::TooLong { bytes, bytes_max });
    }
    match text.contains('\0') {
        true => Err(Fault::Nul),
        false => Ok(()),
    }
}

fn fits(kinds: &[Kind], kind: Kind) -> Result<(), Fault> {
    match kinds.contains(&kind) {
        true => Ok(()),
        false => Err(Fault::OtherKind { kind }),
    }
}

/// EDTF level 1 as far as a person's birth or a thing's making needs it: a year of four digits or `X`, a month, a day, then `?`, `~` or `%`.
fn is_edtf(text: &str) -> bool {
    let text = text.strip_suffix(['?', '~', '%']).unwrap_or(text);
    let parts: Vec<&str> = text.split('-').collect();
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let number = |part: &str, max: u8| {
        let is_digits = part.len() == 2 && digits(part);
        part == "XX"
            || is_digits
                && part
                    .parse()
                    .is_ok_and(|number: u8| (1..=max).contains(&number))
    };
    let year = |part: &str| {
        let known = part.trim_end_matches('X');
        part.len() == 4 && digits(known) && part.is_ascii()
    };
    match parts.as_slice() {
        [only] => year(only),
        [first, month] => year(first) && number(month, 12),
        [first, month, day] => year(first) && number(month, 12) && number(day, 31),
        _ => false,
    }
}
