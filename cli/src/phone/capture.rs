//! `capture`: one photo after the other, each answered by itself; the end says what was saved and what was not.

use std::path::{Path, PathBuf};

use imena_core::capture::{CaptureDraft, Saved, SavedOutcome};
use imena_core::field_store::FieldStore;
use imena_core::model::file_name::FileName;
use imena_core::model::ids::SubjectRef;
use imena_core::vocabulary::{PhotoDefect, PhotoOrigin, Shot};
use serde_json::json;

use crate::Done;
use crate::failure::{Failure, INPUT};
use crate::terminal::{Terminal, foreign};

/// Captures every file that can be; one that is refused keeps no other from being saved.
pub fn capture(
    terminal: &mut Terminal,
    store: &FieldStore,
    photos: &[PathBuf],
    owner: Option<SubjectRef>,
    shot: Option<&Shot>,
) -> Done {
    let mut refused: Vec<(String, Failure)> = Vec::new();
    for path in photos {
        let draft = CaptureDraft {
            capture_id: crate::environment().random()?,
            owner,
            shot: shot.cloned(),
            origin: PhotoOrigin::ImportFile,
            file_name: path.file_name().map(FileName::from_os),
        };
        match store.import_photo(path, draft) {
            Ok(saved) => told(terminal, &name_of(path), &saved),
            Err(error) => {
                let (name, failure) = (name_of(path), Failure::from(error));
                terminal.say(&format!("{}: {}", foreign(&name), failure.what));
                refused.push((name, failure));
            }
        }
    }
    // Renditions and the run come after every shutter press was answered.
    store.work_off()?;
    not_saved(terminal, photos.len(), &refused)
}

fn told(terminal: &mut Terminal, name: &str, saved: &Saved) {
    let mut text = format!("saved {} {} bytes", foreign(name), saved.bytes);
    for defect in &saved.defects {
        text.push_str(&format!("\n  note: {}", defect.term().en));
    }
    if saved.defects.iter().any(PhotoDefect::calls_for_another) {
        text.push_str("\n  What came is kept. Take it again if you still can.");
    }
    let value = json!({
        "saved": name, "photo": saved.photo, "sealed": saved.sealed,
        "sha256": saved.sha256.to_hex(), "bytes": saved.bytes,
        "new": saved.outcome == SavedOutcome::New, "notes": saved.defects
    });
    terminal.show(&text, &value);
}

/// The end of a line with several photos: which are not saved, and how many are.
fn not_saved(terminal: &mut Terminal, all: usize, refused: &[(String, Failure)]) -> Done {
    if refused.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = refused.iter().map(|(name, _)| foreign(name)).collect();
    let saved = all.saturating_sub(refused.len());
    let value: Vec<_> = refused
        .iter()
        .map(|(name, failure)| json!({"name": name, "why": failure.what}))
        .collect();
    terminal.report(&json!({"saved_count": saved, "not_saved": value}));
    // A disk that failed weighs more than a file that is none: it may fail the next one too.
    let code = refused.iter().map(|(_, failure)| failure.code);
    let code = code.fold(
        INPUT,
        |worst, code| if code == INPUT { worst } else { code },
    );
    let what = format!(
        "{} of {all} photos NOT SAVED: {}. Saved: {saved}.",
        refused.len(),
        names.join(", ")
    );
    let todo = "The lines above say why; take those photos again.";
    Err(Failure::new(code, what, todo))
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}
