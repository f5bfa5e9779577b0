//! Tests of the fold: any order gives the same result, nothing is lost, only a resolve closes a conflict.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use proptest::prelude::*;

use super::*;
use crate::encoding::{Hash32, Map};
use crate::environment::ClockReading;
use crate::journal::{Body, Header, Touches};
use crate::model::ids::OrgId;

const SUBJECT: SubjectId = SubjectId([4; 16]);
const NAME: u64 = 2;

fn device(n: u8) -> DeviceId {
    DeviceId(Hash32([n; 32]))
}

struct Written<'a> {
    device: DeviceId,
    seq: u64,
    op: Op,
    value: &'a str,
    answers: &'a [&'a Entry],
    lamport: u64,
}

fn write(w: Written<'_>) -> Entry {
    let indexes: Vec<u64> = (0..w.answers.len() as u64).collect();
    let touches = if indexes.is_empty() {
        Touches::new()
    } else {
        [(NAME, indexes)].into()
    };
    let header = Header {
        org: OrgId(Hash32([9; 32])),
        device: w.device,
        seq: w.seq,
        prev: Hash32::ZERO,
        kind: Kind::Site,
        subject: SUBJECT,
        op: w.op,
        parents: w.answers.iter().map(|entry| entry.id).collect(),
        touches,
        lamport: w.lamport,
        clock: ClockReading {
            wall_ms: 0,
            offset_min: 0,
            mono_ns: 0,
            boot_id: [0; 16],
        },
        hub_seen: None,
        body_sha256: Hash32::ZERO,
        body_len: 0,
    };
    let body = Body {
        salt: [0; 16],
        fields: Map::new().text(NAME, w.value),
        operator: None,
        position: None,
        gnss_ms: None,
        app_version: "test".into(),
        reason: None,
    };
    Entry::compose(header, body).unwrap()
}

fn values(folded: &Folded) -> Vec<&str> {
    folded.fields[&NAME]
        .iter()
        .filter_map(|head| head.value.as_text())
        .collect()
}

/// A site made by one device; two devices then name it differently without having seen each other.
fn two_opinions() -> (Entry, Entry, Entry) {
    let made = write(Written {
        device: device(1),
        seq: 1,
        op: Op::Create,
        value: "Ізюм",
        answers: &[],
        lamport: 1,
    });
    let set = |n: u8, value| {
        let answers = [&made];
        write(Written {
            device: device(n),
            seq: 2,
            op: Op::Set,
            value,
            answers: &answers,
            lamport: 2,
        })
    };
    let (one, two) = (set(1, "Ізюм, ліс"), set(2, "Ізюм, бор"));
    (made, one, two)
}

#[test]
fn concurrent_edits_of_one_field_are_both_kept_until_a_person_resolves() {
    let (made, one, two) = two_opinions();
    let all = [made, one.clone(), two.clone()];
    let folded = fold(SUBJECT, &all, None).unwrap();
    assert!(folded.is_conflict(NAME));
    assert_eq!(values(&folded).len(), 2);

    let answers = [&one, &two];
    let resolved = write(Written {
        device: device(2),
        seq: 3,
        op: Op::Resolve,
        value: "Ізюм, ліс",
        answers: &answers,
        lamport: 3,
    });
    let folded = fold(SUBJECT, &[all.as_slice(), &[resolved]].concat(), None).unwrap();
    assert!(!folded.is_conflict(NAME));
    assert_eq!(values(&folded), ["Ізюм, ліс"]);
}

#[test]
fn two_devices_that_say_the_same_do_not_disagree() {
    let (made, one, _) = two_opinions();
    let answers = [&made];
    let same = write(Written {
        device: device(2),
        seq: 2,
        op: Op::Set,
        value: "Ізюм, ліс",
        answers: &answers,
        lamport: 2,
    });
    let folded = fold(SUBJECT, &[made.clone(), one, same], None).unwrap();
    assert_eq!(values(&folded), ["Ізюм, ліс", "Ізюм, ліс"]);
    assert!(!folded.is_conflict(NAME));
}

#[test]
fn an_erased_correction_does_not_revive_what_it_corrected() {
    let (made, one, _) = two_opinions();
    let erased = Entry::parse(&one.header_bytes, None).unwrap();
    let folded = fold(SUBJECT, &[made, erased], None).unwrap();
    assert_eq!(folded.value(NAME), None);
}

#[test]
fn one_label_scanned_by_two_phones_is_one_record_created_twice() {
    let made = |n| {
        write(Written {
            device: device(n),
            seq: 1,
            op: Op::Create,
            value: "Ізюм",
            answers: &[],
            lamport: 1,
        })
    };
    let folded = fold(SUBJECT, &[made(1), made(2)], None).unwrap();
    assert!(folded.is_created_twice());
    assert!(!folded.is_conflict(NAME));
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_of_entries_gives_the_same_fold(seed in any::<u64>()) {
        let (made, one, two) = two_opinions();
        let answers = [&one];
        let third = write(Written {
            device: device(3), seq: 1, op: Op::Set, value: "Ізюм-3", answers: &answers, lamport: 9,
        });
        let all = [made, one, two, third];
        let expected = fold(SUBJECT, &all, None);
        let mut shuffled: Vec<Entry> = all.iter().chain(&all).cloned().collect();
        let mut state = seed | 1;
        for at in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(at, (state >> 33) as usize % (at + 1));
        }
        prop_assert_eq!(fold(SUBJECT, &shuffled, None), expected);
    }
}
