//! The two check characters of a code: ISO 7064 MOD 1271-36.
//!
//! Owns the arithmetic and nothing else; it does not know what a place or an issuer is. The
//! invariant: with the two characters appended, Σ aᵢ·36ⁿ⁻ⁱ ≡ 1 (mod 1271), where `0`–`9` count
//! 0–9 and `A`–`Z` count 10–35. One character (MOD 37,36) would miss adjacent transpositions even
//! between two real bodies of one issuer; two characters miss none, and no single wrong one.

use super::CodeError;

/// The base of the alphabet `0`–`9`, `A`–`Z`.
const RADIX: u32 = 36;

/// The modulus of the standard; 31 · 41, the largest that two characters of 36 can carry.
const MODULUS: u32 = 1271;

/// Computes the two check characters of a payload, the code without separators.
///
/// # Errors
///
/// [`CodeError::Empty`] for an empty payload; [`CodeError::Character`] for anything but `A`–`Z`
/// and `0`–`9`: lower case and separators are the parser's business.
pub fn check_characters(payload: &str) -> Result<String, CodeError> {
    if payload.is_empty() {
        return Err(CodeError::Empty);
    }
    let stranger = (1..)
        .zip(payload.chars())
        .find(|(_, c)| !is_code_character(*c));
    if let Some((position, found)) = stranger {
        return Err(CodeError::Character { position, found });
    }
    Ok(check_of(payload))
}

/// Computes the check characters of a payload that its type already vouches for.
pub(super) fn check_of(payload: &str) -> String {
    // Two more places of weight 36 make room for the characters sought.
    let shifted = times_36_plus(times_36_plus(remainder(payload), 0), 0);
    // Both terms are below the modulus, so nothing wraps: 1271 + 1 − 0 at most.
    let check = MODULUS.wrapping_add(1).wrapping_sub(shifted) % MODULUS;
    [check / RADIX, check % RADIX]
        .into_iter()
        .filter_map(|value| char::from_digit(value, RADIX))
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// Says whether a character is one of the 36 that codes are made of.
pub(super) fn is_code_character(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit()
}

fn remainder(text: &str) -> u32 {
    text.chars()
        .filter_map(|c| c.to_digit(RADIX))
        .fold(0, times_36_plus)
}

fn times_36_plus(sum: u32, value: u32) -> u32 {
    // Below 1271 · 36 + 36, far from wrapping.
    sum.wrapping_mul(RADIX).wrapping_add(value) % MODULUS
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )]

    use super::*;

    const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    #[test]
    fn published_examples_of_remains_and_grave_hold() {
        assert_eq!(check_characters("IZM1T030042").unwrap(), "E5");
        assert_eq!(check_characters("IZM1T03G012").unwrap(), "A0");
        assert_eq!(remainder("IZM1T030042E5"), 1);
    }

    #[test]
    fn a_payload_with_a_separator_or_a_small_letter_is_refused() {
        assert_eq!(
            check_characters("IZM1-T03"),
            Err(CodeError::Character {
                position: 5,
                found: '-'
            })
        );
        assert_eq!(
            check_characters("iZM1"),
            Err(CodeError::Character {
                position: 1,
                found: 'i'
            })
        );
        assert_eq!(check_characters(""), Err(CodeError::Empty));
    }

    #[test]
    fn no_single_wrong_character_passes_for_any_body_of_an_issuer() {
        let (tried, missed) = count_missed("IZM1T03", |full, errors| {
            for position in 0..full.len() {
                for &other in ALPHABET {
                    if other != full[position] {
                        let mut wrong = full.to_vec();
                        wrong[position] = other;
                        errors.push(wrong);
                    }
                }
            }
        });
        assert_eq!((tried, missed), (4_549_545, 0));
    }

    #[test]
    fn no_swap_of_neighbours_passes_for_any_body_of_an_issuer() {
        let (tried, missed) = count_missed("IZM1T03", |full, errors| {
            for position in 1..full.len() {
                if full[position - 1] != full[position] {
                    let mut wrong = full.to_vec();
                    wrong.swap(position - 1, position);
                    errors.push(wrong);
                }
            }
        });
        assert_eq!((tried, missed), (115_430, 0));
    }

    #[test]
    fn no_single_error_or_swap_passes_for_a_provisional_issuer_or_a_wide_number() {
        for payload in [
            "K4Z7K3M9Q0042",
            "KH24BZZZZZZZ12345",
            "AB12CG987",
            "9T123412345",
        ] {
            let full = with_check(payload);
            for position in 0..full.len() {
                for &other in ALPHABET {
                    let mut wrong = full.clone();
                    wrong[position] = other;
                    assert_eq!(passes(&wrong), wrong == full);
                }
            }
            for position in 1..full.len() {
                let mut wrong = full.clone();
                wrong.swap(position - 1, position);
                assert_eq!(passes(&wrong), wrong == full);
            }
        }
    }

    /// Counts the errors tried on bodies 1 to 9999 of an issuer, and those not noticed.
    fn count_missed(stem: &str, make: impl Fn(&[u8], &mut Vec<Vec<u8>>)) -> (usize, usize) {
        let (mut tried, mut missed) = (0, 0);
        let mut errors = Vec::new();
        for number in 1..=9999 {
            make(&with_check(&format!("{stem}{number:04}")), &mut errors);
            tried += errors.len();
            missed += errors.drain(..).filter(|wrong| passes(wrong)).count();
        }
        (tried, missed)
    }

    fn with_check(payload: &str) -> Vec<u8> {
        format!("{payload}{}", check_of(payload)).into_bytes()
    }

    fn passes(full: &[u8]) -> bool {
        remainder(str::from_utf8(full).unwrap()) == 1
    }
}
