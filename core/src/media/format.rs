//! What kind of file these bytes are, told by the bytes alone: one table of signatures, each with its MIME type.
//!
//! A file name is a claim of whoever named it; it is never asked. What cannot be shown here is named all the same: a raw picture of a
//! camera is evidence, and not "not a picture".

use super::tiff::Tiff;

/// Kind of picture file, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaFormat {
    /// JPEG: facts and renditions.
    Jpeg,
    /// PNG: facts and renditions.
    Png,
    /// HEIC, coded with HEVC: facts; its pixels are left to the platform's decoder.
    Heic,
    /// HEIF of another or an unnamed coding: facts.
    Heif,
    /// AVIF, coded with AV1: facts.
    Avif,
    /// TIFF, and what cannot be told from one.
    Tiff,
    /// Windows bitmap.
    Bmp,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
    /// JPEG XL.
    JpegXl,
    /// JPEG 2000.
    Jpeg2000,
    /// Photoshop document.
    Psd,
    /// Camera raw: Canon CR2.
    CanonCr2,
    /// Camera raw: Canon CR3.
    CanonCr3,
    /// Camera raw: Canon CRW.
    CanonCrw,
    /// Camera raw: Nikon NEF.
    NikonNef,
    /// Camera raw: Sony ARW.
    SonyArw,
    /// Camera raw: Pentax PEF.
    PentaxPef,
    /// Camera raw: Adobe DNG, written by phones too.
    AdobeDng,
    /// Camera raw: Olympus ORF.
    OlympusOrf,
    /// Camera raw: Panasonic RW2.
    PanasonicRw2,
    /// Camera raw: Fujifilm RAF.
    FujiRaf,
    /// Camera raw: Sigma X3F.
    SigmaX3f,
    /// Camera raw: Minolta MRW.
    MinoltaMrw,
    /// Anything else, an empty file too: not a picture.
    Unknown,
}

/// How the bytes of a file are laid out, as far as they are walked here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    Jpeg,
    Png,
    /// ISO base media: boxes.
    Boxes,
    /// TIFF, whose further directories say which raw format it is.
    Tiff,
    /// Not walked.
    Opaque,
}

/// Bytes that are enough to tell the container.
pub(super) const SNIFF_BYTES: usize = 64;

type Signature = (usize, &'static [u8]);

/// Everything about a format: its MIME type, the endings its files have, and bytes at fixed places; one matching group is enough.
struct Row(
    MediaFormat,
    &'static str,
    &'static [&'static str],
    &'static [&'static [Signature]],
);

/// Raw formats that are TIFF inside and are not told apart from it by every maker.
const TIFF_ENDINGS: &[&str] = &[
    "tif", "tiff", "nef", "nrw", "arw", "sr2", "srf", "pef", "dng", "srw", "3fr", "fff", "iiq",
    "dcr", "kdc", "erf", "mef", "mos", "rwl", "gpr",
];

