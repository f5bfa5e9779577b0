//! Tests of a folder that is verified by its files alone.
#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use super::*;
use crate::encoding::Map;
use crate::environment::Environment;
use crate::journal::{Absence, BodyBytes, Header, Op, sample};
use crate::keys::device_key;
use crate::keys::{KeyVault as _, Organisation, PassphraseCost, RosterDevice, SoftwareVault};
use crate::seal::seal_bytes;

/// A folder as a phone leaves it: a roster, runs, and nothing else.
struct Folder {
    dir: tempfile::TempDir,
    org: Organisation,
    vault: SoftwareVault,
    key: PublicKey,
    entries: Vec<Entry>,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment::system(0);
        let keys = dir.path().join("organisation");
        let org = Organisation::create(&environment, &keys, "beech", PassphraseCost::TEST);
        let org = org.unwrap().0;
        let vault = SoftwareVault::create(&environment, &dir.path().join("phone")).unwrap();
        let key = device_key(&vault).unwrap();
        let mut roster = Roster::first(&org.signer, org.identity.recipient(), 0);
        let line = RosterDevice::new(vault.device_spki().unwrap(), "phone", "T");
        roster.admit(line).unwrap();
        let signed = roster.sign(&org.signer).unwrap();
        let rosters = dir.path().join("rosters");
        std::fs::create_dir_all(&rosters).unwrap();
        let recipient = [org.identity.recipient()];
        let (_, sealed) = seal_bytes(&recipient, &signed.bytes).unwrap();
        std::fs::write(rosters.join("1.age"), sealed).unwrap();
        Self {
            dir,
            org,
            vault,
            key,
            entries: Vec::new(),
        }
    }

    fn write(&mut self, name: &str) {
        let before = self.entries.last();
        let seq = before.map_or(0, |entry| entry.header.seq).saturating_add(1);
        let prev = before.map_or(self.key.id(), |entry| entry.id.0);
        let header = Header {
            org: self.org.signer.org(),
            op: before.map_or(Op::Create, |_| Op::Set),
            ..sample::header(DeviceId(self.key.id()), seq, prev)
        };
        let body = sample::body(Map::new().text(2, name));
        self.entries.push(Entry::compose(header, &body).unwrap());
    }

    /// Closes a run over entries `from` to the last one, sealed to `recipients`; gives its file.
    fn close_run(
        &self,
        from: usize,
        recipients: &[String],
        listed: &[String],
    ) -> std::path::PathBuf {
        let last = self.entries.last().unwrap();
        let org = self.org.signer.org();
        let word = Checkpoint::sign(&self.vault, &self.key, org, last.header.seq, last.id);
        let run = Run {
            org,
            entries: self.entries.get(from..).unwrap().to_vec(),
            checkpoint_bytes: word.unwrap().bytes,
            sealed_to: listed.to_vec(),
        };
        let (name, sealed) = seal_bytes(recipients, &run.pack().unwrap()).unwrap();
        let name = name.to_string();
        let folder = self.dir.path().join("runs").join(name.get(..2).unwrap());
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(&name);
        std::fs::write(&path, sealed).unwrap();
        path
    }

    fn to_org(&self) -> Vec<String> {
        vec![self.org.identity.recipient()]
    }

    fn verify(&self) -> FolderReport {
        let environment = Environment::system(0);
        let go_on = &mut |_, _| ControlFlow::Continue(());
        verify_folder(&environment, self.dir.path(), &self.org.identity, go_on).unwrap()
    }
}

#[test]
fn a_folder_is_verified_without_a_database_and_names_how_far_each_chain_is_proven() {
    let mut folder = Folder::new();
    folder.write("one");
    folder.write("two");
    folder.close_run(0, &folder.to_org(), &folder.to_org());
    folder.write("three");
    folder.close_run(2, &folder.to_org(), &folder.to_org());
    folder.write("in no run yet");
    let report = folder.verify();
    assert_eq!(report.findings, []);
    assert_eq!(
        (report.rosters.clone(), report.files, report.runs),
        (vec![1], 2, 2)
    );
    let chain = report.chains.first().unwrap();
    assert_eq!((chain.entries, chain.proven_upto_seq), (3, 3));
    assert_eq!(chain.entry_id, folder.entries.get(2).map(|entry| entry.id));
    let site = report.subjects.first().unwrap();
    assert_eq!(site.standing, "stands");
    assert_eq!(site.conflicts, [2]);
}

