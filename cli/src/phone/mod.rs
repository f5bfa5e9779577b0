//! `imena phone`: a phone in a terminal. Uses only what the apps use: the field store and its sync desk.
//!
//! One verb per call, or many from a script in one process (`--script FILE`, `-` for standard input), so that lock and unlock mean what they mean on a
//! phone.

mod capture;
mod complete;
mod find;
mod list;
mod records;
mod status;
mod sync;
mod verbs;

use std::path::{Path, PathBuf};

use clap::{Args, Parser};
use imena_core::field_store::{FieldStore, StoreConfig, software_vault};
use imena_core::keys::PasscodeCost;
use imena_core::store::FLOOR_BYTES;
use serde_json::json;

use crate::failure::{Failure, INPUT, MISSING, USAGE};
use crate::terminal::Terminal;
use crate::{Done, environment};
use verbs::PhoneVerb;

/// Environment variable of the passcode.
pub const PASSCODE: &str = "IMENA_PASSCODE";

/// Arguments of `imena phone`.
#[derive(Debug, Args)]
pub struct PhoneArgs {
    /// Folder of the phone's vault.
    #[arg(long, default_value = "phone")]
    dir: PathBuf,
    /// Read verbs from a file, one a line, `#` begins a remark; `-` reads standard input.
    /// A line that is refused stops no other: the end says what was done and what was refused, with exit code 65.
    #[arg(long)]
    script: Option<PathBuf>,
    #[command(subcommand)]
    verb: Option<PhoneVerb>,
}

/// A line of a script is parsed by the same rules as a command line.
#[derive(Debug, Parser)]
#[command(name = "", no_binary_name = true)]
struct Line {
    #[command(subcommand)]
    verb: PhoneVerb,
}

/// A phone that is on: its store stays open from line to line.
#[derive(Debug)]
struct Phone {
    dir: PathBuf,
    store: Option<FieldStore>,
    /// Set by `lock`: the phone then stays locked until `unlock`.
    is_locked_by_hand: bool,
}

/// Runs `imena phone`.
pub fn run(terminal: &mut Terminal, args: PhoneArgs) -> Done {
    let mut phone = Phone {
        dir: args.dir,
        store: None,
        is_locked_by_hand: false,
    };
    let done = match (args.verb, args.script) {
        (Some(verb), None) => verbs::run(terminal, &mut phone, verb),
        (None, Some(script)) => run_script(terminal, &mut phone, &script),
        (None, None) | (Some(_), Some(_)) => {
            let what = "give one verb, or --script FILE";
            Err(Failure::new(
                USAGE,
                what,
                "imena phone --help lists the verbs.",
            ))
        }
    };
    let closed = phone.close();
    done.and(closed)
}

/// Opens a vault with this machine's software key.
pub fn open_store(dir: &Path) -> Result<FieldStore, Failure> {
    if !dir.join("transfer.db").exists() {
        let what = format!("no vault in {}", dir.display());
        let todo = "Join first: imena phone --dir DIR join 'IMENA1:…' --name NAME";
        return Err(Failure::new(MISSING, what, todo));
    }
    Ok(FieldStore::open(config(dir, false)?)?)
}

/// What a store on this machine is opened with.
fn config(dir: &Path, may_create: bool) -> Result<StoreConfig, Failure> {
    let environment = environment();
    let vault: std::sync::Arc<dyn imena_core::keys::KeyVault> = if may_create {
        software_vault(&environment, dir)?
    } else {
        std::sync::Arc::new(imena_core::keys::SoftwareVault::open(&environment, dir)?)
    };
    Ok(StoreConfig {
        dir: dir.to_path_buf(),
        environment,
        vault,
        app_version: concat!("imena ", env!("CARGO_PKG_VERSION")).to_owned(),
        floor_bytes: FLOOR_BYTES,
        passcode_cost: PasscodeCost::FIELD,
    })
}

impl Phone {
    /// The store, locked or not.
    fn store(&mut self) -> Result<&FieldStore, Failure> {
        if self.store.is_none() {
            self.store = Some(open_store(&self.dir)?);
        }
        self.store
            .as_ref()
            .ok_or_else(|| Failure::disk("the vault did not open"))
    }

    /// The store, unlocked; asks for the passcode unless `lock` was said.
    fn unlocked(&mut self, terminal: &mut Terminal) -> Result<&FieldStore, Failure> {
        if self.is_locked_by_hand {
            return Err(imena_core::field_store::Error::Locked.into());
        }
        let store = self.store()?;
        if store.is_locked() {
            let passcode = terminal.secret("Passcode", PASSCODE)?;
            let report = store.unlock(&passcode)?;
            status::unlock_report(terminal, &report);
        }
        Ok(store)
    }

    /// Closes the vault.
    fn close(&mut self) -> Done {
        match self.store.take() {
            Some(store) => Ok(store.shut_down()?),
            None => Ok(()),
        }
    }
}

/// What a script came to.
#[derive(Debug, Default)]
struct Tally {
    done: usize,
    /// Line number, and why.
    refused: Vec<(usize, String)>,
}

/// Carries out line after line. One that is refused (its input) stops no other; a disk, a key or a
/// hub that fails would fail the next one too, and stops.
fn run_script(terminal: &mut Terminal, phone: &mut Phone, script: &Path) -> Done {
    let text = if script == Path::new("-") {
        std::io::read_to_string(std::io::stdin())?
    } else {
        std::fs::read_to_string(script)?
    };
    let mut tally = Tally::default();
    for (number, line) in (1..).zip(text.lines()) {
        match run_line(terminal, phone, line) {
            Ok(false) => {}
            Ok(true) => tally.done = tally.done.saturating_add(1),
            Err(failure) if [INPUT, USAGE].contains(&failure.code) => {
                let what = failure.what.trim_end().to_owned();
                terminal.say(&format!("line {number}: {what}\n  {}", failure.todo));
                tally.refused.push((number, what));
            }
            Err(failure) => {
                let refused = tally.told();
                let what = format!("line {number}: {}\n{refused}", failure.what);
                return Err(Failure { what, ..failure });
            }
        }
    }
    if tally.refused.is_empty() {
        return Ok(());
    }
    let value: Vec<_> = tally
        .refused
        .iter()
        .map(|(line, why)| json!({"line": line, "why": why}))
        .collect();
    terminal.report(&json!({"lines_done": tally.done, "refused": value}));
    let todo = "Correct those lines and run them alone; the others are done.";
    Err(Failure::new(INPUT, tally.told(), todo))
}

/// Carries out one line; false if it holds no verb.
fn run_line(terminal: &mut Terminal, phone: &mut Phone, line: &str) -> Result<bool, Failure> {
    let words = shlex::split(line)
        .ok_or_else(|| Failure::new(INPUT, "a quote is not closed", "Correct the line."))?;
    if words.is_empty() {
        return Ok(false);
    }
    let verb = Line::try_parse_from(&words)
        .map_err(|error| Failure::new(USAGE, error.to_string(), "Correct the line."))?;
    verbs::run(terminal, phone, verb.verb).map(|()| true)
}

impl Tally {
    fn told(&self) -> String {
        let mut text = format!(
            "Lines done: {}; refused: {}.",
            self.done,
            self.refused.len()
        );
        for (number, why) in &self.refused {
            let first = why.lines().next().unwrap_or_default();
            text.push_str(&format!("\n  line {number}: {first}"));
        }
        text
    }
}
