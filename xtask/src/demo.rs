//! `./dev demo`: builds the program and the demo driver, then becomes the driver.
//!
//! The driver types the README's tour through the real program; nothing of the tour is here.

use std::path::PathBuf;

use crate::process::{self, Failure};
use crate::{install, repository};

/// Builds and plays; every word goes to the driver.
///
/// # Errors
/// If a tool is missing or the build fails; otherwise the driver's own code is the exit code.
pub fn run(words: &[String]) -> Result<(), Failure> {
    install::make_sure("demo")?;
    let build = process::cargo(&[
        "build",
        "--package",
        "imena",
        "--package",
        "imena-tests",
        "--bin",
        "imena",
        "--bin",
        "imena-demo",
    ]);
    println!("Building (the first time takes some minutes, later only what changed).");
    process::step("build", &process::shown(&build), || process::run(build))?;
    println!();

    let products = repository::products()?;
    let driver = products.join(format!("imena-demo{}", std::env::consts::EXE_SUFFIX));
    let mut demo = process::program(&driver.to_string_lossy(), &[]);
    demo.args(words).env("IMENA_BIN", imena(&products));
    if let Some(folder) = std::env::var_os("IMENA_CALLED_FROM").filter(|path| !path.is_empty()) {
        demo.current_dir(folder);
    }
    process::become_command(demo)
}

/// The program `imena` among the build products.
pub fn imena(products: &std::path::Path) -> PathBuf {
    products.join(format!("imena{}", std::env::consts::EXE_SUFFIX))
}
