//! What runs in Python, in an environment of its own under `target/`, with the versions that `tests/python/requirements.txt` pins: the foreign
//! verifier that reads our formats without our code, and the scenario that drives the core through its bindings.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, Failure, UNAVAILABLE};
use crate::repository;

const SUITE: &str = "tests/python";
const ENVIRONMENT: &str = "python-venv";
const SCENARIO: &str = "tests/python/scenario";

/// Makes the environment, unless it is there with these very requirements.
///
/// # Errors
/// If it cannot be made or a package cannot be installed.
pub fn prepare() -> Result<(), Failure> {
    prepare_in(ENVIRONMENT, &format!("{SUITE}/requirements.txt"))
}

/// As [`prepare`], for another environment and its own list of packages.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_in(name: &str, requirements: &str) -> Result<(), Failure> {
    let environment = environment_in(name)?;
    let wanted = fs::read_to_string(repository::root().join(requirements))
        .map_err(|error| Failure::io(format!("reading {requirements}"), &error))?;
    let requirements = repository::root().join(requirements);
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

/// The command that runs the verifier: pytest on the folder, without the scenario.
///
/// # Errors
/// If the folder of build products cannot be found.
pub fn suite() -> Result<Command, Failure> {
    let mut command = pytest()?;
    command.args([SUITE, "--ignore", SCENARIO]);
    Ok(command)
}

/// The command that runs the scenario (docs/design/scenario.md) on the built library.
///
/// # Errors
/// As [`suite`].
pub fn scenario(generated: &Path) -> Result<Command, Failure> {
    let mut command = pytest()?;
    let package = repository::root().join("bindings").join("python");
    let path = std::env::join_paths([generated, &package]);
    let path = path.map_err(|error| Failure::new(UNAVAILABLE, format!("PYTHONPATH: {error}.")))?;
    command.args(["-x", SCENARIO]).env("PYTHONPATH", path);
    Ok(command)
}

fn pytest() -> Result<Command, Failure> {
    let environment = environment()?;
    let python = python(&environment);
    let mut command = process::program(
        &python.to_string_lossy(),
        &["-m", "pytest", "-p", "no:cacheprovider"],
    );
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

/// Its interpreter.
///
/// # Errors
/// If the folder of build products cannot be found.
pub fn interpreter() -> Result<PathBuf, Failure> {
    Ok(python(&environment()?))
}

fn environment() -> Result<PathBuf, Failure> {
    environment_in(ENVIRONMENT)
}

/// The folder of an environment.
///
/// # Errors
/// If the folder of build products cannot be found.
pub fn environment_in(name: &str) -> Result<PathBuf, Failure> {
    let products = repository::products()?;
    let target = products.parent().unwrap_or(&products);
    Ok(target.join(name))
}

fn python(environment: &Path) -> PathBuf {
    environment.join("bin").join("python")
}
