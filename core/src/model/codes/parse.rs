//! Reading a code that a person typed.
//!
//! Owns what is forgiven: case, separators that are missing or that divide more than a label does,
//! Cyrillic letters that look like Latin ones, `0` for `O` and `1` for `I` and the other way round.
//! It forgives nothing else; the check characters decide, and where two readings pass both are shown
//! to the person, not chosen from. The shape of a code has room for one kind of character in most positions, which settles
//! most look-alikes; a guess is left only in the place, in the check characters, and for `З`.
//!
//! `З` is read both as `Z`, which it spells, and as `3`, which it looks like.
//!
//! The check characters are blind to separators: `T01-99999` and `T019-9999` share them. So what
//! was typed apart is never joined and cut elsewhere: a reading counts iff every typed separator
//! stands between two of its parts (some may be missing), or there is one between any two (others
//! may stand within a part, as when a code is spelled).
//!
//! What a guess costs: where nothing is guessed at, one wrong character or one swap is always
//! noticed. A code that is wrong in one character may pass as another code once a second one is
//! guessed at, the more often the more of `0`, `O`, `1`, `I` stand in its place. A result that
//! took a guess is marked [`ParsedCode::is_guessed`], so that a screen can have it confirmed.

use super::check_characters::is_code_character;
use super::label::GRAVE_LETTER;
use super::parts::{is_crockford, is_issuer_letter};
use super::suffix::{EFFECT_LETTER, SAMPLE_LETTER, Suffix};
use super::{CANDIDATES_MAX, Code, CodeError, LabelCode, TYPED_CHARS_MAX};

/// A code that was read, and what it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedCode {
    /// The code.
    pub code: Code,
    /// What was typed, to the letter.
    pub as_typed: String,
    /// True if a character was taken for another one where both could have stood.
    pub is_guessed: bool,
}

/// Reads a typed code: the one code that it can be and whose check characters are right.
///
/// # Errors
///
/// [`CodeError`] names the part to look at again. [`CodeError::Ambiguous`] if several codes fit;
/// a machine-read or stored code never is, if it is read with [`std::str::FromStr`].
pub fn parse(typed: &str) -> Result<ParsedCode, CodeError> {
    let typing = Typing::new(typed)?;
    let mut readings = Vec::new();
    let labels = read_label(&typing.groups)?;
    match typing.suffix {
        None => readings.extend(labels.into_iter().map(|label| label.map(Code::from))),
        Some(symbols) => {
            let suffixes = read_suffix(&symbols)?;
            for label in labels {
                for suffix in suffixes.clone() {
                    let is_guessed = label.is_guessed || suffix.is_guessed;
                    let value = Code::join(label.value.clone(), suffix.value)?;
                    readings.push(Reading { value, is_guessed });
                }
            }
        }
    }
    if readings.len() > 1 {
        let candidates = readings.into_iter().map(|reading| reading.value).collect();
        return Err(CodeError::Ambiguous { candidates });
    }
    // No reading at all has been refused above, part by part; a suffix is what is left to blame.
    let Reading {
        value: code,
        is_guessed,
    } = readings.pop().ok_or(CodeError::Suffix)?;
    Ok(ParsedCode {
        code,
        as_typed: typed.to_owned(),
        is_guessed,
    })
}

/// What a text can mean, and whether a look-alike was chosen for it.
#[derive(Clone, Debug)]
struct Reading<T> {
    value: T,
    is_guessed: bool,
}

impl<T> Reading<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Reading<U> {
        Reading {
            value: change(self.value),
            is_guessed: self.is_guessed,
        }
    }
}

/// What was typed, character by character.
struct Typing {
    /// What stands before a slash, in groups between separators; none of them is empty.
    groups: Vec<Vec<Symbol>>,
    /// What stands after the slash, if there is one.
    suffix: Option<Vec<Symbol>>,
}

