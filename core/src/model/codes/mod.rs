//! The codes on labels: `PLACE-ISSUER-NNNN-CC` and what hangs on them.
//!
//! Owns how a code looks, how it is written and how it is read from a keyboard, a scanner or the
//! store. It does not give numbers out, and it does not know whether a place, an issuer or a number
//! exists. The invariants: a value of any type here is well formed; writing it and reading that
//! gives the same value; and two codes differ even without their separators, so that a code typed
//! without them can be read in one way (`parts.rs` says which rules keep it so). The identity of a
//! body is a hash of its code with the separators, so it does not lean on those rules.
//!
//! There are two ways to read. [`FromStr`] takes the canonical spelling alone: for the store, for
//! runs, for machine-readable labels, where anything else is damage. [`parse`] takes what a person
//! typed and forgives what the label and the keyboard make people confuse; it keeps what was typed
//! and says whether it had to guess. One reader for both would either guess at damage or refuse a
//! cold hand.

mod check_characters;
mod error;
mod label;
mod parse;
mod parts;
#[cfg(test)]
mod proofs;
mod suffix;
#[cfg(test)]
mod vectors;

use std::fmt;
use std::str::FromStr;

pub use check_characters::check_characters;
pub use error::CodeError;
pub use label::{GraveCode, LabelCode, RemainsCode};
pub use parse::{ParsedCode, parse};
pub use parts::{
    GRAVE_NUMBER_MAX, Issuer, PLACE_CHARS_MAX, PlaceCode, REMAINS_NUMBER_MAX,
    REMAINS_NUMBER_WIDE_MAX, SUFFIX_NUMBER_MAX,
};
use suffix::Suffix;
pub use suffix::{EffectCode, SampleCode};

/// The most characters that are looked at when a code is read.
///
/// The longest code has 34; this leaves room for a blank after each and for a trailing newline.
pub const TYPED_CHARS_MAX: usize = 80;

/// The most readings of one typed code that are tried.
///
/// Each reading beyond the first has one chance in 1271 to pass by accident, so this bounds what
/// forgiveness costs (5 %) before it bounds the time. A place of five characters that all look like
/// `0` or `1` has 32 readings; no label without Cyrillic letters needs more.
pub const CANDIDATES_MAX: usize = 64;

/// Any code: of remains, a grave, an effect or a sample.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The code of a body or body part.
    Remains(RemainsCode),
    /// The code of a grave.
    Grave(GraveCode),
    /// The code of a find on or with a body.
    Effect(EffectCode),
    /// The code of a sample from a body or a grave.
    Sample(SampleCode),
}

impl Code {
    /// Joins what stands before a slash to what stands after it.
    fn join(label: LabelCode, suffix: Suffix) -> Result<Self, CodeError> {
        match (label, suffix) {
            (LabelCode::Remains(remains), Suffix::Effect(issuer, number)) => {
                EffectCode::new(remains, issuer, number).map(Self::Effect)
            }
            // A find belongs to a body; what lies in a grave without one is recorded there.
            (LabelCode::Grave(_), Suffix::Effect(..)) => Err(CodeError::Suffix),
            (label, Suffix::Sample(issuer, number)) => {
                SampleCode::new(label, issuer, number).map(Self::Sample)
            }
        }
    }

    /// Returns the place; of an effect or a sample, that of its body or grave.
    pub fn place(&self) -> &PlaceCode {
        match self {
            Self::Remains(code) => code.place(),
            Self::Grave(code) => code.place(),
            Self::Effect(code) => code.place(),
            Self::Sample(code) => code.place(),
        }
    }

    /// Returns the issuer that gave out the number; of an effect or a sample, its own.
    pub fn issuer(&self) -> &Issuer {
        match self {
            Self::Remains(code) => code.issuer(),
            Self::Grave(code) => code.issuer(),
            Self::Effect(code) => code.issuer(),
            Self::Sample(code) => code.issuer(),
        }
    }

    /// Returns the number; of an effect or a sample, its own.
    pub fn number(&self) -> u32 {
        match self {
            Self::Remains(code) => code.number(),
            Self::Grave(code) => code.number(),
            Self::Effect(code) => code.number(),
            Self::Sample(code) => code.number(),
        }
    }

    /// Writes what the check characters are computed over, nothing after a slash included.
    pub fn payload(&self) -> String {
        match self {
            Self::Remains(code) => code.payload(),
            Self::Grave(code) => code.payload(),
            Self::Effect(code) => code.payload(),
            Self::Sample(code) => code.payload(),
        }
    }

    /// Writes the text whose hash, together with the kind, is the identity.
    ///
    /// `IZM1-T03-0042` of remains, `IZM1-T03-G012` of a grave, `IZM1-T03-0042/T04E01` of an effect,
    /// `IZM1-T03-0042/T04S01` of a sample: the canonical spelling without its check characters.
    pub fn canonical_without_check(&self) -> String {
        match self {
            Self::Remains(code) => code.canonical_without_check(),
            Self::Grave(code) => code.canonical_without_check(),
            Self::Effect(code) => code.canonical_without_check(),
            Self::Sample(code) => code.canonical_without_check(),
        }
    }
}

impl From<RemainsCode> for Code {
    fn from(code: RemainsCode) -> Self {
        Self::Remains(code)
    }
}

impl From<GraveCode> for Code {
    fn from(code: GraveCode) -> Self {
        Self::Grave(code)
    }
}

impl From<EffectCode> for Code {
    fn from(code: EffectCode) -> Self {
        Self::Effect(code)
    }
}

impl From<SampleCode> for Code {
    fn from(code: SampleCode) -> Self {
        Self::Sample(code)
    }
}

impl From<LabelCode> for Code {
    fn from(code: LabelCode) -> Self {
        match code {
            LabelCode::Remains(code) => Self::Remains(code),
            LabelCode::Grave(code) => Self::Grave(code),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remains(code) => code.fmt(f),
            Self::Grave(code) => code.fmt(f),
            Self::Effect(code) => code.fmt(f),
            Self::Sample(code) => code.fmt(f),
        }
    }
}

impl FromStr for Code {
    type Err = CodeError;

    /// Reads the canonical spelling and no other; [`parse`] reads what people type.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let Some((label, suffix)) = text.split_once('/') else {
            return text.parse().map(LabelCode::into);
        };
        Self::join(label.parse()?, Suffix::from_canonical(suffix)?)
    }
}
