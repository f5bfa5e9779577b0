//! `imena code-book DIR`: what can be recorded, for experts and translators: every field and every term in both languages, as tables and as a page.
//!
//! Owns the shape of the three files. What they say stands in `imena_core::nouns` and `imena_core::vocabulary`; nothing here names a field.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use imena_core::nouns::{self, Noun, Spec};
use imena_core::vocabulary::{Language, Vocabulary, Words};
use serde_json::json;

use crate::Done;
use crate::failure::Failure;
use crate::terminal::Terminal;

const FIELDS: &str = "fields.csv";
const TERMS: &str = "terms.csv";
const PAGE: &str = "code-book.html";
const FIELD_HEAD: [&str; 17] = [
    "noun", "noun_en", "noun_uk", "section", "number", "field", "en", "uk", "help_en", "help_uk",
    "type", "limits", "source", "asked", "seen_by", "owed", "asked_if",
];
const TERM_HEAD: [&str; 6] = ["vocabulary", "source", "code", "en", "uk", "confirmed_by"];
/// Until an expert has said that the Ukrainian words are theirs.
const NOT_CONFIRMED: &str = "";

/// Arguments of `imena code-book`.
#[derive(Debug, Args)]
pub struct CodeBookArgs {
    /// Folder for fields.csv, terms.csv and code-book.html; it is made if it is not there.
    dir: PathBuf,
}

/// Writes the code book.
pub fn run(terminal: &mut Terminal, args: &CodeBookArgs) -> Done {
    let files = [(FIELDS, fields()), (TERMS, terms()), (PAGE, page())];
    let failed = |error: std::io::Error| Failure::disk(error.to_string());
    std::fs::create_dir_all(&args.dir).map_err(failed)?;
    let mut written = Vec::new();
    for (name, text) in files {
        let path = args.dir.join(name);
        std::fs::write(&path, text).map_err(failed)?;
        written.push(shown(&path));
    }
    terminal.show(&written.join("\n"), &json!(written));
    Ok(())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn fields() -> String {
    let mut text = line(FIELD_HEAD.map(str::to_owned));
    for noun in nouns::ALL {
        let rows = noun.fields.iter().map(|spec| line(field_cells(noun, spec)));
        text.extend(rows);
    }
    text
}

fn field_cells(noun: &Noun, spec: &Spec) -> [String; 17] {
    let help = spec.help.unwrap_or(Words { en: "", uk: "" });
    let asked_if = spec.when.and_then(|(number, codes)| {
        let field = noun.field(number)?.code;
        Some(format!("{field} is {}", codes.join(" or ")))
    });
    [
        noun.kind.name().to_owned(),
        noun.words.en.to_owned(),
        noun.words.uk.to_owned(),
        spec.section.code().to_owned(),
        spec.number.to_string(),
        spec.code.to_owned(),
        spec.words.en.to_owned(),
        spec.words.uk.to_owned(),
        help.en.to_owned(),
        help.uk.to_owned(),
        spec.shape.name(),
        spec.shape.limits(Language::English),
        spec.source.to_owned(),
        spec.asked.code().to_owned(),
        spec.sensitivity.code().to_owned(),
        if spec.is_owed { "yes" } else { "" }.to_owned(),
        asked_if.unwrap_or_default(),
    ]
}

fn terms() -> String {
    let mut text = line(TERM_HEAD.map(str::to_owned));
    for list in nouns::vocabularies() {
        let cells = |code: &str, words: Words| {
            let cells = [
                list.code,
                list.source,
                code,
                words.en,
                words.uk,
                NOT_CONFIRMED,
            ];
            line(cells.map(str::to_owned))
        };
        text.extend(list.terms.iter().map(|term| cells(term.code, term.words)));
    }
    text
}

/// A line of CSV as RFC 4180 has it: every cell in quotes.
fn line<const N: usize>(cells: [String; N]) -> String {
    let quoted = cells.map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
    format!("{}\r\n", quoted.join(","))
}

fn page() -> String {
    let mut text = String::from(HEAD);
    for noun in nouns::ALL {
        let (en, uk) = (escaped(noun.words.en), escaped(noun.words.uk));
        let kind = noun.kind.name();
        let _ = write!(
            text,
            "<h2 id=\"{kind}\">{en} / {uk} <code>{kind}</code></h2>\n<table>\n"
        );
        text += "<tr><th>№<th>code<th>English<th>українською<th>type<th>limits<th>source<th>asked<th>seen by</tr>\n";
        for spec in noun.fields {
            text += &field_row(noun, spec);
        }
        text += "</table>\n";
    }
    text += "<h1>Terms / Терміни</h1>\n";
    for list in nouns::vocabularies() {
        text += &term_table(list);
    }
    text
}

fn field_row(noun: &Noun, spec: &Spec) -> String {
    let cells = field_cells(noun, spec).map(|cell| escaped(&cell));
    let [
        _,
        _,
        _,
        _,
        number,
        code,
        en,
        uk,
        help_en,
        help_uk,
        shape,
        limits,
        source,
        asked,
        seen,
        owed,
        when,
    ] = cells;
    let owed = if owed.is_empty() { "" } else { " *" };
    let when = match when.is_empty() {
        true => String::new(),
        false => format!(", if {when}"),
    };
    format!(
        "<tr><td>{number}<td><code>{code}</code>{owed}<td>{en}<small>{help_en}</small><td>{uk}<small>{help_uk}</small>\
         <td>{shape}<td>{limits}<td>{source}<td>{asked}{when}<td>{seen}</tr>\n"
    )
}

fn term_table(list: &Vocabulary) -> String {
    let (code, source) = (list.code, escaped(list.source));
    let mut text = format!("<h2 id=\"{code}\"><code>{code}</code></h2><p>{source}</p>\n<table>\n");
    text += "<tr><th>code<th>English<th>українською<th>confirmed by</tr>\n";
    for term in list.terms {
        let (code, en, uk) = (term.code, escaped(term.words.en), escaped(term.words.uk));
        let _ = writeln!(
            text,
            "<tr><td><code>{code}</code><td>{en}<td>{uk}<td>{NOT_CONFIRMED}</tr>"
        );
    }
    text += "</table>\n";
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Imena: code book</title>\n\
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .5rem;border-bottom:1px solid #ccc}\
small{display:block;color:#555}</style></head>\n<body>\n<h1>Fields / Поля</h1>\n\
<p>* A record without it is refused; why there is none may stand in its place. Written from the program’s own tables.</p>\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_and_term_stands_in_the_tables_and_on_the_page() {
        let (fields, terms, page) = (fields(), terms(), page());
        let count: usize = nouns::ALL.iter().map(|noun| noun.fields.len()).sum();
        assert_eq!(fields.lines().count(), 1 + count);
        for noun in nouns::ALL {
            for spec in noun.fields {
                assert!(page.contains(&format!("<code>{}</code>", spec.code)));
            }
        }
        for list in nouns::vocabularies() {
            for term in list.terms {
                let start = format!("\"{}\",", list.code);
                let code = format!(",\"{}\",", term.code);
                let is_there = |line: &str| line.starts_with(&start) && line.contains(&code);
                assert!(terms.lines().any(is_there), "{start} {code}");
            }
        }
    }

    #[test]
    fn a_quote_or_comma_in_a_cell_stays_in_its_cell() {
        let cells = ["a \"b\", c".to_owned(), "d".to_owned()];
        assert_eq!(line(cells), "\"a \"\"b\"\", c\",\"d\"\r\n");
    }
}
