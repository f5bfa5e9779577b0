//! POST /v1/enroll and /v1/reveal: who asks to join, and the six digits.

use axum::http::StatusCode;
use imena_core::encoding::Hash32;
use imena_core::model::ids::OrgId;
use imena_core::sync::wire::{
    EnrollReply, EnrollRequest, ErrorCode, ErrorReply, Nonce, RevealRequest, commitment,
};

use crate::support::{Phone, Reply, World, other_hub};

const OWN: Nonce = [4; 32];

impl World {
    pub async fn enroll_request(&self, phone: &Phone, own_nonce: &Nonce) -> EnrollRequest {
        EnrollRequest {
            org: self.org_id(),
            hub: self.hub().id(),
            device_spki: phone.key.spki().to_vec(),
            name: "Олена".into(),
            hub_nonce: self.hello().await.hub_nonce,
            commitment: commitment(own_nonce),
        }
    }

    async fn enroll(&self, phone: &Phone, asked: &EnrollRequest) -> Reply {
        let signed = asked.sign(&phone.key, |message| phone.sign(message));
        self.post("/v1/enroll", signed.unwrap()).await
    }

    async fn begin(&self, phone: &Phone, own_nonce: &Nonce) -> Reply {
        let asked = self.enroll_request(phone, own_nonce).await;
        self.enroll(phone, &asked).await
    }

    async fn reveal(&self, phone: &Phone, shown: &RevealRequest) -> Reply {
        let signed = shown.sign(&phone.key, |message| phone.sign(message));
        self.post("/v1/reveal", signed.unwrap()).await
    }

    /// Asks to join, both steps; gives what was shown last.
    pub async fn ask_in(&self, phone: &Phone, own_nonce: &Nonce) -> RevealRequest {
        let hub_nonce = begun(&self.begin(phone, own_nonce).await);
        let shown = self.shown(phone, hub_nonce, own_nonce);
        let reply = self.reveal(phone, &shown).await;
        let reply = EnrollReply::decode(&reply.body).unwrap();
        assert_eq!(reply, EnrollReply::Pending);
        shown
    }

    fn shown(&self, phone: &Phone, hub_nonce: Nonce, own_nonce: &Nonce) -> RevealRequest {
        RevealRequest {
            org: self.org_id(),
            hub: self.hub().id(),
            device_spki: phone.key.spki().to_vec(),
            hub_nonce,
            own_nonce: *own_nonce,
        }
    }
}

