//! Why a field has no value that describes something: `{255: code}` in place of a value.
//!
//! No type of value uses key 255, so that a gap is told from every value. "Not recorded" is no gap: then the field is not there.

use crate::encoding::{Map, Value};

const KEY: u64 = 255;

/// What stands in place of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Somebody looked, and there was none.
    NoneSeen,
    /// Nobody looked.
    NotExamined,
    /// Somebody looked and could not tell.
    NotDetermined,
    /// The question does not arise.
    NotApplicable,
    /// Nobody could look.
    NotPossible,
    /// A gap of a newer version.
    Newer(String),
}

impl Gap {
    /// All of this version.
    pub const KNOWN: [Self; 5] = [
        Self::NoneSeen,
        Self::NotExamined,
        Self::NotDetermined,
        Self::NotApplicable,
        Self::NotPossible,
    ];

    /// The code of formats.md §4.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::NoneSeen => "none_seen",
            Self::NotExamined => "not_examined",
            Self::NotDetermined => "not_determined",
            Self::NotApplicable => "not_applicable",
            Self::NotPossible => "not_possible",
            Self::Newer(code) => code,
        }
    }

    /// The gap of a code; an unknown one is kept.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        Self::KNOWN
            .into_iter()
            .find(|gap| gap.code() == code)
            .unwrap_or_else(|| Self::Newer(code.to_owned()))
    }

    /// Whether it is a finding: somebody looked and says something. A gap of a newer version is taken for one, so that no conflict is hidden.
    #[must_use]
    pub fn is_finding(&self) -> bool {
        match self {
            Self::NoneSeen | Self::NotDetermined | Self::NotApplicable | Self::Newer(_) => true,
            Self::NotExamined | Self::NotPossible => false,
        }
    }

    /// Writes it in place of a value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Map::new().text(KEY, self.code()).into()
    }

    /// Reads it from where a value stands; `None` if a value does.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let map = value.as_map().filter(|map| map.0.len() == 1)?;
        Some(Self::from_code(map.get(KEY)?.as_text()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gap_is_read_back_and_one_of_a_newer_version_is_kept() {
        for code in [
            "none_seen",
            "not_examined",
            "not_determined",
            "not_applicable",
            "not_possible",
            "not_asked_for",
        ] {
            let gap = Gap::from_code(code);
            assert_eq!(Gap::from_value(&gap.to_value()), Some(gap.clone()));
            assert_eq!(gap.code(), code);
            assert_eq!(matches!(gap, Gap::Newer(_)), code == "not_asked_for");
        }
    }

    #[test]
    fn a_value_is_no_gap() {
        let parts = Map::new().text(0, "surname").text(1, "Nesteren…");
        for value in [Value::Null, Value::text("none_seen"), parts.into()] {
            assert_eq!(Gap::from_value(&value), None);
        }
    }
}
