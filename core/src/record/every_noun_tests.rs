//! What holds of every noun: a draft is read back as it was said, in whatever order entries come; everything has words, an editor and an answer to bad input.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use proptest::prelude::*;

use super::*;
use crate::encoding::{Hash32, Map, Value};
use crate::journal::{Entry, Header, Op, Touches, sample};
use crate::merge::{Counting, fold};
use crate::model::ids::{DeviceId, EntryId, SubjectId, SubjectRef};
use crate::nouns::{ALL, Fault, FieldValue, NamePart, Noun, Sensitivity, Shape, Spec};
use crate::vocabulary::{Gap, HintPartRole, Kind, Language};

const SUBJECT: SubjectId = SubjectId([7; 16]);
const OTHER: SubjectId = SubjectId([8; 16]);

struct Names;

impl super::Names for Names {
    fn record(&self, subject: SubjectRef) -> String {
        format!("{} {}", subject.kind.name(), subject.id)
    }

    fn operator(&self, _operator: Option<SubjectId>) -> String {
        "operator".to_owned()
    }

    fn device(&self, _device: DeviceId) -> String {
        "device".to_owned()
    }
}

fn reader(clearance: Sensitivity, language: Language) -> Reader<'static> {
    Reader {
        language,
        clearance,
        roster: None,
        names: &Names,
    }
}

/// A value that a field takes, the `nth` of its kind.
fn example(spec: &Spec, nth: usize) -> Option<FieldValue> {
    let term = |codes: &[crate::vocabulary::TermRow]| codes[nth % codes.len()].code.to_owned();
    let other = |kinds: &[Kind]| SubjectRef {
        kind: kinds[nth % kinds.len()],
        id: OTHER,
    };
    Some(match spec.shape {
        Shape::Text { .. } => FieldValue::Text(format!("Нестерен[?]… № {nth}")),
        Shape::PlaceCode => FieldValue::Text(format!("Z{}M1", nth % 10)),
        Shape::Term(list) => FieldValue::Term(term(list.terms)),
        Shape::Terms(list) => FieldValue::Terms(vec![term(list.terms)]),
        Shape::Number { min, max, .. } => {
            FieldValue::Number(min.saturating_add(nth as i64).min(max))
        }
        Shape::Date => FieldValue::Date("198X-05?".to_owned()),
        Shape::Reference { kind } => FieldValue::Reference(other(kind)),
        Shape::Owner { kinds } => FieldValue::Reference(other(kinds)),
        Shape::References { kind, .. } => FieldValue::References(vec![other(kind)]),
        Shape::NameParts => {
            let part = NamePart::from_marked(HintPartRole::Surname, "Nesteren…");
            FieldValue::Names(vec![part])
        }
        Shape::Code { .. } | Shape::Bytes | Shape::Texts | Shape::Facts | Shape::FileName => {
            return None;
        }
    })
}

/// Everything that a person can say of a noun.
fn full_draft(noun: &'static Noun, nth: usize) -> (AnyDraft, Vec<(&'static str, FieldValue)>) {
    let mut draft = AnyDraft::of(noun);
    let mut said = Vec::new();
    for spec in noun.fields.iter().filter(|spec| spec.only_by.is_none()) {
        if let Some(value) = example(spec, nth) {
            draft.say(spec.code, &value);
            said.push((spec.code, value));
        }
    }
    (draft, said)
}

fn entry(
    kind: Kind,
    op: Op,
    seq: u64,
    parents: Vec<EntryId>,
    touches: Touches,
    fields: Map,
) -> Entry {
    let device = DeviceId(Hash32([u8::try_from(seq).unwrap_or(1); 32]));
    let header = Header {
        kind,
        subject: SUBJECT,
        op,
        parents,
        touches,
        lamport: seq,
        ..sample::header(device, seq, device.0)
    };
    Entry::compose(header, &sample::body(fields)).unwrap()
}

fn recorded() -> impl Iterator<Item = &'static Noun> {
    // Photos and devices are written by verbs alone.
    let is_drafted = |noun: &&&Noun| noun.fields.iter().any(|spec| spec.only_by.is_none());
    ALL.iter().filter(is_drafted).copied()
}

