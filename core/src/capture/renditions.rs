//! Thumbnail and preview, made after the photo was saved: a capture never waits for them.

use std::io::Read as _;

use age::x25519;

use super::CaptureError;
use crate::encoding::{Hash32, Map, Value};
use crate::environment::Environment;
use crate::media::{self, Rendition, RenditionOrigin, RenditionOutcome, read_facts, render};
use crate::model::ids::{SealedName, SubjectId};
use crate::seal::{open, seal_bytes};
use crate::store::{Class, OwnChain, SealedFiles, Word};
use crate::vocabulary::{Kind, NoPreview, PreviewMark};

/// Larger originals get no renditions here: the source must be in memory for decoding. A 200-megapixel phone JPEG has 40 MB.
const SOURCE_BYTES_MAX: u64 = 96 * 1024 * 1024;

/// The sealed renditions of one photo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RenditionReport {
    /// Files made, with class and length.
    pub files: Vec<(SealedName, Class, u64)>,
    /// Why there is no preview, if there is none.
    pub no_preview: Option<NoPreview>,
}

/// Makes, seals and enters the renditions of a photo.
///
/// # Errors
/// The original does not open here, or the disk's; the photo itself is safe either way.
pub fn make_renditions(
    environment: &Environment,
    files: &SealedFiles,
    chain: &OwnChain,
    identities: &[&x25519::Identity],
    recipients: &[String],
    photo: SubjectId,
    original: SealedName,
) -> Result<RenditionReport, CaptureError> {
    let source = read_source(files, identities, original)?;
    let mut report = RenditionReport::default();
    let mut fields = Map::new().with(1, photo);
    let rendered = source.map(|source| {
        let facts = read_facts(&source);
        render(&source, &facts)
    });
    let outcomes = match rendered {
        Some(renditions) => [renditions.thumbnail, renditions.preview],
        None => [(); 2].map(|()| RenditionOutcome::NoPreview(media::NoPreview::TooLarge)),
    };
    for ((key, class), outcome) in [(2, Class::Thumbnail), (3, Class::Preview)]
        .into_iter()
        .zip(outcomes)
    {
        match outcome {
            RenditionOutcome::Made(rendition) => {
                let (sealed, bytes) = seal_bytes(recipients, &rendition.jpeg)?;
                files.keep(sealed, &bytes)?;
                let size = bytes.len() as u64;
                let map = rendition_map(sealed, size, &rendition);
                let map = map.array(7, recipients.iter().map(Value::text));
                fields = fields.with(key, map);
                report.files.push((sealed, class, size));
            }
            RenditionOutcome::NoPreview(reason) => {
                report.no_preview = Some(term_of(reason));
            }
        }
    }
    let reason = report.no_preview.as_ref();
    let fields = fields.with_some(4, reason.map(|reason| Value::text(reason.code())));
    let subject = SubjectId::new(environment)?;
    chain.append_one(Word::create(Kind::RenditionsMade, subject, fields))?;
    Ok(report)
}

fn read_source(
    files: &SealedFiles,
    identities: &[&x25519::Identity],
    original: SealedName,
) -> Result<Option<Vec<u8>>, CaptureError> {
    let mut plain = Vec::new();
    let sealed = std::io::BufReader::new(files.open(original)?);
    open(identities, sealed)?
        .take(SOURCE_BYTES_MAX.saturating_add(1))
        .read_to_end(&mut plain)?;
    Ok((plain.len() as u64 <= SOURCE_BYTES_MAX).then_some(plain))
}

fn rendition_map(sealed: SealedName, size: u64, rendition: &Rendition) -> Map {
    let marks = marks_of(rendition);
    let marks = marks.iter().map(|mark| Value::text(mark.code()));
    let marks: Vec<Value> = marks.collect();
    Map::new()
        .with(0, sealed)
        .uint(1, size)
        .with(2, Hash32::of(&rendition.jpeg))
        .uint(3, rendition.jpeg.len() as u64)
        .uint(4, rendition.width.into())
        .uint(5, rendition.height.into())
        .with_some(6, (!marks.is_empty()).then_some(Value::Array(marks)))
}

/// What the small picture does not show truly.
fn marks_of(rendition: &Rendition) -> Vec<PreviewMark> {
    let all = [
        (rendition.is_partial, PreviewMark::Partial),
        (!rendition.has_true_colours, PreviewMark::ColoursNotTrue),
        (
            rendition.origin == RenditionOrigin::EmbeddedThumbnail,
            PreviewMark::CameraThumbnail,
        ),
    ];
    all.into_iter()
        .filter_map(|(is_so, mark)| is_so.then_some(mark))
        .collect()
}

fn term_of(reason: media::NoPreview) -> NoPreview {
    match reason {
        media::NoPreview::UnsupportedFormat => NoPreview::UnsupportedFormat,
        media::NoPreview::UnsupportedCoding => NoPreview::UnsupportedCoding,
        media::NoPreview::TooLarge => NoPreview::TooLarge,
        media::NoPreview::ProgressiveTooLarge => NoPreview::ProgressiveTooLarge,
        media::NoPreview::TooManyScans => NoPreview::TooManyScans,
        media::NoPreview::NoPixels => NoPreview::NoPixels,
        media::NoPreview::Damaged => NoPreview::Damaged,
    }
}
