//! Closing runs: the entries since the last run get one signature, are sealed and stand as a file that travels and rebuilds the journal.
//!
//! Off the capture path: called after a capture, before a sync and at lock. Done twice is done once.

use thiserror::Error;

use super::{Class, OwnChain, SealedFiles, StoreError};
use crate::encoding::limits::RUN_ENTRIES_MAX;
use crate::journal::{Checkpoint, Entry, Run, RunBuilder};
use crate::keys::{KeyVault, VaultError, device_key};
use crate::model::ids::{EntryId, SealedName};
use crate::seal::{SealError, seal_bytes};

/// Why no run was closed; the entries stay in the journal and the next try takes them.
#[derive(Debug, Error)]
pub enum RunError {
    /// The hardware did not sign.
    #[error("key vault: {0}")]
    Vault(#[from] VaultError),
    /// The recipients are not usable.
    #[error("{0}")]
    Seal(#[from] SealError),
    /// The disk or database failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// A run that now stands in `runs/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedRun {
    /// Its file.
    pub sealed: SealedName,
    /// Its length in bytes.
    pub size: u64,
    /// Its last entry.
    pub seq: u64,
    /// That entry's id.
    pub entry_id: EntryId,
}

/// Closes every entry of the own chain that is in no run yet.
///
/// # Errors
/// See [`RunError`]; runs closed before the error stand.
pub fn close_runs(
    chain: &OwnChain,
    files: &SealedFiles,
    vault: &dyn KeyVault,
    recipients: &[String],
) -> Result<Vec<ClosedRun>, RunError> {
    let mut closed = Vec::new();
    loop {
        let entries = next_entries(chain)?;
        let Some(last) = entries.last() else {
            return Ok(closed);
        };
        let (seq, entry_id) = (last.header.seq, last.id);
        let first_seq = entries.first().map_or(seq, |first| first.header.seq);
        let key = device_key(vault)?;
        let checkpoint = Checkpoint::sign(vault, &key, chain.org(), seq, entry_id)?;
        chain.journal().add_checkpoint(&checkpoint)?;
        let run = Run {
            org: chain.org(),
            entries,
            checkpoint_bytes: checkpoint.bytes,
            sealed_to: recipients.to_vec(),
        };
        let (sealed, bytes) = seal_bytes(recipients, &run.pack().map_err(StoreError::from)?)?;
        files.store(sealed, Class::Run, &bytes)?;
        let size = bytes.len() as u64;
        chain
            .journal()
            .add_run(sealed, chain.device(), first_seq, seq, size)?;
        closed.push(ClosedRun {
            sealed,
            size,
            seq,
            entry_id,
        });
    }
}

fn next_entries(chain: &OwnChain) -> Result<Vec<Entry>, StoreError> {
    let journal = chain.journal();
    let from = journal.last_run_seq(chain.device())?.saturating_add(1);
    let entries = journal.entries_of_chain(chain.device(), from, RUN_ENTRIES_MAX)?;
    let mut builder = RunBuilder::default();
    Ok(entries
        .into_iter()
        .take_while(|entry| builder.fits(entry.size()))
        .collect())
}
