//! Picture bytes to a bitmap that is small enough, within a memory budget checked beforehand.
//!
//! Owns the budgets and the calls of the decoders. A JPEG is decoded at an eighth, a quarter, half or the whole of its size, so that
//! the full picture never stands in memory; a PNG cannot be decoded in part, so it must fit whole.
//!
//! Four properties of jpeg-decoder 0.3 shape this file:
//!
//! - It holds all coefficients of a progressive JPEG, two bytes a sample whatever the scale, hence [`PROGRESSIVE_BYTES_MAX`].
//! - It walks over the whole picture once a scan, and a scan costs a file a dozen bytes, hence the limits on scans.
//! - Its queues between threads have no bound (image-rs/jpeg-decoder issue 290), so rows could pile up where transforming lags behind
//!   reading. Scaled transforms are cheaper than reading: on one core with two busy neighbours the peak stayed the same.
//! - It multiplies 16-bit numbers without checking (image-rs/jpeg-decoder issue 283, open): a progressive JPEG 65,535 high makes it
//!   panic in a debug build. [`SIDE_MAX`] keeps clear of that. 1.7 million mutated pictures within it gave no panic, so there is no
//!   `catch_unwind` here.

use std::io::{Cursor, Read as _};

use image::codecs::png::PngDecoder;
use image::{ColorType, ImageDecoder, Limits};
use jpeg_decoder::{Decoder, PixelFormat};

use super::bitmap::{Bitmap, Channels};
use super::colour::{self, Colours};
use super::container::{self, JpegCoding, JpegFrame};
use super::facts::{Defect, PhotoFacts};
use super::renditions::NoPreview;
use super::rows::{self, Sound};

/// Longest side of a picture that is decoded: no sensor comes near, and no 16-bit sum of the decoder overflows.
pub const SIDE_MAX: u32 = 20_000;

/// Pixels of a picture that is decoded: the largest sensors in phones have 200 million.
pub const PIXELS_MAX: u64 = 220_000_000;

/// Bytes of coefficients of a progressive JPEG that is decoded: 12.5 million pixels at 4:2:0, 6.2 million at 4:4:4. With the
/// bitmap and the rows under way it stays below 64 MiB.
pub const PROGRESSIVE_BYTES_MAX: u64 = 36 * 1024 * 1024;

/// Bytes of a PNG as pixels: 10 million with alpha, enough for any phone's screen.
pub const PNG_BYTES_MAX: u64 = 40 * 1024 * 1024;

/// What the PNG decoder may use beside the pixels: window, rows, profile.
const PNG_OVERHEAD_BYTES: u64 = 4 * 1024 * 1024;

/// Bytes of planes and pixels of a scaled JPEG. Common sizes need 13 MiB; the worst of 4:2:0 (just under twice the side wanted) needs
/// 21. What needs more is decoded at half that scale and gives a smaller preview.
const SCALED_BYTES_MAX: u64 = 22 * 1024 * 1024;

/// Scans of a progressive JPEG: encoders write 4 to 20. Each one costs a walk over all coefficients.
const PROGRESSIVE_SCANS_MAX: usize = 100;

/// A decoded picture, not yet in sRGB.
pub(super) struct Decoded {
    pub bitmap: Bitmap,
    pub colours: Colours,
    /// Rows, or finer steps of a progressive picture, are missing.
    pub is_partial: bool,
}

