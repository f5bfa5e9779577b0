//! Long runs of one byte, zero or all ones, where picture data must stand: what a card or a copy lost.
//!
//! Owns the search and nothing of its meaning. It looks at one byte in [`STRIDE`] and at its neighbours only where that one is blank,
//! so that it costs next to nothing beside a hash. Runs go on across chunks.

/// Shortest run that is found: a sector, the smallest piece that a disk loses.
pub(super) const BLANK_BYTES_MIN: u64 = 512;

/// Distance of the bytes looked at: every run of [`BLANK_BYTES_MIN`] bytes holds one of them, whatever its place.
const STRIDE: usize = 256;

/// A run of one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub byte: u8,
    pub start: u64,
    pub length: u64,
}

/// The search over bytes that follow one another.
#[derive(Default)]
pub(super) struct BlankSearch {
    /// A run that reaches to the last byte fed.
    open: Option<Run>,
}

impl BlankSearch {
    /// Takes bytes that stand at `at` and follow those fed before; hands out every run that ended within them.
    pub fn feed(&mut self, at: u64, bytes: &[u8], found: &mut impl FnMut(Run)) {
        let mut from = 0_usize;
        if let Some(mut run) = self.open.take() {
            from = leading(bytes, run.byte);
            run.length = run.length.saturating_add(from as u64);
            if from == bytes.len() {
                self.open = Some(run);
                return;
            }
            report(run, found);
        }
        let place = |index: usize| at.saturating_add(index as u64);
        let mut sample = from.saturating_add(STRIDE).saturating_sub(1);
        while let Some(byte) = bytes.get(sample).copied() {
            if !is_blank(byte) {
                sample = sample.saturating_add(STRIDE);
                continue;
            }
            let before = trailing(bytes.get(from..sample).unwrap_or_default(), byte);
            let start = sample.saturating_sub(before);
            let length =
                before.saturating_add(leading(bytes.get(sample..).unwrap_or_default(), byte));
            let run = Run {
                byte,
                start: place(start),
                length: length as u64,
            };
            from = start.saturating_add(length);
            if from == bytes.len() {
                self.open = Some(run);
                return;
            }
            report(run, found);
            sample = from.saturating_add(STRIDE).saturating_sub(1);
        }
        if let Some(byte) = bytes.last().copied().filter(|byte| is_blank(*byte)) {
            let length = trailing(bytes.get(from..).unwrap_or_default(), byte);
            let start = place(bytes.len().saturating_sub(length));
            self.open = Some(Run {
                byte,
                start,
                length: length as u64,
            });
        }
    }

    /// What follows does not belong to what was fed.
    pub fn close(&mut self, found: &mut impl FnMut(Run)) {
        if let Some(run) = self.open.take() {
            report(run, found);
        }
    }
}

fn report(run: Run, found: &mut impl FnMut(Run)) {
    if run.length >= BLANK_BYTES_MIN {
        found(run);
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, 0 | 0xFF)
}

fn leading(bytes: &[u8], wanted: u8) -> usize {
    bytes.iter().take_while(|byte| **byte == wanted).count()
}

fn trailing(bytes: &[u8], wanted: u8) -> usize {
    bytes
        .iter()
        .rev()
        .take_while(|byte| **byte == wanted)
        .count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
    use super::*;
    use proptest::prelude::{any, proptest};

    fn runs(pieces: &[&[u8]]) -> Vec<Run> {
        let (mut all, mut search, mut at) = (Vec::new(), BlankSearch::default(), 0);
        for piece in pieces {
            search.feed(at, piece, &mut |run| all.push(run));
            at += piece.len() as u64;
        }
        search.close(&mut |run| all.push(run));
        all
    }

    proptest! {
        #[test]
        fn a_run_is_found_wherever_it_begins_and_however_it_is_cut(
            before in 0_usize..1_200, length in 400_usize..1_500, after in 0_usize..1_200,
            chunk in 1_usize..2_000, ones in any::<bool>(),
        ) {
            let byte = if ones { 0xFF } else { 0 };
            let file = [vec![7; before], vec![byte; length], vec![9; after]].concat();
            let pieces: Vec<&[u8]> = file.chunks(chunk).collect();
            let run = Run { byte, start: before as u64, length: length as u64 };
            let expected = if length >= 512 { vec![run] } else { Vec::new() };
            assert_eq!(runs(&pieces), expected);
        }
    }

    #[test]
    fn two_runs_side_by_side_are_two() {
        let file = [vec![0; 600], vec![0xFF; 700]].concat();
        let found = runs(&[&file]);
        assert_eq!(
            found.iter().map(|run| run.length).collect::<Vec<_>>(),
            [600, 700]
        );
    }
}
