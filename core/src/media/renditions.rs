//! Thumbnail and preview of a photograph: small upright JPEGs.
//!
//! Owns their sizes and qualities, and what is done if the pixels cannot be had: then the thumbnail that the camera embedded is
//! taken, and there is no preview. A missing rendition is an ordinary value with a reason; the original is kept either way.
//!
//! Renditions carry no EXIF, so they tell no place, no serial number and no older state of an edited picture.
//!
//! The order is chosen for memory: decode scaled, shrink the width, drop the decoded picture, shrink the height, turn, encode; the
//! thumbnail is made from the preview. Only bitmaps of preview size are turned.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use super::bitmap::{Bitmap, Channels};
use super::colour::{Colours, to_srgb};
use super::decode::{self, Decoded};
use super::facts::PhotoFacts;
use super::format::Container;
use super::orientation::{Orientation, turn_upright};

/// Longer side of a thumbnail: a list row at three pixels a point.
pub const THUMBNAIL_SIDE_MAX: u32 = 320;

/// Longer side of a preview: fills a phone's screen, and writing on a tag can be read.
pub const PREVIEW_SIDE_MAX: u32 = 1280;

/// Quality of a thumbnail, for size: there are thousands in a list.
const THUMBNAIL_QUALITY: u8 = 75;

/// Quality of a preview: the lowest at which thin strokes on tags show no rings.
const PREVIEW_QUALITY: u8 = 82;

/// A small upright picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// JPEG file without EXIF.
    pub jpeg: Vec<u8>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// What it was made from.
    pub origin: RenditionOrigin,
    /// It shows only a part of the picture: the rest is missing or damaged.
    pub is_partial: bool,
    /// Whether its colours are those of the picture; else no profile could be followed.
    pub has_true_colours: bool,
}

/// What a rendition was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RenditionOrigin {
    /// The picture itself.
    Pixels,
    /// The thumbnail in the EXIF block, which may show an older state of an edited picture.
    EmbeddedThumbnail,
}

/// Why there is no rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoPreview {
    /// Neither JPEG nor PNG; for HEIC the platform's decoder may supply one.
    UnsupportedFormat,
    /// A JPEG or PNG of a rare kind (lossless, arithmetic, 12 bits).
    UnsupportedCoding,
    /// More pixels than are decoded.
    TooLarge,
    /// A progressive JPEG that would need too much memory at any scale.
    ProgressiveTooLarge,
    /// More scans than any encoder writes: a file made to waste time.
    TooManyScans,
    /// The header says that there is no width or no height.
    NoPixels,
    /// The picture cannot be decoded to its end.
    Damaged,
}

/// A rendition or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenditionOutcome {
    /// It was made.
    Made(Rendition),
    /// It could not be made.
    NoPreview(NoPreview),
}

impl RenditionOutcome {
    /// Gives the rendition, if there is one.
    #[must_use]
    pub fn made(&self) -> Option<&Rendition> {
        match self {
            Self::Made(rendition) => Some(rendition),
            Self::NoPreview(_) => None,
        }
    }
}

/// The two small pictures of a photograph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renditions {
    /// At most [`THUMBNAIL_SIDE_MAX`] on the longer side.
    pub thumbnail: RenditionOutcome,
    /// At most [`PREVIEW_SIDE_MAX`] on the longer side.
    pub preview: RenditionOutcome,
}

/// Makes the renditions of a photograph from its whole file and its facts.
///
/// Nothing is scaled up: a small picture gives small renditions. Beyond `source` it uses up to 24 MiB for a baseline JPEG and up to
/// 64 MiB for a progressive JPEG or a PNG. May take a second for a large picture: call it off the capture path.
#[must_use]
pub fn render(source: &[u8], facts: &PhotoFacts) -> Renditions {
    let orientation = facts
        .orientation
        .known()
        .copied()
        .unwrap_or(Orientation::TopLeft);
    let decoded = match facts.format.container() {
        Container::Jpeg => decode::decode_jpeg(source, facts, PREVIEW_SIDE_MAX),
        Container::Png => decode::decode_png(source),
        Container::Boxes | Container::Tiff | Container::Opaque => Err(NoPreview::UnsupportedFormat),
    };
    let decoded = decoded.map(|decoded| with_stated_colours(decoded, facts));
    match decoded.and_then(|decoded| from_pixels(decoded, orientation)) {
        Ok(renditions) => renditions,
        Err(reason) => from_embedded(source, facts, orientation, reason),
    }
}

