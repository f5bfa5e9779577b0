//! What all records have in common: an id, a kind, marks.

use imena_core::model::ids::{self, SubjectId};
use imena_core::record::RecordState;
use imena_core::vocabulary::Kind;

use crate::error::CoreError;

/// What a record is.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum SubjectKind {
    /// A place where people were buried or found.
    Site,
    /// A location unit of a site.
    Grave,
    /// What was written at a grave.
    Marker,
    /// What one code stands for.
    Remains,
    /// One sealed original.
    Photo,
    /// A possible name, not established.
    PersonHint,
    /// Who records.
    Operator,
    /// Anything else that stands in the journal, by the word of the formats.
    Other {
        /// The word.
        code: String,
    },
}

/// A record together with what it is.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SubjectRef {
    /// What it is.
    pub kind: SubjectKind,
    /// Which one.
    pub id: String,
}

/// What every view says about its record as such.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RecordMarks {
    /// Fields for which devices said different things: both are kept until a person resolves it.
    pub conflicts: u32,
    /// Two devices made it under one code.
    pub is_created_twice: bool,
    /// Why it was withdrawn or voided, if it was; it stays listed.
    pub ended_reason: Option<String>,
    /// The recording device's clock at the first known entry, ms since 1970 UTC, as claimed.
    pub recorded_ms: i64,
}

/// Reads an id; a text that is none is the id of nothing.
pub fn id_of(entity: &str, text: &str) -> Result<SubjectId, CoreError> {
    SubjectId::parse(text).ok_or_else(|| CoreError::not_found(entity, text))
}

/// Reads ids, at most `limit`.
pub fn ids_of(
    field: &str,
    entity: &str,
    texts: &[String],
    limit: usize,
) -> Result<Vec<SubjectId>, CoreError> {
    if texts.len() > limit {
        return Err(CoreError::invalid(field, &format!("more than {limit}")));
    }
    texts.iter().map(|text| id_of(entity, text)).collect()
}

pub fn shown(id: SubjectId) -> String {
    id.to_string()
}

pub fn shown_some(id: Option<SubjectId>) -> Option<String> {
    id.map(shown)
}

impl From<RecordState> for RecordMarks {
    fn from(state: RecordState) -> Self {
        Self {
            conflicts: u32::try_from(state.conflicts.len()).unwrap_or(u32::MAX),
            is_created_twice: state.is_created_twice,
            ended_reason: state.ended,
            recorded_ms: state.recorded_ms,
        }
    }
}

impl From<Kind> for SubjectKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Site => Self::Site,
            Kind::Grave => Self::Grave,
            Kind::Marker => Self::Marker,
            Kind::Remains => Self::Remains,
            Kind::Photo => Self::Photo,
            Kind::PersonHint => Self::PersonHint,
            Kind::Operator => Self::Operator,
            other @ (Kind::Device
            | Kind::GraveMarker
            | Kind::DeviceStarted
            | Kind::ChainAdopted
            | Kind::SessionStarted
            | Kind::SessionClosed
            | Kind::RenditionsMade
            | Kind::KeyGrant
            | Kind::LocalCopyRemoved
            | Kind::RunRewritten
            | Kind::Erased
            | Kind::Unknown(_)) => Self::Other {
                code: other.name().to_owned(),
            },
        }
    }
}

impl From<ids::SubjectRef> for SubjectRef {
    fn from(subject: ids::SubjectRef) -> Self {
        Self {
            kind: subject.kind.into(),
            id: subject.id.to_string(),
        }
    }
}

impl SubjectRef {
    /// Reads what a photo or a hint is of.
    pub(crate) fn read(&self) -> Result<ids::SubjectRef, CoreError> {
        let kind = match &self.kind {
            SubjectKind::Site => Kind::Site,
            SubjectKind::Grave => Kind::Grave,
            SubjectKind::Marker => Kind::Marker,
            SubjectKind::Remains => Kind::Remains,
            SubjectKind::Photo => Kind::Photo,
            SubjectKind::PersonHint => Kind::PersonHint,
            SubjectKind::Operator => Kind::Operator,
            SubjectKind::Other { .. } => {
                return Err(CoreError::invalid("owner", "is nothing that owns records"));
            }
        };
        let id = id_of("owner", &self.id)?;
        Ok(ids::SubjectRef { kind, id })
    }
}
