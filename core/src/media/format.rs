//! What kind of file these bytes are, told by the bytes alone.
//!
//! A file name is a claim of whoever named it; it is never asked.

/// Kind of picture file, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaFormat {
    /// JPEG: facts and renditions.
    Jpeg,
    /// PNG: facts and renditions.
    Png,
    /// HEIC or HEIF: facts; its pixels are left to the platform's decoder.
    Heic,
    /// Anything else, an empty file too.
    Unknown,
}

const JPEG_MAGIC: &[u8] = &[0xFF, 0xD8, 0xFF];
const PNG_MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Brands of pictures (not of films) in an ISO base media file, ISO/IEC 23008-12 annex B.
const HEIC_BRANDS: [&[u8]; 8] = [
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1",
];

/// Compatible brands looked at; real files list two to six.
const BRANDS_MAX: usize = 16;

impl MediaFormat {
    /// Tells the format from the first bytes of a file; 64 are enough.
    #[must_use]
    pub fn sniff(head: &[u8]) -> Self {
        if head.starts_with(JPEG_MAGIC) {
            return Self::Jpeg;
        }
        if head.starts_with(PNG_MAGIC) {
            return Self::Png;
        }
        if has_heic_brand(head) {
            return Self::Heic;
        }
        Self::Unknown
    }
}

/// `ftyp` comes first: size, "ftyp", major brand, version, compatible brands.
fn has_heic_brand(head: &[u8]) -> bool {
    if head.get(4..8) != Some(b"ftyp") {
        return false;
    }
    let size = super::container::be32(head, 0)
        .and_then(|size| usize::try_from(size).ok())
        .unwrap_or(0)
        .min(head.len());
    let major = head.get(8..12).into_iter();
    let compatible = head.get(16..size).unwrap_or(&[]).chunks_exact(4);
    major
        .chain(compatible.take(BRANDS_MAX))
        .any(|brand| HEIC_BRANDS.contains(&brand))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_format_is_told_by_its_first_bytes() {
        assert_eq!(
            MediaFormat::sniff(&[0xFF, 0xD8, 0xFF, 0xE1]),
            MediaFormat::Jpeg
        );
        assert_eq!(MediaFormat::sniff(b"\x89PNG\r\n\x1a\n"), MediaFormat::Png);
        assert_eq!(
            MediaFormat::sniff(b"\0\0\0\x10ftypheic\0\0\0\0"),
            MediaFormat::Heic
        );
    }

    #[test]
    fn a_compatible_brand_is_enough_for_heic() {
        let head = b"\0\0\0\x18ftypiso8\0\0\0\0abcdmif1";
        assert_eq!(MediaFormat::sniff(head), MediaFormat::Heic);
    }

    #[test]
    fn a_film_is_not_a_picture() {
        let head = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";
        assert_eq!(MediaFormat::sniff(head), MediaFormat::Unknown);
    }

    #[test]
    fn text_and_emptiness_are_unknown() {
        assert_eq!(MediaFormat::sniff(b"photo.jpg"), MediaFormat::Unknown);
        assert_eq!(MediaFormat::sniff(b""), MediaFormat::Unknown);
        assert_eq!(MediaFormat::sniff(&[0xFF, 0xD8]), MediaFormat::Unknown);
    }
}
