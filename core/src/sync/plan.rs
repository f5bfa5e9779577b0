//! What to do next with a hub: a pure function over a value. The same lines drive terminal, apps and simulator.

use super::transfer_db::Waiting;
use crate::model::ids::SealedName;
use crate::store::Class;

/// Smallest and largest piece of an upload: what a bad link still carries, and what a good one does in a blink.
pub const PIECE_BYTES_MIN: u64 = 4 * 1024;
/// See [`PIECE_BYTES_MIN`].
pub const PIECE_BYTES_MAX: u64 = 1024 * 1024;
/// Originals that waited longer get their share before smaller files: evidence on one phone only is the evidence at risk.
const OLD_AFTER_MS: i64 = 24 * 60 * 60 * 1000;
/// That share: one byte in five.
const OLD_SHARE: u64 = 5;
/// First and longest wait after a failure in the foreground.
const WAIT_MS_MIN: i64 = 1_000;
const WAIT_MS_MAX: i64 = 60_000;

/// The link as the platform knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Bytes per piece now; grows and shrinks with the link.
    pub piece_bytes: u64,
    /// Who pays for bytes.
    pub cost: LinkCost,
}

/// Who pays for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkCost {
    /// Nobody: everything is sent.
    Free,
    /// Somebody: originals wait.
    Metered,
}

/// Everything that the plan depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// A hello of this hub was answered and its nonce is unused.
    pub has_greeted: bool,
    /// The roster at hand names this device, or it asked to join in this session.
    pub has_asked_to_join: bool,
    /// A token that the hub has not refused.
    pub has_token: bool,
    /// Something small is due: own news, receipts, entries of others, a check before freeing.
    pub is_sync_due: bool,
    /// Files without a valid receipt of this hub, in order of sending.
    pub waiting: Vec<Waiting>,
    /// How far the hub got with files offered to it: (name, have).
    pub offered: Vec<(SealedName, u64)>,
    /// Bytes sent in this session, all and originals alone.
    pub sent_bytes: u64,
    /// Of which originals.
    pub sent_original_bytes: u64,
    /// Failures in a row.
    pub failures: u32,
    /// When the last one was, ms.
    pub failed_ms: i64,
    /// A random number that spreads retries of many phones, drawn at the failure.
    pub jitter: u32,
}

/// The next thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask the hub who it is.
    Hello,
    /// Ask to join.
    Enroll,
    /// Ask for a token.
    Session,
    /// Exchange everything small; offer what waits.
    Sync,
    /// Send a piece of a file.
    Put {
        /// The file.
        sealed: SealedName,
        /// What it holds.
        class: Class,
        /// From here.
        offset: u64,
        /// So many bytes.
        len: u64,
        /// Length of the whole file.
        total: u64,
    },
    /// Nothing before then.
    Wait {
        /// This device's clock, ms.
        until_ms: i64,
    },
    /// Everything that may be sent on this link is receipted.
    Done,
}

/// Says what to do next.
#[must_use]
pub fn plan(now_ms: i64, link: Link, backlog: &Backlog) -> Step {
    if backlog.failures > 0 {
        let until_ms = backlog.failed_ms.saturating_add(pause_ms(backlog));
        // A clock that jumped back must not make a phone wait for ever.
        if now_ms < until_ms && until_ms.saturating_sub(now_ms) <= WAIT_MS_MAX {
            return Step::Wait { until_ms };
        }
    }
    if !backlog.has_token {
        return match (backlog.has_greeted, backlog.has_asked_to_join) {
            (false, _) => Step::Hello,
            (true, false) => Step::Enroll,
            (true, true) => Step::Session,
        };
    }
    if backlog.is_sync_due {
        return Step::Sync;
    }
    let sendable: Vec<&Waiting> = backlog
        .waiting
        .iter()
        .filter(|file| may_send(link, file))
        .collect();
    let Some(next) = pick(now_ms, backlog, &sendable) else {
        return Step::Done;
    };
    let offered = backlog
        .offered
        .iter()
        .find(|(sealed, _)| *sealed == next.sealed);
    let Some((_, have)) = offered else {
        return Step::Sync;
    };
    let offset = (*have).min(next.size);
    let piece = link.piece_bytes.clamp(PIECE_BYTES_MIN, PIECE_BYTES_MAX);
    let len = next.size.saturating_sub(offset).min(piece);
    Step::Put {
        sealed: next.sealed,
        class: next.class,
        offset,
        len,
        total: next.size,
    }
}

/// The piece size after a reply or a failure.
#[must_use]
pub fn next_piece_bytes(piece_bytes: u64, has_failed: bool) -> u64 {
    let next = if has_failed {
        piece_bytes / 4
    } else {
        piece_bytes.saturating_mul(2)
    };
    next.clamp(PIECE_BYTES_MIN, PIECE_BYTES_MAX)
}

fn may_send(link: Link, file: &Waiting) -> bool {
    match link.cost {
        LinkCost::Free => true,
        LinkCost::Metered => file.class != Class::Original,
    }
}

