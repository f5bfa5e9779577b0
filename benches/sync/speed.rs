//! Photos over TLS on loopback, beside nginx that takes the same bytes and neither hashes nor syncs.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use imena_tests::photo::photo_12mp;

use super::hub::Field;

const PHOTOS: u64 = 60;
const ROUNDS: usize = 3;
const PORT: u16 = 17_444;

pub fn run() {
    println!(
        "\nspeed, {PHOTOS} photos of 12 MP with their small pictures, TLS on loopback, wall in s"
    );
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut files = Vec::new();
    for round in 0..ROUNDS {
        let field = Field::new();
        capture(&field, round as u64);
        let hub = field.hub();
        let begun = Instant::now();
        let synced = field.sync();
        ours.push(begun.elapsed().as_secs_f64());
        hub.stop().unwrap();
        files = published(&field.imena.dir().join("hub/files"));
        let bytes: u64 = files.iter().map(|(_, len)| len).sum();
        println!(
            "  imena: {:.2} s, {} files, {bytes} bytes, {} receipts",
            ours[round],
            files.len(),
            synced["receipts"]
        );
        match nginx(&files) {
            Ok(seconds) => {
                println!("  nginx: {seconds:.2} s");
                theirs.push(seconds);
            }
            Err(why) => println!("  nginx is left out: {why}"),
        }
    }
    drop(files);
    if theirs.is_empty() {
        return;
    }
    let (ours, theirs) = (middle(&mut ours), middle(&mut theirs));
    println!(
        "  medians: {ours:.2} s and {theirs:.2} s, ratio {:.2}",
        ours / theirs
    );
}

fn middle(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn capture(field: &Field, round: u64) {
    let names: Vec<String> = (0..PHOTOS).map(|nth| format!("photo-{nth}.jpg")).collect();
    let photo = photo_12mp(1 + round);
    for (nth, name) in names.iter().enumerate() {
        // Behind the end of the picture, so that each is another file at the cost of none.
        let bytes = [photo.as_slice(), &nth.to_be_bytes()].concat();
        std::fs::write(field.imena.dir().join(name), bytes).unwrap();
    }
    let mut words = vec!["phone", "--dir", "t01", "capture"];
    words.extend(names.iter().map(String::as_str));
    field.well(&words);
}

fn published(dir: &Path) -> Vec<(std::path::PathBuf, u64)> {
    let mut files = Vec::new();
    for shelf in std::fs::read_dir(dir).unwrap() {
        for file in std::fs::read_dir(shelf.unwrap().path()).unwrap() {
            let file = file.unwrap();
            files.push((file.path(), file.metadata().unwrap().len()));
        }
    }
    files
}

/// Seconds in which curl puts the files to nginx, over one connection that is kept.
fn nginx(files: &[(std::path::PathBuf, u64)]) -> Result<f64, String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let server = Server::start(dir.path())?;
    let mut curl = Command::new("curl");
    curl.args(["--insecure", "--silent", "--show-error", "--fail"]);
    for (path, _) in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let url = format!("https://127.0.0.1:{PORT}/{name}");
        curl.arg("--upload-file").arg(path).arg(url);
    }
    let begun = Instant::now();
    let output = curl.output().map_err(|error| format!("curl: {error}"))?;
    let seconds = begun.elapsed().as_secs_f64();
    drop(server);
    if output.status.success() {
        Ok(seconds)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

struct Server(Child);

impl Server {
    fn start(dir: &Path) -> Result<Self, String> {
        let text = |error: std::io::Error| error.to_string();
        std::fs::create_dir(dir.join("put")).map_err(text)?;
        let shown = dir.display();
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ])
            .args(["-nodes", "-days", "1", "-subj", "/CN=bench", "-keyout"])
            .arg(dir.join("key.pem"))
            .arg("-out")
            .arg(dir.join("cert.pem"))
            .output()
            .map_err(|error| format!("openssl: {error}"))?;
        if !made.status.success() {
            return Err("openssl made no certificate".to_owned());
        }
        let config = format!(
            "master_process off; daemon off; pid {shown}/pid; error_log {shown}/log;
             events {{ }}
             http {{ access_log off; client_body_temp_path {shown}/body;
               proxy_temp_path {shown}/p; fastcgi_temp_path {shown}/f; uwsgi_temp_path {shown}/u;
               scgi_temp_path {shown}/s;
               server {{ listen 127.0.0.1:{PORT} ssl; ssl_certificate {shown}/cert.pem;
                 ssl_certificate_key {shown}/key.pem; client_max_body_size 1g;
                 location / {{ root {shown}/put; dav_methods PUT; }} }} }}"
        );
        let path = dir.join("nginx.conf");
        std::fs::write(&path, config).map_err(text)?;
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| {
                format!("there is no nginx here ({error}); apt-get install nginx-light")
            })?;
        let server = Self(child);
        for _ in 0..200 {
            if std::net::TcpStream::connect(("127.0.0.1", PORT)).is_ok() {
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err("nginx did not start".to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One process without workers: killed, it leaves nothing behind.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
