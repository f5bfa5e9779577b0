//! Log lines for the app's own log: places, counts and report numbers; never names, positions, texts or codes.

use std::sync::{Arc, PoisonError, RwLock};

use crate::error::CoreError;

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum LogLevel {
    /// A bug of ours.
    Error,
    /// Something outside failed; nothing is lost.
    Warning,
    /// Worth knowing later.
    Info,
}

/// Where log lines go.
#[uniffi::export(foreign)]
pub trait LogSink: Send + Sync {
    /// Takes a line, on any thread. It must not call the store. A failure is ignored.
    fn take_line(&self, level: LogLevel, target: String, text: String) -> Result<(), CoreError>;
}

static SINK: RwLock<Option<Arc<dyn LogSink>>> = RwLock::new(None);

/// Says where log lines of this process go; without a sink they are dropped.
#[uniffi::export]
pub fn set_log_sink(sink: Option<Arc<dyn LogSink>>) {
    *SINK.write().unwrap_or_else(PoisonError::into_inner) = sink;
}

pub(crate) fn log(level: LogLevel, target: &str, text: &str) {
    let sink = SINK.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(sink) = sink {
        // A log that fails must not make fail what it tells of.
        let _ = sink.take_line(level, target.to_owned(), text.to_owned());
    }
}
