//! A short day of work at one made-up burial place, and everything that a phone answers about it.

use imena_core::field_store::FieldStore;
use imena_core::index::ROOT;
use imena_core::model::ids::{SubjectId, SubjectRef};
use imena_core::record::{
    GraveDraft, HintDraft, HintPart, MarkerDraft, OperatorDraft, RemainsDraft, SiteDraft,
};
use imena_core::vocabulary::{
    GraveKind, HintConfidence, HintPartRole, HintSource, Kind, MarkerKind, OperatorRole,
    RemainsKind, SiteType,
};

use crate::phone::{capture, draft, new_capture_id, picture};

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
    let site_type = Some(SiteType::GraveField);
    let (place_code, name) = ("KHA1".to_owned(), "Beech wood".to_owned());
    let site = store
        .create_site(&SiteDraft {
            place_code,
            name,
            site_type,
        })
        .unwrap();
    let mut day = Day {
        site,
        graves: Vec::new(),
        codes: Vec::new(),
    };
    for _ in 0..2 {
        add_grave(store, &mut day);
    }
    let owner = day.graves[0];
    let text = "The Armed Forces of Ukraine defender Nesteren…".to_owned();
    let marker = MarkerDraft {
        site,
        graves: vec![owner.id],
        kind: MarkerKind::Plaque,
        text_verbatim: text.clone(),
        number_text: Some("No. 17".to_owned()),
        status: None,
        reading: None,
    };
    store.create_marker(&marker).unwrap();
    let hint = HintDraft {
        owner,
        source: HintSource::Marker,
        text_verbatim: text,
        parts: vec![HintPart::from_marked(HintPartRole::Surname, "Nesteren…")],
        reason: "written on the plate".to_owned(),
        confidence: HintConfidence::Probable,
        photos: Vec::new(),
    };
    store.create_hint(&hint).unwrap();
    let operator = OperatorDraft {
        display_name: "Kashtan".to_owned(),
        role: OperatorRole::Rescuer,
        organisation: "Rescue unit".to_owned(),
    };
    store.create_operator(&operator).unwrap();
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
    let (site, kind) = (day.site, Some(GraveKind::IndividualMarked));
    let (grave, code) = store
        .create_grave(&GraveDraft {
            site,
            code: None,
            kind,
        })
        .unwrap();
    day.codes.push(code);
    let kind = Some(RemainsKind::Undetermined);
    let remains = RemainsDraft {
        site,
        grave: Some(grave),
        code: None,
        kind,
    };
    let (_, code) = store.create_remains(&remains).unwrap();
    day.codes.push(code);
    day.graves.push(SubjectRef {
        kind: Kind::Grave,
        id: grave,
    });
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
    lines.extend(
        store
            .list_operators()
            .unwrap()
            .iter()
            .map(|view| format!("{view:?}")),
    );
    lines.extend(
        store
            .list_photos(ROOT)
            .unwrap()
            .iter()
            .map(|view| format!("{view:?}")),
    );
    for site in store.list_sites().unwrap() {
        lines.push(format!("{site:?}"));
        lines.extend(
            store
                .list_markers(site.id)
                .unwrap()
                .iter()
                .map(|view| format!("{view:?}")),
        );
        lines.extend(
            store
                .list_remains(site.id)
                .unwrap()
                .iter()
                .map(|view| format!("{view:?}")),
        );
        for grave in store.list_graves(site.id).unwrap() {
            lines.push(format!("{grave:?} {:?}", store.get(grave.id).unwrap()));
            let id = grave.id;
            lines.extend(
                store
                    .list_remains(id)
                    .unwrap()
                    .iter()
                    .map(|view| format!("{view:?}")),
            );
            lines.extend(
                store
                    .list_hints(id)
                    .unwrap()
                    .iter()
                    .map(|view| format!("{view:?}")),
            );
            lines.extend(
                store
                    .list_photos(id)
                    .unwrap()
                    .iter()
                    .map(|view| format!("{view:?}")),
            );
        }
    }
    lines
}
