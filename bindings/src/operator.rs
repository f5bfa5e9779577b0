//! Operators: who records.

use imena_core::index::ROOT;
use imena_core::record::{self as core};
use imena_core::vocabulary::{Kind, OperatorRole};

use crate::error::CoreError;
use crate::page::PageQuery;
use crate::store::FieldStore;
use crate::subject::{RecordMarks, shown};
use crate::term::{Term, known};

/// A new operator.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct OperatorDraft {
    /// Name or call sign, up to 256 bytes.
    pub display_name: String,
    /// What they do, a code of `Vocabulary.OperatorRole`.
    pub role_code: String,
    /// For whom; may be empty.
    pub organisation: String,
}

/// An operator as all known entries tell it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct OperatorView {
    /// Which one.
    pub id: String,
    /// Name or call sign.
    pub display_name: String,
    /// What they do.
    pub role: Term,
    /// For whom.
    pub organisation: String,
    /// The record as such.
    pub marks: RecordMarks,
}

/// A page of operators.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct OperatorPage {
    /// In the order of the list.
    pub operators: Vec<OperatorView>,
    /// Where the next page begins; absent at the end.
    pub next: Option<String>,
}

#[uniffi::export]
impl FieldStore {
    /// Records an operator.
    ///
    /// # Errors
    /// `Locked`, `Invalid`, `StorageFailed`.
    pub fn record_operator(&self, draft: OperatorDraft) -> Result<OperatorView, CoreError> {
        self.shared.write("record_operator", |core| {
            let id = core.create_operator(&core::OperatorDraft {
                display_name: draft.display_name,
                role: known("role_code", &draft.role_code, OperatorRole::known)?,
                organisation: draft.organisation,
            })?;
            Ok::<_, CoreError>(core::OperatorView::of(&core.get(id)?).into())
        })
    }

    /// Every operator known here, a page at a time.
    ///
    /// # Errors
    /// `Locked`, `Invalid`, `StorageFailed`.
    pub fn list_operators(&self, page: PageQuery) -> Result<OperatorPage, CoreError> {
        self.shared.read("list_operators", |core| {
            let (after, limit) = page.read()?;
            let of = core::OperatorView::of;
            let page = core.page(ROOT, Kind::Operator, (after.as_ref(), limit), of)?;
            Ok::<_, CoreError>(OperatorPage {
                operators: page.0.into_iter().map(OperatorView::from).collect(),
                next: page.1.map(|cursor| cursor.to_text()),
            })
        })
    }
}

impl From<core::OperatorView> for OperatorView {
    fn from(view: core::OperatorView) -> Self {
        Self {
            id: shown(view.id),
            display_name: view.display_name,
            role: view.role.term().into(),
            organisation: view.organisation,
            marks: view.record.into(),
        }
    }
}
