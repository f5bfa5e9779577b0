//! From what a person typed to the one record it names: a code, a place code, an operator's name or an id.
//!
//! Owns that a name which several records bear is refused with each of them shown, and an id
//! decides. Invariant: no verb takes a record that the person did not name alone.

use imena_core::field_store::{Bearer, FieldStore};
use imena_core::model::codes::PlaceCode;
use imena_core::model::ids::{SubjectId, SubjectRef};
use imena_core::nouns::operator::{self, Operator};
use imena_core::record::{Draft, Of};
use imena_core::vocabulary::{Kind, OperatorRole};

use super::list::to_choose;
use crate::failure::Failure;
use crate::terminal::foreign;

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
            let todo =
                "Give the id of the one you mean. Joining two sites comes with a later verb.";
            return Err(ambiguous(typed, "sites", several, todo));
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
    Err(ambiguous(place_code, "a site here", &sites, todo))
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
        let folded = store.get_kind(id, Kind::Operator)?;
        let name = Of::<Operator>::new(&folded).and_then(|known| known.get(operator::NAME));
        let shown = foreign(&name.unwrap_or_default()).into_owned();
        return Ok(FoundOperator { id, shown });
    }
    let shown = foreign(&name).into_owned();
    let known = store.operators_named(&name, &role, organisation.as_deref())?;
    match known.as_slice() {
        [] => {
            let draft = Draft::<Operator>::new()
                .with(operator::NAME, name)
                .with(operator::ROLE, role)
                .with_some(operator::ORGANISATION, organisation);
            let id = store.record(&draft.any())?.subject.id;
            Ok(FoundOperator { id, shown })
        }
        [one] => Ok(FoundOperator { id: one.id, shown }),
        several => {
            let todo = "Give --organisation, or the id of the one you mean as --operator.";
            Err(ambiguous(&name, "operators", several, todo))
        }
    }
}

fn ambiguous(typed: &str, what: &str, choices: &[Bearer], todo: &str) -> Failure {
    let mut text = format!("{} stands for {what} already recorded:", foreign(typed));
    for choice in choices {
        text.push_str(&format!("\n    {}", to_choose(choice)));
    }
    Failure::input(text, todo)
}
