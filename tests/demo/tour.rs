//! The tour, in the order of the README: hub, two phones, work without a network, a link that breaks, receipts, the other phone.

use std::path::PathBuf;

use imena_tests::program::{HubProcess, Ran};
use imena_tests::relay::Relay;
use serde_json::Value;

use crate::pictures::Pictures;
use crate::result::{Outcome, Sync};
use crate::stage::{Stage, expect, quoted, show};

/// Why a tour ends early that had only files which no phone takes.
pub const NOTHING_SAVED: &str = "not one photo was saved; see the lines above";
/// Exit code of a sync that finds no hub.
const TRY_AGAIN: i32 = 75;
/// Exit code of a script of which some lines were refused.
const REFUSED: i32 = 65;
const CUTS: usize = 3;
/// Where in a connection the link breaks, bytes: late enough that each connection brings something over.
const CUT_FROM_MIN: u64 = 6 * 1024;
const CUT_FROM_MAX: u64 = 64 * 1024;
const CUT_TO_MAX: u64 = 600 * 1024;
const SEED: u64 = 2026;
/// The hub opens what it holds after it was unlocked; so often the phone asks for its word.
const ASKS_MAX: u32 = 60;
const PHOTOS_PER_LINE: usize = 25;

/// What the photos are of.
struct Places {
    graves: Vec<String>,
    remains: Vec<String>,
}

/// Plays everything; the hub runs on.
pub fn play(stage: &Stage, pictures: Pictures) -> Result<(Outcome, HubProcess), String> {
    println!("Everything of this run lies in {}", stage.home());
    println!("Passphrase and passcode are given by IMENA_PASSPHRASE and IMENA_PASSCODE.");
    let link = Relay::start(([127, 0, 0, 1], 9).into()).map_err(|error| error.to_string())?;
    let hub = start_hub(stage, &link)?;
    join(stage, &hub)?;
    let places = record(stage)?;

    let (files, untypable) = pictures.files(stage.imena().dir())?;
    for file in &untypable {
        println!(
            "   {}: a name that cannot be typed; left out",
            file.display()
        );
    }
    let (captured, refused) = capture(stage, &places, &files)?;
    if captured == 0 {
        return Err(NOTHING_SAVED.to_owned());
    }
    let sync = send(stage, &link)?;
    confirm(stage, &places)?;
    let figures = figures(stage, &places)?;
    let mut result = Outcome::gather(stage, &figures)?;
    result.captured = captured;
    result.refused = refused + untypable.len();
    result.sync = sync;
    result.traffic = link.traffic();
    result.findings = verify(stage)?;
    result.print();
    keep_link(link);
    Ok((result, hub))
}

fn start_hub(stage: &Stage, link: &Relay) -> Result<HubProcess, String> {
    stage.chapter(
        "The hub",
        "It makes an organisation and itself. Phones are told the address of a relay that can break the link.",
    );
    let told = link.address().to_string();
    let words = [
        "--dir",
        "hub",
        "--org",
        "org",
        "--listen",
        "127.0.0.1:0",
        "--page",
        "127.0.0.1:0",
        "--address",
        &told,
    ];
    println!("{}", crate::stage::typed(&[&["hub"], &words[..]].concat()));
    let hub = HubProcess::start(stage.imena(), &words, &mut show)?;
    link.set_target(
        hub.phones()
            .ok_or("the hub does not say where it listens")?,
    );
    Ok(hub)
}

