//! Records with what is around them, read from an index: one with its links and what hangs on it, pages of lists, what search finds.
//!
//! Owns what others are called. The phone (`field_store/`) and the hub's pages read through here, so that both show the same. Does not follow the
//! journal. Invariant: what is not known here is shown as not known yet, never left out.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::ended_reason;
use super::view::{FieldView, Names, NoNames, Reader, RecordSummary, RecordView};
use crate::index::{Index, LINK_ENDS, PageCursor};
use crate::keys::Roster;
use crate::merge::Folded;
use crate::model::ids::{DeviceId, SubjectId, SubjectRef};
use crate::nouns::{self, LinkSpec, Noun, Sensitivity, Spec};
use crate::store::StoreError;
use crate::vocabulary::{Kind, Language};

/// A row of a list: its summary, and the fields that were asked for.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct RecordRow {
    /// As in every list.
    #[serde(flatten)]
    pub summary: RecordSummary,
    /// Those asked for, as far as something was said of them.
    pub fields: Vec<FieldView>,
}

/// A record together with what hangs on it and what it is linked to.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct RecordPage {
    /// The record.
    #[serde(flatten)]
    pub view: RecordView,
    /// What it is linked to.
    pub links: Vec<LinkView>,
    /// How many records of each noun hang on it.
    pub contents: Vec<(Kind, u64)>,
}

/// A link as seen from one end.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct LinkView {
    /// The link itself.
    pub link: SubjectId,
    /// The other end; without a title as long as no entry of it has come.
    pub other: RecordSummary,
    /// No entry of the other end has come yet.
    pub is_other_missing: bool,
    /// Why it no longer stands, if it does not.
    pub ended_reason: Option<String>,
}

/// Names of others as an index and a roster know them.
pub struct KnownNames<'a> {
    /// What is known of records.
    pub index: &'a Index,
    /// Names of devices.
    pub roster: Option<&'a Roster>,
    /// The device that reads, if it has a name of its own.
    pub own: Option<(DeviceId, &'a str)>,
    /// The reader's language.
    pub language: Language,
    /// What the reader may read of others.
    pub clearance: Sensitivity,
    /// What was asked already: a record's fields are mostly one person's.
    pub titles: RefCell<BTreeMap<(SubjectId, Sensitivity), Option<String>>>,
}

impl KnownNames<'_> {
    /// What a record is called; nothing if nothing of it is known here, or its index cannot be read.
    fn title(&self, subject: SubjectId, clearance: Sensitivity) -> Option<String> {
        let asked = (subject, clearance);
        let known = self.titles.borrow().get(&asked).cloned();
        known.unwrap_or_else(|| {
            let title = self.read_title(subject, clearance);
            self.titles.borrow_mut().insert(asked, title.clone());
            title
        })
    }

    fn read_title(&self, subject: SubjectId, clearance: Sensitivity) -> Option<String> {
        let folded = self.index.folded(subject).ok().flatten()?;
        let reader = Reader {
            language: self.language,
            clearance,
            roster: self.roster,
            names: &NoNames,
        };
        Some(RecordSummary::of(&folded, &reader).title)
    }
}

impl Names for KnownNames<'_> {
    fn record(&self, subject: SubjectRef) -> String {
        self.title(subject.id, self.clearance)
            .unwrap_or_else(|| subject.id.to_string())
    }

    fn operator(&self, operator: Option<SubjectId>) -> String {
        // Who said something is told to everybody who may read what was said.
        let title = operator.and_then(|operator| self.title(operator, Sensitivity::Personal));
        title.unwrap_or_default()
    }

    fn device(&self, device: DeviceId) -> String {
        let name = device_name(device, self.own, self.roster);
        name.unwrap_or_else(|| device.0.short())
    }
}

/// What a device is called: by itself, or by the roster.
#[must_use]
pub fn device_name(
    device: DeviceId,
    own: Option<(DeviceId, &str)>,
    roster: Option<&Roster>,
) -> Option<String> {
    let own = own.filter(|(own, _)| *own == device);
    let known = || Some(roster?.device(device)?.name.clone());
    own.map(|(_, name)| name.to_owned()).or_else(known)
}

