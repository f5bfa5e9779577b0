//! The codes of what belongs to a body or grave: finds (effects) and samples.
//!
//! Owns the part after the slash: an issuer of its own, since another device may add it, then `E`
//! or `S` and a number. The check characters stand before the slash and cover nothing after it, so
//! a misread suffix names another find of the same body, never another body. That is why suffixes
//! are read without guessing.

use std::fmt;
use std::str::FromStr;

use super::parts::{SUFFIX_NUMBER_MAX, canonical_number};
use super::{Code, CodeError, Issuer, LabelCode, PlaceCode, RemainsCode};

/// The letter before the number of a find.
pub(super) const EFFECT_LETTER: char = 'E';

/// The letter before the number of a sample.
pub(super) const SAMPLE_LETTER: char = 'S';

/// The least count of digits in the number of a suffix, padded with zeros.
pub(super) const SUFFIX_DIGITS_MIN: usize = 2;

/// The code of a find (effect) on or with a body: `IZM1-T03-0042-E5/T04E01`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectCode {
    remains: RemainsCode,
    issuer: Issuer,
    number: u32,
}

impl EffectCode {
    /// Puts the code of a find together.
    ///
    /// # Errors
    ///
    /// [`CodeError::Suffix`] for 0 or above [`SUFFIX_NUMBER_MAX`].
    pub fn new(remains: RemainsCode, issuer: Issuer, number: u32) -> Result<Self, CodeError> {
        check_suffix_number(number)?;
        Ok(Self {
            remains,
            issuer,
            number,
        })
    }

    /// Returns the body it was found with.
    pub fn remains(&self) -> &RemainsCode {
        &self.remains
    }

    /// Returns the place, that of the body.
    pub fn place(&self) -> &PlaceCode {
        self.remains.place()
    }

    /// Returns the issuer of the find, which need not be the one of the body.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Returns the number of the find.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Writes what the check characters are computed over, the body alone: `IZM1T030042`.
    pub fn payload(&self) -> String {
        self.remains.payload()
    }

    /// Writes the text whose hash is the identity: `IZM1-T03-0042/T04E01`.
    pub fn canonical_without_check(&self) -> String {
        format!(
            "{}/{}",
            self.remains.canonical_without_check(),
            self.suffix()
        )
    }

    fn suffix(&self) -> String {
        written_suffix(&self.issuer, EFFECT_LETTER, self.number)
    }
}

impl fmt::Display for EffectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.remains, self.suffix())
    }
}

impl FromStr for EffectCode {
    type Err = CodeError;

    /// Reads the canonical spelling and no other.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        match text.parse()? {
            Code::Effect(code) => Ok(code),
            Code::Remains(_) | Code::Grave(_) | Code::Sample(_) => Err(CodeError::Suffix),
        }
    }
}

/// The code of a sample from a body or a grave: `IZM1-T03-0042-E5/T04S01`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SampleCode {
    source: LabelCode,
    issuer: Issuer,
    number: u32,
}

impl SampleCode {
    /// Puts the code of a sample together.
    ///
    /// # Errors
    ///
    /// [`CodeError::Suffix`] for 0 or above [`SUFFIX_NUMBER_MAX`].
    pub fn new(
        source: impl Into<LabelCode>,
        issuer: Issuer,
        number: u32,
    ) -> Result<Self, CodeError> {
        check_suffix_number(number)?;
        Ok(Self {
            source: source.into(),
            issuer,
            number,
        })
    }

    /// Returns the body or grave it was taken from.
    pub fn source(&self) -> &LabelCode {
        &self.source
    }

    /// Returns the place, that of the body or grave.
    pub fn place(&self) -> &PlaceCode {
        self.source.place()
    }

    /// Returns the issuer of the sample, which need not be the one of the body or grave.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Returns the number of the sample.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Writes what the check characters are computed over, the source alone: `IZM1T030042`.
    pub fn payload(&self) -> String {
        self.source.payload()
    }

    /// Writes the text whose hash is the identity: `IZM1-T03-0042/T04S01`.
    pub fn canonical_without_check(&self) -> String {
        format!(
            "{}/{}",
            self.source.canonical_without_check(),
            self.suffix()
        )
    }

    fn suffix(&self) -> String {
        written_suffix(&self.issuer, SAMPLE_LETTER, self.number)
    }
}

impl fmt::Display for SampleCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.source, self.suffix())
    }
}

impl FromStr for SampleCode {
    type Err = CodeError;

    /// Reads the canonical spelling and no other.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        match text.parse()? {
            Code::Sample(code) => Ok(code),
            Code::Remains(_) | Code::Grave(_) | Code::Effect(_) => Err(CodeError::Suffix),
        }
    }
}

/// What stands after the slash, not yet joined to what stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Suffix {
    Effect(Issuer, u32),
    Sample(Issuer, u32),
}