fn begun(reply: &Reply) -> Nonce {
    assert_eq!(
        reply.status,
        StatusCode::OK,
        "{:?}",
        ErrorReply::decode(&reply.body)
    );
    match EnrollReply::decode(&reply.body).unwrap() {
        EnrollReply::Begun { hub_nonce } => hub_nonce,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn both_ends_reckon_the_same_digits_until_the_roster_names_the_phone() {
    let phone = Phone::new();
    let mut world = World::new(&[]);
    let shown = world.ask_in(&phone, &OWN).await;
    let pending = world.hub().pending().unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(
        (&pending[0].digits, pending[0].device),
        (&shown.digits().unwrap(), phone.id())
    );
    world.reopen();
    let again = world.ask_in(&phone, &OWN).await;
    assert_eq!(again, shown, "the first nonces stay, over a restart too");

    world.change_roster(|roster| roster.devices.push(phone.line()));
    assert!(world.hub().pending().unwrap().is_empty());
    let member = world.begin(&phone, &OWN).await;
    let member = EnrollReply::decode(&member.body).unwrap();
    assert!(matches!(member, EnrollReply::Member { roster: Some(_) }));
}

#[tokio::test]
async fn a_hub_answers_after_the_commitment_and_a_device_cannot_try_another() {
    let phone = Phone::new();
    let world = World::new(&[]);
    let asked = world.enroll_request(&phone, &OWN).await;
    let hub_nonce = begun(&world.enroll(&phone, &asked).await);
    assert_ne!(hub_nonce, asked.hub_nonce, "known before the commitment");
    assert_eq!(begun(&world.begin(&phone, &OWN).await), hub_nonce);
    assert!(world.hub().pending().unwrap().is_empty(), "not revealed");

    // It knows its digits and would like others.
    let other = [5; 32];
    let refused = world.begin(&phone, &other).await;
    assert_eq!(refused.code(), ErrorCode::Conflict);
    for shown in [
        world.shown(&phone, hub_nonce, &other),
        world.shown(&phone, [7; 32], &OWN),
        world.shown(&Phone::new(), hub_nonce, &OWN),
    ] {
        let refused = world.reveal(&phone, &shown).await.code();
        assert!(matches!(
            refused,
            ErrorCode::Conflict | ErrorCode::Forbidden
        ));
    }
    world.pass_time(61_000);
    let late = world.shown(&phone, hub_nonce, &OWN);
    assert_eq!(
        world.reveal(&phone, &late).await.code(),
        ErrorCode::Conflict
    );
    assert_ne!(begun(&world.begin(&phone, &other).await), hub_nonce);
    let waits = world.ask_in(&phone, &other).await;

    // Once revealed it stands for a day, or until an operator dismisses it.
    world.pass_time(61_000);
    assert_eq!(
        world.begin(&phone, &OWN).await.code(),
        ErrorCode::Conflict,
        "another commitment"
    );
    assert_eq!(world.ask_in(&phone, &other).await, waits);
    world.hub().dismiss(phone.id()).unwrap();
    assert!(world.hub().pending().unwrap().is_empty());
    world.ask_in(&phone, &OWN).await;
    world.pass_time(24 * 60 * 60 * 1000);
    assert!(world.hub().pending().unwrap().is_empty(), "a day is over");
}

#[tokio::test]
async fn at_most_twenty_wait_and_sending_needs_no_place() {
    let world = World::new(&[]);
    let phones: Vec<Phone> = (0..20).map(|_| Phone::new()).collect();
    for phone in &phones {
        world.begin(phone, &OWN).await;
    }
    let late = Phone::new();
    let refused = world.begin(&late, &OWN).await;
    assert_eq!(refused.code(), ErrorCode::Busy);
    assert!(refused.headers.contains_key("retry-after"));
    assert!(world.audit()[0].contains("too many wait"));
    let token = world.token(&late).await;
    assert!(world.put_whole(&token, b"photo", 4).await.is_stored);
    begun(&world.begin(&phones[0], &OWN).await);
    world.pass_time(61_000);
    world.ask_in(&late, &OWN).await;
}

#[tokio::test]
async fn a_replayed_foreign_or_forged_enrolment_is_refused() {
    let (phone, other) = (Phone::new(), Phone::new());
    let world = World::new(&[]);
    let asked = world.enroll_request(&phone, &OWN).await;
    begun(&world.enroll(&phone, &asked).await);
    let replayed = world.enroll(&phone, &asked).await;
    assert_eq!(replayed.code(), ErrorCode::Token, "replayed");

    let asked = world.enroll_request(&phone, &OWN).await;
    let foreign = EnrollRequest {
        org: OrgId(Hash32([9; 32])),
        ..asked.clone()
    };
    let elsewhere = EnrollRequest {
        hub: other_hub(),
        ..asked.clone()
    };
    let stolen = EnrollRequest {
        device_spki: other.key.spki().to_vec(),
        ..asked.clone()
    };
    for wrong in [foreign, elsewhere, stolen] {
        let refused = world.enroll(&phone, &wrong).await;
        assert_eq!(refused.code(), ErrorCode::Forbidden);
    }
    for path in ["/v1/enroll", "/v1/reveal"] {
        let signed = asked.sign(&phone.key, |message| phone.sign(message));
        let mut forged = signed.unwrap();
        let last = forged.len() - 1;
        forged[last] ^= 1;
        for (bytes, code) in [
            (forged, ErrorCode::Forbidden),
            (vec![0; 9], ErrorCode::Malformed),
            (vec![0; 9000], ErrorCode::TooLarge),
        ] {
            assert_eq!(world.post(path, bytes).await.code(), code, "{path}");
        }
    }
    assert!(world.hub().pending().unwrap().is_empty());
}

#[tokio::test]
async fn a_nonce_older_than_ten_minutes_is_refused() {
    let phone = Phone::new();
    let world = World::new(&[]);
    let asked = world.enroll_request(&phone, &OWN).await;
    world.pass_time(11 * 60 * 1000);
    assert_eq!(world.enroll(&phone, &asked).await.code(), ErrorCode::Token);
}
