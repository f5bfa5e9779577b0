//! Receipts as signed, in files: `receipts/<hub>/<epoch>`, each a CBOR sequence (RFC 8742) that only grows. A phone and a hub keep them alike.
//!
//! Owns every touch of these files. Checks no signature and knows no roster (`sync/transfer_db`, the hub's `truth/`): databases index what stands here.
//! Invariant: what was appended is durable before the caller goes on; a cut tail is kept aside, and nothing is appended behind one.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::encoding::{Hash32, Value};
use crate::environment::{Environment, ListedKind};
use crate::model::ids::HubId;

/// Which file: a hub and one of its epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReceiptFile {
    /// The hub.
    pub hub: HubId,
    /// Its epoch.
    pub epoch: [u8; 16],
}

/// Where a receipt stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its first byte.
    pub at: u64,
    /// Its length in bytes.
    pub len: u64,
}

/// The receipts below one folder.
#[derive(Clone, Debug)]
pub struct ReceiptFiles {
    environment: Environment,
    root: PathBuf,
    aside: PathBuf,
}

impl ReceiptFiles {
    /// The files below `root`; what is cut off them goes to `aside`.
    #[must_use]
    pub fn new(environment: &Environment, root: &Path, aside: &Path) -> Self {
        Self {
            environment: environment.clone(),
            root: root.to_path_buf(),
            aside: aside.to_path_buf(),
        }
    }

    /// The path of a file.
    #[must_use]
    pub fn path(&self, file: ReceiptFile) -> PathBuf {
        let epoch = data_encoding::HEXLOWER.encode(&file.epoch);
        self.root.join(file.hub.to_string()).join(epoch)
    }

    /// Every file, in the order of names; what has no name of ours is not looked at.
    ///
    /// # Errors
    /// The disk's.
    pub fn list(&self) -> io::Result<Vec<ReceiptFile>> {
        let files = &self.environment.files;
        let mut all = Vec::new();
        for folder in files.list(&self.root)? {
            let Some(hub) = Hash32::from_hex(&folder.name).map(HubId) else {
                continue;
            };
            for item in files.list(&self.root.join(&folder.name))? {
                let epoch = data_encoding::HEXLOWER.decode(item.name.as_bytes());
                let epoch = epoch.ok().and_then(|epoch| epoch.try_into().ok());
                let epoch = epoch.filter(|_| item.kind == ListedKind::File);
                all.extend(epoch.map(|epoch| ReceiptFile { hub, epoch }));
            }
        }
        Ok(all)
    }

    /// Length of a file; 0 if there is none.
    ///
    /// # Errors
    /// The disk's.
    pub fn len(&self, file: ReceiptFile) -> io::Result<u64> {
        Ok(self
            .environment
            .files
            .len(&self.path(file))?
            .unwrap_or_default())
    }

    /// Appends receipts and makes them durable, all with one sync; gives where each stands. After an error nothing of them counts: what was half
    /// written is cut off, now or by the next [`ReceiptFiles::read_from`].
    ///
    /// # Errors
    /// The disk's.
    pub fn append(&self, file: ReceiptFile, receipts: &[&[u8]]) -> io::Result<Vec<Place>> {
        let files = &self.environment.files;
        let path = self.path(file);
        let folder = path.parent().unwrap_or(&self.root);
        let is_new = files.len(&path)?.is_none();
        if is_new {
            files.create_dir_all(folder)?;
        }
        let before = self.len(file)?;
        let written = files.open_end(&path).and_then(|mut end| {
            end.write_all(&receipts.concat())?;
            end.sync()
        });
        if let Err(error) = written {
            // If even that fails, the next start finds a receipt that was never answered, or a torn tail.
            let _ = files.cut(&path, before);
            return Err(error);
        }
        if is_new {
            files.sync_dir(folder)?;
        }
        let mut at = before;
        let mut places = Vec::new();
        for receipt in receipts {
            let len = receipt.len() as u64;
            places.push(Place { at, len });
            at = at.saturating_add(len);
        }
        Ok(places)
    }

    /// Cuts a file to its first bytes: what was appended for a row that never came to be.
    ///
    /// # Errors
    /// The disk's.
    pub fn cut(&self, file: ReceiptFile, len: u64) -> io::Result<()> {
        self.environment.files.cut(&self.path(file), len)
    }

