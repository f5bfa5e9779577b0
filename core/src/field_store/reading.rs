//! What the status line and a photo's line say: truthful counts, "safe" only from receipts.

use std::sync::PoisonError;

use serde::Serialize;

use super::{Error, FieldStore};
use crate::keys::SessionKey;
use crate::model::codes::Issuer;
use crate::model::ids::{DeviceId, SealedName, SubjectId};
use crate::seal::open_bytes;
use crate::store::Class;
use crate::sync::{Counts, TransferDb};

/// A rendition that a screen asks for; larger ones are not renditions.
const RENDITION_BYTES_MAX: usize = 1024 * 1024;

/// The state of a vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusView {
    /// The organisation.
    pub org: crate::model::ids::OrgId,
    /// The device's chain.
    pub device: DeviceId,
    /// The name that this device gave itself.
    pub device_name: String,
    /// Issuer of codes made here now; absent while locked.
    pub issuer: Option<String>,
    /// Version of the roster at hand; 0 = none yet.
    pub roster_version: u64,
    /// The six digits to compare, while the operator has not let this phone in.
    pub enrolling: Option<String>,
    /// Whether the vault is locked.
    pub is_locked: bool,
    /// Last entry of the own chain; absent while locked.
    pub own_seq: Option<u64>,
    /// Last entry of the own chain that a hub opened and receipted.
    pub receipted_seq: u64,
    /// Files and receipts.
    pub counts: Counts,
    /// Free space, bytes.
    pub free_bytes: u64,
}

/// Where a photo stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhotoStatus {
    /// On this device only.
    HereOnly,
    /// A hub receipted the sealed bytes.
    OnHub,
    /// A hub opened it and found the bytes that were captured.
    CheckedOnHub,
    /// Two or more hubs hold it.
    Replicated,
    /// Another device took it; only its entry is known here.
    Elsewhere,
    /// It was taken here, its file is gone, and no hub's receipt for it is valid: a person must look for it.
    Missing,
    /// It was removed from this device because hubs held it, and none of them does any more: a person must look for another copy.
    LostHere,
}

impl FieldStore {
    /// The state of the vault; also while locked.
    ///
    /// # Errors
    /// The database's.
    pub fn status(&self) -> Result<StatusView, Error> {
        let device = self.device_id();
        let roster = self.roster();
        let own_seq = match self.with_open(|open| Ok(open.chain.journal().tip(device)?.head.seq)) {
            Ok(seq) => Some(seq),
            Err(Error::Locked) => None,
            Err(error) => return Err(error),
        };
        let granted = roster.as_ref().and_then(|signed| {
            signed
                .roster
                .issuers_of(device)
                .last()
                .map(ToString::to_string)
        });
        let issuer = granted.unwrap_or_else(|| Issuer::provisional(&device.0.0).to_string());
        let is_member = roster
            .as_ref()
            .is_some_and(|s| s.roster.device(device).is_some());
        let transfer = self.transfer();
        let mut enrolling = None;
        for hub in &self.join.hubs {
            let state = transfer.hub(hub.hub)?;
            enrolling = enrolling.or(state.enrolment.and_then(|enrolment| enrolment.digits));
        }
        // A hub's number says nothing about what does not stand here.
        let guard_seq = transfer.guard()?.map_or(0, |(seq, _)| seq);
        let known_seq = own_seq.unwrap_or(guard_seq);
        Ok(StatusView {
            org: self.join.org,
            device,
            device_name: self.device_name.clone(),
            issuer: (!self.is_locked()).then_some(issuer),
            roster_version: roster.as_ref().map_or(0, |signed| signed.roster.version),
            enrolling: enrolling.filter(|_| !is_member),
            is_locked: self.is_locked(),
            own_seq,
            receipted_seq: transfer.receipted_seq(device)?.min(known_seq),
            counts: self.with_put_off(transfer.counts()?, &transfer)?,
            free_bytes: self
                .config
                .environment
                .files
                .free_bytes(self.layout.root())?,
        })
    }

    /// A photo that was just saved waits too, before it is offered to a hub: else a status could call everything safe.
    fn with_put_off(&self, mut counts: Counts, transfer: &TransferDb) -> Result<Counts, Error> {
        let put_off = self.put_off.lock().unwrap_or_else(PoisonError::into_inner);
        for next in put_off.iter() {
            if transfer.class_of(next.sealed)?.is_none() {
                counts.files = counts.files.saturating_add(1);
                counts.originals = counts.originals.saturating_add(1);
                counts.waiting = counts.waiting.saturating_add(1);
                counts.waiting_bytes = counts.waiting_bytes.saturating_add(next.size);
            }
        }
        Ok(counts)
    }

    /// Where a sealed original stands.
    ///
    /// # Errors
    /// The database's.
    pub fn photo_status(&self, sealed: SealedName) -> Result<PhotoStatus, Error> {
        let holdings = self.transfer().holdings(sealed)?;
        let mut hubs: Vec<_> = holdings.iter().map(|holding| holding.hub).collect();
        hubs.sort_unstable();
        hubs.dedup();
        let is_checked = holdings.iter().any(|holding| holding.sha256.is_some());
        Ok(match (hubs.len(), is_checked) {
            (2.., _) => PhotoStatus::Replicated,
            (1, true) => PhotoStatus::CheckedOnHub,
            (1, false) => PhotoStatus::OnHub,
            (0, _) if self.files.find(sealed)?.is_some() => PhotoStatus::HereOnly,
            (0, _) if self.transfer().is_freed(sealed)? => PhotoStatus::LostHere,
            (0, _) if self.transfer().class_of(sealed)?.is_some() => PhotoStatus::Missing,
            (0, _) => PhotoStatus::Elsewhere,
        })
    }

    /// The preview or thumbnail of a photo as JPEG; `None` if there is none or no key here opens it.
    ///
    /// # Errors
    /// `Locked`, or the disk's.
    pub fn rendition(&self, photo: SubjectId, class: Class) -> Result<Option<Vec<u8>>, Error> {
        let row = self.with_open(|open| {
            let files = open.chain.journal().files_of_photo(photo)?;
            Ok(files.into_iter().find(|row| row.class == class))
        })?;
        let Some(row) = row else { return Ok(None) };
        if self.files.find(row.sealed)?.is_none() {
            return Ok(None);
        }
        let mut sealed = Vec::new();
        std::io::Read::read_to_end(&mut self.files.open(row.sealed)?, &mut sealed)?;
        let sessions = self.with_open(|open| Ok(open.sessions()))?;
        let identities: Vec<_> = sessions.iter().map(SessionKey::identity).collect();
        Ok(open_bytes(&identities, &sealed, RENDITION_BYTES_MAX).ok())
    }
}
