//! A capture against the sum of what it cannot do without, and renditions against their own decoding and encoding.

use std::io::{Read as _, Write as _};
use std::path::Path;

use imena_core::capture::{CHUNK_BYTES_MAX, CaptureDraft, CaptureFacts};
use imena_core::encoding::Hash32;
use imena_core::environment::Environment;
use imena_core::field_store::FieldStore;
use imena_core::keys::DatabaseKey;
use imena_core::media::{PhotoReader, read_facts, render};
use imena_core::store::{Durability, open_database};
use imena_core::vocabulary::PhotoOrigin;
use imena_tests::phone::Phone;
use imena_tests::photo::{photo_12mp, photo_48mp};

use crate::measure::{Cost, cost, median, peak_growth_kib};

/// Rounds of everything: enough for a median beside fsync's noise.
const ROUNDS: usize = 31;
/// Bytes of a row as large as a photo's entry.
const ENTRY_BYTES: usize = 1200;

/// Measures both sizes of photos.
pub fn run() {
    println!(
        "CPU and wall in ms, medians of {ROUNDS} rounds that take turns; ratio to the sum of bounds."
    );
    for (name, photo) in [("12 MP", photo_12mp(1)), ("48 MP", photo_48mp(1))] {
        measure(name, &photo);
    }
}

/// What a capture cannot do without, each measured alone.
const BOUNDS: [&str; 6] = [
    "read in 64 KiB chunks",
    "SHA-256 of the photo",
    "SHA-256 of the sealed file",
    "age seal",
    "write, fsync, rename, fsync folder",
    "one FULL commit",
];

struct Bench {
    dir: tempfile::TempDir,
    source: std::path::PathBuf,
    photo: Vec<u8>,
    recipients: Vec<String>,
    database: rusqlite::Connection,
}

fn measure(name: &str, photo: &[u8]) {
    let phone = Phone::new();
    let store = phone.join();
    store.start_work(None).unwrap();
    let bench = Bench::new(photo);
    let mut bounds: Vec<Vec<Cost>> = vec![Vec::new(); BOUNDS.len()];
    let (mut captures, mut renditions, mut pixels) = (Vec::new(), Vec::new(), Vec::new());
    let mut walks = Vec::new();
    for round in 0..ROUNDS {
        for (index, costs) in bounds.iter_mut().enumerate() {
            costs.push(cost(|| bench.bound(index, round)));
        }
        walks.push(cost(|| walk(photo)));
        captures.push(cost(|| capture(&store, &bench.source)));
        let facts = read_facts(photo);
        renditions.push(cost(|| drop(render(photo, &facts))));
        pixels.push(cost(|| decode_and_encode(photo)));
    }
    println!("\n{name}, {} bytes", photo.len());
    let mut sum = Cost::default();
    for (name, costs) in BOUNDS.iter().zip(&bounds) {
        let cost = median(costs);
        sum = Cost {
            cpu_ms: sum.cpu_ms + cost.cpu_ms,
            wall_ms: sum.wall_ms + cost.wall_ms,
        };
        row(name, cost, None);
    }
    row("sum of the bounds", sum, None);
    let hashed_and_sealed = [1, 2, 3].map(|index: usize| median(&bounds[index]));
    let hashed_and_sealed = hashed_and_sealed
        .into_iter()
        .fold(Cost::default(), |sum, cost| Cost {
            cpu_ms: sum.cpu_ms + cost.cpu_ms,
            wall_ms: sum.wall_ms + cost.wall_ms,
        });
    row("hashing and sealing", hashed_and_sealed, None);
    row(
        "facts and structure check",
        median(&walks),
        Some(hashed_and_sealed),
    );
    row("capture until \"saved\"", median(&captures), Some(sum));
    let bound = median(&pixels);
    row("scaled decode and two encodes", bound, None);
    row("both renditions", median(&renditions), Some(bound));
    let [capture, renditions] =
        ["capture", "renditions"].map(|what| in_a_fresh_process(what, &bench.source));
    println!(
        "  memory growth beyond the source: capture {capture} KiB, renditions {renditions} KiB"
    );
}

