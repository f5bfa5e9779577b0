//! How many rows of a damaged JPEG are there: coded data are followed symbol by symbol until they end or make no sense.
//!
//! Owns the reading of Huffman codes without the pixels that they stand for. Only baseline pictures in one scan are followed, which is
//! what cameras write; of a progressive one the scans that are whole are kept. It is done for damaged pictures only: it costs a
//! third of decoding.

use std::ops::Range;

use super::container::{
    JpegCoding, JpegFrame, SOI_BYTES, Segment, be16, is_frame_header, marker, next_segment,
};

/// The part of a JPEG that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sound {
    /// Rows of pixels; the frame's height for a progressive picture.
    pub rows: u16,
    /// Where the coded data are to be cut and closed.
    pub end: usize,
    /// Whether something is missing.
    pub is_partial: bool,
    /// Where the frame header states the height.
    pub height_at: usize,
}

/// Finds what of a JPEG is sound before `until`; `None` if that is not enough for a picture.
pub(super) fn find_sound(source: &[u8], frame: &JpegFrame, until: usize) -> Option<Sound> {
    let bytes = source.get(..until.min(source.len()))?;
    match frame.coding {
        JpegCoding::Sequential => Scan::open(bytes)?.sound_rows(frame),
        JpegCoding::Progressive => whole_scans(bytes, frame),
        JpegCoding::Other => None,
    }
}

/// Where the height stands: behind marker, length and precision.
fn height_place(frame_body: &Range<usize>) -> Option<usize> {
    frame_body.start.checked_add(1)
}

/// Everything before the last scan that was not closed by another marker.
fn whole_scans(bytes: &[u8], frame: &JpegFrame) -> Option<Sound> {
    let (mut at, mut height_at, mut whole, mut open) = (SOI_BYTES, None, 0_usize, None);
    while let Some(segment) = next_segment(bytes, at) {
        at = segment.next;
        if matches!(segment.marker, marker::RST0..=marker::RST7) {
            continue;
        }
        if open.take().is_some() {
            whole = whole.saturating_add(1);
        }
        let Some(body) = segment.body else { break };
        if segment.marker == marker::SOS {
            open = body.start.checked_sub(4);
        } else if is_frame_header(segment.marker) {
            height_at = height_place(&body);
        }
    }
    let end = open?;
    (whole > 0).then_some(Sound {
        rows: frame.height,
        end,
        is_partial: true,
        height_at: height_at?,
    })
}

/// A component of the scan: its blocks in a unit and its tables.
#[derive(Clone, Copy)]
struct Component {
    blocks: usize,
    dc: usize,
    ac: usize,
}

/// The only scan of a baseline picture.
struct Scan<'a> {
    bits: Bits<'a>,
    components: Vec<Component>,
    tables: [[Option<Table>; 4]; 2],
    restart_interval: u32,
    /// Pixels of a unit, across and down.
    unit: (u32, u32),
    height_at: usize,
}

impl<'a> Scan<'a> {
    /// Reads the segments up to the first scan.
    fn open(bytes: &'a [u8]) -> Option<Self> {
        let mut tables: [[Option<Table>; 4]; 2] = Default::default();
        let (mut at, mut frame, mut restart_interval) = (SOI_BYTES, None, 0);
        loop {
            let Segment { marker, body, next } = next_segment(bytes, at)?;
            at = next;
            let Some(range) = body else {
                if marker == marker::EOI {
                    return None;
                }
                continue;
            };
            let body = bytes.get(range.clone())?;
            match marker {
                marker::DHT => read_tables(body, &mut tables)?,
                marker::DRI => restart_interval = u32::from(be16(body, 0)?),
                marker::SOS => {
                    let (body_of_frame, frame_at): (&[u8], Range<usize>) = frame?;
                    let (components, unit) = components(body_of_frame, body)?;
                    return Some(Self {
                        bits: Bits {
                            bytes,
                            at,
                            held: 0,
                            count: 0,
                        },
                        components,
                        tables,
                        restart_interval,
                        unit,
                        height_at: height_place(&frame_at)?,
                    });
                }
                marker if is_frame_header(marker) => frame = Some((body, range)),
                _ => {}
            }
        }
    }

