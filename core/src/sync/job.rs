//! What a session hands to the platform and tells the app: jobs, and what their replies changed. Values only.

use std::path::PathBuf;

use super::judge::LinkFailure;
use crate::encoding::Hash32;
use crate::journal::{Checkpoint, Entry};
use crate::model::ids::{HubId, SealedName};

/// Which hub, where, and with which TLS keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubTarget {
    /// The hub.
    pub hub: HubId,
    /// `host:port`.
    pub address: String,
    /// SHA-256 of the SPKIs that its server may show.
    pub pins: Vec<Hash32>,
}

/// HTTP method of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
}

/// Body of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobBody {
    /// None.
    Empty,
    /// Bytes at hand.
    Inline(Vec<u8>),
    /// Bytes of a sealed file.
    Slice {
        /// The file.
        path: PathBuf,
        /// From here.
        offset: u64,
        /// So many.
        len: u64,
    },
}

/// One HTTP exchange for the platform to perform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferJob {
    /// Names it in its session: its outcome is reported under this number.
    pub number: u64,
    /// Where to, and the only keys that may answer.
    pub target: HubTarget,
    /// HTTP method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// Headers to set.
    pub headers: Vec<(&'static str, String)>,
    /// Body to send.
    pub body: JobBody,
    /// Read no more of the reply's body than this.
    pub reply_bytes_max: usize,
}

/// What a reply changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncChange {
    /// The six digits to compare with the hub's screen, while the operator has not let this phone in yet.
    Enrolling {
        /// The digits.
        digits: String,
    },
    /// The roster names this device now.
    Admitted,
    /// A newer roster came.
    Roster {
        /// Its version.
        version: u64,
    },
    /// A receipt was checked and kept.
    Receipt,
    /// The hub holds bytes of a file up to here.
    Progress {
        /// The file.
        sealed: SealedName,
        /// Bytes it holds.
        have: u64,
        /// Bytes there are.
        total: u64,
        /// Bytes of this piece that the hub had already.
        resent: u64,
    },
    /// Entries of others came; give them to the journal.
    Pulled(Vec<Pulled>),
    /// The hub began a new epoch, because it was set back to an older copy: its later receipts are void and everything is offered to it again.
    HubRestored,
    /// Something stands in the way; nothing is lost.
    Trouble(Trouble),
}

/// What stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The network answers in the hub's place: it wants a login, or somebody stands between.
    NetworkNeedsLogin,
    /// No reply.
    Link(LinkFailure),
    /// The hub's disk is full; it receipted nothing of this.
    HubFull,
    /// The hub asks to wait or refuses.
    Refused {
        /// The hub's word.
        detail: String,
    },
    /// The hub signed what it cannot have: nothing of it is believed.
    FalseWord {
        /// What was wrong.
        detail: String,
    },
}

/// A verified piece of another device's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// Whose.
    pub spki: Vec<u8>,
    /// In order.
    pub entries: Vec<Entry>,
    /// Covers the last of them.
    pub checkpoint: Checkpoint,
}
