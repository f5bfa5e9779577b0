//! What can be done with any record: check, record, amend, resolve, withdraw, void, link. The fields are those of the kind's table.

use std::collections::HashMap;

use imena_core::encoding::Hash32;
use imena_core::model::circumstances as beside;
use imena_core::model::ids::EntryId;
use imena_core::record::{AnyDraft, DraftFinding as CoreFinding, Ending};
use imena_core::vocabulary::{MomentPrecision, MomentSource};

use crate::error::CoreError;
use crate::store::{FieldStore, about};
use crate::subject::{SubjectRef, id_of};
use crate::term::{Language, known};
use crate::value::FieldValue;

/// A moment as somebody tells it; a part of a day is given by its start.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Moment {
    /// ms since 1970 UTC.
    pub at_ms: i64,
    /// Minutes east of UTC where it happened.
    pub offset_min: i32,
    /// How exact, a code of the vocabulary `moment_precision`.
    pub precision_code: String,
    /// Who or what says so, a code of the vocabulary `moment_source`.
    pub source_code: String,
}

/// A person as somebody names them: an operator's id or a name at least.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct Person {
    /// An operator; absent: nobody who works here.
    #[uniffi(default = None)]
    pub operator_id: Option<String>,
    /// As given.
    #[uniffi(default = None)]
    pub name: Option<String>,
    /// Office.
    #[uniffi(default = None)]
    pub position: Option<String>,
    /// For whom.
    #[uniffi(default = None)]
    pub organisation: Option<String>,
    /// What they did here.
    #[uniffi(default = None)]
    pub role: Option<String>,
    /// What they showed.
    #[uniffi(default = None)]
    pub document: Option<String>,
    /// How they are reached.
    #[uniffi(default = None)]
    pub contact: Option<String>,
}

/// What is said beside the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct Circumstances {
    /// Whose words these are; absent: the operator's.
    #[uniffi(default = None)]
    pub stated_by: Option<Person>,
    /// When it happened; absent: when it is recorded.
    #[uniffi(default = None)]
    pub occurred: Option<Moment>,
    /// Why, up to 4096 bytes.
    #[uniffi(default = None)]
    pub reason: Option<String>,
}

/// A new record.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct RecordDraft {
    /// What it is, a code of `list_kinds`.
    pub kind: String,
    /// Values by the codes of their fields.
    pub fields: HashMap<String, FieldValue>,
    /// Records that it is linked to from the beginning.
    #[uniffi(default = [])]
    pub links: Vec<SubjectRef>,
    /// Whose words, when, why.
    #[uniffi(default = None)]
    pub circumstances: Option<Circumstances>,
}

/// What was recorded.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Recorded {
    /// The record.
    pub subject: SubjectRef,
    /// What stands on its label; absent: it has none.
    pub code: Option<String>,
}

/// Changes to a record.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct RecordAmendment {
    /// Which one.
    pub subject: SubjectRef,
    /// The fields that change; `Nothing` takes a value back.
    pub fields: HashMap<String, FieldValue>,
    /// Whose words, when, why.
    #[uniffi(default = None)]
    pub circumstances: Option<Circumstances>,
}

/// The end of a conflict.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct FieldResolution {
    /// Which record.
    pub record_id: String,
    /// Which field.
    pub field: String,
    /// What is to stand.
    pub value: FieldValue,
    /// `entry_id` of every rival that the screen showed.
    pub seen_entries: Vec<String>,
    /// Whose words, when, why.
    #[uniffi(default = None)]
    pub circumstances: Option<Circumstances>,
}

/// What is wrong with a draft.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DraftFinding {
    /// The field where a form shows it; `links` for the links.
    pub field: String,
    /// Name of the rule, for programs.
    pub rule: String,
    /// What people read.
    pub text: String,
}

