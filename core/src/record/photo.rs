//! Photo: how a sealed original is shown, and how it is given to another record. Its bytes, hash and moment never change.

use serde::Serialize;

use super::draft::check_beside;
use super::{RecordError, RecordMarks};
use crate::capture::answering;
use crate::encoding::{Hash32, Map, Value};
use crate::index::Index;
use crate::journal::Op;
use crate::merge::Folded;
use crate::model::circumstances::Circumstances;
use crate::model::file_name::FileName;
use crate::model::ids::{SealedName, SubjectId, SubjectRef};
use crate::nouns::photo::{self, Photo};
use crate::nouns::{Field, PhotoFacts, Said};
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
    /// What to see before trusting it.
    pub marks: RecordMarks,
}

impl PhotoView {
    /// Reads a fold.
    #[must_use]
    pub fn of(folded: &Folded) -> Self {
        let size = |field| said(folded, field).and_then(|size| u64::try_from(size).ok());
        let defects = said(folded, photo::DEFECTS).unwrap_or_default();
        let sha256 = folded.value(photo::SHA256.spec.number);
        Self {
            id: folded.subject,
            sealed: folded
                .value(photo::SEALED.spec.number)
                .and_then(SealedName::from_value),
            sealed_bytes: size(photo::SEALED_BYTES).unwrap_or_default(),
            sha256: sha256
                .and_then(Value::as_hash)
                .map(|hash: Hash32| hash.to_hex()),
            bytes: size(photo::BYTES).unwrap_or_default(),
            mime: said(folded, photo::MIME).unwrap_or_default(),
            origin: said(folded, photo::ORIGIN).unwrap_or(PhotoOrigin::Other(String::new())),
            owner: said(folded, photo::OWNER),
            shot: said(folded, photo::SHOT),
            facts: said(folded, photo::FACTS).as_ref().map(PhotoFacts::of),
            captured_ms: said(folded, photo::CAPTURED),
            file_name: said(folded, photo::FILE_NAME),
            should_retake: defects.iter().any(PhotoDefect::calls_for_another),
            defects,
            no_preview: None,
            preview_marks: Vec::new(),
            marks: RecordMarks::of(folded),
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

/// What is said of a field, whatever kind the fold is taken for.
fn said<T: Said>(folded: &Folded, field: Field<Photo, T>) -> Option<T::Of> {
    folded.value(field.spec.number).and_then(T::from_value)
}

/// Refuses an owner that no photo can have.
///
/// # Errors
/// `Findings`.
pub(crate) fn photo_owner(owner: SubjectRef) -> Result<(), RecordError> {
    let spec = photo::OWNER.spec;
    let accepted = spec.accept(owner.into()).map(drop);
    accepted.map_err(|fault| RecordError::at(spec.code, fault))
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
    let circumstances = Circumstances::because(reason);
    check_beside(&circumstances)?;
    photo_owner(owner)?;
    let entries = chain.journal().entries_of_subject(photo)?;
    if entries.iter().all(|entry| entry.header.kind != Kind::Photo) {
        return Err(RecordError::NotFound { what: "photo" });
    }
    let fields = Map::new().with(photo::OWNER.spec.number, owner).with_some(
        photo::SHOT.spec.number,
        shot.map(|shot| Value::text(shot.code())),
    );
    let (parents, touches) = answering(photo, &entries, &fields);
    let word = Word::create(Kind::Photo, photo, fields);
    chain.append_one(Word {
        op: Op::Set,
        parents,
        touches,
        circumstances,
        ..word
    })?;
    Ok(())
}
