//! The one checker of what a phone promised: every photo that it called saved is there once, whole and openable, and nothing is half shown.
//!
//! Owns the comparison of words said with what a reopened vault holds. Gives sentences, not panics, so that a negative control can
//! demand that there are some.

use std::collections::{BTreeMap, BTreeSet};

use imena_core::encoding::Hash32;
use imena_core::environment::Environment;
use imena_core::field_store::{FieldStore, UnlockReport};
use imena_core::index::ROOT;
use imena_core::model::ids::{SealedName, SubjectRef};
use imena_core::record::PhotoView;
use imena_core::store::SealedFiles;
use imena_core::vocabulary::PhotoOrigin;

use crate::phone::Phone;

/// What was said about photos of one vault, by however many processes.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// SHA-256 of every photo called saved.
    pub saved: BTreeSet<String>,
    /// SHA-256 of every photo that was begun.
    pub tried: BTreeSet<String>,
    /// Sealed files that were opened to their end already: they are re-hashed each time, not opened again.
    opened: BTreeSet<SealedName>,
}

impl Said {
    /// Compares all that was said with a vault that was just opened again; empty: every promise was kept.
    pub fn broken(
        &mut self,
        phone: &Phone,
        store: &FieldStore,
        report: &UnlockReport,
        owner: SubjectRef,
    ) -> Vec<String> {
        let mut broken = Vec::new();
        if report.rebuilt.is_some() || !report.damaged_sessions.is_empty() {
            broken.push(format!(
                "a kill must not damage a journal or key: {report:?}"
            ));
        }
        let owned = store.list_photos(owner.id).unwrap();
        let loose = store.list_photos(ROOT).unwrap();
        broken.extend(self.broken_words(&owned, &loose));
        for photo in owned.iter().chain(&loose) {
            if let Err(why) = self.check_photo(phone, store, photo) {
                broken.push(format!("photo {}: {why}", photo.id));
            }
        }
        broken.extend(broken_folders(store));
        broken.extend(broken_verification(store));
        broken
    }

    fn broken_words(&self, owned: &[PhotoView], loose: &[PhotoView]) -> Vec<String> {
        let mut broken = Vec::new();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for photo in owned.iter().chain(loose) {
            *counts
                .entry(photo.sha256.as_deref().unwrap_or(""))
                .or_default() += 1;
        }
        for (sha256, count) in &counts {
            if *count > 1 {
                broken.push(format!("{count} photos of the one picture {sha256}"));
            }
            if !self.tried.contains(*sha256) {
                broken.push(format!("a photo that nobody took: {sha256:?}"));
            }
        }
        let owned: BTreeMap<_, _> = owned
            .iter()
            .filter_map(|photo| Some((photo.sha256.as_deref()?, photo)))
            .collect();
        for sha256 in &self.saved {
            match owned.get(sha256.as_str()) {
                None if counts.contains_key(sha256.as_str()) => {
                    broken.push(format!("saved, but only a recovered capture: {sha256}"));
                }
                None => broken.push(format!("saved, but lost: {sha256}")),
                Some(photo) if photo.origin != PhotoOrigin::InAppCamera => {
                    broken.push(format!("saved, but not as the app's own: {sha256}"));
                }
                Some(_) => {}
            }
        }
        broken.extend(
            loose
                .iter()
                .filter(|photo| photo.origin != PhotoOrigin::Recovered)
                .map(|photo| format!("photo {} lost its owner ({:?})", photo.id, photo.origin)),
        );
        broken
    }

    fn check_photo(
        &mut self,
        phone: &Phone,
        store: &FieldStore,
        photo: &PhotoView,
    ) -> Result<(), String> {
        let sealed = photo.sealed.ok_or("it names no sealed file")?;
        let files = SealedFiles::new(&Environment::system(0), store.layout());
        match files.find(sealed) {
            Ok(Some((_, len, _))) if len == photo.sealed_bytes => {}
            found => return Err(format!("its sealed file is {found:?}")),
        }
        if !self.opened.contains(&sealed) {
            let plain = phone.opened_by_organisation(sealed)?;
            if Some(Hash32::of(&plain).to_hex()) != photo.sha256 {
                return Err("its sealed file holds another picture".to_owned());
            }
            self.opened.insert(sealed);
        }
        Ok(())
    }
}

/// After an unlock `incoming/` is looked through; quarantine holds only what was cut short.
fn broken_folders(store: &FieldStore) -> Vec<String> {
    let names = |dir: std::path::PathBuf| {
        let listed = std::fs::read_dir(dir).unwrap();
        listed.map(|item| item.unwrap().file_name().to_string_lossy().into_owned())
    };
    let left = names(store.layout().incoming()).map(|name| format!("left in incoming: {name}"));
    let set_aside = names(store.layout().quarantine())
        .filter(|name| !name.starts_with("cut-") && !name.starts_with("unfinished-"))
        .map(|name| format!("set aside though only cut files may be: {name}"));
    left.chain(set_aside).collect()
}

fn broken_verification(store: &FieldStore) -> Vec<String> {
    // The own tail is signed first: verification leaves an unsigned one out.
    if let Err(error) = store.work_off() {
        return vec![format!("work cannot go on: {error}")];
    }
    let report = store
        .verify(&mut |_, _| std::ops::ControlFlow::Continue(()))
        .unwrap();
    report
        .findings
        .iter()
        .map(|finding| format!("verify: {finding:?}"))
        .collect()
}
