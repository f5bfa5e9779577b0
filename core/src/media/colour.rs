//! Colours of a rendition: what the picture's profile says of them, brought to sRGB.
//!
//! Owns the choice of the profile and the conversion by moxcms; a rendition carries no profile, so every viewer takes it for sRGB. What
//! cannot be converted stays as it is and is marked. Work is done on bitmaps of preview size, or, for inks, on a few rows at a time.

use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, TransformOptions};

use super::bitmap::{Bitmap, Channels};

/// Bytes of a profile: those of printers have up to three million.
const PROFILE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Pixels of inks converted at a time.
const INK_PIXELS: usize = 4096;

/// What a picture says of its colours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    /// Nothing: sRGB, as every viewer takes it.
    Unsaid,
    /// An embedded profile.
    Profile(Vec<u8>),
    /// Adobe RGB, said by EXIF alone.
    AdobeRgb,
    /// They were inks, and are light already; whether by a profile.
    Inks { by_profile: bool },
}

/// Brings a bitmap to sRGB; says whether its colours are true then.
pub(super) fn to_srgb(bitmap: Bitmap, colours: &Colours) -> (Bitmap, bool) {
    let profile = match colours {
        Colours::Unsaid => return (bitmap, true),
        Colours::Inks { by_profile } => return (bitmap, *by_profile),
        Colours::AdobeRgb => Some(ColorProfile::new_adobe_rgb()),
        Colours::Profile(bytes) => parse(bytes),
    };
    match profile.and_then(|profile| convert(&bitmap, &profile)) {
        Some(converted) => (converted, true),
        None => (bitmap, false),
    }
}

/// A conversion of four inks to sRGB, if the profile is one of inks.
pub(super) fn inks_to_srgb(profile: &[u8]) -> Option<InkConversion> {
    let profile = parse(profile).filter(|profile| profile.color_space == DataColorSpace::Cmyk)?;
    // moxcms takes four channels of whatever colour as `Rgba`.
    executor(&profile, Layout::Rgba).map(InkConversion)
}

/// Inks to light, by a profile.
pub(super) struct InkConversion(Arc<Transform8BitExecutor>);

impl InkConversion {
    /// Converts in place: four bytes a pixel become three. Gives false if the library refuses.
    pub fn apply(&self, pixels: &mut Vec<u8>) -> bool {
        let mut light = vec![0; INK_PIXELS.saturating_mul(3)];
        let (mut read, mut write) = (0_usize, 0_usize);
        while let Some(inks) = pixels.get(read..).filter(|rest| rest.len() >= 4) {
            let count = (inks.len() / 4).min(INK_PIXELS);
            let (from, to) = (count.saturating_mul(4), count.saturating_mul(3));
            let (Some(inks), Some(light)) = (inks.get(..from), light.get_mut(..to)) else {
                return false;
            };
            if self.0.transform(inks, light).is_err() {
                return false;
            }
            if let Some(target) = pixels.get_mut(write..write.saturating_add(to)) {
                target.copy_from_slice(light);
            }
            read = read.saturating_add(from);
            write = write.saturating_add(to);
        }
        pixels.truncate(write);
        true
    }
}

fn parse(bytes: &[u8]) -> Option<ColorProfile> {
    if bytes.len() > PROFILE_BYTES_MAX {
        return None;
    }
    ColorProfile::new_from_slice(bytes).ok()
}

fn convert(bitmap: &Bitmap, profile: &ColorProfile) -> Option<Bitmap> {
    let (layout, space) = match bitmap.channels() {
        Channels::Grey => (Layout::Gray, DataColorSpace::Gray),
        Channels::Rgb => (Layout::Rgb, DataColorSpace::Rgb),
    };
    if profile.color_space != space {
        return None;
    }
    let executor = executor(profile, layout)?;
    let count = bitmap
        .pixels()
        .len()
        .checked_div(bitmap.channels().count())?;
    let mut light = vec![0; count.checked_mul(3)?];
    executor.transform(bitmap.pixels(), &mut light).ok()?;
    Bitmap::new(bitmap.width(), bitmap.height(), Channels::Rgb, light)
}

fn executor(profile: &ColorProfile, layout: Layout) -> Option<Arc<Transform8BitExecutor>> {
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    profile
        .create_transform_8bit(layout, &srgb, Layout::Rgb, options)
        .ok()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing
    )]
    use super::*;
    use crate::media::photo::{self, PROFILED_COLOUR};
    use crate::media::{read_facts, render};

    /// The colour in the middle of a file's preview, and whether it is said to be true.
    fn seen(file: &[u8]) -> ([u8; 3], bool) {
        let renditions = render(file, &read_facts(file));
        let preview = renditions.preview.made().unwrap();
        let mut decoder = jpeg_decoder::Decoder::new(preview.jpeg.as_slice());
        let pixels = decoder.decode().unwrap();
        let at = pixels.len() / 2 + 32 * 3;
        (
            [pixels[at], pixels[at + 1], pixels[at + 2]],
            preview.has_true_colours,
        )
    }

    fn is_near(seen: [u8; 3], wanted: [u8; 3]) -> bool {
        seen.iter()
            .zip(wanted)
            .all(|(seen, wanted)| seen.abs_diff(wanted) <= 4)
    }

    /// Known colours: worked out from the standards' primaries and curves apart from this library.
    #[test]
    fn display_p3_and_adobe_rgb_are_brought_to_srgb() {
        let (p3, is_true) = seen(&photo::display_p3());
        assert!(is_true && is_near(p3, [216, 69, 50]), "{p3:?}");
        let (adobe, is_true) = seen(&photo::adobe_rgb());
        assert!(is_true && is_near(adobe, [230, 79, 56]), "{adobe:?}");
        let file = photo::PhotoSpec::bare(64, 64, 1).to_jpeg();
        assert!(seen(&file).1);
    }

    #[test]
    fn inks_are_brought_to_light_by_their_profile() {
        let (white, is_true) = seen(&photo::cmyk_with_profile());
        assert!(is_true && is_near(white, [255, 255, 255]), "{white:?}");
    }

    #[test]
    fn colours_that_cannot_be_converted_are_left_and_marked() {
        let (left, is_true) = seen(&photo::broken_profile());
        assert!(!is_true && is_near(left, PROFILED_COLOUR), "{left:?}");
        assert!(!seen(&photo::cmyk()).1);
    }

    #[test]
    fn adobe_rgb_that_only_exif_states_is_converted_too() {
        let bitmap = Bitmap::new(1, 1, Channels::Rgb, PROFILED_COLOUR.to_vec()).unwrap();
        let (converted, is_true) = to_srgb(bitmap, &Colours::AdobeRgb);
        assert!(is_true && converted.pixels()[0] > 225, "{converted:?}");
    }
}
