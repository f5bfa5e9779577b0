//! Where everything stands in a vault directory (formats.md §9).

use std::path::{Path, PathBuf};

use crate::environment::Environment;

/// The paths of one vault.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout below `root`.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    /// Makes the folders that a vault needs.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn create(&self, environment: &Environment) -> std::io::Result<()> {
        for dir in [
            self.keys(),
            self.incoming(),
            self.blobs(),
            self.runs(),
            self.quarantine(),
            self.receipts(),
            self.rosters(),
        ] {
            environment.files.create_dir_all(&dir)?;
        }
        Ok(())
    }

    /// The vault directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Key files.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Sealed files being written, or not yet moved.
    #[must_use]
    pub fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// Sealed photos and renditions, by the first two digits of their names.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// Sealed runs, by the first two digits of their names.
    #[must_use]
    pub fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// Receipts as signed, a file for each epoch of each hub.
    #[must_use]
    pub fn receipts(&self) -> PathBuf {
        self.root.join("receipts")
    }

    /// Rosters, each version in a file of its own.
    #[must_use]
    pub fn rosters(&self) -> PathBuf {
        self.root.join("rosters")
    }

    /// What cannot be trusted, kept.
    #[must_use]
    pub fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }

    /// The truth.
    #[must_use]
    pub fn journal_db(&self) -> PathBuf {
        self.root.join("journal.db")
    }

    /// Views; disposable.
    #[must_use]
    pub fn index_db(&self) -> PathBuf {
        self.root.join("index.db")
    }

    /// What to send, receipts, roster.
    #[must_use]
    pub fn transfer_db(&self) -> PathBuf {
        self.root.join("transfer.db")
    }

    /// The lock file.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        self.root.join("vault.lock")
    }

    /// The reserve file.
    #[must_use]
    pub fn reserve_file(&self) -> PathBuf {
        self.root.join("reserve")
    }
}
