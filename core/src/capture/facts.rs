//! The facts of a photo as they stand in its entry (formats.md §4, "Photo facts"): what is known under its key, what is absent with its reason.

use crate::encoding::{Map, Value};
use crate::media::{
    AbsentReason, CameraTime, CivilTime, Defect, DirectionReference, Fact, GpsStamp, Orientation,
    PhotoFacts, Ratio,
};
use crate::vocabulary::{FactAbsence, PhotoDefect};

const ABSENT_KEY: u64 = 20;
const TAKEN_ABSENT_KEY: u64 = 3;

/// Builds the map of field 10.
#[must_use]
pub fn facts_map(facts: &PhotoFacts) -> Map {
    let mut out = Facts::default();
    out.put(0, &facts.taken_at, taken);
    out.put(1, &facts.gps.latitude_e7, |e7| Value::int((*e7).into()));
    out.put(2, &facts.gps.longitude_e7, |e7| Value::int((*e7).into()));
    out.put(3, &facts.gps.altitude_mm, |mm| Value::int((*mm).into()));
    out.put(4, &facts.gps.direction, |direction| {
        Value::Uint(direction.bearing_mdeg.into())
    });
    if let Some(direction) = facts.gps.direction.known() {
        out.put(5, &direction.reference, |reference| match reference {
            DirectionReference::TrueNorth => Value::text("true"),
            DirectionReference::MagneticNorth => Value::text("magnetic"),
        });
    }
    out.put(6, &facts.gps.dop_thousandths, |dop| {
        Value::Uint((*dop).into())
    });
    out.put(7, &facts.gps.stamp, |stamp| Value::int(stamp_ms(stamp)));
    out.put(8, &facts.camera.make, |t| Value::text(t));
    out.put(9, &facts.camera.model, |t| Value::text(t));
    out.put(10, &facts.camera.lens_model, |t| Value::text(t));
    out.put(11, &facts.camera.body_serial, |t| Value::text(t));
    out.put(12, &facts.exposure.exposure_time_s, ratio);
    out.put(13, &facts.exposure.f_number_thousandths, |n| {
        Value::Uint((*n).into())
    });
    out.put(14, &facts.exposure.iso, |iso| Value::Uint((*iso).into()));
    out.put(15, &facts.exposure.focal_length_um, |um| {
        Value::Uint((*um).into())
    });
    out.put(16, &facts.exposure.flash, |flash| {
        Value::Uint(flash.bits.into())
    });
    out.put(17, &facts.orientation, |o: &Orientation| {
        Value::Uint(o.exif_number().into())
    });
    out.put(18, &facts.size, |size| Value::Uint(size.width.into()));
    out.put(19, &facts.size, |size| Value::Uint(size.height.into()));
    out.put(21, &facts.camera.lens_make, |t| Value::text(t));
    out.into_map(ABSENT_KEY)
}

/// What was wrong with the file, as terms.
#[must_use]
pub fn defects(facts: &PhotoFacts) -> Vec<PhotoDefect> {
    let term = |defect: &Defect| match defect {
        Defect::Empty | Defect::NotAPicture => PhotoDefect::NotAPicture,
        Defect::ZeroDimensions => PhotoDefect::ZeroDimensions,
        Defect::Truncated => PhotoDefect::Truncated,
        Defect::BlankPiece => PhotoDefect::BlankPiece,
        Defect::BrokenStructure => PhotoDefect::BrokenStructure,
        Defect::BrokenExif => PhotoDefect::BrokenExif,
        Defect::ExifTooLarge => PhotoDefect::ExifTooLarge,
    };
    facts.defects.iter().map(term).collect()
}

#[derive(Default)]
struct Facts {
    known: Map,
    absent: Map,
}

impl Facts {
    fn put<T>(&mut self, key: u64, fact: &Fact<T>, value: impl FnOnce(&T) -> Value) {
        match fact {
            Fact::Known(known) => {
                self.known.0.insert(key, value(known));
            }
            // "Not present" is what an ordinary file is: only what a file states wrongly is told.
            Fact::Absent(AbsentReason::NotPresent) => {}
            Fact::Absent(reason) => {
                let code = absence(*reason).code().to_owned();
                self.absent.0.insert(key, Value::text(code));
            }
        }
    }

