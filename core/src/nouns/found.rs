//! What a record is found by: words folded so that three scripts, cases and apostrophes meet, and numbers however they are written.
//!
//! Owns the folding, for what is kept and for what is asked. Invariant: whatever is asked by the words of a text finds that text.

use super::field::{Search, Spec};
use super::values::{Parts, Said as _, Shape};
use crate::encoding::Value;
use crate::model::codes::parse;
use crate::model::letters;
use crate::vocabulary::Language;

/// More words than a page has.
const KEYS_MAX: usize = 200;
/// Longer words are cut, in what is kept and in what is asked.
const KEY_CHARS_MAX: usize = 40;

/// The keys of one value of a field.
#[must_use]
pub fn keys_of(spec: &Spec, value: &Value) -> Vec<String> {
    let texts = texts_of(spec, value);
    let mut keys: Vec<String> = match spec.search {
        Search::No => Vec::new(),
        Search::Name => {
            let plain = texts.iter().map(|text| letters::plain(text));
            plain.flat_map(|text| words(&text)).collect()
        }
        Search::Words => texts.iter().flat_map(|text| words(text)).collect(),
        Search::Number => texts.iter().flat_map(|text| numbers(text)).collect(),
    };
    keys.sort_unstable();
    keys.dedup();
    keys.truncate(KEYS_MAX);
    keys
}

/// What is asked, as keys: each must begin a key of a record that is found. A number is asked for as a whole.
#[must_use]
pub fn asked(typed: &str) -> Vec<String> {
    // A code as it is printed or scanned is one thing, not its parts.
    if let Ok(parsed) = parse(typed) {
        return numbers(&parsed.code.canonical_without_check())
            .pop()
            .into_iter()
            .collect();
    }
    let mut asked = words(&letters::plain(typed));
    asked.truncate(KEYS_MAX);
    asked
}

/// Words of a text, folded.
fn words(text: &str) -> Vec<String> {
    let joined: String = text.chars().filter(|c| !is_within_word(*c)).collect();
    joined
        .split(|c: char| !c.is_alphanumeric())
        .map(folded)
        .filter(|word| !word.is_empty())
        .collect()
}

/// The whole without separators, and each run of digits without leading zeros.
fn numbers(text: &str) -> Vec<String> {
    let whole: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let runs = text.split(|c: char| !c.is_ascii_digit());
    let runs = runs.map(|run| run.trim_start_matches('0').to_owned());
    let all = runs.chain([folded(&whole)]);
    all.filter(|key| !key.is_empty()).collect()
}

fn texts_of(spec: &Spec, value: &Value) -> Vec<String> {
    if let Shape::NameParts = spec.shape {
        let parts = Parts::from_value(value).unwrap_or_default();
        return parts.into_iter().map(|part| part.marked).collect();
    }
    let codes: Vec<&str> = match value {
        Value::Array(all) => all.iter().filter_map(Value::as_text).collect(),
        value => value.as_text().into_iter().collect(),
    };
    let Some(list) = spec.shape.vocabulary() else {
        return codes.into_iter().map(str::to_owned).collect();
    };
    let both = [Language::English, Language::Ukrainian];
    let terms = codes
        .into_iter()
        .flat_map(|code| both.map(|language| list.shown(code, language).to_owned()));
    terms.collect()
}

