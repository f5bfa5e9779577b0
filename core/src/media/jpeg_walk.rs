//! A JPEG as it streams by: its EXIF and frame wherever they stand, and whether its markers and coded data hold together to the end.
//!
//! Owns the walk over markers, segments and coded data, and what of them is kept: one segment at a time, at most 64 KiB. It decodes
//! nothing: coded data are looked at for markers that cannot stand there and for blank pieces. Tolerated is what decoders tolerate
//! (fill bytes, stray bytes between segments of the header, anything behind the end).

use std::ops::Range;

use super::blank::{BLANK_BYTES_MIN, BlankSearch, Run};
use super::container::{JpegFrame, is_frame_header, marker, parse_frame};
use super::facts::{AbsentReason, Fact};
use super::keep::Kept;
use super::walk::{Flaws, Walked, pixel_size};

const EXIF_ID: &[u8] = b"Exif\0\0";

/// Bytes by which a blank piece may be longer than the sectors that were lost: their neighbours can end in the same byte by chance.
const ALIGNED_SLACK: u64 = 2;

#[derive(Clone, Copy)]
enum State {
    /// Between segments: the next 0xFF begins a marker.
    Between,
    /// After a 0xFF between segments.
    Marker,
    /// In the two bytes of a segment's length.
    Length { marker: u8, high: Option<u8> },
    /// In a segment's body.
    Body { marker: u8, left: usize },
    /// In coded data.
    Scan,
    /// After a 0xFF in coded data.
    ScanMarker,
    /// Behind the end of the picture.
    Ended,
}

/// The walk.
pub(super) struct JpegWalk {
    state: State,
    at: u64,
    /// Body of the segment in progress, if it is of use.
    body: Vec<u8>,
    is_kept: bool,
    body_at: u64,
    exif: Option<Fact<Kept>>,
    frame: Option<JpegFrame>,
    scan: ScanState,
    flaws: Flaws,
}

/// What coded data are judged by.
#[derive(Default)]
struct ScanState {
    has_begun: bool,
    /// First symbol of each Huffman table, which the code of zeros stands for; DC, then AC.
    first_symbols: [[Option<u8>; 4]; 2],
    is_progressive: bool,
    /// Whether a long run of zeros may be a flat part of the picture.
    zeros_are_flat: bool,
    /// Number of the restart marker that must come next.
    restart: u8,
    blanks: BlankSearch,
}

impl JpegWalk {
    pub fn new() -> Self {
        Self {
            state: State::Between,
            at: 0,
            body: Vec::new(),
            is_kept: false,
            body_at: 0,
            exif: None,
            frame: None,
            scan: ScanState::default(),
            flaws: Flaws::default(),
        }
    }

