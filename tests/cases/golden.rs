//! The golden vault: files of format version 1 that every later program must read, byte for byte.
//!
//! Owns what our code must find in `tests/golden/v1`. It does not own the second opinion:
//! `tests/python` reads the same files with other people's tools only. A red test here means that a
//! format changed: give it a new version number, not the files new bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

#[path = "golden/make.rs"]
mod make;

#[path = "golden/folder.rs"]
mod folder;

use std::fs;
use std::path::Path;

use age::secrecy::ExposeSecret as _;
use folder::{Golden, env, files_below};
use imena_core::encoding::limits::SEALED_RUN_BYTES_MAX;
use imena_core::encoding::{Hash32, Map, Signed, Value, What};
use imena_core::journal::{Absence, BodyBytes, Entry, Op, ReceiptLine, Run, verify_erasure};
use imena_core::keys::{
    JoinCode, KeyError, LineState, OrgIdentity, OrgSigner, SessionKey, SignedRoster, SoftwareVault,
    VaultKeys, device_key,
};
use imena_core::merge::{Standing, fold};
use imena_core::model::codes::LabelCode;
use imena_core::model::ids::{DeviceId, EntryId, SubjectId};
use imena_core::seal::open_bytes;
use imena_core::sync::wire::SyncReply;
use imena_core::vocabulary::{Gap, Kind};
use make::{
    GRAVE_CODE, HINT_TEXT, NEWER_FIELD, NEWER_KIND, NEWER_OP, PASSCODE, PASSPHRASE, REMAINS_CODE,
};

/// Files of the folder, helps for people left out.
const FILES: usize = 33;
/// Entries of the phone whose folder it is.
const OWN_ENTRIES: u64 = 36;
/// Files up to this length are flipped byte by byte.
const SMALL_BYTES: usize = 4096;

fn golden() -> Golden {
    Golden::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/v1"))
}

#[test]
fn golden_v1_is_never_made_a_second_time() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/v1");
    if std::env::var_os("IMENA_MAKE_GOLDEN").is_some_and(|set| set == "1") {
        make::make(&dir).unwrap();
        return;
    }
    let before = files_below(&dir);
    assert!(!before.is_empty());
    assert!(make::make(&dir).unwrap_err().contains("not made again"));
    assert_eq!(files_below(&dir), before);
}

#[test]
fn a_vault_made_today_is_read_like_the_golden_one() {
    let dir = tempfile::tempdir().unwrap();
    make::make(dir.path()).unwrap();
    let today = Golden::open(dir.path());
    let kinds = |golden: &Golden| -> Vec<(u64, Kind, Op)> {
        let own = golden.own();
        let headers = own.iter().map(|entry| &entry.header);
        headers
            .map(|header| (header.seq, header.kind, header.op))
            .collect()
    };
    assert_eq!(kinds(&today), kinds(&golden()));
    for (name, bytes) in &today.files {
        assert_eq!(today.read(name, bytes), Ok(()), "{name}");
    }
}

#[test]
fn every_golden_file_is_read_and_verified() {
    let golden = golden();
    assert_eq!(golden.files.len(), FILES);
    for (name, bytes) in &golden.files {
        assert_eq!(golden.read(name, bytes), Ok(()), "{name}");
    }
}

#[test]
fn one_changed_byte_of_any_small_file_is_refused() {
    let golden = golden();
    let mut tried = 0;
    for (name, bytes) in golden
        .files
        .iter()
        .filter(|(_, bytes)| bytes.len() <= SMALL_BYTES)
    {
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert!(golden.read(name, &other).is_err(), "{name}: byte {at}");
            tried += 1;
        }
    }
    assert!(tried > 5_000, "{tried}");
}

#[test]
fn a_sealed_file_is_refused_at_every_changed_byte_even_under_a_fitting_name() {
    let golden = golden();
    for (name, bytes) in golden.below("blobs") {
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert!(golden.open_sealed(&other).is_err(), "{name}: byte {at}");
        }
    }
}

