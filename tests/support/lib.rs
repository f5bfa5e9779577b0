//! What tests across crates and processes share: photographs, phones, faults, kills, and the one checker of what was promised.
//!
//! Owns everything that several files of `tests/cases` need. It does not own what is expected in a case: the cases say that.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "the first thing that is not as expected shall stop the test"
)]

pub mod actor;
pub mod day;
pub mod faults;
pub mod phone;
pub mod photo;
pub mod program;
pub mod promises;
pub mod records;
pub mod relay;
pub mod steps;
pub mod tunnel;
