//! The segments of a JPEG that is at hand as a whole: its frame, its scans.
//!
//! Owns the walk over segments for decoding, and nothing of their meaning; the walk over a file that streams by is `jpeg_walk`. Every read
//! is bounds-checked and every walk moves forward by at least one byte, so it ends on any input.

use std::ops::Range;

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

pub(super) const SOI_BYTES: usize = 2;

pub(super) mod marker {
    pub const TEM: u8 = 0x01;
    pub const SOF0: u8 = 0xC0;
    pub const SOF1: u8 = 0xC1;
    pub const SOF2: u8 = 0xC2;
    pub const SOF15: u8 = 0xCF;
    pub const DHT: u8 = 0xC4;
    pub const JPG: u8 = 0xC8;
    pub const DAC: u8 = 0xCC;
    pub const RST0: u8 = 0xD0;
    pub const RST7: u8 = 0xD7;
    pub const SOI: u8 = 0xD8;
    pub const EOI: u8 = 0xD9;
    pub const SOS: u8 = 0xDA;
    pub const DRI: u8 = 0xDD;
    pub const APP0: u8 = 0xE0;
    pub const APP1: u8 = 0xE1;
    pub const APP15: u8 = 0xEF;
    pub const COM: u8 = 0xFE;
}

/// One marker and, where it has a segment, the range of its body (which may reach beyond the bytes).
pub(super) struct Segment {
    pub marker: u8,
    pub body: Option<Range<usize>>,
    /// Where the walk goes on.
    pub next: usize,
}

/// Finds the next marker as the decoder does: other bytes are skipped, fill bytes and stuffed zeros too.
pub(super) fn next_segment(bytes: &[u8], from: usize) -> Option<Segment> {
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

pub(super) fn is_frame_header(marker: u8) -> bool {
    (marker::SOF0..=marker::SOF15).contains(&marker)
        && !matches!(marker, marker::DHT | marker::JPG | marker::DAC)
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
pub(super) fn parse_frame(bytes: &[u8], marker: u8, body: Range<usize>) -> Option<JpegFrame> {
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
}
