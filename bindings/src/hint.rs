//! Possible names, not established: never an identification.

use imena_core::record::{self as core};
use imena_core::vocabulary::{HintConfidence, HintPartRole, HintSource, Kind};

use crate::error::CoreError;
use crate::page::PageQuery;
use crate::store::{FieldStore, about};
use crate::subject::{RecordMarks, SubjectRef, id_of, ids_of, shown};
use crate::term::{Term, known};

/// More photos than one text has sides.
const PHOTOS_MAX: usize = 100;

/// A part of a possible name, as a person writes it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct HintPartDraft {
    /// What it may be, a code of `Vocabulary.HintPartRole`.
    pub role_code: String,
    /// Its letters, with `…` where letters are lost and `[?]` after a doubtful one.
    pub marked_text: String,
}

/// A part of a possible name.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct HintPart {
    /// What it may be.
    pub role: Term,
    /// Its letters, without the marks of loss.
    pub letters: String,
    /// Letters are lost before it.
    pub is_cut_left: bool,
    /// Letters are lost after it.
    pub is_cut_right: bool,
    /// Some letters are doubtful.
    pub is_doubtful: bool,
}

/// A new possible name.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct HintDraft {
    /// What it was found on or with.
    pub owner: SubjectRef,
    /// Where it was read or heard, a code of `Vocabulary.HintSource`.
    pub source_code: String,
    /// Letter by letter, `…` for a lost part; up to 4096 bytes.
    pub text_verbatim: String,
    /// What its parts may be, at most 16.
    pub parts: Vec<HintPartDraft>,
    /// Why it may be a name; must be said.
    pub reason: String,
    /// How sure the reader was of the letters, a code of `Vocabulary.HintConfidence`.
    pub confidence_code: String,
    /// Photos that show it, at most 100.
    pub photo_ids: Vec<String>,
}

/// A possible name as all known entries tell it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct HintView {
    /// Which one.
    pub id: String,
    /// What it was found on or with.
    pub owner: Option<SubjectRef>,
    /// Where it was read or heard.
    pub source: Term,
    /// Letter by letter.
    pub text_verbatim: String,
    /// What its parts may be.
    pub parts: Vec<HintPart>,
    /// Why it may be a name.
    pub reason: String,
    /// How sure the reader was of the letters.
    pub confidence: Term,
    /// Photos that show it.
    pub photo_ids: Vec<String>,
    /// The record as such.
    pub marks: RecordMarks,
}

/// A page of possible names.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct HintPage {
    /// In the order of the list.
    pub hints: Vec<HintView>,
    /// Where the next page begins; absent at the end.
    pub next: Option<String>,
}

#[uniffi::export]
impl FieldStore {
    /// Records a possible name.
    ///
    /// # Errors
    /// `Locked`, `NotFound` (no id), `Invalid`, `StorageFailed`.
    pub fn record_hint(&self, draft: HintDraft) -> Result<HintView, CoreError> {
        self.shared.write("record_hint", |core| {
            let id = core.create_hint(&draft.read()?)?;
            Ok::<_, CoreError>(core::HintView::of(&core.get(id)?).into())
        })
    }

    /// The possible names found on or with a record, a page at a time.
    ///
    /// # Errors
    /// `Locked`, `NotFound` (no id), `Invalid`, `StorageFailed`.
    pub fn list_hints(&self, owner_id: String, page: PageQuery) -> Result<HintPage, CoreError> {
        self.shared.read("list_hints", |core| {
            let (after, limit) = page.read()?;
            let owner = id_of("owner", &owner_id)?;
            let of = core::HintView::of;
            let page = core.page(owner, Kind::PersonHint, (after.as_ref(), limit), of)?;
            Ok::<_, CoreError>(HintPage {
                hints: page.0.into_iter().map(HintView::from).collect(),
                next: page.1.map(|cursor| cursor.to_text()),
            })
        })
    }

    /// One possible name.
    ///
    /// # Errors
    /// `Locked`, `NotFound`, `StorageFailed`.
    pub fn get_hint(&self, hint_id: String) -> Result<HintView, CoreError> {
        self.shared.read("get_hint", |core| {
            let id = id_of("hint", &hint_id)?;
            let folded = about(&hint_id, core.get_kind(id, Kind::PersonHint))?;
            Ok::<_, CoreError>(core::HintView::of(&folded).into())
        })
    }
}

impl HintDraft {
    fn read(self) -> Result<core::HintDraft, CoreError> {
        let part = |part: &HintPartDraft| {
            let role = known("role_code", &part.role_code, HintPartRole::known)?;
            Ok::<_, CoreError>(core::HintPart::from_marked(role, &part.marked_text))
        };
        Ok(core::HintDraft {
            owner: self.owner.read()?,
            source: known("source_code", &self.source_code, HintSource::known)?,
            text_verbatim: self.text_verbatim,
            parts: self.parts.iter().map(part).collect::<Result<_, _>>()?,
            reason: self.reason,
            confidence: known(
                "confidence_code",
                &self.confidence_code,
                HintConfidence::known,
            )?,
            photos: ids_of("photo_ids", "photo", &self.photo_ids, PHOTOS_MAX)?,
        })
    }
}

impl From<core::HintView> for HintView {
    fn from(view: core::HintView) -> Self {
        let parts = view.parts.into_iter().map(|part| HintPart {
            role: part.role.term().into(),
            letters: part.letters(),
            is_cut_left: part.is_cut_left(),
            is_cut_right: part.is_cut_right(),
            is_doubtful: part.is_doubtful(),
        });
        Self {
            id: shown(view.id),
            owner: view.owner.map(SubjectRef::from),
            source: view.source.term().into(),
            text_verbatim: view.text_verbatim,
            parts: parts.collect(),
            reason: view.reason,
            confidence: view.confidence.term().into(),
            photo_ids: view.photos.into_iter().map(shown).collect(),
            marks: view.record.into(),
        }
    }
}
