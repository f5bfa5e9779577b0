//! Letters that are lost or doubtful, as they are marked in every text read from an object: `x[?]` a doubtful letter, `[_]` one lost letter, `…` lost
//! letters of unknown number.
//!
//! Owns the marks and what follows from them. Invariant: the marks stay in the text that is recorded; what they say is derived, never stored beside it.

/// Behind a letter: it is doubtful.
pub const DOUBTFUL: &str = "[?]";
/// In place of one letter: it is lost.
pub const LOST_ONE: &str = "[_]";
/// In place of letters of unknown number: they are lost.
pub const LOST_MANY: &str = "…";
/// How a keyboard without `…` writes it.
const LOST_MANY_TYPED: &str = "...";

/// A text as typed, with its marks in their one spelling and no white space around it.
#[must_use]
pub fn marked(typed: &str) -> String {
    typed.trim().replace(LOST_MANY_TYPED, LOST_MANY)
}

/// The letters that are there, without marks.
#[must_use]
pub fn plain(text: &str) -> String {
    let without = text.replace(DOUBTFUL, "").replace(LOST_ONE, "");
    without.replace(LOST_MANY, "").trim().to_owned()
}

/// Whether letters are lost before the first one that is there.
#[must_use]
pub fn is_cut_left(text: &str) -> bool {
    text.starts_with(LOST_MANY) || text.starts_with(LOST_ONE)
}

/// Whether letters are lost behind the last one that is there.
#[must_use]
pub fn is_cut_right(text: &str) -> bool {
    text.ends_with(LOST_MANY) || text.ends_with(LOST_ONE)
}

/// Whether a letter is doubtful.
#[must_use]
pub fn is_doubtful(text: &str) -> bool {
    text.contains(DOUBTFUL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_stay_and_what_they_say_is_derived() {
        let text = marked(" Nesteren... ");
        assert_eq!(text, "Nesteren…");
        assert_eq!(plain(&text), "Nesteren");
        assert!(is_cut_right(&text) && !is_cut_left(&text) && !is_doubtful(&text));
        let text = marked("[_]ен[?]к…");
        assert_eq!(text, "[_]ен[?]к…");
        assert_eq!(plain(&text), "енк");
        assert!(is_cut_left(&text) && is_cut_right(&text) && is_doubtful(&text));
    }
}