    /// Follows the units until they end or make no sense.
    fn sound_rows(mut self, frame: &JpegFrame) -> Option<Sound> {
        let (width, height) = (u32::from(frame.width), u32::from(frame.height));
        let across = width.div_ceil(self.unit.0);
        let (mut rows, mut end, mut until_restart) = (0_u32, 0_usize, self.restart_interval);
        while rows < height {
            for _ in 0..across {
                if self.restart_interval > 0 {
                    if until_restart == 0 {
                        if self.bits.restart().is_none() {
                            return self.result(rows.min(height), end, height);
                        }
                        until_restart = self.restart_interval;
                    }
                    until_restart = until_restart.saturating_sub(1);
                }
                if self.unit().is_none() {
                    return self.result(rows.min(height), end, height);
                }
            }
            rows = rows.saturating_add(self.unit.1);
            end = self.bits.at;
        }
        self.result(height, end, height)
    }

    fn result(self, rows: u32, end: usize, height: u32) -> Option<Sound> {
        let is_partial = rows < height;
        let rows = u16::try_from(rows).ok().filter(|rows| *rows > 0)?;
        Some(Sound {
            rows,
            end,
            is_partial,
            height_at: self.height_at,
        })
    }

    fn unit(&mut self) -> Option<()> {
        let [dc_tables, ac_tables] = &self.tables;
        for component in &self.components {
            let dc = dc_tables.get(component.dc)?.as_ref()?;
            let ac = ac_tables.get(component.ac)?.as_ref()?;
            for _ in 0..component.blocks {
                block(&mut self.bits, dc, ac)?;
            }
        }
        Some(())
    }
}

fn block(bits: &mut Bits<'_>, dc: &Table, ac: &Table) -> Option<()> {
    let size = dc.decode(bits)?;
    if size > 11 {
        return None;
    }
    bits.take(size.into())?;
    let mut index = 1_u32;
    while index < 64 {
        let symbol = ac.decode(bits)?;
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 0xF));
        if size == 0 {
            if run < 15 {
                break;
            }
            index = index.saturating_add(16);
            continue;
        }
        index = index.saturating_add(run).saturating_add(1);
        if index > 64 {
            return None;
        }
        bits.take(size)?;
    }
    Some(())
}

/// Components of the scan with their blocks in a unit; `None` if the scan does not hold all of the frame's.
fn components(frame: &[u8], scan: &[u8]) -> Option<(Vec<Component>, (u32, u32))> {
    let of_frame = frame
        .get(6..)?
        .chunks_exact(3)
        .take(usize::from(*frame.get(5)?));
    let of_frame: Vec<&[u8]> = of_frame.collect();
    let count = usize::from(*scan.first()?);
    if count != of_frame.len() {
        return None;
    }
    let (mut across_max, mut down_max) = (1_u32, 1_u32);
    let mut all = Vec::new();
    for chosen in scan.get(1..)?.chunks_exact(2).take(count) {
        let [id, tables] = *chosen else { return None };
        let component = of_frame
            .iter()
            .find(|component| component.first() == Some(&id))?;
        let sampling = *component.get(1)?;
        let (across, down) = (u32::from(sampling >> 4), u32::from(sampling & 0xF));
        across_max = across_max.max(across);
        down_max = down_max.max(down);
        // A scan of one component goes block by block, whatever its sampling.
        let blocks = if count == 1 {
            1
        } else {
            across.checked_mul(down)?
        };
        all.push(Component {
            blocks: usize::try_from(blocks).ok()?,
            dc: usize::from(tables >> 4),
            ac: usize::from(tables & 0xF),
        });
    }
    let unit = if count == 1 {
        (8, 8)
    } else {
        (across_max.checked_mul(8)?, down_max.checked_mul(8)?)
    };
    Some((all, unit))
}

