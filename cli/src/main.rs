//! `imena`: the one binary. Every verb is a thin use of the core or the hub; what it prints is for people, with `--json` for programs.
//!
//! Owns the command line, its words and its exit codes. Decides nothing: rules are the core's.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a terminal program talks"
)]

mod admin;
mod code_book;
mod failure;
mod hub;
mod org;
mod passphrase;
mod phone;
mod terminal;
mod transfer;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::CompleteEnv;

use crate::failure::Failure;
use crate::terminal::Terminal;

/// Field capture for those who give nameless graves their names back.
#[derive(Debug, Parser)]
#[command(name = "imena", version, about, long_about = None, after_help = failure::EXIT_CODES)]
struct Cli {
    /// Print one JSON value per command instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The organisation: its two keys, its roster, who belongs.
    Org(org::OrgArgs),
    /// The far end that phones sync with.
    Hub(hub::HubArgs),
    /// A phone in a terminal.
    Phone(phone::PhoneArgs),
    /// Write what can be recorded, for experts and translators: every field and term in both languages, as CSV and HTML.
    CodeBook(code_book::CodeBookArgs),
    /// Check every page, file, chain and receipt of a phone's vault.
    Verify(verify::VerifyArgs),
}

fn main() -> ExitCode {
    // Ends the process if a shell asks what can be typed.
    CompleteEnv::with_factory(Cli::command).complete();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let is_help = !error.use_stderr();
            // Nobody is left to tell when the terminal itself is gone.
            let _ = error.print();
            return if is_help {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(failure::USAGE)
            };
        }
    };
    let mut terminal = Terminal::new(cli.json);
    let done = match cli.verb {
        Verb::Org(args) => org::run(&mut terminal, args),
        Verb::Hub(args) => hub::run(&mut terminal, args),
        Verb::Phone(args) => phone::run(&mut terminal, args),
        Verb::CodeBook(args) => code_book::run(&mut terminal, &args),
        Verb::Verify(args) => verify::run(&mut terminal, &args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => terminal.fail(&failure),
    }
}

/// The machine's own environment with its own zone.
fn environment() -> imena_core::environment::Environment {
    let offset_s = jiff::Zoned::now().offset().seconds();
    imena_core::environment::Environment::system(offset_s / 60)
}

type Done = Result<(), Failure>;
