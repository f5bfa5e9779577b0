//! The codes that carry check characters of their own: remains and grave.
//!
//! Owns how they are put together and written. A value of these types is always well formed, so
//! writing never fails, and reading what was written gives the same value. It does not know
//! whether a number was given out, spoiled or lost: a code is a name, never a state or a location.

use std::fmt;
use std::str::FromStr;

use super::check_characters::check_of;
use super::parts::{GRAVE_NUMBER_MAX, canonical_number};
use super::{CodeError, Issuer, PlaceCode, TYPED_CHARS_MAX};

/// The letter before the number of a grave.
pub(super) const GRAVE_LETTER: char = 'G';

/// The least count of digits in the number of a remains code, padded with zeros.
pub(super) const REMAINS_DIGITS_MIN: usize = 4;

/// The least count of digits in the number of a grave code, padded with zeros.
pub(super) const GRAVE_DIGITS_MIN: usize = 3;

/// A remains code, the unique number of one body or body part: `IZM1-T03-0042-E5`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemainsCode {
    place: PlaceCode,
    issuer: Issuer,
    number: u32,
}

impl RemainsCode {
    /// Puts a remains code together.
    ///
    /// # Errors
    ///
    /// [`CodeError::Number`] for 0 or above [`Issuer::remains_number_max`]: the issuer is used up.
    pub fn new(place: PlaceCode, issuer: Issuer, number: u32) -> Result<Self, CodeError> {
        if !(1..=issuer.remains_number_max()).contains(&number) {
            return Err(CodeError::Number);
        }
        Ok(Self {
            place,
            issuer,
            number,
        })
    }

    /// Returns the place.
    pub fn place(&self) -> &PlaceCode {
        &self.place
    }

    /// Returns the issuer that gave out the number.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Returns the number.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Writes what the check characters are computed over: `IZM1T030042`.
    pub fn payload(&self) -> String {
        format!("{}{}{}", self.place, self.issuer, self.padded_number())
    }

    /// Computes the check characters: `E5`.
    pub fn check_characters(&self) -> String {
        check_of(&self.payload())
    }

    /// Writes the text whose hash is the identity: `IZM1-T03-0042`.
    pub fn canonical_without_check(&self) -> String {
        format!("{}-{}-{}", self.place, self.issuer, self.padded_number())
    }

    fn padded_number(&self) -> String {
        format!("{:0width$}", self.number, width = REMAINS_DIGITS_MIN)
    }
}

impl fmt::Display for RemainsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, check) = (self.canonical_without_check(), self.check_characters());
        write!(f, "{code}-{check}")
    }
}

impl FromStr for RemainsCode {
    type Err = CodeError;

    /// Reads the canonical spelling and no other.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        match text.parse()? {
            LabelCode::Remains(code) => Ok(code),
            LabelCode::Grave(_) => Err(CodeError::Number),
        }
    }
}

/// A grave code: `IZM1-T03-G012-A0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GraveCode {
    place: PlaceCode,
    issuer: Issuer,
    number: u32,
}

impl GraveCode {
    /// Puts a grave code together.
    ///
    /// # Errors
    ///
    /// [`CodeError::Number`] for 0 or above [`GRAVE_NUMBER_MAX`].
    pub fn new(place: PlaceCode, issuer: Issuer, number: u32) -> Result<Self, CodeError> {
        if !(1..=GRAVE_NUMBER_MAX).contains(&number) {
            return Err(CodeError::Number);
        }
        Ok(Self {
            place,
            issuer,
            number,
        })
    }

    /// Returns the place.
    pub fn place(&self) -> &PlaceCode {
        &self.place
    }

    /// Returns the issuer that gave out the number.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Returns the number.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Writes what the check characters are computed over: `IZM1T03G012`.
    pub fn payload(&self) -> String {
        format!("{}{}{}", self.place, self.issuer, self.padded_number())
    }