    /// Takes the next bytes of the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let [first, after @ ..] = rest {
            let taken = match self.state {
                State::Ended => return,
                State::Between => self.between(rest),
                State::Marker => {
                    self.marker(*first);
                    1
                }
                State::Length { marker, high } => {
                    self.length(marker, high, *first);
                    1
                }
                State::Body { marker, left } => self.body(marker, left, rest),
                State::Scan | State::ScanMarker => self.scan(rest),
            };
            self.at = self.at.saturating_add(taken as u64);
            rest = match taken {
                1 => after,
                taken => rest.get(taken..).unwrap_or_default(),
            };
            if let State::Body { marker, left: 0 } = self.state {
                self.end_of_segment(marker);
            }
        }
    }

    /// Says what was found once all bytes have passed.
    pub fn finish(mut self) -> Walked {
        self.close_blanks();
        if !self.scan.has_begun || !matches!(self.state, State::Ended) {
            self.flaws.truncated(self.at);
        }
        if matches!(
            self.state,
            State::Body {
                marker: marker::APP1,
                ..
            }
        ) && self.exif.is_none()
            && self.body.starts_with(EXIF_ID)
        {
            self.exif = Some(Fact::Absent(AbsentReason::Malformed));
        }
        let size = self
            .frame
            .map_or(Fact::Absent(AbsentReason::NotPresent), |frame| {
                pixel_size(frame.width.into(), frame.height.into())
            });
        Walked {
            exif: self.exif.unwrap_or(Fact::Absent(AbsentReason::NotPresent)),
            size,
            orientation: None,
            flaws: self.flaws,
        }
    }

    fn between(&mut self, rest: &[u8]) -> usize {
        match memchr::memchr(0xFF, rest) {
            Some(ahead) => {
                self.stray(ahead);
                self.state = State::Marker;
                ahead.saturating_add(1)
            }
            None => {
                self.stray(rest.len());
                rest.len()
            }
        }
    }

    /// Bytes between segments: in the header some writers leave a few, after coded data they are what a damaged marker left over.
    fn stray(&mut self, count: usize) {
        if count > 0 && self.scan.has_begun {
            self.flaws.broken(self.at);
        }
    }

    fn marker(&mut self, marker: u8) {
        self.state = match marker {
            0xFF => State::Marker,
            0x00 | marker::TEM | marker::RST0..=marker::SOI => State::Between,
            marker::EOI => State::Ended,
            marker => State::Length { marker, high: None },
        };
    }

    fn length(&mut self, marker: u8, high: Option<u8>, byte: u8) {
        let Some(high) = high else {
            self.state = State::Length {
                marker,
                high: Some(byte),
            };
            return;
        };
        let length = usize::from(u16::from_be_bytes([high, byte]));
        let Some(left) = length.checked_sub(2) else {
            self.flaws.broken(self.at);
            self.state = State::Between;
            return;
        };
        self.body.clear();
        self.body_at = self.at.saturating_add(1);
        self.is_kept = is_frame_header(marker)
            || matches!(marker, marker::SOS | marker::DHT)
            || marker == marker::APP1 && self.exif.is_none();
        self.state = State::Body { marker, left };
    }

    fn body(&mut self, marker: u8, left: usize, rest: &[u8]) -> usize {
        let taken = left.min(rest.len());
        if self.is_kept {
            self.body
                .extend_from_slice(rest.get(..taken).unwrap_or_default());
        }
        let left = left.saturating_sub(taken);
        self.state = State::Body { marker, left };
        taken
    }

    fn end_of_segment(&mut self, marker: u8) {
        self.state = State::Between;
        match marker {
            marker::APP1 if self.is_kept && self.body.starts_with(EXIF_ID) => {
                let bytes = std::mem::take(&mut self.body);
                let kept = Kept {
                    at: self.body_at,
                    bytes,
                };
                self.exif = Some(Fact::Known(kept.from(EXIF_ID.len())));
            }
            marker::DHT => self.scan.note_tables(&self.body),
            marker::SOS => {
                self.scan.begin(&self.body);
                self.state = State::Scan;
            }
            marker if is_frame_header(marker) && self.frame.is_none() => {
                self.frame = parse_frame(&self.body, marker, 0..self.body.len());
                self.scan.is_progressive = matches!(marker, marker::SOF2);
            }
            _ => {}
        }
    }

    /// Walks coded data until they end or the bytes do; blank pieces are looked for in all of them at once.
    fn scan(&mut self, rest: &[u8]) -> usize {
        let mut at = 0_usize;
        while matches!(self.state, State::Scan | State::ScanMarker) {
            let Some(ahead) = rest.get(at..).filter(|ahead| !ahead.is_empty()) else {
                break;
            };
            if matches!(self.state, State::Scan) {
                match memchr::memchr(0xFF, ahead) {
                    Some(index) => {
                        at = at.saturating_add(index).saturating_add(1);
                        self.state = State::ScanMarker;
                    }
                    None => at = rest.len(),
                }
            } else if let Some(byte) = ahead.first() {
                at = at.saturating_add(1);
                self.scan_marker(*byte, self.at.saturating_add(at as u64));
            }
        }
        let (start, flat) = (self.at, self.scan.zeros_are_flat);
        let Self { scan, flaws, .. } = self;
        let mut note = |run| note_blank(flaws, flat, run);
        scan.blanks
            .feed(start, rest.get(..at).unwrap_or_default(), &mut note);
        if !matches!(self.state, State::Scan | State::ScanMarker) {
            self.close_blanks();
        }
        at
    }

    fn close_blanks(&mut self) {
        let flat = self.scan.zeros_are_flat;
        let Self { scan, flaws, .. } = self;
        scan.blanks.close(&mut |run| note_blank(flaws, flat, run));
    }

    fn scan_marker(&mut self, byte: u8, at: u64) {
        self.state = match byte {
            0x00 => State::Scan,
            0xFF => State::ScanMarker,
            marker::RST0..=marker::RST7 => {
                let number = byte.wrapping_sub(marker::RST0);
                if number != self.scan.restart {
                    self.flaws.broken(at.saturating_sub(2));
                }
                self.scan.restart = number.wrapping_add(1) & 7;
                State::Scan
            }
            marker::EOI => State::Ended,
            // What may follow coded data: tables, another scan, notes.
            marker::DHT
            | marker::SOS..=marker::DRI
            | marker::APP0..=marker::APP15
            | marker::COM => State::Length {
                marker: byte,
                high: None,
            },
            _ => {
                self.flaws.broken(at.saturating_sub(2));
                State::Scan
            }
        };
    }
}

