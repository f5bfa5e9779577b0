//! The organisation's two secrets, each in a passphrase-sealed file that stock `age` opens: the signing key of the roster and the identity that
//! opens every sealed file.
//!
//! No hub process ever holds the signing key; a hub holds the identity only while an operator has unlocked it.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use age::secrecy::{ExposeSecret as _, SecretString};
use age::{scrypt, x25519};
use ed25519_dalek::{Signer as _, SigningKey};
use zeroize::Zeroizing;

use super::KeyError;
use super::key_file::random_key;
use crate::encoding::{Map, PublicKey, What, cose};
use crate::environment::{Environment, read_file, replace_file};
use crate::model::ids::OrgId;

/// File of the signing key.
pub const SIGNING_FILE: &str = "org-signing.age";
/// File of the identity.
pub const IDENTITY_FILE: &str = "org-identity.age";
const FILE_BYTES_MAX: u64 = 16 * 1024;
const SIGNING: &str = "organisation signing key";
const IDENTITY: &str = "organisation identity";

/// log2 of scrypt's N around a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassphraseCost(pub u8);

impl PassphraseCost {
    /// 2^17 with r = 8: 128 MiB and about a third of a second.
    pub const FIELD: Self = Self(17);
    /// For tests that do not test the cost.
    pub const TEST: Self = Self(2);
    /// What a file may ask for: 2^20 takes a gigabyte.
    const MAX: u8 = 20;
}

/// Both secrets, as just made.
#[derive(Debug)]
pub struct Organisation {
    /// Signs rosters.
    pub signer: OrgSigner,
    /// Opens sealed files.
    pub identity: OrgIdentity,
}

impl Organisation {
    /// Makes an organisation and writes its two files into `dir`; gives where they lie.
    ///
    /// # Errors
    /// One of the files exists already, or the disk refuses.
    pub fn create(
        environment: &Environment,
        dir: &Path,
        passphrase: &str,
        cost: PassphraseCost,
    ) -> Result<(Self, [PathBuf; 2]), KeyError> {
        environment.files.create_dir_all(dir)?;
        let paths = [dir.join(SIGNING_FILE), dir.join(IDENTITY_FILE)];
        for path in &paths {
            if environment.files.len(path)?.is_some() {
                return Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists).into());
            }
        }
        let signing = SigningKey::from_bytes(&*random_key(environment)?);
        let identity = x25519::Identity::generate();
        let organisation = Self {
            signer: OrgSigner::new(signing)?,
            identity: OrgIdentity(identity),
        };
        let seed = Zeroizing::new(format!(
            "# Imena organisation signing key, Ed25519 seed; organisation {}\n{}\n",
            organisation.signer.org(),
            data_encoding::HEXLOWER.encode(organisation.signer.key.as_bytes()),
        ));
        let secret = organisation.identity.0.to_string();
        let identity_text = Zeroizing::new(format!(
            "# Imena organisation identity; recipient {}\n{}\n",
            organisation.identity.recipient(),
            secret.expose_secret(),
        ));
        let [signing_path, identity_path] = &paths;
        for (path, text) in [(signing_path, &seed), (identity_path, &identity_text)] {
            replace_file(environment, path, &seal(text.as_bytes(), passphrase, cost)?)?;
        }
        Ok((organisation, paths))
    }
}

/// The key that signs rosters.
pub struct OrgSigner {
    org: OrgId,
    key: SigningKey,
    public: PublicKey,
}

impl std::fmt::Debug for OrgSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OrgSigner({})", self.org())
    }
}

impl OrgSigner {
    fn new(key: SigningKey) -> Result<Self, KeyError> {
        let public = PublicKey::from_ed25519(&key.verifying_key())
            .map_err(|_| KeyError::Damaged { what: SIGNING })?;
        let org = OrgId(public.id());
        Ok(Self { org, key, public })
    }

    /// Opens the signing file.
    ///
    /// # Errors
    /// `Wrong` passphrase, `Missing` or `Damaged` file.
    pub fn open(
        environment: &Environment,
        path: &Path,
        passphrase: &str,
    ) -> Result<Self, KeyError> {
        let text = unseal(environment, path, passphrase, SIGNING)?;
        let damaged = || KeyError::Damaged { what: SIGNING };
        let line = secret_line(&text).ok_or_else(damaged)?;
        let seed = data_encoding::HEXLOWER
            .decode(line.as_bytes())
            .map_err(|_| damaged())?;
        let seed: [u8; 32] = seed.try_into().map_err(|_| damaged())?;
        Self::new(SigningKey::from_bytes(&seed))
    }

    /// The organisation's id.
    #[must_use]
    pub fn org(&self) -> OrgId {
        self.org
    }

