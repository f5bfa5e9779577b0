//! What `list`, `show` and `status` print.

use std::collections::BTreeMap;

use clap::ValueEnum;
use imena_core::field_store::{Error, FieldStore, PhotoStatus, StatusView, UnlockReport};
use imena_core::index::ROOT;
use imena_core::model::ids::{SubjectId, SubjectRef};
use imena_core::record::{
    GraveView, HintView, MarkerView, OperatorView, PhotoView, RecordState, RemainsView, SiteView,
};
use imena_core::vocabulary::{Kind, NoPreview};
use serde::Serialize;
use serde_json::json;

use crate::Done;
use crate::failure::Failure;
use crate::terminal::{Terminal, foreign};

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Sites.
    Sites,
    /// Operators: who records.
    Operators,
    /// Graves of a site.
    Graves,
    /// Remains of a grave or site.
    Remains,
    /// Markers of a site.
    Markers,
    /// Photos of a record; without --of those that belong to nothing yet.
    Photos,
    /// Possible names of a record.
    Hints,
}

/// Prints a list, and what it is a list of.
pub fn list(
    terminal: &mut Terminal,
    store: &FieldStore,
    what: What,
    of: Option<(&str, SubjectId)>,
) -> Done {
    let owner = of.map_or(ROOT, |(_, id)| id);
    let (value, lines) = match what {
        What::Sites => site_lines(store, &store.list_sites()?)?,
        What::Operators => lines(store, &store.list_operators()?, operator_line)?,
        What::Graves => lines(store, &store.list_graves(owner)?, grave_line)?,
        What::Remains => lines(store, &store.list_remains(owner)?, remains_line)?,
        What::Markers => lines(store, &store.list_markers(owner)?, marker_line)?,
        What::Hints => lines(store, &store.list_hints(owner)?, hint_line)?,
        What::Photos => lines(store, &store.list_photos(owner)?, photo_line)?,
    };
    let of = of.map(|(typed, _)| foreign(typed));
    let text = if lines.is_empty() {
        nothing(store, what, of.as_deref())?
    } else {
        let of = match (of, what) {
            (Some(of), _) => format!(" of {of}"),
            (None, What::Sites | What::Operators) => String::new(),
            (None, _) => " that belong to no record".to_owned(),
        };
        let head = format!("{}{of}: {}", what.name(), lines.len());
        std::iter::once(head)
            .chain(lines)
            .collect::<Vec<_>>()
            .join("\n")
    };
    terminal.show(&text, &value);
    Ok(())
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Sites => "Sites",
            Self::Operators => "Operators",
            Self::Graves => "Graves",
            Self::Remains => "Remains",
            Self::Markers => "Markers",
            Self::Photos => "Photos",
            Self::Hints => "Possible names",
        }
    }
}

/// What an empty list says: what is not there, and what makes or shows some.
fn nothing(store: &FieldStore, what: What, of: Option<&str>) -> Result<String, Failure> {
    let at = of.map_or(String::new(), |of| format!(" of {of}"));
    let name = what.name().to_lowercase();
    let todo = match what {
        What::Sites => "`site` records one; `sync` fetches those of others.".to_owned(),
        What::Operators => "`start --operator NAME` records one.".to_owned(),
        What::Photos if of.is_none() && store.status()?.counts.originals > 0 => {
            return Ok("No photos that belong to no record. \
                `list photos --of CODE` lists those of one."
                .to_owned());
        }
        What::Photos => "`capture` takes one.".to_owned(),
        What::Graves if of.is_some() => "`grave` records one.".to_owned(),
        What::Remains if of.is_some() => "`remains` records some.".to_owned(),
        What::Markers if of.is_some() => "`marker` records one.".to_owned(),
        What::Hints if of.is_some() => "`hint` records one.".to_owned(),
        What::Graves | What::Remains | What::Markers | What::Hints => {
            return Ok(format!(
                "No {name} that belong to no record. `list {} --of CODE` lists those of one.",
                what.to_possible_value()
                    .map_or(String::new(), |value| value.get_name().to_owned())
            ));
        }
    };
    Ok(format!("No {name}{at} yet. {todo}"))
}

