//! The macros that need no look at their caller's manifest: `plugin!` and `plugins![]`.

/// Makes the module that it stands in a plugin: the hooks in it, and in the modules below it, are the plugin's.
///
/// At the root of a crate, `xqute::plugin!();` is all that is needed. A crate may hold several plugins, each in a
/// module; a hook belongs to the nearest that encloses it. All options may be left out:
///
/// - `name = "slack"`: what a run selects it by. Default: the crate's name without `xqute-plugin-` or `xqute-`, or the
///   module's, with hyphens for underscores.
/// - `priority = n`: the priority of its hooks that have none of their own; smaller is called first. Default 0.
/// - `before = "slack"`, `after = ["a", "b"]`: the plugins that are called after, or before, this one, at every hook that both have,
///   whatever the priorities. Who is not in the run is not waited for; a circle is an error of `build()` that tells its path.
/// - `enabled = false`: off, unless a run selects it (`"slack"`, `"+slack"`) or has configuration for it.
#[macro_export]
macro_rules! plugin {
    ($($options:tt)*) => {
        $crate::__private::plugin! { $crate::__private; $($options)* }
    };
}

/// A list of plugins, for a run's builder: links their crates, and fixes the order of their calls.
///
/// Each is the path of a module that has [`plugin!`](crate::plugin): a crate, or a module in one.
///
/// ```ignore
/// let xqute = Xqute::builder().plugins(xqute::plugins![xqute_plugin_slack, my_plugins::audit]).build()?;
/// ```
#[macro_export]
macro_rules! plugins {
    ($($plugins:tt)*) => {
        $crate::__private::plugins! { $crate::__private; $($plugins)* }
    };
}
