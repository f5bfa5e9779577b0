//! The messages of both ends of docs/design/wire.md, as structs that encode and decode themselves.
//!
//! Owns their keys, limits and which of them are signed by whom. Does not send, plan or store.
//! Invariant: what decodes was within every limit, and what is signed is handed out only after its
//! signature, organisation and hub were checked.

mod enroll;
mod error;
mod files;
mod hello;
mod session;
mod sync;
#[cfg(test)]
mod tests;

pub use enroll::{EnrollReply, EnrollRequest, RevealRequest, commitment};
pub use error::{ErrorCode, ErrorReply};
pub use files::PutReply;
pub use hello::{Hello, Limits};
pub use session::{OwnHead, SessionReply, SessionRequest, TokenState};
pub use sync::{FileState, Held, HoldCheck, LastSeen, Offer, Segment, SyncReply, SyncRequest};

use thiserror::Error;

use crate::encoding::signature::Algorithm;
use crate::encoding::{
    CoseError, DecodeError, Map, PublicKey, SignatureError, Signed, Value, What,
};
use crate::model::ids::{HubId, OrgId};

/// The protocol that this program speaks.
pub const PROTOCOL: u64 = 1;
/// Type of every body under `/v1`; anything else is not the hub's.
pub const CONTENT_TYPE: &str = "application/cbor";
/// Scheme of the `Authorization` header; the token follows in hexadecimal digits.
pub const TOKEN_SCHEME: &str = "Imena";
/// Header: where the bytes of a PUT begin.
pub const UPLOAD_OFFSET: &str = "upload-offset";
/// Header: how long the whole file is.
pub const UPLOAD_LENGTH: &str = "upload-length";
/// Header: the class of the file, see `store::Class`.
pub const UPLOAD_CLASS: &str = "upload-class";
/// Header of a HEAD reply: bytes that the hub has.
pub const HAVE: &str = "have";
/// Header of a HEAD reply: 1 once the file is stored.
pub const STORED: &str = "stored";
/// Files named in one sync request.
pub const OFFERS_MAX: usize = 200;
/// Runs that travel inside one sync request.
pub const INLINE_RUNS_MAX: usize = 4;
/// Their bytes together.
pub const INLINE_BYTES_MAX: usize = 512 * 1024;
/// Files named in one hold check.
pub const HOLD_CHECK_MAX: usize = 200;
/// Largest piece a phone should send in one PUT: what a cut costs at most.
pub const PIECE_BYTES_MAX: u64 = 1024 * 1024;
/// An enrolment, a hello or a reply to one of them as a whole.
pub const SMALL_MESSAGE_BYTES_MAX: usize = 8 * 1024;
/// A session request: it carries one receipt, of up to 500 lines of some 80 bytes. With handshake and
/// hello it stays within the 64 KiB that a hub lets a stranger send and read.
pub const SESSION_BYTES_MAX: usize = 48 * 1024;
/// A sync request, unpacked: the inline runs, the offers and room to spare.
pub const SYNC_REQUEST_BYTES_MAX: usize = 768 * 1024;
/// A sync reply, unpacked: segments, receipts, a roster.
pub const SYNC_REPLY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// An enrol reply carries a roster.
pub const ENROLL_REPLY_BYTES_MAX: usize = 320 * 1024;
/// Receipts of one sync reply; more follow in the next.
pub const RECEIPTS_MAX: usize = 256;
/// Segments of one sync reply; more follow in the next.
pub const SEGMENTS_MAX: usize = 256;
/// Entries of one segment: a run and the headers up to its checkpoint.
pub const SEGMENT_ENTRIES_MAX: usize = 512;
/// A cursor: opaque to the phone.
pub const CURSOR_BYTES_MAX: usize = 128;
/// A device's name, as its owner typed it.
pub const NAME_CHARS_MAX: usize = 100;
/// An SPKI of the keys in use is under 100 bytes.
pub const SPKI_BYTES_MAX: usize = 256;

/// A random value that makes an answer fresh.
pub type Nonce = [u8; 32];

/// Why a message was not believed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WireError {
    /// Not in the one spelling, or over a limit.
    #[error("message: {0}")]
    Decode(#[from] DecodeError),
    /// Not signed by whom it should be.
    #[error("message: {0}")]
    Cose(#[from] CoseError),
    /// For another organisation, hub or question.
    #[error("message of another {what}")]
    Other {
        /// What differs.
        what: &'static str,
    },
}

impl From<SignatureError> for WireError {
    fn from(error: SignatureError) -> Self {
        Self::Cose(error.into())
    }
}

fn bytes32(value: &Value) -> Option<Nonce> {
    value.as_bytes()?.try_into().ok()
}

fn bytes16(value: &Value) -> Option<[u8; 16]> {
    value.as_bytes()?.try_into().ok()
}

fn owned(value: &Value) -> Option<Vec<u8>> {
    value.as_bytes().map(<[u8]>::to_vec)
}

fn flag(value: &Value) -> Option<bool> {
    match value.as_uint()? {
        0 => Some(false),
        1 => Some(true),
        2.. => None,
    }
}

fn name(value: &Value) -> Option<String> {
    let text = value.as_text()?;
    (text.chars().count() <= NAME_CHARS_MAX).then(|| text.to_owned())
}

fn spki(value: &Value) -> Option<Vec<u8>> {
    owned(value).filter(|der| der.len() <= SPKI_BYTES_MAX)
}

fn limited<'a, T>(
    map: &'a Map,
    key: u64,
    what: &'static str,
    limit: usize,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Result<Vec<T>, DecodeError> {
    let found = map.need(key, Value::as_array)?.len();
    if found > limit {
        return Err(DecodeError::TooLarge { what, found, limit });
    }
    map.list(key, read)
}

/// Opens what a device signed for one hub; its key stands at `spki_key`.
fn open_of_device(
    bytes: &[u8],
    what: What,
    (org, hub): (OrgId, HubId),
    spki_key: u64,
) -> Result<(PublicKey, Map), WireError> {
    let (key, map) = open_with_own_key(bytes, what, org, spki_key, Algorithm::Es256)?;
    if map.need(2, HubId::from_value)? != hub {
        return Err(WireError::Other { what: "hub" });
    }
    Ok((key, map))
}

/// Opens a message that carries the key it was signed with; the caller has checked its length and
/// decides whether it knows that key.
fn open_with_own_key(
    bytes: &[u8],
    what: What,
    org: OrgId,
    spki_key: u64,
    algorithm: Algorithm,
) -> Result<(PublicKey, Map), WireError> {
    let signed = Signed::parse(bytes, what)?;
    let claimed = Map::decode(signed.claimed_payload())?;
    claimed.version(PROTOCOL)?;
    if claimed.need(1, OrgId::from_value)? != org {
        return Err(WireError::Other {
            what: "organisation",
        });
    }
    let key = PublicKey::from_spki(claimed.need(spki_key, Value::as_bytes)?)?;
    if key.algorithm() != algorithm {
        return Err(SignatureError::BadKey.into());
    }
    signed.verify(&key, &org.0)?;
    Ok((key, claimed))
}
