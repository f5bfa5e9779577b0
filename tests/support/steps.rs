//! Kills the own process at a chosen moment of a protocol, as a battery or a system does: no destructor, no flush.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use imena_core::environment::Steps;

/// The steps between which a photo's commit can be cut, in their order.
pub const CAPTURE_STEPS: [&str; 11] = [
    "capture: 1 reserve",
    "capture: 2 create",
    "capture: 3 append",
    "capture: 4 fsync",
    "capture: 5 rename",
    "capture: 6 journal",
    "capture: 7 acknowledge",
    "after: settle",
    "after: offer",
    "after: renditions",
    "after: run",
];

type Told = Box<dyn Fn(&'static str) + Send + Sync>;

/// Counts one step and kills at its n-th occurrence; tells a listener of every step before.
pub struct KillAt {
    step: Option<String>,
    nth: u64,
    count: AtomicU64,
    told: Told,
}

impl fmt::Debug for KillAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KillAt({:?}, {})", self.step, self.nth)
    }
}

impl KillAt {
    /// Kills when `step` is reached for the `nth` time (1 = the first); never if there is no step.
    #[must_use]
    pub fn new(
        step: Option<String>,
        nth: u64,
        told: impl Fn(&'static str) + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            step,
            nth,
            count: AtomicU64::new(0),
            told: Box::new(told),
        })
    }
}

impl Steps for KillAt {
    fn reached(&self, name: &'static str) {
        (self.told)(name);
        if self.step.as_deref() == Some(name)
            && self.count.fetch_add(1, Ordering::SeqCst) + 1 == self.nth
        {
            kill_self();
        }
    }
}

/// Ends the own process at once.
pub fn kill_self() -> ! {
    #[allow(unsafe_code, reason = "there is no safe call for a signal to oneself")]
    // SAFETY: raise takes no pointer and SIGKILL does not return.
    unsafe {
        libc::raise(libc::SIGKILL);
    }
    loop {
        std::thread::park();
    }
}
