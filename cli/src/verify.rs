//! `imena verify`: checks a vault whole and names what is wrong.

use std::path::PathBuf;

use clap::Args;

use crate::Done;
use crate::failure::{FINDINGS, Failure};
use crate::phone::open_store;
use crate::terminal::{Terminal, foreign};

/// Arguments of `imena verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Folder of the phone's vault.
    #[arg(long, default_value = "phone")]
    dir: PathBuf,
}

/// Runs `imena verify`.
pub fn run(terminal: &mut Terminal, args: &VerifyArgs) -> Done {
    let store = open_store(&args.dir)?;
    let passcode = terminal.secret("Passcode", crate::phone::PASSCODE)?;
    store.unlock(&passcode)?;
    verify(terminal, &store)
}

/// Checks an unlocked vault.
pub fn verify(terminal: &mut Terminal, store: &imena_core::field_store::FieldStore) -> Done {
    let bar = terminal.progress(0, "checking files");
    let report = store.verify(&mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
        std::ops::ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let report = report?;
    let mut text = format!(
        "{} sealed files, {} entries of {} chains, {} receipts checked.",
        report.files, report.entries, report.chains, report.receipts
    );
    for finding in &report.findings {
        text.push_str(&format!(
            "\n  {}: {}",
            foreign(&finding.place),
            foreign(&finding.what)
        ));
    }
    if report.findings.is_empty() {
        text.push_str(" Nothing is wrong.");
    }
    terminal.show(&text, &report);
    if report.findings.is_empty() {
        return Ok(());
    }
    let what = format!("{} findings", report.findings.len());
    let todo = "Do not delete anything here. Sync what is left, keep the folder, tell whoever runs the hub.";
    Err(Failure::new(FINDINGS, what, todo))
}
