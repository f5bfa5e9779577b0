//! The sizes that bound everything that is hashed, signed or sent; docs/design/formats.md §1 gives the reasons beside the numbers.

/// Header of an entry: kept for ever, also when its body was lawfully erased.
pub const HEADER_BYTES_MAX: usize = 2 * 1024;
/// Parents of one entry: more open values than this are resolved in two steps.
pub const PARENTS_MAX: usize = 32;
/// Body of an entry: anything larger is a file.
pub const BODY_BYTES_MAX: usize = 16 * 1024;
/// Body before its padding: with the most that padding adds, 72 bytes, it still fits.
pub const UNPADDED_BODY_BYTES_MAX: usize = BODY_BYTES_MAX - 72;
/// Plaintext of a run: one upload that fits a bad link, one allocation.
pub const RUN_BYTES_MAX: usize = 256 * 1024;
/// A run is closed before its plaintext passes this, so that its checkpoint still fits.
pub const RUN_BYTES_CLOSE_AT: usize = 240 * 1024;
/// A run is closed at this many entries: one signature covers them.
pub const RUN_ENTRIES_MAX: usize = 64;
/// A sealed run: plaintext that did not shrink, gzip's and age's frames and 10 recipients.
pub const SEALED_RUN_BYTES_MAX: usize = RUN_BYTES_MAX + 8 * 1024;
/// Lines of one receipt.
pub const RECEIPT_LINES_MAX: usize = 500;
/// Recipients of one sealed file: the organisation, the own session and eight team-mates.
pub const RECIPIENTS_MAX: usize = 10;
/// A signed message (checkpoint, receipt, roster) as a whole; a roster of 500 devices fits.
pub const SIGNED_BYTES_MAX: usize = 256 * 1024;
/// Nesting of a CBOR value: our deepest structure uses 6.
pub const CBOR_DEPTH_MAX: usize = 16;
