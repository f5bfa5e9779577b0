//! The core for Kotlin, Swift and Python.
//!
//! Owns the shape of the foreign surface, the threads behind it, and the rule that no panic leaves it. Decides nothing of the domain: every call is
//! one call of `imena-core` between two conversions. No noun is known here: records are generic, their fields those of
//! the core's tables. All verbs stand on [`FieldStore`].
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
mod value;
mod form;
mod record;
mod view;
mod code;
mod photo;
mod import;
mod verify;
mod transfer;

pub use change::{ChangeListener, ChangeNotice, Subscription};
pub use code::CodeView;
pub use error::{CoreError, VaultError};
pub use form::{Editor, FormCondition, FormField, FormPath, FormSection, RecordForm, form};
pub use import::{ImportDraft, ImportOutcome, ImportRefusal};
pub use job::{Job, JobOutcome, JobProgress, JobState};
pub use life::{JoinDraft, ShutDownOutcome, StoreConfig, UnlockOutcome};
pub use log::{LogLevel, LogSink, set_log_sink};
pub use page::PageQuery;
pub use photo::{
    CaptureFacts, PhotoAssignment, PhotoCapture, PhotoDraft, PhotoFact, PhotoPage, PhotoSaved,
    PhotoSource, PhotoView, Position, PositionProvider, SavedOutcome,
};
pub use record::{
    Circumstances, DraftFinding, FieldResolution, Moment, Person, RecordAmendment, RecordDraft,
    Recorded,
};
pub use status::{PhotoStatus, StatusView, VaultState};
pub use store::FieldStore;
pub use subject::SubjectRef;
pub use term::{Choice, Language, Term, list_kinds, list_terms};
pub use transfer::{
    FreeOutcome, HttpHeader, HttpMethod, HubAddress, KeptOriginal, LinkCost, LinkFailure,
    ReplyBody, TransferBody, TransferChange, TransferDesk, TransferJob, TransferPlan,
    TransferPurpose, TransferReply, TransferSummary, TransferTrouble,
};
pub use value::{FieldValue, MarkedLetters, NamePart, read_letters};
pub use vault::{KeyVault, SecurityLevel, SoftwareKeyVault};
pub use verify::{VerifyFinding, VerifyOutcome};
pub use view::{
    Author, EntryAct, FieldView, HistoryEntry, HistoryPage, KindCount, LinkView, RecordMarks,
    RecordPage, RecordQuery, RecordRow, RecordSummary, RecordView, Saying, SectionView,
    preview_record,
};

uniffi::setup_scaffolding!();
