//! What `list` and `show` print of records, by the tables of their nouns, and of photos besides where each stands.
//!
//! Owns the lines of a terminal. Knows no noun but the photo, whose place is no field of it.

use std::collections::BTreeMap;

use imena_core::field_store::{Bearer, Error, FieldStore, PhotoStatus, RecordQuery};
use imena_core::index::ROOT;
use imena_core::model::ids::{SubjectId, SubjectRef};
use imena_core::nouns::{self, Noun};
use imena_core::record::{FieldView, PhotoView, RecordMarks, RecordRow, RecordSummary};
use imena_core::vocabulary::{Kind, Language, NoPreview};
use serde_json::{Value, json};

use crate::Done;
use crate::failure::Failure;
use crate::terminal::{Terminal, foreign};

pub const LANGUAGE: Language = Language::English;
/// As many rows as are asked for at once.
const PAGE: usize = 200;
/// `show` names this many of what hangs on a record; `list` names all.
const SHOWN_MAX: usize = 20;
/// What people call a kind besides its word.
const OTHER_WORDS: [(&str, Kind); 1] = [("hint", Kind::PersonHint)];

/// The noun of a word as people type it: `grave`, `graves`, `person_hint`, `hints`.
pub fn noun_of(typed: &str) -> Result<&'static Noun, Failure> {
    let of = |word: &str| {
        let other = OTHER_WORDS.iter().find(|(other, _)| *other == word);
        let other = other.and_then(|(_, kind)| nouns::noun(*kind));
        other.or_else(|| nouns::noun_of_name(word))
    };
    let noun = of(typed).or_else(|| of(typed.strip_suffix('s')?));
    noun.ok_or_else(|| {
        let words: Vec<&str> = nouns::ALL.iter().map(|noun| noun.kind.name()).collect();
        let what = format!("{} is none of: {}", foreign(typed), words.join(", "));
        Failure::input(what, "`form` says what each is.")
    })
}

/// Prints a list, and what it is a list of.
pub fn list(
    terminal: &mut Terminal,
    store: &FieldStore,
    noun: &'static Noun,
    of: Option<(&str, SubjectId)>,
) -> Done {
    let (value, lines) = rows(store, noun, of.map_or(ROOT, |(_, id)| id))?;
    let of = of.map(|(typed, _)| foreign(typed));
    let name = plural(noun);
    if lines.is_empty() {
        terminal.show(&nothing(store, noun, of.as_deref())?, &value);
        return Ok(());
    }
    let of = match (of, noun.parents().next()) {
        (Some(of), _) => format!(" of {of}"),
        (None, None) => String::new(),
        (None, Some(_)) => " that belong to no record".to_owned(),
    };
    let head = format!("{}{of}: {}", capital(&name), lines.len());
    let all: Vec<String> = std::iter::once(head).chain(lines).collect();
    terminal.show(&all.join("\n"), &value);
    Ok(())
}

/// Everything of a noun that hangs on a record, as data and as lines.
fn rows(
    store: &FieldStore,
    noun: &'static Noun,
    parent: SubjectId,
) -> Result<(Value, Vec<String>), Error> {
    if noun.kind == Kind::Photo {
        let photos = store.list_photos(parent)?;
        let lines = photos.iter().map(|photo| photo_line(store, photo));
        return Ok((json!(photos), lines.collect::<Result<_, _>>()?));
    }
    let fields: Vec<_> = noun.fields.iter().collect();
    let query = RecordQuery {
        noun,
        parent,
        fields: &fields,
        language: LANGUAGE,
    };
    let mut all: Vec<RecordRow> = Vec::new();
    let mut after = None;
    loop {
        let (page, next) = store.list_records(query, (after.as_ref(), PAGE))?;
        all.extend(page);
        after = next;
        if after.is_none() {
            break;
        }
    }
    let mut shared: BTreeMap<&str, usize> = BTreeMap::new();
    for code in all.iter().filter_map(place_code) {
        let count = shared.entry(code).or_default();
        *count = count.saturating_add(1);
    }
    let lines = all.iter().map(|row| {
        let count = place_code(row).and_then(|code| shared.get(code));
        line_of(store, noun, row, count.is_some_and(|count| *count > 1))
    });
    let lines = lines.collect::<Result<_, _>>()?;
    Ok((json!(all), lines))
}

