//! `sync` and `free`: performs the desk's jobs until nothing is left or nobody answers.

use std::time::{Duration, Instant};

use imena_core::field_store::FieldStore;
use imena_core::sync::{
    HubTarget, LinkCost, LinkFailure, Step, SyncChange, SyncDesk, TransferOutcome, Trouble,
};
use serde_json::json;

use crate::Done;
use crate::failure::{Failure, TRY_AGAIN};
use crate::terminal::{Terminal, foreign};
use crate::transfer::{Finished, Performer};

/// When no address answered, before the first is asked again.
const ROUND_PAUSE: Duration = Duration::from_secs(1);

/// What a session did.
#[derive(Debug, Default)]
struct Tally {
    receipts: u64,
    pieces: u64,
    resent_bytes: u64,
    failures: u64,
    digits: Option<String>,
    last_trouble: Option<String>,
}

/// Syncs with the first hub that answers.
pub fn sync(terminal: &mut Terminal, store: &FieldStore, metered: bool, patience_s: u64) -> Done {
    let (desk, tally, sent) = session(terminal, store, metered, patience_s, &[])?;
    let counts = store.status()?.counts;
    let mut text = format!(
        "{} bytes sent, {} of them twice; {} receipts. Originals on a hub: {} of {}. Waiting: {} files.",
        sent,
        tally.resent_bytes,
        tally.receipts,
        counts.originals_on_hub,
        counts.originals,
        counts.waiting
    );
    if !desk.missing().is_empty() {
        text.push_str(&format!(
            "\n{} files are MISSING: taken here, gone from this phone, and no hub has them. imena verify names them; look for a copy.",
            desk.missing().len()
        ));
    }
    if let Some(digits) = &tally.digits {
        text.push_str(&format!(
            "\nNot let in yet. Six digits: {digits}. Compare them with the hub (imena org approve), then sync again."
        ));
    }
    let value = json!({
        "sent_bytes": sent, "resent_bytes": tally.resent_bytes, "receipts": tally.receipts,
        "pieces": tally.pieces, "failures": tally.failures, "digits": tally.digits, "missing": desk.missing(), "counts": counts
    });
    terminal.show(&text, &value);
    Ok(())
}

/// Frees what may be freed, after the hub's fresh word.
pub fn free(terminal: &mut Terminal, store: &FieldStore) -> Done {
    let here = store.originals_here()?;
    let (desk, _, _) = session(terminal, store, false, 30, &here)?;
    let report = store.free_originals(&desk)?;
    let mut text = format!(
        "Freed {} originals, {} bytes.",
        report.freed.len(),
        report.freed_bytes
    );
    for (sealed, missing) in &report.kept {
        let missing: Vec<String> = missing.iter().map(|next| next.term().en).collect();
        text.push_str(&format!(
            "\n  {} stays: {}",
            sealed.0.short(),
            missing.join("; ")
        ));
    }
    terminal.show(&text, &report);
    Ok(())
}

fn session(
    terminal: &mut Terminal,
    store: &FieldStore,
    metered: bool,
    patience_s: u64,
    ask_held: &[imena_core::model::ids::SealedName],
) -> Result<(SyncDesk, Tally, u64), Failure> {
    let cost = if metered {
        LinkCost::Metered
    } else {
        LinkCost::Free
    };
    let hubs = store.hubs();
    let mut targets = hubs.iter().cycle();
    let mut desk = start(store, targets.next(), cost, ask_held)?;
    let (mut asked, mut has_answered) = (1_usize, false);
    let mut performer = Performer::new()?;
    let mut tally = Tally::default();
    let bar = terminal.progress(store.status()?.counts.waiting_bytes, "sending");
    let mut last_progress = Instant::now();
    loop {
        let (step, job) = store.next_job(&mut desk)?;
        let Some(job) = job else {
            match step {
                Step::Done => break,
                Step::Busy => {
                    let outcomes = performer.finished();
                    let is_reply =
                        |outcome: &Finished| matches!(outcome, (_, TransferOutcome::Reply { .. }));
                    has_answered |= outcomes.iter().any(is_reply);
                    for change in store.report_jobs(&mut desk, outcomes)? {
                        note(terminal, &mut tally, &bar, change);
                    }
                    if desk.failures() == 0 {
                        last_progress = Instant::now();
                    }
                }
                Step::Wait { .. } if !has_answered && !asked.is_multiple_of(hubs.len()) => {
                    // Nobody at this address: the hub may be at its next one.
                    desk = start(store, targets.next(), cost, ask_held)?;
                    asked = asked.saturating_add(1);
                }
                Step::Wait { .. } if last_progress.elapsed() >= Duration::from_secs(patience_s) => {
                    bar.finish_and_clear();
                    return Err(gave_up(&tally, patience_s));
                }
                Step::Wait { .. } if !has_answered && hubs.len() > 1 => {
                    std::thread::sleep(ROUND_PAUSE);
                    desk = start(store, targets.next(), cost, ask_held)?;
                    asked = asked.saturating_add(1);
                }
                Step::Wait { .. } => std::thread::sleep(Duration::from_millis(50)),
                Step::Hello | Step::Enroll | Step::Session | Step::Sync | Step::Put { .. } => {}
            }
            continue;
        };
        performer.begin(&job)?;
    }
    bar.finish_and_clear();
    let sent = desk.sent_bytes();
    Ok((desk, tally, sent))
}

