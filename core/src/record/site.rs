//! Site: a place where remains are sought.

use serde::Serialize;

use super::text::{NAME_BYTES_MAX, owed, shown};
use super::{RecordError, RecordState};
use crate::encoding::{Map, Value};
use crate::environment::Environment;
use crate::merge::Folded;
use crate::model::codes::PlaceCode;
use crate::model::ids::SubjectId;
use crate::store::{OwnChain, Word};
use crate::vocabulary::{Kind, SiteType};

/// A new site.
#[derive(Clone, Debug)]
pub struct SiteDraft {
    /// First part of every code made here: 2–5 letters or digits, without O and I.
    pub place_code: String,
    /// What people call it.
    pub name: String,
    /// What it is.
    pub site_type: Option<SiteType>,
}

/// A site as all known entries tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SiteView {
    /// Which one.
    pub id: SubjectId,
    /// First part of its codes.
    pub place_code: String,
    /// What people call it.
    pub name: String,
    /// What it is.
    pub site_type: Option<SiteType>,
    /// The record as such.
    pub record: RecordState,
}

impl SiteView {
    /// Reads a fold.
    #[must_use]
    pub fn of(folded: &Folded) -> Self {
        Self {
            id: folded.subject,
            place_code: shown(folded, 1),
            name: shown(folded, 2),
            site_type: folded
                .value(3)
                .and_then(Value::as_text)
                .map(SiteType::from_code),
            record: RecordState::of(folded),
        }
    }
}

/// Records a site.
///
/// # Errors
/// `Invalid`, `Code`, or the store's: nothing was recorded.
pub fn create_site(
    environment: &Environment,
    chain: &OwnChain,
    draft: &SiteDraft,
) -> Result<SubjectId, RecordError> {
    let place = PlaceCode::new(&draft.place_code)?;
    let subject = SubjectId::new(environment)?;
    let fields = Map::new()
        .text(1, place.as_str())
        .with(2, owed("name", &draft.name, NAME_BYTES_MAX)?)
        .with_some(
            3,
            draft
                .site_type
                .as_ref()
                .map(|kind| Value::text(kind.code())),
        );
    chain.append_one(Word::create(Kind::Site, subject, fields))?;
    Ok(subject)
}
