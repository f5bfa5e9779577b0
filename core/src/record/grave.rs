//! Grave: a location unit of a site. Its code is its identity; what is written at it is a Marker.

use serde::Serialize;

use super::numbering::give_out;
use super::text::shown;
use super::{RecordError, RecordState};
use crate::encoding::{Map, Value};
use crate::merge::Folded;
use crate::model::codes::{Code, GraveCode, Issuer, PlaceCode, parse};
use crate::model::ids::SubjectId;
use crate::store::{OwnChain, Word};
use crate::vocabulary::{GraveKind, Kind};

/// A new grave.
#[derive(Clone, Debug)]
pub struct GraveDraft {
    /// The site.
    pub site: SubjectId,
    /// A code read from a label, as typed or scanned; absent: the next one of this device.
    pub code: Option<String>,
    /// What it looks like from outside.
    pub kind: Option<GraveKind>,
}

/// A grave as all known entries tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GraveView {
    /// Which one.
    pub id: SubjectId,
    /// Its code.
    pub code: String,
    /// The site.
    pub site: Option<SubjectId>,
    /// What it looks like from outside.
    pub kind: Option<GraveKind>,
    /// The record as such.
    pub record: RecordState,
}

impl GraveView {
    /// Reads a fold.
    #[must_use]
    pub fn of(folded: &Folded) -> Self {
        Self {
            id: folded.subject,
            code: shown(folded, 1),
            site: folded.value(2).and_then(SubjectId::from_value),
            kind: folded
                .value(3)
                .and_then(Value::as_text)
                .map(GraveKind::from_code),
            record: RecordState::of(folded),
        }
    }
}

/// Records a grave under its code.
///
/// # Errors
/// `Code`, `CodeInUse` (this vault knows a grave of that code already), or the store's.
pub fn create_grave(
    chain: &OwnChain,
    place: &PlaceCode,
    issuer: &Issuer,
    draft: &GraveDraft,
) -> Result<(SubjectId, GraveCode), RecordError> {
    let typed = draft.code.as_deref().map(read_grave).transpose()?;
    let mut made = None;
    let org = chain.org();
    chain.append(|pen| {
        let (subject, code) = match &typed {
            Some(code) => {
                let canonical = code.canonical_without_check();
                (
                    SubjectId::of_code(org, Kind::Grave, &canonical),
                    code.clone(),
                )
            }
            None => {
                let (id, code) = give_out(
                    pen,
                    (org, Kind::Grave),
                    (&super::Series::Graves(place.clone()), issuer),
                )?;
                let Code::Grave(code) = code else {
                    return Err(RecordError::NothingSaid);
                };
                (id, code)
            }
        };
        let fields = Map::new()
            .text(1, code.to_string())
            .with(2, draft.site)
            .with_some(3, draft.kind.as_ref().map(|kind| Value::text(kind.code())))
            .with_some(4, draft.code.as_ref().map(Value::text));
        if pen.knows(subject)? {
            return Err(RecordError::CodeInUse {
                code: code.to_string(),
            });
        }
        pen.write(Word::create(Kind::Grave, subject, fields))?;
        made = Some((subject, code));
        Ok::<(), RecordError>(())
    })?;
    made.ok_or(RecordError::NotFound { what: "grave" })
}

fn read_grave(typed: &str) -> Result<GraveCode, RecordError> {
    match parse(typed)?.code {
        Code::Grave(code) => Ok(code),
        Code::Remains(_) | Code::Effect(_) | Code::Sample(_) => {
            let reason = "is the code of something else than a grave".to_owned();
            Err(RecordError::Invalid {
                field: "code",
                reason,
            })
        }
    }
}