fn start(
    store: &FieldStore,
    target: Option<&HubTarget>,
    cost: LinkCost,
    ask_held: &[imena_core::model::ids::SealedName],
) -> Result<SyncDesk, Failure> {
    let target = target.ok_or(imena_core::field_store::Error::NoHub)?;
    let mut desk = store.begin_sync(target.clone(), cost)?;
    if !ask_held.is_empty() {
        desk.ask_held(&crate::environment(), ask_held.to_vec())
            .map_err(imena_core::field_store::Error::Desk)?;
    }
    Ok(desk)
}

fn note(
    terminal: &mut Terminal,
    tally: &mut Tally,
    bar: &indicatif::ProgressBar,
    change: SyncChange,
) {
    match change {
        SyncChange::Enrolling { digits } => tally.digits = Some(digits),
        SyncChange::Admitted => {
            tally.digits = None;
            terminal.say("The organisation has let this phone in.");
        }
        SyncChange::Roster { version } => terminal.say(&format!("Roster {version}.")),
        SyncChange::Receipt => tally.receipts = tally.receipts.saturating_add(1),
        SyncChange::Progress { resent, have, .. } => {
            let _ = have;
            tally.pieces = tally.pieces.saturating_add(1);
            tally.resent_bytes = tally.resent_bytes.saturating_add(resent);
            // What stood in the way is over: should it come again, that is worth another line.
            tally.last_trouble = None;
            bar.inc(1);
        }
        SyncChange::Pulled(segments) => {
            let entries: usize = segments.iter().map(|segment| segment.entries.len()).sum();
            terminal.say(&format!("{entries} entries of others."));
        }
        SyncChange::HubRestored => {
            terminal
                .say("The hub was set back to an older copy: everything is offered to it again.");
        }
        SyncChange::Trouble(trouble) => {
            tally.failures = tally.failures.saturating_add(1);
            let text = trouble_text(&trouble);
            if tally.last_trouble.as_ref() != Some(&text) {
                let goes_on = match trouble {
                    Trouble::Link(_) => " Trying again; it goes on where it stopped.",
                    Trouble::NetworkNeedsLogin
                    | Trouble::HubFull
                    | Trouble::Refused { .. }
                    | Trouble::FalseWord { .. } => "",
                };
                terminal.say(&format!("{text}{goes_on}"));
            }
            tally.last_trouble = Some(text);
        }
    }
}

fn trouble_text(trouble: &Trouble) -> String {
    match trouble {
        Trouble::NetworkNeedsLogin => {
            "Somebody else answers in the hub's place: the network may need a login. Nothing was sent to it.".to_owned()
        }
        Trouble::Link(LinkFailure::Unreachable) => "The hub cannot be reached.".to_owned(),
        Trouble::Link(LinkFailure::Cut) => "The link was cut.".to_owned(),
        Trouble::Link(LinkFailure::TimedOut) => "Nothing moves on the link.".to_owned(),
        Trouble::Link(LinkFailure::WrongPin) => "Another machine answers there. Nothing was sent to it.".to_owned(),
        Trouble::HubFull => "The hub's disk is full; it receipted nothing of this. Everything stays here.".to_owned(),
        Trouble::Refused { detail } => format!("The hub refuses: {}", foreign(detail)),
        Trouble::FalseWord { detail } => format!("The hub's word was not believed: {}", foreign(detail)),
    }
}

fn gave_up(tally: &Tally, patience_s: u64) -> Failure {
    let why = tally
        .last_trouble
        .clone()
        .unwrap_or_else(|| "The hub does not answer.".to_owned());
    Failure {
        code: TRY_AGAIN,
        what: format!("{why} This sync ends after {patience_s} s without progress."),
        safe: "Everything is on this phone and stays queued; what was receipted is safe on the hub.",
        todo: "Try again when the hub is in range: sync goes on where it stopped.".to_owned(),
    }
}
