//! The bytes of the nouns' entries as version 1 froze them: the same drafts give the same field maps for ever.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::encoding::Hash32;
use crate::environment::Environment;
use crate::keys::DatabaseKey;
use crate::model::ids::{DeviceId, OrgId, SubjectId, SubjectRef};
use crate::nouns::{NamePart, effect, grave, marker, operator, person_hint, remains, site};
use crate::store::{Durability, Journal, OwnChain};
use crate::vocabulary::{
    Colour, EffectCategory, Gap, GraveKind, HintConfidence, HintPartRole, HintSource, Kind,
    MarkerKind, MarkerReading, MarkerStatus, OperatorRole, RemainsKind, SiteType,
};

const SITE: SubjectId = SubjectId([1; 16]);
const GRAVE: SubjectId = SubjectId([2; 16]);
const PHOTO: SubjectId = SubjectId([3; 16]);

/// Kind and field map of each entry that the drafts below write, in their order.
const PINNED: &[(&str, &str)] = &[
    (
        "effect",
        "a60177495a4d312d5430332d303034322d45352f5430334530310250020202020202020202020202020202020377495a4d312d5430332d303034322d45352f5430334530310468636c6f7468696e67068264626c75656679656c6c6f7709a118ff6c6e6f745f6578616d696e6564",
    ),
    ("site", "a201644c5953310266d09bd196d181"),
    (
        "site",
        "a301644c5953310266d09bd196d181036b67726176655f6669656c64",
    ),
    (
        "grave",
        "a20170495a4d312d5430332d473030312d3045025001010101010101010101010101010101",
    ),
    (
        "grave",
        "a40170495a4d312d5430332d473031322d413002500101010101010101010101010101010103686d756c7469706c650470697a6d31207430332067303132206130",
    ),
    (
        "remains",
        "a20170495a4d312d5430332d303030312d3858025001010101010101010101010101010101",
    ),
    (
        "remains",
        "a50170495a4d312d5430332d303034322d4535025001010101010101010101010101010101035002020202020202020202020202020202046d636f6d706c6574655f626f6479056e495a4d3154303320303034324535",
    ),
    (
        "marker",
        "a301500101010101010101010101010101010102646e6f6e650360",
    ),
    (
        "marker",
        "a6015001010101010101010101010101010101026563726f73730376d09dd0b520d182d0b5d180e280a60ae28496203331390463333139056666616c6c656e066f706172746c795f7265616461626c65",
    ),
    (
        "person_hint",
        "a701a2000201500202020202020202020202020202020202696261675f6c6162656c036b4e6573746572656ee280a604800563626167066567756573730780",
    ),
    (
        "person_hint",
        "a701a2000201500202020202020202020202020202020202666d61726b65720376d09dd0b5d181d182d0b5d180d0b5d0bd5b3f5de280a60481a200677375726e616d650176d09dd0b5d181d182d0b5d180d0b5d0bd5b3f5de280a6056563726f7373066870726f6261626c6507815003030303030303030303030303030303",
    ),
    ("operator", "a30168d09ad0bbd0b5d0bd0267726573637565720360"),
    ("operator", "a301674b61736874616e0263656f64036444534e53"),
];

