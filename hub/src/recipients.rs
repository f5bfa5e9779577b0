//! Whom a stored file is sealed to, as its header shows: named where that is not as it must be, and
//! the file is kept all the same.
//!
//! Does not open files (`chain/`). Invariant: what the header alone shows is named before the file is
//! called stored, locked or not; what only its entry or run can tell, when that has been read.

use std::path::Path;

use imena_core::model::ids::SealedName;
use imena_core::seal::{objection_to, unlisted_in};

use crate::error::HubError;
use crate::hub::Inner;
use crate::upload::Key;

impl Inner {
    /// Names what the header alone shows: a reader of another type, none, or too many.
    pub(crate) fn name_odd_recipients(&self, staging: &Path, key: Key) -> Result<(), HubError> {
        if let Some(objection) = objection_to(std::fs::File::open(staging)?) {
            let what = format!("sealed otherwise than a phone seals: {objection}");
            self.audit_by(key.device, &what, key.sealed.0);
        }
        Ok(())
    }

    /// Names a number of recipients that is not the one its entry or run lists; the rest was named
    /// when the file came.
    pub(crate) fn name_unlisted_recipients(
        &self,
        sealed: SealedName,
        listed: usize,
    ) -> Result<(), HubError> {
        if let Some(objection) = unlisted_in(self.objects.open_file(sealed)?, listed) {
            let what = format!("sealed to others than it says: {objection}");
            self.audit(&what, sealed.0);
        }
        Ok(())
    }
}
