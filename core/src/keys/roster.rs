//! The roster: the organisation's one signed word on hubs, recipients, devices, issuers and revocations (formats.md §7).
//!
//! Owns its bytes and when a new one replaces the one at hand. Invariant: versions only rise; only the organisation's key signs one.

use thiserror::Error;

use super::OrgSigner;
use crate::encoding::{CoseError, DecodeError, Map, PublicKey, Signed, Value, What};
use crate::model::codes::Issuer;
use crate::model::ids::{DeviceId, HubId, OrgId};

const VERSION: u64 = 1;

/// What an organisation says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// The organisation.
    pub org: OrgId,
    /// Strictly rising.
    pub version: u64,
    /// DER SPKI of the organisation's signing key.
    pub org_spki: Vec<u8>,
    /// Age recipients by epoch; the highest epoch is the one to seal to.
    pub recipients: Vec<Recipient>,
    /// Hubs that phones may send to.
    pub hubs: Vec<RosterHub>,
    /// DER SPKIs of the authority keys.
    pub authorities: Vec<Vec<u8>>,
    /// Issuers granted to devices or printed rolls.
    pub issuers: Vec<Granted>,
    /// Devices that belong.
    pub devices: Vec<RosterDevice>,
    /// Chains that ended.
    pub revocations: Vec<Revocation>,
    /// What must be true before an original may leave a phone.
    pub policy: Policy,
    /// Lowest protocol version that may be spoken.
    pub protocol_min: u64,
    /// When the organisation signed, by the signer's clock, ms.
    pub issued_ms: i64,
}

/// An age recipient of the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Strictly rising.
    pub epoch: u64,
    /// `age1…`.
    pub recipient: String,
}

/// A hub's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterHub {
    /// DER SPKI of its signing key (Ed25519).
    pub spki: Vec<u8>,
    /// SHA-256 of the SPKI of its TLS keys.
    pub tls_pins: Vec<crate::encoding::Hash32>,
    /// `host:port`, in the order to try.
    pub addresses: Vec<String>,
    /// For people.
    pub name: String,
}

/// A device's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterDevice {
    /// DER SPKI of its signing key (P-256).
    pub spki: Vec<u8>,
    /// For people.
    pub name: String,
    /// Team code.
    pub team: String,
}

/// An issuer and who may issue with it; never granted twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The issuer.
    pub issuer: Issuer,
    /// The device, or a printed roll.
    pub device: Option<DeviceId>,
    /// For people.
    pub name: String,
}

/// The end of a chain: entries after `last_good_seq` are kept and flagged, not folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Whose chain.
    pub device: DeviceId,
    /// The last entry that counts; 0 = none.
    pub last_good_seq: u64,
}

/// The organisation's rule for freeing originals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Holders whose receipts are needed (never fewer than 1).
    pub holders_min: u64,
    /// Days by signed hub time between the first receipt and freeing.
    pub days_min: u64,
    /// Whether originals may leave phones at all.
    pub freeing: Freeing,
}

/// Whether originals may leave phones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freeing {
    /// By the free-space rule.
    Allowed,
    /// Never.
    Forbidden,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            holders_min: 2,
            days_min: 7,
            freeing: Freeing::Allowed,
        }
    }
}

/// A roster with the signature that it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRoster {
    /// What it says.
    pub roster: Roster,
    /// COSE_Sign1, as received.
    pub bytes: Vec<u8>,
}

