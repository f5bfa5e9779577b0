//! Photos and renditions: opened to their end once their introducing entry is known, and compared
//! with what that entry says.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use imena_core::encoding::hash::Hasher;
use imena_core::journal::ReceiptLine;
use imena_core::model::ids::SealedName;
use imena_core::seal::{SealError, open_to_end};
use imena_core::store::FileRow;

use crate::error::HubError;
use crate::hub::Inner;
use crate::truth::{Mark, Opened};

impl Inner {
    /// Opens a stored file to its end and receipts the hash of its plaintext; rests until an entry
    /// introduces it.
    pub(super) fn open_file(self: &Arc<Self>, sealed: SealedName) -> Result<(), HubError> {
        let Some(row) = self.truth.file(sealed)? else {
            return Ok(());
        };
        if !matches!(row.opened, Opened::NotYet | Opened::NoKey) {
            return Ok(());
        }
        // The lock is held only to look it up: opening an original takes long, and pages and pulls
        // go on meanwhile.
        let (identity, introduced) = match self.chain.open().as_ref() {
            Some(open) => (open.identity.clone(), open.journal.introductions(sealed)?),
            None => return Ok(()),
        };
        if introduced.is_empty() {
            return Ok(());
        }
        let mut hasher = Hasher::new();
        let file = match self.objects.open_file(sealed) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.verify(&row)?;
                return Ok(());
            }
            opened => opened?,
        };
        let mut file = Hashing {
            file: BufReader::new(file),
            hasher: Hasher::new(),
        };
        let opened = open_to_end(&[&identity], &mut file, &mut |chunk| {
            hasher.update(chunk);
            Ok(())
        });
        io::copy(&mut file, &mut io::sink())?;
        if file.hasher.finish() != sealed.0 {
            // Rotten here, not when it came: its receipt is taken back.
            self.verify(&row)?;
            return Ok(());
        }
        let sha256 = hasher.finish();
        // One entry that is right is enough: another one that is wrong must not make a good file bad.
        let is_meant = |row: &&FileRow| row.sha256.is_none_or(|expected| expected == sha256);
        let meant = introduced.iter().find(is_meant);
        match (opened, meant) {
            (Ok(_), Some(row)) => {
                let listed = row.recipients;
                if let Some(listed) = listed.and_then(|count| usize::try_from(count).ok()) {
                    self.name_unlisted_recipients(sealed, listed)?;
                }
                let line = ReceiptLine::File {
                    sealed,
                    size: row.size,
                    sha256: Some(sha256),
                };
                self.receipt(&[], &[sealed], vec![line])?;
                Ok(())
            }
            (Ok(_), None) => {
                self.audit(
                    "a stored file opens to other bytes than its entry says",
                    sealed.0,
                );
                self.truth.mark(sealed, Mark::Opened(Opened::Damaged))
            }
            (Err(SealError::NoKey), _) => {
                if row.opened != Opened::NoKey {
                    self.audit("a stored file is sealed to other keys", sealed.0);
                }
                self.truth.mark(sealed, Mark::Opened(Opened::NoKey))
            }
            (Err(SealError::Damaged | SealError::Recipients { .. }), _) => {
                self.audit(
                    "a stored file does not open: damaged before it came here",
                    sealed.0,
                );
                self.truth.mark(sealed, Mark::Opened(Opened::Damaged))
            }
            (Err(SealError::Io(error)), _) => Err(error.into()),
        }
    }
}

/// Hashes the sealed bytes as they are read, so that a receipt is about the file of that name.
struct Hashing {
    file: BufReader<std::fs::File>,
    hasher: Hasher,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hasher.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
