//! Where things stand in a picture file: the EXIF block, the pixel size, the JPEG frame.
//!
//! Owns the walk over JPEG segments, PNG chunks and HEIC boxes, and nothing of their meaning. Every read is bounds-checked and every
//! walk moves forward by at least one byte, so it ends on any input.
//!
//! The walk is our own because a byte range in the file is needed (for the embedded thumbnail) and because the EXIF block must be
//! checked before a parser sees it; no library hands out either.

use std::ops::Range;

use super::facts::{AbsentReason, Fact, PixelSize};
use super::format::MediaFormat;

/// Bytes of a file's beginning that facts are read from.
///
/// A JPEG's EXIF is one segment of at most 64 KiB, as a rule the first one; before the frame header there may stand a colour profile
/// and a few more segments of 64 KiB. 256 KiB holds these, and is small enough to keep while a file streams past.
pub const HEAD_BYTES_MAX: usize = 256 * 1024;

/// What the walk over the head found.
pub(super) struct Layout {
    /// Where the TIFF header of the EXIF block begins and where the block ends.
    pub exif: Fact<Range<usize>>,
    /// Stored size from the frame header, not turned upright.
    pub size: Fact<PixelSize>,
    /// False if the head holds the whole file and that ends too early.
    pub is_complete: bool,
}

/// How a JPEG's coefficients are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JpegCoding {
    /// Baseline or extended sequential, Huffman, 8 bits: decoded row by row.
    Sequential,
    /// Progressive, Huffman, 8 bits: all coefficients are held at once.
    Progressive,
    /// Lossless, hierarchical, arithmetic or 12 bits.
    Other,
}

/// Frame header of a JPEG (SOF segment).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JpegFrame {
    pub width: u16,
    pub height: u16,
    pub coding: JpegCoding,
    pub component_count: u8,
    /// Samples held for 16 pixels, over all components: 24 at 4:2:0, 48 at 4:4:4.
    pub samples_per_16_pixels: u64,
    /// Position after the frame header.
    end: usize,
}

/// Number of scans in a JPEG and whether it is closed by an EOI marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScanCount {
    pub scans: usize,
    pub has_end: bool,
}

/// Reads a big-endian `u16`.
pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    let raw = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(raw.try_into().ok()?))
}

/// Reads a big-endian `u32`.
pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    let raw = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(raw.try_into().ok()?))
}

/// Walks the head of a file of a known format.
///
/// `is_whole` says that the head is the whole file: only then does "not found" mean that it is not there.
pub(super) fn read_layout(head: &[u8], format: MediaFormat, is_whole: bool) -> Layout {
    match format {
        MediaFormat::Jpeg => jpeg_layout(head, is_whole),
        MediaFormat::Png => png_layout(head, is_whole),
        MediaFormat::Heic => heic_layout(head, is_whole),
        MediaFormat::Unknown => Layout {
            exif: Fact::Absent(AbsentReason::UnsupportedFormat),
            size: Fact::Absent(AbsentReason::UnsupportedFormat),
            is_complete: true,
        },
    }
}

/// What "the walk ran out of bytes" means.
fn ran_out(is_whole: bool) -> AbsentReason {
    if is_whole {
        AbsentReason::NotPresent
    } else {
        AbsentReason::BeyondHead
    }
}

fn pixel_size(width: u32, height: u32) -> Fact<PixelSize> {
    if width == 0 || height == 0 {
        return Fact::Absent(AbsentReason::OutOfRange);
    }
    Fact::Known(PixelSize { width, height })
}

// --- JPEG ---------------------------------------------------------------------------------------

const SOI_BYTES: usize = 2;
const EXIF_ID: &[u8] = b"Exif\0\0";

mod marker {
    pub const TEM: u8 = 0x01;
    pub const SOF0: u8 = 0xC0;
    pub const SOF1: u8 = 0xC1;
    pub const SOF2: u8 = 0xC2;
    pub const SOF15: u8 = 0xCF;
    pub const DHT: u8 = 0xC4;
    pub const JPG: u8 = 0xC8;
    pub const DAC: u8 = 0xCC;
    pub const RST0: u8 = 0xD0;
    pub const SOI: u8 = 0xD8;
    pub const EOI: u8 = 0xD9;
    pub const SOS: u8 = 0xDA;
    pub const APP1: u8 = 0xE1;
}

/// One marker and, where it has a segment, the range of its body (which may reach beyond the bytes).
struct Segment {
    marker: u8,
    body: Option<Range<usize>>,
    /// Where the walk goes on.
    next: usize,
}

