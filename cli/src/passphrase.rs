//! The organisation's passphrase: how one is made, how strong it must be, and that it is asked for once a command.
//!
//! Owns the rule of strength and the six words. Whoever has the two key files has as long as they
//! like to try; whoever forgets the passphrase, or mistyped it when it was made, can read nothing
//! ever again. Invariant: no new passphrase is used that was not typed twice, given by a script, or
//! printed here to be written on paper.

use imena_core::environment::Environment;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::terminal::Terminal;

/// Environment variable of the passphrase.
pub const PASSPHRASE: &str = "IMENA_PASSPHRASE";
/// `--help` and every refusal say this.
pub const RULE: &str = "at least 20 characters, 10 of them different";
/// Words drawn: 6 of 2048 are 66 bits, which scrypt (a third of a second a try) makes out of reach.
const WORDS: usize = 6;
/// Four words of a person's own choice, or six short ones.
const CHARS_MIN: usize = 20;
/// One key held down, or one word again and again, is no passphrase.
const DISTINCT_MIN: usize = 10;
/// Bits that choose one of 2048 words.
const WORD_MASK: usize = 2047;

/// Makes a new passphrase: from the environment, drawn, or typed twice by a person.
///
/// # Errors
/// It is too weak, or was not typed the same twice; nothing was made.
pub fn new(terminal: &mut Terminal, is_drawn: bool) -> Result<Zeroizing<String>, Failure> {
    let environment = crate::environment();
    if is_drawn {
        return drawn(terminal, &environment);
    }
    let what = format!("New passphrase of the organisation ({RULE}; empty: six words are drawn)");
    let typed = terminal.secret(&what, PASSPHRASE)?;
    if terminal.is_asked(PASSPHRASE) {
        if typed.is_empty() {
            return drawn(terminal, &environment);
        }
        check(&typed)?;
        let again = terminal.secret("The same passphrase again", PASSPHRASE)?;
        same(&typed, &again)?;
    }
    check(&typed)?;
    terminal.keep_passphrase(&typed);
    Ok(typed)
}

/// The passphrase of an organisation that is there; asked for once a command.
///
/// # Errors
/// There is no terminal to ask at.
pub fn known(terminal: &mut Terminal) -> Result<Zeroizing<String>, Failure> {
    if let Some(kept) = terminal.kept_passphrase() {
        return Ok(kept);
    }
    let typed = terminal.secret("Passphrase of the organisation", PASSPHRASE)?;
    terminal.keep_passphrase(&typed);
    Ok(typed)
}

/// Draws six words and prints them; a person at a terminal types them from the paper.
fn drawn(terminal: &mut Terminal, environment: &Environment) -> Result<Zeroizing<String>, Failure> {
    let words = loop {
        let words = six_words(environment)?;
        // Six of the shortest words may fall short of the rule: other six are drawn.
        if check(&words).is_ok() {
            break words;
        }
    };
    terminal.say(&format!(
        "The passphrase of the organisation. Write it on paper now; it is shown this once:\n\n  {}\n",
        *words
    ));
    if terminal.can_ask() {
        let typed = terminal.ask_secret("Type it from the paper")?;
        same(&words, &typed)?;
    }
    terminal.keep_passphrase(&words);
    Ok(words)
}

/// Six words of the English list of BIP-39, whose first four letters tell each from all others.
fn six_words(environment: &Environment) -> Result<Zeroizing<String>, Failure> {
    let list = bip39::Language::English.word_list();
    let random: Zeroizing<[u8; 2 * WORDS]> = Zeroizing::new(environment.random()?);
    let drawn = random.chunks_exact(2).filter_map(|pair| {
        let number = u16::from_be_bytes(pair.try_into().ok()?);
        // 2048 divides 65,536: each word is as likely as any other.
        list.get(usize::from(number) & WORD_MASK).copied()
    });
    Ok(Zeroizing::new(drawn.collect::<Vec<_>>().join(" ")))
}

/// Refuses a passphrase under the stated strength.
fn check(passphrase: &str) -> Result<(), Failure> {
    let count = passphrase.chars().count();
    let distinct: std::collections::BTreeSet<char> = passphrase.chars().collect();
    if count >= CHARS_MIN && distinct.len() >= DISTINCT_MIN {
        return Ok(());
    }
    let what = format!(
        "the passphrase is too weak: {count} characters, {} of them different; {RULE}",
        distinct.len()
    );
    let todo = "Choose several words, or let six be drawn: imena org init --six-words";
    Err(Failure::input(what, todo))
}

fn same(one: &str, other: &str) -> Result<(), Failure> {
    if one == other {
        return Ok(());
    }
    let what = "the two are not the same";
    Err(Failure::input(what, "Begin again; nothing was made."))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_passphrase_under_the_stated_strength_is_refused() {
        for weak in ["", "beech wood", "1234567890123456789", &"oak ".repeat(20)] {
            assert!(check(weak).is_err(), "{weak}");
        }
        for strong in [
            "beech wood by the quiet river",
            "буковий ліс край тихої річки",
        ] {
            assert!(check(strong).is_ok(), "{strong}");
        }
    }

    #[test]
    fn six_words_are_drawn_and_never_the_same_ones() {
        let environment = Environment::system(0);
        let (one, other) = (
            six_words(&environment).unwrap(),
            six_words(&environment).unwrap(),
        );
        assert_eq!(one.split(' ').count(), WORDS);
        assert_ne!(*one, *other);
        let list = bip39::Language::English.word_list();
        assert!(one.split(' ').all(|word| list.contains(&word)));
        assert_eq!(list.len(), WORD_MASK + 1);
    }
}
