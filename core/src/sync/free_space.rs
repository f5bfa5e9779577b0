//! The one rule by which an original may leave a phone (design: all six conditions, each checked now). Pure; the store gathers, this decides.

use serde::Serialize;

use super::holding::Holding;
use crate::keys::{Freeing, Policy};
use crate::vocabulary::{StayReason, Term};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What was gathered about one original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeingFacts {
    /// The organisation's rule.
    pub policy: Policy,
    /// Valid receipt lines, in the present epochs of their hubs.
    pub holdings: Vec<Holding>,
    /// Whether the sealed file was re-hashed just now and is whole.
    pub is_whole: bool,
    /// Whether a receipt covers the entry that introduces it.
    pub is_entry_receipted: bool,
    /// Hubs that said in this session, signed, that they hold it.
    pub held_now: usize,
    /// The newest hub time of this session's signed word, ms.
    pub hub_now_ms: Option<i64>,
}

/// A condition that is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Receipts of as many holders as the policy asks for.
    Receipts,
    /// One of them by a hub that opened the file.
    CheckedReceipt,
    /// The file here is not what was sealed: it must not be the one to go by.
    WholeFile,
    /// A receipt for its entry.
    EntryReceipt,
    /// A hub's fresh word that it holds the file.
    HeldNow,
    /// The days that the policy asks for, by signed hub time.
    Days,
    /// The organisation's leave.
    Policy,
}

impl Missing {
    /// The condition as a screen shows it.
    #[must_use]
    pub fn term(self) -> Term {
        let reason = match self {
            Self::Receipts => StayReason::Receipts,
            Self::CheckedReceipt => StayReason::CheckedReceipt,
            Self::WholeFile => StayReason::WholeFile,
            Self::EntryReceipt => StayReason::EntryReceipt,
            Self::HeldNow => StayReason::HeldNow,
            Self::Days => StayReason::Days,
            Self::Policy => StayReason::Policy,
        };
        reason.term()
    }
}

/// Lists every condition that is not met; empty: the original may go.
#[must_use]
pub fn missing_for_freeing(facts: &FreeingFacts) -> Vec<Missing> {
    let mut hubs: Vec<_> = facts.holdings.iter().map(|holding| holding.hub).collect();
    hubs.sort_unstable();
    hubs.dedup();
    let first = facts
        .holdings
        .iter()
        .map(|holding| holding.hub_time_ms)
        .min();
    let days_ms = i64::try_from(facts.policy.days_min)
        .unwrap_or(i64::MAX)
        .saturating_mul(DAY_MS);
    let is_old = first
        .zip(facts.hub_now_ms)
        .is_some_and(|(first, now)| now.saturating_sub(first) >= days_ms);
    let conditions = [
        (
            hubs.len() as u64 >= facts.policy.holders_min.max(1),
            Missing::Receipts,
        ),
        (
            facts.holdings.iter().any(|h| h.sha256.is_some()),
            Missing::CheckedReceipt,
        ),
        (facts.is_whole, Missing::WholeFile),
        (facts.is_entry_receipted, Missing::EntryReceipt),
        (facts.held_now >= 1, Missing::HeldNow),
        (is_old, Missing::Days),
        (facts.policy.freeing == Freeing::Allowed, Missing::Policy),
    ];
    conditions
        .into_iter()
        .filter(|(is_met, _)| !is_met)
        .map(|(_, missing)| missing)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]
    use super::*;
    use crate::encoding::Hash32;
    use crate::model::ids::{HubId, ReceiptId};

    fn holding(hub: u8, sha256: Option<Hash32>) -> Holding {
        let (hub, receipt) = (HubId(Hash32([hub; 32])), ReceiptId(Hash32([hub; 32])));
        Holding {
            receipt,
            hub,
            sha256,
            hub_time_ms: 0,
        }
    }

    fn all_met() -> FreeingFacts {
        FreeingFacts {
            policy: Policy::default(),
            holdings: vec![holding(1, Some(Hash32([7; 32]))), holding(2, None)],
            is_whole: true,
            is_entry_receipted: true,
            held_now: 1,
            hub_now_ms: Some(7 * DAY_MS),
        }
    }

    #[test]
    fn an_original_may_go_only_when_every_condition_is_met() {
        assert_eq!(missing_for_freeing(&all_met()), []);
        let cases = [
            (
                FreeingFacts {
                    holdings: vec![holding(1, Some(Hash32([7; 32])))],
                    ..all_met()
                },
                Missing::Receipts,
            ),
            (
                FreeingFacts {
                    holdings: vec![holding(1, None), holding(2, None)],
                    ..all_met()
                },
                Missing::CheckedReceipt,
            ),
            (
                FreeingFacts {
                    is_whole: false,
                    ..all_met()
                },
                Missing::WholeFile,
            ),
            (
                FreeingFacts {
                    is_entry_receipted: false,
                    ..all_met()
                },
                Missing::EntryReceipt,
            ),
            (
                FreeingFacts {
                    held_now: 0,
                    ..all_met()
                },
                Missing::HeldNow,
            ),
            (
                FreeingFacts {
                    hub_now_ms: Some(7 * DAY_MS - 1),
                    ..all_met()
                },
                Missing::Days,
            ),
            (
                FreeingFacts {
                    hub_now_ms: None,
                    ..all_met()
                },
                Missing::Days,
            ),
            (
                FreeingFacts {
                    policy: Policy {
                        freeing: Freeing::Forbidden,
                        ..Policy::default()
                    },
                    ..all_met()
                },
                Missing::Policy,
            ),
        ];
        for (facts, missing) in cases {
            assert_eq!(missing_for_freeing(&facts), [missing]);
        }
    }

    #[test]
    fn no_policy_can_ask_for_fewer_than_one_holder() {
        let policy = Policy {
            holders_min: 0,
            ..Policy::default()
        };
        let facts = FreeingFacts {
            policy,
            holdings: vec![],
            ..all_met()
        };
        assert!(missing_for_freeing(&facts).contains(&Missing::Receipts));
    }
}
