//! The meaning of single EXIF fields (Exif 2.32, JEITA CP-3451E): one function a fact.
//!
//! Owns forms, ranges and rounding. All arithmetic is on whole numbers, so that two devices read the same value from the same file.
//! Nothing is mended: what has not the form of the standard is absent with the reason.

use exif::{Context, Exif, Field, In, Tag, Value};

use super::facts::{
    AbsentReason, CameraTime, CivilTime, Direction, DirectionReference, Flash, GpsStamp, PixelSize,
    Ratio,
};
use super::orientation::Orientation;

type Read<T> = Result<T, AbsentReason>;

/// Bytes kept of a text. The longest lens names in use have about 60; the rest of a longer text is of no use as a name.
pub const TEXT_BYTES_MAX: usize = 128;

const NANOS_DIGITS: usize = 9;
const UTC_OFFSET_MIN_MAX: i16 = 14 * 60;

/// Challenger Deep and the Kármán line, both with room.
const ALTITUDE_MM_MIN: i64 = -12_000_000;
const ALTITUDE_MM_MAX: i64 = 100_000_000;

/// Receivers report 99.99 for "no fix worth the name".
const DOP_THOUSANDTHS_MAX: u64 = 100_000;

const FULL_CIRCLE_MDEG: u64 = 360_000;

/// Orientation (0x0112).
pub(super) fn orientation(exif: &Exif) -> Read<Orientation> {
    let number = number_at(exif, Tag::Orientation, In::PRIMARY)?;
    Orientation::from_exif(number).ok_or(AbsentReason::OutOfRange)
}

/// PixelXDimension and PixelYDimension (0xA002, 0xA003).
pub(super) fn pixel_size(exif: &Exif) -> Read<PixelSize> {
    let width = number_at(exif, Tag::PixelXDimension, In::PRIMARY)?;
    let height = number_at(exif, Tag::PixelYDimension, In::PRIMARY)?;
    if width == 0 || height == 0 {
        return Err(AbsentReason::OutOfRange);
    }
    Ok(PixelSize { width, height })
}

/// DateTimeOriginal, SubSecTimeOriginal and OffsetTimeOriginal (0x9003, 0x9291, 0x9011).
pub(super) fn camera_time(exif: &Exif) -> Read<CameraTime> {
    Ok(CameraTime {
        local: parse_date_time(ascii(exif, Tag::DateTimeOriginal)?)?,
        subsecond_nanos: ascii(exif, Tag::SubSecTimeOriginal)
            .and_then(parse_subsecond)
            .into(),
        offset_min: ascii(exif, Tag::OffsetTimeOriginal)
            .and_then(parse_offset)
            .into(),
    })
}

/// GPSLatitude (GPS 0x02), negative south of the equator.
pub(super) fn latitude_e7(exif: &Exif) -> Read<i32> {
    let letters = (b'N', b'S');
    angle_e7(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, letters, 90)
}

/// GPSLongitude (GPS 0x04), negative west of Greenwich.
pub(super) fn longitude_e7(exif: &Exif) -> Read<i32> {
    let letters = (b'E', b'W');
    angle_e7(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, letters, 180)
}

/// GPSAltitude (GPS 0x06), negative below the reference surface.
pub(super) fn altitude_mm(exif: &Exif) -> Read<i32> {
    let height = i64::try_from(scaled(ratio(exif, Tag::GPSAltitude, 0)?, 1_000)?)
        .map_err(|_| AbsentReason::OutOfRange)?;
    // The standard's default is "above"; 2 and 3 (Exif 3) are above and below the ellipsoid.
    let height = match number_at(exif, Tag::GPSAltitudeRef, In::PRIMARY) {
        Ok(0 | 2) | Err(AbsentReason::NotPresent) => height,
        Ok(1 | 3) => height.saturating_neg(),
        Ok(_) => return Err(AbsentReason::Malformed),
        Err(reason) => return Err(reason),
    };
    if !(ALTITUDE_MM_MIN..=ALTITUDE_MM_MAX).contains(&height) {
        return Err(AbsentReason::OutOfRange);
    }
    i32::try_from(height).map_err(|_| AbsentReason::OutOfRange)
}

