//! The exclusive lock on a vault: two processes on one journal would fork its chain.

use std::fs::{File, OpenOptions, TryLockError};

use super::{Layout, StoreError};

/// Held as long as a store is open; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct VaultLock {
    file: File,
}

impl Drop for VaultLock {
    fn drop(&mut self) {
        // Not left to the closing of the file: a program that was just started by another thread holds
        // a copy of the handle until it runs, and with it the lock.
        let _ = self.file.unlock();
    }
}

impl VaultLock {
    /// Takes the lock without waiting.
    ///
    /// # Errors
    /// `AlreadyOpen`, or the disk's.
    pub fn take(layout: &Layout) -> Result<Self, StoreError> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        let file = options.open(layout.lock_file())?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::AlreadyOpen),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_vault_is_opened_once() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path());
        let held = VaultLock::take(&layout).unwrap();
        assert!(matches!(
            VaultLock::take(&layout),
            Err(StoreError::AlreadyOpen)
        ));
        drop(held);
        assert!(VaultLock::take(&layout).is_ok());
    }
}
