//! The verbs of every noun: record, amend, resolve, withdraw, void, link, unlink. Each is one transaction on the own chain.
//!
//! Does not read the index: what a person saw comes as a fold. Rule 0: what has physically happened can always be recorded; only malformed data and the
//! re-use of a code are refused here. Invariant: a resolve supersedes
//! nothing that was not shown; an amend answers the one head that stands here, and none where several do.

use super::draft::{REASON, check_beside};
use super::numbering::{Series, give_out};
use super::{AnyDraft, RecordError};
use crate::encoding::{Map, Value};
use crate::environment::Environment;
use crate::index::LINK_ENDS;
use crate::journal::{Op, Touches};
use crate::merge::{Folded, Head, STANDING, Standing};
use crate::model::circumstances::Circumstances;
use crate::model::codes::{Code, Issuer, parse};
use crate::model::ids::{EntryId, OrgId, SubjectId, SubjectRef};
use crate::nouns::{Fault, LinkSpec, Spec};
use crate::store::{OwnChain, Pen, Word};

/// What was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The record.
    pub subject: SubjectRef,
    /// What stands on its label.
    pub code: Option<String>,
}

/// From where the next code of a noun comes.
#[derive(Clone, Debug)]
pub struct Issuing {
    /// What it begins with.
    pub series: Series,
    /// Who gives it.
    pub issuer: Issuer,
}

/// Records a draft and the links it names, all or nothing. `issuing` is asked for where a code must be given.
///
/// # Errors
/// `Findings`, `Code`, `CodeInUse`, `issuing`'s, or the store's: nothing was recorded.
pub fn record(
    environment: &Environment,
    chain: &OwnChain,
    draft: &AnyDraft,
    issuing: impl FnOnce() -> Result<Issuing, RecordError>,
) -> Result<Recorded, RecordError> {
    let (noun, org) = (draft.noun(), chain.org());
    let fields = draft.entry()?;
    let typed = noun
        .code_field()
        .and_then(|(spec, ..)| fields.get(spec.number)?.as_text().map(str::to_owned));
    let naming = match (noun.code_field(), typed) {
        (None, _) => Naming::Own(SubjectId::new(environment)?),
        (Some(_), Some(typed)) => Naming::Typed(parse(&typed)?.code, typed),
        (Some(_), None) => Naming::Next(issuing()?),
    };
    let mut made = None;
    chain.append(|pen| {
        let (id, code, typed) = match &naming {
            Naming::Own(id) => (*id, None, None),
            Naming::Typed(code, typed) => {
                let id = SubjectId::of_code(org, noun.kind, &code.canonical_without_check());
                (id, Some(code.to_string()), Some(typed.as_str()))
            }
            Naming::Next(issuing) => {
                let series = (&issuing.series, &issuing.issuer);
                let (id, code) = give_out(pen, (org, noun.kind), series)?;
                (id, Some(code.to_string()), None)
            }
        };
        if let Some(code) = &code
            && pen.knows(id)?
        {
            let code = code.clone();
            return Err(RecordError::CodeInUse { code });
        }
        let fields = match (noun.code_field(), &code) {
            (Some((spec, _, kept)), Some(code)) => fields
                .clone()
                .text(spec.number, code)
                .with_some(kept, typed.map(Value::text)),
            (_, _) => fields.clone(),
        };
        let subject = SubjectRef {
            kind: noun.kind,
            id,
        };
        pen.write(Word {
            circumstances: draft.circumstances.clone(),
            ..Word::create(noun.kind, id, fields)
        })?;
        for other in draft.links() {
            // The draft was checked: there is a link to each.
            if let Some(spec) = noun.link_to(other.kind) {
                write_link(
                    pen,
                    org,
                    spec,
                    (subject, *other),
                    None,
                    Circumstances::default(),
                )?;
            }
        }
        made = Some(Recorded { subject, code });
        Ok::<(), RecordError>(())
    })?;
    made.ok_or(RecordError::NothingSaid)
}

enum Naming {
    /// No code.
    Own(SubjectId),
    /// Read from a label.
    Typed(Code, String),
    /// The next one here.
    Next(Issuing),
}

/// Changes fields of a record that is shown as `folded`. Of a field with one head that head is superseded; of one with rivals none is, and the value
/// becomes another rival: to end a conflict is [`resolve`].
///
/// # Errors
/// `Findings`, `NothingSaid`, `OtherKind`, or the store's: nothing was recorded.
pub fn amend(chain: &OwnChain, folded: &Folded, changes: &AnyDraft) -> Result<(), RecordError> {
    let kind = changes.noun().kind;
    if folded.kind != kind {
        return Err(RecordError::NotFound { what: kind.name() });
    }
    let fields = changes.changes()?;
    let (parents, touches) = folded.answering(&fields);
    let word = Word {
        op: Op::Set,
        parents,
        touches,
        circumstances: changes.circumstances.clone(),
        ..Word::create(kind, folded.subject, fields)
    };
    chain.append_one(word)?;
    Ok(())
}