/// A Huffman table as its counts and symbols stand in the file.
struct Table {
    counts: [u8; 16],
    symbols: Vec<u8>,
}

impl Table {
    /// Reads one symbol bit by bit: codes of a length follow one another.
    fn decode(&self, bits: &mut Bits<'_>) -> Option<u8> {
        let (mut code, mut first, mut index) = (0_u32, 0_u32, 0_u32);
        for count in self.counts {
            code |= bits.take(1)?;
            let count = u32::from(count);
            if code.wrapping_sub(first) < count {
                let place = index.checked_add(code.wrapping_sub(first))?;
                return self.symbols.get(usize::try_from(place).ok()?).copied();
            }
            index = index.checked_add(count)?;
            first = first.checked_add(count)? << 1;
            code <<= 1;
        }
        None
    }
}

fn read_tables(body: &[u8], tables: &mut [[Option<Table>; 4]; 2]) -> Option<()> {
    let mut rest = body;
    while let [which, after @ ..] = rest {
        let (counts, after) = after.split_first_chunk::<16>()?;
        let count = counts.iter().map(|count| usize::from(*count)).sum();
        let (symbols, after) = after.split_at_checked(count)?;
        let place = tables
            .get_mut(usize::from(which >> 4))?
            .get_mut(usize::from(which & 0xF))?;
        *place = Some(Table {
            counts: *counts,
            symbols: symbols.to_vec(),
        });
        rest = after;
    }
    Some(())
}

/// Bits of coded data, up to the next marker.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u32,
    count: u32,
}

impl Bits<'_> {
    /// The next bits, at most 16; `None` at a marker or the end.
    fn take(&mut self, count: u32) -> Option<u32> {
        while self.count < count {
            let byte = *self.bytes.get(self.at)?;
            let width = if byte == 0xFF {
                // A stuffed zero belongs to it; anything else is a marker.
                (*self.bytes.get(self.at.checked_add(1)?)? == 0).then_some(2)?
            } else {
                1
            };
            self.at = self.at.checked_add(width)?;
            self.held = self.held << 8 | u32::from(byte);
            self.count = self.count.saturating_add(8);
        }
        self.count = self.count.saturating_sub(count);
        let mask = 1_u32.checked_shl(count)?.wrapping_sub(1);
        Some(self.held.checked_shr(self.count)? & mask)
    }

    /// Steps over a restart marker.
    fn restart(&mut self) -> Option<()> {
        (self.held, self.count) = (0, 0);
        let next = self.at.checked_add(2)?;
        match self.bytes.get(self.at..next)? {
            [0xFF, marker::RST0..=marker::RST7] => {
                self.at = next;
                Some(())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
    use super::*;
    use crate::media::container::find_frame;
    use crate::media::photo::{self, PhotoSpec};

    fn sound(file: &[u8]) -> Option<Sound> {
        find_sound(file, &find_frame(file).unwrap(), file.len())
    }

    #[test]
    fn a_whole_picture_is_sound_to_its_last_row_and_byte() {
        for file in [
            PhotoSpec::new(480, 360, 1).to_jpeg(),
            PhotoSpec::new(481, 359, 1).to_jpeg(),
            photo::grey(),
            photo::cmyk(),
            photo::with_restarts(),
            photo::black_optimised(),
        ] {
            let frame = find_frame(&file).unwrap();
            let sound = sound(&file).unwrap();
            assert_eq!((sound.rows, sound.is_partial), (frame.height, false));
            assert_eq!(sound.end, file.len() - 2);
            assert_eq!(be16(&file, sound.height_at), Some(frame.height));
        }
    }

    #[test]
    fn rows_before_a_cut_are_counted() {
        let cut = sound(&photo::rows_99()).unwrap();
        assert_eq!((cut.rows, cut.is_partial), (1184, true));
        let closed = sound(&photo::rows_closed_early()).unwrap();
        assert!((250..350).contains(&closed.rows), "{closed:?}");
        let scans = sound(&photo::progressive_cut()).unwrap();
        assert_eq!((scans.rows, scans.is_partial), (1200, true));
    }
}
