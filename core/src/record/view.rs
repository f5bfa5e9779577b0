//! A fold → what people are shown of it. For every noun, and for what no table knows.
//!
//! Owns the order of what is shown, what is hidden from whom, and the words around it. Does not read the index: what other records are called comes
//! through `Names`. Invariant: what is hidden, absent or of a newer version is shown as that; nothing recorded drops out of a view.

use serde::Serialize;

use super::{ended_reason, is_number_foreign};
use crate::keys::Roster;
use crate::merge::{Folded, Head, STANDING};
use crate::model::ids::{DeviceId, EntryId, SubjectId, SubjectRef};
use crate::nouns::{self, Asked, FieldValue, Noun, Section, Sensitivity, Spec, shown_of_any};
use crate::vocabulary::{Language, Words};

use super::clearance::is_expert;

/// More rivals than these are counted and not listed: a person resolves a few at a time.
pub const RIVALS_MAX: usize = 50;

const HIDDEN: Words = Words {
    en: "not for your role",
    uk: "не для вашої ролі",
};
const BODY_MISSING: Words = Words {
    en: "withheld or erased",
    uk: "вилучено або не передано",
};

/// What others are called.
pub trait Names {
    /// A record.
    fn record(&self, subject: SubjectRef) -> String;

    /// An operator; nothing for nobody.
    fn operator(&self, operator: Option<SubjectId>) -> String;

    /// A device.
    fn device(&self, device: DeviceId) -> String;
}

/// Where nothing is known of others, and inside a name, so that two records that name each other end: only ids.
pub(super) struct NoNames;

impl Names for NoNames {
    fn record(&self, subject: SubjectRef) -> String {
        subject.id.to_string()
    }

    fn operator(&self, _operator: Option<SubjectId>) -> String {
        String::new()
    }

    fn device(&self, _device: DeviceId) -> String {
        String::new()
    }
}

/// Who reads, and by whose words.
pub struct Reader<'a> {
    /// The language.
    pub language: Language,
    /// What they may read.
    pub clearance: Sensitivity,
    /// Who has which right.
    pub roster: Option<&'a Roster>,
    /// What others are called.
    pub names: &'a dyn Names,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordView {
    /// As in a list.
    #[serde(flatten)]
    pub summary: RecordSummary,
    /// What was recorded, in the order of the form.
    pub sections: Vec<SectionView>,
    /// What a newer version wrote: number, and as much of the value as can be shown.
    pub newer_fields: Vec<(u64, String)>,
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordSummary {
    /// Which one.
    #[serde(flatten)]
    pub subject: SubjectRef,
    /// What stands on its label.
    pub code: Option<String>,
    /// What it is named by.
    pub title: String,
    /// What stands under it.
    pub subtitle: String,
    /// What to see before trusting it.
    pub marks: RecordMarks,
}

/// What a person must see before trusting a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordMarks {
    /// Fields for which devices said different things.
    pub conflicts: usize,
    /// Entries whose text is withheld, erased or lost.
    pub missing_bodies: u64,
    /// Entries that a newer version wrote.
    pub newer_entries: u64,
    /// Two devices made it under one code.
    pub is_created_twice: bool,
    /// It bears a number of another device's series which that device has not recorded.
    pub is_number_foreign: bool,
    /// Why it was withdrawn or voided, if it was.
    pub ended_reason: Option<String>,
    /// The recording device's clock at the first known entry, ms, as claimed.
    pub recorded_ms: i64,
}

/// Fields that stand together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SectionView {
    /// Its code.
    pub code: &'static str,
    /// Its heading.
    pub label: &'static str,
    /// Those that say something.
    pub fields: Vec<FieldView>,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldView {
    /// Its code.
    pub code: &'static str,
    /// Its words.
    pub label: &'static str,
    /// The value as people read it.
    pub shown: String,
    /// The value; absent while hidden or missing.
    pub value: Option<FieldValue>,
    /// Who said it; absent while hidden or missing.
    pub by: Option<Author>,
    /// In a conflict everything that stands, the one to show first at the head; else empty.
    pub rivals: Vec<Saying>,
    /// How many there are, where not all are listed.
    pub rival_count: usize,
    /// What somebody said who is no expert of it.
    pub is_lay: bool,
    /// The reader may not see it.
    pub is_hidden: bool,
}

