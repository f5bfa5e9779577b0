//! `./dev test`: every test that exists, step by step; it stops at the first step that fails.
//!
//! The closing lines count the tests of each runner; the last one counts all, alone on its line: `N passed, N failed`.

use std::process::Command;
use std::time::Instant;

use crate::bindings::{self, Language};
use crate::counts::Counts;
use crate::process::{self, Failure, UNAVAILABLE, USAGE};
use crate::repository::{self, Tree};
use crate::{check, demo, deny, install, kotlin, python, swift};

/// The words that may follow `./dev test`, and what each leaves out.
const PARTS: &[(&str, &str)] = &[("core", "everything that needs no Kotlin and no Swift")];

/// How much is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    Core,
}

impl Scope {
    /// The name under which the tool table has what it needs.
    fn verb(self) -> &'static str {
        match self {
            Self::All => "test",
            Self::Core => "test core",
        }
    }
}

/// Runs all steps.
///
/// # Errors
/// The first step that fails, with how to run only that one.
pub fn run(words: &[String]) -> Result<(), Failure> {
    let scope = match chosen(words)? {
        Some((name, meaning)) => {
            println!("{name}: {meaning}.");
            Scope::Core
        }
        None => Scope::All,
    };
    install::make_sure(scope.verb())?;

    let start = Instant::now();
    let mut suites = Suites::default();
    let outcome = steps(&mut suites, scope);
    println!(
        "\nAll steps together: {:.0} s",
        start.elapsed().as_secs_f64()
    );
    for (title, counts) in &suites.runners {
        println!(
            "{title:<20} {} passed, {} failed, {} skipped;",
            counts.passed, counts.failed, counts.skipped
        );
    }
    for part in &suites.left_out {
        println!("left out: {part}.");
    }
    if outcome.is_ok() || !suites.sum().is_empty() {
        println!("{}", suites.sum());
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

fn steps(counts: &mut Suites, scope: Scope) -> Result<(), Failure> {
    let products = repository::products()?;
    let imena = demo::imena(&products);

    plain("format", process::cargo(check::FORMAT))?;
    plain("shell scripts", shellcheck()?)?;
    plain("lints", process::cargo(check::LINTS))?;
    deny::check()?;
    // Tests start these programs; with all targets, crates are built once for this step and the next.
    plain(
        "programs",
        process::cargo(&["build", "--workspace", "--all-targets"]),
    )?;

    let mut tests = process::cargo(&["test", "--workspace", "--no-fail-fast"]);
    tests.env("IMENA_BIN", &imena);
    counts.run("Rust", tests, |sum, line| {
        if let Some(found) = Counts::of_cargo_line(line) {
            sum.add(found);
        }
    })?;

    let why = "the environment of tests/python/requirements.txt";
    process::step("Python's tools", why, python::prepare)?;
    let mut verifier = python::suite()?;
    verifier.env("IMENA_BIN", &imena);
    counts.run("foreign verifier", verifier, last(Counts::of_python_line))?;

    // What a scenario in another language starts.
    let played = |mut command: Command| {
        command.env("IMENA_BIN", &imena);
        command.env("IMENA_STAGE", products.join("imena-stage"));
        command
    };
    let generated = |language: Language| {
        let title = format!("bindings for {}", language.name());
        process::step(&title, "bindings/uniffi.toml", || {
            bindings::generate(language)
        })
    };
    let scenario = python::scenario(&generated(Language::Python)?)?;
    counts.run(
        "scenario in Python",
        played(scenario),
        last(Counts::of_python_line),
    )?;
    if scope == Scope::Core {
        let left_out = "the scenarios in Kotlin and Swift; `./dev test` runs them";
        counts.left_out.push(left_out);
        return Ok(());
    }

    let bridge = kotlin::test(&generated(Language::Kotlin)?)?;
    counts.run(
        "scenario in Kotlin",
        played(bridge),
        last(Counts::of_maven_line),
    )?;

    swift::prepare(&generated(Language::Swift)?)?;
    if let Err(failure) = plain("Swift's toolchain", swift::toolchain()?) {
        if process::is_ci() || !swift::cannot_be_had(&failure) {
            return Err(failure);
        }
        counts.left_out.push("the scenario in Swift, whose toolchain cannot be had on this machine (the reason is above)");
        return Ok(());
    }
    plain("Swift's format", swift::lint()?)?;
    let suite = swift::test()?;
    counts.run(
        "scenario in Swift",
        played(suite),
        last(Counts::of_swift_line),
    )
}

/// A runner that closes with a sum of several suites is counted by that sum alone.
fn last(read: fn(&str) -> Option<Counts>) -> impl FnMut(&mut Counts, &str) {
    move |last, line| {
        if let Some(found) = read(line) {
            *last = found;
        }
    }
}

/// The tests of each runner, for the closing lines.
#[derive(Default)]
struct Suites {
    runners: Vec<(&'static str, Counts)>,
    left_out: Vec<&'static str>,
}

impl Suites {
    fn run(
        &mut self,
        title: &'static str,
        command: Command,
        read: impl FnMut(&mut Counts, &str),
    ) -> Result<(), Failure> {
        let mut counts = Counts::default();
        let outcome = counted(title, command, &mut counts, read);
        self.runners.push((title, counts));
        outcome
    }

    fn sum(&self) -> Counts {
        let mut sum = Counts::default();
        self.runners.iter().for_each(|(_, counts)| sum.add(*counts));
        sum
    }
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