impl Typing {
    fn new(typed: &str) -> Result<Self, CodeError> {
        if typed.chars().nth(TYPED_CHARS_MAX).is_some() {
            return Err(CodeError::TooLong);
        }
        let mut groups = vec![Vec::new()];
        let mut suffix: Option<Vec<Symbol>> = None;
        let mut is_slash_repeated = false;
        for (position, found) in (1..).zip(typed.chars()) {
            if is_slash(found) {
                is_slash_repeated = suffix.is_some();
                suffix.get_or_insert_default();
            } else if is_separator(found) {
                groups.push(Vec::new());
            } else {
                let symbol = Symbol::new(found).ok_or(CodeError::Character { position, found })?;
                suffix
                    .as_mut()
                    .or(groups.last_mut())
                    .into_iter()
                    .for_each(|to| to.push(symbol));
            }
        }
        groups.retain(|group| !group.is_empty());
        if is_slash_repeated {
            return Err(CodeError::Suffix);
        }
        if groups.is_empty() && suffix.is_none() {
            return Err(CodeError::Empty);
        }
        Ok(Self { groups, suffix })
    }
}

/// Says whether a character is typed only to divide a code: blanks and every kind of dash.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '\u{AD}' // soft hyphen
            | '\u{2010}'
                ..='\u{2015}' // hyphens, figure, en and em dash, bar
            | '\u{2043}' // hyphen bullet
            | '\u{2212}' // minus
            | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}' // small and full-width forms
        )
}

/// Says whether a character stands for the slash; the backslash shares its key in Ukraine.
fn is_slash(c: char) -> bool {
    matches!(c, '/' | '\\' | '\u{2044}' | '\u{2215}' | '\u{FF0F}')
}

/// One typed character and what it can stand for.
#[derive(Clone, Copy, Debug)]
enum Symbol {
    Plain(char),
    /// One of the pairs 0/O and 1/I.
    LookAlike {
        typed: char,
        other: char,
    },
    /// Cyrillic `З`: Latin Z by its sound, 3 by its look, neither more likely.
    Ze,
}

impl Symbol {
    fn new(typed: char) -> Option<Self> {
        let symbol = match typed.to_ascii_uppercase() {
            '0' => Self::LookAlike {
                typed: '0',
                other: 'O',
            },
            '1' => Self::LookAlike {
                typed: '1',
                other: 'I',
            },
            'O' | 'О' | 'о' => Self::LookAlike {
                typed: 'O',
                other: '0',
            },
            'I' | 'І' | 'і' => Self::LookAlike {
                typed: 'I',
                other: '1',
            },
            'З' | 'з' => Self::Ze,
            'А' | 'а' => Self::Plain('A'),
            'В' | 'в' => Self::Plain('B'),
            'Е' | 'е' => Self::Plain('E'),
            'К' | 'к' => Self::Plain('K'),
            'М' | 'м' => Self::Plain('M'),
            'Н' | 'н' => Self::Plain('H'),
            'Р' | 'р' => Self::Plain('P'),
            'С' | 'с' => Self::Plain('C'),
            'Т' | 'т' => Self::Plain('T'),
            'У' | 'у' => Self::Plain('Y'),
            'Х' | 'х' => Self::Plain('X'),
            c if is_code_character(c) => Self::Plain(c),
            _ => return None,
        };
        Some(symbol)
    }

    fn readings(self) -> impl Iterator<Item = char> {
        let (first, second) = match self {
            Self::Plain(c) => (c, None),
            Self::LookAlike { typed, other } => (typed, Some(other)),
            Self::Ze => ('Z', Some('3')),
        };
        std::iter::once(first).chain(second)
    }

    /// Says whether reading the symbol as `c` is no guess where nothing excludes its look-alike.
    fn is_plainly(self, c: char) -> bool {
        match self {
            Self::Plain(typed) | Self::LookAlike { typed, .. } => typed == c,
            Self::Ze => false,
        }
    }
}

/// What may stand in one position of a code.
#[derive(Clone, Copy, Debug)]
enum Slot {
    PlaceHead,
    PlaceTail,
    IssuerLetter,
    ProvisionalMark,
    ProvisionalTail,
    GraveLetter,
    SuffixLetter,
    Digit,
}

