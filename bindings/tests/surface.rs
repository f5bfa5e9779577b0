//! The whole foreign surface as text, against `surface.snap`; and the rules that every item of it keeps.
//!
//! It is read from the sources, so that it needs no built library and its order is ours. `cargo xtask surface` writes it anew.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::path::{Path, PathBuf};

use quote::ToTokens as _;
use syn::{Attribute, Fields, FnArg, ImplItem, Item, ReturnType, Signature, TraitItem, Type};

/// Set by `cargo xtask surface`.
const UPDATE: &str = "IMENA_UPDATE_SURFACE";
/// What a person can read at once; fields are looked up.
const LINES_MAX: usize = 400;
const ARGUMENTS_MAX: usize = 5;
/// Words that Kotlin or Swift would quote, or that their own objects have already.
const TAKEN: &[&str] = &[
    "as",
    "break",
    "case",
    "catch",
    "class",
    "close",
    "copy",
    "default",
    "defer",
    "deinit",
    "description",
    "destroy",
    "do",
    "else",
    "equals",
    "extension",
    "false",
    "finalize",
    "for",
    "fun",
    "func",
    "guard",
    "if",
    "import",
    "in",
    "init",
    "interface",
    "internal",
    "is",
    "let",
    "notify",
    "null",
    "object",
    "open",
    "operator",
    "package",
    "private",
    "protocol",
    "public",
    "repeat",
    "return",
    "self",
    "static",
    "struct",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typealias",
    "typeof",
    "val",
    "var",
    "wait",
    "when",
    "where",
    "while",
];

#[derive(Default)]
struct Surface {
    lines: Vec<String>,
    fields: usize,
    broken: Vec<String>,
}

#[test]
fn the_surface_is_the_committed_one() {
    let surface = read();
    let text = surface.lines.join("\n") + "\n";
    let path = here().join("surface.snap");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &text).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let changed = differences(&committed, &text);
    assert!(
        changed.is_empty(),
        "the foreign surface is not the committed one:\n{}\n\nRun `cargo xtask surface`, look at the difference, change both wrappers and the \
         three scenarios (docs/design/scenario.md), and say it in CHANGELOG.md.",
        changed.join("\n")
    );
}

#[test]
fn every_item_keeps_the_rules_of_the_surface() {
    let surface = read();
    assert_eq!(surface.broken, Vec::<String>::new());
}

#[test]
fn the_surface_can_be_read_at_once() {
    let surface = read();
    let lines = surface.lines.len() - surface.fields;
    assert!(lines <= LINES_MAX, "{lines} lines besides fields");
}

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn differences(before: &str, after: &str) -> Vec<String> {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.lines().collect(), after.lines().collect());
    let gone = before.iter().filter(|line| !after.contains(line));
    let new = after.iter().filter(|line| !before.contains(line));
    let mut lines: Vec<String> = gone.map(|line| format!("- {line}")).collect();
    lines.extend(new.map(|line| format!("+ {line}")));
    if lines.is_empty() && before != after {
        lines.push("the same lines in another order".to_owned());
    }
    lines
}

fn read() -> Surface {
    let mut surface = Surface::default();
    let root = parsed(&here().join("src/lib.rs"));
    for item in root.items {
        let Item::Mod(module) = item else { continue };
        let name = module.ident.to_string();
        let file = parsed(&here().join("src").join(format!("{name}.rs")));
        surface.module(&name, file.items);
    }
    surface
}

fn parsed(path: &Path) -> syn::File {
    syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap()
}

impl Surface {
    fn module(&mut self, name: &str, items: Vec<Item>) {
        let before = self.lines.len();
        for item in items {
            self.item(item);
        }
        if self.lines.len() > before {
            self.lines.insert(before, format!("# {name}"));
            self.lines.push(String::new());
        }
    }

