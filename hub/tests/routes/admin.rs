//! The operator's routes: only with the token of this start, only on loopback.

use axum::http::{Method, StatusCode};
use imena_core::environment::Environment;
use imena_hub::Status;
use imena_hub::admin::{
    Access, Pending, SCHEME, Unlock, decode_line, decode_sign_in, encode_dismiss,
};

use crate::support::{Phone, Reply, World, call};

async fn admin(world: &World, method: Method, path: &str, body: Vec<u8>) -> Reply {
    let token = format!("{SCHEME} {}", *world.hub().admin_token());
    let headers = [("host", "127.0.0.1:9"), ("authorization", token.as_str())];
    call(world.hub().page_router(), method, path, &headers, body).await
}

#[tokio::test]
async fn an_operator_claims_a_phone_and_unlocks_the_hub_from_another_process() {
    let phone = Phone::new();
    let mut world = World::new(&[]);
    let stranger = Phone::new();
    world.ask_in(&stranger, &[5; 32]).await;
    let asked = world.ask_in(&phone, &[4; 32]).await;
    let dismissed = encode_dismiss(stranger.id());
    let dismissed = admin(&world, Method::POST, "/admin/dismiss", dismissed).await;
    assert_eq!(dismissed.status, StatusCode::OK);

    let line = admin(&world, Method::GET, "/admin/line", vec![]).await;
    assert_eq!(decode_line(&line.body).unwrap(), world.hub().line());
    let pending = admin(&world, Method::GET, "/admin/pending", vec![]).await;
    let pending = Pending::decode_all(&pending.body).unwrap();
    assert_eq!(pending[0].digits, asked.digits().unwrap());
    assert_eq!((pending.len(), &pending[0].spki[..]), (1, phone.key.spki()));

    let signed = world.roster.clone().sign(&world.org.signer).unwrap();
    world.roster = signed.next(0);
    world.roster.devices.push(phone.line());
    let signed = world.roster.clone().sign(&world.org.signer).unwrap();
    let accepted = admin(&world, Method::POST, "/admin/roster", signed.bytes.clone()).await;
    assert_eq!(accepted.status, StatusCode::OK);
    let mut bad = signed.bytes;
    bad[100] ^= 1;
    let refused = admin(&world, Method::POST, "/admin/roster", bad).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);

    let body = Unlock::of(&world.org.identity).encode().to_vec();
    let unlocked = admin(&world, Method::POST, "/admin/unlock", body).await;
    assert_eq!(unlocked.status, StatusCode::OK);
    let status = admin(&world, Method::GET, "/admin/status", vec![]).await;
    let status = Status::decode(&status.body).unwrap();
    assert_eq!((status.roster_version, status.is_locked), (2, false));
    let refused = admin(&world, Method::POST, "/admin/unlock", vec![1]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    admin(&world, Method::POST, "/admin/lock", vec![]).await;
    assert!(world.hub().is_locked());
    let link = admin(&world, Method::POST, "/admin/sign-in", vec![]).await;
    assert!(decode_sign_in(&link.body).unwrap().starts_with("/in/"));
}

#[tokio::test]
async fn without_the_token_nothing_is_answered() {
    let world = World::new(&[]);
    let paths = [
        "line", "pending", "dismiss", "status", "roster", "unlock", "lock", "sign-in",
    ];
    for path in paths.map(|path| format!("/admin/{path}")) {
        for authorization in ["", "Imena-Admin 00", "Bearer x"] {
            let headers = [("host", "localhost"), ("authorization", authorization)];
            for method in [Method::GET, Method::POST] {
                let router = world.hub().page_router();
                let reply = call(router, method, &path, &headers, Vec::new()).await;
                assert_ne!(reply.status, StatusCode::OK, "{path}");
                assert!(reply.body.is_empty(), "{path}");
            }
        }
    }
    let phones = call(
        world.phones(),
        Method::GET,
        "/admin/status",
        &[],
        Vec::new(),
    )
    .await;
    assert_eq!(
        phones.status,
        StatusCode::NOT_FOUND,
        "not on the phones' port"
    );
}

#[tokio::test]
async fn a_running_hub_writes_down_where_its_admin_interface_is() {
    let world = World::new(&[]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let hub = world.hub().clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        hub.serve_page(listener, async { stopped.await.unwrap_or_default() })
            .await
    });
    let dir = world.dir.path().join("hub");
    let environment = Environment::system(0);
    let access = loop {
        match Access::read(&environment, &dir) {
            Ok(access) => break access,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
        }
    };
    assert_eq!(
        (access.address, access.token),
        (address, world.hub().admin_token())
    );
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    let open = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    assert!(
        world.hub().serve_page(open, async {}).await.is_err(),
        "loopback only"
    );
}