/// GPSImgDirection and GPSImgDirectionRef (GPS 0x11, 0x10).
pub(super) fn direction(exif: &Exif) -> Read<Direction> {
    let bearing = scaled(ratio(exif, Tag::GPSImgDirection, 0)?, 1_000)?;
    if bearing > FULL_CIRCLE_MDEG {
        return Err(AbsentReason::OutOfRange);
    }
    let bearing = bearing.checked_rem(FULL_CIRCLE_MDEG).unwrap_or(0);
    let letter = ascii(exif, Tag::GPSImgDirectionRef).map(<[u8]>::first);
    let reference = letter.and_then(|letter| match letter {
        Some(b'T') => Ok(DirectionReference::TrueNorth),
        Some(b'M') => Ok(DirectionReference::MagneticNorth),
        Some(_) => Err(AbsentReason::Malformed),
        None => Err(AbsentReason::Blank),
    });
    Ok(Direction {
        bearing_mdeg: u32::try_from(bearing).map_err(|_| AbsentReason::OutOfRange)?,
        reference: reference.into(),
    })
}

/// GPSDOP (GPS 0x0B).
pub(super) fn dop_thousandths(exif: &Exif) -> Read<u32> {
    let dop = scaled(ratio(exif, Tag::GPSDOP, 0)?, 1_000)?;
    if dop == 0 || dop > DOP_THOUSANDTHS_MAX {
        return Err(AbsentReason::OutOfRange);
    }
    u32::try_from(dop).map_err(|_| AbsentReason::OutOfRange)
}

/// GPSDateStamp and GPSTimeStamp (GPS 0x1D, 0x07).
pub(super) fn gps_stamp(exif: &Exif) -> Read<GpsStamp> {
    const NANOS: u64 = 1_000_000_000;
    let date = ascii(exif, Tag::GPSDateStamp)?;
    if is_blank(date) {
        return Err(AbsentReason::Blank);
    }
    let [year, month, day] = parse_numbers(date, [4, 2, 2], b"::")?;
    let hour = whole(ratio(exif, Tag::GPSTimeStamp, 0)?)?;
    let minute = whole(ratio(exif, Tag::GPSTimeStamp, 1)?)?;
    let nanos = scaled(ratio(exif, Tag::GPSTimeStamp, 2)?, NANOS)?;
    let second = nanos.checked_div(NANOS).unwrap_or(0);
    let utc = civil_time([
        year,
        month,
        day,
        hour,
        minute,
        u32::try_from(second).map_err(|_| AbsentReason::OutOfRange)?,
    ])?;
    let subsecond = nanos.checked_rem(NANOS).unwrap_or(0);
    Ok(GpsStamp {
        utc,
        subsecond_nanos: u32::try_from(subsecond).map_err(|_| AbsentReason::OutOfRange)?,
    })
}

/// A name in plain text, without control characters and outer spaces.
pub(super) fn text(exif: &Exif, tag: Tag) -> Read<String> {
    let raw = ascii(exif, tag)?;
    let whole = String::from_utf8_lossy(raw);
    let clean: String = whole
        .chars()
        .filter(|letter| !letter.is_control())
        .collect();
    let clean = clean.trim();
    if clean.is_empty() {
        return Err(AbsentReason::Blank);
    }
    let end = clean.floor_char_boundary(TEXT_BYTES_MAX);
    Ok(clean.get(..end).unwrap_or("").trim_end().to_owned())
}

/// BodySerialNumber (0xA431) in either directory, else CameraSerialNumber (0xC62F) in the first.
pub(super) fn serial(exif: &Exif) -> Read<String> {
    const CAMERA_SERIAL_NUMBER: Tag = Tag(Context::Tiff, 0xC62F);
    match text(exif, Tag::BodySerialNumber) {
        Ok(serial) => Ok(serial),
        Err(reason) => text(exif, CAMERA_SERIAL_NUMBER).map_err(|_| reason),
    }
}

/// InteroperabilityIndex (0x0001): "R03" is the option file of DCF, which is in Adobe RGB.
pub(super) fn says_adobe_rgb(exif: &Exif) -> Read<bool> {
    ascii(exif, Tag::InteroperabilityIndex).map(|index| index.starts_with(b"R03"))
}

/// ExposureTime (0x829A).
pub(super) fn exposure_time_s(exif: &Exif) -> Read<Ratio> {
    let time = ratio(exif, Tag::ExposureTime, 0)?;
    if time.numerator == 0 {
        return Err(AbsentReason::OutOfRange);
    }
    Ok(time)
}

/// FNumber (0x829D).
pub(super) fn f_number_thousandths(exif: &Exif) -> Read<u32> {
    positive_thousandths(exif, Tag::FNumber)
}

/// FocalLength (0x920A), millimetres in the file.
pub(super) fn focal_length_um(exif: &Exif) -> Read<u32> {
    positive_thousandths(exif, Tag::FocalLength)
}

/// PhotographicSensitivity (0x8827).
pub(super) fn iso(exif: &Exif) -> Read<u32> {
    match number_at(exif, Tag::PhotographicSensitivity, In::PRIMARY)? {
        0 => Err(AbsentReason::OutOfRange),
        iso => Ok(iso),
    }
}