#[test]
fn the_organisations_files_open_with_their_passphrase() {
    let golden = golden();
    let dir = golden.dir.join("organisation");
    let signer = OrgSigner::open(&env(), &dir.join("org-signing.age"), PASSPHRASE).unwrap();
    assert_eq!(signer.org(), golden.org);
    assert_eq!(signer.public_key().spki(), golden.files["vault/org.spki"]);
    let secret = golden.identity.identity().to_string();
    let clear = fs::read_to_string(dir.join("identity.txt")).unwrap();
    assert_eq!(clear.trim_end(), secret.expose_secret());
    let wrong = OrgIdentity::open(&env(), &dir.join("org-identity.age"), "another");
    assert!(matches!(wrong, Err(KeyError::Wrong { .. })));
}

#[test]
fn rosters_follow_each_other_and_the_last_one_knows_everybody_who_ever_stood() {
    let golden = golden();
    let mut signed = SignedRoster::open(&golden.roster_bytes(1), golden.org).unwrap();
    for version in [2, 3] {
        signed = signed.succeed(&golden.roster_bytes(version)).unwrap();
    }
    assert_eq!(signed, golden.roster);
    let roster = &golden.roster.roster;
    assert_eq!(
        roster.recipient(),
        Some(golden.identity.recipient().as_str())
    );
    assert_eq!(roster.issuers_of(golden.device)[0].to_string(), "T03");
    let devices = roster.devices.iter();
    let states: Vec<LineState> = devices.map(|line| line.state).collect();
    let expected = [
        LineState::Active,
        LineState::Retired,
        LineState::Lost,
        LineState::Revoked,
    ];
    assert_eq!(states, expected);
    let again = roster.clone().sign(&golden.signer()).unwrap();
    assert_eq!(again.bytes, signed.bytes, "Ed25519 signs alike each time");
    let succeeded = signed.succeed(&golden.files["succession/4.cose"]).unwrap();
    assert_eq!(succeeded.roster.org, golden.org);
    assert_ne!(
        Signed::parse(&succeeded.bytes, What::Roster).unwrap().kid(),
        golden.org.0
    );
}

#[test]
fn the_join_code_is_written_again_letter_for_letter() {
    let golden = golden();
    let text = String::from_utf8(golden.files["vault/join.txt"].clone()).unwrap();
    assert_eq!(JoinCode::parse(&text).unwrap().to_text().unwrap(), text);
    assert_eq!(
        JoinCode::of_roster(&golden.roster.roster)
            .unwrap()
            .to_text()
            .unwrap(),
        text
    );
}

#[test]
fn the_phones_key_files_open_with_its_passcode_and_a_session_key_opens_the_photo() {
    let golden = golden();
    let dir = golden.dir.join("vault");
    let vault = SoftwareVault::open(&env(), &dir).unwrap();
    assert_eq!(DeviceId(device_key(&vault).unwrap().id()), golden.device);
    VaultKeys::transfer(&env(), &dir, &vault).unwrap();
    let keys = VaultKeys::open(&env(), &dir, &vault, PASSCODE).unwrap();
    let wrong = VaultKeys::open(&env(), &dir, &vault, "another");
    assert!(matches!(wrong, Err(KeyError::Wrong { .. })));
    let (sessions, damaged) = SessionKey::open_all(&env(), &dir, &keys).unwrap();
    assert!(damaged.is_empty());
    let photo = golden.entry(Kind::Photo);
    let sealed = golden.sealed(photo.field(1).unwrap());
    let jpeg = open_bytes(&[sessions[0].identity()], sealed, SEALED_RUN_BYTES_MAX).unwrap();
    assert_eq!(Some(Hash32::of(&jpeg)), photo.field(3).unwrap().as_hash());
}

