//! Rosters as signed, `rosters/<version>.cose`: every version that this hub ever took, for whoever
//! verifies its folder, and for a hub.db that is made anew.
//!
//! Owns these files. Checks nothing (`hub.rs`). Invariant: a version that stands is not replaced.

use std::path::{Path, PathBuf};

use imena_core::encoding::limits::SIGNED_BYTES_MAX;
use imena_core::environment::{Environment, read_file, replace_file};
use imena_core::keys::SignedRoster;

use crate::error::HubError;

/// Ends the name of a roster.
const SUFFIX: &str = ".cose";

/// The rosters of a hub.
pub(crate) struct Rosters {
    environment: Environment,
    root: PathBuf,
}

impl Rosters {
    pub fn new(environment: &Environment, root: &Path) -> Self {
        Self {
            environment: environment.clone(),
            root: root.to_path_buf(),
        }
    }

    /// Keeps a version; the first of a number stays.
    pub fn keep(&self, version: u64, bytes: &[u8]) -> Result<(), HubError> {
        let path = self.root.join(format!("{version}{SUFFIX}"));
        if self.environment.files.len(&path)?.is_none() {
            self.environment.files.create_dir_all(&self.root)?;
            replace_file(&self.environment, &path, bytes)?;
        }
        Ok(())
    }

    /// The newest version that opens.
    pub fn newest(
        &self,
        open: &dyn Fn(&[u8]) -> Option<SignedRoster>,
    ) -> Result<Option<SignedRoster>, HubError> {
        let files = &*self.environment.files;
        let mut versions: Vec<u64> = files
            .list(&self.root)?
            .iter()
            .filter_map(|item| item.name.strip_suffix(SUFFIX)?.parse().ok())
            .collect();
        versions.sort_unstable();
        for version in versions.into_iter().rev() {
            let path = self.root.join(format!("{version}{SUFFIX}"));
            let bytes = read_file(files, &path, SIGNED_BYTES_MAX as u64)?;
            if let Some(signed) = bytes.and_then(|bytes| open(&bytes)) {
                return Ok(Some(signed));
            }
        }
        Ok(None)
    }
}
