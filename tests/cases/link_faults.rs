//! Real phones and a real hub on a link that fails in every place: each photo is receipted once, nobody else is believed.
//!
//! The program must be built before: `cargo build --package imena` (`./dev test` does so); `IMENA_BIN` names another one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "the first thing that is not as expected shall stop the test"
)]

#[path = "link_faults/field.rs"]
mod field;
#[path = "link_faults/portal.rs"]
mod portal;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use field::{Field, copy, files_below};
use imena_tests::relay::Cut;

/// A piece of an upload is never longer; a cut costs no more than one.
const PIECE_BYTES_MAX: u64 = 1024 * 1024;
/// Greetings, headers, tokens, offers and answers of one sync.
const TALK_BYTES_MAX: u64 = 64 * 1024;
const A_LONG_TIME: Duration = Duration::from_secs(120);

/// Syncs over one cut: everything is receipted, and no more than one piece went twice.
fn sync_over(field: &mut Field, cut: Cut, photo_bytes: usize, photos: u64) {
    field.capture("t01", photo_bytes);
    let before = field.link.traffic();
    field.link.plan([cut]);
    let synced = field.sync("t01");
    let after = field.link.traffic();
    assert_eq!(after.cuts - before.cuts, 1, "{cut:?}");
    assert!(
        synced["failures"].as_u64().unwrap() >= 1,
        "{cut:?}: {synced}"
    );
    let up_bytes = after.up_bytes - before.up_bytes;
    let bound = photo_bytes as u64 + PIECE_BYTES_MAX + TALK_BYTES_MAX;
    assert!(
        up_bytes <= bound,
        "{cut:?}: {up_bytes} bytes for {photo_bytes}"
    );
    field.assert_all_receipted("t01", photos);
}

#[test]
fn a_link_cut_before_the_body_or_in_its_head_sends_the_photo_once() {
    let mut field = Field::with_phone("t01");
    sync_over(&mut field, Cut::BeforeBody, 200_000, 1);
    sync_over(&mut field, Cut::MidHeader, 200_000, 2);
}

#[test]
fn a_link_cut_in_the_body_goes_on_where_the_hub_got_to() {
    let mut field = Field::with_phone("t01");
    sync_over(&mut field, Cut::MidBody(100_000), 3_000_000, 1);
    sync_over(&mut field, Cut::AfterUp(2_000_000), 3_000_000, 2);
}

#[test]
fn a_reply_that_is_lost_after_the_commit_costs_no_second_upload() {
    let mut field = Field::with_phone("t01");
    // One piece: the hub has the whole photo and its receipt when the link breaks.
    field.capture("t01", 40_000);
    let before = field.link.traffic();
    field.link.plan([Cut::BeforeReply]);
    let synced = field.sync("t01");
    let after = field.link.traffic();
    assert_eq!(after.cuts - before.cuts, 1);
    assert_eq!(synced["resent_bytes"], 0, "{synced}");
    let up_bytes = after.up_bytes - before.up_bytes;
    assert!(
        up_bytes < 2 * 40_000,
        "{up_bytes} bytes for a photo of 40,000"
    );
    field.assert_all_receipted("t01", 1);
}

#[test]
fn many_cuts_in_a_row_lose_and_double_nothing() {
    let mut field = Field::with_phone("t01");
    for bytes in [400_000, 20_000, 700_000] {
        field.capture("t01", bytes);
    }
    field.link.plan_seeded(7, 4, 8_000, 200_000);
    field.sync("t01");
    assert_eq!(field.link.planned(), 0);
    field.assert_all_receipted("t01", 3);
}

#[test]
fn a_hub_killed_in_the_middle_of_an_upload_goes_on_when_it_is_back() {
    let mut field = Field::with_phone("t01");
    field.capture("t01", 3_000_000);
    field.link.set_rate(Some(4_000_000));
    let sync = ["--json", "phone", "--dir", "t01", "sync"];
    let mut phone = field.imena.command(&sync).spawn().unwrap();
    for kill in 1..=2 {
        let before = field.link.traffic().up_bytes;
        wait_until(|| field.link.traffic().up_bytes > before + 600_000);
        assert!(
            phone.try_wait().unwrap().is_none(),
            "the upload was over before kill {kill}"
        );
        field.kill_hub();
        field.start_hub();
    }
    field.link.set_rate(None);
    let ended = phone.wait_with_output().unwrap();
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let up_bytes = field.link.traffic().up_bytes;
    let bound = 3_000_000 + 2 * PIECE_BYTES_MAX + 2 * TALK_BYTES_MAX;
    assert!(up_bytes <= bound, "{up_bytes} bytes");
    field.assert_all_receipted("t01", 1);
}

#[test]
fn a_hub_that_is_not_at_its_first_address_is_found_at_another() {
    // Nobody listens on the discard port.
    let mut field = Field::told(&["127.0.0.1:9"]);
    field.join("t01");
    field.capture("t01", 30_000);
    let synced = field.sync("t01");
    assert_eq!(synced["failures"], 1, "{synced}");
    field.assert_all_receipted("t01", 1);
    let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 9));
    field.link.set_target(nowhere);
    field.capture("t01", 30_000);
    let told = field.sync_in_vain("t01");
    assert!(told.contains("Everything is on this phone"), "{told}");
}

