//! Facts and smaller pictures out of photograph bytes.
//!
//! This room owns what a photograph says of itself (EXIF), which way up it is, and its two renditions, thumbnail and preview. It
//! does not own the original: it is handed bytes and gives back values, it opens no file and changes no byte of the source.
//!
//! Invariant: no input makes it fail. A fact that cannot be read is absent with a reason, a rendition that cannot be made is
//! `NoPreview` with a reason, and what is wrong with a file is listed as defects. Nothing is guessed in place of an absent value, and
//! memory is bounded by the constants of this room, whatever the headers claim.
//!
//! Pictures come from strangers' cameras and memory cards, so every decoder here is memory-safe Rust, and bounds are checked on the
//! headers before a decoder is called.

mod bitmap;
mod blank;
mod box_walk;
mod colour;
mod container;
mod decode;
mod exif_block;
mod exif_fields;
mod facts;
mod format;
mod heif_items;
mod jpeg_walk;
mod keep;
mod orientation;
mod png_walk;
mod renditions;
mod rows;
mod tiff;
mod walk;

pub use bitmap::{Bitmap, Channels};
pub use decode::{PIXELS_MAX, PNG_BYTES_MAX, PROGRESSIVE_BYTES_MAX, SIDE_MAX};
pub use exif_block::{EXIF_BYTES_MAX, EXIF_ENTRIES_MAX};
pub use exif_fields::TEXT_BYTES_MAX;
pub use facts::{
    AbsentReason, ByteRange, CameraFacts, CameraTime, CivilTime, Defect, Direction,
    DirectionReference, ExposureFacts, Fact, Flash, GpsFacts, GpsStamp, PhotoFacts, PhotoReader,
    PixelSize, Ratio, read_facts,
};
pub use format::MediaFormat;
pub use orientation::{Orientation, turn_upright};
pub use renditions::{
    NoPreview, PREVIEW_SIDE_MAX, Rendition, RenditionOrigin, RenditionOutcome, Renditions,
    THUMBNAIL_SIDE_MAX, render,
};

#[cfg(test)]
#[allow(
    dead_code,
    unused_imports,
    reason = "the generator serves other crates too"
)]
#[path = "../../../tests/support/photo/mod.rs"]
pub(crate) mod photo;

#[cfg(test)]
mod hostile_input;
