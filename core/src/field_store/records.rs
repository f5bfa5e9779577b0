//! Photos and folds as lists read them: what hangs on a record, each as the caller's view shows it.

use super::nouns::known;
use super::{Error, FieldStore};
use crate::index::PageCursor;
use crate::merge::Folded;
use crate::model::ids::{SubjectId, SubjectRef};
use crate::record::{self, PhotoView, RecordError};
use crate::vocabulary::{Kind, Shot};

impl FieldStore {
    /// Gives a photo to a record, or to another one.
    ///
    /// # Errors
    /// `Locked`, `Record`.
    pub fn assign_photo(
        &self,
        photo: SubjectId,
        owner: SubjectRef,
        shot: Option<&Shot>,
        reason: Option<String>,
    ) -> Result<(), Error> {
        self.changing(|open| record::assign_photo(&open.chain, photo, owner, shot, reason))
    }

    /// The photos of a record; of [`crate::index::ROOT`] those without an owner.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn list_photos(&self, owner: SubjectId) -> Result<Vec<PhotoView>, Error> {
        let photos = self.list_all(owner, Kind::Photo, PhotoView::of)?;
        photos.into_iter().map(|photo| self.noted(photo)).collect()
    }

    /// A photo with what was found when its small pictures were made.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn noted(&self, photo: PhotoView) -> Result<PhotoView, Error> {
        self.with_open(|open| Ok(photo.noted(&open.index())?))
    }

    /// Everything of a kind that hangs on a record, each as `view` shows it.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn list_all<T>(
        &self,
        parent: SubjectId,
        kind: Kind,
        view: impl Fn(&Folded) -> T,
    ) -> Result<Vec<T>, Error> {
        self.with_open(|open| Ok(open.index().all_children(parent, kind, view)?))
    }

    /// A page of what hangs on a record, each as `view` shows it, and where the next page begins.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn page<T>(
        &self,
        parent: SubjectId,
        kind: Kind,
        (after, limit): (Option<&PageCursor>, usize),
        view: impl Fn(&Folded) -> T,
    ) -> Result<(Vec<T>, Option<PageCursor>), Error> {
        self.with_open(|open| {
            let index = open.index();
            let page = index.children(parent, kind, after, limit)?;
            let mut views = Vec::new();
            for subject in &page.subjects {
                views.extend(index.folded(*subject)?.as_ref().map(&view));
            }
            Ok((views, page.next))
        })
    }

    /// Everything known of a subject, whatever it is.
    ///
    /// # Errors
    /// `Locked`, `Record(NotFound)`, or the index's.
    pub fn get(&self, subject: SubjectId) -> Result<Folded, Error> {
        self.with_open(|open| Ok(known(&open.index(), subject)?))
    }

    /// As [`FieldStore::get`], for a subject that must be of one kind.
    ///
    /// # Errors
    /// `Locked`, `Record(NotFound)`, or the index's.
    pub fn get_kind(&self, subject: SubjectId, kind: Kind) -> Result<Folded, Error> {
        let folded = self.with_open(|open| Ok(open.index().folded(subject)?))?;
        let folded = folded.filter(|folded| folded.kind == kind);
        Ok(folded.ok_or(RecordError::NotFound { what: kind.name() })?)
    }
}
