//! The parts that codes are put together from: place, issuer, and how far numbers may run.
//!
//! Owns what each part may look like, and with it the invariant that the rest of the folder leans
//! on: **written without separators, no two codes are the same**. People type codes so, and the
//! check characters are computed over that text: two codes that share it could not be told apart by
//! them. Three rules keep it:
//!
//! - a place has `Z` only among its first two characters. So the first `Z` after those begins a
//!   provisional issuer; `AB-Z1T1234-0042` would otherwise be `ABZ1-T1234-0042`;
//! - a granted issuer of 2 or 3 digits gives no number above 9999: `T03-12345` would otherwise be
//!   `T031-2345`. With four digits, or provisional, it may go on to five;
//! - a grave number has at most 4 digits, fewer than the 6 that follow the letter of an issuer
//!   `G`; and with two check characters appended it is none, so a code that lacks its check
//!   characters is noticed as such.
//!
//! It does not know which issuers were granted or which places exist; the roster does.

use std::fmt;
use std::str::FromStr;

use super::CodeError;
use super::check_characters::is_code_character;

/// The least length of a place.
pub(super) const PLACE_CHARS_MIN: usize = 2;

/// The greatest length of a place.
pub const PLACE_CHARS_MAX: usize = 5;

/// The characters of a place that may be `Z`; see the file header.
pub(super) const PLACE_HEAD_CHARS: usize = 2;

/// The least and the greatest count of digits of a granted issuer.
pub(super) const ISSUER_DIGITS: std::ops::RangeInclusive<usize> = 2..=4;

/// The characters of a provisional issuer after its `Z`.
pub(super) const PROVISIONAL_TAIL_CHARS: usize = 6;

/// Crockford's base 32: no I, L, O (look like digits), no U.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The greatest number of a remains code by an issuer of two or three digits.
///
/// One more digit could be taken for the last one of a longer issuer. An issuer that has come this
/// far is granted a second code.
pub const REMAINS_NUMBER_MAX: u32 = 9_999;

/// The greatest number of a remains code by an issuer of four digits or a provisional one.
///
/// Nothing can be mistaken there; the limit bounds the length of a code, and six digits would
/// read like a number with its check characters.
pub const REMAINS_NUMBER_WIDE_MAX: u32 = 99_999;

/// The greatest number of a grave code.
///
/// Five digits would read like three with their check characters, six like an issuer `G`.
pub const GRAVE_NUMBER_MAX: u32 = 9_999;

/// The greatest number of a find or sample that one issuer adds to one code.
///
/// Three digits, as printed on the bags; a body with more finds has them from several issuers.
pub const SUFFIX_NUMBER_MAX: u32 = 999;

/// A place, the first part of a code: 2 to 5 of `A`–`Z` and `0`–`9`, such as `IZM1`.
///
/// `Z` stands only among the first two; the file header says why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceCode(String);

impl PlaceCode {
    /// Names a new place.
    ///
    /// # Errors
    ///
    /// [`CodeError::Place`] if it is malformed or holds `O` or `I`, which are read as digits. A
    /// place that already bears such a name is read with [`FromStr`].
    pub fn new(text: &str) -> Result<Self, CodeError> {
        if text.contains(['O', 'I']) {
            return Err(CodeError::Place);
        }
        text.parse()
    }

    /// Returns the place as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlaceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PlaceCode {
    type Err = CodeError;

    /// Reads a place already in use, in its canonical spelling; it may hold `O` and `I`.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let is_length_right = (PLACE_CHARS_MIN..=PLACE_CHARS_MAX).contains(&text.len());
        let is_alphabet_right = text.chars().all(is_code_character);
        let is_z_in_tail = text.chars().skip(PLACE_HEAD_CHARS).any(|c| c == 'Z');
        if !is_length_right || !is_alphabet_right || is_z_in_tail {
            return Err(CodeError::Place);
        }
        Ok(Self(text.to_owned()))
    }
}

/// An issuer, the one device key or printed roll that counts: `T03`, or provisional `Z7K3M9Q`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Issuer(String);

impl Issuer {
    /// Names an issuer for a roster to grant: a letter `A`–`Y` without `O` and `I`, 2 to 4 digits.
    ///
    /// # Errors
    ///
    /// [`CodeError::Issuer`] for anything else, a provisional issuer included: no one grants those.
    pub fn new(text: &str) -> Result<Self, CodeError> {
        let issuer: Self = text.parse()?;
        if issuer.is_provisional() {
            return Err(CodeError::Issuer);
        }
        Ok(issuer)
    }

    /// Derives the issuer of a device that no roster has granted one yet.
    ///
    /// `Z` and the first 30 bits of the device id in Crockford's base 32, highest bits first.
    pub fn provisional(device_id: &[u8; 32]) -> Self {
        let [a, b, c, d, ..] = *device_id;
        let bits = u32::from_be_bytes([a, b, c, d]) >> 2;
        let tail = [25, 20, 15, 10, 5, 0].into_iter().filter_map(|shift: u32| {
            let group = usize::try_from((bits >> shift) & 0b1_1111).ok()?;
            CROCKFORD.get(group).copied().map(char::from)
        });
        Self(std::iter::once('Z').chain(tail).collect())
    }

