//! The own chain: the one writer of own entries. Gives each its number, its place behind the one before it and the clocks of its moment.
//!
//! Owns composing and appending; what is said comes from `capture/` and `record/`. Invariant: two entries of one device never have one number, because
//! both are composed inside the journal's one transaction.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Journal, OwnAppend, StoreError, Tip};
use crate::encoding::{Hash32, Map};
use crate::environment::Environment;
use crate::journal::{Body, Entry, HEADER_VERSION, Header, HubSeen, Op, Touches};
use crate::model::circumstances::Circumstances;
use crate::model::ids::{DeviceId, EntryId, OrgId, SubjectId};
use crate::model::position::Position;
use crate::vocabulary::Kind;

/// What one entry says.
#[derive(Clone, Debug)]
pub struct Word {
    /// What it is about.
    pub kind: Kind,
    /// Which one.
    pub subject: SubjectId,
    /// What it does.
    pub op: Op,
    /// Field number → value.
    pub fields: Map,
    /// Entries it answers.
    pub parents: Vec<EntryId>,
    /// Which of them it supersedes, per field.
    pub touches: Touches,
    /// Where the device was.
    pub position: Option<Position>,
    /// Whose words, when, and why.
    pub circumstances: Circumstances,
}

impl Word {
    /// A new subject.
    #[must_use]
    pub fn create(kind: Kind, subject: SubjectId, fields: Map) -> Self {
        let (parents, touches) = (Vec::new(), Touches::new());
        Self {
            kind,
            subject,
            op: Op::Create,
            fields,
            parents,
            touches,
            position: None,
            circumstances: Circumstances::default(),
        }
    }
}

/// The journal and the voice that writes into it.
#[derive(Debug)]
pub struct OwnChain {
    environment: Environment,
    org: OrgId,
    device: DeviceId,
    app_version: String,
    journal: Mutex<Journal>,
    context: Mutex<Context>,
}

/// What every entry carries of its moment.
#[derive(Clone, Copy, Debug, Default)]
struct Context {
    operator: Option<SubjectId>,
    hub_seen: Option<HubSeen>,
}

/// One transaction on the own chain.
pub struct Pen<'a, 'b> {
    chain: &'a OwnChain,
    context: Context,
    append: &'a mut OwnAppend<'b>,
}

impl OwnChain {
    /// The own chain of `device` in a journal.
    #[must_use]
    pub fn new(
        environment: &Environment,
        org: OrgId,
        device: DeviceId,
        app_version: &str,
        journal: Journal,
    ) -> Self {
        Self {
            environment: environment.clone(),
            org,
            device,
            app_version: app_version.to_owned(),
            journal: Mutex::new(journal),
            context: Mutex::default(),
        }
    }

    /// Whose chain.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// The organisation.
    #[must_use]
    pub fn org(&self) -> OrgId {
        self.org
    }

    /// The journal, for reading and for received entries. Held no longer than one call needs.
    pub fn journal(&self) -> MutexGuard<'_, Journal> {
        // A panic while the lock was held cannot leave half a row: the transaction rolled back.
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who records from now on.
    pub fn set_operator(&self, operator: Option<SubjectId>) {
        self.context
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .operator = operator;
    }

    /// Who records now.
    #[must_use]
    pub fn operator(&self) -> Option<SubjectId> {
        self.context
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .operator
    }

    /// The last word of a hub from now on.
    pub fn set_hub_seen(&self, hub_seen: HubSeen) {
        self.context
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .hub_seen = Some(hub_seen);
    }

    /// Appends entries in one durable transaction.
    ///
    /// # Errors
    /// `write`'s (nothing was recorded), or the store's.
    pub fn append<E: From<StoreError>>(
        &self,
        write: impl FnOnce(&mut Pen<'_, '_>) -> Result<(), E>,
    ) -> Result<Vec<Entry>, E> {
        let context = *self.context.lock().unwrap_or_else(PoisonError::into_inner);
        self.journal().append_own(self.device, |append| {
            write(&mut Pen {
                chain: self,
                context,
                append,
            })
        })
    }

    /// Appends one entry.
    ///
    /// # Errors
    /// The store's.
    pub fn append_one(&self, word: Word) -> Result<Entry, StoreError> {
        let entries = self.append(|pen| pen.write(word))?;
        entries.into_iter().next().ok_or(StoreError::MustReopen)
    }

    /// Closes the journal.
    ///
    /// # Errors
    /// The database's.
    pub fn close(self) -> Result<(), StoreError> {
        self.journal
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .close()
    }
}

impl Pen<'_, '_> {
    /// What the next entry follows.
    #[must_use]
    pub fn tip(&self) -> Tip {
        self.append.tip()
    }

    /// The next number of an issuer's series, used up when this transaction commits.
    ///
    /// # Errors
    /// The database's.
    pub fn next_number(&mut self, issuer: &str, series: &str) -> Result<u32, StoreError> {
        self.append.next_number(issuer, series)
    }

    /// Whether any entry speaks of a subject: a code is never created twice on one device.
    ///
    /// # Errors
    /// The database's.
    pub fn knows(&mut self, subject: SubjectId) -> Result<bool, StoreError> {
        self.append.knows(subject)
    }

    /// Writes the next entry.
    ///
    /// # Errors
    /// Over a limit, no entropy, or the database's.
    pub fn write(&mut self, word: Word) -> Result<(), StoreError> {
        let tip = self.append.tip();
        let header = Header {
            version: HEADER_VERSION,
            org: self.chain.org,
            device: self.chain.device,
            seq: tip.head.seq.saturating_add(1),
            prev: tip.head.id,
            kind: word.kind,
            subject: word.subject,
            op: word.op,
            parents: word.parents,
            touches: word.touches,
            lamport: tip.next_lamport(),
            clock: self.chain.environment.clock.now(),
            hub_seen: self.context.hub_seen,
            body_sha256: Hash32::ZERO,
            body_len: 0,
        };
        let body = Body {
            random: self.chain.environment.random()?,
            fields: word.fields,
            operator: self.context.operator,
            position: word.position,
            gnss_ms: None,
            app_version: self.chain.app_version.clone(),
            circumstances: word.circumstances,
        };
        self.append.push(Entry::compose(header, &body)?)
    }
}
