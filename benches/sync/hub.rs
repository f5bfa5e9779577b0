//! The hub: CPU of its process for a file of a phone's sync, with rows of many files in hub.db.

use std::path::Path;

use imena_core::encoding::Hash32;
use imena_tests::program::{HubProcess, Imena};
use rusqlite::params;

use super::{head, row};

/// Photos without a picture in them, so that one is one file.
const PHOTOS: usize = 40;

pub fn run(held: &[u64]) {
    let field = Field::new();
    let figures: Vec<f64> = held
        .iter()
        .map(|held| {
            grow(&field.imena.dir().join("hub/hub.db"), *held);
            field.cost_of_a_file()
        })
        .collect();
    head("hub, CPU of its process in ms", held);
    row("sync and store, per file of 40", &figures);
}

/// An organisation, its hub and one phone that was let in, as processes.
pub struct Field {
    pub imena: Imena,
    _home: tempfile::TempDir,
}

impl Field {
    pub fn new() -> Self {
        let home = tempfile::Builder::new()
            .prefix("imena-bench-")
            .tempdir()
            .unwrap();
        let imena = Imena::find(home.path()).unwrap();
        let field = Self { imena, _home: home };
        let hub = field.hub();
        let code = hub.join_code().unwrap().to_owned();
        field.well(&["phone", "--dir", "t01", "join", &code, "--name", "t01"]);
        field.sync();
        let status = field.value(&["--json", "phone", "--dir", "t01", "status"]);
        let digits = status["enrolling"].as_str().unwrap().to_owned();
        field.well(&["org", "approve", "--digits", &digits]);
        field.sync();
        hub.stop().unwrap();
        field
    }

    pub fn hub(&self) -> HubProcess {
        let words = ["--listen", "127.0.0.1:17443", "--page", "127.0.0.1:17480"];
        let words = [&words[..], &["--address", "127.0.0.1:17443"]].concat();
        HubProcess::start(&self.imena, &words, &mut |_| {}).unwrap()
    }

    pub fn well(&self, words: &[&str]) -> Vec<String> {
        let ran = self.imena.run(words).unwrap();
        assert_eq!(ran.code, Some(0), "{words:?}: {}", ran.all());
        ran.out
    }

    pub fn value(&self, words: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.well(words).join("\n")).unwrap()
    }

    pub fn sync(&self) -> serde_json::Value {
        self.value(&["--json", "phone", "--dir", "t01", "sync"])
    }

    fn cost_of_a_file(&self) -> f64 {
        let hub = self.hub();
        self.capture_noise();
        let before = cpu_ms(hub.id());
        self.sync();
        let spent = cpu_ms(hub.id()) - before;
        hub.stop().unwrap();
        spent / PHOTOS as f64
    }

    fn capture_noise(&self) {
        let names: Vec<String> = (0..PHOTOS).map(|nth| format!("noise-{nth}")).collect();
        for name in &names {
            let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            let seed = format!("{name} {}", seed.unwrap().as_nanos());
            let bytes: Vec<u8> = (0..200_u32)
                .flat_map(|n| Hash32::of(format!("{seed} {n}").as_bytes()).0)
                .collect();
            std::fs::write(self.imena.dir().join(name), bytes).unwrap();
        }
        let mut words = vec!["phone", "--dir", "t01", "capture"];
        words.extend(names.iter().map(String::as_str));
        self.well(&words);
    }
}

/// User and system time of a process, ms.
fn cpu_ms(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let behind_name = stat.rsplit(") ").next().unwrap();
    let ticks: f64 = behind_name
        .split(' ')
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum();
    // A tick of /proc is 10 ms on every Linux.
    ticks * 10.0
}

/// Rows of `held` files of the phone, each receipted; what the phone sees of them it has seen.
fn grow(path: &Path, held: u64) {
    let mut database = rusqlite::Connection::open(path).unwrap();
    let transaction = database.transaction().unwrap();
    let there: u64 = transaction
        .query_row("SELECT count(*) FROM files", [], |row| row.get::<_, i64>(0))
        .unwrap() as u64;
    let device: Vec<u8> = transaction
        .query_row("SELECT device FROM files LIMIT 1", [], |row| row.get(0))
        .unwrap();
    for nth in there..held {
        let name = Hash32::of(&nth.to_be_bytes());
        let text =
            "INSERT OR IGNORE INTO files (sealed_sha256, size_bytes, class, device, stored_ms,
                        verified_ms, opened) VALUES (?1, 1, 4, ?2, 0, ?3, 1)";
        let far = i64::MAX / 2;
        transaction
            .execute(text, params![name.as_bytes(), device, far])
            .unwrap();
        // In the order of signing before all that is real: the phone has seen them.
        let row = -1 - i64::try_from(nth).unwrap();
        let text = "INSERT OR IGNORE INTO receipt_lines (about, row, is_void) VALUES (?1, ?2, 0)";
        transaction
            .execute(text, params![name.as_bytes(), row])
            .unwrap();
        let text = "INSERT OR IGNORE INTO receipt_readers (device, row) VALUES (?1, ?2)";
        transaction.execute(text, params![device, row]).unwrap();
    }
    transaction.commit().unwrap();
}
