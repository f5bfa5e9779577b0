//! A desk against hubs that answer anything: it comes to an end, or waits.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ed25519_dalek::Signer as _;
use proptest::prelude::*;

use super::*;
use crate::environment::{Clock, ClockReading};
use crate::journal::{ReceiptDraft, ReceiptLine, sign_receipt};
use crate::keys::{
    LineState, Organisation, PassphraseCost, Roster, RosterHub, SoftwareVault, device_key,
};
use crate::model::ids::HubId;
use crate::store::{Layout, ReceiptFiles};
use crate::sync::wire::ErrorCode;
use crate::sync::wire::{ErrorReply, FileState, Limits, TokenState};

const PIN: Hash32 = Hash32([9; 32]);
/// No honest session of this size needs more exchanges.
const EXCHANGES_MAX: usize = 400;

struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> ClockReading {
        let wall_ms = self.0.load(Ordering::SeqCst);
        ClockReading {
            wall_ms,
            offset_min: 0,
            mono_ns: u64::try_from(wall_ms).unwrap() * 1_000_000,
            boot_id: [0; 16],
        }
    }
}

/// A phone with files to send, and the key of its hub.
struct Stand {
    _dir: tempfile::TempDir,
    clock: Arc<TestClock>,
    environment: Environment,
    vault: SoftwareVault,
    transfer: Mutex<TransferDb>,
    files: SealedFiles,
    hub_key: ed25519_dalek::SigningKey,
    org: OrgId,
    roster: SignedRoster,
    sizes: Vec<(SealedName, u64)>,
}

impl Stand {
    fn new(sizes: &[u64]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(1_000_000)));
        let environment = Environment {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ..Environment::system(0)
        };
        let vault = SoftwareVault::create(&environment, dir.path()).unwrap();
        let key = crate::keys::DatabaseKey::new([3; 32]);
        let layout = Layout::new(dir.path());
        layout.create(&environment).unwrap();
        let receipts = ReceiptFiles::new(&environment, &layout.receipts(), &layout.quarantine());
        let transfer = TransferDb::open(&layout.transfer_db(), &key, receipts).unwrap();
        let files = SealedFiles::new(&environment, &layout);
        let mut names = Vec::new();
        for (nth, size) in sizes.iter().enumerate() {
            let bytes = vec![nth as u8; usize::try_from(*size).unwrap()];
            let sealed = SealedName(Hash32::of(&bytes));
            files.store(sealed, Class::Original, &bytes).unwrap();
            transfer
                .add_file(sealed, Class::Original, *size, nth as i64)
                .unwrap();
            names.push((sealed, *size));
        }
        let (organisation, _) = Organisation::create(
            &environment,
            &dir.path().join("org"),
            "beech",
            PassphraseCost::TEST,
        )
        .unwrap();
        let hub_key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let public = PublicKey::from_ed25519(&hub_key.verifying_key()).unwrap();
        let recipient = organisation.identity.recipient();
        let mut roster = Roster::first(&organisation.signer, recipient, 0);
        roster.hubs.push(RosterHub {
            spki: public.spki().to_vec(),
            tls_pins: vec![PIN],
            addresses: vec!["hub:1".to_owned()],
            name: "hub".to_owned(),
            state: LineState::Active,
            last_good: None,
        });
        let roster = roster.sign(&organisation.signer).unwrap();
        Self {
            _dir: dir,
            clock,
            vault,
            transfer: Mutex::new(transfer),
            files,
            hub_key,
            org: roster.roster.org,
            roster,
            sizes: names,
            environment,
        }
    }

    fn hub_public(&self) -> PublicKey {
        PublicKey::from_ed25519(&self.hub_key.verifying_key()).unwrap()
    }

    fn hub(&self) -> HubId {
        HubId(self.hub_public().id())
    }

    fn sign(&self) -> impl Fn(&[u8]) -> Result<Vec<u8>, Infallible> + '_ {
        |message| Ok(self.hub_key.sign(message).to_bytes().to_vec())
    }

    fn hands(&self) -> Hands<'_> {
        Hands {
            environment: &self.environment,
            vault: &self.vault,
            transfer: &self.transfer,
            files: &self.files,
        }
    }

    fn desk(&self, can_pull: bool) -> SyncDesk {
        let state = HubState {
            token: Some(([1; 32], i64::MAX)),
            is_member: true,
            epoch: Some([0; 16]),
            ..HubState::default()
        };
        self.hands().transfer().set_hub(self.hub(), &state).unwrap();
        let start = DeskStart {
            org: self.org,
            target: HubTarget {
                hub: self.hub(),
                address: "hub:1".to_owned(),
                pins: vec![PIN],
            },
            device: device_key(&self.vault).unwrap(),
            device_name: "phone".to_owned(),
            roster: Some(self.roster.clone()),
            own_head: None,
            can_pull,
            cost: LinkCost::Free,
        };
        let mut desk = SyncDesk::new(&self.environment, start).unwrap();
        desk.has_asked_to_join = true;
        desk
    }

    fn receipt(&self, hub_seq: u64, sealed: SealedName) -> Vec<u8> {
        let line = ReceiptLine::File {
            sealed,
            size: 1,
            sha256: None,
        };
        let word = ReceiptDraft {
            org: self.org,
            hub: self.hub(),
            epoch: [0; 16],
            hub_seq,
            prev: Hash32::ZERO,
            lines: vec![line],
            hub_time_ms: 1,
            before: None,
        };
        sign_receipt(word, &self.hub_public(), self.sign())
            .unwrap()
            .bytes
    }

    fn hello(&self, nonce: [u8; 32]) -> Vec<u8> {
        let hello = Hello {
            org: self.org,
            hub: self.hub(),
            nonce,
            now_ms: i64::MIN,
            versions: vec![1],
            limits: Limits {
                inline_run_bytes_max: 0,
                offers_max: u64::MAX,
                piece_bytes_max: 0,
            },
            roster_version: u64::MAX,
            hub_nonce: [5; 32],
            hub_spki: self.hub_public().spki().to_vec(),
            is_locked: false,
        };
        hello.sign(&self.hub_public(), self.sign()).unwrap()
    }
}

