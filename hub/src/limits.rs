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
/// Connections at once, of one listener.
pub const CONNECTIONS_MAX: usize = 256;
/// Of which by strangers, with or without a token: the rest is kept for members.
pub const STRANGER_CONNECTIONS_MAX: usize = 192;
/// Of which by one member: a phone needs two or three, and one phone gone mad must not take all.
pub const MEMBER_CONNECTIONS_MAX: usize = 8;
/// What a connection may move, both ways and with its handshake, before it has shown who it is:
/// hello, enrolment and the largest session request fit.
pub const STRANGER_BYTES_MAX: u64 = 64 * 1024;
/// How long it may take for that.
pub const STRANGER_TIME: Duration = Duration::from_secs(15);
/// What an unclaimed device moves at least, both ways, over each [`UNCLAIMED_WINDOW`].
pub const UNCLAIMED_BYTES_PER_S_MIN: u64 = 512;
/// See [`UNCLAIMED_BYTES_PER_S_MIN`].
pub const UNCLAIMED_WINDOW: Duration = Duration::from_secs(60);
/// Pieces on their way from a connection to its writer.
pub const PIECES_WAITING_MAX: usize = 16;
/// Body bytes read and thrown away when the answer is known before the body has come.
pub const DRAIN_BYTES_MAX: u64 = 1024 * 1024;
/// A token is good for a day.
pub const TOKEN_MS: i64 = 24 * 60 * 60 * 1000;
/// A hub nonce is good for one session or enrolment within 10 minutes.
pub const NONCE_NS: u64 = 10 * 60 * 1_000_000_000;
/// Used hub nonces that are remembered, of members and of strangers each: some 3 MB.
pub const NONCES_USED_MAX: usize = 50_000;
/// A member's ended token is known for this long: it opens the members' room for a session.
pub const TOKEN_KNOWN_MS: i64 = 90 * 24 * 60 * 60 * 1000;
/// Tokens of one member that are remembered; the oldest make room.
pub const MEMBER_TOKENS_MAX: usize = 16;
/// Tokens of devices that the roster does not name; the oldest make room.
pub const STRANGER_TOKENS_MAX: usize = 10_000;
/// Devices that wait to be let in: as many as an operator can look at.
pub const ENROLMENTS_MAX: usize = 20;
/// An enrolment whose nonce is not revealed in this time is forgotten: to drop one and try another
/// is the only way to search for digits, and this makes it slow.
pub const REVEAL_MS: i64 = 60 * 1000;
/// A revealed enrolment waits a day for an operator; then its device asks again.
pub const ENROLMENT_MS: i64 = 24 * 60 * 60 * 1000;
/// Lines that strangers may cause in the audit within an hour.
pub const STRANGER_NOTES_MAX: u32 = 100;
/// Uploads that an unclaimed device may have begun and not finished, and damaged ones of it that are
/// kept: a phone sends one file after the other.
pub const UNCLAIMED_PARTS_MAX: usize = 64;
/// A file of an unclaimed device counts as at least this much: what it takes on a disk.
pub const UNCLAIMED_FILE_BYTES_MIN: u64 = 4096;
/// An unclaimed device leaves this many times the floor free: strangers fill no disk that members
/// need.
pub const UNCLAIMED_FLOOR_TIMES: u64 = 2;
/// A re-hash is younger than this, or is made again before the hub says "stored" or "held": an
/// original may leave a phone on that word (docs/design/wire.md, "held").
pub const HELD_FRESH_MS: i64 = 60 * 60 * 1000;
/// Bytes re-hashed for one hold check; files beyond them are not confirmed this time. Some seconds
/// of a slow disk.
pub const HELD_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// A re-hash older than this is due: an hour before the day that wire.md promises, because it is
/// looked for once an hour.
pub const SCRUB_PERIOD_MS: i64 = 23 * 60 * 60 * 1000;
/// Between two batches of re-hashes, so that phones have the disk most of the time.
pub const SCRUB_PAUSE: Duration = Duration::from_millis(100);
/// How often it is looked for files whose re-hash is due.
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
