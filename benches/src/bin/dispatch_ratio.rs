//! Is a dispatch as fast as promised? Its cost beside direct calls, against the limit; the exit code says it.
//!
//! A ratio depends little on the machine. The limit is one and a half times the ratio of the first experiments, in which
//! a table with a counter and a fault per hook did not exist yet.

use std::process::ExitCode;
use std::time::Instant;

use xqute_benches::designs::{self, COUNTS, Cell, Design, Kind, Meter};

/// The cells take turns, so that a slow moment of the machine meets them all.
const TURNS: u32 = 30;
/// In one turn.
const BATCHES: usize = 10;
/// In one batch.
const DISPATCHES: u32 = 2_000;
const TOLERANCE: f64 = 1.5;

/// Nanoseconds for 0, 1, 4, 16 hooks in the first experiments: direct calls, and the design that became this one.
const FACTS: [(Kind, [f64; 4], [f64; 4]); 3] = [
    (Kind::Sync, [0.3, 0.55, 1.9, 5.3], [0.35, 1.4, 6.4, 26.0]),
    (Kind::Ready, [0.3, 0.55, 1.9, 5.3], [1.1, 3.0, 12.0, 36.0]),
    (Kind::Yielding, [0.3, 4.0, 22.0, 79.0], [1.1, 8.3, 36.0, 152.0]),
];

/// The cheapest batch of each cell, in nanoseconds for a dispatch.
#[derive(Default)]
struct Cheapest(Vec<(Cell, f64)>);

impl Meter for Cheapest {
    fn measure(&mut self, cell: Cell, mut dispatch: impl FnMut()) {
        let batch = || {
            let since = Instant::now();
            (0..DISPATCHES).for_each(|_| dispatch());
            since.elapsed().as_secs_f64() * 1e9 / f64::from(DISPATCHES)
        };
        let cheapest = std::iter::repeat_with(batch).take(BATCHES).fold(f64::INFINITY, f64::min);
        match self.0.iter_mut().find(|(it, _)| *it == cell) {
            Some((_, nanos)) => *nanos = nanos.min(cheapest),
            None => self.0.push((cell, cheapest)),
        }
    }
}

impl Cheapest {
    fn of(&self, cell: Cell) -> f64 {
        self.0.iter().find(|(it, _)| *it == cell).map_or(f64::NAN, |(_, nanos)| *nanos)
    }
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn main() -> ExitCode {
    let mut cheapest = Cheapest::default();
    (0..TURNS).for_each(|_| designs::measure(&mut cheapest));
    println!("hooks          direct   xqute   boxed | ratio to direct   limit");
    let mut good = true;
    for (kind, direct_then, then) in FACTS {
        for (at, hooks) in COUNTS.into_iter().enumerate() {
            let [direct, xqute, boxed] = [Design::Direct, Design::Xqute, Design::Boxed]
                .map(|design| cheapest.of(Cell { kind, design, hooks }));
            let (ratio, limit) = (xqute / direct, TOLERANCE * then[at] / direct_then[at]);
            let verdict = if ratio <= limit { "" } else { "  TOO SLOW" };
            good &= ratio <= limit;
            let kind = format!("{kind:?}").to_lowercase();
            println!(
                "{kind:<9}{hooks:>3} {direct:>8.2}{xqute:>8.2}{boxed:>8.2} | {ratio:>15.2} {limit:>7.2}{verdict}"
            );
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
