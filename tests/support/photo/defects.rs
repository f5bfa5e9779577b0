//! Files with one defect each, named by its function; apart from that they are in order.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::exif::{ByteOrder, ExifSpec, KIND_LONG};
use super::pixels::{Chroma, PhotoSpec, ScanLayout, StoredScene, clamp};
use super::png::{write_png, zlib_of_zeros};

fn small() -> PhotoSpec {
    PhotoSpec::new(480, 360, 7)
}

fn small_with(change: impl FnOnce(&mut ExifSpec)) -> Vec<u8> {
    let mut exif = ExifSpec::ordinary();
    change(&mut exif);
    PhotoSpec {
        exif: Some(exif),
        ..small()
    }
    .to_jpeg()
}

/// A file without bytes.
#[must_use]
pub fn empty() -> Vec<u8> {
    Vec::new()
}

/// A photograph of which the last third is missing.
#[must_use]
pub fn truncated() -> Vec<u8> {
    let mut file = small().to_jpeg();
    file.truncate(file.len() * 2 / 3);
    file
}

/// A photograph whose frame header says 0 × 0.
#[must_use]
pub fn zero_dimensions() -> Vec<u8> {
    with_frame_size(PhotoSpec::bare(480, 360, 7).to_jpeg(), 0, 0)
}

/// A small photograph whose frame header says 19,000 × 19,000.
#[must_use]
pub fn header_19000_square() -> Vec<u8> {
    with_frame_size(small().to_jpeg(), 19_000, 19_000)
}

/// A small photograph with another size in its frame header: what the header claims, the scans do not hold.
#[must_use]
pub fn with_frame_size(mut file: Vec<u8>, width: u16, height: u16) -> Vec<u8> {
    let mut at = 2;
    while !(file[at] == 0xFF && matches!(file[at + 1], 0xC0 | 0xC2)) {
        at += 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
    }
    file[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
    file[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
    file
}

/// A PNG of 280 KB that says 19,000 × 19,000 and really is: 45 MB of rows, 361 MB of pixels.
#[must_use]
pub fn png_bomb_19000_square() -> Vec<u8> {
    const SIDE: u32 = 19_000;
    let row_bytes = u64::from(SIDE.div_ceil(8)) + 1;
    let zlib = zlib_of_zeros(row_bytes * u64::from(SIDE));
    write_png(SIDE, SIDE, [1, 0], &[(b"IDAT", &zlib)])
}

/// A progressive photograph, small enough to be decoded.
#[must_use]
pub fn progressive() -> Vec<u8> {
    PhotoSpec {
        layout: ScanLayout::Progressive,
        ..small()
    }
    .to_jpeg()
}

/// A progressive photograph of 6.8 million pixels at full colour: 40 MB of coefficients.
#[must_use]
pub fn progressive_over_budget() -> Vec<u8> {
    PhotoSpec {
        layout: ScanLayout::Progressive,
        chroma: Chroma::Full,
        noise: 0,
        ..PhotoSpec::new(2600, 2600, 7)
    }
    .to_jpeg()
}

/// A photograph in printing inks (CMYK), as a scanner's software writes it.
#[must_use]
pub fn cmyk() -> Vec<u8> {
    four_inks(ColorType::Cmyk)
}

/// A photograph in printing inks, stored as YCCK.
#[must_use]
pub fn ycck() -> Vec<u8> {
    four_inks(ColorType::CmykAsYcck)
}

fn four_inks(kind: ColorType) -> Vec<u8> {
    let spec = PhotoSpec::bare(480, 360, 7);
    let mut inks = Vec::new();
    for y in 0..spec.height {
        for x in 0..spec.width {
            let light = spec.upright_pixel(x, y);
            let black = 255 - light.into_iter().max().expect("three colours");
            // What is left of the light after the black ink is shared out to the colours.
            let room = u32::from(255 - black).max(1);
            let ink = light.map(|part| 255 - u32::from(part) * 255 / room);
            inks.extend(ink.map(|part| clamp(i64::from(part))));
            inks.push(black);
        }
    }
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 90);
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    encoder
        .encode(&inks, spec.width, spec.height, kind)
        .expect("a picture that can be encoded");
    file
}

/// A photograph without colours: one component.
#[must_use]
pub fn grey() -> Vec<u8> {
    let spec = PhotoSpec::bare(480, 360, 7);
    let mut lights = Vec::new();
    for y in 0..spec.height {
        lights.extend((0..spec.width).map(|x| spec.upright_pixel(x, y)[1]));
    }
    let mut file = Vec::new();
    let encoder = Encoder::new(&mut file, 90);
    encoder
        .encode(&lights, spec.width, spec.height, ColorType::Luma)
        .expect("a picture that can be encoded");
    file
}

/// A photograph whose GPS directory lies beyond the end of the EXIF block; all else can be read.
#[must_use]
pub fn broken_exif() -> Vec<u8> {
    let spec = small();
    let mut tiff = spec.to_tiff().expect("an ordinary photograph has EXIF");
    let entry = 10 + 12 * 8;
    assert_eq!(tiff[entry..entry + 2], 0x8825_u16.to_le_bytes());
    tiff[entry + 8..entry + 12].copy_from_slice(&0x00FF_FFF0_u32.to_le_bytes());
    jpeg_with_exif(&PhotoSpec { exif: None, ..spec }, &tiff)
}

/// A photograph with 64 KiB of EXIF that is 2,700 directories, each laid over the others: millions of entries to a naive reader.
#[must_use]
pub fn exif_bomb() -> Vec<u8> {
    const POINTERS: u16 = 2_700;
    let order = ByteOrder::Little;
    let mut tiff = order.tiff_header();
    tiff.extend(order.u16(POINTERS));
    let first_child = 8 + 2 + u32::from(POINTERS) * 12 + 4;
    for index in 0..POINTERS {
        tiff.extend(order.u16(0x8769));
        tiff.extend(order.u16(KIND_LONG));
        tiff.extend(order.u32(1));
        tiff.extend(order.u32(first_child + u32::from(index)));
    }
    // Every two bytes from here are a count of more entries than fit; every entry is of an unknown, empty kind.
    tiff.resize(65_000, 0x7F);
    jpeg_with_exif(&PhotoSpec::bare(64, 48, 7), &tiff)
}

/// A photograph whose EXIF directory names itself as the next one.
#[must_use]
pub fn exif_loop() -> Vec<u8> {
    let spec = PhotoSpec {
        thumbnail_side: None,
        ..small()
    };
    let mut tiff = spec.to_tiff().expect("an ordinary photograph has EXIF");
    let next_at = 10 + 12 * 9;
    assert_eq!(tiff[next_at..next_at + 4], [0; 4]);
    tiff[next_at..next_at + 4].copy_from_slice(&8_u32.to_le_bytes());
    jpeg_with_exif(&PhotoSpec { exif: None, ..spec }, &tiff)
}

fn jpeg_with_exif(spec: &PhotoSpec, tiff: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, spec.quality);
    encoder
        .add_exif_metadata(tiff)
        .expect("EXIF fits into a segment");
    encoder
        .encode_image(StoredScene::new(spec))
        .expect("a picture that can be encoded");
    file
}

