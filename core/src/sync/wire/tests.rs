//! Every message is read back as written; hostile bytes are refused without a panic; signatures
//! hold for their purpose only.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::convert::Infallible;

use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::Signer as _;
use proptest::prelude::*;

use super::*;
use crate::encoding::Hash32;
use crate::encoding::limits::SEALED_RUN_BYTES_MAX;
use crate::journal::{Absence, BodyBytes};
use crate::model::ids::{DeviceId, EntryId, HubId, SealedName};
use crate::store::Class;

const ORG: OrgId = OrgId(Hash32([1; 32]));

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

struct Signer {
    key: PublicKey,
    sign: Sign,
}

impl Signer {
    fn hub(seed: u8) -> Self {
        let secret = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
        let key = PublicKey::from_ed25519(&secret.verifying_key()).unwrap();
        Self {
            key,
            sign: Box::new(move |m| secret.sign(m).to_bytes().to_vec()),
        }
    }

    fn device(seed: u8) -> Self {
        let secret = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap();
        let key = PublicKey::from_p256(secret.verifying_key()).unwrap();
        let sign = move |m: &[u8]| {
            let signature: p256::ecdsa::Signature = secret.sign(m);
            signature.to_bytes().to_vec()
        };
        Self {
            key,
            sign: Box::new(sign),
        }
    }

    fn closure(&self) -> impl Fn(&[u8]) -> Result<Vec<u8>, Infallible> + '_ {
        |message| Ok((self.sign)(message))
    }
}

fn hello(hub: &Signer) -> Hello {
    Hello {
        org: ORG,
        hub: HubId(hub.key.id()),
        nonce: [2; 32],
        now_ms: -7,
        versions: vec![1],
        limits: Limits {
            inline_run_bytes_max: 1,
            offers_max: 200,
            piece_bytes_max: 3,
        },
        roster_version: 4,
        hub_nonce: [5; 32],
        hub_spki: hub.key.spki().to_vec(),
        is_locked: true,
    }
}

fn enroll(device: &Signer, hub: HubId) -> EnrollRequest {
    EnrollRequest {
        org: ORG,
        hub,
        device_spki: device.key.spki().to_vec(),
        name: "телефон 1".into(),
        hub_nonce: [5; 32],
        commitment: commitment(&[6; 32]),
    }
}

fn reveal(device: &Signer, hub: HubId) -> RevealRequest {
    RevealRequest {
        org: ORG,
        hub,
        device_spki: device.key.spki().to_vec(),
        hub_nonce: [7; 32],
        own_nonce: [6; 32],
    }
}

fn session(device: &Signer, hub: HubId) -> SessionRequest {
    SessionRequest {
        org: ORG,
        hub,
        pin_seen: Hash32([7; 32]),
        hub_nonce: [5; 32],
        own_head: Some(OwnHead {
            seq: 3,
            entry_id: EntryId(Hash32([8; 32])),
        }),
        last_receipt: Some(vec![11; 300]),
        device_spki: device.key.spki().to_vec(),
    }
}

fn sync_request() -> SyncRequest {
    let sealed = SealedName(Hash32([12; 32]));
    SyncRequest {
        own_head: None,
        offers: vec![Offer {
            sealed,
            size: 5,
            class: Class::Original,
        }],
        inline_runs: vec![vec![1, 2, 3]],
        cursor: Some(vec![4; 40]),
        last: Some(LastSeen {
            epoch: [9; 16],
            hub_seq: 10,
        }),
        hold_check: Some(HoldCheck {
            nonce: [3; 32],
            sealed: vec![sealed],
        }),
        budget_bytes: 1000,
        roster_version: 2,
    }
}

fn sync_reply() -> SyncReply {
    SyncReply {
        files: vec![FileState {
            sealed: SealedName(Hash32([1; 32])),
            have: 7,
            is_stored: false,
        }],
        receipts: vec![vec![1]],
        segments: vec![Segment {
            device: DeviceId(Hash32([2; 32])),
            spki: vec![3],
            entries: vec![
                (vec![4], BodyBytes::Here(vec![5])),
                (vec![6], BodyBytes::Absent(Absence::Withheld)),
            ],
            checkpoint: vec![7],
        }],
        held: Some(vec![8]),
        next_cursor: Some(vec![9]),
        roster: Some(vec![10]),
        retry_after_s: Some(11),
        is_locked: true,
        epoch: [12; 16],
        has_more: true,
    }
}

