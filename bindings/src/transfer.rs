//! Sync without a network of our own: the core says which HTTP exchange comes next, the platform performs it, the core judges the reply.
//!
//! A session lives in a [`TransferDesk`] and may be lost at any time: what matters stands in the vault. Only one exchange is under way at a time.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use imena_core::encoding::Hash32;
use imena_core::environment::Environment;
use imena_core::field_store::{Error, FieldStore as Core};
use imena_core::sync as core;
use imena_core::sync::SyncDesk;

use crate::error::CoreError;
use crate::store::{FieldStore, Held, Shared};
use crate::term::Term;

/// More steps without an exchange than files that can be missing at once; then something else is wrong.
const IDLE_STEPS_MAX: usize = 10_000;
/// Originals that stay are named up to this many; the number of all is said.
const KEPT_MAX: usize = 200;

/// A hub that this device may send to, and where.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct HubAddress {
    /// The hub's id, hex.
    pub hub_id: String,
    /// `host:port`.
    pub address: String,
    /// SHA-256 of the DER SubjectPublicKeyInfos that its server may show, 32 bytes each. Nothing else about its certificate counts.
    pub spki_pins: Vec<Vec<u8>>,
}

/// Who pays for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum LinkCost {
    /// Nobody.
    Free,
    /// Somebody: originals wait.
    Metered,
}

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum TransferPurpose {
    /// Send, take receipts, roster and entries of others.
    Sync,
    /// The same, and ask the hub which originals it holds just now, so that `free_originals` may follow.
    SyncAndFree,
}

/// HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum HttpMethod {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
}

/// A header to set.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct HttpHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The body to send.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum TransferBody {
    /// None.
    Empty,
    /// These bytes.
    Bytes {
        /// The bytes, at most a few hundred KiB.
        bytes: Vec<u8>,
    },
    /// A piece of a sealed file.
    FileSlice {
        /// The file.
        path: String,
        /// First byte.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
}

/// One HTTP exchange for the platform to perform over TLS with a pinned key, without redirects, proxies or cookies.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TransferJob {
    /// Names it when its outcome is reported.
    pub job_id: u64,
    /// Where to, and the only keys that may answer.
    pub hub: HubAddress,
    /// HTTP method.
    pub method: HttpMethod,
    /// Path and query, behind `https://` and the address.
    pub path: String,
    /// Headers to set.
    pub headers: Vec<HttpHeader>,
    /// Body to send.
    pub body: TransferBody,
    /// Read no more of the reply's body than this, bytes.
    pub reply_bytes_max: u64,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum TransferPlan {
    /// Perform this exchange and report it.
    Perform {
        /// The exchange.
        job: TransferJob,
    },
    /// Ask again after this time.
    Wait {
        /// How long, ms.
        wait_ms: u64,
    },
    /// Everything that may be sent on this link is receipted.
    Done,
}

/// Why there was no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum LinkFailure {
    /// Nobody answers at that address.
    Unreachable,
    /// Somebody answers with another key: another machine, or somebody in between. Nothing may be sent to it.
    WrongPin,
    /// The connection broke; part may have arrived.
    Cut,
    /// Nothing moved for too long.
    TimedOut,
}

/// The body of a reply.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ReplyBody {
    /// These bytes.
    Bytes {
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// What a background transfer left in a file; the caller removes it afterwards.
    File {
        /// The file.
        path: String,
    },
}

/// A whole reply over a pinned connection.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TransferReply {
    /// HTTP status.
    pub status: u16,
    /// Its `Content-Type`; empty if there is none.
    pub content_type: String,
    /// Its body.
    pub body: ReplyBody,
    /// SHA-256 of the DER SubjectPublicKeyInfo that the server showed, 32 bytes.
    pub pin_seen: Vec<u8>,
}

