//! POST /v1/enroll: who asks to join, and the six digits.

use axum::http::StatusCode;
use imena_core::encoding::Hash32;
use imena_core::model::ids::OrgId;
use imena_core::sync::wire::{EnrollReply, EnrollRequest, Enrolment, ErrorCode};

use crate::support::{Phone, Reply, World, other_hub};

async fn request(world: &World, phone: &Phone) -> EnrollRequest {
    EnrollRequest {
        org: world.org_id(),
        hub: world.hub().id(),
        device_spki: phone.key.spki().to_vec(),
        name: "Олена".into(),
        hub_nonce: world.hello().await.hub_nonce,
        own_nonce: [4; 32],
    }
}

async fn enroll(world: &World, phone: &Phone, asked: &EnrollRequest) -> Reply {
    let bytes = asked
        .sign(&phone.key, |message| phone.sign(message))
        .unwrap();
    world.post("/v1/enroll", bytes).await
}

#[tokio::test]
async fn both_ends_see_the_same_digits_until_the_roster_names_the_phone() {
    let phone = Phone::new();
    let mut world = World::new(&[]);
    let asked = request(&world, &phone).await;
    let reply = EnrollReply::decode(&enroll(&world, &phone, &asked).await.body).unwrap();
    assert_eq!((reply.state, &reply.roster), (Enrolment::Pending, &None));
    assert_eq!(reply.digits, asked.digits().unwrap());
    let pending = world.hub().pending().unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(
        (&pending[0].digits, pending[0].device),
        (&reply.digits, phone.id())
    );

    let again = request(&world, &phone).await;
    assert_ne!(again.digits().unwrap(), reply.digits);
    let again = EnrollReply::decode(&enroll(&world, &phone, &again).await.body).unwrap();
    assert_eq!(again.digits, reply.digits, "the first nonces stay");

    world.change_roster(|roster| roster.devices.push(phone.line()));
    assert!(world.hub().pending().unwrap().is_empty());
    let asked = request(&world, &phone).await;
    let member = EnrollReply::decode(&enroll(&world, &phone, &asked).await.body).unwrap();
    assert_eq!(member.state, Enrolment::Member);
    assert!(member.roster.is_some());
}

#[tokio::test]
async fn a_replayed_foreign_or_forged_enrolment_is_refused() {
    let (phone, other) = (Phone::new(), Phone::new());
    let world = World::new(&[]);
    let asked = request(&world, &phone).await;
    assert_eq!(enroll(&world, &phone, &asked).await.status, StatusCode::OK);
    assert_eq!(
        enroll(&world, &phone, &asked).await.code(),
        ErrorCode::Token,
        "replayed"
    );

    let asked = request(&world, &phone).await;
    let foreign = EnrollRequest {
        org: OrgId(Hash32([9; 32])),
        ..asked.clone()
    };
    assert_eq!(
        enroll(&world, &phone, &foreign).await.code(),
        ErrorCode::Forbidden
    );
    let elsewhere = EnrollRequest {
        hub: other_hub(),
        ..asked.clone()
    };
    assert_eq!(
        enroll(&world, &phone, &elsewhere).await.code(),
        ErrorCode::Forbidden
    );
    let stolen = EnrollRequest {
        device_spki: other.key.spki().to_vec(),
        ..asked.clone()
    };
    assert_eq!(
        enroll(&world, &phone, &stolen).await.code(),
        ErrorCode::Forbidden
    );
    let mut forged = asked
        .sign(&phone.key, |message| phone.sign(message))
        .unwrap();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert_eq!(
        world.post("/v1/enroll", forged).await.code(),
        ErrorCode::Forbidden
    );
    assert_eq!(
        world.post("/v1/enroll", vec![0; 9]).await.code(),
        ErrorCode::Malformed
    );
    assert_eq!(
        world.post("/v1/enroll", vec![0; 9000]).await.code(),
        ErrorCode::TooLarge
    );
    assert_eq!(world.hub().pending().unwrap().len(), 1);
}

#[tokio::test]
async fn a_nonce_older_than_ten_minutes_is_refused() {
    let phone = Phone::new();
    let world = World::new(&[]);
    let asked = request(&world, &phone).await;
    world.pass_time(11 * 60 * 1000);
    assert_eq!(
        enroll(&world, &phone, &asked).await.code(),
        ErrorCode::Token
    );
}