impl ScanState {
    /// Body: any number of tables, each with class and number, 16 counts, symbols.
    fn note_tables(&mut self, body: &[u8]) {
        let mut rest = body;
        while let [which, after @ ..] = rest {
            let Some((counts, symbols)) = after.split_at_checked(16) else {
                return;
            };
            let table = self.first_symbols.get_mut(usize::from(which >> 4));
            if let Some(place) = table.and_then(|table| table.get_mut(usize::from(which & 3))) {
                *place = symbols.first().copied();
            }
            let count = counts.iter().map(|count| usize::from(*count)).sum();
            rest = symbols.get(count..).unwrap_or_default();
        }
    }

    /// Body: number of components, two bytes each, then the band and the bit position of a progressive scan.
    fn begin(&mut self, body: &[u8]) {
        self.has_begun = true;
        self.restart = 0;
        let count = body.first().map_or(0, |count| usize::from(*count));
        let (components, band) = body
            .get(1..)
            .unwrap_or_default()
            .split_at_checked(count.saturating_mul(2))
            .unwrap_or_default();
        let refines = band.get(2).is_some_and(|bits| bits >> 4 != 0);
        let (has_dc, has_ac) = match self.is_progressive {
            true => (
                band.first() == Some(&0) && !refines,
                band.first() != Some(&0),
            ),
            false => (true, true),
        };
        let symbol = |class: usize, number: u8| {
            *self
                .first_symbols
                .get(class)?
                .get(usize::from(number & 3))?
        };
        self.zeros_are_flat = components.chunks_exact(2).all(|component| {
            let tables = component.get(1).copied().unwrap_or(0);
            let dc_is_flat = symbol(0, tables >> 4) == Some(0);
            // End of block, or of a band of blocks: no coefficient follows.
            let ac_is_flat =
                symbol(1, tables).is_some_and(|first| first & 0xF == 0 && first != 0xF0);
            (!has_dc || dc_is_flat) && (!has_ac || ac_is_flat)
        });
    }
}

/// A blank piece is a flaw unless the code of zeros is that of a flat picture; then only where it is as even as sectors are.
fn note_blank(flaws: &mut Flaws, zeros_are_flat: bool, run: Run) {
    let may_be_flat = run.byte == 0 && zeros_are_flat;
    if !may_be_flat || is_sectors(run.start..run.start.saturating_add(run.length)) {
        flaws.blank(run.start);
    }
}

fn is_sectors(run: Range<u64>) -> bool {
    let over = |place: u64| place.checked_rem(BLANK_BYTES_MIN).unwrap_or(0);
    let before_first =
        BLANK_BYTES_MIN.saturating_sub(over(run.start)) & BLANK_BYTES_MIN.wrapping_sub(1);
    before_first <= ALIGNED_SLACK && over(run.end) <= ALIGNED_SLACK
}
