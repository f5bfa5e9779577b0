//! Tests of the roster: it only grows, only the organisation signs it, and a successor of its key is one by its word.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::encoding::{Signed, Value, What};
use crate::environment::Environment;
use crate::keys::{KeyVault as _, Organisation, PassphraseCost, SoftwareVault};

fn organisation() -> (tempfile::TempDir, Organisation) {
    let dir = tempfile::tempdir().unwrap();
    let environment = Environment::system(0);
    let made = Organisation::create(&environment, dir.path(), "beech", PassphraseCost::TEST);
    (dir, made.unwrap().0)
}

fn first(org: &Organisation) -> Roster {
    Roster::first(&org.signer, org.identity.recipient(), 0)
}

fn device(name: &str) -> (tempfile::TempDir, RosterDevice) {
    let dir = tempfile::tempdir().unwrap();
    let vault = SoftwareVault::create(&Environment::system(0), dir.path()).unwrap();
    let line = RosterDevice::new(vault.device_spki().unwrap(), name, "T");
    (dir, line)
}

#[test]
fn versions_only_rise_and_two_of_one_version_are_an_alarm() {
    let (_dir, org) = organisation();
    let one = first(&org).sign(&org.signer).unwrap();
    let two = one.next(1).sign(&org.signer).unwrap();
    let at_two = one.clone().succeed(&two.bytes).unwrap();
    assert_eq!(at_two.clone().succeed(&two.bytes).unwrap(), at_two);
    let back = at_two.clone().succeed(&one.bytes);
    assert_eq!(
        back,
        Err(RosterError::NotNewer {
            known: 2,
            offered: 1
        })
    );
    let other = one.next(9).sign(&org.signer).unwrap();
    let twin = at_two.succeed(&other.bytes);
    assert_eq!(twin, Err(RosterError::TwoOfOneVersion { version: 2 }));
}

#[test]
fn a_roster_that_follows_another_one_than_ours_is_refused() {
    let (_dir, org) = organisation();
    let one = first(&org).sign(&org.signer).unwrap();
    let elsewhere = Roster {
        issued_ms: 5,
        ..first(&org)
    };
    let elsewhere = elsewhere.sign(&org.signer).unwrap();
    let theirs = elsewhere.next(6).sign(&org.signer).unwrap();
    let refused = one.clone().succeed(&theirs.bytes);
    assert!(matches!(refused, Err(RosterError::Contradiction { .. })));
    // A version that was never seen lies between: there is nothing to compare with.
    let skipped = theirs.next(7).sign(&org.signer).unwrap();
    assert!(one.succeed(&skipped.bytes).is_ok());
}

#[test]
fn whoever_stood_once_stands_in_every_later_roster() {
    let (_dir, org) = organisation();
    let (_phone, line) = device("one");
    let mut roster = first(&org);
    roster.admit(line.clone()).unwrap();
    roster.authorities.push(Authority {
        spki: org.signer.public_key().spki().to_vec(),
        name: "prosecutor".into(),
        state: LineState::Active,
    });
    let before = roster.sign(&org.signer).unwrap();
    type Change = fn(&mut Roster);
    let drops: [(&str, Change); 4] = [
        ("device", |roster| roster.devices.clear()),
        ("issuer", |roster| roster.issuers.clear()),
        ("authority", |roster| roster.authorities.clear()),
        ("recipient", |roster| roster.recipients[0].epoch = 2),
    ];
    for (what, drop) in drops {
        let mut next = before.next(1);
        drop(&mut next);
        let next = next.sign(&org.signer).unwrap();
        let refused = before.clone().succeed(&next.bytes);
        assert!(
            matches!(refused, Err(RosterError::Contradiction { .. })),
            "{what}"
        );
    }
    let mut lost = before.next(1);
    lost.devices[0].state = LineState::Lost;
    let owing = lost.clone().sign(&org.signer);
    assert!(
        matches!(owing, Err(RosterError::Contradiction { .. })),
        "last_good is owed"
    );
    lost.devices[0].last_good = Some(LastGoodEntry {
        seq: 0,
        entry: EntryId(line.id().unwrap().0),
    });
    let lost = lost.sign(&org.signer).unwrap();
    let after = before.succeed(&lost.bytes).unwrap().roster;
    assert!(after.device(line.id().unwrap()).is_some());
    assert!(!after.is_member(line.id().unwrap()));
    assert_eq!(after.ended().len(), 1);
}

