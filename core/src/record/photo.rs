//! Photo: how a sealed original is shown, and how it is given to another record. Its bytes, hash and moment never change.

use serde::Serialize;

use super::text::shown;
use super::{PhotoFacts, RecordError, RecordState};
use crate::capture::answering;
use crate::encoding::{Hash32, Map, Value};
use crate::index::Index;
use crate::journal::Op;
use crate::merge::Folded;
use crate::model::circumstances::Circumstances;
use crate::model::file_name::FileName;
use crate::model::ids::{SealedName, SubjectId, SubjectRef};
use crate::store::{OwnChain, StoreError, Word};
use crate::vocabulary::{Kind, NoPreview, PhotoDefect, PhotoOrigin, PreviewMark, Shot};

/// A photo as all known entries tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhotoView {
    /// Which one.
    pub id: SubjectId,
    /// Name of the sealed original.
    pub sealed: Option<SealedName>,
    /// Its length in bytes.
    pub sealed_bytes: u64,
    /// SHA-256 of the original; absent for a recovered file that no key here opened.
    pub sha256: Option<String>,
    /// Length of the original.
    pub bytes: u64,
    /// Kind of file, by its bytes.
    pub mime: String,
    /// How it came.
    pub origin: PhotoOrigin,
    /// What it is of; absent: not assigned.
    pub owner: Option<SubjectRef>,
    /// Which shot of the list.
    pub shot: Option<Shot>,
    /// What the file says of itself; absent for one that no key here opened.
    pub facts: Option<PhotoFacts>,
    /// The shutter's moment by the device's clock, ms.
    pub captured_ms: Option<i64>,
    /// Name of an imported file, verbatim.
    pub file_name: Option<FileName>,
    /// What is wrong with the file, found when it was taken or when its small pictures were made.
    pub defects: Vec<PhotoDefect>,
    /// The picture itself is hurt: whoever still can takes it again.
    pub should_retake: bool,
    /// Why there is no preview; absent while there is one, or while it is still to be made.
    pub no_preview: Option<NoPreview>,
    /// What the preview, or the small picture in its place, does not show truly.
    pub preview_marks: Vec<PreviewMark>,
    /// The record as such.
    pub record: RecordState,
}

impl PhotoView {
    /// Reads a fold.
    #[must_use]
    pub fn of(folded: &Folded) -> Self {
        let uint = |field| {
            folded
                .value(field)
                .and_then(Value::as_uint)
                .unwrap_or_default()
        };
        let defects = folded
            .value(14)
            .and_then(Value::as_array)
            .unwrap_or_default();
        let defects: Vec<PhotoDefect> = defects
            .iter()
            .filter_map(|defect| defect.as_text().map(PhotoDefect::from_code))
            .collect();
        Self {
            id: folded.subject,
            sealed: folded.value(1).and_then(SealedName::from_value),
            sealed_bytes: uint(2),
            sha256: folded
                .value(3)
                .and_then(Value::as_hash)
                .map(|hash: Hash32| hash.to_hex()),
            bytes: uint(4),
            mime: shown(folded, 5),
            origin: PhotoOrigin::from_code(&shown(folded, 6)),
            owner: folded.value(8).and_then(SubjectRef::from_value),
            shot: folded
                .value(9)
                .and_then(Value::as_text)
                .map(Shot::from_code),
            facts: folded.value(10).and_then(Value::as_map).map(PhotoFacts::of),
            captured_ms: folded.value(12).and_then(Value::as_int),
            file_name: folded.value(13).and_then(FileName::from_value),
            should_retake: defects.iter().any(PhotoDefect::calls_for_another),
            defects,
            no_preview: None,
            preview_marks: Vec::new(),
            record: RecordState::of(folded),
        }
    }

    /// Adds what was found when the small pictures were made, which may be long after the photo was taken.
    ///
    /// # Errors
    /// The index's.
    pub fn noted(mut self, index: &Index) -> Result<Self, StoreError> {
        let made = index.all_children(self.id, Kind::RenditionsMade, Rendered::of)?;
        let Some(last) = made
            .iter()
            .rfind(|made| made.no_preview.is_none())
            .or(made.last())
        else {
            return Ok(self);
        };
        self.no_preview.clone_from(&last.no_preview);
        self.preview_marks.clone_from(&last.marks);
        let is_damaged = last.no_preview == Some(NoPreview::Damaged)
            || last.marks.contains(&PreviewMark::Partial);
        if is_damaged && !self.defects.contains(&PhotoDefect::Damaged) {
            self.defects.push(PhotoDefect::Damaged);
        }
        self.should_retake |= is_damaged;
        Ok(self)
    }
}

/// What one making of small pictures says.
struct Rendered {
    no_preview: Option<NoPreview>,
    marks: Vec<PreviewMark>,
}

impl Rendered {
    fn of(folded: &Folded) -> Self {
        let reason = folded.value(4).and_then(Value::as_text);
        let rendition = [3, 2]
            .into_iter()
            .find_map(|field| folded.value(field)?.as_map());
        let marks = rendition.and_then(|rendition| rendition.get(6)?.as_array());
        let codes = marks.unwrap_or_default().iter().filter_map(Value::as_text);
        Self {
            no_preview: reason.map(NoPreview::from_code),
            marks: codes.map(PreviewMark::from_code).collect(),
        }
    }
}

/// Gives a photo to a record, or to another one: the commonest mistake is the wrong one. Nothing about the picture itself changes.
///
/// # Errors
/// `NotFound`, or the store's: nothing was recorded.
pub fn assign_photo(
    chain: &OwnChain,
    photo: SubjectId,
    owner: SubjectRef,
    shot: Option<&Shot>,
    reason: Option<String>,
) -> Result<(), RecordError> {
    let entries = chain.journal().entries_of_subject(photo)?;
    if entries.iter().all(|entry| entry.header.kind != Kind::Photo) {
        return Err(RecordError::NotFound { what: "photo" });
    }
    let fields = Map::new()
        .with(8, owner)
        .with_some(9, shot.map(|shot| Value::text(shot.code())));
    let (parents, touches) = answering(photo, &entries, &fields);
    let word = Word::create(Kind::Photo, photo, fields);
    chain.append_one(Word {
        op: Op::Set,
        parents,
        touches,
        circumstances: Circumstances::because(reason),
        ..word
    })?;
    Ok(())
}
