//! The Swift side that needs no Apple system: `ios/` compiled, tested and linted in a root that `scripts/swift-toolchain.sh` unpacks from Debian's packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bindings;
use crate::process::{self, Failure, UNAVAILABLE};
use crate::{cache, repository};

/// What is written by hand, and so is linted.
const OWN_SOURCES: [&str; 5] = [
    "ios/Package.swift",
    "ios/Sources/ImenaCore",
    "ios/Sources/ScenarioChild",
    "ios/Sources/Bench",
    "ios/Tests",
];

/// Puts the generated code where the package has it.
///
/// # Errors
/// The disk's.
pub fn prepare(generated: &Path) -> Result<(), Failure> {
    let sources = repository::root().join("ios").join("Sources");
    let files = [
        ("ImenaBindings.swift", "ImenaBindings"),
        ("ImenaFFI.h", "ImenaFFI"),
        ("module.modulemap", "ImenaFFI"),
        ("Nouns.swift", "ImenaCore"),
    ];
    for (file, target) in files {
        let folder = sources.join(target).join("generated");
        bindings::update_file(&generated.join(file), &folder.join(file))?;
    }
    Ok(())
}

/// Makes sure of the toolchain; takes a minute or two the first time.
///
/// # Errors
/// The script's: 69 if the packages cannot be fetched, 77 without the right to mount.
pub fn toolchain() -> Result<Command, Failure> {
    let mut command = process::program("xtask/scripts/swift-toolchain.sh", &[]);
    command.arg(cache::folder("swift")?);
    Ok(command)
}

/// Whether the toolchain is not to be had here at all: no mirror, or no right to mount. Anything else is a fault.
pub fn cannot_be_had(failure: &Failure) -> bool {
    const NO_RIGHT_TO_MOUNT: u8 = 77;
    [UNAVAILABLE, NO_RIGHT_TO_MOUNT].contains(&failure.code)
}

/// The command that lints what is written by hand.
///
/// # Errors
/// If the folders cannot be found.
pub fn lint() -> Result<Command, Failure> {
    let mut command = swift()?;
    command.args(["format", "lint", "--strict", "--recursive"]);
    command.args(OWN_SOURCES);
    Ok(command)
}

/// The command that compiles the package and runs its tests over the library in `products`.
///
/// # Errors
/// If the folders cannot be found.
pub fn test() -> Result<Command, Failure> {
    let products = repository::products()?;
    let mut command = swift()?;
    command.args(["test", "--package-path", "ios", "--disable-xctest"]);
    command.args(linking(&products));
    Ok(command)
}

/// Builds the measuring program for speed; gives the command that starts it, a word a line, on the library in `library`.
///
/// # Errors
/// Swift's.
pub fn bench(library: &Path) -> Result<String, Failure> {
    let words = ["--package-path", "ios", "--configuration", "release"];
    let mut build = swift()?;
    build.arg("build").args(words).args(linking(library));
    build.args(["--product", "Bench"]);
    process::run(build)?;
    let mut run = swift()?;
    run.arg("run").args(words).args(linking(library));
    run.args(["--skip-build", "Bench"]);
    let words = std::iter::once(run.get_program()).chain(run.get_args());
    let words: Vec<_> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    Ok(words.join("\n"))
}

/// The words that make a build link and find the library in a folder.
pub fn linking(library: &Path) -> Vec<String> {
    let folder = library.display();
    ["-Xswiftc", "-warnings-as-errors", "-Xlinker"]
        .map(str::to_owned)
        .into_iter()
        .chain([
            format!("-L{folder}"),
            "-Xlinker".to_owned(),
            format!("-rpath={folder}"),
        ])
        .collect()
}

/// `swift` in the unpacked root.
///
/// # Errors
/// If the folders cannot be found.
pub fn swift() -> Result<Command, Failure> {
    let mut command = process::program("xtask/scripts/swift-toolchain.sh", &[]);
    let products = repository::products()?;
    let target = products
        .parent()
        .map_or_else(|| products.clone(), Path::to_path_buf);
    // Seen inside at their own paths: the library, the programs of the stage, and the products of Swift.
    command.arg("--bind").arg(&target);
    command.arg("--scratch").arg(scratch(&target));
    command.arg(cache::folder("swift")?).arg("--");
    Ok(command)
}

fn scratch(target: &Path) -> PathBuf {
    target.join("swift")
}
