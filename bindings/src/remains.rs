//! Remains: what one code stands for.

use imena_core::record::{self as core};
use imena_core::vocabulary::{Kind, RemainsKind};

use crate::error::CoreError;
use crate::page::PageQuery;
use crate::store::{FieldStore, about};
use crate::subject::{RecordMarks, id_of, shown, shown_some};
use crate::term::{Term, known_some};

/// New remains.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RemainsDraft {
    /// The site.
    pub site_id: String,
    /// The grave they were found in; absent: not in a grave.
    #[uniffi(default = None)]
    pub grave_id: Option<String>,
    /// The code read from a label, as scanned or typed; absent: the next one of this device.
    #[uniffi(default = None)]
    pub code: Option<String>,
    /// What the code stands for, a code of `Vocabulary.RemainsKind`; absent: not said.
    #[uniffi(default = None)]
    pub kind_code: Option<String>,
}

/// Remains as all known entries tell them.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RemainsView {
    /// Which.
    pub id: String,
    /// Their code.
    pub code: String,
    /// The site.
    pub site_id: Option<String>,
    /// The grave they were found in; absent: not in a grave.
    pub grave_id: Option<String>,
    /// What the code stands for; absent: not said.
    pub kind: Option<Term>,
    /// The record as such.
    pub marks: RecordMarks,
}

/// A page of remains.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RemainsPage {
    /// In the order of their codes.
    pub remains: Vec<RemainsView>,
    /// Where the next page begins; absent at the end.
    pub next: Option<String>,
}

#[uniffi::export]
impl FieldStore {
    /// Records remains under their code.
    ///
    /// # Errors
    /// `Locked`, `NotFound` (the site), `Invalid`, `Refused` (the code is in use), `StorageFailed`.
    pub fn record_remains(&self, draft: RemainsDraft) -> Result<RemainsView, CoreError> {
        self.shared.write("record_remains", |core| {
            let grave = draft.grave_id.as_deref().map(|id| id_of("grave", id));
            let core_draft = core::RemainsDraft {
                site: id_of("site", &draft.site_id)?,
                grave: grave.transpose()?,
                code: draft.code,
                kind: known_some("kind_code", draft.kind_code.as_ref(), RemainsKind::known)?,
            };
            let (id, _) = about(&draft.site_id, core.create_remains(&core_draft))?;
            Ok::<_, CoreError>(core::RemainsView::of(&core.get(id)?).into())
        })
    }

    /// The remains of a site or of a grave, a page at a time; of an unknown one there are none.
    ///
    /// # Errors
    /// `Locked`, `NotFound` (no id), `Invalid`, `StorageFailed`.
    pub fn list_remains(
        &self,
        parent_id: String,
        page: PageQuery,
    ) -> Result<RemainsPage, CoreError> {
        self.shared.read("list_remains", |core| {
            let (after, limit) = page.read()?;
            let parent = id_of("site or grave", &parent_id)?;
            let of = core::RemainsView::of;
            let page = core.page(parent, Kind::Remains, (after.as_ref(), limit), of)?;
            Ok::<_, CoreError>(RemainsPage {
                remains: page.0.into_iter().map(RemainsView::from).collect(),
                next: page.1.map(|cursor| cursor.to_text()),
            })
        })
    }

    /// One set of remains.
    ///
    /// # Errors
    /// `Locked`, `NotFound`, `StorageFailed`.
    pub fn get_remains(&self, remains_id: String) -> Result<RemainsView, CoreError> {
        self.shared.read("get_remains", |core| {
            let id = id_of("remains", &remains_id)?;
            let folded = about(&remains_id, core.get_kind(id, Kind::Remains))?;
            Ok::<_, CoreError>(core::RemainsView::of(&folded).into())
        })
    }
}

impl From<core::RemainsView> for RemainsView {
    fn from(view: core::RemainsView) -> Self {
        Self {
            id: shown(view.id),
            code: view.code,
            site_id: shown_some(view.site),
            grave_id: shown_some(view.grave),
            kind: view.kind.map(|term| term.term().into()),
            marks: view.record.into(),
        }
    }
}
