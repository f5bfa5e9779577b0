//! A hub and phones as real processes, with a bad link between them, on a folder that goes away.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use imena_core::encoding::Hash32;
use imena_tests::program::{HubProcess, Imena, Ran};
use imena_tests::relay::Relay;
use serde_json::Value;

/// Bytes that no picture format claims: sealed as they are, and nothing smaller is made of them.
fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut noise = Vec::with_capacity(bytes + 8);
    while noise.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend(state.to_be_bytes());
    }
    noise.truncate(bytes);
    noise
}

/// A running field: what is behind the link can be changed, stopped and killed.
pub struct Field {
    pub link: Relay,
    pub hub: Option<HubProcess>,
    pub imena: Imena,
    phones: SocketAddr,
    page: SocketAddr,
    join_code: String,
    other_addresses: Vec<String>,
    photos: u64,
    _home: tempfile::TempDir,
}

impl Field {
    /// A hub that was just set up, and nobody else.
    pub fn new() -> Self {
        Self::told(&[])
    }

    /// A hub that tells phones these addresses before its own.
    pub fn told(others: &[&str]) -> Self {
        let home = tempfile::Builder::new()
            .prefix("imena-link-")
            .tempdir()
            .unwrap();
        let imena = Imena::find(home.path()).unwrap();
        let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
        let link = Relay::start(nobody).unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut field = Self {
            link,
            hub: None,
            imena,
            phones: any,
            page: any,
            join_code: String::new(),
            other_addresses: others.iter().map(|&other| other.to_owned()).collect(),
            photos: 0,
            _home: home,
        };
        field.start_hub();
        field
    }

    /// A hub and one phone that was let in.
    pub fn with_phone(dir: &str) -> Self {
        let field = Self::new();
        field.join(dir);
        field
    }

    /// Starts the hub where it stood before.
    pub fn start_hub(&mut self) {
        let (listen, page) = (self.phones.to_string(), self.page.to_string());
        let told = self.link.address().to_string();
        let mut words = vec!["--listen", &listen, "--page", &page];
        let told = self.other_addresses.iter().chain([&told]);
        words.extend(told.flat_map(|address| ["--address", address.as_str()]));
        let hub = HubProcess::start(&self.imena, &words, &mut |_| {}).unwrap();
        self.phones = hub.phones().unwrap();
        self.page = hub.page().unwrap();
        self.join_code = hub.join_code().unwrap().to_owned();
        self.link.set_target(self.phones);
        self.hub = Some(hub);
    }

    pub fn stop_hub(&mut self) {
        assert!(self.hub.take().unwrap().stop().unwrap().success());
    }

    pub fn kill_hub(&mut self) {
        self.hub.take().unwrap().kill();
    }

    /// Where the hub listens, behind the link.
    pub fn hub_address(&self) -> SocketAddr {
        self.phones
    }

    /// A phone asks to join; gives its six digits.
    pub fn ask_in(&self, dir: &str) -> String {
        let code = self.join_code.clone();
        self.well(&["phone", "--dir", dir, "join", &code, "--name", dir]);
        self.well(&["phone", "--dir", dir, "sync"]);
        let status = self.status(dir);
        status["enrolling"].as_str().unwrap().to_owned()
    }

    /// A phone asks to join and is let in.
    pub fn join(&self, dir: &str) {
        let digits = self.ask_in(dir);
        self.well(&["org", "approve", "--digits", &digits]);
        self.well(&["phone", "--dir", dir, "sync"]);
    }

    /// Captures a new photo of so many bytes.
    pub fn capture(&mut self, dir: &str, bytes: usize) {
        self.photos += 1;
        let name = format!("photo-{}.jpg", self.photos);
        std::fs::write(self.path(&name), noise(bytes, self.photos)).unwrap();
        self.well(&["phone", "--dir", dir, "capture", &name]);
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.imena.dir().join(name)
    }

