//! The EXIF block as a whole: checked for size, then handed to the parser.
//!
//! Owns the guard against blocks made to exhaust memory, and the place of the embedded thumbnail. The meaning of fields is
//! `exif_fields`.
//!
//! Why a guard: the parser (kamadak-exif 0.6) keeps one value for every directory entry and refuses a directory only if it was
//! visited at the very same offset. Directories that overlap, shifted by a byte each, turn 64 KiB into hundreds of megabytes of
//! entries. So the directories are counted first, without keeping anything.

use exif::{Exif, In, Tag};

use super::exif_fields;
use super::facts::{AbsentReason, ByteRange, Defect, Fact};
use super::keep::Kept;
use super::tiff::{ENTRY_BYTES, Tiff};

/// Bytes of an EXIF block: a JPEG segment holds 64 KiB, and a HEIC item is given twice that.
pub const EXIF_BYTES_MAX: usize = 128 * 1024;

/// Directory entries of an EXIF block, all directories together. Cameras write 40 to 150; the maker's own directory is not counted.
pub const EXIF_ENTRIES_MAX: usize = 1024;

/// An EXIF block that was read, or the reason why none was.
pub(super) struct ExifBlock {
    exif: Result<Exif, AbsentReason>,
    /// Place of the TIFF header in the file; embedded offsets count from it.
    tiff_at: u64,
    pub defect: Option<Defect>,
}

impl ExifBlock {
    fn absent(reason: AbsentReason, defect: Option<Defect>) -> Self {
        Self {
            exif: Err(reason),
            tiff_at: 0,
            defect,
        }
    }

    /// Reads one fact.
    pub fn read<T>(&self, field: impl FnOnce(&Exif) -> Result<T, AbsentReason>) -> Fact<T> {
        match &self.exif {
            Ok(exif) => field(exif).into(),
            Err(reason) => Fact::Absent(*reason),
        }
    }

    /// Finds the embedded thumbnail and checks that it begins like a JPEG.
    pub fn thumbnail(&self) -> Fact<ByteRange> {
        self.read(|exif| {
            let offset = exif_fields::number_at(exif, Tag::JPEGInterchangeFormat, In::THUMBNAIL)?;
            let length =
                exif_fields::number_at(exif, Tag::JPEGInterchangeFormatLength, In::THUMBNAIL)?;
            let (start, length) = (usize_of(offset)?, usize_of(length)?);
            let end = start.checked_add(length).ok_or(AbsentReason::Malformed)?;
            let bytes = exif.buf().get(start..end).ok_or(AbsentReason::Malformed)?;
            if !bytes.starts_with(&[0xFF, 0xD8]) {
                return Err(AbsentReason::Malformed);
            }
            let offset = self
                .tiff_at
                .checked_add(start as u64)
                .ok_or(AbsentReason::Malformed)?;
            Ok(ByteRange {
                offset,
                length: length as u64,
            })
        })
    }
}

fn usize_of(number: u32) -> Result<usize, AbsentReason> {
    usize::try_from(number).map_err(|_| AbsentReason::Malformed)
}

/// Reads the block that was kept while the file passed: from its TIFF header on.
pub(super) fn read_block(kept: Fact<Kept>) -> ExifBlock {
    let kept = match kept {
        Fact::Known(kept) => kept,
        Fact::Absent(AbsentReason::Malformed) => {
            return ExifBlock::absent(AbsentReason::Malformed, Some(Defect::BrokenExif));
        }
        Fact::Absent(AbsentReason::TooLarge) => {
            return ExifBlock::absent(AbsentReason::TooLarge, Some(Defect::ExifTooLarge));
        }
        Fact::Absent(reason) => return ExifBlock::absent(reason, None),
    };
    if kept.bytes.len() > EXIF_BYTES_MAX || !has_bounded_entries(&kept.bytes) {
        return ExifBlock::absent(AbsentReason::TooLarge, Some(Defect::ExifTooLarge));
    }
    let tiff_at = kept.at;
    let parsed = exif::Reader::new()
        .continue_on_error(true)
        .read_raw(kept.bytes);
    match parsed {
        Ok(exif) => ExifBlock {
            exif: Ok(exif),
            tiff_at,
            defect: None,
        },
        Err(exif::Error::PartialResult(partial)) => {
            let (exif, _) = partial.into_inner();
            ExifBlock {
                exif: Ok(exif),
                tiff_at,
                defect: Some(Defect::BrokenExif),
            }
        }
        Err(_) => ExifBlock::absent(AbsentReason::Malformed, Some(Defect::BrokenExif)),
    }
}

/// Main directories that the parser follows one after the other.
const MAIN_DIRECTORIES_MAX: usize = 8;

/// Depth of directories: main, then EXIF or GPS, then interoperability.
const DEPTH_MAX: usize = 3;

/// Tags whose value is the offset of another directory: EXIF, GPS, interoperability.
const POINTER_TAGS: [u16; 3] = [0x8769, 0x8825, 0xA005];

