//! Telling screens that something changed, without ever keeping the core waiting for them.
//!
//! One thread tells all listeners, at most ten times a second, and holds no lock while it does. What changes meanwhile is added up, so that a slow
//! listener costs no memory. Numbers count notices: a screen that misses one asks for everything again.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use imena_core::field_store::Changes;

use crate::error::CoreError;
use crate::gate::Gate;
use crate::guard::guarded;
use crate::log::{LogLevel, log};
use crate::subject::SubjectRef;

/// Ten notices a second: more often no eye follows.
const NOTICE_PAUSE: Duration = Duration::from_millis(100);
/// More listeners than any app has screens: a screen that forgets to cancel is found here.
const SUBSCRIPTIONS_MAX: usize = 100;

/// Something changed: ask again for what the screen shows.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ChangeNotice {
    /// Rises by one from notice to notice; after a gap ask for everything again.
    pub seq: u64,
    /// Records that changed, at most 100.
    pub subjects: Vec<SubjectRef>,
    /// Kinds of records that changed, complete even if the records are not named.
    pub kinds: Vec<String>,
    /// Set if more changed than is named, or an earlier notice was not taken: ask for everything again.
    pub must_reload: bool,
    /// Set if the status may have changed: counts, receipts, lock.
    pub has_status_changed: bool,
}

/// Who is told about changes.
#[uniffi::export(foreign)]
pub trait ChangeListener: Send + Sync {
    /// Takes a notice, on the core's own thread: hand it on and return. It may call the store. If it throws, its next notice says `must_reload`.
    fn on_change(&self, notice: ChangeNotice) -> Result<(), CoreError>;
}

/// A listener at work; it ends when this is cancelled or dropped.
#[derive(uniffi::Object)]
pub struct Subscription {
    id: u64,
    notifier: Weak<Notifier>,
}

#[uniffi::export]
impl Subscription {
    /// Ends it. A notice that is being delivered may still come. Answers at once.
    pub fn cancel(&self) {
        if let Some(notifier) = self.notifier.upgrade() {
            notifier.state().listeners.retain(|next| next.id != self.id);
        }
    }

    /// Whether notices still come. Answers at once.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.notifier.upgrade().is_some_and(|notifier| {
            let state = notifier.state();
            !state.is_stopping && state.listeners.iter().any(|next| next.id == self.id)
        })
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.cancel();
    }
}

#[derive(Clone)]
struct Listening {
    id: u64,
    listener: Arc<dyn ChangeListener>,
    has_missed: bool,
}

#[derive(Default)]
struct State {
    listeners: Vec<Listening>,
    last_id: u64,
    is_poked: bool,
    is_stopping: bool,
}

/// The one thread that tells.
#[derive(Default)]
pub struct Notifier {
    state: Mutex<State>,
    wake: Condvar,
}

impl Notifier {
    /// Starts the thread; it ends when it is told to stop.
    pub fn start(gate: &Arc<Gate>) -> Result<Arc<Self>, CoreError> {
        let notifier = Arc::new(Self::default());
        let (own, gate) = (notifier.clone(), gate.clone());
        let thread = std::thread::Builder::new().name("imena-notices".to_owned());
        let started = thread.spawn(move || own.run(&gate));
        started.map_err(|error| CoreError::StorageFailed {
            reason: format!("no thread: {error}"),
        })?;
        Ok(notifier)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that there may be something to tell; never waits for a listener.
    pub fn poke(&self) {
        self.state().is_poked = true;
        self.wake.notify_one();
    }

    /// Lets the thread end; a listener that is being told keeps it until it returns.
    pub fn stop(&self) {
        let mut state = self.state();
        state.is_stopping = true;
        state.listeners.clear();
        drop(state);
        self.wake.notify_one();
    }

    pub fn subscribe(
        self: &Arc<Self>,
        listener: Arc<dyn ChangeListener>,
    ) -> Result<Arc<Subscription>, CoreError> {
        let mut state = self.state();
        if state.listeners.len() >= SUBSCRIPTIONS_MAX {
            let reason = "100 subscriptions are active: cancel those of closed screens";
            return Err(CoreError::refused("subscriptions_max", reason));
        }
        state.last_id = state.last_id.saturating_add(1);
        let id = state.last_id;
        state.listeners.push(Listening {
            id,
            listener,
            has_missed: false,
        });
        let notifier = Arc::downgrade(self);
        Ok(Arc::new(Subscription { id, notifier }))
    }

    fn run(&self, gate: &Gate) {
        let (mut seq, mut untold) = (0_u64, Changes::default());
        let mut last: Option<Instant> = None;
        while self.wait_for_a_poke(last) {
            if let Ok(core) = gate.enter() {
                untold.add(core.take_changes());
            }
            let listeners = self.state().listeners.clone();
            if untold.is_empty() {
                continue;
            }
            seq = seq.saturating_add(1);
            let notice = notice_of(seq, std::mem::take(&mut untold));
            for listening in listeners {
                self.tell(&listening, notice.clone());
            }
            last = Some(Instant::now());
        }
    }

    /// Waits until there may be something to tell and the last telling is long enough ago; `false`: it is over.
    fn wait_for_a_poke(&self, last: Option<Instant>) -> bool {
        let mut state = self.state();
        loop {
            if state.is_stopping {
                return false;
            }
            let pause = last.map_or(Duration::ZERO, |last| {
                NOTICE_PAUSE.saturating_sub(last.elapsed())
            });
            if state.is_poked && pause.is_zero() {
                state.is_poked = false;
                return true;
            }
            state = if state.is_poked {
                let waited = self.wake.wait_timeout(state, pause);
                waited.unwrap_or_else(PoisonError::into_inner).0
            } else {
                let waited = self.wake.wait(state);
                waited.unwrap_or_else(PoisonError::into_inner)
            };
        }
    }

    fn tell(&self, listening: &Listening, notice: ChangeNotice) {
        let must_reload = notice.must_reload || listening.has_missed;
        let notice = ChangeNotice {
            must_reload,
            ..notice
        };
        let told = guarded("on_change", || listening.listener.on_change(notice));
        if told.is_err() {
            log(
                LogLevel::Warning,
                "change",
                "a listener failed; its next notice says must_reload",
            );
        }
        let mut state = self.state();
        if let Some(known) = state.listeners.iter_mut().find(|l| l.id == listening.id) {
            known.has_missed = told.is_err();
        }
    }
}

fn notice_of(seq: u64, changes: Changes) -> ChangeNotice {
    let subjects = changes.subjects.iter().map(|(id, kind)| SubjectRef {
        kind: kind.name().to_owned(),
        id: id.to_string(),
    });
    let kinds = changes.kinds.iter().map(|kind| kind.name().to_owned());
    ChangeNotice {
        seq,
        subjects: subjects.collect(),
        kinds: kinds.collect(),
        must_reload: changes.is_overflowing,
        has_status_changed: changes.has_status,
    }
}
