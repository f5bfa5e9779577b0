//! A key file: a CBOR map whose key 255 is the hash of the rest, so that a damaged file is never taken for a wrong key.
//!
//! Also the two small constructions that all key files use: AES-256-GCM around a key and the key check value.

use std::path::Path;

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::KeyError;
use crate::encoding::{Hash32, Map, Value};
use crate::environment::{Environment, read_file, replace_file};

/// Our key files hold a few hundred bytes; anything larger is not one.
const KEY_FILE_BYTES_MAX: u64 = 64 * 1024;
const CHECK_KEY: u64 = 255;
const VERSION: u64 = 1;

/// Writes a key file so that after a crash the old or the new one stands there.
pub fn write(environment: &Environment, path: &Path, fields: Map) -> Result<(), KeyError> {
    let fields = fields.uint(0, VERSION);
    let check = Hash32::of(&fields.encode());
    replace_file(environment, path, &fields.with(CHECK_KEY, check).encode())?;
    Ok(())
}

/// Reads a key file; absent is `Missing`, a check that does not fit is `Damaged`.
pub fn read(environment: &Environment, path: &Path, what: &'static str) -> Result<Map, KeyError> {
    let bytes = match read_file(&*environment.files, path, KEY_FILE_BYTES_MAX) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(KeyError::Missing { what }),
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
            return Err(KeyError::Damaged { what });
        }
        Err(error) => return Err(error.into()),
    };
    let damaged = |_| KeyError::Damaged { what };
    let mut fields = Map::decode(&bytes).map_err(damaged)?;
    let check = fields
        .0
        .remove(&CHECK_KEY)
        .and_then(|value| value.as_hash());
    if check != Some(Hash32::of(&fields.encode())) {
        return Err(KeyError::Damaged { what });
    }
    fields.version(VERSION)?;
    Ok(fields)
}

/// Derives a 32-byte key for one purpose.
pub fn derive(key: &[u8], purpose: &'static str) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    // 32 bytes is far below HKDF-SHA256's limit of 8,160: expand cannot fail.
    let _ = Hkdf::<Sha256>::new(None, key).expand(purpose.as_bytes(), &mut *out);
    out
}

/// The first 16 bytes of a key's own hash under a purpose of its own: tells a wrong key from damage without telling the key.
pub fn check_value(key: &[u8]) -> Vec<u8> {
    derive(key, "imena check v1")
        .iter()
        .take(16)
        .copied()
        .collect()
}

/// A random 32-byte key.
pub fn random_key(environment: &Environment) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    Ok(Zeroizing::new(environment.random()?))
}

/// Encrypts a key under another; gives (nonce, ciphertext). `purpose` is bound, so that no file's content passes for another's.
pub fn lock(
    environment: &Environment,
    key: &[u8; 32],
    purpose: &'static str,
    plain: &[u8],
) -> Result<(Vec<u8>, Vec<u8>), KeyError> {
    let nonce: [u8; 12] = environment.random()?;
    let payload = Payload {
        msg: plain,
        aad: purpose.as_bytes(),
    };
    let locked = cipher(key)
        .encrypt(&Nonce::from(nonce), payload)
        .map_err(|_| std::io::Error::other("encryption failed"))?;
    Ok((nonce.to_vec(), locked))
}

/// Opens what [`lock`] gave; any failure is a wrong key, because damage was ruled out by [`read`].
pub fn unlock(
    key: &[u8; 32],
    purpose: &'static str,
    nonce: &[u8],
    locked: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let wrong = || KeyError::Wrong { what: purpose };
    let nonce: [u8; 12] = nonce.try_into().map_err(|_| wrong())?;
    let payload = Payload {
        msg: locked,
        aad: purpose.as_bytes(),
    };
    let plain = cipher(key)
        .decrypt(&Nonce::from(nonce), payload)
        .map_err(|_| wrong())?;
    Ok(Zeroizing::new(plain))
}

/// Copies bytes that must be a 32-byte key.
pub fn key_of(bytes: &[u8], what: &'static str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let key: [u8; 32] = bytes.try_into().map_err(|_| KeyError::Damaged { what })?;
    Ok(Zeroizing::new(key))
}

/// Reads bytes of a field.
pub fn bytes(fields: &Map, key: u64) -> Result<Vec<u8>, KeyError> {
    Ok(fields.need(key, Value::as_bytes)?.to_vec())
}

fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(&(*key).into())
}
