//! Tests of the fold: any order gives the same result, nothing is lost, only a resolve closes a conflict.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use proptest::prelude::*;

use super::*;
use crate::encoding::{Hash32, Map};
use crate::journal::sample::{self, SUBJECT};
use crate::journal::{Absence, Body, BodyBytes, Header, Touches};
use crate::model::circumstances::Circumstances;

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
        op: w.op,
        parents: w.answers.iter().map(|entry| entry.id).collect(),
        touches,
        lamport: w.lamport,
        ..sample::header(w.device, w.seq, Hash32::ZERO)
    };
    let body = sample::body(Map::new().text(NAME, w.value));
    Entry::compose(header, &body).unwrap()
}

fn all_count() -> Counting {
    Counting::default()
}

fn absent(entry: &Entry) -> Entry {
    let erased = BodyBytes::Absent(Absence::Erased { order: None });
    Entry::parse(&entry.header_bytes, erased).unwrap()
}

/// Says something of a subject's standing, answering `answers` for it.
fn stand(n: u8, op: Op, answers: &[&Entry], lamport: u64) -> Entry {
    let named = write(Written {
        device: device(n),
        seq: lamport,
        op,
        value: "",
        answers,
        lamport,
    });
    let indexes: Vec<u64> = (0..answers.len() as u64).collect();
    let header = Header {
        touches: [(STANDING, indexes)].into(),
        ..named.header
    };
    let body = Body {
        fields: Map::new(),
        circumstances: Circumstances::because(Some("written on the wrong grave".into())),
        ..named.body.unwrap()
    };
    Entry::compose(header, &body).unwrap()
}

/// The same entry with another order number.
fn with_lamport(entry: &Entry, lamport: u64) -> Entry {
    let header = Header {
        lamport,
        ..entry.header.clone()
    };
    Entry::compose(header, entry.body.as_ref().unwrap()).unwrap()
}

/// The same entry that says `value`.
fn saying(entry: &Entry, value: Value) -> Entry {
    let body = Body {
        fields: Map::new().with(NAME, value),
        ..entry.body.clone().unwrap()
    };
    Entry::compose(entry.header.clone(), &body).unwrap()
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
    let folded = fold(SUBJECT, &all, &all_count()).unwrap();
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
    let folded = fold(
        SUBJECT,
        &[all.as_slice(), &[resolved]].concat(),
        &all_count(),
    )
    .unwrap();
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
    let folded = fold(SUBJECT, &[made.clone(), one, same], &all_count()).unwrap();
    assert_eq!(values(&folded), ["Ізюм, ліс", "Ізюм, ліс"]);
    assert!(!folded.is_conflict(NAME));
}

#[test]
fn an_erased_correction_does_not_revive_what_it_corrected() {
    let (made, one, _) = two_opinions();
    let erased = absent(&one);
    let folded = fold(SUBJECT, &[made, erased], &all_count()).unwrap();
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
    let folded = fold(SUBJECT, &[made(1), made(2)], &all_count()).unwrap();
    assert!(folded.is_created_twice());
    assert!(!folded.is_conflict(NAME));
}

#[test]
fn what_was_taken_back_by_mistake_can_stand_again() {
    let (made, _, _) = two_opinions();
    let withdrawn = stand(1, Op::Withdraw, &[&made], 2);
    let folded = fold(SUBJECT, &[made.clone(), withdrawn.clone()], &all_count()).unwrap();
    let reason = "written on the wrong grave".to_owned();
    assert_eq!(folded.standing, Standing::Withdrawn(reason));
    assert!(folded.conflicts().is_empty());
    assert_eq!(folded.standing_heads(), [withdrawn.id]);
    for op in [Op::Set, Op::Create, Op::Resolve] {
        let again = stand(2, op, &[&withdrawn], 3);
        let all = [made.clone(), withdrawn.clone(), again];
        let folded = fold(SUBJECT, &all, &all_count()).unwrap();
        assert_eq!(folded.standing, Standing::Stands, "{op:?}");
    }
}

#[test]
fn one_takes_back_what_another_made_again_and_a_person_must_say() {
    let (made, _, _) = two_opinions();
    let void = stand(1, Op::Void, &[&made], 2);
    let made_elsewhere = stand(2, Op::Create, &[], 1);
    let all = [made, void.clone(), made_elsewhere.clone()];
    let folded = fold(SUBJECT, &all, &all_count()).unwrap();
    assert_eq!(folded.conflicts(), [STANDING]);
    let decided = stand(3, Op::Withdraw, &[&void, &made_elsewhere], 3);
    let folded = fold(
        SUBJECT,
        &[all.as_slice(), &[decided]].concat(),
        &all_count(),
    )
    .unwrap();
    assert!(folded.conflicts().is_empty());
    assert!(matches!(folded.standing, Standing::Withdrawn(_)));
}

