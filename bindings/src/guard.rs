//! No panic leaves this library: it is caught, noted by its place, and comes out as `Internal{report_id}`.
//!
//! Invariant: the message of a panic is never shown or logged, because it may hold what a person typed; file and line are.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, set_hook, take_hook};
use std::sync::Once;

use imena_core::environment::Environment;

use crate::error::CoreError;
use crate::log::{LogLevel, log};

/// Builds with debug assertions panic in the call that this variable names: so each language's tests see a real one.
const PANIC_IN: &str = "IMENA_PANIC_IN";

thread_local! {
    /// Set while a guarded call runs; then where it panicked.
    static GUARDED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// How a guarded call ended.
pub enum Guarded<T> {
    /// It returned.
    Returned(Result<T, CoreError>),
    /// It panicked: the error to give, after which its caller may not trust what it left half done.
    Panicked(CoreError),
}

impl<T> Guarded<T> {
    /// For calls that leave nothing half done.
    pub fn into_result(self) -> Result<T, CoreError> {
        match self {
            Self::Returned(result) => result,
            Self::Panicked(error) => Err(error),
        }
    }
}

/// Runs `act`; `call` names it in the log.
pub fn guard<T>(call: &str, act: impl FnOnce() -> Result<T, CoreError>) -> Guarded<T> {
    install_hook();
    let outer = GUARDED.replace(Some(String::new()));
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        panic_if_asked(call);
        act()
    }));
    let place = GUARDED.replace(outer);
    match outcome {
        Ok(result) => Guarded::Returned(result),
        Err(_) => {
            let report_id = new_report_id();
            let place = place.unwrap_or_default();
            let text = format!("report {report_id}: {call} panicked at {place}");
            log(LogLevel::Error, "guard", &text);
            Guarded::Panicked(CoreError::Internal { report_id })
        }
    }
}

/// [`guard`] for calls that leave nothing half done.
pub fn guarded<T>(call: &str, act: impl FnOnce() -> Result<T, CoreError>) -> Result<T, CoreError> {
    guard(call, act).into_result()
}

fn panic_if_asked(call: &str) {
    if cfg!(debug_assertions) && std::env::var_os(PANIC_IN).is_some_and(|asked| asked == call) {
        panic_any("asked for by a test");
    }
}

/// Without it the default hook would print the message, which may hold data, where anybody reads it.
fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            let is_ours = GUARDED.with_borrow_mut(|place| match place {
                Some(place) => {
                    *place = info.location().map(ToString::to_string).unwrap_or_default();
                    true
                }
                None => false,
            });
            if !is_ours {
                before(info);
            }
        }));
    });
}

fn new_report_id() -> String {
    let random = Environment::system(0).random::<4>();
    // Without entropy all reports have one number; the log still has their places.
    let number = random.map_or(0, u32::from_be_bytes);
    format!("{number:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_without_its_message() {
        let error = guarded::<()>("list_sites", || panic!("Nesteren")).unwrap_err();
        let CoreError::Internal { report_id } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(report_id.len(), 8);
        assert!(!error.to_string().contains("Nesteren"));
    }

    #[test]
    fn a_call_after_a_panic_works() {
        guarded::<()>("one", || panic!()).unwrap_err();
        assert_eq!(guarded("two", || Ok(2)).unwrap(), 2);
    }
}