/// Why a roster was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RosterError {
    /// Not a roster in its one spelling.
    #[error("roster: {0}")]
    Decode(#[from] DecodeError),
    /// Not signed by the organisation.
    #[error("roster: {0}")]
    Cose(#[from] CoseError),
    /// Of another organisation.
    #[error("roster of another organisation")]
    OtherOrg,
    /// Older than the one at hand, or another one of the same version.
    #[error("roster version {offered} is not newer than {known}")]
    NotNewer {
        /// The version at hand.
        known: u64,
        /// The version offered.
        offered: u64,
    },
    /// Contradicts itself.
    #[error("roster contradicts itself: {reason}")]
    Contradiction {
        /// How.
        reason: String,
    },
}

impl RosterHub {
    /// The hub's id.
    ///
    /// # Errors
    /// Its SPKI is not a key.
    pub fn id(&self) -> Result<HubId, RosterError> {
        key_id(&self.spki).map(HubId)
    }
}

impl RosterDevice {
    /// The device's id.
    ///
    /// # Errors
    /// Its SPKI is not a key.
    pub fn id(&self) -> Result<DeviceId, RosterError> {
        key_id(&self.spki).map(DeviceId)
    }
}

fn key_id(spki: &[u8]) -> Result<crate::encoding::Hash32, RosterError> {
    let key = PublicKey::from_spki(spki).map_err(CoseError::from)?;
    Ok(key.id())
}

impl Roster {
    /// The first roster of an organisation: no hub, no device yet.
    #[must_use]
    pub fn first(signer: &OrgSigner, recipient: String, issued_ms: i64) -> Self {
        Self {
            org: signer.org(),
            version: 1,
            org_spki: signer.public_key().spki().to_vec(),
            recipients: vec![Recipient {
                epoch: 1,
                recipient,
            }],
            hubs: Vec::new(),
            authorities: Vec::new(),
            issuers: Vec::new(),
            devices: Vec::new(),
            revocations: Vec::new(),
            policy: Policy::default(),
            protocol_min: 1,
            issued_ms,
        }
    }

    /// Signs this version.
    ///
    /// # Errors
    /// `Contradiction`: what phones would refuse is not signed.
    pub fn sign(self, signer: &OrgSigner) -> Result<SignedRoster, RosterError> {
        self.check()?;
        let bytes = signer.sign_roster(self.encode());
        SignedRoster::open(&bytes, self.org)
    }

    /// The recipient to seal to.
    #[must_use]
    pub fn recipient(&self) -> Option<&str> {
        let newest = self
            .recipients
            .iter()
            .max_by_key(|recipient| recipient.epoch);
        newest.map(|recipient| recipient.recipient.as_str())
    }

    /// The line of a hub.
    #[must_use]
    pub fn hub(&self, id: HubId) -> Option<&RosterHub> {
        self.hubs.iter().find(|hub| hub.id() == Ok(id))
    }

    /// The key of a hub.
    #[must_use]
    pub fn hub_key(&self, id: HubId) -> Option<PublicKey> {
        PublicKey::from_spki(&self.hub(id)?.spki).ok()
    }

    /// The line of a device.
    #[must_use]
    pub fn device(&self, id: DeviceId) -> Option<&RosterDevice> {
        self.devices.iter().find(|device| device.id() == Ok(id))
    }

    /// The issuers granted to a device, in the order of granting: the last one is in use.
    #[must_use]
    pub fn issuers_of(&self, device: DeviceId) -> Vec<&Issuer> {
        let granted = self
            .issuers
            .iter()
            .filter(|line| line.device == Some(device));
        granted.map(|line| &line.issuer).collect()
    }

    /// The last seq of a chain that counts, if the chain was ended.
    #[must_use]
    pub fn last_good_seq(&self, device: DeviceId) -> Option<u64> {
        let lines = self.revocations.iter().filter(|line| line.device == device);
        lines.map(|line| line.last_good_seq).min()
    }

    /// Adds a member device with an issuer nobody has had; gives the issuer.
    ///
    /// # Errors
    /// `Contradiction` when all issuers of the letter are used up, or the key is no key.
    pub fn admit(&mut self, device: RosterDevice) -> Result<Issuer, RosterError> {
        let id = device.id()?;
        let name = device.name.clone();
        self.devices.retain(|line| line.id() != Ok(id));
        self.devices.push(device);
        let issuer = self.free_issuer()?;
        self.issuers.push(Granted {
            issuer: issuer.clone(),
            device: Some(id),
            name,
        });
        Ok(issuer)
    }

    /// The lowest of T01 … T9999 that was never granted, also not to a device that is gone: numbers of a lost phone stay closed.
    fn free_issuer(&self) -> Result<Issuer, RosterError> {
        let full = || RosterError::Contradiction {
            reason: "all issuers T01 … T9999 granted".into(),
        };
        (1..=9999_u32)
            .filter_map(|n| Issuer::new(&format!("T{n:02}")).ok())
            .find(|issuer| self.issuers.iter().all(|line| line.issuer != *issuer))
            .ok_or_else(full)
    }

    fn check(&self) -> Result<(), RosterError> {
        let contradiction = |reason: &str| RosterError::Contradiction {
            reason: reason.to_owned(),
        };
        if OrgId(key_id(&self.org_spki)?) != self.org {
            return Err(contradiction("the organisation's key is not its id"));
        }
        if self.recipient().is_none() {
            return Err(contradiction("no recipient"));
        }
        let mut issuers: Vec<String> = self.issuers.iter().map(|l| l.issuer.to_string()).collect();
        issuers.sort_unstable();
        if issuers.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(contradiction("an issuer granted twice"));
        }
        for hub in &self.hubs {
            hub.id()?;
        }
        for device in &self.devices {
            device.id()?;
        }
        Ok(())
    }

    fn encode(&self) -> Vec<u8> {
        let texts = |list: &[String]| Value::Array(list.iter().map(Value::text).collect());
        let recipients = self.recipients.iter().map(|line| {
            Map::new()
                .uint(0, line.epoch)
                .text(1, &line.recipient)
                .into()
        });
        let hubs = self.hubs.iter().map(|line| {
            Map::new()
                .with_some(0, line.id().ok())
                .bytes(1, &line.spki)
                .array(2, line.tls_pins.iter().map(|pin| Value::from(*pin)))
                .with(3, texts(&line.addresses))
                .text(4, &line.name)
                .into()
        });
        let issuers = self.issuers.iter().map(|line| {
            let map = Map::new().text(0, line.issuer.to_string());
            map.with_some(1, line.device).text(2, &line.name).into()
        });
        let devices = self.devices.iter().map(|line| {
            let map = Map::new().with_some(0, line.id().ok()).bytes(1, &line.spki);
            map.text(2, &line.name).text(3, &line.team).into()
        });
        let revocations = self.revocations.iter().map(|line| {
            Map::new()
                .with(0, line.device)
                .uint(1, line.last_good_seq)
                .into()
        });
        let freeing = match self.policy.freeing {
            Freeing::Allowed => 1,
            Freeing::Forbidden => 0,
        };
        let policy = Map::new()
            .uint(0, self.policy.holders_min)
            .uint(1, self.policy.days_min)
            .uint(2, freeing);
        Map::new()
            .uint(0, VERSION)
            .with(1, self.org)
            .uint(2, self.version)
            .bytes(3, &self.org_spki)
            .array(4, recipients)
            .array(5, hubs)
            .array(6, self.authorities.iter().map(Value::bytes))
            .array(7, issuers)
            .array(8, devices)
            .array(9, revocations)
            .with(10, policy)
            .uint(11, self.protocol_min)
            .int(12, self.issued_ms)
            .encode()
    }

    fn decode(bytes: &[u8]) -> Result<Self, RosterError> {
        let map = Map::decode(bytes)?;
        map.version(VERSION)?;
        let policy = map.need(10, Value::as_map)?;
        let freeing = match policy.need(2, Value::as_uint)? {
            1 => Freeing::Allowed,
            0 => Freeing::Forbidden,
            2.. => return Err(DecodeError::WrongType { key: 2 }.into()),
        };
        Ok(Self {
            org: map.need(1, OrgId::from_value)?,
            version: map.need(2, Value::as_uint)?,
            org_spki: owned(map.need(3, Value::as_bytes)?),
            recipients: lines(&map, 4, |line| {
                let recipient = line.need(1, Value::as_text)?.to_owned();
                Ok(Recipient {
                    epoch: line.need(0, Value::as_uint)?,
                    recipient,
                })
            })?,
            hubs: lines(&map, 5, |line| {
                Ok(RosterHub {
                    spki: owned(line.need(1, Value::as_bytes)?),
                    tls_pins: line.list(2, Value::as_hash)?,
                    addresses: line.list(3, |value| value.as_text().map(str::to_owned))?,
                    name: line.need(4, Value::as_text)?.to_owned(),
                })
            })?,
            authorities: map.list(6, |value| value.as_bytes().map(owned))?,
            issuers: lines(&map, 7, |line| {
                Ok(Granted {
                    issuer: line.need(0, |v| v.as_text().and_then(|t| t.parse().ok()))?,
                    device: line.may(1, DeviceId::from_value)?,
                    name: line.need(2, Value::as_text)?.to_owned(),
                })
            })?,
            devices: lines(&map, 8, |line| {
                Ok(RosterDevice {
                    spki: owned(line.need(1, Value::as_bytes)?),
                    name: line.need(2, Value::as_text)?.to_owned(),
                    team: line.need(3, Value::as_text)?.to_owned(),
                })
            })?,
            revocations: lines(&map, 9, |line| {
                let last_good_seq = line.need(1, Value::as_uint)?;
                Ok(Revocation {
                    device: line.need(0, DeviceId::from_value)?,
                    last_good_seq,
                })
            })?,
            policy: Policy {
                holders_min: policy.need(0, Value::as_uint)?.max(1),
                days_min: policy.need(1, Value::as_uint)?,
                freeing,
            },
            protocol_min: map.need(11, Value::as_uint)?,
            issued_ms: map.need(12, Value::as_int)?,
        })
    }
}

