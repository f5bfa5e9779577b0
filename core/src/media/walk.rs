//! A photograph as its bytes pass once: what is kept of it for its facts, and whether it holds together to its end.
//!
//! Owns the choice of the walk by the first bytes, and what every walk gives. The walks themselves are `jpeg_walk`, `png_walk` and
//! `box_walk`. Memory is bounded by the constants of those, whatever the headers claim.

use super::box_walk::BoxWalk;
use super::facts::{AbsentReason, Defect, Fact, PixelSize};
use super::format::{Container, MediaFormat, SNIFF_BYTES};
use super::jpeg_walk::JpegWalk;
use super::keep::Kept;
use super::orientation::Orientation;
use super::png_walk::PngWalk;

/// Bytes of a file's beginning kept for formats that point backwards (boxes) or at directories (TIFF).
const HEAD_BYTES_MAX: usize = 256 * 1024;

/// What a walk found.
pub(super) struct Walked {
    /// The EXIF block from its TIFF header on.
    pub exif: Fact<Kept>,
    /// Stored size from the picture's own header, not turned upright.
    pub size: Fact<PixelSize>,
    /// Which way up, where the picture's own header says so: it wins over EXIF.
    pub orientation: Option<Orientation>,
    pub flaws: Flaws,
}

impl Walked {
    /// Neither facts nor flaws.
    pub fn absent(reason: AbsentReason) -> Self {
        Self {
            exif: Fact::Absent(reason),
            size: Fact::Absent(reason),
            orientation: None,
            flaws: Flaws::default(),
        }
    }
}

/// What is wrong with the structure of a file, and where sound picture data end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flaws {
    truncated: bool,
    blank: bool,
    broken: bool,
    first: Option<u64>,
}

impl Flaws {
    /// The file ends before the picture does.
    pub fn truncated(&mut self, at: u64) {
        self.truncated = true;
        self.note(at);
    }

    /// A piece is blank where picture data must stand.
    pub fn blank(&mut self, at: u64) {
        self.blank = true;
        self.note(at);
    }

    /// Markers, lengths or checksums contradict the bytes.
    pub fn broken(&mut self, at: u64) {
        self.broken = true;
        self.note(at);
    }

    /// Up to where the picture data are sound; absent: to their end.
    pub fn sound_until(&self) -> Option<u64> {
        self.first
    }

    /// The defects, in their order.
    pub fn defects(&self) -> impl Iterator<Item = Defect> {
        let all = [
            (self.truncated, Defect::Truncated),
            (self.blank, Defect::BlankPiece),
            (self.broken, Defect::BrokenStructure),
        ];
        all.into_iter()
            .filter_map(|(is_so, defect)| is_so.then_some(defect))
    }

    fn note(&mut self, at: u64) {
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
    }
}

/// Width and height that are both more than nothing.
pub(super) fn pixel_size(width: u32, height: u32) -> Fact<PixelSize> {
    if width == 0 || height == 0 {
        return Fact::Absent(AbsentReason::OutOfRange);
    }
    Fact::Known(PixelSize { width, height })
}

enum Kind {
    /// The first bytes have not all come.
    Undecided,
    Jpeg(JpegWalk),
    Png(PngWalk),
    Boxes(BoxWalk),
    Tiff,
    Opaque,
}

/// The walk over any file.
pub(super) struct Walk {
    head: Vec<u8>,
    kind: Kind,
}

impl Walk {
    pub fn new() -> Self {
        Self {
            head: Vec::new(),
            kind: Kind::Undecided,
        }
    }

    /// Takes the next bytes of the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        if !matches!(self.kind, Kind::Undecided) {
            self.pass(bytes);
            return;
        }
        let missing = SNIFF_BYTES.saturating_sub(self.head.len()).min(bytes.len());
        let (first, rest) = bytes.split_at_checked(missing).unwrap_or_default();
        self.head.extend_from_slice(first);
        if self.head.len() >= SNIFF_BYTES {
            self.decide();
            self.pass(rest);
        }
    }

    /// Says what the file is and what was found in it.
    pub fn finish(mut self) -> (MediaFormat, Walked) {
        if matches!(self.kind, Kind::Undecided) {
            self.decide();
        }
        let format = MediaFormat::sniff(&self.head);
        let walked = match self.kind {
            Kind::Jpeg(walk) => walk.finish(),
            Kind::Png(walk) => walk.finish(),
            Kind::Boxes(walk) => walk.finish(),
            Kind::Tiff | Kind::Opaque | Kind::Undecided => {
                Walked::absent(AbsentReason::UnsupportedFormat)
            }
        };
        (format, walked)
    }

    fn decide(&mut self) {
        self.kind = match MediaFormat::sniff(&self.head).container() {
            Container::Jpeg => Kind::Jpeg(JpegWalk::new()),
            Container::Png => Kind::Png(PngWalk::new()),
            Container::Boxes => Kind::Boxes(BoxWalk::new()),
            Container::Tiff => Kind::Tiff,
            Container::Opaque => Kind::Opaque,
        };
        let head = std::mem::take(&mut self.head);
        self.pass(&head);
        if self.head.is_empty() {
            self.head = head;
        }
    }

    fn pass(&mut self, bytes: &[u8]) {
        match &mut self.kind {
            Kind::Jpeg(walk) => walk.feed(bytes),
            Kind::Png(walk) => walk.feed(bytes),
            Kind::Boxes(walk) => {
                keep_head(&mut self.head, bytes);
                walk.feed(bytes, &self.head);
            }
            Kind::Tiff => keep_head(&mut self.head, bytes),
            Kind::Opaque | Kind::Undecided => {}
        }
    }
}

fn keep_head(head: &mut Vec<u8>, bytes: &[u8]) {
    let room = HEAD_BYTES_MAX.saturating_sub(head.len()).min(bytes.len());
    head.extend_from_slice(bytes.get(..room).unwrap_or_default());
}
