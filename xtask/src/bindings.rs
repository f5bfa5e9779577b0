//! The library and the code that Kotlin, Swift and Python call it with, made anew from the same sources each time; none of it is committed.
//!
//! Everything goes to `target/bindings/LANGUAGE/`. A file is written only when it changed, so that Maven and Swift build only what did.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{self, Failure};
use crate::{no_more_words, repository};

/// A language that the surface is generated for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Kotlin,
    Swift,
    Python,
}

/// All of them, in the order of the quickest check.
pub const LANGUAGES: [Language; 3] = [Language::Python, Language::Kotlin, Language::Swift];

impl Language {
    /// Its name on the generator's command line and of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kotlin => "kotlin",
            Self::Swift => "swift",
            Self::Python => "python",
        }
    }
}

/// `cargo xtask bindings`: for every language.
///
/// # Errors
/// What cargo or the generator failed with.
pub fn run(words: &[String]) -> Result<(), Failure> {
    no_more_words("bindings", words)?;
    build()?;
    for language in LANGUAGES {
        println!("{}", generate(language)?.display());
    }
    Ok(())
}

/// `cargo xtask surface`: writes bindings/surface.snap anew.
///
/// # Errors
/// What cargo failed with.
pub fn surface(words: &[String]) -> Result<(), Failure> {
    no_more_words("surface", words)?;
    let mut test = process::cargo(&["test", "--package", "imena-ffi", "--test", "surface"]);
    test.env("IMENA_UPDATE_SURFACE", "1");
    process::run(test)
}

/// Builds the library and the generator.
///
/// # Errors
/// Cargo's.
pub fn build() -> Result<(), Failure> {
    process::run(process::cargo(&[
        "build",
        "--package",
        "imena-ffi",
        "--package",
        "imena-bindgen",
    ]))
}

/// The library that [`build`] made.
///
/// # Errors
/// The folder of build products cannot be found.
pub fn library() -> Result<PathBuf, Failure> {
    let name = if cfg!(target_os = "macos") {
        "libimena_ffi.dylib"
    } else {
        "libimena_ffi.so"
    };
    Ok(repository::products()?.join(name))
}

/// Generates the code of a language from the built library; gives its folder.
///
/// # Errors
/// The generator's, or the disk's.
pub fn generate(language: Language) -> Result<PathBuf, Failure> {
    let products = repository::products()?;
    let target = products.parent().unwrap_or(&products);
    let (folder, fresh) = (
        target.join("bindings").join(language.name()),
        target.join("bindings").join("fresh").join(language.name()),
    );
    empty(&fresh)?;
    let generator = products.join("uniffi-bindgen");
    let library = library()?;
    let mut command = process::program(&generator.to_string_lossy(), &["generate"]);
    command.arg(&library).args(["--language", language.name()]);
    command.args([
        "--no-format",
        "--config",
        "bindings/uniffi.toml",
        "--out-dir",
    ]);
    command.arg(&fresh);
    process::run(command)?;
    match language {
        // Python looks for the library beside its module.
        Language::Python => copy(&library, &fresh.join(file_name(&library)))?,
        Language::Swift => {
            let map = fresh.join("ImenaFFI.modulemap");
            rename(&map, &fresh.join("module.modulemap"))?;
        }
        Language::Kotlin => {}
    }
    write_keys(language, &products, &fresh)?;
    update(&fresh, &folder)?;
    Ok(folder)
}

/// Writes the typed keys of the nouns beside the generated code.
///
/// # Errors
/// The generator's, or the disk's.
fn write_keys(language: Language, products: &Path, fresh: &Path) -> Result<(), Failure> {
    let keys = products.join("imena-keys");
    let command = process::program(&keys.to_string_lossy(), &[language.name()]);
    let text = process::output(command)?;
    let file = match language {
        Language::Kotlin => fresh.join("org/imena/bridge/Nouns.kt"),
        Language::Swift => fresh.join("Nouns.swift"),
        Language::Python => fresh.join("imena_nouns.py"),
    };
    fs::create_dir_all(file.parent().unwrap_or(fresh))
        .and_then(|()| fs::write(&file, text))
        .map_err(|error| Failure::io(format!("writing {}", file.display()), &error))
}

/// Makes `to` hold what `from` holds, leaving files alone that are the same already.
///
/// # Errors
/// The disk's.
pub fn update(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to)
        .map_err(|error| Failure::io(format!("making {}", to.display()), &error))?;
    let failed = |error| Failure::io(format!("reading {}", from.display()), &error);
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            update(&source, &target)?;
            continue;
        }
        update_file(&source, &target)?;
    }
    Ok(())
}

/// Makes `to` the same as `from`, unless it is; folders above it are made.
///
/// # Errors
/// The disk's.
pub fn update_file(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |error| {
        Failure::io(
            format!("copying {} to {}", from.display(), to.display()),
            &error,
        )
    };
    let new = fs::read(from).map_err(failed)?;
    if fs::read(to).ok().as_ref() == Some(&new) {
        return Ok(());
    }
    fs::create_dir_all(to.parent().unwrap_or(to)).map_err(failed)?;
    fs::write(to, new).map_err(failed)
}

fn empty(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::io(
            format!("emptying {}", folder.display()),
            &error,
        )),
        Ok(()) | Err(_) => fs::create_dir_all(folder)
            .map_err(|error| Failure::io(format!("making {}", folder.display()), &error)),
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::copy(from, to)
        .map(drop)
        .map_err(|error| Failure::io(format!("copying {}", from.display()), &error))
}

fn rename(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::rename(from, to)
        .map_err(|error| Failure::io(format!("renaming {}", from.display()), &error))
}

fn file_name(path: &Path) -> &std::ffi::OsStr {
    path.file_name().unwrap_or(path.as_os_str())
}
