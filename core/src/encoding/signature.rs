//! Public signing keys: Ed25519 (organisation, hub) and P-256 (devices), as DER SubjectPublicKeyInfo.
//!
//! Owns parsing, the id of a key and checking a signature. Does not own private keys: those are in `keys/` or in the phone's hardware.

use ed25519_dalek::pkcs8::{DecodePublicKey as _, EncodePublicKey as _};
use p256::ecdsa::signature::Verifier as _;
use p256::pkcs8::{DecodePublicKey as _, EncodePublicKey as _};
use thiserror::Error;

use super::hash::Hash32;

/// A key that checks signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: Key,
    der: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Ed25519(ed25519_dalek::VerifyingKey),
    P256(p256::ecdsa::VerifyingKey),
}

/// The two signature algorithms of COSE that these formats use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ES256, COSE −7: P-256 with SHA-256, r‖s.
    Es256,
    /// EdDSA, COSE −8: Ed25519.
    EdDsa,
}

/// Why a key or signature was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// Not an Ed25519 or P-256 SubjectPublicKeyInfo in its one DER spelling.
    #[error("not a public key that these formats use")]
    BadKey,
    /// Not a signature of this key over this message.
    #[error("the signature does not fit")]
    BadSignature,
}

impl PublicKey {
    /// Reads a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// `BadKey` for any other algorithm or spelling: the id of a key is the hash of these bytes, so a key has one.
    pub fn from_spki(der: &[u8]) -> Result<Self, SignatureError> {
        let key = if let Ok(key) = ed25519_dalek::VerifyingKey::from_public_key_der(der) {
            Self::from_ed25519(&key)?
        } else {
            let key = p256::ecdsa::VerifyingKey::from_public_key_der(der);
            Self::from_p256(&key.map_err(|_| SignatureError::BadKey)?)?
        };
        if key.der != der {
            return Err(SignatureError::BadKey);
        }
        Ok(key)
    }

    /// Wraps an Ed25519 key.
    ///
    /// # Errors
    /// `BadKey` if it cannot be written as DER.
    pub fn from_ed25519(key: &ed25519_dalek::VerifyingKey) -> Result<Self, SignatureError> {
        let der = key
            .to_public_key_der()
            .map_err(|_| SignatureError::BadKey)?;
        Ok(Self {
            key: Key::Ed25519(*key),
            der: der.as_bytes().to_vec(),
        })
    }

    /// Wraps a P-256 key.
    ///
    /// # Errors
    /// `BadKey` if it cannot be written as DER.
    pub fn from_p256(key: &p256::ecdsa::VerifyingKey) -> Result<Self, SignatureError> {
        let der = key
            .to_public_key_der()
            .map_err(|_| SignatureError::BadKey)?;
        Ok(Self {
            key: Key::P256(*key),
            der: der.as_bytes().to_vec(),
        })
    }

    /// The DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the SPKI: the `org`, `hub` or `device` id.
    #[must_use]
    pub fn id(&self) -> Hash32 {
        Hash32::of(&self.der)
    }

    /// The algorithm this key signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.key {
            Key::Ed25519(_) => Algorithm::EdDsa,
            Key::P256(_) => Algorithm::Es256,
        }
    }

    /// Checks a signature: 64 bytes, Ed25519's or r‖s.
    ///
    /// # Errors
    /// `BadSignature`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let bad = SignatureError::BadSignature;
        match &self.key {
            Key::Ed25519(key) => {
                let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| bad)?;
                key.verify_strict(message, &signature).map_err(|_| bad)
            }
            Key::P256(key) => {
                let signature = p256::ecdsa::Signature::from_slice(signature).map_err(|_| bad)?;
                key.verify(message, &signature).map_err(|_| bad)
            }
        }
    }
}

/// Turns a DER ECDSA signature, as phone hardware gives it, into r‖s.
///
/// # Errors
/// `BadSignature` if it is not one.
pub fn es256_from_der(der: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let signature =
        p256::ecdsa::Signature::from_der(der).map_err(|_| SignatureError::BadSignature)?;
    Ok(signature.to_bytes().to_vec())
}
