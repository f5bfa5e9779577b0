//! Wishes to join: who waits, and the six digits that two people compare.
//!
//! Owns the order commit, answer, reveal from the hub's side. Does not check signatures (`routes/`)
//! and lets nobody in: the roster does. Invariant: a commitment has one answer, no two devices that
//! wait have the same digits, and at most [`ENROLMENTS_MAX`] wait.

use std::sync::Mutex;

use imena_core::model::ids::DeviceId;
use imena_core::sync::wire::{EnrollRequest, Nonce, RevealRequest, commitment};

use crate::admin::Pending;
use crate::error::{HubError, lock};
use crate::hub::Inner;
use crate::limits::{ENROLMENT_MS, ENROLMENTS_MAX, REVEAL_MS};
use crate::truth::EnrolmentRow;

/// One change at a time: reading who waits and writing who waits belong together.
#[derive(Debug, Default)]
pub(crate) struct Enrolments {
    changing: Mutex<()>,
}

/// How an enrolment goes on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The answer to a commitment.
    Begun(Nonce),
    /// The digits stand.
    Waits,
    /// Too many wait.
    Full,
    /// Another commitment of this device stands.
    OtherStands,
    /// No commitment that this nonce and this answer belong to.
    Unknown,
    /// A device that waits has the same digits.
    EqualDigits {
        /// Which.
        other: DeviceId,
    },
}

impl Inner {
    /// Takes a commitment; the same one gets the same answer for as long as it stands.
    pub(crate) fn begin_enrolment(
        &self,
        device: DeviceId,
        asked: &EnrollRequest,
    ) -> Result<Asked, HubError> {
        let _changing = lock(&self.enrolments.changing);
        let standing = self.standing_enrolments()?;
        if let Some(row) = standing.iter().find(|row| row.device == device) {
            let is_same = row.commitment == asked.commitment;
            return Ok(match is_same {
                true => Asked::Begun(row.hub_nonce),
                false => Asked::OtherStands,
            });
        }
        if standing.len() >= ENROLMENTS_MAX {
            self.audit_stranger("a device wished to join, but too many wait", device.0);
            return Ok(Asked::Full);
        }
        let hub_nonce = self.environment.random()?;
        self.truth.put_enrolment(&EnrolmentRow {
            device,
            spki: asked.device_spki.clone(),
            name: asked.name.clone(),
            commitment: asked.commitment,
            hub_nonce,
            digits: None,
            since_ms: self.now_ms(),
        })?;
        Ok(Asked::Begun(hub_nonce))
    }

    /// Takes the nonce that a device committed to; from then on it waits with its digits.
    pub(crate) fn reveal_enrolment(
        &self,
        device: DeviceId,
        shown: &RevealRequest,
        digits: String,
    ) -> Result<Asked, HubError> {
        let _changing = lock(&self.enrolments.changing);
        let standing = self.standing_enrolments()?;
        let fits = |row: &&EnrolmentRow| {
            row.device == device
                && row.hub_nonce == shown.hub_nonce
                && row.commitment == commitment(&shown.own_nonce)
        };
        let Some(row) = standing.iter().find(fits) else {
            return Ok(Asked::Unknown);
        };
        if row.digits.is_some() {
            return Ok(Asked::Waits);
        }
        let has_same = |row: &&EnrolmentRow| row.digits.as_ref() == Some(&digits);
        if let Some(other) = standing.iter().find(has_same).map(|row| row.device) {
            self.truth.forget_enrolment(device)?;
            let what = "refused: its six digits are those of another device that waits";
            self.audit_stranger(what, device.0);
            let what = "waits; another device came with the same six digits and was refused";
            self.audit_stranger(what, other.0);
            return Ok(Asked::EqualDigits { other });
        }
        self.truth.put_enrolment(&EnrolmentRow {
            digits: Some(digits),
            since_ms: self.now_ms(),
            ..row.clone()
        })?;
        Ok(Asked::Waits)
    }

    /// Forgets a device that an operator does not know; it may ask again.
    pub(crate) fn dismiss_enrolment(&self, device: DeviceId) -> Result<(), HubError> {
        let _changing = lock(&self.enrolments.changing);
        self.truth.forget_enrolment(device)
    }

    /// Devices that wait with their digits, in the order of asking.
    pub(crate) fn pending(&self) -> Result<Vec<Pending>, HubError> {
        let _changing = lock(&self.enrolments.changing);
        let waiting = self.standing_enrolments()?.into_iter().filter_map(|row| {
            Some(Pending {
                device: row.device,
                digits: row.digits?,
                spki: row.spki,
                name: row.name,
                since_ms: row.since_ms,
            })
        });
        Ok(waiting.collect())
    }

    /// Forgets what lapsed and what the roster has answered; gives the rest.
    fn standing_enrolments(&self) -> Result<Vec<EnrolmentRow>, HubError> {
        let now_ms = self.now_ms();
        let mut standing = Vec::new();
        for row in self.truth.enrolments()? {
            let good_for_ms = match row.digits {
                Some(_) => ENROLMENT_MS,
                None => REVEAL_MS,
            };
            // A clock that jumped back makes them lapse too: better asked again than for ever.
            let is_fresh = (0..good_for_ms).contains(&now_ms.saturating_sub(row.since_ms));
            if is_fresh && !self.is_member(row.device) {
                standing.push(row);
            } else {
                self.truth.forget_enrolment(row.device)?;
            }
        }
        Ok(standing)
    }
}
