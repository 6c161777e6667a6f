//! What goes to standard error besides results? Warnings, and what the plugin `log` says; `XQUTE_LOG` changes that.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::io::IsTerminal;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime as Utc};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::output::logged::Log;

const VARIABLE: &str = "XQUTE_LOG";
/// What the plugin `log` says.
const LOG: &str = "xqute::log";

/// Starts logging, for the whole program; the more verbose, the more.
pub(crate) fn start(verbose: u8) -> Result<()> {
    let targets = match std::env::var(VARIABLE) {
        Ok(wanted) => wanted.parse::<Targets>().with_context(|| {
            format!("the variable {VARIABLE} is `{wanted}`: write LEVEL or TARGET=LEVEL, separated by commas")
        })?,
        Err(_) => match verbose {
            0 => Targets::new().with_default(LevelFilter::WARN).with_target(LOG, LevelFilter::INFO),
            1 => Targets::new().with_default(LevelFilter::DEBUG),
            _ => Targets::new().with_default(LevelFilter::TRACE),
        },
    };
    let text = tracing_subscriber::fmt::layer()
        .event_format(Line(Format::default().with_timer(Clock)))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(Log::start())
        .log_internal_errors(false);
    tracing_subscriber::registry().with(targets).with(text).try_init().context("cannot start logging")
}

/// An event as `tracing-subscriber` writes it. The plugin `log` has five a job: without colours and spans these are written here, to
/// the same text, in a third of the time.
struct Line(Format<Full, Clock>);

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let is_plain = !out.has_ansi_escapes() && context.event_scope().is_none();
        if event.metadata().target() != LOG || !is_plain || !has_its_fields(event) {
            return self.0.format_event(context, out, event);
        }
        Clock.format_time(&mut out)?;
        out.write_str(level(*event.metadata().level()))?;
        let mut fields = Fields { out, written: Ok(()) };
        event.record(&mut fields);
        fields.written?;
        fields.out.write_char('\n')
    }
}

/// What the plugin says has a message, and the number of a job.
fn has_its_fields(event: &Event<'_>) -> bool {
    event.metadata().fields().iter().map(|it| it.name()).eq(["message", "job"])
}

/// And the target behind it.
fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => " ERROR xqute::log:",
        Level::WARN => "  WARN xqute::log:",
        Level::INFO => "  INFO xqute::log:",
        Level::DEBUG => " DEBUG xqute::log:",
        Level::TRACE => " TRACE xqute::log:",
    }
}

/// Writes the fields of an event, the message without its name.
struct Fields<'a> {
    out: Writer<'a>,
    written: fmt::Result,
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.record_debug(field, &format_args!("{value}")),
            _ => self.record_debug(field, &value),
        }
    }

    /// The number of a job, which each line has: digits alone need no care.
    fn record_u64(&mut self, field: &Field, value: u64) {
        let (mut digits, mut rest, mut at) = ([b'0'; 20], value, 20);
        while rest > 0 || at == 20 {
            at -= 1;
            digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        let digits = std::str::from_utf8(&digits[at..]).unwrap_or_default();
        self.written = self.written.and_then(|()| {
            self.name(field)?;
            self.out.write_str(digits)
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.written = self.written.and_then(|()| {
            self.name(field)?;
            write!(Harmless(&mut self.out), "{value:?}")
        });
    }
}

impl Fields<'_> {
    fn name(&mut self, field: &Field) -> fmt::Result {
        if field.name() == "message" {
            return self.out.write_str(" ");
        }
        self.out.write_str(" ")?;
        self.out.write_str(field.name())?;
        self.out.write_str("=")
    }
}

/// Text that does nothing to a terminal that it is shown on later. What `tracing-subscriber` escapes is escaped, in its way.
struct Harmless<'a, 'w>(&'a mut Writer<'w>);

impl Write for Harmless<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Of a character above them, 0xC2 is the first byte of those from U+0080 on.
        if !text.bytes().any(|it| matches!(it, 0x07 | 0x08 | 0x0c | 0x1b | 0x7f | 0xc2)) {
            return self.0.write_str(text);
        }
        text.chars().try_for_each(|it| match it {
            '\x07' | '\x08' | '\x0c' | '\x1b' | '\x7f' => write!(self.0, "\\x{:02x}", u32::from(it)),
            '\u{80}'..='\u{9f}' => write!(self.0, "\\u{{{:x}}}", u32::from(it)),
            it => self.0.write_char(it),
        })
    }
}

