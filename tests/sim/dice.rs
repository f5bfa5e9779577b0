//! Chance and time of a simulated world, both from the seed alone.
//!
//! Owns the generator, the entropy and the clocks. Decides nothing. Invariant: the same seed gives
//! the same draws, on any machine; a part of a world draws from a stream of its own, so that one
//! draw more in one place moves none elsewhere.

use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use imena_core::environment::{Clock, ClockReading, Entropy, Environment};

/// The summer in which every simulated world begins, ms since 1970.
pub const START_MS: i64 = 1_780_000_000_000;
const YEAR_2099_MS: i64 = 4_070_908_800_000;
/// Zone of all clocks.
const OFFSET_MIN: i32 = 120;

/// SplitMix64: small, the same everywhere, good enough to draw schedules.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// The stream of one part of the world of a seed.
    pub fn of(seed: u64, part: u64) -> Self {
        let mut mixed = Self(seed ^ part.wrapping_mul(0xa076_1d64_78bd_642f));
        let start = mixed.draw() ^ part;
        Self(start)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number under `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.draw() % end as u64) as usize
    }

    /// True in `percent` of all draws.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// That many bytes, which no photo format knows.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.draw() % 251) as u8).collect()
    }
}

struct SeededEntropy(Mutex<Dice>);

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        let mut dice = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in buffer.chunks_mut(8) {
            let drawn = dice.draw().to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
        Ok(())
    }
}

/// True time, shared by all, and what one device makes of it.
#[derive(Clone, Debug)]
pub struct SimClock {
    /// Ms since 1970, moved by the scheduler only.
    pub time: Arc<AtomicI64>,
    shift: Arc<AtomicI64>,
    /// Moves by 1 at each look, so that what a phone does in turn also has times in turn. The hub,
    /// whose threads look whenever they like, has none.
    ticks: Option<Arc<AtomicI64>>,
}

impl SimClock {
    pub fn of_hub(time: &Arc<AtomicI64>) -> Self {
        let (time, shift) = (Arc::clone(time), Arc::default());
        Self {
            time,
            shift,
            ticks: None,
        }
    }

    pub fn of_phone(time: &Arc<AtomicI64>) -> Self {
        Self {
            ticks: Some(Arc::default()),
            ..Self::of_hub(time)
        }
    }

    /// An environment with this clock and the entropy of a part.
    pub fn environment(&self, seed: u64, part: u64) -> Environment {
        Environment {
            clock: Arc::new(self.clone()),
            entropy: Arc::new(SeededEntropy(Mutex::new(Dice::of(seed, part)))),
            ..Environment::system(OFFSET_MIN)
        }
    }

    /// The wall clock jumps.
    pub fn jump(&self, to: Year) {
        let shift = match to {
            Year::Right => 0,
            Year::Of1970 => -START_MS,
            Year::Of2099 => YEAR_2099_MS - START_MS,
        };
        self.shift.store(shift, Ordering::SeqCst);
    }
}

/// Where a wall clock may stand.
#[derive(Clone, Copy, Debug)]
pub enum Year {
    Right,
    Of1970,
    Of2099,
}

impl Clock for SimClock {
    fn now(&self) -> ClockReading {
        let tick = |ticks: &Arc<AtomicI64>| ticks.fetch_add(1, Ordering::SeqCst);
        let ticks = self.ticks.as_ref().map_or(0, tick);
        let true_ms = self.time.load(Ordering::SeqCst) + ticks;
        ClockReading {
            wall_ms: true_ms + self.shift.load(Ordering::SeqCst),
            offset_min: OFFSET_MIN,
            mono_ns: u64::try_from(true_ms).unwrap() * 1_000_000,
            boot_id: [7; 16],
        }
    }
}