    /// Calls the program; whatever its exit code.
    pub fn call(&self, words: &[&str]) -> Ran {
        self.imena.run(words).unwrap()
    }

    /// Calls the program, which must end well.
    pub fn well(&self, words: &[&str]) -> Ran {
        let ran = self.call(words);
        assert_eq!(ran.code, Some(0), "{words:?}: {}", ran.all());
        ran
    }

    /// Syncs well; gives what the phone counted.
    pub fn sync(&self, dir: &str) -> Value {
        self.value(&["--json", "phone", "--dir", dir, "sync"])
    }

    /// Syncs without success; gives what it told.
    pub fn sync_in_vain(&self, dir: &str) -> String {
        let ran = self.call(&["phone", "--dir", dir, "sync", "--patience", "0"]);
        assert_eq!(ran.code, Some(75), "{}", ran.all());
        ran.err.join("\n")
    }

    pub fn status(&self, dir: &str) -> Value {
        self.value(&["--json", "phone", "--dir", dir, "status"])
    }

    pub fn hub_status(&self) -> Value {
        self.value(&["--json", "hub", "status"])
    }

    /// What the hub wrote down for its operator, who sees it on the page.
    pub fn hub_notices(&self) -> Vec<String> {
        let path = self.path("hub/hub.db");
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = rusqlite::Connection::open_with_flags(path, flags).unwrap();
        let mut statement = connection.prepare("SELECT what FROM audit").unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn value(&self, words: &[&str]) -> Value {
        let values = self.well(words).json().unwrap();
        assert_eq!(values.len(), 1, "{words:?}");
        values.into_iter().next().unwrap()
    }

    /// Names of the files that the hub published; each is what its name says.
    pub fn on_hub(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut count = 0;
        for file in files_below(&self.path("hub/files")) {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            assert_eq!(Hash32::of(&std::fs::read(&file).unwrap()).to_hex(), name);
            names.insert(name);
            count += 1;
        }
        assert_eq!(names.len(), count, "one file in two places");
        assert!(
            !self.path("hub/damaged").exists() || files_below(&self.path("hub/damaged")).is_empty()
        );
        names
    }

    /// Names of the originals that still lie in a phone.
    pub fn on_phone(&self, dir: &str) -> BTreeSet<String> {
        let photos = self.value(&["--json", "phone", "--dir", dir, "list", "photos"]);
        let photos = photos.as_array().unwrap().iter();
        let sealed = photos.map(|photo| photo["sealed"].as_str().unwrap().to_owned());
        let vault = files_below(&self.path(dir));
        let is_here = |name: &String| vault.iter().any(|file| is_named(file, name));
        sealed.filter(is_here).collect()
    }

    /// Nothing waits, every photo has one receipt and one whole file on the hub, and nothing of the phone is wrong.
    pub fn assert_all_receipted(&self, dir: &str, photos: u64) {
        let status = self.status(dir);
        let counts = &status["counts"];
        assert_eq!(counts["originals"], photos, "{status}");
        assert_eq!(counts["originals_on_hub"], photos, "{status}");
        assert_eq!(counts["waiting"], 0, "{status}");
        let on_hub = self.on_hub();
        assert_eq!(
            on_hub.len() as u64,
            counts["files"].as_u64().unwrap(),
            "{status}"
        );
        let on_phone = self.on_phone(dir);
        assert_eq!(on_phone.len() as u64, photos);
        assert!(on_phone.is_subset(&on_hub));
        self.well(&["verify", "--dir", dir]);
    }
}

/// Every file below a folder, however deep.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => files.extend(files_below(&entry.path())),
            false => files.push(entry.path()),
        }
    }
    files
}

/// Copies a folder, as a backup program does.
pub fn copy(from: &Path, to: &Path) {
    for file in files_below(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&file, &target).unwrap();
    }
}

fn is_named(file: &Path, name: &str) -> bool {
    let stem = file.file_name().and_then(|file| file.to_str());
    stem.is_some_and(|file| file.split('.').next() == Some(name))
}