/// In the order in which they are tried.
const TABLE: &[Row] = &[
    Row(
        MediaFormat::Jpeg,
        "image/jpeg",
        &["jpg", "jpeg", "jpe", "jfif", "mpo"],
        &[&[(0, b"\xFF\xD8\xFF")]],
    ),
    Row(
        MediaFormat::Png,
        "image/png",
        &["png"],
        &[&[(0, b"\x89PNG\r\n\x1a\n")]],
    ),
    Row(
        MediaFormat::Gif,
        "image/gif",
        &["gif"],
        &[&[(0, b"GIF87a")], &[(0, b"GIF89a")]],
    ),
    Row(
        MediaFormat::Webp,
        "image/webp",
        &["webp"],
        &[&[(0, b"RIFF"), (8, b"WEBP")]],
    ),
    // Two letters are few: the reserved zeros and a size of the header that exists come along.
    Row(
        MediaFormat::Bmp,
        "image/bmp",
        &["bmp", "dib"],
        &[
            &[(0, b"BM"), (6, &[0; 4]), (14, &[12, 0, 0, 0])],
            &[(0, b"BM"), (6, &[0; 4]), (14, &[40, 0, 0, 0])],
            &[(0, b"BM"), (6, &[0; 4]), (14, &[64, 0, 0, 0])],
            &[(0, b"BM"), (6, &[0; 4]), (14, &[108, 0, 0, 0])],
            &[(0, b"BM"), (6, &[0; 4]), (14, &[124, 0, 0, 0])],
        ],
    ),
    Row(
        MediaFormat::Psd,
        "image/vnd.adobe.photoshop",
        &["psd", "psb"],
        &[&[(0, b"8BPS\0")]],
    ),
    Row(
        MediaFormat::JpegXl,
        "image/jxl",
        &["jxl"],
        &[&[(0, b"\xFF\x0A")], &[(0, b"\0\0\0\x0CJXL \r\n\x87\n")]],
    ),
    Row(
        MediaFormat::Jpeg2000,
        "image/jp2",
        &["jp2", "j2k", "jpf", "jpx", "j2c"],
        &[
            &[(0, b"\0\0\0\x0CjP  \r\n\x87\n")],
            &[(0, b"\xFF\x4F\xFF\x51")],
        ],
    ),
    Row(
        MediaFormat::CanonCr2,
        "image/x-canon-cr2",
        &["cr2"],
        &[&[(0, b"II\x2A\0"), (8, b"CR\x02")]],
    ),
    Row(
        MediaFormat::CanonCrw,
        "image/x-canon-crw",
        &["crw"],
        &[&[(0, b"II"), (6, b"HEAPCCDR")]],
    ),
    Row(
        MediaFormat::OlympusOrf,
        "image/x-olympus-orf",
        &["orf"],
        &[&[(0, b"IIRO")], &[(0, b"IIRS")], &[(0, b"MMOR")]],
    ),
    Row(
        MediaFormat::PanasonicRw2,
        "image/x-panasonic-rw2",
        &["rw2", "raw", "rwl"],
        &[&[(0, b"IIU\0")]],
    ),
    Row(
        MediaFormat::FujiRaf,
        "image/x-fuji-raf",
        &["raf"],
        &[&[(0, b"FUJIFILMCCD-RAW")]],
    ),
    Row(
        MediaFormat::SigmaX3f,
        "image/x-sigma-x3f",
        &["x3f"],
        &[&[(0, b"FOVb")]],
    ),
    Row(
        MediaFormat::MinoltaMrw,
        "image/x-minolta-mrw",
        &["mrw"],
        &[&[(0, b"\0MRM")]],
    ),
    Row(
        MediaFormat::Tiff,
        "image/tiff",
        TIFF_ENDINGS,
        &[
            &[(0, b"II\x2A\0")],
            &[(0, b"MM\0\x2A")],
            &[(0, b"II\x2B\0\x08\0")],
            &[(0, b"MM\0\x2B\0\x08")],
        ],
    ),
    // Told by a brand or by a directory of the file, below.
    Row(
        MediaFormat::Heic,
        "image/heic",
        &["heic", "heif", "hif", "heics"],
        &[],
    ),
    Row(
        MediaFormat::Heif,
        "image/heif",
        &["heif", "heic", "hif", "heifs", "avci"],
        &[],
    ),
    Row(MediaFormat::Avif, "image/avif", &["avif", "avifs"], &[]),
    Row(MediaFormat::CanonCr3, "image/x-canon-cr3", &["cr3"], &[]),
    Row(
        MediaFormat::NikonNef,
        "image/x-nikon-nef",
        TIFF_ENDINGS,
        &[],
    ),
    Row(MediaFormat::SonyArw, "image/x-sony-arw", TIFF_ENDINGS, &[]),
    Row(
        MediaFormat::PentaxPef,
        "image/x-pentax-pef",
        TIFF_ENDINGS,
        &[],
    ),
    Row(
        MediaFormat::AdobeDng,
        "image/x-adobe-dng",
        TIFF_ENDINGS,
        &[],
    ),
];

