//! The plugins that xqute ships: each a cargo feature, a module and a page, built on the public facade alone, as anyone's
//! plugin is. One that is compiled in does nothing until a run selects it or has configuration for it.

#[cfg(any(feature = "resources", feature = "trace"))]
mod attempts;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub mod database;
#[cfg(feature = "deliver")]
#[cfg_attr(
    not(all(feature = "email", feature = "webhook", feature = "slack")),
    allow(
        dead_code,
        unused_macros,
        unused_imports,
        reason = "not every plugin that is built on it needs all of it"
    )
)]
mod deliver;
#[cfg(feature = "email")]
pub mod email;
#[cfg(feature = "exec")]
pub mod exec;
#[cfg(feature = "filter")]
pub mod filter;
#[cfg(any(feature = "exec", feature = "wrap"))]
mod fragment;
#[cfg(feature = "http")]
#[cfg_attr(
    not(any(feature = "slack", feature = "webhook")),
    allow(dead_code, reason = "they are built on it")
)]
mod http;
#[cfg(feature = "joblog")]
pub mod joblog;
#[cfg(feature = "log")]
pub mod log;
#[cfg(feature = "outputs")]
pub mod outputs;
#[cfg(feature = "resources")]
pub mod resources;
#[cfg(feature = "slack")]
pub mod slack;
#[cfg(feature = "submit-when")]
pub mod submit_when;
#[cfg(any(feature = "joblog", feature = "resources", feature = "trace"))]
mod table;
#[cfg(feature = "trace")]
pub mod trace;
#[cfg(feature = "webhook")]
pub mod webhook;
#[cfg(feature = "wrap")]
pub mod wrap;
