//! Why a code is refused.
//!
//! Owns [`CodeError`]; each variant names the part of the label to look at again, because that is
//! all a person with a bag in front of them can do about it. It holds no text that was typed
//! beyond the character or check characters at fault. It is an enum without a catch-all, so that
//! a screen that maps it has to choose an answer for every part.

use super::{CANDIDATES_MAX, Code, TYPED_CHARS_MAX};

/// The part of a code that does not fit; the texts follow "code refused: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// More was typed than any code can need.
    #[error("it has more than {max} characters", max = TYPED_CHARS_MAX)]
    TooLong,
    /// Nothing was typed, or nothing but separators.
    #[error("it is empty")]
    Empty,
    /// A character that no code contains.
    #[error("character {position} ({found:?}) does not occur in codes")]
    Character {
        /// Which character of what was typed, counted from 1, separators included.
        position: usize,
        /// The character as typed.
        found: char,
    },
    /// The place is malformed, or a new one holds a letter kept out of new places.
    #[error(
        "the place must be 2 to 5 letters or digits, without O and I in a new one and with Z \
             only among the first two"
    )]
    Place,
    /// The issuer is malformed.
    #[error("the issuer must be a letter (not O or I) and 2 to 4 digits, or Z and 6 characters")]
    Issuer,
    /// The number is zero, malformed, or beyond what the issuer may give out.
    #[error("the number must be at least 4 digits, or G and at least 3, and within the limit")]
    Number,
    /// The letters are those of a code, and what was typed apart is not how a code is divided.
    #[error("it is divided elsewhere than a label: type its dashes as printed, or none at all")]
    Separators,
    /// All is well formed, and the check characters deny it: some character was misread.
    ///
    /// What is expected must not be offered for filling in: the error may be in any other part.
    #[error("the two check characters do not fit the rest: read it again")]
    Check {
        /// The check characters of the rest as it was read.
        expected: String,
        /// The check characters as typed; empty if they were left out.
        found: String,
    },
    /// What was typed can be read as several codes, each of them right.
    #[error("{}", ambiguity(candidates))]
    Ambiguous {
        /// The codes to choose from by looking at the label; empty if there were more readings to
        /// try than [`CANDIDATES_MAX`].
        candidates: Vec<Code>,
    },
    /// The part after the slash is malformed, or the noun before it cannot have it.
    #[error("the part after the slash must be an issuer, E or S, and 2 or 3 digits")]
    Suffix,
}

fn ambiguity(candidates: &[Code]) -> String {
    if candidates.is_empty() {
        return format!("it can be read in more than {CANDIDATES_MAX} ways");
    }
    let names: Vec<String> = candidates.iter().map(Code::to_string).collect();
    format!("it can be read as {}", names.join(" or "))
}