#[test]
fn a_login_page_in_the_hubs_place_gets_and_changes_nothing() {
    let mut field = Field::with_phone("t01");
    field.capture("t01", 50_000);
    let before = field.status("t01")["counts"].clone();
    for answer in [portal::PAGE, portal::REDIRECT] {
        field.link.set_target(portal::start(answer));
        let up_before = field.link.traffic().up_bytes;
        let told = field.sync_in_vain("t01");
        assert!(told.contains("the network may need a login"), "{told}");
        assert!(
            field.link.traffic().up_bytes - up_before < 5_000,
            "more than a greeting"
        );
        assert_eq!(field.status("t01")["counts"], before);
    }
    field.link.set_target(field.hub_address());
    field.sync("t01");
    field.assert_all_receipted("t01", 1);
}

#[test]
fn a_server_with_another_key_gets_and_changes_nothing() {
    let mut field = Field::with_phone("t01");
    let other = Field::new();
    field.capture("t01", 50_000);
    let before = field.status("t01")["counts"].clone();
    field.link.set_target(other.hub_address());
    let told = field.sync_in_vain("t01");
    assert!(
        told.contains("Somebody else answers in the hub's place"),
        "{told}"
    );
    assert_eq!(field.status("t01")["counts"], before);
    assert_eq!(other.hub_status()["receipts"], 0);
    field.link.set_target(field.hub_address());
    field.sync("t01");
    field.assert_all_receipted("t01", 1);
}

#[test]
fn a_locked_phone_sends_and_takes_receipts() {
    let mut field = Field::with_phone("t01");
    field.capture("t01", 120_000);
    let locked = field.imena.without_passcode();
    let sync = ["--json", "phone", "--dir", "t01", "sync"];
    let ran = locked.run(&sync).unwrap();
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert_eq!(ran.json().unwrap()[0]["counts"]["originals_on_hub"], 1);
    let status = locked
        .run(&["--json", "phone", "--dir", "t01", "status"])
        .unwrap();
    assert_eq!(status.json().unwrap()[0]["is_locked"], true);
    field.assert_all_receipted("t01", 1);
}

#[test]
fn an_older_roster_is_not_taken_again() {
    let mut field = Field::with_phone("t01");
    std::fs::copy(field.path("org/roster.cose"), field.path("older.cose")).unwrap();
    field.join("t02");
    let version = field.hub_status()["roster"].as_u64().unwrap();

    // The older roster lies in the organisation's folder again: the next one signed from it is no newer than the hub's.
    let digits = field.ask_in("t03");
    std::fs::copy(field.path("older.cose"), field.path("org/roster.cose")).unwrap();
    let ran = field.call(&["org", "approve", "--digits", &digits]);
    assert_ne!(ran.code, Some(0), "{}", ran.all());
    assert_eq!(field.hub_status()["roster"], version);

    // Nor does a start of the hub take it.
    std::fs::copy(field.path("older.cose"), field.path("org/roster.cose")).unwrap();
    field.stop_hub();
    field.start_hub();
    assert_eq!(field.hub_status()["roster"], version);
    field.capture("t02", 30_000);
    let synced = field.sync("t02");
    assert_eq!(synced["counts"]["originals_on_hub"], 1, "{synced}");
    assert_eq!(field.status("t02")["roster_version"], version);
}

#[test]
fn a_hub_that_only_knows_an_older_roster_does_not_set_a_phone_back() {
    let mut field = Field::with_phone("t01");
    field.stop_hub();
    copy(&field.path("hub"), &field.path("older"));
    copy(&field.path("org"), &field.path("older-org"));
    field.start_hub();
    field.join("t02");
    let version = field.status("t02")["roster_version"].as_u64().unwrap();
    put_back(&mut field, &[("hub", "older"), ("org", "older-org")]);
    field.capture("t02", 30_000);
    let synced = field.sync("t02");
    assert!(field.hub_status()["roster"].as_u64().unwrap() < version);
    assert_eq!(field.status("t02")["roster_version"], version);
    // Stored and receipted all the same: the phone's own roster says whose receipts count.
    assert_eq!(synced["counts"]["originals_on_hub"], 1, "{synced}");
}

#[test]
fn a_hub_restored_from_an_older_copy_is_given_everything_again() {
    let mut field = Field::with_phone("t01");
    field.capture("t01", 60_000);
    field.sync("t01");
    field.stop_hub();
    copy(&field.path("hub"), &field.path("older"));
    field.start_hub();
    for bytes in [80_000, 100_000] {
        field.capture("t01", bytes);
        field.sync("t01");
    }
    field.assert_all_receipted("t01", 3);
    let on_phone = field.on_phone("t01");

    put_back(&mut field, &[("hub", "older")]);
    assert!(
        field.on_hub().len() < on_phone.len() + 1,
        "the copy is not older"
    );
    let ran = field.well(&["phone", "--dir", "t01", "sync"]);
    assert!(
        ran.err
            .iter()
            .any(|line| line.contains("set back to an older copy")),
        "{}",
        ran.all()
    );
    field.assert_all_receipted("t01", 3);

    let freed = field
        .well(&["--json", "phone", "--dir", "t01", "free"])
        .json()
        .unwrap();
    assert_eq!(freed[0]["freed"].as_array().unwrap().len(), 0, "{freed:?}");
    assert_eq!(field.on_phone("t01"), on_phone);
}

