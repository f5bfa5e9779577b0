//! Where the repository is, and the text files that it consists of.
//!
//! A file belongs to it unless `.gitignore` names it; that file is read here, so it keeps to two forms, `folder/` and
//! `*.ending`. Git itself is not asked: a source archive without `.git` must pass the same rules.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::process::{Failure, IO};

/// Nothing that a person writes is longer; a larger file is data, and no rule reads it.
const TEXT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The folder of the repository: the one that `cargo run` was called in, for two checkouts may share their build products.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let called = std::env::var_os("CARGO_MANIFEST_DIR");
        let package = called.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        package
            .parent()
            .map_or_else(|| package.clone(), Path::to_path_buf)
    })
}

/// The folder of build products that this program itself was built into: `…/target/debug`.
///
/// # Errors
/// If the system cannot tell where this program is.
pub fn products() -> Result<PathBuf, Failure> {
    let exe =
        std::env::current_exe().map_err(|error| Failure::io("finding this program", &error))?;
    match exe.parent() {
        Some(folder) => Ok(folder.to_owned()),
        None => Err(Failure::new(
            IO,
            "this program is in no folder; run it as `./dev`.",
        )),
    }
}

/// A text file of the repository.
pub struct TextFile {
    /// From the root, with `/` between the folders.
    pub path: String,
    pub text: String,
}

impl TextFile {
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub fn is_markdown(&self) -> bool {
        self.path.ends_with(".md")
    }

    /// Whether its first line hands it to a shell.
    pub fn is_shell(&self) -> bool {
        let first = self.text.lines().next().unwrap_or_default();
        self.path.ends_with(".sh") || (first.starts_with("#!") && first.ends_with("sh"))
    }
}

/// All text files under one folder, sorted by path.
pub struct Tree {
    pub root: PathBuf,
    pub files: Vec<TextFile>,
}

impl Tree {
    /// Reads every text file that `.gitignore` does not name.
    ///
    /// # Errors
    /// If a folder or file cannot be read, or `.gitignore` has a form that is not understood here.
    pub fn read(root: &Path) -> Result<Self, Failure> {
        let ignored = Ignored::read(root)?;
        let mut tree = Self {
            root: root.to_owned(),
            files: Vec::new(),
        };
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            tree.read_folder(&folder, &ignored, &mut folders)?;
        }
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    pub fn file(&self, path: &str) -> Option<&TextFile> {
        self.files.iter().find(|file| file.path == path)
    }

    pub fn rust_files(&self) -> impl Iterator<Item = &TextFile> {
        self.files.iter().filter(|file| file.is_rust())
    }

    fn read_folder(
        &mut self,
        folder: &Path,
        ignored: &Ignored,
        folders: &mut Vec<PathBuf>,
    ) -> Result<(), Failure> {
        let absolute = self.root.join(folder);
        let failed = |error| Failure::io(format!("reading {}", absolute.display()), &error);
        for entry in fs::read_dir(&absolute).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().map_err(failed)?;
            let path = folder.join(&name);
            if kind.is_dir() && !ignored.has_folder(&name) {
                folders.push(path);
            } else if kind.is_file() && !ignored.has_file(&name) {
                self.read_file(&path)?;
            }
        }
        Ok(())
    }

    /// Keeps a file that is text. A file that disappears meanwhile (an editor's) is none.
    fn read_file(&mut self, path: &Path) -> Result<(), Failure> {
        let absolute = self.root.join(path);
        let bytes = match fs::metadata(&absolute) {
            Ok(facts) if facts.len() > TEXT_BYTES_MAX => return Ok(()),
            Ok(_) => fs::read(&absolute),
            Err(error) => Err(error),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => {
                return Err(Failure::io(
                    format!("reading {}", absolute.display()),
                    &error,
                ));
            }
        };
        if bytes.contains(&0) {
            return Ok(());
        }
        if let Ok(text) = String::from_utf8(bytes) {
            let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
            self.files.push(TextFile {
                path: parts.join("/"),
                text,
            });
        }
        Ok(())
    }
}

/// What `.gitignore` names.
struct Ignored {
    folders: Vec<String>,
    endings: Vec<String>,
}

impl Ignored {
    fn read(root: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
        let mut ignored = Self {
            folders: vec![".git".to_owned()],
            endings: Vec::new(),
        };
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let folder = line
                .strip_suffix('/')
                .filter(|name| !name.contains(['/', '*', '!']));
            let ending = line
                .strip_prefix('*')
                .filter(|end| !end.contains(['/', '*', '!']));
            match (folder, ending) {
                (Some(folder), _) => ignored.folders.push(folder.to_owned()),
                (None, Some(ending)) => ignored.endings.push(ending.to_owned()),
                (None, None) => {
                    return Err(Failure::new(
                        IO,
                        format!(".gitignore: `{line}` is neither `folder/` nor `*.ending`."),
                    ));
                }
            }
        }
        Ok(ignored)
    }

    fn has_folder(&self, name: &str) -> bool {
        self.folders.iter().any(|folder| folder == name)
    }

    /// `.git` is a file, not a folder, in a second work tree.
    fn has_file(&self, name: &str) -> bool {
        name == ".git"
            || self
                .endings
                .iter()
                .any(|ending| name.ends_with(ending.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::Folder;

    #[test]
    fn ignored_folders_and_binary_files_are_not_read() {
        let folder = Folder::new("ignored");
        folder.write(".gitignore", b"# comment\n\nbuild/\n*.pyc\n");
        folder.write("build/a.rs", b"x");
        folder.write("a/build/b.rs", b"x");
        folder.write("a/c.pyc", b"x");
        folder.write("a/picture.jpg", b"\xff\xd8\x00");
        folder.write("a/d.rs", b"x");
        let tree = Tree::read(folder.path()).unwrap();
        let paths: Vec<_> = tree.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, [".gitignore", "a/d.rs"]);
    }

    #[test]
    fn a_gitignore_line_that_is_not_understood_is_an_error() {
        let folder = Folder::new("gitignore");
        folder.write(".gitignore", b"!keep\n");
        assert!(Tree::read(folder.path()).is_err());
    }
}
