//! PNG files, written without a compressor: stored blocks, and one hand-made run of zeros.

use super::pixels::PhotoSpec;

/// A PNG in full colour with EXIF, stored without compression.
#[must_use]
pub fn png(width: u16, height: u16, seed: u64) -> Vec<u8> {
    let spec = PhotoSpec {
        thumbnail_side: None,
        ..PhotoSpec::new(width, height, seed)
    };
    let tiff = spec.to_tiff().expect("an ordinary photograph has EXIF");
    let mut rows = Vec::new();
    for y in 0..height {
        rows.push(0);
        (0..width).for_each(|x| rows.extend(spec.upright_pixel(x, y)));
    }
    let zlib = zlib_stored(&rows);
    write_png(
        width.into(),
        height.into(),
        [8, 2],
        &[(b"eXIf", &tiff), (b"IDAT", &zlib)],
    )
}

/// A PNG, all of it half transparent black.
#[must_use]
pub fn png_half_transparent(width: u16, height: u16) -> Vec<u8> {
    let row = [&[0][..], &[0, 0, 0, 128].repeat(width.into())].concat();
    let zlib = zlib_stored(&row.repeat(height.into()));
    write_png(width.into(), height.into(), [8, 6], &[(b"IDAT", &zlib)])
}

/// A PNG of 480 KB in which one byte of the picture is another one, far behind its beginning.
#[must_use]
pub fn png_wrong_checksum() -> Vec<u8> {
    let mut file = png(400, 400, 5);
    let at = file.len() - 40_000;
    file[at] ^= 0x10;
    file
}

/// A PNG of 480 KB of which the last tenth is missing.
#[must_use]
pub fn png_cut_large() -> Vec<u8> {
    let mut file = png(400, 400, 5);
    file.truncate(file.len() * 9 / 10);
    file
}

/// `depth_and_kind`: bits a sample, then colour type.
pub(super) fn write_png(
    width: u32,
    height: u32,
    depth_and_kind: [u8; 2],
    chunks: &[(&[u8; 4], &[u8])],
) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let header = [&size[..], &depth_and_kind, &[0; 3]].concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let header: (&[u8; 4], &[u8]) = (b"IHDR", &header);
    let end: (&[u8; 4], &[u8]) = (b"IEND", &[]);
    for (kind, body) in [&[header], chunks, &[end]].concat() {
        let checked = [&kind[..], body].concat();
        file.extend(
            u32::try_from(body.len())
                .expect("a small chunk")
                .to_be_bytes(),
        );
        file.extend(&checked);
        file.extend(crc32(&checked).to_be_bytes());
    }
    file
}

const ZLIB_HEADER: [u8; 2] = [0x78, 0x01];
const ADLER_MODULUS: u64 = 65_521;

fn zlib_stored(data: &[u8]) -> Vec<u8> {
    let mut stream = ZLIB_HEADER.to_vec();
    let mut blocks = data.chunks(65_535).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("cut to fit");
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let (mut low, mut high) = (1_u64, 0_u64);
    for byte in data {
        low = (low + u64::from(*byte)) % ADLER_MODULUS;
        high = (high + low) % ADLER_MODULUS;
    }
    stream.extend(adler32(low, high));
    stream
}

/// A run of zeros as one block of fixed Huffman codes: a zero, then copies of 258 bytes from one byte back.
pub(super) fn zlib_of_zeros(length: u64) -> Vec<u8> {
    let mut bits = Bits {
        bytes: ZLIB_HEADER.to_vec(),
        held: 0,
        count: 0,
    };
    bits.push_low_first(0b011, 3);
    let mut left = length;
    let copies = (left - 1) / 258;
    left -= copies * 258;
    for _ in 0..left {
        bits.push_high_first(0b0011_0000, 8);
    }
    for _ in 0..copies {
        // Length code 285 is 258 bytes; distance code 0 is one byte back.
        bits.push_high_first(0b1100_0101, 8);
        bits.push_high_first(0, 5);
    }
    bits.push_high_first(0, 7);
    let mut stream = bits.finish();
    stream.extend(adler32(1, length % ADLER_MODULUS));
    stream
}

fn adler32(low: u64, high: u64) -> [u8; 4] {
    u32::try_from(high << 16 | low)
        .expect("both below 65,521")
        .to_be_bytes()
}

/// Bits of a deflate stream, filled into bytes from the lowest bit on.
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn push_low_first(&mut self, value: u32, width: u32) {
        self.held |= value << self.count;
        self.count += width;
        while self.count >= 8 {
            self.bytes.push(self.held.to_le_bytes()[0]);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// Huffman codes go in from their highest bit on.
    fn push_high_first(&mut self, code: u32, width: u32) {
        self.push_low_first(code.reverse_bits() >> (32 - width), width);
    }

    fn finish(mut self) -> Vec<u8> {
        self.push_low_first(0, 7);
        self.bytes
    }
}

fn crc32(data: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in data {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg());
        }
    }
    !sum
}
