//! GET /v1/hello: who the hub is, signed over the caller's nonce.

use axum::http::{Method, StatusCode};
use imena_core::sync::wire::ErrorCode;
use imena_hub::{Hub, HubConfig};

use crate::support::{Phone, World, call};

#[tokio::test]
async fn a_hello_answers_its_nonce_and_says_whether_the_hub_is_locked() {
    let world = World::new(&[]);
    let hello = world.hello().await;
    assert!(hello.is_locked);
    assert_eq!((hello.roster_version, hello.versions), (1, vec![1]));
    world.unlock();
    let again = world.hello().await;
    assert!(!again.is_locked);
    assert_ne!(again.hub_nonce, hello.hub_nonce);
}

#[tokio::test]
async fn ten_thousand_hellos_do_not_cost_a_slow_phone_its_nonce() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let slow = world.session_request(&phone).await;
    for _ in 0..10_000 {
        world.hello().await;
    }
    let reply = world.post("/v1/session", phone.sign_session(&slow)).await;
    assert_eq!(reply.status, StatusCode::OK);
    let again = world.post("/v1/session", phone.sign_session(&slow)).await;
    assert_eq!(again.code(), ErrorCode::Token, "used");
}

#[tokio::test]
async fn a_malformed_nonce_an_unknown_path_and_a_wrong_method_are_refused_in_cbor() {
    let world = World::new(&[]);
    let get = |path: &'static str| call(world.phones(), Method::GET, path, &[], Vec::new());
    assert_eq!(get("/v1/hello?n=abc").await.code(), ErrorCode::Malformed);
    assert_eq!(get("/v1/hello").await.code(), ErrorCode::Malformed);
    assert_eq!(get("/v1/nothing").await.code(), ErrorCode::UnknownPath);
    assert_eq!(get("/").await.code(), ErrorCode::UnknownPath);
    let deleted = call(world.phones(), Method::DELETE, "/v1/sync", &[], Vec::new()).await;
    assert_eq!(deleted.code(), ErrorCode::UnknownPath);
    assert_eq!(deleted.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn a_hub_without_an_organisation_asks_to_come_back_later() {
    let world = World::new(&[]);
    let dir = tempfile::tempdir().unwrap();
    Hub::set_up(&world.environment, dir.path(), "hub", &[]).unwrap();
    let hub = Hub::open(HubConfig::new(dir.path(), world.environment.clone())).unwrap();
    let path = format!("/v1/hello?n={}", "07".repeat(32));
    let reply = call(hub.phone_router(), Method::GET, &path, &[], Vec::new()).await;
    assert_eq!(
        (reply.status, reply.code()),
        (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Busy)
    );
    let foreign = world.roster.clone().sign(&world.org.signer).unwrap();
    assert!(
        hub.accept_roster(&foreign.bytes).is_err(),
        "it does not name this hub"
    );
}
