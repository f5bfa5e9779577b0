//! Tests of the index as its readers see it: order, completeness, and that a lost file changes no answer.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
use super::*;
use crate::encoding::Map;
use crate::environment::Environment;
use crate::journal::{Absence, BodyBytes, Checkpoint, Entry, Header, Op, sample};
use crate::keys::{
    KeyVault as _, LastGoodEntry, LineState, Organisation, PassphraseCost, RosterDevice,
    SoftwareVault,
};
use crate::model::ids::OrgId;
use crate::store::{OwnChain, Word};

const SITE: SubjectId = SubjectId([1; 16]);
const REMAINS: SubjectId = SubjectId([2; 16]);
const PHOTO: SubjectId = SubjectId([3; 16]);

/// A device's folder with a journal and its index.
struct Device {
    dir: tempfile::TempDir,
    chain: OwnChain,
}

impl Device {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment::system(0);
        let path = dir.path().join("journal.db");
        let journal = Journal::open(&environment, &path, &key(), Durability::Disposable).unwrap();
        let (org, device) = (OrgId(Hash32([5; 32])), DeviceId(Hash32([6; 32])));
        let chain = OwnChain::new(&environment, org, device, "test", journal);
        Self { dir, chain }
    }

    fn record(&self, words: impl IntoIterator<Item = (Kind, SubjectId, Map)>) {
        let recorded = self.chain.append(|pen| {
            for (kind, subject, fields) in words {
                pen.write(Word::create(kind, subject, fields))?;
            }
            Ok::<(), StoreError>(())
        });
        recorded.unwrap();
    }

    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join(NAME)
    }

    fn index(&self) -> Index {
        let journal = self.chain.journal();
        let mut index = Index::open(&self.path(), &key(), &journal).unwrap();
        index.follow(&journal, None).unwrap();
        index
    }
}

fn key() -> DatabaseKey {
    DatabaseKey::new([7; 32])
}

fn code(folded: &Folded) -> String {
    folded.value(1).and_then(Value::as_text).unwrap().to_owned()
}

fn id(folded: &Folded) -> SubjectId {
    folded.subject
}

