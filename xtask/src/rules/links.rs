//! Rule: every relative link of a *.md file leads to a file or folder of the repository, and its `#part` to a heading.
//!
//! Looked at: `[text](target)`, `![text](target)`, `[name]: target`, `href="target"` and `src="target"`, outside of
//! code. Addresses of the network are not opened.

use super::{Place, Rule};
use crate::repository::{TextFile, Tree};

pub const RULE: Rule = Rule {
    name: "links lead somewhere",
    reason: "a newcomer reads by following them",
    broken_at,
};

fn broken_at(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    for file in tree.files.iter().filter(|file| file.is_markdown()) {
        for (line, text) in prose(&file.text) {
            for target in targets(&text) {
                if let Some(message) = refusal(tree, file, &target) {
                    places.push(Place::new(&file.path, line, message));
                }
            }
        }
    }
    places
}

fn refusal(tree: &Tree, from: &TextFile, target: &str) -> Option<String> {
    if is_address(target) {
        return None;
    }
    let (path, part) = target.split_once('#').unwrap_or((target, ""));
    let Some(path) = (if path.is_empty() {
        Some(from.path.clone())
    } else {
        resolve(&from.path, path)
    }) else {
        return Some(format!("`{target}` leads out of the repository"));
    };
    let to = tree.file(&path);
    if to.is_none() && !is_there(tree, &path) {
        return Some(format!("`{target}` leads nowhere"));
    }
    let to = to.filter(|file| file.is_markdown() && !part.is_empty())?;
    if anchors(&to.text).iter().any(|anchor| anchor == part) {
        return None;
    }
    Some(format!("`{target}`: {} has no heading `#{part}`", to.path))
}

fn is_address(target: &str) -> bool {
    let scheme = target.split_once(':').map(|(scheme, _)| scheme);
    scheme.is_some_and(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// A folder, or a file that is not text.
fn is_there(tree: &Tree, path: &str) -> bool {
    let folder = format!("{path}/");
    path.is_empty()
        || tree.files.iter().any(|file| file.path.starts_with(&folder))
        || tree.root.join(path).exists()
}

/// The target's path from the root; nothing if it leads out of the repository.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => _ = parts.pop()?,
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The lines outside of code blocks, numbered from 1, without their code in backticks.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let start = line.trim_start();
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| start.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => lines.push((index.saturating_add(1), without_code(line))),
            (Some(_), _) => {}
        }
    }
    lines
}

/// Every second piece between backticks is code.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

fn targets(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let after = |mark: &'static str| line.split(mark).skip(1);
    for rest in after("](") {
        found.extend(rest.split([')', ' ']).next());
    }
    for mark in ["href=\"", "src=\""] {
        for rest in after(mark) {
            found.extend(rest.split('"').next());
        }
    }
    if line.starts_with('[') && !line.starts_with("[^") {
        let definition = line.split_once("]: ").map(|(_, rest)| rest);
        found.extend(definition.and_then(|rest| rest.split_whitespace().next()));
    }
    let plain = |target: &str| target.trim_matches(['<', '>']).replace("%20", " ");
    found
        .into_iter()
        .map(plain)
        .filter(|target| !target.is_empty())
        .collect()
}

/// The `#part` of each heading, as the usual sites make it; a second heading of the same name gets `-1`.
fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for (_, line) in headings(text) {
        let slug = slug(&line);
        let before = names.iter().filter(|name| **name == slug).count();
        anchors.push(if before == 0 {
            slug.clone()
        } else {
            format!("{slug}-{before}")
        });
        names.push(slug);
    }
    for mark in ["<a id=\"", "<a name=\""] {
        let named = text
            .split(mark)
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        anchors.extend(named.map(str::to_owned));
    }
    anchors
}

fn headings(text: &str) -> Vec<(usize, String)> {
    let is_heading =
        |line: &str| line.starts_with('#') && line.trim_start_matches('#').starts_with(' ');
    let outside_of_code: Vec<usize> = prose(text).into_iter().map(|(line, _)| line).collect();
    let numbered = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index.saturating_add(1), line));
    numbered
        .filter(|(line, text)| is_heading(text) && outside_of_code.binary_search(line).is_ok())
        .map(|(line, text)| (line, text.trim_start_matches('#').trim().to_owned()))
        .collect()
}

fn slug(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::broken;

    const OTHER: (&str, &str) = (
        "docs/other.md",
        "# The way of `one` photo\n\n## Part\n## Part\n```\n# code\n```\n",
    );

    fn broken_with(text: &str) -> Vec<String> {
        broken(RULE, &[OTHER, ("docs/adr/a.md", text), ("dev", "")])
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        let text = "# Top\n[a](../other.md), ![b](../../dev) and [c](../other.md#the-way-of-one-photo)\n\
            [d](#top) [e](../other.md#part-1 \"title\") [f](..) [g](https://example.org/x) [h](mailto:a@b)\n\
            [i]: ../other.md\n<img src=\"../other.md\">\n`[code](nowhere)`\n```\n[code](nowhere)\n```\n";
        assert_eq!(broken_with(text), Vec::<String>::new());
    }

    #[test]
    fn links_that_lead_nowhere_are_refused_with_their_line() {
        for text in [
            "x\n[a](nowhere.md)",
            "x\n![a](<nowhere.png>)",
            "x\n[a]: nowhere.md",
            "x\n<a href=\"nowhere\">",
            "x\n[a](../other.md#no-such-heading)",
            "x\n[a](../other.md#code)",
            "x\n[a](#nowhere)",
            "x\n[a](../../../outside.md)",
        ] {
            assert_eq!(broken_with(text), ["docs/adr/a.md:2"], "{text}");
        }
    }
}