/// Flash (0x9209).
pub(super) fn flash(exif: &Exif) -> Read<Flash> {
    let bits = number_at(exif, Tag::Flash, In::PRIMARY)?;
    let bits = u16::try_from(bits).map_err(|_| AbsentReason::OutOfRange)?;
    Ok(Flash { bits })
}

/// First number of an unsigned field.
pub(super) fn number_at(exif: &Exif, tag: Tag, directory: In) -> Read<u32> {
    let field = field(exif, tag, directory)?;
    field.value.get_uint(0).ok_or(AbsentReason::Malformed)
}

fn positive_thousandths(exif: &Exif, tag: Tag) -> Read<u32> {
    match scaled(ratio(exif, tag, 0)?, 1_000)? {
        0 => Err(AbsentReason::OutOfRange),
        value => u32::try_from(value).map_err(|_| AbsentReason::OutOfRange),
    }
}

/// Some cameras write fields of the EXIF directory into the first one (TIFF/EP): they are looked for there too.
fn field(exif: &Exif, tag: Tag, directory: In) -> Read<&Field> {
    let in_first = || match tag.context() {
        Context::Exif => exif.get_field(Tag(Context::Tiff, tag.number()), directory),
        _ => None,
    };
    exif.get_field(tag, directory)
        .or_else(in_first)
        .ok_or(AbsentReason::NotPresent)
}

/// Text up to its first NUL.
fn ascii(exif: &Exif, tag: Tag) -> Read<&[u8]> {
    let field = field(exif, tag, In::PRIMARY)?;
    match &field.value {
        Value::Ascii(texts) => Ok(texts.first().map_or(&[], Vec::as_slice)),
        _ => Err(AbsentReason::Malformed),
    }
}

/// Fraction number `index` of a field. Signed fractions occur where the standard wants unsigned ones.
fn ratio(exif: &Exif, tag: Tag, index: usize) -> Read<Ratio> {
    let field = field(exif, tag, In::PRIMARY)?;
    let (numerator, denominator) = match &field.value {
        Value::Rational(list) => list
            .get(index)
            .map(|fraction| (fraction.num, fraction.denom))
            .ok_or(AbsentReason::Malformed)?,
        Value::SRational(list) => {
            let fraction = list.get(index).ok_or(AbsentReason::Malformed)?;
            let numerator = u32::try_from(fraction.num).map_err(|_| AbsentReason::OutOfRange)?;
            let denominator =
                u32::try_from(fraction.denom).map_err(|_| AbsentReason::OutOfRange)?;
            (numerator, denominator)
        }
        _ => return Err(AbsentReason::Malformed),
    };
    if denominator == 0 {
        return Err(AbsentReason::ZeroDenominator);
    }
    Ok(Ratio {
        numerator,
        denominator,
    })
}

/// `ratio × scale`, rounded half up.
fn scaled(ratio: Ratio, scale: u64) -> Read<u64> {
    let half = u128::from(ratio.denominator / 2);
    let value = u128::from(ratio.numerator)
        .checked_mul(u128::from(scale))
        .and_then(|product| product.checked_add(half))
        .and_then(|sum| sum.checked_div(u128::from(ratio.denominator)))
        .ok_or(AbsentReason::OutOfRange)?;
    u64::try_from(value).map_err(|_| AbsentReason::OutOfRange)
}

fn whole(ratio: Ratio) -> Read<u32> {
    match ratio.numerator.checked_rem(ratio.denominator) {
        Some(0) => ratio
            .numerator
            .checked_div(ratio.denominator)
            .ok_or(AbsentReason::Malformed),
        Some(_) | None => Err(AbsentReason::Malformed),
    }
}

/// Degrees, minutes and seconds with a letter for the half of the globe.
fn angle_e7(
    exif: &Exif,
    tag: Tag,
    reference: Tag,
    (positive, negative): (u8, u8),
    degrees_max: u64,
) -> Read<i32> {
    // Three more digits than are kept, so that the three roundings do not show.
    const E10: u64 = 10_000_000_000;
    let degrees = scaled(ratio(exif, tag, 0)?, E10)?;
    let minutes = scaled(ratio(exif, tag, 1)?, E10)?;
    let seconds = scaled(ratio(exif, tag, 2)?, E10)?;
    let sixty = E10.saturating_mul(60);
    // Sixty itself comes of rounding: 59.9999 written with two digits.
    if minutes > sixty || seconds > sixty {
        return Err(AbsentReason::OutOfRange);
    }
    let sum = degrees
        .checked_add(minutes / 60)
        .and_then(|sum| sum.checked_add(seconds / 3_600))
        .ok_or(AbsentReason::OutOfRange)?;
    if sum > E10.saturating_mul(degrees_max) {
        return Err(AbsentReason::OutOfRange);
    }
    let angle = sum
        .checked_add(500)
        .map(|sum| sum / 1_000)
        .ok_or(AbsentReason::OutOfRange)?;
    let angle = i32::try_from(angle).map_err(|_| AbsentReason::OutOfRange)?;
    match ascii(exif, reference)?.first() {
        Some(letter) if *letter == positive => Ok(angle),
        Some(letter) if *letter == negative => Ok(angle.saturating_neg()),
        Some(_) => Err(AbsentReason::Malformed),
        None => Err(AbsentReason::Blank),
    }
}