/// The first of what hangs on a record, as lines.
fn first_lines(
    store: &FieldStore,
    noun: &'static Noun,
    parent: SubjectId,
) -> Result<Vec<String>, Error> {
    let page = (None, SHOWN_MAX);
    if noun.kind == Kind::Photo {
        let (photos, _) = store.page(parent, Kind::Photo, page, PhotoView::of)?;
        let line = |photo| photo_line(store, &store.noted(photo)?);
        return photos.into_iter().map(line).collect();
    }
    let query = RecordQuery {
        noun,
        parent,
        fields: &[],
        language: LANGUAGE,
    };
    let (rows, _) = store.list_records(query, page)?;
    Ok(rows.iter().map(|row| line(&row.summary)).collect())
}

/// What an empty list says: what is not there, and what makes or shows some.
fn nothing(store: &FieldStore, noun: &Noun, of: Option<&str>) -> Result<String, Failure> {
    let at = of.map_or(String::new(), |of| format!(" of {of}"));
    let (name, kind) = (plural(noun), noun.kind.name());
    let is_root = noun.parents().next().is_none();
    let todo = match noun.kind {
        Kind::Operator => "`start --operator NAME` records one.".to_owned(),
        Kind::Photo if of.is_some() || store.status()?.counts.originals == 0 => {
            "`capture` takes one.".to_owned()
        }
        _ if is_root => format!("`{kind}` records one; `sync` fetches those of others."),
        _ if of.is_some() => format!("`{}` records one.", verb(noun)),
        _ => {
            return Ok(format!(
                "No {name} that belong to no record. `list {kind} --of CODE` lists those of one."
            ));
        }
    };
    Ok(format!("No {name}{at} yet. {todo}"))
}

/// The shortest words that record one.
fn verb(noun: &Noun) -> String {
    match noun.kind {
        Kind::Grave | Kind::Marker | Kind::Remains => noun.kind.name().to_owned(),
        Kind::PersonHint => "hint".to_owned(),
        other => format!("record {} --of CODE", other.name()),
    }
}

