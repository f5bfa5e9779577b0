//! A known phone at a hub that strangers besiege: how long its sync takes alone, and while a thousand hold or open connections.
//!
//! The program, the hub and the phone are the real ones, each in a process of its own; the strangers are tasks of this one, on the same machine:
//! what they burn of its processors slows the phone too.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use imena_core::keys::JoinCode;
use imena_tests::program::{HubProcess, Imena};
use imena_tests::tunnel::pinned_client;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const STRANGERS: usize = 1_000;
const ROUNDS: usize = 5;
const PHOTOS: usize = 10;
const PHOTO_BYTES: usize = 256 * 1024;
/// Strangers are at work for this long before the phone comes.
const SIEGE: Duration = Duration::from_secs(3);
/// A link that never carries data has this much between two bytes.
const DRIP: Duration = Duration::from_secs(1);
/// Between two connections of one stranger: a thousand open 500 a second.
const PAUSE: Duration = Duration::from_secs(2);

/// What strangers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Siege {
    None,
    /// A connection, and not one byte.
    Silent,
    /// A handshake, then a request of which a byte comes each second.
    Slow,
    /// One connection after the other, each with a handshake and a hello, with pauses.
    Opening,
    /// The same without a pause: as fast as this machine lets them.
    Flooding,
}

impl Siege {
    const ALL: [Self; 5] = [
        Self::None,
        Self::Silent,
        Self::Slow,
        Self::Opening,
        Self::Flooding,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::None => "alone",
            Self::Silent => "1,000 silent connections",
            Self::Slow => "1,000 slow requests",
            Self::Opening => "1,000 that open 500 a second",
            Self::Flooding => "1,000 that open without a pause",
        }
    }
}

/// What strangers got.
#[derive(Default)]
struct Tally {
    opened: AtomicU64,
    closed: AtomicU64,
}

/// Measures and prints the table.
pub fn run() {
    let home = tempfile::Builder::new()
        .prefix("imena-bench-")
        .tempdir()
        .unwrap();
    let imena = Imena::find(home.path()).unwrap();
    let any = ["--listen", "127.0.0.1:0", "--page", "127.0.0.1:0"];
    let hub = HubProcess::start(&imena, &any, &mut |_| {}).unwrap();
    let code = hub.join_code().unwrap().to_owned();
    let (phones, page) = (hub.phones().unwrap(), hub.page().unwrap());
    let pin = JoinCode::parse(&code).unwrap().hubs[0].tls_pins[0];
    let connector = pinned_client(pin);
    join(&imena, &code);

    println!(
        "Sync of {PHOTOS} photos of {} KiB by a known phone; {ROUNDS} rounds that take turns; s.",
        PHOTO_BYTES / 1024
    );
    println!(
        "  {:<34}{:>8}{:>8}{:>8}{:>12}{:>12}",
        "", "median", "worst", "failed", "opened/s", "closed/s"
    );
    let mut seed = 1;
    let mut rows: Vec<Row> = Siege::ALL.into_iter().map(Row::new).collect();
    for _ in 0..ROUNDS {
        for row in &mut rows {
            capture(&imena, home.path(), &mut seed);
            let besieged = Besieged::start(phones, row.siege, &connector);
            let begun = Instant::now();
            let ran = imena.run(&["phone", "--dir", "phone", "sync"]).unwrap();
            row.took_s.push(begun.elapsed().as_secs_f64());
            row.failed += usize::from(ran.code != Some(0));
            let (opened, closed) = besieged.end();
            row.opened.push(opened);
            row.closed.push(closed);
        }
    }
    rows.iter_mut().for_each(Row::print);
    println!("\n`imena hub status` of the operator, by the page's port; s.");
    for siege in [Siege::None, Siege::Silent] {
        let besieged = Besieged::start(page, siege, &connector);
        let begun = Instant::now();
        let ran = imena.run(&["hub", "status"]).unwrap();
        let took = begun.elapsed().as_secs_f64();
        besieged.end();
        println!("  {:<34}{took:>8.2}  exit {:?}", siege.title(), ran.code);
    }
}

struct Row {
    siege: Siege,
    took_s: Vec<f64>,
    failed: usize,
    opened: Vec<f64>,
    closed: Vec<f64>,
}

impl Row {
    fn new(siege: Siege) -> Self {
        let (took_s, opened, closed) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            siege,
            took_s,
            failed: 0,
            opened,
            closed,
        }
    }

    fn print(&mut self) {
        let median = |figures: &mut Vec<f64>| {
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 2]
        };
        let middle = median(&mut self.took_s);
        let worst = self.took_s[self.took_s.len() - 1];
        let (opened, closed) = (median(&mut self.opened), median(&mut self.closed));
        println!(
            "  {:<34}{middle:>8.2}{worst:>8.2}{:>8}{opened:>12.0}{closed:>12.0}",
            self.siege.title(),
            self.failed
        );
    }
}

