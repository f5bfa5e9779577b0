//! What the pages show, in the words of the reader's language, read from the core's index and views.
//!
//! Owns the arrangement of a page. Does not fold, follow or know the number of a field: that is
//! `imena_core::index` and `imena_core::record`. Invariant: a record that hangs on nothing known
//! here stands in a list of its own, and one that ended stays, marked: nothing drops out unseen.

use std::collections::BTreeSet;

use imena_core::index::{Index, ROOT};
use imena_core::merge::Folded;
use imena_core::model::ids::SubjectId;
use imena_core::record::{
    GraveView, HintView, MarkerView, PhotoView, RecordState, RemainsView, SiteView,
    is_number_foreign, linked_marker,
};
use imena_core::vocabulary::{Kind, NoPreview, PhotoDefect, PreviewMark};

use super::words::Words;
use crate::error::HubError;
use crate::hub::Inner;
use crate::truth::Line;

/// What is read for one page.
pub(super) struct Reader<'a> {
    pub index: &'a Index,
    pub inner: &'a Inner,
    pub words: &'static Words,
}

/// The first page.
#[derive(Debug)]
pub(super) struct Overview {
    pub sites: Vec<SiteLine>,
    /// What came before the site or the record that it belongs to.
    pub early: Records,
    pub early_hints: Vec<HintLine>,
    /// Photos that nobody has given to a record, or whose record has not come.
    pub photos: Vec<PhotoLine>,
}

/// A line of the list of sites.
#[derive(Debug)]
pub(super) struct SiteLine {
    pub id: String,
    pub name: String,
    pub place_code: String,
    pub graves: usize,
    pub remains: usize,
}

/// One site with everything on it.
#[derive(Debug)]
pub(super) struct SiteSheet {
    pub name: String,
    pub place_code: String,
    pub things: Things,
    pub records: Records,
}

/// Graves with all that is at them, and what is at none of them.
#[derive(Debug)]
pub(super) struct Records {
    pub markers: Vec<MarkerSheet>,
    pub graves: Vec<GraveSheet>,
    pub remains: Vec<RemainsSheet>,
}

#[derive(Debug)]
pub(super) struct GraveSheet {
    pub code: String,
    pub kind: String,
    pub things: Things,
    pub markers: Vec<MarkerSheet>,
    pub remains: Vec<RemainsSheet>,
}

#[derive(Debug)]
pub(super) struct RemainsSheet {
    pub code: String,
    pub kind: String,
    pub things: Things,
}

/// What was written at a grave: a claim.
#[derive(Debug)]
pub(super) struct MarkerSheet {
    pub kind: String,
    pub number: String,
    pub text: String,
    pub things: Things,
}

/// What hangs on a noun.
#[derive(Debug)]
pub(super) struct Things {
    pub marks: Marks,
    pub hints: Vec<HintLine>,
    pub photos: Vec<PhotoLine>,
}

/// What a person must see before trusting a record.
#[derive(Debug)]
pub(super) struct Marks {
    pub is_conflict: bool,
    pub is_created_twice: bool,
    /// A number of a device's series that this device has not recorded.
    pub is_number_foreign: bool,
    /// Why it is no longer counted.
    pub ended: Option<String>,
}

/// A possible name, not established.
#[derive(Debug)]
pub(super) struct HintLine {
    pub marks: Marks,
    pub text: String,
    pub source: String,
    pub confidence: String,
}

#[derive(Debug)]
pub(super) struct PhotoLine {
    pub marks: Marks,
    pub label: String,
    pub sha256: String,
    /// What is wrong with the picture, or what its preview does not show.
    pub notes: Vec<String>,
    /// Number of the hub's newest receipt for it.
    pub receipt: Option<u64>,
    /// The entry is known, the sealed original has not come.
    pub is_missing: bool,
}

impl Records {
    pub fn is_empty(&self) -> bool {
        self.markers.is_empty() && self.graves.is_empty() && self.remains.is_empty()
    }
}