/// Brands of pictures (not of films) in an ISO base media file, ISO/IEC 23008-12 annex B and the AV1 image format; the first row that
/// holds any of the file's brands names it, so that an AVIF, which is also `mif1`, is an AVIF.
const BRANDS: &[(MediaFormat, &[&[u8]])] = &[
    (MediaFormat::CanonCr3, &[b"crx "]),
    (MediaFormat::Avif, &[b"avif", b"avis"]),
    (
        MediaFormat::Heic,
        &[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"],
    ),
    (
        MediaFormat::Heif,
        &[b"mif1", b"msf1", b"mif2", b"avci", b"jpeg"],
    ),
];

/// Compatible brands looked at; real files list two to six.
const BRANDS_MAX: usize = 16;

impl MediaFormat {
    /// Tells the format from the beginning of a file: 64 bytes for most, the first directory for raw formats that are TIFF inside.
    #[must_use]
    pub fn sniff(head: &[u8]) -> Self {
        let found = TABLE
            .iter()
            .find(|row| row.3.iter().any(|group| fits(head, group)));
        match found.map(|row| row.0) {
            Some(Self::Tiff) => raw_of_tiff(head).unwrap_or(Self::Tiff),
            Some(format) => format,
            None => by_brand(head).unwrap_or(Self::Unknown),
        }
    }

    /// The MIME type that stands in the photo's entry.
    #[must_use]
    pub fn mime(self) -> &'static str {
        self.row().map_or("application/octet-stream", |row| row.1)
    }

    /// Whether a file name's ending, without the dot, may belong to such a file.
    #[must_use]
    pub fn has_ending(self, ending: &str) -> bool {
        let ending = ending.to_lowercase();
        self.row()
            .is_none_or(|row| row.2.contains(&ending.as_str()))
    }

    pub(super) fn container(self) -> Container {
        match self {
            Self::Jpeg => Container::Jpeg,
            Self::Png => Container::Png,
            Self::Heic | Self::Heif | Self::Avif | Self::CanonCr3 => Container::Boxes,
            Self::Tiff | Self::NikonNef | Self::SonyArw | Self::PentaxPef | Self::AdobeDng => {
                Container::Tiff
            }
            Self::Bmp
            | Self::Gif
            | Self::Webp
            | Self::JpegXl
            | Self::Jpeg2000
            | Self::Psd
            | Self::CanonCr2
            | Self::CanonCrw
            | Self::OlympusOrf
            | Self::PanasonicRw2
            | Self::FujiRaf
            | Self::SigmaX3f
            | Self::MinoltaMrw
            | Self::Unknown => Container::Opaque,
        }
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.0 == self)
    }
}

fn fits(head: &[u8], group: &[Signature]) -> bool {
    let holds =
        |(at, bytes): &Signature| head.get(*at..).is_some_and(|rest| rest.starts_with(bytes));
    group.iter().all(holds)
}

/// `ftyp` comes first: size, "ftyp", major brand, version, compatible brands.
fn by_brand(head: &[u8]) -> Option<MediaFormat> {
    if head.get(4..8) != Some(b"ftyp") {
        return None;
    }
    let size = super::container::be32(head, 0)
        .and_then(|size| usize::try_from(size).ok())
        .unwrap_or(0)
        .min(head.len());
    let major = head.get(8..12).into_iter();
    let compatible = head.get(16..size).unwrap_or(&[]).chunks_exact(4);
    let brands: Vec<&[u8]> = major.chain(compatible.take(BRANDS_MAX)).collect();
    let named =
        |(_, names): &&(MediaFormat, &[&[u8]])| brands.iter().any(|brand| names.contains(brand));
    BRANDS.iter().find(named).map(|(format, _)| *format)
}

