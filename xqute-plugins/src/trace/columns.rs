//! Which columns does a trace have, and what stands in each?

use std::io::Write;
use std::time::Duration;

use xqute::{BoxError, PeakMemory};

use crate::attempts::Attempt;

/// By which a line is found again: they are the first.
const KEY: [&str; 3] = ["index", "attempt", "ended"];

/// Writes what stands in a column; nothing where it is not known.
type Fill = fn(&Attempt, &str, &mut Vec<u8>);

/// The others, in their order where nobody chooses.
const ALL: [(&str, Fill); 14] = [
    ("started", |it, _, out| number(out, it.started)),
    ("outcome", |it, _, out| out.extend_from_slice(it.outcome.as_bytes())),
    ("exit_code", |it, _, out| number(out, it.rc.filter(|_| it.signal().is_none()))),
    ("signal", |it, _, out| number(out, it.signal())),
    ("wall", |it, _, out| seconds(out, it.wall().map(Duration::from_millis))),
    ("cpu_user", |it, _, out| seconds(out, it.usage.map(|it| it.user))),
    ("cpu_system", |it, _, out| seconds(out, it.usage.map(|it| it.system))),
    ("max_rss", |it, _, out| memory(out, it.usage.map(|it| it.peak_memory))),
    ("host", |_, host, out| escaped(out, host.as_bytes())),
    ("jid", |it, _, out| escaped(out, it.jid.as_deref().unwrap_or_default().as_bytes())),
    ("name", |it, _, out| escaped(out, it.name.as_deref().unwrap_or_default().as_bytes())),
    ("tags", |it, _, out| escaped(out, it.tags.join(",").as_bytes())),
    ("reason", |it, _, out| escaped(out, it.reason.as_bytes())),
    ("command", |it, _, out| escaped(out, &it.command)),
];

/// The columns of a table.
#[derive(Debug)]
pub(super) struct Columns {
    chosen: Vec<&'static (&'static str, Fill)>,
    host: String,
}

impl Columns {
    /// All, or those of these names.
    pub(super) fn new(names: Option<&[String]>) -> Result<Self, BoxError> {
        let find = |name: &String| match ALL.iter().find(|(it, _)| it == name) {
            Some(found) => Ok(Some(found)),
            None if KEY.contains(&&**name) => Ok(None),
            None => {
                let all: Vec<_> = ALL.iter().map(|it| it.0).collect();
                Err(format!("`columns`: there is no column {name:?}: there are {}", all.join(", ")))
            }
        };
        let chosen = match names {
            None => ALL.iter().collect(),
            Some(names) => {
                names.iter().filter_map(|it| find(it).transpose()).collect::<Result<Vec<_>, _>>()?
            }
        };
        // Where the system does not tell, it is not known.
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Ok(Self { chosen, host: host.trim_end().to_owned() })
    }

    /// The first line.
    pub(super) fn head(&self) -> String {
        let names: Vec<_> = KEY.into_iter().chain(self.chosen.iter().map(|it| it.0)).collect();
        names.join("\t")
    }

    /// A line, with its end.
    pub(super) fn line(&self, attempt: &Attempt) -> Vec<u8> {
        let mut out = Vec::with_capacity(160 + attempt.command.len());
        // Writing to a vector cannot fail.
        let _ = write!(out, "{}\t{}\t{}", attempt.index, attempt.attempt, attempt.ended);
        for (_, write) in &self.chosen {
            out.push(b'\t');
            write(attempt, &self.host, &mut out);
        }
        out.push(b'\n');
        out
    }
}

fn number(out: &mut Vec<u8>, number: Option<impl std::fmt::Display>) {
    let _ = number.map_or(Ok(()), |it| write!(out, "{it}"));
}

fn seconds(out: &mut Vec<u8>, time: Option<Duration>) {
    let _ = time.map_or(Ok(()), |it| write!(out, "{}.{:03}", it.as_secs(), it.subsec_millis()));
}

/// In bytes; no more than a bound where the system tells no more.
fn memory(out: &mut Vec<u8>, peak: Option<PeakMemory>) {
    let sign = if matches!(peak, Some(PeakMemory::AtMost(_))) { "<=" } else { "" };
    let _ = peak.map_or(Ok(()), |it| write!(out, "{sign}{}", it.bytes()));
}

/// A column is one, and a line is one, whatever stands in it.
fn escaped(out: &mut Vec<u8>, text: &[u8]) {
    for byte in text {
        match byte {
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            byte => out.push(*byte),
        }
    }
}