#[test]
fn only_the_organisation_signs_its_roster() {
    let ((_a, ours), (_b, theirs)) = (organisation(), organisation());
    let forged = theirs.signer.sign_roster(first(&ours).encode());
    assert!(SignedRoster::open(&forged, ours.signer.org()).is_err());
    let foreign = first(&theirs).sign(&theirs.signer).unwrap();
    assert_eq!(
        SignedRoster::open(&foreign.bytes, ours.signer.org()),
        Err(RosterError::OtherOrg)
    );
}

#[test]
fn a_successor_signs_only_by_the_word_of_the_key_before_it() {
    let (_dir, org) = organisation();
    let one = first(&org).sign(&org.signer).unwrap();
    let (successor, word) = org.signer.successor(&Environment::system(0), 1).unwrap();
    let mut next = one.next(1);
    let without = next.clone().sign(&successor);
    assert!(without.is_err(), "nobody said that this key follows");
    next.successions.push(word);
    assert!(next.clone().sign(&org.signer).is_err(), "its time is over");
    let two = next.sign(&successor).unwrap();
    assert_eq!(two.roster.org, one.roster.org);
    let two = one.succeed(&two.bytes).unwrap();
    let (_other_dir, other) = organisation();
    let (thief, stolen) = other.signer.successor(&Environment::system(0), 2).unwrap();
    let mut forged = two.next(2);
    forged.successions.push(stolen);
    assert!(forged.sign(&thief).is_err());
}

#[test]
fn what_a_newer_program_put_into_a_roster_is_signed_again() {
    let (_dir, org) = organisation();
    let newer = Map::new().text(99, "of a later version");
    let roster = Roster {
        newer: newer.clone(),
        ..first(&org)
    };
    let one = roster.sign(&org.signer).unwrap();
    let two = one.next(1).sign(&org.signer).unwrap();
    assert_eq!(two.roster.newer, newer);
    assert!(two.is_wholly_known(), "nothing of it would be lost");
}

#[test]
fn a_line_with_more_than_this_program_knows_is_seen_before_it_would_be_signed_away() {
    let (_dir, org) = organisation();
    let mut roster = first(&org);
    roster.admit(device("one").1).unwrap();
    let signed = roster.sign(&org.signer).unwrap();
    let claimed = Signed::parse(&signed.bytes, What::Roster).unwrap();
    let mut map = Map::decode(claimed.claimed_payload()).unwrap();
    let Some(Value::Array(devices)) = map.0.get_mut(&8) else {
        panic!("no devices: {map:?}")
    };
    let Some(Value::Map(line)) = devices.first_mut() else {
        panic!("no line")
    };
    line.0.insert(77, Value::text("of a later version"));
    let bytes = org.signer.sign_roster(map.encode());
    let newer = SignedRoster::open(&bytes, signed.roster.org).unwrap();
    assert!(!newer.is_wholly_known());
}

#[test]
fn two_devices_never_get_one_issuer() {
    let (_dir, org) = organisation();
    let mut roster = first(&org);
    let mut issuers = Vec::new();
    for name in ["one", "two", "three"] {
        let (_phone, line) = device(name);
        issuers.push(roster.admit(line).unwrap().to_string());
    }
    assert_eq!(issuers, ["T01", "T02", "T03"]);
    roster.issuers[1].issuer = roster.issuers[0].issuer.clone();
    let refused = roster.sign(&org.signer);
    assert!(matches!(refused, Err(RosterError::Contradiction { .. })));
}

#[test]
fn a_recipient_out_of_use_is_not_sealed_to() {
    let (_dir, org) = organisation();
    let mut roster = first(&org);
    roster.recipients.push(Recipient {
        epoch: 2,
        recipient: "age1second".into(),
        state: LineState::Retired,
    });
    assert_eq!(roster.recipient(), Some(org.identity.recipient().as_str()));
    roster.recipients[1].state = LineState::Active;
    assert_eq!(roster.recipient(), Some("age1second"));
}
