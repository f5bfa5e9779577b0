//! The types that a value can have: each a Rust type with its way into an entry and back.
//!
//! Owns `Said` and its types, and `Shape`, the same types as data. What each does on screens and in scripts stands in `shapes.rs`. Invariant: what an
//! entry of this version or of version 1 holds is read back as it was said; anything else is `None`, never a guess.

use std::marker::PhantomData;

use crate::encoding::{Map, Value};
use crate::model::file_name::FileName;
use crate::model::ids::{SubjectId, SubjectRef};
use crate::model::letters;
use crate::vocabulary::{Coded, HintPartRole, Kind, Vocabulary};

use super::field::LINE_BYTES_MAX;

/// More photos than one text has sides, more owners than one thing has.
const REFERENCES_MAX: usize = 100;

/// The type of a value, as data.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Verbatim text.
    Text {
        /// In UTF-8.
        bytes_max: usize,
        /// On several lines.
        is_long: bool,
    },
    /// First part of every code of a site.
    PlaceCode,
    /// One term.
    Term(&'static Vocabulary),
    /// Several terms.
    Terms(&'static Vocabulary),
    /// A whole number.
    Number {
        /// Of what.
        unit: Unit,
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// EDTF level 1: `1987`, `1987-05`, `198X`, `1987-05-02?`.
    Date,
    /// One record of one kind; the entry holds its id alone.
    Reference {
        /// The one kind; none: any.
        kind: &'static [Kind],
    },
    /// One record of any of these kinds; the entry holds kind and id.
    Owner {
        /// Which.
        kinds: &'static [Kind],
    },
    /// Several records of one kind.
    References {
        /// The one kind.
        kind: &'static [Kind],
        /// How many at most.
        count_max: usize,
    },
    /// The parts of a possible name.
    NameParts,
    /// The code on a label: it is the record's identity.
    Code {
        /// Its spelling.
        form: CodeForm,
        /// Number of the field that keeps what was typed.
        typed: u64,
    },
    /// Bytes that only a verb writes: a hash, an id.
    Bytes,
    /// Texts that only a verb writes.
    Texts,
    /// What a photo says of itself, written by capture.
    Facts,
    /// The name of an imported file, to the last byte.
    FileName,
}

/// How a code is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeForm {
    /// `IZM1-T03-G012-A0`.
    Grave,
    /// `IZM1-T03-0042-E5`.
    Remains,
    /// `IZM1-T03-0042/T03E01`.
    Effect,
}

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Pieces.
    Count,
    /// Length.
    Millimetre,
    /// Size of a file.
    Byte,
    /// Milliseconds since 1970 UTC.
    Moment,
}

/// A type that a field can have.
pub trait Said {
    /// What Rust code gives and gets.
    type Of: Clone;

    /// The same type as data.
    const SHAPE: Shape;

    /// As it stands in an entry.
    fn to_value(of: &Self::Of) -> Value;

    /// Reads it from an entry.
    fn from_value(value: &Value) -> Option<Self::Of>;
}

/// Verbatim text.
pub enum Text {}
/// First part of every code of a site.
pub enum Place {}
/// One term of a list.
pub struct One<V>(PhantomData<V>);
/// Several terms of a list.
pub struct Many<V>(PhantomData<V>);
/// A whole number.
pub enum Number {}
/// A date of which parts may be unknown.
pub enum Date {}
/// A record of one kind.
pub enum Ref {}
/// A record of one of several kinds.
pub enum Owner {}
/// Several records of one kind.
pub enum Refs {}
/// The parts of a possible name.
pub enum Parts {}
/// The code on a label.
pub enum Code {}
/// Bytes.
pub enum Bytes {}
/// Texts.
pub enum Texts {}
/// What a photo says of itself.
pub enum Facts {}
/// The name of a file.
pub enum Named {}

/// A part of a possible name.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NamePart {
    /// What it may be.
    pub role: HintPartRole,
    /// Its letters with the marks of loss and doubt: `Nesteren…`, `Iv[?]n`.
    pub marked: String,
}

