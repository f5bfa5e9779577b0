//! Photos in: by chunks from a camera, whole from a file; and what follows a saved one.

use std::path::Path;
use std::sync::PoisonError;

use super::{Error, FieldStore, Open, PutOff};
use crate::capture::{
    CHUNK_BYTES_MAX, CaptureDraft, CaptureError, CaptureFacts, PhotoCapture, Saved, SavedOutcome,
    make_renditions,
};
use crate::keys::SessionKey;
use crate::model::file_name::FileName;
use crate::record::{RecordError, photo_owner};
use crate::seal::SealError;
use crate::store::{Class, FileRow, close_runs};

/// Longest name that a file system of a phone gives a file: 255 UTF-16 units, three bytes each, and room.
const FILE_NAME_BYTES_MAX: usize = 1024;

/// A name that no file system gives is a mistake of the caller.
fn check_name(name: &FileName) -> Result<(), RecordError> {
    let found = name.as_bytes().len();
    if found <= FILE_NAME_BYTES_MAX && !name.as_bytes().contains(&0) {
        return Ok(());
    }
    let reason = format!("{found} bytes, limit {FILE_NAME_BYTES_MAX}, none of them zero");
    Err(RecordError::Invalid {
        field: "file_name",
        reason,
    })
}

impl FieldStore {
    /// Begins a photo whose bytes come in chunks. The caller keeps them until [`FieldStore::finish_photo`] said "saved".
    ///
    /// # Errors
    /// NOT SAVED: `Locked`, too little room, or the disk's.
    pub fn begin_photo(&self, draft: CaptureDraft) -> Result<PhotoCapture, Error> {
        draft.owner.map_or(Ok(()), photo_owner)?;
        if let Some(name) = &draft.file_name {
            check_name(name)?;
        }
        self.with_open(|open| {
            let recipients = self.recipients(open);
            let environment = &self.config.environment;
            Ok(PhotoCapture::begin(
                environment,
                &self.files,
                &self.reserve,
                &recipients,
                draft,
            )?)
        })
    }

    /// Ends a photo: when this returns, its sealed bytes and its entry are durable. Nothing else was waited for.
    ///
    /// # Errors
    /// NOT SAVED.
    pub fn finish_photo(&self, photo: PhotoCapture, facts: CaptureFacts) -> Result<Saved, Error> {
        self.with_open(|open| {
            let saved = photo.finish(&open.chain, facts)?;
            if saved.outcome == SavedOutcome::New {
                let put_off = PutOff {
                    photo: saved.photo,
                    sealed: saved.sealed,
                    size: saved.sealed_bytes,
                };
                self.put_off
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(put_off);
            }
            Ok(saved)
        })
    }

    /// Takes a file that exists already, read once from beginning to end.
    ///
    /// # Errors
    /// NOT SAVED: not a regular file, empty, it changed while it was read, or as above.
    pub fn import_photo(&self, path: &Path, draft: CaptureDraft) -> Result<Saved, Error> {
        let meta = std::fs::metadata(path).map_err(CaptureError::Source)?;
        if !meta.is_file() {
            let kind = std::io::ErrorKind::InvalidInput;
            let cause = std::io::Error::new(kind, "it is not a regular file");
            return Err(CaptureError::Source(cause).into());
        }
        let source = self.config.environment.files.open(path);
        let mut source = source.map_err(CaptureError::Source)?;
        self.import_from(&mut source, Some(meta.len()), draft)
    }

    /// Takes what a reader gives from here to its end; `expected_len` where its owner knows it.
    ///
    /// # Errors
    /// NOT SAVED: it cannot be read, is empty, has another length, or as [`FieldStore::begin_photo`].
    pub fn import_from(
        &self,
        source: &mut dyn std::io::Read,
        expected_len: Option<u64>,
        draft: CaptureDraft,
    ) -> Result<Saved, Error> {
        let mut capture = self.begin_photo(draft)?;
        let mut buffer = vec![0; CHUNK_BYTES_MAX];
        loop {
            let read = source.read(&mut buffer).map_err(CaptureError::Source)?;
            if read == 0 {
                break;
            }
            capture
                .append(buffer.get(..read).unwrap_or_default())
                .map_err(Error::from)?;
        }
        self.finish_photo(
            capture,
            CaptureFacts {
                expected_len,
                ..CaptureFacts::default()
            },
        )
    }

