//! The way to the open vault: who goes in is counted, so that closing can wait for who is inside.
//!
//! Invariant: the vault is closed only when nobody is inside; while it is being closed nobody new gets in; no lock is held while anybody is inside.

use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use imena_core::field_store::{FieldStore as Core, Suspended};

use crate::error::CoreError;

/// Between "I leave" and having left lies one drop.
const LETTING_GO: Duration = Duration::from_millis(1);

/// What stands behind the gate.
enum Phase {
    Open(Arc<Core>),
    /// A panic in the middle of a write: nothing more is believed until it was closed and opened again.
    InDoubt(Arc<Core>, String),
    /// Being closed, by the thread that said so or by the next one.
    Closing(Arc<Core>),
    Suspended(Suspended),
    /// One thread closes it or opens it again; the others wait for what comes of it.
    Changing,
    ShutDown,
}

struct State {
    phase: Phase,
    inside: usize,
}

/// The gate.
pub struct Gate {
    state: Mutex<State>,
    left: Condvar,
}

/// The right to be inside, for as long as it lives.
pub struct Pass<'a> {
    gate: &'a Gate,
    core: Arc<Core>,
}

/// What a closing thread finds.
pub enum Emptied<'a> {
    /// Nobody is inside: the vault, to be closed.
    Vault(Box<Core>, Turn<'a>),
    /// It was closed already, for a while.
    Suspended(Suspended, Turn<'a>),
    /// It was shut down already.
    ShutDown,
    /// Somebody is still inside; nobody new gets in.
    StillRunning,
}

/// The right to say what stands behind the gate next; dropped without a word (after a panic, too) nothing does.
pub struct Turn<'a> {
    gate: &'a Gate,
    next: Option<Phase>,
}

impl Turn<'_> {
    /// Closed for a while.
    pub fn suspended(mut self, suspended: Suspended) {
        self.next = Some(Phase::Suspended(suspended));
    }

    fn opened(mut self, core: Core) {
        self.next = Some(Phase::Open(Arc::new(core)));
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.gate.state().phase = self.next.take().unwrap_or(Phase::ShutDown);
        self.gate.left.notify_all();
    }
}

impl Gate {
    pub fn new(core: Core) -> Self {
        Self {
            state: Mutex::new(State {
                phase: Phase::Open(Arc::new(core)),
                inside: 0,
            }),
            left: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes in.
    pub fn enter(&self) -> Result<Pass<'_>, CoreError> {
        let mut state = self.state();
        let core = match &state.phase {
            Phase::Open(core) => core.clone(),
            Phase::InDoubt(_, report_id) => {
                let reason = format!("report {report_id}");
                return Err(CoreError::MustReopen { reason });
            }
            Phase::Suspended(_) => return Err(CoreError::Suspended),
            Phase::Closing(_) | Phase::Changing | Phase::ShutDown => {
                return Err(CoreError::ShutDown);
            }
        };
        state.inside = state.inside.saturating_add(1);
        Ok(Pass { gate: self, core })
    }

    /// Lets nobody in any more but to close.
    pub fn doubt(&self, report_id: &str) {
        let mut state = self.state();
        if let Phase::Open(core) = &state.phase {
            state.phase = Phase::InDoubt(core.clone(), report_id.to_owned());
        }
    }

    /// Closes the gate and waits until everybody has left.
    pub fn empty(&self, limit: Duration) -> Emptied<'_> {
        let deadline = Instant::now().checked_add(limit);
        let mut state = self.state();
        loop {
            let core = match std::mem::replace(&mut state.phase, Phase::Changing) {
                Phase::Open(core) | Phase::InDoubt(core, _) | Phase::Closing(core) => Some(core),
                Phase::Changing => None,
                Phase::Suspended(suspended) => return Emptied::Suspended(suspended, self.turn()),
                Phase::ShutDown => {
                    state.phase = Phase::ShutDown;
                    return Emptied::ShutDown;
                }
            };
            let mut left = time_left(deadline, limit);
            if let Some(core) = core {
                let inside = state.inside;
                let core = match Arc::try_unwrap(core) {
                    Ok(core) if inside == 0 => {
                        return Emptied::Vault(Box::new(core), self.turn());
                    }
                    Ok(core) => Arc::new(core),
                    Err(core) => core,
                };
                state.phase = Phase::Closing(core);
                if inside == 0 {
                    // The last one has said that it leaves and is letting go of the vault: nobody will say so again.
                    left = left.min(LETTING_GO);
                }
            }
            if left.is_zero() {
                return Emptied::StillRunning;
            }
            let waited = self.left.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn turn(&self) -> Turn<'_> {
        Turn {
            gate: self,
            next: None,
        }
    }

    /// Opens again what was closed for a while; meanwhile nobody gets in.
    pub fn resume(&self, limit: Duration) -> Result<(), CoreError> {
        let deadline = Instant::now().checked_add(limit);
        let mut state = self.state();
        let suspended = loop {
            match std::mem::replace(&mut state.phase, Phase::Changing) {
                Phase::Suspended(suspended) => break suspended,
                Phase::Changing => {
                    let left = time_left(deadline, limit);
                    if left.is_zero() {
                        return Err(CoreError::refused("suspend_when_idle", "a call still runs"));
                    }
                    let waited = self.left.wait_timeout(state, left);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                phase @ (Phase::Open(_) | Phase::InDoubt(..)) => {
                    state.phase = phase;
                    return Ok(());
                }
                phase @ (Phase::Closing(_) | Phase::ShutDown) => {
                    state.phase = phase;
                    return Err(CoreError::ShutDown);
                }
            }
        };
        drop(state);
        let turn = self.turn();
        match suspended.resume() {
            Ok(core) => {
                turn.opened(core);
                Ok(())
            }
            Err(failed) => {
                let (suspended, error) = *failed;
                turn.suspended(suspended);
                Err(error.into())
            }
        }
    }
}

fn time_left(deadline: Option<Instant>, limit: Duration) -> Duration {
    deadline.map_or(limit, |at| at.saturating_duration_since(Instant::now()))
}

impl Deref for Pass<'_> {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        state.inside = state.inside.saturating_sub(1);
        drop(state);
        self.gate.left.notify_all();
    }
}