/// Decodes a JPEG so that its longer side is at least `side` if it has that many pixels, else in full.
///
/// What is damaged is decoded as far as it is sound; `facts` say where that ends and whether a piece is blank.
pub(super) fn decode_jpeg(
    source: &[u8],
    facts: &PhotoFacts,
    side: u32,
) -> Result<Decoded, NoPreview> {
    let frame = container::find_frame(source).ok_or(NoPreview::Damaged)?;
    check_frame(source, &frame)?;
    let sound_until = facts
        .sound_until
        .and_then(|until| usize::try_from(until).ok());
    // A blank piece decodes without complaint, to grey and to rows out of place.
    let decoded = if facts.defects.contains(&Defect::BlankPiece) {
        Err(NoPreview::Damaged)
    } else {
        run_jpeg_decoder(source, &frame, choose_eighths(&frame, side))
    };
    let until = match decoded {
        // A picture that was closed too early decodes without complaint too.
        Ok(decoded) if frame.coding == JpegCoding::Sequential && ends_evenly(&decoded.bitmap) => {
            match rows::find_sound(source, &frame, source.len()) {
                Some(sound) if sound.is_partial => source.len(),
                Some(_) | None => return Ok(decoded),
            }
        }
        Ok(decoded) => return Ok(decoded),
        Err(NoPreview::Damaged) => sound_until.unwrap_or(source.len()),
        Err(reason) => return Err(reason),
    };
    let sound = rows::find_sound(source, &frame, until).ok_or(NoPreview::Damaged)?;
    decode_sound(source, frame, &sound, side)
}

/// The thumbnail inside a file's EXIF: small, so that nothing of it is saved if it is damaged.
pub(super) fn decode_thumbnail(source: &[u8], side: u32) -> Result<Bitmap, NoPreview> {
    let frame = container::find_frame(source).ok_or(NoPreview::Damaged)?;
    check_frame(source, &frame)?;
    run_jpeg_decoder(source, &frame, choose_eighths(&frame, side)).map(|decoded| decoded.bitmap)
}

/// Decodes the sound part alone: the height in the frame header is that of the rows there, and the end is closed.
fn decode_sound(
    source: &[u8],
    mut frame: JpegFrame,
    sound: &Sound,
    side: u32,
) -> Result<Decoded, NoPreview> {
    let eighths = choose_eighths(&frame, side);
    frame.height = sound.rows;
    let height_end = sound.height_at.saturating_add(2);
    let before = source.get(..sound.height_at).ok_or(NoPreview::Damaged)?;
    let after = source
        .get(height_end..sound.end)
        .ok_or(NoPreview::Damaged)?;
    let height = sound.rows.to_be_bytes();
    let closed = before
        .chain(&height[..])
        .chain(after)
        .chain(&[0xFF, 0xD9][..]);
    let decoded = run_jpeg_decoder(closed, &frame, eighths)?;
    Ok(Decoded {
        is_partial: sound.is_partial,
        ..decoded
    })
}

/// Whether the lowest row of pixels ends in equal blocks, as a decoder makes them where coded data are missing.
fn ends_evenly(bitmap: &Bitmap) -> bool {
    /// Blocks of 16 pixels at full scale: their period is a divisor of this at every scale.
    const PERIOD_PIXELS: usize = 16;
    let period = PERIOD_PIXELS.saturating_mul(bitmap.channels().count());
    let from = bitmap
        .pixels()
        .len()
        .saturating_sub(period.saturating_mul(4));
    let row = usize::try_from(bitmap.width())
        .unwrap_or(0)
        .saturating_mul(bitmap.channels().count());
    let end = bitmap.pixels().get(from..).unwrap_or_default();
    let (first, second) = (
        end.get(period..).unwrap_or_default(),
        end.get(..end.len().saturating_sub(period))
            .unwrap_or_default(),
    );
    row < period.saturating_mul(5) || first == second
}