    /// Reads one receipt.
    ///
    /// # Errors
    /// The disk's, or the file ends before.
    pub fn read(&self, file: ReceiptFile, place: Place) -> io::Result<Vec<u8>> {
        let mut opened = self.environment.files.open(&self.path(file))?;
        opened.seek(SeekFrom::Start(place.at))?;
        let mut bytes = Vec::new();
        opened.take(place.len).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == place.len {
            Ok(bytes)
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// Every item from a byte on, which is the first of one. A torn tail is cut off, a copy of it is kept.
    ///
    /// # Errors
    /// The disk's.
    pub fn read_from(&self, file: ReceiptFile, at: u64) -> io::Result<Vec<(Place, Vec<u8>)>> {
        let path = self.path(file);
        if self.len(file)? <= at {
            return Ok(Vec::new());
        }
        let mut opened = self.environment.files.open(&path)?;
        opened.seek(SeekFrom::Start(at))?;
        let mut bytes = Vec::new();
        opened.read_to_end(&mut bytes)?;
        let (items, torn) = split(&bytes, at);
        if !torn.is_empty() {
            let end = items
                .last()
                .map_or(at, |(place, _)| place.at.saturating_add(place.len));
            self.keep_aside(&path, torn)?;
            self.environment.files.cut(&path, end)?;
        }
        Ok(items)
    }

    /// Every item of a file, for whoever changes nothing, and whether a torn tail stands behind them.
    ///
    /// # Errors
    /// The disk's.
    pub fn look(&self, file: ReceiptFile) -> io::Result<(Vec<Vec<u8>>, bool)> {
        let mut bytes = Vec::new();
        let mut opened = self.environment.files.open(&self.path(file))?;
        opened.read_to_end(&mut bytes)?;
        let (items, torn) = split(&bytes, 0);
        let items = items.into_iter().map(|(_, item)| item).collect();
        Ok((items, !torn.is_empty()))
    }

    fn keep_aside(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let files = &self.environment.files;
        let random: [u8; 4] = self.environment.random()?;
        let random = data_encoding::HEXLOWER.encode(&random);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        files.create_dir_all(&self.aside)?;
        let aside = self.aside.join(format!("receipts-{random}-{name}"));
        let mut copy = files.create_new(&aside)?;
        copy.write_all(bytes)?;
        copy.sync()?;
        drop(copy);
        files.sync_dir(&self.aside)
    }
}

/// The items of a sequence that begins at byte `at`, and what is left behind the last whole one.
fn split(bytes: &[u8], at: u64) -> (Vec<(Place, Vec<u8>)>, &[u8]) {
    let (mut items, mut rest, mut at) = (Vec::new(), bytes, at);
    while let Ok(len) = Value::first_len(rest) {
        let (item, after) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        let len = len as u64;
        items.push((Place { at, len }, item.to_vec()));
        at = at.saturating_add(len);
        rest = after;
    }
    (items, rest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const FILE: ReceiptFile = ReceiptFile {
        hub: HubId(Hash32([1; 32])),
        epoch: [2; 16],
    };

    fn item(number: u8) -> Vec<u8> {
        Value::Array(vec![Value::Uint(number.into()), Value::bytes([number; 40])]).encode()
    }

    #[test]
    fn a_torn_tail_is_cut_kept_aside_and_nothing_is_appended_behind_it() {
        let dir = tempfile::tempdir().unwrap();
        let (root, aside) = (dir.path().join("receipts"), dir.path().join("aside"));
        let files = ReceiptFiles::new(&Environment::system(0), &root, &aside);
        assert_eq!(files.list().unwrap(), []);
        assert_eq!(files.read_from(FILE, 0).unwrap(), []);
        let (one, two, three) = (item(1), item(2), item(3));
        let places = files.append(FILE, &[&one, &two]).unwrap();
        assert_eq!(files.list().unwrap(), [FILE]);
        assert_eq!(files.read(FILE, places[1]).unwrap(), two);
        for torn in 1..three.len() {
            let mut bytes = std::fs::read(files.path(FILE)).unwrap();
            bytes.extend(&three[..torn]);
            std::fs::write(files.path(FILE), bytes).unwrap();
            let found = files.read_from(FILE, places[1].at).unwrap();
            assert_eq!(found, [(places[1], two.clone())], "{torn} bytes");
            let kept = std::fs::read_dir(&aside).unwrap();
            assert_eq!(kept.count(), torn, "a copy of each");
        }
        let place = files.append(FILE, &[&three]).unwrap()[0];
        assert_eq!(place.at, places[1].at + places[1].len);
        assert_eq!(files.read_from(FILE, 0).unwrap().len(), 3);
    }
}
