//! What to do next with a hub: a pure function over a value. The same lines drive terminal, apps and simulator.
//!
//! Invariant: every plan sends bytes that the hub did not have, asks for something that was not asked for, waits, or is done. What an answer brought
//! is counted by the desk; an answer that brings nothing new makes nothing due.

use std::collections::{BTreeMap, BTreeSet};

use super::holding::Waiting;
use crate::model::ids::SealedName;
use crate::store::Class;

/// Smallest and largest piece of an upload: what a bad link still carries, and what a good one does in a blink.
pub const PIECE_BYTES_MIN: u64 = 4 * 1024;
/// See [`PIECE_BYTES_MIN`].
pub const PIECE_BYTES_MAX: u64 = 1024 * 1024;
/// The same on a fast link, where a piece costs a round trip and an fsync more than its bytes.
pub const FAST_PIECE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Files under way at once on a fast link: enough to hide the hub's fsync behind the bytes of others.
pub const FLIGHT_MAX: usize = 8;
/// A link is fast if a piece took no longer than its bytes at this rate and a round trip.
const FAST_BYTES_PER_MS: u64 = 1024;
const FAST_TRIP_MS: u64 = 100;
/// Exchanges in a row that brought nothing new, before another one counts as a failure: to join takes five, a receipt that went missing two more.
pub const FRUITLESS_MAX: u32 = 8;
/// So often a hub may fall back behind what it had of a file, or take a piece without having more, before the file waits for another session.
pub const FALLS_MAX: u32 = 3;
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
    /// Whether several files may be under way.
    pub pace: Pace,
}

/// How fast the link is, by the last piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// One file at a time: one that is whole is worth more than ten halves.
    Slow,
    /// Several files at a time, so that none waits for the disk of another.
    Fast,
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
    /// An exchange that is no upload is under way.
    pub is_talking: bool,
    /// Files of which a piece is under way.
    pub sending: BTreeSet<SealedName>,
    /// Files that the hub does not hold, in order of sending; without those it said nothing about when it was last asked.
    pub waiting: Vec<Waiting>,
    /// How far the hub got with files offered to it.
    pub offered: BTreeMap<SealedName, u64>,
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
    /// How long the hub asked to be left alone after the last failure, ms.
    pub asked_pause_ms: i64,
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
    /// Nothing before a reply to what is under way.
    Busy,
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
    let is_idle = backlog.sending.is_empty() && !backlog.is_talking;
    let step = next(now_ms, link, backlog);
    // All but pieces of files is done one at a time: what comes next follows from the replies.
    if is_idle || matches!(step, Step::Put { .. }) {
        step
    } else {
        Step::Busy
    }
}

fn next(now_ms: i64, link: Link, backlog: &Backlog) -> Step {
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
    let flight_max = match link.pace {
        Pace::Slow => 1,
        Pace::Fast => FLIGHT_MAX,
    };
    if backlog.is_talking || backlog.sending.len() >= flight_max {
        return Step::Busy;
    }
    let sendable: Vec<&Waiting> = backlog
        .waiting
        .iter()
        .filter(|file| may_send(link, file) && !backlog.sending.contains(&file.sealed))
        .collect();
    let Some(next) = pick(now_ms, backlog, &sendable) else {
        return Step::Done;
    };
    match backlog.offered.get(&next.sealed) {
        None => Step::Sync,
        Some(have) => piece(link, next, *have),
    }
}

/// The next bytes of a file; of one that the hub has whole and has not called stored, none: the question lets it finish.
fn piece(link: Link, file: &Waiting, have: u64) -> Step {
    let offset = have.min(file.size);
    let piece = link
        .piece_bytes
        .clamp(PIECE_BYTES_MIN, piece_max(link.pace));
    Step::Put {
        sealed: file.sealed,
        class: file.class,
        offset,
        len: file.size.saturating_sub(offset).min(piece),
        total: file.size,
    }
}

fn piece_max(pace: Pace) -> u64 {
    match pace {
        Pace::Slow => PIECE_BYTES_MAX,
        Pace::Fast => FAST_PIECE_BYTES_MAX,
    }
}

