//! The one rule by which an original may leave a phone (design: all six conditions, each checked now). Pure; the store gathers, this decides.

use serde::Serialize;

use super::holding::Holding;
use crate::keys::{Freeing, Policy};
use crate::model::ids::HubId;
use crate::vocabulary::{StayReason, Term};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What was gathered about one original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeingFacts {
    /// The organisation's rule.
    pub policy: Policy,
    /// Who holds it, by lines that were not taken back.
    pub holdings: Vec<Holding>,
    /// Whether the sealed file was re-hashed just now and is whole.
    pub is_whole: bool,
    /// Whether a receipt covers the entry that introduces it.
    pub is_entry_receipted: bool,
    /// The word of a hub that it holds this file, signed in this session; absent if it does not name the file.
    pub held_now: Option<HeldNow>,
}

/// A hub's fresh word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldNow {
    /// Whose.
    pub hub: HubId,
    /// Its clock, ms.
    pub hub_time_ms: i64,
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
    let days_ms = i64::try_from(facts.policy.days_min)
        .unwrap_or(i64::MAX)
        .saturating_mul(DAY_MS);
    // Clocks of two hubs do not compare: the days are those of the hub whose fresh word it is, and its word must be newer than its last line.
    let confirmed = facts.held_now.and_then(|now| {
        let mut of_hub = facts.holdings.iter().filter(|held| held.hub == now.hub);
        let holding = of_hub.next()?;
        (now.hub_time_ms >= holding.last_ms).then_some((now, holding))
    });
    let is_old = confirmed
        .is_some_and(|(now, holding)| now.hub_time_ms.saturating_sub(holding.first_ms) >= days_ms);
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
        (confirmed.is_some(), Missing::HeldNow),
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
    #![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
    use super::*;
    use crate::encoding::Hash32;
    use crate::model::ids::{HubId, ReceiptId};

    fn holding(hub: u8, sha256: Option<Hash32>) -> Holding {
        let (hub, receipt) = (HubId(Hash32([hub; 32])), ReceiptId(Hash32([hub; 32])));
        Holding {
            receipt,
            hub,
            sha256,
            first_ms: 0,
            last_ms: 0,
        }
    }

    fn all_met() -> FreeingFacts {
        FreeingFacts {
            policy: Policy::default(),
            holdings: vec![holding(1, Some(Hash32([7; 32]))), holding(2, None)],
            is_whole: true,
            is_entry_receipted: true,
            held_now: Some(HeldNow {
                hub: HubId(Hash32([1; 32])),
                hub_time_ms: 7 * DAY_MS,
            }),
        }
    }

    fn held(hub: u8, hub_time_ms: i64) -> FreeingFacts {
        let hub = HubId(Hash32([hub; 32]));
        FreeingFacts {
            held_now: Some(HeldNow { hub, hub_time_ms }),
            ..all_met()
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
            (held(1, 7 * DAY_MS - 1), Missing::Days),
            (held(2, 7 * DAY_MS - 1), Missing::Days),
            (held(1, i64::MIN + 1), Missing::HeldNow),
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
            let found = missing_for_freeing(&facts);
            assert!(found.contains(&missing), "{found:?}");
            let also = [Missing::HeldNow, Missing::Days];
            assert!(
                found
                    .iter()
                    .all(|one| *one == missing || also.contains(one))
            );
        }
    }

    #[test]
    fn a_word_that_is_missing_older_than_the_last_line_or_another_hubs_confirms_nothing() {
        let without = FreeingFacts {
            held_now: None,
            ..all_met()
        };
        let both = [Missing::HeldNow, Missing::Days];
        assert_eq!(missing_for_freeing(&without), both);
        assert_eq!(missing_for_freeing(&held(3, 7 * DAY_MS)), both);
        let mut receipted_since = all_met();
        receipted_since.holdings[0].last_ms = 7 * DAY_MS + 1;
        assert_eq!(missing_for_freeing(&receipted_since), both);
        receipted_since.holdings[0].last_ms = 7 * DAY_MS;
        assert_eq!(missing_for_freeing(&receipted_since), []);
    }

    #[test]
    fn the_days_are_counted_from_the_first_line_after_the_last_void() {
        let mut anew = all_met();
        anew.holdings[0].first_ms = 1;
        assert_eq!(missing_for_freeing(&anew), [Missing::Days]);
    }

    #[test]
    fn hub_clocks_at_their_extremes_overflow_nothing() {
        for (first, now) in [
            (i64::MIN, i64::MAX),
            (i64::MAX, i64::MIN),
            (i64::MAX, i64::MAX),
        ] {
            let mut facts = held(1, now);
            facts.holdings[0].first_ms = first;
            facts.holdings[0].last_ms = first;
            let _ = missing_for_freeing(&facts);
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
