//! Long work on a thread of its own, with progress and an end that a person may choose.
//!
//! A job holds no more of the store than a call does: shutting down cancels it and waits for it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use imena_core::capture as core;
use imena_core::environment::Environment;
use imena_core::field_store::FieldStore as Core;
use imena_core::vocabulary::Shot;
use std::ops::ControlFlow;

use crate::error::CoreError;
use crate::guard::{Guarded, guard, guarded};
use crate::photo::{PhotoOrigin, PhotoSaved, import_path};
use crate::store::{FieldStore, Shared};
use crate::subject::SubjectRef;
use crate::term::known_some;

/// A camera's card holds hundreds of photos of a day; more are imported in two steps.
const IMPORT_FILES_MAX: usize = 2000;
/// More findings than a screen shows: the first ones say where to look.
const FINDINGS_MAX: usize = 500;

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum JobState {
    /// It works.
    Running,
    /// It is done: see its outcome.
    Done,
    /// It was cancelled; what it had done stays done.
    Cancelled,
    /// It failed: its outcome throws the reason.
    Failed,
}

/// How far a job is, in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct JobProgress {
    /// Whether it works.
    pub state: JobState,
    /// Files done.
    pub done: u64,
    /// Files there are; 0 while not known.
    pub all: u64,
}

/// One thing that is wrong with a vault.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct VerifyFinding {
    /// File, chain or receipt.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct VerifyOutcome {
    /// Sealed files that were hashed again.
    pub files: u64,
    /// Entries whose place in their chain was checked.
    pub entries: u64,
    /// Receipts whose signature was checked.
    pub receipts: u64,
    /// What is wrong, the first 500; empty: nothing is.
    pub findings: Vec<VerifyFinding>,
}

/// Files to import in one go.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ImportDraft {
    /// Paths, at most 2000. The files stay.
    pub paths: Vec<String>,
    /// What the photos are of; absent: not assigned yet.
    #[uniffi(default = None)]
    pub owner: Option<SubjectRef>,
    /// Which shot of the list, a code of `Vocabulary.Shot`; absent: none.
    #[uniffi(default = None)]
    pub shot_code: Option<String>,
    /// How they come.
    pub origin: PhotoOrigin,
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

/// What a job that is done gives.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum JobOutcome {
    /// Of `start_verify`.
    Verified {
        /// What it found.
        outcome: VerifyOutcome,
    },
    /// Of `start_import`.
    Imported {
        /// What it did.
        outcome: ImportOutcome,
    },
}

/// Long work under way. It goes on when this is dropped; `cancel` ends it.
#[derive(uniffi::Object)]
pub struct Job {
    shared: Arc<JobShared>,
}

/// What thread and handle share.
pub struct JobShared {
    inner: Mutex<Inner>,
    ended: Condvar,
    is_cancelled: AtomicBool,
}

struct Inner {
    done: u64,
    all: u64,
    end: Option<Result<JobOutcome, CoreError>>,
}

#[uniffi::export]
impl Job {
    /// How far it is. Answers at once.
    #[must_use]
    pub fn progress(&self) -> JobProgress {
        let inner = self.shared.inner();
        let state = match &inner.end {
            None => JobState::Running,
            Some(Ok(_)) => JobState::Done,
            Some(Err(CoreError::Cancelled)) => JobState::Cancelled,
            Some(Err(_)) => JobState::Failed,
        };
        JobProgress {
            state,
            done: inner.done,
            all: inner.all,
        }
    }

    /// Ends it after the file at hand. Answers at once.
    pub fn cancel(&self) {
        self.shared.cancel();
    }

    /// Waits at most so long for the outcome; absent: it still works.
    ///
    /// # Errors
    /// Why it failed; `Cancelled`.
    pub fn outcome_within(&self, timeout_ms: u32) -> Result<Option<JobOutcome>, CoreError> {
        let limit = Duration::from_millis(timeout_ms.into());
        let begun = Instant::now();
        let mut inner = self.shared.inner();
        loop {
            let left = limit.saturating_sub(begun.elapsed());
            if let Some(end) = &inner.end {
                return end.clone().map(Some);
            }
            if left.is_zero() {
                return Ok(None);
            }
            let waited = self.shared.ended.wait_timeout(inner, left);
            inner = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[uniffi::export]
impl FieldStore {
    /// Checks every page, sealed file, chain and receipt. Reads the whole vault: minutes for a full phone.
    ///
    /// # Errors
    /// `ShutDown`; all else is the job's.
    pub fn start_verify(&self) -> Result<Arc<Job>, CoreError> {
        self.shared.start("start_verify", |core, job| {
            let report = core.verify(&mut |done, all| job.reached(done, all))?;
            let findings = report.findings.into_iter().take(FINDINGS_MAX);
            let findings = findings.map(|finding| VerifyFinding {
                place: finding.place,
                what: finding.what,
            });
            Ok(JobOutcome::Verified {
                outcome: VerifyOutcome {
                    files: report.files,
                    entries: report.entries,
                    receipts: report.receipts,
                    findings: findings.collect(),
                },
            })
        })
    }

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
            let owner = draft.owner.as_ref().map(SubjectRef::read).transpose()?;
            let shot = known_some("shot_code", draft.shot_code.as_ref(), Shot::known)?;
            let origin = draft.origin.term();
            self.shared.start("import", move |core, job| {
                import(core, job, &draft.paths, |path| {
                    Ok(core::CaptureDraft {
                        capture_id: Environment::system(0).random().map_err(|error| {
                            CoreError::from(imena_core::field_store::Error::from(error))
                        })?,
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

fn file_name(path: &str) -> Option<String> {
    let name = Path::new(path).file_name()?;
    Some(name.to_string_lossy().into_owned())
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

impl Shared {
    fn start(
        self: &Arc<Self>,
        call: &'static str,
        act: impl FnOnce(&Core, &JobShared) -> Result<JobOutcome, CoreError> + Send + 'static,
    ) -> Result<Arc<Job>, CoreError> {
        // Closed already: said at once.
        drop(self.gate.enter()?);
        let job = Arc::new(JobShared {
            inner: Mutex::new(Inner {
                done: 0,
                all: 0,
                end: None,
            }),
            ended: Condvar::new(),
            is_cancelled: AtomicBool::new(false),
        });
        self.add_job(&job);
        // The thread holds gate and threads, not the store: dropping the store lets its parts end.
        let (own, gate) = (job.clone(), self.gate.clone());
        let (notifier, worker) = (self.notifier.clone(), self.worker.clone());
        let thread = std::thread::Builder::new().name("imena-job".to_owned());
        let started = thread.spawn(move || {
            let end = match guard(call, || act(&*gate.enter()?, &own)) {
                Guarded::Returned(end) => end,
                Guarded::Panicked(error) => {
                    if let CoreError::Internal { report_id } = &error {
                        gate.doubt(report_id);
                    }
                    Err(error)
                }
            };
            worker.saved();
            notifier.poke();
            own.inner().end = Some(end);
            own.ended.notify_all();
        });
        started.map_err(|error| CoreError::StorageFailed {
            reason: format!("no thread: {error}"),
        })?;
        Ok(Arc::new(Job { shared: job }))
    }
}

impl JobShared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    fn reached(&self, done: u64, all: u64) -> ControlFlow<()> {
        let mut inner = self.inner();
        inner.done = done;
        inner.all = all;
        if self.is_cancelled.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