/// Memory is measured where nothing was freed before: in a process of its own.
fn in_a_fresh_process(what: &str, source: &Path) -> String {
    let program = std::env::current_exe().unwrap();
    let output = std::process::Command::new(program)
        .arg("memory")
        .arg(what)
        .arg(source)
        .output();
    String::from_utf8(output.unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

/// Prints the growth of one capture or one pair of renditions, KiB.
pub fn memory(what: &str, source: &Path) {
    let kib = if what == "capture" {
        let phone = Phone::new();
        let store = phone.join();
        store.start_work(None).unwrap();
        peak_growth_kib(|| capture(&store, source))
    } else {
        let photo = std::fs::read(source).unwrap();
        let facts = read_facts(&photo);
        peak_growth_kib(|| drop(render(&photo, &facts)))
    };
    println!(
        "{}",
        kib.map_or_else(|| "?".to_owned(), |kib| kib.to_string())
    );
}

fn row(name: &str, cost: Cost, bound: Option<Cost>) {
    let ratio = bound.map_or_else(String::new, |bound| {
        let (cpu, wall) = (cost.cpu_ms / bound.cpu_ms, cost.wall_ms / bound.wall_ms);
        format!("  {cpu:5.2}x CPU {wall:5.2}x wall")
    });
    println!(
        "  {name:<36} {:8.2} {:8.2}{ratio}",
        cost.cpu_ms, cost.wall_ms
    );
}

impl Bench {
    fn new(photo: &[u8]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("photo.jpg");
        std::fs::write(&source, photo).unwrap();
        let recipient = || age::x25519::Identity::generate().to_public().to_string();
        let key = DatabaseKey::new([7; 32]);
        let path = dir.path().join("bound.db");
        let database = open_database("bound.db", &path, &key, Durability::Full).unwrap();
        database
            .execute_batch("CREATE TABLE t (x BLOB) STRICT")
            .unwrap();
        let recipients = vec![recipient(), recipient()];
        Self {
            source,
            photo: photo.to_vec(),
            recipients,
            database,
            dir,
        }
    }

    fn bound(&self, index: usize, round: usize) {
        match index {
            0 => read(&self.source),
            1 | 2 => drop(std::hint::black_box(Hash32::of(&self.photo))),
            3 => self.seal(),
            4 => write_durably(self.dir.path(), round, &self.photo),
            _ => {
                let row = vec![7_u8; ENTRY_BYTES];
                self.database
                    .execute("INSERT INTO t VALUES (?1)", [row])
                    .unwrap();
            }
        }
    }

    /// age without the hash of the sealed bytes: into nothing, so only sealing and that hash are left; the hash is a bound of its own.
    fn seal(&self) {
        let recipients = self
            .recipients
            .iter()
            .map(|text| text.parse::<age::x25519::Recipient>().unwrap());
        let recipients: Vec<_> = recipients.collect();
        let recipients = recipients
            .iter()
            .map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).unwrap();
        let mut writer = encryptor.wrap_output(std::io::sink()).unwrap();
        for chunk in self.photo.chunks(CHUNK_BYTES_MAX) {
            writer.write_all(chunk).unwrap();
        }
        writer.finish().unwrap();
    }
}

fn read(source: &Path) {
    let mut file = std::fs::File::open(source).unwrap();
    let mut buffer = vec![0; CHUNK_BYTES_MAX];
    while file.read(&mut buffer).unwrap() > 0 {}
}

fn write_durably(dir: &Path, round: usize, bytes: &[u8]) {
    let environment = Environment::system(0);
    let (new, named) = (
        dir.join(format!("new-{round}")),
        dir.join(format!("named-{round}")),
    );
    let mut file = environment.files.create_new(&new).unwrap();
    for chunk in bytes.chunks(CHUNK_BYTES_MAX) {
        file.write_all(chunk).unwrap();
    }
    file.sync().unwrap();
    drop(file);
    environment.files.rename(&new, &named).unwrap();
    environment.files.sync_dir(dir).unwrap();
    environment.files.remove(&named).unwrap();
}

fn capture(store: &FieldStore, source: &Path) {
    let mut file = std::fs::File::open(source).unwrap();
    let draft = CaptureDraft {
        capture_id: Environment::system(0).random().unwrap(),
        owner: None,
        shot: None,
        origin: PhotoOrigin::InAppCamera,
        file_name: None,
    };
    let mut photo = store.begin_photo(draft).unwrap();
    let mut buffer = vec![0; CHUNK_BYTES_MAX];
    loop {
        let read = file.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        photo.append(&buffer[..read]).unwrap();
    }
    store.finish_photo(photo, CaptureFacts::default()).unwrap();
}

/// What capture adds to hashing and sealing: facts and the check of the structure, in the chunks of a camera.
fn walk(photo: &[u8]) {
    let mut reader = PhotoReader::default();
    photo
        .chunks(CHUNK_BYTES_MAX)
        .for_each(|chunk| reader.feed(chunk));
    std::hint::black_box(reader.finish());
}

/// The floor of renditions: every byte is decoded once, scaled as far as the decoder can, and two small pictures are encoded.
fn decode_and_encode(photo: &[u8]) {
    let mut decoder = jpeg_decoder::Decoder::new(photo);
    decoder.scale(1280, 1280).unwrap();
    let pixels = decoder.decode().unwrap();
    let info = decoder.info().unwrap();
    for side in [1280_usize, 320] {
        let (width, height) = (side, side * 3 / 4);
        let row = usize::from(info.width) * 3;
        let mut small = Vec::with_capacity(width * height * 3);
        for line in 0..height {
            let from = (line % usize::from(info.height)) * row;
            small.extend((0..width * 3).map(|at| pixels[from + at % row]));
        }
        let encoder = jpeg_encoder::Encoder::new(Vec::new(), 80);
        let (width, height) = (
            u16::try_from(width).unwrap(),
            u16::try_from(height).unwrap(),
        );
        encoder
            .encode(&small, width, height, jpeg_encoder::ColorType::Rgb)
            .unwrap();
    }
}