fn join(stage: &Stage, hub: &HubProcess) -> Result<(), String> {
    stage.chapter(
        "Two phones join",
        "Each shows six digits; the operator compares them with the hub's and lets both in.",
    );
    let code = hub.join_code().ok_or("the hub shows no join code")?;
    let mut digits = Vec::new();
    for (dir, name, operator) in [("t01", "T01", "Olena"), ("t02", "T02", "Petro")] {
        let join = format!("join '{code}' --name {name}");
        let start = format!("start --operator {operator} --role rescuer");
        stage.phone_well(dir, &[&join, &start, "sync"])?;
        let status = stage.status(dir)?;
        let shown = status["enrolling"].as_str();
        digits.push(shown.ok_or("a new phone shows no six digits")?.to_owned());
    }
    let mut words = vec!["org", "approve", "--dir", "hub", "--org", "org"];
    digits
        .iter()
        .for_each(|digits| words.extend(["--digits", digits]));
    let approved = stage.call_well(&words)?;
    for digits in &digits {
        let is_same = approved.err.iter().any(|line| line.contains(digits));
        if !is_same {
            return Err(format!("the hub does not show the digits {digits}"));
        }
    }
    Ok(())
}

fn record(stage: &Stage) -> Result<Places, String> {
    stage.chapter(
        "T01 records graves and remains",
        "The first sync fetches the name that stands in this phone's codes; nothing after it needs a network.",
    );
    let graves = stage.phone_well(
        "t01",
        &[
            "sync",
            "site LYS1 'Forest edge'",
            "grave --site LYS1 --kind individual_marked",
            "grave --site LYS1 --kind multiple",
        ],
    )?;
    let graves = codes(&graves, "Grave ");
    let [first, second] = graves.as_slice() else {
        return Err("two graves were expected".to_owned());
    };
    let of = |grave: &str| format!("remains --site LYS1 --grave {grave}");
    let marker =
        format!("marker --site LYS1 --grave {first} --kind cross --text '№ 12' --number 12");
    let remains = stage.phone_well("t01", &[&marker, &of(first), &of(second), &of(second)])?;
    let remains = codes(&remains, "Remains ");
    if remains.len() != 3 {
        return Err("three remains were expected".to_owned());
    }
    Ok(Places { graves, remains })
}

/// Gives how many photos were saved and how many were refused.
fn capture(stage: &Stage, places: &Places, files: &[PathBuf]) -> Result<(usize, usize), String> {
    stage.chapter(
        "T01 captures",
        "Each photo is sealed, written and synced to the disk before it is called saved.",
    );
    let mut lines = capture_lines(places, files);
    let of = places.remains.first().map_or("", String::as_str);
    lines.push(format!(
        "hint --of {of} --source bag_label \
         --text 'The Armed Forces of Ukraine defender Nesteren…' \
         --part 'surname=Nesteren…' --reason 'written by hand on the bag'"
    ));
    lines.push("status".to_owned());
    let ran = stage.phone("t01", &lines)?;
    let saved = ran.out.iter().filter(|line| line.starts_with("saved "));
    let captured = saved.count();
    let is_refused = ran.err.iter().any(|line| line.contains("NOT SAVED"));
    match ran.code {
        Some(0) => {}
        Some(REFUSED) if is_refused => {
            println!("   What was refused is not counted as captured; the phone went on.\n");
        }
        Some(_) | None => return Err(ran.all()),
    }
    Ok((captured, files.len().saturating_sub(captured)))
}

fn capture_lines(places: &Places, files: &[PathBuf]) -> Vec<String> {
    let graves = places.graves.iter().map(|code| (code, "G2"));
    let remains = places.remains.iter().map(|code| (code, "B1"));
    let of: Vec<_> = graves.chain(remains).collect();
    let mut lines = Vec::new();
    for (number, (code, shot)) in of.iter().enumerate() {
        let own: Vec<_> = files.iter().skip(number).step_by(of.len()).collect();
        for some in own.chunks(PHOTOS_PER_LINE) {
            let some: Vec<String> = some.iter().map(|f| quoted(&f.to_string_lossy())).collect();
            lines.push(format!(
                "capture {} --of {code} --shot {shot}",
                some.join(" ")
            ));
        }
    }
    lines
}

