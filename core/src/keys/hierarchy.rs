//! From passcode and hardware key to the keys of the databases (formats.md §9).
//!
//! The transfer key hangs on the hardware alone, so that a locked phone still sends. The vault master key needs both: a passcode alone falls to
//! guessing within minutes, a hardware key alone opens for whoever holds the phone. Losing either loses local reading only.

use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::key_file::{self, bytes, check_value, derive, key_of};
use super::{KeyError, KeyVault, VaultError};
use crate::encoding::{Map, Value};
use crate::environment::Environment;

/// A raw 32-byte SQLCipher key.
pub type DatabaseKey = Zeroizing<[u8; 32]>;

/// The key of `transfer.db`.
pub type TransferKey = DatabaseKey;

/// Work of the passcode's derivation; stands in the file, so that old files open after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasscodeCost {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
}

impl PasscodeCost {
    /// 64 MiB, three passes: 0.4 s on a small computer.
    pub const FIELD: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
    };
    /// For tests that do not test the cost.
    pub const TEST: Self = Self {
        memory_kib: 64,
        passes: 1,
    };
    /// What a key file may ask for: a forged file must not take the phone's memory.
    const MEMORY_KIB_MAX: u32 = 1024 * 1024;
    const PASSES_MAX: u32 = 16;
}

/// The keys that a passcode opens.
#[derive(Clone)]
pub struct VaultKeys {
    master: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for VaultKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VaultKeys")
    }
}

const PASSCODE: &str = "passcode";
const TRANSFER: &str = "transfer.db";

impl VaultKeys {
    /// Makes a master key and locks it with passcode and hardware.
    ///
    /// # Errors
    /// The vault's, the disk's, or a passcode file that exists already.
    pub fn create(
        environment: &Environment,
        dir: &Path,
        vault: &dyn KeyVault,
        passcode: &str,
        cost: PasscodeCost,
    ) -> Result<Self, KeyError> {
        let path = dir.join("keys").join("passcode.key");
        if environment.files.len(&path)?.is_some() {
            return Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists).into());
        }
        let master = key_file::random_key(environment)?;
        let secret = key_file::random_key(environment)?;
        let salt: [u8; 16] = environment.random()?;
        let kek = key_encryption_key(passcode, &salt, cost, &*secret)?;
        let (nonce, locked) = key_file::lock(environment, &kek, PASSCODE, &*master)?;
        let cost_value = [cost.memory_kib, cost.passes, 1].map(|n| Value::Uint(n.into()));
        let fields = Map::new()
            .bytes(1, salt)
            .array(2, cost_value)
            .bytes(3, vault.wrap(&*secret)?)
            .bytes(4, nonce)
            .bytes(5, locked)
            .bytes(6, check_value(&*master));
        key_file::write(environment, &path, fields)?;
        Ok(Self { master })
    }

    /// Opens the master key.
    ///
    /// # Errors
    /// `Wrong` passcode, `Missing` or `Damaged` file, the hardware key gone or another one (`Vault`).
    pub fn open(
        environment: &Environment,
        dir: &Path,
        vault: &dyn KeyVault,
        passcode: &str,
    ) -> Result<Self, KeyError> {
        let path = dir.join("keys").join("passcode.key");
        let fields = key_file::read(environment, &path, PASSCODE)?;
        let numbers = fields.list(2, Value::as_uint)?;
        let [memory, passes, _lanes] = numbers.as_slice() else {
            return Err(KeyError::Damaged { what: PASSCODE });
        };
        let cost = PasscodeCost {
            memory_kib: u32::try_from(*memory).unwrap_or(u32::MAX),
            passes: u32::try_from(*passes).unwrap_or(u32::MAX),
        };
        let secret = vault.unwrap(&bytes(&fields, 3)?)?;
        let kek = key_encryption_key(passcode, &bytes(&fields, 1)?, cost, &secret)?;
        let master = key_file::unlock(&kek, PASSCODE, &bytes(&fields, 4)?, &bytes(&fields, 5)?)?;
        if check_value(&master) != bytes(&fields, 6)? {
            return Err(KeyError::Wrong { what: PASSCODE });
        }
        Ok(Self {
            master: key_of(&master, PASSCODE)?,
        })
    }

    /// The key of `journal.db`.
    #[must_use]
    pub fn journal(&self) -> DatabaseKey {
        derive(&*self.master, "imena journal v1")
    }

    /// The key of `index.db`.
    #[must_use]
    pub fn index(&self) -> DatabaseKey {
        derive(&*self.master, "imena index v1")
    }

    /// The key around session identities.
    #[must_use]
    pub(super) fn session(&self) -> DatabaseKey {
        derive(&*self.master, "imena session v1")
    }
}