    /// Does what was put off: files to their places, renditions, the index, the run. Called by the app when the shutter rests.
    ///
    /// # Errors
    /// The first thing that failed; saved photos are safe, and the next call goes on.
    pub fn work_off(&self) -> Result<(), Error> {
        self.work_off_while(&|| true)
    }

    /// As [`FieldStore::work_off`], but begins with no further photo once `go_on` says no: those stay put off, and the next unlock finds them.
    ///
    /// # Errors
    /// As [`FieldStore::work_off`].
    pub fn work_off_while(&self, go_on: &dyn Fn() -> bool) -> Result<(), Error> {
        self.with_open(|open| {
            let first_error = self.follow_up_all(open, go_on);
            self.follow(open)?;
            self.close_runs(open)?;
            self.note_status_changed();
            first_error.map_or(Ok(()), Err)
        })
    }

    /// One photo after the other, by one thread at a time; each stays on the list until it is done, so that the status counts it.
    fn follow_up_all(&self, open: &Open, go_on: &dyn Fn() -> bool) -> Option<Error> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let put_off = || self.put_off.lock().unwrap_or_else(PoisonError::into_inner);
        let todo = put_off().clone();
        let mut first_error = None;
        for next in todo {
            if !go_on() {
                break;
            }
            match self.follow_up(open, &next) {
                Ok(()) => put_off().retain(|other| other.sealed != next.sealed),
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        first_error
    }

    /// Photos whose renditions an interruption, or the lack of a key, prevented: they are tried again with what is put off.
    pub(super) fn queue_missing_renditions(&self, open: &Open) -> Result<(), Error> {
        let mut put_off = self.put_off.lock().unwrap_or_else(PoisonError::into_inner);
        put_off.clear();
        for photo in open.index().photos_without_renditions()? {
            let files = open.chain.journal().files_of_photo(photo)?;
            let is_own =
                |row: &FileRow| row.class == Class::Original && row.device == open.chain.device();
            for row in files.into_iter().filter(is_own) {
                if self.files.find(row.sealed)?.is_none() {
                    continue;
                }
                let (sealed, size) = (row.sealed, row.size);
                put_off.push(PutOff {
                    photo,
                    sealed,
                    size,
                });
            }
        }
        Ok(())
    }

    fn follow_up(&self, open: &Open, saved: &PutOff) -> Result<(), Error> {
        let steps = &self.config.environment.steps;
        steps.reached("after: settle");
        self.files.settle(saved.sealed, Class::Original)?;
        steps.reached("after: offer");
        self.transfer()
            .add_file(saved.sealed, Class::Original, saved.size, self.now_ms())?;
        let sessions = open.sessions();
        if sessions.is_empty() {
            // Before the start of work nothing here can open a picture: its renditions are made where it can be opened.
            return Ok(());
        }
        steps.reached("after: renditions");
        let identities: Vec<_> = sessions.iter().map(SessionKey::identity).collect();
        let recipients = self.recipients(open);
        let environment = &self.config.environment;
        let made = make_renditions(
            environment,
            &self.files,
            &open.chain,
            &identities,
            &recipients,
            saved.photo,
            saved.sealed,
        );
        let report = match made {
            // Taken before the start of work, as above.
            Err(CaptureError::Seal(SealError::NoKey)) => return Ok(()),
            made => made?,
        };
        for (sealed, class, size) in report.files {
            // Noted before it stands at its place, so that it is never taken for a photo whose entry was lost.
            self.transfer()
                .add_file(sealed, class, size, self.now_ms())?;
            self.files.settle(sealed, class)?;
        }
        Ok(())
    }

    pub(super) fn close_runs(&self, open: &Open) -> Result<(), Error> {
        self.config.environment.steps.reached("after: run");
        let recipients = self.recipients(open);
        let closed = close_runs(&open.chain, &self.files, &*self.config.vault, &recipients)?;
        for run in closed {
            let transfer = self.transfer();
            transfer.add_file(run.sealed, Class::Run, run.size, self.now_ms())?;
            transfer.set_guard(run.seq, run.entry_id)?;
        }
        Ok(())
    }
}
