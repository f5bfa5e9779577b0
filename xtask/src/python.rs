//! The foreign verifier: a Python suite that reads our formats without our code, in an environment of its own under
//! `target/`, with the versions that `tests/python/requirements.txt` pins.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{self, Failure, UNAVAILABLE};
use crate::repository;

const SUITE: &str = "tests/python";

/// Whether the suite is there. In CI its absence is an error.
///
/// # Errors
/// In CI, without the folder.
pub fn is_there() -> Result<bool, Failure> {
    let there = repository::root().join(SUITE).is_dir();
    if !there && process::is_ci() {
        return Err(Failure::new(
            UNAVAILABLE,
            format!("{SUITE}/ is not there, and CI does not leave a suite out."),
        ));
    }
    Ok(there)
}

/// Makes the environment, unless it is there with these very requirements.
///
/// # Errors
/// If it cannot be made or a package cannot be installed.
pub fn prepare() -> Result<(), Failure> {
    let environment = environment()?;
    let requirements = repository::root().join(SUITE).join("requirements.txt");
    let wanted = match fs::read_to_string(&requirements) {
        Ok(text) => text,
        Err(error) => {
            return Err(Failure::io(
                format!("reading {SUITE}/requirements.txt"),
                &error,
            ));
        }
    };
    let stamp = environment.join("requirements.txt");
    let python = python(&environment);
    let is_ready = python.is_file() && fs::read_to_string(&stamp).is_ok_and(|have| have == wanted);
    if is_ready {
        return Ok(());
    }
    let folder = environment.to_string_lossy();
    process::run(process::program(
        "python3",
        &["-m", "venv", "--clear", &folder],
    ))?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ];
    let mut install = process::program(&python.to_string_lossy(), &pip);
    install.arg(&requirements);
    process::run(install)?;
    fs::write(&stamp, wanted).map_err(|error| Failure::io("noting what was installed", &error))
}

/// The command that runs the suite: its `run.sh`, or pytest on the folder.
///
/// # Errors
/// If the folder of build products cannot be found.
pub fn suite() -> Result<std::process::Command, Failure> {
    let environment = environment()?;
    let python = python(&environment);
    let script = repository::root().join(SUITE).join("run.sh");
    let mut command = if script.is_file() {
        process::program("bash", &["tests/python/run.sh"])
    } else {
        process::program(
            &python.to_string_lossy(),
            &["-m", "pytest", "-p", "no:cacheprovider", SUITE],
        )
    };
    let mut path = vec![environment.join("bin")];
    path.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    let path = std::env::join_paths(path)
        .map_err(|error| Failure::new(UNAVAILABLE, format!("PATH cannot be used: {error}.")))?;
    command
        .env("VIRTUAL_ENV", &environment)
        .env("PATH", path)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

fn environment() -> Result<PathBuf, Failure> {
    let products = repository::products()?;
    let target = products.parent().unwrap_or(&products);
    Ok(target.join("python-venv"))
}

fn python(environment: &Path) -> PathBuf {
    environment.join("bin").join("python")
}
