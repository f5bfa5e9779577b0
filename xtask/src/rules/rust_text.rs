//! Rust text as words and signs, with comments, strings and (on request) test code taken out.
//!
//! Enough for the rules and no more: it knows where a word stands, not what it means. Text that does not compile may
//! be read wrongly; the compiler says so elsewhere.

/// A word or sign, and its line counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    pub kind: Kind<'a>,
    pub line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    Word(&'a str),
    Sign(char),
    /// A string, character, number or lifetime.
    Literal,
}

impl<'a> Token<'a> {
    pub fn word(&self) -> Option<&'a str> {
        match self.kind {
            Kind::Word(word) => Some(word),
            Kind::Sign(_) | Kind::Literal => None,
        }
    }

    pub fn is(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }
}

/// The rest of `tokens` after `::`, if they begin with it.
pub fn after_colons<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<&'t [Token<'a>]> {
    match tokens {
        [a, b, rest @ ..] if a.is(':') && b.is(':') => Some(rest),
        _ => None,
    }
}

/// Cuts Rust text into words and signs.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut cursor = Cursor {
        rest: text,
        line: 1,
    };
    let mut found = Vec::new();
    while let Some(next) = cursor.peek() {
        let line = cursor.line;
        if let Some(kind) = cursor.token(next) {
            found.push(Token { kind, line });
        }
    }
    found
}

struct Cursor<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let first = chars.next()?;
        self.rest = chars.as_str();
        if first == '\n' {
            self.line = self.line.saturating_add(1);
        }
        Some(first)
    }

    fn eat(&mut self, prefix: &str) -> bool {
        let matches = self.rest.starts_with(prefix);
        if matches {
            prefix.chars().for_each(|_| _ = self.bump());
        }
        matches
    }

    fn eat_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let start = self.rest;
        while self.peek().is_some_and(&wanted) {
            self.bump();
        }
        start.strip_suffix(self.rest).unwrap_or(start)
    }

    /// Eats one token; nothing for blanks and comments.
    fn token(&mut self, next: char) -> Option<Kind<'a>> {
        if next.is_whitespace() {
            self.bump();
            return None;
        }
        if self.rest.starts_with("//") {
            self.eat_while(|c| c != '\n');
            return None;
        }
        if self.eat("/*") {
            self.block_comment();
            return None;
        }
        if is_word_start(next) {
            return Some(self.word());
        }
        if next.is_ascii_digit() {
            self.eat_while(is_word_part);
            return Some(Kind::Literal);
        }
        self.bump();
        match next {
            '"' => self.string(),
            '\'' => self.character_or_lifetime(),
            sign => return Some(Kind::Sign(sign)),
        }
        Some(Kind::Literal)
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 1_usize;
        while depth > 0 {
            if self.eat("*/") {
                depth = depth.saturating_sub(1);
            } else if self.eat("/*") {
                depth = depth.saturating_add(1);
            } else if self.bump().is_none() {
                return;
            }
        }
    }

    /// A word, or the literal that it is the prefix of (`r"…"`, `b'…'`, `c"…"`).
    fn word(&mut self) -> Kind<'a> {
        let word = self.eat_while(is_word_part);
        if matches!(word, "r" | "br" | "cr") {
            let hashes_len = self.rest.chars().take_while(|c| *c == '#').count();
            let hashes = "#".repeat(hashes_len);
            if self.eat(&format!("{hashes}\"")) {
                let end = format!("\"{hashes}");
                while !self.eat(&end) && self.bump().is_some() {}
                return Kind::Literal;
            }
            if word == "r" && self.eat("#") {
                return Kind::Word(self.eat_while(is_word_part));
            }
        }
        if matches!(word, "b" | "c") && self.eat("\"") {
            self.string();
            return Kind::Literal;
        }
        if word == "b" && self.eat("'") {
            self.character_or_lifetime();
            return Kind::Literal;
        }
        Kind::Word(word)
    }

    fn string(&mut self) {
        while let Some(c) = self.bump() {
            match c {
                '\\' => _ = self.bump(),
                '"' => return,
                _ => {}
            }
        }
    }

    /// `'a'` and `'\n'` are characters, `'a` is a lifetime.
    fn character_or_lifetime(&mut self) {
        let mut ahead = self.rest.chars();
        let (first, second) = (ahead.next(), ahead.next());
        if first == Some('\\') {
            self.bump();
            self.bump();
            self.eat_while(|c| c != '\'' && c != '\n');
            self.eat("'");
        } else if second == Some('\'') {
            self.bump();
            self.bump();
        } else {
            self.eat_while(is_word_part);
        }
    }
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_word_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Rust text without its test code.
pub struct Shipped<'a> {
    pub tokens: Vec<Token<'a>>,
    /// Modules in files of their own that are test code, as declared here.
    pub test_modules: Vec<&'a str>,
}

