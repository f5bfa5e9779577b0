//! HEAD and GET /v1/files: what is here, whole or in part.

use axum::http::{Method, StatusCode};
use imena_core::sync::wire::ErrorCode;

use crate::support::{Phone, Put, Reply, World, call};

async fn ask(world: &World, method: Method, token: &str, bytes: &[u8], range: &str) -> Reply {
    let path = format!("/v1/files/{}", Put::whole(bytes, 4).sealed);
    let mut headers = vec![("authorization", token)];
    if !range.is_empty() {
        headers.push(("range", range));
    }
    call(world.phones(), method, &path, &headers, Vec::new()).await
}

#[tokio::test]
async fn a_head_says_what_the_hub_has() {
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let all = vec![1; 5000];
    let head = |reply: Reply| {
        (
            reply.headers["have"].clone(),
            reply.headers["stored"].clone(),
        )
    };
    let none = head(ask(&world, Method::HEAD, &token, &all, "").await);
    assert_eq!(
        (none.0.to_str().unwrap(), none.1.to_str().unwrap()),
        ("0", "0")
    );
    world.put(&token, &Put::part(&all, 0, 2000)).await;
    let part = head(ask(&world, Method::HEAD, &token, &all, "").await);
    assert_eq!(
        (part.0.to_str().unwrap(), part.1.to_str().unwrap()),
        ("2000", "0")
    );
    world.put(&token, &Put::part(&all, 2000, 5000)).await;
    let whole = head(ask(&world, Method::HEAD, &token, &all, "").await);
    assert_eq!(
        (whole.0.to_str().unwrap(), whole.1.to_str().unwrap()),
        ("5000", "1")
    );
}

#[tokio::test]
async fn a_file_is_read_whole_or_in_part_by_members_only() {
    let (phone, stranger) = (Phone::new(), Phone::new());
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    let all: Vec<u8> = (0..200_000_u32).map(|at| (at % 253) as u8).collect();
    world.put_whole(&token, &all, 4).await;
    let whole = ask(&world, Method::GET, &token, &all, "").await;
    assert_eq!((whole.status, &whole.body), (StatusCode::OK, &all));
    let part = ask(&world, Method::GET, &token, &all, "bytes=100-70099").await;
    assert_eq!(
        (part.status, &part.body[..]),
        (StatusCode::PARTIAL_CONTENT, &all[100..70_100])
    );
    assert_eq!(part.headers["content-range"], "bytes 100-70099/200000");
    let rest = ask(&world, Method::GET, &token, &all, "bytes=199999-").await;
    assert_eq!(rest.body, &all[199_999..]);
    for wrong in [
        "bytes=200000-",
        "bytes=5-4",
        "bytes=-5",
        "lines=1-2",
        "bytes=0-1,3-4",
    ] {
        let reply = ask(&world, Method::GET, &token, &all, wrong).await;
        assert_eq!(reply.code(), ErrorCode::Malformed, "{wrong}");
    }
    let missing = ask(&world, Method::GET, &token, b"never came", "").await;
    assert_eq!(missing.code(), ErrorCode::UnknownPath);
    let unclaimed = world.token(&stranger).await;
    let reply = ask(&world, Method::GET, &unclaimed, &all, "").await;
    assert_eq!(reply.code(), ErrorCode::Forbidden);
}
