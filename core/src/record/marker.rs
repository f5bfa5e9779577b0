//! Marker: what was written at a grave. A claim, kept verbatim; it stands for no grave, one, or several.

use serde::Serialize;

use super::text::{NAME_BYTES_MAX, TEXT_BYTES_MAX, bounded, shown, shown_some};
use super::{RecordError, RecordState};
use crate::encoding::{Map, Value};
use crate::environment::Environment;
use crate::merge::{Folded, Standing};
use crate::model::ids::SubjectId;
use crate::store::{OwnChain, Word};
use crate::vocabulary::{Kind, MarkerKind, MarkerReading, MarkerStatus};

/// A new marker.
#[derive(Clone, Debug)]
pub struct MarkerDraft {
    /// The site.
    pub site: SubjectId,
    /// The graves it stands for, 0..n.
    pub graves: Vec<SubjectId>,
    /// What it is.
    pub kind: MarkerKind,
    /// Letter by letter, `…` for a lost part, `[?]` for a doubtful letter; may be empty.
    pub text_verbatim: String,
    /// The number on it, as written.
    pub number_text: Option<String>,
    /// How it stands.
    pub status: Option<MarkerStatus>,
    /// How it reads.
    pub reading: Option<MarkerReading>,
}

/// A marker as all known entries tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MarkerView {
    /// Which one.
    pub id: SubjectId,
    /// The site.
    pub site: Option<SubjectId>,
    /// What it is.
    pub kind: MarkerKind,
    /// Letter by letter.
    pub text_verbatim: String,
    /// The number on it.
    pub number_text: Option<String>,
    /// How it stands.
    pub status: Option<MarkerStatus>,
    /// How it reads.
    pub reading: Option<MarkerReading>,
    /// The record as such.
    pub record: RecordState,
}

impl MarkerView {
    /// Reads a fold.
    #[must_use]
    pub fn of(folded: &Folded) -> Self {
        Self {
            id: folded.subject,
            site: folded.value(1).and_then(SubjectId::from_value),
            kind: MarkerKind::from_code(&shown(folded, 2)),
            text_verbatim: shown(folded, 3),
            number_text: shown_some(folded, 4),
            status: folded
                .value(5)
                .and_then(Value::as_text)
                .map(MarkerStatus::from_code),
            reading: folded
                .value(6)
                .and_then(Value::as_text)
                .map(MarkerReading::from_code),
            record: RecordState::of(folded),
        }
    }
}

/// The marker of a link between a grave and a marker, as long as the link stands.
#[must_use]
pub fn linked_marker(link: &Folded) -> Option<SubjectId> {
    let marker = link.value(2).and_then(SubjectId::from_value);
    marker.filter(|_| link.standing == Standing::Stands)
}

/// Records a marker and its links to graves, all or nothing.
///
/// # Errors
/// `Invalid`, or the store's: nothing was recorded.
pub fn create_marker(
    environment: &Environment,
    chain: &OwnChain,
    draft: &MarkerDraft,
) -> Result<SubjectId, RecordError> {
    let number = draft.number_text.as_deref();
    let number = number
        .map(|text| bounded("number_text", text, NAME_BYTES_MAX))
        .transpose()?;
    let fields = Map::new()
        .with(1, draft.site)
        .text(2, draft.kind.code())
        .with(
            3,
            bounded("text_verbatim", &draft.text_verbatim, TEXT_BYTES_MAX)?,
        )
        .with_some(4, number)
        .with_some(
            5,
            draft
                .status
                .as_ref()
                .map(|status| Value::text(status.code())),
        )
        .with_some(
            6,
            draft
                .reading
                .as_ref()
                .map(|reading| Value::text(reading.code())),
        );
    let marker = SubjectId::new(environment)?;
    chain.append(|pen| {
        pen.write(Word::create(Kind::Marker, marker, fields))?;
        for grave in &draft.graves {
            let link = SubjectId::of_link(chain.org(), Kind::GraveMarker, *grave, marker);
            let ends = Map::new().with(1, *grave).with(2, marker);
            pen.write(Word::create(Kind::GraveMarker, link, ends))?;
        }
        Ok::<(), RecordError>(())
    })?;
    Ok(marker)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use super::*;
    use crate::encoding::Hash32;
    use crate::merge::Head;
    use crate::model::ids::{DeviceId, EntryId};

    #[test]
    fn a_link_names_its_marker_only_as_long_as_it_stands() {
        let marker = SubjectId([7; 16]);
        let head = Head {
            entry: EntryId(Hash32::ZERO),
            device: DeviceId(Hash32::ZERO),
            lamport: 1,
            operator: None,
            wall_ms: 0,
            value: marker.into(),
        };
        let mut link = Folded {
            subject: SubjectId([9; 16]),
            kind: Kind::GraveMarker,
            fields: BTreeMap::from([(2, vec![head])]),
            creates: Vec::new(),
            first_wall_ms: 0,
            operator: None,
            standing: Standing::Stands,
            newer: 0,
            absent: 0,
            beyond_counting: 0,
        };
        assert_eq!(linked_marker(&link), Some(marker));
        for ended in [Standing::Withdrawn, Standing::Void] {
            link.standing = ended("another grave".to_owned());
            assert_eq!(linked_marker(&link), None);
        }
    }
}
