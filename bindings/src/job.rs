//! Long work on a thread of its own, with progress and an end that a person may choose.
//!
//! A job holds no more of the store than a call does: shutting down cancels it and waits for it. What the jobs do stands with their nouns.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use imena_core::field_store::FieldStore as Core;

use crate::error::CoreError;
use crate::guard::{Guarded, guard};
use crate::import::ImportOutcome;
use crate::store::Shared;
use crate::verify::VerifyOutcome;

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

impl Shared {
    /// Begins a job; `call` names it in the log.
    pub fn start(
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
                // Shut down before it had begun: that cancelled it.
                Guarded::Returned(Err(CoreError::ShutDown | CoreError::Suspended)) => {
                    Err(CoreError::Cancelled)
                }
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

    /// Notes how far it is; `Break`: it was cancelled.
    pub fn reached(&self, done: u64, all: u64) -> ControlFlow<()> {
        let mut inner = self.inner();
        inner.done = done;
        inner.all = all;
        if self.is_cancelled.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
