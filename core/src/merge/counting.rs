//! Which entries of a chain count that the organisation has ended.
//!
//! A device with a `last_good` in the roster: an entry counts if it is that one or is reached from it by `prev`. So the other history that a thief
//! writes from an earlier entry on does not count, whatever numbers it bears, and neither does what no known link leads to.

use std::collections::{BTreeMap, BTreeSet};

use crate::encoding::Hash32;
use crate::journal::Entry;
use crate::keys::Roster;
use crate::model::ids::{DeviceId, EntryId};

/// Which entries of ended chains count; those of every other chain do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counting {
    ended: BTreeMap<DeviceId, Reached>,
}

/// What the last good entry of a chain leads back to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reached {
    entries: BTreeSet<EntryId>,
    /// What the last of them names as the one before it; the device id at the start of the chain.
    before: Hash32,
}

impl Counting {
    /// Follows each ended chain back from its last good entry; `prev_of` gives what an entry names as the one before it, if the entry is known.
    ///
    /// # Errors
    /// Whatever `prev_of` gives.
    pub fn of<E>(
        roster: Option<&Roster>,
        prev_of: impl Fn(DeviceId, EntryId) -> Result<Option<Hash32>, E>,
    ) -> Result<Self, E> {
        let mut ended = BTreeMap::new();
        for (device, last_good) in roster.map(Roster::ended).unwrap_or_default() {
            let mut entries = BTreeSet::new();
            let mut before = last_good.entry.0;
            while let Some(prev) = prev_of(device, EntryId(before))? {
                // A chain of hashes has no circle; what claims to be one is left.
                if !entries.insert(EntryId(before)) {
                    break;
                }
                before = prev;
            }
            ended.insert(device, Reached { entries, before });
        }
        Ok(Self { ended })
    }

    /// Follows chains through entries at hand.
    #[must_use]
    pub fn through(roster: Option<&Roster>, entries: &[Entry]) -> Self {
        let links: BTreeMap<EntryId, &Entry> = entries.iter().map(|e| (e.id, e)).collect();
        let counting = Self::of(roster, |device, id| {
            let entry = links.get(&id).filter(|e| e.header.device == device);
            Ok::<_, std::convert::Infallible>(entry.map(|entry| entry.header.prev))
        });
        match counting {
            Ok(counting) => counting,
            Err(never) => match never {},
        }
    }

    /// The devices whose chains were ended.
    pub fn ended(&self) -> impl Iterator<Item = DeviceId> {
        self.ended.keys().copied()
    }

    /// Whether the way back to the start of an ended chain is known: what still arrives changes nothing.
    #[must_use]
    pub fn reaches_start(&self, device: DeviceId) -> bool {
        let reached = self.ended.get(&device);
        reached.is_none_or(|reached| reached.before == device.0)
    }

    /// A hash that differs where another set of entries counts; `ended` says which chains were ended, and where.
    #[must_use]
    pub fn rule(&self, ended: Hash32) -> Hash32 {
        let mut text = ended.as_bytes().to_vec();
        for reached in self.ended.values() {
            text.extend_from_slice(reached.before.as_bytes());
        }
        Hash32::of(&text)
    }

    /// Whether an entry counts.
    #[must_use]
    pub fn counts(&self, entry: &Entry) -> bool {
        let reached = self.ended.get(&entry.header.device);
        reached.is_none_or(|reached| reached.entries.contains(&entry.id))
    }
}