/// What several are called: the words before a remark, with their s.
fn plural(noun: &Noun) -> String {
    let words = noun.words.in_language(LANGUAGE);
    let (words, remark) = words.split_once(',').unwrap_or((words, ""));
    let end = if words.ends_with('s') { "" } else { "s" };
    let comma = if remark.is_empty() { "" } else { "," };
    format!("{words}{end}{comma}{remark}")
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// One row; what people name, and not a code, says who recorded it: another may bear the same name.
fn line_of(
    store: &FieldStore,
    noun: &'static Noun,
    row: &RecordRow,
    is_shared: bool,
) -> Result<String, Error> {
    let line = line(&row.summary);
    if noun.parents().next().is_some() {
        return Ok(line);
    }
    let id = row.summary.subject.id;
    let by = store.recorder_of(&store.get(id)?)?;
    let name = String::new();
    let told = to_choose(&Bearer { id, name, by });
    let several = match is_shared {
        true => "several sites bear this code: ",
        false => "",
    };
    Ok(format!("{line}  [{several}{told}]"))
}

/// The place code of a site that still stands.
fn place_code(row: &RecordRow) -> Option<&str> {
    let stands = row.summary.marks.ended_reason.is_none();
    let code = nouns::site::PLACE_CODE.spec.code;
    let mut fields = row.fields.iter().filter(|_| stands);
    fields
        .find(|field| field.code == code)
        .map(|field| field.shown.as_str())
}

/// A record in a line.
pub fn line(row: &RecordSummary) -> String {
    let mut text = foreign(&row.title).into_owned();
    if !row.subtitle.is_empty() {
        text.push_str(&format!("  {}", foreign(&row.subtitle)));
    }
    text + &marks(&row.marks)
}

/// What to see before trusting a record.
pub fn marks(marks: &RecordMarks) -> String {
    let mut told = Vec::new();
    if marks.conflicts > 0 {
        told.push("two values, to be resolved".to_owned());
    }
    if marks.missing_bodies > 0 {
        told.push("some of it is withheld or erased".to_owned());
    }
    if marks.newer_entries > 0 {
        told.push("a newer version wrote some of it".to_owned());
    }
    if marks.is_created_twice {
        told.push("recorded by two devices".to_owned());
    }
    if marks.is_number_foreign {
        let what =
            "a number of another phone's series, which has not recorded it: look at the label";
        told.push(what.to_owned());
    }
    if let Some(reason) = &marks.ended_reason {
        told.push(format!("withdrawn: {}", foreign(reason)));
    }
    told.iter().map(|mark| format!("  [{mark}]")).collect()
}

/// One of several records of one name, for a person who must choose: name, who, where from, when, id.
pub fn to_choose(bearer: &Bearer) -> String {
    let by = &bearer.by;
    let operator = by.operator.as_deref().unwrap_or("nobody named");
    let device = match (&by.device_name, by.device) {
        (Some(name), _) => foreign(name).into_owned(),
        (None, Some(device)) => format!("device {}", device.0.short()),
        (None, None) => "an unknown device".to_owned(),
    };
    let name = match bearer.name.is_empty() {
        true => String::new(),
        false => format!("{}  ", foreign(&bearer.name)),
    };
    let when = imena_core::model::moment::shown(by.recorded_ms);
    let (operator, id) = (foreign(operator), bearer.id);
    format!("{name}recorded by {operator} on {device}, {when}  id {id}")
}

/// Prints one record: every field, what devices say differently, what it is linked to, and what hangs on it.
pub fn show(terminal: &mut Terminal, store: &FieldStore, of: SubjectRef) -> Done {
    let page = store.record_page(of.id, LANGUAGE)?;
    let summary = &page.view.summary;
    let kind = summary.subject.kind.name();
    let mut lines = vec![format!(
        "{kind}  {}  id {}",
        line(summary),
        summary.subject.id
    )];
    let photo = match summary.subject.kind {
        Kind::Photo => Some(store.noted(PhotoView::of(&store.get(of.id)?))?),
        _ => None,
    };
    for section in &page.view.sections {
        lines.push(format!("{}:", section.label));
        let is_told_below = |field: &&FieldView| field.code != nouns::photo::FACTS.spec.code;
        let fields = section.fields.iter().filter(is_told_below);
        lines.extend(fields.flat_map(field_lines));
    }
    if let Some(photo) = &photo {
        lines.push(photo_line(store, photo)?);
        lines.extend(fact_lines(photo));
    }
    for (number, text) in &page.view.newer_fields {
        let text = foreign(text);
        lines.push(format!("field {number} of a newer version: {text}"));
    }
    for link in &page.links {
        let ended = link.ended_reason.as_ref();
        let ended = ended.map_or(String::new(), |why| format!("  [undone: {}]", foreign(why)));
        let missing = match link.is_other_missing {
            true => "  [not known here yet]",
            false => "",
        };
        let other = &link.other;
        let (kind, id) = (other.subject.kind.name(), other.subject.id);
        lines.push(format!(
            "linked: {kind}  {}{missing}{ended}  id {id}",
            line(other)
        ));
    }
    for (kind, count) in &page.contents {
        let Some(noun) = nouns::noun(*kind) else {
            continue;
        };
        lines.push(format!("{}: {count}", capital(&plural(noun))));
        let first = first_lines(store, noun, of.id)?;
        lines.extend(first.iter().map(|row| format!("  {row}")));
        let more = count.saturating_sub(first.len() as u64);
        if more > 0 {
            lines.push(format!(
                "  and {more} more: `list {} --of CODE`",
                kind.name()
            ));
        }
    }
    terminal.show(&lines.join("\n"), &page);
    Ok(())
}

/// A field on a line, and what else is said of it.
pub fn field_lines(field: &FieldView) -> Vec<String> {
    let lay = if field.is_lay {
        "  [not an expert's word]"
    } else {
        ""
    };
    let mut lines = vec![format!("  {}: {}{lay}", field.label, foreign(&field.shown))];
    for said in &field.rivals {
        let who = who(&said.by.operator_name, &said.by.device_name);
        let shown = foreign(&said.shown);
        lines.push(format!("    in conflict: {shown}  ({who})"));
    }
    let more = field.rival_count.saturating_sub(field.rivals.len());
    if more > 0 {
        lines.push(format!("    and {more} more"));
    }
    lines
}

/// Operator and device, as far as they are named.
pub fn who(operator: &str, device: &str) -> String {
    let names = [operator, device].into_iter();
    let names = names.filter(|name| !name.is_empty()).map(foreign);
    names.collect::<Vec<_>>().join(", ")
}

fn photo_line(store: &FieldStore, photo: &PhotoView) -> Result<String, Error> {
    let shot = photo.shot.as_ref().map_or("-", |shot| shot.code());
    let status = photo.sealed.map(|sealed| store.photo_status(sealed));
    let place = match status.transpose()? {
        Some(PhotoStatus::HereOnly) => "on this phone only",
        Some(PhotoStatus::OnHub) => "on a hub",
        Some(PhotoStatus::CheckedOnHub) => "on a hub, checked",
        Some(PhotoStatus::Replicated) => "on two hubs",
        Some(PhotoStatus::Elsewhere) => "on another phone",
        Some(PhotoStatus::Missing) => "MISSING here, and no hub has it",
        Some(PhotoStatus::LostHere) => {
            "LOST HERE: removed to free space, and no hub has it any more"
        }
        None => "unknown",
    };
    let hash: String = photo
        .sha256
        .iter()
        .flat_map(|hash| hash.chars().take(8))
        .collect();
    let (shot, notes, marks) = (foreign(shot), notes(photo), marks(&photo.marks));
    Ok(format!(
        "{}  {shot}  {hash}  {} bytes  {place}{notes}{marks}",
        photo.id, photo.bytes
    ))
}

/// What is wrong with a photo and with its preview, so that somebody takes it again while that can be done.
fn notes(photo: &PhotoView) -> String {
    let defects = photo.defects.iter();
    let mut notes: Vec<String> = defects.map(|defect| defect.term().en).collect();
    let is_said = photo.no_preview == Some(NoPreview::Damaged);
    let reason = photo.no_preview.as_ref().filter(|_| !is_said);
    notes.extend(reason.map(|reason| reason.term().en));
    let untrue = photo.preview_marks.iter().map(|mark| mark.term().en);
    notes.extend(untrue.map(|mark| format!("preview: {mark}")));
    if photo.should_retake {
        notes.push("take it again if you still can".to_owned());
    }
    match notes.is_empty() {
        true => String::new(),
        false => format!("  [{}]", foreign(&notes.join("; "))),
    }
}

/// Every fact of a photo on a line of its own, and what is absent with the reason.
fn fact_lines(photo: &PhotoView) -> Vec<String> {
    let facts = photo.facts.iter().flat_map(|facts| &facts.0);
    let lines = facts.map(|fact| {
        let absent = if fact.said.is_ok() { "" } else { "absent, " };
        let (label, shown) = (fact.spec.words.en, fact.shown(LANGUAGE));
        format!("  {label}: {absent}{}", foreign(&shown))
    });
    lines.collect()
}
