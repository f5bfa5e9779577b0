//! The facts of a photo as its entry holds them (formats.md §4, "Photo facts"): each with its words, as people read it, or why it is absent.
//!
//! Owns the table of facts. Does not read files: that is `media/`. Invariant: every fact of the table is in the list, given or absent with its reason.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::encoding::{Map, Value};
use crate::model::moment;
use crate::vocabulary::{Coded as _, FactAbsence, Language, Words};

/// What a photo says of itself; every value is the file's claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoFacts(pub Vec<PhotoFact>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoFact {
    /// What the table says of it.
    pub spec: &'static FactSpec,
    /// What the file says, or why it does not.
    pub said: Result<FactValue, FactAbsence>,
}

/// The value of a fact, in the unit of its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum FactValue {
    /// Verbatim.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Above and below the line.
    Fraction([i64; 2]),
}

/// A line of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct FactSpec {
    /// In scripts; ends with the unit.
    pub code: &'static str,
    /// In pages.
    pub words: Words,
    key: u64,
    place: Place,
    reading: Reading,
}

/// Where a fact stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Among the facts.
    Facts,
    /// Among the parts of the camera's time.
    Taken,
}

/// How a fact is read by people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Verbatim,
    Plain,
    /// A number of parts of a unit: how many digits stand behind the point, and the unit.
    Decimal(u32, &'static str),
    Moment,
    Seconds,
}

/// Key of the parts of the time among the facts.
const TAKEN: u64 = 0;
/// Key of the reasons among the facts, and among the parts of the time.
const ABSENT: u64 = 20;
const TAKEN_ABSENT: u64 = 3;

#[rustfmt::skip]
const FACTS: &[FactSpec] = &[
    fact(Place::Taken, 0, "taken", "camera’s local time", "місцевий час камери", Reading::Verbatim),
    fact(Place::Taken, 1, "taken_nanos", "part of that second", "частка секунди", Reading::Decimal(9, "s")),
    fact(Place::Taken, 2, "taken_offset_min", "minutes east of UTC", "хвилин на схід від UTC", Reading::Plain),
    fact(Place::Facts, 1, "lat_e7", "latitude", "широта", Reading::Decimal(7, "°")),
    fact(Place::Facts, 2, "lon_e7", "longitude", "довгота", Reading::Decimal(7, "°")),
    fact(Place::Facts, 3, "alt_mm", "height above sea level", "висота над рівнем моря", Reading::Decimal(3, "m")),
    fact(Place::Facts, 4, "direction_mdeg", "where the camera pointed, from north", "куди дивилася камера, від півночі", Reading::Decimal(3, "°")),
    fact(Place::Facts, 5, "direction_ref", "which north", "яка північ", Reading::Verbatim),
    fact(Place::Facts, 6, "dop_milli", "dilution of precision", "погіршення точності", Reading::Decimal(3, "")),
    fact(Place::Facts, 7, "gps_time_ms", "time of the satellite fix", "час за супутником", Reading::Moment),
    fact(Place::Facts, 8, "make", "camera make", "виробник камери", Reading::Verbatim),
    fact(Place::Facts, 9, "model", "camera model", "модель камери", Reading::Verbatim),
    fact(Place::Facts, 21, "lens_make", "lens make", "виробник об’єктива", Reading::Verbatim),
    fact(Place::Facts, 10, "lens", "lens", "об’єктив", Reading::Verbatim),
    fact(Place::Facts, 11, "serial", "serial number", "серійний номер", Reading::Verbatim),
    fact(Place::Facts, 12, "exposure", "exposure", "витримка", Reading::Seconds),
    fact(Place::Facts, 13, "f_number_milli", "f-number", "діафрагмове число", Reading::Decimal(3, "")),
    fact(Place::Facts, 14, "iso", "sensitivity, ISO", "чутливість, ISO", Reading::Plain),
    fact(Place::Facts, 15, "focal_length_um", "focal length", "фокусна відстань", Reading::Decimal(3, "mm")),
    fact(Place::Facts, 16, "flash", "flash, bits of EXIF", "спалах, біти EXIF", Reading::Plain),
    fact(Place::Facts, 17, "orientation", "turn, number of EXIF", "поворот, число EXIF", Reading::Plain),
    fact(Place::Facts, 18, "width", "stored width, pixels", "ширина файлу, пікселів", Reading::Plain),
    fact(Place::Facts, 19, "height", "stored height, pixels", "висота файлу, пікселів", Reading::Plain),
];

const fn fact(
    place: Place,
    key: u64,
    code: &'static str,
    en: &'static str,
    uk: &'static str,
    reading: Reading,
) -> FactSpec {
    let words = Words { en, uk };
    FactSpec {
        code,
        words,
        key,
        place,
        reading,
    }
}

impl PhotoFacts {
    /// Reads field 10.
    #[must_use]
    pub fn of(map: &Map) -> Self {
        let taken = map.get(TAKEN).and_then(Value::as_map);
        let read = |spec: &'static FactSpec| {
            let said = match (spec.place, taken) {
                (Place::Facts, _) => spec.read(map, spec.key, ABSENT),
                (Place::Taken, Some(parts)) => spec.read(parts, spec.key, TAKEN_ABSENT),
                (Place::Taken, None) => spec.read(map, TAKEN, ABSENT),
            };
            PhotoFact { spec, said }
        };
        Self(FACTS.iter().map(read).collect())
    }

    /// What the file says under a code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&FactValue> {
        let fact = self.0.iter().find(|fact| fact.spec.code == code)?;
        fact.said.as_ref().ok()
    }

    /// Why the file says nothing under a code, by code.
    #[must_use]
    pub fn absent(&self) -> BTreeMap<&'static str, &FactAbsence> {
        let all = self.0.iter();
        all.filter_map(|fact| Some((fact.spec.code, fact.said.as_ref().err()?)))
            .collect()
    }
}

