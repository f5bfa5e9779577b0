//! A piece of another device's chain as a hub hands it on: believed only after key, entries, order and signature were checked.

use super::job::Pulled;
use super::wire;
use crate::encoding::PublicKey;
use crate::journal::{Entry, covering};
use crate::model::ids::{DeviceId, OrgId};

/// Checks a piece of a chain: key, entries, order, signature.
pub(super) fn open_segment(org: OrgId, segment: &wire::Segment) -> Result<Pulled, String> {
    let key = PublicKey::from_spki(&segment.spki).map_err(|error| error.to_string())?;
    if DeviceId(key.id()) != segment.device {
        return Err("a chain under another device's key".to_owned());
    }
    let entries = segment.entries.iter().map(|(header, body)| {
        Entry::parse(header, body.clone()).map_err(|error| error.to_string())
    });
    let entries = entries.collect::<Result<Vec<Entry>, String>>()?;
    let checkpoint = covering(org, &key, &entries, &segment.checkpoint);
    let checkpoint = checkpoint.map_err(|error| error.to_string())?;
    if entries.iter().any(|entry| entry.header.org != org) {
        return Err("entries of another organisation".to_owned());
    }
    Ok(Pulled {
        spki: segment.spki.clone(),
        entries,
        checkpoint,
    })
}
