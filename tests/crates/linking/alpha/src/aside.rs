//! A module whose file comes before `lib.rs`.

use linking_tour::{Guests, Tour};

#[xqute::hook]
fn on_jobcmd_init() -> &'static str {
    "alpha, aside"
}

#[xqute::hook(Tour)]
fn visit(guests: &Guests) {
    guests.came("alpha: aside");
}
