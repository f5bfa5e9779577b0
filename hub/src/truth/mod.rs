//! What the hub knows for certain: which sealed files stand where, its receipts, devices, tokens
//! and what was noticed.
//!
//! One trait so that a second database can take SQLite's place; holds nothing readable. Does not
//! open a sealed file. Invariant: a receipt is durable in its file before it and the file row that
//! it speaks of become durable in one transaction; the database only indexes those files.

mod objects;
mod receipt_rows;
mod sqlite;

pub(crate) use objects::{Objects, Publish, hash_file, len, new_staging, open_staging};
pub(crate) use sqlite::SqliteTruth;

use std::collections::BTreeSet;

use imena_core::encoding::Hash32;
use imena_core::journal::{EpochEnd, Receipt, ReceiptLine};
use imena_core::model::ids::{DeviceId, SealedName};
use imena_core::store::Class;

use crate::error::HubError;

/// A sealed file that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredFile {
    pub sealed: SealedName,
    pub size: u64,
    /// As the sender said; absent if it did not.
    pub class: Option<Class>,
    /// Who sent it first.
    pub device: DeviceId,
    pub stored_ms: i64,
    /// When its bytes were last re-hashed.
    pub verified_ms: i64,
    pub opened: Opened,
    /// Generation of the journal that holds its entries, for a run.
    pub folded_in: Option<[u8; 16]>,
}

/// What the unlocked hub found in a sealed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// Not opened yet.
    NotYet,
    /// Opened to its end; a receipt with its `sha256` was signed.
    Whole,
    /// It does not open, or holds something else than its entry says: a person must look.
    Damaged,
    /// No identity here opens it.
    NoKey,
    /// A run that was refused: not a run, or its signature does not fit.
    Refused,
}

impl Opened {
    pub fn number(self) -> i64 {
        match self {
            Self::NotYet => 0,
            Self::Whole => 1,
            Self::Damaged => 2,
            Self::NoKey => 3,
            Self::Refused => 4,
        }
    }

    /// A number that this program does not know is opened again.
    pub fn from_number(number: i64) -> Self {
        let known = [Self::Whole, Self::Damaged, Self::NoKey, Self::Refused];
        known
            .into_iter()
            .find(|opened| opened.number() == number)
            .unwrap_or(Self::NotYet)
    }
}

/// What changes about a stored file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Its bytes were re-hashed.
    Verified(i64),
    /// It was opened, or not.
    Opened(Opened),
    /// Its entries stand in the journal of this generation.
    FoldedIn([u8; 16]),
}

/// The end of the receipts of the current epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub epoch: [u8; 16],
    pub hub_seq: u64,
    pub receipt: Hash32,
    /// Where the epoch before ended.
    pub before: Option<EpochEnd>,
}

/// The last line about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// It is held, says this receipt.
    Held { hub_seq: u64, receipt: Vec<u8> },
    /// It is not held any more.
    Void,
}

/// The last receipt that a device says it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub epoch: [u8; 16],
    pub hub_seq: u64,
}

/// What was found when the files of receipts were compared with their index.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    /// Receipts that the index did not have.
    pub found: Vec<Receipt>,
    /// Items of the files that are no receipts of this hub.
    pub foreign: usize,
    /// Whether a file was shorter than its index: a new epoch has begun.
    pub is_behind: bool,
}

/// A device that has spoken to this hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeviceRow {
    pub device: DeviceId,
    pub spki: Vec<u8>,
    pub seen_ms: i64,
}

/// A wish to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EnrolmentRow {
    pub device: DeviceId,
    pub spki: Vec<u8>,
    pub name: String,
    /// SHA-256 of the device's nonce.
    pub commitment: Hash32,
    /// Drawn after the commitment came.
    pub hub_nonce: [u8; 32],
    /// Once the device has shown its nonce.
    pub digits: Option<String>,
    /// When the commitment came, or then the digits; the hub's clock, ms.
    pub since_ms: i64,
}

/// A member's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenRow {
    pub device: DeviceId,
    pub issued_ms: i64,
    pub expires_ms: i64,
}

/// Something that a person should be able to look up later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// The hub's clock, ms.
    pub at_ms: i64,
    /// What, in a few words.
    pub what: String,
    /// The device, file or hub it is about, as 64 hexadecimal digits.
    pub about: String,
}

/// Which receipts a device is to get.
pub(crate) struct ReceiptsWanted<'a> {
    pub device: DeviceId,
    pub after: Option<Seen>,
    pub offered: &'a [SealedName],
    pub count_max: usize,
    pub bytes_max: usize,
}

