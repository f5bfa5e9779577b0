//! A PNG as it streams by: its size and EXIF, the checksum of every chunk, and its end.
//!
//! Owns the walk over chunks. Only the header and the EXIF chunk are kept.

use super::container::be32;
use super::exif_block::EXIF_BYTES_MAX;
use super::facts::{AbsentReason, Fact};
use super::keep::Kept;
use super::walk::{Flaws, Walked, pixel_size};

/// Signature, then chunks: length, kind, body, checksum. The header chunk must be the first.
const SIGNATURE_BYTES: usize = 8;
const CHUNK_HEAD_BYTES: usize = 8;
const CHECKSUM_BYTES: usize = 4;

/// Longest chunk that the format allows.
const CHUNK_BYTES_MAX: u32 = i32::MAX.cast_unsigned();

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Signature,
    Head,
    Body,
    Checksum,
    /// Behind the end, or after a chunk that cannot be one.
    Over,
}

/// The walk.
pub(super) struct PngWalk {
    state: State,
    at: u64,
    /// Bytes of the part in progress, where it is a few or of use.
    part: Vec<u8>,
    kind: [u8; 4],
    body_at: u64,
    left: usize,
    checksum: crc32fast::Hasher,
    size: Fact<super::facts::PixelSize>,
    exif: Option<Fact<Kept>>,
    has_end: bool,
    flaws: Flaws,
}

impl PngWalk {
    pub fn new() -> Self {
        Self {
            state: State::Signature,
            at: 0,
            part: Vec::new(),
            kind: [0; 4],
            body_at: 0,
            left: SIGNATURE_BYTES,
            checksum: crc32fast::Hasher::new(),
            size: Fact::Absent(AbsentReason::NotPresent),
            exif: None,
            has_end: false,
            flaws: Flaws::default(),
        }
    }

    /// Takes the next bytes of the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() && self.state != State::Over {
            let (part, after) = rest
                .split_at_checked(self.left.min(rest.len()))
                .unwrap_or_default();
            self.left = self.left.saturating_sub(part.len());
            self.at = self.at.saturating_add(part.len() as u64);
            if self.state == State::Body {
                self.checksum.update(part);
            }
            if self.state != State::Body || self.is_kept() {
                self.part.extend_from_slice(part);
            }
            rest = after;
            while self.left == 0 && self.state != State::Over {
                self.end_of_part();
            }
        }
    }

    /// Says what was found once all bytes have passed.
    pub fn finish(self) -> Walked {
        let mut flaws = self.flaws;
        let is_cut = self.state != State::Over;
        if !self.has_end && is_cut {
            flaws.truncated(self.at);
        }
        let is_cut_exif = is_cut && self.state != State::Head && &self.kind == b"eXIf";
        let missing = if is_cut_exif {
            AbsentReason::Malformed
        } else {
            AbsentReason::NotPresent
        };
        Walked {
            exif: self.exif.unwrap_or(Fact::Absent(missing)),
            size: self.size,
            orientation: None,
            flaws,
        }
    }

    fn is_kept(&self) -> bool {
        matches!(&self.kind, b"IHDR" | b"eXIf") && self.part.len() <= EXIF_BYTES_MAX
    }

    fn end_of_part(&mut self) {
        let next = match self.state {
            State::Signature => State::Head,
            State::Head => {
                self.begin_chunk();
                return;
            }
            State::Body => {
                self.end_of_body();
                State::Checksum
            }
            State::Checksum => {
                if be32(&self.part, 0) != Some(self.checksum.clone().finalize()) {
                    self.flaws.broken(self.body_at);
                }
                if self.has_end {
                    State::Over
                } else {
                    State::Head
                }
            }
            State::Over => State::Over,
        };
        self.part.clear();
        self.state = next;
        self.left = match next {
            State::Checksum => CHECKSUM_BYTES,
            State::Signature | State::Head | State::Body | State::Over => CHUNK_HEAD_BYTES,
        };
    }

    fn begin_chunk(&mut self) {
        let length = be32(&self.part, 0).filter(|length| *length <= CHUNK_BYTES_MAX);
        let kind = self
            .part
            .get(4..8)
            .and_then(|kind| <[u8; 4]>::try_from(kind).ok());
        self.part.clear();
        let (Some(length), Some(kind)) = (length, kind) else {
            return self.give_up();
        };
        if !kind.iter().all(u8::is_ascii_alphabetic) {
            return self.give_up();
        }
        self.kind = kind;
        self.checksum = crc32fast::Hasher::new();
        self.checksum.update(&kind);
        self.body_at = self.at;
        self.left = usize::try_from(length).unwrap_or(usize::MAX);
        self.state = State::Body;
    }

    fn give_up(&mut self) {
        self.flaws.broken(self.at);
        self.state = State::Over;
    }

    fn end_of_body(&mut self) {
        match &self.kind {
            b"IHDR" => {
                if let (Some(width), Some(height)) = (be32(&self.part, 0), be32(&self.part, 4)) {
                    self.size = pixel_size(width, height);
                }
            }
            b"eXIf" if self.part.len() > EXIF_BYTES_MAX => {
                self.exif = Some(Fact::Absent(AbsentReason::TooLarge));
            }
            b"eXIf" => {
                let bytes = std::mem::take(&mut self.part);
                self.exif = Some(Fact::Known(Kept {
                    at: self.body_at,
                    bytes,
                }));
            }
            b"IEND" => self.has_end = true,
            _ => {}
        }
    }
}