#[uniffi::export]
impl FieldStore {
    /// Everything that would make `record` refuse a draft, in the order of the form.
    ///
    /// # Errors
    /// `Locked`, `Invalid` (no such kind), `NotFound` (no id).
    pub fn check_draft(
        &self,
        draft: RecordDraft,
        language: Language,
    ) -> Result<Vec<DraftFinding>, CoreError> {
        self.shared.read("check_draft", |core| {
            let found = core.check_draft(&draft.read()?)?.into_iter();
            let told = |finding: CoreFinding| DraftFinding {
                field: finding.field,
                rule: finding.fault.rule().to_owned(),
                text: finding.fault.text(language.into()),
            };
            Ok::<_, CoreError>(found.map(told).collect())
        })
    }

    /// Records a draft and the links that it names, all or nothing.
    ///
    /// # Errors
    /// `Locked`, `Invalid` (the first finding), `NotFound`, `Refused` (the code is in use), `StorageFull`, `StorageFailed`.
    pub fn record(&self, draft: RecordDraft) -> Result<Recorded, CoreError> {
        self.shared.write("record", |core| {
            let recorded = core.record(&draft.read()?)?;
            Ok::<_, CoreError>(Recorded {
                subject: recorded.subject.into(),
                code: recorded.code,
            })
        })
    }

    /// Changes fields of a record. What was said before stays in its history.
    ///
    /// # Errors
    /// `Locked`, `Invalid`, `NotFound`, `StorageFull`, `StorageFailed`.
    pub fn amend(&self, amendment: RecordAmendment) -> Result<(), CoreError> {
        self.shared.write("amend", |core| {
            let subject = amendment.subject.read("record")?;
            let mut changes = AnyDraft::named(&amendment.subject.kind)?;
            say(&mut changes, amendment.fields)?;
            changes.circumstances = read_circumstances(amendment.circumstances)?;
            about(&amendment.subject.id, core.amend(subject.id, &changes))
        })
    }

    /// Ends a conflict: of all that the screen showed, this value is to stand.
    ///
    /// # Errors
    /// `Refused` if something that was shown stands no more: nothing was recorded, look again. `Locked`, `Invalid`, `NotFound`, `StorageFull`,
    /// `StorageFailed`.
    pub fn resolve(&self, resolution: FieldResolution) -> Result<(), CoreError> {
        self.shared.write("resolve", |core| {
            let subject = id_of("record", &resolution.record_id)?;
            let field = resolution.field.as_str();
            let value = resolution.value.read(field)?;
            let seen = resolution.seen_entries.iter().map(|text| read_entry(text));
            let seen = seen.collect::<Result<Vec<_>, _>>()?;
            let why = read_circumstances(resolution.circumstances)?;
            let resolved = core.resolve(subject, (field, &value), &seen, why);
            about(&resolution.record_id, resolved)
        })
    }

    /// Takes a record or a link back. It stays, with the reason.
    ///
    /// # Errors
    /// `Locked`, `Invalid` (no reason), `NotFound`, `StorageFull`, `StorageFailed`.
    pub fn withdraw(
        &self,
        record_id: String,
        circumstances: Circumstances,
    ) -> Result<(), CoreError> {
        self.end("withdraw", &record_id, Ending::Withdrawn, circumstances)
    }

    /// Says that a record never stood for anything, such as a code on a label that tore. It stays, with the reason.
    ///
    /// # Errors
    /// `Locked`, `Invalid` (no reason), `NotFound`, `StorageFull`, `StorageFailed`.
    pub fn void_record(
        &self,
        record_id: String,
        circumstances: Circumstances,
    ) -> Result<(), CoreError> {
        self.end("void_record", &record_id, Ending::Void, circumstances)
    }

    /// Links two records, such as a grave and a marker; gives the id of the link, which `withdraw` takes. A link that stands is left as it is, one that
    /// was undone stands again.
    ///
    /// # Errors
    /// `Locked`, `Invalid` (these two are not linked), `NotFound` (no id), `StorageFull`, `StorageFailed`.
    pub fn link_records(
        &self,
        one: SubjectRef,
        other: SubjectRef,
        circumstances: Circumstances,
    ) -> Result<String, CoreError> {
        self.shared.write("link_records", |core| {
            let ends = (one.read("one")?, other.read("other")?);
            let why = read_circumstances(Some(circumstances))?;
            let link = core.link(ends.0, ends.1, why)?;
            Ok::<_, CoreError>(link.to_string())
        })
    }
}