/// What EXIF says of the colours counts where no profile is embedded.
fn with_stated_colours(decoded: Decoded, facts: &PhotoFacts) -> Decoded {
    match decoded.colours {
        Colours::Unsaid if facts.says_adobe_rgb => Decoded {
            colours: Colours::AdobeRgb,
            ..decoded
        },
        Colours::Unsaid | Colours::Profile(_) | Colours::AdobeRgb | Colours::Inks { .. } => decoded,
    }
}

fn from_pixels(decoded: Decoded, orientation: Orientation) -> Result<Renditions, NoPreview> {
    let Decoded {
        bitmap,
        colours,
        is_partial,
    } = decoded;
    let (small, has_true_colours) = to_srgb(shrink(bitmap, PREVIEW_SIDE_MAX)?, &colours);
    let upright = turn_upright(small, orientation);
    let marked = |rendition| Rendition {
        is_partial,
        has_true_colours,
        ..rendition
    };
    let preview = encode(&upright, PREVIEW_QUALITY, RenditionOrigin::Pixels).map(marked)?;
    let small = shrink(upright, THUMBNAIL_SIDE_MAX)?;
    let thumbnail = encode(&small, THUMBNAIL_QUALITY, RenditionOrigin::Pixels).map(marked)?;
    Ok(Renditions {
        thumbnail: RenditionOutcome::Made(thumbnail),
        preview: RenditionOutcome::Made(preview),
    })
}

/// The camera's own thumbnail in place of the picture that could not be read.
fn from_embedded(
    source: &[u8],
    facts: &PhotoFacts,
    orientation: Orientation,
    reason: NoPreview,
) -> Renditions {
    let embedded = facts.thumbnail.known().and_then(|range| range.cut(source));
    let thumbnail = embedded.and_then(|jpeg| {
        let bitmap = decode::decode_thumbnail(jpeg, THUMBNAIL_SIDE_MAX).ok()?;
        let upright = turn_upright(shrink(bitmap, THUMBNAIL_SIDE_MAX).ok()?, orientation);
        encode(
            &upright,
            THUMBNAIL_QUALITY,
            RenditionOrigin::EmbeddedThumbnail,
        )
        .ok()
    });
    Renditions {
        thumbnail: thumbnail.map_or(RenditionOutcome::NoPreview(reason), RenditionOutcome::Made),
        preview: RenditionOutcome::NoPreview(reason),
    }
}

/// Makes the longer side at most `side`, never larger than it was.
fn shrink(bitmap: Bitmap, side: u32) -> Result<Bitmap, NoPreview> {
    let (width, height) = (bitmap.width(), bitmap.height());
    let longer = width.max(height);
    if longer <= side {
        return Ok(bitmap);
    }
    let fit = |length: u32| {
        let product = u64::from(length).saturating_mul(u64::from(side));
        let half = u64::from(longer / 2);
        let scaled = product
            .saturating_add(half)
            .checked_div(u64::from(longer))
            .unwrap_or(0);
        u32::try_from(scaled).unwrap_or(side).max(1)
    };
    // Two calls, so that the wide bitmap is gone before the small one is there.
    let narrow = resize(bitmap, fit(width), height)?;
    resize(narrow, fit(width), fit(height))
}

fn resize(bitmap: Bitmap, width: u32, height: u32) -> Result<Bitmap, NoPreview> {
    let pixel_type = match bitmap.channels() {
        Channels::Grey => PixelType::U8,
        Channels::Rgb => PixelType::U8x3,
    };
    let source = ImageRef::new(bitmap.width(), bitmap.height(), bitmap.pixels(), pixel_type)
        .map_err(|_| NoPreview::Damaged)?;
    let mut target = Image::new(width, height, pixel_type);
    // The triangle filter, widened to the scale, weighs all source pixels: no moiré, at a third of the cost of Lanczos.
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new()
        .resize(&source, &mut target, &options)
        .map_err(|_| NoPreview::Damaged)?;
    Bitmap::new(width, height, bitmap.channels(), target.into_vec()).ok_or(NoPreview::Damaged)
}