/// What one entry says of a field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Saying {
    /// Which entry; a resolve names it.
    pub entry: EntryId,
    /// The value.
    pub value: FieldValue,
    /// As people read it.
    pub shown: String,
    /// Who said it.
    #[serde(flatten)]
    pub by: Author,
}

/// Who said something, where and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Author {
    /// Who; empty: nobody was named.
    pub operator_name: String,
    /// On which device.
    pub device_name: String,
    /// An expert, by right.
    pub is_expert: bool,
    /// The device's clock then, ms, as claimed.
    pub said_ms: i64,
}

impl RecordView {
    /// Reads a fold.
    #[must_use]
    pub fn of(folded: &Folded, reader: &Reader<'_>) -> Self {
        let noun = nouns::noun(folded.kind);
        let mut sections: Vec<SectionView> = Vec::new();
        for spec in noun.map_or(&[][..], |noun| noun.fields) {
            let Some(field) = FieldView::of(spec, folded, reader) else {
                continue;
            };
            let section = spec.section;
            match sections
                .iter_mut()
                .find(|known| known.code == section.code())
            {
                Some(known) => known.fields.push(field),
                None => sections.push(SectionView::new(section, field, reader.language)),
            }
        }
        let is_newer = |number: u64| {
            number != STANDING && noun.is_none_or(|noun| noun.field(number).is_none())
        };
        let newer = folded
            .fields
            .iter()
            .filter(|(number, _)| is_newer(**number));
        let shown = |heads: &[Head]| {
            // Who may read it, only the newer version knows.
            if reader.clearance < Sensitivity::Restricted {
                return HIDDEN.in_language(reader.language).to_owned();
            }
            let values = heads.iter().map(|head| shown_of_any(&head.value));
            values.collect::<Vec<_>>().join(" / ")
        };
        Self {
            summary: RecordSummary::of(folded, reader),
            sections,
            newer_fields: newer
                .map(|(number, heads)| (*number, shown(heads)))
                .collect(),
        }
    }

    /// A field by its code.
    #[must_use]
    pub fn field(&self, code: &str) -> Option<&FieldView> {
        let mut fields = self.sections.iter().flat_map(|section| &section.fields);
        fields.find(|field| field.code == code)
    }
}

impl SectionView {
    fn new(section: Section, first: FieldView, language: Language) -> Self {
        Self {
            code: section.code(),
            label: section.words().in_language(language),
            fields: vec![first],
        }
    }
}

impl FieldView {
    /// A field of a fold; `None`: nothing was said of it, and nothing is missing.
    #[must_use]
    pub fn of(spec: &'static Spec, folded: &Folded, reader: &Reader<'_>) -> Option<Self> {
        let heads = folded.fields.get(&spec.number).map(Vec::as_slice);
        let heads = heads.unwrap_or_default();
        let blank = Self {
            code: spec.code,
            label: spec.words.in_language(reader.language),
            shown: String::new(),
            value: None,
            by: None,
            rivals: Vec::new(),
            rival_count: 0,
            is_lay: false,
            is_hidden: false,
        };
        if heads.is_empty() {
            let is_missing = spec.is_owed && folded.absent > 0;
            let shown = BODY_MISSING.in_language(reader.language).to_owned();
            return is_missing.then_some(Self { shown, ..blank });
        }
        if spec.sensitivity > reader.clearance {
            let shown = HIDDEN.in_language(reader.language).to_owned();
            return Some(Self {
                shown,
                is_hidden: true,
                ..blank
            });
        }
        let is_conflict = folded.is_conflict(spec.number);
        let most = if is_conflict { RIVALS_MAX } else { 1 };
        let sayings = sayings(spec, heads, most, reader);
        let first = sayings.first()?.clone();
        Some(Self {
            shown: first.shown,
            value: Some(first.value),
            is_lay: spec.asked == Asked::Experts && !first.by.is_expert,
            by: Some(first.by),
            rival_count: if is_conflict { heads.len() } else { 0 },
            rivals: if is_conflict { sayings } else { Vec::new() },
            ..blank
        })
    }
}

