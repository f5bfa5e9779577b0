//! EXIF as a camera writes it, by a TIFF writer of our own.

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
    /// A serial number in the first directory, with its tag (0xA431 or 0xC62F).
    pub serial_in_first: Option<(u16, String)>,
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
            serial_in_first: None,
            taken_at: Some("2026:05:14 09:21:07".to_owned()),
            subsecond: Some("250".to_owned()),
            offset: Some("+03:00".to_owned()),
            orientation: 1,
            exposure_time: (1, 250),
            f_number: (18, 10),
            iso: 64,
            focal_length: (425, 100),
            flash: 16,
            gps: Some(GpsSpec::at(431_234_567, 336_543_210)),
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
        if let Some((tag, serial)) = &self.serial_in_first {
            main.text(*tag, Some(serial));
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
pub(super) struct Directory {
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
pub(super) const KIND_LONG: u16 = 4;
const KIND_FRACTION: u16 = 5;

impl Directory {
    pub(super) fn new(byte_order: ByteOrder) -> Self {
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

    pub(super) fn raw(&mut self, tag: u16, kind: u16, bytes: &[u8]) {
        self.push(tag, kind, bytes.len(), EntryValue::Bytes(bytes.to_vec()));
    }

    pub(super) fn text(&mut self, tag: u16, text: Option<&str>) {
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

    pub(super) fn long(&mut self, tag: u16, number: u32) {
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

pub(super) fn write_tiff(
    order: ByteOrder,
    main: &Directory,
    second: Option<&Directory>,
) -> Vec<u8> {
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
    pub(super) fn u16(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    pub(super) fn u32(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    /// Mark, forty-two, and the first directory right after the header.
    pub(super) fn tiff_header(self) -> Vec<u8> {
        let mark = match self {
            Self::Little => b"II",
            Self::Big => b"MM",
        };
        [&mark[..], &self.u16(42), &self.u32(8)].concat()
    }
}