#[test]
fn the_folder_is_verified_by_its_files_and_names_only_what_is_told_in_it() {
    let report = golden().report();
    let findings: Vec<String> = report
        .findings
        .iter()
        .map(|finding| finding.what.clone())
        .collect();
    let is_fork = |what: &&String| what.starts_with("two entries of number");
    let is_lost = |what: &&String| what.ends_with("is lost");
    assert_eq!(findings.len(), 3, "{findings:?}");
    assert_eq!(findings.iter().filter(is_fork).count(), 2);
    assert_eq!(findings.iter().filter(is_lost).count(), 1);
    let proven: Vec<u64> = report
        .chains
        .iter()
        .map(|chain| chain.proven_upto_seq)
        .collect();
    let mut sorted = proven.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [2, 3, 4, OWN_ENTRIES]);
    assert_eq!(report.receipts.len(), 2);
    assert_eq!(
        (report.introduced, report.rosters.clone()),
        (4, vec![1, 2, 3])
    );
}

#[test]
fn every_entry_is_written_again_byte_for_byte() {
    let golden = golden();
    let mut composed = 0;
    for entry in golden.entries() {
        let Some(body) = entry.body.clone() else {
            continue;
        };
        if entry.header.kind == Kind::Unknown(NEWER_KIND) {
            continue;
        }
        let again = Entry::compose(entry.header.clone(), &body).unwrap();
        assert_eq!(again, entry, "entry {}", entry.header.seq);
        composed += 1;
    }
    let all = golden.entries().len();
    assert_eq!(
        composed + 5,
        all,
        "all but three absent bodies and two of newer versions"
    );
}

#[test]
fn a_run_packed_again_holds_the_same() {
    let golden = golden();
    for run in golden.runs() {
        let again = Run::unpack(&run.pack().unwrap(), golden.org).unwrap();
        assert_eq!(again, run);
    }
}

#[test]
fn absent_bodies_say_why_and_leave_the_chain_whole() {
    let golden = golden();
    let absent: Vec<Absence> = golden
        .own()
        .iter()
        .filter_map(|entry| entry.body_bytes.absence())
        .collect();
    let erased = golden.entry(Kind::Erased);
    let order = Some(erased.id);
    let expected = [Absence::Withheld, Absence::Erased { order }, Absence::Lost];
    assert_eq!(absent, expected);
    let list = |field: u64| {
        erased
            .field(field)
            .and_then(Value::as_array)
            .unwrap()
            .to_vec()
    };
    let targets: Vec<EntryId> = list(1).iter().filter_map(EntryId::from_value).collect();
    let words: Vec<Vec<u8>> = list(2)
        .iter()
        .map(|word| word.as_bytes().unwrap().to_vec())
        .collect();
    let roster = &golden.roster.roster;
    verify_erasure(roster, &targets, &words).unwrap();
    assert!(verify_erasure(roster, &targets, &words[..1]).is_err());
}

#[test]
fn what_newer_versions_write_keeps_its_bytes_and_changes_nothing_that_is_understood() {
    let golden = golden();
    let newer = golden.entry(Kind::Unknown(NEWER_KIND));
    let header = Map::decode(&newer.header_bytes).unwrap();
    let unknown = [Value::Null, Value::Uint(u64::MAX), Value::Neg(i64::MIN)];
    assert_eq!(header.get(18), Some(&Value::Array(unknown.into())));
    let body = newer.body.unwrap();
    assert_eq!(
        body.position, None,
        "a provider that is not known shows no position"
    );
    assert_eq!(body.fields.get(1).and_then(Value::as_text), Some("тихо"));
    let bytes = Map::decode(newer.body_bytes.here().unwrap()).unwrap();
    assert_eq!(
        bytes.get(40).and_then(Value::as_text),
        Some("a body key of a later version")
    );
    let own = golden.own();
    let of_newer: Vec<&Entry> = own.iter().filter(|entry| !entry.is_understood()).collect();
    let told: Vec<(u64, Op)> = of_newer
        .iter()
        .map(|e| (e.header.version, e.header.op))
        .collect();
    assert_eq!(told, [(1, Op::Newer(NEWER_OP)), (2, Op::Create)]);
    let site = golden.entry(Kind::Site).header.subject;
    let folded = golden.fold(site);
    assert_eq!(folded.newer, 2);
    assert!(folded.fields.contains_key(&NEWER_FIELD));
    let without: Vec<Entry> = golden
        .entries()
        .into_iter()
        .filter(Entry::is_understood)
        .collect();
    let mut alone = fold(site, &without, &golden.counting()).unwrap();
    alone.newer = 2;
    assert_eq!(
        alone, folded,
        "neither a value nor a supersession comes of them"
    );
}

