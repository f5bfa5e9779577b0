//! Starting and closing work: the session key that lets this device show what it captures, and who works.
//!
//! Owns who is taken for the operator. Invariant: whoever comes next is not taken for whoever left.

use std::sync::PoisonError;

use super::{Error, FieldStore, Open};
use crate::encoding::Map;
use crate::keys::SessionKey;
use crate::model::ids::SubjectId;
use crate::record::RecordError;
use crate::store::Word;
use crate::vocabulary::Kind;

impl FieldStore {
    /// Starts work: a session key is made, so that this device can show what it captures until close-out.
    ///
    /// # Errors
    /// `Locked`, or the disk's.
    pub fn start_work(&self, operator: Option<SubjectId>) -> Result<(), Error> {
        self.with_open(|open| {
            let environment = &self.config.environment;
            if let Some(operator) = operator {
                let kind = open.index().kind_of(operator)?;
                let is_one = kind == Some(Kind::Operator);
                let unknown = RecordError::NotFound { what: "operator" };
                is_one.then_some(()).ok_or(unknown)?;
            }
            let session = SessionKey::create(environment, &self.config.dir, &open.keys)?;
            let recipient = session.recipient();
            open.sessions
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(session);
            self.name_operator(open, operator)?;
            let fields = Map::new()
                .text(1, recipient)
                .int(2, self.now_ms())
                .with_some(3, operator);
            let subject = SubjectId::new(environment)?;
            open.chain
                .append_one(Word::create(Kind::SessionStarted, subject, fields))?;
            self.follow(open)
        })
    }

    /// Closes work out: everything put off is done, then the session keys are destroyed. Facts stay readable, pictures do not.
    ///
    /// # Errors
    /// `Locked`, or the disk's; keys that may still exist are named by the error.
    pub fn close_out(&self) -> Result<usize, Error> {
        self.work_off()?;
        let count = self.with_open(|open| {
            let environment = &self.config.environment;
            let recovered = self.recover_incoming(open)?;
            let _ = recovered;
            let mut sessions = open.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            let closed: Vec<String> = sessions.iter().map(SessionKey::recipient).collect();
            for recipient in &closed {
                SessionKey::destroy(environment, &self.config.dir, recipient)?;
                let subject = SubjectId::new(environment)?;
                let fields = Map::new().text(1, recipient.clone());
                open.chain
                    .append_one(Word::create(Kind::SessionClosed, subject, fields))?;
            }
            sessions.clear();
            // Whoever comes next is not taken for whoever left.
            self.name_operator(open, None)?;
            Ok(closed.len())
        })?;
        self.with_open(|open| self.close_runs(open))?;
        Ok(count)
    }

    /// Who works from now on: their id stands in entries, and their rights decide what is shown. Nobody proves who they are (threat-model.md).
    fn name_operator(&self, open: &Open, operator: Option<SubjectId>) -> Result<(), Error> {
        let id = operator.as_ref().map_or(&[][..], SubjectId::as_bytes);
        self.transfer().set_fact("operator", id)?;
        open.chain.set_operator(operator);
        Ok(())
    }
}
