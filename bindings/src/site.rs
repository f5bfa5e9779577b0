//! Sites: places where people were buried or found.

use imena_core::index::ROOT;
use imena_core::record::{self as core};
use imena_core::vocabulary::{Kind, SiteType};

use crate::error::CoreError;
use crate::page::PageQuery;
use crate::store::{FieldStore, about};
use crate::subject::{RecordMarks, id_of, shown};
use crate::term::{Term, known_some};

/// A new site.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SiteDraft {
    /// First part of all its codes: a capital letter, then capitals and digits, three to six in all.
    pub place_code: String,
    /// What people call it, up to 256 bytes.
    pub name: String,
    /// What it is, a code of `Vocabulary.SiteType`; absent: not said.
    #[uniffi(default = None)]
    pub site_type_code: Option<String>,
}

/// A site as all known entries tell it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SiteView {
    /// Which one.
    pub id: String,
    /// First part of all its codes.
    pub place_code: String,
    /// What people call it.
    pub name: String,
    /// What it is; absent: not said.
    pub site_type: Option<Term>,
    /// The record as such.
    pub marks: RecordMarks,
}

/// A page of sites.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SitePage {
    /// In the order of the list.
    pub sites: Vec<SiteView>,
    /// Where the next page begins; absent at the end.
    pub next: Option<String>,
}

#[uniffi::export]
impl FieldStore {
    /// Records a site.
    ///
    /// # Errors
    /// `Locked`, `Invalid`, `StorageFailed`.
    pub fn record_site(&self, draft: SiteDraft) -> Result<SiteView, CoreError> {
        self.shared.write("record_site", |core| {
            let id = core.create_site(&core::SiteDraft {
                place_code: draft.place_code,
                name: draft.name,
                site_type: known_some(
                    "site_type_code",
                    draft.site_type_code.as_ref(),
                    SiteType::known,
                )?,
            })?;
            Ok::<_, CoreError>(core::SiteView::of(&core.get(id)?).into())
        })
    }

    /// Every site known here, a page at a time.
    ///
    /// # Errors
    /// `Locked`, `Invalid`, `StorageFailed`.
    pub fn list_sites(&self, page: PageQuery) -> Result<SitePage, CoreError> {
        self.shared.read("list_sites", |core| {
            let (after, limit) = page.read()?;
            let page = core.page(
                ROOT,
                Kind::Site,
                (after.as_ref(), limit),
                core::SiteView::of,
            )?;
            Ok::<_, CoreError>(SitePage {
                sites: page.0.into_iter().map(SiteView::from).collect(),
                next: page.1.map(|cursor| cursor.to_text()),
            })
        })
    }

    /// One site.
    ///
    /// # Errors
    /// `Locked`, `NotFound`, `StorageFailed`.
    pub fn get_site(&self, site_id: String) -> Result<SiteView, CoreError> {
        self.shared.read("get_site", |core| {
            let id = id_of("site", &site_id)?;
            let folded = about(&site_id, core.get_kind(id, Kind::Site))?;
            Ok::<_, CoreError>(core::SiteView::of(&folded).into())
        })
    }
}

impl From<core::SiteView> for SiteView {
    fn from(view: core::SiteView) -> Self {
        Self {
            id: shown(view.id),
            place_code: view.place_code,
            name: view.name,
            site_type: view.site_type.map(|term| term.term().into()),
            marks: view.record.into(),
        }
    }
}