/// Counts what the parser would keep, and stops as soon as that is too much.
fn has_bounded_entries(tiff: &[u8]) -> bool {
    let numbers = Tiff::new(tiff);
    let mut budget = EXIF_ENTRIES_MAX;
    let mut next = numbers
        .u32(4)
        .and_then(|offset| usize::try_from(offset).ok());
    for _ in 0..MAIN_DIRECTORIES_MAX {
        let Some(offset) = next.filter(|offset| *offset != 0) else {
            return true;
        };
        match numbers.spend(offset, 1, budget) {
            Spent::Left {
                budget: left,
                next: following,
            } => {
                budget = left;
                next = following;
            }
            Spent::TooMany => return false,
        }
    }
    true
}

enum Spent {
    Left { budget: usize, next: Option<usize> },
    TooMany,
}

impl Tiff<'_> {
    /// Takes the entries of a directory, and of those it points to, off the budget.
    fn spend(&self, offset: usize, depth: usize, mut budget: usize) -> Spent {
        let Some(count) = self.u16(offset) else {
            return Spent::Left { budget, next: None };
        };
        let mut at = offset.saturating_add(2);
        for _ in 0..count {
            let Some(tag) = self.u16(at).filter(|_| self.has_entry(at)) else {
                return Spent::Left { budget, next: None };
            };
            let Some(left) = budget.checked_sub(1) else {
                return Spent::TooMany;
            };
            budget = left;
            if POINTER_TAGS.contains(&tag)
                && depth < DEPTH_MAX
                && let Some(child) = self.pointer(at)
            {
                match self.spend(child, depth.saturating_add(1), budget) {
                    Spent::Left { budget: left, .. } => budget = left,
                    Spent::TooMany => return Spent::TooMany,
                }
            }
            at = at.saturating_add(ENTRY_BYTES);
        }
        let next = self.u32(at).and_then(|offset| usize::try_from(offset).ok());
        Spent::Left { budget, next }
    }

    fn has_entry(&self, at: usize) -> bool {
        at.checked_add(ENTRY_BYTES)
            .is_some_and(|end| end <= self.len())
    }

    /// First number of an entry, as the parser takes it: any unsigned type, in place if it fits into four bytes.
    fn pointer(&self, entry: usize) -> Option<usize> {
        let kind = self.u16(entry.checked_add(2)?)?;
        let count = usize::try_from(self.u32(entry.checked_add(4)?)?).ok()?;
        let in_place = entry.checked_add(8)?;
        let width: usize = match kind {
            1 => 1,
            3 => 2,
            4 => 4,
            _ => return None,
        };
        let at = if width.checked_mul(count)? <= 4 {
            in_place
        } else {
            usize::try_from(self.u32(in_place)?).ok()?
        };
        match width {
            1 => self.u8(at).map(usize::from),
            2 => self.u16(at).map(usize::from),
            _ => usize::try_from(self.u32(at)?).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
    use super::*;
    use crate::media::photo::PhotoSpec;

    /// One directory of `count` entries of kind BYTE with a value in place.
    fn block_of(count: u16) -> Vec<u8> {
        let mut tiff = b"II\x2A\0\x08\0\0\0".to_vec();
        tiff.extend(count.to_le_bytes());
        for tag in 0..count {
            tiff.extend(tag.to_le_bytes());
            tiff.extend([1, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        }
        tiff.extend([0; 4]);
        tiff
    }

    fn read(tiff: &[u8]) -> ExifBlock {
        let bytes = tiff.to_vec();
        read_block(Fact::Known(Kept { at: 0, bytes }))
    }

    #[test]
    fn entries_are_read_up_to_the_limit_and_refused_beyond() {
        let limit = u16::try_from(EXIF_ENTRIES_MAX).unwrap();
        assert_eq!(read(&block_of(0)).defect, None);
        assert_eq!(read(&block_of(limit)).defect, None);
        assert_eq!(
            read(&block_of(limit + 1)).defect,
            Some(Defect::ExifTooLarge)
        );
    }

    #[test]
    fn a_block_is_read_up_to_the_limit_of_bytes() {
        let mut tiff = block_of(1);
        tiff.resize(EXIF_BYTES_MAX, 0);
        assert_eq!(read(&tiff).defect, None);
        tiff.push(0);
        assert_eq!(read(&tiff).defect, Some(Defect::ExifTooLarge));
    }

    #[test]
    fn an_ordinary_block_is_far_below_the_limit() {
        let tiff = PhotoSpec::new(64, 48, 1).to_tiff().unwrap();
        let block = read(&tiff);
        assert_eq!(block.defect, None);
        assert!(block.exif.unwrap().fields().len() < EXIF_ENTRIES_MAX / 10);
    }

    #[test]
    fn a_block_that_is_no_tiff_is_broken() {
        for tiff in [
            &b""[..],
            b"II",
            b"XX\x2A\0\x08\0\0\0",
            b"II\x2B\0\x08\0\0\0",
        ] {
            let block = read(tiff);
            assert_eq!(block.defect, Some(Defect::BrokenExif));
            assert_eq!(block.thumbnail(), Fact::Absent(AbsentReason::Malformed));
        }
    }

    #[test]
    fn a_thumbnail_that_is_no_jpeg_is_malformed() {
        let mut tiff = PhotoSpec::new(64, 48, 1).to_tiff().unwrap();
        let place = read(&tiff).thumbnail();
        let at = usize::try_from(place.known().unwrap().offset).unwrap();
        *tiff.get_mut(at).unwrap() = 0;
        assert_eq!(
            read(&tiff).thumbnail(),
            Fact::Absent(AbsentReason::Malformed)
        );
    }
}
