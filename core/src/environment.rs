//! All that the core takes from outside: clock, entropy, files, and the steps at which a test may kill it.
//!
//! The one place of `fsync`, `rename` and "what time is it". The simulator and the fault tests hold their own [`Environment`]; production holds
//! [`Environment::system`]. Databases do their own writing (SQLite) and are opened with the pragmas of docs/design/pragmas.md.

#![allow(
    clippy::disallowed_methods,
    reason = "the one place that touches disk, clock and chance"
)]

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Everything from outside, cloned freely: the parts are shared.
#[derive(Clone)]
pub struct Environment {
    /// The device's own clocks.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Files and folders.
    pub files: Arc<dyn Files>,
    /// Told at each numbered step of a protocol.
    pub steps: Arc<dyn Steps>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

impl Environment {
    /// The machine's own clock, entropy and disk; `offset_min` is the zone in minutes east of UTC.
    #[must_use]
    pub fn system(offset_min: i32) -> Self {
        Self {
            clock: Arc::new(SystemClock { offset_min }),
            entropy: Arc::new(SystemEntropy),
            files: Arc::new(SystemFiles),
            steps: Arc::new(NoSteps),
        }
    }

    /// Fills a new array with random bytes.
    ///
    /// # Errors
    /// The entropy source gave none.
    pub fn random<const N: usize>(&self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes)?;
        Ok(bytes)
    }
}

/// One reading of the clocks that a device has of its own; GNSS and hub time come from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// Wall clock, milliseconds since 1970-01-01 UTC, as the device claims; may be negative or far off.
    pub wall_ms: i64,
    /// Zone, minutes east of UTC.
    pub offset_min: i32,
    /// Monotonic clock since boot, also running during sleep, nanoseconds.
    pub mono_ns: u64,
    /// One value per boot: monotonic readings of different boots do not compare.
    pub boot_id: [u8; 16],
}

/// The device's own clocks.
pub trait Clock: Send + Sync {
    /// Reads all of them at once.
    fn now(&self) -> ClockReading;
}

/// A source of random bytes.
pub trait Entropy: Send + Sync {
    /// Fills the buffer.
    ///
    /// # Errors
    /// There is no entropy to be had.
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()>;
}

/// Told at each numbered step of a protocol; a test kills or fails the process there.
pub trait Steps: Send + Sync {
    /// The step `name` is about to begin.
    fn reached(&self, name: &'static str);
}

/// A file being written for the first time.
pub trait NewFile: Write + Send {
    /// Makes what was written durable. A failure is final for this file: it is never tried again and believed.
    ///
    /// # Errors
    /// The disk did not take it.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file being read.
pub trait ReadFile: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadFile for T {}

/// A name in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// File name without folder.
    pub name: String,
    /// Length in bytes; 0 for a folder.
    pub len: u64,
    /// Whether it is a folder or a file.
    pub kind: ListedKind,
}

/// What a name in a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListedKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A link, device or socket: never followed.
    Other,
}

/// Files and folders, with durability said explicitly.
pub trait Files: Send + Sync {
    /// Creates a file that must not exist yet (mode 0600).
    ///
    /// # Errors
    /// It exists, or the disk refuses.
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn NewFile>>;
    /// Opens a file at its end, or makes it (mode 0600; the caller syncs the folder then).
    ///
    /// # Errors
    /// The disk refuses.
    fn open_end(&self, path: &Path) -> io::Result<Box<dyn NewFile>>;
    /// Cuts a file to its first `len` bytes, durably.
    ///
    /// # Errors
    /// The disk did not take it.
    fn cut(&self, path: &Path, len: u64) -> io::Result<()>;
    /// Opens a file for reading.
    ///
    /// # Errors
    /// It is not there or not readable.
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>>;
    /// Renames within one file system, replacing a file of that name. The caller syncs both folders.
    ///
    /// # Errors
    /// The disk refuses.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// The disk did not take it.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Creates a folder and its parents (mode 0700), and makes the new names durable.
    ///
    /// # Errors
    /// The disk refuses.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;
    /// Lists a folder in the order of names; a folder that is not there is empty.
    ///
    /// # Errors
    /// The folder cannot be read.
    fn list(&self, dir: &Path) -> io::Result<Vec<Listed>>;
    /// Length of a regular file, or `None` if there is none of that name.
    ///
    /// # Errors
    /// The disk does not answer.
    fn len(&self, path: &Path) -> io::Result<Option<u64>>;
    /// Removes a file. Evidence is removed by one rule only (`sync/free_space.rs`).
    ///
    /// # Errors
    /// The disk refuses.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Bytes a writer without privileges could still store on the file system of `path`.
    ///
    /// # Errors
    /// The disk does not answer.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
}