#[test]
fn a_draft_of_every_noun_is_read_back_as_it_was_said() {
    for noun in recorded() {
        let (draft, said) = full_draft(noun, 1);
        assert_eq!(draft.findings(), [], "{}", noun.kind.name());
        let created = entry(
            noun.kind,
            Op::Create,
            1,
            vec![],
            Touches::new(),
            draft.entry().unwrap(),
        );
        let folded = fold(SUBJECT, &[created], &Counting::default()).unwrap();
        for language in [Language::English, Language::Ukrainian] {
            let view = RecordView::of(&folded, &reader(Sensitivity::Restricted, language));
            for (code, value) in &said {
                let field = view.field(code).unwrap();
                assert_eq!(
                    field.value.as_ref(),
                    Some(value),
                    "{} {code}",
                    noun.kind.name()
                );
                assert!(!field.shown.is_empty() && !field.label.is_empty());
            }
            assert!(!view.summary.title.is_empty());
            assert_eq!(view.newer_fields, []);
        }
    }
}

#[test]
fn every_field_of_every_noun_has_words_an_editor_and_a_form_that_asks_for_it_or_a_verb() {
    for noun in ALL {
        for language in [Language::English, Language::Ukrainian] {
            let form = form(noun, FormPath::Expert, language);
            let asked: Vec<&str> = form
                .sections
                .iter()
                .flat_map(|section| section.fields.iter().map(|field| field.code))
                .collect();
            for spec in noun.fields {
                let is_asked = asked.contains(&spec.code);
                let is_asked_of = spec.asked != crate::nouns::Asked::Nobody;
                assert_eq!(is_asked, is_asked_of, "{}.{}", noun.kind.name(), spec.code);
                assert!(!spec.words.in_language(language).is_empty());
            }
        }
        let rescuer = form(noun, FormPath::Rescuer, Language::English);
        let fields = rescuer.sections.iter().flat_map(|section| &section.fields);
        let is_seen = |code: &str| {
            let spec = noun.field_of_code(code).unwrap();
            spec.sensitivity < Sensitivity::Restricted
        };
        assert!(fields.clone().all(|field| is_seen(field.code)));
    }
}

#[test]
fn every_gap_can_be_said_of_what_is_no_identity_and_is_told_from_nothing_recorded() {
    for noun in recorded() {
        for spec in noun.fields.iter().filter(|spec| spec.has_gaps()) {
            for gap in Gap::ALL {
                let mut draft = AnyDraft::of(noun);
                draft.say(spec.code, &FieldValue::Gap(gap.code().to_owned()));
                let changes = draft.changes().unwrap();
                assert_eq!(
                    Gap::from_value(changes.get(spec.number).unwrap()).as_ref(),
                    Some(gap)
                );
            }
        }
        for spec in noun.fields.iter().filter(|spec| spec.is_parent) {
            let mut draft = AnyDraft::of(noun);
            draft.say(spec.code, &FieldValue::Gap("none_seen".to_owned()));
            assert!(draft.changes().is_err(), "{}", spec.code);
        }
    }
}

#[test]
fn bad_input_is_found_all_at_once_each_at_its_field() {
    let mut draft = AnyDraft::named("marker").unwrap();
    let mut say = |code: &str, value: FieldValue| draft.say(code, &value);
    say("kind", FieldValue::Term("cross_of_gold".to_owned()));
    say("text_verbatim", FieldValue::Text("x".repeat(5_000)));
    say("number_text", FieldValue::Text("3\0".to_owned()));
    say("status", FieldValue::Number(3));
    say("colours", FieldValue::Terms(vec![]));
    let findings = draft.findings();
    let rules: Vec<(&str, &str)> = findings
        .iter()
        .map(|found| (found.field.as_str(), found.fault.rule()))
        .collect();
    let expected = [
        ("site", "owed"),
        ("kind", "not_a_term"),
        ("text_verbatim", "too_long"),
        ("number_text", "nul"),
        ("status", "other_type"),
        ("colours", "no_such_field"),
    ];
    assert_eq!(rules.len(), expected.len(), "{rules:?}");
    for rule in expected {
        assert!(rules.contains(&rule), "{rule:?} in {rules:?}");
    }
    for found in &findings {
        for language in [Language::English, Language::Ukrainian] {
            assert!(!found.fault.text(language).is_empty());
        }
    }
    let told = findings.iter().find(|found| found.field == "kind").unwrap();
    assert!(
        told.fault.text(Language::English).contains("plaque"),
        "the answer lists what there is"
    );
    assert!(matches!(
        AnyDraft::named("angel"),
        Err(RecordError::NoSuchKind { .. })
    ));
}

#[test]
fn what_a_verb_owns_no_form_and_no_script_writes() {
    let mut draft = AnyDraft::named("photo").unwrap();
    draft.type_in("sha256", "00", &|_| None);
    draft.say("owner", &FieldValue::Nothing);
    let findings = draft.findings_of_changes();
    assert_eq!(findings.len(), 2);
    assert!(findings.iter().any(|found| found.fault
        == Fault::OnlyBy {
            verb: "assign_photo"
        }));
}

