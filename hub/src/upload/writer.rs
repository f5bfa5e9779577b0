//! The writer of one staging file: appends in order, makes durable every so often, and finishes
//! when the length is reached.
//!
//! Runs on a blocking thread of its own. Invariant: bytes of a connection that was taken over are
//! not written; after an error the file ends where the last good write ended.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{Command, Finished, Key, Outcome, Plan};
use crate::error::HubError;
use crate::hub::Inner;
use crate::limits::{SYNC_EVERY_BYTES, SYNC_EVERY_NS};
use crate::truth;

pub(super) struct Writer {
    inner: Arc<Inner>,
    key: Key,
    path: PathBuf,
    file: Option<File>,
    have: u64,
    unsynced: u64,
    /// When staging was last made durable, by the monotonic clock.
    synced_ns: u64,
    current: Option<Current>,
    stored: Option<Vec<u8>>,
}

struct Current {
    connection: u64,
    plan: Plan,
    /// Bytes of this connection that the hub has already.
    overlap: u64,
    failed: Option<HubError>,
    /// Dropped on take-over: the old connection hears it.
    _closed: oneshot::Sender<()>,
}

impl Writer {
    pub fn new(inner: Arc<Inner>, key: Key) -> Self {
        let path = inner.objects.staging(key.sealed, key.device);
        let (file, current, stored) = (None, None, None);
        let synced_ns = inner.environment.clock.now().mono_ns;
        Self {
            inner,
            key,
            path,
            file,
            have: 0,
            unsynced: 0,
            synced_ns,
            current,
            stored,
        }
    }

    pub fn run(mut self, mut receiver: mpsc::Receiver<Command>) {
        while let Some(command) = receiver.blocking_recv() {
            match command {
                Command::Begin {
                    connection,
                    plan,
                    closed,
                    reply,
                } => {
                    // A caller that is gone has dropped its end: there is nobody to answer.
                    let _ = reply.send(self.begin(connection, plan, closed));
                }
                Command::Piece { connection, bytes } => self.piece(connection, &bytes),
                Command::End { connection, reply } => {
                    let _ = reply.send(self.end(connection));
                }
                Command::Abandon { connection } => {
                    if let Err(error) = self.end(connection) {
                        tracing::error!(%error, file = %self.key.sealed, "upload not finished");
                    }
                }
            }
            let inner = Arc::clone(&self.inner);
            if self.current.is_none() && inner.uploads.retire(self.key, &mut receiver) {
                return;
            }
        }
    }

    fn begin(
        &mut self,
        connection: u64,
        plan: Plan,
        closed: oneshot::Sender<()>,
    ) -> Result<Option<Outcome>, HubError> {
        self.current = None;
        if let Some(receipt) = self.inner.stored_receipt(self.key.sealed)? {
            self.file = None;
            if truth::len(&self.path)?.is_some() {
                self.inner.forget_upload(&self.path, self.key)?;
            }
            return Ok(Some(Outcome::Stored(receipt)));
        }
        self.inner.check_space(self.key, &plan)?;
        if self.file.is_none() {
            self.file = Some(truth::open_staging(&self.path)?);
            self.have = truth::len(&self.path)?.unwrap_or_default();
        }
        if self.have > plan.length {
            // Longer than it may be: whatever these bytes are, they are not this file.
            self.set_aside("upload was longer than its length")?;
            self.file = Some(truth::open_staging(&self.path)?);
        }
        if self.have == plan.length {
            self.finish(plan).map(Some)
        } else if plan.offset > self.have {
            self.drop_if_empty()?;
            Ok(Some(Outcome::Have(self.have)))
        } else {
            let overlap = self.have.saturating_sub(plan.offset);
            let (failed, _closed) = (None, closed);
            self.current = Some(Current {
                connection,
                plan,
                overlap,
                failed,
                _closed,
            });
            Ok(None)
        }
    }

