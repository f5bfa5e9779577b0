//! The repository's own rules: what no compiler or linter looks at. One file a rule.
//!
//! Each rule is a pure function from the text files of a [`Tree`] to the places that break it. `./dev check` enforces
//! them; the tests enforce them on this repository too, and show each one failing on a tree made to break it.

pub mod arrows;
pub mod machine_paths;
pub mod file_headers;
pub mod unfinished;
pub mod file_length;
pub mod links;
mod rust_text;

use std::fmt;

use crate::process::Failure;
use crate::repository::{self, Tree};

/// One rule, and why it is one.
#[derive(Clone, Copy)]
pub struct Rule {
    pub name: &'static str,
    pub reason: &'static str,
    pub broken_at: fn(&Tree) -> Vec<Place>,
}

pub const ALL: &[Rule] = &[
    arrows::RULE,
    machine_paths::RULE,
    file_headers::RULE,
    unfinished::RULE,
    file_length::RULE,
    links::RULE,
];

/// Where a rule is broken, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    pub path: String,
    pub line: usize,
    pub message: String,
}

impl Place {
    pub fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Holds this repository against the given rules, all of them before it fails.
///
/// # Errors
/// If a rule is broken; the message lists every place.
pub fn enforce(rules: &[Rule]) -> Result<(), Failure> {
    let tree = Tree::read(repository::root())?;
    let mut message = String::new();
    for rule in rules {
        let places = (rule.broken_at)(&tree);
        if !places.is_empty() {
            message.push_str(&format!(
                "rule \"{}\" is broken ({}):\n",
                rule.name, rule.reason
            ));
        }
        for place in places {
            message.push_str(&format!("  {place}\n"));
        }
    }
    if message.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(1, message.trim_end()))
    }
}

/// The line, counted from 1, on which the byte at `offset` stands.
fn line_at(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.matches('\n').count().saturating_add(1)
}

/// What the rules' tests need: a folder that is gone afterwards, and trees made in memory.
#[cfg(test)]
pub mod testing {
    use std::path::{Path, PathBuf};

    use super::{Place, Rule};
    use crate::repository::{TextFile, Tree};

    /// A folder of its own for one test.
    pub struct Folder(PathBuf);

    impl Folder {
        pub fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("imena-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        pub fn path(&self) -> &Path {
            &self.0
        }

        pub fn write(&self, path: &str, bytes: &[u8]) {
            let file = self.0.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// A tree of these files, `(path, text)`.
    pub fn tree(files: &[(&str, &str)]) -> Tree {
        let text_file = |(path, text): &(&str, &str)| TextFile {
            path: (*path).into(),
            text: (*text).into(),
        };
        Tree {
            root: PathBuf::new(),
            files: files.iter().map(text_file).collect(),
        }
    }

    /// The places at which the files break the rule, as `path:line`.
    pub fn broken(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
        (rule.broken_at)(&tree(files)).iter().map(short).collect()
    }

    fn short(place: &Place) -> String {
        format!("{}:{}", place.path, place.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_keeps_every_rule() {
        if let Err(failure) = enforce(ALL) {
            panic!("{}", failure.message);
        }
    }

    #[test]
    fn this_repository_is_read() {
        let tree = Tree::read(repository::root()).unwrap();
        for path in [
            "dev",
            "Cargo.toml",
            "core/src/lib.rs",
            "xtask/src/rules/mod.rs",
        ] {
            assert!(tree.file(path).is_some(), "{path}");
        }
        assert!(
            tree.files
                .iter()
                .all(|file| !file.path.starts_with("target/"))
        );
    }
}
