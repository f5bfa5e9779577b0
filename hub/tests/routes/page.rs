//! The page: one-time link, both languages, nothing without a session.

use axum::http::{Method, StatusCode};
use imena_core::encoding::{Hash32, Map, Value};
use imena_core::model::display::is_steering;
use imena_core::model::ids::{SubjectId, SubjectRef};
use imena_core::vocabulary::Kind;

use crate::support::{Phone, Reply, World, call};

async fn get(world: &World, path: &str, cookie: &str) -> Reply {
    let headers = [("host", "127.0.0.1:8080"), ("cookie", cookie)];
    call(
        world.hub().page_router(),
        Method::GET,
        path,
        &headers,
        Vec::new(),
    )
    .await
}

async fn sign_in(world: &World) -> String {
    let reply = get(world, &world.hub().sign_in_path().unwrap(), "").await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    let cookie = reply.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_link_signs_in_once_and_nothing_is_shown_without() {
    let world = World::new(&[]);
    let link = world.hub().sign_in_path().unwrap();
    assert_eq!(get(&world, "/", "").await.status, StatusCode::UNAUTHORIZED);
    let headers = [("host", "127.0.0.1:8080")];
    let router = world.hub().page_router();
    let looked_at = call(router, Method::HEAD, &link, &headers, Vec::new()).await;
    assert_eq!(looked_at.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(!looked_at.headers.contains_key("set-cookie"));
    assert_eq!(get(&world, &link, "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        get(&world, &link, "").await.status,
        StatusCode::UNAUTHORIZED,
        "used"
    );
    let cookie = sign_in(&world).await;
    let page = get(&world, "/", &cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.headers["cache-control"], "no-store");
    assert!(
        page.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'")
    );
    world.pass_time(13 * 60 * 60 * 1000);
    assert_eq!(
        get(&world, "/", &cookie).await.status,
        StatusCode::UNAUTHORIZED,
        "over"
    );
    let headers = [("host", "evil.example")];
    let foreign = call(
        world.hub().page_router(),
        Method::GET,
        "/",
        &headers,
        Vec::new(),
    )
    .await;
    assert_eq!(foreign.status, StatusCode::MISDIRECTED_REQUEST);
    let style = get(&world, "/assets/page.css", "").await;
    assert_eq!(style.status, StatusCode::OK);
}

#[tokio::test]
async fn a_locked_hub_says_what_that_means_in_both_languages() {
    let world = World::new(&[]);
    let cookie = sign_in(&world).await;
    let page = get(&world, "/", &cookie).await.text();
    assert!(page.contains("Вузол замкнено") && page.contains("lang=\"uk\""));
    let page = get(&world, "/?lang=en", &cookie).await.text();
    assert!(page.contains("This hub is locked") && page.contains("lang=\"en\""));
}

#[tokio::test]
async fn a_record_shows_what_hangs_on_it_what_it_is_linked_to_and_what_is_missing() {
    let mut phone = Phone::new();
    let world = World::new(&[&phone]);
    let org = world.org_id();
    let site = phone.record_site(org, "Ізюм <script>");
    let (grave, remains) = (SubjectId([2; 16]), SubjectId([3; 16]));
    let fields = Map::new().text(1, "IZM1-T01-G001-AA").with(2, site);
    phone.record(org, Kind::Grave, grave, fields.text(3, "individual_marked"));
    for (id, number) in [(7, "319"), (8, "320")] {
        let fields = Map::new()
            .with(1, site)
            .text(2, "cross")
            .text(3, "Невідомий");
        let marker = SubjectId([id; 16]);
        phone.record(org, Kind::Marker, marker, fields.text(4, number));
    }
    // Only the first stands for the grave.
    let ends = Map::new().with(1, grave).with(2, SubjectId([7; 16]));
    phone.record(org, Kind::GraveMarker, SubjectId([9; 16]), ends);
    let fields = Map::new()
        .text(1, "IZM1-T01-0001-BB")
        .with(2, site)
        .with(3, grave);
    phone.record(org, Kind::Remains, remains, fields);
    let owner = SubjectRef {
        kind: Kind::Remains,
        id: remains,
    };
    let hint = Map::new()
        .with(1, owner)
        .text(2, "marker")
        .text(3, "Бойко І.")
        .text(6, "probable");
    phone.record(org, Kind::PersonHint, SubjectId([5; 16]), hint);
    let (sealed, bytes) = world.seal(b"picture");
    let sha256 = Hash32::of(b"picture");
    phone.record_photo(org, owner, sealed, bytes.len() as u64, sha256);
    let token = world.token(&phone).await;
    world.put_whole(&token, &phone.run(&world, 1), 1).await;
    world.unlock();

    let cookie = sign_in(&world).await;
    let open = async |id: SubjectId, query: &str| {
        let page = get(&world, &format!("/record/{id}{query}"), &cookie).await;
        assert_eq!(page.status, StatusCode::OK);
        page.text()
    };
    let contains = |page: &str, all: &[&str]| {
        for expected in all {
            assert!(page.contains(expected), "{expected}\n{page}");
        }
        assert!(!page.contains("<script>"));
    };
    let first = get(&world, "/", &cookie).await.text();
    contains(
        &first,
        &[&format!("/record/{site}"), "Ізюм &#60;script&#62;"],
    );
    let on_site = open(site, "").await;
    let codes = ["IZM1-T01-G001-AA", "IZM1-T01-0001-BB"];
    contains(&on_site, &codes);
    contains(&on_site, &["319", "320", "окрема, з позначкою"]);
    let at_grave = open(grave, "").await;
    contains(&at_grave, &codes);
    contains(
        &at_grave,
        &["окрема, з позначкою", "Пов’язано", "319", "Історія"],
    );
    assert!(
        !at_grave.contains("320"),
        "a marker stands in the wrong place"
    );
    let body = open(remains, "").await;
    let shown = [
        "Бойко І.",
        "можливе ім’я, не встановлено",
        "на повний зріст",
        &sha256.to_string(),
        "оригінал ще не надійшов",
    ];
    contains(&body, &shown);

    world.put_whole(&token, &bytes, 4).await;
    world.hub().settle();
    let body = open(remains, "").await;
    assert!(!body.contains("оригінал ще не надійшов") && body.contains("квитанція № "));
    let english = open(remains, "?lang=en").await;
    contains(&english, &["possible name, not established", "recorded"]);
    contains(&open(grave, "?lang=en").await, &["individual, marked"]);
    for unknown in ["00000000-0000-0000-0000-000000000000", "no-id"] {
        let page = get(&world, &format!("/record/{unknown}"), &cookie).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
    }
    for (asked, is_there) in [("319", true), ("boiko", true), ("999", false)] {
        let page = get(&world, &format!("/search?q={asked}"), &cookie).await;
        let page = page.text();
        assert_eq!(page.contains("/record/"), is_there, "{asked}\n{page}");
    }
}

#[tokio::test]
async fn a_photo_of_no_record_is_shown_and_a_lost_index_changes_no_page() {
    let mut phone = Phone::new();
    let mut world = World::new(&[&phone]);
    let org = world.org_id();
    phone.record_site(org, "Izium");
    let (sealed, bytes) = world.seal(b"picture");
    let fields = Map::new()
        .with(1, sealed)
        .uint(2, bytes.len() as u64)
        .with(3, Hash32::of(b"picture"))
        .bytes(7, [4; 16]);
    phone.record(org, Kind::Photo, SubjectId([4; 16]), fields);
    let token = world.token(&phone).await;
    world.put_whole(&token, &phone.run(&world, 1), 1).await;
    world.unlock();
    let cookie = sign_in(&world).await;
    let before = get(&world, "/?lang=en", &cookie).await.text();
    assert!(before.contains("belong to no record yet"), "{before}");
    assert!(before.contains(&Hash32::of(b"picture").to_string()));

    for damage in ["removed", "garbage"] {
        world.close();
        let index = world.dir.path().join("hub/index.db");
        let stored = std::fs::read(&index).unwrap();
        let has_name = stored.windows(5).any(|window| window == b"Izium");
        assert!(!has_name, "the index lies readable on the disk");
        match damage {
            "removed" => std::fs::remove_file(index).unwrap(),
            _ => std::fs::write(index, vec![1; 8192]).unwrap(),
        }
        world.open();
        world.unlock();
        let cookie = sign_in(&world).await;
        let after = get(&world, "/?lang=en", &cookie).await.text();
        assert_eq!(after, before, "{damage}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_picture_stands_beside_it_whenever_it_was_found() {
    let mut phone = Phone::new();
    let world = World::new(&[&phone]);
    let org = world.org_id();
    let (sealed, bytes) = world.seal(b"half a picture");
    let fields = Map::new()
        .with(1, sealed)
        .uint(2, bytes.len() as u64)
        .with(3, Hash32::of(b"half a picture"))
        .bytes(7, [4; 16])
        .array(
            14,
            ["broken_exif", "<i>of_a_later_version"].map(Value::text),
        );
    let photo = SubjectId([4; 16]);
    phone.record(org, Kind::Photo, photo, fields);
    let made = Map::new().with(1, photo).text(4, "damaged");
    phone.record(org, Kind::RenditionsMade, SubjectId([5; 16]), made);
    let token = world.token(&phone).await;
    world.put_whole(&token, &phone.run(&world, 1), 1).await;
    world.unlock();
    let cookie = sign_in(&world).await;
    let page = get(&world, "/?lang=en", &cookie).await.text();
    for note in [
        "camera data damaged",
        "picture cannot be decoded",
        "&#60;i&#62;of_a_later_version",
    ] {
        assert!(page.contains(note), "{note}: {page}");
    }
}

#[tokio::test]
async fn what_phones_tell_differently_and_what_ended_is_shown_and_marked() {
    let (mut phone, mut other) = (Phone::new(), Phone::new());
    let world = World::new(&[&phone, &other]);
    let org = world.org_id();
    let site = phone.record_site(org, "Izium");
    let (remains, photo, marker) = (SubjectId([3; 16]), SubjectId([4; 16]), SubjectId([7; 16]));
    let body = |kind| {
        let fields = Map::new().text(1, "IZM1-T01-0001-BB").with(2, site);
        fields.text(4, kind)
    };
    phone.record(org, Kind::Remains, remains, body("complete_body"));
    other.record(org, Kind::Remains, remains, body("body_part"));
    // One phone gives the photo to the remains, the other to the marker.
    let (sealed, bytes) = world.seal(b"picture");
    for (phone, kind, id) in [
        (&mut phone, Kind::Remains, remains),
        (&mut other, Kind::Marker, marker),
    ] {
        let fields = Map::new()
            .with(1, sealed)
            .uint(2, bytes.len() as u64)
            .with(3, Hash32::of(b"picture"))
            .with(8, SubjectRef { kind, id });
        phone.record(org, Kind::Photo, photo, fields.text(9, "G1"));
    }
    let fields = Map::new()
        .with(1, site)
        .text(2, "plaque")
        .text(3, "<b>1</b>");
    phone.record(org, Kind::Marker, marker, fields);
    phone.void(org, Kind::Marker, marker, "<i>wrong row</i>");
    for phone in [&phone, &other] {
        let token = world.token(phone).await;
        world.put_whole(&token, &phone.run(&world, 1), 1).await;
    }
    world.unlock();

    let cookie = sign_in(&world).await;
    let open = async |id: SubjectId, lang: &str| {
        let path = format!("/record/{id}?lang={lang}");
        get(&world, &path, &cookie).await.text()
    };
    let english = open(remains, "en").await;
    let times = |text: &str| english.matches(text).count();
    // The mark of the record; the photo at it; the field.
    assert_eq!(times("two phones recorded this code"), 2, "{english}");
    assert_eq!(times("values differ"), 3, "{english}");
    assert!(english.contains("complete body") && english.contains("body part"));
    assert_eq!(times("marker close-up"), 1, "{english}");
    let ended = open(marker, "en").await;
    let reason = "no longer counted: <bdi>&#60;i&#62;wrong row&#60;/i&#62;</bdi>";
    assert!(
        ended.contains(reason) && ended.contains("declared void"),
        "{ended}"
    );
    assert!(ended.contains("&#60;b&#62;1&#60;/b&#62;") && !ended.contains("<b>"));
    assert!(
        ended.contains("marker close-up"),
        "the photo stands at both"
    );
    let ukrainian = open(remains, "uk").await + &open(marker, "uk").await;
    for expected in [
        "табличка",
        "позначка зблизька",
        "цей код записано двічі різними телефонами",
        "є різні значення: має вирішити людина",
        "більше не враховується:",
    ] {
        assert!(ukrainian.contains(expected), "{expected}\n{ukrainian}");
    }
}

#[tokio::test]
async fn what_comes_before_its_owner_waits_on_the_first_page() {
    let (mut phone, mut other) = (Phone::new(), Phone::new());
    let world = World::new(&[&phone, &other]);
    let org = world.org_id();
    let site = phone.record_site(org, "Izium");
    let grave = SubjectId([2; 16]);
    let fields = Map::new().text(1, "IZM1-T01-G001-AA").with(2, site);
    other.record(org, Kind::Grave, grave, fields.text(3, "trench"));
    let owner = SubjectRef {
        kind: Kind::Remains,
        id: SubjectId([3; 16]),
    };
    let fields = Map::new().text(1, "IZM1-T01-0001-BB").with(2, site);
    phone.record(org, Kind::Remains, owner.id, fields.with(3, grave));
    let (sealed, bytes) = world.seal(b"picture");
    let sha256 = Hash32::of(b"picture");
    other.record_photo(org, owner, sealed, bytes.len() as u64, sha256);
    let hint = Map::new().with(1, owner).text(2, "letter").text(3, "Бойко");
    other.record(org, Kind::PersonHint, SubjectId([5; 16]), hint);
    world.unlock();
    let early = [
        "whose site or grave has not arrived",
        "IZM1-T01-G001-AA",
        "trench",
        "Бойко",
        &sha256.to_string(),
    ];

    let token = world.token(&other).await;
    world.put_whole(&token, &other.run(&world, 1), 1).await;
    world.hub().settle();
    let cookie = sign_in(&world).await;
    let first = get(&world, "/?lang=en", &cookie).await.text();
    for expected in early {
        assert!(first.contains(expected), "{expected}\n{first}");
    }

    let token = world.token(&phone).await;
    world.put_whole(&token, &phone.run(&world, 1), 1).await;
    world.hub().settle();
    let first = get(&world, "/?lang=en", &cookie).await.text();
    let mut page = String::new();
    for id in [site, grave, owner.id] {
        let path = format!("/record/{id}?lang=en");
        page.push_str(&get(&world, &path, &cookie).await.text());
    }
    for moved in &early[1..] {
        assert!(!first.contains(moved), "{moved}\n{first}");
        assert!(page.contains(moved), "{moved}\n{page}");
    }
    assert!(!first.contains(early[0]), "{first}");
}

/// What somebody may write who wants a page or a terminal to show something else.
fn planted(what: &str) -> String {
    format!("PLANT{what}\u{1b}[2J\u{202e}\u{2066}\n</bdi><b>\u{9b}\u{200f}\"'&")
}

#[tokio::test]
async fn every_text_of_others_stands_by_itself_and_steers_no_page() {
    let mut phone = Phone::new();
    let world = World::new(&[&phone]);
    let org = world.org_id();
    let site = SubjectId([1; 16]);
    let (grave, remains, marker) = (SubjectId([2; 16]), SubjectId([3; 16]), SubjectId([7; 16]));
    let fields = |texts: &[u64]| {
        let texts = texts.iter().copied();
        texts.fold(Map::new(), |map, field| {
            map.text(field, planted(&field.to_string()))
        })
    };
    phone.record(org, Kind::Site, site, fields(&[1, 2, 3]));
    phone.record(org, Kind::Grave, grave, fields(&[1, 3, 4]).with(2, site));
    phone.record(
        org,
        Kind::Marker,
        marker,
        fields(&[2, 3, 4, 5]).with(1, site),
    );
    phone.record(
        org,
        Kind::Remains,
        remains,
        fields(&[1, 4, 5]).with(2, site),
    );
    let owner = SubjectRef {
        kind: Kind::Remains,
        id: remains,
    };
    let hint = fields(&[2, 3, 5, 6]).with(1, owner);
    phone.record(org, Kind::PersonHint, SubjectId([5; 16]), hint);
    let (sealed, bytes) = world.seal(b"picture");
    let photo = fields(&[5, 6, 9, 13])
        .with(1, sealed)
        .uint(2, bytes.len() as u64)
        .with(3, Hash32::of(b"picture"))
        .bytes(7, [4; 16])
        .with(8, owner);
    phone.record(org, Kind::Photo, SubjectId([4; 16]), photo);
    // What hangs on nothing stands on the first page.
    phone.record(org, Kind::Grave, SubjectId([12; 16]), fields(&[1, 3]));
    phone.record(
        org,
        Kind::PersonHint,
        SubjectId([15; 16]),
        fields(&[2, 3, 6]),
    );
    phone.void(org, Kind::Marker, marker, &planted("reason"));
    let token = world.token(&phone).await;
    world.put_whole(&token, &phone.run(&world, 1), 1).await;
    world.unlock();

    let cookie = sign_in(&world).await;
    let mut paths = vec!["/".to_owned(), "/search?q=plant".to_owned()];
    for id in [
        site,
        grave,
        remains,
        marker,
        SubjectId([4; 16]),
        SubjectId([5; 16]),
    ] {
        paths.push(format!("/record/{id}"));
    }
    for path in paths {
        for lang in ["uk", "en"] {
            let mark = if path.contains('?') { '&' } else { '?' };
            let path = format!("{path}{mark}lang={lang}");
            let page = get(&world, &path, &cookie).await.text();
            let steering = page.chars().find(|c| *c != '\n' && is_steering(*c));
            assert_eq!(steering, None, "{page}");
            assert!(page.matches("PLANT").count() >= 2, "{path}\n{page}");
            let mut outside = String::new();
            for part in page.split("<bdi>") {
                outside.push_str(part.split_once("</bdi>").map_or(part, |(_, rest)| rest));
            }
            assert!(
                !outside.contains("PLANT") && !outside.contains("[2J"),
                "{outside}"
            );
            assert!(
                !page.contains("<b>") && !outside.contains("</bdi>"),
                "{page}"
            );
        }
    }
}
