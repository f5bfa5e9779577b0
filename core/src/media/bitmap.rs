//! A decoded picture in memory: grey or RGB, 8 bits, rows from top to bottom without padding.
//!
//! Invariant: the buffer holds exactly `width × height × channels` bytes, and neither side is zero.

/// Bytes of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channels {
    /// One byte: brightness.
    Grey,
    /// Three bytes: red, green, blue.
    Rgb,
}

impl Channels {
    /// Number of bytes of a pixel.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
        }
    }
}

/// A picture as plain pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitmap {
    width: u32,
    height: u32,
    channels: Channels,
    pixels: Vec<u8>,
}

impl Bitmap {
    /// Takes a buffer as a picture; `None` if a side is zero or the length does not fit.
    #[must_use]
    pub fn new(width: u32, height: u32, channels: Channels, pixels: Vec<u8>) -> Option<Self> {
        let expected = usize::try_from(width)
            .ok()?
            .checked_mul(usize::try_from(height).ok()?)?
            .checked_mul(channels.count())?;
        if expected == 0 || expected != pixels.len() {
            return None;
        }
        Some(Self {
            width,
            height,
            channels,
            pixels,
        })
    }

    /// Pixels across.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels down.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Grey or RGB.
    #[must_use]
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// All bytes, row by row.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Gives the buffer back.
    #[must_use]
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_of_the_wrong_length_is_no_picture() {
        assert!(Bitmap::new(2, 2, Channels::Rgb, vec![0; 12]).is_some());
        assert!(Bitmap::new(2, 2, Channels::Rgb, vec![0; 11]).is_none());
        assert!(Bitmap::new(2, 2, Channels::Rgb, vec![0; 13]).is_none());
        assert!(Bitmap::new(0, 2, Channels::Grey, vec![]).is_none());
        assert!(Bitmap::new(u32::MAX, u32::MAX, Channels::Rgb, vec![]).is_none());
    }
}