/// One record with everything around it; `None`: nothing of it is known here.
///
/// # Errors
/// The index's.
pub fn record_page(
    index: &Index,
    subject: SubjectId,
    reader: &Reader<'_>,
) -> Result<Option<RecordPage>, StoreError> {
    let Some(folded) = index.folded(subject)? else {
        return Ok(None);
    };
    let counts = index.counts_on(subject)?.into_iter();
    let is_shown = |(kind, _): &(Kind, u64)| nouns::noun(*kind).is_some();
    Ok(Some(RecordPage {
        view: RecordView::of(&folded, reader),
        links: links_of(index, &folded, reader)?,
        contents: counts.filter(is_shown).collect(),
    }))
}

/// A page of the records of a noun that hang on another, each with these fields, and where the next page begins.
///
/// # Errors
/// The index's.
pub fn list_records(
    index: &Index,
    (noun, parent, fields): (&Noun, SubjectId, &[&'static Spec]),
    (after, limit): (Option<&PageCursor>, usize),
    reader: &Reader<'_>,
) -> Result<(Vec<RecordRow>, Option<PageCursor>), StoreError> {
    let page = index.children(parent, noun.kind, after, limit)?;
    let mut rows = Vec::new();
    for subject in page.subjects {
        let folded = index.folded(subject)?;
        rows.extend(folded.map(|folded| RecordRow::of(&folded, fields, reader)));
    }
    Ok((rows, page.next))
}

/// Records that are found by what was typed, in the order of ids, behind `after`.
///
/// # Errors
/// The index's.
pub fn search_records(
    index: &Index,
    typed: &str,
    (after, limit): (SubjectId, usize),
    reader: &Reader<'_>,
) -> Result<Vec<RecordSummary>, StoreError> {
    let asked = nouns::asked(typed);
    let mut rows = Vec::new();
    for subject in index.found(&asked, reader.clearance, after, limit)? {
        let folded = index.folded(subject)?;
        rows.extend(folded.map(|folded| RecordSummary::of(&folded, reader)));
    }
    Ok(rows)
}

impl RecordRow {
    /// Reads a fold.
    #[must_use]
    pub fn of(folded: &Folded, fields: &[&'static Spec], reader: &Reader<'_>) -> Self {
        let fields = fields.iter();
        let fields = fields.filter_map(|spec| FieldView::of(spec, folded, reader));
        Self {
            summary: RecordSummary::of(folded, reader),
            fields: fields.collect(),
        }
    }
}

/// Every link of a record, those that stand first.
fn links_of(
    index: &Index,
    folded: &Folded,
    reader: &Reader<'_>,
) -> Result<Vec<LinkView>, StoreError> {
    let specs = nouns::noun(folded.kind).map_or(&[][..], |noun| noun.links);
    let mut links = Vec::new();
    for spec in specs {
        for link in index.all_children(folded.subject, spec.kind, Folded::clone)? {
            links.extend(link_of(index, folded.subject, spec, &link, reader)?);
        }
    }
    links.sort_by_key(|link: &LinkView| link.ended_reason.is_some());
    Ok(links)
}

fn link_of(
    index: &Index,
    this: SubjectId,
    spec: &LinkSpec,
    link: &Folded,
    reader: &Reader<'_>,
) -> Result<Option<LinkView>, StoreError> {
    let ends = LINK_ENDS.map(|end| link.value(end).and_then(SubjectId::from_value));
    let Some(other) = ends.into_iter().flatten().find(|end| *end != this) else {
        return Ok(None);
    };
    let folded = index.folded(other)?;
    let is_other_missing = folded.is_none();
    let folded = folded.unwrap_or_else(|| Folded::unknown(other, spec.other));
    Ok(Some(LinkView {
        link: link.subject,
        other: RecordSummary::of(&folded, reader),
        is_other_missing,
        ended_reason: ended_reason(link),
    }))
}
