//! Records of the tests, each by the table of its noun.

use imena_core::field_store::FieldStore;
use imena_core::model::ids::{SubjectId, SubjectRef};
use imena_core::nouns::grave::{self, Grave};
use imena_core::nouns::person_hint::{self, PersonHint};
use imena_core::nouns::remains::{self, Remains};
use imena_core::nouns::site::{self, Site};
use imena_core::record::{Draft, Recorded};
use imena_core::vocabulary::{HintConfidence, HintSource};

/// A site; its place code and its name.
#[must_use]
pub fn site_draft(place_code: &str, name: &str) -> Draft<Site> {
    Draft::new()
        .with(site::PLACE_CODE, place_code.to_owned())
        .with(site::NAME, name.to_owned())
}

/// Records a site.
pub fn add_site(store: &FieldStore, place_code: &str, name: &str) -> SubjectId {
    let draft = site_draft(place_code, name).any();
    store.record(&draft).unwrap().subject.id
}

/// Records a grave under the next code.
pub fn add_grave(store: &FieldStore, site: SubjectId) -> Recorded {
    let draft = Draft::<Grave>::new().with(grave::SITE, site);
    store.record(&draft.any()).unwrap()
}

/// Records remains under the next code.
pub fn add_remains(store: &FieldStore, site: SubjectId, grave: Option<SubjectId>) -> Recorded {
    let draft = Draft::<Remains>::new()
        .with(remains::SITE, site)
        .with_some(remains::GRAVE, grave);
    store.record(&draft.any()).unwrap()
}

/// A possible name on a marker.
#[must_use]
pub fn hint_draft(owner: SubjectRef, text: &str, reason: &str) -> Draft<PersonHint> {
    Draft::new()
        .with(person_hint::OWNER, owner)
        .with(person_hint::SOURCE, HintSource::Marker)
        .with(person_hint::TEXT, text.to_owned())
        .with(person_hint::REASON, reason.to_owned())
        .with(person_hint::CONFIDENCE, HintConfidence::Probable)
}