/// Writes a small file so that after a crash either the old or the new content stands there.
///
/// # Errors
/// The disk refuses; the old content stands.
pub fn replace_file(environment: &Environment, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let files = &environment.files;
    let dir = path.parent().unwrap_or(Path::new("."));
    let random: [u8; 8] = environment.random()?;
    let name = format!(".new-{}", data_encoding::HEXLOWER.encode(&random));
    let temporary = dir.join(name);
    let mut file = files.create_new(&temporary)?;
    let written = file.write_all(bytes).and_then(|()| file.sync());
    drop(file);
    let renamed = written.and_then(|()| files.rename(&temporary, path));
    if renamed.is_err() {
        // The half-written copy holds nothing that the old file or the caller does not; a failure to remove it only leaves a stray name.
        let _ = files.remove(&temporary);
    }
    renamed.and_then(|()| files.sync_dir(dir))
}

/// Reads a small file whole, refusing more than `limit` bytes; `None` if there is none of that name.
///
/// # Errors
/// The disk does not answer, or the file is over the limit.
pub fn read_file(files: &dyn Files, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    match files.len(path)? {
        None => Ok(None),
        Some(len) if len > limit => Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("{len} bytes, limit {limit}"),
        )),
        Some(_) => {
            let mut bytes = Vec::new();
            files.open(path)?.take(limit).read_to_end(&mut bytes)?;
            Ok(Some(bytes))
        }
    }
}

struct NoSteps;

impl Steps for NoSteps {
    fn reached(&self, _name: &'static str) {}
}

struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        getrandom::fill(buffer).map_err(io::Error::other)
    }
}

struct SystemClock {
    offset_min: i32,
}

impl Clock for SystemClock {
    fn now(&self) -> ClockReading {
        let wall = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        let mono = rustix::time::clock_gettime(BOOT_CLOCK);
        let wall_ms = wall
            .tv_sec
            .saturating_mul(1000)
            .saturating_add(wall.tv_nsec / 1_000_000);
        let mono_ns = u64::try_from(mono.tv_sec)
            .unwrap_or_default()
            .saturating_mul(1_000_000_000)
            .saturating_add(u64::try_from(mono.tv_nsec).unwrap_or_default());
        ClockReading {
            wall_ms,
            offset_min: self.offset_min,
            mono_ns,
            boot_id: boot_id(),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const BOOT_CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
/// Apple's monotonic clock runs on during sleep.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const BOOT_CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

/// The kernel's own value where it has one; zeros elsewhere, where the platform hands it in.
fn boot_id() -> [u8; 16] {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    uuid::Uuid::try_parse(text.trim())
        .map(uuid::Uuid::into_bytes)
        .unwrap_or_default()
}

struct SystemFiles;

impl NewFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

impl Files for SystemFiles {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        Ok(Box::new(file))
    }

    fn open_end(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        Ok(Box::new(file))
    }

    fn cut(&self, path: &Path, len: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(len)?;
        file.sync_all()
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(File::open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;
        let mut missing: Vec<PathBuf> = Vec::new();
        let mut at = dir;
        while !at.is_dir() {
            missing.push(at.to_path_buf());
            match at.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => at = parent,
                Some(_) | None => break,
            }
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)?;
        for made in missing.iter().rev() {
            let parent = made.parent().filter(|p| !p.as_os_str().is_empty());
            self.sync_dir(parent.unwrap_or(Path::new(".")))?;
        }
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Listed>> {
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut listed = Vec::new();
        for entry in entries {
            let entry = entry?;
            let meta = entry.path().symlink_metadata()?;
            let kind = match () {
                () if meta.is_file() => ListedKind::File,
                () if meta.is_dir() => ListedKind::Folder,
                () => ListedKind::Other,
            };
            let len = if meta.is_file() { meta.len() } else { 0 };
            listed.push(Listed {
                name: entry.file_name().to_string_lossy().into_owned(),
                len,
                kind,
            });
        }
        listed.sort();
        Ok(listed)
    }

    fn len(&self, path: &Path) -> io::Result<Option<u64>> {
        match fs::symlink_metadata(path) {
            Ok(meta) if meta.is_file() => Ok(Some(meta.len())),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(path)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}
