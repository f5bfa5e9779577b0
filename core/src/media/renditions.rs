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
use super::decode;
use super::facts::PhotoFacts;
use super::format::MediaFormat;
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
    /// Not a JPEG or PNG; for HEIC the platform's decoder may supply one.
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
    let orientation = facts.orientation.known().copied().unwrap_or(Orientation::TopLeft);
    let decoded = match facts.format {
        MediaFormat::Jpeg => decode::decode_jpeg(source, PREVIEW_SIDE_MAX),
        MediaFormat::Png => decode::decode_png(source),
        MediaFormat::Heic | MediaFormat::Unknown => Err(NoPreview::UnsupportedFormat),
    };
    match decoded.and_then(|bitmap| from_pixels(bitmap, orientation)) {
        Ok(renditions) => renditions,
        Err(reason) => from_embedded(source, facts, orientation, reason),
    }
}

fn from_pixels(decoded: Bitmap, orientation: Orientation) -> Result<Renditions, NoPreview> {
    let upright = turn_upright(shrink(decoded, PREVIEW_SIDE_MAX)?, orientation);
    let preview = encode(&upright, PREVIEW_QUALITY, RenditionOrigin::Pixels)?;
    let small = shrink(upright, THUMBNAIL_SIDE_MAX)?;
    let thumbnail = encode(&small, THUMBNAIL_QUALITY, RenditionOrigin::Pixels)?;
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
        let bitmap = decode::decode_jpeg(jpeg, THUMBNAIL_SIDE_MAX).ok()?;
        let upright = turn_upright(shrink(bitmap, THUMBNAIL_SIDE_MAX).ok()?, orientation);
        encode(&upright, THUMBNAIL_QUALITY, RenditionOrigin::EmbeddedThumbnail).ok()
    });
    Renditions {
        thumbnail: thumbnail
            .map_or(RenditionOutcome::NoPreview(reason), RenditionOutcome::Made),
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
        let scaled = product.saturating_add(half).checked_div(u64::from(longer)).unwrap_or(0);
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

fn encode(
    bitmap: &Bitmap,
    quality: u8,
    origin: RenditionOrigin,
) -> Result<Rendition, NoPreview> {
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
    Ok(Rendition { jpeg, width: bitmap.width(), height: bitmap.height(), origin })
}
