//! Tokens: who asks. Those of members stand in the database, so that a phone is known by its ended
//! one; those of strangers are in memory only and cost no disk.
//!
//! Invariant: a token is kept as its hash; whether its device belongs is asked anew each time, so
//! that a roster takes effect at once.

use std::collections::BTreeMap;
use std::sync::Mutex;

use imena_core::encoding::Hash32;
use imena_core::model::ids::DeviceId;
use imena_core::sync::wire::Nonce;

use crate::error::{HubError, lock};
use crate::hub::Inner;
use crate::limits::{STRANGER_TOKENS_MAX, TOKEN_KNOWN_MS, TOKEN_MS};
use crate::truth::TokenRow;

/// Tokens of devices that the roster did not name when they asked.
#[derive(Debug, Default)]
pub(crate) struct StrangerTokens {
    tokens: Mutex<Tokens>,
}

#[derive(Debug, Default)]
struct Tokens {
    by_hash: BTreeMap<Hash32, TokenRow>,
    by_age: BTreeMap<u64, Hash32>,
    issued: u64,
}

impl StrangerTokens {
    fn put(&self, hash: Hash32, row: TokenRow) {
        let mut tokens = lock(&self.tokens);
        let number = tokens.issued;
        tokens.issued = number.saturating_add(1);
        tokens.by_hash.insert(hash, row);
        tokens.by_age.insert(number, hash);
        if tokens.by_age.len() > STRANGER_TOKENS_MAX
            && let Some((_, oldest)) = tokens.by_age.pop_first()
        {
            tokens.by_hash.remove(&oldest);
        }
    }

    fn get(&self, hash: Hash32) -> Option<TokenRow> {
        lock(&self.tokens).by_hash.get(&hash).copied()
    }
}

impl Inner {
    /// Gives a device a new token; gives it with its end by the hub's clock, ms.
    pub(crate) fn issue_token(&self, device: DeviceId) -> Result<(Nonce, i64), HubError> {
        let token: Nonce = self.environment.random()?;
        let issued_ms = self.now_ms();
        let expires_ms = issued_ms.saturating_add(TOKEN_MS);
        let row = TokenRow {
            device,
            issued_ms,
            expires_ms,
        };
        let hash = Hash32::of(&token);
        if self.is_member(device) {
            let known_since_ms = issued_ms.saturating_sub(TOKEN_KNOWN_MS);
            self.truth.put_token(hash, &row, known_since_ms)?;
        } else {
            self.stranger_tokens.put(hash, row);
        }
        Ok((token, expires_ms))
    }

    /// The device of a token that has not ended.
    pub(crate) fn token_device(&self, token: &Hash32) -> Result<Option<DeviceId>, HubError> {
        let row = self.token_row(token)?;
        Ok(row
            .filter(|row| row.expires_ms > self.now_ms())
            .map(|row| row.device))
    }

    /// The member of a token, which may have ended, but not long ago.
    pub(crate) fn known_member(&self, token: &Hash32) -> Result<Option<DeviceId>, HubError> {
        let row = self.token_row(token)?.filter(|row| {
            let age_ms = self.now_ms().saturating_sub(row.issued_ms);
            age_ms <= TOKEN_KNOWN_MS && self.is_member(row.device)
        });
        Ok(row.map(|row| row.device))
    }

    fn token_row(&self, token: &Hash32) -> Result<Option<TokenRow>, HubError> {
        let hash = Hash32::of(token.as_bytes());
        match self.stranger_tokens.get(hash) {
            Some(row) => Ok(Some(row)),
            None => self.truth.token(hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_strangers_are_bounded_and_the_newest_are_good() {
        let tokens = StrangerTokens::default();
        let row = TokenRow {
            device: DeviceId(Hash32::ZERO),
            issued_ms: 0,
            expires_ms: 1,
        };
        let hash = |number: usize| Hash32::of(&number.to_be_bytes());
        for number in 0..=STRANGER_TOKENS_MAX {
            tokens.put(hash(number), row);
        }
        assert_eq!(tokens.get(hash(0)), None, "made room");
        assert_eq!(tokens.get(hash(1)), Some(row));
        assert_eq!(lock(&tokens.tokens).by_hash.len(), STRANGER_TOKENS_MAX);
    }
}