impl Slot {
    fn takes(self, c: char) -> bool {
        match self {
            Self::PlaceHead => is_code_character(c),
            Self::PlaceTail => is_code_character(c) && c != 'Z',
            Self::IssuerLetter => is_issuer_letter(c),
            Self::ProvisionalMark => c == 'Z',
            Self::ProvisionalTail => is_crockford(c),
            Self::GraveLetter => c == GRAVE_LETTER,
            Self::SuffixLetter => c == EFFECT_LETTER || c == SAMPLE_LETTER,
            Self::Digit => c.is_ascii_digit(),
        }
    }
}

/// The slots of each length of place; the types of the parts have the last word on all shapes.
const PLACES: [&[Slot]; 4] = {
    use Slot::{PlaceHead as H, PlaceTail as T};
    [&[H, H], &[H, H, T], &[H, H, T, T], &[H, H, T, T, T]]
};

/// The slots of granted issuers with 2, 3 and 4 digits and of a provisional one.
const ISSUERS: [&[Slot]; 4] = {
    use Slot::{Digit as D, IssuerLetter as L, ProvisionalMark as Z, ProvisionalTail as T};
    [
        &[L, D, D],
        &[L, D, D, D],
        &[L, D, D, D, D],
        &[Z, T, T, T, T, T, T],
    ]
};

/// The slots of the numbers of remains and of graves.
const NUMBERS: [&[Slot]; 4] = {
    use Slot::{Digit as D, GraveLetter as G};
    [
        &[D, D, D, D],
        &[D, D, D, D, D],
        &[G, D, D, D],
        &[G, D, D, D, D],
    ]
};

/// The slots of the numbers after a slash, with their letter.
const SUFFIX_NUMBERS: [&[Slot]; 2] = {
    use Slot::{Digit as D, SuffixLetter as S};
    [&[S, D, D], &[S, D, D, D]]
};

/// A way to cut symbols into parts such that each symbol fits its slot.
struct Cut {
    /// What the symbol in each position can be there, the typed character first; never none.
    options: Vec<Vec<char>>,
    /// Where the second and the third part begin.
    starts: (usize, usize),
}

impl Cut {
    fn new(symbols: &[Symbol], parts: [&[Slot]; 3]) -> Option<Self> {
        let [first, second, _] = parts.map(<[Slot]>::len);
        let starts = (first, first.saturating_add(second));
        if symbols.len() != parts.iter().map(|part| part.len()).sum() {
            return None;
        }
        let slots = parts.into_iter().flatten();
        let options = symbols.iter().zip(slots).map(|(symbol, slot)| {
            let fitting: Vec<char> = symbol.readings().filter(|c| slot.takes(*c)).collect();
            (!fitting.is_empty()).then_some(fitting)
        });
        Some(Self {
            options: options.collect::<Option<_>>()?,
            starts,
        })
    }

    fn count(&self) -> usize {
        self.options
            .iter()
            .fold(1, |count, options| count.saturating_mul(options.len()))
    }

    /// Lists the texts that the symbols can be; call it only if [`Self::count`] is bounded.
    fn readings(&self, symbols: &[Symbol]) -> Vec<Reading<String>> {
        let mut readings = vec![Reading {
            value: String::new(),
            is_guessed: false,
        }];
        for (symbol, options) in symbols.iter().zip(&self.options) {
            let has_choice = options.len() > 1;
            let longer = readings.iter().flat_map(|reading| {
                options.iter().map(|c| Reading {
                    value: format!("{}{c}", reading.value),
                    is_guessed: reading.is_guessed || (has_choice && !symbol.is_plainly(*c)),
                })
            });
            readings = longer.collect();
        }
        readings
    }

    /// Says whether what was typed apart is a cut like this one; the module header has the rule.
    ///
    /// `typed` are the positions of separators, ascending; check characters follow the last part.
    fn respects(&self, typed: &[usize]) -> bool {
        let own = [self.starts.0, self.starts.1, self.options.len()];
        typed.iter().all(|position| own.contains(position))
            || own.iter().all(|position| typed.contains(position))
    }

