//! What a person reads and types: plain lines, one JSON value per command, progress on a real terminal, secrets without echo.
//!
//! Owns every byte that is printed. Invariant: nothing that others wrote steers this terminal; a
//! text of theirs passes through [`foreign`] where a line is put together, and every line through
//! the same rule once more here.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

pub use imena_core::model::display::shown as foreign;
use imena_core::model::display::{shown_json, shown_lines};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::failure::{Failure, USAGE};

/// Standard output and error of this program.
pub struct Terminal {
    is_json: bool,
    /// Of the organisation, as typed in this command.
    passphrase: Option<Zeroizing<String>>,
}

impl Terminal {
    /// Output as text, or as JSON.
    pub fn new(is_json: bool) -> Self {
        Self {
            is_json,
            passphrase: None,
        }
    }

    /// Prints a result: `text` for people, `value` for programs.
    pub fn show(&mut self, text: &str, value: &impl Serialize) {
        if self.is_json {
            let json = serde_json::to_string(value).unwrap_or_else(|error| format!("\"{error}\""));
            println!("{}", shown_json(&json));
        } else {
            println!("{}", shown_lines(text));
        }
        // A reader that went away is no reason to fail what was done.
        let _ = std::io::stdout().flush();
    }

    /// A value for programs where people were told in other words.
    pub fn report(&mut self, value: &impl Serialize) {
        if self.is_json {
            self.show("", value);
        }
    }

    /// A remark on the way: standard error, so that JSON stays clean.
    pub fn say(&mut self, text: &str) {
        eprintln!("{}", shown_lines(text));
    }

    /// Prints a failure; gives its exit code.
    pub fn fail(&mut self, failure: &Failure) -> ExitCode {
        eprintln!("{}", shown_lines(&failure.what));
        eprintln!("  {}", failure.safe);
        eprintln!("  {}", shown_lines(&failure.todo));
        ExitCode::from(failure.code)
    }

    /// A progress bar on a terminal; nothing elsewhere (the caller prints plain lines).
    pub fn progress(&self, total: u64, what: &'static str) -> ProgressBar {
        if !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(total);
        let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    /// A secret: from the environment variable, or asked for without echo.
    pub fn secret(&mut self, what: &str, variable: &str) -> Result<Zeroizing<String>, Failure> {
        if let Ok(secret) = std::env::var(variable) {
            return Ok(Zeroizing::new(secret));
        }
        if !self.can_ask() {
            let what = format!("{what} is needed and there is no terminal to ask at");
            return Err(Failure::new(USAGE, what, format!("Set {variable}.")));
        }
        self.ask_secret(what)
    }

    /// Asks for a secret without echo, whatever the environment says.
    pub fn ask_secret(&mut self, what: &str) -> Result<Zeroizing<String>, Failure> {
        let prompt = format!("{what}: ");
        Ok(Zeroizing::new(rpassword::prompt_password(prompt)?))
    }

    /// Whether a person can answer.
    pub fn can_ask(&self) -> bool {
        std::io::stdin().is_terminal()
    }

    /// Keeps the organisation's passphrase for the rest of this command.
    pub fn keep_passphrase(&mut self, passphrase: &str) {
        self.passphrase = Some(Zeroizing::new(passphrase.to_owned()));
    }

    /// Forgets the organisation's passphrase.
    pub fn forget_passphrase(&mut self) {
        self.passphrase = None;
    }

    /// The organisation's passphrase, if it was typed in this command.
    pub fn kept_passphrase(&self) -> Option<Zeroizing<String>> {
        self.passphrase.clone()
    }

    /// A secret that is made now: from the environment variable, or asked for twice.
    ///
    /// A typing error in it would lock out whoever made it.
    pub fn new_secret(&mut self, what: &str, variable: &str) -> Result<Zeroizing<String>, Failure> {
        let secret = self.secret(what, variable)?;
        if self.is_asked(variable) && *secret != *self.secret("The same again", variable)? {
            let what = format!("{what}: the two are not the same");
            return Err(Failure::input(what, "Type it again; nothing was made."));
        }
        Ok(secret)
    }

    /// Whether a secret is typed by a person, not given by a script.
    pub fn is_asked(&self, variable: &str) -> bool {
        std::env::var_os(variable).is_none()
    }

    /// Asks yes or no; without a terminal the answer is no.
    pub fn confirm(&mut self, question: &str) -> bool {
        if !self.can_ask() {
            return false;
        }
        eprint!("{} [y/N] ", shown_lines(question));
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        read.is_ok()
            && matches!(
                answer.trim().to_lowercase().as_str(),
                "y" | "yes" | "т" | "так"
            )
    }
}
