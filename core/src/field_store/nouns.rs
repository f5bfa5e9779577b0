//! The verbs and readings of every noun, on what is open: the record that a person saw, the roster's rights, the names of others.
//!
//! Owns where a code's series, a reader's rights and its own name come from. What each does stands in `record/`. Invariant: two changes on this device
//! never answer the same head.

use std::cell::RefCell;

use super::{Error, FieldStore, Open};
use crate::encoding::Value;
use crate::index::{Index, PageCursor};
use crate::merge::Folded;
use crate::model::circumstances::Circumstances;
use crate::model::codes::Issuer;
use crate::model::ids::{DeviceId, EntryId, SubjectId, SubjectRef};
use crate::nouns::{self, Fault, FieldValue, LinkSpec, Noun, Spec};
use crate::record::{
    self, AnyDraft, DraftFinding, Ending, HistoryEntry, Issuing, KnownNames, Reader, RecordError,
    RecordPage, RecordRow, RecordSummary, Recorded, Series,
};
use crate::vocabulary::{Kind, KindClass, Language};

/// What a list is of.
#[derive(Clone, Copy, Debug)]
pub struct RecordQuery<'a> {
    /// The noun.
    pub noun: &'static Noun,
    /// What it hangs on.
    pub parent: SubjectId,
    /// Fields of each row.
    pub fields: &'a [&'static Spec],
    /// The reader's language.
    pub language: Language,
}

impl FieldStore {
    /// Records a draft, and the links that it names.
    ///
    /// # Errors
    /// `Locked`, `Record`: nothing was recorded.
    pub fn record(&self, draft: &AnyDraft) -> Result<Recorded, Error> {
        self.changing(|open| {
            let environment = &self.config.environment;
            check_kinds(&open.index(), draft)?;
            let issuing = || self.issuing(open, draft);
            record::record(environment, &open.chain, draft, issuing)
        })
    }

    /// Changes fields of a record.
    ///
    /// # Errors
    /// `Locked`, `Record`: nothing was recorded.
    pub fn amend(&self, subject: SubjectId, changes: &AnyDraft) -> Result<(), Error> {
        self.changing(|open| {
            let folded = known(&open.index(), subject)?;
            check_kinds(&open.index(), changes)?;
            record::amend(&open.chain, &folded, changes)
        })
    }

    /// Ends a conflict: of the entries that were shown, this value is to stand.
    ///
    /// # Errors
    /// `Locked`, `Record`: nothing was recorded.
    pub fn resolve(
        &self,
        subject: SubjectId,
        (field, value): (&str, &FieldValue),
        seen: &[EntryId],
        circumstances: Circumstances,
    ) -> Result<(), Error> {
        self.changing(|open| {
            let folded = known(&open.index(), subject)?;
            let (spec, value) = said_of(&folded, field, value)?;
            record::resolve(&open.chain, &folded, (spec, value), seen, circumstances)
        })
    }

    /// Takes a record back, or says that it never stood for anything; a link too.
    ///
    /// # Errors
    /// `Locked`, `Record`: nothing was recorded.
    pub fn end(
        &self,
        subject: SubjectId,
        ending: Ending,
        circumstances: Circumstances,
    ) -> Result<(), Error> {
        self.changing(|open| {
            let folded = known(&open.index(), subject)?;
            if folded.kind.class() == KindClass::Happening {
                return Err(RecordError::NotFound { what: "record" });
            }
            record::end(&open.chain, &folded, ending, circumstances)
        })
    }

    /// Links two records; gives the link. One that stands already is left as it is, one that was undone stands again.
    ///
    /// # Errors
    /// `Locked`, `Record`: nothing was recorded.
    pub fn link(
        &self,
        one: SubjectRef,
        other: SubjectRef,
        circumstances: Circumstances,
    ) -> Result<SubjectId, Error> {
        let spec = link_between(one.kind, other.kind)?;
        self.changing(|open| {
            check_kind(&open.index(), "one", one)?;
            check_kind(&open.index(), "other", other)?;
            let id = record::link_id(self.join.org, spec, (one, other));
            let known = open.index().folded(id)?;
            let ends = (one, other);
            record::link(&open.chain, spec, ends, known.as_ref(), circumstances)?;
            Ok(id)
        })
    }

