//! Sealed files: `incoming/` while being written, `blobs/` and `runs/` afterwards; the name is always the hash of the bytes.
//!
//! Owns every move of a sealed file. Does not know keys or entries. Invariant: a name in blobs/ or runs/ was complete and durable before it appeared
//! there; a file of an unequal twin goes to quarantine, never away.

use std::path::{Path, PathBuf};

use super::{Layout, StoreError};
use crate::encoding::Hash32;
use crate::environment::{Environment, ListedKind, NewFile, ReadFile};
use crate::model::ids::SealedName;

/// What a sealed file holds; also the order in which files are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Entries.
    Run,
    /// 320 px.
    Thumbnail,
    /// 1280 px.
    Preview,
    /// The file as it came from the camera.
    Original,
}

impl Class {
    /// The number that stands on the wire and in tables.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Run => 1,
            Self::Thumbnail => 2,
            Self::Preview => 3,
            Self::Original => 4,
        }
    }

    /// The class of a number.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::Run),
            2 => Some(Self::Thumbnail),
            3 => Some(Self::Preview),
            4 => Some(Self::Original),
            0 | 5.. => None,
        }
    }
}

/// Where a sealed file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// Complete and durable, not yet moved.
    Incoming,
    /// At its place.
    Stored,
}

/// How files are named in `incoming/` that are made from what is safe already.
const MADE: &str = "made-";

/// The sealed files of one vault.
#[derive(Clone, Debug)]
pub struct SealedFiles {
    environment: Environment,
    layout: Layout,
}

impl SealedFiles {
    /// The files below a layout.
    #[must_use]
    pub fn new(environment: &Environment, layout: &Layout) -> Self {
        Self {
            environment: environment.clone(),
            layout: layout.clone(),
        }
    }

    /// Starts a file under a random name in `incoming/`.
    ///
    /// # Errors
    /// The disk's.
    pub fn begin(&self) -> Result<(PathBuf, Box<dyn NewFile>), StoreError> {
        self.create("new-")
    }

    fn create(&self, prefix: &str) -> Result<(PathBuf, Box<dyn NewFile>), StoreError> {
        let random: [u8; 16] = self.environment.random()?;
        let name = format!("{prefix}{}", data_encoding::HEXLOWER.encode(&random));
        let path = self.layout.incoming().join(name);
        let file = self.environment.files.create_new(&path)?;
        Ok((path, file))
    }

    /// Gives a complete, synced file of `incoming/` its name and makes the name durable.
    ///
    /// # Errors
    /// The disk's.
    pub fn name_incoming(&self, path: &Path, sealed: SealedName) -> Result<(), StoreError> {
        let incoming = self.layout.incoming();
        self.environment
            .files
            .rename(path, &incoming.join(sealed.to_string()))?;
        self.environment.files.sync_dir(&incoming)?;
        Ok(())
    }

    /// Moves a named file from `incoming/` to its place; done already is done. A file at its place is compared by its bytes' hash: an equal one
    /// stays, an unequal one goes to quarantine first.
    ///
    /// # Errors
    /// The disk's.
    pub fn settle(&self, sealed: SealedName, class: Class) -> Result<(), StoreError> {
        let named = self.layout.incoming().join(sealed.to_string());
        for from in [named, self.made(sealed)] {
            if self.environment.files.len(&from)?.is_some() {
                self.move_to_place(&from, sealed, class)?;
            }
        }
        Ok(())
    }

    fn move_to_place(
        &self,
        from: &Path,
        sealed: SealedName,
        class: Class,
    ) -> Result<(), StoreError> {
        let files = &self.environment.files;
        let to = self.place(sealed, class);
        let shelf = to.parent().unwrap_or(self.layout.root()).to_path_buf();
        files.create_dir_all(&shelf)?;
        if files.len(&to)?.is_some() && self.hash_of(&to)? != sealed.0 {
            self.quarantine(&to, "unequal")?;
        }
        files.rename(from, &to)?;
        files.sync_dir(&shelf)?;
        files.sync_dir(&self.layout.incoming())?;
        Ok(())
    }

