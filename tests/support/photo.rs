//! Photographs made for tests, benchmarks and the demonstration: no third party's picture and no real place or person.
//!
//! Owns the scene, the EXIF writer and the defective files. It does not own what is expected of a reader: tests say that.
//!
//! Everything is a pure function of its arguments, so that the same call gives the same bytes on every machine. Each defective file
//! has one defect, named by its function; apart from that it is in order.
//!
//! Cameras here are made up. The EXIF is written by a small TIFF writer of our own rather than by the parser's library, so that
//! reader and writer cannot share a mistake.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "arguments are constants of tests; a wrong one shall stop the test"
)]

use jpeg_encoder::{
    ChromaSubsamplingMethod, ColorType, Encoder, ImageBuffer, JpegColorType, SamplingFactor,
};

/// What a generated photograph is like; [`PhotoSpec::new`] gives an ordinary one.
#[derive(Clone, Debug)]
pub struct PhotoSpec {
    /// Pixels across of the upright scene.
    pub width: u16,
    /// Pixels down of the upright scene.
    pub height: u16,
    /// Chooses colours and noise.
    pub seed: u64,
    /// JPEG quality, 1 to 100.
    pub quality: u8,
    /// Strength of the noise, 0 to 127: sets the bytes a pixel takes.
    pub noise: u8,
    /// Colour at half resolution in both directions, as phones write it; else at full resolution.
    pub chroma: Chroma,
    /// How the coefficients are laid out in the file.
    pub layout: ScanLayout,
    /// EXIF to write; none at all if absent.
    pub exif: Option<ExifSpec>,
    /// Longer side of the thumbnail embedded in the EXIF; none if absent.
    pub thumbnail_side: Option<u16>,
    /// Zero bytes are added after the picture up to this length, as some phones do.
    pub pad_to_bytes: usize,
}

/// Resolution of colour in a JPEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chroma {
    /// 4:2:0.
    Half,
    /// 4:4:4.
    Full,
}

/// Layout of scans in a JPEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanLayout {
    /// One scan with all components, as cameras write.
    Interleaved,
    /// One scan a component.
    NonInterleaved,
    /// Progressive.
    Progressive,
}

impl PhotoSpec {
    /// Gives an ordinary photograph with full EXIF and an embedded thumbnail.
    #[must_use]
    pub fn new(width: u16, height: u16, seed: u64) -> Self {
        Self {
            width,
            height,
            seed,
            quality: 85,
            noise: 6,
            chroma: Chroma::Half,
            layout: ScanLayout::Interleaved,
            exif: Some(ExifSpec::ordinary()),
            thumbnail_side: Some(160),
            pad_to_bytes: 0,
        }
    }

    /// Gives a photograph without EXIF.
    #[must_use]
    pub fn bare(width: u16, height: u16, seed: u64) -> Self {
        Self {
            exif: None,
            thumbnail_side: None,
            ..Self::new(width, height, seed)
        }
    }

    /// The same photograph, stored another way round; the upright view stays the same.
    #[must_use]
    pub fn with_orientation(mut self, orientation: u16) -> Self {
        self.exif.get_or_insert_with(ExifSpec::ordinary).orientation = orientation;
        self
    }

