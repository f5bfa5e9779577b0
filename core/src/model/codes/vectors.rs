//! The vectors of formats.md §2, read from the text itself: what stands there is what is done.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;

const FORMATS: &str = include_str!("../../../../docs/design/formats.md");

#[test]
fn the_canonical_codes_of_the_text_have_the_identity_and_check_that_it_states() {
    let rows = table("| Canonical |");
    assert!(rows.len() >= 8, "{rows:?}");
    for row in rows {
        let [canonical, identity, payload] = [0, 1, 2].map(|cell| quoted(&row[cell])[0]);
        let code: Code = canonical.parse().unwrap();
        assert_eq!(code.to_string(), canonical);
        assert_eq!(code.canonical_without_check(), identity);
        assert_eq!(code.payload(), payload);
    }
}

#[test]
fn what_the_text_says_of_typed_codes_is_done() {
    let rows = table("| Typed |");
    assert!(rows.len() >= 5, "{rows:?}");
    for row in rows {
        let is_refused = row[1].starts_with("refused");
        for typed in quoted(&row[0]) {
            match parse(typed) {
                Ok(parsed) => assert_eq!(vec![parsed.code.to_string().as_str()], quoted(&row[1])),
                Err(CodeError::Ambiguous { candidates }) => {
                    let named: Vec<String> = candidates.iter().map(Code::to_string).collect();
                    assert_eq!(named, quoted(&row[1]), "{typed}");
                }
                Err(error) => assert!(is_refused, "{typed}: {error}"),
            }
        }
    }
}

/// The cells of each row below a heading.
fn table(heading: &str) -> Vec<Vec<String>> {
    let after = FORMATS
        .lines()
        .skip_while(|line| !line.starts_with(heading));
    let rows = after.skip(2).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| {
        row.trim_matches('|')
            .split('|')
            .map(|c| c.trim().to_owned())
            .collect()
    };
    rows.map(cells).collect()
}

/// What stands between backquotes.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}
