//! Recovery at open: every file in `incoming/` is either known, recovered, or set aside; nothing is unlinked.
//!
//! Whatever has no "made-" name came from a camera or a person: it becomes a photo, whatever its bytes look like. Runs and renditions, which
//! have that name, are made again.

use age::x25519;

use super::facts::defects;
use super::{CaptureError, facts_map};
use crate::encoding::hash::Hasher;
use crate::encoding::{Hash32, Map, Value};
use crate::environment::Environment;
use crate::media::{PhotoFacts, PhotoReader};
use crate::model::ids::{SealedName, SubjectId};
use crate::seal::{SealError, open_to_end};
use crate::store::{Class, OwnChain, SealedFiles, StoreError, Word};
use crate::vocabulary::{Kind, PhotoOrigin};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Files whose entry was there: moved to their place.
    pub settled: Vec<(SealedName, Class, u64)>,
    /// Files without an entry: entered as `recovered_capture`.
    pub entered: Vec<(SubjectId, SealedName, u64)>,
    /// Files that are damaged, cut, or were being made: in quarantine.
    pub quarantined: u64,
}

/// Looks at `incoming/` after a crash.
///
/// # Errors
/// The disk's or the journal's; what was not looked at is looked at by the next open.
pub fn recover(
    environment: &Environment,
    files: &SealedFiles,
    chain: &OwnChain,
    identities: &[&x25519::Identity],
) -> Result<Recovered, CaptureError> {
    let mut found = Recovered::default();
    for (path, named, _) in files.incoming()? {
        if SealedFiles::is_made(&path) {
            let kept = SealedFiles::kept_name(&path);
            match kept
                .map(|name| chain.journal().file(name))
                .transpose()?
                .flatten()
            {
                Some(row) => {
                    files.settle(row.sealed, row.class)?;
                    found.settled.push((row.sealed, row.class, row.size));
                }
                None => {
                    files.quarantine(&path, "unfinished")?;
                    found.quarantined = found.quarantined.saturating_add(1);
                }
            }
            continue;
        }
        let (hash, size) = Hash32::of_stream(environment.files.open(&path)?)?;
        let sealed = SealedName(hash);
        if named.is_some_and(|name| name != sealed) {
            files.quarantine(&path, "damaged")?;
            found.quarantined = found.quarantined.saturating_add(1);
            continue;
        }
        if let Some(row) = chain.journal().file(sealed)? {
            name_if_needed(files, &path, named, sealed)?;
            files.settle(sealed, row.class)?;
            found.settled.push((sealed, row.class, size));
            continue;
        }
        match look_inside(environment, &path, identities)? {
            Inside::Damaged => {
                files.quarantine(&path, "cut")?;
                found.quarantined = found.quarantined.saturating_add(1);
            }
            inside @ (Inside::Plain { .. } | Inside::NotChecked) => {
                name_if_needed(files, &path, named, sealed)?;
                let photo = enter(environment, chain, sealed, size, inside)?;
                files.settle(sealed, Class::Original)?;
                found.entered.push((photo, sealed, size));
            }
        }
    }
    Ok(found)
}

enum Inside {
    /// Opened to its end.
    Plain {
        sha256: Hash32,
        bytes: u64,
        facts: Box<PhotoFacts>,
    },
    /// No key here opens it.
    NotChecked,
    /// A MAC that does not fit, or a missing end.
    Damaged,
}

fn look_inside(
    environment: &Environment,
    path: &std::path::Path,
    identities: &[&x25519::Identity],
) -> Result<Inside, CaptureError> {
    let (mut hasher, mut reader) = (Hasher::new(), PhotoReader::default());
    let file = environment.files.open(path)?;
    let opened = open_to_end(identities, std::io::BufReader::new(file), &mut |chunk| {
        hasher.update(chunk);
        reader.feed(chunk);
        Ok(())
    });
    match opened {
        // An empty plaintext was never a photo: the shutter's first byte had not come.
        Ok(0) | Err(SealError::Damaged | SealError::Recipients { .. }) => Ok(Inside::Damaged),
        Ok(bytes) => Ok(Inside::Plain {
            sha256: hasher.finish(),
            bytes,
            facts: Box::new(reader.finish()),
        }),
        Err(SealError::NoKey) => Ok(Inside::NotChecked),
        Err(SealError::Io(error)) => Err(error.into()),
    }
}

fn enter(
    environment: &Environment,
    chain: &OwnChain,
    sealed: SealedName,
    sealed_bytes: u64,
    inside: Inside,
) -> Result<SubjectId, StoreError> {
    let subject = SubjectId::new(environment)?;
    let base = Map::new()
        .with(1, sealed)
        .uint(2, sealed_bytes)
        .text(6, PhotoOrigin::Recovered.code());
    let fields = match inside {
        Inside::Plain {
            sha256,
            bytes,
            facts,
        } => {
            let defects = defects(&facts);
            base.with(3, sha256)
                .uint(4, bytes)
                .text(5, facts.format.mime())
                .with(10, facts_map(&facts))
                .array(14, defects.iter().map(|defect| Value::text(defect.code())))
                .uint(15, 1)
        }
        Inside::NotChecked | Inside::Damaged => base.array(14, []).uint(15, 0),
    };
    chain.append_one(Word::create(Kind::Photo, subject, fields))?;
    Ok(subject)
}

fn name_if_needed(
    files: &SealedFiles,
    path: &std::path::Path,
    named: Option<SealedName>,
    sealed: SealedName,
) -> Result<(), StoreError> {
    if named.is_none() {
        files.name_incoming(path, sealed)
    } else {
        Ok(())
    }
}

/// Enters an original that stands at its place without an entry: after the journal was rebuilt from runs.
///
/// # Errors
/// The disk's or the journal's.
pub fn enter_orphan(
    environment: &Environment,
    files: &SealedFiles,
    chain: &OwnChain,
    identities: &[&x25519::Identity],
    sealed: SealedName,
) -> Result<Option<SubjectId>, CaptureError> {
    let Some((path, size, _)) = files.find(sealed)? else {
        return Ok(None);
    };
    match look_inside(environment, &path, identities)? {
        Inside::Damaged => Ok(None),
        inside @ (Inside::Plain { .. } | Inside::NotChecked) => {
            Ok(Some(enter(environment, chain, sealed, size, inside)?))
        }
    }
}
