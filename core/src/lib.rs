//! The core of Imena: capture, seal, store, journal and sync of field records of nameless graves, with no connectivity.
//!
//! The rooms stand below in one order; a room uses only rooms above it (a test holds that). The way of one photo is read by their names:
//! capture: media → seal → store → sync → hub. Nothing here opens a socket, draws a screen or knows a platform.

#![forbid(unsafe_code)]

pub mod environment;
pub mod encoding;
pub mod vocabulary;
pub mod model;
pub mod nouns;
pub mod keys;
pub mod journal;
pub mod media;
pub mod seal;
pub mod merge;
pub mod store;
pub mod index;
pub mod capture;
pub mod record;
pub mod sync;
pub mod field_store;
