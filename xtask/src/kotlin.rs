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
    let mut command = process::program("mvn", &["-B", "-ntp", "-f", "android/pom.xml"]);
    let library = repository::products()?;
    command.arg(format!("-Dimena.generated={}", generated.display()));
    command.arg(format!("-Dimena.library={}", library.display()));
    command.arg("test");
    Ok(command)
}
