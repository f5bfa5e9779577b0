//! `cargo xtask ios`: the library for iPhones as an XCFramework, with Xcode. Not run where this repository is tested: there is no Xcode.
//!
//! SQLCipher is compiled with Apple's CommonCrypto. The headers lie in a folder named after their module, or two frameworks of one app would overwrite
//! each other's `module.modulemap`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bindings::{self, Language};
use crate::process::{self, Failure, UNAVAILABLE};
use crate::{no_more_words, repository, swift, tools};

/// Phones, and simulators on Apple's own processors.
const TARGETS: [&str; 2] = ["aarch64-apple-ios", "aarch64-apple-ios-sim"];
const FRAMEWORK: &str = "ios/ImenaFFI.xcframework";
/// As in `ios/Package.swift`.
const OLDEST_IOS: &str = "17.0";

/// Builds both libraries and the framework of them, and puts the Swift code in its place.
///
/// # Errors
/// 69 with a plain message without Xcode; else cargo's or Xcode's.
pub fn run(words: &[String]) -> Result<(), Failure> {
    no_more_words("ios", words)?;
    if tools::on_path("xcodebuild").is_none() {
        return Err(Failure::new(UNAVAILABLE, missing()));
    }
    for target in TARGETS {
        let command = build(target);
        process::step(target, &process::shown(&command), || process::run(command))?;
    }
    bindings::build()?;
    let generated = bindings::generate(Language::Swift)?;
    swift::prepare(&generated)?;
    let headers = headers(&generated)?;
    let framework = repository::root().join(FRAMEWORK);
    if framework.exists() {
        std::fs::remove_dir_all(&framework)
            .map_err(|error| Failure::io("removing the old framework", &error))?;
    }
    let command = bundle(&target_folder()?, &headers);
    process::step(FRAMEWORK, &process::shown(&command), || {
        process::run(command)
    })
}

fn build(target: &str) -> Command {
    let mut command = process::cargo(&["build", "--release", "--locked", "--package", "imena-ffi"]);
    command.args(["--target", target]);
    command.env("IPHONEOS_DEPLOYMENT_TARGET", OLDEST_IOS);
    command
}

/// `headers/ImenaFFI/{ImenaFFI.h,module.modulemap}`.
fn headers(generated: &Path) -> Result<PathBuf, Failure> {
    let headers = target_folder()?.join("bindings").join("headers");
    for file in ["ImenaFFI.h", "module.modulemap"] {
        bindings::update_file(&generated.join(file), &headers.join("ImenaFFI").join(file))?;
    }
    Ok(headers)
}

fn bundle(target: &Path, headers: &Path) -> Command {
    let mut command = process::program("xcodebuild", &["-create-xcframework"]);
    for name in TARGETS {
        let library = target.join(name).join("release").join("libimena_ffi.a");
        command
            .arg("-library")
            .arg(library)
            .arg("-headers")
            .arg(headers);
    }
    command.args(["-output", FRAMEWORK]);
    command
}

fn target_folder() -> Result<PathBuf, Failure> {
    let products = repository::products()?;
    Ok(products
        .parent()
        .map_or_else(|| products.clone(), Path::to_path_buf))
}

fn missing() -> String {
    format!(
        "the library for iPhones cannot be built on this machine; it lacks:\n  Xcode: install it on a Mac; rustup target add {}\n\
         `./dev targets` checks its types, and `./dev test` its Swift, without it.",
        TARGETS.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_how_to_get_it() {
        assert!(missing().contains("Xcode") && missing().contains(TARGETS[0]));
    }

    #[test]
    fn the_framework_has_a_library_and_headers_for_each_target() {
        let shown = process::shown(&bundle(Path::new("/t"), Path::new("/h")));
        assert_eq!(shown.matches("-library").count(), TARGETS.len());
        assert_eq!(shown.matches("-headers").count(), TARGETS.len());
        assert!(
            shown.contains("aarch64-apple-ios-sim/release/libimena_ffi.a"),
            "{shown}"
        );
    }
}
