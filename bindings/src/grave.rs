//! Graves: location units of a site.

use imena_core::record::{self as core};
use imena_core::vocabulary::{GraveKind, Kind};

use crate::error::CoreError;
use crate::page::PageQuery;
use crate::store::{FieldStore, about};
use crate::subject::{RecordMarks, id_of, shown, shown_some};
use crate::term::{Term, known_some};

/// A new grave.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct GraveDraft {
    /// The site.
    pub site_id: String,
    /// The code read from a label, as scanned or typed; absent: the next one of this device.
    #[uniffi(default = None)]
    pub code: Option<String>,
    /// What it looks like from outside, a code of `Vocabulary.GraveKind`; absent: not said.
    #[uniffi(default = None)]
    pub kind_code: Option<String>,
}

/// A grave as all known entries tell it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct GraveView {
    /// Which one.
    pub id: String,
    /// Its code.
    pub code: String,
    /// The site.
    pub site_id: Option<String>,
    /// What it looks like from outside; absent: not said.
    pub kind: Option<Term>,
    /// The record as such.
    pub marks: RecordMarks,
}

/// A page of graves.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct GravePage {
    /// In the order of their codes.
    pub graves: Vec<GraveView>,
    /// Where the next page begins; absent at the end.
    pub next: Option<String>,
}

#[uniffi::export]
impl FieldStore {
    /// Records a grave under its code.
    ///
    /// # Errors
    /// `Locked`, `NotFound` (the site), `Invalid`, `Refused` (the code is in use), `StorageFailed`.
    pub fn record_grave(&self, draft: GraveDraft) -> Result<GraveView, CoreError> {
        self.shared.write("record_grave", |core| {
            let core_draft = core::GraveDraft {
                site: id_of("site", &draft.site_id)?,
                code: draft.code,
                kind: known_some("kind_code", draft.kind_code.as_ref(), GraveKind::known)?,
            };
            let (id, _) = about(&draft.site_id, core.create_grave(&core_draft))?;
            Ok::<_, CoreError>(core::GraveView::of(&core.get(id)?).into())
        })
    }

    /// The graves of a site, a page at a time; of an unknown site there are none.
    ///
    /// # Errors
    /// `Locked`, `NotFound` (no id), `Invalid`, `StorageFailed`.
    pub fn list_graves(&self, site_id: String, page: PageQuery) -> Result<GravePage, CoreError> {
        self.shared.read("list_graves", |core| {
            let (after, limit) = page.read()?;
            let site = id_of("site", &site_id)?;
            let of = core::GraveView::of;
            let page = core.page(site, Kind::Grave, (after.as_ref(), limit), of)?;
            Ok::<_, CoreError>(GravePage {
                graves: page.0.into_iter().map(GraveView::from).collect(),
                next: page.1.map(|cursor| cursor.to_text()),
            })
        })
    }

    /// One grave.
    ///
    /// # Errors
    /// `Locked`, `NotFound`, `StorageFailed`.
    pub fn get_grave(&self, grave_id: String) -> Result<GraveView, CoreError> {
        self.shared.read("get_grave", |core| {
            let id = id_of("grave", &grave_id)?;
            let folded = about(&grave_id, core.get_kind(id, Kind::Grave))?;
            Ok::<_, CoreError>(core::GraveView::of(&folded).into())
        })
    }
}

impl From<core::GraveView> for GraveView {
    fn from(view: core::GraveView) -> Self {
        Self {
            id: shown(view.id),
            code: view.code,
            site_id: shown_some(view.site),
            kind: view.kind.map(|term| term.term().into()),
            marks: view.record.into(),
        }
    }
}
