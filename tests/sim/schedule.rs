//! What happens in a simulated world, drawn from its seed and performed one by one.
//!
//! Owns the draw of actions and faults and the log of them. Does not judge the end (`verdict`); on
//! the way it checks what costs little. Invariant: the log holds only what the seed decides, no
//! sealed name and nothing that hangs on one, so that two runs of one seed have one log.

use imena_core::capture::CHUNK_BYTES_MAX;
use imena_core::encoding::Hash32;
use imena_core::field_store::{FieldStore, PhotoStatus};
use imena_core::index::ROOT;
use imena_core::model::circumstances::Circumstances;
use imena_core::model::ids::SubjectId;
use imena_core::nouns::grave::{self, Grave};
use imena_core::record::Draft;
use imena_core::sync::LinkCost;
use imena_core::vocabulary::{GraveKind, Kind, Language};
use imena_tests::phone::{capture, draft};
use imena_tests::records::{add_grave, add_remains, add_site, hint_draft};

use crate::dice::{Dice, Year};
use crate::link::{Fault, Word};
use crate::verdict::{Broken, Evidence, Promise, judge};
use crate::world::{LastPhoto, World};

/// Actions of one seed: enough that most seeds see a restart, a restore and a jump of the clock
/// between syncs, few enough for many seeds.
const ACTIONS: usize = 40;
/// Exchanges of one session, at most.
const SESSION_JOBS_MAX: usize = 24;
/// Photos are small multiples of this, so that the few bytes by which sealed files differ from run
/// to run never change the number of pieces.
const PHOTO_BLOCK: usize = 2048;

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Site,
    Grave,
    Remains,
    Hint,
    /// Somebody says something else of a grave.
    Amend,
    /// Somebody ends every conflict that a grave shows.
    Resolve,
    Photo,
    /// The last photo is told again under its id.
    PhotoAgain,
    /// The app dies while a photo is written.
    PhotoCut,
    WorkOff,
    Sync,
    Lock,
    Unlock,
    Restart,
    Jump,
    HubRestart,
    HubLock,
    HubUnlock,
    BackUp,
    Restore,
    /// The last photo of a phone rots on the hub's disk, or is gone from it.
    Lose,
    Approve,
    Arrive,
    Pass,
}

/// How often each is drawn.
const WEIGHTS: &[(Action, usize)] = &[
    (Action::Site, 4),
    (Action::Grave, 5),
    (Action::Remains, 4),
    (Action::Hint, 3),
    (Action::Amend, 5),
    (Action::Resolve, 3),
    (Action::Photo, 18),
    (Action::PhotoAgain, 2),
    (Action::PhotoCut, 2),
    (Action::WorkOff, 3),
    (Action::Sync, 28),
    (Action::Lock, 2),
    (Action::Unlock, 4),
    (Action::Restart, 5),
    (Action::Jump, 3),
    (Action::HubRestart, 3),
    (Action::HubLock, 2),
    (Action::HubUnlock, 4),
    (Action::BackUp, 2),
    (Action::Restore, 2),
    (Action::Lose, 2),
    (Action::Approve, 4),
    (Action::Arrive, 3),
    (Action::Pass, 3),
];

/// A seed that was played to its end.
#[derive(Debug)]
pub struct Played {
    pub log: Vec<String>,
    pub broken: Vec<Broken>,
    pub evidence: Evidence,
    /// Files that replies called stored, of all phones: not believed by any.
    pub called_stored: std::collections::BTreeSet<imena_core::model::ids::SealedName>,
}

/// Plays a seed: chaos, healing, verdict.
pub fn play(seed: u64, word: Word) -> Played {
    let mut dice = Dice::of(seed, 0);
    let phones = 2 + dice.below(2);
    let mut world = World::new(seed, phones, word);
    let mut log = vec![format!("seed {seed}: {phones} phones")];
    for number in 0..ACTIONS {
        let mut dice = Dice::of(seed, 1_000 + number as u64);
        let line = act(&mut world, &mut dice);
        log.push(format!("{number}: {line}"));
    }
    world.heal();
    let mut broken = std::mem::take(&mut world.broken);
    let called = world
        .phones
        .iter()
        .flat_map(|phone| &phone.link.called_stored);
    let called_stored = called.copied().collect();
    let evidence = world.evidence();
    broken.extend(judge(&evidence));
    Played {
        log,
        broken,
        evidence,
        called_stored,
    }
}

fn draw_action(dice: &mut Dice) -> Action {
    let all: usize = WEIGHTS.iter().map(|(_, weight)| weight).sum();
    let mut at = dice.below(all);
    for (action, weight) in WEIGHTS {
        if at < *weight {
            return *action;
        }
        at -= weight;
    }
    Action::Sync
}

