//! `./dev targets`: type-checks core and bindings for the phones, with the sources of Rust's own std; and says how large the library is.
//!
//! It needs no phone, no NDK and no Xcode: Debian's packages of a Rust with its std's sources are unpacked into the cache (`scripts/phone-check.sh`).
//! For arm64 Android it is linked too, against stand-ins for the system's libraries and the vendor's real SQLCipher: a check of symbols. A library for a
//! phone needs the systems' own tools (`cargo xtask android`, `cargo xtask ios`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::process::{self, Failure};
use crate::{bindings, cache, install, no_more_words, repository};

/// What a phone may be: the two that carry phones, one older Android, and two for emulators and simulators.
const TARGETS: [&str; 5] = [
    "aarch64-linux-android",
    "armv7-linux-androideabi",
    "x86_64-linux-android",
    "aarch64-apple-ios",
    "aarch64-apple-ios-sim",
];

/// Crates of the size table: the largest ones say where to look.
const SHOWN_MAX: usize = 10;

/// Checks every target, then measures the library.
///
/// # Errors
/// The first target that does not pass, after all were tried.
pub fn run(words: &[String]) -> Result<(), Failure> {
    no_more_words("targets", words)?;
    install::make_sure("targets")?;
    let outcomes: Vec<_> = TARGETS
        .iter()
        .map(|target| (target, check(target)))
        .collect();
    println!();
    for (target, outcome) in &outcomes {
        let verdict = match outcome {
            Ok(()) => "core and bindings type-check".to_owned(),
            Err(failure) => format!("FAILED: {}", failure.message),
        };
        println!("{target:<26} {verdict}");
    }
    for (_, outcome) in outcomes {
        outcome?;
    }
    link()?;
    size()
}

/// Links for arm64 Android against the vendor's SQLCipher; what of the NDK is stood in for, the script says.
fn link() -> Result<(), Failure> {
    let mut command = process::program("xtask/scripts/android-link/link.sh", &[]);
    command.arg(cache::folder("rustweb")?);
    command.arg(products()?.join("phone"));
    let shown = process::shown(&command);
    process::step("link for arm64 Android", &shown, || process::run(command))
}

fn check(target: &str) -> Result<(), Failure> {
    let products = products()?;
    let phone = products.join("phone");
    let mut command = process::program("xtask/scripts/phone-check.sh", &[]);
    command.arg(cache::folder("rustweb")?).arg(&phone);
    command.args([
        "--locked",
        "--package",
        "imena-ffi",
        "--no-default-features",
    ]);
    command.args(["--target", target]);
    // SQLCipher is linked on the phone's own build; here it need only be said that it is somewhere.
    for name in [
        "SQLCIPHER_LIB_DIR",
        "SQLCIPHER_INCLUDE_DIR",
        "SQLITE3_LIB_DIR",
    ] {
        command.env(name, &phone);
    }
    let shown = process::shown(&command);
    process::step(target, &shown, || process::run(command))
}

/// The library as a phone would get it: built for speed and stripped, on this machine's processor.
fn size() -> Result<(), Failure> {
    let build = ["build", "--release", "--package", "imena-ffi"];
    process::step("size", "cargo build --release --package imena-ffi", || {
        process::run(process::cargo(&build))
    })?;
    let built = bindings::library()?;
    let name = built.file_name().unwrap_or(built.as_os_str());
    let library = products()?.join("release").join(name);
    let stripped = products()?.join("phone").join(name);
    let mut strip = process::program("strip", &["-o"]);
    strip.arg(&stripped).arg(&library);
    process::run(strip)?;
    let failed = |error| Failure::io(format!("reading {}", stripped.display()), &error);
    let bytes = std::fs::metadata(&stripped).map_err(failed)?.len();
    println!(
        "\nThe library, built for speed and stripped, on this machine: {}",
        mib(bytes)
    );
    for (owner, bytes) in dominating(&library)?.into_iter().take(SHOWN_MAX) {
        println!("  {:>9}  {owner}", mib(bytes));
    }
    Ok(())
}

/// Bytes of functions and constants by the crate in whose name they stand; C has no crates.
fn dominating(library: &Path) -> Result<Vec<(String, u64)>, Failure> {
    let words = ["--demangle", "--print-size", "--size-sort", "--radix=d"];
    let mut nm = process::program("nm", &words);
    nm.arg(library);
    let output = nm.output();
    let output = output.map_err(|error| Failure::io("starting nm", &error))?;
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Some((owner, bytes)) = symbol(line) else {
            continue;
        };
        let sum = sums.entry(owner).or_default();
        *sum = sum.saturating_add(bytes);
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    Ok(sums)
}

/// Owner and size of a line `ADDRESS SIZE KIND NAME`.
fn symbol(line: &str) -> Option<(String, u64)> {
    let mut words = line.splitn(4, ' ');
    let (_, size, _, name) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let bytes = size.parse().ok()?;
    // `<a::B as c::D>::e` and `a::b::c` are both of crate a.
    let name = name.trim_start_matches(['<', '&', '*', '[', '(']);
    let owner = match name.split_once("::") {
        Some((owner, _)) => owner.rsplit([' ', '<']).next().unwrap_or(owner),
        None if name.starts_with("sqlite3") || name.starts_with("sqlcipher") => "SQLCipher (C)",
        None => "C and what has no name",
    };
    Some((owner.to_owned(), bytes))
}

fn mib(bytes: u64) -> String {
    let hundredths = bytes.saturating_mul(100) / (1024 * 1024);
    format!("{}.{:02} MiB", hundredths / 100, hundredths % 100)
}

fn products() -> Result<PathBuf, Failure> {
    let products = repository::products()?;
    Ok(products
        .parent()
        .map_or_else(|| products.clone(), Path::to_path_buf))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_belongs_to_the_crate_whose_name_it_bears() {
        for (line, owner) in [
            ("0001 0100 t imena_core::seal::open", "imena_core"),
            (
                "0001 0100 t <age::Decryptor<R> as core::fmt::Debug>::fmt",
                "age",
            ),
            ("0001 0100 T sqlite3_step", "SQLCipher (C)"),
            ("0001 0100 r anon.123", "C and what has no name"),
        ] {
            assert_eq!(symbol(line), Some((owner.to_owned(), 100)), "{line}");
        }
        assert_eq!(symbol("0001 t no_size"), None);
    }

    #[test]
    fn sizes_are_shown_in_mebibytes() {
        assert_eq!(mib(5 * 1024 * 1024 + 512 * 1024), "5.50 MiB");
    }
}
