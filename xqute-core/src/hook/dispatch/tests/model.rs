//! Does any mix of hooks do what a simple model says?

use proptest::prelude::*;

use super::scene::{Entry, Log, Yield, counts, entry, finish, ready, table_with, vetoes, waits};
use crate::hook::mode::{Gate, Veto};
use crate::hook::policy::FaultPolicy;

/// What an implementation does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Ready,
    Waits,
    Large,
    Vetoes,
    Errs,
    Panics,
}

async fn large(_: &Log) {
    let held = [0_u8; 500];
    Yield::default().await;
    std::hint::black_box(held);
}

async fn errs(_: &Log) -> Result<bool, String> {
    Yield::default().await;
    Err("wrong".to_owned())
}

async fn panics(_: &Log) {
    Yield::default().await;
    // Not `panic!`, which prints thousands of messages here.
    std::panic::resume_unwind(Box::new("broken"));
}

impl Kind {
    fn entry(self) -> Entry {
        match self {
            Self::Ready => entry(ready),
            Self::Waits => entry(waits),
            Self::Large => entry(large),
            Self::Vetoes => entry(vetoes),
            Self::Errs => entry(errs),
            Self::Panics => entry(panics),
        }
    }

    fn waits(self) -> usize {
        match self {
            Self::Ready | Self::Vetoes => 0,
            Self::Large | Self::Errs | Self::Panics => 1,
            Self::Waits => 2,
        }
    }

    fn faults(self) -> bool {
        matches!(self, Self::Errs | Self::Panics)
    }
}

fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    let kind = prop_oneof![
        4 => Just(Kind::Ready),
        4 => Just(Kind::Waits),
        2 => Just(Kind::Large),
        1 => Just(Kind::Vetoes),
        1 => Just(Kind::Errs),
        1 => Just(Kind::Panics),
    ];
    proptest::collection::vec(kind, 0..12)
}

proptest! {
    #[test]
    #[cfg_attr(miri, ignore = "thousands of cases")]
    fn a_mix_is_as_the_model_says(kinds in kinds(), gate: bool, isolated: bool, times in 1..4_u64) {
        let policy = if isolated { FaultPolicy::Isolate } else { FaultPolicy::ByHook };
        let table = table_with(kinds.iter().map(|kind| kind.entry()), policy, None);
        let ends = |kind: &Kind| *kind == Kind::Vetoes || (gate && !isolated && kind.faults());
        let called = kinds.iter().position(ends).map_or(kinds.len(), |at| at + 1);
        let polls = 1 + kinds[..called].iter().map(|kind| kind.waits()).sum::<usize>();
        for _ in 0..times {
            let log = Log::default();
            let (vetoed, broken, polled) = if gate {
                let (said, polled) = finish(table.call(&log, Gate::new(Veto::default())));
                (matches!(said, Ok(Some(_))), said.is_err(), polled)
            } else {
                let (said, polled) = finish(table.call(&log, Veto::default()));
                (said.is_some(), false, polled)
            };
            let last = kinds[..called].last().copied();
            prop_assert_eq!(polled, polls);
            prop_assert_eq!(vetoed, last == Some(Kind::Vetoes));
            prop_assert_eq!(broken, gate && !isolated && last.is_some_and(Kind::faults));
        }
        let counted = |(at, kind): (usize, &Kind)| {
            let calls = if at < called { times } else { 0 };
            let of = |it: Kind| if *kind == it { calls } else { 0 };
            [calls, of(Kind::Errs), of(Kind::Panics), 0]
        };
        prop_assert_eq!(counts(&table), kinds.iter().enumerate().map(counted).collect::<Vec<_>>());
    }
}
