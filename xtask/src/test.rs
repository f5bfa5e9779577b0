//! `./dev test`: every test that exists, step by step; it stops at the first step that fails.
//!
//! The last line counts the tests of all runners, alone on its line: `N passed, N failed`.

use std::process::Command;
use std::time::Instant;

use crate::counts::Counts;
use crate::process::{self, Failure, UNAVAILABLE, USAGE};
use crate::repository::{self, Tree};
use crate::{check, demo, install, python};

/// The words that may follow `./dev test`, and what each leaves out.
const PARTS: &[(&str, &str)] = &[(
    "core",
    "everything that needs no Kotlin and no Swift; today that is all there is",
)];

/// Runs all steps.
///
/// # Errors
/// The first step that fails, with how to run only that one.
pub fn run(words: &[String]) -> Result<(), Failure> {
    let part = chosen(words)?;
    if let Some((name, meaning)) = part {
        println!("{name}: {meaning}.");
    }
    install::make_sure("test")?;

    let start = Instant::now();
    let mut counts = Counts::default();
    let outcome = steps(&mut counts);
    println!(
        "\nAll steps together: {:.0} s",
        start.elapsed().as_secs_f64()
    );
    if outcome.is_ok() || !counts.is_empty() {
        println!("{counts}");
    }
    outcome
}

fn chosen(words: &[String]) -> Result<Option<&'static (&'static str, &'static str)>, Failure> {
    let word = match words {
        [] => return Ok(None),
        [word] => word.as_str(),
        [_, more, ..] => more.as_str(),
    };
    let found = PARTS
        .iter()
        .find(|(name, _)| *name == word)
        .filter(|_| words.len() == 1);
    if found.is_some() {
        return Ok(found);
    }
    let mut message =
        format!("`./dev test` does not know `{word}`. Without a word it runs everything; or:");
    for (name, meaning) in PARTS {
        message.push_str(&format!("\n  ./dev test {name:<8} {meaning}"));
    }
    Err(Failure::new(USAGE, message))
}

fn steps(counts: &mut Counts) -> Result<(), Failure> {
    let imena = demo::imena(&repository::products()?);

    plain("format", process::cargo(check::FORMAT))?;
    plain("shell scripts", shellcheck()?)?;
    plain("lints", process::cargo(check::LINTS))?;
    // Tests start these programs; with all targets, crates are built once for this step and the next.
    plain(
        "programs",
        process::cargo(&["build", "--workspace", "--all-targets"]),
    )?;

    let mut tests = process::cargo(&["test", "--workspace", "--no-fail-fast"]);
    tests.env("IMENA_BIN", &imena);
    let mut of_cargo = Counts::default();
    let outcome = counted("tests", tests, &mut of_cargo, |sum, line| {
        if let Some(found) = Counts::of_cargo_line(line) {
            sum.add(found);
        }
    });
    counts.add(of_cargo);
    outcome?;

    if !python::is_there()? {
        println!("\n==> foreign verifier: left out: tests/python/ is not there.");
        return Ok(());
    }
    let why = "the environment of tests/python/requirements.txt";
    process::step("foreign verifier's tools", why, python::prepare)?;
    let mut suite = python::suite()?;
    suite.env("IMENA_BIN", &imena);
    let mut of_python = Counts::default();
    // A runner that closes with a sum of several suites is counted by that sum alone.
    let outcome = counted("foreign verifier", suite, &mut of_python, |last, line| {
        if let Some(found) = Counts::of_python_line(line) {
            *last = found;
        }
    });
    counts.add(of_python);
    outcome
}

fn plain(title: &str, command: Command) -> Result<(), Failure> {
    let shown = process::shown(&command);
    process::step(title, &shown, || process::run(command)).map_err(|failure| only(&shown, failure))
}

fn counted(
    title: &str,
    command: Command,
    counts: &mut Counts,
    mut read: impl FnMut(&mut Counts, &str),
) -> Result<(), Failure> {
    let shown = process::shown(&command);
    process::step(title, &shown, || {
        process::run_reading(command, |line| read(counts, line))?;
        if counts.is_empty() {
            return Err(Failure::new(
                UNAVAILABLE,
                "it ended well but counted no test.",
            ));
        }
        Ok(())
    })
    .map_err(|failure| only(&shown, failure))
}

fn only(shown: &str, failure: Failure) -> Failure {
    Failure::new(
        failure.code,
        format!("{} To run only this step:\n{shown}", failure.message),
    )
}

/// Every shell script of the repository, whatever its name.
fn shellcheck() -> Result<Command, Failure> {
    let tree = Tree::read(repository::root())?;
    let mut command = process::program("shellcheck", &[]);
    command.args(
        tree.files
            .iter()
            .filter(|file| file.is_shell())
            .map(|file| &file.path),
    );
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_part_is_known_by_its_name_alone() {
        assert!(chosen(&[]).unwrap().is_none());
        assert_eq!(chosen(&words("core")).unwrap().unwrap().0, "core");
        for wrong in ["cores", "core core", "android"] {
            let failure = chosen(&words(wrong)).unwrap_err();
            assert_eq!(failure.code, USAGE);
            assert!(
                failure.message.contains("./dev test core"),
                "{}",
                failure.message
            );
        }
    }

    #[test]
    fn the_scripts_without_an_ending_are_checked_too() {
        let command = shellcheck().unwrap();
        let files: Vec<_> = command.get_args().collect();
        assert!(files.iter().any(|file| *file == "dev"));
        assert!(files.iter().any(|file| *file == ".ci/run"));
    }

    #[test]
    fn a_runner_that_counts_nothing_has_failed() {
        let mut counts = Counts::default();
        let outcome = counted("t", process::program("true", &[]), &mut counts, |_, _| {});
        assert!(outcome.unwrap_err().message.contains("counted no test"));
    }
}
