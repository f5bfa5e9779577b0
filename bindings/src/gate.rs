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
pub enum Emptied {
    /// Nobody is inside: the vault, to be closed.
    Vault(Box<Core>),
    /// It was closed already, for a while.
    Suspended(Suspended),
    /// It was shut down already.
    ShutDown,
    /// Somebody is still inside; nobody new gets in.
    StillRunning,
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
            Phase::Closing(_) | Phase::ShutDown => return Err(CoreError::ShutDown),
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
    pub fn empty(&self, limit: Duration) -> Emptied {
        let deadline = Instant::now().checked_add(limit);
        let mut state = self.state();
        loop {
            let phase = std::mem::replace(&mut state.phase, Phase::ShutDown);
            let core = match phase {
                Phase::Open(core) | Phase::InDoubt(core, _) | Phase::Closing(core) => core,
                Phase::Suspended(suspended) => return Emptied::Suspended(suspended),
                Phase::ShutDown => return Emptied::ShutDown,
            };
            let core = match (state.inside, core) {
                (0, core) => match Arc::try_unwrap(core) {
                    Ok(core) => return Emptied::Vault(Box::new(core)),
                    Err(core) => core,
                },
                (_, core) => core,
            };
            state.phase = Phase::Closing(core);
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            let mut left = left.unwrap_or(limit);
            if left.is_zero() {
                return Emptied::StillRunning;
            }
            if state.inside == 0 {
                // The last one has said that it leaves and is letting go of the vault: nobody will say so again.
                left = left.min(LETTING_GO);
            }
            state = self
                .left
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Puts a vault that was closed for a while behind the gate.
    pub fn suspend(&self, suspended: Suspended) {
        self.state().phase = Phase::Suspended(suspended);
    }

    /// Opens again what was closed for a while; while it runs nobody gets in.
    pub fn resume(&self) -> Result<(), CoreError> {
        let suspended = {
            let mut state = self.state();
            match std::mem::replace(&mut state.phase, Phase::ShutDown) {
                Phase::Suspended(suspended) => suspended,
                phase => {
                    let is_over = matches!(phase, Phase::ShutDown | Phase::Closing(_));
                    state.phase = phase;
                    return if is_over {
                        Err(CoreError::ShutDown)
                    } else {
                        Ok(())
                    };
                }
            }
        };
        match suspended.resume() {
            Ok(core) => {
                self.state().phase = Phase::Open(Arc::new(core));
                Ok(())
            }
            Err(failed) => {
                let (suspended, error) = *failed;
                self.suspend(suspended);
                Err(error.into())
            }
        }
    }
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