    /// Says whether the device took this issuer itself, before a roster granted one.
    pub fn is_provisional(&self) -> bool {
        self.0.starts_with('Z')
    }

    /// Returns the greatest number of a remains code that this issuer may give out.
    pub fn remains_number_max(&self) -> u32 {
        // A letter and all four digits: there is no longer issuer to be mistaken for.
        let is_unmistakable = self.is_provisional() || self.0.len() > *ISSUER_DIGITS.end();
        if is_unmistakable {
            REMAINS_NUMBER_WIDE_MAX
        } else {
            REMAINS_NUMBER_MAX
        }
    }

    /// Returns the issuer as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Issuer {
    type Err = CodeError;

    /// Reads an issuer of either kind in its canonical spelling.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let mut chars = text.chars();
        let letter = chars.next().ok_or(CodeError::Issuer)?;
        let rest = chars.as_str();
        let is_right = if letter == 'Z' {
            rest.len() == PROVISIONAL_TAIL_CHARS && rest.chars().all(is_crockford)
        } else {
            is_issuer_letter(letter)
                && ISSUER_DIGITS.contains(&rest.len())
                && rest.chars().all(|c| c.is_ascii_digit())
        };
        if !is_right {
            return Err(CodeError::Issuer);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Says whether a granted issuer may begin with this letter.
pub(super) fn is_issuer_letter(c: char) -> bool {
    matches!(c, 'A'..='Y') && c != 'I' && c != 'O'
}

/// Says whether a provisional issuer may hold this character after its `Z`.
pub(super) fn is_crockford(c: char) -> bool {
    u8::try_from(c).is_ok_and(|byte| CROCKFORD.contains(&byte))
}

/// Reads a number in its one canonical spelling: padded to `width`, not zero, not above `max`.
pub(super) fn canonical_number(digits: &str, width: usize, max: u32) -> Option<u32> {
    let number: u32 = digits.parse().ok()?;
    // Writing it again refuses a sign, missing padding and too much of it in one comparison.
    ((1..=max).contains(&number) && format!("{number:0width$}") == digits).then_some(number)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_new_place_avoids_letters_read_as_digits_and_an_old_one_may_have_them() {
        assert_eq!(PlaceCode::new("IZM1"), Err(CodeError::Place));
        assert_eq!(PlaceCode::new("KO"), Err(CodeError::Place));
        assert_eq!("IZM1".parse::<PlaceCode>().unwrap().as_str(), "IZM1");
        assert_eq!(PlaceCode::new("BUCHA").unwrap().to_string(), "BUCHA");
    }

    #[test]
    fn a_place_has_two_to_five_characters_and_z_only_in_front() {
        for right in ["ZZ", "9T", "KZ4", "10101"] {
            assert!(PlaceCode::new(right).is_ok(), "{right}");
        }
        for wrong in ["", "K", "BUCHA1", "KHZ", "KHA4Z", "kh", "К1", "K 1", "K-1"] {
            assert_eq!(PlaceCode::new(wrong), Err(CodeError::Place), "{wrong}");
        }
    }

    #[test]
    fn a_granted_issuer_is_a_letter_and_two_to_four_digits() {
        for right in ["A00", "T03", "Y9999", "G012"] {
            assert!(!Issuer::new(right).unwrap().is_provisional(), "{right}");
        }
        for wrong in [
            "", "T", "T3", "T00003", "I03", "O03", "t03", "103", "T0A", "Z03", "Z000000",
        ] {
            assert_eq!(Issuer::new(wrong), Err(CodeError::Issuer), "{wrong}");
        }
    }

    #[test]
    fn a_provisional_issuer_is_the_first_thirty_bits_of_the_device() {
        let mut device = [0; 32];
        assert_eq!(Issuer::provisional(&device).as_str(), "Z000000");
        device = [0xFF; 32];
        assert_eq!(Issuer::provisional(&device).as_str(), "ZZZZZZZ");
        // 00001 00010 00011 00100 00101 00110, then two bits that are not used.
        device = [0; 32];
        for (byte, value) in device.iter_mut().zip([0x08, 0x86, 0x42, 0x9B]) {
            *byte = value;
        }
        let issuer = Issuer::provisional(&device);
        assert_eq!(issuer.as_str(), "Z123456");
        assert!(issuer.is_provisional());
        assert_eq!(issuer.to_string().parse(), Ok(issuer));
    }

    #[test]
    fn a_provisional_issuer_has_six_characters_of_base_32() {
        for wrong in [
            "Z00000", "Z0000000", "Z00000I", "Z00000L", "Z00000O", "Z00000U",
        ] {
            assert_eq!(wrong.parse::<Issuer>(), Err(CodeError::Issuer), "{wrong}");
        }
    }

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(canonical_number("0042", 4, 9999), Some(42));
        assert_eq!(canonical_number("10000", 4, 99_999), Some(10_000));
        for wrong in ["", "0000", "042", "00042", "10000", "+042", "-042", "4 2 "] {
            assert_eq!(canonical_number(wrong, 4, 9999), None, "{wrong}");
        }
    }
}
