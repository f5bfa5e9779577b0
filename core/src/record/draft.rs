//! A draft → everything that is wrong with it, each at its field → the fields of one entry. For every noun.
//!
//! Does not write entries (`write.rs`) or know what is in the index. Invariant: what a draft of the tables of today writes is what version 1 wrote.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::RecordError;
use crate::encoding::{Map, Value};
use crate::model::circumstances::Circumstances;
use crate::model::ids::SubjectRef;
use crate::nouns::{
    self, Fault, Field, FieldValue, Find, HasNoun, LINE_BYTES_MAX, Noun, PAGE_BYTES_MAX, Said,
    Spec, bounded,
};

/// Where links are said, among findings.
const LINKS: &str = "links";
/// Where a reason is said.
pub(super) const REASON: &str = "circumstances.reason";
/// Where it is said whose words they are.
const STATED_BY: &str = "circumstances.stated_by";
/// Where it is said when it happened.
const OCCURRED: &str = "circumstances.occurred";
/// No zone on Earth is further from UTC, min.
const OFFSET_MIN_MAX: i64 = 14 * 60;

/// A draft in Rust code.
///
/// A field of another noun, a value of another type or a term of another list does not compile:
///
/// ```compile_fail
/// # use imena_core::{nouns::{marker::Marker, person_hint}, record::Draft, vocabulary::HintSource};
/// Draft::<Marker>::new().with(person_hint::SOURCE, HintSource::Witness);
/// ```
/// ```compile_fail
/// # use imena_core::{nouns::marker::{self, Marker}, record::Draft};
/// Draft::<Marker>::new().with(marker::KIND, "cross".to_owned());
/// ```
/// ```compile_fail
/// # use imena_core::{nouns::marker::{self, Marker}, record::Draft, vocabulary::GraveKind};
/// Draft::<Marker>::new().with(marker::KIND, GraveKind::Empty);
/// ```
/// ```
/// # use imena_core::{nouns::marker::{self, Marker}, record::Draft, vocabulary::MarkerKind};
/// Draft::<Marker>::new().with(marker::KIND, MarkerKind::Cross);
/// ```
#[derive(Clone, Debug)]
pub struct Draft<N> {
    draft: AnyDraft,
    of: PhantomData<fn() -> N>,
}

/// A draft as forms, scripts and imports make it: of a new record, or of changes to one.
#[derive(Clone, Debug)]
pub struct AnyDraft {
    noun: &'static Noun,
    fields: BTreeMap<u64, Value>,
    links: Vec<SubjectRef>,
    /// What could not be taken at all.
    faults: Vec<DraftFinding>,
    /// Whose words, when, why.
    pub circumstances: Circumstances,
}

/// What is wrong with a draft, at the field where a form shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftFinding {
    /// Code of the field, as it was called.
    pub field: String,
    /// What is wrong.
    pub fault: Fault,
}

impl<N: HasNoun> Draft<N> {
    /// An empty draft.
    #[must_use]
    pub fn new() -> Self {
        let (draft, of) = (AnyDraft::of(N::NOUN), PhantomData);
        Self { draft, of }
    }

    /// Says a field.
    #[must_use]
    pub fn with<T: Said>(mut self, field: Field<N, T>, value: T::Of) -> Self {
        self.draft.put(&field.spec, T::to_value(&value));
        self
    }

    /// Says a field, if there is something to say.
    #[must_use]
    pub fn with_some<T: Said>(self, field: Field<N, T>, value: Option<T::Of>) -> Self {
        match value {
            Some(value) => self.with(field, value),
            None => self,
        }
    }

    /// Says why there is no value.
    #[must_use]
    pub fn with_gap<T: Said>(mut self, field: Field<N, T>, gap: &crate::vocabulary::Gap) -> Self {
        self.draft.put(&field.spec, gap.to_value());
        self
    }

    /// Takes back what a field said.
    #[must_use]
    pub fn with_nothing<T: Said>(mut self, field: Field<N, T>) -> Self {
        self.draft.put(&field.spec, Value::Null);
        self
    }

    /// Links another record.
    #[must_use]
    pub fn link(mut self, other: SubjectRef) -> Self {
        self.draft.link(other);
        self
    }

    /// Gives a reason.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.draft.circumstances.reason = Some(reason.to_owned());
        self
    }

    /// As the verbs take it.
    #[must_use]
    pub fn any(self) -> AnyDraft {
        self.draft
    }
}

