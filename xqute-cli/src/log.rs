//! What goes to standard error besides results? Warnings, and what the plugin `log` says; `XQUTE_LOG` changes that.

use std::cell::RefCell;
use std::fmt;
use std::io::IsTerminal;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime as Utc};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::output::logged::Log;

const VARIABLE: &str = "XQUTE_LOG";

/// Starts logging, for the whole program; the more verbose, the more.
pub(crate) fn start(verbose: u8) -> Result<()> {
    let targets = match std::env::var(VARIABLE) {
        Ok(wanted) => wanted.parse::<Targets>().with_context(|| {
            format!("the variable {VARIABLE} is `{wanted}`: write LEVEL or TARGET=LEVEL, separated by commas")
        })?,
        Err(_) => match verbose {
            0 => Targets::new().with_default(LevelFilter::WARN).with_target("xqute::log", LevelFilter::INFO),
            1 => Targets::new().with_default(LevelFilter::DEBUG),
            _ => Targets::new().with_default(LevelFilter::TRACE),
        },
    };
    let text = tracing_subscriber::fmt::layer()
        .with_timer(Clock)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(Log::start())
        .log_internal_errors(false);
    tracing_subscriber::registry().with(targets).with(text).try_init().context("cannot start logging")
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
            write!(out, "{until_point}.{:06}Z", now.subsec_micros())
        })
    }
}
