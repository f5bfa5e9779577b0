//! Clocks, memory and medians.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// One measured run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// CPU of all threads of this process, ms.
    pub cpu_ms: f64,
    /// Wall clock, ms.
    pub wall_ms: f64,
}

/// Runs `work` and takes its cost.
pub fn cost(work: impl FnOnce()) -> Cost {
    let (cpu, wall) = (process_cpu_ms(), Instant::now());
    work();
    Cost {
        cpu_ms: process_cpu_ms() - cpu,
        wall_ms: wall.elapsed().as_secs_f64() * 1000.0,
    }
}

/// The median of each figure apart.
pub fn median(costs: &[Cost]) -> Cost {
    let middle = |figure: fn(&Cost) -> f64| {
        let mut figures: Vec<f64> = costs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    Cost {
        cpu_ms: middle(|cost| cost.cpu_ms),
        wall_ms: middle(|cost| cost.wall_ms),
    }
}

/// Highest growth of resident memory while `work` runs, KiB; `None` where the system does not tell.
pub fn peak_growth_kib(work: impl FnOnce()) -> Option<u64> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    let before = status_kib("VmRSS:")?;
    work();
    Some(status_kib("VmHWM:")?.saturating_sub(before))
}

fn status_kib(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn process_cpu_ms() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1000.0 + time.tv_nsec as f64 / 1_000_000.0
}
