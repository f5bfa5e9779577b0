//! The tables as text: what never changes, for review; and what lists depend on, for the index.
//!
//! Invariant: a changed number, code or type of a field changes `catalogue.snap`; a changed parent, order or search changes the index's version.

use std::fmt::Write as _;

use super::ALL;

/// What never changes: each noun, and a line a field. Committed as `catalogue.snap`.
#[must_use]
pub fn catalogue() -> String {
    let mut text = String::new();
    for noun in ALL {
        let _ = writeln!(text, "{} {}", noun.kind.number(), noun.kind.name());
        for spec in noun.fields {
            let shape = spec.shape.name();
            let _ = writeln!(text, "    {} {}: {shape}", spec.number, spec.code);
        }
    }
    text
}

/// What lists read from the tables: on what a record hangs, in which order, and how it is found.
#[must_use]
pub fn reading_rules() -> String {
    let mut text = String::new();
    for noun in ALL {
        let _ = writeln!(text, "{}", noun.kind.number());
        for spec in noun.fields {
            let (parent, sort) = (spec.is_parent, spec.is_sort);
            let _ = writeln!(text, "{} {parent} {sort} {:?}", spec.number, spec.search);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;
    use crate::nouns::vocabularies;

    const COMMITTED: &str = include_str!("catalogue.snap");
    /// Set it to write the file anew.
    const UPDATE: &str = "IMENA_UPDATE_CATALOGUE";

    #[test]
    fn no_number_code_or_type_of_a_field_changes_unseen() {
        let now = catalogue();
        if std::env::var_os(UPDATE).is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/nouns/catalogue.snap");
            std::fs::write(path, now).unwrap();
            return;
        }
        assert_eq!(now, COMMITTED, "a field was added: run it with {UPDATE}=1");
    }

    #[test]
    fn every_list_has_a_code_of_its_own_and_every_term_words_in_both_languages() {
        let mut codes = BTreeSet::new();
        for list in vocabularies() {
            assert!(codes.insert(list.code), "{}", list.code);
            let mut terms = BTreeSet::new();
            for term in list.terms {
                assert!(
                    terms.insert(term.code),
                    "{} twice in {}",
                    term.code,
                    list.code
                );
                assert!(!term.words.en.is_empty() && !term.words.uk.is_empty());
            }
        }
    }

    #[test]
    fn formats_md_lists_the_same_fields() {
        let text = include_str!("../../../docs/design/formats.md");
        for noun in ALL {
            let head = format!("| {} | {}", noun.kind.number(), noun.kind.name());
            let line = text.lines().find(|line| line.starts_with(&head)).unwrap();
            for spec in noun.fields {
                let said = format!("{} {}", spec.number, spec.code);
                let ends =
                    |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
                let mut found = line.match_indices(&said);
                let is_there = found.any(|(at, _)| ends(&line[at + said.len()..]));
                assert!(is_there, "formats.md does not say {head} {said}");
            }
        }
    }
}