/// What stands in the way; nothing is lost by it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum TransferTrouble {
    /// The network answers in the hub's place: it wants a login, or somebody stands between.
    NetworkNeedsLogin,
    /// No reply.
    Link {
        /// Why.
        failure: LinkFailure,
    },
    /// The hub's disk is full; it receipted nothing of this.
    HubFull,
    /// The hub asks to wait or refuses.
    HubRefused {
        /// The hub's word.
        detail: String,
    },
    /// The hub signed what it cannot have: nothing of it is believed.
    FalseWord {
        /// What was wrong.
        detail: String,
    },
}

/// What a reply changed.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum TransferChange {
    /// The hub's operator has not let this device in yet.
    Enrolling {
        /// Six digits to compare with the hub's screen.
        six_digits: String,
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
    /// The hub holds bytes of a file.
    Progress {
        /// Bytes it holds.
        sent_bytes: u64,
        /// Bytes there are.
        total_bytes: u64,
    },
    /// Entries of others came.
    EntriesCame {
        /// How many.
        entries: u64,
    },
    /// The hub was set back to an older copy: everything is offered to it again.
    HubRestored,
    /// Something stands in the way.
    Trouble {
        /// What.
        trouble: TransferTrouble,
    },
}

/// What a session did so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TransferSummary {
    /// Bytes sent, including what was sent twice.
    pub sent_bytes: u64,
    /// Failures in a row.
    pub failures: u32,
    /// Files that no hub has receipted and that are not at their place any more: a person must look for them.
    pub missing_files: u32,
}

/// An original that stays on this device.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct KeptOriginal {
    /// Name of its sealed file, hex.
    pub sealed_name: String,
    /// Every condition that is not met.
    pub missing: Vec<Term>,
}

/// What freeing did.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FreeOutcome {
    /// Originals that left this device.
    pub freed_originals: u32,
    /// Bytes gained.
    pub freed_bytes: u64,
    /// Originals that stay.
    pub kept_originals: u32,
    /// The first 200 of those, each with what is missing.
    pub kept: Vec<KeptOriginal>,
}

/// A session with one hub. Use it on one thread.
#[derive(uniffi::Object)]
pub struct TransferDesk {
    shared: Arc<Shared>,
    session: Mutex<Session>,
    _held: Held,
}

struct Session {
    /// Absent while a call has it.
    desk: Option<SyncDesk>,
    last_id: u64,
    under_way: Option<core::TransferJob>,
}

#[uniffi::export]
impl FieldStore {
    /// Hubs that this device may send to, in the order to try; also while locked.
    ///
    /// # Errors
    /// `ShutDown`, `Suspended`.
    pub fn list_hubs(&self) -> Result<Vec<HubAddress>, CoreError> {
        self.shared.read("list_hubs", |core| {
            let hubs = core.hubs().into_iter().map(HubAddress::from);
            Ok::<_, CoreError>(hubs.collect())
        })
    }

    /// Begins a session with one hub; also while locked. What waits of this device's entries is closed first, so that it travels.
    ///
    /// # Errors
    /// `NoHub` if it is none of `list_hubs`, `KeyUnavailable`, `StorageFailed`; `Locked` for `SyncAndFree`.
    pub fn begin_transfers(
        &self,
        hub: HubAddress,
        cost: LinkCost,
        purpose: TransferPurpose,
    ) -> Result<Arc<TransferDesk>, CoreError> {
        let desk = self.shared.write("begin_transfers", |core| {
            let known = core
                .hubs()
                .into_iter()
                .find(|known| known.hub.to_string() == hub.hub_id && known.address == hub.address);
            let cost = match cost {
                LinkCost::Free => core::LinkCost::Free,
                LinkCost::Metered => core::LinkCost::Metered,
            };
            // Asked first: a locked vault cannot say what it could free.
            let ask_held = match purpose {
                TransferPurpose::Sync => Vec::new(),
                TransferPurpose::SyncAndFree => core.originals_here()?,
            };
            let mut desk = core.begin_sync(known.ok_or(Error::NoHub)?, cost)?;
            if !ask_held.is_empty() {
                desk.ask_held(&Environment::system(0), ask_held)
                    .map_err(Error::Desk)?;
            }
            Ok::<_, CoreError>(desk)
        })?;
        Ok(Arc::new(TransferDesk {
            _held: Held::by(&self.shared),
            shared: self.shared.clone(),
            session: Mutex::new(Session {
                desk: Some(desk),
                last_id: 0,
                under_way: None,
            }),
        }))
    }
}

