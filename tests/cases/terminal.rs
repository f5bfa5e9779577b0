//! The program `imena` as a newcomer and as a stranger's victim meets it: what it refuses, what it says, what it prints of others.
//!
//! The program must be built before: `cargo build --package imena` (`./dev test` does so); `IMENA_BIN` names another one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::path::Path;

use imena_core::model::display::is_steering;
use imena_tests::program::{HubProcess, Imena, PASSPHRASE, Ran};
use serde_json::Value;

/// A folder in which the program is called.
struct Desk {
    imena: Imena,
    _home: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let home = tempfile::Builder::new()
            .prefix("imena-terminal-")
            .tempdir()
            .unwrap();
        let imena = Imena::find(home.path()).unwrap();
        Self { imena, _home: home }
    }

    fn dir(&self) -> &Path {
        self.imena.dir()
    }

    fn call(&self, words: &[&str]) -> Ran {
        let ran = self.imena.run(words).unwrap();
        assert_steers_nothing(words, &ran);
        ran
    }

    fn well(&self, words: &[&str]) -> Ran {
        let ran = self.call(words);
        assert_eq!(ran.code, Some(0), "{words:?}: {}", ran.all());
        ran
    }

    fn refused(&self, words: &[&str]) -> String {
        let ran = self.call(words);
        assert_eq!(ran.code, Some(65), "{words:?}: {}", ran.all());
        ran.err.join("\n")
    }

    fn with(&self, variable: &str, value: &str, words: &[&str]) -> Ran {
        let mut command = self.imena.command(words);
        let output = command.env(variable, value).output().unwrap();
        let lines = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes)
                .lines()
                .map(str::to_owned)
                .collect()
        };
        let (out, err) = (lines(&output.stdout), lines(&output.stderr));
        Ran {
            code: output.status.code(),
            out,
            err,
        }
    }

    fn hub(&self) -> HubProcess {
        let any = "127.0.0.1:0";
        let words = ["--listen", any, "--page", any, "--address", any];
        let hub = HubProcess::start(&self.imena, &words, &mut |_| {}).unwrap();
        // Told to phones: where it really listens.
        let listens = hub.phones().unwrap().to_string();
        drop(hub);
        let words = ["--listen", &listens, "--page", any, "--address", &listens];
        HubProcess::start(&self.imena, &words, &mut |_| {}).unwrap()
    }

    /// A phone that the hub let in.
    fn join(&self, hub: &HubProcess, dir: &str, name: &str) {
        let code = hub.join_code().unwrap();
        self.well(&["phone", "--dir", dir, "join", code, "--name", name]);
        self.well(&["phone", "--dir", dir, "sync"]);
        let status = self.json(&["phone", "--dir", dir, "status"]);
        let digits = status["enrolling"].as_str().unwrap().to_owned();
        let approved = self.well(&["org", "approve", "--digits", &digits]);
        assert!(approved.err.iter().any(|line| line.contains(&digits)));
        self.well(&["phone", "--dir", dir, "sync"]);
    }

    fn json(&self, words: &[&str]) -> Value {
        let ran = self.well(&[&["--json"], words].concat());
        ran.json().unwrap().into_iter().next().unwrap()
    }

    fn script(&self, json: &[&str], dir: &str, lines: &[&str]) -> Ran {
        std::fs::write(self.dir().join("script.txt"), lines.join("\n")).unwrap();
        self.call(&[json, &["phone", "--dir", dir, "--script", "script.txt"]].concat())
    }
}

fn assert_steers_nothing(words: &[&str], ran: &Ran) {
    for line in ran.out.iter().chain(&ran.err) {
        let steering = line.chars().find(|c| is_steering(*c));
        assert_eq!(steering, None, "{words:?} printed {line:?}");
    }
}

/// The text of a field in a row of a list.
fn text_of<'a>(row: &'a serde_json::Value, code: &str) -> &'a serde_json::Value {
    let mut fields = row["fields"].as_array().unwrap().iter();
    let field = fields.find(|field| field["code"] == code).unwrap();
    &field["value"]["text"]
}