    /// Makes the key that follows this one as the organisation's `n`-th successor, and this key's word for it.
    ///
    /// # Errors
    /// No entropy.
    pub fn successor(
        &self,
        environment: &Environment,
        n: u64,
    ) -> Result<(Self, Vec<u8>), KeyError> {
        let next = Self {
            org: self.org,
            ..Self::new(SigningKey::from_bytes(&*random_key(environment)?))?
        };
        let payload = Map::new()
            .uint(0, 1)
            .with(1, self.org)
            .uint(2, n)
            .bytes(3, next.public.spki());
        let word = self.sign(What::Succession, payload.encode());
        Ok((next, word))
    }

    /// The public key of this signing key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a roster's payload.
    #[must_use]
    pub fn sign_roster(&self, payload: Vec<u8>) -> Vec<u8> {
        self.sign(What::Roster, payload)
    }

    fn sign(&self, what: What, payload: Vec<u8>) -> Vec<u8> {
        let sign = |message: &[u8]| {
            Ok::<_, std::convert::Infallible>(self.key.sign(message).to_bytes().to_vec())
        };
        cose::sign1(what, &self.public, &self.org.0, payload, sign).unwrap_or_default()
    }
}

/// The identity that opens every sealed file of the organisation.
#[derive(Clone)]
pub struct OrgIdentity(x25519::Identity);

impl std::fmt::Debug for OrgIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OrgIdentity({})", self.recipient())
    }
}

impl OrgIdentity {
    /// Opens the identity file.
    ///
    /// # Errors
    /// `Wrong` passphrase, `Missing` or `Damaged` file.
    pub fn open(
        environment: &Environment,
        path: &Path,
        passphrase: &str,
    ) -> Result<Self, KeyError> {
        let text = unseal(environment, path, passphrase, IDENTITY)?;
        let line = secret_line(&text).ok_or(KeyError::Damaged { what: IDENTITY })?;
        let identity = x25519::Identity::from_str(line);
        identity
            .map(Self)
            .map_err(|_| KeyError::Damaged { what: IDENTITY })
    }

    /// The public half, `age1…`.
    #[must_use]
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    /// The age identity.
    #[must_use]
    pub fn identity(&self) -> &x25519::Identity {
        &self.0
    }

    /// A database key that only whoever holds the identity can derive: for a hub's disposable index.
    #[must_use]
    pub fn derive(&self, purpose: &'static str) -> super::DatabaseKey {
        super::key_file::derive(self.0.to_string().expose_secret().as_bytes(), purpose)
    }
}

fn secret_line(text: &str) -> Option<&str> {
    text.lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))
}

fn seal(plain: &[u8], passphrase: &str, cost: PassphraseCost) -> Result<Vec<u8>, KeyError> {
    let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase.to_owned()));
    recipient.set_work_factor(cost.0);
    Ok(age::encrypt(&recipient, plain).map_err(std::io::Error::other)?)
}

fn unseal(
    environment: &Environment,
    path: &Path,
    passphrase: &str,
    what: &'static str,
) -> Result<Zeroizing<String>, KeyError> {
    let sealed =
        read_file(&*environment.files, path, FILE_BYTES_MAX)?.ok_or(KeyError::Missing { what })?;
    let mut identity = scrypt::Identity::new(SecretString::from(passphrase.to_owned()));
    identity.set_max_work_factor(PassphraseCost::MAX);
    let plain = age::decrypt(&identity, &sealed).map_err(|error| match error {
        // age names a passphrase that opens no stanza in one of these two ways.
        age::DecryptError::DecryptionFailed
        | age::DecryptError::NoMatchingKeys
        | age::DecryptError::KeyDecryptionFailed => KeyError::Wrong { what },
        // Everything else is a header, MAC or body that is not what was written (age's enum is not ours and may grow).
        _ => KeyError::Damaged { what },
    })?;
    String::from_utf8(plain)
        .map(Zeroizing::new)
        .map_err(|_| KeyError::Damaged { what })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn the_two_files_open_with_the_passphrase_and_tell_wrong_from_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment::system(0);
        let (made, [signing, identity]) =
            Organisation::create(&environment, dir.path(), "beech wood", PassphraseCost::TEST)
                .unwrap();
        let signer = OrgSigner::open(&environment, &signing, "beech wood").unwrap();
        assert_eq!(signer.org(), made.signer.org());
        let opened = OrgIdentity::open(&environment, &identity, "beech wood").unwrap();
        assert_eq!(opened.recipient(), made.identity.recipient());

        let wrong = OrgSigner::open(&environment, &signing, "oak wood");
        assert!(matches!(wrong, Err(KeyError::Wrong { .. })));
        let mut bytes = std::fs::read(&signing).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&signing, bytes).unwrap();
        let damaged = OrgSigner::open(&environment, &signing, "beech wood");
        assert!(matches!(damaged, Err(KeyError::Damaged { .. })));
    }

    #[test]
    fn a_second_organisation_never_overwrites_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment::system(0);
        let make = || Organisation::create(&environment, dir.path(), "beech", PassphraseCost::TEST);
        make().unwrap();
        assert!(matches!(make(), Err(KeyError::Io(_))));
    }
}