impl<N: HasNoun> Default for Draft<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl AnyDraft {
    /// An empty draft of a noun.
    #[must_use]
    pub fn of(noun: &'static Noun) -> Self {
        Self {
            noun,
            fields: BTreeMap::new(),
            links: Vec::new(),
            faults: Vec::new(),
            circumstances: Circumstances::default(),
        }
    }

    /// An empty draft of the noun of a word.
    ///
    /// # Errors
    /// `NoSuchKind` names those there are.
    pub fn named(kind: &str) -> Result<Self, RecordError> {
        let noun = nouns::noun_of_name(kind);
        noun.map(Self::of).ok_or_else(|| RecordError::NoSuchKind {
            kind: kind.to_owned(),
        })
    }

    /// Its noun.
    #[must_use]
    pub fn noun(&self) -> &'static Noun {
        self.noun
    }

    /// The value of a field as it was said; nothing was checked yet.
    #[must_use]
    pub fn value(&self, number: u64) -> Option<&Value> {
        self.fields.get(&number)
    }

    /// The records that it is to be linked to.
    #[must_use]
    pub fn links(&self) -> &[SubjectRef] {
        &self.links
    }

    /// Says a field by its code. What cannot be taken becomes a finding.
    pub fn say(&mut self, code: &str, given: &FieldValue) {
        self.take(code, |spec| spec.take(given));
    }

    /// Says a field as it is typed. What cannot be taken becomes a finding.
    pub fn type_in(&mut self, code: &str, typed: &str, find: Find<'_>) {
        self.take(code, |spec| spec.take_typed(typed, find));
    }

    /// Links another record.
    pub fn link(&mut self, other: SubjectRef) {
        if !self.links.contains(&other) {
            self.links.push(other);
        }
    }

    fn put(&mut self, spec: &Spec, value: Value) {
        self.fields.insert(spec.number, value);
    }

    fn take(&mut self, code: &str, read: impl FnOnce(&Spec) -> Result<Value, Fault>) {
        let named = self.noun.named_field(code);
        let taken = named.and_then(|spec| match spec.only_by {
            Some(verb) => Err(Fault::OnlyBy { verb }),
            None => read(spec).map(|value| (spec, value)),
        });
        match taken {
            Ok((spec, value)) => self.put(spec, value),
            Err(fault) => {
                let field = code.to_owned();
                self.faults.push(DraftFinding { field, fault });
            }
        }
    }

    /// Everything that would make the core refuse a new record of it, in the order of the form.
    #[must_use]
    pub fn findings(&self) -> Vec<DraftFinding> {
        let missing = |spec: &&Spec| {
            let said = self.fields.get(&spec.number);
            let is_faulty = self.faults.iter().any(|known| known.field == spec.code);
            spec.is_owed && !is_faulty && said.is_none_or(|value| *value == Value::Null)
        };
        let owed = self.noun.fields.iter().filter(missing);
        let owed = owed.map(|spec| finding(spec.code, Fault::Owed));
        let mut all: Vec<DraftFinding> = owed.chain(self.wrong()).collect();
        if !self.noun.is_asked_for() {
            // Its entries come by a verb of their own: an empty one would be a photo without a file.
            let mut closed = self.noun.fields.iter();
            let first = closed.find_map(|spec| Some((spec.code, spec.only_by?)));
            all.extend(first.map(|(code, verb)| finding(code, Fault::OnlyBy { verb })));
        }
        let place = |found: &DraftFinding| {
            let mut fields = self.noun.fields.iter();
            fields.position(|spec| spec.code == found.field)
        };
        all.sort_by_key(|found| place(found).unwrap_or(usize::MAX));
        all
    }

    /// Everything that would make the core refuse to change a record by it.
    #[must_use]
    pub fn findings_of_changes(&self) -> Vec<DraftFinding> {
        let is_nothing = |spec: &&Spec| self.fields.get(&spec.number) == Some(&Value::Null);
        let owed = self.noun.fields.iter().filter(|spec| spec.is_owed);
        let taken = owed.filter(is_nothing);
        let taken = taken.map(|spec| finding(spec.code, Fault::Owed));
        let mut all: Vec<DraftFinding> = taken.chain(self.wrong()).collect();
        // The code is what the record is.
        let code = self.noun.code_field().map(|(spec, ..)| spec);
        let code = code.filter(|spec| self.fields.contains_key(&spec.number));
        all.extend(code.map(|spec| finding(spec.code, Fault::OnlyBy { verb: "record" })));
        all
    }

    fn wrong(&self) -> Vec<DraftFinding> {
        let mut all = self.faults.clone();
        all.extend(beside(&self.circumstances));
        for spec in self.noun.fields {
            let Some(value) = self.fields.get(&spec.number) else {
                continue;
            };
            let fault = match spec.only_by {
                Some(verb) => Some(Fault::OnlyBy { verb }),
                None => spec.accept(value.clone()).err(),
            };
            all.extend(fault.map(|fault| finding(spec.code, fault)));
        }
        for link in &self.links {
            if self.noun.link_to(link.kind).is_none() {
                let kind = link.kind;
                all.push(finding(LINKS, Fault::OtherKind { kind }));
            }
        }
        all
    }

    /// The fields of the entry that makes the record.
    ///
    /// # Errors
    /// `Findings`, all of them.
    pub fn entry(&self) -> Result<Map, RecordError> {
        refuse(self.findings())?;
        let mut fields = Map::new();
        for spec in self.noun.fields {
            let said = self.accepted(spec).filter(|value| !says_nothing(value));
            match said {
                Some(value) => fields = fields.with(spec.number, value),
                None if spec.is_always => fields = fields.with(spec.number, spec.empty()),
                None => {}
            }
        }
        Ok(fields)
    }

    /// The fields of the entry that changes a record.
    ///
    /// # Errors
    /// `Findings`, all of them; `NothingSaid`.
    pub fn changes(&self) -> Result<Map, RecordError> {
        refuse(self.findings_of_changes())?;
        let specs = self.noun.fields.iter();
        let said = specs.filter_map(|spec| {
            let value = self.accepted(spec)?;
            let is_emptied = says_nothing(&value) && !spec.is_always;
            let value = if is_emptied { Value::Null } else { value };
            Some((spec.number, value))
        });
        let fields = Map(said.collect());
        match fields.0.is_empty() {
            true => Err(RecordError::NothingSaid),
            false => Ok(fields),
        }
    }

    /// What it says, as far as that may be recorded.
    pub(super) fn said(&self) -> Map {
        let specs = self.noun.fields.iter();
        let said = specs.filter_map(|spec| Some((spec.number, self.accepted(spec)?)));
        Map(said.collect())
    }

    fn accepted(&self, spec: &Spec) -> Option<Value> {
        let value = self.fields.get(&spec.number)?.clone();
        spec.accept(value).ok()
    }
}