/// What somebody may write who wants a terminal to show something else.
fn planted(what: &str) -> String {
    format!("PLANT{what}\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}\u{2066}\nsaved all\r\u{9b}\u{200f}")
}

#[test]
fn no_text_of_others_steers_the_terminal_of_any_command() {
    let desk = Desk::new();
    let hub = desk.hub();
    desk.join(&hub, "evil", &planted("device"));
    let (site, operator) = (planted("site"), planted("operator"));
    let evil = |words: &[&str]| desk.well(&[&["phone", "--dir", "evil"], words].concat());
    evil(&[
        "start",
        "--operator",
        &operator,
        "--organisation",
        &planted("org"),
    ]);
    evil(&["site", "LYS1", &site]);
    let grave = evil(&["grave", "--site", "LYS1"]).out[0].replace("Grave ", "");
    let remains = evil(&["remains", "--site", "LYS1", "--grave", &grave]);
    let remains = remains.out[0].replace("Remains ", "");
    let (text, number) = (planted("marker"), planted("number"));
    let marker = [
        "marker", "--site", "LYS1", "--grave", &grave, "--kind", "cross",
    ];
    evil(&[&marker[..], &["--text", &text, "--number", &number]].concat());
    let (text, reason, part) = (planted("hint"), planted("reason"), planted("surname=x"));
    let part = part.replace("PLANT", "");
    let hint = [
        "hint",
        "--of",
        &remains,
        "--source",
        "bag_label",
        "--text",
        &text,
    ];
    evil(&[&hint[..], &["--part", &part, "--reason", &reason]].concat());
    let file = planted("photo.jpg");
    std::fs::write(desk.dir().join(&file), b"\xff\xd8\xff\xe0 no picture").unwrap();
    evil(&["capture", &file, "--of", &remains]);
    evil(&["sync"]);

    desk.join(&hub, "t02", "T02");
    desk.well(&["hub", "unlock"]);
    desk.well(&["phone", "--dir", "t02", "sync"]);
    for dir in ["evil", "t02"] {
        let mut lines: Vec<String> = ["sites", "operators", "photos", "hints", "graves"]
            .map(|what| format!("list {what}"))
            .to_vec();
        for of in ["LYS1", &grave, &remains] {
            lines.push(format!("show {of}"));
            let whats = ["graves", "remains", "markers", "photos", "hints"];
            lines.extend(whats.map(|what| format!("list {what} --of {of}")));
        }
        lines.extend(["status", "verify", "sync", "free"].map(str::to_owned));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        for json in [&[][..], &["--json"]] {
            let ran = desk.script(json, dir, &lines);
            assert_eq!(ran.code, Some(0), "{}", ran.all());
        }
        desk.well(&["verify", "--dir", dir]);
    }
    // Refusals name what was typed, and two sites of one code.
    desk.refused(&["phone", "--dir", "t02", "show", &planted("nothing")]);
    desk.refused(&["phone", "--dir", "t02", "capture", &planted("gone.jpg")]);
    desk.refused(&["phone", "--dir", "t02", "site", "LYS1", &planted("again")]);
    for words in [
        &["hub", "status"][..],
        &["hub", "join"],
        &["hub", "lock"],
        &["org", "join"],
    ] {
        desk.well(words);
    }
    let named = desk
        .well(&["phone", "--dir", "t02", "list", "sites"])
        .out
        .join("\n");
    assert!(named.contains("PLANTsite") && named.contains("\\u{1b}") && named.contains('⏎'));
    let sites = desk.json(&["phone", "--dir", "t02", "list", "sites"]);
    assert_eq!(
        text_of(&sites[0], "name"),
        site.as_str(),
        "data stays exact"
    );
}

