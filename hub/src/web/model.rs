//! What the pages show, in the words of the reader's language, read from the core's index and views.
//!
//! Owns the arrangement of a page. Knows no noun but the photo: what a record says, is linked to and holds is `imena_core::record`. Invariant: a record
//! that hangs on nothing known here stands in a list of its own, and one that ended stays, marked: nothing drops out unseen.

use imena_core::index::{Index, ROOT};
use imena_core::merge::Folded;
use imena_core::model::ids::SubjectId;
use imena_core::model::moment;
use imena_core::nouns::{self, FieldValue, Noun};
use imena_core::record::{
    self, Author, FieldView, HistoryEntry, LinkView, PhotoView, RecordMarks, RecordSummary,
    SectionView,
};
use imena_core::store::Journal;
use imena_core::vocabulary::{Kind, NoPreview, PhotoDefect, PreviewMark};

use super::words::Words;
use crate::error::HubError;
use crate::hub::Inner;
use crate::truth::Line;

/// Lines of a record's history on its page; that there are more is said.
const HISTORY_MAX: usize = 50;
/// Hits on one page of search.
const FOUND_MAX: usize = 100;

/// What is read for one page.
pub(super) struct Reader<'a> {
    pub index: &'a Index,
    pub journal: &'a Journal,
    pub inner: &'a Inner,
    pub words: &'static Words,
    pub by: &'a record::Reader<'a>,
}

/// The first page.
#[derive(Debug)]
pub(super) struct Overview {
    pub sites: Vec<SiteLine>,
    /// What came before the record that it belongs to, by kind.
    pub early: Vec<Group>,
    /// Photos that nobody has given to a record, or whose record has not come.
    pub photos: Vec<PhotoLine>,
}

/// A line of the list of sites.
#[derive(Debug)]
pub(super) struct SiteLine {
    pub row: RecordSummary,
    /// What hangs on it: what it is called, and how much.
    pub counts: Vec<(&'static str, u64)>,
}

/// Records of one kind.
#[derive(Debug)]
pub(super) struct Group {
    pub label: &'static str,
    pub rows: Vec<RecordSummary>,
}

/// One record.
#[derive(Debug)]
pub(super) struct Sheet {
    pub kind: &'static str,
    pub summary: RecordSummary,
    /// What it hangs on, the widest first: id and title.
    pub above: Vec<(SubjectId, String)>,
    pub sections: Vec<SectionView>,
    pub newer_fields: Vec<(u64, String)>,
    pub links: Vec<LinkView>,
    pub groups: Vec<Group>,
    pub photos: Vec<PhotoLine>,
    pub history: Vec<HistoryEntry>,
    pub has_older: bool,
}

/// What search found.
#[derive(Debug)]
pub(super) struct Found {
    pub asked: String,
    pub rows: Vec<RecordSummary>,
    pub is_more: bool,
}

#[derive(Debug)]
pub(super) struct PhotoLine {
    pub id: SubjectId,
    pub marks: RecordMarks,
    pub shot: String,
    pub taken: String,
    pub sha256: String,
    /// What is wrong with the picture, or what its preview does not show.
    pub notes: Vec<String>,
    /// Number of the hub's newest receipt for it; none: the entry is known, the sealed original has not come.
    pub receipt: Option<u64>,
}

impl Reader<'_> {
    /// The sites, and what belongs to none.
    pub fn overview(&self) -> Result<Overview, HubError> {
        let language = self.by.language;
        let mut sites = Vec::new();
        for row in self.on(ROOT, Kind::Site)? {
            let counts = self.index.counts_on(row.subject.id)?.into_iter();
            let named = |(kind, count): (Kind, u64)| {
                Some((nouns::noun(kind)?.words.in_language(language), count))
            };
            let counts = counts.filter_map(named).collect();
            sites.push(SiteLine { row, counts });
        }
        let mut early = Vec::new();
        for noun in nouns::ALL.iter().filter(|noun| noun.kind != Kind::Photo) {
            if noun.parents().next().is_some() {
                let of = |folded: &Folded| RecordSummary::of(folded, self.by);
                early.extend(self.group(noun, self.index.loose(noun.kind, of)?));
            }
        }
        let photos = self.index.loose(Kind::Photo, PhotoView::of)?;
        Ok(Overview {
            sites,
            early,
            photos: self.photos(photos)?,
        })
    }

