//! Rule: a room of the core uses only rooms above it.
//!
//! The order is that of the `mod` lines in `core/src/lib.rs`. Every path that begins at the crate's root is looked at
//! (`crate::room`, also in braces, and `super::` as far as it goes up to the root), in `use` lines and elsewhere.
//! Test code may use any room. A path to the root that names no room is refused too: behind a re-export the order
//! could not be seen.

use super::rust_text::{self, Kind, Shipped, Token, after_colons};
use super::{Place, Rule};
use crate::repository::Tree;

pub const RULE: Rule = Rule {
    name: "no arrow back",
    reason: "core/src/lib.rs declares the rooms in the order in which they may use each other",
    broken_at,
};

const SOURCE: &str = "core/src/";
const LIB: &str = "core/src/lib.rs";

fn broken_at(tree: &Tree) -> Vec<Place> {
    let Some(lib) = tree.file(LIB) else {
        return vec![Place::new(
            LIB,
            1,
            "it is not there, so the rooms have no order",
        )];
    };
    let all = rust_text::tokens(&lib.text);
    let lib = rust_text::without_tests(&all);
    let rooms = rooms(&lib.tokens);
    let test_files = test_files(tree, &lib);

    let mut places = Vec::new();
    for file in tree.rust_files().filter(|file| file.path != LIB) {
        let Some(inside) = file.path.strip_prefix(SOURCE) else {
            continue;
        };
        let module = module_path(inside);
        let Some(own) = module.first() else { continue };
        if test_files.iter().any(|test| module.starts_with(test)) {
            continue;
        }
        let Some(own_index) = rooms.iter().position(|room| room == own) else {
            let message =
                format!("core/src/lib.rs declares no room `{own}`: declare it or move it");
            places.push(Place::new(&file.path, 1, message));
            continue;
        };
        let all = rust_text::tokens(&file.text);
        for used in root_uses(&rust_text::without_tests(&all).tokens, module.len()) {
            let index = rooms.iter().position(|room| *room == used.name);
            if let Some(message) = refusal(own, own_index, used.name, index) {
                places.push(Place::new(&file.path, used.line, message));
            }
        }
    }
    places
}

fn refusal(own: &str, own_index: usize, used: &str, index: Option<usize>) -> Option<String> {
    match index {
        Some(index) if index > own_index => Some(format!(
            "`{own}` uses `{used}`, which core/src/lib.rs declares after it: move the code or pass \
             what it needs in"
        )),
        Some(_) => None,
        None => Some(format!(
            "`{own}` uses `{used}` at the crate's root, which is no room: name the room it is in"
        )),
    }
}

/// The names in `mod name;` and `mod name {` at the root, in their order.
fn rooms<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let mut rooms = Vec::new();
    let mut depth = 0_usize;
    let mut rest = tokens;
    while let [first, tail @ ..] = rest {
        match (first.kind, tail) {
            (Kind::Sign('{'), _) => depth = depth.saturating_add(1),
            (Kind::Sign('}'), _) => depth = depth.saturating_sub(1),
            (Kind::Word("mod"), [name, ..]) if depth == 0 => rooms.extend(name.word()),
            _ => {}
        }
        rest = tail;
    }
    rooms
}

/// The module paths of files that are test code as a whole, because their parent declares them under `#[cfg(test)]`.
fn test_files(tree: &Tree, lib: &Shipped<'_>) -> Vec<Vec<String>> {
    let mut found: Vec<Vec<String>> = lib
        .test_modules
        .iter()
        .map(|name| vec![(*name).to_owned()])
        .collect();
    for file in tree.rust_files().filter(|file| file.path != LIB) {
        let Some(inside) = file.path.strip_prefix(SOURCE) else {
            continue;
        };
        let all = rust_text::tokens(&file.text);
        for name in rust_text::without_tests(&all).test_modules {
            let mut path = module_path(inside);
            path.push(name.to_owned());
            found.push(path);
        }
    }
    found
}

/// `seal/stream.rs` is `[seal, stream]`, `seal/mod.rs` and `seal.rs` are `[seal]`.
fn module_path(inside: &str) -> Vec<String> {
    let stem = inside.strip_suffix(".rs").unwrap_or(inside);
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    stem.split('/').map(str::to_owned).collect()
}

struct Use<'a> {
    name: &'a str,
    line: usize,
}

/// Every name that a path takes from the crate's root, in a file `depth` modules below it.
fn root_uses<'a>(tokens: &[Token<'a>], depth: usize) -> Vec<Use<'a>> {
    let mut uses = Vec::new();
    // For each open brace, whether it is a module's.
    let mut braces: Vec<bool> = Vec::new();
    let mut rest = tokens;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first.kind, tail) {
            (Kind::Word("mod"), [_, open, after @ ..]) if open.is('{') => {
                braces.push(true);
                rest = after;
            }
            (Kind::Sign('{'), _) => braces.push(false),
            (Kind::Sign('}'), _) => _ = braces.pop(),
            (Kind::Word("crate"), _) => {
                uses.extend(after_colons(tail).map(names).unwrap_or_default())
            }
            (Kind::Word("super"), _) => {
                let modules = braces.iter().filter(|is_module| **is_module).count();
                let (ups, after) = ups(tail);
                if ups == depth.saturating_add(modules) {
                    uses.extend(after_colons(after).map(names).unwrap_or_default());
                }
                rest = after;
            }
            _ => {}
        }
    }
    uses
}

