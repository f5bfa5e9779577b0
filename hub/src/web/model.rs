//! What the pages show, in the words of the reader's language, read from the core's index and views.
//!
//! Owns the arrangement of a page. Does not fold, follow or know the number of a field: that is
//! `imena_core::index` and `imena_core::record`. Invariant: what hangs on nothing that is shown
//! stands in a list of its own, so that nothing is missing from the pages.

use std::collections::BTreeSet;

use imena_core::index::{Index, ROOT};
use imena_core::model::ids::SubjectId;
use imena_core::record::{
    GraveView, HintView, MarkerView, PhotoView, RecordState, RemainsView, SiteView, linked_marker,
};
use imena_core::vocabulary::Kind;

use super::words::Words;
use crate::error::HubError;
use crate::hub::Inner;

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
    /// Photos that nobody has given to a record yet.
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
    pub markers: Vec<MarkerLine>,
    pub graves: Vec<GraveSheet>,
    /// Remains of this site that are in no grave of it.
    pub remains: Vec<RemainsSheet>,
}

#[derive(Debug)]
pub(super) struct GraveSheet {
    pub code: String,
    pub kind: String,
    pub things: Things,
    pub markers: Vec<MarkerLine>,
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
pub(super) struct MarkerLine {
    pub kind: String,
    pub number: String,
    pub text: String,
}

/// What hangs on a noun.
#[derive(Debug, Default)]
pub(super) struct Things {
    pub is_conflict: bool,
    pub is_created_twice: bool,
    /// Why it is no longer counted.
    pub ended: Option<String>,
    pub hints: Vec<HintLine>,
    pub photos: Vec<PhotoLine>,
}

/// A possible name, not established.
#[derive(Debug)]
pub(super) struct HintLine {
    pub text: String,
    pub source: String,
    pub confidence: String,
}

#[derive(Debug)]
pub(super) struct PhotoLine {
    pub label: String,
    pub sha256: String,
    /// Number of the hub's newest receipt for it.
    pub receipt: Option<u64>,
    /// The entry is known, the sealed original has not come.
    pub is_missing: bool,
}

impl Reader<'_> {
    /// The sites, and what belongs to none.
    pub fn overview(&self) -> Result<Overview, HubError> {
        let mut sites = Vec::new();
        for site in self.index.all_children(ROOT, Kind::Site, SiteView::of)? {
            let count =
                |kind| Ok::<_, HubError>(self.index.all_children(site.id, kind, |_| ())?.len());
            sites.push(SiteLine {
                id: site.id.to_string(),
                graves: count(Kind::Grave)?,
                remains: count(Kind::Remains)?,
                name: site.name,
                place_code: site.place_code,
            });
        }
        let photos = self.photos("", ROOT)?;
        Ok(Overview { sites, photos })
    }

    /// One site; `None` if there is none of that id.
    pub fn site(&self, id: SubjectId) -> Result<Option<SiteSheet>, HubError> {
        let Some(folded) = self.index.folded(id)?.filter(|f| f.kind == Kind::Site) else {
            return Ok(None);
        };
        let site = SiteView::of(&folded);
        let graves = self.index.all_children(id, Kind::Grave, GraveView::of)?;
        let on_site: BTreeSet<SubjectId> = graves.iter().map(|grave| grave.id).collect();
        let mut loose = self
            .index
            .all_children(id, Kind::Remains, RemainsView::of)?;
        loose.retain(|remains| remains.grave.is_none_or(|grave| !on_site.contains(&grave)));
        let all_markers = self.index.all_children(id, Kind::Marker, MarkerView::of)?;
        let mut placed = BTreeSet::new();
        let mut sheets = Vec::new();
        for grave in graves {
            let links = self
                .index
                .all_children(grave.id, Kind::GraveMarker, linked_marker)?;
            let markers = all_markers
                .iter()
                .filter(|marker| links.contains(&Some(marker.id)));
            let markers: Vec<&MarkerView> = markers.collect();
            placed.extend(markers.iter().map(|marker| marker.id));
            let remains = self
                .index
                .all_children(grave.id, Kind::Remains, RemainsView::of)?;
            sheets.push(GraveSheet {
                things: self.things(grave.id, &grave.code, &grave.record)?,
                kind: self.words.of(grave.kind.map(|kind| kind.term())),
                markers: markers
                    .into_iter()
                    .map(|marker| self.marker(marker))
                    .collect(),
                remains: self.remains(&remains)?,
                code: grave.code,
            });
        }
        let loose_markers = all_markers
            .iter()
            .filter(|marker| !placed.contains(&marker.id));
        Ok(Some(SiteSheet {
            things: self.things(id, &site.place_code, &site.record)?,
            markers: loose_markers.map(|marker| self.marker(marker)).collect(),
            graves: sheets,
            remains: self.remains(&loose)?,
            name: site.name,
            place_code: site.place_code,
        }))
    }

    fn remains(&self, all: &[RemainsView]) -> Result<Vec<RemainsSheet>, HubError> {
        let sheet = |remains: &RemainsView| {
            Ok(RemainsSheet {
                code: remains.code.clone(),
                kind: self.words.of(remains.kind.as_ref().map(|kind| kind.term())),
                things: self.things(remains.id, &remains.code, &remains.record)?,
            })
        };
        all.iter().map(sheet).collect()
    }

    fn marker(&self, marker: &MarkerView) -> MarkerLine {
        MarkerLine {
            kind: self.words.of(Some(marker.kind.term())),
            number: marker.number_text.clone().unwrap_or_default(),
            text: marker.text_verbatim.clone(),
        }
    }

    fn things(
        &self,
        owner: SubjectId,
        code: &str,
        record: &RecordState,
    ) -> Result<Things, HubError> {
        let hints = self
            .index
            .all_children(owner, Kind::PersonHint, HintView::of)?;
        let hints = hints.into_iter().filter(|hint| hint.record.ended.is_none());
        let line = |hint: HintView| HintLine {
            source: self.words.of(Some(hint.source.term())),
            confidence: self.words.of(Some(hint.confidence.term())),
            text: hint.text_verbatim,
        };
        Ok(Things {
            is_conflict: !record.conflicts.is_empty(),
            is_created_twice: record.is_created_twice,
            ended: record.ended.clone(),
            hints: hints.map(line).collect(),
            photos: self.photos(code, owner)?,
        })
    }

    /// The photos of a record, labelled with its code.
    fn photos(&self, code: &str, owner: SubjectId) -> Result<Vec<PhotoLine>, HubError> {
        let photos = self.index.all_children(owner, Kind::Photo, PhotoView::of)?;
        let counted = photos
            .into_iter()
            .filter(|photo| photo.record.ended.is_none());
        counted.map(|photo| self.photo(code, photo)).collect()
    }

    fn photo(&self, code: &str, photo: PhotoView) -> Result<PhotoLine, HubError> {
        let truth = &self.inner.truth;
        let mut stored = None;
        if let Some(sealed) = photo.sealed
            && truth.file(sealed)?.is_some()
        {
            stored = Some(sealed);
        }
        let receipt = match stored {
            Some(sealed) => truth.latest_receipt(sealed.0)?.map(|(number, _)| number),
            None => None,
        };
        let shot = self.words.of(photo.shot.map(|shot| shot.term()));
        let parts = [code, &shot];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        Ok(PhotoLine {
            label: parts.collect::<Vec<_>>().join(" / "),
            sha256: photo.sha256.unwrap_or_default(),
            receipt,
            is_missing: stored.is_none(),
        })
    }
}
