//! Is a dispatch as fast as promised? Its cost beside direct calls, and beside a list of functions, which neither counts nor catches
//! panics: the exit code says whether it is within the limits of that.

use std::process::ExitCode;
use std::time::Instant;

use xqute_benches::designs::{self, COUNTS, Cell, Design, Kind, Meter};

/// The cells take turns, so that a slow moment of the machine meets them all.
const TURNS: u32 = 30;
/// In one turn.
const BATCHES: usize = 10;
/// In one batch.
const DISPATCHES: u32 = 2_000;

/// How much a dispatch may cost, as a multiple of the list: whose functions return at once, and whose futures are boxed.
const LIMITS: [(Kind, f64); 3] = [(Kind::Sync, 2.0), (Kind::Ready, 1.0), (Kind::Yielding, 1.0)];

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
    println!("hooks          direct   xqute    list | to direct  to the list   limit");
    let mut good = true;
    for (kind, limit) in LIMITS {
        for hooks in COUNTS {
            let [direct, xqute, list] = [Design::Direct, Design::Xqute, Design::Boxed]
                .map(|design| cheapest.of(Cell { kind, design, hooks }));
            let (to_direct, to_list) = (xqute / direct, xqute / list);
            // Without an implementation there is nothing to call: a nanosecond, whatever an empty list costs.
            let is_good = if hooks == 0 { xqute <= 1.0 } else { to_list <= limit };
            let verdict = if is_good { "" } else { "  TOO SLOW" };
            good &= is_good;
            let kind = format!("{kind:?}").to_lowercase();
            println!(
                "{kind:<9}{hooks:>3} {direct:>8.2}{xqute:>8.2}{list:>8.2} | {to_direct:>9.2} {to_list:>12.2} {limit:>7.2}{verdict}"
            );
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
