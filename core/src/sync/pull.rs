//! A piece of another device's chain as a hub hands it on: believed only after key, entries, order and signature were checked.

use super::job::Pulled;
use super::wire;
use crate::model::ids::OrgId;

/// Checks a piece of a chain: key, entries, order, signature.
pub(super) fn open_segment(org: OrgId, segment: &wire::Segment) -> Result<Pulled, String> {
    let (entries, checkpoint) = segment.open(org).map_err(|error| error.to_string())?;
    Ok(Pulled {
        spki: segment.spki.clone(),
        entries,
        checkpoint,
    })
}
