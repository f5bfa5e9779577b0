//! Starting other programs: how a command is shown, run, timed and read, and what a failure is.
//!
//! Exit codes: a program that was started and failed hands its own code on; 64, 69 and 74 (as in sysexits.h) are ours.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use crate::repository;

/// Exit code: the words on the command line make no sense.
pub const USAGE: u8 = 64;
/// Exit code: a program, library or package that is needed is not there.
pub const UNAVAILABLE: u8 = 69;
/// Exit code: a file could not be read or written.
pub const IO: u8 = 74;

/// Why a verb did not do its work: what happened, what to do, and the exit code of `./dev`.
#[derive(Debug)]
pub struct Failure {
    pub code: u8,
    pub message: String,
}

impl Failure {
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// A file or folder that could not be read or written.
    pub fn io(doing: impl Display, error: &std::io::Error) -> Self {
        Self::new(IO, format!("{doing}: {error}."))
    }
}

/// Whether this runs unattended, where a missing tool is an error and never a skip.
pub fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

/// Runs one step under a header line and says how long it took.
///
/// # Errors
/// What the step fails with.
pub fn step<T>(
    title: &str,
    command: &str,
    work: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    println!("\n==> {title}: {command}");
    let start = Instant::now();
    let result = work();
    let outcome = if result.is_ok() { "done" } else { "FAILED" };
    println!(
        "    {title}: {outcome}, {:.1} s",
        start.elapsed().as_secs_f64()
    );
    result
}

/// A cargo command at the repository's root.
pub fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = clean(program);
    command.args(arguments);
    command
}

/// Any other command at the repository's root.
pub fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = clean(name.into());
    command.args(arguments);
    command
}

/// A command without the variables that cargo sets for the program it runs (this one): build scripts (ring's) watch
/// them, and a child cargo that inherited them would build those crates anew.
fn clean(program: std::ffi::OsString) -> Command {
    const OF_THE_PACKAGE: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    let mut command = Command::new(program);
    command.current_dir(repository::root());
    for (name, _) in std::env::vars_os() {
        if OF_THE_PACKAGE
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
        {
            command.env_remove(name);
        }
    }
    command
}

/// The command as a person would type it, without the folders of its program.
pub fn shown(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let mut words = vec![
        program
            .file_name()
            .unwrap_or(command.get_program())
            .to_string_lossy(),
    ];
    words.extend(command.get_args().map(|word| word.to_string_lossy()));
    words.join(" ")
}

/// Runs a command that writes straight to the terminal.
///
/// # Errors
/// If it cannot be started, or ends with another code than 0.
pub fn run(mut command: Command) -> Result<(), Failure> {
    let status = command
        .status()
        .map_err(|error| not_started(&command, &error))?;
    succeeded(&command, status)
}

/// Runs a command, passes its standard output on, and hands each line of it to `reader` too.
///
/// # Errors
/// If it cannot be started, or ends with another code than 0.
pub fn run_reading(mut command: Command, reader: impl FnMut(&str)) -> Result<(), Failure> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| not_started(&command, &error))?;
    let reading = |error| Failure::io("passing on what a program says", &error);
    if let Some(output) = child.stdout.take() {
        pass_on(BufReader::new(output), std::io::stdout(), reader).map_err(reading)?;
    }
    let status = child.wait().map_err(reading)?;
    succeeded(&command, status)
}

fn pass_on(
    mut from: impl BufRead,
    mut to: impl Write,
    mut reader: impl FnMut(&str),
) -> std::io::Result<()> {
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        reader(&String::from_utf8_lossy(&line));
        line.clear();
    }
    to.flush()
}

/// Runs a command; gives what it writes to its standard output.
///
/// # Errors
/// If it cannot be started, or ends with another code than 0.
pub fn output(mut command: Command) -> Result<String, Failure> {
    command.stderr(Stdio::inherit());
    let done = command
        .output()
        .map_err(|error| not_started(&command, &error))?;
    succeeded(&command, done.status)?;
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// The first line that a command says, on either stream; nothing if it cannot be started or fails.
pub fn first_line(mut command: Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|out| out.status.success())?;
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&said)
        .lines()
        .map(str::trim)
        .find(|l| !l.is_empty())
        .map(str::to_owned)
}

/// Becomes the given command, so that Ctrl-C and the exit code are its own.
///
/// # Errors
/// Always, if it returns: the command could not be started.
#[cfg(unix)]
pub fn become_command(mut command: Command) -> Result<(), Failure> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(not_started(&command, &error))
}

/// Runs the given command to its end.
///
/// # Errors
/// If it cannot be started, or ends with another code than 0.
#[cfg(not(unix))]
pub fn become_command(command: Command) -> Result<(), Failure> {
    run(command)
}

fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(
        UNAVAILABLE,
        format!(
            "`{}` could not be started: {error}. `./dev doctor` lists what is needed.",
            shown(command)
        ),
    )
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<(), Failure> {
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(
        code_of(status),
        format!("`{}` failed ({status}).", shown(command)),
    ))
}

#[cfg(unix)]
fn code_of(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let by_signal = status.signal().map(|signal| signal.saturating_add(128));
    narrow(status.code().or(by_signal))
}

#[cfg(not(unix))]
fn code_of(status: ExitStatus) -> u8 {
    narrow(status.code())
}

fn narrow(code: Option<i32>) -> u8 {
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_hands_its_exit_code_on() {
        let failure = run(program("sh", &["-c", "exit 7"])).unwrap_err();
        assert_eq!(failure.code, 7);
        assert!(
            failure.message.contains("sh -c exit 7"),
            "{}",
            failure.message
        );
    }

    #[test]
    fn a_killed_program_is_128_and_the_signal() {
        assert_eq!(
            run(program("sh", &["-c", "kill -9 $$"])).unwrap_err().code,
            137
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_69() {
        assert_eq!(
            run(program("no-such-program-anywhere", &[]))
                .unwrap_err()
                .code,
            UNAVAILABLE
        );
    }

    #[test]
    fn the_variables_of_this_package_stay_behind() {
        assert!(
            std::env::var_os("CARGO_PKG_NAME").is_some(),
            "cargo sets it for tests"
        );
        run(program(
            "sh",
            &["-c", "test -z \"${CARGO_PKG_NAME-}${CARGO_MANIFEST_DIR-}\""],
        ))
        .unwrap();
    }

    #[test]
    fn every_line_is_read_and_passed_on_though_the_last_has_no_end() {
        let (mut lines, mut passed) = (Vec::new(), Vec::new());
        let said: &[u8] = b"read\nnot UTF-8: \xff\nread too";
        pass_on(said, &mut passed, |line| {
            lines.push(line.trim_end().to_owned())
        })
        .unwrap();
        assert_eq!(lines, ["read", "not UTF-8: \u{FFFD}", "read too"]);
        assert_eq!(passed, said);
    }
}
