//! `imena-keys kotlin|swift|python`: typed keys over the generic records, written from the tables of the nouns; `cargo xtask bindings` puts them beside
//! the generated code. None of it is committed.
//!
//! Owns how a field, a term and a noun are called in each language. A field of another noun, a value of another type or a term of another list does
//! not compile there. Invariant: every field of every noun has a key, and every term of every list a constant.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a generator writes to its output"
)]

use std::fmt::Write as _;
use std::process::ExitCode;

use imena_core::nouns::{self, Noun, Shape, Spec};
use imena_core::vocabulary::{TermRow, Vocabulary};

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let text = match (words.next().as_deref(), words.next()) {
        (Some("kotlin"), None) => kotlin(),
        (Some("swift"), None) => swift(),
        (Some("python"), None) => python(),
        (_, _) => {
            eprintln!("imena-keys kotlin|swift|python");
            return ExitCode::from(64);
        }
    };
    print!("{text}");
    ExitCode::SUCCESS
}

fn kotlin() -> String {
    let mut text =
        String::from("// Written from the tables of the nouns.\npackage org.imena.bridge\n");
    for noun in nouns::ALL {
        let (name, kind, what) = (type_name(noun), noun.kind.name(), capital(noun.words.en));
        let _ = write!(
            text,
            "\n/** {what}. */\nobject {name} : Noun(\"{kind}\") {{\n"
        );
        for spec in noun.fields {
            let list = list_of(spec).map(|list| pascal(list.code));
            let (of, make) = list.map_or_else(Default::default, |list| {
                (format!(", {list}"), format!(", ::{list}"))
            });
            let (what, key, code) = (capital(spec.words.en), upper(spec.code), spec.code);
            let class = class(spec);
            let _ = writeln!(text, "    /** {what}. */");
            let _ = writeln!(
                text,
                "    val {key} = {class}<{name}{of}>(\"{code}\"{make})"
            );
        }
        text += "}\n";
    }
    for list in nouns::vocabularies() {
        let (name, source) = (pascal(list.code), list.source);
        let _ = write!(
            text,
            "\n/** The vocabulary `{}`, from {source}. */\n@JvmInline\nvalue class {name}(override val code: String) : Coded {{\n    companion object {{\n",
            list.code
        );
        for term in list.terms {
            let (what, key) = (capital(term.words.en), upper(term.code));
            let _ = writeln!(text, "        /** {what}. */");
            let _ = writeln!(text, "        val {key} = {name}(\"{}\")", term.code);
        }
        text += "    }\n}\n";
    }
    text
}

fn swift() -> String {
    let mut text = String::from("// Written from the tables of the nouns.\n");
    for noun in nouns::ALL {
        let (name, kind, what) = (type_name(noun), noun.kind.name(), capital(noun.words.en));
        let _ = write!(
            text,
            "\n/// {what}.\npublic enum {name}: Noun {{\n  public static let nounKind = \"{kind}\"\n"
        );
        for spec in noun.fields {
            let of =
                list_of(spec).map_or_else(String::new, |list| format!(", {}", pascal(list.code)));
            let (what, key, code) = (capital(spec.words.en), camel(spec.code), spec.code);
            let class = class(spec);
            let _ = writeln!(text, "  /// {what}.");
            let _ = writeln!(
                text,
                "  public static let {key} = {class}<Self{of}>(\"{code}\")"
            );
        }
        text += "}\n";
    }
    for list in nouns::vocabularies() {
        let (name, source) = (pascal(list.code), list.source);
        let _ = write!(
            text,
            "\n/// The vocabulary `{}`, from {source}.\npublic struct {name}: Coded {{\n  public let code: String\n  public init(code: String) {{ self.code = code }}\n",
            list.code
        );
        for term in list.terms {
            let (what, key) = (capital(term.words.en), camel(term.code));
            let _ = writeln!(text, "  /// {what}.");
            let _ = writeln!(
                text,
                "  public static let {key} = Self(code: \"{}\")",
                term.code
            );
        }
        text += "}\n";
    }
    text
}

/// Python's keys are attributes, so that an editor completes them and a wrong one fails at once.
fn python() -> String {
    let mut text = String::from(
        "\"\"\"Written from the tables of the nouns.\"\"\"\n\nfrom imena.fields import Field, Noun, Terms\n",
    );
    for noun in nouns::ALL {
        let (name, kind, what) = (type_name(noun), noun.kind.name(), capital(noun.words.en));
        let _ = write!(
            text,
            "\n\nclass {name}(Noun):\n    \"\"\"{what}.\"\"\"\n\n    kind = \"{kind}\"\n"
        );
        for spec in noun.fields {
            let (key, code, what) = (upper(spec.code), spec.code, spec.words.en);
            let variant = variant(spec);
            let _ = writeln!(
                text,
                "    {key} = Field(\"{code}\", \"{variant}\")  # {what}"
            );
        }
    }
    for list in nouns::vocabularies() {
        let (name, code, source) = (pascal(list.code), list.code, list.source);
        let _ = write!(
            text,
            "\n\nclass {name}(Terms):\n    \"\"\"The vocabulary `{code}`, from {source}.\"\"\"\n\n"
        );
        for TermRow { code, words } in list.terms {
            let _ = writeln!(text, "    {} = \"{code}\"  # {}", upper(code), words.en);
        }
    }
    text
}

/// The class of a key, in Kotlin and Swift.
fn class(spec: &Spec) -> String {
    format!("{}Key", holder(spec))
}

/// The variant of `FieldValue` that holds it, in Python.
fn variant(spec: &Spec) -> String {
    holder(spec).to_uppercase()
}

/// The variant of `FieldValue` that holds a field's values.
fn holder(spec: &Spec) -> &'static str {
    match spec.shape {
        Shape::Text { .. } | Shape::PlaceCode => "Text",
        Shape::Term(_) => "Term",
        Shape::Terms(_) => "Terms",
        Shape::Number { .. } => "Number",
        Shape::Date => "Date",
        Shape::Reference { .. } | Shape::Owner { .. } => "Reference",
        Shape::References { .. } => "References",
        Shape::NameParts => "Names",
        Shape::Code { .. } => "Code",
        Shape::Bytes | Shape::Texts | Shape::Facts | Shape::FileName => "Other",
    }
}

/// The list that the key's type names; the roles of a name's parts are no type of the key.
fn list_of(spec: &Spec) -> Option<&'static Vocabulary> {
    let list = spec.shape.vocabulary();
    list.filter(|_| !matches!(spec.shape, Shape::NameParts))
}

fn type_name(noun: &Noun) -> String {
    pascal(noun.kind.name())
}

fn pascal(code: &str) -> String {
    code.split('_').map(capital).collect()
}

/// Words of Swift stand in backticks; `none` would be read as nil.
fn camel(code: &str) -> String {
    let mut words = code.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    let name = first + &words.map(capital).collect::<String>();
    match name.as_str() {
        "self" | "case" | "is" | "in" | "as" | "default" | "class" | "struct" | "operator" => {
            format!("`{name}`")
        }
        "none" => "none_".to_owned(),
        _ if name.starts_with(|first: char| first.is_ascii_digit()) => format!("_{name}"),
        _ => name,
    }
}

fn upper(code: &str) -> String {
    let name = code.to_uppercase();
    match name.starts_with(|first: char| first.is_ascii_digit()) {
        true => format!("_{name}"),
        false => name,
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
