//! The hub as phones and operators meet it: one module per route, all in one program so that it is
//! linked once.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod admin;
mod chain;
mod enroll;
mod faults;
mod files_get;
mod files_put;
mod hello;
mod page;
mod phone;
mod pull;
mod restart;
mod server;
mod session;
mod support;
mod sync;
mod voids;
