//! The scene and its coding as JPEG.

use jpeg_encoder::{ChromaSubsamplingMethod, Encoder, ImageBuffer, JpegColorType, SamplingFactor};

use super::exif::ExifSpec;

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
    /// Blocks between restart markers; none if zero.
    pub restart_interval: u16,
    /// Colour profile to embed; none if absent.
    pub icc: Option<Vec<u8>>,
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
            restart_interval: 0,
            icc: None,
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
        if self.restart_interval > 0 {
            encoder.set_restart_interval(self.restart_interval);
        }
        if let Some(icc) = &self.icc {
            encoder.add_icc_profile(icc).expect("a small profile");
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
            restart_interval: 0,
            icc: None,
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

pub(super) fn clamp(light: i64) -> u8 {
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
pub(super) struct StoredScene<'a> {
    spec: &'a PhotoSpec,
    width: u16,
    height: u16,
}

impl<'a> StoredScene<'a> {
    pub(super) fn new(spec: &'a PhotoSpec) -> Self {
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
