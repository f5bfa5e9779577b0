//! HEIF files as far as facts go: brands, item lists, properties, an Exif item, and bytes in place of the coded picture.

use super::pixels::PhotoSpec;

/// Bytes in place of a coded picture, none of them blank.
const CODED: u8 = 0x5A;

struct HeifSpec {
    brands: [&'static [u8; 4]; 3],
    /// Properties of the primary item, in their order.
    properties: Vec<Vec<u8>>,
    /// Coded bytes before the Exif item.
    exif_at: usize,
    coded_bytes: usize,
    meta_last: bool,
}

impl HeifSpec {
    fn ordinary() -> Self {
        Self {
            brands: [b"heic", b"mif1", b"heic"],
            properties: vec![ispe(480, 360)],
            exif_at: 0,
            coded_bytes: 4_000,
            meta_last: false,
        }
    }

    fn to_file(&self) -> Vec<u8> {
        let tiff = PhotoSpec::new(480, 360, 7).to_tiff();
        let tiff = tiff.expect("an ordinary photograph has EXIF");
        // The item begins with the distance to the TIFF header, here over "Exif\0\0".
        let item = [&6_u32.to_be_bytes()[..], b"Exif\0\0", &tiff].concat();
        let [major, first, second] = self.brands;
        let ftyp = iso_box(b"ftyp", &[&major[..], &[0; 4], first, second].concat());
        let meta_of = |item_at: usize| self.meta(item_at, item.len());
        let coded = vec![CODED; self.coded_bytes];
        let (before, after) = coded.split_at(self.exif_at);
        let mdat = iso_box(b"mdat", &[before, &item, after].concat());
        // The place of the item depends on the length of the box that names it, and that not on the place.
        let meta_bytes = if self.meta_last { 0 } else { meta_of(0).len() };
        let meta = meta_of(ftyp.len() + meta_bytes + 8 + self.exif_at);
        if self.meta_last {
            [ftyp, mdat, meta].concat()
        } else {
            [ftyp, meta, mdat].concat()
        }
    }

    fn meta(&self, item_at: usize, item_bytes: usize) -> Vec<u8> {
        let handler = [&[0; 8][..], b"pict", &[0; 13]].concat();
        let entry = |id: u8, kind: &[u8; 4]| {
            let body = [&[2, 0, 0, 0, 0, id, 0, 0][..], kind, &[0]].concat();
            iso_box(b"infe", &body)
        };
        let items = [
            &[0, 0, 0, 0, 0, 2][..],
            &entry(1, b"hvc1"),
            &entry(2, b"Exif"),
        ]
        .concat();
        // Offsets and lengths of four bytes; two items with one extent each.
        let extent = |id: u8, at: usize, length: usize| {
            [&[0, id, 0, 0, 0, 1][..], &number(at), &number(length)].concat()
        };
        let places = [
            &[0, 0, 0, 0, 0x44, 0, 0, 2][..],
            &extent(1, item_at + item_bytes, self.coded_bytes - self.exif_at),
            &extent(2, item_at, item_bytes),
        ]
        .concat();
        let body = [
            vec![0; 4],
            iso_box(b"hdlr", &handler),
            iso_box(b"pitm", &[0, 0, 0, 0, 0, 1]),
            iso_box(b"iinf", &items),
            iso_box(b"iprp", &self.properties()),
            iso_box(b"iloc", &places),
        ]
        .concat();
        iso_box(b"meta", &body)
    }

    /// A property of somebody else comes first, so that numbers are looked up and not counted off.
    fn properties(&self) -> Vec<u8> {
        let container = [&[ispe(64, 64)][..], &self.properties].concat().concat();
        let count = u8::try_from(self.properties.len()).expect("a few");
        let numbers: Vec<u8> = (0..count).map(|index| 0x80 | (index + 2)).collect();
        let other = [0, 9, 1, 1];
        let of_primary = [&[0, 1, count][..], &numbers].concat();
        let lists = [&[0; 4][..], &2_u32.to_be_bytes(), &of_primary, &other].concat();
        [iso_box(b"ipco", &container), iso_box(b"ipma", &lists)].concat()
    }
}

/// A HEIC file as a phone writes it.
#[must_use]
pub fn heic_like() -> Vec<u8> {
    HeifSpec::ordinary().to_file()
}

/// A HEIC file whose Exif item stands 400 KB behind its beginning.
#[must_use]
pub fn heic_exif_late() -> Vec<u8> {
    HeifSpec {
        exif_at: 400_000,
        coded_bytes: 600_000,
        ..HeifSpec::ordinary()
    }
    .to_file()
}

/// A HEIC file that was cropped and turned: its properties say another size than its EXIF.
#[must_use]
pub fn heic_edited() -> Vec<u8> {
    HeifSpec {
        properties: vec![ispe(400, 300), clap(396, 298), iso_box(b"irot", &[3])],
        ..HeifSpec::ordinary()
    }
    .to_file()
}

/// A HEIC file whose `meta` box comes after the data that it describes.
#[must_use]
pub fn heic_meta_last() -> Vec<u8> {
    HeifSpec {
        meta_last: true,
        ..HeifSpec::ordinary()
    }
    .to_file()
}

/// An AVIF file, which names the common brand first.
#[must_use]
pub fn avif_like() -> Vec<u8> {
    HeifSpec {
        brands: [b"mif1", b"avif", b"miaf"],
        ..HeifSpec::ordinary()
    }
    .to_file()
}

/// A HEIC file of 600 KB of which the last tenth is missing.
#[must_use]
pub fn heic_cut() -> Vec<u8> {
    let mut file = heic_exif_late();
    file.truncate(file.len() * 9 / 10);
    file
}

/// A HEIC file of 600 KB with two pages of zeros among its coded data.
#[must_use]
pub fn heic_zeroed() -> Vec<u8> {
    let mut file = heic_exif_late();
    file[30 * 4096..32 * 4096].fill(0);
    file
}

fn ispe(width: u32, height: u32) -> Vec<u8> {
    let body = [[0; 4], width.to_be_bytes(), height.to_be_bytes()].concat();
    iso_box(b"ispe", &body)
}

/// Width and height as fractions, then the place of the middle, which is the middle here.
fn clap(width: u32, height: u32) -> Vec<u8> {
    let numbers = [width * 2, 2, height, 1, 0, 1, 0, 1];
    iso_box(b"clap", &numbers.map(u32::to_be_bytes).concat())
}

fn number(number: usize) -> [u8; 4] {
    u32::try_from(number).expect("a small file").to_be_bytes()
}

fn iso_box(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&number(body.len() + 8)[..], kind, body].concat()
}
