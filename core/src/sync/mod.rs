//! From sealed file to signed receipt: what to send, what a reply means, when something is safe.
//!
//! Rust decides, the platform performs: nothing here opens a socket. Owns transfer.db, the wire messages of both ends, the pure planner and judge, and the
//! free-space rule. Invariant: "safe" comes only from a receipt whose signature, hub and organisation were checked.

mod desk;
mod free_space;
mod holding;
mod job;
mod judge;
mod plan;
mod pull;
mod receipt_index;
mod transfer_db;
pub mod wire;

pub use desk::{DeskError, DeskStart, Hands, SyncDesk};
pub use free_space::{FreeingFacts, HeldNow, Missing, missing_for_freeing};
pub use holding::{Counts, Holding, Waiting};
pub use job::{HubTarget, JobBody, Method, Pulled, SyncChange, TransferJob, Trouble};
pub use judge::{LinkFailure, TransferOutcome, Verdict, judge};
pub use plan::{
    Backlog, FLIGHT_MAX, FRUITLESS_MAX, Link, LinkCost, PIECE_BYTES_MAX, PIECE_BYTES_MIN, Pace,
    Step, plan,
};
pub use receipt_index::{Found, Upto};
pub use transfer_db::{Enrolling, HubState, TransferDb};