/// Ends a conflict: of the rivals that were shown, this is to stand.
///
/// # Errors
/// `Changed` if one of them is no head any more: nothing was recorded, look again; `Findings`, or the store's.
pub fn resolve(
    chain: &OwnChain,
    folded: &Folded,
    (spec, value): (&Spec, Value),
    seen: &[EntryId],
    circumstances: Circumstances,
) -> Result<(), RecordError> {
    check_beside(&circumstances)?;
    if !folded.is_conflict(spec.number) {
        let field = spec.code;
        return Err(RecordError::Changed { field });
    }
    let heads = folded.fields.get(&spec.number);
    let heads: Vec<EntryId> = heads.into_iter().flatten().map(|head| head.entry).collect();
    let mut parents: Vec<EntryId> = seen.to_vec();
    parents.sort_unstable();
    parents.dedup();
    if parents.is_empty() || parents.iter().any(|entry| !heads.contains(entry)) {
        let field = spec.code;
        return Err(RecordError::Changed { field });
    }
    let all = (0..parents.len() as u64).collect();
    let word = Word {
        op: Op::Resolve,
        parents,
        touches: Touches::from([(spec.number, all)]),
        circumstances,
        ..Word::create(
            folded.kind,
            folded.subject,
            Map::new().with(spec.number, value),
        )
    };
    chain.append_one(word)?;
    Ok(())
}

/// Takes a record back, or says that it never stood for anything. It stays, with the reason.
///
/// # Errors
/// `Findings` without a reason, or the store's: nothing was recorded.
pub fn end(
    chain: &OwnChain,
    folded: &Folded,
    op: Ending,
    circumstances: Circumstances,
) -> Result<(), RecordError> {
    let reason = circumstances.reason.as_deref().unwrap_or_default();
    if reason.trim().is_empty() {
        return Err(RecordError::at(REASON, Fault::Owed));
    }
    check_beside(&circumstances)?;
    let op = match op {
        Ending::Withdrawn => Op::Withdraw,
        Ending::Void => Op::Void,
    };
    let word = about_standing(folded, op, circumstances);
    chain.append_one(word)?;
    Ok(())
}

/// How a record ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was so and is taken back.
    Withdrawn,
    /// It never stood for anything.
    Void,
}

/// Joins two records; a link that was undone stands again. `known` is the link as far as it is known.
///
/// # Errors
/// `NoSuchLink`, or the store's: nothing was recorded.
pub fn link(
    chain: &OwnChain,
    spec: &LinkSpec,
    ends: (SubjectRef, SubjectRef),
    known: Option<&Folded>,
    circumstances: Circumstances,
) -> Result<(), RecordError> {
    check_beside(&circumstances)?;
    chain.append(|pen| {
        write_link(pen, chain.org(), spec, ends, known, circumstances)?;
        Ok::<(), RecordError>(())
    })?;
    Ok(())
}

/// The id of the link between two records: it follows from both.
#[must_use]
pub fn link_id(org: OrgId, spec: &LinkSpec, (one, other): (SubjectRef, SubjectRef)) -> SubjectId {
    let (first, second) = in_order(spec, (one.id, other.id));
    SubjectId::of_link(org, spec.kind, first, second)
}

fn write_link(
    pen: &mut Pen<'_, '_>,
    org: OrgId,
    spec: &LinkSpec,
    (one, other): (SubjectRef, SubjectRef),
    known: Option<&Folded>,
    circumstances: Circumstances,
) -> Result<(), RecordError> {
    let id = link_id(org, spec, (one, other));
    if let Some(known) = known {
        if known.standing != Standing::Stands {
            pen.write(about_standing(known, Op::Set, circumstances))?;
        }
        return Ok(());
    }
    let (first, second) = in_order(spec, (one.id, other.id));
    let [first_end, second_end] = LINK_ENDS;
    let ends = Map::new().with(first_end, first).with(second_end, second);
    pen.write(Word {
        circumstances,
        ..Word::create(spec.kind, id, ends)
    })?;
    Ok(())
}

fn in_order(spec: &LinkSpec, (one, other): (SubjectId, SubjectId)) -> (SubjectId, SubjectId) {
    if spec.is_other_first {
        (other, one)
    } else {
        (one, other)
    }
}

/// Answers every head of the standing.
fn about_standing(folded: &Folded, op: Op, circumstances: Circumstances) -> Word {
    let heads = folded.fields.get(&STANDING);
    let mut parents: Vec<EntryId> = Vec::new();
    for Head { entry, .. } in heads.into_iter().flatten() {
        if !parents.contains(entry) {
            parents.push(*entry);
        }
    }
    let touches = match parents.is_empty() {
        true => Touches::new(),
        false => Touches::from([(STANDING, (0..parents.len() as u64).collect())]),
    };
    Word {
        op,
        parents,
        touches,
        circumstances,
        ..Word::create(folded.kind, folded.subject, Map::new())
    }
}