    /// Writes the JPEG file.
    #[must_use]
    pub fn to_jpeg(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, self.quality);
        encoder.set_sampling_factor(match self.chroma {
            Chroma::Half => SamplingFactor::F_2_2,
            Chroma::Full => SamplingFactor::F_1_1,
        });
        encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
        match self.layout {
            ScanLayout::Interleaved => {}
            ScanLayout::NonInterleaved => encoder.set_optimized_huffman_tables(true),
            ScanLayout::Progressive => encoder.set_progressive(true),
        }
        if let Some(tiff) = self.to_tiff() {
            encoder
                .add_exif_metadata(&tiff)
                .expect("EXIF fits into a segment");
        }
        encoder
            .encode_image(StoredScene::new(self))
            .expect("a picture that can be encoded");
        if file.len() < self.pad_to_bytes {
            file.resize(self.pad_to_bytes, 0);
        }
        file
    }

    /// Writes the EXIF block alone, from its TIFF header on.
    #[must_use]
    pub fn to_tiff(&self) -> Option<Vec<u8>> {
        let exif = self.exif.as_ref()?;
        let thumbnail = self.thumbnail_side.map(|side| self.thumbnail_jpeg(side));
        let (width, height) = self.stored_size();
        Some(exif.to_tiff(width, height, thumbnail.as_deref()))
    }

    fn thumbnail_jpeg(&self, side: u16) -> Vec<u8> {
        let longer = u32::from(self.width.max(self.height));
        let fit = |length: u16| {
            let scaled = u32::from(length) * u32::from(side) / longer;
            u16::try_from(scaled)
                .expect("smaller than the picture")
                .max(1)
        };
        let small = Self {
            width: fit(self.width),
            height: fit(self.height),
            quality: 70,
            layout: ScanLayout::Interleaved,
            thumbnail_side: None,
            pad_to_bytes: 0,
            ..self.clone()
        };
        let mut file = Vec::new();
        let encoder = Encoder::new(&mut file, small.quality);
        encoder
            .encode_image(StoredScene::new(&small))
            .expect("a picture that can be encoded");
        file
    }

    fn orientation(&self) -> u16 {
        self.exif.as_ref().map_or(1, |exif| exif.orientation)
    }

    fn stored_size(&self) -> (u16, u16) {
        if self.orientation() >= 5 {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        }
    }

    /// Colour (red, green, blue) of a pixel of the upright scene.
    ///
    /// The ground is a gradient with noise and large blocks. Three corners are marked, so that each of the eight ways round looks
    /// different: white at the top left, red at the top right, blue at the bottom left.
    #[must_use]
    pub fn upright_pixel(&self, x: u16, y: u16) -> [u8; 3] {
        let (width, height) = (u32::from(self.width), u32::from(self.height));
        let (x, y) = (u32::from(x), u32::from(y));
        let mark = width.min(height) / 6;
        match (x < mark, x >= width - mark, y < mark, y >= height - mark) {
            (true, _, true, _) => return [255, 255, 255],
            (_, true, true, _) => return [220, 20, 20],
            (true, _, _, true) => return [20, 20, 220],
            _ => {}
        }
        let block = u64::from(x * 8 / width) * 8 + u64::from(y * 8 / height);
        let shade = mix(self.seed ^ block) & 0x3F;
        let noise = self.noise_at(x, y);
        let along = |position: u32, length: u32| u64::from(position * 120 / length);
        [
            60 + along(x, width) + shade,
            60 + along(y, height) + shade / 2,
            70 + (along(x, width) + along(y, height)) / 2 + (63 - shade),
        ]
        .map(|light| clamp(i64::try_from(light).expect("small") + noise))
    }

    /// Brightness added to a pixel, evenly spread between `-noise` and `noise`.
    fn noise_at(&self, x: u32, y: u32) -> i64 {
        if self.noise == 0 {
            return 0;
        }
        let range = 2 * u64::from(self.noise) + 1;
        let random = mix(self.seed ^ (u64::from(y) << 32) ^ u64::from(x)) >> 40;
        i64::try_from((random * range) >> 24).expect("small") - i64::from(self.noise)
    }

    /// Pixel of the stored picture, found by undoing the turn that the orientation asks for.
    fn stored_pixel(&self, x: u16, y: u16) -> [u8; 3] {
        let (right, bottom) = (self.width - 1, self.height - 1);
        let (x, y) = match self.orientation() {
            2 => (right - x, y),
            3 => (right - x, bottom - y),
            4 => (x, bottom - y),
            5 => (y, x),
            6 => (right - y, x),
            7 => (right - y, bottom - x),
            8 => (y, bottom - x),
            _ => (x, y),
        };
        self.upright_pixel(x, y)
    }
}

fn clamp(light: i64) -> u8 {
    u8::try_from(light.clamp(0, 255)).expect("clamped")
}

/// splitmix64: one well-mixed number for each number.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Rows are made when the encoder asks for them, so that 48 million pixels never stand in memory.
struct StoredScene<'a> {
    spec: &'a PhotoSpec,
    width: u16,
    height: u16,
}

impl<'a> StoredScene<'a> {
    fn new(spec: &'a PhotoSpec) -> Self {
        let (width, height) = spec.stored_size();
        Self {
            spec,
            width,
            height,
        }
    }
}

impl ImageBuffer for StoredScene<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        for x in 0..self.width {
            let [red, green, blue] = self.spec.stored_pixel(x, y).map(i64::from);
            // ITU-R BT.601 in 16-bit fixed point.
            let luma = (19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >> 16;
            let to_blue = ((-11_059 * red - 21_709 * green + 32_768 * blue + 32_767) >> 16) + 128;
            let to_red = ((32_768 * red - 27_439 * green - 5_329 * blue + 32_767) >> 16) + 128;
            buffers[0].push(clamp(luma));
            buffers[1].push(clamp(to_blue));
            buffers[2].push(clamp(to_red));
        }
    }
}

// --- EXIF ---------------------------------------------------------------------------------------

