//! PersonHint: a possible name, not established. Never an identification: nothing here changes who somebody is held to be.

use serde::Serialize;

use super::text::{NAME_BYTES_MAX, TEXT_BYTES_MAX, bounded, owed, shown};
use super::{RecordError, RecordState};
use crate::encoding::{Map, Value};
use crate::environment::Environment;
use crate::merge::Folded;
use crate::model::ids::{SubjectId, SubjectRef};
use crate::model::letters;
use crate::store::{OwnChain, Word};
use crate::vocabulary::{HintConfidence, HintPartRole, HintSource, Kind};

/// More parts than a name, rank and unit have.
const PARTS_MAX: usize = 16;

/// A new hint.
#[derive(Clone, Debug)]
pub struct HintDraft {
    /// What it was found on or with.
    pub owner: SubjectRef,
    /// Where it was read or heard.
    pub source: HintSource,
    /// Letter by letter, `…` for a lost part.
    pub text_verbatim: String,
    /// What its parts may be.
    pub parts: Vec<HintPart>,
    /// Why it may be a name; owed (ICRC: explain reasons for a possible identity).
    pub reason: String,
    /// How sure the reader was of the letters.
    pub confidence: HintConfidence,
    /// Photos that show it.
    pub photos: Vec<SubjectId>,
}

/// A part of a possible name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HintPart {
    /// What it is.
    pub role: HintPartRole,
    /// Its letters with the marks of loss and doubt: `Nesteren…`, `Iv[?]n`.
    pub value: String,
}

/// A hint as all known entries tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HintView {
    /// Which one.
    pub id: SubjectId,
    /// What it was found on or with.
    pub owner: Option<SubjectRef>,
    /// Where it was read or heard.
    pub source: HintSource,
    /// Letter by letter.
    pub text_verbatim: String,
    /// What its parts may be.
    pub parts: Vec<HintPart>,
    /// Why it may be a name.
    pub reason: String,
    /// How sure the reader was of the letters.
    pub confidence: HintConfidence,
    /// Photos that show it.
    pub photos: Vec<SubjectId>,
    /// The record as such.
    pub record: RecordState,
}

impl HintPart {
    /// Takes a part as typed; its marks stay.
    #[must_use]
    pub fn from_marked(role: HintPartRole, typed: &str) -> Self {
        let value = letters::marked(typed);
        Self { role, value }
    }

    /// The letters that are there, without marks.
    #[must_use]
    pub fn letters(&self) -> String {
        letters::plain(&self.value)
    }

    /// Letters are lost before it.
    #[must_use]
    pub fn is_cut_left(&self) -> bool {
        letters::is_cut_left(&self.value)
    }

    /// Letters are lost after it.
    #[must_use]
    pub fn is_cut_right(&self) -> bool {
        letters::is_cut_right(&self.value)
    }

    /// Some letters are doubtful.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        letters::is_doubtful(&self.value)
    }

    fn to_value(&self) -> Value {
        Map::new()
            .text(0, self.role.code())
            .text(1, &self.value)
            .into()
    }

    fn from_value(value: &Value) -> Option<Self> {
        let map = value.as_map()?;
        Some(Self {
            role: HintPartRole::from_code(map.get(0)?.as_text()?),
            value: map.get(1)?.as_text()?.to_owned(),
        })
    }
}

impl HintView {
    /// Reads a fold.
    #[must_use]
    pub fn of(folded: &Folded) -> Self {
        let list = |field| {
            folded
                .value(field)
                .and_then(Value::as_array)
                .unwrap_or_default()
        };
        Self {
            id: folded.subject,
            owner: folded.value(1).and_then(SubjectRef::from_value),
            source: HintSource::from_code(&shown(folded, 2)),
            text_verbatim: shown(folded, 3),
            parts: list(4).iter().filter_map(HintPart::from_value).collect(),
            reason: shown(folded, 5),
            confidence: HintConfidence::from_code(&shown(folded, 6)),
            photos: list(7).iter().filter_map(SubjectId::from_value).collect(),
            record: RecordState::of(folded),
        }
    }
}

/// Records a hint.
///
/// # Errors
/// `Invalid`, or the store's: nothing was recorded.
pub fn create_hint(
    environment: &Environment,
    chain: &OwnChain,
    draft: &HintDraft,
) -> Result<SubjectId, RecordError> {
    if draft.parts.len() > PARTS_MAX {
        let reason = format!("{} parts, limit {PARTS_MAX}", draft.parts.len());
        return Err(RecordError::Invalid {
            field: "parts",
            reason,
        });
    }
    for part in &draft.parts {
        owed("part", &part.letters(), NAME_BYTES_MAX)?;
        bounded("part", &part.value, NAME_BYTES_MAX)?;
    }
    let fields = Map::new()
        .with(1, draft.owner)
        .text(2, draft.source.code())
        .with(
            3,
            owed("text_verbatim", &draft.text_verbatim, TEXT_BYTES_MAX)?,
        )
        .array(4, draft.parts.iter().map(HintPart::to_value))
        .with(5, owed("reason", &draft.reason, TEXT_BYTES_MAX)?)
        .text(6, draft.confidence.code())
        .array(7, draft.photos.iter().map(|photo| Value::from(*photo)));
    let subject = SubjectId::new(environment)?;
    chain.append_one(Word::create(Kind::PersonHint, subject, fields))?;
    Ok(subject)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_part_keeps_its_marks_and_is_read_back_with_them() {
        let part = HintPart::from_marked(HintPartRole::Surname, "Нестерен[?]...");
        assert_eq!(part.value, "Нестерен[?]…");
        assert_eq!(HintPart::from_value(&part.to_value()).unwrap(), part);
        assert_eq!(part.letters(), "Нестерен");
        assert!(part.is_cut_right() && part.is_doubtful() && !part.is_cut_left());
    }
}
