//! The commit protocol of a photo: from the shutter to the moment it may be believed.
//!
//! Owns the seven steps, what is recovered at open, and what follows off the path (renditions). Does not own the files (`store/`) or the entry's place
//! in its chain. Invariant: "saved" is said only after the sealed bytes and their entry are durable; whatever happens before that is said loudly, and
//! what did reach the disk is found again.

mod facts;

mod photo;
mod recovery;
mod renditions;

pub use facts::facts_map;

pub use photo::{CaptureDraft, CaptureFacts, PhotoCapture, Saved, SavedOutcome, answering};
pub use recovery::{Recovered, enter_orphan, recover};
pub use renditions::{RenditionReport, make_renditions};

use thiserror::Error;

use crate::seal::SealError;
use crate::store::StoreError;

/// Largest chunk that a camera hands over at once: one age chunk.
pub const CHUNK_BYTES_MAX: usize = 64 * 1024;

/// Why a photo was NOT SAVED.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// Nothing was handed over.
    #[error("the file is empty")]
    Empty,
    /// The file to be taken cannot be read, or is no file.
    #[error("the file cannot be read: {0}")]
    Source(std::io::Error),
    /// A chunk over 64 KiB.
    #[error("chunk of {found} bytes, limit {CHUNK_BYTES_MAX}")]
    ChunkTooLarge {
        /// Its size.
        found: usize,
    },
    /// The source ended at another length than it said: it shrank or grew while it was read.
    #[error("{expected} bytes expected, {found} came: the source changed while it was read")]
    Length {
        /// What the source said.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// Sealing failed.
    #[error("{0}")]
    Seal(#[from] SealError),
    /// The disk or the journal failed, or there is too little room.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl From<std::io::Error> for CaptureError {
    fn from(error: std::io::Error) -> Self {
        Self::Store(error.into())
    }
}
