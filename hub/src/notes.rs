//! How many lines strangers may cause in the audit: it is kept for ever, and anybody can make keys.

use std::sync::Mutex;

use crate::error::lock;
use crate::limits::STRANGER_NOTES_MAX;

const HOUR_NS: u64 = 60 * 60 * 1_000_000_000;

/// Counts the lines of the present hour.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    hour: Mutex<Hour>,
}

#[derive(Debug, Default)]
struct Hour {
    since_ns: u64,
    notes: u32,
}

impl Notes {
    /// Whether one more line may be written; counts it.
    pub fn may_note(&self, now_ns: u64) -> bool {
        let mut hour = lock(&self.hour);
        if now_ns.saturating_sub(hour.since_ns) >= HOUR_NS {
            *hour = Hour {
                since_ns: now_ns,
                notes: 0,
            };
        }
        let may = hour.notes < STRANGER_NOTES_MAX;
        if may {
            hour.notes = hour.notes.saturating_add(1);
        }
        may
    }
}
