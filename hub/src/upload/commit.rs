//! Group commit: files that were published at about the same time become durable and receipted
//! together, with one fsync of each folder and one transaction.
//!
//! Owns who commits for whom. Does not publish (`finish`). Invariant: of every file in a group the
//! name is durable before the transaction begins, and nobody is answered before it has ended.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use imena_core::journal::{Receipt, ReceiptLine};

use crate::error::{HubError, lock};
use crate::hub::Inner;
use crate::truth::{Draft, StoredFile};

/// Files in one transaction: a group that grows longer keeps its first file waiting.
const GROUP_MAX: usize = 64;

/// Files that wait to be committed.
#[derive(Default)]
pub(crate) struct Commits {
    queue: Mutex<Vec<Arc<Place>>>,
    /// Held by whoever commits.
    turn: Mutex<()>,
}

/// One file's place in the queue.
struct Place {
    row: StoredFile,
    shelf: PathBuf,
    done: Mutex<Option<Result<Receipt, HubError>>>,
}

impl Inner {
    /// Makes the name of a published file durable, and its row and receipt. Whoever comes while
    /// another one commits is taken along by the next.
    pub(super) fn commit(&self, row: StoredFile, shelf: PathBuf) -> Result<Receipt, HubError> {
        let commits = &self.uploads.commits;
        let place = Arc::new(Place {
            row,
            shelf,
            done: Mutex::new(None),
        });
        lock(&commits.queue).push(Arc::clone(&place));
        loop {
            let _turn = lock(&commits.turn);
            if let Some(done) = lock(&place.done).take() {
                return done;
            }
            let mut queue = lock(&commits.queue);
            let count = queue.len().min(GROUP_MAX);
            let group: Vec<Arc<Place>> = queue.drain(..count).collect();
            drop(queue);
            self.commit_group(&group);
        }
    }

    fn commit_group(&self, group: &[Arc<Place>]) {
        match self.commit_all(group) {
            Ok(receipts) => {
                for (place, receipt) in group.iter().zip(receipts) {
                    *lock(&place.done) = Some(Ok(receipt));
                }
            }
            Err(error) if group.len() < 2 => {
                if let Some(place) = group.first() {
                    *lock(&place.done) = Some(Err(error));
                }
            }
            // One that cannot be committed does not stop the rest.
            Err(_) => group.chunks(1).for_each(|one| self.commit_group(one)),
        }
    }

    fn commit_all(&self, group: &[Arc<Place>]) -> Result<Vec<Receipt>, HubError> {
        let shelves: BTreeSet<&PathBuf> = group.iter().map(|place| &place.shelf).collect();
        for shelf in shelves {
            self.objects.make_names_durable(shelf)?;
        }
        self.environment
            .steps
            .reached("hub: commit row and receipt");
        let drafts = group.iter().map(|place| Draft {
            files: vec![place.row.clone()],
            opened: Vec::new(),
            lines: vec![ReceiptLine::File {
                sealed: place.row.sealed,
                size: place.row.size,
                sha256: None,
            }],
        });
        self.receipts(&drafts.collect::<Vec<_>>())
    }
}