impl From<RecordState> for Marks {
    fn from(record: RecordState) -> Self {
        Self {
            is_conflict: !record.conflicts.is_empty(),
            is_created_twice: record.is_created_twice,
            is_number_foreign: false,
            ended: record.ended,
        }
    }
}

impl Reader<'_> {
    /// The sites, and what belongs to none.
    pub fn overview(&self) -> Result<Overview, HubError> {
        let mut sites = Vec::new();
        for site in self.on(ROOT, Kind::Site, SiteView::of)? {
            let count = |kind| Ok::<_, HubError>(self.on(site.id, kind, |_| ())?.len());
            sites.push(SiteLine {
                id: site.id.to_string(),
                graves: count(Kind::Grave)?,
                remains: count(Kind::Remains)?,
                name: site.name,
                place_code: site.place_code,
            });
        }
        let early = self.records(
            self.index.loose(Kind::Grave, GraveView::of)?,
            self.index.loose(Kind::Marker, MarkerView::of)?,
            self.index.loose(Kind::Remains, RemainsView::of)?,
        )?;
        let hints = self.index.loose(Kind::PersonHint, HintView::of)?;
        let photos = self.index.loose(Kind::Photo, PhotoView::of)?;
        Ok(Overview {
            sites,
            early,
            early_hints: hints.into_iter().map(|hint| self.hint(hint)).collect(),
            photos: self.photos("", photos)?,
        })
    }

    /// One site; `None` if there is none of that id.
    pub fn site(&self, id: SubjectId) -> Result<Option<SiteSheet>, HubError> {
        let Some(folded) = self.index.folded(id)?.filter(|f| f.kind == Kind::Site) else {
            return Ok(None);
        };
        let site = SiteView::of(&folded);
        let records = self.records(
            self.on(id, Kind::Grave, GraveView::of)?,
            self.on(id, Kind::Marker, MarkerView::of)?,
            self.on(id, Kind::Remains, RemainsView::of)?,
        )?;
        Ok(Some(SiteSheet {
            things: self.things(id, &site.place_code, site.record)?,
            records,
            name: site.name,
            place_code: site.place_code,
        }))
    }

    /// Everything of a kind that hangs on a record, as the core lists it.
    fn on<T>(
        &self,
        parent: SubjectId,
        kind: Kind,
        view: impl Fn(&Folded) -> T,
    ) -> Result<Vec<T>, HubError> {
        Ok(self.index.all_children(parent, kind, view)?)
    }

    /// Puts markers and remains at their graves; those that stand at none of these graves stay by
    /// themselves.
    fn records(
        &self,
        graves: Vec<GraveView>,
        mut markers: Vec<MarkerView>,
        mut remains: Vec<RemainsView>,
    ) -> Result<Records, HubError> {
        let mut placed = BTreeSet::new();
        let graves = graves
            .into_iter()
            .map(|grave| self.grave(grave, &mut placed))
            .collect::<Result<_, _>>()?;
        markers.retain(|marker| !placed.contains(&marker.id));
        remains.retain(|remains| !placed.contains(&remains.id));
        Ok(Records {
            markers: self.markers(markers)?,
            graves,
            remains: self.remains(remains)?,
        })
    }

    fn grave(
        &self,
        grave: GraveView,
        placed: &mut BTreeSet<SubjectId>,
    ) -> Result<GraveSheet, HubError> {
        let links = self.on(grave.id, Kind::GraveMarker, linked_marker)?;
        let mut markers: Vec<MarkerView> = Vec::new();
        for id in links.into_iter().flatten() {
            let folded = self.index.folded(id)?;
            // The marker of a link may come after the link, and one link may be told twice.
            let folded = folded.filter(|folded| folded.kind == Kind::Marker);
            if markers.iter().all(|marker| marker.id != id) {
                markers.extend(folded.as_ref().map(MarkerView::of));
            }
        }
        let remains = self.on(grave.id, Kind::Remains, RemainsView::of)?;
        placed.extend(markers.iter().map(|marker| marker.id));
        placed.extend(remains.iter().map(|remains| remains.id));
        Ok(GraveSheet {
            things: self.things(grave.id, &grave.code, grave.record)?,
            kind: self.words.of(grave.kind.map(|kind| kind.term())),
            markers: self.markers(markers)?,
            remains: self.remains(remains)?,
            code: grave.code,
        })
    }

    fn remains(&self, all: Vec<RemainsView>) -> Result<Vec<RemainsSheet>, HubError> {
        let sheet = |remains: RemainsView| {
            Ok(RemainsSheet {
                things: self.things(remains.id, &remains.code, remains.record)?,
                kind: self.words.of(remains.kind.map(|kind| kind.term())),
                code: remains.code,
            })
        };
        all.into_iter().map(sheet).collect()
    }

    fn markers(&self, all: Vec<MarkerView>) -> Result<Vec<MarkerSheet>, HubError> {
        let sheet = |marker: MarkerView| {
            let kind = self.words.of(Some(marker.kind.term()));
            Ok(MarkerSheet {
                things: self.things(marker.id, &kind, marker.record)?,
                kind,
                number: marker.number_text.unwrap_or_default(),
                text: marker.text_verbatim,
            })
        };
        all.into_iter().map(sheet).collect()
    }

    /// What hangs on a record; its photos are labelled with its code, or with what it is.
    fn things(
        &self,
        owner: SubjectId,
        code: &str,
        record: RecordState,
    ) -> Result<Things, HubError> {
        let hints = self.on(owner, Kind::PersonHint, HintView::of)?;
        let photos = self.on(owner, Kind::Photo, PhotoView::of)?;
        let roster = self.inner.roster();
        let roster = roster.as_deref().map(|signed| &signed.roster);
        Ok(Things {
            marks: Marks {
                is_number_foreign: is_number_foreign(code, &record, roster),
                ..record.into()
            },
            hints: hints.into_iter().map(|hint| self.hint(hint)).collect(),
            photos: self.photos(code, photos)?,
        })
    }

    fn hint(&self, hint: HintView) -> HintLine {
        HintLine {
            marks: hint.record.into(),
            source: self.words.of(Some(hint.source.term())),
            confidence: self.words.of(Some(hint.confidence.term())),
            text: hint.text_verbatim,
        }
    }

    fn photos(&self, code: &str, photos: Vec<PhotoView>) -> Result<Vec<PhotoLine>, HubError> {
        let lines = photos.into_iter().map(|photo| self.photo(code, photo));
        lines.collect()
    }

    fn photo(&self, code: &str, photo: PhotoView) -> Result<PhotoLine, HubError> {
        // Only what a receipt speaks of that was not taken back is here.
        let line = photo
            .sealed
            .map(|sealed| self.inner.truth.latest_line(sealed));
        let receipt = match line.transpose()?.flatten() {
            Some(Line::Held { hub_seq, .. }) => Some(hub_seq),
            Some(Line::Void) | None => None,
        };
        let photo = photo.noted(self.index)?;
        let shot = self.words.of(photo.shot.map(|shot| shot.term()));
        let defects = photo.defects.iter().map(PhotoDefect::term);
        let preview = photo.no_preview.iter().map(NoPreview::term);
        let notes = defects
            .chain(preview)
            .chain(photo.preview_marks.iter().map(PreviewMark::term));
        let parts = [code, &shot];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        Ok(PhotoLine {
            marks: photo.record.into(),
            label: parts.collect::<Vec<_>>().join(" / "),
            notes: notes.map(|term| self.words.of(Some(term))).collect(),
            sha256: photo.sha256.unwrap_or_default(),
            receipt,
            is_missing: receipt.is_none(),
        })
    }
}