/// Decodes a PNG in full; transparency becomes white.
pub(super) fn decode_png(source: &[u8]) -> Result<Decoded, NoPreview> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(PNG_BYTES_MAX.saturating_add(PNG_OVERHEAD_BYTES));
    let mut decoder = PngDecoder::with_limits(Cursor::new(source), limits).map_err(no_png)?;
    let profile = decoder.icc_profile().ok().flatten();
    let (width, height) = decoder.dimensions();
    let color = decoder.color_type();
    if decoder.total_bytes() > PNG_BYTES_MAX {
        return Err(NoPreview::TooLarge);
    }
    let length = usize::try_from(decoder.total_bytes()).map_err(|_| NoPreview::TooLarge)?;
    let mut pixels = vec![0; length];
    decoder.read_image(&mut pixels).map_err(no_png)?;
    let channels = flatten_png(&mut pixels, color)?;
    let bitmap = Bitmap::new(width, height, channels, pixels).ok_or(NoPreview::Damaged)?;
    Ok(Decoded {
        bitmap,
        colours: profile.map_or(Colours::Unsaid, Colours::Profile),
        is_partial: false,
    })
}

fn no_png(error: image::ImageError) -> NoPreview {
    match error {
        image::ImageError::Limits(_) => NoPreview::TooLarge,
        image::ImageError::Unsupported(_) => NoPreview::UnsupportedCoding,
        _ => NoPreview::Damaged,
    }
}

fn check_frame(source: &[u8], frame: &JpegFrame) -> Result<(), NoPreview> {
    let (width, height) = (u32::from(frame.width), u32::from(frame.height));
    if width == 0 || height == 0 {
        return Err(NoPreview::NoPixels);
    }
    let pixels = u64::from(width).saturating_mul(u64::from(height));
    if width > SIDE_MAX || height > SIDE_MAX || pixels > PIXELS_MAX {
        return Err(NoPreview::TooLarge);
    }
    let coefficient_bytes = bytes_of_samples(pixels, frame).saturating_mul(2);
    let scans_max = match frame.coding {
        JpegCoding::Other => return Err(NoPreview::UnsupportedCoding),
        JpegCoding::Progressive if coefficient_bytes > PROGRESSIVE_BYTES_MAX => {
            return Err(NoPreview::ProgressiveTooLarge);
        }
        JpegCoding::Progressive => PROGRESSIVE_SCANS_MAX,
        JpegCoding::Sequential => usize::from(frame.component_count),
    };
    if container::count_scans(source, frame).scans > scans_max {
        return Err(NoPreview::TooManyScans);
    }
    Ok(())
}

fn bytes_of_samples(pixels: u64, frame: &JpegFrame) -> u64 {
    pixels.saturating_mul(frame.samples_per_16_pixels) / 16
}

/// Chooses the scale: the smallest that keeps `side`, or the next smaller one if that is over the budget.
fn choose_eighths(frame: &JpegFrame, side: u32) -> u32 {
    let longer = u32::from(frame.width.max(frame.height));
    let mut eighths = [1, 2, 4]
        .into_iter()
        .find(|eighths| scaled_side(longer, *eighths) >= side)
        .unwrap_or(8);
    while eighths > 1 && scaled_bytes(frame, eighths) > SCALED_BYTES_MAX {
        eighths /= 2;
    }
    eighths
}

fn scaled_side(side: u32, eighths: u32) -> u32 {
    side.saturating_mul(eighths).div_ceil(8)
}

/// Planes of all components, and the interleaved pixels made of them.
fn scaled_bytes(frame: &JpegFrame, eighths: u32) -> u64 {
    let width = u64::from(scaled_side(frame.width.into(), eighths));
    let height = u64::from(scaled_side(frame.height.into(), eighths));
    let pixels = width.saturating_mul(height);
    bytes_of_samples(pixels, frame)
        .saturating_add(pixels.saturating_mul(frame.component_count.into()))
}

