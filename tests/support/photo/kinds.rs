//! Pictures of other kinds, as far as their signatures go.

use super::exif::{ByteOrder, Directory, write_tiff};

/// A TIFF as a scanner writes it.
#[must_use]
pub fn tiff_like() -> Vec<u8> {
    let mut main = Directory::new(ByteOrder::Big);
    main.long(0x0100, 64);
    main.long(0x0101, 48);
    main.text(0x010F, Some("Imena Works"));
    padded(write_tiff(ByteOrder::Big, &main, None))
}

/// A camera's raw picture that is TIFF inside: a maker's name, and directories below the first.
#[must_use]
pub fn raw_like(make: &str) -> Vec<u8> {
    let mut main = Directory::new(ByteOrder::Little);
    main.text(0x010F, Some(make));
    main.long(0x014A, 400);
    padded(write_tiff(ByteOrder::Little, &main, None))
}

/// A raw picture as phones write it (DNG).
#[must_use]
pub fn dng_like() -> Vec<u8> {
    let mut main = Directory::new(ByteOrder::Little);
    main.text(0x010F, Some("Imena Works"));
    main.raw(0xC612, 1, &[1, 4, 0, 0]);
    padded(write_tiff(ByteOrder::Little, &main, None))
}

/// A Windows bitmap of one pixel.
#[must_use]
pub fn bmp_like() -> Vec<u8> {
    let head = [58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0];
    [
        &b"BM"[..],
        &head,
        &[1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0],
        &[0; 24],
        &[9; 4],
    ]
    .concat()
}

/// A GIF of one pixel.
#[must_use]
pub fn gif_like() -> Vec<u8> {
    let body = [
        1, 0, 1, 0, 0, 0, 0, 0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B,
    ];
    [&b"GIF89a"[..], &body].concat()
}

/// The beginning of a WebP.
#[must_use]
pub fn webp_like() -> Vec<u8> {
    padded([&b"RIFF\xF8\x01\0\0WEBPVP8 \xEC\x01\0\0"[..], &[7; 16]].concat())
}

/// A film of a phone, which is no picture.
#[must_use]
pub fn film_like() -> Vec<u8> {
    padded(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec())
}

fn padded(mut file: Vec<u8>) -> Vec<u8> {
    file.resize(512, 7);
    file
}
