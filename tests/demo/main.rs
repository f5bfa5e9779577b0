//! `imena-demo`: plays the README's tour through the real program, on a link that fails, and says honestly what came of it.
//!
//! Owns the command line and the end: exit code, the hub's page that stays, the folder that goes. The tour stands in `tour`.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for a terminal that counts a few photos"
)]

mod pictures;
mod result;
mod signals;
mod stage;
mod tour;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use imena_tests::program::{HubProcess, Imena};
use pictures::Pictures;
use stage::Stage;

const HELP: &str = "\
Plays the main job of Imena: two phones, a hub, a bad link, signed receipts.

Usage: ./dev demo [--once] [PHOTO_OR_FOLDER…]

  PHOTO_OR_FOLDER  your own photos: a file of any kind, or a folder, of which every
                   *.jpg and *.jpeg is taken; without any, a dozen are made up
  --once           end after the tour; else the hub's page stays until Ctrl-C
  --help           this text

Nothing leaves this machine: everything is on loopback, in a folder that is removed at
the end. Exit codes: 0 every photo has its receipt, 1 not so, 64 wrong command line,
65 nothing to capture, 69 the program `imena` is missing, 130 interrupted.";

const FAILED: u8 = 1;
const USAGE: u8 = 64;
const INPUT: u8 = 65;
const MISSING: u8 = 69;
const INTERRUPTED: u8 = 130;

struct Asked {
    is_once: bool,
    photos: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let asked = match asked(std::env::args_os().skip(1)) {
        Ok(Some(asked)) => asked,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(word) => {
            eprintln!("{word} is not known here.\n\n{HELP}");
            return ExitCode::from(USAGE);
        }
    };
    let pictures = match Pictures::find(&asked.photos) {
        Ok(pictures) => pictures,
        Err(what) => {
            eprintln!("{what}");
            return ExitCode::from(INPUT);
        }
    };
    signals::catch();
    let home = match tempfile::Builder::new().prefix("imena-demo-").tempdir() {
        Ok(home) => home,
        Err(error) => return failed(FAILED, &format!("no temporary folder: {error}")),
    };
    let imena = match Imena::find(home.path()) {
        Ok(imena) => imena,
        Err(what) => return failed(MISSING, &what),
    };
    let stage = Stage::new(imena);
    let played = tour::play(&stage, pictures);
    let (code, hub) = match played {
        Ok((result, hub)) => (u8::from(!result.is_good()) * FAILED, Some(hub)),
        Err(_) if signals::is_ended() => (INTERRUPTED, None),
        Err(what) => {
            eprintln!("\nThe demonstration could not go on: {what}");
            let is_input = what == tour::NOTHING_SAVED;
            (if is_input { INPUT } else { FAILED }, None)
        }
    };
    if code == FAILED {
        let kept = home.keep();
        eprintln!("Everything of this run is kept in {}", kept.display());
        return ExitCode::from(code);
    }
    match hub.map(|hub| leave(&stage, hub, asked.is_once)) {
        Some(Err(what)) => failed(FAILED, &what),
        Some(Ok(())) | None => ExitCode::from(code),
    }
}

fn asked(words: impl Iterator<Item = std::ffi::OsString>) -> Result<Option<Asked>, String> {
    let (mut is_once, mut photos, mut is_path_only) = (false, Vec::new(), false);
    for word in words {
        match word.to_str() {
            Some("--") if !is_path_only => is_path_only = true,
            Some("--once") if !is_path_only => is_once = true,
            Some("--help" | "-h") if !is_path_only => return Ok(None),
            Some(option) if option.starts_with('-') && !is_path_only => {
                return Err(option.to_owned());
            }
            Some(_) | None => photos.push(PathBuf::from(word)),
        }
    }
    Ok(Some(Asked { is_once, photos }))
}

/// Ends the hub; before, unless the tour is all that was asked for, shows its page until Ctrl-C.
fn leave(stage: &Stage, mut hub: HubProcess, is_once: bool) -> Result<(), String> {
    if !is_once {
        println!("\nThe hub runs on. Its page, in a browser on this machine:\n");
        stage.call(&["hub", "sign-in", "--dir", "hub"])?;
        println!("\n    Ctrl-C ends the hub and removes {}", stage.home());
        while !signals::is_ended() && hub.is_running() {
            std::thread::sleep(Duration::from_millis(50));
        }
        println!("\nEnding.");
    }
    let status = hub.stop()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("the hub ended with {status}")),
    }
}

fn failed(code: u8, what: &str) -> ExitCode {
    eprintln!("{what}");
    ExitCode::from(code)
}
