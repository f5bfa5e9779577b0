//! Records as people read them: one with everything on it, lists, search, history. Labels and values come in the reader's language.
//!
//! What a reader may not see is shown as hidden, by the operator's rights and never by the caller's word.

use imena_core::field_store::RecordQuery as CoreQuery;
use imena_core::index::ROOT;
use imena_core::model::ids::SubjectId;
use imena_core::nouns::{self, Fault, Noun, Spec};
use imena_core::record::{self as core, AnyDraft};
use imena_core::vocabulary::{self, Kind};

use crate::error::CoreError;
use crate::page::PageQuery;
use crate::record::{Circumstances, RecordDraft, read_entry};
use crate::store::{FieldStore, about};
use crate::subject::{SubjectRef, id_of};
use crate::term::{Choice, Language};
use crate::value::FieldValue;

/// What a person must see before trusting a record.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RecordMarks {
    /// Fields for which devices said different things: all is kept until a person resolves it.
    pub conflicts: i32,
    /// Entries whose text is withheld, erased or lost.
    pub missing_bodies: i64,
    /// Entries that a newer version wrote.
    pub newer_entries: i64,
    /// Two devices made it under one code.
    pub is_created_twice: bool,
    /// It bears a number of another device's series which that device has not recorded: compare it with the label.
    pub is_number_foreign: bool,
    /// Why it was withdrawn or voided, if it was; it stays listed.
    pub ended_reason: Option<String>,
    /// The recording device's clock at the first known entry, ms since 1970 UTC, as claimed.
    pub recorded_ms: i64,
}

/// A record in a few words.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RecordSummary {
    /// Which one.
    pub subject: SubjectRef,
    /// What stands on its label; absent: it has none.
    pub code: Option<String>,
    /// What it is named by.
    pub title: String,
    /// What stands under it; may be empty.
    pub subtitle: String,
    /// What to see before trusting it.
    pub marks: RecordMarks,
}

/// What one entry says of a field.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct Saying {
    /// Which entry: `FieldResolution.seen_entries` takes it.
    pub entry_id: String,
    /// The value.
    pub value: FieldValue,
    /// As people read it.
    pub shown: String,
    /// Who said it.
    pub by: Author,
}

/// Who said something, where and when.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Author {
    /// Who; empty: nobody was named.
    pub operator_name: String,
    /// On which device.
    pub device_name: String,
    /// An expert, by right.
    pub is_expert: bool,
    /// The device's clock then, ms since 1970 UTC, as claimed.
    pub said_ms: i64,
}

/// One field of a record.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct FieldView {
    /// Its code, as drafts take it.
    pub code: String,
    /// Its words.
    pub label: String,
    /// The value as people read it.
    pub shown: String,
    /// The value; absent while it is hidden, withheld or lost, which `shown` says.
    pub value: Option<FieldValue>,
    /// Who said it; absent where `value` is.
    pub by: Option<Author>,
    /// In a conflict what stands, the one to show first at the head, at most 50; else empty.
    pub rivals: Vec<Saying>,
    /// How many stand in a conflict.
    pub rival_count: i32,
    /// Somebody said it who is no expert of it.
    pub is_lay: bool,
    /// The reader may not see it.
    pub is_hidden: bool,
}

/// Fields that stand together.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct SectionView {
    /// Its code.
    pub code: String,
    /// Its heading.
    pub label: String,
    /// Those of which something is known.
    pub fields: Vec<FieldView>,
}

/// A link as seen from one end.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct LinkView {
    /// The link itself: `withdraw` takes it.
    pub link_id: String,
    /// The other end.
    pub other: RecordSummary,
    /// Nothing of the other end has come yet.
    pub is_other_missing: bool,
    /// Why it no longer stands, if it does not.
    pub ended_reason: Option<String>,
}

/// How many records of a kind hang on another.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct KindCount {
    /// The kind.
    pub kind: String,
    /// What it is called.
    pub label: String,
    /// How many.
    pub count: i64,
}

/// One record with everything on it.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct RecordView {
    /// As in a list.
    pub summary: RecordSummary,
    /// What was recorded, in the order of the form.
    pub sections: Vec<SectionView>,
    /// What it is linked to, what stands first.
    pub links: Vec<LinkView>,
    /// What hangs on it.
    pub contents: Vec<KindCount>,
    /// What a newer version wrote: number of the field, and as much of the value as can be shown.
    pub newer_fields: Vec<Choice>,
}

/// What a list is of.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RecordQuery {
    /// The kind.
    pub kind: String,
    /// What they hang on; absent: on nothing, as sites and operators do.
    #[uniffi(default = None)]
    pub parent_id: Option<String>,
    /// Codes of the fields that each row brings along.
    #[uniffi(default = [])]
    pub fields: Vec<String>,
    /// The reader's language.
    pub language: Language,
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct RecordRow {
    /// As in every list.
    pub summary: RecordSummary,
    /// The fields that the query names, as far as something is known of them.
    pub fields: Vec<FieldView>,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct RecordPage {
    /// In the order of the list.
    pub rows: Vec<RecordRow>,
    /// Where the next page begins; absent at the end.
    pub next: Option<String>,
}

/// What an entry did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum EntryAct {
    /// Made the record.
    Created,
    /// Changed fields.
    Amended,
    /// Ended a conflict.
    Resolved,
    /// Took the record back.
    Withdrawn,
    /// Said that it never stood for anything.
    Voided,
    /// Let it stand again.
    Revived,
    /// What a newer version does.
    Newer,
}

