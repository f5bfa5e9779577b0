//! An ISO base media file (HEIC, HEIF, AVIF, CR3) as it streams by: its boxes against the file's length, and its EXIF item.
//!
//! Owns the walk over the outermost boxes; what stands in the `meta` box is `heif_items`. Kept are the `meta` box and, once that has
//! named its place, the EXIF item.

use super::blank::BlankSearch;
use super::container::be32;
use super::exif_block::EXIF_BYTES_MAX;
use super::facts::{AbsentReason, Fact};
use super::heif_items::{ExifItem, Meta, read_meta};
use super::keep::{Keeper, Kept};
use super::walk::{Flaws, Walked};

/// Bytes of a `meta` box: a picture of a few hundred tiles has 20 KB.
const META_BYTES_MAX: usize = 256 * 1024;

/// Blank bytes between coded data that are a loss: HEVC cannot hold three zeros in a row, and writers pad with less than a page.
const BLANK_BYTES_MIN: u64 = 4096;

/// Size and kind, then a size of 64 bits where the first says 1.
const HEAD_BYTES: usize = 8;
const LONG_HEAD_BYTES: usize = 16;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    /// Bytes left of a body; absent: to the end of the file.
    Body(Option<u64>),
    /// After a box that cannot be one.
    Over,
}

/// The walk.
pub(super) struct BoxWalk {
    state: State,
    at: u64,
    head: Vec<u8>,
    kind: [u8; 4],
    meta: Vec<u8>,
    meta_at: u64,
    found: Option<Found>,
    blanks: BlankSearch,
    /// Blank runs of coded data, judged when the EXIF item's place is known: camera makers pad that with zeros.
    blank: Option<u64>,
    flaws: Flaws,
}

/// What the `meta` box said.
struct Found {
    meta: Meta,
    exif: Wanted,
}

enum Wanted {
    Absent(AbsentReason),
    Here(Kept),
    Coming(Keeper),
}

impl BoxWalk {
    pub fn new() -> Self {
        Self {
            state: State::Head,
            at: 0,
            head: Vec::new(),
            kind: [0; 4],
            meta: Vec::new(),
            meta_at: 0,
            found: None,
            blanks: BlankSearch::default(),
            blank: None,
            flaws: Flaws::default(),
        }
    }

    /// Takes the next bytes of the file; `head` is its beginning, as far as it is kept.
    pub fn feed(&mut self, bytes: &[u8], head: &[u8]) {
        let (start, mut rest) = (self.at, bytes);
        while !rest.is_empty() {
            let taken = match self.state {
                State::Over => rest.len(),
                State::Head => self.head(rest),
                State::Body(left) => self.body(left, rest),
            };
            self.at = self.at.saturating_add(taken as u64);
            rest = rest.get(taken..).unwrap_or_default();
            if self.state == State::Body(Some(0)) {
                self.end_of_box(head);
            }
        }
        if let Some(Found {
            exif: Wanted::Coming(keeper),
            ..
        }) = &mut self.found
        {
            keeper.feed(start, bytes);
        }
    }

    /// Says what was found once all bytes have passed.
    pub fn finish(mut self) -> Walked {
        self.close_blanks();
        match self.state {
            State::Body(Some(_)) => self.flaws.truncated(self.at),
            State::Head if !self.head.is_empty() => self.flaws.truncated(self.at),
            State::Head | State::Body(None) | State::Over => {}
        }
        if let Some(at) = self.blank {
            self.flaws.blank(at);
        }
        let Some(found) = self.found else {
            let reason = AbsentReason::NotPresent;
            if self.flaws == Flaws::default() && self.kind != *b"moov" {
                // A picture is described by its `meta` box (CR3: by `moov`).
                self.flaws.broken(self.at);
            }
            return Walked {
                flaws: self.flaws,
                ..Walked::absent(reason)
            };
        };
        let exif = match found.exif {
            Wanted::Absent(reason) => Fact::Absent(reason),
            Wanted::Here(kept) => skip_to_tiff(kept),
            Wanted::Coming(keeper) => keeper
                .finish()
                .map_or(Fact::Absent(AbsentReason::Malformed), skip_to_tiff),
        };
        Walked {
            exif,
            size: found.meta.size,
            orientation: found.meta.orientation,
            flaws: self.flaws,
        }
    }

    fn head(&mut self, rest: &[u8]) -> usize {
        let is_long = be32(&self.head, 0) == Some(1);
        let wanted = if is_long { LONG_HEAD_BYTES } else { HEAD_BYTES };
        let taken = wanted.saturating_sub(self.head.len()).min(rest.len());
        self.head
            .extend_from_slice(rest.get(..taken).unwrap_or_default());
        let is_long = be32(&self.head, 0) == Some(1);
        let wanted = if is_long { LONG_HEAD_BYTES } else { HEAD_BYTES };
        if self.head.len() >= wanted {
            self.begin_box(self.at.saturating_add(taken as u64));
        }
        taken
    }