#[uniffi::export]
impl TransferDesk {
    /// Says what comes next. Asked again before an exchange is reported, it gives the same one.
    ///
    /// # Errors
    /// `KeyUnavailable`, `StorageFailed`, `Refused` (another thread uses this desk).
    pub fn plan_transfer(&self) -> Result<TransferPlan, CoreError> {
        if let Some(job) = self.under_way() {
            return Ok(TransferPlan::Perform { job });
        }
        let (step, job) = self.with_desk("plan_transfer", |core, desk| {
            // A step without an exchange has noted a file that is gone; the next step is about another one.
            for _ in 0..IDLE_STEPS_MAX {
                let (step, job) = core.next_job(desk)?;
                let is_at_rest = matches!(step, core::Step::Done | core::Step::Wait { .. });
                if is_at_rest || job.is_some() {
                    return Ok((step, job));
                }
            }
            Ok((core::Step::Done, None))
        })?;
        let Some(job) = job else {
            return Ok(match step {
                core::Step::Wait { until_ms } => {
                    let now_ms = Environment::system(0).clock.now().wall_ms;
                    let wait_ms = u64::try_from(until_ms.saturating_sub(now_ms)).unwrap_or(0);
                    TransferPlan::Wait { wait_ms }
                }
                core::Step::Done
                | core::Step::Busy
                | core::Step::Hello
                | core::Step::Enroll
                | core::Step::Session
                | core::Step::Sync
                | core::Step::Put { .. } => TransferPlan::Done,
            });
        };
        let mut session = self.session();
        session.last_id = session.last_id.saturating_add(1);
        session.under_way = Some(job);
        drop(session);
        let job = self.under_way();
        Ok(job.map_or(TransferPlan::Done, |job| TransferPlan::Perform { job }))
    }

    /// Writes the body of the exchange under way as a file of its own, for platforms that upload whole files only. It holds sealed bytes; the caller
    /// removes it afterwards. Replaces what stands at the path.
    ///
    /// # Errors
    /// `NotFound` (no such exchange), `StorageFailed`.
    pub fn write_body(&self, job_id: u64, path: String) -> Result<(), CoreError> {
        let job = self.job(job_id)?;
        self.shared.read("write_body", |_| {
            write_body(&job.body, Path::new(&path)).map_err(Error::from)
        })
    }

    /// Reports that there was no reply.
    ///
    /// # Errors
    /// `NotFound` (no such exchange, or reported already), `StorageFailed` (report it again).
    pub fn report_failure(
        &self,
        job_id: u64,
        failure: LinkFailure,
    ) -> Result<Vec<TransferChange>, CoreError> {
        let failure = match failure {
            LinkFailure::Unreachable => core::LinkFailure::Unreachable,
            LinkFailure::WrongPin => core::LinkFailure::WrongPin,
            LinkFailure::Cut => core::LinkFailure::Cut,
            LinkFailure::TimedOut => core::LinkFailure::TimedOut,
        };
        self.report(job_id, core::TransferOutcome::Failed { failure })
    }

