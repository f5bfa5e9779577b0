//! Who sits at the hub: a place for each connection, in the room of strangers or of members.
//!
//! Owns places, who has to give one up, and how long a connection may stay. Does not read requests:
//! the routes say when somebody has shown who they are. Invariant: nobody is let wait for a place,
//! and no stranger ever takes one from a member.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use imena_core::model::ids::DeviceId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

use crate::error::lock;
use crate::limits::{
    CONNECTIONS_MAX, IDLE_TIMEOUT, MEMBER_CONNECTIONS_MAX, STRANGER_BYTES_MAX,
    STRANGER_CONNECTIONS_MAX, STRANGER_TIME, UNCLAIMED_BYTES_PER_S_MIN, UNCLAIMED_WINDOW,
};

/// What a connection has shown so far; it only ever rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// Nothing.
    Stranger,
    /// A token of a device that the roster does not name: it may send, but not dawdle.
    Unclaimed,
    /// A token or a session of a device in the roster; or, on the page, the operator's pass.
    Member(Option<DeviceId>),
    /// The place is given to somebody else.
    Out,
}

/// How long strangers may stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From the first byte of the handshake until a connection has shown who it is.
    pub stranger: Duration,
    /// An unclaimed device must have moved its bytes each time this has passed.
    pub unclaimed: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            stranger: STRANGER_TIME,
            unclaimed: UNCLAIMED_WINDOW,
        }
    }
}

/// All places of one listener.
pub(crate) struct Rooms {
    patience: Patience,
    places: Mutex<BTreeMap<u64, Arc<Place>>>,
    entered: AtomicU64,
}

/// What is known of one connection.
pub(crate) struct Place {
    number: u64,
    since: Instant,
    /// Bytes of the socket, both ways.
    moved: AtomicU64,
    standing: watch::Sender<Standing>,
}

/// A connection's hold on its place; dropping it frees the place.
#[derive(Clone)]
pub(crate) struct Seat {
    held: Arc<Held>,
}

struct Held {
    rooms: Arc<Rooms>,
    place: Arc<Place>,
}

impl Rooms {
    pub fn new(patience: Patience) -> Self {
        Self {
            patience,
            places: Mutex::default(),
            entered: AtomicU64::default(),
        }
    }

    /// Gives a place to a new connection; the oldest stranger makes room. `None` if all places are
    /// members'.
    pub fn enter(self: &Arc<Self>) -> Option<Seat> {
        let mut places = lock(&self.places);
        let strangers = places.values().filter(|place| !place.is_member()).count();
        if strangers >= STRANGER_CONNECTIONS_MAX || places.len() >= CONNECTIONS_MAX {
            // Who has a token comes after those who have not; both by age.
            let leaves = places
                .values()
                .filter(|place| !place.is_member())
                .min_by_key(|place| (place.standing(), place.number))?;
            let leaves = Arc::clone(leaves);
            turn_out(&mut places, &leaves);
        }
        let number = self.entered.fetch_add(1, Ordering::Relaxed);
        let place = Arc::new(Place {
            number,
            since: Instant::now(),
            moved: AtomicU64::new(0),
            standing: watch::Sender::new(Standing::Stranger),
        });
        places.insert(number, Arc::clone(&place));
        drop(places);
        let rooms = Arc::clone(self);
        Some(Seat {
            held: Arc::new(Held { rooms, place }),
        })
    }
}

impl Place {
    fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    fn is_member(&self) -> bool {
        matches!(self.standing(), Standing::Member(_))
    }

    /// Counts bytes; an error once a stranger has moved too many.
    fn moved(&self, bytes: usize) -> io::Result<()> {
        let bytes = bytes as u64;
        let before = self.moved.fetch_add(bytes, Ordering::Relaxed);
        let is_over = before.saturating_add(bytes) > STRANGER_BYTES_MAX;
        if is_over && self.standing() == Standing::Stranger {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        Ok(())
    }
}

impl Seat {
    /// Notes what the connection has shown. One device has a bounded number of places; its oldest
    /// connection makes room.
    pub fn rise(&self, shown: Standing) {
        let place = &self.held.place;
        let has_risen = place.standing.send_if_modified(|standing| {
            let rises = shown > *standing;
            if rises {
                *standing = shown;
            }
            rises
        });
        if !has_risen || !matches!(shown, Standing::Member(Some(_))) {
            return;
        }
        let mut places = lock(&self.held.rooms.places);
        let own: Vec<Arc<Place>> = places
            .values()
            .filter(|place| place.standing() == shown)
            .cloned()
            .collect();
        let over = own.len().saturating_sub(MEMBER_CONNECTIONS_MAX);
        for oldest in own.iter().take(over) {
            turn_out(&mut places, oldest);
        }
    }

    /// Ends when the connection has to go: its place was given away, a stranger's time is over, or an
    /// unclaimed device dawdles.
    pub async fn has_to_go(&self) {
        let (place, patience) = (&self.held.place, self.held.rooms.patience);
        let mut standing = place.standing.subscribe();
        loop {
            let now = *standing.borrow_and_update();
            let before = place.moved.load(Ordering::Relaxed);
            let until = match now {
                Standing::Out => return,
                Standing::Stranger => place.since.checked_add(patience.stranger),
                Standing::Unclaimed => Instant::now().checked_add(patience.unclaimed),
                Standing::Member(_) => None,
            };
            let is_over = tokio::select! {
                changed = standing.changed() => changed.is_err(),
                () = wait_until(until) => true,
            };
            let moved = place.moved.load(Ordering::Relaxed).saturating_sub(before);
            let least = UNCLAIMED_BYTES_PER_S_MIN.saturating_mul(patience.unclaimed.as_secs());
            let is_busy = now == Standing::Unclaimed && moved >= least;
            if is_over && !is_busy {
                return;
            }
        }
    }

    /// Wraps the socket of this connection.
    pub fn guard<S>(&self, inner: S) -> Guarded<S> {
        Guarded {
            inner,
            place: Arc::clone(&self.held.place),
            stalled: None,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        lock(&self.rooms.places).remove(&self.place.number);
    }
}

fn turn_out(places: &mut BTreeMap<u64, Arc<Place>>, place: &Place) {
    places.remove(&place.number);
    place.standing.send_replace(Standing::Out);
}

async fn wait_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// A socket that counts what it moves and ends when the other side takes no byte for
/// [`IDLE_TIMEOUT`]. Silent senders are noticed where heads and bodies are read.
pub(crate) struct Guarded<S> {
    inner: S,
    place: Arc<Place>,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        let read = buffer.filled().len().saturating_sub(before);
        match polled {
            Poll::Ready(Ok(())) => Poll::Ready(self.place.moved(read)),
            Poll::Ready(Err(_)) | Poll::Pending => polled,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.inner).poll_write(context, bytes) {
            Poll::Ready(written) => {
                self.stalled = None;
                let written = written?;
                Poll::Ready(self.place.moved(written).map(|()| written))
            }
            Poll::Pending => {
                let stalled = self
                    .stalled
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep(IDLE_TIMEOUT)));
                let timed_out = |()| Err(io::ErrorKind::TimedOut.into());
                stalled.as_mut().poll(context).map(timed_out)
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
