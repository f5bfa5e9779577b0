//! `./dev bench [NAME]`: builds for speed and becomes the measuring program, which knows the names.

use crate::install;
use crate::process::{self, Failure};

/// Measures; every word goes to the measuring program.
///
/// # Errors
/// If a tool is missing; otherwise cargo's or the program's own code is the exit code.
pub fn run(words: &[String]) -> Result<(), Failure> {
    install::make_sure("bench")?;
    let mut bench = process::cargo(&[
        "run",
        "--release",
        "--package",
        "imena-tests",
        "--bin",
        "imena-bench",
        "--",
    ]);
    bench.args(words);
    println!("==> bench: {}", process::shown(&bench));
    process::become_command(bench)
}