#[test]
fn a_hello_is_believed_only_from_its_hub_and_for_its_nonce() {
    let hub = Signer::hub(1);
    let id = HubId(hub.key.id());
    let bytes = hello(&hub).sign(&hub.key, hub.closure()).unwrap();
    assert_eq!(Hello::open(&bytes, ORG, id, &[2; 32]).unwrap(), hello(&hub));
    assert!(Hello::open(&bytes, ORG, id, &[3; 32]).is_err());
    assert!(Hello::open(&bytes, OrgId(Hash32([2; 32])), id, &[2; 32]).is_err());
    let other = Signer::hub(2);
    assert!(Hello::open(&bytes, ORG, HubId(other.key.id()), &[2; 32]).is_err());
    let forged = hello(&hub).sign(&hub.key, other.closure()).unwrap();
    assert!(Hello::open(&forged, ORG, id, &[2; 32]).is_err());
}

#[test]
fn requests_of_a_device_are_believed_only_with_its_own_signature() {
    let (hub, device, other) = (HubId(Hash32([4; 32])), Signer::device(1), Signer::device(2));
    let asked = enroll(&device, hub);
    let bytes = asked.sign(&device.key, device.closure()).unwrap();
    assert_eq!(EnrollRequest::open(&bytes, ORG, hub).unwrap(), asked);
    assert!(EnrollRequest::open(&bytes, ORG, HubId(Hash32([5; 32]))).is_err());
    assert!(
        SessionRequest::open(&bytes, ORG, hub).is_err(),
        "another purpose"
    );
    let forged = asked.sign(&device.key, other.closure()).unwrap();
    assert!(EnrollRequest::open(&forged, ORG, hub).is_err());
    let stolen_name = asked.sign(&other.key, other.closure()).unwrap();
    assert!(EnrollRequest::open(&stolen_name, ORG, hub).is_err());

    let shown = reveal(&device, hub);
    assert_eq!(shown.digits().unwrap().len(), 6);
    let bytes = shown.sign(&device.key, device.closure()).unwrap();
    assert_eq!(RevealRequest::open(&bytes, ORG, hub).unwrap(), shown);
    assert!(EnrollRequest::open(&bytes, ORG, hub).is_err(), "another");
    let forged = shown.sign(&device.key, other.closure()).unwrap();
    assert!(RevealRequest::open(&forged, ORG, hub).is_err());

    let asked = session(&device, hub);
    let bytes = asked.sign(&device.key, device.closure()).unwrap();
    assert_eq!(SessionRequest::open(&bytes, ORG, hub).unwrap(), asked);
    let bare = SessionRequest {
        own_head: None,
        last_receipt: None,
        ..asked
    };
    let bytes = bare.sign(&device.key, device.closure()).unwrap();
    assert_eq!(SessionRequest::open(&bytes, ORG, hub).unwrap(), bare);
}

#[test]
fn a_hub_key_does_not_pass_for_a_device() {
    let (hub, other) = (HubId(Hash32([4; 32])), Signer::hub(3));
    let bytes = session(&other, hub)
        .sign(&other.key, other.closure())
        .unwrap();
    assert!(SessionRequest::open(&bytes, ORG, hub).is_err());
}

#[test]
fn a_held_answers_one_nonce() {
    let hub = Signer::hub(1);
    let held = Held {
        org: ORG,
        hub: HubId(hub.key.id()),
        nonce: [3; 32],
        sealed: vec![SealedName(Hash32([1; 32]))],
        hub_time_ms: 5,
    };
    let bytes = held.sign(&hub.key, hub.closure()).unwrap();
    assert_eq!(Held::open(&bytes, &hub.key, ORG, &[3; 32]).unwrap(), held);
    assert!(Held::open(&bytes, &hub.key, ORG, &[4; 32]).is_err());
    assert!(Held::open(&bytes, &Signer::hub(2).key, ORG, &[3; 32]).is_err());
}

#[test]
fn replies_are_read_back_as_written() {
    let roster = Some(vec![1]);
    for enroll in [
        EnrollReply::Begun { hub_nonce: [4; 32] },
        EnrollReply::Pending,
        EnrollReply::Member { roster },
    ] {
        assert_eq!(EnrollReply::decode(&enroll.encode()).unwrap(), enroll);
    }
    let bad = Map::new().text(0, "begun").bytes(1, [4; 31]);
    assert!(EnrollReply::decode(&bad.encode()).is_err());
    let unknown = Map::new().text(0, "perhaps").bytes(1, [4; 32]);
    assert!(EnrollReply::decode(&unknown.encode()).is_err());
    for state in [TokenState::Member, TokenState::Unclaimed] {
        let session = SessionReply {
            token: [1; 32],
            expires_ms: 2,
            state,
            epoch: [3; 16],
        };
        assert_eq!(SessionReply::decode(&session.encode()).unwrap(), session);
    }
    for receipt in [None, Some(vec![1, 2])] {
        let put = PutReply {
            have: 9,
            is_stored: receipt.is_some(),
            receipt,
        };
        assert_eq!(PutReply::decode(&put.encode()).unwrap(), put);
    }
    assert_eq!(
        SyncReply::decode(&sync_reply().encode()).unwrap(),
        sync_reply()
    );
    assert_eq!(
        SyncRequest::decode(&sync_request().encode()).unwrap(),
        sync_request()
    );
}