/// In a new record; in a change it takes back what was said.
fn says_nothing(value: &Value) -> bool {
    *value == Value::Null || value.as_text() == Some("")
}

fn finding(field: &str, fault: Fault) -> DraftFinding {
    let field = field.to_owned();
    DraftFinding { field, fault }
}

/// What is wrong with what is said beside the fields.
fn beside(circumstances: &Circumstances) -> Vec<DraftFinding> {
    let reason = circumstances.reason.as_deref();
    let wrong = reason.and_then(|reason| bounded(reason, PAGE_BYTES_MAX).err());
    let mut all: Vec<DraftFinding> = wrong
        .map(|fault| finding(REASON, fault))
        .into_iter()
        .collect();
    let person = circumstances.stated_by.iter();
    let texts = person.flat_map(|person| {
        let (name, position, role) = (&person.name, &person.position, &person.role);
        let rest = (&person.organisation, &person.document, &person.contact);
        [name, position, role, rest.0, rest.1, rest.2]
    });
    let wrong = texts
        .flatten()
        .filter_map(|text| bounded(text, LINE_BYTES_MAX).err());
    all.extend(wrong.map(|fault| finding(STATED_BY, fault)));
    let occurred = circumstances.occurred.as_ref();
    let offset = occurred.map(|occurred| occurred.offset_min);
    if offset.is_some_and(|offset| !(-OFFSET_MIN_MAX..=OFFSET_MIN_MAX).contains(&offset)) {
        let (min, max) = (-OFFSET_MIN_MAX, OFFSET_MIN_MAX);
        all.push(finding(OCCURRED, Fault::NotBetween { min, max }));
    }
    all
}

/// Refuses what may not be said beside the fields.
///
/// # Errors
/// `Findings`, all of them.
pub(super) fn check_beside(circumstances: &Circumstances) -> Result<(), RecordError> {
    refuse(beside(circumstances))
}

fn refuse(findings: Vec<DraftFinding>) -> Result<(), RecordError> {
    match findings.is_empty() {
        true => Ok(()),
        false => Err(RecordError::Findings(findings)),
    }
}