/// Finds the next marker as the decoder does: other bytes are skipped, fill bytes and stuffed zeros too.
fn next_segment(bytes: &[u8], from: usize) -> Option<Segment> {
    let mut at = from;
    loop {
        let ahead = bytes.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
        at = at.checked_add(ahead)?;
        while bytes.get(at) == Some(&0xFF) {
            at = at.checked_add(1)?;
        }
        let marker = *bytes.get(at)?;
        at = at.checked_add(1)?;
        match marker {
            0x00 => {}
            marker::TEM | marker::RST0..=marker::EOI => {
                return Some(Segment {
                    marker,
                    body: None,
                    next: at,
                });
            }
            _ => {
                let length = usize::from(be16(bytes, at)?).checked_sub(2)?;
                let start = at.checked_add(2)?;
                let next = start.checked_add(length)?;
                return Some(Segment {
                    marker,
                    body: Some(start..next),
                    next,
                });
            }
        }
    }
}

fn is_frame_header(marker: u8) -> bool {
    (marker::SOF0..=marker::SOF15).contains(&marker)
        && !matches!(marker, marker::DHT | marker::JPG | marker::DAC)
}

fn jpeg_layout(head: &[u8], is_whole: bool) -> Layout {
    let mut exif = None;
    let mut frame = None;
    let mut reached_picture = false;
    let mut at = SOI_BYTES;
    while let Some(segment) = next_segment(head, at) {
        at = segment.next;
        if matches!(segment.marker, marker::SOS | marker::EOI) {
            reached_picture = true;
            break;
        }
        let Some(body) = segment.body else { continue };
        if segment.marker == marker::APP1 && exif.is_none() {
            exif = exif_of_app1(head, body, is_whole);
        } else if is_frame_header(segment.marker) && frame.is_none() {
            frame = parse_frame(head, segment.marker, body);
        }
    }
    let missing = if reached_picture {
        AbsentReason::NotPresent
    } else {
        ran_out(is_whole)
    };
    let is_complete = !is_whole
        || frame.is_some_and(|frame| count_scans(head, &frame).has_end && reached_picture);
    Layout {
        exif: exif.unwrap_or(Fact::Absent(missing)),
        size: frame.map_or(Fact::Absent(missing), |frame| {
            pixel_size(frame.width.into(), frame.height.into())
        }),
        is_complete,
    }
}

/// `None` for an APP1 of something else (XMP).
fn exif_of_app1(head: &[u8], body: Range<usize>, is_whole: bool) -> Option<Fact<Range<usize>>> {
    let start = body.start.checked_add(EXIF_ID.len())?;
    if head.get(body.start..start)? != EXIF_ID {
        return None;
    }
    if start > body.end || (body.end > head.len() && is_whole) {
        return Some(Fact::Absent(AbsentReason::Malformed));
    }
    if body.end > head.len() {
        return Some(Fact::Absent(AbsentReason::BeyondHead));
    }
    Some(Fact::Known(start..body.end))
}

/// Finds the first frame header of a JPEG.
pub(super) fn find_frame(source: &[u8]) -> Option<JpegFrame> {
    let mut at = SOI_BYTES;
    while let Some(segment) = next_segment(source, at) {
        at = segment.next;
        if matches!(segment.marker, marker::SOS | marker::EOI | marker::SOI) {
            return None;
        }
        if is_frame_header(segment.marker) {
            return parse_frame(source, segment.marker, segment.body?);
        }
    }
    None
}

/// Body: precision, height, width, component count, then three bytes a component.
fn parse_frame(bytes: &[u8], marker: u8, body: Range<usize>) -> Option<JpegFrame> {
    let end = body.end;
    let body = bytes.get(body)?;
    let precision = *body.first()?;
    let component_count = *body.get(5)?;
    let mut samples: u64 = 0;
    let (mut across_max, mut down_max) = (1_u64, 1_u64);
    for component in body
        .get(6..)?
        .chunks_exact(3)
        .take(usize::from(component_count))
    {
        let sampling = *component.get(1)?;
        let (across, down) = (u64::from(sampling >> 4), u64::from(sampling & 0x0F));
        samples = samples.saturating_add(across.saturating_mul(down));
        across_max = across_max.max(across);
        down_max = down_max.max(down);
    }
    let coding = match marker {
        marker::SOF0 | marker::SOF1 if precision == 8 => JpegCoding::Sequential,
        marker::SOF2 if precision == 8 => JpegCoding::Progressive,
        _ => JpegCoding::Other,
    };
    Some(JpegFrame {
        height: be16(body, 1)?,
        width: be16(body, 3)?,
        coding,
        component_count,
        samples_per_16_pixels: samples
            .saturating_mul(16)
            .div_ceil(across_max.saturating_mul(down_max)),
        end,
    })
}

