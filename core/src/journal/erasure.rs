//! The lawful order to erase bodies: two distinct authorities of the organisation, each with a signature over the same targets.
//!
//! Owns the order's bytes and when it is one. Does not erase. Invariant: one authority alone, or twice, orders nothing; the headers of what is
//! erased stay, so that the chain still verifies and an erased correction does not revive what it corrected.

use std::collections::BTreeSet;

use super::JournalError;
use crate::encoding::{
    DecodeError, Hash32, Map, PublicKey, Signed, Value, What, cose as sign_cose,
};
use crate::keys::Roster;
use crate::model::ids::{EntryId, OrgId};

const VERSION: u64 = 1;
const WHAT: &str = "erasure";
/// Authorities who must agree.
const AUTHORITIES_NEEDED: usize = 2;
/// More targets than one entry's body has room to name.
const TARGETS_MAX: usize = 200;

/// Signs one authority's word that the bodies of `targets` are to be erased.
///
/// # Errors
/// `sign`'s.
pub fn sign_erasure<E>(
    org: OrgId,
    targets: &[EntryId],
    key: &PublicKey,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, E> {
    let payload = Map::new()
        .uint(0, VERSION)
        .with(1, org)
        .array(2, targets.iter().map(|target| Value::from(*target)));
    sign_cose::sign1(What::Erasure, key, &org.0, payload.encode(), sign)
}

/// Checks that distinct authorities of the roster, in whatever state they are now, order the erasure of exactly `targets`. Words that do not verify
/// count for nothing: a later version may add others.
///
/// # Errors
/// No targets or too many, or fewer distinct authorities than are needed.
pub fn verify_erasure(
    roster: &Roster,
    targets: &[EntryId],
    words: &[Vec<u8>],
) -> Result<(), JournalError> {
    if targets.is_empty() || targets.len() > TARGETS_MAX {
        let cause = DecodeError::WrongType { key: 2 };
        return Err(JournalError::Decode { what: WHAT, cause });
    }
    let keys = roster.authorities.iter();
    let keys: Vec<PublicKey> = keys
        .filter_map(|line| PublicKey::from_spki(&line.spki).ok())
        .collect();
    let words = words.iter();
    let agreed = words.filter_map(|word| authority_of(word, &keys, roster.org, targets));
    let agreed: BTreeSet<Hash32> = agreed.collect();
    if agreed.len() < AUTHORITIES_NEEDED {
        return Err(JournalError::TooFewAuthorities {
            found: agreed.len(),
        });
    }
    Ok(())
}

/// The authority that signed a word over these very targets.
fn authority_of(
    word: &[u8],
    keys: &[PublicKey],
    org: OrgId,
    targets: &[EntryId],
) -> Option<Hash32> {
    let signed = Signed::parse(word, What::Erasure).ok()?;
    let key = keys.iter().find(|key| key.id() == signed.kid())?;
    let map = Map::decode(signed.verify(key, &org.0).ok()?).ok()?;
    map.version(VERSION).ok()?;
    let is_ours = map.need(1, OrgId::from_value).ok()? == org;
    let is_this = map.list(2, EntryId::from_value).ok()? == targets;
    (is_ours && is_this).then(|| key.id())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::convert::Infallible;

    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;
    use crate::environment::Environment;
    use crate::keys::{Authority, LineState, Organisation, PassphraseCost};

    fn authority(n: u8) -> (SigningKey, PublicKey) {
        let key = SigningKey::from_bytes(&[n; 32]);
        let public = PublicKey::from_ed25519(&key.verifying_key()).unwrap();
        (key, public)
    }

    fn roster() -> Roster {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment::system(0);
        let org = Organisation::create(&environment, dir.path(), "beech", PassphraseCost::TEST);
        let org = org.unwrap().0;
        let mut roster = Roster::first(&org.signer, org.identity.recipient(), 0);
        for n in [1, 2] {
            roster.authorities.push(Authority {
                spki: authority(n).1.spki().to_vec(),
                name: format!("authority {n}"),
                state: LineState::Active,
            });
        }
        roster
    }

    fn word(org: OrgId, n: u8, targets: &[EntryId]) -> Vec<u8> {
        let (key, public) = authority(n);
        let sign = |message: &[u8]| Ok::<_, Infallible>(key.sign(message).to_bytes().to_vec());
        sign_erasure(org, targets, &public, sign).unwrap()
    }

    #[test]
    fn two_authorities_order_together_and_one_alone_or_twice_orders_nothing() {
        let roster = roster();
        let targets = [EntryId(Hash32([7; 32]))];
        let [one, two] = [1, 2].map(|n| word(roster.org, n, &targets));
        assert_eq!(
            verify_erasure(&roster, &targets, &[one.clone(), two.clone()]),
            Ok(())
        );
        let alone = verify_erasure(&roster, &targets, std::slice::from_ref(&one));
        assert_eq!(alone, Err(JournalError::TooFewAuthorities { found: 1 }));
        let twice = verify_erasure(&roster, &targets, &[one.clone(), one.clone()]);
        assert_eq!(twice, Err(JournalError::TooFewAuthorities { found: 1 }));
        let stranger = word(roster.org, 3, &targets);
        assert!(verify_erasure(&roster, &targets, &[one.clone(), stranger]).is_err());
        let others = [EntryId(Hash32([8; 32]))];
        assert!(verify_erasure(&roster, &others, &[one, two]).is_err());
    }
}