    /// One record as people read it.
    ///
    /// # Errors
    /// `Locked`, `Record(NotFound)`, or the index's.
    pub fn record_page(&self, subject: SubjectId, language: Language) -> Result<RecordPage, Error> {
        self.reading(language, |_, index, reader| {
            let page = record::record_page(index, subject, reader)?;
            Ok(page.ok_or(RecordError::NotFound { what: "record" })?)
        })
    }

    /// A page of a list, and where the next one begins.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn list_records(
        &self,
        query: RecordQuery<'_>,
        page: (Option<&PageCursor>, usize),
    ) -> Result<(Vec<RecordRow>, Option<PageCursor>), Error> {
        self.reading(query.language, |_, index, reader| {
            let of = (query.noun, query.parent, query.fields);
            Ok(record::list_records(index, of, page, reader)?)
        })
    }

    /// Records that are found by what was typed, in the order of ids, behind `after`.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn search(
        &self,
        typed: &str,
        after: SubjectId,
        limit: usize,
        language: Language,
    ) -> Result<Vec<RecordSummary>, Error> {
        self.reading(language, |_, index, reader| {
            Ok(record::search_records(
                index,
                typed,
                (after, limit),
                reader,
            )?)
        })
    }

    /// A page of what was said of a record, the newest first, behind entry `after`; of one field, if it is named.
    ///
    /// # Errors
    /// `Locked`, `Record(NotFound)`, `Record(Findings)`: no such field.
    pub fn history(
        &self,
        subject: SubjectId,
        field: Option<&str>,
        page: (Option<EntryId>, usize),
        language: Language,
    ) -> Result<Vec<HistoryEntry>, Error> {
        self.reading(language, |open, index, reader| {
            let folded = known(index, subject)?;
            let spec = field.map(|field| field_of(&folded, field)).transpose()?;
            let entries = open.chain.journal().entries_of_subject(subject)?;
            let told = record::history(&entries, spec, page, reader);
            Ok(told.ok_or(RecordError::NotFound { what: "page" })?)
        })
    }

    /// What is wrong with a draft of a new record, all at once.
    ///
    /// # Errors
    /// `Locked`.
    pub fn check_draft(&self, draft: &AnyDraft) -> Result<Vec<DraftFinding>, Error> {
        self.with_open(|_| Ok(draft.findings()))
    }

    /// What whoever works now may read.
    fn reading<T>(
        &self,
        language: Language,
        act: impl FnOnce(&Open, &Index, &Reader<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.with_open(|open| {
            let signed = self.roster();
            let roster = signed.as_ref().map(|signed| &signed.roster);
            let index = open.index();
            let clearance = record::clearance_of(open.chain.operator(), roster);
            let names = KnownNames {
                index: &index,
                roster,
                own: Some((self.device_id(), self.device_name())),
                language,
                clearance,
                titles: RefCell::default(),
            };
            let reader = Reader {
                language,
                clearance,
                roster,
                names: &names,
            };
            act(open, &index, &reader)
        })
    }

    /// Changes one after the other, each followed by the index before the next one reads it.
    pub(super) fn changing<T>(
        &self,
        act: impl FnOnce(&Open) -> Result<T, RecordError>,
    ) -> Result<T, Error> {
        self.with_open(|open| {
            let turn = &open.changing;
            let _turn = turn
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let made = act(open)?;
            self.follow(open)?;
            Ok(made)
        })
    }

    /// The series of a code given here: below the code of what the record hangs on; by the newest issuer that the roster grants, before that one of
    /// this device's own.
    fn issuing(&self, open: &Open, draft: &AnyDraft) -> Result<Issuing, RecordError> {
        let noun = draft.noun();
        let missing = || RecordError::NotFound {
            what: "what it hangs on",
        };
        let (_, form, _) = noun.code_field().ok_or_else(missing)?;
        let parent = noun.parents().next().ok_or_else(missing)?;
        let above = draft.value(parent.number).and_then(SubjectId::from_value);
        let folded = above.map(|above| open.index().folded(above)).transpose()?;
        let folded = folded.flatten().ok_or_else(missing)?;
        let sorted = nouns::noun(folded.kind)
            .and_then(|noun| noun.fields.iter().find(|spec| spec.is_sort))
            .filter(|_| parent.shape.kinds().contains(&folded.kind));
        let code = sorted.and_then(|spec| folded.value(spec.number)?.as_text());
        Ok(Issuing {
            series: Series::below(form, code.ok_or_else(missing)?)?,
            issuer: self.issuer_of(open.chain.device()),
        })
    }

    fn issuer_of(&self, device: DeviceId) -> Issuer {
        let signed = self.roster();
        let granted = signed.as_ref().and_then(|signed| {
            let issuers = signed.roster.issuers_of(device);
            issuers.last().map(|issuer| (*issuer).clone())
        });
        granted.unwrap_or_else(|| Issuer::provisional(&device.0.0))
    }
}

