//! What the admin interface of a running hub says and takes, for the program that asks (`imena org
//! approve`) and for the hub.
//!
//! The interface stands on the loopback page only, under `/admin/`, and asks for the token in
//! `keys/admin.token`, which is new at each start; its address stands in `admin.address`. Bodies
//! are the CBOR of formats.md §1. Does not open the organisation's files: that is the terminal's
//! work.

use std::path::Path;
use std::str::FromStr as _;

use age::secrecy::ExposeSecret as _;
use age::x25519;
use imena_core::encoding::{DecodeError, Map, Value};
use imena_core::environment::{Environment, read_file};
use imena_core::keys::{DatabaseKey, OrgIdentity, RosterHub};
use imena_core::model::ids::{DeviceId, HubId};
use zeroize::Zeroizing;

use crate::error::HubError;
use crate::hub::Status;

/// File of the token, mode 0600.
pub const TOKEN_FILE: &str = "keys/admin.token";
/// File of the page's address.
pub const ADDRESS_FILE: &str = "admin.address";
/// Scheme of the `Authorization` header; the token follows.
pub const SCHEME: &str = "Imena-Admin";
const FILE_BYTES_MAX: u64 = 1024;
const JOURNAL_PURPOSE: &str = "imena hub journal v1";

/// How to reach the admin interface of the hub that runs in a folder.
#[derive(Clone, Debug)]
pub struct Access {
    /// `host:port` of the loopback page.
    pub address: String,
    /// For the `Authorization` header, after [`SCHEME`] and a space.
    pub token: Zeroizing<String>,
}

/// A device that wishes to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The device.
    pub device: DeviceId,
    /// DER SPKI of its key, for its line of the roster.
    pub spki: Vec<u8>,
    /// As its owner typed it.
    pub name: String,
    /// To be compared with its screen.
    pub digits: String,
    /// The hub's clock, ms.
    pub since_ms: i64,
}

/// What unlocks a hub: the identity and the key of its disposable journal, both from the
/// organisation's opened identity file.
pub struct Unlock {
    pub(crate) identity: x25519::Identity,
    pub(crate) journal_key: DatabaseKey,
}

impl std::fmt::Debug for Unlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unlock")
    }
}

impl Access {
    /// Reads where the hub of a folder listens.
    ///
    /// # Errors
    /// `NotFound` if no hub with a page runs there, or the disk's.
    pub fn read(environment: &Environment, dir: &Path) -> Result<Self, HubError> {
        let read = |name: &str| -> Result<String, HubError> {
            let bytes = read_file(&*environment.files, &dir.join(name), FILE_BYTES_MAX)?;
            let bytes = bytes
                .ok_or(std::io::ErrorKind::NotFound)
                .map_err(std::io::Error::from)?;
            Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
        };
        Ok(Self {
            address: read(ADDRESS_FILE)?,
            token: Zeroizing::new(read(TOKEN_FILE)?),
        })
    }
}

impl Unlock {
    /// Takes what a hub needs from an opened identity.
    #[must_use]
    pub fn of(identity: &OrgIdentity) -> Self {
        let journal_key = identity.derive(JOURNAL_PURPOSE);
        Self {
            identity: identity.identity().clone(),
            journal_key,
        }
    }

    /// The body of `POST /admin/unlock`.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let identity = self.identity.to_string();
        let map = Map::new()
            .text(0, identity.expose_secret())
            .bytes(1, *self.journal_key);
        Zeroizing::new(map.encode())
    }

    /// Reads the body of `POST /admin/unlock`.
    ///
    /// # Errors
    /// `BadIdentity`.
    pub fn decode(bytes: &[u8]) -> Result<Self, HubError> {
        let read = || {
            let map = Map::decode(bytes).ok()?;
            let identity = x25519::Identity::from_str(map.get(0)?.as_text()?).ok()?;
            let key: [u8; 32] = map.get(1)?.as_bytes()?.try_into().ok()?;
            Some(Self {
                identity,
                journal_key: DatabaseKey::new(key),
            })
        };
        read().ok_or(HubError::BadIdentity)
    }
}

impl Pending {
    /// The body of `GET /admin/pending`.
    #[must_use]
    pub fn encode_all(all: &[Self]) -> Vec<u8> {
        let lines = all.iter().map(|line| {
            Map::new()
                .with(0, line.device)
                .bytes(1, &line.spki)
                .text(2, &line.name)
                .text(3, &line.digits)
                .int(4, line.since_ms)
                .into()
        });
        Map::new().array(0, lines).encode()
    }

    /// Reads the body of `GET /admin/pending`.
    ///
    /// # Errors
    /// Another spelling.
    pub fn decode_all(bytes: &[u8]) -> Result<Vec<Self>, DecodeError> {
        let map = Map::decode(bytes)?;
        let lines = map.list(0, Value::as_map)?;
        let read = |line: &Map| {
            Ok(Self {
                device: line.need(0, DeviceId::from_value)?,
                spki: line.need(1, Value::as_bytes)?.to_vec(),
                name: line.need(2, Value::as_text)?.to_owned(),
                digits: line.need(3, Value::as_text)?.to_owned(),
                since_ms: line.need(4, Value::as_int)?,
            })
        };
        lines.into_iter().map(read).collect()
    }
}

/// The body of `POST /admin/dismiss`: a device that wishes to join and that nobody knows.
#[must_use]
pub fn encode_dismiss(device: DeviceId) -> Vec<u8> {
    Map::new().with(0, device).encode()
}

pub(crate) fn decode_dismiss(bytes: &[u8]) -> Result<DeviceId, HubError> {
    let read = Map::decode(bytes).and_then(|map| map.need(0, DeviceId::from_value));
    Ok(read.map_err(imena_core::keys::RosterError::from)?)
}

/// The body of `GET /admin/line`.
#[must_use]
pub fn encode_line(line: &RosterHub) -> Vec<u8> {
    line.to_map().encode()
}

/// Reads the body of `GET /admin/line`.
///
/// # Errors
/// Another spelling.
pub fn decode_line(bytes: &[u8]) -> Result<RosterHub, DecodeError> {
    RosterHub::from_map(&Map::decode(bytes)?)
}

impl Status {
    /// The body of `GET /admin/status`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Map::new()
            .with(0, self.hub)
            .uint(1, self.roster_version)
            .uint(2, u64::from(self.is_locked))
            .uint(3, self.hub_seq)
            .uint(4, self.entries)
            .encode()
    }

    /// Reads the body of `GET /admin/status`.
    ///
    /// # Errors
    /// Another spelling.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let map = Map::decode(bytes)?;
        Ok(Self {
            hub: map.need(0, HubId::from_value)?,
            roster_version: map.need(1, Value::as_uint)?,
            is_locked: map.need(2, Value::as_uint)? == 1,
            hub_seq: map.need(3, Value::as_uint)?,
            entries: map.need(4, Value::as_uint)?,
        })
    }
}

/// The body of the reply to `POST /admin/sign-in`: the path to open in a browser, good once.
///
/// # Errors
/// Another spelling.
pub fn decode_sign_in(bytes: &[u8]) -> Result<String, DecodeError> {
    Ok(Map::decode(bytes)?.need(0, Value::as_text)?.to_owned())
}