#[test]
fn a_withdrawal_whose_body_was_erased_is_still_one() {
    let (made, _, _) = two_opinions();
    let withdrawn = absent(&stand(1, Op::Withdraw, &[&made], 2));
    let folded = fold(SUBJECT, &[made, withdrawn], &all_count()).unwrap();
    assert_eq!(folded.standing, Standing::Withdrawn(String::new()));
    assert_eq!(folded.absent, 1);
}

#[test]
fn a_set_that_speaks_of_a_name_does_not_revive() {
    let (made, one, _) = two_opinions();
    let withdrawn = stand(1, Op::Withdraw, &[&made], 2);
    let folded = fold(SUBJECT, &[made, withdrawn, one], &all_count()).unwrap();
    assert!(matches!(folded.standing, Standing::Withdrawn(_)));
    assert!(folded.conflicts().is_empty());
}

#[test]
fn nobody_looked_contradicts_no_finding_and_is_not_shown_before_one() {
    let (made, one, two) = two_opinions();
    for weak in [
        Value::Null,
        Gap::NotExamined.to_value(),
        Gap::NotPossible.to_value(),
    ] {
        let two = with_lamport(&saying(&two, weak.clone()), 9);
        let folded = fold(SUBJECT, &[made.clone(), one.clone(), two], &all_count()).unwrap();
        assert!(folded.conflicts().is_empty(), "{weak:?}");
        assert_eq!(
            folded.value(NAME).and_then(Value::as_text),
            Some("Ізюм, ліс")
        );
    }
    for gap in [
        Gap::NoneSeen,
        Gap::NotDetermined,
        Gap::Other("later".into()),
    ] {
        let two = saying(&two, gap.to_value());
        let folded = fold(SUBJECT, &[made.clone(), one.clone(), two], &all_count()).unwrap();
        assert_eq!(folded.conflicts(), [NAME], "{gap:?}");
    }
}

#[test]
fn an_order_number_that_no_counting_reaches_is_flagged_and_never_shown_first() {
    let (made, one, two) = two_opinions();
    let two = with_lamport(&two, i64::MAX as u64);
    let folded = fold(SUBJECT, &[made, one, two], &all_count()).unwrap();
    assert_eq!(folded.beyond_counting, 1);
    assert_eq!(
        folded.value(NAME).and_then(Value::as_text),
        Some("Ізюм, ліс")
    );
    assert!(folded.is_conflict(NAME), "it is kept all the same");
}

#[test]
fn what_a_newer_version_did_neither_gives_nor_supersedes() {
    let (made, one, _) = two_opinions();
    let newer = Header {
        op: Op::Newer(7),
        ..one.header.clone()
    };
    let newer = Entry::compose(newer, one.body.as_ref().unwrap()).unwrap();
    let folded = fold(SUBJECT, &[made, newer.clone()], &all_count()).unwrap();
    assert_eq!(values(&folded), ["Ізюм"]);
    assert_eq!(folded.newer, 1);
    let alone = fold(SUBJECT, &[newer], &all_count()).unwrap();
    assert!(alone.fields.is_empty() && alone.creates.is_empty());
    assert_eq!(alone.kind, Kind::Site);
}

#[test]
fn a_parent_of_another_subject_supersedes_nothing_here() {
    let (made, one, _) = two_opinions();
    let elsewhere = Header {
        subject: SubjectId([5; 16]),
        ..one.header.clone()
    };
    let elsewhere = Entry::compose(elsewhere, one.body.as_ref().unwrap()).unwrap();
    let folded = fold(SUBJECT, &[made, elsewhere], &all_count()).unwrap();
    assert_eq!(values(&folded), ["Ізюм"]);
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
        let expected = fold(SUBJECT, &all, &all_count());
        let mut shuffled: Vec<Entry> = all.iter().chain(&all).cloned().collect();
        let mut state = seed | 1;
        for at in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(at, (state >> 33) as usize % (at + 1));
        }
        prop_assert_eq!(fold(SUBJECT, &shuffled, &all_count()), expected);
    }
}