fn run_jpeg_decoder(
    source: impl std::io::Read,
    frame: &JpegFrame,
    eighths: u32,
) -> Result<Decoded, NoPreview> {
    let mut decoder = Decoder::new(source);
    // The decoder takes the smallest scale at which either side is large enough: only the longer one may decide.
    let longer = frame.width.max(frame.height);
    let wanted = u16::try_from(scaled_side(longer.into(), eighths)).unwrap_or(u16::MAX);
    let (width, height) = if frame.width >= frame.height {
        decoder.scale(wanted, u16::MAX)
    } else {
        decoder.scale(u16::MAX, wanted)
    }
    .map_err(no_jpeg)?;
    // The budgets were checked on our own reading of the header; the decoder must have read the same one.
    let expected = (
        scaled_side(frame.width.into(), eighths),
        scaled_side(frame.height.into(), eighths),
    );
    if (u32::from(width), u32::from(height)) != expected {
        return Err(NoPreview::Damaged);
    }
    let mut pixels = decoder.decode().map_err(no_jpeg)?;
    let format = decoder.info().ok_or(NoPreview::Damaged)?.pixel_format;
    let profile = decoder.icc_profile();
    let mut colours = profile.map_or(Colours::Unsaid, Colours::Profile);
    let channels = match format {
        PixelFormat::L8 => Channels::Grey,
        PixelFormat::RGB24 => Channels::Rgb,
        PixelFormat::CMYK32 => {
            colours = light_of_inks(&mut pixels, &colours);
            Channels::Rgb
        }
        PixelFormat::L16 => return Err(NoPreview::UnsupportedCoding),
    };
    let bitmap = Bitmap::new(width.into(), height.into(), channels, pixels);
    Ok(Decoded {
        bitmap: bitmap.ok_or(NoPreview::Damaged)?,
        colours,
        is_partial: false,
    })
}

fn no_jpeg(error: jpeg_decoder::Error) -> NoPreview {
    match error {
        jpeg_decoder::Error::Unsupported(_) => NoPreview::UnsupportedCoding,
        jpeg_decoder::Error::Format(_)
        | jpeg_decoder::Error::Io(_)
        | jpeg_decoder::Error::Internal(_) => NoPreview::Damaged,
    }
}

/// Brings PNG pixels to grey or RGB of 8 bits, in place.
fn flatten_png(pixels: &mut Vec<u8>, color: ColorType) -> Result<Channels, NoPreview> {
    let high = |pair: [u8; 2]| u16::from_ne_bytes(pair).to_be_bytes()[0];
    match color {
        ColorType::L8 => Ok(Channels::Grey),
        ColorType::Rgb8 => Ok(Channels::Rgb),
        ColorType::La8 => {
            compact::<2, 1>(pixels, |[grey, alpha]| [over_white(grey, alpha)]);
            Ok(Channels::Grey)
        }
        ColorType::Rgba8 => {
            compact::<4, 3>(pixels, |[r, g, b, a]| {
                [r, g, b].map(|light| over_white(light, a))
            });
            Ok(Channels::Rgb)
        }
        ColorType::L16 => {
            compact::<2, 1>(pixels, |pair| [high(pair)]);
            Ok(Channels::Grey)
        }
        ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => {
            compact::<2, 1>(pixels, |pair| [high(pair)]);
            flatten_png(pixels, eight_bits(color))
        }
        // The enum is the library's and open; a PNG has no other kinds.
        _ => Err(NoPreview::UnsupportedCoding),
    }
}

fn eight_bits(color: ColorType) -> ColorType {
    match color {
        ColorType::La16 => ColorType::La8,
        ColorType::Rgb16 => ColorType::Rgb8,
        ColorType::Rgba16 => ColorType::Rgba8,
        other => other,
    }
}

/// Replaces every `FROM` bytes by `TO` fewer ones, in the same buffer.
fn compact<const FROM: usize, const TO: usize>(
    pixels: &mut Vec<u8>,
    convert: impl Fn([u8; FROM]) -> [u8; TO],
) {
    let count = pixels.len().checked_div(FROM).unwrap_or(0);
    let (mut read, mut write) = (0_usize, 0_usize);
    for _ in 0..count {
        let mut from = [0; FROM];
        if let Some(source) = pixels.get(read..read.saturating_add(FROM)) {
            from.copy_from_slice(source);
        }
        if let Some(target) = pixels.get_mut(write..write.saturating_add(TO)) {
            target.copy_from_slice(&convert(from));
        }
        read = read.saturating_add(FROM);
        write = write.saturating_add(TO);
    }
    pixels.truncate(write);
}

