//! The verbs on a journal to which two devices write.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::encoding::Hash32;
use crate::environment::Environment;
use crate::keys::DatabaseKey;
use crate::merge::{Counting, fold};
use crate::model::circumstances::{Circumstances, Occurred, Person};
use crate::model::ids::{DeviceId, EntryId, OrgId, SubjectId, SubjectRef};
use crate::nouns::marker::{self, Marker};
use crate::nouns::{FieldValue, HasNoun as _, grave, remains, site};
use crate::store::{Durability, Journal, OwnChain};
use crate::vocabulary::{GraveKind, Kind, MarkerKind, MomentPrecision, MomentSource};

const ORG: OrgId = OrgId(Hash32([5; 32]));
const ONE: DeviceId = DeviceId(Hash32([6; 32]));
const TWO: DeviceId = DeviceId(Hash32([7; 32]));
const SITE: SubjectId = SubjectId([1; 16]);

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn as_device<T>(&self, device: DeviceId, act: impl FnOnce(&OwnChain) -> T) -> T {
        let environment = Environment::system(0);
        let path = self.0.path().join("journal.db");
        let key = DatabaseKey::new([7; 32]);
        let journal = Journal::open(&environment, &path, &key, Durability::Disposable).unwrap();
        let chain = OwnChain::new(&environment, ORG, device, "test", journal);
        let done = act(&chain);
        chain.close().unwrap();
        done
    }

    fn record(&self, draft: &AnyDraft) -> Result<Recorded, RecordError> {
        let environment = Environment::system(0);
        let issuing = || {
            let (form, above) = (draft.noun().code_field().unwrap().1, "IZM1");
            let series = Series::below(form, above)?;
            let issuer = "T03".parse().unwrap();
            Ok(Issuing { series, issuer })
        };
        self.as_device(ONE, |chain| record(&environment, chain, draft, issuing))
    }

    fn folded(&self, subject: SubjectId) -> Folded {
        self.as_device(ONE, |chain| {
            let entries = chain.journal().entries_of_subject(subject).unwrap();
            fold(subject, &entries, &Counting::default()).unwrap()
        })
    }

    fn amend(&self, device: DeviceId, seen: &Folded, changes: &AnyDraft) {
        self.as_device(device, |chain| amend(chain, seen, changes))
            .unwrap();
    }

    fn number(&self, subject: SubjectId) -> Option<String> {
        let folded = self.folded(subject);
        Of::<Marker>::new(&folded).unwrap().get(marker::NUMBER)
    }

    fn marker(&self) -> SubjectId {
        let draft = Draft::<Marker>::new()
            .with(marker::SITE, SITE)
            .with(marker::KIND, MarkerKind::Cross)
            .with(marker::NUMBER, "319".to_owned());
        self.record(&draft.any()).unwrap().subject.id
    }
}

fn numbered(number: &str) -> AnyDraft {
    Draft::<Marker>::new()
        .with(marker::NUMBER, number.to_owned())
        .any()
}

#[test]
fn a_change_answers_what_was_shown_and_two_of_one_head_are_a_conflict_until_a_person_ends_it() {
    let desk = Desk::new();
    let marker = desk.marker();
    let seen = desk.folded(marker);
    desk.amend(ONE, &seen, &numbered("320"));
    assert_eq!(desk.number(marker).unwrap(), "320");
    assert!(
        !desk.folded(marker).is_conflict(4),
        "the head it saw is superseded"
    );
    // Another phone had seen only the first.
    desk.amend(TWO, &seen, &numbered("321"));
    let both = desk.folded(marker);
    let rivals: Vec<EntryId> = both.fields[&4].iter().map(|head| head.entry).collect();
    assert_eq!(rivals.len(), 2);
    let spec = &marker::NUMBER.spec;
    let resolve = |seen: &Folded, rivals: &[EntryId], value: &str| {
        let value = spec.take(&FieldValue::Text(value.to_owned())).unwrap();
        let why = Circumstances::because(Some("looked again".to_owned()));
        desk.as_device(ONE, |chain| {
            resolve(chain, seen, (spec, value), rivals, why)
        })
    };
    resolve(&both, &rivals, "321").unwrap();
    assert!(!desk.folded(marker).is_conflict(4));
    assert_eq!(desk.number(marker).unwrap(), "321");
    // Whoever looked before that is told to look again, and nothing is written.
    let stale = resolve(&desk.folded(marker), &rivals, "320");
    assert!(matches!(
        stale,
        Err(RecordError::Changed {
            field: "number_text"
        })
    ));
    assert!(matches!(
        resolve(&both, &[], "320"),
        Err(RecordError::Changed { .. })
    ));
    assert_eq!(desk.number(marker).unwrap(), "321");
}