    /// Stores a whole sealed file that is in memory (a run): incoming, sync, place. It is made of what is safe
    /// already; its name in `incoming/` says so, and an interrupted one is never taken for a photo.
    ///
    /// # Errors
    /// The disk's; nothing was stored under the name then.
    pub fn store(&self, sealed: SealedName, class: Class, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.write_made(bytes)?;
        self.move_to_place(&path, sealed, class)
    }

    fn write_made(&self, bytes: &[u8]) -> Result<PathBuf, StoreError> {
        let (path, mut file) = self.create(MADE)?;
        let written = file.write_all(bytes).and_then(|()| file.sync());
        drop(file);
        if let Err(error) = written {
            // What the next try makes anew must not fill a full disk.
            let _ = self.environment.files.remove(&path);
            return Err(error.into());
        }
        Ok(path)
    }

    /// Keeps a sealed rendition in `incoming/`, durable, until its entry stands and it is settled: without an entry it would look like a photo at
    /// its place.
    ///
    /// # Errors
    /// The disk's; nothing was kept then.
    pub fn keep(&self, sealed: SealedName, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.write_made(bytes)?;
        self.environment.files.rename(&path, &self.made(sealed))?;
        self.environment.files.sync_dir(&self.layout.incoming())?;
        Ok(())
    }

    /// Whether a file of `incoming/` was being made from what is safe already.
    #[must_use]
    pub fn is_made(path: &Path) -> bool {
        let name = path.file_name().map(|name| name.to_string_lossy());
        name.is_some_and(|name| name.starts_with(MADE))
    }

    /// The name of a kept rendition in `incoming/`.
    #[must_use]
    pub fn kept_name(path: &Path) -> Option<SealedName> {
        let name = path.file_name()?.to_string_lossy();
        Hash32::from_hex(name.strip_prefix(MADE)?).map(SealedName)
    }

    fn made(&self, sealed: SealedName) -> PathBuf {
        self.layout.incoming().join(format!("{MADE}{sealed}"))
    }

    /// Finds a sealed file and its length, wherever it stands.
    ///
    /// # Errors
    /// The disk's.
    pub fn find(&self, sealed: SealedName) -> Result<Option<(PathBuf, u64, Where)>, StoreError> {
        let candidates = [
            (self.place(sealed, Class::Original), Where::Stored),
            (self.place(sealed, Class::Run), Where::Stored),
            (
                self.layout.incoming().join(sealed.to_string()),
                Where::Incoming,
            ),
            (self.made(sealed), Where::Incoming),
        ];
        for (path, place) in candidates {
            if let Some(len) = self.environment.files.len(&path)? {
                return Ok(Some((path, len, place)));
            }
        }
        Ok(None)
    }

    /// Opens a sealed file for reading.
    ///
    /// # Errors
    /// `NotFound`, or the disk's.
    pub fn open(&self, sealed: SealedName) -> Result<Box<dyn ReadFile>, StoreError> {
        let found = self.find(sealed)?.ok_or(std::io::ErrorKind::NotFound);
        let (path, _, _) = found.map_err(std::io::Error::from)?;
        Ok(self.environment.files.open(&path)?)
    }

    /// Whether the file of that name still hashes to it; `None` if it is not here.
    ///
    /// # Errors
    /// The disk's.
    pub fn is_whole(&self, sealed: SealedName) -> Result<Option<bool>, StoreError> {
        match self.find(sealed)? {
            None => Ok(None),
            Some((path, _, _)) => Ok(Some(self.hash_of(&path)? == sealed.0)),
        }
    }

    /// The names in `incoming/`: complete ones by their hash, others as they are.
    ///
    /// # Errors
    /// The disk's.
    pub fn incoming(&self) -> Result<Vec<(PathBuf, Option<SealedName>, u64)>, StoreError> {
        let dir = self.layout.incoming();
        let listed = self.environment.files.list(&dir)?;
        let files = listed
            .into_iter()
            .filter(|item| item.kind == ListedKind::File);
        let named = |item: &str| Hash32::from_hex(item).map(SealedName);
        Ok(files
            .map(|item| (dir.join(&item.name), named(&item.name), item.len))
            .collect())
    }