/// A page of text that is called a photograph.
#[must_use]
pub fn text_renamed() -> Vec<u8> {
    b"Inventory of the morning, copied by hand.\nNothing here is a picture.\n".repeat(40)
}

/// A photograph with one scan a component (baseline, 4:2:0): valid, and decoded wrongly by some decoders.
#[must_use]
pub fn non_interleaved() -> Vec<u8> {
    PhotoSpec {
        layout: ScanLayout::NonInterleaved,
        ..small()
    }
    .to_jpeg()
}

/// A photograph whose fractions are 0/0 throughout, as cameras write "unknown".
#[must_use]
pub fn zero_rationals() -> Vec<u8> {
    small_with(|exif| {
        exif.exposure_time = (0, 0);
        exif.f_number = (0, 0);
        exif.focal_length = (0, 0);
        exif.gps.iter_mut().for_each(|gps| {
            gps.latitude = [(0, 0); 3];
            gps.longitude = [(0, 0); 3];
            gps.altitude = (0, 0);
            gps.direction = (0, 0);
            gps.dop = (0, 0);
            gps.time = [(0, 0); 3];
        });
    })
}

/// A photograph of a camera whose clock was never set.
#[must_use]
pub fn blank_date() -> Vec<u8> {
    small_with(|exif| {
        exif.taken_at = Some("0000:00:00 00:00:00".to_owned());
        exif.offset = Some("   :  ".to_owned());
        exif.subsecond = Some("   ".to_owned());
        exif.gps
            .iter_mut()
            .for_each(|gps| gps.date = "    :  :  ".to_owned());
    })
}

/// A photograph at 97° north, 191° east.
#[must_use]
pub fn gps_out_of_range() -> Vec<u8> {
    small_with(|exif| {
        exif.gps.iter_mut().for_each(|gps| {
            gps.latitude[0] = (97, 1);
            gps.longitude[0] = (191, 1);
        });
    })
}

/// A photograph padded with colour-profile segments, so that its EXIF ends beyond the first 256 KiB.
#[must_use]
pub fn exif_beyond_head() -> Vec<u8> {
    let file = small().to_jpeg();
    let filler = [&[0xFF, 0xE2, 0xFF, 0xFF][..], &[0; 65_533]].concat();
    [&file[..2], &filler.repeat(4)[..], &file[2..]].concat()
}

/// A photograph whose parts of a second, offset and direction reference have not the form of the standard.
#[must_use]
pub fn malformed_parts_of_time() -> Vec<u8> {
    small_with(|exif| {
        exif.subsecond = Some("2x".to_owned());
        exif.offset = Some("+15:00".to_owned());
        exif.gps
            .iter_mut()
            .for_each(|gps| gps.direction_ref = "N".to_owned());
    })
}

/// A photograph whose camera wrote its serial number into the first directory under a tag.
#[must_use]
pub fn serial_in_first_directory(tag: u16) -> Vec<u8> {
    small_with(|exif| {
        exif.serial_in_first = exif.body_serial.take().map(|serial| (tag, serial));
    })
}
