//! What lies where in a folder of a phone, a hub, or one laid out by hand (formats.md §9).

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crate::encoding::Hash32;
use crate::encoding::limits::SIGNED_BYTES_MAX;
use crate::environment::{Environment, ListedKind};
use crate::model::ids::SealedName;
use crate::store::{Layout, ReceiptFile, ReceiptFiles};

/// Ends the name of a roster that is sealed because it shows names.
pub(super) const SEALED_ROSTER: &str = ".age";
const PLAIN_ROSTER: &str = ".cose";
/// A sealed roster is larger than what it holds by age's frame.
const ROSTER_BYTES_MAX: u64 = SIGNED_BYTES_MAX as u64 + 4096;
const READ_BYTES: usize = 64 * 1024;

/// A sealed file.
pub(super) struct Listed {
    pub sealed: SealedName,
    pub path: PathBuf,
    pub size: u64,
    /// It stands where only runs do.
    pub is_run: bool,
    /// It stands where runs may.
    pub may_be_run: bool,
}

/// Every file that is named like a sealed one, wherever such files stand.
pub(super) fn sealed_files(
    environment: &Environment,
    dir: &Path,
) -> Result<Vec<Listed>, std::io::Error> {
    let mut all = Vec::new();
    for (folder, is_run, may_be_run) in [
        ("runs", true, true),
        ("blobs", false, false),
        ("files", false, true),
        ("incoming", false, false),
    ] {
        let root = dir.join(folder);
        for item in environment.files.list(&root)? {
            let path = root.join(&item.name);
            let below = match item.kind {
                ListedKind::Folder => environment.files.list(&path)?,
                ListedKind::File | ListedKind::Other => Vec::new(),
            };
            let below = below
                .into_iter()
                .map(|inner| (path.join(&inner.name), inner));
            for (path, item) in std::iter::once((path.clone(), item)).chain(below) {
                let Some(hash) = Hash32::from_hex(&item.name) else {
                    continue;
                };
                all.push(Listed {
                    sealed: SealedName(hash),
                    size: environment.files.len(&path)?.unwrap_or_default(),
                    path,
                    is_run,
                    may_be_run,
                });
            }
        }
    }
    all.sort_by_key(|file| file.sealed);
    Ok(all)
}

/// A roster file.
pub(super) struct RosterFile {
    pub name: String,
    /// What its name says; the one that lies in the folder itself says none.
    pub version: Option<u64>,
    pub bytes: Vec<u8>,
}

/// Rosters by their versions: of a phone, of a hub, or the one that lies in the folder.
pub(super) fn rosters(
    environment: &Environment,
    dir: &Path,
) -> Result<Vec<RosterFile>, std::io::Error> {
    let mut named: Vec<(Option<u64>, String, PathBuf)> = Vec::new();
    let root = dir.join("rosters");
    for item in environment.files.list(&root)? {
        let stem = item.name.strip_suffix(SEALED_ROSTER);
        let stem = stem.or_else(|| item.name.strip_suffix(PLAIN_ROSTER));
        let version = stem.and_then(|stem| {
            let version: u64 = stem.parse().ok()?;
            (version.to_string() == stem).then_some(version)
        });
        if version.is_some() {
            named.push((version, item.name.clone(), root.join(&item.name)));
        }
    }
    let beside = dir.join("roster.cose");
    if named.is_empty() && environment.files.len(&beside)?.is_some() {
        named.push((None, "roster.cose".to_owned(), beside));
    }
    named.sort();
    let mut all = Vec::new();
    for (version, name, path) in named {
        let mut bytes = Vec::new();
        let file = environment.files.open(&path)?;
        file.take(ROSTER_BYTES_MAX).read_to_end(&mut bytes)?;
        all.push(RosterFile {
            name,
            version,
            bytes,
        });
    }
    Ok(all)
}

/// The organisation's public key, where it lies in the folder.
pub(super) fn org_spki(
    environment: &Environment,
    dir: &Path,
) -> Result<Option<Vec<u8>>, std::io::Error> {
    let path = dir.join("org.spki");
    match environment.files.len(&path)? {
        Some(_) => read(environment, &path).map(Some),
        None => Ok(None),
    }
}

/// The receipts of one epoch of a hub, as signed.
pub(super) struct Receipts {
    pub file: ReceiptFile,
    pub items: Vec<Vec<u8>>,
    /// The file ends within a receipt.
    pub is_torn: bool,
}

/// The receipts of each epoch of each hub.
pub(super) fn receipts(
    environment: &Environment,
    dir: &Path,
) -> Result<Vec<Receipts>, std::io::Error> {
    let layout = Layout::new(dir);
    let files = ReceiptFiles::new(environment, &layout.receipts(), &layout.quarantine());
    let mut all = Vec::new();
    for file in files.list()? {
        let (items, is_torn) = files.look(file)?;
        all.push(Receipts {
            file,
            items,
            is_torn,
        });
    }
    Ok(all)
}

pub(super) fn open(
    environment: &Environment,
    path: &Path,
) -> Result<impl Read + use<>, std::io::Error> {
    Ok(BufReader::with_capacity(
        READ_BYTES,
        environment.files.open(path)?,
    ))
}

pub(super) fn read(environment: &Environment, path: &Path) -> Result<Vec<u8>, std::io::Error> {
    let mut bytes = Vec::new();
    open(environment, path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}
