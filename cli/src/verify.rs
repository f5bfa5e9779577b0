//! `imena verify`: checks a vault whole and names what is wrong; with the organisation's identity any folder, by its files alone.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use imena_core::field_store::{Error, Finding, FolderReport, Progress, verify_folder};
use imena_core::keys::OrgIdentity;

use crate::Done;
use crate::failure::{FINDINGS, Failure};
use crate::phone::open_store;
use crate::terminal::{Terminal, foreign};

/// Arguments of `imena verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Folder of a phone's vault; with --org also of a hub.
    #[arg(long, default_value = "phone")]
    dir: PathBuf,
    /// Folder of the organisation: verifies the files alone, opens no database, asks for no passcode. What stands in no run yet is not seen;
    /// the last seq that is proven is named for each chain.
    #[arg(long)]
    org: Option<PathBuf>,
}

/// Runs `imena verify`.
pub fn run(terminal: &mut Terminal, args: &VerifyArgs) -> Done {
    if let Some(org) = &args.org {
        let identity = crate::org::open_identity(terminal, org)?;
        return verify_files(terminal, &args.dir, &identity);
    }
    let store = open_store(&args.dir)?;
    let passcode = terminal.secret("Passcode", crate::phone::PASSCODE)?;
    store.unlock(&passcode)?;
    verify(terminal, &store)
}

/// Checks an unlocked vault.
pub fn verify(terminal: &mut Terminal, store: &imena_core::field_store::FieldStore) -> Done {
    let report = with_bar(terminal, |progress| store.verify(progress))?;
    let mut text = format!(
        "{} sealed files, {} entries of {} chains, {} receipts checked.",
        report.files, report.entries, report.chains, report.receipts
    );
    push_findings(&mut text, &report.findings);
    terminal.show(&text, &report);
    end(&report.findings)
}

/// Checks a folder by its files alone.
fn verify_files(terminal: &mut Terminal, dir: &Path, identity: &OrgIdentity) -> Done {
    let report = with_bar(terminal, |progress| {
        verify_folder(&crate::environment(), dir, identity, progress)
    })?;
    let mut text = summary(&report);
    push_findings(&mut text, &report.findings);
    terminal.show(&text, &report);
    end(&report.findings)
}

/// Shows how many files are checked while `check` works.
fn with_bar<T>(
    terminal: &Terminal,
    check: impl FnOnce(Progress<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let bar = terminal.progress(0, "checking files");
    let report = check(&mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    report
}

fn summary(report: &FolderReport) -> String {
    let receipts: u64 = report.receipts.iter().map(|epoch| epoch.receipts).sum();
    let mut text = format!(
        "{} sealed files whole, {} runs opened, {} receipts and {} rosters checked.\n\
         {} files that entries introduce are here and open to what was captured; {} are not here.",
        report.files,
        report.runs,
        receipts,
        report.rosters.len(),
        report.introduced,
        report.elsewhere
    );
    for chain in &report.chains {
        text.push_str(&format!(
            "\n  chain {}: {} entries, proven up to {}",
            chain.device.0.short(),
            chain.entries,
            chain.proven_upto_seq
        ));
    }
    text.push_str("\nWhat stands in no run yet is not seen here.");
    text
}

fn push_findings(text: &mut String, findings: &[Finding]) {
    for finding in findings {
        text.push_str(&format!(
            "\n  {}: {}",
            foreign(&finding.place),
            foreign(&finding.what)
        ));
    }
    if findings.is_empty() {
        text.push_str(" Nothing is wrong.");
    }
}

fn end(findings: &[Finding]) -> Done {
    if findings.is_empty() {
        return Ok(());
    }
    let what = format!("{} findings", findings.len());
    let todo = "Do not delete anything here. Sync what is left, keep the folder, tell whoever runs the hub.";
    Err(Failure::new(FINDINGS, what, todo))
}