/// Inks to light, by the profile if there is one that can be used.
fn light_of_inks(pixels: &mut Vec<u8>, colours: &Colours) -> Colours {
    let conversion = match colours {
        Colours::Profile(profile) => colour::inks_to_srgb(profile),
        Colours::Unsaid | Colours::AdobeRgb | Colours::Inks { .. } => None,
    };
    let by_profile = conversion.is_some_and(|conversion| conversion.apply(pixels));
    if !by_profile {
        compact::<4, 3>(pixels, ink_to_light);
    }
    Colours::Inks { by_profile }
}

/// Ink on white paper, without a colour profile: what is left of the light.
fn ink_to_light([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| share(255_u8.wrapping_sub(ink), 255_u8.wrapping_sub(black)))
}

fn over_white(light: u8, alpha: u8) -> u8 {
    share(light, alpha).saturating_add(255_u8.wrapping_sub(alpha))
}

/// `value × part ÷ 255`, rounded.
fn share(value: u8, part: u8) -> u8 {
    let product = u16::from(value).wrapping_mul(u16::from(part));
    u8::try_from(product.saturating_add(127) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::media::photo::{self, Chroma, PhotoSpec};

    fn frame_of(spec: &PhotoSpec, width: u16, height: u16) -> JpegFrame {
        let file = photo::with_frame_size(spec.to_jpeg(), width, height);
        container::find_frame(&file).unwrap()
    }

    #[test]
    fn the_smallest_scale_that_keeps_the_side_is_chosen() {
        let spec = PhotoSpec::bare(16, 16, 1);
        let cases = [
            (640, 480, 8),
            (1_280, 960, 8),
            (2_559, 1_000, 4),
            (2_560, 1_920, 4),
            (4_000, 3_000, 4),
            (5_120, 3_840, 2),
            (8_000, 6_000, 2),
            (6_000, 8_000, 2),
            (10_240, 7_680, 1),
            (20_000, 11_000, 1),
        ];
        for (width, height, eighths) in cases {
            let frame = frame_of(&spec, width, height);
            assert_eq!(choose_eighths(&frame, 1_280), eighths, "{width} x {height}");
        }
    }

    #[test]
    fn a_scale_over_the_budget_is_given_up_for_the_next_smaller_one() {
        let full = PhotoSpec {
            chroma: Chroma::Full,
            ..PhotoSpec::bare(16, 16, 1)
        };
        let frame = frame_of(&full, 2_500, 2_500);
        assert!(scaled_bytes(&frame, 8) > SCALED_BYTES_MAX);
        assert_eq!(choose_eighths(&frame, 1_280), 4);
        for (width, height) in [
            (2_500, 2_500),
            (5_000, 5_000),
            (10_000, 10_000),
            (14_000, 14_000),
        ] {
            let frame = frame_of(&full, width, height);
            let eighths = choose_eighths(&frame, 1_280);
            assert!(scaled_bytes(&frame, eighths) <= SCALED_BYTES_MAX, "{width}");
            assert!(scaled_side(width.into(), eighths) >= 1_250, "{width}");
        }
    }

    #[test]
    fn progressive_pictures_are_taken_up_to_the_budget() {
        let spec = PhotoSpec {
            layout: photo::ScanLayout::Progressive,
            ..PhotoSpec::bare(16, 16, 1)
        };
        let check = |width, height| {
            let file = photo::with_frame_size(spec.to_jpeg(), width, height);
            check_frame(&file, &container::find_frame(&file).unwrap())
        };
        // 36 MiB at three bytes a pixel are 4,096 × 3,072 pixels.
        assert_eq!(check(4_096, 3_072), Ok(()));
        assert_eq!(check(4_096, 3_073), Err(NoPreview::ProgressiveTooLarge));
    }
}
