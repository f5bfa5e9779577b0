//! What was recorded, as bytes: entries, their chain, the checkpoints that sign it, the runs it travels in, the receipts that answer it.
//!
//! Owns the formats 4, 5 and 8 of docs/design/formats.md and their verification. Does not store (`store/`), fold (`merge/`) or send (`sync/`).
//! Invariant: received header and body bytes are kept and hashed as they came, never written anew.

mod absence;
mod body;
mod chain;
mod checkpoint;
mod entry;
mod erasure;
mod receipt;
mod run;
#[cfg(test)]
pub(crate) mod sample;

pub use absence::{Absence, BodyBytes};
pub use body::{Body, SALT_BYTES_MAX};
pub use chain::{ChainFault, ChainHead, FaultKind, verify_chain};
pub use checkpoint::Checkpoint;
pub use entry::{Entry, HEADER_VERSION, Header, HubSeen, LAMPORT_MAX, Op, Touches};
pub use erasure::{sign_erasure, verify_erasure};
pub use receipt::{EpochEnd, Receipt, ReceiptDraft, ReceiptLine, VoidReason, sign_receipt};
pub use run::{Run, RunBuilder, covering};

use thiserror::Error;

use crate::encoding::{CoseError, DecodeError};

impl JournalError {
    /// Whether a later program may read what this one cannot.
    #[must_use]
    pub fn is_of_newer_version(&self) -> bool {
        let Self::Decode { cause, .. } = self else {
            return false;
        };
        matches!(cause, DecodeError::NewerVersion { .. })
    }
}

/// Why bytes were not taken as part of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JournalError {
    /// Not in the one spelling, or over a limit.
    #[error("{what}: {cause}")]
    Decode {
        /// Which structure.
        what: &'static str,
        /// Why.
        cause: DecodeError,
    },
    /// The body is not the one that the header names.
    #[error("body does not fit its header (seq {seq})")]
    BodyDiffers {
        /// Whose.
        seq: u64,
    },
    /// A signature does not fit, or is of another key.
    #[error("{what}: {cause}")]
    Cose {
        /// Which structure.
        what: &'static str,
        /// Why.
        cause: CoseError,
    },
    /// Of another organisation.
    #[error("{what} of another organisation")]
    OtherOrg {
        /// Which structure.
        what: &'static str,
    },
    /// Not as many distinct authorities as an erasure needs.
    #[error("erasure: {found} authority, two are needed")]
    TooFewAuthorities {
        /// How many agreed.
        found: usize,
    },
    /// The gzip frame is damaged or unpacks to more than a run may hold.
    #[error("run: damaged or oversized gzip frame")]
    Gzip,
    /// The chain has a fault.
    #[error("{0}")]
    Chain(#[from] ChainFault),
}

pub(crate) fn decode(what: &'static str) -> impl Fn(DecodeError) -> JournalError {
    move |cause| JournalError::Decode { what, cause }
}

pub(crate) fn cose(what: &'static str) -> impl Fn(CoseError) -> JournalError {
    move |cause| JournalError::Cose { what, cause }
}
