//! Texts as people write them: kept verbatim, bounded, never empty where a value is owed.

use super::RecordError;
use crate::encoding::Value;
use crate::merge::Folded;

/// A verbatim text: the back of a plate, a page of a letter. Longer ones are photographed.
pub const TEXT_BYTES_MAX: usize = 4 * 1024;
/// A name of a place or person on one line.
pub const NAME_BYTES_MAX: usize = 256;

/// Checks a text that must be there.
pub fn owed(field: &'static str, text: &str, limit: usize) -> Result<Value, RecordError> {
    if text.trim().is_empty() {
        return Err(RecordError::Invalid {
            field,
            reason: "is empty".to_owned(),
        });
    }
    bounded(field, text, limit)
}

/// Checks a text that may be there.
pub fn bounded(field: &'static str, text: &str, limit: usize) -> Result<Value, RecordError> {
    if text.len() > limit {
        let reason = format!("{} bytes, limit {limit}: nothing was recorded", text.len());
        return Err(RecordError::Invalid { field, reason });
    }
    if text.contains('\0') {
        return Err(RecordError::Invalid {
            field,
            reason: "holds a NUL character".to_owned(),
        });
    }
    Ok(Value::text(text))
}

/// The text of a field, empty where there is none.
pub fn shown(folded: &Folded, field: u64) -> String {
    folded
        .value(field)
        .and_then(Value::as_text)
        .unwrap_or_default()
        .to_owned()
}

/// The text of a field, if any.
pub fn shown_some(folded: &Folded, field: u64) -> Option<String> {
    folded
        .value(field)
        .and_then(Value::as_text)
        .map(str::to_owned)
}
