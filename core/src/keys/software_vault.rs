//! A `KeyVault` in a file, mode 0600: for terminals, desktops and tests. Its level says `software`, and entries record that.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::EncodePublicKey as _;
use zeroize::Zeroizing;

use super::key_file;
use super::{KeyError, KeyVault, SecurityLevel, VaultError};
use crate::encoding::{Map, Value};
use crate::environment::Environment;

const WHAT: &str = "software vault";

/// The software vault.
pub struct SoftwareVault {
    environment: Environment,
    path: PathBuf,
    wrapping_key: Zeroizing<[u8; 32]>,
    signing_key: Mutex<SigningKey>,
}

impl std::fmt::Debug for SoftwareVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SoftwareVault")
    }
}

impl SoftwareVault {
    /// Where the vault stands below `dir`.
    #[must_use]
    pub fn path(dir: &Path) -> PathBuf {
        dir.join("keys").join("software.vault")
    }

    /// Makes a new vault.
    ///
    /// # Errors
    /// There is one already (`Damaged` is never overwritten either), no entropy, or the disk refuses.
    pub fn create(environment: &Environment, dir: &Path) -> Result<Self, KeyError> {
        let path = Self::path(dir);
        if environment.files.len(&path)?.is_some() {
            return Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists).into());
        }
        environment
            .files
            .create_dir_all(path.parent().unwrap_or(dir))?;
        let wrapping = key_file::random_key(environment)?;
        let signing = new_signing_key(environment)?;
        write(environment, &path, &wrapping, &signing)?;
        Self::open(environment, dir)
    }

    /// Opens the vault.
    ///
    /// # Errors
    /// `Missing`, `Damaged`, or the disk's.
    pub fn open(environment: &Environment, dir: &Path) -> Result<Self, KeyError> {
        let path = Self::path(dir);
        let fields = key_file::read(environment, &path, WHAT)?;
        let scalar = Zeroizing::new(fields.need(2, Value::as_bytes)?.to_vec());
        let signing_key =
            SigningKey::from_slice(&scalar).map_err(|_| KeyError::Damaged { what: WHAT })?;
        let wrapping_key = key_file::key_of(fields.need(1, Value::as_bytes)?, WHAT)?;
        let signing_key = Mutex::new(signing_key);
        Ok(Self {
            environment: environment.clone(),
            path,
            wrapping_key,
            signing_key,
        })
    }

    fn signing_key(&self) -> MutexGuard<'_, SigningKey> {
        self.signing_key
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A random scalar is a key but for one chance in 2^32 that it is over the curve's order: then drawn again.
fn new_signing_key(environment: &Environment) -> Result<SigningKey, KeyError> {
    loop {
        let scalar = key_file::random_key(environment)?;
        if let Ok(key) = SigningKey::from_slice(&*scalar) {
            return Ok(key);
        }
    }
}

fn write(
    environment: &Environment,
    path: &Path,
    wrapping: &[u8; 32],
    signing: &SigningKey,
) -> Result<(), KeyError> {
    let fields = Map::new().bytes(1, wrapping).bytes(2, signing.to_bytes());
    key_file::write(environment, path, fields)
}

impl KeyVault for SoftwareVault {
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, VaultError> {
        let refused = |e: KeyError| VaultError::Refused {
            reason: e.to_string(),
        };
        let (nonce, locked) =
            key_file::lock(&self.environment, &self.wrapping_key, WHAT, key).map_err(refused)?;
        Ok([nonce, locked].concat())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (nonce, locked) = wrapped.split_at_checked(12).ok_or(VaultError::WrongKey)?;
        key_file::unlock(&self.wrapping_key, WHAT, nonce, locked).map_err(|_| VaultError::WrongKey)
    }

    fn device_spki(&self) -> Result<Vec<u8>, VaultError> {
        let der = self.signing_key().verifying_key().to_public_key_der();
        der.map(|der| der.as_bytes().to_vec())
            .map_err(|_| VaultError::Damaged)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, VaultError> {
        let signature: p256::ecdsa::Signature = self.signing_key().sign(message);
        Ok(signature.to_der().as_bytes().to_vec())
    }

    fn renew_device_key(&self) -> Result<(), VaultError> {
        let refused = |error: KeyError| VaultError::Refused {
            reason: error.to_string(),
        };
        let fresh = new_signing_key(&self.environment).map_err(refused)?;
        write(&self.environment, &self.path, &self.wrapping_key, &fresh).map_err(refused)?;
        *self.signing_key() = fresh;
        Ok(())
    }

    fn level(&self) -> SecurityLevel {
        SecurityLevel::Software
    }
}