    /// Computes the check characters: `A0`.
    pub fn check_characters(&self) -> String {
        check_of(&self.payload())
    }

    /// Writes the text whose hash is the identity: `IZM1-T03-G012`.
    pub fn canonical_without_check(&self) -> String {
        format!("{}-{}-{}", self.place, self.issuer, self.padded_number())
    }

    fn padded_number(&self) -> String {
        format!(
            "{GRAVE_LETTER}{:0width$}",
            self.number,
            width = GRAVE_DIGITS_MIN
        )
    }
}

impl fmt::Display for GraveCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, check) = (self.canonical_without_check(), self.check_characters());
        write!(f, "{code}-{check}")
    }
}

impl FromStr for GraveCode {
    type Err = CodeError;

    /// Reads the canonical spelling and no other.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        match text.parse()? {
            LabelCode::Grave(code) => Ok(code),
            LabelCode::Remains(_) => Err(CodeError::Number),
        }
    }
}

/// A code with check characters of its own: what may stand before a slash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LabelCode {
    /// The code of a body or body part.
    Remains(RemainsCode),
    /// The code of a grave.
    Grave(GraveCode),
}

impl LabelCode {
    /// Puts a code together from the canonical spelling of its parts.
    pub(super) fn assemble(place: &str, issuer: &str, number: &str) -> Result<Self, CodeError> {
        let place: PlaceCode = place.parse()?;
        let issuer: Issuer = issuer.parse()?;
        if let Some(digits) = number.strip_prefix(GRAVE_LETTER) {
            let number = canonical_number(digits, GRAVE_DIGITS_MIN, GRAVE_NUMBER_MAX);
            GraveCode::new(place, issuer, number.ok_or(CodeError::Number)?).map(Self::Grave)
        } else {
            let number = canonical_number(number, REMAINS_DIGITS_MIN, issuer.remains_number_max());
            RemainsCode::new(place, issuer, number.ok_or(CodeError::Number)?).map(Self::Remains)
        }
    }

    /// Returns the place.
    pub fn place(&self) -> &PlaceCode {
        match self {
            Self::Remains(code) => code.place(),
            Self::Grave(code) => code.place(),
        }
    }

    /// Returns the issuer that gave out the number.
    pub fn issuer(&self) -> &Issuer {
        match self {
            Self::Remains(code) => code.issuer(),
            Self::Grave(code) => code.issuer(),
        }
    }

    /// Returns the number.
    pub fn number(&self) -> u32 {
        match self {
            Self::Remains(code) => code.number(),
            Self::Grave(code) => code.number(),
        }
    }

    /// Writes what the check characters are computed over.
    pub fn payload(&self) -> String {
        match self {
            Self::Remains(code) => code.payload(),
            Self::Grave(code) => code.payload(),
        }
    }

    /// Computes the check characters.
    pub fn check_characters(&self) -> String {
        check_of(&self.payload())
    }

    /// Writes the text whose hash is the identity.
    pub fn canonical_without_check(&self) -> String {
        match self {
            Self::Remains(code) => code.canonical_without_check(),
            Self::Grave(code) => code.canonical_without_check(),
        }
    }
}

impl From<RemainsCode> for LabelCode {
    fn from(code: RemainsCode) -> Self {
        Self::Remains(code)
    }
}

impl From<GraveCode> for LabelCode {
    fn from(code: GraveCode) -> Self {
        Self::Grave(code)
    }
}

impl fmt::Display for LabelCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remains(code) => code.fmt(f),
            Self::Grave(code) => code.fmt(f),
        }
    }
}

impl FromStr for LabelCode {
    type Err = CodeError;

