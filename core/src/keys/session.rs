//! The session key: an age identity made by "start of work" and destroyed by close-out, after which the phone shows facts but no pictures.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use age::secrecy::ExposeSecret as _;
use age::x25519;

use super::key_file::{self, bytes};
use super::{KeyError, VaultKeys};
use crate::encoding::{Hash32, Map, Value};
use crate::environment::Environment;

const WHAT: &str = "session";

/// One session's identity.
#[derive(Clone)]
pub struct SessionKey {
    identity: x25519::Identity,
}

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SessionKey({})", self.recipient())
    }
}

impl SessionKey {
    /// Makes a session key and keeps it under the vault's keys.
    ///
    /// # Errors
    /// The disk's.
    pub fn create(
        environment: &Environment,
        dir: &Path,
        keys: &VaultKeys,
    ) -> Result<Self, KeyError> {
        let session = Self {
            identity: x25519::Identity::generate(),
        };
        let recipient = session.recipient();
        let secret = session.identity.to_string();
        let (nonce, locked) = key_file::lock(
            environment,
            &keys.session(),
            WHAT,
            secret.expose_secret().as_bytes(),
        )?;
        let fields = Map::new()
            .text(1, recipient.clone())
            .bytes(2, nonce)
            .bytes(3, locked);
        key_file::write(environment, &path(dir, &recipient), fields)?;
        Ok(session)
    }

    /// Opens every session key that still exists; damaged ones are named, not fatal: pictures of the others still open.
    ///
    /// # Errors
    /// The disk's, or vault keys that are not these files'.
    pub fn open_all(
        environment: &Environment,
        dir: &Path,
        keys: &VaultKeys,
    ) -> Result<(Vec<Self>, Vec<String>), KeyError> {
        let (mut opened, mut damaged) = (Vec::new(), Vec::new());
        for listed in environment.files.list(&dir.join("keys"))? {
            if !listed.name.starts_with("session-") {
                continue;
            }
            let path = dir.join("keys").join(&listed.name);
            match key_file::read(environment, &path, WHAT).and_then(|fields| open(keys, &fields)) {
                Ok(session) => opened.push(session),
                Err(KeyError::Damaged { .. } | KeyError::Decode(_)) => damaged.push(listed.name),
                Err(error) => return Err(error),
            }
        }
        Ok((opened, damaged))
    }

    /// Destroys the key: the wrapped bytes are replaced by zeros, made durable, then the file is removed.
    ///
    /// # Errors
    /// The disk's; the caller must say that the key may still exist.
    pub fn destroy(environment: &Environment, dir: &Path, recipient: &str) -> Result<(), KeyError> {
        let path = path(dir, recipient);
        let Some(len) = environment.files.len(&path)? else {
            return Ok(());
        };
        let zeros = vec![0; usize::try_from(len).unwrap_or_default()];
        crate::environment::replace_file(environment, &path, &zeros)?;
        environment.files.remove(&path)?;
        environment.files.sync_dir(path.parent().unwrap_or(dir))?;
        Ok(())
    }

    /// The public half, `age1…`.
    #[must_use]
    pub fn recipient(&self) -> String {
        self.identity.to_public().to_string()
    }

    /// The identity that opens files sealed to this session.
    #[must_use]
    pub fn identity(&self) -> &x25519::Identity {
        &self.identity
    }
}

fn open(keys: &VaultKeys, fields: &Map) -> Result<SessionKey, KeyError> {
    let damaged = || KeyError::Damaged { what: WHAT };
    let secret = key_file::unlock(
        &keys.session(),
        WHAT,
        &bytes(fields, 2)?,
        &bytes(fields, 3)?,
    )?;
    let text = std::str::from_utf8(&secret).map_err(|_| damaged())?;
    let identity = x25519::Identity::from_str(text).map_err(|_| damaged())?;
    let session = SessionKey { identity };
    if fields.need(1, Value::as_text)? != session.recipient() {
        return Err(damaged());
    }
    Ok(session)
}

fn path(dir: &Path, recipient: &str) -> PathBuf {
    let id: String = Hash32::of(recipient.as_bytes())
        .to_hex()
        .chars()
        .take(16)
        .collect();
    dir.join("keys").join(format!("session-{id}.key"))
}