fn drafts() -> Vec<AnyDraft> {
    let text = |text: &str| text.to_owned();
    let owner = SubjectRef {
        kind: Kind::Grave,
        id: GRAVE,
    };
    let named = || {
        Draft::<site::Site>::new()
            .with(site::PLACE_CODE, text("LYS1"))
            .with(site::NAME, text("Ліс"))
    };
    let dug = || Draft::<grave::Grave>::new().with(grave::SITE, SITE);
    let found = || Draft::<remains::Remains>::new().with(remains::SITE, SITE);
    let written = |kind| {
        Draft::<marker::Marker>::new()
            .with(marker::SITE, SITE)
            .with(marker::KIND, kind)
    };
    let hinted = |source, read: &str, reason: &str, confidence| {
        Draft::<person_hint::PersonHint>::new()
            .with(person_hint::OWNER, owner)
            .with(person_hint::SOURCE, source)
            .with(person_hint::TEXT, text(read))
            .with(person_hint::REASON, text(reason))
            .with(person_hint::CONFIDENCE, confidence)
    };
    let works = |name: &str, role| {
        Draft::<operator::Operator>::new()
            .with(operator::NAME, text(name))
            .with(operator::ROLE, role)
    };
    let part = NamePart::from_marked(HintPartRole::Surname, "Нестерен[?]...");
    let thing = Draft::<effect::Effect>::new()
        .with(effect::REMAINS, GRAVE)
        .with(effect::CODE, text("IZM1-T03-0042-E5/T03E01"))
        .with(effect::CATEGORY, EffectCategory::Clothing)
        .with(effect::COLOURS, vec![Colour::Blue, Colour::Yellow])
        .with_gap(effect::SIZE, &Gap::NotExamined);
    vec![
        thing.any(),
        named().any(),
        named().with(site::TYPE, SiteType::GraveField).any(),
        dug().any(),
        dug()
            .with(grave::CODE, text("izm1 t03 g012 a0"))
            .with(grave::KIND, GraveKind::Multiple)
            .any(),
        found().any(),
        found()
            .with(remains::GRAVE, GRAVE)
            .with(remains::CODE, text("IZM1T03 0042E5"))
            .with(remains::KIND, RemainsKind::CompleteBody)
            .any(),
        written(MarkerKind::Absent).any(),
        written(MarkerKind::Cross)
            .with(marker::TEXT, text("Не тер…\n№ 319"))
            .with(marker::NUMBER, text("319"))
            .with(marker::STATUS, MarkerStatus::Fallen)
            .with(marker::READING, MarkerReading::Partly)
            .link(owner)
            .any(),
        hinted(
            HintSource::BagLabel,
            "Nesteren…",
            "bag",
            HintConfidence::Guess,
        )
        .any(),
        hinted(
            HintSource::Marker,
            "Нестерен[?]…",
            "cross",
            HintConfidence::Probable,
        )
        .with(person_hint::PARTS, vec![part])
        .with(person_hint::PHOTOS, vec![PHOTO])
        .any(),
        works("Клен", OperatorRole::Rescuer).any(),
        works("Kashtan", OperatorRole::Eod)
            .with(operator::ORGANISATION, text("DSNS"))
            .any(),
    ]
}

#[test]
fn the_same_drafts_write_the_same_bytes_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let environment = Environment::system(0);
    let key = DatabaseKey::new([7; 32]);
    let path = dir.path().join("journal.db");
    let journal = Journal::open(&environment, &path, &key, Durability::Disposable).unwrap();
    let (org, device) = (OrgId(Hash32([5; 32])), DeviceId(Hash32([6; 32])));
    let chain = OwnChain::new(&environment, org, device, "test", journal);
    for draft in drafts() {
        let issuing = || {
            let (_, form, _) = draft.noun().code_field().unwrap();
            let series = Series::below(form, "IZM1")?;
            let issuer = "T03".parse().unwrap();
            Ok(Issuing { series, issuer })
        };
        record(&environment, &chain, &draft, issuing).unwrap();
    }
    let entries = chain.journal().entries_of_chain(device, 1, 100).unwrap();
    // A link's bytes are the ids of its ends, one of which is drawn here.
    let nouns = entries
        .into_iter()
        .filter(|entry| entry.header.kind != Kind::GraveMarker);
    let written: Vec<(&str, String)> = nouns
        .map(|entry| {
            let fields = entry.body.unwrap().fields.encode();
            let hex = data_encoding::HEXLOWER.encode(&fields);
            (entry.header.kind.name(), hex)
        })
        .collect();
    let pinned = PINNED.iter().map(|(kind, hex)| (*kind, (*hex).to_owned()));
    assert_eq!(written, pinned.collect::<Vec<_>>());
}