    fn item(&mut self, item: Item) {
        match item {
            Item::Struct(item) => {
                let Some(kind) = derived(&item.attrs) else {
                    return;
                };
                let name = item.ident.to_string();
                self.documented(&name, &item.attrs);
                self.lines.push(format!("{kind} {name}"));
                if kind == "record" {
                    self.fields(&name, &item.fields);
                }
            }
            Item::Enum(item) => {
                let Some(kind) = derived(&item.attrs) else {
                    return;
                };
                let name = item.ident.to_string();
                self.documented(&name, &item.attrs);
                self.lines.push(format!("{kind} {name}"));
                for variant in &item.variants {
                    let place = format!("{name}.{}", variant.ident);
                    self.documented(&place, &variant.attrs);
                    let fields: Vec<String> = variant.fields.iter().map(field).collect();
                    let fields = if fields.is_empty() {
                        String::new()
                    } else {
                        format!("({})", fields.join(", "))
                    };
                    self.lines.push(format!("    {}{fields}", variant.ident));
                    self.fields += 1;
                    for field in &variant.fields {
                        self.documented(&place, &field.attrs);
                        let is_message = field.ident.as_ref().is_some_and(|name| name == "message");
                        if kind == "error" && is_message {
                            self.broken.push(format!(
                                "{place}: a field named message does not compile in Kotlin"
                            ));
                        }
                    }
                }
            }
            Item::Trait(item) if is_exported(&item.attrs) => {
                let name = item.ident.to_string();
                self.documented(&name, &item.attrs);
                self.lines.push(format!("foreign {name}"));
                for method in item.items {
                    if let TraitItem::Fn(method) = method {
                        self.function(&name, &method.attrs, &method.sig);
                    }
                }
            }
            Item::Fn(item) if is_exported(&item.attrs) => {
                self.lines.push("functions".to_owned());
                self.function("", &item.attrs, &item.sig);
            }
            Item::Impl(item) if is_exported(&item.attrs) => {
                let name = item.self_ty.to_token_stream().to_string();
                self.lines.push(format!("methods of {name}"));
                for method in item.items {
                    if let ImplItem::Fn(method) = method {
                        self.function(&name, &method.attrs, &method.sig);
                    }
                }
            }
            _ => {}
        }
    }

    fn fields(&mut self, name: &str, fields: &Fields) {
        for next in fields {
            self.documented(
                &format!("{name}.{}", next.ident.to_token_stream()),
                &next.attrs,
            );
            self.lines.push(format!("    {}", field(next)));
            self.fields += 1;
        }
    }

    fn function(&mut self, of: &str, attrs: &[Attribute], sig: &Signature) {
        let name = sig.ident.to_string();
        let place = format!("{of}.{name}");
        self.documented(&place, attrs);
        if TAKEN.contains(&name.as_str()) {
            self.broken
                .push(format!("{place}: the name is taken in Kotlin or Swift"));
        }
        if sig.asyncness.is_some() {
            self.broken
                .push(format!("{place}: no async exports (ADR 0012)"));
        }
        let mut arguments = Vec::new();
        for argument in &sig.inputs {
            if let FnArg::Typed(argument) = argument {
                let kind = shown(&argument.ty);
                if kind == "bool" {
                    self.broken
                        .push(format!("{place}: a bool argument says nothing at the call"));
                }
                arguments.push(format!("{}: {kind}", argument.pat.to_token_stream()));
            }
        }
        if arguments.len() > ARGUMENTS_MAX {
            self.broken
                .push(format!("{place}: {} arguments", arguments.len()));
        }
        let is_new = attrs
            .iter()
            .any(|a| a.to_token_stream().to_string().contains("constructor"));
        let new = if is_new { "new " } else { "" };
        let answer = match &sig.output {
            ReturnType::Default => String::new(),
            ReturnType::Type(_, kind) => answer(kind),
        };
        self.lines
            .push(format!("    {new}{name}({}){answer}", arguments.join(", ")));
    }

    fn documented(&mut self, place: &str, attrs: &[Attribute]) {
        if !attrs.iter().any(|attr| attr.path().is_ident("doc")) {
            self.broken.push(format!("{place}: no documentation"));
        }
    }
}

fn derived(attrs: &[Attribute]) -> Option<&'static str> {
    let text: String = attrs
        .iter()
        .map(|attr| attr.to_token_stream().to_string())
        .collect();
    let kinds = [
        ("uniffi :: Record", "record"),
        ("uniffi :: Object", "object"),
        ("uniffi :: Enum", "enum"),
        ("uniffi :: Error", "error"),
    ];
    kinds
        .iter()
        .find(|(derive, _)| text.contains(derive))
        .map(|(_, kind)| *kind)
}

fn is_exported(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| {
        attr.to_token_stream()
            .to_string()
            .contains("uniffi :: export")
    })
}

fn field(field: &syn::Field) -> String {
    format!("{}: {}", field.ident.to_token_stream(), shown(&field.ty))
}

fn answer(kind: &Type) -> String {
    let kind = shown(kind);
    let Some(both) = kind
        .strip_prefix("Result<")
        .and_then(|rest| rest.strip_suffix('>'))
    else {
        return format!(" -> {kind}");
    };
    let (value, error) = both.rsplit_once(", ").unwrap();
    let value = if value == "()" {
        String::new()
    } else {
        format!(" -> {value}")
    };
    format!("{value} throws {error}")
}

/// The type without what only Rust needs.
fn shown(kind: &Type) -> String {
    let mut text = kind
        .to_token_stream()
        .to_string()
        .replace(' ', "")
        .replace(',', ", ");
    for wrapper in ["Arc<dyn", "Arc<"] {
        while let Some(start) = text.find(wrapper) {
            let end = start + text[start..].find('>').unwrap();
            text.remove(end);
            text.replace_range(start..start + wrapper.len(), "");
        }
    }
    text
}
