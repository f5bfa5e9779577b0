//! What of each device lies in `staging/` and `damaged/`: it counts against the quota of one that
//! nobody has claimed.
//!
//! In memory, read from the names in both folders at the start. An upload counts with its whole
//! length from the moment it begins, so that many at once cannot pass the quota together. Does not
//! know what is stored (`truth`) and does not touch the disk.

use std::collections::BTreeMap;
use std::sync::Mutex;

use imena_core::model::ids::{DeviceId, SealedName};

use super::Key;
use crate::error::lock;
use crate::limits::{UNCLAIMED_FILE_BYTES_MIN, UNCLAIMED_PARTS_MAX};

/// Bytes of all devices that are not stored files.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    devices: Mutex<BTreeMap<DeviceId, Parts>>,
}

#[derive(Debug, Default)]
struct Parts {
    begun: BTreeMap<SealedName, u64>,
    damaged_bytes: u64,
    damaged_count: usize,
}

/// What a device may have on the hub: stored, begun and damaged together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quota {
    pub bytes: u64,
    /// Of which its stored files take this much.
    pub stored: u64,
}

impl Spent {
    /// Begins or goes on with an upload; `false` if that is over the quota.
    pub fn begin(&self, key: Key, length: u64, quota: Option<Quota>) -> bool {
        let mut devices = lock(&self.devices);
        let parts = devices.entry(key.device).or_default();
        let fits = quota.is_none_or(|quota| parts.fit(key.sealed, length, quota));
        if fits {
            parts.begun.insert(key.sealed, counted(length));
        } else if parts.is_empty() {
            devices.remove(&key.device);
        }
        fits
    }

    /// An upload is stored or forgotten.
    pub fn end(&self, key: Key) {
        let mut devices = lock(&self.devices);
        if let Some(parts) = devices.get_mut(&key.device) {
            parts.begun.remove(&key.sealed);
            if parts.is_empty() {
                devices.remove(&key.device);
            }
        }
    }

    /// Bytes that were not what their name says were set aside.
    pub fn damaged(&self, device: DeviceId, bytes: u64) {
        let mut devices = lock(&self.devices);
        let parts = devices.entry(device).or_default();
        parts.damaged_bytes = parts.damaged_bytes.saturating_add(counted(bytes));
        parts.damaged_count = parts.damaged_count.saturating_add(1);
    }
}

impl Parts {
    fn is_empty(&self) -> bool {
        self.begun.is_empty() && self.damaged_count == 0
    }

    fn fit(&self, sealed: SealedName, length: u64, quota: Quota) -> bool {
        let others = self.begun.iter().filter(|(name, _)| **name != sealed);
        let (mut count, mut bytes) = (self.damaged_count, self.damaged_bytes);
        for (_, length) in others {
            count = count.saturating_add(1);
            bytes = bytes.saturating_add(*length);
        }
        let bytes = bytes
            .saturating_add(quota.stored)
            .saturating_add(counted(length));
        count < UNCLAIMED_PARTS_MAX && bytes <= quota.bytes
    }
}

fn counted(bytes: u64) -> u64 {
    bytes.max(UNCLAIMED_FILE_BYTES_MIN)
}