/// Opens the key of `transfer.db`, or makes it if there is none and `transfer.db` does not exist either.
///
/// # Errors
/// `Vault(NoKey | WrongKey)` when the hardware key is lost: the caller starts a new chain, nothing is deleted.
pub fn transfer_key(
    environment: &Environment,
    dir: &Path,
    vault: &dyn KeyVault,
) -> Result<TransferKey, KeyError> {
    let path = dir.join("keys").join("transfer.key");
    match key_file::read(environment, &path, TRANSFER) {
        Ok(fields) => {
            let key = vault.unwrap(&bytes(&fields, 1)?)?;
            if check_value(&key) != bytes(&fields, 2)? {
                return Err(KeyError::Vault(VaultError::WrongKey));
            }
            key_of(&key, TRANSFER)
        }
        Err(KeyError::Missing { .. })
            if environment.files.len(&dir.join("transfer.db"))?.is_none() =>
        {
            let key = key_file::random_key(environment)?;
            let fields = Map::new()
                .bytes(1, vault.wrap(&*key)?)
                .bytes(2, check_value(&*key));
            key_file::write(environment, &path, fields)?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

impl VaultKeys {
    /// The key of transfer.db, from the hardware alone: a locked phone still sends. Made with the database, never in its place.
    ///
    /// # Errors
    /// `Vault(NoKey | WrongKey)` when the hardware key is lost, `Damaged`, or the disk's.
    pub fn transfer(
        environment: &Environment,
        dir: &Path,
        vault: &dyn KeyVault,
    ) -> Result<TransferKey, KeyError> {
        transfer_key(environment, dir, vault)
    }
}

fn key_encryption_key(
    passcode: &str,
    salt: &[u8],
    cost: PasscodeCost,
    hardware_secret: &[u8],
) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let damaged = || KeyError::Damaged { what: PASSCODE };
    if cost.memory_kib > PasscodeCost::MEMORY_KIB_MAX || cost.passes > PasscodeCost::PASSES_MAX {
        return Err(damaged());
    }
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(32)).map_err(|_| damaged())?;
    let mut stretched = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passcode.as_bytes(), salt, &mut *stretched)
        .map_err(|_| damaged())?;
    let both = Zeroizing::new([stretched.as_slice(), hardware_secret].concat());
    Ok(derive(&both, "imena kek v1"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::keys::SoftwareVault;

    struct Phone {
        dir: tempfile::TempDir,
        environment: Environment,
        vault: SoftwareVault,
    }

    fn phone() -> Phone {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment::system(120);
        let vault = SoftwareVault::create(&environment, dir.path()).unwrap();
        Phone {
            dir,
            environment,
            vault,
        }
    }

    impl Phone {
        fn unlock(&self, passcode: &str) -> Result<VaultKeys, KeyError> {
            VaultKeys::open(&self.environment, self.dir.path(), &self.vault, passcode)
        }
    }

    #[test]
    fn wrong_passcode_missing_file_and_damaged_file_are_three_errors() {
        let phone = phone();
        let cost = PasscodeCost::TEST;
        VaultKeys::create(
            &phone.environment,
            phone.dir.path(),
            &phone.vault,
            "1234",
            cost,
        )
        .unwrap();
        assert!(phone.unlock("1234").is_ok());
        assert!(matches!(phone.unlock("1235"), Err(KeyError::Wrong { .. })));

        let path = phone.dir.path().join("keys/passcode.key");
        let good = std::fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            if let Some(byte) = bad.get_mut(at) {
                *byte ^= 1;
            }
            std::fs::write(&path, bad).unwrap();
            assert!(
                matches!(phone.unlock("1234"), Err(KeyError::Damaged { .. })),
                "byte {at}"
            );
        }
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(
            phone.unlock("1234"),
            Err(KeyError::Missing { .. })
        ));
    }

    #[test]
    fn another_phones_hardware_opens_nothing() {
        let (one, two) = (phone(), phone());
        let cost = PasscodeCost::TEST;
        VaultKeys::create(&one.environment, one.dir.path(), &one.vault, "1234", cost).unwrap();
        let opened = VaultKeys::open(&one.environment, one.dir.path(), &two.vault, "1234");
        assert!(matches!(opened, Err(KeyError::Vault(VaultError::WrongKey))));
    }
}
