//! The far end that phones sync with: stores sealed files, re-hashes them, signs receipts; folds
//! and shows what they hold while unlocked.
//!
//! The way of one photo: routes/files_put → upload (staging, re-hash, publish) → truth (row and
//! receipt in one transaction) → chain (opened, only while unlocked) → web. Does not hold the
//! organisation's signing key, ever; holds its identity only in memory and only while unlocked.
//! Invariant: "stored" is said after the bytes were re-read, re-hashed and made durable, and never
//! before.

#![forbid(unsafe_code)]

pub mod admin;
mod chain;
mod enrolments;
mod error;
mod hub;
mod keys;
mod limits;
mod nonces;
mod notes;
mod receipts;
mod recipients;
mod rooms;
mod rosters;
mod routes;
mod server;
mod tokens;
mod truth;
mod upload;
mod web;

pub use error::HubError;
pub use hub::{FreeBytes, Hub, HubConfig, Scrubbed, Status};
pub use limits::*;
pub use rooms::Patience;
pub use truth::AuditLine;
