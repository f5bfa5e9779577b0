//! Whose words a statement is, when it happened, and why it was made: what an entry says beside its fields (formats.md §4, body keys 6 to 8).
//!
//! They belong to the entry and not to the noun: as fields, a later amendment by another person would speak for the earlier ones.

use crate::encoding::{Map, Value};
use crate::model::ids::SubjectId;
use crate::vocabulary::{MomentPrecision, MomentSource};

/// Beside the fields of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// Whose words these are, if not the operator's.
    pub stated_by: Option<Person>,
    /// When it happened, if not when it was recorded.
    pub occurred: Option<Occurred>,
    /// Why, where a reason is owed.
    pub reason: Option<String>,
}

/// A person as somebody names them: an id or a name at least.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// An operator, if it is one.
    pub id: Option<SubjectId>,
    /// As given.
    pub name: Option<String>,
    /// Office.
    pub position: Option<String>,
    /// For whom.
    pub organisation: Option<String>,
    /// What they did here.
    pub role: Option<String>,
    /// What they showed.
    pub document: Option<String>,
    /// How they are reached.
    pub contact: Option<String>,
}

/// A moment as somebody tells it; a part of a day is given by its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurred {
    /// ms since 1970 UTC.
    pub at_ms: i64,
    /// Minutes east of UTC where it happened.
    pub offset_min: i64,
    /// How exact.
    pub precision: MomentPrecision,
    /// Who or what says so.
    pub source: MomentSource,
}

impl Circumstances {
    /// A reason alone, or nothing.
    #[must_use]
    pub fn because(reason: Option<String>) -> Self {
        Self {
            reason,
            ..Self::default()
        }
    }
}

impl Person {
    /// Reads body key 7; one with neither id nor name is none.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let map = value.as_map()?;
        let text = |key| map.get(key).and_then(Value::as_text).map(str::to_owned);
        let person = Self {
            id: map.get(0).and_then(SubjectId::from_value),
            name: text(1),
            position: text(2),
            organisation: text(3),
            role: text(4),
            document: text(5),
            contact: text(6),
        };
        (person.id.is_some() || person.name.is_some()).then_some(person)
    }
}

impl From<Person> for Value {
    fn from(person: Person) -> Self {
        Map::new()
            .with_some(0, person.id)
            .with_some(1, person.name.map(Value::text))
            .with_some(2, person.position.map(Value::text))
            .with_some(3, person.organisation.map(Value::text))
            .with_some(4, person.role.map(Value::text))
            .with_some(5, person.document.map(Value::text))
            .with_some(6, person.contact.map(Value::text))
            .into()
    }
}

impl Occurred {
    /// Reads body key 8.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let map = value.as_map()?;
        Some(Self {
            at_ms: map.get(0)?.as_int()?,
            offset_min: map.get(1)?.as_int()?,
            precision: MomentPrecision::from_code(map.get(2)?.as_text()?),
            source: MomentSource::from_code(map.get(3)?.as_text()?),
        })
    }
}

impl From<Occurred> for Value {
    fn from(occurred: Occurred) -> Self {
        Map::new()
            .int(0, occurred.at_ms)
            .int(1, occurred.offset_min)
            .text(2, occurred.precision.code())
            .text(3, occurred.source.code())
            .into()
    }
}
