//! Sync: what a file costs a phone and a hub that have held few or very many, and photos over TLS beside a web server that neither hashes nor syncs.
//!
//! Simulated, to be cheap: of the files that were held before there are only rows (entries, receipts and counts as they would stand), no sealed bytes.
//! Everything that is measured itself is real. The phone's part runs in this process against answers made here; hub and speed run `imena`.

mod grown;
mod hub;
mod speed;

/// Files ever held.
const HELD: [u64; 4] = [100, 1_000, 10_000, 100_000];

/// Measures all three; `most` bounds the files ever held, for a machine with little time.
pub fn run(words: &[String]) {
    let most = words.first().and_then(|word| word.parse().ok());
    let held: Vec<u64> = HELD
        .into_iter()
        .filter(|held| *held <= most.unwrap_or(u64::MAX))
        .collect();
    grown::run(&held);
    hub::run(&held);
    speed::run();
}

/// A row of figures with the last divided by the first.
fn row(name: &str, figures: &[f64]) {
    let shown: String = figures
        .iter()
        .map(|figure| format!("{figure:>11.3}"))
        .collect();
    let first = figures.first().copied().unwrap_or_default();
    let last = figures.last().copied().unwrap_or_default();
    println!("  {name:<44}{shown}   x{:.2}", last / first.max(1e-9));
}

fn head(name: &str, held: &[u64]) {
    let shown: String = held.iter().map(|held| format!("{held:>11}")).collect();
    println!("\n{name}\n  {:<44}{shown}   last/first", "files ever held");
}
