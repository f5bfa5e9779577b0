//! A vault that is closed for a while: what a phone asks of a program before it suspends it.

use std::sync::PoisonError;

use super::{Error, FieldStore, StoreConfig};
use crate::keys::VaultKeys;
use crate::store::OwnChain;

/// A vault that is closed for a while.
pub struct Suspended {
    config: StoreConfig,
    keys: Option<VaultKeys>,
}

impl std::fmt::Debug for Suspended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Suspended")
    }
}

impl Suspended {
    /// Opens the vault again.
    ///
    /// # Errors
    /// As [`FieldStore::open`] and [`FieldStore::unlock`]; this value is given back, for another try.
    pub fn resume(self) -> Result<FieldStore, Box<(Self, Error)>> {
        let store = match FieldStore::open(self.config.clone()) {
            Ok(store) => store,
            Err(error) => return Err(Box::new((self, error))),
        };
        let Some(keys) = self.keys.clone() else {
            return Ok(store);
        };
        match store.unlock_with(keys) {
            Ok(_) => Ok(store),
            Err(error) => Err(Box::new((self, error))),
        }
    }
}

impl FieldStore {
    /// Closes every file and database, as a phone wants it before it suspends a program, and keeps in memory what a lock would forget: after
    /// [`Suspended::resume`] the vault is as locked or unlocked as it was. The result says what could not be done before; the vault is closed all the same.
    ///
    /// Photos whose turn has not come when `go_on` says no stay put off.
    pub fn suspend(self, go_on: &dyn Fn() -> bool) -> (Suspended, Result<(), Error>) {
        let worked = if self.is_locked() {
            Ok(())
        } else {
            self.work_off_while(go_on)
        };
        let config = self.config.clone();
        let open = self
            .open
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let (keys, chain) = match open {
            Some(open) => (Some(open.keys), Some(open.chain)),
            None => (None, None),
        };
        let transfer = self
            .transfer
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let closed = chain.map_or(Ok(()), OwnChain::close);
        let closed = closed.and(transfer.close()).map_err(Error::from);
        (Suspended { config, keys }, worked.and(closed))
    }
}