impl FieldStore {
    fn end(
        &self,
        call: &str,
        record_id: &str,
        ending: Ending,
        circumstances: Circumstances,
    ) -> Result<(), CoreError> {
        self.shared.write(call, |core| {
            let subject = id_of("record", record_id)?;
            let why = read_circumstances(Some(circumstances))?;
            about(record_id, core.end(subject, ending, why))
        })
    }
}

impl RecordDraft {
    /// Reads a draft; what its values may be is the core's to say.
    pub(crate) fn read(self) -> Result<AnyDraft, CoreError> {
        let mut draft = AnyDraft::named(&self.kind)?;
        say(&mut draft, self.fields)?;
        for link in &self.links {
            draft.link(link.read("links")?);
        }
        draft.circumstances = read_circumstances(self.circumstances)?;
        Ok(draft)
    }
}

fn say(draft: &mut AnyDraft, fields: HashMap<String, FieldValue>) -> Result<(), CoreError> {
    for (code, value) in fields {
        let value = value.read(&code)?;
        draft.say(&code, &value);
    }
    Ok(())
}

/// Reads the id of an entry as a view gives it.
pub(crate) fn read_entry(text: &str) -> Result<EntryId, CoreError> {
    let entry = Hash32::from_hex(text).map(EntryId);
    entry.ok_or_else(|| CoreError::invalid("entry", "is no id of an entry"))
}

fn read_circumstances(
    circumstances: Option<Circumstances>,
) -> Result<beside::Circumstances, CoreError> {
    let circumstances = circumstances.unwrap_or_default();
    Ok(beside::Circumstances {
        stated_by: circumstances.stated_by.map(Person::read).transpose()?,
        occurred: circumstances.occurred.map(Moment::read).transpose()?,
        reason: circumstances.reason,
    })
}

impl Person {
    fn read(self) -> Result<beside::Person, CoreError> {
        let id = self.operator_id.as_deref();
        let person = beside::Person {
            id: id.map(|id| id_of("operator", id)).transpose()?,
            name: self.name,
            position: self.position,
            organisation: self.organisation,
            role: self.role,
            document: self.document,
            contact: self.contact,
        };
        match person.id.is_none() && person.name.is_none() {
            true => Err(CoreError::invalid("stated_by", "names nobody")),
            false => Ok(person),
        }
    }
}

impl Moment {
    fn read(self) -> Result<beside::Occurred, CoreError> {
        let precision = known(
            "precision_code",
            &self.precision_code,
            MomentPrecision::known,
        )?;
        Ok(beside::Occurred {
            at_ms: self.at_ms,
            offset_min: self.offset_min.into(),
            precision,
            source: known("source_code", &self.source_code, MomentSource::known)?,
        })
    }
}

impl From<beside::Circumstances> for Circumstances {
    fn from(circumstances: beside::Circumstances) -> Self {
        Self {
            stated_by: circumstances.stated_by.map(Person::from),
            occurred: circumstances.occurred.map(Moment::from),
            reason: circumstances.reason,
        }
    }
}

impl From<beside::Person> for Person {
    fn from(person: beside::Person) -> Self {
        Self {
            operator_id: person.id.map(|id| id.to_string()),
            name: person.name,
            position: person.position,
            organisation: person.organisation,
            role: person.role,
            document: person.document,
            contact: person.contact,
        }
    }
}

impl From<beside::Occurred> for Moment {
    fn from(occurred: beside::Occurred) -> Self {
        Self {
            at_ms: occurred.at_ms,
            offset_min: i32::try_from(occurred.offset_min).unwrap_or_default(),
            precision_code: occurred.precision.code().to_owned(),
            source_code: occurred.source.code().to_owned(),
        }
    }
}