/// How many `super` in a row, the one just read included, and what follows them.
fn ups<'t, 'a>(mut tokens: &'t [Token<'a>]) -> (usize, &'t [Token<'a>]) {
    let mut count = 1_usize;
    while let Some([next, after @ ..]) = after_colons(tokens) {
        if next.word() != Some("super") {
            break;
        }
        count = count.saturating_add(1);
        tokens = after;
    }
    (count, tokens)
}

/// The first names of a path's rest: one, or one for each element in braces. `*` is the name of a glob.
fn names<'a>(tokens: &[Token<'a>]) -> Vec<Use<'a>> {
    match tokens {
        [open, inside @ ..] if open.is('{') => names_in_braces(inside),
        [first, ..] => name(first).into_iter().collect(),
        [] => Vec::new(),
    }
}

fn names_in_braces<'a>(tokens: &[Token<'a>]) -> Vec<Use<'a>> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut is_start = true;
    for token in tokens {
        match token.kind {
            Kind::Sign('{') => depth = depth.saturating_add(1),
            Kind::Sign('}') if depth == 0 => break,
            Kind::Sign('}') => depth = depth.saturating_sub(1),
            Kind::Sign(',') if depth == 0 => {
                is_start = true;
                continue;
            }
            _ if is_start => found.extend(name(token)),
            _ => {}
        }
        is_start = false;
    }
    found
}

/// `self` is the root itself, which is no use of a room.
fn name<'a>(token: &Token<'a>) -> Option<Use<'a>> {
    let name = match token.kind {
        Kind::Word("self") | Kind::Literal => return None,
        Kind::Word(word) => word,
        Kind::Sign('*') => "*",
        Kind::Sign(_) => return None,
    };
    Some(Use {
        name,
        line: token.line,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{Folder, broken};

    const ORDER: &str = "//! Lib.\n#![forbid(unsafe_code)]\npub mod model;\npub(crate) mod seal;\nmod store;\n\
        #[cfg(test)]\nmod testing;\npub use store::Store;\n";

    fn broken_with(path: &str, text: &str) -> Vec<String> {
        broken(RULE, &[(LIB, ORDER), (path, text)])
    }

    #[test]
    fn an_offending_tree_on_disk_is_refused() {
        let folder = Folder::new("arrows");
        folder.write(LIB, ORDER.as_bytes());
        folder.write(
            "core/src/model/grave.rs",
            b"//! Grave.\n\nuse crate::store::Store;\n",
        );
        folder.write(
            "core/src/store/mod.rs",
            b"//! Store.\nuse crate::model::Grave;\n",
        );
        let places = broken_at(&Tree::read(folder.path()).unwrap());
        assert_eq!(places.len(), 1, "{places:?}");
        assert_eq!(
            places[0].to_string(),
            "core/src/model/grave.rs:3: `model` uses `store`, \
            which core/src/lib.rs declares after it: move the code or pass what it needs in"
        );
    }

    #[test]
    fn every_way_to_write_the_arrow_is_seen() {
        for text in [
            "use crate::store::Store;",
            "pub(crate) use crate::store::*;",
            "use crate::{model::Grave, store::{Store, Lock}};",
            "use crate::{\n    model,\n    store,\n};",
            "fn f() -> crate::store::Store { todo() }",
            "use super::store::Store;",
            "use super::{model, store};",
            "use self::super::store;",
            "mod inner { use super::super::store::Store; }",
            "macro_rules! m { () => { $crate::store::f() } }",
            "#[cfg(any(test, feature = \"x\"))] use crate::store::Store;",
            "use crate::Store;",
            "use crate::*;",
        ] {
            let found = broken_with("core/src/seal/mod.rs", text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
        }
    }

    #[test]
    fn super_reaches_the_root_only_from_its_own_depth() {
        assert!(broken_with("core/src/seal/stream.rs", "use super::store::X;").is_empty());
        assert_eq!(
            broken_with("core/src/seal/stream.rs", "use super::super::store::X;").len(),
            1
        );
        assert_eq!(
            broken_with("core/src/seal.rs", "use super::store::X;").len(),
            1
        );
    }

    #[test]
    fn rooms_above_and_the_own_room_may_be_used() {
        let text = "use crate::model::Grave;\nuse crate::seal::{self, Seal};\nuse super::model;\n\
            pub(in crate::seal) fn f(_: crate::model::Grave) {}\npub(crate) fn g() {}\npub(super) fn h() {}\n";
        assert!(broken_with("core/src/seal/mod.rs", text).is_empty());
    }

    #[test]
    fn test_code_comments_and_strings_may_name_any_room() {
        let text = "//! See [`crate::store`].\n// use crate::store;\nconst A: &str = \"crate::store\";\n\
            #[cfg(test)]\nmod tests {\n    use crate::store::Store;\n}\n#[cfg(test)]\nmod kill;\n";
        let files = [
            (LIB, ORDER),
            ("core/src/seal/mod.rs", text),
            ("core/src/seal/kill.rs", "use crate::store::Store;"),
            ("core/src/seal/kill/deeper.rs", "use crate::store::Store;"),
            ("core/src/testing.rs", "use crate::store::Store;"),
        ];
        assert_eq!(broken(RULE, &files), Vec::<String>::new());
    }

    #[test]
    fn a_file_of_no_room_is_refused() {
        assert_eq!(broken_with("core/src/orphan.rs", "//! Orphan.").len(), 1);
    }

    #[test]
    fn a_core_without_lib_is_refused() {
        assert_eq!(broken(RULE, &[("core/src/seal.rs", "")]).len(), 1);
    }
}
