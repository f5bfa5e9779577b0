//! The `meta` box of a HEIF file (ISO/IEC 23008-12): where its EXIF stands, how large the primary picture is and which way up.
//!
//! Owns the reading of item lists and properties in bytes that are at hand, with every bound checked; each loop moves forward by at
//! least a byte, so it ends on any input.

use std::ops::Range;

use super::container::{be16, be32};
use super::facts::{AbsentReason, Fact, PixelSize};
use super::orientation::Orientation;
use super::walk::pixel_size;

/// Properties of an item: files in use have up to a dozen.
const PROPERTIES_MAX: usize = 64;

/// What the box says.
pub(super) struct Meta {
    pub exif: ExifItem,
    /// Size of the primary item as stored (`ispe`), cut to what is shown of it (`clap`), before it is turned.
    pub size: Fact<PixelSize>,
    /// From `irot` and `imir`; absent if the item's properties cannot be read.
    pub orientation: Option<Orientation>,
}

/// Where the EXIF item stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ExifItem {
    InFile(Range<u64>),
    /// In the data box of the `meta` box itself; counted from that one's body.
    Inside(Range<usize>),
    Absent(AbsentReason),
}

impl Meta {
    pub fn absent(reason: AbsentReason) -> Self {
        Self {
            exif: ExifItem::Absent(reason),
            size: Fact::Absent(reason),
            orientation: None,
        }
    }
}

/// Reads the body of a `meta` box.
pub(super) fn read_meta(body: &[u8]) -> Meta {
    // It is a full box: four bytes of version and flags come first.
    let within = 4..body.len();
    let exif = exif_item(body, &within);
    match primary_properties(body, &within) {
        Some(properties) => picture(body, &properties, exif),
        None => Meta {
            exif,
            ..Meta::absent(AbsentReason::NotPresent)
        },
    }
}

fn picture(body: &[u8], properties: &[([u8; 4], Range<usize>)], exif: ExifItem) -> Meta {
    let mut size = None;
    let mut turn = Turn::default();
    for (kind, place) in properties {
        let property = body.get(place.clone()).unwrap_or_default();
        match kind {
            b"ispe" => size = be32(property, 4).zip(be32(property, 8)),
            b"clap" => size = size.and_then(|size| clean_aperture(size, property, turn)),
            b"irot" => turn = turn.rotated(property.first().copied().unwrap_or(0) & 3),
            b"imir" => turn = turn.mirrored(property.first().copied().unwrap_or(0) & 1),
            _ => {}
        }
    }
    let size = size.map_or(Fact::Absent(AbsentReason::NotPresent), |(width, height)| {
        pixel_size(width, height)
    });
    Meta {
        exif,
        size,
        orientation: Orientation::from_exif(turn.exif_number()),
    }
}

/// Width and height are fractions; what is cut after a quarter turn is stated in the turned picture.
fn clean_aperture(size: (u32, u32), property: &[u8], turn: Turn) -> Option<(u32, u32)> {
    let side = |at: usize, full: u32| {
        let (over, under) = (be32(property, at)?, be32(property, at.checked_add(4)?)?);
        let length = over.checked_div(under)?;
        Some(length.min(full))
    };
    let (full_across, full_down) = if turn.quarters % 2 == 1 {
        (size.1, size.0)
    } else {
        size
    };
    let (across, down) = (side(0, full_across)?, side(8, full_down)?);
    Some(if turn.quarters % 2 == 1 {
        (down, across)
    } else {
        (across, down)
    })
}

/// Mirrored left to right if at all, then turned clockwise by quarters.
#[derive(Clone, Copy, Default)]
struct Turn {
    is_mirrored: bool,
    quarters: u8,
}

impl Turn {
    /// `irot` counts quarters anticlockwise.
    fn rotated(self, anticlockwise: u8) -> Self {
        let quarters = self.quarters.wrapping_sub(anticlockwise) & 3;
        Self { quarters, ..self }
    }

    /// `imir`: 0 changes top and bottom, 1 left and right.
    fn mirrored(self, axis: u8) -> Self {
        let half = if axis == 0 { 2 } else { 0_u8 };
        let quarters = half.wrapping_sub(self.quarters) & 3;
        Self {
            is_mirrored: !self.is_mirrored,
            quarters,
        }
    }

    fn exif_number(self) -> u32 {
        match (self.is_mirrored, self.quarters) {
            (false, 0) => 1,
            (false, 1) => 6,
            (false, 2) => 3,
            (false, _) => 8,
            (true, 0) => 2,
            (true, 1) => 7,
            (true, 2) => 4,
            (true, _) => 5,
        }
    }
}

