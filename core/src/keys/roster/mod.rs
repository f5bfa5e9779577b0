//! The roster: the organisation's one signed word on hubs, recipients, authorities, devices, issuers and rights (formats.md §7).
//!
//! Owns what a roster says and what follows from it. Its bytes are `bytes.rs`; its signature, its successor and the succession of signing keys
//! are `signed.rs`. Invariant: whoever stood in a roster once stands in every later one, with their state, so that old signatures stay verifiable.

mod bytes;
mod signed;

pub use signed::SignedRoster;

use std::collections::BTreeSet;

use thiserror::Error;

use super::OrgSigner;
use crate::encoding::{CoseError, DecodeError, Hash32, Map, PublicKey};
use crate::model::codes::Issuer;
use crate::model::ids::{DeviceId, EntryId, HubId, OrgId, ReceiptId, SubjectId};

/// What an organisation says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// The organisation: the id of its first signing key.
    pub org: OrgId,
    /// Rises by one.
    pub version: u64,
    /// DER SPKI of the organisation's first signing key.
    pub org_spki: Vec<u8>,
    /// SHA-256 of the roster before it, as signed; absent for version 1.
    pub previous: Option<Hash32>,
    /// Successions of the signing key in order, each COSE by the key before it; the last one signs.
    pub successions: Vec<Vec<u8>>,
    /// Age recipients by epoch; the highest active epoch is the one to seal to.
    pub recipients: Vec<Recipient>,
    /// Hubs that phones may send to, and those that they could.
    pub hubs: Vec<RosterHub>,
    /// Keys of which two together may order an erasure.
    pub authorities: Vec<Authority>,
    /// Issuers granted to devices or printed rolls.
    pub issuers: Vec<Granted>,
    /// Devices that belong, and those that did.
    pub devices: Vec<RosterDevice>,
    /// What must be true before an original may leave a phone.
    pub policy: Policy,
    /// Lowest protocol version that may be spoken.
    pub protocol_min: u64,
    /// When the organisation signed, by the signer's clock, ms.
    pub issued_ms: i64,
    /// Who may speak with more than a rescuer's rights.
    pub rights: Vec<Right>,
    /// Keys of a newer version: signed again as they came.
    pub newer: Map,
}

/// How a key or a place in the roster stands today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineState {
    /// In use.
    Active,
    /// Out of use in good order.
    Retired,
    /// Nobody knows who has it.
    Lost,
    /// Somebody else has it, or it did harm.
    Revoked,
    /// A state of a newer version: not in use, as far as this program can tell.
    Newer(u64),
}

/// An age recipient of the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Strictly rising.
    pub epoch: u64,
    /// `age1…`.
    pub recipient: String,
    /// Whether it is sealed to.
    pub state: LineState,
}

/// A hub's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterHub {
    /// DER SPKI of its signing key (Ed25519).
    pub spki: Vec<u8>,
    /// SHA-256 of the SPKI of its TLS keys.
    pub tls_pins: Vec<Hash32>,
    /// `host:port`, in the order to try.
    pub addresses: Vec<String>,
    /// For people.
    pub name: String,
    /// Whether phones send to it.
    pub state: LineState,
    /// Its last receipt that counts; owed for a lost or revoked hub.
    pub last_good: Option<LastGoodReceipt>,
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
    /// Whether it belongs.
    pub state: LineState,
    /// Its last entry that counts; owed for a lost or revoked device.
    pub last_good: Option<LastGoodEntry>,
}

/// The last entry that counts of a chain that was ended; what it reaches by `prev` counts too, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastGoodEntry {
    /// Its number; 0 if nothing counts.
    pub seq: u64,
    /// Its id; the device id if nothing counts.
    pub entry: EntryId,
}

/// The last receipt that counts of a hub that was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastGoodReceipt {
    /// Its epoch.
    pub epoch: [u8; 16],
    /// Its number.
    pub hub_seq: u64,
    /// Its id.
    pub receipt: ReceiptId,
}

/// A key that may, with another one, order an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// DER SPKI (Ed25519).
    pub spki: Vec<u8>,
    /// For people.
    pub name: String,
    /// Whether it may order from now on.
    pub state: LineState,
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

/// A right that a person has by the organisation's word: any other role is a claim, with a rescuer's rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// The person.
    pub operator: SubjectId,
    /// For people.
    pub name: String,
    /// Code of the operator role.
    pub role: String,
    /// SHA-256 of the secret on the person's badge.
    pub badge_sha256: Hash32,
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