impl Suffix {
    /// Reads `T04E01`. The letter is the last one: an issuer may hold `E` and `S`, a number not.
    pub(super) fn from_canonical(text: &str) -> Result<Self, CodeError> {
        let split = text.rfind([EFFECT_LETTER, SAMPLE_LETTER]).and_then(|at| {
            let (issuer, rest) = text.split_at_checked(at)?;
            Some((
                issuer,
                rest.strip_prefix(EFFECT_LETTER),
                rest.strip_prefix(SAMPLE_LETTER),
            ))
        });
        let (issuer, effect, sample) = split.ok_or(CodeError::Suffix)?;
        let issuer: Issuer = issuer.parse().map_err(|_| CodeError::Suffix)?;
        let number = |digits| {
            canonical_number(digits, SUFFIX_DIGITS_MIN, SUFFIX_NUMBER_MAX).ok_or(CodeError::Suffix)
        };
        match (effect, sample) {
            (Some(digits), _) => Ok(Self::Effect(issuer, number(digits)?)),
            (None, Some(digits)) => Ok(Self::Sample(issuer, number(digits)?)),
            (None, None) => Err(CodeError::Suffix),
        }
    }
}

fn check_suffix_number(number: u32) -> Result<(), CodeError> {
    if !(1..=SUFFIX_NUMBER_MAX).contains(&number) {
        return Err(CodeError::Suffix);
    }
    Ok(())
}

fn written_suffix(issuer: &Issuer, letter: char, number: u32) -> String {
    format!(
        "{issuer}{letter}{number:0width$}",
        width = SUFFIX_DIGITS_MIN
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_find_and_a_sample_hang_on_the_code_of_the_body() {
        let find = EffectCode::new(body(), issuer(), 1).unwrap();
        assert_eq!(find.to_string(), "IZM1-T03-0042-E5/T04E01");
        assert_eq!(find.payload(), "IZM1T030042");
        assert_eq!(find.canonical_without_check(), "IZM1-T03-0042/T04E01");

        let sample = SampleCode::new(body(), issuer(), 123).unwrap();
        assert_eq!(sample.to_string(), "IZM1-T03-0042-E5/T04S123");
        assert_eq!(sample.canonical_without_check(), "IZM1-T03-0042/T04S123");
    }

    #[test]
    fn a_sample_may_come_from_a_grave_and_a_find_may_not() {
        let text = "IZM1-T03-G012-A0/T04S01";
        let sample: SampleCode = text.parse().unwrap();
        assert_eq!(sample.to_string(), text);
        assert_eq!(sample.canonical_without_check(), "IZM1-T03-G012/T04S01");
        assert_eq!(
            "IZM1-T03-G012-A0/T04E01".parse::<Code>(),
            Err(CodeError::Suffix)
        );
    }

    #[test]
    fn an_issuer_with_the_letter_of_a_find_is_read_as_an_issuer() {
        for text in [
            "IZM1-T03-0042-E5/E04E01",
            "IZM1-T03-0042-E5/S04S999",
            "IZM1-T03-0042-E5/ZE1E1S1E100",
        ] {
            assert_eq!(text.parse::<Code>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn finds_and_samples_count_from_one_to_their_limit() {
        for number in [0, SUFFIX_NUMBER_MAX + 1] {
            assert_eq!(
                EffectCode::new(body(), issuer(), number),
                Err(CodeError::Suffix)
            );
            assert_eq!(
                SampleCode::new(body(), issuer(), number),
                Err(CodeError::Suffix)
            );
        }
        assert_eq!(
            EffectCode::new(body(), issuer(), SUFFIX_NUMBER_MAX)
                .unwrap()
                .number(),
            999
        );
    }

    #[test]
    fn a_stored_suffix_is_read_in_its_canonical_spelling_only() {
        for suffix in [
            "", "T04", "E01", "T04E", "T04E1", "T04E001", "T04E00", "T04E1000", "t04E01", "T04e01",
            "T04-E01", "T04E01/", "T04F01", "T4E01", "Z04E01", "T04E+1",
        ] {
            let text = format!("IZM1-T03-0042-E5/{suffix}");
            assert_eq!(text.parse::<Code>(), Err(CodeError::Suffix), "{text}");
        }
        assert_eq!(
            "IZM1-T03-0042-E5".parse::<EffectCode>(),
            Err(CodeError::Suffix)
        );
        assert_eq!(
            "IZM1-T03-0042-E5/T04S01".parse::<EffectCode>(),
            Err(CodeError::Suffix)
        );
        assert_eq!(
            "IZM1-T03-0042-E5/T04E01".parse::<SampleCode>(),
            Err(CodeError::Suffix)
        );
    }

    fn body() -> RemainsCode {
        "IZM1-T03-0042-E5".parse().unwrap()
    }

    fn issuer() -> Issuer {
        Issuer::new("T04").unwrap()
    }
}