    fn split<'t>(&self, text: &'t str) -> Option<[&'t str; 3]> {
        let (first, rest) = text.split_at_checked(self.starts.0)?;
        let (_, third) = text.split_at_checked(self.starts.1)?;
        Some([first, rest.strip_suffix(third)?, third])
    }
}

/// Reads what stands before a slash; at least one code, or the reason why none.
fn read_label(groups: &[Vec<Symbol>]) -> Result<Vec<Reading<LabelCode>>, CodeError> {
    // Three groups that are a whole code lack the check characters. Without this, the last two
    // digits of the number could be taken for them. No number is so long that it could itself
    // have swallowed its check characters; its limits see to that.
    if let [place, issuer, number] = groups
        && let Ok(code) = read_parts(place, issuer, number)
    {
        let expected = code.check_characters();
        return Err(CodeError::Check {
            expected,
            found: String::new(),
        });
    }
    let symbols = groups.concat();
    let Some((payload, check)) = symbols.split_last_chunk() else {
        return Err(incomplete(&symbols));
    };
    let well_formed = well_formed_codes(payload, &separators(groups))?;
    let mut right = Vec::new();
    for Reading {
        value: code,
        is_guessed,
    } in &well_formed
    {
        if let Some(is_check_guessed) = compare(check, &code.check_characters()) {
            let is_guessed = *is_guessed || is_check_guessed;
            right.push(Reading {
                value: code.clone(),
                is_guessed,
            });
        }
    }
    if right.is_empty() {
        let likeliest = well_formed.into_iter().next().map(|reading| reading.value);
        return Err(reason_of_refusal(groups, &symbols, check, likeliest));
    }
    Ok(right)
}

/// Lists before which symbols a separator was typed.
fn separators(groups: &[Vec<Symbol>]) -> Vec<usize> {
    let ends = groups.iter().scan(0_usize, |end, group| {
        *end = end.saturating_add(group.len());
        Some(*end)
    });
    // The end of the last group is the end of all.
    ends.take(groups.len().saturating_sub(1)).collect()
}

/// Lists the codes whose payload the symbols can be, whatever the check characters say.
fn well_formed_codes(
    payload: &[Symbol],
    separators: &[usize],
) -> Result<Vec<Reading<LabelCode>>, CodeError> {
    let mut cuts = Vec::new();
    for place in PLACES {
        for issuer in ISSUERS {
            for number in NUMBERS {
                cuts.extend(Cut::new(payload, [place, issuer, number]));
            }
        }
    }
    cuts.retain(|cut| cut.respects(separators));
    bounded(&cuts)?;
    let mut codes = Vec::new();
    for cut in &cuts {
        for Reading {
            value: text,
            is_guessed,
        } in cut.readings(payload)
        {
            let Some([place, issuer, number]) = cut.split(&text) else {
                continue;
            };
            // A number that is zero or too large fits its slots and is no number all the same.
            let Ok(value) = LabelCode::assemble(place, issuer, number) else {
                continue;
            };
            codes.push(Reading { value, is_guessed });
        }
    }
    Ok(codes)
}

/// Compares typed check characters: none if they differ, else whether that took a guess.
fn compare(typed: &[Symbol; 2], expected: &str) -> Option<bool> {
    let mut is_guessed = false;
    for (symbol, c) in typed.iter().zip(expected.chars()) {
        if !symbol.readings().any(|reading| reading == c) {
            return None;
        }
        is_guessed |= !symbol.is_plainly(c);
    }
    Some(is_guessed)
}

fn bounded(cuts: &[Cut]) -> Result<(), CodeError> {
    let count = cuts
        .iter()
        .fold(0_usize, |count, cut| count.saturating_add(cut.count()));
    if count > CANDIDATES_MAX {
        return Err(CodeError::Ambiguous {
            candidates: Vec::new(),
        });
    }
    Ok(())
}

