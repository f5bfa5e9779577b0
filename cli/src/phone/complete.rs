//! What a shell completes behind `record`, `amend`, `list` and the like: kinds, fields, terms, gaps, read from the tables.
//!
//! Invariant: no vault is opened, nothing recorded is offered.

use std::ffi::OsStr;

use clap_complete::engine::CompletionCandidate;
use imena_core::nouns;
use imena_core::vocabulary::{Coded as _, Gap};

/// The words of the nouns.
pub fn kinds(typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let nouns = nouns::ALL
        .iter()
        .filter(|noun| noun.kind.name().starts_with(&*typed));
    let offered = nouns.map(|noun| {
        let help = noun.words.en;
        CompletionCandidate::new(noun.kind.name()).help(Some(help.into()))
    });
    offered.collect()
}

/// The codes of fields; behind `field=` the terms it takes, and what may stand in their place.
pub fn fields(typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let specs = || nouns::ALL.iter().flat_map(|noun| noun.fields);
    let mut offered: Vec<(String, &str)> = Vec::new();
    match typed.split_once('=') {
        None => {
            let writable = specs().filter(|spec| spec.only_by.is_none());
            offered.extend(writable.map(|spec| (format!("{}=", spec.code), spec.words.en)));
        }
        Some((code, _)) => {
            for spec in specs().filter(|spec| spec.code == code) {
                let terms = spec.shape.vocabulary().map_or(&[][..], |list| list.terms);
                let gaps = Gap::VOCABULARY.terms.iter().filter(|_| spec.has_gaps());
                let term = terms
                    .iter()
                    .map(|term| (term.code.to_owned(), term.words.en));
                let gap = gaps.map(|gap| (format!("?{}", gap.code), gap.words.en));
                let said = term.chain(gap);
                offered.extend(said.map(|(value, words)| (format!("{code}={value}"), words)));
            }
        }
    }
    offered.sort_unstable();
    offered.dedup_by(|one, other| one.0 == other.0);
    let fitting = offered
        .into_iter()
        .filter(|(text, _)| text.starts_with(&*typed));
    let candidate = |(text, help): (String, &str)| {
        CompletionCandidate::new(text).help(Some(help.to_owned().into()))
    };
    fitting.map(candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(all: Vec<CompletionCandidate>) -> Vec<String> {
        let text = |one: &CompletionCandidate| one.get_value().to_string_lossy().into_owned();
        all.iter().map(text).collect()
    }

    #[test]
    fn a_shell_offers_kinds_fields_terms_and_gaps_and_nothing_that_a_verb_writes() {
        assert_eq!(offered(kinds(OsStr::new("ma"))), ["marker"]);
        assert!(offered(fields(OsStr::new("number"))).contains(&"number_text=".to_owned()));
        assert_eq!(offered(fields(OsStr::new("sealed"))), [""; 0]);
        let terms = offered(fields(OsStr::new("status=")));
        assert!(terms.contains(&"status=fallen".to_owned()));
        assert!(terms.contains(&"status=?not_examined".to_owned()));
    }
}
