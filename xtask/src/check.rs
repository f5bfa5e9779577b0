//! `./dev check`: the quick look before a commit. Nothing is linked and no test is run.

use crate::process::{self, Failure};
use crate::{deny, install, no_more_words, rules};

/// The words of the two steps that `./dev test` has too.
pub const FORMAT: &[&str] = &["fmt", "--all", "--check"];
pub const LINTS: &[&str] = &[
    "clippy",
    "--workspace",
    "--all-targets",
    "--",
    "-D",
    "warnings",
];

/// Rules, format, types, lints, and the crates against deny.toml.
///
/// # Errors
/// The first that does not hold.
pub fn run(words: &[String]) -> Result<(), Failure> {
    no_more_words("check", words)?;
    process::step(
        "rules",
        "the repository's own rules (xtask/src/rules)",
        || rules::enforce(rules::ALL),
    )?;
    install::make_sure("check")?;
    // Lints look at the test code too and so with its crates' features; the plain check finds a crate that builds
    // only because a test's dependency turned a feature on.
    for (title, words) in [
        ("format", FORMAT),
        ("types", &["check", "--workspace"]),
        ("lints", LINTS),
    ] {
        let command = process::cargo(words);
        process::step(title, &process::shown(&command), || process::run(command))?;
    }
    deny::check()
}