/// One entry about a record.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct HistoryEntry {
    /// Which one.
    pub entry_id: String,
    /// What it did.
    pub act: EntryAct,
    /// The same as people read it.
    pub act_label: String,
    /// What it said.
    pub fields: Vec<FieldView>,
    /// Who recorded; empty: nobody was named.
    pub operator_name: String,
    /// On which device.
    pub device_name: String,
    /// The device's clock, ms since 1970 UTC, as claimed.
    pub recorded_ms: i64,
    /// Whose words, when, why.
    pub circumstances: Circumstances,
    /// Its text is withheld, erased or lost.
    pub is_body_missing: bool,
}

/// A page of a history.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct HistoryPage {
    /// The newest first.
    pub entries: Vec<HistoryEntry>,
    /// Where the next page begins; absent at the end.
    pub next: Option<String>,
}

/// A draft as its record will look, as far as it may be recorded. Needs no vault and answers at once.
///
/// # Errors
/// `Invalid` (no such kind), `NotFound` (no id).
#[uniffi::export]
pub fn preview_record(draft: RecordDraft, language: Language) -> Result<RecordView, CoreError> {
    let view = core::preview(&draft.read()?, language.into());
    Ok(RecordView::of(view, Vec::new(), &[], language))
}

#[uniffi::export]
impl FieldStore {
    /// One record with everything on it.
    ///
    /// # Errors
    /// `Locked`, `NotFound`, `StorageFailed`.
    pub fn get_record(
        &self,
        record_id: String,
        language: Language,
    ) -> Result<RecordView, CoreError> {
        self.shared.read("get_record", |core| {
            let id = id_of("record", &record_id)?;
            let page = about(&record_id, core.record_page(id, language.into()))?;
            let contents = page.contents.as_slice();
            Ok::<_, CoreError>(RecordView::of(page.view, page.links, contents, language))
        })
    }

    /// Records of a kind that hang on another, a page at a time; of an unknown one there are none.
    ///
    /// # Errors
    /// `Locked`, `Invalid` (no such kind or field), `NotFound` (no id), `StorageFailed`.
    pub fn list_records(
        &self,
        query: RecordQuery,
        page: PageQuery,
    ) -> Result<RecordPage, CoreError> {
        self.shared.read("list_records", |core| {
            let (after, limit) = page.read()?;
            let noun = AnyDraft::named(&query.kind)?.noun();
            let parent = query.parent_id.as_deref();
            let parent = parent.map(|parent| id_of("parent", parent)).transpose()?;
            let query = CoreQuery {
                noun,
                parent: parent.unwrap_or(ROOT),
                fields: &specs(noun, &query.fields)?,
                language: query.language.into(),
            };
            let (rows, next) = core.list_records(query, (after.as_ref(), limit))?;
            Ok::<_, CoreError>(RecordPage {
                rows: rows.into_iter().map(RecordRow::from).collect(),
                next: next.map(|cursor| cursor.to_text()),
            })
        })
    }

    /// Records that are found by what was typed, in three scripts and by numbers, a page at a time.
    ///
    /// # Errors
    /// `Locked`, `Invalid`, `StorageFailed`.
    pub fn search_records(
        &self,
        typed: String,
        page: PageQuery,
        language: Language,
    ) -> Result<RecordPage, CoreError> {
        self.shared.read("search_records", |core| {
            let (after, limit) = page.read_by(SubjectId::parse)?;
            let after = after.unwrap_or(ROOT);
            let found = core.search(&typed, after, limit, language.into())?;
            let last = found.last().map(|row| row.subject.id.to_string());
            let next = last.filter(|_| found.len() >= limit);
            let row = |summary: core::RecordSummary| RecordRow {
                summary: summary.into(),
                fields: Vec::new(),
            };
            let rows = found.into_iter().map(row).collect();
            Ok::<_, CoreError>(RecordPage { rows, next })
        })
    }

    /// What was said of a record, or of one of its fields, the newest first, a page at a time.
    ///
    /// # Errors
    /// `Locked`, `NotFound`, `Invalid` (no such field), `StorageFailed`.
    pub fn list_history(
        &self,
        record_id: String,
        field: Option<String>,
        page: PageQuery,
        language: Language,
    ) -> Result<HistoryPage, CoreError> {
        self.shared.read("list_history", |core| {
            let id = id_of("record", &record_id)?;
            let (after, limit) = page.read_by(|text| read_entry(text).ok())?;
            let told = core.history(id, field.as_deref(), (after, limit), language.into());
            let told = about(&record_id, told)?;
            let last = told.last().map(|entry| entry.entry.0.to_hex());
            let next = last.filter(|_| told.len() >= limit);
            let entries = told.into_iter();
            Ok::<_, CoreError>(HistoryPage {
                entries: entries
                    .map(|entry| HistoryEntry::of(entry, language))
                    .collect(),
                next,
            })
        })
    }
}