/// The properties of the primary item in their order: `pitm` names it, `ipma` lists numbers into `ipco`.
fn primary_properties(body: &[u8], within: &Range<usize>) -> Option<Vec<([u8; 4], Range<usize>)>> {
    let pitm = find_box(body, within.clone(), *b"pitm")?;
    let id_at = pitm.start.checked_add(4)?;
    let primary = match body.get(pitm.start)? {
        0 => u32::from(be16(body, id_at)?),
        _ => be32(body, id_at)?,
    };
    let iprp = find_box(body, within.clone(), *b"iprp")?;
    let ipco = find_box(body, iprp.clone(), *b"ipco")?;
    let mut rest = iprp;
    while rest.start < rest.end {
        let (kind, place) = next_box(body, &rest)?;
        rest.start = place.end;
        if kind != *b"ipma" {
            continue;
        }
        if let Some(numbers) = associations(body, place, primary) {
            return Some(
                numbers
                    .into_iter()
                    .filter_map(|number| nth_box(body, ipco.clone(), number))
                    .collect(),
            );
        }
    }
    None
}

/// Numbers of the properties of one item, counted from 1.
fn associations(body: &[u8], ipma: Range<usize>, item: u32) -> Option<Vec<usize>> {
    let mut numbers = Numbers {
        bytes: body.get(..ipma.end)?,
        at: ipma.start,
    };
    let version = numbers.next(1)?;
    let flags = numbers.next(3)?;
    let (id_width, index_width) = (
        if version == 0 { 2 } else { 4 },
        if flags & 1 == 1 { 2 } else { 1 },
    );
    let index_mask = if flags & 1 == 1 { 0x7FFF } else { 0x7F };
    let items = numbers.next(4)?;
    for _ in 0..items {
        let id = numbers.next(id_width)?;
        let count = numbers.next(1)?;
        let mut found = Vec::new();
        for _ in 0..count {
            let index = numbers.next(index_width)? & index_mask;
            if found.len() < PROPERTIES_MAX {
                found.push(usize::try_from(index).ok()?);
            }
        }
        if id == u64::from(item) {
            return Some(found);
        }
    }
    None
}

fn nth_box(body: &[u8], within: Range<usize>, number: usize) -> Option<([u8; 4], Range<usize>)> {
    let mut rest = within;
    let mut left = number.checked_sub(1)?;
    while rest.start < rest.end {
        let (kind, place) = next_box(body, &rest)?;
        if left == 0 {
            return Some((kind, place));
        }
        left = left.saturating_sub(1);
        rest.start = place.end;
    }
    None
}

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

fn exif_item(body: &[u8], within: &Range<usize>) -> ExifItem {
    let list = find_box(body, within.clone(), *b"iinf");
    let Some(item) = list.and_then(|iinf| exif_item_id(body, iinf)) else {
        return ExifItem::Absent(AbsentReason::NotPresent);
    };
    let extent = find_box(body, within.clone(), *b"iloc").and_then(|iloc| {
        let idat = find_box(body, within.clone(), *b"idat");
        item_extent(body, iloc, item, idat)
    });
    extent.unwrap_or(ExifItem::Absent(AbsentReason::Malformed))
}

/// Finds the id of the item of type "Exif" in the item information box.
fn exif_item_id(head: &[u8], iinf: Range<usize>) -> Option<u32> {
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

/// Finds the one extent of an item in the item location box.
///
/// An item cut into several extents is not put together: no camera was seen to do so with EXIF.
fn item_extent(
    head: &[u8],
    iloc: Range<usize>,
    item: u32,
    idat: Option<Range<usize>>,
) -> Option<ExifItem> {
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
            let start = base.checked_add(offset)?;
            return match method {
                0 => Some(ExifItem::InFile(start..start.checked_add(length)?)),
                1 => {
                    let start = idat?.start.checked_add(usize::try_from(start).ok()?)?;
                    let end = start.checked_add(usize::try_from(length).ok()?)?;
                    Some(ExifItem::Inside(start..end))
                }
                _ => None,
            };
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_and_mirrors_are_put_together_as_exif_numbers() {
        let number = |steps: &[(u8, u8)]| {
            let step = |turn: Turn, (kind, value): &(u8, u8)| match kind {
                0 => turn.rotated(*value),
                _ => turn.mirrored(*value),
            };
            steps.iter().fold(Turn::default(), step).exif_number()
        };
        assert_eq!(
            [0, 1, 2, 3].map(|quarters| number(&[(0, quarters)])),
            [1, 8, 3, 6]
        );
        assert_eq!((number(&[(1, 1)]), number(&[(1, 0)])), (2, 4));
        // A quarter anticlockwise, then left and right changed: mirrored about the falling diagonal or the rising one.
        assert_eq!(
            (number(&[(0, 1), (1, 1)]), number(&[(0, 3), (1, 1)])),
            (7, 5)
        );
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
        assert_eq!(extent, Some(ExifItem::Inside(105..112)));
        assert_eq!(item_extent(&iloc, 0..iloc.len(), 3, Some(100..200)), None);
    }
}
