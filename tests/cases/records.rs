//! The verbs of every noun as a person types them, on two phones and a real hub: record, amend, a conflict and its end, history, links, search.
//!
//! The program must be built before: `cargo build --package imena` (`./dev test` does so); `IMENA_BIN` names another one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use imena_tests::program::{HubProcess, Imena, Ran};
use serde_json::Value;

struct Field {
    imena: Imena,
    hub: HubProcess,
    _home: tempfile::TempDir,
}

impl Field {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let imena = Imena::find(home.path()).unwrap();
        let any = "127.0.0.1:0";
        let start = |listen: &str, address: &str| {
            let words = ["--listen", listen, "--page", any, "--address", address];
            HubProcess::start(&imena, &words, &mut |_| {}).unwrap()
        };
        let hub = start(any, any);
        let listens = hub.phones().unwrap().to_string();
        drop(hub);
        let hub = start(&listens, &listens);
        Self {
            imena,
            hub,
            _home: home,
        }
    }

    fn call(&self, phone: &str, words: &[&str]) -> Ran {
        let words = [&["--json", "phone", "--dir", phone], words].concat();
        self.imena.run(&words).unwrap()
    }

    fn well(&self, phone: &str, words: &[&str]) -> Value {
        let ran = self.call(phone, words);
        assert_eq!(ran.code, Some(0), "{words:?}: {}", ran.all());
        ran.json().unwrap().into_iter().next().unwrap_or_default()
    }

    fn refused(&self, phone: &str, words: &[&str]) -> String {
        let ran = self.call(phone, words);
        assert_eq!(ran.code, Some(65), "{words:?}: {}", ran.all());
        ran.err.join("\n")
    }

    fn join(&self, phone: &str) {
        let code = self.hub.join_code().unwrap();
        self.well(phone, &["join", code, "--name", phone]);
        self.well(phone, &["start", "--operator", phone]);
        self.well(phone, &["sync"]);
        let digits = self.well(phone, &["status"])["enrolling"].clone();
        let approve = ["org", "approve", "--digits", digits.as_str().unwrap()];
        assert_eq!(self.imena.run(&approve).unwrap().code, Some(0));
        self.well(phone, &["sync"]);
    }
}

fn field<'a>(page: &'a Value, code: &str) -> &'a Value {
    let sections = page["sections"].as_array().unwrap().iter();
    let mut fields = sections.flat_map(|section| section["fields"].as_array().unwrap());
    fields.find(|field| field["code"] == code).unwrap()
}

#[test]
fn two_phones_record_disagree_and_a_person_ends_it_with_everything_kept() {
    let at = Field::new();
    for phone in ["t01", "t02"] {
        at.join(phone);
    }
    assert_eq!(at.imena.run(&["hub", "unlock"]).unwrap().code, Some(0));
    at.well(
        "t01",
        &["record", "site", "place_code=LYS1", "name=Лісова галявина"],
    );
    let grave = at.well("t01", &["record", "grave", "--of", "LYS1", "kind=multiple"]);
    let grave = grave["code"].as_str().unwrap().to_owned();
    let of = ["record", "marker", "--of", "LYS1", "--link", grave.as_str()];
    let says = [
        "kind=cross",
        "text_verbatim=Захисник Нестерен[?]…",
        "number_text=№ 319",
    ];
    let gap = ["status=?not_examined"];
    let marker = at.well("t01", &[&of[..], &says, &gap].concat());
    let marker = marker["id"].as_str().unwrap().to_owned();
    // Remains of a grave are of its site; nobody types it twice.
    let remains = at.well("t01", &["record", "remains", "--of", grave.as_str()]);
    let remains = at.well("t01", &["show", remains["code"].as_str().unwrap()]);
    assert_eq!(field(&remains, "site")["shown"], "Лісова галявина");
    assert_eq!(field(&remains, "grave")["shown"], grave.as_str());
    for phone in ["t01", "t02"] {
        at.well(phone, &["sync"]);
    }

    // Both phones saw the same and say something else.
    at.well(
        "t01",
        &["amend", &marker, "number_text=320", "--reason", "cleaned"],
    );
    at.well("t02", &["amend", &marker, "number_text=329"]);
    for phone in ["t01", "t02", "t01"] {
        at.well(phone, &["sync"]);
    }
    for phone in ["t01", "t02"] {
        let page = at.well(phone, &["show", &marker]);
        let number = field(&page, "number_text");
        let rivals = number["rivals"].as_array().unwrap();
        let mut shown: Vec<&str> = rivals
            .iter()
            .map(|said| said["shown"].as_str().unwrap())
            .collect();
        shown.sort_unstable();
        assert_eq!(shown, ["320", "329"], "{phone}");
        assert!(rivals.iter().all(|said| said["operator_name"] != ""));
        assert_eq!(page["marks"]["conflicts"], 1);
        assert_eq!(field(&page, "status")["value"]["gap"], "not_examined");
        assert_eq!(page["links"][0]["other"]["title"], grave.as_str());
    }
    at.well(
        "t01",
        &[
            "resolve",
            &marker,
            "number_text=320",
            "--reason",
            "looked again",
        ],
    );
    let refused = at.refused("t01", &["resolve", &marker, "number_text=329"]);
    assert!(refused.contains("no conflict"), "{refused}");
    let told = at.well("t01", &["history", &marker, "number_text"]);
    let acts: Vec<&str> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["act"].as_str().unwrap())
        .collect();
    assert_eq!(acts.len(), 4, "{acts:?}");
    assert_eq!((acts[0], acts[3]), ("resolved", "created"));
    assert_eq!(told[0]["reason"], "looked again");

    for typed in ["nesteren", "НЕСТЕРЕН", "320"] {
        let found = at.well("t01", &["search", typed]);
        let ids: Vec<&str> = found
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap())
            .collect();
        assert!(ids.contains(&marker.as_str()), "{typed}: {found}");
    }
    at.well(
        "t01",
        &["unlink", &grave, &marker, "--reason", "another grave"],
    );
    let page = at.well("t01", &["show", &marker]);
    assert_eq!(page["links"][0]["ended_reason"], "another grave");
    at.well("t01", &["withdraw", &marker, "--reason", "entered twice"]);
    let page = at.well("t01", &["show", &marker]);
    assert_eq!(page["marks"]["ended_reason"], "entered twice");
}

#[test]
fn what_cannot_be_recorded_is_said_at_its_field_with_what_there_is() {
    let at = Field::new();
    at.join("t01");
    let refused = at.refused("t01", &["record", "angel"]);
    assert!(refused.contains("marker"), "{refused}");
    let refused = at.refused("t01", &["record", "marker", "kind=gold", "colour=red"]);
    for named in ["kind", "plaque", "colour", "text_verbatim", "site"] {
        assert!(refused.contains(named), "{named}: {refused}");
    }
    let refused = at.refused("t01", &["record", "photo", "sha256=00"]);
    assert!(refused.contains("capture"), "{refused}");
    let form = at.well("t01", &["form", "marker"]);
    let fields: Vec<&str> = form["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap())
        .collect();
    assert!(fields.contains(&"text_verbatim") && fields.contains(&"status"));
}
