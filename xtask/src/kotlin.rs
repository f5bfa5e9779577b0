//! The Kotlin side that needs no Android: `android/` with Maven, on the JVM, over the built library.

use std::path::Path;
use std::process::Command;

use crate::process::{self, Failure};
use crate::repository;

/// The command that compiles the bridge and runs its tests.
///
/// # Errors
/// If the folder of build products cannot be found.
pub fn test(generated: &Path) -> Result<Command, Failure> {
    let mut command = maven(generated);
    let library = repository::products()?;
    command.arg(format!("-Dimena.library={}", library.display()));
    command.arg("test");
    Ok(command)
}

/// Compiles the measuring program; gives the command that starts it, a word a line, on the library in `library`.
///
/// # Errors
/// Maven's, or the disk's.
pub fn bench(generated: &Path, library: &Path) -> Result<String, Failure> {
    let bridge = repository::root().join("android").join("bridge");
    let file = bridge.join("target").join("classpath");
    let mut compile = maven(generated);
    compile.args(["-q", "test-compile"]);
    compile.arg("org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath");
    compile.arg(format!("-Dmdep.outputFile={}", file.display()));
    process::run(compile)?;
    let jars = std::fs::read_to_string(&file)
        .map_err(|error| Failure::io(format!("reading {}", file.display()), &error))?;
    let classes = bridge.join("target").join("classes");
    let tests = bridge.join("target").join("test-classes");
    let class_path = format!("{}:{}:{}", classes.display(), tests.display(), jars.trim());
    let library = format!("-Djna.library.path={}", library.display());
    // A heap as a phone gives it: else the JVM of a large machine lets garbage grow to a quarter of the memory.
    Ok([
        "java",
        "-Xmx256m",
        &library,
        "-cp",
        &class_path,
        "org.imena.bridge.BenchKt",
    ]
    .join("\n"))
}

fn maven(generated: &Path) -> Command {
    let mut command = process::program("mvn", &["-B", "-ntp", "-f", "android/pom.xml"]);
    command.arg(format!("-Dimena.generated={}", generated.display()));
    command
}
