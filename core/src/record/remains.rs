//! Remains: one body, or one part with a code of its own. The full code is the identity; a code is a name, never read as a location.

use serde::Serialize;

use super::numbering::give_out;
use super::text::shown;
use super::{RecordError, RecordState};
use crate::encoding::{Map, Value};
use crate::merge::Folded;
use crate::model::codes::{Code, Issuer, PlaceCode, RemainsCode, parse};
use crate::model::ids::SubjectId;
use crate::store::{OwnChain, Word};
use crate::vocabulary::{Kind, RemainsKind};

/// New remains.
#[derive(Clone, Debug)]
pub struct RemainsDraft {
    /// The site.
    pub site: SubjectId,
    /// The grave they were found in, if any.
    pub grave: Option<SubjectId>,
    /// A code read from a label, as typed or scanned; absent: the next one of this device.
    pub code: Option<String>,
    /// What the code stands for.
    pub kind: Option<RemainsKind>,
}

/// Remains as all known entries tell them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemainsView {
    /// Which.
    pub id: SubjectId,
    /// Their code.
    pub code: String,
    /// The site.
    pub site: Option<SubjectId>,
    /// The grave.
    pub grave: Option<SubjectId>,
    /// What the code stands for.
    pub kind: Option<RemainsKind>,
    /// The record as such.
    pub record: RecordState,
}

impl RemainsView {
    /// Reads a fold.
    #[must_use]
    pub fn of(folded: &Folded) -> Self {
        Self {
            id: folded.subject,
            code: shown(folded, 1),
            site: folded.value(2).and_then(SubjectId::from_value),
            grave: folded.value(3).and_then(SubjectId::from_value),
            kind: folded
                .value(4)
                .and_then(Value::as_text)
                .map(RemainsKind::from_code),
            record: RecordState::of(folded),
        }
    }
}

/// Records remains under their code.
///
/// # Errors
/// `Code`, `CodeInUse` (this vault knows remains of that code already), or the store's.
pub fn create_remains(
    chain: &OwnChain,
    place: &PlaceCode,
    issuer: &Issuer,
    draft: &RemainsDraft,
) -> Result<(SubjectId, RemainsCode), RecordError> {
    let typed = draft.code.as_deref().map(read_remains).transpose()?;
    let mut made = None;
    let org = chain.org();
    chain.append(|pen| {
        let (subject, code) = match &typed {
            Some(code) => {
                let canonical = code.canonical_without_check();
                (
                    SubjectId::of_code(org, Kind::Remains, &canonical),
                    code.clone(),
                )
            }
            None => {
                let (id, code) = give_out(
                    pen,
                    (org, Kind::Remains),
                    (&super::Series::Remains(place.clone()), issuer),
                )?;
                let Code::Remains(code) = code else {
                    return Err(RecordError::NothingSaid);
                };
                (id, code)
            }
        };
        if pen.knows(subject)? {
            return Err(RecordError::CodeInUse {
                code: code.to_string(),
            });
        }
        let fields = Map::new()
            .text(1, code.to_string())
            .with(2, draft.site)
            .with_some(3, draft.grave)
            .with_some(4, draft.kind.as_ref().map(|kind| Value::text(kind.code())))
            .with_some(5, draft.code.as_ref().map(Value::text));
        pen.write(Word::create(Kind::Remains, subject, fields))?;
        made = Some((subject, code));
        Ok::<(), RecordError>(())
    })?;
    made.ok_or(RecordError::NotFound { what: "remains" })
}

fn read_remains(typed: &str) -> Result<RemainsCode, RecordError> {
    match parse(typed)?.code {
        Code::Remains(code) => Ok(code),
        Code::Grave(_) | Code::Effect(_) | Code::Sample(_) => {
            let reason = "is the code of something else than remains".to_owned();
            Err(RecordError::Invalid {
                field: "code",
                reason,
            })
        }
    }
}
