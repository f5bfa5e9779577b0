//! What follows a saved photo (its place, previews, the run) is done by one thread when the shutter rests.
//!
//! Invariant: capture never waits for it; it is begun at the latest half a minute after the first photo that waits.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::change::Notifier;
use crate::error::CoreError;
use crate::gate::Gate;
use crate::guard::{Guarded, guard};
use crate::log::{LogLevel, log};

/// Nobody pressed the shutter for this long: it rests.
const REST: Duration = Duration::from_millis(400);
/// A series without a rest is followed up meanwhile, lest hours of it wait.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// After a failure (a full disk) before it is tried again.
const RETRY: Duration = Duration::from_secs(30);

#[derive(Default)]
struct State {
    first: Option<Instant>,
    last: Option<Instant>,
    is_paused: bool,
    is_stopping: bool,
}

/// The thread.
#[derive(Default)]
pub struct Worker {
    state: Mutex<State>,
    wake: Condvar,
}

impl Worker {
    /// Starts the thread; it ends when it is told to stop.
    pub fn start(gate: &Arc<Gate>, notifier: &Arc<Notifier>) -> Result<Arc<Self>, CoreError> {
        let worker = Arc::new(Self::default());
        let (own, gate, notifier) = (worker.clone(), gate.clone(), notifier.clone());
        let thread = std::thread::Builder::new().name("imena-follow-up".to_owned());
        let started = thread.spawn(move || own.run(&gate, &notifier));
        started.map_err(|error| CoreError::StorageFailed {
            reason: format!("no thread: {error}"),
        })?;
        Ok(worker)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shutter is being pressed: not now.
    pub fn shutter(&self) {
        let mut state = self.state();
        if state.first.is_some() {
            state.last = Some(Instant::now());
        }
    }

    /// A photo was saved: there is something to do when the shutter rests.
    pub fn saved(&self) {
        let mut state = self.state();
        let now = Instant::now();
        state.first.get_or_insert(now);
        state.last = Some(now);
        state.is_paused = false;
        drop(state);
        self.wake.notify_one();
    }

    /// Lets go of the vault after the photo at hand, until the next [`Worker::saved`].
    pub fn pause(&self) {
        self.state().is_paused = true;
    }

    fn is_interrupted(&self) -> bool {
        let state = self.state();
        state.is_paused || state.is_stopping
    }

    /// Lets the thread end after what it is doing.
    pub fn stop(&self) {
        self.state().is_stopping = true;
        self.wake.notify_one();
    }

    fn run(&self, gate: &Gate, notifier: &Notifier) {
        while self.wait_for_a_rest() {
            let worked = guard("follow_up", || {
                gate.enter()?.work_off_while(&|| !self.is_interrupted())?;
                Ok(())
            });
            notifier.poke();
            match worked {
                // Locked, suspended or shut down: unlocking and closing do it themselves.
                Guarded::Returned(
                    Ok(()) | Err(CoreError::Locked | CoreError::Suspended | CoreError::ShutDown),
                ) => {}
                Guarded::Returned(Err(error)) => {
                    let text = format!("follow-up of photos failed, tried again: {error}");
                    log(LogLevel::Warning, "worker", &text);
                    self.again_later();
                }
                Guarded::Panicked(error) => {
                    if let CoreError::Internal { report_id } = error {
                        gate.doubt(&report_id);
                    }
                }
            }
        }
    }

    fn again_later(&self) {
        let mut state = self.state();
        if let Some(later) = Instant::now().checked_add(RETRY) {
            state.first.get_or_insert(later);
            state.last.get_or_insert(later);
        }
    }

    /// Waits until there is something to do and the shutter rests; `false`: it is over.
    fn wait_for_a_rest(&self) -> bool {
        let mut state = self.state();
        loop {
            if state.is_stopping {
                return false;
            }
            let (Some(first), Some(last)) = (state.first, state.last) else {
                let waited = self.wake.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let now = Instant::now();
            let until_rest = time_left(last, REST, now);
            let left = until_rest.min(time_left(first, WAIT_MAX, now));
            if left.is_zero() {
                state.first = None;
                state.last = None;
                return true;
            }
            let waited = self.wake.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// What is left until `pause` after `from`, which may lie ahead.
fn time_left(from: Instant, pause: Duration, now: Instant) -> Duration {
    from.checked_add(pause)
        .map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
}