impl NamePart {
    /// Takes a part as typed; its marks stay.
    #[must_use]
    pub fn from_marked(role: HintPartRole, typed: &str) -> Self {
        let marked = letters::marked(typed);
        Self { role, marked }
    }

    fn to_value(&self) -> Value {
        Map::new()
            .text(0, self.role.code())
            .text(1, &self.marked)
            .into()
    }

    fn from_value(value: &Value) -> Option<Self> {
        let map = value.as_map()?;
        Some(Self {
            role: HintPartRole::from_code(map.get(0)?.as_text()?),
            marked: map.get(1)?.as_text()?.to_owned(),
        })
    }
}

/// All of a list, or nothing: a list of which a part is not understood is of a newer version.
fn each<T>(value: &Value, read: impl FnMut(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(read).collect()
}

/// What is one text in an entry.
macro_rules! said_text {
    ($type:ty, $shape:expr) => {
        impl Said for $type {
            type Of = String;
            const SHAPE: Shape = $shape;

            fn to_value(of: &String) -> Value {
                Value::text(of)
            }

            fn from_value(value: &Value) -> Option<String> {
                value.as_text().map(str::to_owned)
            }
        }
    };
}

const LINE: Shape = Shape::Text {
    bytes_max: LINE_BYTES_MAX,
    is_long: false,
};
/// Until the table says which; [`super::Field::form`] does.
const ANY_CODE: Shape = Shape::Code {
    form: CodeForm::Remains,
    typed: 0,
};
said_text!(Text, LINE);
said_text!(Place, Shape::PlaceCode);
said_text!(Date, Shape::Date);
said_text!(Code, ANY_CODE);

impl<V: Coded> Said for One<V> {
    type Of = V;
    const SHAPE: Shape = Shape::Term(V::VOCABULARY);

    fn to_value(of: &V) -> Value {
        Value::text(of.code())
    }

    fn from_value(value: &Value) -> Option<V> {
        value.as_text().map(V::from_code)
    }
}

impl<V: Coded> Said for Many<V> {
    type Of = Vec<V>;
    const SHAPE: Shape = Shape::Terms(V::VOCABULARY);

    fn to_value(of: &Vec<V>) -> Value {
        Value::Array(of.iter().map(|term| Value::text(term.code())).collect())
    }

    fn from_value(value: &Value) -> Option<Vec<V>> {
        each(value, |term| term.as_text().map(V::from_code))
    }
}

impl Said for Number {
    type Of = i64;
    const SHAPE: Shape = Shape::Number {
        unit: Unit::Count,
        min: 0,
        max: i64::MAX,
    };

    fn to_value(of: &i64) -> Value {
        Value::int(*of)
    }

    fn from_value(value: &Value) -> Option<i64> {
        value.as_int()
    }
}

impl Said for Ref {
    type Of = SubjectId;
    const SHAPE: Shape = Shape::Reference { kind: &[] };

    fn to_value(of: &SubjectId) -> Value {
        (*of).into()
    }

    fn from_value(value: &Value) -> Option<SubjectId> {
        SubjectId::from_value(value)
    }
}

impl Said for Owner {
    type Of = SubjectRef;
    const SHAPE: Shape = Shape::Owner { kinds: &[] };

    fn to_value(of: &SubjectRef) -> Value {
        (*of).into()
    }

    fn from_value(value: &Value) -> Option<SubjectRef> {
        SubjectRef::from_value(value)
    }
}

impl Said for Refs {
    type Of = Vec<SubjectId>;
    const SHAPE: Shape = Shape::References {
        kind: &[],
        count_max: REFERENCES_MAX,
    };

    fn to_value(of: &Vec<SubjectId>) -> Value {
        Value::Array(of.iter().map(|id| (*id).into()).collect())
    }

    fn from_value(value: &Value) -> Option<Vec<SubjectId>> {
        each(value, SubjectId::from_value)
    }
}

impl Said for Parts {
    type Of = Vec<NamePart>;
    const SHAPE: Shape = Shape::NameParts;

    fn to_value(of: &Vec<NamePart>) -> Value {
        Value::Array(of.iter().map(NamePart::to_value).collect())
    }

    fn from_value(value: &Value) -> Option<Vec<NamePart>> {
        each(value, NamePart::from_value)
    }
}

impl Said for Bytes {
    type Of = Vec<u8>;
    const SHAPE: Shape = Shape::Bytes;

    fn to_value(of: &Vec<u8>) -> Value {
        Value::bytes(of)
    }

    fn from_value(value: &Value) -> Option<Vec<u8>> {
        value.as_bytes().map(<[u8]>::to_vec)
    }
}

impl Said for Texts {
    type Of = Vec<String>;
    const SHAPE: Shape = Shape::Texts;

    fn to_value(of: &Vec<String>) -> Value {
        Value::Array(of.iter().map(Value::text).collect())
    }

    fn from_value(value: &Value) -> Option<Vec<String>> {
        each(value, |text| text.as_text().map(str::to_owned))
    }
}

impl Said for Facts {
    type Of = Map;
    const SHAPE: Shape = Shape::Facts;

    fn to_value(of: &Map) -> Value {
        of.clone().into()
    }

    fn from_value(value: &Value) -> Option<Map> {
        value.as_map().cloned()
    }
}

impl Said for Named {
    type Of = FileName;
    const SHAPE: Shape = Shape::FileName;

    fn to_value(of: &FileName) -> Value {
        of.to_value()
    }

    fn from_value(value: &Value) -> Option<FileName> {
        FileName::from_value(value)
    }
}

impl Shape {
    /// The word of the catalogue; that of a field never changes.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Text { .. } => "text".to_owned(),
            Self::PlaceCode => "place code".to_owned(),
            Self::Term(list) => format!("term of {}", list.code),
            Self::Terms(list) => format!("terms of {}", list.code),
            Self::Number { unit, .. } => format!("number ({})", unit.code()),
            Self::Date => "date".to_owned(),
            Self::Reference { .. } => "reference".to_owned(),
            Self::Owner { .. } => "owner".to_owned(),
            Self::References { .. } => "references".to_owned(),
            Self::NameParts => "name parts".to_owned(),
            Self::Code { form, .. } => format!("code ({})", form.code()),
            Self::Bytes => "bytes".to_owned(),
            Self::Texts => "texts".to_owned(),
            Self::Facts => "facts".to_owned(),
            Self::FileName => "file name".to_owned(),
        }
    }

    /// The list that its terms are of.
    #[must_use]
    pub fn vocabulary(&self) -> Option<&'static Vocabulary> {
        match self {
            Self::Term(list) | Self::Terms(list) => Some(list),
            Self::NameParts => Some(HintPartRole::VOCABULARY),
            Self::Text { .. }
            | Self::PlaceCode
            | Self::Number { .. }
            | Self::Date
            | Self::Reference { .. }
            | Self::Owner { .. }
            | Self::References { .. }
            | Self::Code { .. }
            | Self::Bytes
            | Self::Texts
            | Self::Facts
            | Self::FileName => None,
        }
    }

    /// The kinds of records that it may name.
    #[must_use]
    pub fn kinds(&self) -> &'static [Kind] {
        match self {
            Self::Reference { kind } | Self::References { kind, .. } => kind,
            Self::Owner { kinds } => kinds,
            Self::Text { .. }
            | Self::PlaceCode
            | Self::Term(_)
            | Self::Terms(_)
            | Self::Number { .. }
            | Self::Date
            | Self::NameParts
            | Self::Code { .. }
            | Self::Bytes
            | Self::Texts
            | Self::Facts
            | Self::FileName => &[],
        }
    }
}

impl CodeForm {
    /// Its word in the catalogue.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Grave => "grave",
            Self::Remains => "remains",
            Self::Effect => "effect",
        }
    }
}

impl Unit {
    /// Its word in the catalogue.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Millimetre => "mm",
            Self::Byte => "bytes",
            Self::Moment => "ms since 1970",
        }
    }
}
