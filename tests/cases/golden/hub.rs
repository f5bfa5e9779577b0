//! The hub of the golden vault, and the rosters that name it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::convert::Infallible;

use ed25519_dalek::{Signer as _, SigningKey};
use imena_core::encoding::{Hash32, Map, PublicKey, Signed, Value, What, cose};
use imena_core::environment::Environment;
use imena_core::journal::{
    EpochEnd, Receipt, ReceiptDraft, ReceiptLine, VoidReason, sign_erasure, sign_receipt,
};
use imena_core::keys::{
    Authority, Granted, LastGoodReceipt, LineState, Organisation, Recipient, Right, Roster,
    RosterDevice, RosterHub, SignedRoster,
};
use imena_core::model::codes::Issuer;
use imena_core::model::ids::{DeviceId, EntryId, HubId, OrgId, ReceiptId, SubjectId};

use super::others::Others;
use super::{MINUTE_MS, START_MS, Sealed, Vault, held};

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

    /// A second epoch: the photo is held again, taken back, a run held; last a line of a later type.
    pub fn after_a_restore(&self, before: &Receipt, photo: &Sealed, run: &Sealed) -> Vec<Receipt> {
        let end = EpochEnd {
            epoch: before.word.epoch,
            hub_seq: before.word.hub_seq,
            id: before.id,
        };
        let word = |hub_seq, prev, lines| ReceiptDraft {
            epoch: *b"golden epoch two",
            before: Some(end),
            ..self.receipt(hub_seq + 2, prev, lines).word
        };
        let signed = |hub_seq, prev, lines| {
            let word = ReceiptDraft {
                hub_seq,
                ..word(hub_seq, prev, lines)
            };
            sign_receipt(word, &self.public, |message| self.sign(message)).unwrap()
        };
        let one = signed(1, Hash32::ZERO, vec![held(photo, None)]);
        let void = ReceiptLine::Void {
            sealed: photo.name,
            reason: VoidReason::Damaged,
            erasure: None,
        };
        let two = signed(2, one.id.0, vec![void, held(run, Some(run.sha256))]);
        let erased = ReceiptLine::Void {
            sealed: run.name,
            reason: VoidReason::Erased,
            erasure: Some(EntryId(Hash32::of(b"an order"))),
        };
        let three = signed(3, two.id.0, vec![erased]);
        let claimed = Signed::parse(&three.bytes, What::Receipt).unwrap();
        let mut map = Map::decode(claimed.claimed_payload()).unwrap();
        let later = Value::Array(vec![Value::Uint(9), Value::text("a line of a later type")]);
        map = map.uint(4, 4).with(5, three.id).array(6, [later]);
        let bytes = self.message(What::Receipt, &map);
        let four = Receipt::open(&bytes, &self.public, self.org).unwrap();
        vec![one, two, three, four]
    }

    pub fn message(&self, what: What, payload: &Map) -> Vec<u8> {
        let sign = |message: &[u8]| self.sign(message);
        cose::sign1(what, &self.public, &self.org.0, payload.encode(), sign).unwrap()
    }
}

/// Four rosters: one hub and phone; more of everything; who is lost and revoked; a successor signs.
pub struct Rosters {
    pub first: SignedRoster,
    pub second: SignedRoster,
    pub last: SignedRoster,
    pub succeeded: SignedRoster,
    authorities: [(SigningKey, PublicKey); 2],
}

impl Rosters {
    pub fn sign(vault: &Vault, hub: &Hub, organisation: &Organisation, others: &Others) -> Self {
        let signer = &organisation.signer;
        let environment = &vault.environment;
        let former = age::x25519::Identity::generate().to_public().to_string();
        let other_hub = ed25519(environment).1;
        let authorities = [ed25519(environment), ed25519(environment)];
        let mut first = Roster::first(signer, former, START_MS);
        first.put_hub(hub_line(&hub.public, "192.0.2.7:7443", "Golden hub one"));
        first.devices.push(device_line(vault, "Golden phone"));
        first
            .issuers
            .push(granted("T03", Some(vault.device), "Golden phone"));
        let first = first.sign(signer).unwrap();

        let mut second = first.next(START_MS + MINUTE_MS);
        second.recipients[0].state = LineState::Retired;
        second.recipients.push(Recipient {
            epoch: 2,
            recipient: organisation.identity.recipient(),
            state: LineState::Active,
        });
        second.put_hub(hub_line(&other_hub, "hub.example:7443", "Golden hub two"));
        second.authorities = ["Golden prosecutor", "Golden judge"]
            .into_iter()
            .zip(&authorities)
            .map(|(name, (_, key))| Authority {
                spki: key.spki().to_vec(),
                name: name.to_owned(),
                state: LineState::Active,
            })
            .collect();
        second
            .issuers
            .push(granted("R01", None, "Golden printed roll"));
        for (phone, name) in [
            (&others.second, "Golden second phone"),
            (&others.lost, "Golden lost phone"),
            (&others.revoked, "Golden revoked phone"),
        ] {
            second.devices.push(device_line(phone, name));
        }
        let second = second.sign(signer).unwrap();

        let mut last = second.next(START_MS + 2 * MINUTE_MS);
        last.devices[1].state = LineState::Retired;
        last.devices[2].state = LineState::Lost;
        last.devices[2].last_good = Some(others.lost_last_good);
        last.devices[3].state = LineState::Revoked;
        last.devices[3].last_good = Some(others.revoked_last_good);
        last.hubs[1].state = LineState::Lost;
        last.hubs[1].last_good = Some(LastGoodReceipt {
            epoch: [2; 16],
            hub_seq: 5,
            receipt: ReceiptId(Hash32::of(b"a receipt of hub two")),
        });
        last.rights.push(Right {
            operator: SubjectId::new(environment).unwrap(),
            name: "Golden expert".to_owned(),
            role: "forensic_medical_expert".to_owned(),
            badge_sha256: Hash32::of(b"a badge secret"),
        });
        let last = last.sign(signer).unwrap();

        let (successor, word) = signer.successor(environment, 1).unwrap();
        let mut succeeded = last.next(START_MS + 3 * MINUTE_MS);
        succeeded.successions.push(word);
        let succeeded = succeeded.sign(&successor).unwrap();
        Self {
            first,
            second,
            last,
            succeeded,
            authorities,
        }
    }

    /// The words of both authorities for an erasure.
    pub fn orders(&self, org: OrgId, targets: &[EntryId]) -> Vec<Vec<u8>> {
        let words = self.authorities.iter().map(|(key, public)| {
            let sign = |message: &[u8]| Ok::<_, Infallible>(key.sign(message).to_bytes().to_vec());
            sign_erasure(org, targets, public, sign).unwrap()
        });
        words.collect()
    }
}

fn hub_line(key: &PublicKey, address: &str, name: &str) -> RosterHub {
    let pins = vec![Hash32::of(name.as_bytes())];
    RosterHub::new(key.spki().to_vec(), pins, vec![address.to_owned()], name)
}

fn device_line(phone: &Vault, name: &str) -> RosterDevice {
    RosterDevice::new(phone.key.spki().to_vec(), name, "T1")
}

fn granted(issuer: &str, device: Option<DeviceId>, name: &str) -> Granted {
    Granted {
        issuer: Issuer::new(issuer).unwrap(),
        device,
        name: name.to_owned(),
    }
}
