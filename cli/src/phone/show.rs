//! What `list`, `show` and `status` print.

use clap::ValueEnum;
use imena_core::field_store::{FieldStore, PhotoStatus, StatusView, UnlockReport};
use imena_core::model::ids::{SubjectId, SubjectRef};
use imena_core::record::{GraveView, HintView, MarkerView, PhotoView, RemainsView, SiteView};
use imena_core::vocabulary::{Kind, NoPreview};
use serde::Serialize;
use serde_json::json;

use crate::Done;
use crate::terminal::Terminal;

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Sites.
    Sites,
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

/// Prints a list.
pub fn list(terminal: &mut Terminal, store: &FieldStore, what: What, of: SubjectId) -> Done {
    match what {
        What::Sites => print(terminal, &store.list_sites()?, site_line),
        What::Graves => print(terminal, &store.list_graves(of)?, grave_line),
        What::Remains => print(terminal, &store.list_remains(of)?, remains_line),
        What::Markers => print(terminal, &store.list_markers(of)?, marker_line),
        What::Hints => print(terminal, &store.list_hints(of)?, hint_line),
        What::Photos => {
            let photos = store.list_photos(of)?;
            let lines = photos.iter().map(|photo| photo_line(store, photo));
            let lines = lines.collect::<Result<Vec<_>, _>>()?;
            show_lines(terminal, &lines, &photos);
        }
    }
    Ok(())
}

/// Prints one record and what hangs on it.
pub fn record(terminal: &mut Terminal, store: &FieldStore, of: SubjectRef) -> Done {
    let folded = store.get(of.id)?;
    let (head, value) = match folded.kind {
        Kind::Site => both(&SiteView::of(&folded), site_line),
        Kind::Grave => both(&GraveView::of(&folded), grave_line),
        Kind::Remains => both(&RemainsView::of(&folded), remains_line),
        Kind::Marker => both(&MarkerView::of(&folded), marker_line),
        Kind::PersonHint => both(&HintView::of(&folded), hint_line),
        Kind::Photo => {
            let photo = store.noted(PhotoView::of(&folded))?;
            let mut head = photo_line(store, &photo)?;
            head.push_str(&facts_lines(&photo));
            (head, json!(photo))
        }
        Kind::Operator
        | Kind::Device
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
    lines.extend(hints.iter().map(|hint| format!("  {}", hint_line(hint))));
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
    let mut text = format!("{} ({})", status.device_name, status.device.0.short());
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

fn print<T: Serialize>(terminal: &mut Terminal, views: &[T], line: impl Fn(&T) -> String) {
    let lines: Vec<String> = views.iter().map(line).collect();
    show_lines(terminal, &lines, views);
}

fn show_lines<T: Serialize>(terminal: &mut Terminal, lines: &[String], views: &[T]) {
    let text = if lines.is_empty() {
        "Nothing recorded.".to_owned()
    } else {
        lines.join("\n")
    };
    terminal.show(&text, &views);
}

fn both<T: Serialize>(view: &T, line: impl Fn(&T) -> String) -> (String, serde_json::Value) {
    (line(view), json!(view))
}

fn marks(record: &imena_core::record::RecordState) -> String {
    let mut marks = String::new();
    if !record.conflicts.is_empty() {
        marks.push_str("  [two values, to be resolved]");
    }
    if record.is_created_twice {
        marks.push_str("  [recorded by two devices]");
    }
    if let Some(reason) = &record.ended {
        marks.push_str(&format!("  [withdrawn: {reason}]"));
    }
    marks
}

fn site_line(site: &SiteView) -> String {
    format!("{}  {}{}", site.place_code, site.name, marks(&site.record))
}

fn grave_line(grave: &GraveView) -> String {
    let kind = grave
        .kind
        .as_ref()
        .map_or(String::new(), |kind| format!("  {}", kind.term().en));
    format!("{}{kind}{}", grave.code, marks(&grave.record))
}

fn remains_line(remains: &RemainsView) -> String {
    let kind = remains
        .kind
        .as_ref()
        .map_or(String::new(), |kind| format!("  {}", kind.term().en));
    format!("{}{kind}{}", remains.code, marks(&remains.record))
}

fn marker_line(marker: &MarkerView) -> String {
    let number = marker.number_text.as_deref().unwrap_or("without number");
    format!(
        "{}  {number}  \"{}\"{}",
        marker.kind.term().en,
        marker.text_verbatim,
        marks(&marker.record)
    )
}

fn hint_line(hint: &HintView) -> String {
    format!(
        "possible name, not established: \"{}\"  ({}, {}){}",
        hint.text_verbatim,
        hint.source.term().en,
        hint.confidence.term().en,
        marks(&hint.record)
    )
}

fn photo_line(
    store: &FieldStore,
    photo: &PhotoView,
) -> Result<String, imena_core::field_store::Error> {
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
        "{}  {shot}  {hash}  {} bytes  {place}{}{}",
        photo.id,
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
        format!("  [{}]", notes.join("; "))
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
                lines.push_str(&format!("\n  {name}: {value}"));
            }
        }
    }
    for (name, reason) in &facts.absent {
        lines.push_str(&format!("\n  {name}: absent, {}", reason.term().en));
    }
    lines
}
