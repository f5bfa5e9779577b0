//! Names that people give: which records bear one, and who recorded each.
//!
//! Owns that a name is never taken for one record where it may be another: a place code or an
//! operator's name is chosen by people who do not hear of each other, so two records may bear it.
//! Joining such records is a verb of its own and not here. A code of a grave or remains needs none
//! of this: its record follows from it (`codes.rs`).

use serde::Serialize;

use super::{Error, FieldStore};
use crate::index::ROOT;
use crate::merge::{Folded, Standing};
use crate::model::ids::{DeviceId, SubjectId};
use crate::nouns::operator::{self, Operator};
use crate::nouns::site::{self, Site};
use crate::record::{Of, device_name};
use crate::vocabulary::{Kind, OperatorRole};

/// A record that bears a name, for people who must tell it from another that bears it too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bearer {
    /// Which one.
    pub id: SubjectId,
    /// What tells it apart: the name of a site, the organisation of an operator.
    pub name: String,
    /// Who recorded it.
    pub by: Recorder,
}

/// Who recorded something.
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
    pub fn sites_named(&self, place_code: &str) -> Result<Vec<Bearer>, Error> {
        self.bearers(Kind::Site, |folded| {
            let site = Of::<Site>::new(folded)?;
            let code = site.get(site::PLACE_CODE)?;
            let bears = code.eq_ignore_ascii_case(place_code);
            bears.then(|| site.get(site::NAME).unwrap_or_default())
        })
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
    ) -> Result<Vec<Bearer>, Error> {
        self.bearers(Kind::Operator, |folded| {
            let known = Of::<Operator>::new(folded)?;
            let of = known.get(operator::ORGANISATION).unwrap_or_default();
            let is_same = known.get(operator::NAME).as_deref() == Some(display_name)
                && known.get(operator::ROLE).as_ref() == Some(role)
                && organisation.is_none_or(|given| of == given);
            is_same.then_some(of)
        })
    }

    /// The records of a kind that still stand and bear a name, the first recorded first; `bears` gives what tells them apart.
    fn bearers(
        &self,
        kind: Kind,
        bears: impl Fn(&Folded) -> Option<String>,
    ) -> Result<Vec<Bearer>, Error> {
        let all = self.list_all(ROOT, kind, |folded| {
            let stands = folded.standing == Standing::Stands;
            let name = bears(folded).filter(|_| stands);
            name.map(|name| (folded.clone(), name))
        })?;
        let mut found = Vec::new();
        for (folded, name) in all.into_iter().flatten() {
            let (id, by) = (folded.subject, self.recorder_of(&folded)?);
            found.push(Bearer { id, name, by });
        }
        found.sort_by_key(|bearer| (bearer.by.recorded_ms, bearer.id));
        Ok(found)
    }

    /// Who recorded a record.
    ///
    /// # Errors
    /// `Locked`, or the index's.
    pub fn recorder_of(&self, folded: &Folded) -> Result<Recorder, Error> {
        let operator = match folded.operator {
            Some(id) => self.with_open(|open| Ok(open.index().folded(id)?))?,
            None => None,
        };
        let operator = operator.as_ref().and_then(Of::<Operator>::new);
        let device = folded.creates.first().map(|(_, device)| *device);
        Ok(Recorder {
            device,
            device_name: device.and_then(|device| self.name_of(device)),
            operator: operator.and_then(|known| known.get(operator::NAME)),
            recorded_ms: folded.first_wall_ms,
        })
    }

    fn name_of(&self, device: DeviceId) -> Option<String> {
        let signed = self.roster();
        let roster = signed.as_ref().map(|signed| &signed.roster);
        let own = Some((self.device_id(), self.device_name()));
        device_name(device, own, roster)
    }
}