#[test]
fn every_error_code_keeps_its_word_and_an_unknown_one_is_unknown() {
    for code in [
        ErrorCode::Token,
        ErrorCode::DiskFull,
        ErrorCode::NewerProtocol,
    ] {
        let reply = ErrorReply {
            code,
            detail: "why".into(),
            retry_after_s: Some(3),
        };
        assert_eq!(ErrorReply::decode(&reply.encode()).unwrap(), reply);
    }
    let newer = Map::new().text(0, "teapot").text(1, "").encode();
    assert_eq!(ErrorReply::decode(&newer).unwrap().code, ErrorCode::Unknown);
    assert_eq!(ErrorCode::DiskFull.status(), 507);
}

#[test]
fn limits_hold_at_the_limit_and_one_beyond() {
    let offer = sync_request().offers[0];
    let with_offers = |count| {
        SyncRequest {
            offers: vec![offer; count],
            ..sync_request()
        }
        .encode()
    };
    assert!(SyncRequest::decode(&with_offers(0)).is_ok());
    assert!(SyncRequest::decode(&with_offers(OFFERS_MAX)).is_ok());
    assert!(SyncRequest::decode(&with_offers(OFFERS_MAX + 1)).is_err());
    let with_runs = |lens: &[usize]| {
        SyncRequest {
            inline_runs: lens.iter().map(|len| vec![0; *len]).collect(),
            ..sync_request()
        }
        .encode()
    };
    assert!(SyncRequest::decode(&with_runs(&[SEALED_RUN_BYTES_MAX])).is_ok());
    assert!(SyncRequest::decode(&with_runs(&[SEALED_RUN_BYTES_MAX + 1])).is_err());
    assert!(SyncRequest::decode(&with_runs(&[INLINE_BYTES_MAX / 2; 2])).is_ok());
    assert!(SyncRequest::decode(&with_runs(&[200_000; 3])).is_err());
    assert!(SyncRequest::decode(&with_runs(&[1; INLINE_RUNS_MAX])).is_ok());
    assert!(SyncRequest::decode(&with_runs(&[1; INLINE_RUNS_MAX + 1])).is_err());
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let hub = HubId(Hash32([4; 32]));
        let _ = Hello::open(&bytes, ORG, hub, &[0; 32]);
        let _ = EnrollRequest::open(&bytes, ORG, hub);
        let _ = RevealRequest::open(&bytes, ORG, hub);
        let _ = SessionRequest::open(&bytes, ORG, hub);
        let _ = Held::open(&bytes, &Signer::hub(1).key, ORG, &[0; 32]);
        let _ = EnrollReply::decode(&bytes);
        let _ = SessionReply::decode(&bytes);
        let _ = PutReply::decode(&bytes);
        let _ = ErrorReply::decode(&bytes);
        let _ = SyncRequest::decode(&bytes);
        let _ = SyncReply::decode(&bytes);
    }

    #[test]
    fn a_changed_byte_is_refused_or_means_something_else(
        at in any::<prop::sample::Index>(),
        flip in 1u8..,
    ) {
        for good in [sync_request().encode(), sync_reply().encode()] {
            let mut bad = good.clone();
            let at = at.index(bad.len());
            bad[at] ^= flip;
            if let Ok(other) = SyncRequest::decode(&bad) {
                prop_assert_ne!(other.encode(), good.clone());
            }
            if let Ok(other) = SyncReply::decode(&bad) {
                prop_assert_ne!(other.encode(), good);
            }
        }
    }

    #[test]
    fn a_changed_byte_of_a_signed_request_is_refused(
        at in any::<prop::sample::Index>(),
        flip in 1u8..,
    ) {
        let (hub, device) = (HubId(Hash32([4; 32])), Signer::device(1));
        let mut bad = session(&device, hub).sign(&device.key, device.closure()).unwrap();
        let at = at.index(bad.len());
        bad[at] ^= flip;
        prop_assert!(SessionRequest::open(&bad, ORG, hub).is_err());
    }
}
