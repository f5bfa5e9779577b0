//! Names that people give: which records bear one, and who recorded each.
//!
//! Owns that a name is never taken for one record where it may be another: a place code or an
//! operator's name is chosen by people who do not hear of each other, so two records may bear it.
//! Joining such records is a verb of its own and not here. A code of a grave or remains needs none
//! of this: its record follows from it (`codes.rs`).

use serde::Serialize;

use super::{Error, FieldStore};
use crate::model::ids::DeviceId;
use crate::record::{OperatorView, RecordState, SiteView};
use crate::vocabulary::{Kind, OperatorRole};

/// Who recorded something, for people who must tell two records of one name apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recorder {
    /// Whose chain; none if its first entry has not come.
    pub device: Option<DeviceId>,
    /// The device's name in the roster, or this phone's own.
    pub device_name: Option<String>,
    /// The operator at that device, as recorded.
    pub operator: Option<String>,
    /// The device's clock, ms since 1970 UTC, as claimed.
    pub recorded_ms: i64,
}

impl FieldStore {
    /// The sites that bear a place code and still stand, the first recorded first.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn sites_named(&self, place_code: &str) -> Result<Vec<SiteView>, Error> {
        let mut sites = self.list_sites()?;
        sites.retain(|site| {
            site.record.ended.is_none() && site.place_code.eq_ignore_ascii_case(place_code)
        });
        sites.sort_by_key(|site| (site.record.recorded_ms, site.id));
        Ok(sites)
    }

    /// The operators of a name and role who still stand; of one organisation, if it is given.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn operators_named(
        &self,
        display_name: &str,
        role: &OperatorRole,
        organisation: Option<&str>,
    ) -> Result<Vec<OperatorView>, Error> {
        let mut operators = self.list_operators()?;
        operators.retain(|known| {
            known.record.ended.is_none()
                && known.display_name == display_name
                && known.role == *role
                && organisation.is_none_or(|given| known.organisation == given)
        });
        operators.sort_by_key(|known| (known.record.recorded_ms, known.id));
        Ok(operators)
    }

    /// Who recorded a record.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn recorder_of(&self, record: &RecordState) -> Result<Recorder, Error> {
        let operator = match record.operator {
            Some(id) => self.with_open(|open| Ok(open.index().folded(id)?))?,
            None => None,
        };
        let operator = operator.filter(|folded| folded.kind == Kind::Operator);
        let device = record.recorded_by.first().copied();
        Ok(Recorder {
            device,
            device_name: device.and_then(|device| self.name_of(device)),
            operator: operator.map(|folded| OperatorView::of(&folded).display_name),
            recorded_ms: record.recorded_ms,
        })
    }

    /// Whether a record bears a number of another device's series that this device has not recorded.
    #[must_use]
    pub fn is_number_foreign(&self, code: &str, record: &RecordState) -> bool {
        let roster = self.roster();
        let roster = roster.as_ref().map(|signed| &signed.roster);
        crate::record::is_number_foreign(code, record, roster)
    }

    pub(super) fn name_of(&self, device: DeviceId) -> Option<String> {
        if device == self.device_id() {
            return Some(self.device_name().to_owned());
        }
        let roster = self.roster();
        let known = roster
            .as_ref()
            .and_then(|signed| signed.roster.device(device));
        known.map(|known| known.name.clone())
    }
}
