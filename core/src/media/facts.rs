//! What a photograph says of itself: each fact known, or absent with the reason.
//!
//! Owns the shapes of the facts and the order of reading; the walk over the file is `container`, the meaning of single EXIF fields
//! `exif_fields`. A fact is what the camera wrote, no more: a time without an offset stays without one, and a value that cannot be
//! true (a latitude of 91 degrees, a denominator of zero) is absent rather than mended.
//!
//! Facts are read while a capture streams to disk, wherever in the file they stand, in bounded memory.

use super::exif_block::{self, ExifBlock};
use super::exif_fields;
use super::format::{Container, MediaFormat};
use super::orientation::Orientation;
use super::walk::Walk;

/// A value of the camera, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// The camera wrote it and it can be true.
    Known(T),
    /// There is no such value.
    Absent(AbsentReason),
}

/// Why a fact is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AbsentReason {
    /// The file does not hold the field.
    NotPresent,
    /// The field is there and has not the form it must have.
    Malformed,
    /// A fraction has the denominator zero (cameras write 0/0 for "unknown").
    ZeroDenominator,
    /// The value cannot be true.
    OutOfRange,
    /// The field holds spaces, zeros or nothing.
    Blank,
    /// The field stood in a part of the file that had passed before its place was named.
    NotKept,
    /// The block that would hold the field is larger than any camera writes, and was not read.
    TooLarge,
    /// The file is of a kind whose facts are not read.
    UnsupportedFormat,
}

impl<T> Fact<T> {
    /// Gives the value, if there is one.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent(_) => None,
        }
    }

    /// Gives the reason of absence, if the value is absent.
    #[must_use]
    pub fn absent_reason(&self) -> Option<AbsentReason> {
        match self {
            Self::Known(_) => None,
            Self::Absent(reason) => Some(*reason),
        }
    }
}

impl<T> From<Result<T, AbsentReason>> for Fact<T> {
    fn from(result: Result<T, AbsentReason>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(reason) => Self::Absent(reason),
        }
    }
}

/// Width and height in pixels, neither zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PixelSize {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// A fraction as the camera wrote it; the denominator is never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    /// Number above the line.
    pub numerator: u32,
    /// Number below the line.
    pub denominator: u32,
}

/// A date and time of day that exist in the calendar, in no stated zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilTime {
    /// Year, 1 to 9999.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
}

/// When the camera says that the picture was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraTime {
    /// The camera's own clock, DateTimeOriginal (0x9003).
    pub local: CivilTime,
    /// Part of a second, in nanoseconds, SubSecTimeOriginal (0x9291).
    pub subsecond_nanos: Fact<u32>,
    /// Minutes east of UTC, OffsetTimeOriginal (0x9011); never worked out from anything else.
    pub offset_min: Fact<i16>,
}

/// Which north a direction is counted from, GPSImgDirectionRef (GPS 0x10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DirectionReference {
    /// True north ("T").
    TrueNorth,
    /// Magnetic north ("M").
    MagneticNorth,
}

/// Where the camera pointed, GPSImgDirection (GPS 0x11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Direction {
    /// Clockwise from north in thousandths of a degree, 0 to 359,999.
    pub bearing_mdeg: u32,
    /// Which north.
    pub reference: Fact<DirectionReference>,
}

/// UTC as the satellites gave it, GPSDateStamp (GPS 0x1D) and GPSTimeStamp (GPS 0x07).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GpsStamp {
    /// Date and time of day, UTC.
    pub utc: CivilTime,
    /// Part of a second, in nanoseconds.
    pub subsecond_nanos: u32,
}

/// What the camera's satellite receiver said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpsFacts {
    /// North positive, in 1e-7 degrees, GPSLatitude and its reference (GPS 0x02, 0x01).
    pub latitude_e7: Fact<i32>,
    /// East positive, in 1e-7 degrees, GPSLongitude and its reference (GPS 0x04, 0x03).
    pub longitude_e7: Fact<i32>,
    /// Above sea level positive, GPSAltitude and its reference (GPS 0x06, 0x05).
    pub altitude_mm: Fact<i32>,
    /// Where the camera pointed.
    pub direction: Fact<Direction>,
    /// Dilution of precision in thousandths, GPSDOP (GPS 0x0B).
    pub dop_thousandths: Fact<u32>,
    /// Time of the fix.
    pub stamp: Fact<GpsStamp>,
}

