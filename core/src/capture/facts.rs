//! The facts of a photo as they stand in its entry (formats.md §4, "Photo facts"): what is known under its key, what is absent with its reason.

use crate::encoding::{Map, Value};
use crate::media::{
    AbsentReason, CameraTime, CivilTime, Defect, DirectionReference, Fact, GpsStamp, Orientation,
    PhotoFacts, Ratio,
};
use crate::vocabulary::PhotoDefect;

const ABSENT_KEY: u64 = 20;

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
    let reference = facts
        .gps
        .direction
        .known()
        .and_then(|direction| match direction.reference {
            DirectionReference::TrueNorth => Some("true"),
            DirectionReference::MagneticNorth => Some("magnetic"),
            DirectionReference::NotStated => None,
        });
    let map = out.known.with_some(5, reference.map(Value::text));
    // "Not present" is what an ordinary file is: only what a file states wrongly is told.
    if out.absent.0.is_empty() {
        map
    } else {
        map.with(ABSENT_KEY, out.absent)
    }
}

/// What was wrong with the file, as terms.
#[must_use]
pub fn defects(facts: &PhotoFacts) -> Vec<PhotoDefect> {
    let term = |defect: &Defect| match defect {
        Defect::Empty | Defect::NotAPicture => PhotoDefect::NotAPicture,
        Defect::ZeroDimensions => PhotoDefect::ZeroDimensions,
        Defect::Truncated => PhotoDefect::Truncated,
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
            Fact::Absent(reason) => {
                let code = match reason {
                    AbsentReason::NotPresent => return,
                    AbsentReason::Malformed => "malformed",
                    AbsentReason::ZeroDenominator => "zero_denominator",
                    AbsentReason::OutOfRange => "out_of_range",
                    AbsentReason::Blank => "blank",
                    AbsentReason::BeyondHead => "beyond_head",
                    AbsentReason::UnsupportedFormat => "unsupported_format",
                };
                self.absent.0.insert(key, Value::text(code));
            }
        }
    }
}

fn taken(time: &CameraTime) -> Value {
    let nanos = time
        .subsecond_nanos
        .known()
        .map(|nanos| Value::Uint((*nanos).into()));
    let offset = time
        .offset_min
        .known()
        .map(|minutes| Value::int((*minutes).into()));
    let CivilTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = time.local;
    let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    Map::new()
        .text(0, text)
        .with_some(1, nanos)
        .with_some(2, offset)
        .into()
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
        let map = facts_map(&read_facts(&good, good.len() as u64));
        assert!(map.encode().len() < 2048);
        assert!(map.get(0).is_some() && map.get(1).is_some() && map.get(18).is_some());
        let blank = photo::blank_date();
        let map = facts_map(&read_facts(&blank, blank.len() as u64));
        assert_eq!(map.get(0), None);
        let absent = map.get(ABSENT_KEY).unwrap().as_map().unwrap();
        assert_eq!(absent.get(0).unwrap().as_text(), Some("blank"));
    }
}
