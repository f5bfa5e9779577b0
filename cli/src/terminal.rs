//! What a person reads and types: plain lines, one JSON value per command, progress on a real terminal, secrets without echo.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::failure::{Failure, USAGE};

/// Standard output and error of this program.
#[derive(Debug)]
pub struct Terminal {
    is_json: bool,
}

impl Terminal {
    /// Output as text, or as JSON.
    pub fn new(is_json: bool) -> Self {
        Self { is_json }
    }

    /// Prints a result: `text` for people, `value` for programs.
    pub fn show(&mut self, text: &str, value: &impl Serialize) {
        if self.is_json {
            let json = serde_json::to_string(value).unwrap_or_else(|error| format!("\"{error}\""));
            println!("{json}");
        } else {
            println!("{text}");
        }
        // A reader that went away is no reason to fail what was done.
        let _ = std::io::stdout().flush();
    }

    /// A remark on the way: standard error, so that JSON stays clean.
    pub fn say(&mut self, text: &str) {
        eprintln!("{text}");
    }

    /// Prints a failure; gives its exit code.
    pub fn fail(&mut self, failure: &Failure) -> ExitCode {
        eprintln!("{}", failure.what);
        eprintln!("  {}", failure.safe);
        eprintln!("  {}", failure.todo);
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
        if !std::io::stdin().is_terminal() {
            let what = format!("{what} is needed and there is no terminal to ask at");
            return Err(Failure::new(USAGE, what, format!("Set {variable}.")));
        }
        Ok(Zeroizing::new(rpassword::prompt_password(format!(
            "{what}: "
        ))?))
    }

    /// Asks yes or no; without a terminal the answer is no.
    pub fn confirm(&mut self, question: &str) -> bool {
        if !std::io::stdin().is_terminal() {
            return false;
        }
        eprint!("{question} [y/N] ");
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        read.is_ok()
            && matches!(
                answer.trim().to_lowercase().as_str(),
                "y" | "yes" | "т" | "так"
            )
    }
}