/// What stands of a field, at most so many, experts first: an order of display, for the merge knows nothing of roles.
fn sayings(spec: &Spec, heads: &[Head], most: usize, reader: &Reader<'_>) -> Vec<Saying> {
    let mut ordered: Vec<(bool, &Head)> = heads
        .iter()
        .map(|head| (is_expert(head.operator, reader.roster), head))
        .collect();
    ordered.sort_by_key(|(is_expert, _)| !is_expert);
    let saying = |(is_expert, head): (bool, &Head)| Saying {
        entry: head.entry,
        value: spec.value_of(&head.value),
        shown: spec.shown(&head.value, reader.language, &|subject| {
            reader.names.record(subject)
        }),
        by: Author {
            operator_name: reader.names.operator(head.operator),
            device_name: reader.names.device(head.device),
            is_expert,
            said_ms: head.wall_ms,
        },
    };
    ordered.into_iter().take(most).map(saying).collect()
}

impl RecordMarks {
    /// Reads a fold; whose number it bears is not in it.
    #[must_use]
    pub fn of(folded: &Folded) -> Self {
        Self {
            conflicts: folded.conflicts().len(),
            missing_bodies: folded.absent,
            newer_entries: folded.newer,
            is_created_twice: folded.is_created_twice(),
            is_number_foreign: false,
            ended_reason: ended_reason(folded),
            recorded_ms: folded.first_wall_ms,
        }
    }
}

impl RecordSummary {
    /// Reads a fold.
    #[must_use]
    pub fn of(folded: &Folded, reader: &Reader<'_>) -> Self {
        let noun = nouns::noun(folded.kind);
        let code = noun.and_then(|noun| code_of(noun, folded));
        let title = match noun {
            Some(noun) => title_of(noun, folded, reader),
            None => folded.kind.name().to_owned(),
        };
        let subtitle = noun.map_or_else(String::new, |noun| {
            subtitle_of(noun, folded, &title, reader)
        });
        let makers: Vec<DeviceId> = folded.creates.iter().map(|(_, device)| *device).collect();
        let is_foreign = code
            .as_ref()
            .is_some_and(|code| is_number_foreign(code, &makers, reader.roster));
        Self {
            subject: SubjectRef {
                kind: folded.kind,
                id: folded.subject,
            },
            marks: RecordMarks {
                is_number_foreign: is_foreign,
                ..RecordMarks::of(folded)
            },
            code,
            title,
            subtitle,
        }
    }
}

fn code_of(noun: &Noun, folded: &Folded) -> Option<String> {
    let (spec, ..) = noun.code_field()?;
    folded.value(spec.number)?.as_text().map(str::to_owned)
}

/// The first title field that says something; a gap does only if none does, and before words for what is hidden or missing.
fn title_of(noun: &Noun, folded: &Folded, reader: &Reader<'_>) -> String {
    let fields = noun.title.iter().filter_map(|number| noun.field(*number));
    let views: Vec<FieldView> = fields
        .filter_map(|spec| FieldView::of(spec, folded, reader))
        .collect();
    let is_said = |view: &&FieldView| {
        !view.shown.is_empty() && !matches!(view.value, None | Some(FieldValue::Gap(_)))
    };
    let said = views.iter().find(is_said);
    let any = said.or_else(|| views.iter().find(|view| !view.shown.is_empty()));
    match any {
        Some(view) => view.shown.clone(),
        None if folded.absent > 0 => BODY_MISSING.in_language(reader.language).to_owned(),
        None => noun.words.in_language(reader.language).to_owned(),
    }
}

fn subtitle_of(noun: &Noun, folded: &Folded, title: &str, reader: &Reader<'_>) -> String {
    let fields = noun
        .subtitle
        .iter()
        .filter_map(|number| noun.field(*number));
    let shown = fields
        .filter_map(|spec| FieldView::of(spec, folded, reader))
        .filter(|view| view.value.is_some())
        .map(|view| view.shown)
        .filter(|shown| !shown.is_empty() && shown != title);
    shown.collect::<Vec<_>>().join(", ")
}
