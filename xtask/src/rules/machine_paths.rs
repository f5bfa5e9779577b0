//! Rule: no file names a path of one machine, or a folder beside the repository.

use super::{Place, Rule, line_at};
use crate::repository::Tree;

pub const RULE: Rule = Rule {
    name: "no path of one machine",
    reason: "the repository must work wherever it is checked out",
    broken_at,
};

/// Folders in which people keep work trees. In two parts, so that this file keeps its own rule.
const FOLDERS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
/// Folders of all people: a path of one machine once a name follows.
const HOMES: [&str; 2] = [concat!("/ho", "me/"), concat!("/Us", "ers/")];
const BESIDE: &str = concat!("../sh", "ared");

fn broken_at(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    for file in &tree.files {
        let text = file.text.as_str();
        let mut offsets: Vec<usize> = Vec::new();
        for folder in FOLDERS {
            let starts = text.match_indices(folder).map(|(offset, _)| offset);
            offsets.extend(starts.filter(|offset| is_absolute(text, *offset)));
        }
        for home in HOMES {
            let starts = text.match_indices(home).filter(|(offset, found)| {
                is_absolute(text, *offset) && has_name(text, offset.saturating_add(found.len()))
            });
            offsets.extend(starts.map(|(offset, _)| offset));
        }
        offsets.extend(text.match_indices(BESIDE).map(|(offset, _)| offset));
        offsets.sort_unstable();
        for offset in offsets {
            let shown: String = text
                .chars_from(offset)
                .take_while(|c| !c.is_whitespace())
                .take(40)
                .collect();
            let message = format!("`{shown}` is there on one machine only");
            places.push(Place::new(&file.path, line_at(text, offset), message));
        }
    }
    places
}

/// Whether a path begins here, not in the middle of another path or address.
fn is_absolute(text: &str, offset: usize) -> bool {
    let before = text
        .get(..offset)
        .and_then(|before| before.chars().next_back());
    !before.is_some_and(|c| c.is_alphanumeric() || ".-_~})*/$".contains(c))
}

/// Whether a folder's name and a `/` follow.
fn has_name(text: &str, offset: usize) -> bool {
    let mut rest = text
        .chars_from(offset)
        .skip_while(|c| c.is_alphanumeric() || ".-_".contains(*c));
    let is_named = text.chars_from(offset).next().is_some_and(|c| c != '/');
    is_named && rest.next() == Some('/')
}

trait CharsFrom {
    fn chars_from(&self, offset: usize) -> std::str::Chars<'_>;
}

impl CharsFrom for str {
    fn chars_from(&self, offset: usize) -> std::str::Chars<'_> {
        self.get(offset..).unwrap_or_default().chars()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::broken;

    fn broken_with(text: &str) -> usize {
        broken(RULE, &[("docs/a.md", text)]).len()
    }

    #[test]
    fn paths_of_one_machine_are_refused_with_their_line() {
        let [first, second] = FOLDERS;
        for folder in [first, second] {
            assert_eq!(
                broken(RULE, &[("a.sh", &format!("x\ncd {folder}x\n"))]),
                ["a.sh:2"]
            );
        }
        assert_eq!(broken_with(&format!("see `{}anna/imena/x`", HOMES[0])), 1);
        assert_eq!(broken_with(&format!("({}anna/x)", HOMES[1])), 1);
        assert_eq!(broken_with(&format!("cat {BESIDE}/x")), 1);
    }

    #[test]
    fn other_paths_and_addresses_are_not() {
        let [first, second] = FOLDERS;
        assert_eq!(
            broken_with(&format!(
                "https://example.org{first}x, tests{second}x, $dir{first}"
            )),
            0
        );
        assert_eq!(
            broken_with(&format!("everything under {} is a home", HOMES[0])),
            0
        );
    }
}