#[test]
fn a_place_code_that_two_phones_gave_names_neither_until_somebody_chooses() {
    let desk = Desk::new();
    let hub = desk.hub();
    for (dir, name) in [("t01", "Forest edge"), ("t02", "School yard")] {
        desk.join(&hub, dir, &dir.to_uppercase());
        let operator = format!("Operator of {dir}");
        desk.well(&["phone", "--dir", dir, "start", "--operator", &operator]);
        desk.well(&["phone", "--dir", dir, "site", "LYS1", name]);
    }
    desk.well(&["hub", "unlock"]);
    for dir in ["t01", "t02", "t01"] {
        desk.well(&["phone", "--dir", dir, "sync"]);
    }
    let said = desk.refused(&["phone", "--dir", "t01", "grave", "--site", "LYS1"]);
    for named in [
        "Forest edge",
        "School yard",
        "Operator of t01",
        "T02",
        "20",
        "later verb",
    ] {
        assert!(said.contains(named), "{named}: {said}");
    }
    let listed = desk
        .well(&["phone", "--dir", "t01", "list", "sites"])
        .out
        .join("\n");
    assert_eq!(
        listed.matches("several sites bear this code").count(),
        2,
        "{listed}"
    );
    let sites = desk.json(&["phone", "--dir", "t01", "list", "sites"]);
    let own = sites
        .as_array()
        .unwrap()
        .iter()
        .find(|site| text_of(site, "name") == "Forest edge");
    let id = own.unwrap()["id"].as_str().unwrap();
    desk.well(&["phone", "--dir", "t01", "grave", "--site", id]);
    // An operator's name is no better: another phone's is not taken for one's own.
    for dir in ["t01", "t02"] {
        let operator = ["--operator", "Olena", "--organisation", dir];
        desk.well(&[&["phone", "--dir", dir, "start"], &operator[..]].concat());
        desk.well(&["phone", "--dir", dir, "sync"]);
    }
    desk.well(&["phone", "--dir", "t01", "sync"]);
    let said = desk.refused(&["phone", "--dir", "t01", "start", "--operator", "Olena"]);
    assert!(said.contains("t01") && said.contains("t02"), "{said}");
    let words = ["start", "--operator", "Olena", "--organisation", "t02"];
    desk.well(&[&["phone", "--dir", "t01"], &words[..]].concat());
}

#[test]
fn a_weak_passphrase_makes_no_organisation_and_a_made_one_opens() {
    let desk = Desk::new();
    for weak in ["", "beech wood", "11111111111111111111111"] {
        let ran = desk.with("IMENA_PASSPHRASE", weak, &["org", "init"]);
        assert_eq!(ran.code, Some(65), "{weak}: {}", ran.all());
        assert!(
            ran.err[0].contains("at least 20 characters"),
            "{}",
            ran.all()
        );
        assert!(!desk.dir().join("org/roster.cose").exists());
    }
    let made = desk.well(&["org", "init"]).out.join("\n");
    assert!(made.contains("opened again with the passphrase"), "{made}");
    let checked = desk.well(&["org", "check", "--org", "org"]).out.join("\n");
    for said in [
        "org-signing.age opens",
        "org-identity.age opens",
        "version 1",
    ] {
        assert!(checked.contains(said), "{said}: {checked}");
    }
    let wrong = desk.with(
        "IMENA_PASSPHRASE",
        "another wood by the river",
        &["org", "check"],
    );
    assert_eq!(wrong.code, Some(77), "{}", wrong.all());
    // The two files alone, as they lie in a safe; then one that is another organisation's.
    std::fs::remove_file(desk.dir().join("org/roster.cose")).unwrap();
    desk.well(&["org", "check"]);
    desk.well(&["org", "init", "--org", "other"]);
    let file = |org: &str| desk.dir().join(org).join("org-identity.age");
    std::fs::copy(file("org"), file("other")).unwrap();
    assert_eq!(
        desk.call(&["org", "check", "--org", "other"]).code,
        Some(77)
    );
    assert!(!PASSPHRASE.is_empty());
}

#[test]
fn six_words_are_drawn_shown_once_and_open_both_files() {
    let desk = Desk::new();
    let made = desk.well(&["org", "init", "--six-words"]);
    let words = made.err.iter().map(|line| line.trim());
    let words = words.filter(|line| line.split(' ').count() == 6);
    let words: Vec<&str> = words
        .filter(|line| line.chars().all(|c| c == ' ' || c.is_ascii_lowercase()))
        .collect();
    let [words] = words.as_slice() else {
        panic!("{}", made.all());
    };
    let checked = desk.with("IMENA_PASSPHRASE", words, &["org", "check"]);
    assert_eq!(checked.code, Some(0), "{}", checked.all());
}

