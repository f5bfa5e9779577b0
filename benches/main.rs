//! `imena-bench`: our own work beside the sum of its bounds, in one run, as ratios.
//!
//! Owns the rounds (everything measured takes turns, so that a busy neighbour slows all alike) and the table. Asserts nothing: what is measured here is
//! never a condition of a test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement that cannot be made shall stop with the reason"
)]

mod capture;
mod ffi;
mod hub;
mod measure;
mod nouns;
mod sync;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        None | Some("capture") => capture::run(),
        Some("ffi") => ffi::run(),
        Some("hub") => hub::run(),
        Some("ffi-rust") => ffi::rust(&words[1..]),
        Some("nouns") => nouns::run(&words[1..]),
        Some("sync") => sync::run(&words[1..]),
        Some("memory") => capture::memory(&words[1], std::path::Path::new(&words[2])),
        Some("--help" | "-h") => {
            println!(
                "imena-bench [capture | ffi | hub | nouns [MOST] | sync [MOST]]: figures beside what they are held against"
            )
        }
        Some(other) => {
            eprintln!(
                "no measurement is called {other}; there are: capture, ffi, hub, nouns, sync"
            );
            std::process::exit(64);
        }
    }
}
