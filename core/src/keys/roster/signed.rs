//! A roster with its signature: who may sign it, and when it takes the place of the one at hand.
//!
//! The organisation's id is the hash of its first signing key for ever. A key may be followed by another that it signed; the last one signs.

use super::{Roster, RosterError, contradiction};
use crate::encoding::{CoseError, Hash32, Map, PublicKey, Signed, Value, What};
use crate::keys::OrgSigner;
use crate::model::ids::OrgId;

/// More successors than an organisation has in decades; each is checked at every reading.
const SUCCESSIONS_MAX: usize = 64;

/// A roster with the signature that it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRoster {
    /// What it says.
    pub roster: Roster,
    /// As signed.
    pub bytes: Vec<u8>,
}

impl Roster {
    /// Signs this version.
    ///
    /// # Errors
    /// `Contradiction`: what phones would refuse is not signed.
    pub fn sign(self, signer: &OrgSigner) -> Result<SignedRoster, RosterError> {
        self.check()?;
        let bytes = signer.sign_roster(self.encode());
        SignedRoster::open(&bytes, self.org)
    }
}

impl SignedRoster {
    /// Opens a roster that claims to be of `org`.
    ///
    /// # Errors
    /// See [`RosterError`].
    pub fn open(bytes: &[u8], org: OrgId) -> Result<Self, RosterError> {
        let signed = Signed::parse(bytes, What::Roster)?;
        let roster = Roster::decode(signed.claimed_payload())?;
        if roster.org != org {
            return Err(RosterError::OtherOrg);
        }
        let first = PublicKey::from_spki(&roster.org_spki).map_err(CoseError::from)?;
        if OrgId(first.id()) != org {
            return Err(RosterError::OtherOrg);
        }
        signed.verify(&last_key(first, &roster.successions, org)?, &org.0)?;
        roster.check()?;
        Ok(Self {
            roster,
            bytes: bytes.to_vec(),
        })
    }

    /// Opens a roster of whatever organisation it names: the first word that somebody hears of one.
    ///
    /// # Errors
    /// See [`RosterError`].
    pub fn open_first(bytes: &[u8]) -> Result<Self, RosterError> {
        let claimed = Signed::parse(bytes, What::Roster)?;
        let map = Map::decode(claimed.claimed_payload())?;
        Self::open(bytes, map.need(1, OrgId::from_value)?)
    }

    /// Whether this program would write all that it says. Top-level keys of a newer version are kept; what one put inside a line is not, so that a
    /// roster with such a line is changed by that version alone.
    #[must_use]
    pub fn is_wholly_known(&self) -> bool {
        let signed = Signed::parse(&self.bytes, What::Roster);
        signed.is_ok_and(|signed| signed.claimed_payload() == self.roster.encode())
    }

    /// The next version, to be changed and signed: everybody who stands here stands in it.
    #[must_use]
    pub fn next(&self, issued_ms: i64) -> Roster {
        Roster {
            version: self.roster.version.saturating_add(1),
            previous: Some(Hash32::of(&self.bytes)),
            issued_ms,
            ..self.roster.clone()
        }
    }

    /// Takes a roster that came from anywhere in place of the one at hand.
    ///
    /// # Errors
    /// `NotNewer` for an older one, `TwoOfOneVersion` for another one of the same version, `Contradiction` for one that drops somebody or names
    /// another roster before it; the same bytes again are accepted.
    pub fn succeed(self, offered: &[u8]) -> Result<Self, RosterError> {
        if offered == self.bytes {
            return Ok(self);
        }
        let newer = Self::open(offered, self.roster.org)?;
        let (known, version) = (self.roster.version, newer.roster.version);
        if version == known {
            return Err(RosterError::TwoOfOneVersion { version });
        }
        if version < known {
            let offered = version;
            return Err(RosterError::NotNewer { known, offered });
        }
        let is_next = version == known.saturating_add(1);
        if is_next && newer.roster.previous != Some(Hash32::of(&self.bytes)) {
            return Err(contradiction(
                "it follows another roster than the one at hand",
            ));
        }
        newer.roster.check_follows(&self.roster)?;
        Ok(newer)
    }
}

/// The key that signs after every succession.
fn last_key(
    first: PublicKey,
    successions: &[Vec<u8>],
    org: OrgId,
) -> Result<PublicKey, RosterError> {
    if successions.len() > SUCCESSIONS_MAX {
        return Err(contradiction("more successions than an organisation has"));
    }
    let mut key = first;
    for (n, bytes) in (1_u64..).zip(successions) {
        let signed = Signed::parse(bytes, What::Succession)?;
        let map = Map::decode(signed.verify(&key, &org.0)?)?;
        map.version(1)?;
        let is_ours = map.need(1, OrgId::from_value)? == org;
        if !is_ours || map.need(2, Value::as_uint)? != n {
            return Err(contradiction("a succession of another place"));
        }
        let spki = map.need(3, Value::as_bytes)?;
        key = PublicKey::from_spki(spki).map_err(CoseError::from)?;
    }
    Ok(key)
}
