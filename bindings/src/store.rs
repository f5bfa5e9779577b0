//! The one object of the app: the vault behind its gate, and the two threads beside it.
//!
//! Owns how a call reaches the core: counted, guarded, and followed by a notice if it may have changed something. The verbs stand with their nouns.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use imena_core::field_store::{Error, FieldStore as Core};

use crate::change::{ChangeListener, Notifier, Subscription};
use crate::error::CoreError;
use crate::gate::Gate;
use crate::guard::{Guarded, guard, guarded};
use crate::job::JobShared;
use crate::worker::Worker;

/// A vault on this device. One per process, held by the app as long as it runs; dropping it without `shut_down` loses nothing.
#[derive(uniffi::Object)]
pub struct FieldStore {
    pub(crate) shared: Arc<Shared>,
}

/// Counts a capture or desk for as long as the app holds it: what a garbage collector forgot shows in the log at shut-down.
pub(crate) struct Held(Arc<AtomicUsize>);

impl Held {
    pub fn by(shared: &Shared) -> Self {
        shared.held.fetch_add(1, Ordering::Relaxed);
        Self(shared.held.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What captures, desks and jobs of a store hold of it.
pub(crate) struct Shared {
    pub gate: Arc<Gate>,
    pub notifier: Arc<Notifier>,
    pub worker: Arc<Worker>,
    pub held: Arc<AtomicUsize>,
    jobs: Mutex<Vec<Weak<JobShared>>>,
}

impl FieldStore {
    pub(crate) fn around(core: Core) -> Result<Arc<Self>, CoreError> {
        let gate = Arc::new(Gate::new(core));
        let notifier = Notifier::start(&gate)?;
        let worker = Worker::start(&gate, &notifier)?;
        let shared = Arc::new(Shared {
            gate,
            notifier,
            worker,
            held: Arc::default(),
            jobs: Mutex::default(),
        });
        Ok(Arc::new(Self { shared }))
    }
}

#[uniffi::export]
impl FieldStore {
    /// Tells a listener about changes from now on, until the subscription is cancelled or dropped. Answers at once.
    ///
    /// # Errors
    /// `Refused` after 100 subscriptions, `ShutDown`.
    pub fn subscribe_changes(
        &self,
        listener: Arc<dyn ChangeListener>,
    ) -> Result<Arc<Subscription>, CoreError> {
        guarded("subscribe_changes", || {
            if self.shared.is_shut_down() {
                return Err(CoreError::ShutDown);
            }
            self.shared.notifier.subscribe(listener)
        })
    }
}

impl Shared {
    /// A call that changes nothing: whatever happens in it, the store stays usable.
    pub fn read<T, E: Into<CoreError>>(
        &self,
        call: &str,
        act: impl FnOnce(&Core) -> Result<T, E>,
    ) -> Result<T, CoreError> {
        guarded(call, || act(&*self.gate.enter()?).map_err(Into::into))
    }

    /// A call that may change something: listeners are told, and after a panic the store must be reopened.
    pub fn write<T, E: Into<CoreError>>(
        &self,
        call: &str,
        act: impl FnOnce(&Core) -> Result<T, E>,
    ) -> Result<T, CoreError> {
        let guarded = guard(call, || act(&*self.gate.enter()?).map_err(Into::into));
        self.notifier.poke();
        match guarded {
            Guarded::Returned(result) => result,
            Guarded::Panicked(error) => {
                if let CoreError::Internal { report_id } = &error {
                    self.gate.doubt(report_id);
                }
                Err(error)
            }
        }
    }

    fn is_shut_down(&self) -> bool {
        matches!(self.gate.enter().err(), Some(CoreError::ShutDown))
    }

    pub fn add_job(&self, job: &Arc<JobShared>) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.retain(|job| job.strong_count() > 0);
        jobs.push(Arc::downgrade(job));
    }

    pub fn cancel_jobs(&self) {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.iter()
            .filter_map(Weak::upgrade)
            .for_each(|job| job.cancel());
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.worker.stop();
        self.notifier.stop();
    }
}

/// What the core did not find by an id is named by that id.
pub(crate) fn about<T>(asked: &str, result: Result<T, Error>) -> Result<T, CoreError> {
    result.map_err(|error| CoreError::from(error).about(asked))
}
