//! `./dev bench [NAME]`: builds for speed and becomes the measuring program, which knows the names.

use std::path::{Path, PathBuf};

use crate::bindings::{self, Language};
use crate::process::{self, Failure};
use crate::{install, kotlin, python, repository, swift};

/// Measures; every word goes to the measuring program.
///
/// # Errors
/// If a tool is missing; otherwise cargo's or the program's own code is the exit code.
pub fn run(words: &[String]) -> Result<(), Failure> {
    let is_ffi = words.first().is_some_and(|word| word == "ffi");
    install::make_sure(if is_ffi { "test" } else { "bench" })?;
    if words
        .first()
        .is_some_and(|word| word == "sync" || word == "hub")
    {
        // What is measured there is the program itself, which stands beside the measuring one.
        process::run(process::cargo(&[
            "build",
            "--release",
            "--package",
            "imena",
        ]))?;
    }
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
    if is_ffi {
        for (name, command) in languages()? {
            bench.env(name, command);
        }
        // The vaults lie where Swift's root sees them.
        let vaults = target()?.join("bench");
        std::fs::create_dir_all(&vaults)
            .map_err(|error| Failure::io(format!("making {}", vaults.display()), &error))?;
        bench.env("TMPDIR", vaults);
    }
    println!("==> bench: {}", process::shown(&bench));
    process::become_command(bench)
}

/// For each language the variable and the command, a word a line, that starts its program on the library that was built for speed.
fn languages() -> Result<Vec<(&'static str, String)>, Failure> {
    // The generated code is the same for every build of the library; the one built for speed is put in its place.
    bindings::build()?;
    process::run(process::cargo(&[
        "build",
        "--release",
        "--package",
        "imena-ffi",
    ]))?;
    let target = target()?;
    let release = target.join("release");

    let generated = bindings::generate(Language::Python)?;
    let for_speed = target.join("bindings").join("python-release");
    bindings::update(&generated, &for_speed)?;
    let library = bindings::library()?;
    let name = library.file_name().unwrap_or(library.as_os_str());
    std::fs::copy(release.join(name), for_speed.join(name))
        .map_err(|error| Failure::io("copying the library", &error))?;
    python::prepare()?;
    let root = repository::root();
    let path = format!(
        "PYTHONPATH={}:{}",
        shown(&for_speed),
        shown(&root.join("bindings/python"))
    );
    let script = shown(&root.join("benches/ffi/bench.py"));
    let python = format!("env\n{path}\n{}\n{script}", shown(&python::interpreter()?));

    let kotlin = kotlin::bench(&bindings::generate(Language::Kotlin)?, &release)?;
    swift::prepare(&bindings::generate(Language::Swift)?)?;
    process::run(swift::toolchain()?)?;
    let swift = swift::bench(&release)?;
    Ok(vec![
        ("IMENA_BENCH_PYTHON", python),
        ("IMENA_BENCH_KOTLIN", kotlin),
        ("IMENA_BENCH_SWIFT", swift),
    ])
}

fn target() -> Result<PathBuf, Failure> {
    let products = repository::products()?;
    Ok(products
        .parent()
        .map_or_else(|| products.clone(), Path::to_path_buf))
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
