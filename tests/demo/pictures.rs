//! The photos of a run: those that were named, or a dozen that are made up.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use imena_tests::photo::demo_photos;

const MADE_UP: u16 = 12;
/// A folder in a folder in a folder …: deeper is no photo collection.
const DEPTH_MAX: usize = 32;

/// Photos to capture.
pub enum Pictures {
    /// Files of whoever started this.
    Given(Vec<PathBuf>),
    /// Being made while the hub starts.
    MadeUp(JoinHandle<Vec<imena_tests::photo::NamedPhoto>>),
}

impl Pictures {
    /// Finds the photos below what was named.
    pub fn find(named: &[PathBuf]) -> Result<Self, String> {
        if named.is_empty() {
            return Ok(Self::MadeUp(std::thread::spawn(|| demo_photos(MADE_UP))));
        }
        let mut found = Vec::new();
        for path in named {
            let told = |error| format!("{}: {error}", path.display());
            let path = path.canonicalize().map_err(told)?;
            let is_folder = path.metadata().map_err(told)?.is_dir();
            match is_folder {
                true => below(&path, DEPTH_MAX, &mut found).map_err(told)?,
                false => found.push(path),
            }
        }
        if found.is_empty() {
            return Err("No *.jpg or *.jpeg in what was named.".to_owned());
        }
        Ok(Self::Given(found))
    }

    /// The files, as paths that can be typed into a line; made-up ones are written to `dir`.
    pub fn files(self, dir: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), String> {
        let can_be_typed = |path: &PathBuf| {
            let text = path.to_str();
            text.is_some_and(|text| !text.contains(['\n', '\r', '\0']))
        };
        match self {
            Self::Given(files) => Ok(files.into_iter().partition(can_be_typed)),
            Self::MadeUp(making) => {
                let photos = making
                    .join()
                    .map_err(|_| "no photos were made".to_owned())?;
                let write = || -> std::io::Result<Vec<PathBuf>> {
                    fs::create_dir_all(dir.join("photos"))?;
                    let mut files = Vec::new();
                    for photo in photos {
                        let file = Path::new("photos").join(&photo.name);
                        fs::write(dir.join(&file), &photo.bytes)?;
                        files.push(file);
                    }
                    Ok(files)
                };
                Ok((write().map_err(|error| error.to_string())?, Vec::new()))
            }
        }
    }
}

fn below(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // A link to a folder may lead in a circle; a link to a photo is a photo.
        if entry.file_type()?.is_dir() {
            if depth > 0 {
                below(&path, depth - 1, found)?;
            }
        } else if is_jpeg(&path) && path.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

fn is_jpeg(path: &Path) -> bool {
    let ending = path.extension().and_then(std::ffi::OsStr::to_str);
    ending.is_some_and(|e| e.eq_ignore_ascii_case("jpg") || e.eq_ignore_ascii_case("jpeg"))
}
