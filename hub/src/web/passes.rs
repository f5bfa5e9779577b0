//! Random values that were given out and let somebody in: sign-in links and page sessions. In memory
//! only: they end with the process.

use std::collections::BTreeMap;
use std::sync::Mutex;

use imena_core::environment::Environment;
use imena_core::sync::wire::Nonce;

use crate::error::{HubError, lock};

/// Passes that were given out and have not ended.
#[derive(Debug)]
pub(super) struct Passes {
    issued: Mutex<BTreeMap<Nonce, u64>>,
    good_for_ns: u64,
    count_max: usize,
}

impl Passes {
    pub fn new(good_for_ns: u64, count_max: usize) -> Self {
        Self {
            issued: Mutex::default(),
            good_for_ns,
            count_max,
        }
    }

    /// Gives out a new one; the oldest makes room when there are too many.
    pub fn issue(&self, environment: &Environment) -> Result<Nonce, HubError> {
        let now = environment.clock.now().mono_ns;
        let nonce: Nonce = environment.random()?;
        let mut issued = lock(&self.issued);
        issued.retain(|_, since| now.saturating_sub(*since) <= self.good_for_ns);
        if issued.len() >= self.count_max {
            let oldest = issued
                .iter()
                .min_by_key(|(_, since)| **since)
                .map(|(nonce, _)| *nonce);
            oldest.and_then(|oldest| issued.remove(&oldest));
        }
        issued.insert(nonce, now);
        Ok(nonce)
    }

    /// Uses one up; `false` if it is unknown, used or too old.
    pub fn take(&self, environment: &Environment, nonce: &Nonce) -> bool {
        let now = environment.clock.now().mono_ns;
        let since = lock(&self.issued).remove(nonce);
        since.is_some_and(|since| now.saturating_sub(since) <= self.good_for_ns)
    }

    /// Whether one is still good, without using it up.
    pub fn is_good(&self, environment: &Environment, nonce: &Nonce) -> bool {
        let now = environment.clock.now().mono_ns;
        let since = lock(&self.issued).get(nonce).copied();
        since.is_some_and(|since| now.saturating_sub(since) <= self.good_for_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_is_good_once_and_old_ones_make_room() {
        let environment = Environment::system(0);
        let passes = Passes::new(u64::MAX, 2);
        let [one, two, three] = [(); 3].map(|()| passes.issue(&environment).unwrap());
        assert!(!passes.take(&environment, &one), "made room");
        assert!(passes.take(&environment, &two));
        assert!(!passes.take(&environment, &two));
        assert!(passes.is_good(&environment, &three));
        assert!(!Passes::new(0, 2).take(&environment, &three));
    }
}
