//! Photographs made for tests, benchmarks and the demonstration: no third party's picture and no real place or person.
//!
//! Owns the scene, the EXIF writer and the defective files. It does not own what is expected of a reader: tests say that.
//!
//! Everything is a pure function of its arguments, so that the same call gives the same bytes on every machine. Each defective file
//! has one defect, named by its function; apart from that it is in order.
//!
//! Cameras here are made up, and positions lie in the open Black Sea. The EXIF is written by a small TIFF writer of our own rather
//! than by the parser's library, so that reader and writer cannot share a mistake.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "arguments are constants of tests; a wrong one shall stop the test"
)]

mod colour;
mod defects;
mod exif;
mod heif;
mod kinds;
mod losses;
mod pixels;
mod png;

pub use colour::*;
pub use defects::*;
pub use exif::{ByteOrder, ExifSpec, Fraction, GpsSpec};
pub use heif::*;
pub use kinds::*;
pub use losses::*;
pub use pixels::{Chroma, PhotoSpec, ScanLayout};
pub use png::*;

/// A photograph with the name that its file would have.
#[derive(Clone, Debug)]
pub struct NamedPhoto {
    /// File name.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Gives `n` plausible photographs of one morning: two cameras, a few metres apart, upright and on their side.
#[must_use]
pub fn demo_photos(n: u16) -> Vec<NamedPhoto> {
    (0..n).map(demo_photo).collect()
}

fn demo_photo(index: u16) -> NamedPhoto {
    let number = u32::from(index);
    let step = i32::from(index);
    let (minute, second) = (10 + number * 3 % 50, number * 17 % 60);
    let hour = 9 + number * 3 / 50;
    let is_second_camera = index % 4 == 3;
    let mut exif = ExifSpec::ordinary();
    if is_second_camera {
        exif.byte_order = ByteOrder::Big;
        exif.model = Some("Field Camera 3".to_owned());
        exif.body_serial = Some("FC3-000082".to_owned());
        exif.iso = 100;
    }
    exif.orientation = [1, 6, 1, 8, 3][usize::from(index % 5)];
    exif.taken_at = Some(format!("2026:05:14 {hour:02}:{minute:02}:{second:02}"));
    exif.subsecond = Some(format!("{:03}", number * 137 % 1000));
    let mut gps = GpsSpec::at(431_200_000 + step * 137, 336_500_000 + step * 211);
    gps.direction = (number * 2_750 % 36_000, 100);
    gps.altitude = (15_200 + number * 7, 100);
    exif.gps = Some(gps.with_time([hour - 3, minute, second]));
    let (width, height) = if matches!(exif.orientation, 6 | 8) {
        (1200, 1600)
    } else {
        (1600, 1200)
    };
    let spec = PhotoSpec {
        exif: Some(exif),
        ..PhotoSpec::new(width, height, 1_000 + u64::from(index))
    };
    NamedPhoto {
        name: format!("IMG_{:04}.jpg", 101 + index),
        bytes: spec.to_jpeg(),
    }
}

/// Gives a photograph of 12 million pixels, about 4 MB.
#[must_use]
pub fn photo_12mp(seed: u64) -> Vec<u8> {
    PhotoSpec {
        noise: 23,
        ..PhotoSpec::new(4000, 3000, seed)
    }
    .to_jpeg()
}

/// Gives a photograph of 48 million pixels, about 11 MB.
#[must_use]
pub fn photo_48mp(seed: u64) -> Vec<u8> {
    PhotoSpec {
        noise: 13,
        ..PhotoSpec::new(8000, 6000, seed)
    }
    .to_jpeg()
}
