//! Who is told, in what order, and what did they say?
//!
//! The way of a hook: a macro leaves an entry in a slice (`meta`, `registry`); a run selects plugins (`selection`,
//! `plugins`), puts their hooks in order (`order`) and freezes a table per hook (`table`); a call goes through the table (`dispatch`),
//! its results into a mode (`mode`), its faults into the run's book (`fault`), its cost into counters (`cost`), and for the test kit into a list of what was called (`record`). What a plugin has of
//! its run is `run`: its configuration, its state, its secrets (`secret`, `reveal`), its `directory`, its `notes`; what times and
//! sizes of a configuration are read with, `units`.

mod config;
mod cost;
mod directory;
mod dispatch;
pub mod family;
mod fault;
mod handle;
mod meta;
mod mode;
mod notes;
mod order;
mod plugins;
mod policy;
mod progress;
pub(crate) mod record;
mod registry;
mod reveal;
mod run;
mod scheduler;
mod secret;
mod selection;
mod spec;
mod summary;
mod table;
pub mod units;
mod verdict;

pub use config::{Config, ConfigError, ConfigType, schema_of};
pub use cost::{HookCost, PluginCost, TIMED_FIRST, TIMED_ONE_IN};
pub use dispatch::{AsyncEntry, BUFFER_BYTES, Dispatch, SyncEntry};
pub use family::Hooks;
pub use fault::{FAULTS_KEPT, Fault, FaultCause};
pub use handle::{FeedError, Handle, NoSuchJob};
pub use meta::{CrateId, HookMeta, LinkList, Place, PluginMeta};
pub use mode::{Abstain, All, Each, Faults, First, Gate, Mode, Said, Veto};
pub use plugins::{HookInfo, PluginInfo, PluginList, PluginSet, PluginSetBuilder};
pub use policy::FaultPolicy;
pub use progress::Progress;
pub use registry::{FAMILIES, Family, LINKS, PLUGINS, PluginError, SENTINEL};
pub use run::{Run, StateError};
pub use scheduler::Scheduler;
pub use secret::{Revealed, Secret, SecretError};
pub use selection::SelectionError;
pub use spec::{AsyncHook, BoxError, Given, HookArg, HookError, HookSpec, IntoHook};
pub use summary::{Counts, Stopped, Summary};
pub use table::{Entry, Source, Table};
pub use verdict::{NO_REASON, Submit, Text, Verdict};

pub(crate) use handle::Control;
pub(crate) use selection::same;