/// Why a roster was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RosterError {
    /// Not in the one spelling, or not a roster.
    #[error("roster: {0}")]
    Decode(#[from] DecodeError),
    /// Not signed by the organisation.
    #[error("roster: {0}")]
    Cose(#[from] CoseError),
    /// Of another organisation.
    #[error("roster of another organisation")]
    OtherOrg,
    /// Older than the one at hand.
    #[error("roster version {offered} is not newer than {known}")]
    NotNewer {
        /// The version at hand.
        known: u64,
        /// The version offered.
        offered: u64,
    },
    /// Another one of the version at hand, both signed: the signing key is in two hands, or was used twice. The first one stays.
    #[error("two different rosters of version {version} are signed: the organisation must look")]
    TwoOfOneVersion {
        /// Which version.
        version: u64,
    },
    /// Contradicts itself, or what stood before it.
    #[error("roster contradicts itself: {reason}")]
    Contradiction {
        /// How.
        reason: String,
    },
}

impl LineState {
    /// Whether it is in use.
    #[must_use]
    pub fn is_active(self) -> bool {
        match self {
            Self::Active => true,
            Self::Retired | Self::Lost | Self::Revoked | Self::Newer(_) => false,
        }
    }

    /// Whether the line owes the last thing that counts.
    fn owes_last_good(self) -> bool {
        match self {
            Self::Lost | Self::Revoked => true,
            Self::Active | Self::Retired | Self::Newer(_) => false,
        }
    }
}

impl RosterHub {
    /// The line of a hub in use.
    #[must_use]
    pub fn new(spki: Vec<u8>, tls_pins: Vec<Hash32>, addresses: Vec<String>, name: &str) -> Self {
        Self {
            spki,
            tls_pins,
            addresses,
            name: name.to_owned(),
            state: LineState::Active,
            last_good: None,
        }
    }

    /// The hub's id.
    ///
    /// # Errors
    /// Its SPKI is not a key.
    pub fn id(&self) -> Result<HubId, RosterError> {
        key_id(&self.spki).map(HubId)
    }
}

impl RosterDevice {
    /// The line of a device that belongs.
    #[must_use]
    pub fn new(spki: Vec<u8>, name: &str, team: &str) -> Self {
        Self {
            spki,
            name: name.to_owned(),
            team: team.to_owned(),
            state: LineState::Active,
            last_good: None,
        }
    }

    /// The device's id.
    ///
    /// # Errors
    /// Its SPKI is not a key.
    pub fn id(&self) -> Result<DeviceId, RosterError> {
        key_id(&self.spki).map(DeviceId)
    }
}

pub(super) fn key_id(spki: &[u8]) -> Result<Hash32, RosterError> {
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
            previous: None,
            successions: Vec::new(),
            recipients: vec![Recipient {
                epoch: 1,
                recipient,
                state: LineState::Active,
            }],
            hubs: Vec::new(),
            authorities: Vec::new(),
            issuers: Vec::new(),
            devices: Vec::new(),
            policy: Policy::default(),
            protocol_min: 1,
            issued_ms,
            rights: Vec::new(),
            newer: Map::new(),
        }
    }

    /// The recipient to seal to.
    #[must_use]
    pub fn recipient(&self) -> Option<&str> {
        let active = self.recipients.iter().filter(|line| line.state.is_active());
        let newest = active.max_by_key(|recipient| recipient.epoch);
        newest.map(|recipient| recipient.recipient.as_str())
    }

    /// The line of a hub.
    #[must_use]
    pub fn hub(&self, id: HubId) -> Option<&RosterHub> {
        self.hubs.iter().find(|hub| hub.id() == Ok(id))
    }

    /// Hubs in use.
    pub fn active_hubs(&self) -> impl Iterator<Item = &RosterHub> {
        self.hubs.iter().filter(|hub| hub.state.is_active())
    }

    /// The key of a hub, also of one that is not in use: its old receipts stay verifiable.
    #[must_use]
    pub fn hub_key(&self, id: HubId) -> Option<PublicKey> {
        PublicKey::from_spki(&self.hub(id)?.spki).ok()
    }

    /// The line of a device.
    #[must_use]
    pub fn device(&self, id: DeviceId) -> Option<&RosterDevice> {
        self.devices.iter().find(|device| device.id() == Ok(id))
    }

    /// Whether a device belongs today.
    #[must_use]
    pub fn is_member(&self, id: DeviceId) -> bool {
        self.device(id).is_some_and(|line| line.state.is_active())
    }

    /// The chains that were ended, each with its last entry that counts.
    #[must_use]
    pub fn ended(&self) -> Vec<(DeviceId, LastGoodEntry)> {
        let lines = self.devices.iter();
        lines
            .filter_map(|line| Some((line.id().ok()?, line.last_good?)))
            .collect()
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

    /// Puts a hub's line in: in place of its older line, or as a new one.
    pub fn put_hub(&mut self, hub: RosterHub) {
        match self.hubs.iter_mut().find(|line| line.spki == hub.spki) {
            Some(line) => *line = hub,
            None => self.hubs.push(hub),
        }
    }

    /// Adds a member device with an issuer nobody has had; gives the issuer.
    ///
    /// # Errors
    /// `Contradiction` when all issuers of the letter are used up, or the key is no key.
    pub fn admit(&mut self, device: RosterDevice) -> Result<Issuer, RosterError> {
        let id = device.id()?;
        let issuer = self.free_issuer()?;
        self.issuers.push(Granted {
            issuer: issuer.clone(),
            device: Some(id),
            name: device.name.clone(),
        });
        match self
            .devices
            .iter_mut()
            .find(|line| line.spki == device.spki)
        {
            Some(line) => *line = device,
            None => self.devices.push(device),
        }
        Ok(issuer)
    }

    /// The lowest of T01 … T9999 that was never granted, also not to a device that is gone: numbers of a lost phone stay closed.
    fn free_issuer(&self) -> Result<Issuer, RosterError> {
        let full = || contradiction("all issuers T01 … T9999 granted");
        (1..=9999_u32)
            .filter_map(|n| Issuer::new(&format!("T{n:02}")).ok())
            .find(|issuer| self.issuers.iter().all(|line| line.issuer != *issuer))
            .ok_or_else(full)
    }

    /// What must be true of every roster, whoever reads it.
    fn check(&self) -> Result<(), RosterError> {
        if OrgId(key_id(&self.org_spki)?) != self.org {
            return Err(contradiction("the organisation's key is not its id"));
        }
        if self.recipient().is_none() {
            return Err(contradiction("no recipient in use"));
        }
        if self.version == 0 || (self.version == 1) != self.previous.is_none() {
            return Err(contradiction("the roster before it is not named rightly"));
        }
        let issuers = self.issuers.iter().map(|line| line.issuer.to_string());
        all_differ("an issuer granted twice", issuers)?;
        let epochs = self.recipients.iter().map(|line| line.epoch);
        all_differ("two recipients of one epoch", epochs)?;
        let hubs = self.hubs.iter().map(RosterHub::id);
        all_differ("a hub named twice", hubs.collect::<Result<Vec<_>, _>>()?)?;
        let devices = self.devices.iter().map(RosterDevice::id);
        all_differ(
            "a device named twice",
            devices.collect::<Result<Vec<_>, _>>()?,
        )?;
        let authorities = self.authorities.iter().map(|line| key_id(&line.spki));
        let authorities = authorities.collect::<Result<Vec<_>, _>>()?;
        all_differ("an authority named twice", authorities)?;
        let devices = self
            .devices
            .iter()
            .map(|line| (line.state, line.last_good.is_some()));
        let hubs = self
            .hubs
            .iter()
            .map(|line| (line.state, line.last_good.is_some()));
        if devices
            .chain(hubs)
            .any(|(state, has_last_good)| state.owes_last_good() && !has_last_good)
        {
            return Err(contradiction(
                "a lost or revoked line without what still counts",
            ));
        }
        Ok(())
    }

    /// What must be true of a roster that follows another: nobody who stood is gone.
    fn check_follows(&self, before: &Self) -> Result<(), RosterError> {
        let gone = |what: &str| contradiction(&format!("{what} of the roster before it is gone"));
        for hub in &before.hubs {
            self.hub(hub.id()?).ok_or_else(|| gone("a hub"))?;
        }
        for device in &before.devices {
            self.device(device.id()?).ok_or_else(|| gone("a device"))?;
        }
        let stays = |one: &Authority| self.authorities.iter().any(|line| line.spki == one.spki);
        if !before.authorities.iter().all(stays) {
            return Err(gone("an authority"));
        }
        let stays = |one: &Recipient| {
            let same =
                |line: &Recipient| (line.epoch, &line.recipient) == (one.epoch, &one.recipient);
            self.recipients.iter().any(same)
        };
        if !before.recipients.iter().all(stays) {
            return Err(gone("a recipient"));
        }
        let stays = |one: &Granted| {
            let same = |line: &Granted| (&line.issuer, line.device) == (&one.issuer, one.device);
            self.issuers.iter().any(same)
        };
        if !before.issuers.iter().all(stays) {
            return Err(gone("an issuer"));
        }
        if !self.successions.starts_with(&before.successions) {
            return Err(gone("a succession"));
        }
        Ok(())
    }
}

fn contradiction(reason: &str) -> RosterError {
    RosterError::Contradiction {
        reason: reason.to_owned(),
    }
}

fn all_differ<T: Ord>(reason: &str, items: impl IntoIterator<Item = T>) -> Result<(), RosterError> {
    let mut seen = BTreeSet::new();
    if items.into_iter().all(|item| seen.insert(item)) {
        return Ok(());
    }
    Err(contradiction(reason))
}

#[cfg(test)]
mod tests;
