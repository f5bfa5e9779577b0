//! The verbs of every noun, by its table: record, amend, resolve, withdraw, void, link, unlink, history, form, search.
//!
//! Owns how a field is typed (`field=value`) and how a view is printed. Knows no noun: what there is stands in `imena_core::nouns`.

use clap::Subcommand;
use clap_complete::engine::ArgValueCompleter;
use imena_core::field_store::FieldStore;
use imena_core::model::circumstances::Circumstances;
use imena_core::model::ids::{SubjectId, SubjectRef};
use imena_core::nouns::{self, FieldValue, Noun, Said as _};
use imena_core::record::{AnyDraft, Editor, Ending, FormField, FormPath, RecordSummary, form};
use serde_json::json;

use super::complete;
use super::find::find;
use super::list::{LANGUAGE, field_lines, line, noun_of as noun_of_word, who};
use crate::Done;
use crate::failure::Failure;
use crate::terminal::{Terminal, foreign};

/// More hits than a person reads.
const FOUND_MAX: usize = 50;

/// What can be done with any record.
#[derive(Debug, Subcommand)]
pub enum RecordVerb {
    /// Record anything by its fields: `record marker --of LYS1 kind=cross number_text=319`; `form KIND` lists the fields.
    Record {
        /// What: `form` without a kind lists them.
        #[arg(add = ArgValueCompleter::new(complete::kinds))]
        kind: String,
        /// Code, place code or id of what it belongs to.
        #[arg(long)]
        of: Option<String>,
        /// Code or id of a record to link; may be given several times.
        #[arg(long = "link")]
        links: Vec<String>,
        /// `field=value`; lists with commas, `field=?not_examined` for a gap.
        #[arg(add = ArgValueCompleter::new(complete::fields))]
        fields: Vec<String>,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Change fields of a record; `field=` takes a value back.
    Amend {
        /// Code, place code or id.
        of: String,
        /// `field=value`.
        #[arg(required = true, add = ArgValueCompleter::new(complete::fields))]
        fields: Vec<String>,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// End a conflict: of all that `show` shows for a field, this is to stand.
    Resolve {
        /// Code, place code or id.
        of: String,
        /// `field=value`.
        #[arg(add = ArgValueCompleter::new(complete::fields))]
        field: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Take a record back; it stays, with the reason.
    Withdraw {
        /// Code, place code or id.
        of: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Say that a record never stood for anything; it stays, with the reason.
    Void {
        /// Code, place code or id.
        of: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Link two records, such as a grave and a marker.
    Link {
        /// Code or id of one.
        one: String,
        /// Code or id of the other.
        other: String,
    },
    /// Undo a link; it stays, with the reason.
    Unlink {
        /// Code or id of one.
        one: String,
        /// Code or id of the other.
        other: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Tell what was said of a record, the newest first.
    History {
        /// Code, place code or id.
        of: String,
        /// Only what speaks of this field.
        field: Option<String>,
    },
    /// List what can be recorded, or the fields of one kind.
    Form {
        /// What.
        #[arg(add = ArgValueCompleter::new(complete::kinds))]
        kind: Option<String>,
        /// With what experts are asked.
        #[arg(long)]
        expert: bool,
    },
    /// Find records by words of three scripts or by a number.
    Search {
        /// What is written.
        #[arg(required = true)]
        words: Vec<String>,
    },
}

/// Carries out one of them.
pub fn run(terminal: &mut Terminal, store: &FieldStore, verb: RecordVerb) -> Done {
    match verb {
        RecordVerb::Record {
            kind,
            of,
            links,
            fields,
            reason,
        } => {
            let mut draft = AnyDraft::of(noun_of_word(&kind)?);
            if let Some(of) = of {
                belong(store, &mut draft, find(store, &of)?)?;
            }
            for link in &links {
                draft.link(find(store, link)?);
            }
            draft.circumstances = Circumstances::because(reason);
            type_in(store, &mut draft, &fields)?;
            let recorded = store.record(&draft)?;
            let (id, code) = (recorded.subject.id, recorded.code);
            let named = code.clone().unwrap_or_else(|| id.to_string());
            let kind = draft.noun().words.in_language(LANGUAGE);
            terminal.show(
                &format!("Recorded: {kind} {named}"),
                &json!({"kind": recorded.subject.kind, "id": id, "code": code}),
            );
            Ok(())
        }
        RecordVerb::Amend { of, fields, reason } => {
            let found = find(store, &of)?;
            let mut changes = AnyDraft::of(noun_of(found)?);
            changes.circumstances = Circumstances::because(reason);
            type_in(store, &mut changes, &fields)?;
            store.amend(found.id, &changes)?;
            told(
                terminal,
                "Changed; what was said before stays in its history.",
                found,
            )
        }
        RecordVerb::Resolve { of, field, reason } => {
            let found = find(store, &of)?;
            resolve(store, found, &field, reason)?;
            told(
                terminal,
                "Resolved; what did not stand stays in its history.",
                found,
            )
        }
        RecordVerb::Withdraw { of, reason } => {
            let found = find(store, &of)?;
            let why = Circumstances::because(Some(reason));
            store.end(found.id, Ending::Withdrawn, why)?;
            told(terminal, "Withdrawn; it stays, with the reason.", found)
        }
        RecordVerb::Void { of, reason } => {
            let found = find(store, &of)?;
            let why = Circumstances::because(Some(reason));
            store.end(found.id, Ending::Void, why)?;
            told(terminal, "Void; it stays, with the reason.", found)
        }
        RecordVerb::Link { one, other } => {
            let (one, other) = (find(store, &one)?, find(store, &other)?);
            let link = store.link(one, other, Circumstances::default())?;
            terminal.show("Linked.", &json!({"link": link}));
            Ok(())
        }
        RecordVerb::Unlink { one, other, reason } => {
            let (one, other) = (find(store, &one)?, find(store, &other)?);
            let page = store.record_page(one.id, LANGUAGE)?;
            let mut links = page.links.iter();
            let link = links.find(|link| link.other.subject.id == other.id);
            let link = link.map(|link| link.link).ok_or_else(|| {
                Failure::input("these two are not linked".to_owned(), "`show` shows links.")
            })?;
            let why = Circumstances::because(Some(reason));
            store.end(link, Ending::Withdrawn, why)?;
            terminal.show(
                "Unlinked; the link stays, with the reason.",
                &json!({"link": link}),
            );
            Ok(())
        }
        RecordVerb::History { of, field } => {
            let found = find(store, &of)?;
            history(terminal, store, found, field.as_deref())
        }
        RecordVerb::Form { kind, expert } => questions(terminal, kind.as_deref(), expert),
        RecordVerb::Search { words } => {
            let asked = words.join(" ");
            let found = store.search(&asked, SubjectId([0; 16]), FOUND_MAX, LANGUAGE)?;
            let named = |row: &RecordSummary| {
                let (kind, id) = (row.subject.kind.name(), row.subject.id);
                format!("{kind}  {}  id {id}", line(row))
            };
            let lines: Vec<String> = found.iter().map(named).collect();
            let text = match lines.is_empty() {
                true => "Nothing of that is known here.".to_owned(),
                false => lines.join("\n"),
            };
            terminal.show(&text, &found);
            Ok(())
        }
    }
}

fn told(terminal: &mut Terminal, text: &str, found: SubjectRef) -> Done {
    terminal.show(text, &json!({"kind": found.kind, "id": found.id}));
    Ok(())
}

fn noun_of(found: SubjectRef) -> Result<&'static Noun, Failure> {
    nouns::noun(found.kind).ok_or_else(|| {
        let what = format!("a {} has no fields that can be changed", found.kind.name());
        Failure::input(what, "`form` lists what has.")
    })
}

/// Fills in the field that takes a record of this kind, and the one above it that the record itself hangs on: remains of a grave are of its site.
fn belong(store: &FieldStore, draft: &mut AnyDraft, owner: SubjectRef) -> Result<(), Failure> {
    let noun = draft.noun();
    let takes = |kind| {
        let mut parents = noun.parents();
        parents.find(move |spec| spec.shape.kinds().contains(&kind))
    };
    let Some(spec) = takes(owner.kind) else {
        let what = format!(
            "a {} does not belong to a {}",
            noun.kind.name(),
            owner.kind.name()
        );
        return Err(Failure::input(what, "`form KIND` says what it belongs to."));
    };
    draft.say(spec.code, &FieldValue::Reference(owner));
    let above = nouns::noun(owner.kind).map_or(&[][..], |noun| noun.fields);
    // A scanned owner may not be known here yet: then what it hangs on is said when it is.
    let Ok(folded) = store.get(owner.id) else {
        return Ok(());
    };
    for parent in above.iter().filter(|spec| spec.is_parent) {
        let id = folded.value(parent.number).and_then(nouns::Ref::from_value);
        let kind = parent.shape.kinds().first().copied();
        if let Some((id, kind)) = id.zip(kind)
            && let Some(spec) = takes(kind)
        {
            draft.say(spec.code, &FieldValue::Reference(SubjectRef { kind, id }));
        }
    }
    Ok(())
}

pub fn type_in(store: &FieldStore, draft: &mut AnyDraft, fields: &[String]) -> Result<(), Failure> {
    for field in fields {
        let (code, typed) = pair(field)?;
        draft.type_in(code, typed, &|name| find(store, name).ok());
    }
    Ok(())
}

fn pair(field: &str) -> Result<(&str, &str), Failure> {
    field.split_once('=').ok_or_else(|| {
        let what = format!("{} is not field=value", foreign(field));
        Failure::input(what, "`form KIND` lists the fields.")
    })
}

fn resolve(
    store: &FieldStore,
    found: SubjectRef,
    field: &str,
    reason: Option<String>,
) -> Result<(), Failure> {
    let (code, typed) = pair(field)?;
    let page = store.record_page(found.id, LANGUAGE)?;
    let rivals = page.view.field(code).map(|field| field.rivals.as_slice());
    let seen: Vec<_> = rivals
        .unwrap_or_default()
        .iter()
        .map(|said| said.entry)
        .collect();
    if seen.is_empty() {
        let what = format!("there is no conflict about {}", foreign(code));
        return Err(Failure::input(
            what,
            "`show` shows what there is; `amend` changes a field.",
        ));
    }
    let spec = noun_of(found)?.field_of_code(code);
    let value = spec.map(|spec| {
        let taken = spec.take_typed(typed, &|name| find(store, name).ok());
        taken.map(|value| spec.value_of(&value))
    });
    let value = match value {
        Some(Ok(value)) => value,
        Some(Err(fault)) => {
            let what = format!("{}: {}", foreign(code), fault.text(LANGUAGE));
            return Err(Failure::input(what, "Correct it and try again."));
        }
        None => FieldValue::Text(typed.to_owned()),
    };
    let why = Circumstances::because(reason);
    Ok(store.resolve(found.id, (code, &value), &seen, why)?)
}

fn history(
    terminal: &mut Terminal,
    store: &FieldStore,
    found: SubjectRef,
    field: Option<&str>,
) -> Done {
    let told = store.history(found.id, field, (None, usize::MAX), LANGUAGE)?;
    let mut lines = Vec::new();
    for entry in &told {
        let when = imena_core::model::moment::shown(entry.recorded_ms);
        let who = who(&entry.operator_name, &entry.device_name);
        lines.push(format!("{when}  {}  {who}", entry.act.words().en));
        lines.extend(entry.fields.iter().flat_map(field_lines));
        lines.extend(
            entry
                .reason
                .as_ref()
                .map(|why| format!("  why: {}", foreign(why))),
        );
        if entry.is_body_missing {
            lines.push("  its text is withheld or erased".to_owned());
        }
    }
    terminal.show(&lines.join("\n"), &told);
    Ok(())
}

fn questions(terminal: &mut Terminal, kind: Option<&str>, expert: bool) -> Done {
    let Some(kind) = kind else {
        let line = |noun: &&&Noun| format!("{}  {}", noun.kind.name(), noun.words.en);
        let lines: Vec<String> = nouns::ALL.iter().map(|noun| line(&noun)).collect();
        let names: Vec<&str> = nouns::ALL.iter().map(|noun| noun.kind.name()).collect();
        terminal.show(&lines.join("\n"), &json!(names));
        return Ok(());
    };
    let noun = noun_of_word(kind)?;
    let path = if expert {
        FormPath::Expert
    } else {
        FormPath::Rescuer
    };
    let form = form(noun, path, LANGUAGE);
    let mut lines = vec![form.title.to_owned()];
    let mut codes = Vec::new();
    for section in &form.sections {
        lines.push(format!("{}:", section.label));
        for field in &section.fields {
            lines.push(question(field));
            codes.push(field.code);
        }
    }
    terminal.show(
        &lines.join("\n"),
        &json!({"kind": form.kind, "fields": codes}),
    );
    Ok(())
}

fn question(field: &FormField) -> String {
    let codes = |choices: &[imena_core::record::Choice]| {
        let codes: Vec<&str> = choices.iter().map(|choice| choice.code.as_str()).collect();
        codes.join(", ")
    };
    let how = match &field.editor {
        Editor::Line { bytes_max } | Editor::Page { bytes_max } => {
            format!("text, up to {bytes_max} bytes")
        }
        Editor::OneOf { choices } => format!("one of {}", codes(choices)),
        Editor::SeveralOf { choices } => format!("several of {}", codes(choices)),
        Editor::Number { unit_label, .. } => format!("number {unit_label}"),
        Editor::PartialDate => "date: 1987, 1987-05, 198X, 1987-05-02?".to_owned(),
        Editor::Subject { kinds } => format!("code or id of a {}", kinds.join(" or ")),
        Editor::Subjects { kinds, .. } => format!("codes or ids of {}", kinds.join(" or ")),
        Editor::NameParts { roles } => format!("role=letters; roles {}", codes(roles)),
        Editor::Label { form } => format!("code of {form}; left out: the next one"),
        Editor::Closed => "written by a verb of its own".to_owned(),
    };
    let owed = if field.is_owed { ", owed" } else { "" };
    format!("  {}  {}{owed} ({how})", field.code, field.label)
}
