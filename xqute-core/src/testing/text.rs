//! How is a trace read? A step a line.

use std::fmt::Write;
use std::time::Duration;

use crate::hook::record::{Call, Event, Step};
use crate::job::Moment;

/// So many steps at either end are shown of a run that has none.
const SHOWN: usize = 50;

/// All steps, a line each.
pub(super) fn lines(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |mut text, step| {
        // A string takes whatever there is memory for.
        let _ = match step {
            Step::Reached(event) => writeln!(text, "{} {}", when(event.at), reached(event)),
            Step::Called(call) => writeln!(text, "{}   {}{}", when(call.at), called(call), returned(call)),
        };
        text
    })
}

/// The first and the last steps: there may be any number where a run has no end.
pub(super) fn ends(steps: &[Step]) -> String {
    match steps.len().checked_sub(2 * SHOWN) {
        None | Some(0) => lines(steps),
        Some(more) => {
            let (first, last) = (lines(&steps[..SHOWN]), lines(&steps[steps.len() - SHOWN..]));
            format!("{first}{:>12}   {more} more\n{last}", "…")
        }
    }
}

fn when(at: Duration) -> String {
    format!("{:>12.3} s ", at.as_secs_f64())
}

fn reached(Event { moment, job, .. }: &Event) -> String {
    let again = if job.will_retry() { ", and is tried again" } else { "" };
    match job.outcome() {
        Some(outcome) => format!("job {} {outcome}{again}", job.index()),
        None => format!("job {} {}", job.index(), format!("{moment:?}").to_lowercase()),
    }
}

/// Which hook of whom, about what.
pub(super) fn called(call: &Call) -> String {
    let about = match call.about {
        Some((Moment::Polling(counter), index)) => format!(" of job {index}, poll {counter}"),
        Some((_, index)) => format!(" of job {index}"),
        None => String::new(),
    };
    format!("{}::{}{about}", call.plugin, call.hook)
}

fn returned(call: &Call) -> String {
    let took = match call.took {
        None => ", has not returned".to_owned(),
        Some(Duration::ZERO) => String::new(),
        Some(took) => format!(", took {took:?}"),
    };
    let fault = call.fault.as_ref().map(|it| format!(", {}", it.what())).unwrap_or_default();
    took + &fault
}

/// What a run waits for that does not come to its end: hooks that have not returned; without any, jobs that have not ended.
pub(super) fn waits(steps: &[Step]) -> String {
    let hangs = |step: &Step| match step {
        Step::Called(call) if call.took.is_none() => {
            Some(format!("{} ({}) has not returned since {:?}", called(call), call.place, call.at))
        }
        _ => None,
    };
    let hooks: Vec<String> = steps.iter().filter_map(hangs).collect();
    if !hooks.is_empty() {
        return hooks.join(", ");
    }
    let live: Vec<String> =
        live(steps).iter().map(|it| format!("{} since {:?}", reached(it), it.at)).collect();
    if live.is_empty() { "nobody knows why".to_owned() } else { live.join(", ") }
}

/// The last that was heard of jobs that have not ended.
fn live(steps: &[Step]) -> Vec<&Event> {
    let mut last = std::collections::BTreeMap::new();
    for step in steps {
        if let Step::Reached(event) = step {
            last.insert(event.job.index(), event);
        }
    }
    last.into_values().filter(|event| !is_end(event)).collect()
}

/// Whether it is a job's end.
pub(super) fn is_end(Event { moment, job, .. }: &Event) -> bool {
    match moment {
        Moment::Killed | Moment::Succeeded | Moment::Cancelled => true,
        Moment::Failed => !job.will_retry(),
        _ => false,
    }
}
