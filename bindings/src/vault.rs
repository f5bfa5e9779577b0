//! The hardware key: a trait that each platform implements, and a software one for desktops, training and tests.
//!
//! What a vault answers is checked: a limit on its size here, its truth by the core (a key that it unwraps, a signature that it makes).

use std::path::Path;
use std::sync::Arc;

use imena_core::environment::Environment;
use imena_core::field_store::software_vault;
use imena_core::keys;
use zeroize::Zeroizing;

use crate::error::{CoreError, VaultError};
use crate::guard::guarded;

/// Largest answer of a vault: keys and signatures are far smaller, and a vault gone wild must not fill the memory.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// How a vault keeps its key: a claim, recorded and never a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum SecurityLevel {
    /// A chip of its own.
    StrongBox,
    /// The processor's protected side, or Apple's Secure Enclave.
    Tee,
    /// A file: desktops and tests.
    Software,
}

/// A key of the phone's hardware that wraps other keys and signs. No call may ask for a fingerprint or a face, call the store, or take more than
/// seconds: who waits for the key waits for it. Capture never does.
#[uniffi::export(foreign)]
pub trait KeyVault: Send + Sync {
    /// Wraps a key of 32 bytes so that only this vault opens it.
    fn wrap_key(&self, key: Vec<u8>) -> Result<Vec<u8>, VaultError>;
    /// Opens what `wrap_key` gave.
    fn unwrap_key(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, VaultError>;
    /// DER SubjectPublicKeyInfo of the P-256 signing key.
    fn device_spki(&self) -> Result<Vec<u8>, VaultError>;
    /// Signs a message of at most 4 KiB with SHA-256 and P-256 (ES256); gives the DER signature.
    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, VaultError>;
    /// Makes a new signing key in place of the old one; the wrapping key stays.
    fn renew_device_key(&self) -> Result<(), VaultError>;
    /// How the key is kept. Asked once, when the vault is opened.
    fn level(&self) -> Result<SecurityLevel, VaultError>;
}

/// The app's vault as the core sees it.
pub struct ForeignVault {
    inner: Arc<dyn KeyVault>,
    level: SecurityLevel,
}

impl ForeignVault {
    pub fn new(inner: Arc<dyn KeyVault>) -> Result<Arc<Self>, CoreError> {
        let level = inner.level().map_err(keys::VaultError::from)?;
        Ok(Arc::new(Self { inner, level }))
    }
}

fn bounded(answer: Result<Vec<u8>, VaultError>) -> Result<Vec<u8>, keys::VaultError> {
    let answer = answer?;
    if answer.is_empty() || answer.len() > ANSWER_BYTES_MAX {
        let reason = format!("it answered with {} bytes", answer.len());
        return Err(keys::VaultError::Refused { reason });
    }
    Ok(answer)
}

impl keys::KeyVault for ForeignVault {
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, keys::VaultError> {
        bounded(self.inner.wrap_key(key.to_vec()))
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, keys::VaultError> {
        bounded(self.inner.unwrap_key(wrapped.to_vec())).map(Zeroizing::new)
    }

    fn device_spki(&self) -> Result<Vec<u8>, keys::VaultError> {
        bounded(self.inner.device_spki())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, keys::VaultError> {
        bounded(self.inner.sign(message.to_vec()))
    }

    fn renew_device_key(&self) -> Result<(), keys::VaultError> {
        Ok(self.inner.renew_device_key()?)
    }

    fn level(&self) -> keys::SecurityLevel {
        match self.level {
            SecurityLevel::StrongBox => keys::SecurityLevel::StrongBox,
            SecurityLevel::Tee => keys::SecurityLevel::Tee,
            SecurityLevel::Software => keys::SecurityLevel::Software,
        }
    }
}

/// A vault in a file of mode 0600, for desktops, training and tests: whoever copies the folder has the key.
#[derive(uniffi::Object)]
pub struct SoftwareKeyVault {
    inner: Arc<dyn keys::KeyVault>,
}

#[uniffi::export]
impl SoftwareKeyVault {
    /// Opens the vault of a folder, or makes it.
    ///
    /// # Errors
    /// `StorageDamaged`, `StorageFailed`.
    #[uniffi::constructor]
    pub fn at_folder(dir: String) -> Result<Arc<Self>, CoreError> {
        guarded("software_vault", || {
            let inner = software_vault(&Environment::system(0), Path::new(&dir))?;
            Ok(Arc::new(Self { inner }))
        })
    }

    /// As [`KeyVault::wrap_key`].
    pub fn wrap_key(&self, key: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        Ok(self.inner.wrap(&key)?)
    }

    /// As [`KeyVault::unwrap_key`].
    pub fn unwrap_key(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        Ok(self.inner.unwrap(&wrapped)?.to_vec())
    }

    /// As [`KeyVault::device_spki`].
    pub fn device_spki(&self) -> Result<Vec<u8>, VaultError> {
        Ok(self.inner.device_spki()?)
    }

    /// As [`KeyVault::sign`].
    pub fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        Ok(self.inner.sign(&message)?)
    }

    /// As [`KeyVault::renew_device_key`].
    pub fn renew_device_key(&self) -> Result<(), VaultError> {
        Ok(self.inner.renew_device_key()?)
    }
}
