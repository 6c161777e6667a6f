//! What has an attempt used, and how exactly is that known? A line of the table.

use std::time::Duration;

use xqute::PeakMemory;

use super::sample::Sampled;
use crate::attempts::Attempt;

/// The first line. What can only be a bound says so in its name; what may be either has a column that says which.
pub(super) const HEAD: &str = "index,attempt,ended,started,outcome,name,tags,program,wall,cpu_at_least,largest_process,largest_process_is,\
                               memory_at_least,memory_average,read_at_least,written_at_least,processes_at_least,samples";

/// A figure, and what it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Figure<T> {
    Exactly(T),
    AtMost(T),
}

impl<T: Copy> Figure<T> {
    pub(super) fn value(self) -> T {
        match self {
            Self::Exactly(it) | Self::AtMost(it) => it,
        }
    }

    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Exactly(_) => "=",
            Self::AtMost(_) => "<=",
        }
    }
}

/// An attempt, and what it used.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) attempt: Attempt,
    pub(super) program: String,
    pub(super) sampled: Sampled,
}

impl Measured {
    /// CPU time: at least this much. The system tells that of the processes that were waited for; more may have been seen of others, and
    /// what began after the last look and was left behind nobody has seen.
    pub(super) fn cpu(&self) -> Option<Duration> {
        self.attempt.usage.map(|it| it.cpu()).max((self.sampled.samples > 0).then_some(self.sampled.cpu))
    }

    /// The most that one process held, in bytes, of those that were waited for.
    pub(super) fn largest(&self) -> Option<Figure<u64>> {
        self.attempt.usage.map(|it| match it.peak_memory {
            PeakMemory::Exactly(bytes) => Figure::Exactly(bytes),
            PeakMemory::AtMost(bytes) => Figure::AtMost(bytes),
        })
    }

    /// The most that all its processes held at one moment, in bytes: at least this much.
    pub(super) fn memory(&self) -> Option<u64> {
        let largest = match self.largest() {
            Some(Figure::Exactly(bytes)) => Some(bytes),
            _ => None,
        };
        largest.max((self.sampled.samples > 0).then_some(self.sampled.peak))
    }

    /// A line, with its end.
    pub(super) fn line(&self) -> Vec<u8> {
        let Self { attempt: it, program, sampled } = self;
        let seen = |value: u64| if sampled.samples > 0 { value.to_string() } else { String::new() };
        let (cpu, largest) = (self.cpu(), self.largest());
        let columns = [
            it.index.to_string(),
            it.attempt.to_string(),
            it.ended.to_string(),
            text(it.started),
            it.outcome.to_owned(),
            quoted(it.name.as_deref().unwrap_or_default()),
            quoted(&it.tags.join(" ")),
            quoted(program),
            it.wall().map(|it| seconds(Duration::from_millis(it))).unwrap_or_default(),
            cpu.map(seconds).unwrap_or_default(),
            text(largest.map(Figure::value)),
            largest.map(Figure::sign).unwrap_or_default().to_owned(),
            text(self.memory()),
            text(sampled.average()),
            seen(sampled.read),
            seen(sampled.written),
            seen(sampled.processes),
            sampled.samples.to_string(),
        ];
        let mut line = columns.join(",").into_bytes();
        line.push(b'\n');
        line
    }
}

fn text(number: Option<u64>) -> String {
    number.map(|it| it.to_string()).unwrap_or_default()
}

fn seconds(time: Duration) -> String {
    format!("{}.{:03}", time.as_secs(), time.subsec_millis())
}

/// As RFC 4180 has it, but that a line stays a line.
fn quoted(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