/// The pace after a piece of `len` bytes that took `took_ms` with so many files under way.
#[must_use]
pub fn pace_of(len: u64, took_ms: u64, under_way: usize) -> Pace {
    let fair_ms = FAST_TRIP_MS.saturating_add(len / FAST_BYTES_PER_MS);
    if took_ms <= fair_ms.saturating_mul(under_way.max(1) as u64) {
        Pace::Fast
    } else {
        Pace::Slow
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
    next.clamp(PIECE_BYTES_MIN, FAST_PIECE_BYTES_MAX)
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
    let own = doubled.saturating_add(spread);
    own.max(backlog.asked_pause_ms).min(WAIT_MS_MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]
    use super::*;
    use crate::encoding::Hash32;

    const LINK: Link = Link {
        piece_bytes: 64 * 1024,
        cost: LinkCost::Free,
        pace: Pace::Slow,
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
            is_talking: false,
            sending: BTreeSet::new(),
            waiting,
            offered,
            sent_bytes: 0,
            sent_original_bytes: 0,
            failures: 0,
            failed_ms: 0,
            jitter: 0,
            asked_pause_ms: 0,
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
        backlog.offered = BTreeMap::from([(SealedName(Hash32([1; 32])), 90_000)]);
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
        let most = FAST_PIECE_BYTES_MAX;
        assert_eq!(next_piece_bytes(most, false), most);
        assert_eq!(next_piece_bytes(64 * 1024, false), 128 * 1024);
    }

    #[test]
    fn a_slow_link_has_one_file_under_way_and_a_fast_one_several() {
        let files: Vec<Waiting> = (1..=9).map(|n| file(n, Class::Preview, 10, 0)).collect();
        let mut backlog = online(files);
        backlog.sending.insert(SealedName(Hash32([1; 32])));
        assert_eq!(plan(0, LINK, &backlog), Step::Busy);
        let fast = Link {
            pace: Pace::Fast,
            ..LINK
        };
        let second = Some(SealedName(Hash32([2; 32])));
        assert_eq!(sent(&plan(0, fast, &backlog)), second);
        for n in 2..=8 {
            backlog.sending.insert(SealedName(Hash32([n; 32])));
        }
        assert_eq!(plan(0, fast, &backlog), Step::Busy);
        assert_eq!(pace_of(1024 * 1024, 1_000, 1), Pace::Fast);
        assert_eq!(pace_of(1024 * 1024, 4_000, 4), Pace::Fast);
        assert_eq!(pace_of(8 * 1024, 2_000, 1), Pace::Slow);
    }

    #[test]
    fn no_number_of_a_hub_makes_a_plan_wait_long_or_send_beyond_the_end() {
        let mut backlog = online(vec![file(1, Class::Original, 100, 0)]);
        backlog.offered = BTreeMap::from([(SealedName(Hash32([1; 32])), u64::MAX)]);
        let step = plan(0, LINK, &backlog);
        let Step::Put { offset, len, .. } = step else {
            panic!("{step:?}")
        };
        assert_eq!((offset, len), (100, 0));
        backlog.failures = 1;
        backlog.asked_pause_ms = i64::MAX;
        assert_eq!(
            plan(0, LINK, &backlog),
            Step::Wait {
                until_ms: WAIT_MS_MAX
            }
        );
    }

    proptest::proptest! {
        /// The planner's half of the property; the desk's half, against a hub that answers anything, stands in `desk/tests.rs`.
        #[test]
        fn every_plan_sends_what_is_missing_asks_what_is_open_waits_or_is_done(
            flags in 0_u32..128, now_ms: i64, failed_ms: i64, failures in 0_u32..3,
            sizes in proptest::collection::vec(1_u64..5_000_000, 0..6),
            haves in proptest::collection::vec(proptest::option::of(0_u64..6_000_000), 6),
            sending in 0_usize..9, asked_pause_ms: i64,
        ) {
            let flag = |bit: u32| flags >> bit & 1 == 1;
            let files = (1_u8..).zip(&sizes).map(|(n, size)| file(n, Class::Preview, *size, 0));
            let waiting: Vec<Waiting> = files.collect();
            let mut backlog = online(waiting.clone());
            (backlog.has_greeted, backlog.has_asked_to_join) = (flag(0), flag(1));
            (backlog.has_token, backlog.is_sync_due) = (flag(2), flag(3));
            (backlog.failures, backlog.failed_ms) = (failures, failed_ms);
            backlog.asked_pause_ms = asked_pause_ms;
            let known = waiting.iter().zip(&haves);
            backlog.offered =
                known.filter_map(|(file, have)| Some((file.sealed, (*have)?))).collect();
            backlog.sending = waiting.iter().take(sending).map(|file| file.sealed).collect();
            backlog.is_talking = backlog.sending.is_empty() && flag(4);
            let pace = if flag(5) { Pace::Fast } else { Pace::Slow };
            let is_idle = backlog.sending.is_empty() && !backlog.is_talking;
            match plan(now_ms, Link { pace, ..LINK }, &backlog) {
                Step::Put { sealed, offset, len, total, .. } => {
                    proptest::prop_assert!(backlog.has_token && !backlog.is_talking);
                    proptest::prop_assert!(!backlog.sending.contains(&sealed));
                    proptest::prop_assert!(backlog.sending.len() < FLIGHT_MAX);
                    let have = backlog.offered.get(&sealed).copied();
                    proptest::prop_assert_eq!(Some(offset), have.map(|have| have.min(total)));
                    proptest::prop_assert!(len > 0 || offset == total);
                    proptest::prop_assert!(offset + len <= total);
                }
                Step::Sync => {
                    let is_unasked =
                        |file: &Waiting| !backlog.offered.contains_key(&file.sealed);
                    proptest::prop_assert!(is_idle && backlog.has_token);
                    proptest::prop_assert!(
                        backlog.is_sync_due || backlog.waiting.iter().any(is_unasked)
                    );
                }
                Step::Hello | Step::Enroll | Step::Session => {
                    proptest::prop_assert!(is_idle && !backlog.has_token);
                }
                Step::Busy => proptest::prop_assert!(!is_idle),
                Step::Wait { until_ms } => {
                    proptest::prop_assert!(is_idle && failures > 0);
                    proptest::prop_assert!(until_ms > now_ms);
                    proptest::prop_assert!(until_ms.saturating_sub(now_ms) <= WAIT_MS_MAX);
                }
                Step::Done => proptest::prop_assert!(is_idle && backlog.waiting.is_empty()),
            }
        }
    }
}
