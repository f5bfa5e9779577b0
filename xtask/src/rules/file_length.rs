//! Rule: no Rust file is longer than a reader can hold.

use super::{Place, Rule};
use crate::repository::Tree;

/// About an hour's reading; a longer file owns two things.
const LINES_MAX: usize = 700;

pub const RULE: Rule = Rule {
    name: "Rust files up to 700 lines",
    reason: "a longer file owns two things: split it by noun",
    broken_at,
};

fn broken_at(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    for file in tree.rust_files() {
        let lines = file.text.lines().count();
        if lines > LINES_MAX {
            places.push(Place::new(
                &file.path,
                lines,
                format!("it has {lines} lines"),
            ));
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::broken;

    #[test]
    fn the_limit_itself_is_allowed_and_one_more_is_not() {
        let at = "//\n".repeat(LINES_MAX);
        let over = "//\n".repeat(LINES_MAX + 1);
        assert_eq!(
            broken(RULE, &[("a.rs", &at), ("b.rs", &over), ("c.md", &over)]),
            ["b.rs:701"]
        );
        assert!(RULE.name.contains(&LINES_MAX.to_string()));
    }
}