/// UTC to the microsecond, as `tracing-subscriber` writes it. Of many lines in a second the second is written out once.
struct Clock;

/// A second, and its text up to the point.
type Second = (u64, String);

impl FormatTime for Clock {
    fn format_time(&self, out: &mut Writer<'_>) -> fmt::Result {
        thread_local!(static LAST: RefCell<Second> = RefCell::default());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        LAST.with_borrow_mut(|(second, text)| {
            if *second != now.as_secs() {
                text.clear();
                Utc.format_time(&mut Writer::new(text))?;
                *second = now.as_secs();
            }
            let until_point = text.split('.').next().unwrap_or_default();
            out.write_str(until_point)?;
            write_micros(out, now.subsec_micros())
        })
    }
}

/// `.000000Z`, digit by digit: most of a line's cost was here.
fn write_micros(out: &mut Writer<'_>, mut micros: u32) -> fmt::Result {
    let mut text = *b".000000Z";
    for digit in text[1..7].iter_mut().rev() {
        *digit = b'0' + u8::try_from(micros % 10).unwrap_or_default();
        micros /= 10;
    }
    out.write_str(std::str::from_utf8(&text).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;
    use tracing::subscriber::with_default;
    use tracing_subscriber::{Registry, fmt, registry};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written of an event in this format, behind the time.
    fn written<F>(format: F, colours: bool, event: &dyn Fn()) -> String
    where
        F: FormatEvent<Registry, fmt::format::DefaultFields> + Send + Sync + 'static,
    {
        let kept = Kept::default();
        let writer = kept.clone();
        let text = fmt::layer().event_format(format).with_ansi(colours).with_writer(move || writer.clone());
        with_default(registry().with(text), event);
        let text = String::from_utf8(std::mem::take(&mut kept.0.lock().unwrap())).unwrap();
        text.split_once('Z').expect("a time").1.to_owned()
    }

    fn is_same(event: &dyn Fn()) {
        for colours in [false, true] {
            let here = written(Line(Format::default().with_timer(Clock)), colours, event);
            assert_eq!(here, written(Format::default().with_timer(Clock), colours, event));
        }
    }

    proptest! {
        #[test]
        fn a_line_is_that_of_tracing_subscriber(job in any::<usize>(), text in "\\PC*|[\u{1}-\u{a0}]*", flag in any::<bool>()) {
            is_same(&|| tracing::info!(target: LOG, job, "initialized: {text}"));
            is_same(&|| tracing::error!(target: LOG, job, text, flag, "{}", 3));
            is_same(&|| tracing::debug!(target: LOG, ?text, %job));
            is_same(&|| tracing::info!(target: LOG, message = text, job = "a"));
            is_same(&|| tracing::info!(target: LOG, error = &std::fmt::Error as &dyn std::error::Error, "why"));
        }
    }

    #[test]
    fn so_is_one_of_another_target_or_in_a_span() {
        is_same(&|| tracing::warn!(job = 3, "why\u{1b}[31m"));
        is_same(&|| {
            tracing::info_span!("outer", plugin = "a").in_scope(|| tracing::trace!(target: LOG, "within"))
        });
    }

    #[test]
    fn a_time_has_six_digits() {
        for (micros, told) in [(0, ".000000Z"), (7, ".000007Z"), (999_999, ".999999Z"), (120_300, ".120300Z")]
        {
            let mut text = String::new();
            write_micros(&mut Writer::new(&mut text), micros).unwrap();
            assert_eq!(text, told);
        }
    }
}