    fn piece(&mut self, connection: u64, bytes: &Bytes) {
        let Some(current) = self.current.as_mut().filter(|c| c.connection == connection) else {
            return;
        };
        if current.failed.is_some() {
            return;
        }
        let known = current.overlap.min(bytes.len() as u64);
        current.overlap = current.overlap.saturating_sub(known);
        let room = current.plan.length.saturating_sub(self.have);
        let new = bytes
            .get(usize::try_from(known).unwrap_or(usize::MAX)..)
            .unwrap_or_default();
        let take = usize::try_from(room).unwrap_or(usize::MAX).min(new.len());
        let failed = self.append(new.get(..take).unwrap_or_default()).err();
        if let Some(current) = self.current.as_mut() {
            current.failed = failed;
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        let Some(file) = self.file.as_mut() else {
            return Err(HubError::TaskEnded);
        };
        if let Err(error) = file.write_all(bytes) {
            // What was half written is cut off, so that `have` stays true; if even that fails, the
            // re-hash will find it.
            let _ = file.set_len(self.have);
            return Err(error.into());
        }
        self.have = self.have.saturating_add(bytes.len() as u64);
        self.unsynced = self.unsynced.saturating_add(bytes.len() as u64);
        let since_ns = self.mono_ns().saturating_sub(self.synced_ns);
        if self.unsynced >= SYNC_EVERY_BYTES || since_ns >= SYNC_EVERY_NS {
            self.sync()?;
            // Others are sending too: what was free when this upload began may be gone.
            if let Some(current) = &self.current {
                self.inner.check_floor(self.key, &current.plan, 0)?;
            }
        }
        Ok(())
    }

    /// Keeps no file for an upload that brought nothing.
    fn drop_if_empty(&mut self) -> Result<(), HubError> {
        if self.have == 0 {
            self.file = None;
            self.inner.forget_upload(&self.path, self.key)?;
        }
        Ok(())
    }

    fn mono_ns(&self) -> u64 {
        self.inner.environment.clock.now().mono_ns
    }

    /// A failed fsync is final for these bytes: the kernel may have dropped them and would call the
    /// next one a success.
    fn sync(&mut self) -> Result<(), HubError> {
        self.unsynced = 0;
        self.synced_ns = self.mono_ns();
        let synced = self.file.as_ref().map_or(Ok(()), File::sync_data);
        if let Err(error) = synced {
            self.set_aside("staging could not be made durable")?;
            return Err(error.into());
        }
        Ok(())
    }

    fn end(&mut self, connection: u64) -> Result<Outcome, HubError> {
        if self
            .current
            .as_ref()
            .is_none_or(|current| current.connection != connection)
        {
            // Taken over: the other connection goes on, this one is told how far things are.
            return Ok(match &self.stored {
                Some(receipt) => Outcome::Stored(receipt.clone()),
                None => Outcome::Have(self.have),
            });
        }
        let Some(current) = self.current.take() else {
            return Ok(Outcome::Have(self.have));
        };
        if let Some(error) = current.failed {
            self.drop_if_empty()?;
            return Err(error);
        }
        if self.have == current.plan.length {
            return self.finish(current.plan);
        }
        self.sync()?;
        self.drop_if_empty()?;
        Ok(Outcome::Have(self.have))
    }

    fn finish(&mut self, plan: Plan) -> Result<Outcome, HubError> {
        self.file = None;
        let finished = self.inner.finish(&self.path, self.key, plan.class)?;
        self.have = 0;
        match finished {
            Finished::Stored(receipt) => {
                self.stored = Some(receipt.clone());
                Ok(Outcome::Stored(receipt))
            }
            Finished::Damaged => Ok(Outcome::Have(0)),
        }
    }

    fn set_aside(&mut self, why: &str) -> Result<(), HubError> {
        self.file = None;
        self.have = 0;
        self.inner.set_upload_aside(&self.path, self.key, why)
    }
}