fn pick<'a>(now_ms: i64, backlog: &Backlog, sendable: &[&'a Waiting]) -> Option<&'a Waiting> {
    let first = *sendable.first()?;
    let is_old = |file: &&&Waiting| {
        file.class == Class::Original && now_ms.saturating_sub(file.added_ms) > OLD_AFTER_MS
    };
    let share = backlog.sent_original_bytes.saturating_mul(OLD_SHARE);
    let is_their_turn = first.class != Class::Run && share < backlog.sent_bytes;
    let old = is_their_turn
        .then(|| sendable.iter().find(is_old))
        .flatten();
    Some(old.copied().unwrap_or(first))
}

/// Doubles with each failure, spread by a quarter so that many phones do not come back together.
fn pause_ms(backlog: &Backlog) -> i64 {
    let doubled = WAIT_MS_MIN.saturating_mul(1 << backlog.failures.min(6).saturating_sub(1));
    let spread = i64::from(backlog.jitter).rem_euclid(doubled.div_euclid(4).max(1));
    doubled.saturating_add(spread).min(WAIT_MS_MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]
    use super::*;
    use crate::encoding::Hash32;

    const LINK: Link = Link {
        piece_bytes: 64 * 1024,
        cost: LinkCost::Free,
    };

    fn file(n: u8, class: Class, size: u64, added_ms: i64) -> Waiting {
        Waiting {
            sealed: SealedName(Hash32([n; 32])),
            class,
            size,
            added_ms,
        }
    }

    fn online(waiting: Vec<Waiting>) -> Backlog {
        let offered = waiting.iter().map(|file| (file.sealed, 0)).collect();
        Backlog {
            has_greeted: true,
            has_asked_to_join: true,
            has_token: true,
            is_sync_due: false,
            waiting,
            offered,
            sent_bytes: 0,
            sent_original_bytes: 0,
            failures: 0,
            failed_ms: 0,
            jitter: 0,
        }
    }

    fn sent(step: &Step) -> Option<SealedName> {
        if let Step::Put { sealed, .. } = step {
            Some(*sealed)
        } else {
            None
        }
    }

    #[test]
    fn a_new_phone_greets_asks_to_join_and_then_gets_a_token() {
        let mut backlog = Backlog {
            has_token: false,
            has_greeted: false,
            ..online(vec![])
        };
        backlog.has_asked_to_join = false;
        assert_eq!(plan(0, LINK, &backlog), Step::Hello);
        backlog.has_greeted = true;
        assert_eq!(plan(0, LINK, &backlog), Step::Enroll);
        backlog.has_asked_to_join = true;
        assert_eq!(plan(0, LINK, &backlog), Step::Session);
    }

    #[test]
    fn an_upload_goes_on_where_the_hub_got_to() {
        let mut backlog = online(vec![file(1, Class::Original, 100_000, 0)]);
        backlog.offered = vec![(SealedName(Hash32([1; 32])), 90_000)];
        let step = plan(0, LINK, &backlog);
        let Step::Put { offset, len, .. } = step else {
            panic!("{step:?}")
        };
        assert_eq!((offset, len), (90_000, 10_000));
    }

    #[test]
    fn originals_wait_for_a_link_that_nobody_pays_for() {
        let backlog = online(vec![file(1, Class::Original, 10, 0)]);
        let metered = Link {
            cost: LinkCost::Metered,
            ..LINK
        };
        assert_eq!(plan(0, metered, &backlog), Step::Done);
    }

    #[test]
    fn an_original_of_yesterday_gets_a_fifth_of_the_bytes() {
        let now = 10 * OLD_AFTER_MS;
        let previews: Vec<Waiting> = (1..=9).map(|n| file(n, Class::Preview, 10, now)).collect();
        let old = file(99, Class::Original, 10, 0);
        let mut backlog = online([previews, vec![old.clone()]].concat());
        backlog.sent_bytes = 1000;
        backlog.sent_original_bytes = 100;
        assert_eq!(sent(&plan(now, LINK, &backlog)), Some(old.sealed));
        backlog.sent_original_bytes = 200;
        assert_ne!(sent(&plan(now, LINK, &backlog)), Some(old.sealed));
    }

    #[test]
    fn waiting_never_grows_beyond_a_minute_and_never_ends_in_giving_up() {
        for failures in 1..100 {
            let backlog = Backlog {
                failures,
                failed_ms: 1_000_000,
                jitter: u32::MAX,
                ..online(vec![])
            };
            let Step::Wait { until_ms } = plan(1_000_000, LINK, &backlog) else {
                panic!()
            };
            assert!(until_ms - 1_000_000 <= WAIT_MS_MAX);
            assert_ne!(plan(until_ms, LINK, &backlog), Step::Wait { until_ms });
            let clock_jumped_back = plan(-5_000_000_000, LINK, &backlog);
            assert!(!matches!(clock_jumped_back, Step::Wait { .. }));
        }
    }

    #[test]
    fn pieces_fit_the_link() {
        assert_eq!(next_piece_bytes(PIECE_BYTES_MIN, true), PIECE_BYTES_MIN);
        assert_eq!(next_piece_bytes(PIECE_BYTES_MAX, false), PIECE_BYTES_MAX);
        assert_eq!(next_piece_bytes(64 * 1024, false), 128 * 1024);
    }
}
