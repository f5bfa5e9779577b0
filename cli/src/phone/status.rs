//! What `status` prints, and what unlocking found.

use imena_core::field_store::{StatusView, UnlockReport};

use crate::terminal::{Terminal, foreign};

/// Prints the state of the phone.
pub fn status(terminal: &mut Terminal, status: &StatusView) {
    let counts = &status.counts;
    let mut text = format!(
        "{} ({})",
        foreign(&status.device_name),
        status.device.0.short()
    );
    if let Some(issuer) = &status.issuer {
        text.push_str(&format!(", issuer {issuer}"));
    }
    if status.is_locked {
        text.push_str(", locked");
    }
    if let Some(digits) = &status.enrolling {
        text.push_str(&format!("\nNot let in yet; six digits {digits}"));
    }
    text.push_str(&format!(
        "\nOriginals: {} taken here, {} on a hub (receipted), {} of them opened and checked there, {} on two hubs.",
        counts.originals, counts.originals_on_hub, counts.originals_checked, counts.originals_on_two_hubs
    ));
    if counts.lost_here > 0 {
        text.push_str(&format!(
            "\nLOST HERE: {} originals were removed to free space, and no hub has them any more. imena verify names them; look for a copy.",
            counts.lost_here
        ));
    }
    text.push_str(&format!(
        "\nWaiting: {} files, {} bytes. Entries receipted up to {}{}.",
        counts.waiting,
        counts.waiting_bytes,
        status.receipted_seq,
        status
            .own_seq
            .map_or(String::new(), |seq| format!(" of {seq}"))
    ));
    text.push_str(&format!(
        "\nFree space: {} MB.",
        status.free_bytes / 1_000_000
    ));
    terminal.show(&text, status);
}

/// Says what unlocking found, if anything.
pub fn unlock_report(terminal: &mut Terminal, report: &UnlockReport) {
    let recovered = &report.recovered;
    if !recovered.entered.is_empty() {
        let count = recovered.entered.len();
        terminal.say(&format!(
            "{count} photos were found that an interruption had left: `list photos` shows them, `assign` gives them their record."
        ));
    }
    if recovered.quarantined > 0 {
        terminal.say(&format!(
            "{} unfinished files were set aside.",
            recovered.quarantined
        ));
    }
    if let Some(rebuilt) = &report.rebuilt {
        let old = rebuilt.old_chain.map_or(0, |chain| chain.known_upto_seq);
        terminal.say(&format!(
            "The journal was gone or damaged and was built anew from {} runs ({} entries). The old chain is known up to entry {old}; a new chain and a new \
             issuer have begun. {} runs open only at a hub, {} are damaged; all are kept. Sync to ask for the entries of others again.",
            rebuilt.runs_read, rebuilt.entries, rebuilt.runs_unopened, rebuilt.runs_damaged
        ));
    }
    for name in &report.damaged_sessions {
        terminal.say(&format!(
            "Session key {name} is damaged: its pictures open at a hub only."
        ));
    }
}