#[test]
fn a_short_passcode_is_refused_with_words_and_sets_nothing_aside() {
    let desk = Desk::new();
    desk.well(&["org", "init"]);
    let hub = desk.hub();
    let join = ["phone", "join", hub.join_code().unwrap(), "--name", "T01"];
    let ran = desk.with("IMENA_PASSCODE", "12345", &join);
    assert_eq!(ran.code, Some(65), "{}", ran.all());
    assert!(ran.err[0].contains("at least 6"), "{}", ran.all());
    desk.well(&join);
    let lost = [&join[..], &["--lost-key"]].concat();
    assert_eq!(desk.with("IMENA_PASSCODE", "12345", &lost).code, Some(65));
    desk.well(&["phone", "list"]);
}

#[test]
fn a_refused_line_or_photo_stops_no_other_and_the_end_names_it() {
    let desk = Desk::new();
    let hub = desk.hub();
    desk.well(&["phone", "join", hub.join_code().unwrap(), "--name", "T01"]);
    for name in ["one.jpg", "three.jpg"] {
        std::fs::write(desk.dir().join(name), name).unwrap();
    }
    std::fs::write(desk.dir().join("empty.jpg"), b"").unwrap();
    let lines = [
        "site LYS1 'Forest edge'",
        "grave --site NONE1",
        "no-such-verb",
        "grave --site LYS1",
        "capture one.jpg empty.jpg gone.jpg three.jpg",
        "status",
    ];
    let ran = desk.script(&[], "phone", &lines);
    assert_eq!(ran.code, Some(65), "{}", ran.all());
    let saved = ran
        .out
        .iter()
        .filter(|line| line.starts_with("saved "))
        .count();
    assert_eq!(saved, 2, "{}", ran.all());
    assert!(ran.out.iter().any(|line| line.starts_with("Grave ")));
    assert!(
        ran.out.iter().any(|line| line.starts_with("Originals: 2")),
        "{}",
        ran.all()
    );
    let err = ran.err.join("\n");
    for said in [
        "2 of 4 photos NOT SAVED: empty.jpg, gone.jpg. Saved: 2.",
        "Lines done: 3; refused: 3.",
        "line 2: ",
        "line 3: ",
        "line 5: ",
    ] {
        assert!(err.contains(said), "{said}: {err}");
    }
}

#[test]
fn a_list_says_what_it_lists_or_what_is_missing() {
    let desk = Desk::new();
    let hub = desk.hub();
    desk.well(&["phone", "join", hub.join_code().unwrap(), "--name", "T01"]);
    let list = |words: &[&str]| {
        desk.well(&[&["phone", "list"], words].concat())
            .out
            .join("\n")
    };
    assert_eq!(list(&["photos"]), "No photos yet. `capture` takes one.");
    assert_eq!(
        list(&[]),
        "No sites yet. `site` records one; `sync` fetches those of others."
    );
    assert!(list(&["graves"]).contains("--of CODE"));
    desk.well(&["phone", "site", "LYS1", "Forest edge"]);
    assert_eq!(
        list(&["graves", "--of", "LYS1"]),
        "No graves of LYS1 yet. `grave` records one."
    );
    assert!(list(&[]).starts_with("Sites: 1\nForest edge  LYS1"));
    std::fs::write(desk.dir().join("one.jpg"), "one").unwrap();
    desk.well(&["phone", "capture", "one.jpg", "--of", "LYS1"]);
    assert!(list(&["photos"]).contains("--of CODE"));
    assert!(list(&["photos", "--of", "LYS1"]).starts_with("Photos of LYS1: 1\n"));
    let of_json = desk.json(&["phone", "list", "photos", "--of", "LYS1"]);
    assert_eq!(of_json.as_array().map(Vec::len), Some(1));
}