#[test]
fn of_a_lost_phone_only_what_its_last_good_entry_leads_back_to_counts() {
    let golden = golden();
    let line = &golden.roster.roster.devices[2];
    let device = line.id().unwrap();
    let counting = golden.counting();
    let entries = golden.entries();
    let of_lost: Vec<&Entry> = entries
        .iter()
        .filter(|e| e.header.device == device)
        .collect();
    assert_eq!(
        of_lost.len(),
        4,
        "another history stands beside the true one"
    );
    let counts: Vec<u64> = of_lost
        .iter()
        .filter(|entry| counting.counts(entry))
        .map(|entry| entry.header.seq)
        .collect();
    assert_eq!(counts, [1, 2]);
    let revoked = golden.roster.roster.devices[3].id().unwrap();
    let of_revoked = entries
        .iter()
        .filter(|entry| entry.header.device == revoked);
    assert!(of_revoked.clone().count() > 0 && !of_revoked.clone().any(|e| counting.counts(e)));
}

#[test]
fn golden_v1_has_one_of_everything_that_version_1_can_say() {
    let golden = golden();
    let entries = golden.entries();
    // The kinds that stood when version 1 was frozen; a noun that is added later is written in the same form.
    let was_frozen = |kind: &Kind| matches!(kind.number(), 1..=8 | 20..=31 | 64..=72);
    for kind in Kind::all().filter(was_frozen) {
        assert!(entries.iter().any(|e| e.header.kind == kind), "{kind:?}");
    }
    for op in [Op::Create, Op::Set, Op::Resolve, Op::Withdraw, Op::Void] {
        assert!(entries.iter().any(|e| e.header.op == op), "{op:?}");
    }
    let values: Vec<&Value> = entries
        .iter()
        .filter_map(|entry| entry.body.as_ref())
        .flat_map(|body| body.fields.0.values())
        .collect();
    let has = |what: &str, is: fn(&Value) -> bool| {
        assert!(values.iter().any(|value| is(value)), "{what}");
    };
    has("uint", |value| value.as_uint().is_some());
    has("negative", |value| matches!(value, Value::Neg(_)));
    has("bytes", |value| {
        value.as_bytes().is_some_and(|b| b.len() == 16)
    });
    has("text", |value| value.as_text().is_some());
    has("list", |value| {
        value.as_array().is_some_and(|list| !list.is_empty())
    });
    has("map", |value| value.as_map().is_some());
    has("nothing", |value| *value == Value::Null);
    for gap in Gap::ALL {
        assert!(values.contains(&&gap.to_value()), "{gap:?}");
    }
    let report = golden.report();
    assert!(
        report
            .subjects
            .iter()
            .any(|s| s.kind == 1 && s.conflicts == [2]),
        "open conflict"
    );
    assert!(report.chains.iter().any(|chain| chain.forks == [4]), "fork");
    let stands = |of: fn(&Standing) -> bool| {
        let subjects = report.subjects.iter().map(|told| golden.fold(told.subject));
        subjects.into_iter().any(|folded| of(&folded.standing))
    };
    assert!(
        stands(|standing| matches!(standing, Standing::Withdrawn(_))),
        "withdrawn"
    );
    let lines: Vec<ReceiptLine> = golden
        .receipts()
        .into_iter()
        .flat_map(|receipt| receipt.word.lines)
        .collect();
    assert!(
        lines
            .iter()
            .any(|line| matches!(line, ReceiptLine::Void { .. })),
        "taken back"
    );
    assert!(
        lines
            .iter()
            .any(|line| matches!(line, ReceiptLine::Entries { .. })),
        "entries"
    );
    let made = entries
        .iter()
        .filter(|e| e.header.kind == Kind::RenditionsMade);
    assert!(
        made.clone().any(|entry| entry.field(4).is_some()),
        "no_preview"
    );
    let reply = SyncReply::decode(&golden.files["vault/wire/sync_reply.cbor"]).unwrap();
    let (opened, _) = reply.segments[0].open(golden.org).unwrap();
    assert!(
        opened
            .iter()
            .any(|e| e.body_bytes == BodyBytes::Absent(Absence::Withheld))
    );
}