/// What a device gets of them at once.
#[derive(Debug, Default)]
pub(crate) struct ReceiptPage {
    /// Oldest first, but for those that must be known before their turn.
    pub receipts: Vec<Vec<u8>>,
    /// There are more.
    pub has_more: bool,
    /// Files offered whose newest receipt is not among these.
    pub left_out: BTreeSet<SealedName>,
}

/// Checks that bytes of a file are a receipt of this hub.
pub(crate) type CheckReceipt<'a> = &'a dyn Fn(&[u8]) -> Option<Receipt>;

/// What a receipt is to say, and what becomes durable with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    /// Rows of files that were published.
    pub files: Vec<StoredFile>,
    /// Files that were opened and are whole.
    pub opened: Vec<SealedName>,
    pub lines: Vec<ReceiptLine>,
}

/// Gives the receipt with these lines that follows the head.
pub(crate) type SignNext<'a> = &'a dyn Fn(&Head, &[ReceiptLine]) -> Result<Receipt, HubError>;

/// The hub's certain knowledge.
pub(crate) trait Truth: Send + Sync {
    /// A single fact by its name.
    fn fact(&self, name: &str) -> Result<Option<Vec<u8>>, HubError>;
    /// Replaces a fact.
    fn set_fact(&self, name: &str, value: &[u8]) -> Result<(), HubError>;
    /// A published file.
    fn file(&self, sealed: SealedName) -> Result<Option<StoredFile>, HubError>;
    /// Published files in the order of arrival, from the row after `row`; gives the rows with them.
    fn files_after(&self, row: i64, limit: usize) -> Result<Vec<(i64, StoredFile)>, HubError>;
    /// The files whose re-hash is oldest and older than `before_ms`.
    fn files_to_verify(&self, before_ms: i64, limit: usize) -> Result<Vec<StoredFile>, HubError>;
    /// Changes one thing about a file.
    fn mark(&self, sealed: SealedName, mark: Mark) -> Result<(), HubError>;
    /// Bytes of the files that a device sent first.
    fn bytes_of(&self, device: DeviceId) -> Result<u64, HubError>;
    /// Signs the next receipts, one for each draft, in one transaction; file rows and marks become
    /// durable with them.
    fn append_receipts(
        &self,
        drafts: &[Draft],
        sign: SignNext<'_>,
    ) -> Result<Vec<Receipt>, HubError>;
    /// Receipts for a device, oldest first.
    fn receipts_for(&self, wanted: &ReceiptsWanted<'_>) -> Result<ReceiptPage, HubError>;
    /// The last line about a file.
    fn latest_line(&self, sealed: SealedName) -> Result<Option<Line>, HubError>;
    /// Whether this receipt is known here, or is of an epoch that ended here: what of it counts is
    /// known from that end.
    fn knows_receipt(&self, receipt: &Receipt) -> Result<bool, HubError>;
    /// The end of the current epoch.
    fn head(&self) -> Result<Head, HubError>;
    /// Begins a new epoch, which names the end of the one before; `shown` is the epoch of the
    /// receipt that was not known.
    fn start_epoch(&self, epoch: [u8; 16], shown: [u8; 16]) -> Result<(), HubError>;
    /// Brings the index up to its files; `fresh` is the epoch that begins if there is none, or if
    /// a file is behind. Before this nothing is signed.
    fn replay(&self, fresh: [u8; 16], check: CheckReceipt<'_>) -> Result<Replayed, HubError>;
    /// Puts a file back that a receipt speaks of and that stands at its place; one that has a row
    /// stays as it is.
    fn put_back(&self, file: &StoredFile) -> Result<(), HubError>;
    /// A device that has spoken to this hub.
    fn device(&self, device: DeviceId) -> Result<Option<DeviceRow>, HubError>;
    /// Notes a device.
    fn put_device(&self, row: &DeviceRow) -> Result<(), HubError>;
    /// The devices that wish to join, in the order of asking.
    fn enrolments(&self) -> Result<Vec<EnrolmentRow>, HubError>;
    /// Notes or replaces a wish to join.
    fn put_enrolment(&self, row: &EnrolmentRow) -> Result<(), HubError>;
    /// Forgets one.
    fn forget_enrolment(&self, device: DeviceId) -> Result<(), HubError>;
    /// Notes a token by its hash; forgets those issued before `known_since_ms`, and the device's
    /// oldest over its number.
    fn put_token(&self, hash: Hash32, row: &TokenRow, known_since_ms: i64) -> Result<(), HubError>;
    /// A token that was issued and not forgotten, ended or not.
    fn token(&self, hash: Hash32) -> Result<Option<TokenRow>, HubError>;
    /// Notes what was noticed.
    fn audit(&self, at_ms: i64, what: &str, about: Hash32) -> Result<(), HubError>;
    /// The last lines, newest first.
    fn audit_lines(&self, limit: usize) -> Result<Vec<AuditLine>, HubError>;
}
