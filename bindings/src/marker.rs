//! Markers: what was written at a grave; a claim, kept letter by letter.

use imena_core::record::{self as core};
use imena_core::vocabulary::{Kind, MarkerKind, MarkerReading, MarkerStatus};

use crate::error::CoreError;
use crate::page::PageQuery;
use crate::store::{FieldStore, about};
use crate::subject::{RecordMarks, id_of, ids_of, shown, shown_some};
use crate::term::{Term, known, known_some};

/// A plate over a trench names a few graves, never more.
const GRAVES_MAX: usize = 100;

/// A new marker.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct MarkerDraft {
    /// The site.
    pub site_id: String,
    /// The graves it stands for: none, one or several, at most 100.
    pub grave_ids: Vec<String>,
    /// What it is, a code of `Vocabulary.MarkerKind`.
    pub kind_code: String,
    /// Letter by letter, `…` for a lost part, `[?]` for a doubtful letter; may be empty; up to 4096 bytes.
    pub text_verbatim: String,
    /// The number on it, as written; absent: there is none.
    #[uniffi(default = None)]
    pub number_text: Option<String>,
    /// How it stands, a code of `Vocabulary.MarkerStatus`; absent: not said.
    #[uniffi(default = None)]
    pub status_code: Option<String>,
    /// How it reads, a code of `Vocabulary.MarkerReading`; absent: not said.
    #[uniffi(default = None)]
    pub reading_code: Option<String>,
}

/// A marker as all known entries tell it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct MarkerView {
    /// Which one.
    pub id: String,
    /// The site.
    pub site_id: Option<String>,
    /// What it is.
    pub kind: Term,
    /// Letter by letter.
    pub text_verbatim: String,
    /// The number on it; absent: there is none.
    pub number_text: Option<String>,
    /// How it stands; absent: not said.
    pub status: Option<Term>,
    /// How it reads; absent: not said.
    pub reading: Option<Term>,
    /// The record as such.
    pub marks: RecordMarks,
}

/// A page of markers.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct MarkerPage {
    /// In the order of the list.
    pub markers: Vec<MarkerView>,
    /// Where the next page begins; absent at the end.
    pub next: Option<String>,
}

#[uniffi::export]
impl FieldStore {
    /// Records a marker and the graves it stands for, all or nothing.
    ///
    /// # Errors
    /// `Locked`, `NotFound` (no id), `Invalid`, `StorageFailed`.
    pub fn record_marker(&self, draft: MarkerDraft) -> Result<MarkerView, CoreError> {
        self.shared.write("record_marker", |core| {
            let status = draft.status_code.as_ref();
            let reading = draft.reading_code.as_ref();
            let core_draft = core::MarkerDraft {
                site: id_of("site", &draft.site_id)?,
                graves: ids_of("grave_ids", "grave", &draft.grave_ids, GRAVES_MAX)?,
                kind: known("kind_code", &draft.kind_code, MarkerKind::known)?,
                text_verbatim: draft.text_verbatim,
                number_text: draft.number_text,
                status: known_some("status_code", status, MarkerStatus::known)?,
                reading: known_some("reading_code", reading, MarkerReading::known)?,
            };
            let id = about(&draft.site_id, core.create_marker(&core_draft))?;
            Ok::<_, CoreError>(core::MarkerView::of(&core.get(id)?).into())
        })
    }

    /// The markers of a site, a page at a time; of an unknown site there are none.
    ///
    /// # Errors
    /// `Locked`, `NotFound` (no id), `Invalid`, `StorageFailed`.
    pub fn list_markers(&self, site_id: String, page: PageQuery) -> Result<MarkerPage, CoreError> {
        self.shared.read("list_markers", |core| {
            let (after, limit) = page.read()?;
            let site = id_of("site", &site_id)?;
            let of = core::MarkerView::of;
            let page = core.page(site, Kind::Marker, (after.as_ref(), limit), of)?;
            Ok::<_, CoreError>(MarkerPage {
                markers: page.0.into_iter().map(MarkerView::from).collect(),
                next: page.1.map(|cursor| cursor.to_text()),
            })
        })
    }

    /// One marker.
    ///
    /// # Errors
    /// `Locked`, `NotFound`, `StorageFailed`.
    pub fn get_marker(&self, marker_id: String) -> Result<MarkerView, CoreError> {
        self.shared.read("get_marker", |core| {
            let id = id_of("marker", &marker_id)?;
            let folded = about(&marker_id, core.get_kind(id, Kind::Marker))?;
            Ok::<_, CoreError>(core::MarkerView::of(&folded).into())
        })
    }
}

impl From<core::MarkerView> for MarkerView {
    fn from(view: core::MarkerView) -> Self {
        Self {
            id: shown(view.id),
            site_id: shown_some(view.site),
            kind: view.kind.term().into(),
            text_verbatim: view.text_verbatim,
            number_text: view.number_text,
            status: view.status.map(|term| term.term().into()),
            reading: view.reading.map(|term| term.term().into()),
            marks: view.record.into(),
        }
    }
}