/// Prints one record and what hangs on it.
pub fn record(terminal: &mut Terminal, store: &FieldStore, of: SubjectRef) -> Done {
    let folded = store.get(of.id)?;
    let (head, value) = match folded.kind {
        Kind::Site => both(store, &SiteView::of(&folded), site_line)?,
        Kind::Grave => both(store, &GraveView::of(&folded), grave_line)?,
        Kind::Remains => both(store, &RemainsView::of(&folded), remains_line)?,
        Kind::Marker => both(store, &MarkerView::of(&folded), marker_line)?,
        Kind::PersonHint => both(store, &HintView::of(&folded), hint_line)?,
        Kind::Photo => {
            let photo = store.noted(PhotoView::of(&folded))?;
            let mut head = photo_line(store, &photo)?;
            head.push_str(&facts_lines(&photo));
            (head, json!(photo))
        }
        Kind::Operator => both(store, &OperatorView::of(&folded), operator_line)?,
        Kind::Device
        | Kind::GraveMarker
        | Kind::DeviceStarted
        | Kind::ChainAdopted
        | Kind::SessionStarted
        | Kind::SessionClosed
        | Kind::RenditionsMade
        | Kind::KeyGrant
        | Kind::LocalCopyRemoved
        | Kind::RunRewritten
        | Kind::Erased
        | Kind::Unknown(_) => (folded.kind.name().to_owned(), json!({"id": of.id})),
    };
    let (hints, photos) = (store.list_hints(of.id)?, store.list_photos(of.id)?);
    let mut lines = vec![head];
    for hint in &hints {
        lines.push(format!("  {}", hint_line(store, hint)?));
    }
    for photo in &photos {
        lines.push(format!("  {}", photo_line(store, photo)?));
    }
    let all = json!({"record": value, "hints": hints, "photos": photos});
    terminal.show(&lines.join("\n"), &all);
    Ok(())
}

/// Prints the state of the phone.
pub fn status(terminal: &mut Terminal, status: &StatusView) {
    let counts = &status.counts;
    let mut text = format!(
        "{} ({})",
        foreign(&status.device_name),
        status.device.0.short()
    );
    if let Some(issuer) = &status.issuer {
        text.push_str(&format!(", issuer {issuer}"));
    }
    if status.is_locked {
        text.push_str(", locked");
    }
    if let Some(digits) = &status.enrolling {
        text.push_str(&format!("\nNot let in yet; six digits {digits}"));
    }
    text.push_str(&format!(
        "\nOriginals: {} taken here, {} on a hub (receipted), {} of them opened and checked there, {} on two hubs.",
        counts.originals, counts.originals_on_hub, counts.originals_checked, counts.originals_on_two_hubs
    ));
    if counts.lost_here > 0 {
        text.push_str(&format!(
            "\nLOST HERE: {} originals were removed to free space, and no hub has them any more. imena verify names them; look for a copy.",
            counts.lost_here
        ));
    }
    text.push_str(&format!(
        "\nWaiting: {} files, {} bytes. Entries receipted up to {}{}.",
        counts.waiting,
        counts.waiting_bytes,
        status.receipted_seq,
        status
            .own_seq
            .map_or(String::new(), |seq| format!(" of {seq}"))
    ));
    text.push_str(&format!(
        "\nFree space: {} MB.",
        status.free_bytes / 1_000_000
    ));
    terminal.show(&text, status);
}

