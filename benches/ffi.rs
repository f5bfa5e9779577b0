//! The same calls in Rust and through each language, in rounds that take turns, each in a process and on a vault of its own that holds the same.
//!
//! A process is told what to do in lines: `NAME COUNT` is answered by the nanoseconds that all calls took together. Rust's is this program once more;
//! the others are in `benches/ffi/`, `android/bridge/src/test/` and `ios/Sources/Bench/`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use imena_core::capture::{CHUNK_BYTES_MAX, CaptureDraft, CaptureFacts};
use imena_core::environment::Environment;
use imena_core::field_store::{FieldStore, RecordQuery};
use imena_core::model::ids::SubjectId;
use imena_core::nouns::grave;
use imena_core::vocabulary::{Language, PhotoOrigin};
use imena_tests::phone::{PASSCODE, Phone, config};
use imena_tests::photo::photo_12mp;
use imena_tests::records::{add_grave, add_site};

/// What is measured, how often a round calls it, and what it is called in the table.
const CALLS: [(&str, u32, &str); 4] = [
    ("status", 500, "status: one record"),
    ("view", 500, "one grave by its id"),
    ("page", 50, "a page of 50 graves"),
    ("capture", 5, "12 MP by chunks until \"saved\""),
];
const ROUNDS: usize = 11;
/// Of the last table: calls after which memory must not have grown.
const SMALL_CALLS: u32 = 1_000_000;
const SMALL_CAPTURES: u32 = 10_000;

/// A language, and the command that starts its program; xtask sets the variables.
const LANGUAGES: [(&str, &str); 3] = [
    ("Python", "IMENA_BENCH_PYTHON"),
    ("Kotlin", "IMENA_BENCH_KOTLIN"),
    ("Swift", "IMENA_BENCH_SWIFT"),
];

/// What follows a round of captures (previews of five) is over after this long; every process waits for it.
const FOLLOW_UP: Duration = Duration::from_secs(3);

/// Measures every language whose program is there.
pub fn run() {
    let photo = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(photo.path(), photo_12mp(1)).unwrap();
    let own = std::env::current_exe().unwrap();
    let rust = format!("{}\nffi-rust", own.display());
    let mut others = vec![("Rust", Other::start(&rust, photo.path()))];
    for (name, variable) in LANGUAGES {
        match std::env::var(variable) {
            Ok(command) => others.push((name, Other::start(&command, photo.path()))),
            Err(_) => println!("{name}: left out, its program is not there"),
        }
    }
    let mut figures: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
    for round in 0..=ROUNDS {
        for (call, count, _) in CALLS {
            let per_call = |nanos: f64| nanos / f64::from(count);
            let mut took = Vec::new();
            for (name, other) in &mut others {
                took.push((name, per_call(other.call(call, count))));
            }
            // The first round warms caches and compilers up.
            for (name, nanos) in took.into_iter().filter(|_| round > 0) {
                figures.entry((call, name)).or_default().push(nanos);
            }
        }
    }
    println!(
        "Medians of {ROUNDS} rounds that take turns, per call; ratio to the direct call in Rust."
    );
    for (call, _, title) in CALLS {
        let bound = middle(&figures[&(call, "Rust")]);
        println!("\n{title}");
        for (name, _) in &others {
            let nanos = middle(&figures[&(call, *name)]);
            println!(
                "  {name:<8} {:>12.1} us {:>8.2}x",
                nanos / 1000.0,
                nanos / bound
            );
        }
    }
    memory(&mut others);
}

fn memory(others: &mut [(&str, Other)]) {
    println!(
        "\nResident memory, MiB: before, after {SMALL_CALLS} views of a grave, after {SMALL_CAPTURES} captures; objects still held at the end"
    );
    for (name, other) in others {
        let before = other.rss_mib();
        other.call("view", SMALL_CALLS);
        let calls = other.rss_mib();
        other.call("small_capture", SMALL_CAPTURES);
        let captures = other.rss_mib();
        println!(
            "  {name:<8} {before:>8.1} {calls:>8.1} {captures:>8.1}   {}",
            other.end()
        );
    }
}

