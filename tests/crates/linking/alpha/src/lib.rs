//! Hooks in several files, made in several ways, all of one priority but two.

use linking_tour::{Guests, Tour};

mod aside;

xqute::plugin!();

#[xqute::hook]
fn on_jobcmd_init() -> &'static str {
    "alpha"
}

#[xqute::hook(name = on_jobcmd_init)]
fn a_second_of_the_module() -> &'static str {
    "alpha, again"
}

#[xqute::hook]
async fn on_job_failed() {}

#[xqute::hook(Tour)]
fn visit(guests: &Guests) {
    guests.came("alpha: plain");
}

/// Hooks whose names are the caller's.
macro_rules! named {
    ($($name:ident)*) => {$(
        #[xqute::hook(Tour, name = visit)]
        fn $name(guests: &Guests) {
            guests.came(concat!("alpha: ", stringify!($name)));
        }
    )*};
}
named! { zero one }
named! { two }

/// Hooks whose names are the macro's own: each stands at the same place, under the same name.
macro_rules! nameless {
    ($($label:literal)*) => {$(
        const _: () = {
            #[xqute::hook(Tour, name = visit)]
            fn somebody(guests: &Guests) {
                guests.came($label);
            }
        };
    )*};
}
nameless! { "alpha: nameless one" "alpha: nameless two" }
nameless! { "alpha: nameless three" }

#[xqute::hook(Tour, name = visit, priority = -1)]
fn early(guests: &Guests) {
    guests.came("alpha: early");
}

mod inner {
    use linking_tour::{Guests, Tour};

    #[xqute::hook(Tour)]
    fn visit(guests: &Guests) {
        guests.came("alpha: inner");
    }
}

#[xqute::hook(Tour, name = visit, priority = 1)]
fn late(guests: &Guests) {
    guests.came("alpha: late");
}