/// Which camera and lens, in their own words (see `TEXT_BYTES_MAX`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraFacts {
    /// Make (0x010F).
    pub make: Fact<String>,
    /// Model (0x0110).
    pub model: Fact<String>,
    /// LensMake (0xA433).
    pub lens_make: Fact<String>,
    /// LensModel (0xA434).
    pub lens_model: Fact<String>,
    /// BodySerialNumber (0xA431), else CameraSerialNumber (0xC62F).
    pub body_serial: Fact<String>,
}

/// Flash field (0x9209) as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flash {
    /// All bits of the field.
    pub bits: u16,
}

impl Flash {
    /// Says whether the flash fired.
    #[must_use]
    pub fn has_fired(self) -> bool {
        self.bits & 1 == 1
    }
}

/// How the picture was exposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExposureFacts {
    /// Seconds, ExposureTime (0x829A).
    pub exposure_time_s: Fact<Ratio>,
    /// Thousandths, FNumber (0x829D): 1800 is f/1.8.
    pub f_number_thousandths: Fact<u32>,
    /// PhotographicSensitivity (0x8827).
    pub iso: Fact<u32>,
    /// Micrometres, FocalLength (0x920A): 4250 is 4.25 mm.
    pub focal_length_um: Fact<u32>,
    /// Flash (0x9209).
    pub flash: Fact<Flash>,
}

/// A piece of the file, counted from its first byte, wholly inside its EXIF block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByteRange {
    /// First byte.
    pub offset: u64,
    /// Number of bytes, at least one.
    pub length: u64,
}

impl ByteRange {
    /// Cuts the piece out of the file.
    #[must_use]
    pub fn cut(self, file: &[u8]) -> Option<&[u8]> {
        let start = usize::try_from(self.offset).ok()?;
        let length = usize::try_from(self.length).ok()?;
        file.get(start..start.checked_add(length)?)
    }
}

/// Something wrong with the file; it is kept all the same, and shown as a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Defect {
    /// The file has no bytes.
    Empty,
    /// Not a picture of a kind known here.
    NotAPicture,
    /// The header says that the picture has no width or no height.
    ZeroDimensions,
    /// The file ends before the picture does.
    Truncated,
    /// A piece is blank (zeros or ones) where picture data must stand: a card or a copy lost it.
    BlankPiece,
    /// Markers, lengths or checksums contradict the bytes.
    BrokenStructure,
    /// The EXIF block is partly or wholly unreadable.
    BrokenExif,
    /// The EXIF block has more entries or bytes than any camera writes, and was not read.
    ExifTooLarge,
}

/// All facts of one photograph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoFacts {
    /// Kind of file, by its bytes.
    pub format: MediaFormat,
    /// Stored size, before it is turned upright: from the frame header; for HEIF from the primary item's `ispe` and `clap`, from EXIF
    /// (0xA002, 0xA003) only where no property says it.
    pub size: Fact<PixelSize>,
    /// How the stored picture must be turned, Orientation (0x0112); for HEIF from the primary item's `irot` and `imir`.
    pub orientation: Fact<Orientation>,
    /// When the picture was taken.
    pub taken_at: Fact<CameraTime>,
    /// Where the picture was taken.
    pub gps: GpsFacts,
    /// What it was taken with.
    pub camera: CameraFacts,
    /// How it was exposed.
    pub exposure: ExposureFacts,
    /// JPEG inside the EXIF block, JPEGInterchangeFormat and its length (IFD1 0x0201, 0x0202); stored the same way round.
    pub thumbnail: Fact<ByteRange>,
    /// EXIF says that the colours are Adobe RGB, InteroperabilityIndex (0x0001) "R03".
    pub says_adobe_rgb: bool,
    /// Up to which byte the picture data are sound; absent: to their end.
    pub sound_until: Option<u64>,
    /// What is wrong with the file, each once, in the order of [`Defect`].
    pub defects: Vec<Defect>,
}