/// Graves of one site, recorded in the opposite of their order.
fn graves(count: usize) -> Vec<(Kind, SubjectId, Map)> {
    let grave = |number: usize| {
        let mut subject = [8; 16];
        subject[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let fields = Map::new().text(1, format!("G{number:04}")).with(2, SITE);
        (Kind::Grave, SubjectId(subject), fields)
    };
    (0..count).rev().map(grave).collect()
}

#[test]
fn a_list_longer_than_a_page_comes_whole_and_in_the_order_of_codes() {
    for count in [0, PAGE_MAX, PAGE_MAX + 1] {
        let device = Device::new();
        device.record(graves(count));
        let listed = device.index().all_children(SITE, Kind::Grave, code);
        let expected: Vec<String> = (0..count).map(|number| format!("G{number:04}")).collect();
        assert_eq!(listed.unwrap(), expected);
    }
}

#[test]
fn what_hangs_on_nothing_known_is_loose_until_an_owner_comes() {
    let device = Device::new();
    let owner = SubjectRef {
        kind: Kind::Remains,
        id: REMAINS,
    };
    let nobody = SubjectId([4; 16]);
    device.record([
        (Kind::Photo, PHOTO, Map::new().with(8, owner)),
        (Kind::Photo, nobody, Map::new()),
    ]);
    assert_eq!(device.index().loose(Kind::Photo, id).unwrap().len(), 2);
    // The remains have come, the site that they are of has not.
    device.record([(Kind::Remains, REMAINS, Map::new().with(2, SITE))]);
    let index = device.index();
    assert_eq!(index.loose(Kind::Photo, id).unwrap(), [nobody]);
    assert_eq!(index.loose(Kind::Remains, id).unwrap(), [REMAINS]);
    drop(index);
    device.record([(Kind::Site, SITE, Map::new().text(1, "IZM1"))]);
    assert!(device.index().loose(Kind::Remains, id).unwrap().is_empty());
}

#[test]
fn a_lost_damaged_or_foreign_index_changes_no_answer() {
    let device = Device::new();
    device.record(graves(3));
    let answers = || {
        let index = device.index();
        let listed = index.all_children(SITE, Kind::Grave, Folded::clone);
        (listed.unwrap(), index.was_damaged())
    };
    let before = answers();
    assert_eq!((before.0.len(), before.1), (3, false));
    std::fs::remove_file(device.path()).unwrap();
    assert_eq!(answers(), before, "lost");
    std::fs::write(device.path(), vec![1; 8192]).unwrap();
    assert_eq!(answers(), (before.0.clone(), true), "damaged");
    let other = Device::new();
    other.record(graves(5));
    drop(other.index());
    std::fs::copy(other.path(), device.path()).unwrap();
    assert_eq!(answers(), before, "of another journal");
}

/// The chain of another device, which names a site at each entry; it may go on from another chain's entry.
fn names(device: u8, after: Option<&Entry>, names: &[&str]) -> Vec<Entry> {
    let device = DeviceId(Hash32([device; 32]));
    let mut entries: Vec<Entry> = Vec::new();
    for name in names {
        let before = entries.last().or(after);
        let seq = before.map_or(0, |entry| entry.header.seq) + 1;
        let prev = before.map_or(device.0, |entry| entry.id.0);
        let header = Header {
            org: OrgId(Hash32([5; 32])),
            subject: SITE,
            op: before.map_or(Op::Create, |_| Op::Set),
            parents: before.map(|entry| entry.id).into_iter().collect(),
            touches: before.map(|_| (2, vec![0])).into_iter().collect(),
            lamport: before.map_or(0, |entry| entry.header.lamport) + 1,
            ..sample::header(device, seq, prev)
        };
        let body = sample::body(Map::new().text(2, *name));
        entries.push(Entry::compose(header, &body).unwrap());
    }
    entries
}

fn receive(device: &Device, entries: &[Entry]) {
    let last = entries.last().unwrap();
    let checkpoint = Checkpoint {
        device: last.header.device,
        seq: last.header.seq,
        entry_id: last.id,
        bytes: Vec::new(),
    };
    let mut journal = device.chain.journal();
    journal.receive(&[], entries, &checkpoint).unwrap();
}

fn site_name(index: &mut Index, device: &Device, roster: &Roster) -> Option<String> {
    index.follow(&device.chain.journal(), Some(roster)).unwrap();
    let folded = index.folded(SITE).unwrap()?;
    folded.value(2).and_then(Value::as_text).map(str::to_owned)
}

/// A roster in which a device was lost after an entry.
fn lost_after(device_spki: Vec<u8>, last: &Entry) -> Roster {
    let dir = tempfile::tempdir().unwrap();
    let made = Organisation::create(
        &Environment::system(0),
        dir.path(),
        "beech",
        PassphraseCost::TEST,
    );
    let org = made.unwrap().0;
    let mut roster = Roster::first(&org.signer, org.identity.recipient(), 0);
    let mut line = RosterDevice::new(device_spki, "lost", "T");
    line.state = LineState::Lost;
    line.last_good = Some(LastGoodEntry {
        seq: last.header.seq,
        entry: last.id,
    });
    roster.devices.push(line);
    roster
}

#[test]
fn of_a_lost_phone_only_what_its_last_good_entry_leads_back_to_counts() {
    let phone_dir = tempfile::tempdir().unwrap();
    let vault = SoftwareVault::create(&Environment::system(0), phone_dir.path()).unwrap();
    let spki = vault.device_spki().unwrap();
    let phone = Hash32::of(&spki);
    let of_phone = |entries: Vec<Entry>| -> Vec<Entry> {
        let mut moved: Vec<Entry> = Vec::new();
        for entry in entries {
            let prev = moved.last().map_or(phone, |before| before.id.0);
            let parents = moved.last().map(|before| before.id);
            let header = Header {
                device: DeviceId(phone),
                prev,
                parents: parents.into_iter().collect(),
                ..entry.header
            };
            moved.push(Entry::compose(header, entry.body.as_ref().unwrap()).unwrap());
        }
        moved
    };
    let honest = of_phone(names(7, None, &["one", "two", "three"]));
    let thief = {
        let mut forged = of_phone(names(7, None, &["one", "two", "forged", "forged again"]));
        forged.drain(..2);
        forged
    };
    let roster = lost_after(spki, &honest[1]);
    let device = Device::new();
    let mut index = device.index();
    receive(&device, &honest[..1]);
    assert_eq!(
        site_name(&mut index, &device, &roster),
        None,
        "what leads to the last good entry has not come"
    );
    receive(&device, &thief);
    assert_eq!(site_name(&mut index, &device, &roster), None);
    receive(&device, &honest[1..]);
    let shown = site_name(&mut index, &device, &roster);
    assert_eq!(
        shown.as_deref(),
        Some("two"),
        "neither what came after nor what was forged"
    );
    let mut anew = device.index();
    assert_eq!(site_name(&mut anew, &device, &roster), shown);
    // Without the loss all of it counts: the test could not fail otherwise.
    let everything = Roster {
        devices: Vec::new(),
        ..roster
    };
    assert_ne!(site_name(&mut index, &device, &everything), shown);
}

#[test]
fn a_number_that_a_member_made_up_moves_no_number_of_ours_and_stops_nothing() {
    for lamport in [u64::MAX, i64::MAX as u64, 1 << 53, (1 << 53) - 1] {
        let device = Device::new();
        let made_up = names(7, None, &["made up"]);
        let header = Header {
            lamport,
            ..made_up[0].header.clone()
        };
        let made_up = Entry::compose(header, made_up[0].body.as_ref().unwrap()).unwrap();
        receive(&device, &[made_up]);
        for _ in 0..3 {
            device.record(graves(1));
        }
        let tip = device.chain.journal().tip(device.chain.device()).unwrap();
        assert_eq!(tip.head.seq, 3);
        assert!(
            tip.lamport <= 3 * ((1 << 20) + 1),
            "{lamport}: {}",
            tip.lamport
        );
        let index = device.index();
        let site = index.folded(SITE).unwrap().unwrap();
        assert_eq!(site.beyond_counting, u64::from(lamport >= 1 << 53));
    }
}

#[test]
fn a_body_that_comes_late_is_followed_like_a_new_entry() {
    let device = Device::new();
    let entries = names(9, None, &["one", "two"]);
    let mut stripped = entries.clone();
    stripped[1].body = None;
    stripped[1].body_bytes = BodyBytes::Absent(Absence::Withheld);
    receive(&device, &stripped);
    let mut index = device.index();
    assert_eq!(index.folded(SITE).unwrap().unwrap().absent, 1);
    let before = device.chain.journal().last_row().unwrap();
    receive(&device, &entries);
    index.follow(&device.chain.journal(), None).unwrap();
    let followed = index.folded(SITE).unwrap().unwrap();
    assert_eq!(
        (followed.absent, followed.value(2)),
        (0, Some(&Value::text("two")))
    );
    // Whoever pulls comes to the whole piece again, in its order.
    let again = device.chain.journal().entries_after(before, 10).unwrap();
    let again: Vec<u64> = again.iter().map(|(_, entry)| entry.header.seq).collect();
    assert_eq!(again, [1, 2]);
    // Nothing new moves nothing.
    let before = device.chain.journal().last_row().unwrap();
    receive(&device, &stripped);
    receive(&device, &entries);
    assert_eq!(device.chain.journal().last_row().unwrap(), before);
    drop(index);
    std::fs::remove_file(device.path()).unwrap();
    assert_eq!(device.index().folded(SITE).unwrap().unwrap(), followed);
}