/// Takes out every item under `#[cfg(test)]`, `#[cfg(all(test, …))]` or `#[test]`; all, if the file itself is marked so.
pub fn without_tests<'a>(all: &[Token<'a>]) -> Shipped<'a> {
    let mut shipped = Shipped {
        tokens: Vec::new(),
        test_modules: Vec::new(),
    };
    let mut rest = all;
    while let [first, tail @ ..] = rest {
        let is_of_the_file = || !shipped.tokens.iter().any(|token| token.is('{'));
        if attribute(rest, true).is_some_and(|(inner, _)| is_test(inner)) && is_of_the_file() {
            return Shipped {
                tokens: Vec::new(),
                test_modules: Vec::new(),
            };
        }
        let Some((_, mut after)) = attribute(rest, false).filter(|(a, _)| is_test(a)) else {
            shipped.tokens.push(*first);
            rest = tail;
            continue;
        };
        while let Some((_, further)) = attribute(after, false) {
            after = further;
        }
        let (item, further) = item(after);
        shipped.test_modules.extend(module_in_a_file(item));
        rest = further;
    }
    shipped
}

/// What stands between the brackets of `#[…]` (of `#![…]` if `inner`), and the tokens after it.
fn attribute<'t, 'a>(
    tokens: &'t [Token<'a>],
    inner: bool,
) -> Option<(&'t [Token<'a>], &'t [Token<'a>])> {
    let open = match tokens {
        [hash, bang, open @ ..] if inner && hash.is('#') && bang.is('!') => open,
        [hash, open @ ..] if !inner && hash.is('#') => open,
        _ => return None,
    };
    let [bracket, ..] = open else { return None };
    if !bracket.is('[') {
        return None;
    }
    let mut depth = 0_usize;
    for (index, token) in open.iter().enumerate() {
        if token.is('[') {
            depth = depth.saturating_add(1);
        } else if token.is(']') {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return Some((open.get(1..index)?, open.get(index.saturating_add(1)..)?));
        }
    }
    None
}

