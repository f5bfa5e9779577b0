//! Rule: no `todo!`, `unimplemented!` or `dbg!` is left in Rust code.

use super::rust_text::{Kind, tokens};
use super::{Place, Rule};
use crate::repository::Tree;

pub const RULE: Rule = Rule {
    name: "nothing unfinished",
    reason: "what is not there yet is not in the code, but in the README's table",
    broken_at,
};

const MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];

fn broken_at(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    for file in tree.rust_files() {
        for window in tokens(&file.text).windows(3) {
            let [name, bang, open] = window else { continue };
            let Some(word) = name.word().filter(|word| MACROS.contains(word)) else {
                continue;
            };
            if bang.is('!') && matches!(open.kind, Kind::Sign('(' | '[' | '{')) {
                let message = format!("`{word}!`: finish it or take it out");
                places.push(Place::new(&file.path, name.line, message));
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::broken;

    #[test]
    fn unfinished_code_is_refused_and_talk_about_it_is_not() {
        let text = "// todo!()\nconst A: &str = \"dbg!(x)\";\nfn a(todo: u8) -> bool { todo != (3) }\n\
            fn b() { todo!() }\nfn c() { unimplemented!(\"x\") }\nfn d() { std::dbg!(1); }\n";
        assert_eq!(
            broken(RULE, &[("a.rs", text)]),
            ["a.rs:4", "a.rs:5", "a.rs:6"]
        );
    }
}