#[test]
fn what_a_reader_may_not_see_is_shown_as_hidden_and_its_text_nowhere() {
    let noun = crate::nouns::noun_of_name("person_hint").unwrap();
    let (draft, _) = full_draft(noun, 1);
    let created = entry(
        noun.kind,
        Op::Create,
        1,
        vec![],
        Touches::new(),
        draft.entry().unwrap(),
    );
    let folded = fold(SUBJECT, &[created], &Counting::default()).unwrap();
    let view = RecordView::of(&folded, &reader(Sensitivity::Open, Language::English));
    let text = view.field("text_verbatim").unwrap();
    assert!(text.is_hidden && text.value.is_none());
    assert!(text.shown == "not for your role" && view.summary.title == text.shown);
    let parts = view.field("parts").unwrap();
    assert!(parts.is_hidden && !parts.shown.contains("Nesteren"));
    assert!(!view.summary.subtitle.contains("Нестерен"));
}

#[test]
fn a_withheld_kind_is_shown_as_withheld_and_not_as_an_empty_term() {
    let mut created = entry(
        Kind::Marker,
        Op::Create,
        1,
        vec![],
        Touches::new(),
        Map::new().text(2, "cross"),
    );
    created.body = None;
    created.body_bytes = crate::journal::BodyBytes::Absent(crate::journal::Absence::Withheld);
    let folded = fold(SUBJECT, &[created], &Counting::default()).unwrap();
    let view = RecordView::of(&folded, &reader(Sensitivity::Restricted, Language::English));
    assert_eq!(view.field("kind").unwrap().shown, "withheld or erased");
    assert_eq!(view.summary.title, "withheld or erased");
    assert_eq!(view.summary.marks.missing_bodies, 1);
}

#[test]
fn what_a_newer_version_wrote_is_shown_with_its_number() {
    let fields = Map::new()
        .text(2, "cross")
        .text(200, "of a later version")
        .with(5, Value::Uint(9));
    let created = entry(Kind::Marker, Op::Create, 1, vec![], Touches::new(), fields);
    let folded = fold(SUBJECT, &[created], &Counting::default()).unwrap();
    let view = RecordView::of(&folded, &reader(Sensitivity::Restricted, Language::English));
    assert_eq!(view.newer_fields, [(200, "of a later version".to_owned())]);
    let status = view.field("status").unwrap();
    assert_eq!(status.value, Some(FieldValue::Other("9".to_owned())));
}

#[test]
fn ten_thousand_rivals_are_counted_and_a_page_of_them_is_shown() {
    let first = entry(
        Kind::Marker,
        Op::Create,
        1,
        vec![],
        Touches::new(),
        Map::new().text(4, "0"),
    );
    let mut entries = vec![first];
    for number in 1..=10_000_u64 {
        let fields = Map::new().text(4, number.to_string());
        entries.push(entry(
            Kind::Marker,
            Op::Set,
            1,
            vec![],
            Touches::new(),
            fields,
        ));
    }
    let folded = fold(SUBJECT, &entries, &Counting::default()).unwrap();
    let view = RecordView::of(&folded, &reader(Sensitivity::Restricted, Language::English));
    let number = view.field("number_text").unwrap();
    assert_eq!(number.rivals.len(), RIVALS_MAX);
    assert_eq!(number.rival_count, 10_001);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn any_order_of_arrival_gives_equal_views_of_every_noun(seed in any::<u64>(), count in 2_usize..7) {
        for noun in recorded() {
            let mut entries: Vec<Entry> = Vec::new();
            for nth in 0..count {
                let (draft, _) = full_draft(noun, nth.wrapping_add(seed as usize % 3));
                let (op, parents) = match entries.first() {
                    None => (Op::Create, vec![]),
                    Some(first) => (Op::Set, vec![first.id]),
                };
                let fields = draft.entry().unwrap();
                let is_answer = seed >> nth & 1 == 1 && !parents.is_empty();
                let touches = match is_answer {
                    true => fields.0.keys().map(|field| (*field, vec![0])).collect(),
                    false => Touches::new(),
                };
                entries.push(entry(noun.kind, op, nth as u64 + 1, parents, touches, fields));
            }
            let view = |entries: &[Entry]| {
                let folded = fold(SUBJECT, entries, &Counting::default()).unwrap();
                RecordView::of(&folded, &reader(Sensitivity::Restricted, Language::English))
            };
            let before = view(&entries);
            let by = (seed as usize) % entries.len();
            entries.rotate_left(by);
            if seed & 1 == 0 {
                entries.reverse();
            }
            prop_assert_eq!(view(&entries), before);
        }
    }
}
