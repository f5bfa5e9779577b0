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
            if is_fresh && !self.is_claimed(row.device) {
                standing.push(row);
            } else {
                self.truth.forget_enrolment(row.device)?;
            }
        }
        Ok(standing)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::hub::{Hub, HubConfig};
    use imena_core::encoding::Hash32;
    use imena_core::environment::Environment;
    use imena_core::model::ids::OrgId;

    fn asked(hub: &Hub, own_nonce: &Nonce) -> EnrollRequest {
        EnrollRequest {
            org: OrgId(Hash32::ZERO),
            hub: hub.id(),
            device_spki: vec![],
            name: "phone".to_owned(),
            hub_nonce: [0; 32],
            commitment: commitment(own_nonce),
        }
    }

    /// Nobody can search for equal digits, so the test says what the digits are.
    fn wait_with(hub: &Hub, device: DeviceId, own_nonce: Nonce, digits: &str) -> Asked {
        let begun = hub.inner.begin_enrolment(device, &asked(hub, &own_nonce));
        let Asked::Begun(hub_nonce) = begun.unwrap() else {
            return Asked::Full;
        };
        let shown = RevealRequest {
            org: OrgId(Hash32::ZERO),
            hub: hub.id(),
            device_spki: vec![],
            hub_nonce,
            own_nonce,
        };
        let digits = digits.to_owned();
        hub.inner.reveal_enrolment(device, &shown, digits).unwrap()
    }

    #[test]
    fn equal_digits_are_refused_and_both_devices_named() {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment::system(0);
        Hub::set_up(&environment, dir.path(), "hub", &[]).unwrap();
        let hub = Hub::open(HubConfig::new(dir.path(), environment)).unwrap();
        let [first, second] = [1, 2].map(|byte| DeviceId(Hash32([byte; 32])));
        assert_eq!(wait_with(&hub, first, [1; 32], "123456"), Asked::Waits);
        let refused = wait_with(&hub, second, [2; 32], "123456");
        assert_eq!(refused, Asked::EqualDigits { other: first });
        let waiting = hub.pending().unwrap();
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting.first().map(|line| line.device), Some(first));
        let named: Vec<String> = hub
            .audit_lines(10)
            .unwrap()
            .into_iter()
            .map(|line| line.about)
            .collect();
        assert_eq!(named, [first.0.to_hex(), second.0.to_hex()]);
        // With another nonce it gets other digits, and may wait.
        assert_eq!(wait_with(&hub, second, [3; 32], "654321"), Asked::Waits);
        assert_eq!(wait_with(&hub, first, [1; 32], "123456"), Asked::Waits);
    }
}