/// Draws and performs; gives the line of the log.
fn act(world: &mut World, dice: &mut Dice) -> String {
    world.pass(1_000 + dice.below(120_000) as i64);
    let action = draw_action(dice);
    let who = dice.below(world.phones.len());
    let told = match action {
        Action::Site
        | Action::Grave
        | Action::Remains
        | Action::Hint
        | Action::Amend
        | Action::Resolve
        | Action::Photo
        | Action::PhotoAgain
        | Action::PhotoCut
        | Action::WorkOff => act_in_the_field(world, dice, who, action),
        Action::Sync => sync(world, dice, who),
        Action::Lock => world.phones[who]
            .store()
            .lock()
            .map_or_else(|e| panic!("{e}"), |()| None),
        Action::Unlock => {
            world.phones[who].unlock();
            None
        }
        Action::Restart => {
            world.phones[who].restart();
            None
        }
        Action::Jump => {
            let year = dice.pick(&[Year::Right, Year::Of1970, Year::Of2099]);
            world.phones[who].clock.jump(year);
            Some(format!("{year:?}"))
        }
        Action::Arrive => {
            world.arrive(who);
            None
        }
        Action::Lose => {
            let is_gone = dice.chance(50);
            world.lose(who, is_gone);
            Some(if is_gone { "gone" } else { "rotten" }.to_owned())
        }
        _ => act_at_the_hub(world, dice, action),
    };
    format!("phone {}: {action:?} {}", who + 1, told.unwrap_or_default())
}

fn act_at_the_hub(world: &mut World, dice: &mut Dice, action: Action) -> Option<String> {
    match action {
        Action::HubRestart => {
            world.close_hub();
            world.open_hub();
        }
        Action::HubLock => world.hub().lock(),
        Action::HubUnlock => world.unlock_hub(),
        Action::BackUp => world.back_up(),
        Action::Restore => return Some(format!("{}", world.restore())),
        Action::Approve => return Some(format!("{}", world.approve())),
        Action::Pass => {
            let hours = 1 + dice.below(30);
            world.pass(hours as i64 * 3_600_000);
            return Some(format!("{hours} h"));
        }
        other => panic!("{other:?} is not the hub's"),
    }
    None
}

fn act_in_the_field(
    world: &mut World,
    dice: &mut Dice,
    who: usize,
    action: Action,
) -> Option<String> {
    if world.phones[who].store().is_locked() {
        return Some("is locked".to_owned());
    }
    match action {
        Action::Photo => return Some(photo(world, dice, who)),
        Action::PhotoAgain => return photo_again(world, who),
        Action::PhotoCut => {
            let phone = &mut world.phones[who];
            let mut begun = phone.store().begin_photo(draft([9; 16], None)).unwrap();
            begun.append(&dice.bytes(PHOTO_BLOCK)).unwrap();
            drop(begun);
            phone.restart();
        }
        Action::WorkOff => world.phones[who].store().work_off().unwrap(),
        _ => return record(world, dice, who, action),
    }
    None
}

fn record(world: &mut World, dice: &mut Dice, who: usize, action: Action) -> Option<String> {
    let phone = &mut world.phones[who];
    let store = phone.store.as_ref().unwrap();
    if action == Action::Site || phone.sites.is_empty() {
        let name = format!("Site {}", phone.sites.len() + 1);
        let code = dice.pick(&["KHA1", "KHA2", "KHA3"]);
        phone.sites.push(add_site(store, code, &name));
        return Some("a site".to_owned());
    }
    let site = dice.pick(&phone.sites);
    if action == Action::Remains {
        let grave = phone.owners.iter().find(|owner| owner.kind == Kind::Grave);
        let made = add_remains(store, site, grave.map(|grave| grave.id));
        phone.owners.push(made.subject);
        return None;
    }
    if action == Action::Grave || phone.owners.is_empty() {
        phone.owners.push(add_grave(store, site).subject);
        return Some("a grave".to_owned());
    }
    if matches!(action, Action::Amend | Action::Resolve) {
        let parents = store
            .list_all(ROOT, Kind::Site, |site| site.subject)
            .unwrap();
        let all = |site: &SubjectId| store.list_all(*site, Kind::Grave, |grave| grave.subject);
        let graves: Vec<_> = parents.iter().flat_map(|site| all(site).unwrap()).collect();
        if graves.is_empty() {
            return Some("no grave".to_owned());
        }
        let grave = dice.pick(&graves);
        let kind = dice.pick(&[0, 1, 2]);
        match action {
            Action::Amend => amend(store, grave, GraveKind::ALL[kind].clone()),
            _ => resolve(store, grave),
        }
        return None;
    }
    let owner = dice.pick(&phone.owners);
    let hint = hint_draft(owner, "Nesteren…", "the beginning of a surname");
    store.record(&hint.any()).unwrap();
    None
}