/// Order of bytes in the EXIF block; cameras write both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// "II".
    Little,
    /// "MM".
    Big,
}

/// A fraction as EXIF holds it.
pub type Fraction = (u32, u32);

/// Contents of an EXIF block; absent members are not written.
#[derive(Clone, Debug)]
pub struct ExifSpec {
    /// Order of bytes.
    pub byte_order: ByteOrder,
    /// Make.
    pub make: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// LensMake.
    pub lens_make: Option<String>,
    /// LensModel.
    pub lens_model: Option<String>,
    /// BodySerialNumber.
    pub body_serial: Option<String>,
    /// DateTimeOriginal, "YYYY:MM:DD HH:MM:SS".
    pub taken_at: Option<String>,
    /// SubSecTimeOriginal, digits.
    pub subsecond: Option<String>,
    /// OffsetTimeOriginal, "+HH:MM".
    pub offset: Option<String>,
    /// Orientation, 1 to 8.
    pub orientation: u16,
    /// ExposureTime, seconds.
    pub exposure_time: Fraction,
    /// FNumber.
    pub f_number: Fraction,
    /// PhotographicSensitivity.
    pub iso: u16,
    /// FocalLength, millimetres.
    pub focal_length: Fraction,
    /// Flash.
    pub flash: u16,
    /// Position and direction.
    pub gps: Option<GpsSpec>,
}

/// GPS part of an EXIF block.
#[derive(Clone, Debug)]
pub struct GpsSpec {
    /// "N" or "S".
    pub latitude_ref: String,
    /// Degrees, minutes, seconds.
    pub latitude: [Fraction; 3],
    /// "E" or "W".
    pub longitude_ref: String,
    /// Degrees, minutes, seconds.
    pub longitude: [Fraction; 3],
    /// 0 above sea level, 1 below.
    pub altitude_ref: u8,
    /// Metres.
    pub altitude: Fraction,
    /// Degrees from north.
    pub direction: Fraction,
    /// "T" for true north, "M" for magnetic.
    pub direction_ref: String,
    /// Dilution of precision.
    pub dop: Fraction,
    /// GPSDateStamp, "YYYY:MM:DD".
    pub date: String,
    /// Hours, minutes, seconds, UTC.
    pub time: [Fraction; 3],
}

impl GpsSpec {
    /// Gives a fix at a position in 1e-7 degrees, with ordinary values for the rest.
    #[must_use]
    pub fn at(latitude_e7: i32, longitude_e7: i32) -> Self {
        let letter = |value: i32, plus: &str, minus: &str| {
            if value < 0 {
                minus.to_owned()
            } else {
                plus.to_owned()
            }
        };
        Self {
            latitude_ref: letter(latitude_e7, "N", "S"),
            latitude: degrees_minutes_seconds(latitude_e7),
            longitude_ref: letter(longitude_e7, "E", "W"),
            longitude: degrees_minutes_seconds(longitude_e7),
            altitude_ref: 0,
            altitude: (15_234, 100),
            direction: (27_350, 100),
            direction_ref: "T".to_owned(),
            dop: (45, 10),
            date: "2026:05:14".to_owned(),
            time: [(6, 1), (21, 1), (7, 1)],
        }
    }

    /// Sets the time of the fix, UTC.
    #[must_use]
    pub fn with_time(mut self, clock: [u32; 3]) -> Self {
        self.time = clock.map(|number| (number, 1));
        self
    }
}

/// Seconds are written with five decimals, finer than 1e-7 degrees.
fn degrees_minutes_seconds(angle_e7: i32) -> [Fraction; 3] {
    let angle = u64::from(angle_e7.unsigned_abs());
    let degrees = angle / 10_000_000;
    let minutes = angle % 10_000_000 * 60 / 10_000_000;
    let seconds_e5 = angle % 10_000_000 * 60 % 10_000_000 * 60 / 100;
    let small = |number: u64| u32::try_from(number).expect("below 6,000,000");
    [
        (small(degrees), 1),
        (small(minutes), 1),
        (small(seconds_e5), 100_000),
    ]
}

impl ExifSpec {
    /// Gives the EXIF of an ordinary phone: every field filled.
    #[must_use]
    pub fn ordinary() -> Self {
        Self {
            byte_order: ByteOrder::Little,
            make: Some("Imena Works".to_owned()),
            model: Some("Field Camera 2".to_owned()),
            lens_make: Some("Imena Works".to_owned()),
            lens_model: Some("Wide 4.25mm f/1.8".to_owned()),
            body_serial: Some("FC2-000417".to_owned()),
            taken_at: Some("2026:05:14 09:21:07".to_owned()),
            subsecond: Some("250".to_owned()),
            offset: Some("+03:00".to_owned()),
            orientation: 1,
            exposure_time: (1, 250),
            f_number: (18, 10),
            iso: 64,
            focal_length: (425, 100),
            flash: 16,
            gps: Some(GpsSpec::at(481_234_567, 376_543_210)),
        }
    }

