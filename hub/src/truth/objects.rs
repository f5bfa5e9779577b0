//! Sealed files on disk: `staging/` while they come, `files/ab/` once published, `damaged/` for
//! what is not what its name says.
//!
//! Owns every touch of them. Does not decide when (`upload/`). Invariant: a name in `files/` was
//! complete, re-hashed and durable before it appeared there; nothing is overwritten; what cannot be
//! trusted is set aside, not removed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use imena_core::encoding::Hash32;
use imena_core::model::ids::{DeviceId, SealedName};

/// Ends the name of an upload that can be resumed.
const PART: &str = "part";
/// Ends the name of a run that came inside a sync request: the phone sends it again whole.
const INLINE: &str = "inline";

/// The folders of sealed files below a hub's folder.
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    root: PathBuf,
}

/// A file in staging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Staged {
    pub path: PathBuf,
    pub sealed: SealedName,
    pub device: DeviceId,
    /// Whether it is kept while incomplete.
    pub is_resumable: bool,
}

/// What became of publishing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Publish {
    /// The name is new.
    Done,
    /// A file of that name stands there already.
    Exists,
}

impl Objects {
    /// Makes the folders, all shelves among them, so that publishing makes none.
    pub fn open(root: &Path) -> io::Result<Self> {
        let objects = Self {
            root: root.to_path_buf(),
        };
        for dir in ["staging", "files", "damaged"] {
            make_dir(&root.join(dir))?;
        }
        sync_dir(root)?;
        let files = root.join("files");
        for shelf in 0..=u8::MAX {
            let shelf = files.join(data_encoding::HEXLOWER.encode(&[shelf]));
            if !shelf.is_dir() {
                DirBuilder::new().mode(0o700).create(shelf)?;
            }
        }
        sync_dir(&files)?;
        Ok(objects)
    }

    /// Where an upload of a device grows. By device, so that one cannot spoil another's.
    pub fn staging(&self, sealed: SealedName, device: DeviceId) -> PathBuf {
        self.root
            .join("staging")
            .join(format!("{sealed}.{device}.{PART}"))
    }

    /// Where a run from a sync request is written; `random` keeps two at once apart.
    pub fn inline(&self, sealed: SealedName, device: DeviceId, random: [u8; 4]) -> PathBuf {
        let random = data_encoding::HEXLOWER.encode(&random);
        self.root
            .join("staging")
            .join(format!("{sealed}.{device}.{random}.{INLINE}"))
    }

    /// Where a published file stands.
    pub fn place(&self, sealed: SealedName) -> PathBuf {
        let name = sealed.to_string();
        let shelf: String = name.chars().take(2).collect();
        self.root.join("files").join(shelf).join(name)
    }

    /// Everything in staging that has one of our names.
    pub fn list_staging(&self) -> io::Result<Vec<Staged>> {
        let mut staged = Vec::new();
        for entry in fs::read_dir(self.root.join("staging"))? {
            let path = entry?.path();
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            staged.extend(name.and_then(|name| parse_staged(&name, path)));
        }
        staged.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(staged)
    }

    /// Gives a complete, durable staging file its name without replacing one; gives the shelf, whose
    /// names are durable after [`Objects::make_names_durable`].
    pub fn publish(&self, staging: &Path, sealed: SealedName) -> io::Result<(Publish, PathBuf)> {
        let place = self.place(sealed);
        let shelf = place.parent().unwrap_or(&self.root).to_path_buf();
        let published = match fs::hard_link(staging, &place) {
            Ok(()) => Publish::Done,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Publish::Exists,
            Err(error) => return Err(error),
        };
        Ok((published, shelf))
    }

    /// Makes the names that were published on a shelf durable; the shelf itself is since the hub
    /// was opened.
    pub fn make_names_durable(&self, shelf: &Path) -> io::Result<()> {
        sync_dir(shelf)
    }

    /// Moves what cannot be trusted aside, keeping it.
    pub fn set_aside(&self, path: &Path, random: [u8; 8]) -> io::Result<()> {
        let random = data_encoding::HEXLOWER.encode(&random);
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy())
            .unwrap_or_default();
        let short: String = name.chars().take(64).collect();
        let damaged = self.root.join("damaged");
        fs::rename(path, damaged.join(format!("{random}-{short}")))?;
        sync_dir(&damaged)?;
        sync_dir(path.parent().unwrap_or(&self.root))
    }

    /// Moves an upload aside that is not what its name says; its name tells whose it was.
    pub fn set_upload_aside(
        &self,
        path: &Path,
        (sealed, device): (SealedName, DeviceId),
        random: [u8; 8],
    ) -> io::Result<()> {
        let random = data_encoding::HEXLOWER.encode(&random);
        let damaged = self.root.join("damaged");
        fs::rename(path, damaged.join(format!("{random}-{sealed}.{device}")))?;
        sync_dir(&damaged)?;
        sync_dir(&self.root.join("staging"))
    }

    /// The uploads that were moved aside: whose, and how long.
    pub fn list_damaged_uploads(&self) -> io::Result<Vec<(DeviceId, u64)>> {
        let mut damaged = Vec::new();
        for entry in fs::read_dir(self.root.join("damaged"))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let device = name.rsplit_once('.').map(|(_, device)| device);
            if let Some(device) = device.and_then(Hash32::from_hex) {
                damaged.push((DeviceId(device), entry.metadata()?.len()));
            }
        }
        Ok(damaged)
    }

    /// Removes a staging file: its bytes are published, or will be sent again whole. One that
    /// comes back after a power cut is forgotten again at the next start.
    pub fn forget_staging(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Length of a published file; `None` if it is not there.
    pub fn len(&self, sealed: SealedName) -> io::Result<Option<u64>> {
        len(&self.place(sealed))
    }

    /// Opens a published file.
    pub fn open_file(&self, sealed: SealedName) -> io::Result<File> {
        File::open(self.place(sealed))
    }

    /// Whether the published file still hashes to its name.
    pub fn is_whole(&self, sealed: SealedName) -> io::Result<bool> {
        match hash_file(&self.place(sealed)) {
            Ok(hash) => Ok(hash == sealed.0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Length of a file; `None` if there is none.
pub(crate) fn len(path: &Path) -> io::Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(meta) => Ok(Some(meta.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens or makes a staging file for appending, mode 0600.
pub(crate) fn open_staging(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

/// Makes a new staging file, mode 0600.
pub(crate) fn new_staging(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
}

/// Hashes a file as it stands on disk, through a handle of its own.
pub(crate) fn hash_file(path: &Path) -> io::Result<Hash32> {
    Ok(Hash32::of_stream(File::open(path)?)?.0)
}

fn parse_staged(name: &str, path: PathBuf) -> Option<Staged> {
    let mut parts = name.split('.');
    let sealed = SealedName(Hash32::from_hex(parts.next()?)?);
    let device = DeviceId(Hash32::from_hex(parts.next()?)?);
    let last = parts.next_back()?;
    (last == PART || last == INLINE).then(|| Staged {
        path,
        sealed,
        device,
        is_resumable: last == PART,
    })
}

fn make_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    sync_dir(dir.parent().unwrap_or(Path::new(".")))
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
