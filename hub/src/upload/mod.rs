//! Uploads: one writer per (file, device) owns its staging file; connections hand it bytes and come
//! and go.
//!
//! Owns who writes and take-over. Does not touch the disk itself (`writer`, `finish`). Invariant:
//! there is never more than one writer of a staging file; a dropped connection loses no byte that
//! it handed over.

mod commit;
mod finish;
mod spent;
mod writer;

pub(crate) use finish::Finished;
pub(crate) use spent::{Quota, Spent};

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use imena_core::model::ids::{DeviceId, SealedName};
use imena_core::store::Class;
use tokio::sync::{mpsc, oneshot};

use crate::error::{HubError, lock};
use crate::hub::Inner;
use crate::limits::PIECES_WAITING_MAX;
use writer::Writer;

/// A writer may end just when it is asked; more often than this in a row is a fault.
const BEGIN_TRIES: usize = 8;

/// Whose upload of which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub sealed: SealedName,
    pub device: DeviceId,
}

/// What a connection says about the bytes it brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub offset: u64,
    pub length: u64,
    pub class: Option<Class>,
}

/// What the hub has after a connection ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// This much; send the rest from there.
    Have(u64),
    /// Everything, durable and receipted.
    Stored(Vec<u8>),
}

/// What a connection may do after it said what it brings.
pub(crate) enum Begun {
    /// Hand over bytes.
    Go(Connection),
    /// Nothing: the answer is known.
    Answer(Outcome),
}

pub(super) enum Command {
    Begin {
        connection: u64,
        plan: Plan,
        closed: oneshot::Sender<()>,
        reply: oneshot::Sender<Result<Option<Outcome>, HubError>>,
    },
    Piece {
        connection: u64,
        bytes: Bytes,
    },
    End {
        connection: u64,
        reply: oneshot::Sender<Result<Outcome, HubError>>,
    },
    Abandon {
        connection: u64,
    },
}

/// The writers at work.
#[derive(Default)]
pub(crate) struct Uploads {
    writers: Mutex<BTreeMap<Key, mpsc::Sender<Command>>>,
    connections: AtomicU64,
    commits: commit::Commits,
    /// What lies unfinished or damaged, by device.
    pub spent: Spent,
}

/// One connection's hold on a writer.
pub(crate) struct Connection {
    number: u64,
    sender: Option<mpsc::Sender<Command>>,
    /// Told when another connection took over.
    pub closed: oneshot::Receiver<()>,
}

impl Uploads {
    /// Takes the file over from whatever connection had it.
    pub async fn begin(inner: &Arc<Inner>, key: Key, plan: Plan) -> Result<Begun, HubError> {
        let number = inner.uploads.connections.fetch_add(1, Ordering::Relaxed);
        for _ in 0..BEGIN_TRIES {
            let sender = inner.uploads.writer(inner, key);
            let (closed_sender, closed) = oneshot::channel();
            let (reply, answer) = oneshot::channel();
            let begin = Command::Begin {
                connection: number,
                plan,
                closed: closed_sender,
                reply,
            };
            if sender.send(begin).await.is_err() {
                // The writer ended between our finding and our asking: the next one goes on from
                // its staging file.
                inner.uploads.forget_ended(key);
                continue;
            }
            match answer.await {
                Ok(Ok(Some(outcome))) => return Ok(Begun::Answer(outcome)),
                Ok(Ok(None)) => {
                    return Ok(Begun::Go(Connection {
                        number,
                        sender: Some(sender),
                        closed,
                    }));
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => inner.uploads.forget_ended(key),
            }
        }
        Err(HubError::TaskEnded)
    }

    fn writer(&self, inner: &Arc<Inner>, key: Key) -> mpsc::Sender<Command> {
        let mut writers = lock(&self.writers);
        if let Some(sender) = writers.get(&key).filter(|sender| !sender.is_closed()) {
            return sender.clone();
        }
        let (sender, receiver) = mpsc::channel(PIECES_WAITING_MAX);
        writers.insert(key, sender.clone());
        let writer = Writer::new(Arc::clone(inner), key);
        tokio::task::spawn_blocking(move || writer.run(receiver));
        sender
    }

    /// Lets a writer go if nobody has asked it for more; `false` if somebody has.
    pub(super) fn retire(&self, key: Key, receiver: &mut mpsc::Receiver<Command>) -> bool {
        let mut writers = lock(&self.writers);
        if !receiver.is_empty() {
            return false;
        }
        // What slips in between is not answered, and its sender asks again.
        receiver.close();
        writers.remove(&key);
        true
    }

    fn forget_ended(&self, key: Key) {
        let mut writers = lock(&self.writers);
        if writers.get(&key).is_some_and(mpsc::Sender::is_closed) {
            writers.remove(&key);
        }
    }
}

impl Connection {
    /// Hands bytes over; they are the writer's from then on.
    pub async fn piece(&self, bytes: Bytes) -> Result<(), HubError> {
        let sender = self.sender.as_ref().ok_or(HubError::TaskEnded)?;
        let piece = Command::Piece {
            connection: self.number,
            bytes,
        };
        sender.send(piece).await.map_err(|_| HubError::TaskEnded)
    }

    /// Says that this connection brings no more, and asks what the hub has.
    pub async fn end(mut self) -> Result<Outcome, HubError> {
        let sender = self.sender.take().ok_or(HubError::TaskEnded)?;
        let (reply, answer) = oneshot::channel();
        let end = Command::End {
            connection: self.number,
            reply,
        };
        sender.send(end).await.map_err(|_| HubError::TaskEnded)?;
        answer.await.map_err(|_| HubError::TaskEnded)?
    }
}

impl Drop for Connection {
    /// The server drops a request whose client is gone: the writer is told, so that it makes
    /// durable what came.
    fn drop(&mut self) {
        let Some(sender) = self.sender.take() else {
            return;
        };
        let abandon = Command::Abandon {
            connection: self.number,
        };
        if let Err(mpsc::error::TrySendError::Full(abandon)) = sender.try_send(abandon)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                // The writer may have ended: then there is nobody to tell.
                let _ = sender.send(abandon).await;
            });
        }
    }
}
