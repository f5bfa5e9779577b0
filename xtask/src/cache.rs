//! What is large, never changes and serves every checkout of one person: toolchains, in one folder outside the repository.

use std::path::PathBuf;

use crate::process::{Failure, UNAVAILABLE};

/// A folder in the cache; it may not be there yet.
///
/// # Errors
/// Without a home folder.
pub fn folder(name: &str) -> Result<PathBuf, Failure> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let base = base.filter(|path| path.is_absolute()).or(home);
    let base = base.ok_or_else(|| {
        Failure::new(
            UNAVAILABLE,
            "neither XDG_CACHE_HOME nor HOME says where toolchains are kept.",
        )
    })?;
    Ok(base.join("imena").join(name))
}