/// The fields of these codes.
fn specs(noun: &'static Noun, codes: &[String]) -> Result<Vec<&'static Spec>, CoreError> {
    let refused = |code: &str, fault: Fault| {
        CoreError::invalid(code, &fault.text(vocabulary::Language::English))
    };
    let spec = |code: &String| noun.named_field(code).map_err(|fault| refused(code, fault));
    codes.iter().map(spec).collect()
}

impl RecordView {
    fn of(
        view: core::RecordView,
        links: Vec<core::LinkView>,
        contents: &[(Kind, u64)],
        language: Language,
    ) -> Self {
        let count = |(kind, count): &(Kind, u64)| {
            let words = nouns::noun(*kind)?.words;
            let Choice { code, label } = Choice::of(kind.name(), words, language);
            Some(KindCount {
                kind: code,
                label,
                count: signed(*count),
            })
        };
        let newer = |(number, shown): (u64, String)| Choice {
            code: number.to_string(),
            label: shown,
        };
        Self {
            summary: view.summary.into(),
            sections: view.sections.into_iter().map(SectionView::from).collect(),
            links: links.into_iter().map(LinkView::from).collect(),
            contents: contents.iter().filter_map(count).collect(),
            newer_fields: view.newer_fields.into_iter().map(newer).collect(),
        }
    }
}

impl HistoryEntry {
    fn of(entry: core::HistoryEntry, language: Language) -> Self {
        let act = match entry.act {
            core::EntryAct::Created => EntryAct::Created,
            core::EntryAct::Amended => EntryAct::Amended,
            core::EntryAct::Resolved => EntryAct::Resolved,
            core::EntryAct::Withdrawn => EntryAct::Withdrawn,
            core::EntryAct::Voided => EntryAct::Voided,
            core::EntryAct::Revived => EntryAct::Revived,
            core::EntryAct::Newer => EntryAct::Newer,
        };
        Self {
            entry_id: entry.entry.0.to_hex(),
            act,
            act_label: entry.act.words().in_language(language.into()).to_owned(),
            fields: entry.fields.into_iter().map(FieldView::from).collect(),
            operator_name: entry.operator_name,
            device_name: entry.device_name,
            recorded_ms: entry.recorded_ms,
            circumstances: entry.circumstances.into(),
            is_body_missing: entry.is_body_missing,
        }
    }
}

impl From<core::RecordMarks> for RecordMarks {
    fn from(marks: core::RecordMarks) -> Self {
        Self {
            conflicts: counted(marks.conflicts),
            missing_bodies: signed(marks.missing_bodies),
            newer_entries: signed(marks.newer_entries),
            is_created_twice: marks.is_created_twice,
            is_number_foreign: marks.is_number_foreign,
            ended_reason: marks.ended_reason,
            recorded_ms: marks.recorded_ms,
        }
    }
}

impl From<core::RecordSummary> for RecordSummary {
    fn from(summary: core::RecordSummary) -> Self {
        Self {
            subject: summary.subject.into(),
            code: summary.code,
            title: summary.title,
            subtitle: summary.subtitle,
            marks: summary.marks.into(),
        }
    }
}

impl From<core::Saying> for Saying {
    fn from(saying: core::Saying) -> Self {
        Self {
            entry_id: saying.entry.0.to_hex(),
            value: saying.value.into(),
            shown: saying.shown,
            by: saying.by.into(),
        }
    }
}

impl From<core::Author> for Author {
    fn from(author: core::Author) -> Self {
        Self {
            operator_name: author.operator_name,
            device_name: author.device_name,
            is_expert: author.is_expert,
            said_ms: author.said_ms,
        }
    }
}

impl From<core::FieldView> for FieldView {
    fn from(field: core::FieldView) -> Self {
        Self {
            code: field.code.to_owned(),
            label: field.label.to_owned(),
            shown: field.shown,
            value: field.value.map(FieldValue::from),
            by: field.by.map(Author::from),
            rivals: field.rivals.into_iter().map(Saying::from).collect(),
            rival_count: counted(field.rival_count),
            is_lay: field.is_lay,
            is_hidden: field.is_hidden,
        }
    }
}

impl From<core::SectionView> for SectionView {
    fn from(section: core::SectionView) -> Self {
        Self {
            code: section.code.to_owned(),
            label: section.label.to_owned(),
            fields: section.fields.into_iter().map(FieldView::from).collect(),
        }
    }
}

impl From<core::LinkView> for LinkView {
    fn from(link: core::LinkView) -> Self {
        Self {
            link_id: link.link.to_string(),
            other: link.other.into(),
            is_other_missing: link.is_other_missing,
            ended_reason: link.ended_reason,
        }
    }
}

impl From<core::RecordRow> for RecordRow {
    fn from(row: core::RecordRow) -> Self {
        Self {
            summary: row.summary.into(),
            fields: row.fields.into_iter().map(FieldView::from).collect(),
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn counted(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