fn encode(bitmap: &Bitmap, quality: u8, origin: RenditionOrigin) -> Result<Rendition, NoPreview> {
    let color = match bitmap.channels() {
        Channels::Grey => ColorType::Luma,
        Channels::Rgb => ColorType::Rgb,
    };
    let width = u16::try_from(bitmap.width()).map_err(|_| NoPreview::TooLarge)?;
    let height = u16::try_from(bitmap.height()).map_err(|_| NoPreview::TooLarge)?;
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder
        .encode(bitmap.pixels(), width, height, color)
        .map_err(|_| NoPreview::Damaged)?;
    Ok(Rendition {
        jpeg,
        width: bitmap.width(),
        height: bitmap.height(),
        origin,
        is_partial: false,
        has_true_colours: true,
    })
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing
    )]
    use super::*;
    use crate::media::photo::{self, PhotoSpec};
    use crate::media::read_facts;

    fn render_file(file: &[u8]) -> Renditions {
        render(file, &read_facts(file))
    }

    fn preview_of(file: &[u8]) -> Rendition {
        render_file(file).preview.made().unwrap().clone()
    }

    fn reason_of(file: &[u8]) -> Option<NoPreview> {
        match render_file(file).preview {
            RenditionOutcome::Made(_) => None,
            RenditionOutcome::NoPreview(reason) => Some(reason),
        }
    }

    fn pixels_of(rendition: &Rendition) -> Vec<u8> {
        let bitmap = decode::decode_thumbnail(&rendition.jpeg, u32::MAX).unwrap();
        let size = (bitmap.width(), bitmap.height());
        assert_eq!(size, (rendition.width, rendition.height));
        bitmap.into_pixels()
    }

    /// Brightness of the scene's corners: white, red, ground and blue, clockwise from the top left.
    fn corners(rendition: &Rendition) -> [[u8; 3]; 4] {
        let pixels = pixels_of(rendition);
        let (right, bottom) = (rendition.width - 8, rendition.height - 8);
        [(8, 8), (right, 8), (right, bottom), (8, bottom)].map(|(x, y)| {
            let at = usize::try_from((y * rendition.width + x) * 3).unwrap();
            [pixels[at], pixels[at + 1], pixels[at + 2]]
        })
    }

    fn assert_upright(rendition: &Rendition) {
        let [white, red, ground, blue] = corners(rendition);
        assert!(white.iter().all(|light| *light > 230), "{white:?}");
        assert!(red[0] > 150 && red[1] < 90 && red[2] < 90, "{red:?}");
        assert!(
            ground.iter().all(|light| (90..=250).contains(light)),
            "{ground:?}"
        );
        assert!(blue[2] > 150 && blue[0] < 90 && blue[1] < 90, "{blue:?}");
    }

    /// Peak signal-to-noise ratio in decibels between two buffers of one length.
    fn psnr_db(left: &[u8], right: &[u8]) -> f64 {
        assert_eq!(left.len(), right.len());
        let sum: f64 = left
            .iter()
            .zip(right)
            .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
            .sum();
        let count: f64 = left.iter().map(|_| 1.0).sum();
        10.0 * (255.0 * 255.0 * count / sum).log10()
    }

    fn upright_scene(spec: &PhotoSpec) -> Vec<u8> {
        let pixel = |y| (0..spec.width).flat_map(move |x| spec.upright_pixel(x, y));
        (0..spec.height).flat_map(pixel).collect()
    }

    #[test]
    fn longer_sides_are_1280_and_320() {
        let renditions = render_file(&PhotoSpec::new(2000, 1500, 1).to_jpeg());
        let preview = renditions.preview.made().unwrap();
        assert_eq!((preview.width, preview.height), (1280, 960));
        let thumbnail = renditions.thumbnail.made().unwrap();
        assert_eq!((thumbnail.width, thumbnail.height), (320, 240));
        assert_eq!(thumbnail.origin, RenditionOrigin::Pixels);
        assert_upright(preview);
        assert_upright(thumbnail);
    }

    #[test]
    fn every_orientation_gives_the_same_upright_picture() {
        for orientation in 1..=8 {
            let spec = PhotoSpec::new(480, 360, 1).with_orientation(orientation);
            let renditions = render_file(&spec.to_jpeg());
            let preview = renditions.preview.made().unwrap();
            assert_eq!((preview.width, preview.height), (480, 360));
            assert_upright(preview);
            assert_upright(renditions.thumbnail.made().unwrap());
            assert!(psnr_db(&pixels_of(preview), &upright_scene(&spec)) > 30.0);
        }
    }

    #[test]
    fn small_pictures_are_not_scaled_up() {
        for (width, height) in [(1, 1), (3, 300), (320, 1), (319, 320), (1280, 2)] {
            let renditions = render_file(&PhotoSpec::new(width, height, 1).to_jpeg());
            let preview = renditions.preview.made().unwrap();
            assert_eq!(
                (preview.width, preview.height),
                (width.into(), height.into())
            );
        }
        let at_limit = render_file(&PhotoSpec::new(320, 240, 1).to_jpeg());
        assert_eq!(at_limit.thumbnail.made().unwrap().width, 320);
        let beyond = render_file(&PhotoSpec::new(321, 240, 1).to_jpeg());
        assert_eq!(beyond.thumbnail.made().unwrap().width, 320);
        let wide = render_file(&PhotoSpec::new(1281, 2, 1).to_jpeg());
        let wide = wide.preview.made().unwrap();
        assert_eq!((wide.width, wide.height), (1280, 2));
    }

    #[test]
    fn a_long_narrow_picture_is_scaled_by_its_longer_side() {
        // A quarter of 90 is rounded up to 23 by the decoder, hence 20 and not 19.
        let preview = preview_of(&PhotoSpec::bare(6000, 90, 1).to_jpeg());
        assert_eq!((preview.width, preview.height), (1280, 20));
        let preview = preview_of(&PhotoSpec::bare(90, 6000, 1).to_jpeg());
        assert_eq!((preview.width, preview.height), (20, 1280));
    }

    #[test]
    fn one_scan_a_component_is_decoded_rightly() {
        let spec = PhotoSpec::new(480, 360, 7);
        let preview = preview_of(&photo::non_interleaved());
        assert!(psnr_db(&pixels_of(&preview), &upright_scene(&spec)) > 30.0);
        // And scaled: not a multiple of the block size, at a quarter.
        let interleaved = PhotoSpec {
            width: 2601,
            height: 1951,
            ..spec
        };
        let separate = PhotoSpec {
            layout: photo::ScanLayout::NonInterleaved,
            ..interleaved.clone()
        };
        let left = pixels_of(&preview_of(&interleaved.to_jpeg()));
        let right = pixels_of(&preview_of(&separate.to_jpeg()));
        assert!(psnr_db(&left, &right) > 45.0);
    }

    #[test]
    fn progressive_grey_and_inks_are_decoded_rightly() {
        let spec = PhotoSpec::new(480, 360, 7);
        let scene = upright_scene(&spec);
        for file in [photo::progressive(), photo::cmyk(), photo::ycck()] {
            let preview = preview_of(&file);
            assert_upright(&preview);
            let likeness = psnr_db(&pixels_of(&preview), &scene);
            assert!(likeness > 28.0, "{likeness}");
        }
        let greens: Vec<u8> = scene.chunks(3).map(|pixel| pixel[1]).collect();
        assert!(psnr_db(&pixels_of(&preview_of(&photo::grey())), &greens) > 30.0);
    }

    #[test]
    fn png_is_rendered_and_transparency_is_white_paper() {
        let preview = preview_of(&photo::png(480, 360, 1));
        assert_upright(&preview);
        let paper = preview_of(&photo::png_half_transparent(32, 32));
        assert!(
            pixels_of(&paper)
                .iter()
                .all(|light| (124..=130).contains(light))
        );
    }

    #[test]
    fn what_cannot_be_rendered_says_why() {
        let cases = [
            (photo::empty(), NoPreview::UnsupportedFormat),
            (photo::text_renamed(), NoPreview::UnsupportedFormat),
            (photo::heic_like(), NoPreview::UnsupportedFormat),
            (photo::zero_dimensions(), NoPreview::NoPixels),
            (photo::png_cut_large(), NoPreview::Damaged),
            (photo::tiff_like(), NoPreview::UnsupportedFormat),
            (photo::header_19000_square(), NoPreview::TooLarge),
            (photo::png_bomb_19000_square(), NoPreview::TooLarge),
            (
                photo::progressive_over_budget(),
                NoPreview::ProgressiveTooLarge,
            ),
        ];
        for (file, reason) in cases {
            assert_eq!(reason_of(&file), Some(reason));
        }
    }

    #[test]
    fn sides_are_decoded_up_to_the_limit_and_refused_beyond() {
        let limit = u16::try_from(decode::SIDE_MAX).unwrap();
        let strip = |height| photo::with_frame_size(photo::progressive(), 16, height);
        assert_ne!(reason_of(&strip(limit)), Some(NoPreview::TooLarge));
        assert_eq!(reason_of(&strip(limit + 1)), Some(NoPreview::TooLarge));
        // At this height the decoder's own sums overflow.
        assert_eq!(reason_of(&strip(u16::MAX)), Some(NoPreview::TooLarge));
    }

    #[test]
    fn the_cameras_thumbnail_stands_in_for_a_picture_that_cannot_be_read() {
        let files = [
            photo::heic_like(),
            photo::header_19000_square(),
            photo::progressive_over_budget(),
        ];
        for file in files {
            let renditions = render_file(&file);
            let thumbnail = renditions.thumbnail.made().unwrap();
            assert_eq!(thumbnail.origin, RenditionOrigin::EmbeddedThumbnail);
            assert_upright(thumbnail);
            assert_eq!(renditions.preview.made(), None);
        }
    }

    #[test]
    fn the_cameras_thumbnail_is_turned_upright_too() {
        let file = PhotoSpec::new(480, 360, 1).with_orientation(6).to_jpeg();
        let file = photo::with_frame_size(file, 19_000, 19_000);
        let renditions = render_file(&file);
        let thumbnail = renditions.thumbnail.made().unwrap();
        assert_eq!((thumbnail.width, thumbnail.height), (160, 120));
        assert_upright(thumbnail);
    }

    #[test]
    fn what_is_there_of_a_damaged_picture_is_shown_and_marked() {
        // 1184 of 1200 rows; the third that was cut off; a quarter closed as if it were whole; half before a blank piece.
        let cases = [
            (photo::rows_99(), 940..950),
            (photo::truncated(), 200..260),
            (photo::rows_closed_early(), 200..290),
            (photo::zeroed_middle(), 420..500),
            (photo::restart_lost(), 420..600),
        ];
        for (file, heights) in cases {
            let preview = preview_of(&file);
            assert!(
                preview.is_partial && heights.contains(&preview.height),
                "{}",
                preview.height
            );
        }
        let whole = preview_of(&photo::with_restarts());
        assert_eq!((whole.is_partial, whole.height), (false, 960));
    }

    #[test]
    fn the_rows_of_a_cut_picture_are_those_of_the_whole_one() {
        let (whole, cut) = (
            preview_of(&photo::with_restarts()),
            preview_of(&photo::rows_99()),
        );
        let (whole, cut) = (pixels_of(&whole), pixels_of(&cut));
        // The last rows are mixed with their neighbours when the picture is made smaller.
        let rows = 1280 * 3 * 900;
        assert!(psnr_db(&whole[..rows], &cut[..rows]) > 30.0);
    }

    #[test]
    fn a_progressive_picture_that_was_cut_is_shown_as_far_as_its_scans_are_whole() {
        let preview = preview_of(&photo::progressive_cut());
        assert!(preview.is_partial);
        assert_eq!((preview.width, preview.height), (1280, 960));
        assert_upright(&preview);
    }

    #[test]
    fn a_file_of_endless_scans_is_refused() {
        // Given a picture whose only scan is there twice; a baseline picture has at most one a component.
        let file = photo::grey();
        let start = file
            .windows(2)
            .position(|pair| pair == [0xFF, 0xDA])
            .unwrap();
        let (head, scan) = file.split_at(start);
        let scan = &scan[..scan.len() - 2];
        let twice = [head, scan, scan, &[0xFF, 0xD9]].concat();
        assert_eq!(reason_of(&twice), Some(NoPreview::TooManyScans));
    }

    #[test]
    fn renditions_tell_nothing_of_place_or_camera() {
        let renditions = render_file(&PhotoSpec::new(480, 360, 1).to_jpeg());
        for outcome in [&renditions.thumbnail, &renditions.preview] {
            let jpeg = &outcome.made().unwrap().jpeg;
            assert!(!jpeg.windows(4).any(|window| window == b"Exif"));
        }
    }
}
