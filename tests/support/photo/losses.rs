//! Photographs larger than any head that lost a piece on a card, in a copy or on a line; the rest of each is in order.

use jpeg_encoder::{ColorType, Encoder};

use super::pixels::{PhotoSpec, ScanLayout};

const SECTOR: usize = 512;

/// 1600 × 1200, some 700 KB.
fn large() -> PhotoSpec {
    PhotoSpec {
        noise: 40,
        ..PhotoSpec::new(1600, 1200, 11)
    }
}

/// A whole photograph of which the last tenth is missing.
#[must_use]
pub fn cut_large() -> Vec<u8> {
    let mut file = large().to_jpeg();
    file.truncate(file.len() * 9 / 10);
    file
}

/// A photograph of its full length whose last third is zeros.
#[must_use]
pub fn zeroed_tail() -> Vec<u8> {
    let mut file = large().to_jpeg();
    let from = file.len() * 2 / 3 / SECTOR * SECTOR;
    file[from..].fill(0);
    file
}

/// A photograph with eight sectors of zeros in its middle.
#[must_use]
pub fn zeroed_middle() -> Vec<u8> {
    fill_middle(large().to_jpeg(), 0)
}

/// A photograph with eight sectors in its middle as a new flash chip holds them: all ones.
#[must_use]
pub fn ones_in_the_middle() -> Vec<u8> {
    fill_middle(large().to_jpeg(), 0xFF)
}

/// As `zeroed_middle`, with Huffman tables in which zeros mean a flat part of the picture.
#[must_use]
pub fn zeroed_middle_optimised() -> Vec<u8> {
    let mut file = half_black();
    // In the noisy half, where the picture has no zeros of its own.
    let from = file.len() * 3 / 4 / SECTOR * SECTOR;
    file[from..from + 8 * SECTOR].fill(0);
    file
}

/// A picture half black and half noise with Huffman tables made for it: its black half is thousands of zero bytes, rightly.
#[must_use]
pub fn black_optimised() -> Vec<u8> {
    half_black()
}

fn half_black() -> Vec<u8> {
    let spec = PhotoSpec {
        noise: 40,
        ..PhotoSpec::bare(2000, 2400, 11)
    };
    let mut lights = Vec::new();
    for y in 0..spec.height {
        let is_black = y < 2_000;
        let light = |x| {
            if is_black {
                0
            } else {
                spec.upright_pixel(x, y)[1]
            }
        };
        lights.extend((0..spec.width).map(light));
    }
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 90);
    encoder.set_optimized_huffman_tables(true);
    encoder
        .encode(&lights, spec.width, spec.height, ColorType::Luma)
        .expect("a picture that can be encoded");
    file
}

fn fill_middle(mut file: Vec<u8>, byte: u8) -> Vec<u8> {
    let from = file.len() / 2 / SECTOR * SECTOR;
    file[from..from + 8 * SECTOR].fill(byte);
    file
}

/// A photograph with eight sectors of another file in its middle.
#[must_use]
pub fn overwritten_middle() -> Vec<u8> {
    let mut file = large().to_jpeg();
    let from = file.len() / 2 / SECTOR * SECTOR;
    let other = b"\xFF\x02A page that was here before.\n".repeat(200);
    file[from..from + 8 * SECTOR].copy_from_slice(&other[..8 * SECTOR]);
    file
}

/// A photograph with a restart marker after each row of blocks, as some cameras write.
#[must_use]
pub fn with_restarts() -> Vec<u8> {
    restarting().to_jpeg()
}

fn restarting() -> PhotoSpec {
    PhotoSpec {
        restart_interval: 100,
        ..large()
    }
}

/// `with_restarts` without the piece from one restart marker to the next but one.
#[must_use]
pub fn restart_lost() -> Vec<u8> {
    let mut file = restarting().to_jpeg();
    let found = |file: &[u8], from: usize, number: u8| {
        let pair = file[from..]
            .windows(2)
            .position(|pair| pair == [0xFF, number]);
        from + pair.expect("a restart marker")
    };
    let from = found(&file, file.len() / 2, 0xD3);
    let to = found(&file, from, 0xD5);
    file.drain(from..to);
    file
}

/// A photograph that was cut when all but its last rows of blocks had come: 99 of 100 rows are there.
#[must_use]
pub fn rows_99() -> Vec<u8> {
    let mut file = restarting().to_jpeg();
    let is_marker = |pair: &[u8]| pair[0] == 0xFF && (0xD0..=0xD7).contains(&pair[1]);
    let last = file
        .windows(2)
        .rposition(is_marker)
        .expect("a restart marker");
    file.truncate(last + 2 + 300);
    file
}

/// A photograph with a quarter of its rows, closed as if it were whole.
#[must_use]
pub fn rows_closed_early() -> Vec<u8> {
    let mut file = PhotoSpec {
        thumbnail_side: None,
        ..large()
    }
    .to_jpeg();
    file.truncate(file.len() / 4);
    file.extend([0xFF, 0xD9]);
    file
}

/// A progressive photograph of which the last tenth is missing.
#[must_use]
pub fn progressive_cut() -> Vec<u8> {
    let mut file = PhotoSpec {
        layout: ScanLayout::Progressive,
        ..large()
    }
    .to_jpeg();
    file.truncate(file.len() * 9 / 10);
    file
}