#[test]
fn a_hub_that_has_lost_a_receipted_file_takes_its_word_back_and_gets_it_again() {
    let mut field = Field::with_phone("t01");
    field.capture("t01", 30_000);
    field.capture("t01", 40_000);
    field.sync("t01");
    let lost = field.on_phone("t01").pop_first().unwrap();
    let place = files_below(&field.path("hub/files"));
    std::fs::remove_file(place.iter().find(|path| path.ends_with(&lost)).unwrap()).unwrap();

    // Asked whether it holds them, the hub looks.
    let freed = field.well(&["--json", "phone", "--dir", "t01", "free"]);
    assert_eq!(freed.json().unwrap()[0]["freed"], serde_json::json!([]));
    field.sync("t01");
    assert!(field.on_hub().contains(&lost));
    field.assert_all_receipted("t01", 2);
}

#[test]
fn a_photo_whose_file_is_gone_before_any_hub_has_it_is_said_to_be_missing() {
    let mut field = Field::with_phone("t01");
    field.capture("t01", 30_000);
    field.capture("t01", 40_000);
    let lost = field.on_phone("t01").pop_first().unwrap();
    let place = files_below(&field.path("t01"));
    let is_lost = |path: &&PathBuf| path.to_string_lossy().contains(&lost);
    std::fs::remove_file(place.iter().find(is_lost).unwrap()).unwrap();

    let synced = field.sync("t01");
    assert_eq!(synced["missing"], serde_json::json!([lost]), "{synced}");
    let counts = &synced["counts"];
    assert_eq!(
        (&counts["originals_on_hub"], &counts["waiting"]),
        (&1.into(), &1.into())
    );
    let listed = field
        .well(&["phone", "--dir", "t01", "list", "photos"])
        .all();
    assert_eq!(listed.matches("MISSING here").count(), 1, "{listed}");
    let verified = field.call(&["verify", "--dir", "t01"]);
    assert_eq!(verified.code, Some(1));
    assert!(verified.all().contains(&lost), "{}", verified.all());
}

#[test]
fn a_phone_restored_from_an_older_copy_loses_nothing_and_both_branches_are_kept() {
    let mut field = Field::with_phone("t01");
    field.capture("t01", 30_000);
    field.sync("t01");
    copy(&field.path("t01"), &field.path("older"));
    field.capture("t01", 40_000);
    field.sync("t01");
    let before = field.on_hub();

    std::fs::rename(field.path("t01"), field.path("t01-lost")).unwrap();
    std::fs::rename(field.path("older"), field.path("t01")).unwrap();
    field.capture("t01", 50_000);
    field.sync("t01");
    let after = field.on_hub();
    assert!(before.is_subset(&after), "the hub lost what it had");
    // The copy's photo, and the run that tells of it.
    assert!(after.len() >= before.len() + 2, "{after:?}");
    assert!(field.on_phone("t01").is_subset(&after));
    field.well(&["hub", "unlock"]);
    wait_until(|| {
        let notices = field.hub_notices();
        notices.iter().any(|notice| notice.contains("two branches"))
    });
}

/// Puts older copies of folders in the place of the present ones, while the hub is stopped.
fn put_back(field: &mut Field, folders: &[(&str, &str)]) {
    field.stop_hub();
    for (now, older) in folders {
        std::fs::rename(field.path(now), field.path(&format!("{now}-lost"))).unwrap();
        std::fs::rename(field.path(older), field.path(now)).unwrap();
    }
    field.start_hub();
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + A_LONG_TIME;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn receipts_and_rosters_stand_in_files_of_which_the_databases_are_an_index() {
    let mut field = Field::with_phone("t01");
    field.capture("t01", 30_000);
    field.sync("t01");
    let kept = files_below(&field.path("t01/receipts"));
    assert_eq!(kept.len(), 1, "one hub, one epoch");
    let hub = files_below(&field.path("hub/receipts"));
    assert_eq!(kept[0].file_name(), hub[0].file_name());
    let hub = std::fs::read(&hub[0]).unwrap();
    let phone = std::fs::read(&kept[0]).unwrap();
    assert!(!phone.is_empty() && phone.len() <= hub.len());
    assert!(!files_below(&field.path("hub/rosters")).is_empty());
    // A roster shows names: on a phone only the organisation reads it.
    let rosters = files_below(&field.path("t01/rosters"));
    assert!(!rosters.is_empty());
    for roster in rosters {
        let bytes = std::fs::read(roster).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
        assert!(!bytes.windows(3).any(|word| word == b"hub"));
    }
}