    /// Writes the block, from its TIFF header on, with an embedded JPEG if there is one.
    #[must_use]
    pub fn to_tiff(&self, width: u16, height: u16, thumbnail: Option<&[u8]>) -> Vec<u8> {
        let mut main = Directory::new(self.byte_order);
        main.text(0x010F, self.make.as_deref());
        main.text(0x0110, self.model.as_deref());
        main.short(0x0112, self.orientation);
        main.fractions(0x011A, &[(72, 1)]);
        main.fractions(0x011B, &[(72, 1)]);
        main.short(0x0128, 2);
        main.short(0x0213, 1);
        main.child(0x8769, self.camera_directory(width, height));
        if let Some(gps) = &self.gps {
            main.child(0x8825, gps.directory(self.byte_order));
        }
        let small = thumbnail.map(|jpeg| {
            let mut small = Directory::new(self.byte_order);
            small.short(0x0103, 6);
            small.fractions(0x011A, &[(72, 1)]);
            small.fractions(0x011B, &[(72, 1)]);
            small.short(0x0128, 2);
            small.blob(0x0201, 0x0202, jpeg);
            small
        });
        write_tiff(self.byte_order, &main, small.as_ref())
    }

    fn camera_directory(&self, width: u16, height: u16) -> Directory {
        let mut camera = Directory::new(self.byte_order);
        camera.fractions(0x829A, &[self.exposure_time]);
        camera.fractions(0x829D, &[self.f_number]);
        camera.short(0x8827, self.iso);
        camera.raw(0x9000, 7, b"0232");
        camera.text(0x9003, self.taken_at.as_deref());
        camera.text(0x9011, self.offset.as_deref());
        camera.raw(0x9101, 7, &[1, 2, 3, 0]);
        camera.short(0x9209, self.flash);
        camera.fractions(0x920A, &[self.focal_length]);
        camera.text(0x9291, self.subsecond.as_deref());
        camera.raw(0xA000, 7, b"0100");
        camera.short(0xA001, 1);
        camera.long(0xA002, u32::from(width));
        camera.long(0xA003, u32::from(height));
        camera.text(0xA431, self.body_serial.as_deref());
        camera.text(0xA433, self.lens_make.as_deref());
        camera.text(0xA434, self.lens_model.as_deref());
        camera
    }
}

impl GpsSpec {
    fn directory(&self, byte_order: ByteOrder) -> Directory {
        let mut gps = Directory::new(byte_order);
        gps.raw(0x00, 1, &[2, 3, 0, 0]);
        gps.text(0x01, Some(&self.latitude_ref));
        gps.fractions(0x02, &self.latitude);
        gps.text(0x03, Some(&self.longitude_ref));
        gps.fractions(0x04, &self.longitude);
        gps.raw(0x05, 1, &[self.altitude_ref]);
        gps.fractions(0x06, &[self.altitude]);
        gps.fractions(0x07, &self.time);
        gps.fractions(0x0B, &[self.dop]);
        gps.text(0x10, Some(&self.direction_ref));
        gps.fractions(0x11, &[self.direction]);
        gps.text(0x1D, Some(&self.date));
        gps
    }
}

/// One directory of a TIFF file while it is put together; tags are added in rising order.
struct Directory {
    byte_order: ByteOrder,
    entries: Vec<Entry>,
}

struct Entry {
    tag: u16,
    kind: u16,
    count: u32,
    value: EntryValue,
}

enum EntryValue {
    Bytes(Vec<u8>),
    Child(Directory),
    /// Bytes that the entry points to, whatever their length.
    Blob(Vec<u8>),
}

const KIND_ASCII: u16 = 2;
const KIND_SHORT: u16 = 3;
const KIND_LONG: u16 = 4;
const KIND_FRACTION: u16 = 5;

impl Directory {
    fn new(byte_order: ByteOrder) -> Self {
        Self {
            byte_order,
            entries: Vec::new(),
        }
    }

    fn push(&mut self, tag: u16, kind: u16, count: usize, value: EntryValue) {
        let count = u32::try_from(count).expect("a short value");
        self.entries.push(Entry {
            tag,
            kind,
            count,
            value,
        });
    }

    fn raw(&mut self, tag: u16, kind: u16, bytes: &[u8]) {
        self.push(tag, kind, bytes.len(), EntryValue::Bytes(bytes.to_vec()));
    }