/// Finds the part to look at again once no reading was right.
fn reason_of_refusal(
    groups: &[Vec<Symbol>],
    symbols: &[Symbol],
    check: &[Symbol; 2],
    likeliest: Option<LabelCode>,
) -> CodeError {
    // Where the person has shown the parts, each is judged by itself.
    match (groups, likeliest) {
        ([place, issuer, number, found], _) => match read_parts(place, issuer, number) {
            Ok(code) => check_error(&code, found),
            Err(error) => error,
        },
        (_, Some(code)) => check_error(&code, check),
        ([place, issuer, number], None) => read_parts(place, issuer, number)
            .err()
            .unwrap_or(CodeError::Number),
        (_, None) if is_code_elsewhere_cut(symbols) => CodeError::Separators,
        (_, None) => incomplete(symbols),
    }
}

/// Says whether the symbols are a code if nobody looks at the separators.
fn is_code_elsewhere_cut(symbols: &[Symbol]) -> bool {
    let payload = symbols.split_last_chunk::<2>().map(|(payload, _)| payload);
    payload
        .is_some_and(|payload| well_formed_codes(payload, &[]).is_ok_and(|codes| !codes.is_empty()))
}

fn check_error(code: &LabelCode, found: &[Symbol]) -> CodeError {
    let found = found
        .iter()
        .filter_map(|symbol| symbol.readings().next())
        .collect();
    CodeError::Check {
        expected: code.check_characters(),
        found,
    }
}

/// Reads parts that were typed apart, each the likeliest way, and blames the first that is wrong.
fn read_parts(
    place: &[Symbol],
    issuer: &[Symbol],
    number: &[Symbol],
) -> Result<LabelCode, CodeError> {
    let place = likeliest(place, PLACES).ok_or(CodeError::Place)?;
    let issuer = likeliest(issuer, ISSUERS).ok_or(CodeError::Issuer)?;
    let number = likeliest(number, NUMBERS).ok_or(CodeError::Number)?;
    LabelCode::assemble(&place, &issuer, &number)
}

fn likeliest(symbols: &[Symbol], shapes: [&[Slot]; 4]) -> Option<String> {
    let cut = shapes
        .into_iter()
        .find_map(|shape| Cut::new(symbols, [shape, &[], &[]]))?;
    Some(
        cut.options
            .iter()
            .filter_map(|options| options.first())
            .collect(),
    )
}

/// Names the first part that cannot be found at the beginning of symbols typed without groups.
fn incomplete(symbols: &[Symbol]) -> CodeError {
    let begins_with = |place: &'static [Slot], issuer: &'static [Slot]| {
        let beginning = symbols.get(..place.len().saturating_add(issuer.len()));
        beginning.is_some_and(|symbols| Cut::new(symbols, [place, issuer, &[]]).is_some())
    };
    if PLACES
        .into_iter()
        .any(|place| ISSUERS.into_iter().any(|issuer| begins_with(place, issuer)))
    {
        CodeError::Number
    } else if PLACES.into_iter().any(|place| begins_with(place, &[])) {
        CodeError::Issuer
    } else {
        CodeError::Place
    }
}

/// Reads what stands after a slash. No check characters cover it, so every reading is as good.
fn read_suffix(symbols: &[Symbol]) -> Result<Vec<Reading<Suffix>>, CodeError> {
    let mut cuts = Vec::new();
    for issuer in ISSUERS {
        for number in SUFFIX_NUMBERS {
            cuts.extend(Cut::new(symbols, [issuer, number, &[]]));
        }
    }
    bounded(&cuts)?;
    let mut suffixes = Vec::new();
    for Reading {
        value: text,
        is_guessed,
    } in cuts.iter().flat_map(|cut| cut.readings(symbols))
    {
        let Ok(value) = Suffix::from_canonical(&text) else {
            continue;
        };
        suffixes.push(Reading { value, is_guessed });
    }
    if suffixes.is_empty() {
        return Err(CodeError::Suffix);
    }
    Ok(suffixes)
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