fn owned(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

fn lines<T>(
    map: &Map,
    key: u64,
    read: impl Fn(&Map) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    map.list(key, Value::as_map)?
        .into_iter()
        .map(read)
        .collect()
}

impl SignedRoster {
    /// Opens a roster that claims to be of `org`.
    ///
    /// # Errors
    /// See [`RosterError`].
    pub fn open(bytes: &[u8], org: OrgId) -> Result<Self, RosterError> {
        let signed = Signed::parse(bytes, What::Roster)?;
        let roster = Roster::decode(signed.claimed_payload())?;
        if roster.org != org {
            return Err(RosterError::OtherOrg);
        }
        let key = PublicKey::from_spki(&roster.org_spki).map_err(CoseError::from)?;
        if OrgId(key.id()) != org {
            return Err(RosterError::OtherOrg);
        }
        signed.verify(&key, &org.0)?;
        roster.check()?;
        Ok(Self {
            roster,
            bytes: bytes.to_vec(),
        })
    }

    /// Takes a roster that came from anywhere in place of the one at hand.
    ///
    /// # Errors
    /// `NotNewer` for an older one, or for another one of the same version; the same bytes again are accepted.
    pub fn succeed(self, offered: &[u8]) -> Result<Self, RosterError> {
        if offered == self.bytes {
            return Ok(self);
        }
        let newer = Self::open(offered, self.roster.org)?;
        if newer.roster.version <= self.roster.version {
            let (known, offered) = (self.roster.version, newer.roster.version);
            return Err(RosterError::NotNewer { known, offered });
        }
        Ok(newer)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::environment::Environment;
    use crate::keys::{KeyVault as _, Organisation, PassphraseCost, SoftwareVault};

    fn organisation() -> (tempfile::TempDir, Organisation) {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment::system(0);
        let made = Organisation::create(&environment, dir.path(), "beech", PassphraseCost::TEST);
        (dir, made.unwrap().0)
    }

    fn first(org: &Organisation) -> Roster {
        Roster::first(&org.signer, org.identity.recipient(), 0)
    }

    #[test]
    fn versions_only_rise() {
        let (_dir, org) = organisation();
        let one = first(&org).sign(&org.signer).unwrap();
        let two = Roster {
            version: 2,
            ..first(&org)
        }
        .sign(&org.signer)
        .unwrap();
        let at_two = one.clone().succeed(&two.bytes).unwrap();
        assert_eq!(at_two.clone().succeed(&two.bytes).unwrap(), at_two);
        let back = at_two.clone().succeed(&one.bytes);
        assert_eq!(
            back,
            Err(RosterError::NotNewer {
                known: 2,
                offered: 1
            })
        );
        let other = Roster {
            version: 2,
            issued_ms: 9,
            ..first(&org)
        }
        .sign(&org.signer)
        .unwrap();
        assert!(
            at_two.succeed(&other.bytes).is_err(),
            "another roster of one version"
        );
    }

    #[test]
    fn only_the_organisation_signs_its_roster() {
        let ((_a, ours), (_b, theirs)) = (organisation(), organisation());
        let forged = theirs.signer.sign_roster(first(&ours).encode());
        assert!(SignedRoster::open(&forged, ours.signer.org()).is_err());
        let foreign = first(&theirs).sign(&theirs.signer).unwrap();
        assert_eq!(
            SignedRoster::open(&foreign.bytes, ours.signer.org()),
            Err(RosterError::OtherOrg)
        );
    }

    #[test]
    fn two_devices_never_get_one_issuer() {
        let (dir, org) = organisation();
        let environment = Environment::system(0);
        let mut roster = first(&org);
        let mut issuers = Vec::new();
        for name in ["one", "two", "three"] {
            let vault = SoftwareVault::create(&environment, &dir.path().join(name)).unwrap();
            let spki = vault.device_spki().unwrap();
            let device = RosterDevice {
                spki,
                name: name.into(),
                team: "T".into(),
            };
            issuers.push(roster.admit(device).unwrap().to_string());
        }
        assert_eq!(issuers, ["T01", "T02", "T03"]);
        roster.issuers[1].issuer = roster.issuers[0].issuer.clone();
        let refused = roster.sign(&org.signer);
        assert!(matches!(refused, Err(RosterError::Contradiction { .. })));
    }
}