/// Strangers at work, until it ends.
struct Besieged {
    runtime: tokio::runtime::Runtime,
    tally: Arc<Tally>,
    since: Instant,
}

impl Besieged {
    fn start(address: SocketAddr, siege: Siege, connector: &TlsConnector) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let tally = Arc::new(Tally::default());
        let since = Instant::now();
        if siege != Siege::None {
            for number in 0..STRANGERS {
                let (connector, tally) = (connector.clone(), Arc::clone(&tally));
                runtime.spawn(besiege(address, siege, connector, tally, number));
            }
            std::thread::sleep(SIEGE);
        }
        Self {
            runtime,
            tally,
            since,
        }
    }

    /// Connections opened, and those that the hub closed, in each second.
    fn end(self) -> (f64, f64) {
        self.runtime.shutdown_background();
        let seconds = self.since.elapsed().as_secs_f64();
        let per_s = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64 / seconds;
        (per_s(&self.tally.opened), per_s(&self.tally.closed))
    }
}

async fn besiege(
    address: SocketAddr,
    siege: Siege,
    connector: TlsConnector,
    tally: Arc<Tally>,
    number: usize,
) {
    if siege == Siege::Opening {
        tokio::time::sleep(PAUSE.mul_f64(number as f64 / STRANGERS as f64)).await;
    }
    loop {
        if let Ok(stream) = TcpStream::connect(address).await {
            tally.opened.fetch_add(1, Ordering::Relaxed);
            // Ended by the hub, one way or the other: the stranger comes again.
            let _ = visit(stream, siege, &connector).await;
            tally.closed.fetch_add(1, Ordering::Relaxed);
        }
        match siege {
            Siege::None | Siege::Flooding => tokio::task::yield_now().await,
            Siege::Opening => tokio::time::sleep(PAUSE).await,
            Siege::Silent | Siege::Slow => tokio::time::sleep(DRIP).await,
        }
    }
}

async fn visit(stream: TcpStream, siege: Siege, connector: &TlsConnector) -> std::io::Result<()> {
    let hello = format!(
        "GET /v1/hello?n={} HTTP/1.1\r\nHost: hub\r\n\r\n",
        "07".repeat(32)
    );
    match siege {
        Siege::None => Ok(()),
        Siege::Silent => {
            let mut stream = stream;
            stream.read_u8().await.map(drop)
        }
        Siege::Slow => {
            let mut stream = greet(stream, connector).await?;
            for byte in hello.as_bytes() {
                stream.write_all(&[*byte]).await?;
                stream.flush().await?;
                tokio::time::sleep(DRIP).await;
            }
            stream.read_u8().await.map(drop)
        }
        Siege::Opening | Siege::Flooding => {
            let mut stream = greet(stream, connector).await?;
            stream.write_all(hello.as_bytes()).await?;
            stream.read_u8().await.map(drop)
        }
    }
}

async fn greet(
    stream: TcpStream,
    connector: &TlsConnector,
) -> std::io::Result<TlsStream<TcpStream>> {
    let name = rustls::pki_types::ServerName::try_from("hub.invalid").unwrap();
    connector.connect(name, stream).await
}

fn join(imena: &Imena, code: &str) {
    let well = |words: &[&str]| {
        let ran = imena.run(words).unwrap();
        assert_eq!(ran.code, Some(0), "{words:?}: {}", ran.all());
        ran
    };
    let phone = |words: &[&str]| well(&[&["--json", "phone", "--dir", "phone"], words].concat());
    phone(&["join", code, "--name", "known"]);
    phone(&["sync"]);
    let status = phone(&["status"]).json().unwrap();
    let digits = status[0]["enrolling"].as_str().unwrap();
    well(&["org", "approve", "--digits", digits]);
    phone(&["sync"]);
}

/// Captures photos of bytes that no picture format claims: sealed as they are.
fn capture(imena: &Imena, home: &Path, seed: &mut u64) {
    let mut words = vec!["phone".to_owned(), "--dir".to_owned(), "phone".to_owned()];
    words.push("capture".to_owned());
    for number in 0..PHOTOS {
        let name = format!("photo-{number}.jpg");
        let mut noise = Vec::with_capacity(PHOTO_BYTES);
        while noise.len() < PHOTO_BYTES {
            *seed ^= *seed << 13;
            *seed ^= *seed >> 7;
            *seed ^= *seed << 17;
            noise.extend(seed.to_be_bytes());
        }
        std::fs::write(home.join(&name), noise).unwrap();
        words.push(name);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ran = imena.run(&words).unwrap();
    assert_eq!(ran.code, Some(0), "{}", ran.all());
}