/// Says what unlocking found, if anything.
pub fn unlock_report(terminal: &mut Terminal, report: &UnlockReport) {
    let recovered = &report.recovered;
    if !recovered.entered.is_empty() {
        let count = recovered.entered.len();
        terminal.say(&format!(
            "{count} photos were found that an interruption had left: `list photos` shows them, `assign` gives them their record."
        ));
    }
    if recovered.quarantined > 0 {
        terminal.say(&format!(
            "{} unfinished files were set aside.",
            recovered.quarantined
        ));
    }
    if let Some(rebuilt) = &report.rebuilt {
        let old = rebuilt.old_chain.map_or(0, |chain| chain.known_upto_seq);
        terminal.say(&format!(
            "The journal was gone or damaged and was built anew from {} runs ({} entries). The old chain is known up to entry {old}; a new chain and a new \
             issuer have begun. {} runs open only at a hub, {} are damaged; all are kept. Sync to ask for the entries of others again.",
            rebuilt.runs_read, rebuilt.entries, rebuilt.runs_unopened, rebuilt.runs_damaged
        ));
    }
    for name in &report.damaged_sessions {
        terminal.say(&format!(
            "Session key {name} is damaged: its pictures open at a hub only."
        ));
    }
}

/// One view as a line.
type Line<T> = fn(&FieldStore, &T) -> Result<String, Error>;

fn lines<T: Serialize>(
    store: &FieldStore,
    views: &[T],
    line: Line<T>,
) -> Result<(serde_json::Value, Vec<String>), Error> {
    let lines = views.iter().map(|view| line(store, view));
    Ok((json!(views), lines.collect::<Result<_, _>>()?))
}

fn both<T: Serialize>(
    store: &FieldStore,
    view: &T,
    line: Line<T>,
) -> Result<(String, serde_json::Value), Error> {
    Ok((line(store, view)?, json!(view)))
}

/// Two records of one name, for a person who must choose: name, who, where from, when, id.
pub fn to_choose(
    store: &FieldStore,
    name: &str,
    record: &RecordState,
    id: SubjectId,
) -> Result<String, Error> {
    let by = store.recorder_of(record)?;
    let operator = by.operator.as_deref().unwrap_or("nobody named");
    let device = match (&by.device_name, by.device) {
        (Some(name), _) => foreign(name).into_owned(),
        (None, Some(device)) => format!("device {}", device.0.short()),
        (None, None) => "an unknown device".to_owned(),
    };
    Ok(format!(
        "{}  recorded by {} on {device}, {}  id {id}",
        foreign(name),
        foreign(operator),
        moment(by.recorded_ms)
    ))
}

/// A claimed moment in the zone of this machine.
fn moment(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(
        |_| "at an unknown time".to_owned(),
        |at| {
            let zone = jiff::tz::TimeZone::system();
            at.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string()
        },
    )
}

fn marks(record: &RecordState) -> String {
    let mut marks = String::new();
    if !record.conflicts.is_empty() {
        marks.push_str("  [two values, to be resolved]");
    }
    if record.is_created_twice {
        marks.push_str("  [recorded by two devices]");
    }
    if let Some(reason) = &record.ended {
        marks.push_str(&format!("  [withdrawn: {}]", foreign(reason)));
    }
    marks
}

/// A code with what a person must know of its number.
fn coded(store: &FieldStore, code: &str, kind: Option<String>, record: &RecordState) -> String {
    let kind = kind.map_or(String::new(), |kind| format!("  {}", foreign(&kind)));
    let number = if store.is_number_foreign(code, record) {
        "  [a number of another phone's series, which has not recorded it: look at the label]"
    } else {
        ""
    };
    format!("{}{kind}{}{number}", foreign(code), marks(record))
}

fn site_line(_: &FieldStore, site: &SiteView) -> Result<String, Error> {
    let (code, name) = (foreign(&site.place_code), foreign(&site.name));
    Ok(format!("{code}  {name}{}", marks(&site.record)))
}

/// Sites that share a place code are marked: phones that were offline may each have recorded one.
fn site_lines(
    store: &FieldStore,
    sites: &[SiteView],
) -> Result<(serde_json::Value, Vec<String>), Error> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for site in sites.iter().filter(|site| site.record.ended.is_none()) {
        let count = counts.entry(&site.place_code).or_default();
        *count = count.saturating_add(1);
    }
    let line = |site: &SiteView| {
        let line = site_line(store, site)?;
        if counts
            .get(site.place_code.as_str())
            .is_none_or(|count| *count < 2)
        {
            return Ok(line);
        }
        let who = to_choose(
            store,
            "several sites bear this code:",
            &site.record,
            site.id,
        )?;
        Ok(format!("{line}  [{who}]"))
    };
    let lines = sites.iter().map(line).collect::<Result<_, Error>>()?;
    Ok((json!(sites), lines))
}