/// Counts the scans after the frame header and says whether the picture is closed.
pub(super) fn count_scans(source: &[u8], frame: &JpegFrame) -> ScanCount {
    let mut scans: usize = 0;
    let mut at = frame.end;
    while let Some(segment) = next_segment(source, at) {
        match segment.marker {
            marker::EOI => {
                return ScanCount {
                    scans,
                    has_end: true,
                };
            }
            marker::SOS => scans = scans.saturating_add(1),
            _ => {}
        }
        at = segment.next;
    }
    ScanCount {
        scans,
        has_end: false,
    }
}

// --- PNG ----------------------------------------------------------------------------------------

/// Signature, then chunks: length, kind, body, checksum. The header chunk must be the first.
const PNG_SIGNATURE_BYTES: usize = 8;
const PNG_CHUNK_HEAD_BYTES: usize = 8;
const PNG_CHECKSUM_BYTES: usize = 4;

fn png_layout(head: &[u8], is_whole: bool) -> Layout {
    let mut exif = None;
    let mut size = Fact::Absent(ran_out(is_whole));
    let mut has_end = false;
    let mut at = PNG_SIGNATURE_BYTES;
    while let Some((kind, body)) = next_chunk(head, at) {
        at = body.end.saturating_add(PNG_CHECKSUM_BYTES);
        match kind {
            b"IHDR" => {
                if let (Some(width), Some(height)) = (
                    be32(head, body.start),
                    be32(head, body.start.saturating_add(4)),
                ) {
                    size = pixel_size(width, height);
                }
            }
            b"eXIf" if body.end <= head.len() => exif = Some(Fact::Known(body)),
            b"eXIf" if !is_whole => exif = Some(Fact::Absent(AbsentReason::BeyondHead)),
            b"eXIf" => exif = Some(Fact::Absent(AbsentReason::Malformed)),
            b"IEND" => {
                has_end = true;
                break;
            }
            _ => {}
        }
    }
    let missing = if has_end {
        AbsentReason::NotPresent
    } else {
        ran_out(is_whole)
    };
    Layout {
        exif: exif.unwrap_or(Fact::Absent(missing)),
        size,
        is_complete: has_end || !is_whole,
    }
}

fn next_chunk(bytes: &[u8], at: usize) -> Option<(&[u8], Range<usize>)> {
    let length = usize::try_from(be32(bytes, at)?).ok()?;
    let start = at.checked_add(PNG_CHUNK_HEAD_BYTES)?;
    let kind = bytes.get(at.checked_add(4)?..start)?;
    Some((kind, start..start.checked_add(length)?))
}

// --- HEIC ---------------------------------------------------------------------------------------

/// One ISO base media box: its kind and the range of its body (which may reach beyond the bytes).
fn next_box(bytes: &[u8], within: &Range<usize>) -> Option<([u8; 4], Range<usize>)> {
    let size = be32(bytes, within.start)?;
    let kind_at = within.start.checked_add(4)?;
    let kind = bytes
        .get(kind_at..kind_at.checked_add(4)?)?
        .try_into()
        .ok()?;
    let (head_bytes, size) = match size {
        0 => (8, within.end.checked_sub(within.start)?),
        1 => {
            let high = be32(bytes, within.start.checked_add(8)?)?;
            let low = be32(bytes, within.start.checked_add(12)?)?;
            let size = u64::from(high) << 32 | u64::from(low);
            (16, usize::try_from(size).ok()?)
        }
        size => (8, usize::try_from(size).ok()?),
    };
    if size < head_bytes {
        return None;
    }
    let body = within.start.checked_add(head_bytes)?..within.start.checked_add(size)?;
    Some((kind, body))
}

/// Finds the first box of a kind among those that follow one another in `within`.
fn find_box(bytes: &[u8], within: Range<usize>, wanted: [u8; 4]) -> Option<Range<usize>> {
    let mut rest = within;
    while rest.start < rest.end {
        let (kind, body) = next_box(bytes, &rest)?;
        if kind == wanted {
            return Some(body);
        }
        rest.start = body.end;
    }
    None
}

