//! The door for generated code. Nothing here is public API: it changes without notice.

pub use crate::hook::{
    All, AsyncEntry, AsyncHook, CrateId, Each, Fault, First, Gate, Given, HOOKS, HookMeta, HookSpec,
    IntoHook, LINKS, LinkList, Mode, PLUGINS, Place, PluginList, PluginMeta, PluginSet, SENTINEL, Said,
    SyncEntry, Table, Veto,
};
pub use linkme;
pub use xqute_macros::{plugin, plugins, register};
