//! Lists come in pages: bounded, and each says where the next begins.

use imena_core::index::PageCursor;

use crate::error::CoreError;

/// Which page of a list.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PageQuery {
    /// The `next` of the page before; absent: the first page.
    #[uniffi(default = None)]
    pub after: Option<String>,
    /// How many, 1 to 200; more than 200 gives 200.
    pub limit: u32,
}

impl PageQuery {
    /// The query as the index takes it.
    pub(crate) fn read(&self) -> Result<(Option<PageCursor>, usize), CoreError> {
        let after = self.after.as_deref().map(|text| {
            let cursor = PageCursor::parse(text);
            cursor.ok_or_else(|| CoreError::invalid("after", "is not the `next` of a page"))
        });
        Ok((after.transpose()?, self.limit()?))
    }

    pub(crate) fn limit(&self) -> Result<usize, CoreError> {
        match usize::try_from(self.limit) {
            Ok(0) => Err(CoreError::invalid("limit", "is 0")),
            Ok(limit) => Ok(limit),
            Err(_) => Ok(usize::MAX),
        }
    }
}
