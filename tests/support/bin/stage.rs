//! The world around a scenario in another language: a real hub, its operator, photos, and a tunnel that pins, told in lines.
//!
//! Started in an empty folder; reads one command a line, answers one line: `ok key=value …` or `error WHY`. Ends with its input. docs/design/scenario.md
//! has the commands.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "the first thing that is not as expected shall stop the test"
)]

use std::io::BufRead as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use age::secrecy::ExposeSecret as _;
use imena_core::encoding::{Hash32, Map};
use imena_core::environment::Environment;
use imena_core::field_store::FieldStore;
use imena_core::journal::Op;
use imena_core::keys::{OrgIdentity, SoftwareVault, VaultKeys};
use imena_core::model::ids::SubjectId;
use imena_core::store::{Durability, Journal, OwnChain, Word};
use imena_core::vocabulary::Kind;
use imena_tests::phone::picture;
use imena_tests::photo::photo_12mp;
use imena_tests::program::{HubProcess, Imena, PASSCODE, PASSPHRASE, Ran};
use imena_tests::tunnel::Tunnel;

/// How the other phone is told something.
const OTHER: [&str; 3] = ["phone", "--dir", "t02"];

struct Stage {
    imena: Imena,
    /// The same at every start: phones were told it.
    phones: SocketAddr,
    page: SocketAddr,
    hub: Option<HubProcess>,
    tunnels: Vec<Tunnel>,
}

fn main() {
    let dir = std::env::current_dir().unwrap();
    let mut stage = Stage {
        imena: Imena::find(&dir).unwrap(),
        phones: free_address(),
        page: free_address(),
        hub: None,
        tunnels: Vec::new(),
    };
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        match stage.perform(&words) {
            Ok(answer) => println!("ok {answer}"),
            Err(why) => println!("error {}", why.replace('\n', " | ")),
        }
    }
}

/// An address where nobody listens; whoever takes it in between makes the hub say so.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap()
}

impl Stage {
    fn perform(&mut self, words: &[&str]) -> Result<String, String> {
        match words {
            ["start_hub"] => self.start_hub(),
            ["stop_hub"] => {
                let hub = self.hub.take().ok_or("no hub runs")?;
                hub.stop().map(|_| String::new())
            }
            ["unlock_hub"] => self.well(&["hub", "unlock"]).map(|_| String::new()),
            ["admit", digits] => {
                let words = ["org", "approve", "--digits", digits];
                self.well(&words).map(|_| String::new())
            }
            ["photo", "12mp", seed, path] => write(path, &photo_12mp(number(seed)?)),
            ["photo", "small", seed, path] => write(path, &picture(number(seed)?)),
            ["tunnel", pin] => self.tunnel(pin),
            ["verify", vault] => {
                let ran = self.well(&["verify", "--dir", vault])?;
                Ok(format!("said={}", ran.out.join("_").replace(' ', "_")))
            }
            ["meet_other"] => self.meet_other(),
            ["other", words @ ..] => {
                let said = self.well(&[&OTHER[..], words].concat())?;
                Ok(format!("said={}", said.out.join("_").replace(' ', "_")))
            }
            ["write_newer", id, number, text] => self.write_newer(id, number, text),
            ["verify_without_databases", folder] => self.verify_without_databases(folder),
            _ => Err(format!("no such command: {}", words.join(" "))),
        }
    }

    fn start_hub(&mut self) -> Result<String, String> {
        let (listen, page) = (self.phones.to_string(), self.page.to_string());
        let words = ["--listen", &listen, "--page", &page, "--address", &listen];
        let hub = HubProcess::start(&self.imena, &words, &mut |_| {})?;
        let join = hub.join_code().ok_or("the hub printed no join code")?;
        let answer = format!("join={join} address={listen}");
        self.hub = Some(hub);
        Ok(answer)
    }

