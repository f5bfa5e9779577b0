//! `./dev check`: the quick look before a commit. Nothing is linked and no test is run.

use crate::process::{self, Failure, UNAVAILABLE};
use crate::{install, no_more_words, rules, tools};

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

/// Rules, format, types, lints, and the crates if cargo-deny is there.
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
    crates()
}

/// `--offline`: nothing is asked of the network, so advisories are not looked up here.
fn crates() -> Result<(), Failure> {
    if tools::has("cargo-deny") {
        let words = [
            "deny",
            "--offline",
            "--log-level",
            "error",
            "check",
            "licenses",
            "sources",
            "bans",
        ];
        let command = process::cargo(&words);
        return process::step("crates", &process::shown(&command), || {
            process::run(command)
        });
    }
    let message = "cargo-deny is not installed, so deny.toml was not checked \
        (cargo install --locked cargo-deny).";
    if process::is_ci() {
        return Err(Failure::new(UNAVAILABLE, message));
    }
    println!("\n==> crates: left out: {message}");
    Ok(())
}