/// A record of which something is known here.
pub(super) fn known(index: &Index, subject: SubjectId) -> Result<Folded, RecordError> {
    let folded = index.folded(subject)?;
    folded.ok_or(RecordError::NotFound { what: "record" })
}

/// Refuses a draft that calls a record which is known here something else than it is; what is not known yet is taken at its word.
fn check_kinds(index: &Index, draft: &AnyDraft) -> Result<(), RecordError> {
    for link in draft.links() {
        check_kind(index, "links", *link)?;
    }
    for spec in draft.noun().fields {
        let value = draft.value(spec.number).map(|value| spec.value_of(value));
        let named = match value {
            Some(FieldValue::Reference(subject)) => vec![subject],
            Some(FieldValue::References(subjects)) => subjects,
            Some(_) | None => Vec::new(),
        };
        for subject in named {
            check_kind(index, spec.code, subject)?;
        }
    }
    Ok(())
}

fn check_kind(index: &Index, field: &str, subject: SubjectRef) -> Result<(), RecordError> {
    let known = index.kind_of(subject.id)?;
    match known.filter(|kind| *kind != subject.kind) {
        Some(kind) => Err(RecordError::at(field, Fault::OtherKind { kind })),
        None => Ok(()),
    }
}

/// The field of a record's noun.
fn field_of(folded: &Folded, code: &str) -> Result<&'static Spec, RecordError> {
    let noun = nouns::noun(folded.kind).ok_or(RecordError::NotFound { what: "record" })?;
    let spec = noun.named_field(code);
    spec.map_err(|fault| RecordError::at(code, fault))
}

/// A value of a field as a change may say it.
fn said_of(
    folded: &Folded,
    code: &str,
    given: &FieldValue,
) -> Result<(&'static Spec, Value), RecordError> {
    let spec = field_of(folded, code)?;
    let noun = nouns::noun(folded.kind).ok_or(RecordError::NotFound { what: "record" })?;
    let mut changes = AnyDraft::of(noun);
    changes.say(code, given);
    let said = changes.changes()?;
    let value = said.get(spec.number).ok_or(RecordError::NothingSaid)?;
    Ok((spec, value.clone()))
}

fn link_between(one: Kind, other: Kind) -> Result<&'static LinkSpec, RecordError> {
    let spec = nouns::noun(one).and_then(|noun| noun.link_to(other));
    let (one, other) = (one.name(), other.name());
    spec.ok_or(RecordError::NoSuchLink { one, other })
}
