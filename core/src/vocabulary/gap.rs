//! Why a field has no value that describes something: `{255: code}` in place of a value.
//!
//! No type of value uses key 255, so that a gap is told from every value. "Not recorded" is no gap: then the field is not there.

use super::vocabulary;
use crate::encoding::{Map, Value};

const KEY: u64 = 255;

vocabulary! {
    /// What stands in place of a value: why there is none although somebody was asked.
    Gap "gap" from "Imena; ICRC (not examined)" {
        NoneSeen "none_seen" "looked, none seen" "оглянуто, не виявлено",
        NotExamined "not_examined" "not examined" "не оглядали",
        NotDetermined "not_determined" "not determined" "не визначено",
        NotApplicable "not_applicable" "not applicable" "не стосується",
        NotPossible "not_possible" "not possible" "неможливо",
    }
}

impl Gap {
    /// Whether it is a finding: somebody looked and says something. A gap of a newer version is taken for one, so that no conflict is hidden.
    #[must_use]
    pub fn is_finding(&self) -> bool {
        match self {
            Self::NoneSeen | Self::NotDetermined | Self::NotApplicable | Self::Other(_) => true,
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
            assert_eq!(matches!(gap, Gap::Other(_)), code == "not_asked_for");
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