fn reply(status: u16, body: Vec<u8>) -> TransferOutcome {
    TransferOutcome::Reply {
        status,
        content_type: wire::CONTENT_TYPE.to_owned(),
        body,
        pin_seen: PIN,
    }
}

fn empty_reply() -> SyncReply {
    SyncReply {
        files: Vec::new(),
        receipts: Vec::new(),
        segments: Vec::new(),
        held: None,
        next_cursor: None,
        roster: None,
        retry_after_s: None,
        is_locked: false,
        epoch: [0; 16],
        has_more: false,
    }
}

/// How a session went.
struct Course {
    exchanges: usize,
    waits: usize,
    is_done: bool,
}

/// Runs a session to its end, or for so many exchanges; waiting costs no time.
fn run(
    stand: &Stand,
    desk: &mut SyncDesk,
    mut answer: impl FnMut(&Step, &TransferJob) -> TransferOutcome,
) -> Course {
    let (mut exchanges, mut waits, mut since_news) = (0, 0, 0);
    while exchanges < EXCHANGES_MAX && waits < 50 {
        let step = desk.next_step(stand.hands()).unwrap();
        let before = known(stand, desk);
        match desk.job(stand.hands(), step.clone()).unwrap() {
            None => match step {
                Step::Done => {
                    return Course {
                        exchanges,
                        waits,
                        is_done: true,
                    };
                }
                Step::Wait { until_ms } => {
                    (waits, since_news) = (waits + 1, 0);
                    stand.clock.0.store(until_ms, Ordering::SeqCst);
                }
                other => panic!("nothing is under way, and yet {other:?}"),
            },
            Some(job) => {
                exchanges += 1;
                let outcome = answer(&step, &job);
                desk.report(stand.hands(), job.number, outcome).unwrap();
                if desk.next_cursor.is_some() {
                    desk.pulled(stand.hands(), false).unwrap();
                }
                let is_new = known(stand, desk) != before;
                since_news = if is_new { 0 } else { since_news + 1 };
                let bound = FRUITLESS_MAX as usize + 1;
                assert!(since_news <= bound, "it spins: {step:?} after {exchanges}");
            }
        }
    }
    Course {
        exchanges,
        waits,
        is_done: false,
    }
}

/// All that an exchange may add to: bytes that the hub got, receipts, files that are left for another session.
fn known(stand: &Stand, desk: &SyncDesk) -> (u64, u64, usize) {
    let reached = desk.tracks.values().map(|track| track.furthest).sum();
    let counts = stand.hands().transfer().counts().unwrap();
    (reached, counts.receipts, desk.passed_over.len())
}

