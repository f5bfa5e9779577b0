//! The facts of a photo as its entry holds them (formats.md §4, "Photo facts"): all of them, and why one is absent.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::encoding::{Map, Value};
use crate::vocabulary::FactAbsence;

/// What a photo says of itself; every value is the file's claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PhotoFacts {
    /// The camera's local time, `YYYY-MM-DDTHH:MM:SS`.
    pub taken: Option<String>,
    /// Part of that second, ns.
    pub taken_nanos: Option<i64>,
    /// Minutes east of UTC.
    pub taken_offset_min: Option<i64>,
    /// Latitude, 1e-7 degrees.
    pub lat_e7: Option<i64>,
    /// Longitude, 1e-7 degrees.
    pub lon_e7: Option<i64>,
    /// Height above sea level, mm.
    pub alt_mm: Option<i64>,
    /// Where the camera pointed, clockwise from north, thousandths of a degree.
    pub direction_mdeg: Option<i64>,
    /// Which north: `true` or `magnetic`.
    pub direction_ref: Option<String>,
    /// Dilution of precision, thousandths.
    pub dop_milli: Option<i64>,
    /// Time of the satellite fix, ms since 1970 UTC.
    pub gps_time_ms: Option<i64>,
    /// Camera make.
    pub make: Option<String>,
    /// Camera model.
    pub model: Option<String>,
    /// Lens make.
    pub lens_make: Option<String>,
    /// Lens.
    pub lens: Option<String>,
    /// Serial number of the camera.
    pub serial: Option<String>,
    /// Exposure in seconds, above and below the line.
    pub exposure: Option<[i64; 2]>,
    /// f-number, thousandths.
    pub f_number_milli: Option<i64>,
    /// Sensitivity.
    pub iso: Option<i64>,
    /// Focal length, µm.
    pub focal_length_um: Option<i64>,
    /// Flash, the bits of EXIF.
    pub flash: Option<i64>,
    /// How the stored picture is to be turned, the number of EXIF.
    pub orientation: Option<i64>,
    /// Stored width, pixels.
    pub width: Option<i64>,
    /// Stored height, pixels.
    pub height: Option<i64>,
    /// Every fact above that is absent, by its name, with the reason.
    pub absent: BTreeMap<&'static str, FactAbsence>,
}

/// Key of the reasons among the facts, and among the parts of the time.
const ABSENT: u64 = 20;
const TAKEN_ABSENT: u64 = 3;

impl PhotoFacts {
    /// Reads field 10.
    #[must_use]
    pub fn of(map: &Map) -> Self {
        let mut read = Reader::new(map, ABSENT);
        let taken = map.get(0).and_then(Value::as_map);
        let mut parts = taken.map(|taken| Reader::new(taken, TAKEN_ABSENT));
        let mut facts = Self {
            taken: parts.as_mut().and_then(|parts| parts.text(0, "taken")),
            taken_nanos: parts.as_mut().and_then(|parts| parts.int(1, "taken_nanos")),
            taken_offset_min: parts
                .as_mut()
                .and_then(|parts| parts.int(2, "taken_offset_min")),
            lat_e7: read.int(1, "lat_e7"),
            lon_e7: read.int(2, "lon_e7"),
            alt_mm: read.int(3, "alt_mm"),
            direction_mdeg: read.int(4, "direction_mdeg"),
            direction_ref: read.text(5, "direction_ref"),
            dop_milli: read.int(6, "dop_milli"),
            gps_time_ms: read.int(7, "gps_time_ms"),
            make: read.text(8, "make"),
            model: read.text(9, "model"),
            lens_make: read.text(21, "lens_make"),
            lens: read.text(10, "lens"),
            serial: read.text(11, "serial"),
            exposure: read.known(12, "exposure", fraction),
            f_number_milli: read.int(13, "f_number_milli"),
            iso: read.int(14, "iso"),
            focal_length_um: read.int(15, "focal_length_um"),
            flash: read.int(16, "flash"),
            orientation: read.int(17, "orientation"),
            width: read.int(18, "width"),
            height: read.int(19, "height"),
            absent: BTreeMap::new(),
        };
        match parts {
            Some(parts) => read.absent.extend(parts.absent),
            None => {
                for name in ["taken", "taken_nanos", "taken_offset_min"] {
                    read.missing(0, name);
                }
            }
        }
        facts.absent = read.absent;
        facts
    }

    /// Make and model in one line.
    #[must_use]
    pub fn camera(&self) -> Option<String> {
        let names: Vec<&str> = [self.make.as_deref(), self.model.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        (!names.is_empty()).then(|| names.join(" "))
    }
}

/// Reads facts of a map and notes what is absent.
struct Reader<'a> {
    map: &'a Map,
    reasons: Option<&'a Map>,
    absent: BTreeMap<&'static str, FactAbsence>,
}

impl<'a> Reader<'a> {
    fn new(map: &'a Map, absent_key: u64) -> Self {
        Self {
            map,
            reasons: map.get(absent_key).and_then(Value::as_map),
            absent: BTreeMap::new(),
        }
    }

    fn known<T>(
        &mut self,
        key: u64,
        name: &'static str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let known = self.map.get(key).and_then(read);
        if known.is_none() {
            self.missing(key, name);
        }
        known
    }

    fn int(&mut self, key: u64, name: &'static str) -> Option<i64> {
        self.known(key, name, Value::as_int)
    }

    fn text(&mut self, key: u64, name: &'static str) -> Option<String> {
        self.known(key, name, |value| value.as_text().map(str::to_owned))
    }

    /// A fact without a reason is one that the file does not hold.
    fn missing(&mut self, key: u64, name: &'static str) {
        let reason = self.reasons.and_then(|reasons| reasons.get(key)?.as_text());
        let reason = reason.map_or(FactAbsence::NotPresent, FactAbsence::from_code);
        self.absent.insert(name, reason);
    }
}

fn fraction(value: &Value) -> Option<[i64; 2]> {
    match value.as_array()? {
        [above, below] => Some([above.as_int()?, below.as_int()?]),
        _ => None,
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
        assert_eq!(all.absent, BTreeMap::new());
        assert_eq!(all.taken.as_deref(), Some("2026-05-14T09:21:07"));
        assert_eq!(all.lens_make.as_deref(), Some("Imena Works"));
        assert_eq!((all.exposure, all.width), (Some([1, 250]), Some(480)));

        let malformed = photo::malformed_parts_of_time();
        let some = PhotoFacts::of(&facts_map(&read_facts(&malformed)));
        let reasons = [
            ("direction_ref", FactAbsence::Malformed),
            ("taken_nanos", FactAbsence::Malformed),
            ("taken_offset_min", FactAbsence::OutOfRange),
        ];
        assert_eq!(some.absent, BTreeMap::from(reasons));

        let none = PhotoFacts::of(&facts_map(&read_facts(&photo::gif_like())));
        assert_eq!(none.absent.len(), 23);
        let unread = FactAbsence::UnsupportedFormat;
        assert_eq!(none.absent.get("taken"), Some(&unread));
    }
}