    /// Another phone of the organisation, let in.
    fn meet_other(&self) -> Result<String, String> {
        let hub = self.hub.as_ref().ok_or("no hub runs")?;
        let join = hub.join_code().ok_or("the hub printed no join code")?;
        let other = |words: &[&str]| self.well(&[&OTHER[..], words].concat());
        other(&["join", join, "--name", "T02"])?;
        other(&["start", "--operator", "Olena"])?;
        other(&["sync"])?;
        let status = self.well(&[&["--json"], &OTHER[..], &["status"]].concat())?;
        let status = status.json()?.into_iter().next().unwrap_or_default();
        let digits = status["enrolling"].as_str().ok_or("no six digits")?;
        self.well(&["org", "approve", "--digits", digits])?;
        other(&["sync"])?;
        Ok(String::new())
    }

    /// What a later version of this program on the other phone would say of a record: a field that no table of this one has.
    fn write_newer(&self, id: &str, number: &str, text: &str) -> Result<String, String> {
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let subject = SubjectId::parse(id).ok_or("no id")?;
        let (environment, dir) = (Environment::system(0), self.imena.dir().join("t02"));
        let vault = SoftwareVault::open(&environment, &dir).map_err(|error| told(&error))?;
        let keys = VaultKeys::open(&environment, &dir, &vault, PASSCODE);
        let keys = keys.map_err(|error| told(&error))?;
        let config = imena_tests::phone::config(&dir, &environment);
        let store = FieldStore::open(config).map_err(|error| told(&error))?;
        let (org, device) = (
            store.status().map_err(|error| told(&error))?.org,
            store.device_id(),
        );
        let path = store.layout().journal_db();
        store.shut_down().map_err(|error| told(&error))?;
        let journal = Journal::open(&environment, &path, &keys.journal(), Durability::Full);
        let journal = journal.map_err(|error| told(&error))?;
        let chain = OwnChain::new(&environment, org, device, "a later version", journal);
        let field = number.parse().map_err(|error| told(&error))?;
        let fields = Map::new().text(field, text);
        let word = Word {
            op: Op::Set,
            ..Word::create(Kind::Grave, subject, fields)
        };
        chain.append_one(word).map_err(|error| told(&error))?;
        chain.close().map_err(|error| told(&error))?;
        Ok(String::new())
    }

    /// A plain door on this machine, behind which every byte goes to the hub, if it shows this key.
    fn tunnel(&mut self, pin: &str) -> Result<String, String> {
        let pin = Hash32::from_hex(pin).ok_or("the pin is no SHA-256")?;
        let tunnel = Tunnel::start(self.phones, pin).map_err(|error| error.to_string())?;
        let answer = format!("address={}", tunnel.address());
        self.tunnels.push(tunnel);
        Ok(answer)
    }

    /// What `imena` says of a folder without its databases, and the identity with which a stranger can say the same.
    fn verify_without_databases(&self, folder: &str) -> Result<String, String> {
        let words = ["verify", "--dir", folder, "--org", "org", "--json"];
        let report = self.well(&words)?.out.join("\n");
        let (environment, org) = (Environment::system(0), self.imena.dir().join("org"));
        let file = org.join("org-identity.age");
        let opened = OrgIdentity::open(&environment, &file, PASSPHRASE);
        let identity = opened.map_err(|error| error.to_string())?;
        let secret = identity.identity().to_string();
        let (told, key) = ("report.json", "identity.txt");
        write(told, report.as_bytes())?;
        write(key, secret.expose_secret().as_bytes())?;
        Ok(format!("report={told} identity={key}"))
    }

    fn well(&self, words: &[&str]) -> Result<Ran, String> {
        let ran = self.imena.run(words)?;
        if ran.code == Some(0) {
            return Ok(ran);
        }
        Err(ran.all())
    }
}

fn number(word: &str) -> Result<u64, String> {
    word.parse().map_err(|_| format!("{word} is no number"))
}

fn write(path: &str, bytes: &[u8]) -> Result<String, String> {
    std::fs::write(Path::new(path), bytes).map_err(|error| error.to_string())?;
    let sha256 = Hash32::of(bytes).to_hex();
    Ok(format!("bytes={} sha256={sha256}", bytes.len()))
}
