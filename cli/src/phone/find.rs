//! From what a person typed to the one record it names: a code, a place code, an operator's name or an id.
//!
//! Owns that a name which several records bear is refused with each of them shown, and an id
//! decides. Invariant: no verb takes a record that the person did not name alone.

use imena_core::field_store::FieldStore;
use imena_core::model::codes::PlaceCode;
use imena_core::model::ids::{SubjectId, SubjectRef};
use imena_core::record::{OperatorDraft, OperatorView, RecordState, SiteView};
use imena_core::vocabulary::{Kind, OperatorRole};

use super::show::to_choose;
use crate::failure::Failure;
use crate::terminal::foreign;

/// What a name stands for, as several records bear it.
struct Choice<'a> {
    name: &'a str,
    record: &'a RecordState,
    id: SubjectId,
}

/// Finds a record by its code, place code or id; codes are read as people type them.
pub fn find(store: &FieldStore, typed: &str) -> Result<SubjectRef, Failure> {
    if let Some(id) = SubjectId::parse(typed) {
        let kind = store.get(id)?.kind;
        return Ok(SubjectRef { kind, id });
    }
    let sites = store.sites_named(typed)?;
    match sites.as_slice() {
        [] => {}
        [site] => {
            let (kind, id) = (Kind::Site, site.id);
            return Ok(SubjectRef { kind, id });
        }
        several => {
            let choices = several.iter().map(of_site);
            let todo =
                "Give the id of the one you mean. Joining two sites comes with a later verb.";
            return Err(ambiguous(store, typed, "sites", choices, todo)?);
        }
    }
    if typed.parse::<PlaceCode>().is_ok() {
        return Err(Failure::input(
            format!(
                "no site with the place code {} is known here",
                foreign(typed)
            ),
            "`list sites` shows those that are; `sync` fetches those of others.",
        ));
    }
    // A label may be scanned before its creation was ever seen here: the code is the identity.
    let found = store.find_code(typed)?;
    if found.is_guessed && !found.is_known {
        let what = format!(
            "{} could be read as {}, which is not known here",
            foreign(typed),
            found.code
        );
        return Err(Failure::input(
            what,
            "Type the code as it is printed, letter by letter.",
        ));
    }
    Ok(found.subject)
}

/// As [`find`], for a record that must be of one kind.
pub fn of_kind(store: &FieldStore, typed: &str, kind: Kind) -> Result<SubjectId, Failure> {
    let found = find(store, typed)?;
    if found.kind == kind {
        return Ok(found.id);
    }
    let what = format!(
        "{} is {}, not {}",
        foreign(typed),
        found.kind.name(),
        kind.name()
    );
    Err(Failure::input(what, "`list` shows what is known here."))
}

/// Refuses a place code that a site here bears already.
pub fn no_site(store: &FieldStore, place_code: &str) -> Result<(), Failure> {
    let sites = store.sites_named(place_code)?;
    if sites.is_empty() {
        return Ok(());
    }
    let todo = "Use that site, or choose another place code for yours.";
    Err(ambiguous(
        store,
        place_code,
        "a site here",
        sites.iter().map(of_site),
        todo,
    )?)
}

/// An operator, and how the answer names them.
pub struct FoundOperator {
    /// Which one.
    pub id: SubjectId,
    /// Name, role, organisation.
    pub shown: String,
}

/// Finds an operator by name and role or by id; one that is not known is recorded.
pub fn operator(
    store: &FieldStore,
    name: String,
    role: OperatorRole,
    organisation: Option<String>,
) -> Result<FoundOperator, Failure> {
    if let Some(id) = SubjectId::parse(&name) {
        let view = OperatorView::of(&store.get_kind(id, Kind::Operator)?);
        return Ok(found(&view));
    }
    let known = store.operators_named(&name, &role, organisation.as_deref())?;
    match known.as_slice() {
        [] => {
            let draft = OperatorDraft {
                display_name: name,
                role,
                organisation: organisation.unwrap_or_default(),
            };
            let id = store.create_operator(&draft)?;
            let shown = foreign(&draft.display_name).into_owned();
            Ok(FoundOperator { id, shown })
        }
        [one] => Ok(found(one)),
        several => {
            let choices = several.iter().map(|known| Choice {
                name: &known.organisation,
                record: &known.record,
                id: known.id,
            });
            let todo = "Give --organisation, or the id of the one you mean as --operator.";
            Err(ambiguous(store, &name, "operators", choices, todo)?)
        }
    }
}

fn found(view: &OperatorView) -> FoundOperator {
    FoundOperator {
        id: view.id,
        shown: foreign(&view.display_name).into_owned(),
    }
}

fn of_site(site: &SiteView) -> Choice<'_> {
    Choice {
        name: &site.name,
        record: &site.record,
        id: site.id,
    }
}

fn ambiguous<'a>(
    store: &FieldStore,
    typed: &str,
    what: &str,
    choices: impl Iterator<Item = Choice<'a>>,
    todo: &str,
) -> Result<Failure, Failure> {
    let mut text = format!("{} stands for {what} already recorded:", foreign(typed));
    for choice in choices {
        let line = to_choose(store, choice.name, choice.record, choice.id)?;
        text.push_str(&format!("\n    {line}"));
    }
    Ok(Failure::input(text, todo))
}
