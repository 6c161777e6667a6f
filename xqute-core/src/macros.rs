//! The macros that need no look at their caller's manifest: `plugin!`, `plugins![]` and `config_word!`.

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
/// - `config = Type`: what it is configured with, a type that has [`#[config]`](macro@crate::config): then a run whose configuration does
///   not fit it is not built, and its keys can be told. Default: the plugin reads what it is given.
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

/// Says in a word what a value is, of a type that a plugin is configured with and whose `Deserialize` is written by hand.
///
/// `xqute plugins show` tells that word as the type of a key. Where xqute is built without its feature `schema`, this is nothing.
///
/// ```
/// # use xqute_core as xqute;
/// /// `3-7`
/// #[derive(Debug, Default)]
/// pub struct Range(u32, u32);
/// xqute::config_word!(Range, "range as `3-7`");
/// ```
#[cfg(feature = "schema")]
#[macro_export]
macro_rules! config_word {
    ($type:ty, $word:literal) => {
        impl $crate::__private::schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                $word.into()
            }
            fn json_schema(
                _: &mut $crate::__private::schemars::SchemaGenerator,
            ) -> $crate::__private::schemars::Schema {
                $crate::__private::schemars::json_schema!({ "format": $word })
            }
        }
    };
}

/// Says in a word what a value is, of a type that a plugin is configured with and whose `Deserialize` is written by hand.
///
/// `xqute plugins show` tells that word as the type of a key. Where xqute is built without its feature `schema`, this is nothing.
#[cfg(not(feature = "schema"))]
#[macro_export]
macro_rules! config_word {
    ($type:ty, $word:literal) => {};
}

// Here, where the macro is known: rooms import rooms alone.
config_word!(crate::hook::Secret, "secret");
config_word!(crate::hook::units::Size, "size");
config_word!(crate::hook::units::Time, "time");
