//! Hub nonces: each is good for one session or enrolment within 10 minutes.
//!
//! A nonce carries its own date and a MAC under a key of this start: 8 bytes of the hub's monotonic
//! clock (ns, big-endian), 8 random bytes, 16 bytes of SHA-256(key ‖ those 16). So a hello stores
//! nothing, and however many are said, none pushes out another. Remembered is only what was used
//! under a valid signature. Invariant: no nonce is good twice, and what strangers use makes no
//! member's nonce forgotten.

use std::collections::BTreeSet;
use std::sync::Mutex;

use imena_core::encoding::hash::Hasher;
use imena_core::environment::Environment;
use imena_core::sync::wire::Nonce;
use zeroize::Zeroizing;

use crate::error::{HubError, lock};

const DATE_BYTES: usize = 8;
/// The part that is fixed in length and authenticated: nothing can be put behind it, so a plain hash
/// under a secret prefix, cut in half, is a MAC.
const DATED_BYTES: usize = 16;

/// Gives out nonces and takes each back once.
pub(crate) struct Nonces {
    key: Zeroizing<[u8; 32]>,
    good_for_ns: u64,
    used_max: usize,
    members: Mutex<Used>,
    strangers: Mutex<Used>,
}

/// Who used a nonce, by the signature that came with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    /// A device that the roster names.
    Member,
    /// Anybody with a key.
    Stranger,
}

/// The nonces that were used; their date comes first, so they stand in the order of their age.
#[derive(Default)]
struct Used {
    nonces: BTreeSet<Nonce>,
    /// Nothing this old is good any more: some that were used had to be forgotten.
    floor_ns: u64,
}

impl Nonces {
    pub fn new(
        environment: &Environment,
        good_for_ns: u64,
        used_max: usize,
    ) -> Result<Self, HubError> {
        Ok(Self {
            key: Zeroizing::new(environment.random()?),
            good_for_ns,
            used_max,
            members: Mutex::default(),
            strangers: Mutex::default(),
        })
    }

    /// Gives out a new one.
    pub fn issue(&self, environment: &Environment) -> Result<Nonce, HubError> {
        let now_ns = environment.clock.now().mono_ns;
        let mut nonce: Nonce = environment.random()?;
        let date = nonce.iter_mut().zip(now_ns.to_be_bytes());
        date.for_each(|(byte, dated)| *byte = dated);
        let mac = self.mac(&nonce);
        let end = nonce.iter_mut().skip(DATED_BYTES).zip(mac);
        end.for_each(|(byte, checked)| *byte = checked);
        Ok(nonce)
    }

    /// Uses one up; `false` if it is not from here, used or too old. To be called only after the
    /// signature that came with it was found good.
    pub fn take(&self, environment: &Environment, nonce: &Nonce, signer: Signer) -> bool {
        let now_ns = environment.clock.now().mono_ns;
        let since_ns = date(nonce);
        let age_ns = now_ns.checked_sub(since_ns);
        let is_fresh = age_ns.is_some_and(|age_ns| age_ns <= self.good_for_ns);
        // Compared whole; how long that takes tells about a MAC that is good for one clock tick.
        if !is_fresh || !nonce.iter().skip(DATED_BYTES).eq(self.mac(nonce).iter()) {
            return false;
        }
        let used = match signer {
            Signer::Member => &self.members,
            Signer::Stranger => &self.strangers,
        };
        // A stranger who was let in meanwhile has used it as one.
        let other = match signer {
            Signer::Member => &self.strangers,
            Signer::Stranger => &self.members,
        };
        if lock(other).nonces.contains(nonce) {
            return false;
        }
        lock(used).take(
            *nonce,
            now_ns.saturating_sub(self.good_for_ns),
            self.used_max,
        )
    }

    fn mac(&self, nonce: &Nonce) -> [u8; 16] {
        let mut hasher = Hasher::new();
        hasher.update(&*self.key);
        hasher.update(nonce.get(..DATED_BYTES).unwrap_or_default());
        let mut mac = [0; 16];
        let bytes = mac.iter_mut().zip(hasher.finish().0);
        bytes.for_each(|(byte, hashed)| *byte = hashed);
        mac
    }
}

impl Used {
    fn take(&mut self, nonce: Nonce, good_since_ns: u64, used_max: usize) -> bool {
        let is_over = |nonce: &Nonce| date(nonce) < good_since_ns;
        while self.nonces.first().is_some_and(is_over) {
            self.nonces.pop_first();
        }
        if date(&nonce) < self.floor_ns || !self.nonces.insert(nonce) {
            return false;
        }
        if self.nonces.len() > used_max
            && let Some(oldest) = self.nonces.pop_first()
        {
            self.floor_ns = date(&oldest).saturating_add(1);
        }
        true
    }
}

fn date(nonce: &Nonce) -> u64 {
    let bytes = nonce.first_chunk::<DATE_BYTES>();
    bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_once_here_and_nowhere_else() {
        let environment = Environment::system(0);
        let nonces = Nonces::new(&environment, u64::MAX, 10).unwrap();
        let [one, two] = [(); 2].map(|()| nonces.issue(&environment).unwrap());
        assert_ne!(one, two);
        assert!(nonces.take(&environment, &one, Signer::Member));
        assert!(!nonces.take(&environment, &one, Signer::Member), "used");
        let other = Nonces::new(&environment, u64::MAX, 10).unwrap();
        assert!(!other.take(&environment, &two, Signer::Member), "elsewhere");
        for at in 0..32 {
            let mut forged = two;
            forged[at] ^= 1;
            assert!(!nonces.take(&environment, &forged, Signer::Member), "{at}");
        }
        let strict = Nonces::new(&environment, 0, 10).unwrap();
        let old = strict.issue(&environment).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1));
        assert!(!strict.take(&environment, &old, Signer::Member), "too old");
    }

    #[test]
    fn ten_thousand_hellos_and_sessions_of_strangers_cost_a_slow_phone_nothing() {
        let environment = Environment::system(0);
        let nonces = Nonces::new(&environment, u64::MAX, 100).unwrap();
        let slow = nonces.issue(&environment).unwrap();
        let of_a_stranger = nonces.issue(&environment).unwrap();
        assert!(nonces.take(&environment, &of_a_stranger, Signer::Stranger));
        for _ in 0..10_000 {
            let nonce = nonces.issue(&environment).unwrap();
            assert!(nonces.take(&environment, &nonce, Signer::Stranger));
        }
        assert_eq!(lock(&nonces.strangers).nonces.len(), 100, "bounded");
        let again = nonces.take(&environment, &of_a_stranger, Signer::Stranger);
        assert!(!again, "forgotten, and still not good twice");
        let admitted = nonces.issue(&environment).unwrap();
        assert!(nonces.take(&environment, &admitted, Signer::Stranger));
        let again = nonces.take(&environment, &admitted, Signer::Member);
        assert!(!again, "not by whom the roster names meanwhile either");
        assert!(nonces.take(&environment, &slow, Signer::Member));
    }
}