#[test]
fn a_locked_phone_comes_to_its_end_though_the_hub_has_entries_to_hand_out() {
    let stand = Stand::new(&[]);
    let mut desk = stand.desk(false);
    let course = run(&stand, &mut desk, |_, _| {
        let reply_with_more = SyncReply {
            has_more: true,
            next_cursor: Some(vec![1; 40]),
            ..empty_reply()
        };
        reply(200, reply_with_more.encode())
    });
    assert!(course.is_done);
    assert_eq!((course.exchanges, course.waits), (1, 0));
}

#[test]
fn the_same_answer_twice_makes_nothing_due_whatever_it_says_of_more() {
    let stand = Stand::new(&[]);
    let mut desk = stand.desk(true);
    let same = SyncReply {
        has_more: true,
        next_cursor: Some(vec![1; 40]),
        ..empty_reply()
    };
    let course = run(&stand, &mut desk, |_, _| reply(200, same.encode()));
    assert!(course.is_done);
    assert_eq!(course.exchanges, 2);
}

#[test]
fn a_cursor_that_moves_for_ever_without_entries_is_followed_ever_more_seldom() {
    let stand = Stand::new(&[]);
    let mut desk = stand.desk(true);
    let mut number = 0_u64;
    let course = run(&stand, &mut desk, |_, _| {
        number += 1;
        let moving = SyncReply {
            has_more: true,
            next_cursor: Some(number.to_be_bytes().to_vec()),
            ..empty_reply()
        };
        reply(200, moving.encode())
    });
    assert_eq!(course.waits, 50, "it waits between the questions");
}

#[test]
fn a_hub_that_answers_about_no_offer_is_not_asked_again_and_again() {
    let stand = Stand::new(&[100, 200]);
    let mut desk = stand.desk(true);
    let course = run(&stand, &mut desk, |_, _| reply(200, empty_reply().encode()));
    assert!(course.is_done);
    assert_eq!(course.exchanges, 1);
}

#[test]
fn a_file_that_the_hub_never_has_whole_waits_for_another_session() {
    let stand = Stand::new(&[100]);
    let mut desk = stand.desk(true);
    let (sealed, _) = stand.sizes[0];
    let course = run(&stand, &mut desk, |step, _| {
        if *step == Step::Sync {
            let files = vec![FileState {
                sealed,
                have: 0,
                is_stored: false,
            }];
            return reply(
                200,
                SyncReply {
                    files,
                    ..empty_reply()
                }
                .encode(),
            );
        }
        let nothing = PutReply {
            have: 0,
            is_stored: false,
            receipt: None,
        };
        reply(200, nothing.encode())
    });
    assert!(course.is_done);
    assert!(course.exchanges < 10, "{}", course.exchanges);
    let counts = stand.hands().transfer().counts().unwrap();
    assert_eq!(counts.waiting, 1, "it goes on counting as waiting");
}

#[test]
fn a_token_that_is_refused_each_time_is_not_asked_for_at_full_speed() {
    let stand = Stand::new(&[]);
    let mut desk = stand.desk(true);
    let course = run(&stand, &mut desk, |step, job| {
        answer_greeting(&stand, step, job).unwrap_or_else(|| error(ErrorCode::Token, None))
    });
    assert_eq!(course.waits, 50);
}

#[test]
fn a_hub_that_opens_no_session_is_not_asked_at_full_speed() {
    let stand = Stand::new(&[]);
    let mut desk = stand.desk(true);
    let nothing_known = HubState::default();
    let hands = stand.hands();
    hands
        .transfer()
        .set_hub(stand.hub(), &nothing_known)
        .unwrap();
    let course = run(&stand, &mut desk, |step, job| match step {
        Step::Session => error(ErrorCode::Token, None),
        _ => answer_greeting(&stand, step, job).unwrap(),
    });
    assert_eq!(course.waits, 50);
    assert!(course.exchanges < 50 * 4, "{}", course.exchanges);
}

#[test]
fn numbers_of_a_hub_steer_nothing_into_failure() {
    let stand = Stand::new(&[100]);
    let mut desk = stand.desk(true);
    let (sealed, size) = stand.sizes[0];
    let receipt = stand.receipt(1, sealed);
    let mut puts = 0;
    let course = run(&stand, &mut desk, |step, _| match step {
        Step::Sync => {
            let files = vec![FileState {
                sealed,
                have: u64::MAX,
                is_stored: false,
            }];
            let strange = SyncReply {
                files,
                retry_after_s: Some(1 << 63),
                receipts: vec![stand.receipt(u64::MAX, SealedName(Hash32([1; 32])))],
                ..empty_reply()
            };
            let honest = SyncReply {
                receipts: Vec::new(),
                ..strange.clone()
            };
            puts += 1;
            let which = if puts == 1 { strange } else { honest };
            reply(200, which.encode())
        }
        Step::Put { offset, len, .. } => {
            assert_eq!((*offset, *len), (size, 0));
            puts += 1;
            if puts == 3 {
                return error(ErrorCode::Busy, Some(1 << 63));
            }
            let stored = PutReply {
                have: u64::MAX,
                is_stored: true,
                receipt: Some(receipt.clone()),
            };
            reply(200, stored.encode())
        }
        other => panic!("{other:?}"),
    });
    assert!(course.is_done);
    assert_eq!(stand.hands().transfer().counts().unwrap().waiting, 0);
}

