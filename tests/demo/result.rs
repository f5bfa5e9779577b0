//! What came of a run, from what the programs answered and from the bytes in the hub's folder; and the table that says it.

use std::fs;
use std::path::Path;

use imena_core::encoding::Hash32;
use imena_tests::program::Ran;
use imena_tests::relay::Traffic;
use serde_json::Value;

use crate::stage::Stage;

/// What the phone's sync over the bad link said.
#[derive(Default)]
pub struct Sync {
    twice_bytes: u64,
}

/// Counts of a run; each comes from somewhere else than the one that it is compared with.
#[derive(Default)]
pub struct Outcome {
    /// "saved" lines that the phone printed.
    pub captured: usize,
    /// Files that were not saved, each told why.
    pub refused: usize,
    /// See [`Sync`].
    pub sync: Sync,
    /// What the relay counted.
    pub traffic: Traffic,
    /// What `verify` found.
    pub findings: usize,
    photo_bytes: u64,
    listed: usize,
    receipted: usize,
    checked: usize,
    receipts: u64,
    is_waiting: bool,
    whole_on_hub: usize,
    hub_files: usize,
    hub_bytes: u64,
}

impl Sync {
    /// Reads "… bytes sent, … of them twice; …".
    pub fn of(ran: &Ran) -> Self {
        let mut sync = Self::default();
        for line in &ran.out {
            if let Some((_, rest)) = line.split_once(" bytes sent, ") {
                let twice = rest.split(' ').next().and_then(|n| n.parse::<u64>().ok());
                sync.twice_bytes += twice.unwrap_or_default();
            }
        }
        sync
    }
}

impl Outcome {
    /// Counts what the phone says (status, then lists of photos) and what lies in the hub's folder.
    pub fn gather(stage: &Stage, figures: &[Value]) -> Result<Self, String> {
        let mut outcome = Self::default();
        let (status, lists) = figures.split_first().ok_or("the phone says nothing")?;
        let count = |name: &str| -> Result<u64, String> {
            let value = status["counts"][name].as_u64();
            value.ok_or_else(|| format!("status has no {name}"))
        };
        outcome.receipted = count("originals_on_hub")? as usize;
        outcome.checked = count("originals_checked")? as usize;
        outcome.receipts = count("receipts")?;
        outcome.is_waiting = count("waiting")? > 0;
        let files = stage.imena().dir().join("hub/files");
        for photo in lists.iter().filter_map(Value::as_array).flatten() {
            let sealed = photo["sealed"].as_str().ok_or("a photo without a file")?;
            outcome.listed += 1;
            outcome.photo_bytes += photo["bytes"].as_u64().unwrap_or_default();
            outcome.whole_on_hub += usize::from(is_whole(&files, sealed));
        }
        (outcome.hub_files, outcome.hub_bytes) = extent(&files).map_err(|e| e.to_string())?;
        Ok(outcome)
    }

    /// Captured photos of which the hub has no whole file or the phone no verified receipt.
    fn lost(&self) -> usize {
        let kept = [self.listed, self.receipted, self.whole_on_hub];
        self.captured
            .saturating_sub(kept.into_iter().min().unwrap_or_default())
    }

    /// Whether every photo that was called saved is where it should be, and nothing else happened.
    pub fn is_good(&self) -> bool {
        let all = [self.listed, self.receipted, self.whole_on_hub];
        self.captured > 0
            && all.iter().all(|count| *count == self.captured)
            && self.findings == 0
            && !self.is_waiting
    }

    /// Prints the table and the last line.
    pub fn print(&self) {
        let Traffic { cuts, refused, .. } = self.traffic;
        let again = self.traffic.swallowed_bytes + self.sync.twice_bytes;
        let of = |count: usize| format!("{count} of {}", self.captured);
        let rows = [
            (
                "photos captured",
                format!("{} ({} bytes)", self.captured, grouped(self.photo_bytes)),
            ),
            ("refused, told why", self.refused.to_string()),
            (
                "sent over the link",
                format!(
                    "{} bytes, with all that TLS adds and what T02 sent",
                    grouped(self.traffic.up_bytes)
                ),
            ),
            ("sent again after cuts", format!("{} bytes", grouped(again))),
            (
                "link",
                format!("cut {cuts} times, {refused} connections refused"),
            ),
            (
                "receipts verified",
                format!(
                    "{} photos, by {} signed receipts",
                    of(self.receipted),
                    self.receipts
                ),
            ),
            ("opened and checked by the hub", of(self.checked)),
            (
                "whole on the hub",
                format!(
                    "{}, hashed here; {} sealed files, {} bytes",
                    of(self.whole_on_hub),
                    self.hub_files,
                    grouped(self.hub_bytes)
                ),
            ),
            ("findings of verify", self.findings.to_string()),
            ("what is safe", self.safe()),
        ];
        println!();
        for (what, value) in rows {
            println!("  {what:<30}  {value}");
        }
        println!(
            "\nphotos captured {} = receipts verified {}, lost {}",
            self.captured,
            self.receipted,
            self.lost()
        );
    }

    fn safe(&self) -> String {
        let both = self.captured.saturating_sub(self.lost());
        format!(
            "{both} on the phone and on one hub; none was freed on the phone (that asks for two hubs)"
        )
    }
}

fn is_whole(files: &Path, sealed: &str) -> bool {
    let Some(shelf) = sealed.get(..2) else {
        return false;
    };
    let bytes = fs::read(files.join(shelf).join(sealed));
    bytes.is_ok_and(|bytes| Hash32::of(&bytes).to_hex() == sealed)
}

/// Files below a folder and their bytes.
fn extent(folder: &Path) -> std::io::Result<(usize, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (more, longer) = match entry.file_type()?.is_dir() {
            true => extent(&entry.path())?,
            false => (1, entry.metadata()?.len()),
        };
        files += more;
        bytes += longer;
    }
    Ok((files, bytes))
}

/// 1234567 → "1,234,567".
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
