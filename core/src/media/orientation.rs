//! Which way up a stored picture is, and turning it upright.
//!
//! Cameras store the sensor's rows and note how to turn them (EXIF 0x0112). Decoders and resizers ignore the note; here it is
//! obeyed, on small bitmaps only: a full picture is never turned.

use super::bitmap::Bitmap;

/// Where the upright picture's top row and left column stand in the stored one; the names are those of the TIFF standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Orientation {
    /// 1: stored upright.
    TopLeft,
    /// 2: mirrored left to right.
    TopRight,
    /// 3: upside down.
    BottomRight,
    /// 4: mirrored top to bottom.
    BottomLeft,
    /// 5: mirrored about the falling diagonal.
    LeftTop,
    /// 6: to be turned a quarter clockwise.
    RightTop,
    /// 7: mirrored about the rising diagonal.
    RightBottom,
    /// 8: to be turned a quarter anticlockwise.
    LeftBottom,
}

impl Orientation {
    /// All eight, in the order of their EXIF numbers.
    pub const ALL: [Self; 8] = [
        Self::TopLeft,
        Self::TopRight,
        Self::BottomRight,
        Self::BottomLeft,
        Self::LeftTop,
        Self::RightTop,
        Self::RightBottom,
        Self::LeftBottom,
    ];

    /// Reads the EXIF number, 1 to 8.
    #[must_use]
    pub fn from_exif(number: u32) -> Option<Self> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    /// Gives the EXIF number, 1 to 8.
    #[must_use]
    pub fn exif_number(self) -> u16 {
        match self {
            Self::TopLeft => 1,
            Self::TopRight => 2,
            Self::BottomRight => 3,
            Self::BottomLeft => 4,
            Self::LeftTop => 5,
            Self::RightTop => 6,
            Self::RightBottom => 7,
            Self::LeftBottom => 8,
        }
    }

    /// Says whether width and height change places when the picture is turned upright.
    #[must_use]
    pub fn swaps_sides(self) -> bool {
        match self {
            Self::TopLeft | Self::TopRight | Self::BottomRight | Self::BottomLeft => false,
            Self::LeftTop | Self::RightTop | Self::RightBottom | Self::LeftBottom => true,
        }
    }
}

/// How the walk over the stored pixels runs while the upright ones are written row by row.
struct Walk {
    /// Stored pixel that comes first.
    first: isize,
    /// Step to the next pixel of an upright row.
    across: isize,
    /// Step to the beginning of the next upright row.
    down: isize,
}

/// Turns a stored bitmap upright.
#[must_use]
pub fn turn_upright(stored: Bitmap, orientation: Orientation) -> Bitmap {
    if orientation == Orientation::TopLeft {
        return stored;
    }
    match turned(&stored, orientation) {
        Some(upright) => upright,
        // A bitmap that exists fits into memory, so all positions in it are numbers; kept as a value because nothing here may fail.
        None => stored,
    }
}

fn turned(stored: &Bitmap, orientation: Orientation) -> Option<Bitmap> {
    let (width, height) = if orientation.swaps_sides() {
        (stored.height(), stored.width())
    } else {
        (stored.width(), stored.height())
    };
    let walk = walk_of(stored, orientation)?;
    let size = stored.channels().count();
    let mut pixels = Vec::with_capacity(stored.pixels().len());
    let mut row_start = walk.first;
    for _ in 0..height {
        let mut at = row_start;
        for _ in 0..width {
            let start = usize::try_from(at).ok()?.checked_mul(size)?;
            pixels.extend_from_slice(stored.pixels().get(start..start.checked_add(size)?)?);
            at = at.wrapping_add(walk.across);
        }
        row_start = row_start.wrapping_add(walk.down);
    }
    Bitmap::new(width, height, stored.channels(), pixels)
}

fn walk_of(stored: &Bitmap, orientation: Orientation) -> Option<Walk> {
    let row = isize::try_from(stored.width()).ok()?;
    let right = row.checked_sub(1)?;
    let bottom = isize::try_from(stored.height())
        .ok()?
        .checked_sub(1)?
        .checked_mul(row)?;
    let up = row.checked_neg()?;
    let (first, across, down) = match orientation {
        Orientation::TopLeft => (0, 1, row),
        Orientation::TopRight => (right, -1, row),
        Orientation::BottomRight => (bottom.checked_add(right)?, -1, up),
        Orientation::BottomLeft => (bottom, 1, up),
        Orientation::LeftTop => (0, row, 1),
        Orientation::RightTop => (bottom, up, 1),
        Orientation::RightBottom => (bottom.checked_add(right)?, up, -1),
        Orientation::LeftBottom => (right, row, -1),
    };
    Some(Walk {
        first,
        across,
        down,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
    use super::*;
    use crate::media::Channels;

    /// The upright picture is
    /// ```text
    /// A B C
    /// D E F
    /// ```
    const STORED: [(u32, &[u8]); 8] = [
        (3, b"ABCDEF"),
        (3, b"CBAFED"),
        (3, b"FEDCBA"),
        (3, b"DEFABC"),
        (2, b"ADBECF"),
        (2, b"CFBEAD"),
        (2, b"FCEBDA"),
        (2, b"DAEBFC"),
    ];

    fn grey(width: u32, letters: &[u8]) -> Bitmap {
        Bitmap::new(width, 6 / width, Channels::Grey, letters.to_vec()).unwrap()
    }

    fn rgb(width: u32, letters: &[u8]) -> Bitmap {
        let pixels = letters
            .iter()
            .flat_map(|letter| [*letter, b'x', letter + 32])
            .collect();
        Bitmap::new(width, 6 / width, Channels::Rgb, pixels).unwrap()
    }

    #[test]
    fn every_orientation_is_turned_to_the_same_upright_picture() {
        for (orientation, (width, letters)) in Orientation::ALL.into_iter().zip(STORED) {
            let upright = turn_upright(grey(width, letters), orientation);
            assert_eq!(upright, grey(3, b"ABCDEF"), "{orientation:?}");
            let upright = turn_upright(rgb(width, letters), orientation);
            assert_eq!(upright, rgb(3, b"ABCDEF"), "{orientation:?}");
        }
    }

    #[test]
    fn exif_numbers_run_from_one_to_eight() {
        for number in 1..=8 {
            let orientation = Orientation::from_exif(number).unwrap();
            assert_eq!(u32::from(orientation.exif_number()), number);
        }
        assert_eq!(Orientation::from_exif(0), None);
        assert_eq!(Orientation::from_exif(9), None);
        assert_eq!(Orientation::from_exif(u32::MAX), None);
    }

    #[test]
    fn a_single_pixel_turns_into_itself() {
        for orientation in Orientation::ALL {
            let pixel = Bitmap::new(1, 1, Channels::Rgb, vec![1, 2, 3]).unwrap();
            assert_eq!(turn_upright(pixel.clone(), orientation), pixel);
        }
    }
}
