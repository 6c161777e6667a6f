//! The door for generated code. Nothing here is public API: it changes without notice.

pub use crate::hook::{
    All, AsyncEntry, AsyncHook, Config, ConfigType, CrateId, Each, Entry, FAMILIES, Family, Fault, Faults,
    First, Gate, Given, HookMeta, HookSpec, IntoHook, LINKS, LinkList, Mode, PLUGINS, Place, PluginList,
    PluginMeta, PluginSet, SENTINEL, Said, SyncEntry, Table, Veto, schema_of,
};
pub use linkme;
#[cfg(feature = "schema")]
pub use schemars::{self, JsonSchema as Described};
pub use serde;
pub use serde_json::Value;
#[cfg(not(feature = "schema"))]
pub use xqute_macros::Described;
pub use xqute_macros::{plugin, plugins, register};
