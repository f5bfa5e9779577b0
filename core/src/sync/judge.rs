//! What a reply means: pure. Nothing is believed because a status said so.

use super::job::Trouble;
use super::wire::{CONTENT_TYPE, ErrorCode, ErrorReply};
use crate::encoding::Hash32;

/// What the platform saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferOutcome {
    /// A whole reply over a pinned connection.
    Reply {
        /// HTTP status.
        status: u16,
        /// Its `Content-Type`, if any.
        content_type: String,
        /// Its body, bounded by the job's limit.
        body: Vec<u8>,
        /// SHA-256 of the SPKI that the server showed.
        pin_seen: Hash32,
    },
    /// No reply.
    Failed {
        /// Why, as far as the platform knows.
        failure: LinkFailure,
    },
}

/// Why there was no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkFailure {
    /// Nobody answers at that address.
    Unreachable,
    /// Somebody answers with another key: another machine, or somebody in between.
    WrongPin,
    /// The connection broke; part may have arrived.
    Cut,
    /// Nothing moved for too long.
    TimedOut,
}

/// What a reply means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The hub's words.
    Hub(Vec<u8>),
    /// The hub's refusal.
    Refused(ErrorReply),
    /// The token is not valid any more: ask for a new one and go on.
    TokenEnded,
    /// Not the hub: a network that wants a login, a proxy, another server. Nothing was sent to the hub, nothing is believed.
    NotTheHub,
    /// No reply.
    Failed(LinkFailure),
}

/// Judges an outcome of a job that may only go to a server with one of `pins`.
#[must_use]
pub fn judge(outcome: TransferOutcome, pins: &[Hash32]) -> Verdict {
    let (status, content_type, body, pin_seen) = match outcome {
        TransferOutcome::Failed {
            failure: LinkFailure::WrongPin,
        } => return Verdict::NotTheHub,
        TransferOutcome::Failed { failure } => return Verdict::Failed(failure),
        TransferOutcome::Reply {
            status,
            content_type,
            body,
            pin_seen,
        } => (status, content_type, body, pin_seen),
    };
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    if !pins.contains(&pin_seen) || !kind.eq_ignore_ascii_case(CONTENT_TYPE) {
        return Verdict::NotTheHub;
    }
    if (200..300).contains(&status) {
        return Verdict::Hub(body);
    }
    match ErrorReply::decode(&body) {
        Ok(reply) if reply.code == ErrorCode::Token => Verdict::TokenEnded,
        Ok(reply) => Verdict::Refused(reply),
        Err(_) => Verdict::NotTheHub,
    }
}

/// What a refusal means for whoever uses the phone.
pub(super) fn refusal(reply: ErrorReply) -> Trouble {
    match reply.code {
        ErrorCode::DiskFull => Trouble::HubFull,
        ErrorCode::Malformed
        | ErrorCode::Token
        | ErrorCode::Forbidden
        | ErrorCode::UnknownPath
        | ErrorCode::TooLarge
        | ErrorCode::Conflict
        | ErrorCode::Busy
        | ErrorCode::NewerProtocol
        | ErrorCode::Internal
        | ErrorCode::Unknown => Trouble::Refused {
            detail: reply.detail,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIN: Hash32 = Hash32([1; 32]);

    fn reply(status: u16, content_type: &str, body: &[u8], pin_seen: Hash32) -> Verdict {
        let (content_type, body) = (content_type.to_owned(), body.to_vec());
        judge(
            TransferOutcome::Reply {
                status,
                content_type,
                body,
                pin_seen,
            },
            &[PIN],
        )
    }

    #[test]
    fn a_captive_portal_is_never_taken_for_the_hub() {
        assert_eq!(
            reply(200, "text/html", b"<html>login", PIN),
            Verdict::NotTheHub
        );
        assert_eq!(reply(302, "text/html", b"", PIN), Verdict::NotTheHub);
        assert_eq!(reply(511, "", b"", PIN), Verdict::NotTheHub);
        assert_eq!(
            reply(200, CONTENT_TYPE, b"x", Hash32([2; 32])),
            Verdict::NotTheHub
        );
        let wrong_pin = TransferOutcome::Failed {
            failure: LinkFailure::WrongPin,
        };
        assert_eq!(judge(wrong_pin, &[PIN]), Verdict::NotTheHub);
    }

    #[test]
    fn an_ended_token_is_told_from_a_refusal() {
        let error = |code| ErrorReply {
            code,
            detail: String::new(),
            retry_after_s: None,
        };
        let token = error(ErrorCode::Token).encode();
        assert_eq!(reply(401, CONTENT_TYPE, &token, PIN), Verdict::TokenEnded);
        let full = error(ErrorCode::DiskFull);
        let judged = reply(507, CONTENT_TYPE, &full.encode(), PIN);
        assert_eq!(judged, Verdict::Refused(full));
    }
}