    /// Hands over a reply; only what is signed in it is believed.
    ///
    /// # Errors
    /// `NotFound` (no such exchange, or reported already), `Invalid` (`pin_seen`), `MediaUnreadable` (the body's file), `StorageFailed` (hand it over again).
    pub fn accept_reply(
        &self,
        job_id: u64,
        reply: TransferReply,
    ) -> Result<Vec<TransferChange>, CoreError> {
        let limit = self.job(job_id)?.reply_bytes_max;
        let pin_seen = Hash32::from_slice(&reply.pin_seen)
            .ok_or_else(|| CoreError::invalid("pin_seen", "is not 32 bytes"))?;
        let outcome = match read_reply(&reply.body, limit)? {
            Some(body) => core::TransferOutcome::Reply {
                status: reply.status,
                content_type: reply.content_type,
                body,
                pin_seen,
            },
            // Longer than any reply of a hub: it is not one, and the judge will say so.
            None => core::TransferOutcome::Reply {
                status: reply.status,
                content_type: String::new(),
                body: Vec::new(),
                pin_seen,
            },
        };
        self.report(job_id, outcome)
    }

    /// Frees originals for which every condition is met, by the hub's word of this session; says what is missing for the others.
    ///
    /// # Errors
    /// `Locked`, `StorageFailed`; what was freed before is in the journal.
    pub fn free_originals(&self) -> Result<FreeOutcome, CoreError> {
        let report = self.with_desk("free_originals", |core, desk| core.free_originals(desk))?;
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let kept = report.kept.iter().take(KEPT_MAX);
        let kept = kept.map(|(sealed, missing)| KeptOriginal {
            sealed_name: sealed.to_string(),
            missing: missing
                .iter()
                .map(|missing| missing.term().into())
                .collect(),
        });
        Ok(FreeOutcome {
            freed_originals: count(report.freed.len()),
            freed_bytes: report.freed_bytes,
            kept_originals: count(report.kept.len()),
            kept: kept.collect(),
        })
    }

    /// What the session did so far.
    ///
    /// # Errors
    /// `Refused` (another thread uses this desk), `ShutDown`.
    pub fn summary(&self) -> Result<TransferSummary, CoreError> {
        self.with_desk("summary", |_, desk| {
            Ok(TransferSummary {
                sent_bytes: desk.sent_bytes(),
                failures: desk.failures(),
                missing_files: u32::try_from(desk.missing().len()).unwrap_or(u32::MAX),
            })
        })
    }
}

impl TransferDesk {
    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn under_way(&self) -> Option<TransferJob> {
        let session = self.session();
        let job = session.under_way.clone()?;
        Some(job_of(session.last_id, job))
    }

    fn job(&self, job_id: u64) -> Result<core::TransferJob, CoreError> {
        let session = self.session();
        let job = session.under_way.clone();
        job.filter(|_| session.last_id == job_id)
            .ok_or_else(|| CoreError::not_found("transfer", &job_id.to_string()))
    }

    /// Takes the desk out for a call, so that no lock is held while the hardware key signs; it is put back whatever the call answers.
    fn with_desk<T>(
        &self,
        call: &str,
        act: impl FnOnce(&Core, &mut SyncDesk) -> Result<T, Error>,
    ) -> Result<T, CoreError> {
        let taken = self.session().desk.take();
        let Some(mut desk) = taken else {
            let reason =
                "another thread uses this desk, or a call of it failed: begin a new session";
            return Err(CoreError::refused("one_thread_one_desk", reason));
        };
        self.shared.write(call, |core| {
            let acted = act(core, &mut desk);
            self.session().desk = Some(desk);
            acted
        })
    }

    fn report(
        &self,
        job_id: u64,
        outcome: core::TransferOutcome,
    ) -> Result<Vec<TransferChange>, CoreError> {
        let number = self.job(job_id)?.number;
        let report = |core: &Core, desk: &mut SyncDesk| core.report_job(desk, number, outcome);
        let changes = self.with_desk("report", report)?;
        self.session().under_way = None;
        Ok(changes.into_iter().map(TransferChange::from).collect())
    }
}