fn send(stage: &Stage, link: &Relay) -> Result<Sync, String> {
    stage.chapter(
        "The hub is out of reach",
        "The phone says so and keeps everything.",
    );
    link.set_up(false);
    let sync = ["phone", "--dir", "t01", "sync"];
    let away = stage.call(&[&sync[..], &["--patience", "0"]].concat())?;
    expect(away, TRY_AGAIN)?;

    stage.chapter(
        "A link that is cut again and again",
        "Each cut drops the connection in the middle of a piece; the phone goes on where the hub got to.",
    );
    link.set_up(true);
    let status = stage.status("t01")?;
    let bytes = status["counts"]["waiting_bytes"].as_u64();
    let bytes = bytes.ok_or("the phone does not say what waits")?;
    let from = (bytes / 8).clamp(CUT_FROM_MIN, CUT_FROM_MAX);
    link.plan_seeded(SEED, CUTS, from, (bytes / 4).clamp(from + 1, CUT_TO_MAX));
    let sent = stage.call_well(&sync)?;
    Ok(Sync::of(&sent))
}

fn confirm(stage: &Stage, places: &Places) -> Result<(), String> {
    stage.chapter(
        "The hub is unlocked",
        "Now it opens what it holds, and signs that each photo is what the phone captured.",
    );
    stage.call_well(&["hub", "unlock", "--dir", "hub", "--org", "org"])?;
    for _ in 0..ASKS_MAX {
        let status = stage.phone_well("t01", &["sync", "status"])?;
        let is_checked = status.out.iter().any(|line| is_all_checked(line));
        if is_checked {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    stage.chapter("T02 sees T01's work", "Its entries came through the hub.");
    let of_grave = format!("list remains --of {}", first(&places.graves));
    let of_remains = format!("show {}", first(&places.remains));
    let lines = ["sync", "list graves --of LYS1", &of_grave, &of_remains];
    let seen = stage.phone_well("t02", &lines)?;
    for code in places.graves.iter().chain(places.remains.first()) {
        if !seen.out.iter().any(|line| line.starts_with(code.as_str())) {
            return Err(format!("T02 does not list {code}"));
        }
    }
    Ok(())
}

/// Findings in both vaults.
fn verify(stage: &Stage) -> Result<usize, String> {
    stage.chapter(
        "Verification",
        "Every page, file, chain and receipt of both vaults, anew and from the bytes.",
    );
    let mut findings = 0;
    for dir in ["t01", "t02"] {
        let ran = stage.call(&["verify", "--dir", dir])?;
        findings += match ran.code {
            Some(0) => 0,
            Some(1) => ran
                .out
                .iter()
                .filter(|line| line.starts_with("  "))
                .count()
                .max(1),
            Some(_) | None => return Err(ran.all()),
        };
    }
    Ok(findings)
}

/// Status first, then the photos of each place.
fn figures(stage: &Stage, places: &Places) -> Result<Vec<Value>, String> {
    let owners = places.graves.iter().chain(&places.remains);
    let lists = owners.map(|code| format!("list photos --of {code}"));
    let lines: Vec<String> = std::iter::once("status".to_owned()).chain(lists).collect();
    stage.figures("t01", &lines)
}

/// The relay serves the hub as long as this program runs.
fn keep_link(link: Relay) {
    std::mem::forget(link);
}

fn codes(ran: &Ran, before: &str) -> Vec<String> {
    let codes = ran.out.iter().filter_map(|line| line.strip_prefix(before));
    codes.map(str::to_owned).collect()
}

fn first(codes: &[String]) -> &str {
    codes.first().map_or("", String::as_str)
}

/// "Originals: 12 taken here, 12 on a hub (receipted), 12 of them opened and checked there, …".
fn is_all_checked(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("Originals: ") else {
        return false;
    };
    let numbers: Vec<&str> = rest
        .split(", ")
        .filter_map(|p| p.split(' ').next())
        .collect();
    matches!(numbers.as_slice(), [all, on_hub, checked, ..] if all == on_hub && all == checked)
}
