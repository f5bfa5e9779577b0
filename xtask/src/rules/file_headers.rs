//! Rule: every Rust file opens with `//!`.

use super::{Place, Rule};
use crate::repository::Tree;

pub const RULE: Rule = Rule {
    name: "every Rust file opens with //!",
    reason: "its first lines say what it owns, what it does not, and why this way",
    broken_at,
};

fn broken_at(tree: &Tree) -> Vec<Place> {
    let has_none = |text: &str| {
        text.strip_prefix("//!")
            .is_none_or(|rest| rest.trim().is_empty())
    };
    tree.rust_files()
        .filter(|file| has_none(&file.text))
        .map(|file| {
            Place::new(
                &file.path,
                1,
                "it does not open with `//!` and what the file owns",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::broken;

    #[test]
    fn a_file_without_header_is_refused() {
        let files = [
            ("a.rs", "//! Owns a.\nfn a() {}\n"),
            ("b.rs", "fn b() {}\n"),
            ("c.rs", ""),
            ("d.rs", "\n//! Too late.\n"),
            ("e.md", "no Rust"),
        ];
        assert_eq!(broken(RULE, &files), ["b.rs:1", "c.rs:1", "d.rs:1"]);
    }
}
