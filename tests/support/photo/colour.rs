//! Photographs with colour profiles, and the profiles: written by hand from ICC.1, so that writer and reader share no mistake.

use jpeg_encoder::{ColorType, Encoder};

use super::pixels::{Chroma, PhotoSpec};

/// Colorants of Display P3 adapted to D50, in 1/65,536, as the profile of every phone holds them.
const DISPLAY_P3: [[i32; 3]; 3] = [
    [33_759, 15_807, -69],
    [19_135, 45_369, 2_746],
    [10_290, 4_361, 51_394],
];

/// Colorants of Adobe RGB (1998) adapted to D50.
const ADOBE_RGB: [[i32; 3]; 3] = [
    [39_957, 20_391, 1_276],
    [13_452, 41_007, 3_989],
    [9_784, 4_139, 48_796],
];

/// Colour of the ground of the pictures below.
pub const PROFILED_COLOUR: [u8; 3] = [200, 80, 60];

/// A plain picture in Display P3, as phones write.
#[must_use]
pub fn display_p3() -> Vec<u8> {
    // The curve of sRGB, as a parametric curve of kind 3.
    let curve = [157_286, 62_119, 3_417, 5_072, 2_651]
        .map(i32::to_be_bytes)
        .concat();
    let curve = [&b"para\0\0\0\0\0\x03\0\0"[..], &curve].concat();
    plain_with(&matrix_profile(DISPLAY_P3, &curve))
}

/// A plain picture in Adobe RGB, as cameras write.
#[must_use]
pub fn adobe_rgb() -> Vec<u8> {
    plain_with(&matrix_profile(
        ADOBE_RGB,
        b"curv\0\0\0\0\0\0\0\x01\x02\x33\0\0",
    ))
}

/// A plain picture whose profile is noise.
#[must_use]
pub fn broken_profile() -> Vec<u8> {
    plain_with(&[0xA5; 600])
}

/// A plain picture in printing inks with a profile in which the black ink alone counts: 0 is white, 255 black.
#[must_use]
pub fn cmyk_with_profile() -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 95);
    encoder
        .add_icc_profile(&ink_profile())
        .expect("a small profile");
    let inks = [255, 255, 255, 0].repeat(64 * 64);
    encoder
        .encode(&inks, 64, 64, ColorType::Cmyk)
        .expect("a picture that can be encoded");
    file
}

fn plain_with(icc: &[u8]) -> Vec<u8> {
    let spec = PhotoSpec {
        chroma: Chroma::Full,
        ..PhotoSpec::bare(64, 64, 1)
    };
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 95);
    encoder.add_icc_profile(icc).expect("a small profile");
    let pixels = PROFILED_COLOUR.repeat(usize::from(spec.width) * usize::from(spec.height));
    encoder
        .encode(&pixels, spec.width, spec.height, ColorType::Rgb)
        .expect("a picture that can be encoded");
    file
}

fn matrix_profile(colorants: [[i32; 3]; 3], curve: &[u8]) -> Vec<u8> {
    let xyz =
        |values: [i32; 3]| [&b"XYZ \0\0\0\0"[..], &values.map(i32::to_be_bytes).concat()].concat();
    let [red, green, blue] = colorants.map(xyz);
    let curve = curve.to_vec();
    profile(
        b"mntrRGB XYZ ",
        &[
            (b"wtpt", xyz([63_190, 65_536, 54_061])),
            (b"rXYZ", red),
            (b"gXYZ", green),
            (b"bXYZ", blue),
            (b"rTRC", curve.clone()),
            (b"gTRC", curve.clone()),
            (b"bTRC", curve),
        ],
    )
}

/// A table of two points an ink: lightness 100 without black ink, 0 with it.
fn ink_profile() -> Vec<u8> {
    let identity: Vec<u8> = (0..=255).collect();
    let mut table = b"mft1\0\0\0\0\x04\x03\x02\0".to_vec();
    let one = 65_536_i32;
    table.extend(
        [one, 0, 0, 0, one, 0, 0, 0, one]
            .map(i32::to_be_bytes)
            .concat(),
    );
    table.extend(identity.repeat(4));
    for point in 0..16 {
        let lightness = if point & 1 == 0 { 255 } else { 0 };
        table.extend([lightness, 128, 128]);
    }
    table.extend(identity.repeat(3));
    let white = [63_190, 65_536, 54_061].map(i32::to_be_bytes).concat();
    profile(
        b"prtrCMYKLab ",
        &[
            (b"wtpt", [&b"XYZ \0\0\0\0"[..], &white].concat()),
            (b"A2B0", table),
        ],
    )
}

/// Header of 128 bytes, a table of tags, their data.
fn profile(class_and_spaces: &[u8; 12], tags: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).expect("small").to_be_bytes();
    let mut data = Vec::new();
    let mut table = number(tags.len()).to_vec();
    let data_at = 128 + 4 + tags.len() * 12;
    for (name, body) in tags {
        table.extend(
            [
                &name[..],
                &number(data_at + data.len()),
                &number(body.len()),
            ]
            .concat(),
        );
        data.extend(body);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    let mut header = vec![0; 128];
    header[0..4].copy_from_slice(&number(data_at + data.len()));
    header[8..12].copy_from_slice(&[4, 0x20, 0, 0]);
    header[12..24].copy_from_slice(class_and_spaces);
    header[36..40].copy_from_slice(b"acsp");
    let white = [63_190, 65_536, 54_061].map(i32::to_be_bytes).concat();
    header[68..80].copy_from_slice(&white);
    [header, table, data].concat()
}
