//! The same hooks as the other plugins', at the same priority.

use linking_tour::{Guests, Tour};

xqute::plugin!();

#[xqute::hook]
fn on_jobcmd_init() -> &'static str {
    "beta"
}

#[xqute::hook]
async fn on_job_failed() {}

#[xqute::hook(name = on_job_failed)]
async fn on_job_failed_too() {}

#[xqute::hook(Tour, name = visit)]
fn second_by_name_first_by_line(guests: &Guests) {
    guests.came("beta: one");
}

#[xqute::hook(Tour)]
fn visit(guests: &Guests) {
    guests.came("beta: two");
}