/// Apostrophes of all keyboards, and accents that stand by themselves.
fn is_within_word(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ' | '`' | '´' | '\u{300}'..='\u{36F}')
}

/// A word in the skeleton that its spellings share: the letters of Ukrainian, Russian and Latin that stand for one sound are one, soft signs are none,
/// and `i` before a vowel is none, because scripts differ in writing it.
#[must_use]
pub fn folded(word: &str) -> String {
    let lower: Vec<char> = word.to_lowercase().chars().collect();
    let mut skeleton = String::new();
    let mut at = 0_usize;
    while let Some(rest) = lower.get(at..).filter(|rest| !rest.is_empty()) {
        let (sound, used) = sound(rest);
        skeleton.push_str(sound.as_str());
        at = at.saturating_add(used);
    }
    let letters: Vec<char> = skeleton.chars().collect();
    let is_vowel = |c: &char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u');
    let kept = letters.iter().enumerate().filter(|(n, c)| {
        let next = n.checked_add(1).and_then(|next| letters.get(next));
        **c != 'i' || !next.is_some_and(is_vowel)
    });
    kept.map(|(_, c)| *c).take(KEY_CHARS_MAX).collect()
}

/// The sound at the head of some letters, and how many of them it took.
fn sound(rest: &[char]) -> (String, usize) {
    /// Longest first.
    const LATIN: &[(&str, &str)] = &[
        ("shch", "шч"),
        ("sch", "шч"),
        ("zh", "ж"),
        ("kh", "х"),
        ("ts", "ц"),
        ("ch", "ч"),
        ("sh", "ш"),
        ("ya", "ia"),
        ("ja", "ia"),
        ("ye", "ie"),
        ("je", "ie"),
        ("yi", "ii"),
        ("yo", "io"),
        ("yu", "iu"),
        ("ju", "iu"),
        ("h", "g"),
        ("w", "v"),
        ("x", "ks"),
        ("c", "k"),
        ("q", "k"),
        ("y", "i"),
        ("j", "i"),
    ];
    const CYRILLIC: &[(char, &str)] = &[
        ('а', "a"),
        ('б', "b"),
        ('в', "v"),
        ('г', "g"),
        ('ґ', "g"),
        ('д', "d"),
        ('е', "e"),
        ('є', "ie"),
        ('э', "e"),
        ('ё', "io"),
        ('з', "z"),
        ('и', "i"),
        ('і', "i"),
        ('ї', "ii"),
        ('й', "i"),
        ('ы', "i"),
        ('к', "k"),
        ('л', "l"),
        ('м', "m"),
        ('н', "n"),
        ('о', "o"),
        ('п', "p"),
        ('р', "r"),
        ('с', "s"),
        ('т', "t"),
        ('у', "u"),
        ('ф', "f"),
        ('щ', "шч"),
        ('ь', ""),
        ('ъ', ""),
        ('ю', "iu"),
        ('я', "ia"),
    ];
    let begins = |text: &str| {
        let mut letters = rest.iter();
        text.chars().all(|c| letters.next() == Some(&c))
    };
    if let Some((latin, sound)) = LATIN.iter().find(|(latin, _)| begins(latin)) {
        return ((*sound).to_owned(), latin.chars().count());
    }
    let first = rest.first().copied().unwrap_or_default();
    let known = CYRILLIC.iter().find(|(letter, _)| *letter == first);
    let sound = known.map_or_else(|| first.to_string(), |(_, sound)| (*sound).to_owned());
    (sound, 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;
    use crate::nouns::{grave, marker};

    #[test]
    fn a_code_is_found_as_it_is_printed_scanned_or_typed() {
        let (spec, ..) = crate::nouns::grave::NOUN.code_field().unwrap();
        let keys = keys_of(spec, &Value::text("IZM1-T03-G012-A0"));
        for typed in ["IZM1-T03-G012-A0", "izm1 t03 g012 a0", "IZM1T03G012A0"] {
            let asked = asked(typed);
            let is_found = |word: &String| keys.iter().any(|key| key.starts_with(word.as_str()));
            assert!(
                !asked.is_empty() && asked.iter().all(is_found),
                "{typed}: {asked:?} {keys:?}"
            );
        }
    }

    #[test]
    fn spellings_of_three_scripts_meet() {
        for spellings in [
            &["Нестеренко", "НЕСТЕРЕНКО", "Nesterenko"][..],
            &["Марія", "Мария", "Mariia", "Maria", "Mariya"],
            &["Олексій", "Oleksii", "Oleksiy"],
            &["Щербак", "Shcherbak"],
            &["Харченко", "Kharchenko"],
            &["Єлизавета", "Yelyzaveta", "Елизавета"],
            &["Горбань", "Horban", "Gorban"],
        ] {
            let all: Vec<String> = spellings.iter().map(|text| folded(text)).collect();
            assert!(all.windows(2).all(|two| two[0] == two[1]), "{all:?}");
        }
        assert_eq!(words("Лук’яненко"), words("Лукяненко"));
        assert_ne!(folded("Коваль"), folded("Ковальчук"));
    }

    #[test]
    fn a_broken_name_is_found_by_what_is_left_of_it() {
        let text = Value::text("Збройні сили України, захисник Нестерен[?]…");
        let keys = keys_of(&marker::TEXT.spec, &text);
        for typed in ["нестерен", "Nesteren", "захисник", "Nester"] {
            let asked = asked(typed);
            assert_eq!(asked.len(), 1);
            assert!(keys.iter().any(|key| key.starts_with(&asked[0])), "{typed}");
        }
    }

    #[test]
    fn a_number_is_found_however_it_is_written() {
        for written in ["№ 319", "0319", "319", "№319-а"] {
            let keys = keys_of(&marker::NUMBER.spec, &Value::text(written));
            assert!(keys.contains(&"319".to_owned()), "{written}: {keys:?}");
        }
        let keys = keys_of(&grave::CODE.spec, &Value::text("IZM1-T03-G012-A0"));
        assert!(keys.contains(&"12".to_owned()) && keys.contains(&folded("IZM1T03G012A0")));
    }

    #[test]
    fn a_term_is_found_in_both_languages() {
        let spec = Spec {
            search: Search::Words,
            ..marker::KIND.spec
        };
        let keys = keys_of(&spec, &Value::text("cross"));
        assert!(keys.contains(&folded("cross")) && keys.contains(&folded("хрест")));
    }
}