    /// Every sealed file at its place, with its length: runs, then the others.
    ///
    /// # Errors
    /// The disk's.
    pub fn stored(&self, root: Class) -> Result<Vec<(SealedName, u64)>, StoreError> {
        let root = self.root_of(root);
        let mut all = Vec::new();
        for shelf in self.environment.files.list(&root)? {
            if shelf.kind != ListedKind::Folder {
                continue;
            }
            for item in self.environment.files.list(&root.join(&shelf.name))? {
                let name = Hash32::from_hex(&item.name).map(SealedName);
                all.extend(name.map(|name| (name, item.len)));
            }
        }
        Ok(all)
    }

    /// Moves what cannot be trusted aside, keeping it; gives its new path.
    ///
    /// # Errors
    /// The disk's.
    pub fn quarantine(&self, path: &Path, why: &str) -> Result<PathBuf, StoreError> {
        let files = &self.environment.files;
        let random: [u8; 4] = self.environment.random()?;
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy())
            .unwrap_or_default();
        let suffix = data_encoding::HEXLOWER.encode(&random);
        let to = self
            .layout
            .quarantine()
            .join(format!("{why}-{suffix}-{name}"));
        files.create_dir_all(&self.layout.quarantine())?;
        files.rename(path, &to)?;
        files.sync_dir(&self.layout.quarantine())?;
        files.sync_dir(path.parent().unwrap_or(self.layout.root()))?;
        Ok(to)
    }

    /// Removes an original after the free-space rule allowed it and its entry is durable. The one unlink of evidence.
    ///
    /// # Errors
    /// The disk's.
    pub fn remove_freed(&self, sealed: SealedName) -> Result<(), StoreError> {
        let path = self.place(sealed, Class::Original);
        self.environment.files.remove(&path)?;
        self.environment
            .files
            .sync_dir(path.parent().unwrap_or(self.layout.root()))?;
        Ok(())
    }

    /// Where a file of a class stands.
    #[must_use]
    pub fn place(&self, sealed: SealedName, class: Class) -> PathBuf {
        let name = sealed.to_string();
        let shelf: String = name.chars().take(2).collect();
        self.root_of(class).join(shelf).join(name)
    }

    fn root_of(&self, class: Class) -> PathBuf {
        match class {
            Class::Run => self.layout.runs(),
            Class::Thumbnail | Class::Preview | Class::Original => self.layout.blobs(),
        }
    }

    fn hash_of(&self, path: &Path) -> Result<Hash32, StoreError> {
        Ok(Hash32::of_stream(self.environment.files.open(path)?)?.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn vault() -> (tempfile::TempDir, Layout, SealedFiles) {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path());
        let environment = Environment::system(0);
        layout.create(&environment).unwrap();
        let files = SealedFiles::new(&environment, &layout);
        (dir, layout, files)
    }

    #[test]
    fn an_unequal_file_of_the_same_name_goes_to_quarantine_and_the_true_one_takes_its_place() {
        let (_dir, layout, files) = vault();
        let name = SealedName(Hash32::of(b"true bytes"));
        files.store(name, Class::Original, b"true bytes").unwrap();
        std::fs::write(files.place(name, Class::Original), b"rotten").unwrap();
        assert_eq!(files.is_whole(name).unwrap(), Some(false));

        files.store(name, Class::Original, b"true bytes").unwrap();
        assert_eq!(files.is_whole(name).unwrap(), Some(true));
        assert_eq!(std::fs::read_dir(layout.quarantine()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_found_before_and_after_it_is_moved() {
        let (_dir, layout, files) = vault();
        let name = SealedName(Hash32::of(b"bytes"));
        assert_eq!(files.find(name).unwrap(), None);
        std::fs::write(layout.incoming().join(name.to_string()), b"bytes").unwrap();
        assert!(matches!(
            files.find(name).unwrap(),
            Some((_, 5, Where::Incoming))
        ));
        files.settle(name, Class::Original).unwrap();
        files.settle(name, Class::Original).unwrap();
        assert!(matches!(
            files.find(name).unwrap(),
            Some((_, 5, Where::Stored))
        ));
    }
}
