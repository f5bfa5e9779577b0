//! Numbers and directory entries of a TIFF header's bytes, read with bounds checked.

pub(super) const ENTRY_BYTES: usize = 12;

/// Bytes that begin with a TIFF header ("II" or "MM").
#[derive(Clone, Copy)]
pub(super) struct Tiff<'a> {
    bytes: &'a [u8],
    is_little: bool,
}

impl<'a> Tiff<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        let is_little = bytes.starts_with(b"II");
        Self { bytes, is_little }
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn u8(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    pub fn u16(&self, at: usize) -> Option<u16> {
        let raw = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.is_little {
            u16::from_le_bytes(raw)
        } else {
            u16::from_be_bytes(raw)
        })
    }

    pub fn u32(&self, at: usize) -> Option<u32> {
        let raw = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.is_little {
            u32::from_le_bytes(raw)
        } else {
            u32::from_be_bytes(raw)
        })
    }

    /// Place of the entry of a tag in the directory at `offset`.
    pub fn find(&self, offset: usize, tag: u16) -> Option<usize> {
        let first = offset.checked_add(2)?;
        (0..usize::from(self.u16(offset)?))
            .filter_map(|index| first.checked_add(index.checked_mul(ENTRY_BYTES)?))
            .find(|entry| self.u16(*entry) == Some(tag))
    }
}
