//! Has the plugin of every hook a hook for every table, and is each of its functions there?

use xqute::{Hooks, PluginSet};

fn set(select: &str) -> PluginSet {
    let linked = xqute::plugins![xqute_plugin_every_hook];
    PluginSet::builder().link(linked).select([select]).build().unwrap()
}

#[test]
fn no_table_is_empty() {
    let hooks = format!("{:#?}", Hooks::build(&set("every-hook")));
    assert!(hooks.contains("every-hook::on_init") && !hooks.contains("[]"), "{hooks}");
    let hooks = format!("{:#?}", Hooks::build(&set("every-hook-subset")));
    assert!(hooks.contains("every-hook-subset::on_init") && !hooks.contains("[]"), "{hooks}");
}

#[test]
fn every_function_is_registered() {
    let count = |name: &str| set(name).plugins().iter().find(|it| it.name == name).map(|it| it.hooks.len());
    let marks = |text: &str| text.lines().filter(|line| line.starts_with("#[hook")).count();
    let [all, subset] = [
        include_str!("$ROOT/tests/crates/every-hook/src/lib.rs"),
        include_str!("$ROOT/tests/crates/every-hook/src/subset.rs"),
    ];
    assert_eq!(count("every-hook"), Some(marks(all)));
    assert_eq!(count("every-hook-subset"), Some(marks(subset)));
}