    /// One record; `None` if there is none of that id.
    pub fn sheet(&self, id: SubjectId) -> Result<Option<Sheet>, HubError> {
        let Some(page) = record::record_page(self.index, id, self.by)? else {
            return Ok(None);
        };
        let kind = page.view.summary.subject.kind;
        let mut groups = Vec::new();
        for (kind, _) in &page.contents {
            let noun = nouns::noun(*kind).filter(|noun| noun.kind != Kind::Photo);
            if let Some(noun) = noun {
                groups.extend(self.group(noun, self.on(id, *kind)?));
            }
        }
        let mut photos = self.index.all_children(id, Kind::Photo, PhotoView::of)?;
        if kind == Kind::Photo {
            photos.extend(self.index.folded(id)?.as_ref().map(PhotoView::of));
        }
        let entries = self.journal.entries_of_subject(id)?;
        let all = HISTORY_MAX.saturating_add(1);
        let mut history = record::history(&entries, None, (None, all), self.by).unwrap_or_default();
        let has_older = history.len() > HISTORY_MAX;
        history.truncate(HISTORY_MAX);
        let noun = nouns::noun(kind);
        Ok(Some(Sheet {
            kind: noun.map_or(kind.name(), |noun| noun.words.in_language(self.by.language)),
            above: self.above(&page.view.sections, noun),
            summary: page.view.summary,
            sections: page.view.sections,
            newer_fields: page.view.newer_fields,
            links: page.links,
            groups,
            photos: self.photos(photos)?,
            history,
            has_older,
        }))
    }

    /// What was typed, found.
    pub fn found(&self, asked: String) -> Result<Found, HubError> {
        let page = (SubjectId([0; 16]), FOUND_MAX);
        let rows = record::search_records(self.index, &asked, page, self.by)?;
        let is_more = rows.len() >= FOUND_MAX;
        Ok(Found {
            asked,
            rows,
            is_more,
        })
    }

    /// The records that the fields of a parent name.
    fn above(&self, sections: &[SectionView], noun: Option<&Noun>) -> Vec<(SubjectId, String)> {
        let is_parent = |field: &&FieldView| {
            let spec = noun.and_then(|noun| noun.field_of_code(field.code));
            spec.is_some_and(|spec| spec.is_parent)
        };
        let fields = sections.iter().flat_map(|section| &section.fields);
        let named = |field: &FieldView| match &field.value {
            Some(FieldValue::Reference(subject)) => Some((subject.id, field.shown.clone())),
            Some(_) | None => None,
        };
        fields.filter(is_parent).filter_map(named).collect()
    }

    /// Every record of a kind that hangs on another, as the core lists it.
    fn on(&self, parent: SubjectId, kind: Kind) -> Result<Vec<RecordSummary>, HubError> {
        let row = |folded: &Folded| RecordSummary::of(folded, self.by);
        Ok(self.index.all_children(parent, kind, row)?)
    }

    fn group(&self, noun: &Noun, rows: Vec<RecordSummary>) -> Option<Group> {
        let label = noun.words.in_language(self.by.language);
        (!rows.is_empty()).then_some(Group { label, rows })
    }

    fn photos(&self, photos: Vec<PhotoView>) -> Result<Vec<PhotoLine>, HubError> {
        photos.into_iter().map(|photo| self.photo(photo)).collect()
    }

    fn photo(&self, photo: PhotoView) -> Result<PhotoLine, HubError> {
        // Only what a receipt speaks of that was not taken back is here.
        let line = photo
            .sealed
            .map(|sealed| self.inner.truth.latest_line(sealed));
        let receipt = match line.transpose()?.flatten() {
            Some(Line::Held { hub_seq, .. }) => Some(hub_seq),
            Some(Line::Void) | None => None,
        };
        let photo = photo.noted(self.index)?;
        let defects = photo.defects.iter().map(PhotoDefect::term);
        let preview = photo.no_preview.iter().map(NoPreview::term);
        let notes = defects
            .chain(preview)
            .chain(photo.preview_marks.iter().map(PreviewMark::term));
        Ok(PhotoLine {
            id: photo.id,
            notes: notes.map(|term| self.words.of(Some(term))).collect(),
            shot: self.words.of(photo.shot.map(|shot| shot.term())),
            taken: photo.captured_ms.map(moment::shown).unwrap_or_default(),
            sha256: photo.sha256.unwrap_or_default(),
            marks: photo.marks,
            receipt,
        })
    }
}

/// Who, on which device, when: one line.
pub(super) fn author(by: &Author) -> String {
    signed(&by.operator_name, &by.device_name, by.said_ms)
}

/// The same of an entry.
pub(super) fn recorder(entry: &HistoryEntry) -> String {
    signed(&entry.operator_name, &entry.device_name, entry.recorded_ms)
}

fn signed(operator: &str, device: &str, ms: i64) -> String {
    let moment = moment::shown(ms);
    let parts = [operator, device, moment.as_str()].into_iter();
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}

/// How a field looks: what is written is a claim, and each of the kinds of nothing has a mark of its own.
pub(super) fn look(section: &SectionView, field: &FieldView) -> &'static str {
    match &field.value {
        Some(FieldValue::Gap(code)) => match code.as_str() {
            "none_seen" => "none seen",
            "not_examined" => "none unexamined",
            "not_determined" => "none undetermined",
            _ => "none",
        },
        None => "none unrecorded",
        Some(FieldValue::Text(_)) if section.code == "reading" => "verbatim",
        Some(_) => "",
    }
}