    /// Reads the canonical spelling and no other.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        if text.is_empty() {
            return Err(CodeError::Empty);
        }
        if text.len() > TYPED_CHARS_MAX {
            return Err(CodeError::TooLong);
        }
        if text.contains('/') {
            return Err(CodeError::Suffix);
        }
        // A part that is missing is read as an empty one, which its type refuses by its own name.
        let mut parts = text.splitn(4, '-');
        let mut next = || parts.next().unwrap_or_default();
        let code = Self::assemble(next(), next(), next())?;
        let (expected, found) = (code.check_characters(), next().to_owned());
        if expected != found {
            return Err(CodeError::Check { expected, found });
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_body_and_a_grave_are_written_with_dashes_and_check_characters() {
        assert_eq!(body("T03", 42).unwrap().to_string(), "IZM1-T03-0042-E5");
        assert_eq!(grave(12).unwrap().to_string(), "IZM1-T03-G012-A0");
        assert_eq!(
            body("T03", 42).unwrap().canonical_without_check(),
            "IZM1-T03-0042"
        );
        assert_eq!(
            grave(12).unwrap().canonical_without_check(),
            "IZM1-T03-G012"
        );
        assert_eq!(grave(12).unwrap().payload(), "IZM1T03G012");
        assert_eq!(grave(1234).unwrap().payload(), "IZM1T03G1234");
    }

    #[test]
    fn numbers_run_from_one_to_their_limit() {
        for (issuer, max) in [
            ("T03", 9_999),
            ("T031", 9_999),
            ("T0312", 99_999),
            ("Z00TT22", 99_999),
        ] {
            assert_eq!(body(issuer, 0), Err(CodeError::Number), "{issuer}");
            assert_eq!(body(issuer, max).unwrap().number(), max, "{issuer}");
            assert_eq!(body(issuer, max + 1), Err(CodeError::Number), "{issuer}");
        }
        assert_eq!(grave(0), Err(CodeError::Number));
        assert_eq!(grave(GRAVE_NUMBER_MAX).unwrap().number(), GRAVE_NUMBER_MAX);
        assert_eq!(grave(GRAVE_NUMBER_MAX + 1), Err(CodeError::Number));
    }

    #[test]
    fn a_wide_number_takes_one_more_digit() {
        assert_eq!(body("T0312", 10_000).unwrap().payload(), "IZM1T031210000");
    }

    #[test]
    fn a_stored_code_is_read_in_its_canonical_spelling_only() {
        let code = body("T03", 42).unwrap();
        assert_eq!("IZM1-T03-0042-E5".parse(), Ok(code.clone()));
        assert_eq!("IZM1-T03-0042-E5".parse(), Ok(LabelCode::Remains(code)));
        for (text, error) in [
            ("", CodeError::Empty),
            ("IZM1T030042E5", CodeError::Place),
            ("izm1-T03-0042-E5", CodeError::Place),
            ("IZM1-t03-0042-E5", CodeError::Issuer),
            ("IZM1", CodeError::Issuer),
            ("IZM1-T03-42-E5", CodeError::Number),
            ("IZM1-T03-00042-E5", CodeError::Number),
            ("IZM1-T03-G012-A0", CodeError::Number),
            ("IZM1-T03-0042", check("E5", "")),
            ("IZM1-T03-0042-E5-", check("E5", "E5-")),
            ("IZM1-T03-0042-E5/T04E01", CodeError::Suffix),
        ] {
            assert_eq!(text.parse::<RemainsCode>(), Err(error), "{text}");
        }
        assert_eq!(
            "IZM1-T03-0042-E5".parse::<GraveCode>(),
            Err(CodeError::Number)
        );
    }

    fn body(issuer: &str, number: u32) -> Result<RemainsCode, CodeError> {
        RemainsCode::new("IZM1".parse()?, issuer.parse()?, number)
    }

    fn grave(number: u32) -> Result<GraveCode, CodeError> {
        GraveCode::new("IZM1".parse()?, "T03".parse()?, number)
    }

    fn check(expected: &str, found: &str) -> CodeError {
        CodeError::Check {
            expected: expected.to_owned(),
            found: found.to_owned(),
        }
    }
}