impl PhotoFact {
    /// As people read it; why it is absent, if it is.
    #[must_use]
    pub fn shown(&self, language: Language) -> String {
        match &self.said {
            Ok(value) => self.spec.shown(value),
            Err(reason) => FactAbsence::VOCABULARY
                .shown(reason.code(), language)
                .to_owned(),
        }
    }
}

impl FactSpec {
    /// A fact without a reason is one that the file does not hold.
    fn read(&self, map: &Map, key: u64, absent: u64) -> Result<FactValue, FactAbsence> {
        let value = map.get(key).and_then(|value| match self.reading {
            Reading::Verbatim => value.as_text().map(str::to_owned).map(FactValue::Text),
            Reading::Plain | Reading::Decimal(..) | Reading::Moment => {
                value.as_int().map(FactValue::Number)
            }
            Reading::Seconds => fraction(value).map(FactValue::Fraction),
        });
        value.ok_or_else(|| {
            let reasons = map.get(absent).and_then(Value::as_map);
            let reason = reasons.and_then(|reasons| reasons.get(key)?.as_text());
            reason.map_or(FactAbsence::NotPresent, FactAbsence::from_code)
        })
    }

    fn shown(&self, value: &FactValue) -> String {
        match (value, self.reading) {
            (FactValue::Text(text), _) => text.clone(),
            (FactValue::Number(ms), Reading::Moment) => moment::shown(*ms),
            (FactValue::Number(number), Reading::Decimal(digits, unit)) => {
                format!("{}{unit}", decimal(*number, digits))
            }
            (FactValue::Number(number), _) => number.to_string(),
            (FactValue::Fraction([above, below]), _) => format!("{above}/{below} s"),
        }
    }
}

/// A number of 10⁻ⁿ without the zeros at its end.
fn decimal(number: i64, digits: u32) -> String {
    let parts = 10_u64.saturating_pow(digits).max(1);
    let size = number.unsigned_abs();
    let sign = if number < 0 { "-" } else { "" };
    let (whole, rest) = (size.div_euclid(parts), size.rem_euclid(parts));
    let rest = format!("{rest:0width$}", width = digits as usize);
    match rest.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        rest => format!("{sign}{whole}.{rest}"),
    }
}

fn fraction(value: &Value) -> Option<[i64; 2]> {
    match value.as_array()? {
        [above, below] => Some([above.as_int()?, below.as_int()?]),
        _ => None,
    }
}

/// Every fact by its code, and the reasons under `absent`.
impl Serialize for PhotoFacts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut all = serializer.serialize_map(None)?;
        for fact in &self.0 {
            all.serialize_entry(fact.spec.code, &fact.said.as_ref().ok())?;
        }
        all.serialize_entry("absent", &self.absent())?;
        all.end()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::capture::facts_map;
    use crate::media::{photo, read_facts};

    #[test]
    fn every_fact_is_given_or_absent_with_its_reason() {
        let all = PhotoFacts::of(&facts_map(&read_facts(&photo::heic_like())));
        assert_eq!(all.absent(), BTreeMap::new());
        let text = |text: &str| FactValue::Text(text.to_owned());
        assert_eq!(all.get("taken"), Some(&text("2026-05-14T09:21:07")));
        assert_eq!(all.get("lens_make"), Some(&text("Imena Works")));
        assert_eq!(all.get("exposure"), Some(&FactValue::Fraction([1, 250])));
        assert_eq!(all.get("width"), Some(&FactValue::Number(480)));

        let malformed = photo::malformed_parts_of_time();
        let some = PhotoFacts::of(&facts_map(&read_facts(&malformed)));
        let reasons = [
            ("direction_ref", &FactAbsence::Malformed),
            ("taken_nanos", &FactAbsence::Malformed),
            ("taken_offset_min", &FactAbsence::OutOfRange),
        ];
        assert_eq!(some.absent(), BTreeMap::from(reasons));

        let none = PhotoFacts::of(&facts_map(&read_facts(&photo::gif_like())));
        assert_eq!(none.absent().len(), FACTS.len());
        let unread = FactAbsence::UnsupportedFormat;
        assert_eq!(none.absent().get("taken"), Some(&&unread));
    }

    #[test]
    fn a_fact_is_read_in_its_unit_and_an_absent_one_as_its_reason() {
        let shown = |code: &str, value: Value| {
            let spec = FACTS.iter().find(|spec| spec.code == code).unwrap();
            let map = match spec.place {
                Place::Facts => Map::new().with(spec.key, value),
                Place::Taken => Map::new().with(TAKEN, Map::new().with(spec.key, value)),
            };
            let facts = PhotoFacts::of(&map);
            let fact = facts.0.iter().find(|fact| fact.spec.code == code);
            fact.unwrap().shown(Language::English)
        };
        assert_eq!(shown("lat_e7", Value::int(492_045_000)), "49.2045°");
        assert_eq!(shown("alt_mm", Value::int(-1_500)), "-1.5m");
        assert_eq!(shown("f_number_milli", Value::int(1_800)), "1.8");
        assert_eq!(shown("taken_nanos", Value::int(0)), "0s");
        let half = Value::Array(vec![Value::int(1), Value::int(2)]);
        assert_eq!(shown("exposure", half), "1/2 s");
        assert_eq!(shown("iso", Value::text("high")), "the file does not say");
        assert_eq!(decimal(i64::MIN, 3), "-9223372036854775.808");
    }
}
