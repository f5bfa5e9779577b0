//! A disk that fails: the k-th operation that writes ends with an error, and what a failed sync should have kept is lost.
//!
//! Owns the counting and the failing. Reading never fails here. A folder's or file's content after a fault is the worst that the error
//! allows: half of a failed write stands, nothing of a failed sync does.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use imena_core::environment::{Environment, Files, Listed, NewFile, ReadFile};

/// What the disk answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// ENOSPC, and from then on for everything that needs room, until healed.
    NoSpace,
    /// EIO, once.
    Io,
}

impl Fault {
    fn error(self) -> io::Error {
        io::Error::from_raw_os_error(match self {
            Self::NoSpace => libc::ENOSPC,
            Self::Io => libc::EIO,
        })
    }
}

/// What an operation needs of the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Room for bytes or names.
    Room,
    /// No room that was not taken already.
    Nothing,
}

/// The switch of a faulty disk; cheap to clone, all clones are one.
#[derive(Clone, Debug, Default)]
pub struct FaultSwitch(Arc<State>);

#[derive(Debug, Default)]
struct State {
    count: AtomicU64,
    fail_at: AtomicU64,
    is_full: AtomicBool,
    fault: Mutex<Option<Fault>>,
    struck: Mutex<Option<String>>,
}

impl FaultSwitch {
    /// Starts counting at 1 and fails the `k`-th writing operation from now (0: none).
    pub fn arm(&self, fault: Fault, k: u64) {
        *self.0.fault.lock().unwrap() = Some(fault);
        *self.0.struck.lock().unwrap() = None;
        self.0.is_full.store(false, Ordering::SeqCst);
        self.0.fail_at.store(k, Ordering::SeqCst);
        self.0.count.store(0, Ordering::SeqCst);
    }

    /// The disk works again.
    pub fn heal(&self) {
        self.0.is_full.store(false, Ordering::SeqCst);
        self.0.fail_at.store(0, Ordering::SeqCst);
    }

    /// The operation that failed, by name.
    #[must_use]
    pub fn struck(&self) -> Option<String> {
        self.0.struck.lock().unwrap().clone()
    }

    fn check(&self, name: &str, path: &Path, need: Need) -> io::Result<()> {
        let number = self.0.count.fetch_add(1, Ordering::SeqCst) + 1;
        let fault = self.0.fault.lock().unwrap().unwrap_or(Fault::Io);
        if number == self.0.fail_at.load(Ordering::SeqCst) {
            self.0
                .is_full
                .store(fault == Fault::NoSpace, Ordering::SeqCst);
            let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
            let what = format!("operation {number}: {name} in {}", folder.display());
            *self.0.struck.lock().unwrap() = Some(what);
            return Err(fault.error());
        }
        if self.0.is_full.load(Ordering::SeqCst) && need == Need::Room {
            return Err(Fault::NoSpace.error());
        }
        Ok(())
    }
}

/// A system environment whose disk hangs on a switch.
#[must_use]
pub fn faulty_environment() -> (Environment, FaultSwitch) {
    let system = Environment::system(120);
    let switch = FaultSwitch::default();
    let files = FaultyFiles {
        system: system.files.clone(),
        switch: switch.clone(),
    };
    (
        Environment {
            files: Arc::new(files),
            ..system
        },
        switch,
    )
}

struct FaultyFiles {
    system: Arc<dyn Files>,
    switch: FaultSwitch,
}

struct FaultyFile {
    file: Box<dyn NewFile>,
    /// The same file, opened a second time, for losing what was not synced.
    twin: File,
    /// Its length when it was opened: what was durable before.
    kept: u64,
    path: PathBuf,
    switch: FaultSwitch,
}

impl Write for FaultyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = self.switch.check("write", &self.path, Need::Room) {
            let _ = self.file.write(&bytes[..bytes.len() / 2]);
            return Err(error);
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl NewFile for FaultyFile {
    fn sync(&mut self) -> io::Result<()> {
        if let Err(error) = self.switch.check("sync", &self.path, Need::Nothing) {
            self.twin.set_len(self.kept)?;
            return Err(error);
        }
        self.file.sync()
    }
}

impl Files for FaultyFiles {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        self.switch.check("create", path, Need::Room)?;
        let file = self.system.create_new(path)?;
        let twin = OpenOptions::new().write(true).open(path)?;
        let (path, switch) = (path.to_path_buf(), self.switch.clone());
        Ok(Box::new(FaultyFile {
            file,
            twin,
            kept: 0,
            path,
            switch,
        }))
    }

    fn open_end(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        let need = match self.system.len(path)? {
            Some(_) => Need::Nothing,
            None => Need::Room,
        };
        self.switch.check("open at the end", path, need)?;
        let file = self.system.open_end(path)?;
        let twin = OpenOptions::new().write(true).open(path)?;
        let kept = twin.metadata()?.len();
        let (path, switch) = (path.to_path_buf(), self.switch.clone());
        Ok(Box::new(FaultyFile {
            file,
            twin,
            kept,
            path,
            switch,
        }))
    }

    fn cut(&self, path: &Path, len: u64) -> io::Result<()> {
        self.switch.check("cut", path, Need::Nothing)?;
        self.system.cut(path, len)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        self.system.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.switch.check("rename", to, Need::Nothing)?;
        self.system.rename(from, to)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.switch
            .check("sync of a folder", &dir.join("."), Need::Nothing)?;
        self.system.sync_dir(dir)
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        if dir.is_dir() {
            return Ok(());
        }
        self.switch.check("new folder", dir, Need::Room)?;
        self.system.create_dir_all(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Listed>> {
        self.system.list(dir)
    }

    fn len(&self, path: &Path) -> io::Result<Option<u64>> {
        self.system.len(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.switch.check("remove", path, Need::Nothing)?;
        self.system.remove(path)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        self.system.free_bytes(path)
    }
}
