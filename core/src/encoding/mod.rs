//! Bytes only: deterministic CBOR, hashes, signatures and the size limits of what is hashed.
//!
//! Owns how a value becomes bytes that are hashed and signed, and the refusal of every other spelling. Does not know what the values
//! mean (`model/`, `journal/`). Invariant: decoding and encoding again gives the same bytes, or the input was refused.

pub mod cbor;
pub mod cose;
pub mod hash;
pub mod limits;
pub mod signature;

pub use cbor::{DecodeError, Map, Value};
pub use cose::{CoseError, Signed, What};
pub use hash::Hash32;
pub use signature::{PublicKey, SignatureError};
