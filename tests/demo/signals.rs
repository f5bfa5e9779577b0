//! Ctrl-C and a plain `kill` as a flag: so that the hub is ended and the folder removed.

use std::sync::atomic::{AtomicBool, Ordering};

static IS_ENDED: AtomicBool = AtomicBool::new(false);

/// From now on both signals only set the flag.
pub fn catch() {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let handler: extern "C" fn(libc::c_int) = note;
        #[allow(unsafe_code, reason = "std has no call for it")]
        // SAFETY: the handler has the type that the system calls, and only stores to an atomic.
        unsafe {
            libc::signal(signal, handler as libc::sighandler_t);
        }
    }
}

/// Whether one came.
pub fn is_ended() -> bool {
    IS_ENDED.load(Ordering::SeqCst)
}

extern "C" fn note(_signal: libc::c_int) {
    IS_ENDED.store(true, Ordering::SeqCst);
}
