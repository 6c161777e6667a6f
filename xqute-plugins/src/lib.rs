//! The plugins that xqute ships: each a cargo feature, a module and a page, built on the public facade alone, as anyone's
//! plugin is. One that is compiled in does nothing until a run selects it or has configuration for it.

#[cfg(feature = "deliver")]
#[allow(dead_code, unused_macros, unused_imports, reason = "the plugins that are built on it follow")]
mod deliver;
#[cfg(feature = "filter")]
pub mod filter;
#[cfg(feature = "log")]
pub mod log;
#[cfg(feature = "outputs")]
pub mod outputs;
#[cfg(feature = "units")]
pub mod units;
#[cfg(feature = "wrap")]
pub mod wrap;
