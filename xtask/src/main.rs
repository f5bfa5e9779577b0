//! What stands behind `./dev VERB`: the list of verbs, and the way from a word to the file that does it.
//!
//! One file per verb. A verb answers with `Ok` or a [`Failure`] that says what happened, what to do, and the exit
//! code; only this file prints failures and exits. Nothing here depends on another crate, so that `./dev` answers
//! within seconds on a fresh machine.
#![allow(clippy::print_stdout, clippy::print_stderr)] // speaking to the person at the terminal is its work

mod process;
mod repository;
mod tools;
mod install;
mod counts;
mod rules;
mod doctor;
mod demo;
mod deny;
mod test;
mod python;
mod bindings;
mod cache;
mod kotlin;
mod swift;
mod targets;
mod android;
mod ios;
mod check;
mod docs;
mod bench;

use std::process::ExitCode;

use process::{Failure, USAGE};

/// One word after `./dev`.
struct Verb {
    name: &'static str,
    arguments: &'static str,
    summary: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

const VERBS: &[Verb] = &[
    Verb {
        name: "demo",
        arguments: "[--once] [PHOTO_OR_FOLDER…]",
        summary: "play the main job on real files: two phones, a hub, a bad link, signed receipts",
        run: demo::run,
    },
    Verb {
        name: "test",
        arguments: "[core]",
        summary: "run every test that exists; with a word only that part",
        run: test::run,
    },
    Verb {
        name: "check",
        arguments: "",
        summary: "the quick look before a commit: repository rules, format, lints, types",
        run: check::run,
    },
    Verb {
        name: "docs",
        arguments: "[catalogue]",
        summary: "build the API documentation and check the links of every *.md file; with `catalogue` write the code book",
        run: docs::run,
    },
    Verb {
        name: "bench",
        arguments: "[NAME]",
        summary: "measure speed and memory, side by side in one run",
        run: bench::run,
    },
    Verb {
        name: "bindings",
        arguments: "",
        summary: "build the library and generate the Kotlin, Swift and Python code for it",
        run: bindings::run,
    },
    Verb {
        name: "targets",
        arguments: "",
        summary: "check the types for five phone targets, link for one; how large the library is",
        run: targets::run,
    },
    Verb {
        name: "android",
        arguments: "",
        summary: "build the library for Android phones (needs the NDK)",
        run: android::run,
    },
    Verb {
        name: "ios",
        arguments: "",
        summary: "build the library for iPhones (needs Xcode)",
        run: ios::run,
    },
    Verb {
        name: "surface",
        arguments: "",
        summary: "write bindings/surface.snap anew after a change of the foreign surface",
        run: bindings::surface,
    },
    Verb {
        name: "doctor",
        arguments: "",
        summary: "list each outside tool, found or not, and what it is for",
        run: doctor::run,
    },
    Verb {
        name: "help",
        arguments: "",
        summary: "this list",
        run: help,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\ndev: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<(), Failure> {
    let Some((word, rest)) = arguments.split_first() else {
        return help(&[]);
    };
    let name = match word.as_str() {
        "-h" | "--help" => "help",
        other => other,
    };
    match VERBS.iter().find(|verb| verb.name == name) {
        Some(verb) => (verb.run)(rest),
        None => Err(Failure::new(
            USAGE,
            format!("there is no verb `{word}`.\n{}", verb_list()),
        )),
    }
}

fn help(_: &[String]) -> Result<(), Failure> {
    println!("{}", verb_list());
    Ok(())
}

fn verb_list() -> String {
    let mut list = String::from("Usage: ./dev VERB\n");
    for verb in VERBS {
        let usage = format!("{} {}", verb.name, verb.arguments);
        list.push_str(&format!("\n  {usage:<34} {}", verb.summary));
    }
    list
}

/// Refuses words after a verb that takes none.
///
/// # Errors
/// A usage failure that names the first word too many.
fn no_more_words(verb: &str, rest: &[String]) -> Result<(), Failure> {
    match rest.first() {
        None => Ok(()),
        Some(word) => Err(Failure::new(
            USAGE,
            format!("`./dev {verb}` takes no further words, not `{word}`."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_verb_is_a_usage_error_that_lists_the_verbs() {
        let failure = dispatch(&["launch".to_owned()]).unwrap_err();
        assert_eq!(failure.code, 64);
        for verb in VERBS {
            assert!(
                failure.message.contains(verb.name),
                "{} is not listed",
                verb.name
            );
        }
    }

    #[test]
    fn an_unknown_word_after_a_verb_is_a_usage_error() {
        for words in [
            ["test", "nonsense"],
            ["check", "core"],
            ["docs", "x"],
            ["doctor", "x"],
        ] {
            let failure = dispatch(&words.map(str::to_owned)).unwrap_err();
            assert_eq!(failure.code, USAGE, "{words:?}: {}", failure.message);
        }
    }

    #[test]
    fn every_verb_of_the_tool_table_exists() {
        for tool in tools::TOOLS {
            for verb in tool.verbs {
                let name = verb.split(' ').next().unwrap();
                assert!(
                    VERBS.iter().any(|known| known.name == name),
                    "{}: {verb}",
                    tool.name
                );
            }
        }
    }
}