    fn text(&mut self, tag: u16, text: Option<&str>) {
        if let Some(text) = text {
            let mut bytes = text.as_bytes().to_vec();
            bytes.push(0);
            self.raw(tag, KIND_ASCII, &bytes);
        }
    }

    fn short(&mut self, tag: u16, number: u16) {
        let bytes = self.byte_order.u16(number).to_vec();
        self.push(tag, KIND_SHORT, 1, EntryValue::Bytes(bytes));
    }

    fn long(&mut self, tag: u16, number: u32) {
        let bytes = self.byte_order.u32(number).to_vec();
        self.push(tag, KIND_LONG, 1, EntryValue::Bytes(bytes));
    }

    fn fractions(&mut self, tag: u16, fractions: &[Fraction]) {
        let bytes = fractions
            .iter()
            .flat_map(|(above, below)| [self.byte_order.u32(*above), self.byte_order.u32(*below)])
            .flatten()
            .collect();
        self.push(
            tag,
            KIND_FRACTION,
            fractions.len(),
            EntryValue::Bytes(bytes),
        );
    }

    fn child(&mut self, tag: u16, directory: Self) {
        self.push(tag, KIND_LONG, 1, EntryValue::Child(directory));
    }

    fn blob(&mut self, offset_tag: u16, length_tag: u16, bytes: &[u8]) {
        self.push(offset_tag, KIND_LONG, 1, EntryValue::Blob(bytes.to_vec()));
        self.long(
            length_tag,
            u32::try_from(bytes.len()).expect("a small picture"),
        );
    }

    /// Appends the directory and all it points to; gives the position of its "next" offset.
    fn write(&self, file: &mut Vec<u8>) -> usize {
        let order = self.byte_order;
        let count = u16::try_from(self.entries.len()).expect("a few entries");
        file.extend(order.u16(count));
        let mut entry_at = file.len();
        let next_at = entry_at + self.entries.len() * 12;
        file.resize(next_at + 4, 0);
        for entry in &self.entries {
            let place = match &entry.value {
                EntryValue::Bytes(bytes) if bytes.len() <= 4 => {
                    let mut place = [0; 4];
                    place[..bytes.len()].copy_from_slice(bytes);
                    place
                }
                EntryValue::Bytes(bytes) | EntryValue::Blob(bytes) => {
                    let at = even_end(file);
                    file.extend(bytes);
                    order.u32(at)
                }
                EntryValue::Child(directory) => {
                    let at = even_end(file);
                    directory.write(file);
                    order.u32(at)
                }
            };
            let head = [order.u16(entry.tag), order.u16(entry.kind)].concat();
            file[entry_at..entry_at + 4].copy_from_slice(&head);
            file[entry_at + 4..entry_at + 8].copy_from_slice(&order.u32(entry.count));
            file[entry_at + 8..entry_at + 12].copy_from_slice(&place);
            entry_at += 12;
        }
        next_at
    }
}

/// Values begin at even positions, as the standard asks.
fn even_end(file: &mut Vec<u8>) -> u32 {
    if file.len() % 2 == 1 {
        file.push(0);
    }
    u32::try_from(file.len()).expect("an EXIF block is small")
}

fn write_tiff(order: ByteOrder, main: &Directory, second: Option<&Directory>) -> Vec<u8> {
    let mut file = order.tiff_header();
    let next_at = main.write(&mut file);
    if let Some(second) = second {
        let at = even_end(&mut file);
        file[next_at..next_at + 4].copy_from_slice(&order.u32(at));
        second.write(&mut file);
    }
    file
}

