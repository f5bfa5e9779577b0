//! The link between one phone and the hub: what is lost, cut, doubled, late, replayed or forged.
//!
//! Owns what happens to a request on its way. Does not judge replies (the core does). Invariant:
//! without a fault a request reaches the hub whole, once, and its reply comes back unchanged.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use imena_core::encoding::Hash32;
use imena_core::model::ids::SealedName;
use imena_core::sync::wire::{CONTENT_TYPE, PutReply, SyncReply};
use imena_core::sync::{JobBody, LinkFailure, Method, TransferJob, TransferOutcome};
use tower::ServiceExt as _;

/// A cut falls between blocks of this size: sealed files differ by some bytes from run to run, and
/// this keeps the number of pieces the same.
const CUT_BYTES: usize = 2048;
/// Old requests that may be replayed.
const SEEN_MAX: usize = 12;

/// What happens to one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The hub never hears of it.
    RequestLost,
    /// The hub acted, the phone never hears of it.
    ReplyLost,
    /// The link breaks in the middle of the body, after so many blocks.
    BodyCut(u8),
    /// It arrives twice; the second reply is heard.
    Doubled,
    /// A network that wants a login answers in the hub's place.
    Portal,
    /// The same, by a redirection.
    Redirected,
    /// The phone gives up; the request arrives later, behind others.
    Late,
    /// An old request arrives again first.
    Replayed(u8),
}

/// Whether the link itself tells the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Replies are the hub's.
    True,
    /// Receipts are taken out of all replies.
    WithoutReceipts,
    /// "Stored" is said of what the hub never got, with an old receipt about another file.
    Forged,
}

#[derive(Clone, Debug)]
struct Sent {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

struct Reply {
    status: u16,
    content_type: String,
    body: Vec<u8>,
}

/// The link of one phone.
#[derive(Debug)]
pub struct Link {
    word: Word,
    late: Vec<Sent>,
    seen: Vec<Sent>,
    old_receipt: Option<Vec<u8>>,
    /// Files that some reply called stored: what a phone that believes words would call safe.
    pub called_stored: BTreeSet<SealedName>,
}

impl Link {
    pub fn new(word: Word) -> Self {
        Self {
            word,
            late: Vec::new(),
            seen: Vec::new(),
            old_receipt: None,
            called_stored: BTreeSet::new(),
        }
    }

    /// Performs a job over this link.
    pub async fn perform(
        &mut self,
        router: &Router,
        job: &TransferJob,
        fault: Fault,
    ) -> TransferOutcome {
        let sent = Sent::of(job);
        if self.seen.len() < SEEN_MAX {
            self.seen.push(sent.clone());
        }
        let html = |status| Reply {
            status,
            content_type: "text/html".to_owned(),
            body: b"<html>Please sign in".to_vec(),
        };
        let reply = match fault {
            Fault::None => Some(self.ask(router, &sent).await),
            Fault::RequestLost => None,
            Fault::ReplyLost => {
                self.ask(router, &sent).await;
                None
            }
            Fault::BodyCut(blocks) => {
                let cut = (usize::from(blocks) * CUT_BYTES).min(sent.body.len() / 2);
                deliver(router, &sent, Some(cut / CUT_BYTES * CUT_BYTES)).await;
                None
            }
            Fault::Doubled => {
                self.ask(router, &sent).await;
                Some(self.ask(router, &sent).await)
            }
            Fault::Portal => Some(html(200)),
            Fault::Redirected => Some(html(302)),
            Fault::Late => {
                self.late.push(sent);
                None
            }
            Fault::Replayed(which) => {
                let old = self.seen[usize::from(which) % self.seen.len()].clone();
                deliver(router, &old, None).await;
                Some(self.ask(router, &sent).await)
            }
        };
        let failure = match fault {
            Fault::RequestLost => LinkFailure::Unreachable,
            Fault::Late => LinkFailure::TimedOut,
            _ => LinkFailure::Cut,
        };
        match reply {
            None => TransferOutcome::Failed { failure },
            Some(reply) => TransferOutcome::Reply {
                status: reply.status,
                content_type: reply.content_type,
                body: reply.body,
                pin_seen: job.target.pins[0],
            },
        }
    }

    /// Whatever is still on its way arrives, the last one first.
    pub async fn arrive(&mut self, router: &Router) {
        while let Some(sent) = self.late.pop() {
            deliver(router, &sent, None).await;
        }
    }

    async fn ask(&mut self, router: &Router, sent: &Sent) -> Reply {
        let named = sent.path.strip_prefix("/v1/files/");
        let sealed = named.and_then(Hash32::from_hex).map(SealedName);
        if let (Word::Forged, Some(_), Some(old)) = (self.word, sealed, &self.old_receipt) {
            let total = sent
                .headers
                .iter()
                .find(|(name, _)| *name == "upload-length");
            let reply = PutReply {
                have: total.unwrap().1.parse().unwrap(),
                is_stored: true,
                receipt: Some(old.clone()),
            };
            self.called_stored.extend(sealed);
            return Reply {
                status: 200,
                content_type: CONTENT_TYPE.to_owned(),
                body: reply.encode(),
            };
        }
        let mut reply = deliver(router, sent, None).await;
        if reply.status != 200 {
            return reply;
        }
        if let (Some(sealed), Ok(mut put)) = (sealed, PutReply::decode(&reply.body)) {
            if put.is_stored {
                self.called_stored.insert(sealed);
            }
            match self.word {
                Word::True => {}
                Word::WithoutReceipts => put.receipt = None,
                Word::Forged => self.old_receipt = put.receipt.clone(),
            }
            reply.body = put.encode();
        }
        if sent.path == "/v1/sync" && self.word != Word::True {
            let mut sync = SyncReply::decode(&reply.body).unwrap();
            sync.receipts.clear();
            for file in &mut sync.files {
                file.is_stored |= self.word == Word::Forged && self.old_receipt.is_some();
                if file.is_stored {
                    self.called_stored.insert(file.sealed);
                }
            }
            reply.body = sync.encode();
        }
        reply
    }
}

impl Sent {
    fn of(job: &TransferJob) -> Self {
        let method = match job.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
        };
        let body = match &job.body {
            JobBody::Empty => Vec::new(),
            JobBody::Inline(bytes) => bytes.clone(),
            JobBody::Slice { path, offset, len } => {
                let mut file = std::fs::File::open(path).unwrap();
                file.seek(SeekFrom::Start(*offset)).unwrap();
                let mut bytes = Vec::new();
                file.take(*len).read_to_end(&mut bytes).unwrap();
                bytes
            }
        };
        Self {
            method,
            path: job.path.clone(),
            headers: job.headers.clone(),
            body,
        }
    }
}

/// Hands a request to the hub, or its first `cut` bytes and then a broken connection.
async fn deliver(router: &Router, sent: &Sent, cut: Option<usize>) -> Reply {
    let mut request = Request::builder().method(sent.method).uri(&sent.path);
    for (name, value) in &sent.headers {
        request = request.header(*name, value);
    }
    let body = match cut {
        None => Body::from(sent.body.clone()),
        Some(cut) => {
            let prefix = Bytes::copy_from_slice(&sent.body[..cut]);
            let broken = io::Error::from(io::ErrorKind::ConnectionReset);
            Body::from_stream(futures_util::stream::iter([Ok(prefix), Err(broken)]))
        }
    };
    let request = request.body(body).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let content_type = response.headers().get("content-type");
    let content_type = content_type.map(|value| value.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    Reply {
        status,
        content_type: content_type.unwrap_or_default(),
        body: body.unwrap().to_vec(),
    }
}
