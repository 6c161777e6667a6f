//! What goes to standard error besides results? Warnings, and what the plugin `log` says; `XQUTE_LOG` changes that.

use std::io::IsTerminal;

use anyhow::{Context, Result};
use tracing_subscriber::filter::{LevelFilter, Targets};
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
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(Log::start())
        .log_internal_errors(false);
    tracing_subscriber::registry().with(targets).with(text).try_init().context("cannot start logging")
}
