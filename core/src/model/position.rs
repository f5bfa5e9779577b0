//! Where something was, as one source claims it (domain: `Position`). Sources are never merged, manual positions never mixed with fixes.

use serde::Serialize;

use crate::encoding::{Map, Value};

/// Degrees are stored as signed integers of 1e-7 degrees.
const E7_PER_DEGREE: f64 = 1e7;
const LAT_E7_MAX: i64 = 900_000_000;
const LON_E7_MAX: i64 = 1_800_000_000;

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionProvider {
    /// The device's own satellite receiver.
    Gnss,
    /// Cell towers and Wi-Fi.
    Network,
    /// The platform's mixture.
    Fused,
    /// A receiver outside.
    ExternalNmea,
    /// A finger on a map.
    ManualMap,
    /// Typed numbers.
    ManualTyped,
    /// Distance and bearing from a datum peg.
    OffsetFromDatum,
}

impl PositionProvider {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Gnss, "gnss"),
        (Self::Network, "network"),
        (Self::Fused, "fused"),
        (Self::ExternalNmea, "external_nmea"),
        (Self::ManualMap, "manual_map"),
        (Self::ManualTyped, "manual_typed"),
        (Self::OffsetFromDatum, "offset_from_datum"),
    ];

    fn code(self) -> &'static str {
        Self::CODES
            .iter()
            .find(|row| row.0 == self)
            .map_or("", |row| row.1)
    }
}

/// A position in WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// Latitude, 1e-7 degrees, −900,000,000 … 900,000,000.
    pub lat_e7: i32,
    /// Longitude, 1e-7 degrees, −1,800,000,000 … 1,800,000,000.
    pub lon_e7: i32,
    /// Horizontal accuracy, mm, if the source says.
    pub h_acc_mm: Option<u32>,
    /// Who says so.
    pub provider: PositionProvider,
}

impl Position {
    /// Takes degrees, refusing what is not on Earth.
    #[must_use]
    pub fn from_degrees(lat: f64, lon: f64, provider: PositionProvider) -> Option<Self> {
        if !lat.is_finite() || !lon.is_finite() {
            return None;
        }
        #[allow(
            clippy::cast_possible_truncation,
            reason = "checked against the limits below"
        )]
        let e7 = |degrees: f64| (degrees * E7_PER_DEGREE).round() as i64;
        Self::checked(e7(lat), e7(lon), None, provider)
    }

    /// Reads the map of formats.md §4; what is out of range is no position.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let map = value.as_map()?;
        let code = map.get(3)?.as_text()?;
        let provider = PositionProvider::CODES.iter().find(|row| row.1 == code)?.0;
        let accuracy = match map.get(2) {
            None => None,
            Some(value) => Some(u32::try_from(value.as_uint()?).ok()?),
        };
        Self::checked(
            map.get(0)?.as_int()?,
            map.get(1)?.as_int()?,
            accuracy,
            provider,
        )
    }

    fn checked(
        lat: i64,
        lon: i64,
        h_acc_mm: Option<u32>,
        provider: PositionProvider,
    ) -> Option<Self> {
        if !(-LAT_E7_MAX..=LAT_E7_MAX).contains(&lat) || !(-LON_E7_MAX..=LON_E7_MAX).contains(&lon)
        {
            return None;
        }
        let (lat_e7, lon_e7) = (i32::try_from(lat).ok()?, i32::try_from(lon).ok()?);
        Some(Self {
            lat_e7,
            lon_e7,
            h_acc_mm,
            provider,
        })
    }
}

impl From<Position> for Value {
    fn from(position: Position) -> Self {
        Map::new()
            .int(0, position.lat_e7.into())
            .int(1, position.lon_e7.into())
            .with_some(2, position.h_acc_mm.map(|mm| Value::Uint(mm.into())))
            .text(3, position.provider.code())
            .into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_position_survives_its_entry_and_nonsense_is_no_position() {
        let izium = Position::from_degrees(49.2103, 37.2489, PositionProvider::Gnss).unwrap();
        assert_eq!(izium.lat_e7, 492_103_000);
        assert_eq!(Position::from_value(&izium.into()), Some(izium));
        for (lat, lon) in [
            (90.1, 0.0),
            (0.0, -180.1),
            (f64::NAN, 0.0),
            (0.0, f64::INFINITY),
        ] {
            assert_eq!(
                Position::from_degrees(lat, lon, PositionProvider::Gnss),
                None
            );
        }
    }
}
