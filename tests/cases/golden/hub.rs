//! The hub of the golden vault, and the roster that names it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::convert::Infallible;

use ed25519_dalek::{Signer as _, SigningKey};
use imena_core::encoding::{Hash32, Map, PublicKey, What, cose};
use imena_core::environment::Environment;
use imena_core::journal::{Receipt, ReceiptDraft, ReceiptLine, sign_receipt};
use imena_core::keys::{
    Granted, Organisation, Recipient, Revocation, Roster, RosterDevice, RosterHub, SoftwareVault,
    device_key,
};
use imena_core::model::codes::Issuer;
use imena_core::model::ids::{DeviceId, HubId, OrgId};

use super::{MINUTE_MS, START_MS, Vault};

fn ed25519(environment: &Environment) -> (SigningKey, PublicKey) {
    let key = SigningKey::from_bytes(&environment.random().unwrap());
    let public = PublicKey::from_ed25519(&key.verifying_key()).unwrap();
    (key, public)
}

/// A hub that says what it holds.
pub struct Hub {
    org: OrgId,
    key: SigningKey,
    pub public: PublicKey,
    pub epoch: [u8; 16],
}

impl Hub {
    pub fn new(environment: &Environment, org: OrgId) -> Self {
        let (key, public) = ed25519(environment);
        Self {
            org,
            key,
            public,
            epoch: environment.random().unwrap(),
        }
    }

    pub fn id(&self) -> HubId {
        HubId(self.public.id())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Infallible> {
        Ok(self.key.sign(message).to_bytes().to_vec())
    }

    pub fn receipt(&self, hub_seq: u64, prev: Hash32, lines: Vec<ReceiptLine>) -> Receipt {
        let minutes = i64::try_from(hub_seq).unwrap() * 30;
        let word = ReceiptDraft {
            org: self.org,
            hub: self.id(),
            epoch: self.epoch,
            hub_seq,
            prev,
            lines,
            hub_time_ms: START_MS + minutes * MINUTE_MS,
            before: None,
        };
        sign_receipt(word, &self.public, |message| self.sign(message)).unwrap()
    }

    pub fn message(&self, what: What, payload: &Map) -> Vec<u8> {
        let sign = |message: &[u8]| self.sign(message);
        cose::sign1(what, &self.public, &self.org.0, payload.encode(), sign).unwrap()
    }
}

/// Two recipients, two hubs, two devices of which one was lost, two issuers.
pub fn roster(vault: &Vault, hub: &Hub, organisation: &Organisation) -> Roster {
    let environment = &vault.environment;
    let other_hub = ed25519(environment).1;
    let authority = ed25519(environment).1;
    let elsewhere = tempfile::tempdir().unwrap();
    let lost = SoftwareVault::create(environment, elsewhere.path()).unwrap();
    let lost = device_key(&lost).unwrap();
    let former = age::x25519::Identity::generate().to_public().to_string();
    let hub_line = |key: &PublicKey, address: &str, name: &str| RosterHub {
        spki: key.spki().to_vec(),
        tls_pins: vec![Hash32::of(name.as_bytes())],
        addresses: vec![address.to_owned()],
        name: name.to_owned(),
    };
    let device_line = |key: &PublicKey, name: &str| RosterDevice {
        spki: key.spki().to_vec(),
        name: name.to_owned(),
        team: "T1".to_owned(),
    };
    let granted = |issuer: &str, device, name: &str| Granted {
        issuer: Issuer::new(issuer).unwrap(),
        device,
        name: name.to_owned(),
    };
    Roster {
        version: 3,
        recipients: vec![
            Recipient {
                epoch: 1,
                recipient: former,
            },
            Recipient {
                epoch: 2,
                recipient: organisation.identity.recipient(),
            },
        ],
        hubs: vec![
            hub_line(&hub.public, "192.0.2.7:7443", "Golden hub one"),
            hub_line(&other_hub, "hub.example:7443", "Golden hub two"),
        ],
        authorities: vec![authority.spki().to_vec()],
        issuers: vec![
            granted("T03", Some(vault.device), "Golden phone"),
            granted("R01", None, "Golden printed roll"),
        ],
        devices: vec![
            device_line(&vault.key, "Golden phone"),
            device_line(&lost, "Golden lost phone"),
        ],
        revocations: vec![Revocation {
            device: DeviceId(lost.id()),
            last_good_seq: 7,
        }],
        ..Roster::first(&organisation.signer, String::new(), START_MS)
    }
}