#[test]
fn a_value_is_taken_back_and_an_emptied_text_takes_it_back_too() {
    let desk = Desk::new();
    let marker = desk.marker();
    desk.amend(ONE, &desk.folded(marker), &numbered(""));
    assert_eq!(desk.number(marker), None);
    desk.amend(ONE, &desk.folded(marker), &numbered("322"));
    let nothing = Draft::<Marker>::new().with_nothing(marker::NUMBER).any();
    desk.amend(ONE, &desk.folded(marker), &nothing);
    assert_eq!(desk.number(marker), None);
    let owed = Draft::<Marker>::new().with_nothing(marker::KIND).any();
    let refused = desk.as_device(ONE, |chain| {
        amend(chain, &desk.folded_in(chain, marker), &owed)
    });
    assert!(matches!(refused, Err(RecordError::Findings(_))));
    let empty = AnyDraft::of(Marker::NOUN);
    let refused = desk.as_device(ONE, |chain| {
        amend(chain, &desk.folded_in(chain, marker), &empty)
    });
    assert!(matches!(refused, Err(RecordError::NothingSaid)));
}

impl Desk {
    fn folded_in(&self, chain: &OwnChain, subject: SubjectId) -> Folded {
        let entries = chain.journal().entries_of_subject(subject).unwrap();
        fold(subject, &entries, &Counting::default()).unwrap()
    }
}

#[test]
fn a_code_is_given_once_and_a_record_does_not_change_its_code() {
    let desk = Desk::new();
    let draft = Draft::<grave::Grave>::new().with(grave::SITE, SITE).any();
    let first = desk.record(&draft).unwrap().code.unwrap();
    assert_eq!(
        first,
        "IZM1-T03-G001-4S".replace("4S", &first[first.len() - 2..])
    );
    let again = Draft::<grave::Grave>::new()
        .with(grave::SITE, SITE)
        .with(grave::CODE, first.clone())
        .any();
    assert!(matches!(
        desk.record(&again),
        Err(RecordError::CodeInUse { .. })
    ));
    let wrong = Draft::<remains::Remains>::new()
        .with(remains::SITE, SITE)
        .with(remains::CODE, first.clone())
        .any();
    assert!(matches!(desk.record(&wrong), Err(RecordError::Findings(_))));
    let change = Draft::<grave::Grave>::new().with(grave::CODE, first).any();
    assert_eq!(change.findings_of_changes().len(), 1);
    let second = desk.record(&draft).unwrap().code.unwrap();
    assert!(second.starts_with("IZM1-T03-G002"));
}

#[test]
fn a_link_is_undone_and_stands_again_and_says_why() {
    let desk = Desk::new();
    let marker = desk.marker();
    let draft = Draft::<grave::Grave>::new()
        .with(grave::SITE, SITE)
        .with(grave::KIND, GraveKind::Multiple)
        .link(SubjectRef {
            kind: Kind::Marker,
            id: marker,
        });
    let grave = desk.record(&draft.any()).unwrap().subject;
    let other = SubjectRef {
        kind: Kind::Marker,
        id: marker,
    };
    let spec = grave::NOUN.link_to(Kind::Marker).unwrap();
    let id = link_id(ORG, spec, (grave, other));
    let back = Marker::NOUN.link_to(Kind::Grave).unwrap();
    assert_eq!(
        link_id(ORG, back, (other, grave)),
        id,
        "one link from both ends"
    );
    assert_eq!(
        desk.folded(id).value(1).and_then(SubjectId::from_value),
        Some(grave.id)
    );
    let why = |text: &str| Circumstances::because(Some(text.to_owned()));
    let end_it = |reason: &str| {
        let folded = desk.folded(id);
        desk.as_device(ONE, |chain| {
            end(chain, &folded, Ending::Withdrawn, why(reason))
        })
    };
    assert!(matches!(end_it(" "), Err(RecordError::Findings(_))));
    end_it("another grave").unwrap();
    assert_eq!(ended_reason(&desk.folded(id)).unwrap(), "another grave");
    let known = desk.folded(id);
    desk.as_device(ONE, |chain| {
        link(
            chain,
            spec,
            (grave, other),
            Some(&known),
            why("it was right"),
        )
        .unwrap();
    });
    assert_eq!(ended_reason(&desk.folded(id)), None);
}

#[test]
fn a_draft_keeps_whose_words_it_is_and_when_it_happened() {
    let desk = Desk::new();
    let mut draft = Draft::<site::Site>::new()
        .with(site::PLACE_CODE, "LYS1".to_owned())
        .with(site::NAME, "Ліс".to_owned())
        .any();
    let said = Circumstances {
        stated_by: Some(Person {
            name: Some("Villager".to_owned()),
            ..Person::default()
        }),
        occurred: Some(Occurred {
            at_ms: 1_663_322_759_000,
            offset_min: 180,
            precision: MomentPrecision::Day,
            source: MomentSource::Witness,
        }),
        reason: Some("told at the forest".to_owned()),
    };
    draft.circumstances = said.clone();
    let site = desk.record(&draft).unwrap().subject.id;
    let entries = desk.as_device(ONE, |chain| {
        chain.journal().entries_of_subject(site).unwrap()
    });
    assert_eq!(entries[0].body.as_ref().unwrap().circumstances, said);
}

#[test]
fn what_a_verb_of_its_own_records_is_not_recorded_without_it() {
    for noun in crate::nouns::ALL {
        let is_refused = !AnyDraft::of(noun).findings().is_empty();
        assert!(is_refused, "an empty {} can be recorded", noun.kind.name());
    }
}