/// Reads the facts of a photograph and checks its structure while its bytes pass once.
///
/// Memory stays below 600 KiB whatever the file claims; a JPEG needs at most 64 KiB.
pub struct PhotoReader {
    walk: Walk,
    is_empty: bool,
}

impl Default for PhotoReader {
    fn default() -> Self {
        Self {
            walk: Walk::new(),
            is_empty: true,
        }
    }
}

impl PhotoReader {
    /// Takes the next bytes of the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.is_empty &= bytes.is_empty();
        self.walk.feed(bytes);
    }

    /// Gives the facts once all bytes have passed.
    #[must_use]
    pub fn finish(self) -> PhotoFacts {
        let (format, walked) = self.walk.finish();
        let block = exif_block::read_block(walked.exif);
        let mut size = walked.size;
        if format.container() == Container::Boxes && size == Fact::Absent(AbsentReason::NotPresent)
        {
            // No property says it: EXIF is all there is, and is never taken against a property.
            size = block.read(exif_fields::pixel_size);
        }
        let mut defects = Vec::new();
        if self.is_empty {
            defects.push(Defect::Empty);
        } else if format == MediaFormat::Unknown {
            defects.push(Defect::NotAPicture);
        }
        if size.absent_reason() == Some(AbsentReason::OutOfRange) {
            defects.push(Defect::ZeroDimensions);
        }
        defects.extend(walked.flaws.defects());
        defects.extend(block.defect);
        let mut facts = facts_of(format, size, &block, defects);
        facts.sound_until = walked.flaws.sound_until();
        if let Some(orientation) = walked.orientation {
            facts.orientation = Fact::Known(orientation);
        }
        facts
    }
}

/// Reads the facts of a photograph that is at hand as a whole.
#[must_use]
pub fn read_facts(file: &[u8]) -> PhotoFacts {
    let mut reader = PhotoReader::default();
    reader.feed(file);
    reader.finish()
}

fn facts_of(
    format: MediaFormat,
    size: Fact<PixelSize>,
    block: &ExifBlock,
    defects: Vec<Defect>,
) -> PhotoFacts {
    PhotoFacts {
        format,
        size,
        orientation: block.read(exif_fields::orientation),
        taken_at: block.read(exif_fields::camera_time),
        gps: GpsFacts {
            latitude_e7: block.read(exif_fields::latitude_e7),
            longitude_e7: block.read(exif_fields::longitude_e7),
            altitude_mm: block.read(exif_fields::altitude_mm),
            direction: block.read(exif_fields::direction),
            dop_thousandths: block.read(exif_fields::dop_thousandths),
            stamp: block.read(exif_fields::gps_stamp),
        },
        camera: CameraFacts {
            make: block.read(|exif| exif_fields::text(exif, exif::Tag::Make)),
            model: block.read(|exif| exif_fields::text(exif, exif::Tag::Model)),
            lens_make: block.read(|exif| exif_fields::text(exif, exif::Tag::LensMake)),
            lens_model: block.read(|exif| exif_fields::text(exif, exif::Tag::LensModel)),
            body_serial: block.read(exif_fields::serial),
        },
        exposure: ExposureFacts {
            exposure_time_s: block.read(exif_fields::exposure_time_s),
            f_number_thousandths: block.read(exif_fields::f_number_thousandths),
            iso: block.read(exif_fields::iso),
            focal_length_um: block.read(exif_fields::focal_length_um),
            flash: block.read(exif_fields::flash),
        },
        thumbnail: block.thumbnail(),
        says_adobe_rgb: block.read(exif_fields::says_adobe_rgb) == Fact::Known(true),
        sound_until: None,
        defects,
    }
}

#[cfg(test)]
mod tests;