fn middle(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// A vault with a site and 50 graves.
fn filled() -> (Phone, FieldStore, SubjectId, SubjectId) {
    let phone = Phone::new();
    let store = phone.join();
    let site = add_site(&store, "LYS1", "Forest edge");
    let graves: Vec<_> = (0..50)
        .map(|_| add_grave(&store, site).subject.id)
        .collect();
    (phone, store, site, graves[0])
}

/// Rust's process: the direct calls of the core.
pub fn rust(words: &[String]) {
    let [vault, passcode, site, grave, photo] = words else {
        panic!("vault, passcode, site, grave and photo");
    };
    let store = FieldStore::open(config(Path::new(vault), &Environment::system(0))).unwrap();
    store.unlock(passcode).unwrap();
    let (site, grave) = (
        SubjectId::parse(site).unwrap(),
        SubjectId::parse(grave).unwrap(),
    );
    let photo = std::fs::read(photo).unwrap();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (name, count) = line.split_once(' ').unwrap();
        if name == "end" {
            store.shut_down().unwrap();
            println!("nothing is counted");
            return;
        }
        let begun = Instant::now();
        for _ in 0..count.parse().unwrap() {
            match name {
                "status" => drop(store.status().unwrap()),
                "view" => drop(store.record_page(grave, Language::English).unwrap()),
                "page" => {
                    let query = RecordQuery {
                        noun: &grave::NOUN,
                        parent: site,
                        fields: &[],
                        language: Language::English,
                    };
                    let page = store.list_records(query, (None, 50));
                    assert_eq!(page.unwrap().0.len(), 50);
                }
                "capture" => capture(&store, &photo),
                _ => capture(&store, b"small"),
            }
        }
        let took = begun.elapsed().as_nanos();
        if name.ends_with("capture") {
            store.work_off().unwrap();
        }
        if name == "capture" {
            std::thread::sleep(FOLLOW_UP);
        }
        println!("{took}");
    }
}

fn capture(store: &FieldStore, photo: &[u8]) {
    let capture_id = Environment::system(0).random().unwrap();
    let draft = CaptureDraft {
        capture_id,
        owner: None,
        shot: None,
        origin: PhotoOrigin::InAppCamera,
        file_name: None,
    };
    let mut capture = store.begin_photo(draft).unwrap();
    for chunk in photo.chunks(CHUNK_BYTES_MAX) {
        capture.append(chunk).unwrap();
    }
    // Else it would be the same picture again, which is found and not sealed.
    capture.append(&capture_id).unwrap();
    store
        .finish_photo(capture, CaptureFacts::default())
        .unwrap();
}

/// A program in another language.
struct Other {
    _phone: Phone,
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Other {
    fn start(command: &str, photo: &Path) -> Self {
        let (phone, store, site, grave) = filled();
        store.shut_down().unwrap();
        let words = words_of(command);
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .arg(phone.vault())
            .args([PASSCODE, &site.to_string(), &grave.to_string()])
            .arg(photo)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self {
            _phone: phone,
            child,
            answers,
        }
    }

    fn tell(&mut self, line: &str) -> String {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer.trim().to_owned()
    }

    fn call(&mut self, name: &str, count: u32) -> f64 {
        self.tell(&format!("{name} {count}")).parse().unwrap()
    }

    fn end(&mut self) -> String {
        let said = self.tell("end 0");
        self.child.wait().unwrap();
        said
    }

    fn rss_mib(&self) -> f64 {
        let path = PathBuf::from(format!("/proc/{}/status", self.child.id()));
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmRSS:"));
        let kib: f64 = line
            .and_then(|line| line.split_whitespace().nth(1))
            .and_then(|number| number.parse().ok())
            .unwrap_or_default();
        kib / 1024.0
    }
}

/// The words of a command, one a line: paths may hold spaces.
fn words_of(command: &str) -> Vec<String> {
    command.lines().map(str::to_owned).collect()
}
