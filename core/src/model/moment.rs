//! Moments as people read them: the clock of Kyiv, whatever zone the phone took from the nearest cell.
//!
//! The rule of the zone stands here (two summer changes a year), because phones near the border register on foreign cells, and some machines have no
//! table of zones.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Kyiv: two hours before UTC, three in summer.
const KYIV: &str = "EET-2EEST,M3.5.0/3,M10.5.0/4";

/// A moment of ms since 1970 UTC as `2022-09-16 13:05:59`; one that no calendar has as its number.
#[must_use]
pub fn shown(ms: i64) -> String {
    let moment = Timestamp::from_millisecond(ms).ok();
    let zoned = moment.zip(TimeZone::posix(KYIV).ok());
    zoned.map_or_else(
        || format!("{ms} ms"),
        |(moment, zone)| {
            let zoned = moment.to_zoned(zone);
            zoned.strftime("%Y-%m-%d %H:%M:%S").to_string()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_by_the_clock_of_kyiv_in_summer_and_winter() {
        assert_eq!(shown(1_663_322_759_000), "2022-09-16 13:05:59");
        assert_eq!(shown(1_670_000_000_000), "2022-12-02 18:53:20");
        assert_eq!(shown(-1), "1970-01-01 01:59:59");
        assert_eq!(shown(i64::MAX), format!("{} ms", i64::MAX));
    }
}
