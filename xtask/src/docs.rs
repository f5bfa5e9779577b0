//! `./dev docs`: builds the API documentation without a warning and checks the links of every *.md file.

use crate::process::{self, Failure};
use crate::{install, no_more_words, rules};

/// Checks links first: that takes no time.
///
/// # Errors
/// If a link leads nowhere, a tool is missing, or rustdoc warns.
pub fn run(words: &[String]) -> Result<(), Failure> {
    no_more_words("docs", words)?;
    process::step("links", "every relative link of every *.md file", || {
        rules::enforce(&[rules::links::RULE])
    })?;
    install::make_sure("docs")?;
    let mut build = process::cargo(&[
        "doc",
        "--no-deps",
        "--package",
        "imena-core",
        "--package",
        "imena-ffi",
        "--package",
        "imena-hub",
    ]);
    build.env("RUSTDOCFLAGS", "-D warnings");
    process::step("documentation", &process::shown(&build), || {
        process::run(build)
    })
}
