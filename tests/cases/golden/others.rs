//! The other phones of the golden vault: what came of them to the first one's folder.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use imena_core::encoding::Map;
use imena_core::journal::{Entry, Op};
use imena_core::keys::LastGoodEntry;
use imena_core::model::ids::EntryId;
use imena_core::vocabulary::Kind;

use super::{APP, Start, Vault, Word};

/// A phone whose chain has a fork, one that was lost, and one that was revoked.
pub struct Others {
    pub second: Vault,
    pub lost: Vault,
    pub lost_last_good: LastGoodEntry,
    pub revoked: Vault,
    pub revoked_last_good: LastGoodEntry,
}

/// What the lost and the revoked phone wrote.
pub fn record(first: &Vault) -> Others {
    let mut lost = first.other();
    started(&mut lost, "Golden lost phone");
    let last_good = lost.last();
    operator(&mut lost, "recorded after the loss");
    lost.close_run(&[]);
    // Whoever found the phone goes on from an earlier entry: another history with the same numbers.
    lost.go_back_to(1);
    operator(&mut lost, "another history, by a thief");
    lost.close_run(&[]);

    let mut revoked = first.other();
    started(&mut revoked, "Golden revoked phone");
    revoked.close_run(&[]);
    let nothing = LastGoodEntry {
        seq: 0,
        entry: EntryId(revoked.device.0),
    };
    Others {
        second: first.other(),
        lost_last_good: LastGoodEntry {
            seq: last_good.0,
            entry: last_good.1,
        },
        lost,
        revoked,
        revoked_last_good: nothing,
    }
}

impl Others {
    /// The second phone follows an ended chain and names the site; and once more, with the same number: a fork.
    pub fn rename(&mut self, start: &Start) {
        let second = &mut self.second;
        started(second, "Golden second phone");
        let fields = Map::new().with(1, self.lost.device).uint(2, 2);
        let fields = fields.with(3, self.lost_last_good.entry);
        second.add(Word::new(Kind::ChainAdopted, fields));
        name(second, &start.named, "Golden pines — вигадані сосни");
        second.close_run(&[]);
        second.go_back_to(3);
        name(second, &start.named, "Golden sand — вигаданий пісок");
        second.close_run(&[]);
    }
}

fn started(phone: &mut Vault, name: &str) {
    let fields = Map::new().bytes(1, phone.key.spki()).text(2, APP);
    phone.add(Word::new(Kind::DeviceStarted, fields));
    let fields = Map::new().with(1, phone.device).text(2, name);
    phone.add(Word::new(Kind::Device, fields.text(3, "Golden model")));
}

fn operator(phone: &mut Vault, name: &str) {
    let fields = Map::new().text(1, name).text(2, "rescuer").text(3, "");
    phone.add(Word::new(Kind::Operator, fields));
}

fn name(phone: &mut Vault, site: &Entry, name: &str) {
    let word = Word::new(Kind::Site, Map::new().text(2, name)).about(site.header.subject);
    phone.add(word.answer(Op::Set, &[site], Some(2)));
}
