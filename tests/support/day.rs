//! A short day of work at one made-up burial place, and everything that a phone answers about it.

use imena_core::field_store::FieldStore;
use imena_core::index::ROOT;
use imena_core::merge::Folded;
use imena_core::model::ids::{SubjectId, SubjectRef};
use imena_core::nouns::grave;
use imena_core::nouns::marker::{self, Marker};
use imena_core::nouns::operator::{self, Operator};
use imena_core::nouns::remains;
use imena_core::nouns::{NamePart, person_hint, site};
use imena_core::record::Draft;
use imena_core::vocabulary::{
    GraveKind, HintPartRole, Kind, Language, MarkerKind, OperatorRole, RemainsKind, SiteType,
};

use crate::phone::{capture, draft, new_capture_id, picture};
use crate::records::{hint_draft, site_draft};

/// What the day left.
#[derive(Clone, Debug)]
pub struct Day {
    /// The site.
    pub site: SubjectId,
    /// Two graves.
    pub graves: Vec<SubjectRef>,
    /// Codes of graves and remains.
    pub codes: Vec<String>,
}

/// A site, two graves with a marker, remains and a possible name, an operator, and `photos` photos of the first grave.
#[must_use]
pub fn work_a_day(store: &FieldStore, photos: u64) -> Day {
    let made = site_draft("KHA1", "Beech wood").with(site::TYPE, SiteType::GraveField);
    let site = store.record(&made.any()).unwrap().subject.id;
    let mut day = Day {
        site,
        graves: Vec::new(),
        codes: Vec::new(),
    };
    for _ in 0..2 {
        add_grave(store, &mut day);
    }
    let owner = day.graves[0];
    let text = "The Armed Forces of Ukraine defender Nesteren…";
    let marker = Draft::<Marker>::new()
        .with(marker::SITE, site)
        .with(marker::KIND, MarkerKind::Plaque)
        .with(marker::TEXT, text.to_owned())
        .with(marker::NUMBER, "No. 17".to_owned())
        .link(owner);
    store.record(&marker.any()).unwrap();
    let part = NamePart::from_marked(HintPartRole::Surname, "Nesteren…");
    let hint = hint_draft(owner, text, "written on the plate").with(person_hint::PARTS, vec![part]);
    store.record(&hint.any()).unwrap();
    let operator = Draft::<Operator>::new()
        .with(operator::NAME, "Kashtan".to_owned())
        .with(operator::ROLE, OperatorRole::Rescuer)
        .with(operator::ORGANISATION, "Rescue unit".to_owned());
    store.record(&operator.any()).unwrap();
    for number in 0..photos {
        capture(
            store,
            draft(new_capture_id(), Some(owner)),
            &picture(number),
        )
        .unwrap();
    }
    day
}

/// One more grave with remains; their codes are noted.
pub fn add_grave(store: &FieldStore, day: &mut Day) {
    let grave = Draft::new()
        .with(grave::SITE, day.site)
        .with(grave::KIND, GraveKind::IndividualMarked);
    let grave = store.record(&grave.any()).unwrap();
    let remains = Draft::new()
        .with(remains::SITE, day.site)
        .with(remains::GRAVE, grave.subject.id)
        .with(remains::KIND, RemainsKind::Undetermined);
    let remains = store.record(&remains.any()).unwrap();
    day.codes
        .extend([grave.code, remains.code].into_iter().flatten());
    day.graves.push(grave.subject);
}

/// Everything that lists and screens of this phone would show, line by line.
#[must_use]
pub fn answers(store: &FieldStore) -> Vec<String> {
    let mut lines = Vec::new();
    let status = store.status().unwrap();
    lines.push(format!(
        "{:?} {:?} {:?}",
        status.device, status.issuer, status.own_seq
    ));
    let all = |parent, kind| {
        let shown = |folded: &Folded| format!("{folded:?}");
        store.list_all(parent, kind, shown).unwrap()
    };
    let photos = |owner| {
        let photos = store.list_photos(owner).unwrap();
        photos
            .iter()
            .map(|view| format!("{view:?}"))
            .collect::<Vec<_>>()
    };
    lines.extend(all(ROOT, Kind::Operator));
    lines.extend(photos(ROOT));
    lines.extend(all(ROOT, Kind::Site));
    for site in store
        .list_all(ROOT, Kind::Site, |site| site.subject)
        .unwrap()
    {
        for kind in [Kind::Marker, Kind::Remains, Kind::Grave] {
            lines.extend(all(site, kind));
        }
        for grave in store
            .list_all(site, Kind::Grave, |grave| grave.subject)
            .unwrap()
        {
            let page = store.record_page(grave, Language::Ukrainian).unwrap();
            lines.push(format!("{page:?}"));
            for kind in [Kind::Remains, Kind::PersonHint] {
                lines.extend(all(grave, kind));
            }
            lines.extend(photos(grave));
        }
    }
    lines
}