fn operator_line(store: &FieldStore, operator: &OperatorView) -> Result<String, Error> {
    let name = format!(
        "{}  {}  {}",
        operator.display_name,
        operator.role.term().en,
        operator.organisation
    );
    let line = to_choose(store, &name, &operator.record, operator.id)?;
    Ok(format!("{line}{}", marks(&operator.record)))
}

fn grave_line(store: &FieldStore, grave: &GraveView) -> Result<String, Error> {
    let kind = grave.kind.as_ref().map(|kind| kind.term().en);
    Ok(coded(store, &grave.code, kind, &grave.record))
}

fn remains_line(store: &FieldStore, remains: &RemainsView) -> Result<String, Error> {
    let kind = remains.kind.as_ref().map(|kind| kind.term().en);
    Ok(coded(store, &remains.code, kind, &remains.record))
}

fn marker_line(_: &FieldStore, marker: &MarkerView) -> Result<String, Error> {
    let number = marker.number_text.as_deref().unwrap_or("without number");
    Ok(format!(
        "{}  {}  \"{}\"{}",
        foreign(&marker.kind.term().en),
        foreign(number),
        foreign(&marker.text_verbatim),
        marks(&marker.record)
    ))
}

fn hint_line(_: &FieldStore, hint: &HintView) -> Result<String, Error> {
    Ok(format!(
        "possible name, not established: \"{}\"  ({}, {}){}",
        foreign(&hint.text_verbatim),
        foreign(&hint.source.term().en),
        foreign(&hint.confidence.term().en),
        marks(&hint.record)
    ))
}

fn photo_line(store: &FieldStore, photo: &PhotoView) -> Result<String, Error> {
    let shot = photo.shot.as_ref().map_or("-", |shot| shot.code());
    let place = match photo
        .sealed
        .map(|sealed| store.photo_status(sealed))
        .transpose()?
    {
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
    let hash = photo
        .sha256
        .as_deref()
        .unwrap_or("")
        .chars()
        .take(8)
        .collect::<String>();
    Ok(format!(
        "{}  {}  {hash}  {} bytes  {place}{}{}",
        photo.id,
        foreign(shot),
        photo.bytes,
        notes(photo),
        marks(&photo.record)
    ))
}

/// What is wrong with a photo and with its preview, so that somebody takes it again while that can be done.
fn notes(photo: &PhotoView) -> String {
    let mut notes: Vec<String> = photo
        .defects
        .iter()
        .map(|defect| defect.term().en)
        .collect();
    let is_said = photo.no_preview == Some(NoPreview::Damaged);
    let reason = photo.no_preview.as_ref().filter(|_| !is_said);
    notes.extend(reason.map(|reason| reason.term().en));
    let untrue = photo.preview_marks.iter().map(|mark| mark.term().en);
    notes.extend(untrue.map(|mark| format!("preview: {mark}")));
    if photo.should_retake {
        notes.push("take it again if you still can".to_owned());
    }
    if notes.is_empty() {
        String::new()
    } else {
        format!("  [{}]", foreign(&notes.join("; ")))
    }
}

/// Every fact of a photo on a line of its own, and what is absent with the reason.
fn facts_lines(photo: &PhotoView) -> String {
    let Some(facts) = &photo.facts else {
        return String::new();
    };
    let mut lines = String::new();
    if let serde_json::Value::Object(all) = json!(facts) {
        for (name, value) in all {
            if name != "absent" && !value.is_null() {
                lines.push_str(&format!("\n  {name}: {}", foreign(&value.to_string())));
            }
        }
    }
    for (name, reason) in &facts.absent {
        lines.push_str(&format!(
            "\n  {name}: absent, {}",
            foreign(&reason.term().en)
        ));
    }
    lines
}