fn heic_layout(head: &[u8], is_whole: bool) -> Layout {
    let missing = AbsentReason::NotPresent;
    let meta = find_box(head, 0..head.len(), *b"meta");
    let exif = match meta {
        None => Fact::Absent(ran_out(is_whole)),
        Some(meta) if meta.end > head.len() => Fact::Absent(ran_out(is_whole)),
        // The meta box is a full box: four bytes of version and flags come first.
        Some(meta) => heic_exif(head, meta.start.saturating_add(4)..meta.end, is_whole),
    };
    Layout {
        exif,
        // The frame size of a HEIC stands in item properties, often of tiles; EXIF's own size is taken instead.
        size: Fact::Absent(missing),
        is_complete: true,
    }
}

fn heic_exif(head: &[u8], meta: Range<usize>, is_whole: bool) -> Fact<Range<usize>> {
    let item = find_box(head, meta.clone(), *b"iinf").and_then(|iinf| exif_item(head, iinf));
    let Some(item) = item else {
        return Fact::Absent(AbsentReason::NotPresent);
    };
    let extent = find_box(head, meta.clone(), *b"iloc").and_then(|iloc| {
        let idat = find_box(head, meta, *b"idat");
        item_extent(head, iloc, item, idat)
    });
    let Some(extent) = extent else {
        return Fact::Absent(AbsentReason::Malformed);
    };
    if extent.end > head.len() {
        return Fact::Absent(if is_whole {
            AbsentReason::Malformed
        } else {
            AbsentReason::BeyondHead
        });
    }
    // The item begins with the distance from here to the TIFF header.
    let start = be32(head, extent.start)
        .and_then(|skip| usize::try_from(skip).ok())
        .and_then(|skip| extent.start.checked_add(4)?.checked_add(skip));
    match start {
        Some(start) if start < extent.end => Fact::Known(start..extent.end),
        Some(_) | None => Fact::Absent(AbsentReason::Malformed),
    }
}

/// Finds the id of the item of type "Exif" in the item information box.
fn exif_item(head: &[u8], iinf: Range<usize>) -> Option<u32> {
    let count_bytes = if *head.get(iinf.start)? == 0 { 2 } else { 4 };
    let mut rest = iinf.start.checked_add(4)?.checked_add(count_bytes)?..iinf.end;
    while rest.start < rest.end {
        let (kind, body) = next_box(head, &rest)?;
        rest.start = body.end;
        if kind != *b"infe" {
            continue;
        }
        let (id, type_at) = match *head.get(body.start)? {
            2 => (
                be16(head, body.start.checked_add(4)?).map(u32::from)?,
                8_usize,
            ),
            3 => (be32(head, body.start.checked_add(4)?)?, 10),
            _ => continue,
        };
        let at = body.start.checked_add(type_at)?;
        if head.get(at..at.checked_add(4)?)? == b"Exif" {
            return Some(id);
        }
    }
    None
}

/// Reads numbers of a varying width one after the other.
struct Numbers<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Numbers<'_> {
    /// Big-endian number of 0 to 8 bytes.
    fn next(&mut self, width: usize) -> Option<u64> {
        let end = self.at.checked_add(width)?;
        let raw = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(raw.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }
}