#[test]
fn a_missing_run_leaves_what_follows_it_unproven_and_named() {
    let mut folder = Folder::new();
    folder.write("one");
    let first = folder.close_run(0, &folder.to_org(), &folder.to_org());
    folder.write("two");
    folder.close_run(1, &folder.to_org(), &folder.to_org());
    std::fs::remove_file(first).unwrap();
    let report = folder.verify();
    assert_eq!(report.chains.first().unwrap().proven_upto_seq, 0);
    let finding = report.findings.first().unwrap();
    assert!(finding.what.contains("entry 2 is here"), "{}", finding.what);
}

#[test]
fn a_flipped_bit_of_any_run_is_named() {
    let mut folder = Folder::new();
    folder.write("one");
    let path = folder.close_run(0, &folder.to_org(), &folder.to_org());
    let mut bytes = std::fs::read(&path).unwrap();
    if let Some(byte) = bytes.last_mut() {
        *byte ^= 1;
    }
    std::fs::write(&path, bytes).unwrap();
    let report = folder.verify();
    assert_eq!(report.files, 0);
    assert!(report.findings.first().unwrap().what.contains("hash"));
}

#[test]
fn a_reader_whom_the_run_does_not_list_is_named() {
    let mut folder = Folder::new();
    folder.write("one");
    let secret = age::x25519::Identity::generate().to_public().to_string();
    let mut recipients = folder.to_org();
    recipients.push(secret);
    folder.close_run(0, &recipients, &folder.to_org());
    let report = folder.verify();
    assert_eq!(report.runs, 1, "it counts all the same");
    let finding = report.findings.first().unwrap();
    assert!(finding.what.contains("2 recipients"), "{}", finding.what);
}

#[test]
fn of_two_copies_of_an_entry_a_lawful_erasure_weighs_more_than_a_loss_whatever_comes_first() {
    let mut folder = Folder::new();
    folder.write("one");
    folder.write("two");
    let whole = folder.entries.clone();
    let order = Some(EntryId(Hash32([9; 32])));
    let absences = [
        Absence::Lost,
        Absence::Erased { order },
        Absence::Erased { order: None },
    ];
    for absence in absences {
        let mut copy = whole.clone();
        if let Some(first) = copy.first_mut() {
            first.body = None;
            first.body_bytes = BodyBytes::Absent(absence);
        }
        folder.entries = copy;
        folder.close_run(0, &folder.to_org(), &folder.to_org());
    }
    let findings = folder.verify().findings;
    let said: Vec<&str> = findings.iter().map(|found| found.what.as_str()).collect();
    assert!(!said.iter().any(|what| what.contains("lost")), "{said:?}");
}

#[test]
fn a_strange_reader_of_a_photo_that_no_run_speaks_of_is_named() {
    let folder = Folder::new();
    let odd = b"age-encryption.org/v1\n-> ssh-ed25519 abc def\nbody\n--- mac\nbytes";
    let name = Hash32::of(odd).to_string();
    let shelf = folder.dir.path().join("blobs").join(name.get(..2).unwrap());
    std::fs::create_dir_all(&shelf).unwrap();
    std::fs::write(shelf.join(&name), odd).unwrap();
    let findings = folder.verify().findings;
    let of_it = findings.iter().filter(|found| found.place.contains(&name));
    let said: Vec<&str> = of_it.map(|found| found.what.as_str()).collect();
    assert!(
        said.iter().any(|what| what.contains("ssh-ed25519")),
        "{said:?}"
    );
}