#[test]
fn a_cursor_longer_than_any_is_refused_with_its_reply() {
    let stand = Stand::new(&[]);
    let mut desk = stand.desk(true);
    let long = SyncReply {
        next_cursor: Some(vec![1; 1024 * 1024]),
        ..empty_reply()
    };
    let course = run(&stand, &mut desk, |_, _| reply(200, long.encode()));
    assert_eq!(course.waits, 50);
    let state = stand.hands().transfer().hub(stand.hub()).unwrap();
    assert_eq!(state.cursor, None);
}

fn error(code: ErrorCode, retry_after_s: Option<u64>) -> TransferOutcome {
    let error = ErrorReply {
        code,
        detail: String::new(),
        retry_after_s,
    };
    reply(503, error.encode())
}

fn answer_greeting(stand: &Stand, step: &Step, job: &TransferJob) -> Option<TransferOutcome> {
    match step {
        Step::Hello => {
            let nonce = job.path.split('=').nth(1).unwrap();
            let nonce = data_encoding::HEXLOWER.decode(nonce.as_bytes()).unwrap();
            Some(reply(200, stand.hello(nonce.try_into().unwrap())))
        }
        Step::Session => {
            let session = SessionReply {
                token: [2; 32],
                expires_ms: i64::MIN,
                state: TokenState::Member,
                epoch: [0; 16],
            };
            Some(reply(200, session.encode()))
        }
        _ => None,
    }
}

/// One answer of a hub that has its own ideas, drawn from a byte.
fn any_answer(
    stand: &Stand,
    offered: &[SealedName],
    step: &Step,
    job: &TransferJob,
    die: u8,
) -> TransferOutcome {
    match die % 16 {
        0 => return error(ErrorCode::Token, None),
        1 => {
            return TransferOutcome::Failed {
                failure: crate::sync::LinkFailure::Cut,
            };
        }
        2 => return error(ErrorCode::Busy, Some(u64::from(die))),
        _ => {}
    }
    if let Some(answer) = answer_greeting(stand, step, job) {
        return answer;
    }
    if let Step::Put { total, .. } = step {
        let put = PutReply {
            have: [0, 1, total / 2, *total, u64::MAX][usize::from(die) % 5],
            is_stored: die.is_multiple_of(3),
            receipt: None,
        };
        return reply(200, put.encode());
    }
    let answered = offered.iter().skip(usize::from(die) % 2);
    let files = answered.map(|sealed| FileState {
        sealed: *sealed,
        have: u64::from(die) * 10,
        is_stored: die.is_multiple_of(7),
    });
    let any = SyncReply {
        files: files.collect(),
        next_cursor: (die.is_multiple_of(2)).then(|| vec![die; 9]),
        retry_after_s: Some(u64::MAX),
        epoch: [die % 2; 16],
        has_more: !die.is_multiple_of(5),
        ..empty_reply()
    };
    reply(200, any.encode())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn against_any_hub_a_desk_sends_new_bytes_takes_something_new_waits_or_is_done(
        dice in proptest::collection::vec(any::<u8>(), 1..40),
        can_pull: bool,
        sizes in proptest::collection::vec(1_u64..300_000, 0..4),
    ) {
        let stand = Stand::new(&sizes);
        let mut desk = stand.desk(can_pull);
        let offered = std::cell::RefCell::new(Vec::new());
        let mut thrown = dice.iter().cycle();
        // `run` asserts that no stretch of exchanges without anything new is longer than it may be.
        let course = run(&stand, &mut desk, |step, job| {
            let die = *thrown.next().unwrap();
            if *step == Step::Sync {
                *offered.borrow_mut() = stand.sizes.iter().map(|(sealed, _)| *sealed).collect();
            }
            any_answer(&stand, &offered.borrow(), step, job, die)
        });
        prop_assert!(course.is_done || course.waits > 0 || course.exchanges < EXCHANGES_MAX);
    }
}