/// Finds the one extent of an item in the item location box, as a range of the file.
///
/// An item cut into several extents is not put together: no camera was seen to do so with EXIF.
fn item_extent(
    head: &[u8],
    iloc: Range<usize>,
    item: u32,
    idat: Option<Range<usize>>,
) -> Option<Range<usize>> {
    let mut numbers = Numbers {
        bytes: head.get(..iloc.end)?,
        at: iloc.start,
    };
    let version = numbers.next(1)?;
    numbers.next(3)?;
    let widths = usize::try_from(numbers.next(2)?).ok()?;
    let (offset_width, length_width) = (widths >> 12, widths >> 8 & 0xF);
    let base_width = widths >> 4 & 0xF;
    let index_width = if version == 0 { 0 } else { widths & 0xF };
    if [offset_width, length_width, base_width, index_width]
        .iter()
        .any(|width| *width > 8)
    {
        return None;
    }
    // Extents of no width would make 65,535 turns of the loop below out of six bytes.
    if length_width == 0 {
        return None;
    }
    let id_width = if version < 2 { 2 } else { 4 };
    let item_count = numbers.next(id_width)?;
    for _ in 0..item_count {
        let id = numbers.next(id_width)?;
        let method = if version == 0 {
            0
        } else {
            numbers.next(2)? & 0xF
        };
        numbers.next(2)?;
        let base = numbers.next(base_width)?;
        let extent_count = numbers.next(2)?;
        for _ in 0..extent_count {
            numbers.next(index_width)?;
            let offset = numbers.next(offset_width)?;
            let length = numbers.next(length_width)?;
            if id != u64::from(item) {
                continue;
            }
            if extent_count != 1 {
                return None;
            }
            let origin = match method {
                0 => 0,
                1 => u64::try_from(idat?.start).ok()?,
                _ => return None,
            };
            let start = origin.checked_add(base)?.checked_add(offset)?;
            let end = start.checked_add(length)?;
            return Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
    use super::*;
    use crate::media::photo::{self, Chroma, PhotoSpec};

    #[test]
    fn the_frame_found_is_the_pictures_own_and_not_the_thumbnails() {
        let frame = find_frame(&PhotoSpec::new(480, 360, 1).to_jpeg()).unwrap();
        assert_eq!((frame.width, frame.height), (480, 360));
        assert_eq!(frame.coding, JpegCoding::Sequential);
        assert_eq!(frame.samples_per_16_pixels, 24);
        let full = PhotoSpec {
            chroma: Chroma::Full,
            ..PhotoSpec::new(480, 360, 1)
        };
        assert_eq!(
            find_frame(&full.to_jpeg()).unwrap().samples_per_16_pixels,
            48
        );
        assert_eq!(
            find_frame(&photo::grey()).unwrap().samples_per_16_pixels,
            16
        );
        assert_eq!(
            find_frame(&photo::cmyk()).unwrap().samples_per_16_pixels,
            64
        );
        assert_eq!(
            find_frame(&photo::progressive()).unwrap().coding,
            JpegCoding::Progressive
        );
    }

    #[test]
    fn scans_are_counted_and_the_end_is_seen() {
        let count = |file: &[u8]| count_scans(file, &find_frame(file).unwrap());
        let interleaved = PhotoSpec::new(480, 360, 1).to_jpeg();
        assert_eq!(
            count(&interleaved),
            ScanCount {
                scans: 1,
                has_end: true
            }
        );
        assert_eq!(
            count(&photo::non_interleaved()),
            ScanCount {
                scans: 3,
                has_end: true
            }
        );
        assert_eq!(
            count(&photo::truncated()),
            ScanCount {
                scans: 1,
                has_end: false
            }
        );
        assert!(count(&photo::progressive()).scans > 3);
    }

    #[test]
    fn markers_in_bytes_after_the_end_are_not_counted() {
        let mut file = PhotoSpec::new(480, 360, 1).to_jpeg();
        file.extend([0xFF, 0xDA].repeat(100));
        let frame = find_frame(&file).unwrap();
        assert_eq!(
            count_scans(&file, &frame),
            ScanCount {
                scans: 1,
                has_end: true
            }
        );
    }

    #[test]
    fn fill_bytes_before_a_marker_are_skipped() {
        let file = PhotoSpec::bare(64, 48, 1).to_jpeg();
        let (start, rest) = file.split_at(2);
        let filled = [start, &[0xFF; 9], rest].concat();
        assert_eq!(find_frame(&filled).unwrap().width, 64);
    }

    #[test]
    fn extents_without_width_do_not_hold_the_reader_up() {
        // Given an item list of 20,000 items with 65,535 extents of no bytes each.
        let body = [
            &[0, 0, 0, 0, 0, 0, 0x4E, 0x20][..],
            &[0, 9, 0, 0, 0xFF, 0xFF].repeat(20_000),
        ];
        let iloc = body.concat();
        assert_eq!(item_extent(&iloc, 0..iloc.len(), 2, None), None);
    }

    #[test]
    fn an_item_in_the_data_box_is_found_there() {
        // Given version 1, offsets and lengths of four bytes, and item 2 with method 1 (idat).
        let iloc = [
            &[1, 0, 0, 0, 0x44, 0, 0, 1][..],
            &[0, 2, 0, 1, 0, 0, 0, 1],
            &[0, 0, 0, 5, 0, 0, 0, 7],
        ]
        .concat();
        let extent = item_extent(&iloc, 0..iloc.len(), 2, Some(100..200));
        assert_eq!(extent, Some(105..112));
        assert_eq!(item_extent(&iloc, 0..iloc.len(), 3, Some(100..200)), None);
    }
}