/// Spaces, colons and zeros are how cameras write "no date".
fn is_blank(text: &[u8]) -> bool {
    text.iter()
        .all(|byte| matches!(byte, b' ' | b':' | b'0' | b'-'))
}

/// "YYYY:MM:DD HH:MM:SS".
fn parse_date_time(text: &[u8]) -> Read<CivilTime> {
    if is_blank(text) {
        return Err(AbsentReason::Blank);
    }
    civil_time(parse_numbers(text, [4, 2, 2, 2, 2, 2], b":: ::")?)
}

/// Digits of the widths given, with the separators between them; spaces may follow.
fn parse_numbers<const N: usize>(
    text: &[u8],
    widths: [usize; N],
    separators: &[u8],
) -> Read<[u32; N]> {
    let mut numbers = [0; N];
    let mut rest = text.trim_ascii_end();
    let separators = separators.iter().map(Some).chain([None]);
    for ((number, width), separator) in numbers.iter_mut().zip(widths).zip(separators) {
        let (digits, after) = rest
            .split_at_checked(width)
            .ok_or(AbsentReason::Malformed)?;
        *number = parse_digits(digits)?;
        rest = match separator {
            Some(byte) => after
                .strip_prefix(std::slice::from_ref(byte))
                .ok_or(AbsentReason::Malformed)?,
            None => after,
        };
    }
    if !rest.is_empty() {
        return Err(AbsentReason::Malformed);
    }
    Ok(numbers)
}

fn parse_digits(digits: &[u8]) -> Read<u32> {
    let text = std::str::from_utf8(digits).map_err(|_| AbsentReason::Malformed)?;
    if text.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(AbsentReason::Malformed);
    }
    text.parse().map_err(|_| AbsentReason::Malformed)
}

fn civil_time([year, month, day, hour, minute, second]: [u32; 6]) -> Read<CivilTime> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    };
    let exists = year >= 1 && (1..=days).contains(&day);
    if !exists || hour > 23 || minute > 59 || second > 59 {
        return Err(AbsentReason::OutOfRange);
    }
    let small = |number| u8::try_from(number).map_err(|_| AbsentReason::OutOfRange);
    Ok(CivilTime {
        year: u16::try_from(year).map_err(|_| AbsentReason::OutOfRange)?,
        month: small(month)?,
        day: small(day)?,
        hour: small(hour)?,
        minute: small(minute)?,
        second: small(second)?,
    })
}

/// Digits after the decimal point; those beyond nanoseconds are dropped.
fn parse_subsecond(text: &[u8]) -> Read<u32> {
    let digits = text.trim_ascii();
    if digits.is_empty() {
        return Err(AbsentReason::Blank);
    }
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(AbsentReason::Malformed);
    }
    let padded = digits
        .iter()
        .chain(std::iter::repeat(&b'0'))
        .take(NANOS_DIGITS);
    parse_digits(&padded.copied().collect::<Vec<u8>>())
}

/// "+HH:MM", "-HH:MM" or "Z".
fn parse_offset(text: &[u8]) -> Read<i16> {
    let text = text.trim_ascii();
    if text.iter().all(|byte| matches!(byte, b' ' | b':')) {
        return Err(AbsentReason::Blank);
    }
    let (sign, clock) = match text.split_first() {
        Some((b'Z', [])) => return Ok(0),
        Some((b'+', clock)) => (1_i16, clock),
        Some((b'-', clock)) => (-1, clock),
        Some(_) | None => return Err(AbsentReason::Malformed),
    };
    let [hours, minutes] = parse_numbers(clock, [2, 2], b":")?;
    if minutes > 59 {
        return Err(AbsentReason::OutOfRange);
    }
    let offset = i16::try_from(hours.saturating_mul(60).saturating_add(minutes))
        .map_err(|_| AbsentReason::OutOfRange)?;
    if offset > UTC_OFFSET_MIN_MAX {
        return Err(AbsentReason::OutOfRange);
    }
    Ok(offset.saturating_mul(sign))
}
