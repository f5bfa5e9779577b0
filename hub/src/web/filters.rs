//! How a text of somebody else enters a page: the one filter of the templates.
//!
//! Owns that no name, code or text of a record closes a tag, turns the direction of what stands
//! beside it, or hides a part of itself. Invariant: every `{{ … }}` of a template is either a word
//! or number of the hub's own, or passes through [`foreign`].

use std::fmt::{self, Display, Write as _};

use askama::Values;
use askama::filters::Safe;
use imena_core::model::display::shown;

/// Writes a text of others: escaped, on one line, isolated in its own direction.
#[askama::filter_fn]
pub(super) fn foreign(text: impl Display, _: &dyn Values) -> askama::Result<Safe<String>> {
    let mut page = String::from("<bdi>");
    write_escaped(&mut page, &shown(&text.to_string()))?;
    page.push_str("</bdi>");
    Ok(Safe(page))
}

fn write_escaped(page: &mut String, text: &str) -> fmt::Result {
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '"' | '\'' => write!(page, "&#{};", u32::from(c))?,
            c => page.push(c),
        }
    }
    Ok(())
}