fn job_of(job_id: u64, job: core::TransferJob) -> TransferJob {
    let method = match job.method {
        core::Method::Get => HttpMethod::Get,
        core::Method::Post => HttpMethod::Post,
        core::Method::Put => HttpMethod::Put,
    };
    let body = match job.body {
        core::JobBody::Empty => TransferBody::Empty,
        core::JobBody::Inline(bytes) => TransferBody::Bytes { bytes },
        core::JobBody::Slice { path, offset, len } => TransferBody::FileSlice {
            path: path.to_string_lossy().into_owned(),
            offset,
            length: len,
        },
    };
    let headers = job.headers.into_iter().map(|(name, value)| HttpHeader {
        name: name.to_owned(),
        value,
    });
    TransferJob {
        job_id,
        hub: job.target.into(),
        method,
        path: job.path,
        headers: headers.collect(),
        body,
        reply_bytes_max: job.reply_bytes_max as u64,
    }
}

fn write_body(body: &core::JobBody, path: &Path) -> std::io::Result<()> {
    let mut options = File::options();
    let mut to = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    match body {
        core::JobBody::Empty => Ok(()),
        core::JobBody::Inline(bytes) => to.write_all(bytes),
        core::JobBody::Slice { path, offset, len } => {
            let mut from = File::open::<&PathBuf>(path)?;
            from.seek(SeekFrom::Start(*offset))?;
            std::io::copy(&mut from.take(*len), &mut to).map(drop)
        }
    }
}

/// The body, or nothing if it is longer than `limit`.
fn read_reply(body: &ReplyBody, limit: usize) -> Result<Option<Vec<u8>>, CoreError> {
    let bytes = match body {
        ReplyBody::Bytes { bytes } => bytes.clone(),
        ReplyBody::File { path } => {
            let unreadable = |error: std::io::Error| CoreError::MediaUnreadable {
                reason: error.to_string(),
            };
            let file = File::open(path).map_err(unreadable)?;
            let mut bytes = Vec::new();
            let one_more = (limit as u64).saturating_add(1);
            file.take(one_more)
                .read_to_end(&mut bytes)
                .map_err(unreadable)?;
            bytes
        }
    };
    Ok(Some(bytes).filter(|bytes| bytes.len() <= limit))
}

impl From<core::HubTarget> for HubAddress {
    fn from(target: core::HubTarget) -> Self {
        let pins = target.pins.iter().map(|pin| pin.as_bytes().to_vec());
        Self {
            hub_id: target.hub.to_string(),
            address: target.address,
            spki_pins: pins.collect(),
        }
    }
}

impl From<core::SyncChange> for TransferChange {
    fn from(change: core::SyncChange) -> Self {
        match change {
            core::SyncChange::Enrolling { digits } => Self::Enrolling { six_digits: digits },
            core::SyncChange::Admitted => Self::Admitted,
            core::SyncChange::Roster { version } => Self::Roster { version },
            core::SyncChange::Receipt => Self::Receipt,
            core::SyncChange::Progress { have, total, .. } => Self::Progress {
                sent_bytes: have,
                total_bytes: total,
            },
            core::SyncChange::Pulled(segments) => Self::EntriesCame {
                entries: segments.iter().map(|next| next.entries.len() as u64).sum(),
            },
            core::SyncChange::HubRestored => Self::HubRestored,
            core::SyncChange::Trouble(trouble) => Self::Trouble {
                trouble: trouble.into(),
            },
        }
    }
}

impl From<core::Trouble> for TransferTrouble {
    fn from(trouble: core::Trouble) -> Self {
        match trouble {
            core::Trouble::NetworkNeedsLogin => Self::NetworkNeedsLogin,
            core::Trouble::Link(failure) => Self::Link {
                failure: match failure {
                    core::LinkFailure::Unreachable => LinkFailure::Unreachable,
                    core::LinkFailure::WrongPin => LinkFailure::WrongPin,
                    core::LinkFailure::Cut => LinkFailure::Cut,
                    core::LinkFailure::TimedOut => LinkFailure::TimedOut,
                },
            },
            core::Trouble::HubFull => Self::HubFull,
            core::Trouble::Refused { detail } => Self::HubRefused { detail },
            core::Trouble::FalseWord { detail } => Self::FalseWord { detail },
        }
    }
}
