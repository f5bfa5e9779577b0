//! Texts of others on a screen: what they say is shown, what they would make the screen do is not.
//!
//! Owns which characters steer a display (colour, cursor, direction, invisible order) and how they
//! are written instead. Every page and every terminal line passes foreign texts through here. The
//! record itself keeps a text to the letter.

use std::borrow::Cow;

/// Stands for the end of a line within a text that is shown on one line.
const LINE_END: &str = "⏎";

/// Says whether a character steers a display instead of being seen.
///
/// Controls (C0, DEL, C1); marks, embeddings, overrides and isolates of direction; separators of
/// lines and paragraphs; invisible joiners, annotations and tags.
#[must_use]
pub fn is_steering(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{AD}'
                | '\u{61C}'
                | '\u{180E}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
                | '\u{FFF9}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E007F}'
        )
}

/// Writes a foreign text for a display: on one line, each steering character by its number.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    written(text, |c| match c {
        '\n' => LINE_END.to_owned(),
        c => c.escape_unicode().to_string(),
    })
}

/// Writes lines of one's own for a display: what steers is written by its number, lines stay.
///
/// For whatever forgot [`shown`] on a part of it; a line end of a foreign text passes.
#[must_use]
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    written(text, |c| match c {
        '\n' => c.to_string(),
        c => c.escape_unicode().to_string(),
    })
}

/// Writes JSON that steers no display: the same value, with each steering character escaped.
///
/// They can stand in its strings only, where `\uXXXX` means the same.
#[must_use]
pub fn shown_json(json: &str) -> Cow<'_, str> {
    written(json, |c| {
        let mut units = [0; 2];
        let units = c.encode_utf16(&mut units);
        units.iter().map(|unit| format!("\\u{unit:04x}")).collect()
    })
}

fn written(text: &str, instead: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(is_steering) {
        return Cow::Borrowed(text);
    }
    let mut all = String::with_capacity(text.len());
    for c in text.chars() {
        if is_steering(c) {
            all.push_str(&instead(c));
        } else {
            all.push(c);
        }
    }
    Cow::Owned(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_display_is_written_and_what_is_read_stays() {
        assert_eq!(shown("№ 12 «Нестерен…»"), "№ 12 «Нестерен…»");
        assert_eq!(shown("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb⏎c");
        assert_eq!(shown("12\u{202e}34\u{9b}"), "12\\u{202e}34\\u{9b}");
        assert_eq!(shown_lines("a\nb\r\u{7f}"), "a\nb\\u{d}\\u{7f}");
    }

    #[test]
    fn json_that_steers_nothing_is_the_same_value() {
        let json = "\"ESC \\u001b \u{202e} \u{e0041} є\"";
        let same = "\"ESC \\u001b \\u202e \\udb40\\udc41 є\"";
        assert_eq!(shown_json(json), same);
    }
}