#[test]
fn the_words_of_a_possible_name_stand_verbatim() {
    let hint = golden().entry(Kind::PersonHint);
    assert_eq!(hint.field(3).and_then(Value::as_text), Some(HINT_TEXT));
}

#[test]
fn a_coded_noun_and_a_link_have_the_ids_that_follow_from_their_names() {
    let golden = golden();
    for (kind, code) in [(Kind::Grave, GRAVE_CODE), (Kind::Remains, REMAINS_CODE)] {
        let entry = golden.entry(kind);
        assert_eq!(entry.field(1).and_then(Value::as_text), Some(code));
        let label: LabelCode = code.parse().unwrap();
        let id = SubjectId::of_code(golden.org, kind, &label.canonical_without_check());
        assert_eq!(entry.header.subject, id);
    }
    let link = golden.entry(Kind::GraveMarker);
    let end = |field| link.field(field).and_then(SubjectId::from_value).unwrap();
    let id = SubjectId::of_link(golden.org, Kind::GraveMarker, end(2), end(1));
    assert_eq!(link.header.subject, id);
}

#[test]
fn two_words_about_a_grave_are_a_conflict_until_a_person_resolves_it() {
    let golden = golden();
    let grave = golden.entry(Kind::Grave).header.subject;
    let mut entries = golden.entries();
    entries.retain(|entry| entry.header.subject == grave);
    let folded = fold(grave, &entries, &golden.counting()).unwrap();
    assert_eq!(
        folded.value(3).and_then(Value::as_text),
        Some("individual_marked")
    );
    assert!(folded.conflicts().is_empty());
    entries.retain(|entry| entry.header.op != Op::Resolve);
    let folded = fold(grave, &entries, &golden.counting()).unwrap();
    assert_eq!(folded.conflicts(), [3]);
}

#[test]
fn every_photo_and_rendition_opens_to_what_its_entry_says() {
    let golden = golden();
    let photo = golden.entry(Kind::Photo);
    golden.assert_opens([1, 2, 3, 4].map(|field| photo.field(field).unwrap()));
    let made = golden.entry(Kind::RenditionsMade);
    for field in [2, 3] {
        let map = made.field(field).and_then(Value::as_map).unwrap();
        golden.assert_opens([0, 1, 2, 3].map(|key| map.get(key).unwrap()));
    }
}

#[test]
fn receipts_follow_each_other_through_two_epochs() {
    let golden = golden();
    let receipts = golden.receipts();
    let numbers: Vec<u64> = receipts
        .iter()
        .map(|receipt| receipt.word.hub_seq)
        .collect();
    assert_eq!(numbers, [1, 2, 1, 2, 3, 4]);
    for pair in receipts.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let expected = if after.word.hub_seq == 1 {
            Hash32::ZERO
        } else {
            before.id.0
        };
        assert_eq!(after.word.prev, expected);
    }
    let end = receipts[2].word.before.unwrap();
    assert_eq!(
        (end.epoch, end.hub_seq, end.id),
        (receipts[1].word.epoch, 2, receipts[1].id)
    );
    assert_eq!(receipts[0].word.before, None);
    assert!(
        receipts[5].word.lines.is_empty(),
        "a line of a later type counts for nothing"
    );
    let seen = golden.entry(Kind::KeyGrant).header.hub_seen.unwrap();
    assert_eq!((seen.receipt, seen.hub_seq), (receipts[1].id, 2));
}
