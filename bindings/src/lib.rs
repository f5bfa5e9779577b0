//! The core for Kotlin, Swift and Python.
//!
//! Owns the shape of the foreign surface, the threads behind it, and the rule that no panic leaves it. Decides nothing of the domain: every call is
//! one call of `imena-core` between two conversions. One file per noun of a screen, all verbs on [`FieldStore`].
//!
//! Every call may block on the disk: call it off the main thread. Only [`FieldStore::subscribe_changes`] and the calls that say so answer at once.
//! Lists are paged and records are values; a capture and a transfer desk keep the store alive that they came from.

// The scaffolding that uniffi generates is the boundary itself; the one unsafe line of our own is in photo.rs, with its reason.
#![allow(unsafe_code, reason = "generated scaffolding")]

mod error;
mod guard;
mod log;
mod term;
mod vault;
mod gate;
mod change;
mod job;
mod worker;
mod store;
mod life;
mod status;
mod page;
mod subject;
mod code;
mod site;
mod grave;
mod marker;
mod remains;
mod photo;
mod import;
mod verify;
mod hint;
mod operator;
mod transfer;

pub use change::{ChangeListener, ChangeNotice, ChangedSubject, Subscription};
pub use code::CodeView;
pub use error::{CoreError, VaultError};
pub use grave::{GraveDraft, GravePage, GraveView};
pub use hint::{HintDraft, HintPage, HintPart, HintPartDraft, HintView};
pub use import::{ImportDraft, ImportOutcome, ImportRefusal};
pub use job::{Job, JobOutcome, JobProgress, JobState};
pub use life::{JoinDraft, ShutDownOutcome, StoreConfig, UnlockOutcome};
pub use log::{LogLevel, LogSink, set_log_sink};
pub use marker::{MarkerDraft, MarkerPage, MarkerView};
pub use operator::{OperatorDraft, OperatorPage, OperatorView};
pub use page::PageQuery;
pub use photo::{
    AbsentFact, CaptureFacts, PhotoAssignment, PhotoCapture, PhotoDraft, PhotoFacts, PhotoOrigin,
    PhotoPage, PhotoSaved, PhotoView, Position, PositionProvider, SavedOutcome,
};
pub use remains::{RemainsDraft, RemainsPage, RemainsView};
pub use site::{SiteDraft, SitePage, SiteView};
pub use status::{PhotoStatus, StatusView, VaultState};
pub use store::FieldStore;
pub use subject::{RecordMarks, SubjectKind, SubjectRef};
pub use term::{Term, Vocabulary, list_terms};
pub use transfer::{
    FreeOutcome, HttpHeader, HttpMethod, HubAddress, KeptOriginal, LinkCost, LinkFailure,
    ReplyBody, TransferBody, TransferChange, TransferDesk, TransferJob, TransferPlan,
    TransferPurpose, TransferReply, TransferSummary, TransferTrouble,
};
pub use vault::{KeyVault, SecurityLevel, SoftwareKeyVault};
pub use verify::{VerifyFinding, VerifyOutcome};

uniffi::setup_scaffolding!();
