//! Every bound of the hub, by name; what goes over the wire has its limits in the core's
//! `sync::wire`.

use std::time::Duration;

/// Under this much free space no photo is taken: the phone still has it, a full disk helps nobody.
pub const FLOOR_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Runs are taken down to this part of the floor: they are small and hold the facts.
pub const FLOOR_PART_FOR_RUNS: u64 = 10;
/// Largest sealed file.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// What a device that no person has claimed may store.
pub const UNCLAIMED_QUOTA_BYTES: u64 = 512 * 1024 * 1024;
/// Staging is made durable each time this much was appended, or this long after the last time: what
/// a power cut costs at most.
pub const SYNC_EVERY_BYTES: u64 = 8 * 1024 * 1024;
/// See [`SYNC_EVERY_BYTES`].
pub const SYNC_EVERY_NS: u64 = 2_000_000_000;
/// No byte either way for this long ends a body; a slow link that moves is never cut.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// A connection that sends no request.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(60);
/// TLS handshake.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(20);
/// Connections at once.
pub const CONNECTIONS_MAX: usize = 256;
/// Pieces on their way from a connection to its writer.
pub const PIECES_WAITING_MAX: usize = 16;
/// Body bytes read and thrown away when the answer is known before the body has come.
pub const DRAIN_BYTES_MAX: u64 = 1024 * 1024;
/// A token is good for a day.
pub const TOKEN_MS: i64 = 24 * 60 * 60 * 1000;
/// A hub nonce is good for one session or enrolment within 10 minutes.
pub const NONCE_NS: u64 = 10 * 60 * 1_000_000_000;
/// Hub nonces that are waiting for their session.
pub const NONCES_MAX: usize = 10_000;
/// Devices that the roster does not name.
pub const STRANGERS_MAX: u64 = 10_000;
/// A re-hash is younger than this, or is made again before the hub says "held".
pub const SCRUB_PERIOD_MS: i64 = 24 * 60 * 60 * 1000;
/// How often the oldest re-hashes are made again.
pub const SCRUB_EVERY: Duration = Duration::from_secs(60 * 60);
/// Files re-hashed in one go, before a reply or in one scrub.
pub const REHASH_FILES_MAX: usize = 64;
/// Rows of the journal read at once for a pull.
pub const PULL_ROWS: usize = 512;
/// Reads of the journal for one pull.
pub const PULL_READS_MAX: usize = 16;
/// Segment bytes of one reply, whatever the phone's budget.
pub const PULL_BYTES_MAX: u64 = 1024 * 1024;
/// Receipt bytes of one reply.
pub const RECEIPT_BYTES_MAX: usize = 1024 * 1024;
/// Twins of one entry that are looked at: more is no accident.
pub const TWINS_MAX: usize = 64;
/// A sign-in link is good for one use within this time.
pub const SIGN_IN_NS: u64 = 10 * 60 * 1_000_000_000;
/// A page session lasts a working day.
pub const PAGE_SESSION_NS: u64 = 12 * 60 * 60 * 1_000_000_000;
/// Sign-in links and page sessions at once.
pub const PAGE_SESSIONS_MAX: usize = 100;