/// A raw file's first directory describes a small picture and names the maker; a scan or a photo saved as TIFF does not.
fn raw_of_tiff(head: &[u8]) -> Option<MediaFormat> {
    const MAKE: u16 = 0x010F;
    const DNG_VERSION: u16 = 0xC612;
    const SUB_DIRECTORIES: u16 = 0x014A;
    const MAKERS: [(&[u8], MediaFormat); 4] = [
        (b"NIKON", MediaFormat::NikonNef),
        (b"SONY", MediaFormat::SonyArw),
        (b"PENTAX", MediaFormat::PentaxPef),
        (b"RICOH", MediaFormat::PentaxPef),
    ];
    let tiff = Tiff::new(head);
    let first = usize::try_from(tiff.u32(4)?).ok()?;
    if tiff.find(first, DNG_VERSION).is_some() {
        return Some(MediaFormat::AdobeDng);
    }
    tiff.find(first, SUB_DIRECTORIES)?;
    let make = tiff.find(first, MAKE)?;
    let at = usize::try_from(tiff.u32(make.checked_add(8)?)?).ok()?;
    let make = head.get(at..)?;
    let by = MAKERS.iter().find(|(name, _)| make.starts_with(name));
    by.map(|(_, format)| *format)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::media::photo;

    #[test]
    fn each_format_is_named_by_its_first_bytes_with_its_mime() {
        let cases: &[(&[u8], &str)] = &[
            (&[0xFF, 0xD8, 0xFF, 0xE1], "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n", "image/png"),
            (b"GIF89a\x01\0\x01\0", "image/gif"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
            (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "image/bmp"),
            (b"II\x2A\0\x08\0\0\0", "image/tiff"),
            (b"MM\0\x2A\0\0\0\x08", "image/tiff"),
            (b"II\x2A\0\x10\0\0\0CR\x02\0", "image/x-canon-cr2"),
            (b"IIU\0\x18\0\0\0", "image/x-panasonic-rw2"),
            (b"IIRO\x08\0\0\0", "image/x-olympus-orf"),
            (b"FUJIFILMCCD-RAW 0201", "image/x-fuji-raf"),
            (b"FOVb\0\0\x02\0", "image/x-sigma-x3f"),
            (b"II\x1A\0\0\0HEAPCCDR", "image/x-canon-crw"),
            (b"\0MRM\0\0\0\0", "image/x-minolta-mrw"),
            (b"\xFF\x0A\xFA\x1F", "image/jxl"),
            (b"\xFF\x4F\xFF\x51\0\x2F", "image/jp2"),
            (b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
            (b"\0\0\0\x10ftypheic\0\0\0\0", "image/heic"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heic"),
            (b"\0\0\0\x18ftypiso8\0\0\0\0abcdmif1", "image/heif"),
            (b"\0\0\0\x10ftypcrx \0\0\0\0", "image/x-canon-cr3"),
        ];
        for (head, mime) in cases {
            assert_eq!(MediaFormat::sniff(head).mime(), *mime, "{head:?}");
        }
    }

    #[test]
    fn an_avif_is_not_called_heic_though_it_says_mif1_first() {
        let head = b"\0\0\0\x1Cftypmif1\0\0\0\0mif1avifmiaf";
        assert_eq!(MediaFormat::sniff(head), MediaFormat::Avif);
        assert_eq!(MediaFormat::Avif.mime(), "image/avif");
    }

    #[test]
    fn a_raw_picture_that_is_tiff_inside_is_named_by_its_first_directory() {
        let kinds = [
            (photo::raw_like("NIKON CORPORATION"), MediaFormat::NikonNef),
            (photo::raw_like("SONY"), MediaFormat::SonyArw),
            (photo::raw_like("PENTAX"), MediaFormat::PentaxPef),
            (photo::raw_like("Imena Works"), MediaFormat::Tiff),
            (photo::dng_like(), MediaFormat::AdobeDng),
            (photo::tiff_like(), MediaFormat::Tiff),
        ];
        for (file, format) in kinds {
            assert_eq!(MediaFormat::sniff(&file), format);
        }
    }

    #[test]
    fn a_film_is_not_a_picture() {
        let head = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";
        assert_eq!(MediaFormat::sniff(head), MediaFormat::Unknown);
    }

    #[test]
    fn text_and_emptiness_are_unknown() {
        for head in [
            &b"photo.jpg"[..],
            b"",
            &[0xFF, 0xD8],
            b"BMW 3 and BMW 5, two cars",
            b"II",
        ] {
            assert_eq!(MediaFormat::sniff(head), MediaFormat::Unknown);
        }
    }

    #[test]
    fn the_ending_of_a_name_is_held_against_the_content() {
        assert!(MediaFormat::Jpeg.has_ending("JPG"));
        assert!(!MediaFormat::Jpeg.has_ending("png"));
        assert!(!MediaFormat::Heic.has_ending("avif"));
        assert!(MediaFormat::Unknown.has_ending("anything"));
    }
}
