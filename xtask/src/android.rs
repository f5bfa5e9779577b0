//! `cargo xtask android`: the library for Android phones, with the NDK and cargo-ndk. Not run where this repository is tested: there is no NDK.
//!
//! SQLCipher is the vendor's ready-made library (`net.zetetic:sqlcipher-android`, from Maven), so that no C is compiled here.

use std::path::Path;
use std::process::Command;

use crate::bindings::{self, Language};
use crate::process::{self, Failure, UNAVAILABLE};
use crate::{no_more_words, repository, tools};

/// Name of the ABI in an APK, and of the Rust target.
const ABIS: [(&str, &str); 3] = [
    ("arm64-v8a", "aarch64-linux-android"),
    ("armeabi-v7a", "armv7-linux-androideabi"),
    ("x86_64", "x86_64-linux-android"),
];
/// Android 8.0, the oldest that is served.
const API_LEVEL: &str = "26";
/// Where Gradle looks for libraries.
const LIBRARIES: &str = "android/app/src/main/jniLibs";
/// The folder of the unpacked AAR: `jni/ABI/libsqlcipher.so`.
const SQLCIPHER: &str = "IMENA_SQLCIPHER_AAR";
/// Phones of 2025 and later load only libraries whose segments lie on 16 KiB.
const PAGE_FLAGS: &str =
    "-C link-arg=-Wl,-z,max-page-size=16384 -C link-arg=-Wl,-z,common-page-size=16384";

/// Builds the library for every ABI, and the Kotlin code for it.
///
/// # Errors
/// 69 with a plain message where the NDK, cargo-ndk or SQLCipher is not there; else cargo's.
pub fn run(words: &[String]) -> Result<(), Failure> {
    no_more_words("android", words)?;
    let missing = missing(
        std::env::var_os("ANDROID_NDK_HOME").is_some(),
        tools::on_path("cargo-ndk").is_some(),
        std::env::var_os(SQLCIPHER).is_some(),
    );
    if let Some(message) = missing {
        return Err(Failure::new(UNAVAILABLE, message));
    }
    let aar = std::env::var(SQLCIPHER).unwrap_or_default();
    for (abi, _) in ABIS {
        let command = build(abi, Path::new(&aar));
        process::step(abi, &process::shown(&command), || process::run(command))?;
    }
    bindings::build()?;
    let generated = bindings::generate(Language::Kotlin)?;
    println!(
        "Libraries: {LIBRARIES}; Kotlin: {}. Add the AARs of JNA and SQLCipher to the app.",
        generated.display()
    );
    Ok(())
}

fn build(abi: &str, aar: &Path) -> Command {
    let out = repository::root().join(LIBRARIES);
    let mut command = process::cargo(&["ndk", "--target", abi, "--platform", API_LEVEL]);
    command.arg("--output-dir").arg(out);
    command.args([
        "build",
        "--release",
        "--locked",
        "--package",
        "imena-ffi",
        "--no-default-features",
    ]);
    let sqlcipher = aar.join("jni").join(abi);
    command.env("SQLCIPHER_LIB_DIR", &sqlcipher);
    command.env("SQLCIPHER_INCLUDE_DIR", &sqlcipher);
    command.env("RUSTFLAGS", PAGE_FLAGS);
    command
}

fn missing(has_ndk: bool, has_cargo_ndk: bool, has_sqlcipher: bool) -> Option<String> {
    let targets: Vec<&str> = ABIS.iter().map(|(_, target)| *target).collect();
    let needs = [
        (
            has_ndk,
            "the Android NDK: install it with Android Studio and set ANDROID_NDK_HOME".to_owned(),
        ),
        (
            has_cargo_ndk,
            format!(
                "cargo-ndk: cargo install --locked cargo-ndk; rustup target add {}",
                targets.join(" ")
            ),
        ),
        (
            has_sqlcipher,
            format!(
                "SQLCipher: unpack net.zetetic:sqlcipher-android (an AAR on Maven Central) and set {SQLCIPHER} to the folder"
            ),
        ),
    ];
    let lacking: Vec<String> = needs
        .into_iter()
        .filter(|(is_there, _)| !is_there)
        .map(|(_, how)| format!("\n  {how}"))
        .collect();
    (!lacking.is_empty()).then(|| {
        let list: String = lacking.concat();
        format!("the library for Android cannot be built on this machine; it lacks:{list}\n`./dev targets` checks its types without them.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_how_to_get_it() {
        let message = missing(false, true, false).unwrap();
        assert!(
            message.contains("ANDROID_NDK_HOME") && message.contains(SQLCIPHER),
            "{message}"
        );
        assert!(!message.contains("cargo install"), "{message}");
        assert_eq!(missing(true, true, true), None);
    }

    #[test]
    fn every_abi_is_built_without_c_and_for_large_pages() {
        for (abi, _) in ABIS {
            let command = build(abi, Path::new("/aar"));
            let shown = process::shown(&command);
            assert!(
                shown.contains(abi) && shown.contains("--no-default-features"),
                "{shown}"
            );
            let flags = command.get_envs().find(|(name, _)| *name == "RUSTFLAGS");
            assert!(flags.is_some_and(|(_, value)| value.is_some_and(|v| v == PAGE_FLAGS)));
        }
    }
}
