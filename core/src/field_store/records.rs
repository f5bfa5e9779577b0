//! Recording and listing the nouns: each verb is one entry, each list one page.

use super::{Error, FieldStore, Open};
use crate::index::{PageCursor, ROOT};
use crate::merge::Folded;
use crate::model::codes::{Issuer, PlaceCode};
use crate::model::ids::{DeviceId, SubjectId, SubjectRef};
use crate::record::{
    self, GraveDraft, GraveView, HintDraft, HintView, MarkerDraft, MarkerView, OperatorDraft,
    OperatorView, PhotoView, RecordError, RemainsDraft, RemainsView, SiteDraft, SiteView,
};
use crate::vocabulary::{Kind, Shot};

impl FieldStore {
    /// Records a site.
    ///
    /// # Errors
    /// `Locked`, `Record`.
    pub fn create_site(&self, draft: &SiteDraft) -> Result<SubjectId, Error> {
        self.recording(|open| record::create_site(&self.config.environment, &open.chain, draft))
    }

    /// Records a grave; gives its id and code.
    ///
    /// # Errors
    /// `Locked`, `Record`.
    pub fn create_grave(&self, draft: &GraveDraft) -> Result<(SubjectId, String), Error> {
        self.recording(|open| {
            let (place, issuer) = self.series_of(open, draft.site)?;
            let (id, code) = record::create_grave(&open.chain, &place, &issuer, draft)?;
            Ok((id, code.to_string()))
        })
    }

    /// Records remains; gives their id and code.
    ///
    /// # Errors
    /// `Locked`, `Record`.
    pub fn create_remains(&self, draft: &RemainsDraft) -> Result<(SubjectId, String), Error> {
        self.recording(|open| {
            let (place, issuer) = self.series_of(open, draft.site)?;
            let (id, code) = record::create_remains(&open.chain, &place, &issuer, draft)?;
            Ok((id, code.to_string()))
        })
    }

    /// Records a marker and the graves it stands for.
    ///
    /// # Errors
    /// `Locked`, `Record`.
    pub fn create_marker(&self, draft: &MarkerDraft) -> Result<SubjectId, Error> {
        self.recording(|open| record::create_marker(&self.config.environment, &open.chain, draft))
    }

    /// Records a possible name.
    ///
    /// # Errors
    /// `Locked`, `Record`.
    pub fn create_hint(&self, draft: &HintDraft) -> Result<SubjectId, Error> {
        self.recording(|open| record::create_hint(&self.config.environment, &open.chain, draft))
    }

    /// Records an operator.
    ///
    /// # Errors
    /// `Locked`, `Record`.
    pub fn create_operator(&self, draft: &OperatorDraft) -> Result<SubjectId, Error> {
        self.recording(|open| record::create_operator(&self.config.environment, &open.chain, draft))
    }

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
        self.recording(|open| record::assign_photo(&open.chain, photo, owner, shot, reason))
    }

    /// Every site.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn list_sites(&self) -> Result<Vec<SiteView>, Error> {
        self.all_children(ROOT, Kind::Site, SiteView::of)
    }

    /// The graves of a site.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn list_graves(&self, site: SubjectId) -> Result<Vec<GraveView>, Error> {
        self.all_children(site, Kind::Grave, GraveView::of)
    }

    /// The remains of a grave, or of a site.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn list_remains(&self, parent: SubjectId) -> Result<Vec<RemainsView>, Error> {
        self.all_children(parent, Kind::Remains, RemainsView::of)
    }

    /// The markers of a site.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn list_markers(&self, site: SubjectId) -> Result<Vec<MarkerView>, Error> {
        self.all_children(site, Kind::Marker, MarkerView::of)
    }

    /// The possible names found on or with a record.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn list_hints(&self, owner: SubjectId) -> Result<Vec<HintView>, Error> {
        self.all_children(owner, Kind::PersonHint, HintView::of)
    }

    /// The photos of a record; of [`ROOT`] those without an owner.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn list_photos(&self, owner: SubjectId) -> Result<Vec<PhotoView>, Error> {
        let photos = self.all_children(owner, Kind::Photo, PhotoView::of)?;
        photos.into_iter().map(|photo| self.noted(photo)).collect()
    }

    /// Every operator known here.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn list_operators(&self) -> Result<Vec<OperatorView>, Error> {
        self.all_children(ROOT, Kind::Operator, OperatorView::of)
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

    /// A photo with what was found when its small pictures were made.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn noted(&self, photo: PhotoView) -> Result<PhotoView, Error> {
        self.with_open(|open| Ok(photo.noted(&open.index())?))
    }

    /// Everything known of a subject, whatever it is.
    ///
    /// # Errors
    /// `Locked`, `Record(NotFound)`, or the index's.
    pub fn get(&self, subject: SubjectId) -> Result<Folded, Error> {
        self.with_open(|open| {
            let folded = open.index().folded(subject)?;
            Ok(folded.ok_or(RecordError::NotFound { what: "record" })?)
        })
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

    fn recording<T>(&self, act: impl FnOnce(&Open) -> Result<T, RecordError>) -> Result<T, Error> {
        self.with_open(|open| {
            let made = act(open)?;
            self.follow(open)?;
            Ok(made)
        })
    }

    /// Place and issuer of codes made here: the newest issuer that the roster grants, before that one of this device's own.
    fn series_of(&self, open: &Open, site: SubjectId) -> Result<(PlaceCode, Issuer), RecordError> {
        let folded = open.index().folded(site)?;
        let folded = folded.filter(|folded| folded.kind == Kind::Site);
        let site = SiteView::of(&folded.ok_or(RecordError::NotFound { what: "site" })?);
        let place: PlaceCode = site.place_code.parse()?;
        let device: DeviceId = open.chain.device();
        let roster = self.roster();
        let granted = roster.as_ref().and_then(|signed| {
            signed
                .roster
                .issuers_of(device)
                .last()
                .map(|i| (*i).clone())
        });
        Ok((
            place,
            granted.unwrap_or_else(|| Issuer::provisional(&device.0.0)),
        ))
    }

    fn all_children<T>(
        &self,
        parent: SubjectId,
        kind: Kind,
        view: impl Fn(&Folded) -> T,
    ) -> Result<Vec<T>, Error> {
        self.with_open(|open| Ok(open.index().all_children(parent, kind, view)?))
    }
}