fn amend(store: &FieldStore, grave: SubjectId, kind: GraveKind) {
    let changes = Draft::<Grave>::new().with(grave::KIND, kind);
    store.amend(grave, &changes.any()).unwrap();
}

/// Lets the first rival of every conflict stand; what was shown is answered, all of it.
fn resolve(store: &FieldStore, grave: SubjectId) {
    let page = store.record_page(grave, Language::English).unwrap();
    let fields = page
        .view
        .sections
        .iter()
        .flat_map(|section| &section.fields);
    for field in fields.filter(|field| !field.rivals.is_empty()) {
        let seen: Vec<_> = field.rivals.iter().map(|said| said.entry).collect();
        let why = Circumstances::because(Some("looked again".to_owned()));
        let said = (field.code, &field.rivals[0].value);
        store.resolve(grave, said, &seen, why).unwrap();
    }
    let page = store.record_page(grave, Language::English).unwrap();
    assert_eq!(
        page.view.summary.marks.conflicts, 0,
        "a conflict outlived its end"
    );
}

/// Takes a photo of drawn bytes for a drawn owner.
pub fn photo(world: &mut World, dice: &mut Dice, who: usize) -> String {
    let phone = &mut world.phones[who];
    let blocks = 1 + dice.below(9);
    let more = dice.below(200);
    let bytes = dice.bytes(blocks * PHOTO_BLOCK + more);
    assert!(bytes.len() < CHUNK_BYTES_MAX, "one chunk");
    let owner = (!phone.owners.is_empty()).then(|| dice.pick(&phone.owners));
    let capture_id: [u8; 16] = dice.bytes(16).try_into().unwrap();
    let saved = capture(phone.store(), draft(capture_id, owner), &bytes).unwrap();
    phone.saved.insert(saved.sealed, Hash32::of(&bytes));
    let told = format!("{} bytes", bytes.len());
    let sealed = saved.sealed;
    phone.last = Some(LastPhoto {
        capture_id,
        owner,
        bytes,
        sealed,
    });
    told
}

fn photo_again(world: &mut World, who: usize) -> Option<String> {
    let phone = &mut world.phones[who];
    let last = phone.last.clone()?;
    let again = draft(last.capture_id, last.owner);
    let saved = capture(phone.store(), again, &last.bytes).unwrap();
    if saved.sealed != last.sealed {
        let text = format!("{}: one shutter press, two files", phone.name);
        world.broken.push((Promise::NothingTwice, text));
    }
    Some("told again".to_owned())
}

fn sync(world: &mut World, dice: &mut Dice, who: usize) -> Option<String> {
    let percent = dice.pick(&[0, 10, 30, 60]);
    let count = 1 + dice.below(SESSION_JOBS_MAX);
    let faults: Vec<Fault> = (0..count).map(|_| draw_fault(dice, percent)).collect();
    let cost = if dice.chance(15) {
        LinkCost::Metered
    } else {
        LinkCost::Free
    };
    world.sync(who, cost, &faults);
    check_on_the_way(world, who);
    Some(format!("{cost:?} {faults:?}"))
}

fn draw_fault(dice: &mut Dice, percent: usize) -> Fault {
    let part = dice.below(256) as u8;
    let all = [
        Fault::RequestLost,
        Fault::ReplyLost,
        Fault::BodyCut(part % 8),
        Fault::Doubled,
        Fault::Portal,
        Fault::Redirected,
        Fault::Late,
        Fault::Replayed(part),
    ];
    let fault = dice.pick(&all);
    if dice.chance(percent) {
        fault
    } else {
        Fault::None
    }
}

/// What a phone calls safe stands at the hub now, as long as the hub was never set back and its
/// disk has not failed.
fn check_on_the_way(world: &mut World, who: usize) {
    if world.restores > 0 {
        return;
    }
    let phone = &world.phones[who];
    for sealed in phone.saved.keys() {
        let status = phone.store().photo_status(*sealed).unwrap();
        let is_safe = match status {
            PhotoStatus::HereOnly
            | PhotoStatus::Elsewhere
            | PhotoStatus::Missing
            | PhotoStatus::LostHere => false,
            PhotoStatus::OnHub | PhotoStatus::CheckedOnHub | PhotoStatus::Replicated => true,
        };
        if !is_safe || world.lost.contains(sealed) {
            continue;
        }
        let name = sealed.to_string();
        let path = world.hub_dir().join("files").join(&name[..2]).join(&name);
        let bytes = std::fs::read(path).unwrap_or_default();
        if Hash32::of(&bytes) != sealed.0 {
            let text = format!("{}: called safe too early: {sealed}", phone.name);
            world.broken.push((Promise::NoFalseReceipt, text));
        }
    }
}
