//! Installs what a verb needs and the machine lacks: Debian's packages, as root or through sudo.
//!
//! It says what it installs and why before it does. Elsewhere it prints the exact list and leaves the machine alone.

use std::io::IsTerminal;
use std::process::Command;

use crate::process::{self, Failure, UNAVAILABLE};
use crate::tools::{self, TOOLS, Tool};

/// Makes sure of every tool that `verb` requires.
///
/// # Errors
/// If one is missing and cannot be installed here, or is still missing afterwards.
pub fn make_sure(verb: &str) -> Result<(), Failure> {
    let missing = missing(verb);
    if missing.is_empty() {
        return Ok(());
    }
    let packages = packages(&missing);
    let runner = if packages.is_empty() {
        None
    } else {
        apt_runner()
    };
    let Some(runner) = runner else {
        return Err(not_installed(
            verb,
            &missing,
            "and cannot be installed from here (no apt-get, or neither root nor sudo)",
        ));
    };

    println!("`./dev {verb}` needs and will now install:");
    for tool in &missing {
        println!("  {:<18} {}", tool.name, tool.purpose);
    }
    // An old package list may still do, and the look afterwards decides.
    let update = apt(&runner, &["update"]);
    let shown = process::shown(&update);
    if let Err(failure) = process::step("packages", &shown, || process::run(update)) {
        println!(
            "    {} Going on with the list that is there.",
            failure.message
        );
    }
    let mut install = apt(&runner, &["install", "-y", "--no-install-recommends"]);
    install.args(&packages);
    let shown = process::shown(&install);
    let outcome = process::step("packages", &shown, || process::run(install));

    let still = self::missing(verb);
    if still.is_empty() {
        return Ok(());
    }
    let why = match outcome {
        Ok(()) => "though the packages are installed".to_owned(),
        Err(failure) => format!("because {}", failure.message.trim_end_matches('.')),
    };
    Err(not_installed(verb, &still, &why))
}

fn missing(verb: &str) -> Vec<&'static Tool> {
    TOOLS
        .iter()
        .filter(|tool| tool.is_needed_by(verb) && tool.find().is_none())
        .collect()
}

fn packages(missing: &[&Tool]) -> Vec<&'static str> {
    missing
        .iter()
        .flat_map(|tool| tool.debian.iter().copied())
        .collect()
}

/// The words before `apt-get`: none for root, sudo for anyone else. Nothing if apt-get cannot be used.
fn apt_runner() -> Option<Vec<&'static str>> {
    tools::on_path("apt-get")?;
    let mut id = Command::new("id");
    id.arg("-u");
    if process::first_line(id).as_deref() == Some("0") {
        return Some(Vec::new());
    }
    tools::on_path("sudo")?;
    // Without a terminal nobody can type a password: sudo must fail at once instead of waiting.
    let attended = std::io::stdin().is_terminal();
    Some(if attended {
        vec!["sudo"]
    } else {
        vec!["sudo", "-n"]
    })
}

fn apt(runner: &[&str], arguments: &[&str]) -> Command {
    let words = [
        runner,
        &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"],
        arguments,
    ]
    .concat();
    match words.split_first() {
        Some((program, rest)) => process::program(program, rest),
        None => process::program("apt-get", arguments),
    }
}

fn not_installed(verb: &str, missing: &[&Tool], why: &str) -> Failure {
    let mut message = format!("`./dev {verb}` needs what is not here, {why}:\n");
    for tool in missing {
        message.push_str(&format!("  {:<18} {}", tool.name, tool.purpose));
        if !tool.debian.is_empty() {
            message.push_str(&format!("; Debian: {}", tool.debian.join(" ")));
        }
        if !tool.otherwise.is_empty() {
            message.push_str(&format!("; {}", tool.otherwise));
        }
        message.push('\n');
    }
    let packages = packages(missing);
    if packages.is_empty() {
        message.push_str("Install it, then run ./dev again.");
    } else {
        message.push_str(&format!(
            "Install it, then run ./dev again. On Debian or Ubuntu, as root:\n\
             apt-get update && apt-get install -y --no-install-recommends {}",
            packages.join(" ")
        ));
    }
    Failure::new(UNAVAILABLE, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_for_another_machine_names_every_tool_and_package() {
        let missing: Vec<_> = TOOLS
            .iter()
            .filter(|tool| tool.is_needed_by("test"))
            .collect();
        let failure = not_installed("test", &missing, "and this is a test");
        assert_eq!(failure.code, 69);
        for tool in missing {
            assert!(failure.message.contains(tool.name), "{}", tool.name);
            assert!(
                tool.debian
                    .iter()
                    .all(|package| failure.message.contains(package))
            );
        }
    }

    #[test]
    fn a_verb_asks_only_for_its_own_tools() {
        let of_demo: Vec<_> = TOOLS
            .iter()
            .filter(|tool| tool.is_needed_by("demo"))
            .collect();
        assert!(of_demo.iter().all(|tool| tool.name != "shellcheck"));
        assert!(of_demo.iter().any(|tool| tool.name == "cc"));
    }
}
