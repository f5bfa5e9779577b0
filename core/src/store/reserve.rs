//! Room for the worst moment: a reserve file that can be given up so that what was begun can be finished, and a floor under which no capture begins.

use std::io::Write as _;

use thiserror::Error;

use super::{Layout, StoreError};
use crate::environment::Environment;

/// Under this much free space on a phone a capture is refused before the shutter: systems fail app writes while 50–200 MB are still "free".
pub const FLOOR_BYTES: u64 = 500 * 1024 * 1024;

/// Enough to finish a journal transaction and its write-ahead log when the disk is full.
const RESERVE_BYTES: usize = 8 * 1024 * 1024;

/// Not enough room; nothing that was saved is in danger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{free_bytes} bytes free, {needed_bytes} needed")]
pub struct SpaceError {
    /// What a capture needs.
    pub needed_bytes: u64,
    /// What there is.
    pub free_bytes: u64,
}

/// The reserve file and the floor of one vault.
#[derive(Clone, Debug)]
pub struct Reserve {
    layout: Layout,
    floor_bytes: u64,
}

impl Reserve {
    /// The reserve of a vault with its floor.
    #[must_use]
    pub fn new(layout: &Layout, floor_bytes: u64) -> Self {
        Self {
            layout: layout.clone(),
            floor_bytes,
        }
    }

    /// Makes the reserve file if it is not there and there is room; random bytes, because a file system may compress zeros away.
    ///
    /// # Errors
    /// The disk's, other than being full.
    pub fn fill(&self, environment: &Environment) -> Result<(), StoreError> {
        let path = self.layout.reserve_file();
        if environment.files.len(&path)?.is_some() || self.check(environment).is_err() {
            return Ok(());
        }
        let mut bytes = vec![0; RESERVE_BYTES];
        environment.entropy.fill(&mut bytes)?;
        let mut file = environment.files.create_new(&path)?;
        if file.write_all(&bytes).and_then(|()| file.sync()).is_err() {
            // Filling up the disk with the reserve would defeat it.
            environment.files.remove(&path)?;
        }
        Ok(())
    }

    /// Gives the reserve up; entries without a photo can still be written then.
    ///
    /// # Errors
    /// The disk's.
    pub fn release(&self, environment: &Environment) -> Result<(), StoreError> {
        let path = self.layout.reserve_file();
        if environment.files.len(&path)?.is_some() {
            environment.files.remove(&path)?;
            environment.files.sync_dir(self.layout.root())?;
        }
        Ok(())
    }

    /// Refuses when the free space is below the floor.
    ///
    /// # Errors
    /// `Space` with both numbers, or the disk's.
    pub fn check(&self, environment: &Environment) -> Result<(), StoreError> {
        let free_bytes = environment.files.free_bytes(self.layout.root())?;
        if free_bytes < self.floor_bytes {
            return Err(SpaceError {
                needed_bytes: self.floor_bytes,
                free_bytes,
            }
            .into());
        }
        Ok(())
    }
}
