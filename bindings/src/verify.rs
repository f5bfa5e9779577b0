//! Checking a whole vault: every page, sealed file, chain and receipt.

use std::sync::Arc;

use crate::error::CoreError;
use crate::job::{Job, JobOutcome};
use crate::store::FieldStore;

/// More findings than a screen shows: the first ones say where to look.
const FINDINGS_MAX: usize = 500;

/// One thing that is wrong with a vault.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct VerifyFinding {
    /// File, chain or receipt.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct VerifyOutcome {
    /// Sealed files that were hashed again.
    pub files: u64,
    /// Entries whose place in their chain was checked.
    pub entries: u64,
    /// Receipts whose signature was checked.
    pub receipts: u64,
    /// What is wrong, the first 500; empty: nothing is.
    pub findings: Vec<VerifyFinding>,
}

#[uniffi::export]
impl FieldStore {
    /// Checks every page, sealed file, chain and receipt. Reads the whole vault: minutes for a full phone.
    ///
    /// # Errors
    /// `ShutDown`; all else is the job's.
    pub fn start_verify(&self) -> Result<Arc<Job>, CoreError> {
        self.shared.start("start_verify", |core, job| {
            let report = core.verify(&mut |done, all| job.reached(done, all))?;
            let findings = report.findings.into_iter().take(FINDINGS_MAX);
            let findings = findings.map(|finding| VerifyFinding {
                place: finding.place,
                what: finding.what,
            });
            Ok(JobOutcome::Verified {
                outcome: VerifyOutcome {
                    files: report.files,
                    entries: report.entries,
                    receipts: report.receipts,
                    findings: findings.collect(),
                },
            })
        })
    }
}