    fn into_map(self, absent_key: u64) -> Map {
        if self.absent.0.is_empty() {
            self.known
        } else {
            self.known.with(absent_key, self.absent)
        }
    }
}

fn absence(reason: AbsentReason) -> FactAbsence {
    match reason {
        AbsentReason::NotPresent => FactAbsence::NotPresent,
        AbsentReason::Malformed => FactAbsence::Malformed,
        AbsentReason::ZeroDenominator => FactAbsence::ZeroDenominator,
        AbsentReason::OutOfRange => FactAbsence::OutOfRange,
        AbsentReason::Blank => FactAbsence::Blank,
        AbsentReason::NotKept => FactAbsence::NotKept,
        AbsentReason::TooLarge => FactAbsence::TooLarge,
        AbsentReason::UnsupportedFormat => FactAbsence::UnsupportedFormat,
    }
}

fn taken(time: &CameraTime) -> Value {
    let CivilTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = time.local;
    let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    let mut out = Facts {
        known: Map::new().text(0, text),
        ..Facts::default()
    };
    out.put(1, &time.subsecond_nanos, |nanos| {
        Value::Uint((*nanos).into())
    });
    out.put(2, &time.offset_min, |minutes| Value::int((*minutes).into()));
    out.into_map(TAKEN_ABSENT_KEY).into()
}

fn ratio(ratio: &Ratio) -> Value {
    Value::Array(vec![
        Value::Uint(ratio.numerator.into()),
        Value::Uint(ratio.denominator.into()),
    ])
}

fn stamp_ms(stamp: &GpsStamp) -> i64 {
    let CivilTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = stamp.utc;
    let days = days_from_civil(year.into(), month.into(), day.into());
    let seconds = days
        .saturating_mul(86_400)
        .saturating_add(i64::from(hour).saturating_mul(3600))
        .saturating_add(i64::from(minute).saturating_mul(60))
        .saturating_add(second.into());
    seconds
        .saturating_mul(1000)
        .saturating_add(i64::from(stamp.subsecond_nanos / 1_000_000))
}

/// Days since 1970-01-01 of a date of the Gregorian calendar, years 0 to 9999.
#[allow(
    clippy::arithmetic_side_effects,
    reason = "small numbers: years ≤ 65,535"
)]
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // March is month 0, so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::media::photo;
    use crate::media::read_facts;

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(days_from_civil(1970, 1, 1), 0);
        assert_eq!(days_from_civil(2000, 3, 1), 11_017);
        assert_eq!(days_from_civil(2022, 9, 15), 19_250);
        assert_eq!(days_from_civil(1969, 12, 31), -1);
    }

    #[test]
    fn the_facts_of_a_photo_fit_an_entry_and_a_broken_one_names_its_reason() {
        let good = photo::demo_photos(1).remove(0).bytes;
        let map = facts_map(&read_facts(&good));
        assert!(map.encode().len() < 2048);
        assert!(map.get(0).is_some() && map.get(1).is_some() && map.get(18).is_some());
        let blank = photo::blank_date();
        let map = facts_map(&read_facts(&blank));
        assert_eq!(map.get(0), None);
        let absent = map.get(ABSENT_KEY).unwrap().as_map().unwrap();
        assert_eq!(absent.get(0).unwrap().as_text(), Some("blank"));
    }

    #[test]
    fn parts_of_the_time_that_are_malformed_keep_their_reason() {
        let bytes = photo::malformed_parts_of_time();
        let map = facts_map(&read_facts(&bytes));
        let taken = map.get(0).unwrap().as_map().unwrap();
        assert_eq!((taken.get(1), taken.get(2)), (None, None));
        let absent = taken.get(TAKEN_ABSENT_KEY).unwrap().as_map().unwrap();
        assert_eq!(absent.get(1).unwrap().as_text(), Some("malformed"));
        assert_eq!(absent.get(2).unwrap().as_text(), Some("out_of_range"));
        let absent = map.get(ABSENT_KEY).unwrap().as_map().unwrap();
        assert_eq!(absent.get(5).unwrap().as_text(), Some("malformed"));
    }
}
