//! Lists come in pages: bounded, and each says where the next begins.

use imena_core::index::{PAGE_MAX, PageCursor};

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
        self.read_by(PageCursor::parse)
    }

    /// The query as a list takes it whose pages begin behind something else than a cursor of the index.
    pub(crate) fn read_by<T>(
        &self,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<(Option<T>, usize), CoreError> {
        let limit = match usize::try_from(self.limit) {
            Ok(0) => return Err(CoreError::invalid("limit", "is 0")),
            Ok(limit) => limit.min(PAGE_MAX),
            Err(_) => PAGE_MAX,
        };
        let after = self.after.as_deref().map(|text| {
            let wrong = || CoreError::invalid("after", "is not the `next` of a page");
            parse(text).ok_or_else(wrong)
        });
        Ok((after.transpose()?, limit))
    }
}
