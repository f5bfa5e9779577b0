//! Taking many files at once, a camera's card say: one that cannot be saved does not stop the others.

use std::path::Path;
use std::sync::Arc;

use imena_core::capture as core;
use imena_core::environment::Environment;
use imena_core::field_store::{Error, FieldStore as Core};
use imena_core::model::file_name::FileName;
use imena_core::vocabulary::Shot;

use crate::error::CoreError;
use crate::guard::guarded;
use crate::job::{Job, JobOutcome, JobShared};
use crate::photo::{PhotoSaved, PhotoSource, import_path};
use crate::store::FieldStore;
use crate::subject::SubjectRef;
use crate::term::known_some;

/// A camera's card holds hundreds of photos of a day; more are imported in two steps.
const IMPORT_FILES_MAX: usize = 2000;
/// Files to import in one go.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ImportDraft {
    /// Paths, at most 2000. The files stay.
    pub paths: Vec<String>,
    /// What the photos are of; absent: not assigned yet.
    #[uniffi(default = None)]
    pub owner: Option<SubjectRef>,
    /// Which shot of the list, a code of the vocabulary `shot`; absent: none.
    #[uniffi(default = None)]
    pub shot_code: Option<String>,
    /// How they come.
    pub origin: PhotoSource,
}

/// A file that was NOT SAVED.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ImportRefusal {
    /// Its place in `ImportDraft.paths`, from 0.
    pub position: u32,
    /// Why.
    pub reason: String,
}

/// What an import did. What is in neither list was not reached.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ImportOutcome {
    /// Photos that are saved, in the order of the paths.
    pub saved: Vec<PhotoSaved>,
    /// Files that are not.
    pub refused: Vec<ImportRefusal>,
}

#[uniffi::export]
impl FieldStore {
    /// Takes many files, one after the other; one that cannot be saved does not stop the others.
    ///
    /// # Errors
    /// `Invalid`, `NotFound` (no id), `ShutDown`; all else is the job's.
    pub fn start_import(&self, draft: ImportDraft) -> Result<Arc<Job>, CoreError> {
        guarded("start_import", || {
            if draft.paths.len() > IMPORT_FILES_MAX {
                let reason = format!("more than {IMPORT_FILES_MAX}: import them in parts");
                return Err(CoreError::invalid("paths", &reason));
            }
            let owner = draft.owner.as_ref().map(|owner| owner.read("owner"));
            let owner = owner.transpose()?;
            let shot = known_some("shot_code", draft.shot_code.as_ref(), Shot::known)?;
            let origin = draft.origin.term();
            self.shared.start("import", move |core, job| {
                import(core, job, &draft.paths, |path| {
                    Ok(core::CaptureDraft {
                        capture_id: Environment::system(0).random().map_err(Error::from)?,
                        owner,
                        shot: shot.clone(),
                        origin: origin.clone(),
                        file_name: file_name(path),
                    })
                })
            })
        })
    }
}

fn file_name(path: &str) -> Option<FileName> {
    Path::new(path).file_name().map(FileName::from_os)
}

fn import(
    core: &Core,
    job: &JobShared,
    paths: &[String],
    draft: impl Fn(&str) -> Result<core::CaptureDraft, CoreError>,
) -> Result<JobOutcome, CoreError> {
    let all = paths.len() as u64;
    let (mut saved, mut refused) = (Vec::new(), Vec::new());
    for (position, path) in (0_u32..).zip(paths) {
        if job.reached(position.into(), all).is_break() {
            return Err(CoreError::Cancelled);
        }
        match draft(path).and_then(|draft| import_path(core, path, draft)) {
            Ok(photo) => saved.push(photo.into()),
            // No other file fares better: what was saved stays, and the job ends with the reason.
            Err(
                error @ (CoreError::Locked
                | CoreError::StorageFull { .. }
                | CoreError::MustReopen { .. }),
            ) => return Err(error),
            Err(error) => refused.push(ImportRefusal {
                position,
                reason: error.to_string(),
            }),
        }
    }
    let _ = job.reached(all, all);
    Ok(JobOutcome::Imported {
        outcome: ImportOutcome { saved, refused },
    })
}
