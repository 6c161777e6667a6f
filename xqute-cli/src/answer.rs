//! Where do the answers of the verbs that look go? To standard output, until whoever reads has read enough.

use std::io::{self, BufWriter, ErrorKind, Write};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::exit;

/// Lets `answer` write to standard output. That nobody reads any more is a quiet end.
pub(crate) fn to_stdout(answer: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<u8> {
    let mut out = BufWriter::new(io::stdout().lock());
    let answered = answer(&mut out).and_then(|()| out.flush().context("cannot write to standard output"));
    match answered {
        Err(error) if is_broken_pipe(&error) => Ok(exit::SUCCESS),
        answered => answered.map(|()| exit::SUCCESS),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |it: &(dyn std::error::Error + 'static)| it.downcast_ref().map(io::Error::kind);
    error.chain().any(|it| kind(it) == Some(ErrorKind::BrokenPipe))
}

/// Writes a value as one line of JSON.
pub(crate) fn json(out: &mut dyn Write, value: &impl Serialize) -> Result<()> {
    serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?;
    out.write_all(b"\n").context("cannot write to standard output")
}

/// Milliseconds since the epoch as a time for people: `2026-11-24 05:31:02 UTC`.
pub(crate) fn utc(millis: u64) -> String {
    let seconds = millis / 1000;
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    // Days since 0000-03-01, in years that begin with March: so a leap day is the last of one.
    let days = seconds / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(utc(951_782_399_000), "2000-02-28 23:59:59 UTC");
        assert_eq!(utc(951_782_400_000), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_795_498_262_999), "2026-11-24 05:31:02 UTC");
    }
}
