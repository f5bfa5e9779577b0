//! Thumbnail and preview, made after the photo was saved: a capture never waits for them.

use std::io::Read as _;

use age::x25519;

use super::CaptureError;
use crate::encoding::{Hash32, Map, Value};
use crate::environment::Environment;
use crate::media::{NoPreview, Rendition, RenditionOutcome, read_facts, render};
use crate::model::ids::{SealedName, SubjectId};
use crate::seal::{open, seal_bytes};
use crate::store::{Class, OwnChain, SealedFiles, Word};
use crate::vocabulary::Kind;

/// Larger originals get no renditions here: the source must be in memory for decoding. A 200-megapixel phone JPEG has 40 MB.
const SOURCE_BYTES_MAX: u64 = 96 * 1024 * 1024;

/// The sealed renditions of one photo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RenditionReport {
    /// Files made, with class and length.
    pub files: Vec<(SealedName, Class, u64)>,
    /// Why there is no preview, if there is none.
    pub no_preview: Option<&'static str>,
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
        let facts = read_facts(&source, source.len() as u64);
        render(&source, &facts)
    });
    let outcomes = match rendered {
        Some(renditions) => [renditions.thumbnail, renditions.preview],
        None => [(); 2].map(|()| RenditionOutcome::NoPreview(NoPreview::TooLarge)),
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
                fields = fields.with(key, rendition_map(sealed, size, &rendition));
                report.files.push((sealed, class, size));
            }
            RenditionOutcome::NoPreview(reason) => {
                report.no_preview = Some(reason_code(reason));
            }
        }
    }
    let fields = fields.with_some(4, report.no_preview.map(Value::text));
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
    Map::new()
        .with(0, sealed)
        .uint(1, size)
        .with(2, Hash32::of(&rendition.jpeg))
        .uint(3, rendition.jpeg.len() as u64)
        .uint(4, rendition.width.into())
        .uint(5, rendition.height.into())
}

fn reason_code(reason: NoPreview) -> &'static str {
    match reason {
        NoPreview::UnsupportedFormat => "unsupported_format",
        NoPreview::UnsupportedCoding => "unsupported_coding",
        NoPreview::TooLarge => "too_large",
        NoPreview::ProgressiveTooLarge => "progressive_too_large",
        NoPreview::TooManyScans => "too_many_scans",
        NoPreview::NoPixels => "no_pixels",
        NoPreview::Damaged => "damaged",
    }
}