/// An attribute that only test code has. `any(test, …)` is none: such code is also in a shipped build.
fn is_test(attribute: &[Token<'_>]) -> bool {
    let words: Vec<_> = attribute.iter().filter_map(Token::word).collect();
    match words.as_slice() {
        ["test"] | ["cfg", "test"] => true,
        ["cfg", "all", conditions @ ..] => {
            conditions.contains(&"test")
                && !conditions.contains(&"any")
                && !conditions.contains(&"not")
        }
        _ => false,
    }
}

const ITEM_WORDS: [&str; 16] = [
    "fn",
    "mod",
    "use",
    "struct",
    "enum",
    "union",
    "impl",
    "const",
    "static",
    "type",
    "trait",
    "unsafe",
    "async",
    "extern",
    "macro_rules",
    "let",
];

/// Splits off one item: up to `;` or through the braces that end it; a field, variant or arm: up to `,`.
fn item<'t, 'a>(tokens: &'t [Token<'a>]) -> (&'t [Token<'a>], &'t [Token<'a>]) {
    let head = tokens
        .iter()
        .filter_map(Token::word)
        .find(|word| !matches!(*word, "pub" | "crate" | "super" | "self" | "in"));
    let is_item = head.is_some_and(|word| ITEM_WORDS.contains(&word));
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        let Kind::Sign(sign) = token.kind else {
            continue;
        };
        let is_end = match sign {
            '(' | '[' | '{' => {
                depth = depth.saturating_add(1);
                false
            }
            // The end of what the field or arm stands in.
            ')' | ']' | '}' if depth == 0 => return tokens.split_at(index),
            ')' | ']' | '}' => {
                depth = depth.saturating_sub(1);
                sign == '}' && depth == 0 && is_item
            }
            ';' => depth == 0,
            ',' => depth == 0 && !is_item,
            _ => false,
        };
        if is_end {
            return tokens.split_at(index.saturating_add(1));
        }
    }
    (tokens, &[])
}

/// The name in `mod name;`, whatever stands before.
fn module_in_a_file<'a>(item: &[Token<'a>]) -> Option<&'a str> {
    match item {
        [.., word, name, end] if word.word() == Some("mod") && end.is(';') => name.word(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text)
            .iter()
            .filter_map(Token::word)
            .map(str::to_owned)
            .collect()
    }

    fn shipped_words(text: &str) -> Vec<String> {
        let all = tokens(text);
        without_tests(&all)
            .tokens
            .iter()
            .filter_map(Token::word)
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn comments_and_literals_are_no_words() {
        let text = "a // no\n/* no /* no */ no */ b \"no \\\" no\" c r#\"no \" no\"# d 'n' e '\\'' f\n\
            'life g b\"no\" h br\"no\" i b'n' j 0xno k r#type l '\\u{1F600}' m";
        assert_eq!(words(text).concat(), "abcdefghijktypelm");
    }

    #[test]
    fn lines_are_counted_through_strings_and_comments() {
        let text = "a\n\"x\ny\"\n/* \n */ b";
        assert_eq!(tokens(text).last().unwrap().line, 5);
    }

    #[test]
    fn test_code_is_taken_out_and_nothing_else() {
        for (text, expected) in [
            (
                "#[cfg(test)] mod tests { fn no() { no } } fn yes() {}",
                vec!["fn", "yes"],
            ),
            (
                "#[cfg(test)] #[allow(no)] fn no<A, B>(x: [u8; 3]) {} struct Yes;",
                vec!["struct", "Yes"],
            ),
            (
                "#[cfg(test)] use no::{a, b}; struct Yes;",
                vec!["struct", "Yes"],
            ),
            (
                "#[cfg(all(test, unix))] pub(crate) fn no() {} yes",
                vec!["yes"],
            ),
            (
                "#[cfg(any(test, x))] yes",
                vec!["cfg", "any", "test", "x", "yes"],
            ),
            ("#[cfg(not(test))] yes", vec!["cfg", "not", "test", "yes"]),
            (
                "struct A { #[cfg(test)] pub no: X<no>, yes: u8 }",
                vec!["struct", "A", "yes", "u8"],
            ),
            (
                "struct A { #[cfg(test)] no: X } yes",
                vec!["struct", "A", "yes"],
            ),
            ("#![allow(no)] #![cfg(test)] no", vec![]),
        ] {
            assert_eq!(shipped_words(text), expected, "{text}");
        }
    }

    #[test]
    fn test_modules_in_files_of_their_own_are_named() {
        let all = tokens(
            "#[cfg(test)]\npub(crate) mod kill_tests;\n#[cfg(test)] mod inline {}\nmod yes;",
        );
        assert_eq!(without_tests(&all).test_modules, ["kill_tests"]);
    }
}
