//! The hub's own keys: Ed25519 for its signatures, P-256 with a self-signed certificate for TLS;
//! and its name and addresses.
//!
//! Owns `keys/hub.key` `{0: 1, 1: Ed25519 seed, 2: TLS key (PKCS#8), 3: certificate (DER), 4: TLS
//! SPKI (DER), 255: check}`, mode 0600, and `hub.line` `{0: 1, 1: name, 2: [address]}`. Invariant:
//! keys that exist are never made anew: the pin and the hub's id stand in rosters.

use std::path::Path;

use ed25519_dalek::{Signer as _, SigningKey};
use imena_core::encoding::{Hash32, Map, PublicKey, Value};
use imena_core::environment::{Environment, read_file, replace_file};
use imena_core::keys::RosterHub;
use imena_core::model::ids::HubId;
use rcgen::PublicKeyData as _;
use zeroize::Zeroizing;

use crate::error::HubError;

const KEY_FILE: &str = "keys/hub.key";
const LINE_FILE: &str = "hub.line";
const FILE_BYTES_MAX: u64 = 64 * 1024;
const CHECK_KEY: u64 = 255;
const VERSION: u64 = 1;

/// The hub's keys, opened.
pub(crate) struct HubKeys {
    signing: SigningKey,
    public: PublicKey,
    tls_key: Zeroizing<Vec<u8>>,
    certificate: Vec<u8>,
    pin: Hash32,
    line: RosterHub,
}

impl std::fmt::Debug for HubKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HubKeys({})", self.public.id().short())
    }
}

impl HubKeys {
    /// Makes what is missing; keys that are there stay, name and addresses are replaced.
    pub fn set_up(
        environment: &Environment,
        dir: &Path,
        name: &str,
        addresses: &[String],
    ) -> Result<Self, HubError> {
        environment.files.create_dir_all(&dir.join("keys"))?;
        let path = dir.join(KEY_FILE);
        if environment.files.len(&path)?.is_none() {
            replace_file(environment, &path, &new_keys(environment)?)?;
        }
        let line = Map::new().uint(0, VERSION).text(1, name);
        let line = line.array(2, addresses.iter().map(Value::text));
        replace_file(environment, &dir.join(LINE_FILE), &line.encode())?;
        Self::open(environment, dir)
    }

    /// Opens the keys of a hub that was set up.
    pub fn open(environment: &Environment, dir: &Path) -> Result<Self, HubError> {
        let read = |name: &str| read_file(&*environment.files, &dir.join(name), FILE_BYTES_MAX);
        let keys = Zeroizing::new(read(KEY_FILE)?.ok_or(HubError::NotSetUp)?);
        let line = read(LINE_FILE)?.ok_or(HubError::NotSetUp)?;
        let damaged = || HubError::DamagedKeys { file: KEY_FILE };
        let (seed, tls_key, certificate, spki) = parse_keys(&keys).ok_or_else(damaged)?;
        let signing = SigningKey::from_bytes(&seed);
        let public = PublicKey::from_ed25519(&signing.verifying_key()).map_err(|_| damaged())?;
        let (name, addresses) =
            parse_line(&line).ok_or(HubError::DamagedKeys { file: LINE_FILE })?;
        let pin = Hash32::of(&spki);
        let line = RosterHub::new(public.spki().to_vec(), vec![pin], addresses, &name);
        Ok(Self {
            signing,
            public,
            tls_key,
            certificate,
            pin,
            line,
        })
    }

    /// The hub's id.
    pub fn id(&self) -> HubId {
        HubId(self.public.id())
    }

    /// The key that checks the hub's signatures.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// SHA-256 of the SPKI of the TLS certificate.
    pub fn pin(&self) -> Hash32 {
        self.pin
    }

    /// The hub's line of a roster.
    pub fn line(&self) -> &RosterHub {
        &self.line
    }

    /// The certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The TLS key, PKCS#8 DER.
    pub fn tls_key(&self) -> &[u8] {
        &self.tls_key
    }

    /// Signs with the hub's key; the shape that the core's builders ask for.
    pub fn signer(&self) -> impl Fn(&[u8]) -> Result<Vec<u8>, HubError> + '_ {
        |message| Ok(self.signing.sign(message).to_bytes().to_vec())
    }
}

fn new_keys(environment: &Environment) -> Result<Vec<u8>, HubError> {
    let tls = |error: rcgen::Error| HubError::Tls(error.to_string());
    let seed = Zeroizing::new(environment.random::<32>()?);
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(tls)?;
    // Phones know the hub by the hash of its key: name and dates of the certificate say nothing,
    // and no clock can make it invalid.
    let mut params =
        rcgen::CertificateParams::new(vec!["imena.invalid".to_owned()]).map_err(tls)?;
    params.not_before = rcgen::date_time_ymd(1970, 1, 1);
    params.not_after = rcgen::date_time_ymd(9999, 12, 31);
    let certificate = params.self_signed(&key).map_err(tls)?;
    let map = Map::new()
        .uint(0, VERSION)
        .bytes(1, *seed)
        .bytes(2, key.serialized_der())
        .bytes(3, certificate.der())
        .bytes(4, key.subject_public_key_info());
    let check = Hash32::of(&map.encode());
    Ok(map.with(CHECK_KEY, check).encode())
}

type Parsed = (Zeroizing<[u8; 32]>, Zeroizing<Vec<u8>>, Vec<u8>, Vec<u8>);

fn parse_keys(bytes: &[u8]) -> Option<Parsed> {
    let mut map = Map::decode(bytes).ok()?;
    let check = map.0.remove(&CHECK_KEY)?.as_hash()?;
    map.version(VERSION).ok()?;
    if check != Hash32::of(&map.encode()) {
        return None;
    }
    let seed = Zeroizing::new(map.get(1)?.as_bytes()?.try_into().ok()?);
    let tls_key = Zeroizing::new(map.get(2)?.as_bytes()?.to_vec());
    Some((
        seed,
        tls_key,
        map.get(3)?.as_bytes()?.to_vec(),
        map.get(4)?.as_bytes()?.to_vec(),
    ))
}

fn parse_line(bytes: &[u8]) -> Option<(String, Vec<String>)> {
    let map = Map::decode(bytes).ok()?;
    map.version(VERSION).ok()?;
    let addresses = map
        .list(2, |value| value.as_text().map(str::to_owned))
        .ok()?;
    Some((map.get(1)?.as_text()?.to_owned(), addresses))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn setting_up_again_keeps_the_keys_and_takes_the_new_address() {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment::system(0);
        let set_up = |address: &str| {
            HubKeys::set_up(&environment, dir.path(), "hub", &[address.to_owned()]).unwrap()
        };
        let (one, two) = (set_up("a:1"), set_up("b:2"));
        assert_eq!((one.id(), one.pin()), (two.id(), two.pin()));
        assert_eq!(two.line().addresses, ["b:2"]);
        let mode = std::fs::metadata(dir.path().join(KEY_FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_file_is_named_and_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment::system(0);
        HubKeys::set_up(&environment, dir.path(), "hub", &[]).unwrap();
        let path = dir.path().join(KEY_FILE);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[40] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let opened = HubKeys::set_up(&environment, dir.path(), "hub", &[]);
        assert!(matches!(
            opened,
            Err(HubError::DamagedKeys { file: KEY_FILE })
        ));
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}
