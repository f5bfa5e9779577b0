//! A piece of a file, kept while all its bytes pass once.

use std::ops::Range;

/// Bytes of a file and the place where they stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub at: u64,
    pub bytes: Vec<u8>,
}

impl Kept {
    /// The rest from `skip` bytes on.
    pub fn from(mut self, skip: usize) -> Self {
        let skip = skip.min(self.bytes.len());
        self.bytes.drain(..skip);
        self.at = self.at.saturating_add(skip as u64);
        self
    }
}

/// A range that is wanted and fills while the file passes.
pub(super) struct Keeper {
    range: Range<u64>,
    bytes: Vec<u8>,
}

impl Keeper {
    /// Begins to keep a range; `head` is the file's beginning as far as it is still at hand, `at` the place of the next byte that comes.
    /// `None` if a part of it has passed and is not at hand.
    pub fn begin(range: Range<u64>, head: &[u8], at: u64) -> Option<Self> {
        let mut keeper = Self {
            range,
            bytes: Vec::new(),
        };
        if keeper.range.start < at {
            keeper.feed(0, head);
            if keeper.next() < at.min(keeper.range.end) {
                return None;
            }
        }
        Some(keeper)
    }

    /// Takes bytes that pass at `at`.
    pub fn feed(&mut self, at: u64, bytes: &[u8]) {
        let skip = self
            .next()
            .checked_sub(at)
            .and_then(|skip| usize::try_from(skip).ok());
        let left = self.range.end.saturating_sub(self.next());
        let Some(rest) = skip.and_then(|skip| bytes.get(skip..)) else {
            return;
        };
        let take = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.bytes
            .extend_from_slice(rest.get(..take).unwrap_or_default());
    }

    /// What was kept, if all of it came.
    pub fn finish(self) -> Option<Kept> {
        let is_whole = self.next() == self.range.end;
        is_whole.then_some(Kept {
            at: self.range.start,
            bytes: self.bytes,
        })
    }

    fn next(&self) -> u64 {
        self.range.start.saturating_add(self.bytes.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_range_is_kept_from_the_head_and_from_what_passes() {
        let file: Vec<u8> = (0..100).collect();
        for (range, head, at) in [
            (20..40, 30, 30),
            (20..40, 50, 50),
            (60..70, 30, 30),
            (20..40, 30, 10),
        ] {
            let mut keeper = Keeper::begin(range.clone(), &file[..head], at).unwrap();
            for start in (usize::try_from(at).unwrap()..100).step_by(7) {
                keeper.feed(start as u64, &file[start..file.len().min(start + 7)]);
            }
            let kept = keeper.finish().unwrap();
            let bounds = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
            assert_eq!(kept.bytes, file[bounds], "{range:?}");
        }
        assert!(Keeper::begin(20..40, &file[..30], 50).is_none());
        assert!(
            Keeper::begin(90..110, &file[..30], 30)
                .unwrap()
                .finish()
                .is_none()
        );
    }
}
