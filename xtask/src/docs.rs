//! `./dev docs`: builds the API documentation without a warning and checks the links of every *.md file; `./dev docs catalogue` writes the code book.

use crate::process::{self, Failure};
use crate::{install, no_more_words, repository, rules};

/// The word behind `docs` for what can be recorded.
const CODE_BOOK: &str = "catalogue";

/// Writes the code book of this tree to `target/catalogue`.
fn code_book() -> Result<(), Failure> {
    let products = repository::products()?;
    let folder = products.parent().unwrap_or(&products).join(CODE_BOOK);
    let mut command = process::cargo(&["run", "--quiet", "--package", "imena", "--", "code-book"]);
    command.arg(folder);
    process::run(command)
}

/// Checks links first: that takes no time.
///
/// # Errors
/// If a link leads nowhere, a tool is missing, or rustdoc warns.
pub fn run(words: &[String]) -> Result<(), Failure> {
    if let [word] = words
        && word == CODE_BOOK
    {
        return code_book();
    }
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