impl ByteOrder {
    fn u16(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    fn u32(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    /// Mark, forty-two, and the first directory right after the header.
    fn tiff_header(self) -> Vec<u8> {
        let mark = match self {
            Self::Little => b"II",
            Self::Big => b"MM",
        };
        [&mark[..], &self.u16(42), &self.u32(8)].concat()
    }
}

// --- Sets ---------------------------------------------------------------------------------------

/// A photograph with the name that its file would have.
#[derive(Clone, Debug)]
pub struct NamedPhoto {
    /// File name.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Gives `n` plausible photographs of one morning: two cameras, a few metres apart, upright and on their side.
#[must_use]
pub fn demo_photos(n: u16) -> Vec<NamedPhoto> {
    (0..n).map(demo_photo).collect()
}

fn demo_photo(index: u16) -> NamedPhoto {
    let number = u32::from(index);
    let step = i32::from(index);
    let (minute, second) = (10 + number * 3 % 50, number * 17 % 60);
    let hour = 9 + number * 3 / 50;
    let is_second_camera = index % 4 == 3;
    let mut exif = ExifSpec::ordinary();
    if is_second_camera {
        exif.byte_order = ByteOrder::Big;
        exif.model = Some("Field Camera 3".to_owned());
        exif.body_serial = Some("FC3-000082".to_owned());
        exif.iso = 100;
    }
    exif.orientation = [1, 6, 1, 8, 3][usize::from(index % 5)];
    exif.taken_at = Some(format!("2026:05:14 {hour:02}:{minute:02}:{second:02}"));
    exif.subsecond = Some(format!("{:03}", number * 137 % 1000));
    let mut gps = GpsSpec::at(481_200_000 + step * 137, 376_500_000 + step * 211);
    gps.direction = (number * 2_750 % 36_000, 100);
    gps.altitude = (15_200 + number * 7, 100);
    exif.gps = Some(gps.with_time([hour - 3, minute, second]));
    let (width, height) = if matches!(exif.orientation, 6 | 8) {
        (1200, 1600)
    } else {
        (1600, 1200)
    };
    let spec = PhotoSpec {
        exif: Some(exif),
        ..PhotoSpec::new(width, height, 1_000 + u64::from(index))
    };
    NamedPhoto {
        name: format!("IMG_{:04}.jpg", 101 + index),
        bytes: spec.to_jpeg(),
    }
}

/// Gives a photograph of 12 million pixels, about 4 MB.
#[must_use]
pub fn photo_12mp(seed: u64) -> Vec<u8> {
    PhotoSpec {
        noise: 23,
        ..PhotoSpec::new(4000, 3000, seed)
    }
    .to_jpeg()
}

/// Gives a photograph of 48 million pixels, about 11 MB.
#[must_use]
pub fn photo_48mp(seed: u64) -> Vec<u8> {
    PhotoSpec {
        noise: 13,
        ..PhotoSpec::new(8000, 6000, seed)
    }
    .to_jpeg()
}

// --- Defective files ----------------------------------------------------------------------------

fn small() -> PhotoSpec {
    PhotoSpec::new(480, 360, 7)
}

fn small_with(change: impl FnOnce(&mut ExifSpec)) -> Vec<u8> {
    let mut exif = ExifSpec::ordinary();
    change(&mut exif);
    PhotoSpec {
        exif: Some(exif),
        ..small()
    }
    .to_jpeg()
}

/// A file without bytes.
#[must_use]
pub fn empty() -> Vec<u8> {
    Vec::new()
}

/// A photograph of which the last third is missing.
#[must_use]
pub fn truncated() -> Vec<u8> {
    let mut file = small().to_jpeg();
    file.truncate(file.len() * 2 / 3);
    file
}

/// A photograph whose frame header says 0 × 0.
#[must_use]
pub fn zero_dimensions() -> Vec<u8> {
    with_frame_size(PhotoSpec::bare(480, 360, 7).to_jpeg(), 0, 0)
}

/// A small photograph whose frame header says 19,000 × 19,000.
#[must_use]
pub fn header_19000_square() -> Vec<u8> {
    with_frame_size(small().to_jpeg(), 19_000, 19_000)
}

/// A small photograph with another size in its frame header: what the header claims, the scans do not hold.
#[must_use]
pub fn with_frame_size(mut file: Vec<u8>, width: u16, height: u16) -> Vec<u8> {
    let mut at = 2;
    while !(file[at] == 0xFF && matches!(file[at + 1], 0xC0 | 0xC2)) {
        at += 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
    }
    file[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
    file[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
    file
}

/// A PNG of 280 KB that says 19,000 × 19,000 and really is: 45 MB of rows, 361 MB of pixels.
#[must_use]
pub fn png_bomb_19000_square() -> Vec<u8> {
    const SIDE: u32 = 19_000;
    let row_bytes = u64::from(SIDE.div_ceil(8)) + 1;
    let zlib = zlib_of_zeros(row_bytes * u64::from(SIDE));
    write_png(SIDE, SIDE, [1, 0], &[(b"IDAT", &zlib)])
}

/// A progressive photograph, small enough to be decoded.
#[must_use]
pub fn progressive() -> Vec<u8> {
    PhotoSpec {
        layout: ScanLayout::Progressive,
        ..small()
    }
    .to_jpeg()
}

/// A progressive photograph of 6.8 million pixels at full colour: 40 MB of coefficients.
#[must_use]
pub fn progressive_over_budget() -> Vec<u8> {
    PhotoSpec {
        layout: ScanLayout::Progressive,
        chroma: Chroma::Full,
        noise: 0,
        ..PhotoSpec::new(2600, 2600, 7)
    }
    .to_jpeg()
}

/// A photograph in printing inks (CMYK), as a scanner's software writes it.
#[must_use]
pub fn cmyk() -> Vec<u8> {
    four_inks(ColorType::Cmyk)
}

/// A photograph in printing inks, stored as YCCK.
#[must_use]
pub fn ycck() -> Vec<u8> {
    four_inks(ColorType::CmykAsYcck)
}

fn four_inks(kind: ColorType) -> Vec<u8> {
    let spec = PhotoSpec::bare(480, 360, 7);
    let mut inks = Vec::new();
    for y in 0..spec.height {
        for x in 0..spec.width {
            let light = spec.upright_pixel(x, y);
            let black = 255 - light.into_iter().max().expect("three colours");
            // What is left of the light after the black ink is shared out to the colours.
            let room = u32::from(255 - black).max(1);
            let ink = light.map(|part| 255 - u32::from(part) * 255 / room);
            inks.extend(ink.map(|part| clamp(i64::from(part))));
            inks.push(black);
        }
    }
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 90);
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    encoder
        .encode(&inks, spec.width, spec.height, kind)
        .expect("a picture that can be encoded");
    file
}

/// A photograph without colours: one component.
#[must_use]
pub fn grey() -> Vec<u8> {
    let spec = PhotoSpec::bare(480, 360, 7);
    let mut lights = Vec::new();
    for y in 0..spec.height {
        lights.extend((0..spec.width).map(|x| spec.upright_pixel(x, y)[1]));
    }
    let mut file = Vec::new();
    let encoder = Encoder::new(&mut file, 90);
    encoder
        .encode(&lights, spec.width, spec.height, ColorType::Luma)
        .expect("a picture that can be encoded");
    file
}

/// A photograph whose GPS directory lies beyond the end of the EXIF block; all else can be read.
#[must_use]
pub fn broken_exif() -> Vec<u8> {
    let spec = small();
    let mut tiff = spec.to_tiff().expect("an ordinary photograph has EXIF");
    let entry = 10 + 12 * 8;
    assert_eq!(tiff[entry..entry + 2], 0x8825_u16.to_le_bytes());
    tiff[entry + 8..entry + 12].copy_from_slice(&0x00FF_FFF0_u32.to_le_bytes());
    jpeg_with_exif(&PhotoSpec { exif: None, ..spec }, &tiff)
}

/// A photograph with 64 KiB of EXIF that is 2,700 directories, each laid over the others: millions of entries to a naive reader.
#[must_use]
pub fn exif_bomb() -> Vec<u8> {
    const POINTERS: u16 = 2_700;
    let order = ByteOrder::Little;
    let mut tiff = order.tiff_header();
    tiff.extend(order.u16(POINTERS));
    let first_child = 8 + 2 + u32::from(POINTERS) * 12 + 4;
    for index in 0..POINTERS {
        tiff.extend(order.u16(0x8769));
        tiff.extend(order.u16(KIND_LONG));
        tiff.extend(order.u32(1));
        tiff.extend(order.u32(first_child + u32::from(index)));
    }
    // Every two bytes from here are a count of more entries than fit; every entry is of an unknown, empty kind.
    tiff.resize(65_000, 0x7F);
    jpeg_with_exif(&PhotoSpec::bare(64, 48, 7), &tiff)
}

/// A photograph whose EXIF directory names itself as the next one.
#[must_use]
pub fn exif_loop() -> Vec<u8> {
    let spec = PhotoSpec {
        thumbnail_side: None,
        ..small()
    };
    let mut tiff = spec.to_tiff().expect("an ordinary photograph has EXIF");
    let next_at = 10 + 12 * 9;
    assert_eq!(tiff[next_at..next_at + 4], [0; 4]);
    tiff[next_at..next_at + 4].copy_from_slice(&8_u32.to_le_bytes());
    jpeg_with_exif(&PhotoSpec { exif: None, ..spec }, &tiff)
}

fn jpeg_with_exif(spec: &PhotoSpec, tiff: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, spec.quality);
    encoder
        .add_exif_metadata(tiff)
        .expect("EXIF fits into a segment");
    encoder
        .encode_image(StoredScene::new(spec))
        .expect("a picture that can be encoded");
    file
}

/// A page of text that is called a photograph.
#[must_use]
pub fn text_renamed() -> Vec<u8> {
    b"Inventory of the morning, copied by hand.\nNothing here is a picture.\n".repeat(40)
}

/// A photograph with one scan a component (baseline, 4:2:0): valid, and decoded wrongly by some decoders.
#[must_use]
pub fn non_interleaved() -> Vec<u8> {
    PhotoSpec {
        layout: ScanLayout::NonInterleaved,
        ..small()
    }
    .to_jpeg()
}

/// A photograph whose fractions are 0/0 throughout, as cameras write "unknown".
#[must_use]
pub fn zero_rationals() -> Vec<u8> {
    small_with(|exif| {
        exif.exposure_time = (0, 0);
        exif.f_number = (0, 0);
        exif.focal_length = (0, 0);
        exif.gps.iter_mut().for_each(|gps| {
            gps.latitude = [(0, 0); 3];
            gps.longitude = [(0, 0); 3];
            gps.altitude = (0, 0);
            gps.direction = (0, 0);
            gps.dop = (0, 0);
            gps.time = [(0, 0); 3];
        });
    })
}

/// A photograph of a camera whose clock was never set.
#[must_use]
pub fn blank_date() -> Vec<u8> {
    small_with(|exif| {
        exif.taken_at = Some("0000:00:00 00:00:00".to_owned());
        exif.offset = Some("   :  ".to_owned());
        exif.subsecond = Some("   ".to_owned());
        exif.gps
            .iter_mut()
            .for_each(|gps| gps.date = "    :  :  ".to_owned());
    })
}

/// A photograph at 97° north, 191° east.
#[must_use]
pub fn gps_out_of_range() -> Vec<u8> {
    small_with(|exif| {
        exif.gps.iter_mut().for_each(|gps| {
            gps.latitude[0] = (97, 1);
            gps.longitude[0] = (191, 1);
        });
    })
}

/// A photograph padded with colour-profile segments, so that its EXIF ends beyond the first 256 KiB.
#[must_use]
pub fn exif_beyond_head() -> Vec<u8> {
    let file = small().to_jpeg();
    let filler = [&[0xFF, 0xE2, 0xFF, 0xFF][..], &[0; 65_533]].concat();
    [&file[..2], &filler.repeat(4)[..], &file[2..]].concat()
}

/// A HEIC file as far as facts go: brands, an Exif item and some bytes in place of the coded picture.
#[must_use]
pub fn heic_like() -> Vec<u8> {
    let tiff = small().to_tiff().expect("an ordinary photograph has EXIF");
    // The item begins with the distance to the TIFF header, here over "Exif\0\0".
    let item = [&6_u32.to_be_bytes()[..], b"Exif\0\0", &tiff].concat();
    let ftyp = iso_box(b"ftyp", &[b"heic", &[0; 4][..], b"mif1", b"heic"].concat());
    let meta_of = |item_at: usize| heic_meta(item_at, item.len());
    // The place of the item depends on the length of the box that names it, and that not on the place.
    let item_at = ftyp.len() + meta_of(0).len() + 8;
    let mdat = iso_box(b"mdat", &[&item[..], &[0x5A; 4_000]].concat());
    [ftyp, meta_of(item_at), mdat].concat()
}

fn heic_meta(item_at: usize, item_bytes: usize) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).expect("a small file").to_be_bytes();
    let handler = [&[0; 8][..], b"pict", &[0; 13]].concat();
    let entry = |id: u8, kind: &[u8; 4]| {
        iso_box(
            b"infe",
            &[&[2, 0, 0, 0, 0, id, 0, 0][..], kind, &[0]].concat(),
        )
    };
    let items = [
        &[0, 0, 0, 0, 0, 2][..],
        &entry(1, b"hvc1"),
        &entry(2, b"Exif"),
    ]
    .concat();
    // Offsets and lengths of four bytes; two items with one extent each.
    let picture_at = number(item_at + item_bytes);
    let extent =
        |id: u8, at: [u8; 4], length: [u8; 4]| [&[0, id, 0, 0, 0, 1][..], &at, &length].concat();
    let places = [
        &[0, 0, 0, 0, 0x44, 0, 0, 2][..],
        &extent(1, picture_at, number(4_000)),
        &extent(2, number(item_at), number(item_bytes)),
    ]
    .concat();
    let body = [
        vec![0; 4],
        iso_box(b"hdlr", &handler),
        iso_box(b"pitm", &[0, 0, 0, 0, 0, 1]),
        iso_box(b"iinf", &items),
        iso_box(b"iloc", &places),
    ]
    .concat();
    iso_box(b"meta", &body)
}

fn iso_box(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).expect("a small box");
    [&size.to_be_bytes()[..], kind, body].concat()
}

// --- PNG ----------------------------------------------------------------------------------------

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

/// `depth_and_kind`: bits a sample, then colour type.
fn write_png(
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
fn zlib_of_zeros(length: u64) -> Vec<u8> {
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
