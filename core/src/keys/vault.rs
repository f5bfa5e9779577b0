//! The hardware key of a device behind one small trait; each platform implements it, terminals and tests use [`super::SoftwareVault`].

use serde::Serialize;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::encoding::signature::es256_from_der;
use crate::encoding::{PublicKey, SignatureError};

/// Largest message that a vault is asked to sign: a COSE structure over a checkpoint or a session request.
pub const SIGN_BYTES_MAX: usize = 4096;

/// A hardware key that wraps other keys and signs with P-256. No call may need a fingerprint or a face.
pub trait KeyVault: Send + Sync {
    /// Wraps a key so that only this vault opens it.
    ///
    /// # Errors
    /// See [`VaultError`].
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, VaultError>;
    /// Opens what [`KeyVault::wrap`] gave.
    ///
    /// # Errors
    /// See [`VaultError`].
    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError>;
    /// DER SubjectPublicKeyInfo of the P-256 signing key.
    ///
    /// # Errors
    /// See [`VaultError`].
    fn device_spki(&self) -> Result<Vec<u8>, VaultError>;
    /// Signs a message of at most 4 KiB with SHA-256 and P-256; gives a DER signature.
    ///
    /// # Errors
    /// See [`VaultError`].
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, VaultError>;
    /// Makes a new signing key in place of the old one, after a chain ended: the wrapping key stays.
    ///
    /// # Errors
    /// See [`VaultError`].
    fn renew_device_key(&self) -> Result<(), VaultError>;
    /// How the key is kept: a claim, recorded and never a condition.
    fn level(&self) -> SecurityLevel;
}

/// How a vault keeps its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityLevel {
    /// A chip of its own.
    StrongBox,
    /// The processor's protected side, or Apple's Secure Enclave.
    Tee,
    /// A file: terminals, desktops and tests.
    Software,
}

/// Why a vault did not answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VaultError {
    /// The vault has no key (any more).
    #[error("the hardware key is gone")]
    NoKey,
    /// What was given is not from this vault's key.
    #[error("wrapped by another key")]
    WrongKey,
    /// The vault's own storage is damaged.
    #[error("the key vault is damaged")]
    Damaged,
    /// The vault refused or failed for another reason.
    #[error("the key vault refused: {reason}")]
    Refused {
        /// The platform's word, free of personal data.
        reason: String,
    },
}

/// The device's public key.
///
/// # Errors
/// The vault's, or `Refused` if what it gave is not a P-256 key.
pub fn device_key(vault: &dyn KeyVault) -> Result<PublicKey, VaultError> {
    PublicKey::from_spki(&vault.device_spki()?).map_err(|_| VaultError::Refused {
        reason: "not a P-256 public key".to_owned(),
    })
}

/// Signs and checks the own signature: a vault that signs with another key, or wrongly, must not enter a chain.
///
/// # Errors
/// The vault's, or `Refused`.
pub fn sign_with(
    vault: &dyn KeyVault,
    key: &PublicKey,
    message: &[u8],
) -> Result<Vec<u8>, VaultError> {
    if message.len() > SIGN_BYTES_MAX {
        return Err(VaultError::Refused {
            reason: "message over 4 KiB".to_owned(),
        });
    }
    let der = vault.sign(message)?;
    let bad = |_: SignatureError| VaultError::Refused {
        reason: "signature does not fit".to_owned(),
    };
    let signature = es256_from_der(&der).map_err(bad)?;
    key.verify(message, &signature).map_err(bad)?;
    Ok(signature)
}