    fn begin_box(&mut self, body_at: u64) {
        let size = match be32(&self.head, 0) {
            Some(0) => None,
            Some(1) => be32(&self.head, 8)
                .zip(be32(&self.head, 12))
                .map(|(high, low)| u64::from(high) << 32 | u64::from(low)),
            size => size.map(u64::from),
        };
        let kind = self
            .head
            .get(4..8)
            .and_then(|kind| <[u8; 4]>::try_from(kind).ok());
        self.kind = kind.unwrap_or_default();
        let left = size.map(|size| size.checked_sub(self.head.len() as u64));
        let is_kind = self.kind.iter().all(|byte| (0x20..0x7F).contains(byte));
        self.state = match left {
            None if is_kind => State::Body(None),
            Some(Some(left)) if is_kind => State::Body(Some(left)),
            None | Some(_) => {
                self.flaws.broken(self.at);
                State::Over
            }
        };
        self.head.clear();
        if self.kind == *b"meta" && self.found.is_none() {
            self.meta_at = body_at;
        }
    }

    fn body(&mut self, left: Option<u64>, rest: &[u8]) -> usize {
        let left_here = left
            .and_then(|left| usize::try_from(left).ok())
            .unwrap_or(usize::MAX);
        let taken = rest.len().min(left_here);
        let part = rest.get(..taken).unwrap_or_default();
        if self.kind == *b"meta" && self.found.is_none() && self.meta.len() <= META_BYTES_MAX {
            self.meta.extend_from_slice(part);
        } else if self.kind == *b"mdat" {
            let Self {
                blanks,
                blank,
                found,
                at,
                ..
            } = self;
            blanks.feed(*at, part, &mut |run| note_blank(blank, found.as_ref(), run));
        }
        self.state = State::Body(left.map(|left| left.saturating_sub(taken as u64)));
        taken
    }

    fn end_of_box(&mut self, head: &[u8]) {
        self.state = State::Head;
        self.close_blanks();
        if self.kind != *b"meta" || self.found.is_some() {
            return;
        }
        if self.meta.len() > META_BYTES_MAX {
            self.found = Some(Found {
                meta: Meta::absent(AbsentReason::TooLarge),
                exif: Wanted::Absent(AbsentReason::TooLarge),
            });
            return;
        }
        let meta = read_meta(&self.meta);
        let exif = match &meta.exif {
            ExifItem::Absent(reason) => Wanted::Absent(*reason),
            ExifItem::Inside(range) => match self.meta.get(range.clone()) {
                Some(bytes) => Wanted::Here(Kept {
                    at: self.meta_at.saturating_add(range.start as u64),
                    bytes: bytes.to_vec(),
                }),
                None => Wanted::Absent(AbsentReason::Malformed),
            },
            ExifItem::InFile(range)
                if range.end.saturating_sub(range.start) > EXIF_BYTES_MAX as u64 =>
            {
                Wanted::Absent(AbsentReason::TooLarge)
            }
            ExifItem::InFile(range) => Keeper::begin(range.clone(), head, self.at)
                .map_or(Wanted::Absent(AbsentReason::NotKept), Wanted::Coming),
        };
        self.found = Some(Found { meta, exif });
    }

    fn close_blanks(&mut self) {
        let Self {
            blanks,
            blank,
            found,
            ..
        } = self;
        blanks.close(&mut |run| note_blank(blank, found.as_ref(), run));
    }
}

fn note_blank(blank: &mut Option<u64>, found: Option<&Found>, run: super::blank::Run) {
    let is_in_exif = found.is_some_and(|found| match &found.meta.exif {
        ExifItem::InFile(range) => range.contains(&run.start),
        ExifItem::Inside(_) | ExifItem::Absent(_) => false,
    });
    if run.length >= BLANK_BYTES_MIN && !is_in_exif {
        blank.get_or_insert(run.start);
    }
}

/// The item begins with the distance from behind it to the TIFF header.
fn skip_to_tiff(item: Kept) -> Fact<Kept> {
    let skip = be32(&item.bytes, 0).and_then(|skip| usize::try_from(skip).ok());
    match skip.and_then(|skip| skip.checked_add(4)) {
        Some(skip) if skip < item.bytes.len() => Fact::Known(item.from(skip)),
        Some(_) | None => Fact::Absent(AbsentReason::Malformed),
    }
}
