//! A checkpoint: the device's signature over its chain up to one entry. Signed off the capture path; nothing leaves a phone without one.

use super::{JournalError, cose as cose_error, decode};
use crate::encoding::{Map, PublicKey, Signed, Value, What, cose};
use crate::keys::{KeyVault, VaultError, sign_with};
use crate::model::ids::{DeviceId, EntryId, OrgId};

const WHAT: &str = "checkpoint";

/// A checkpoint whose signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose chain.
    pub device: DeviceId,
    /// Up to which entry.
    pub seq: u64,
    /// That entry's id.
    pub entry_id: EntryId,
    /// COSE_Sign1, as written or received.
    pub bytes: Vec<u8>,
}

impl Checkpoint {
    /// Signs a chain up to an entry; the own signature is checked before it is given out.
    ///
    /// # Errors
    /// The vault's.
    pub fn sign(
        vault: &dyn KeyVault,
        key: &PublicKey,
        org: OrgId,
        seq: u64,
        entry_id: EntryId,
    ) -> Result<Self, VaultError> {
        let device = DeviceId(key.id());
        let payload = Map::new()
            .with(0, device)
            .uint(1, seq)
            .with(2, entry_id)
            .encode();
        let bytes = cose::sign1(What::Checkpoint, key, &org.0, payload, |message| {
            sign_with(vault, key, message)
        })?;
        Ok(Self {
            device,
            seq,
            entry_id,
            bytes,
        })
    }

    /// Reads a checkpoint and checks that its device signed it.
    ///
    /// # Errors
    /// Another spelling, purpose, key or organisation.
    pub fn open(bytes: &[u8], key: &PublicKey, org: OrgId) -> Result<Self, JournalError> {
        let signed = Signed::parse(bytes, What::Checkpoint).map_err(cose_error(WHAT))?;
        let payload = signed.verify(key, &org.0).map_err(cose_error(WHAT))?;
        let checkpoint = Self::read(payload, bytes)?;
        if checkpoint.device.0 != key.id() {
            let cause = crate::encoding::CoseError::OtherKey;
            return Err(JournalError::Cose { what: WHAT, cause });
        }
        Ok(checkpoint)
    }

    /// Which device claims to have signed, before any check: to find its key.
    ///
    /// # Errors
    /// Not a checkpoint.
    pub fn claimed_device(bytes: &[u8]) -> Result<DeviceId, JournalError> {
        let signed = Signed::parse(bytes, What::Checkpoint).map_err(cose_error(WHAT))?;
        Ok(DeviceId(signed.kid()))
    }

    fn read(payload: &[u8], bytes: &[u8]) -> Result<Self, JournalError> {
        let read = || {
            let map = Map::decode(payload)?;
            Ok(Self {
                device: map.need(0, DeviceId::from_value)?,
                seq: map.need(1, Value::as_uint)?,
                entry_id: map.need(2, EntryId::from_value)?,
                bytes: bytes.to_vec(),
            })
        };
        read().map_err(decode(WHAT))
    }
}
