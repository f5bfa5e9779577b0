//! Tests of the index as its readers see it: order, completeness, and that a lost file changes no answer.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::encoding::Map;
use crate::environment::Environment;
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
