//! Does a family reach from the crate that declares it, over those that implement it, to the one that calls it?

use families_framework::{Measure, Pipe, PipeHooks};
use xqute::{FaultCause, PluginSet, Xqute};

struct Named(&'static str);

impl Pipe for Named {
    fn name(&self) -> &str {
        self.0
    }
}

const PLUGINS: [&str; 2] = ["both", "renamed"];

fn hooks() -> PipeHooks {
    let linked = xqute::plugins![xqute_plugin_both, xqute_plugin_renamed];
    PipeHooks::build(&PluginSet::builder().link(linked).select(PLUGINS).build().unwrap())
}

#[test]
fn synchronous_hooks_are_called_in_order() {
    let hooks = hooks();
    let name = |pipe| hooks.on_name(&Named(pipe)).unwrap().value.unwrap();
    assert_eq!(name("odd"), "renamed");
    assert_eq!(name("even"), "both:even");
    assert!(hooks.on_close(&Named("short")).is_none());
    assert_eq!(&*hooks.on_close(&Named("open for ever")).unwrap().plugin, "both");
    let mut labels = Vec::new();
    hooks.on_label(|plugin, label| labels.push(format!("{plugin} {label}")));
    assert_eq!(labels, ["both both", "renamed renamed"]);
}

#[tokio::test]
async fn async_hooks_are_awaited_in_order() {
    let hooks = hooks();
    hooks.on_idle().await;
    hooks.on_step(&Named("a"), "sort", Some("read"), 1).await;
    let cached = async |step| hooks.on_cached(step).await.unwrap();
    assert_eq!(cached("number 3").await.unwrap().value, Some(3));
    assert_eq!(&*cached("known").await.unwrap().plugin, "both");
    assert!(cached("unknown").await.is_none());
    let veto = hooks.on_discard(&Named("dear")).await.unwrap().unwrap();
    assert_eq!((&*veto.plugin, &*veto.value), ("renamed", "it is dear"));
    let mut measured = Vec::new();
    hooks.on_measure("sort", 2, 3, |plugin, it| measured.push((plugin.to_owned(), it))).await.unwrap();
    let of = |plugin: &str, bytes| (plugin.to_owned(), Measure { bytes });
    assert_eq!(measured, [of("both", 10), of("renamed", 1)]);
}

#[tokio::test]
async fn a_gate_that_breaks_is_an_error() {
    let hooks = hooks();
    let fault = hooks.on_open(&Named("empty"), 0).unwrap_err();
    assert_eq!((fault.plugin(), fault.hook()), ("both", "on_open"));
    assert!(matches!(fault.cause(), FaultCause::Error(error) if error.to_string() == "empty has no steps"));
    assert!(hooks.on_open(&Named("empty"), 1).is_ok());
    let fault = hooks.on_discard(&Named("broken")).await.unwrap_err();
    assert!(matches!(fault.cause(), FaultCause::Panic(_)), "{fault}");
    assert!(hooks.on_cached("number x").await.is_err());
    assert!(hooks.on_measure("", 0, 0, |_, _| ()).await.is_err());
    // One that observes is passed over.
    hooks.on_step(&Named("a"), "sort", Some("sort"), 1).await;
}

#[test]
fn a_run_knows_which_hooks_it_has() {
    assert!(hooks().has_on_step());
    let set = PluginSet::builder().select(["renamed"]).build().unwrap();
    assert!(!PipeHooks::build(&set).has_on_step());
    assert!(PipeHooks::build(&set).has_on_discard());
}

#[tokio::test]
async fn one_set_counts_the_calls_of_both_families() {
    let workdir = tempfile::tempdir().unwrap();
    let xqute = Xqute::builder().workdir(workdir.path()).select(PLUGINS).build().unwrap();
    let hooks = PipeHooks::build(xqute.plugins());
    hooks.on_idle().await;
    hooks.on_idle().await;
    let costs = xqute.plugins().costs();
    let calls = |plugin: &str, hook: &str| {
        costs.iter().find(|it| &*it.plugin == plugin && it.hook == hook).map(|it| it.calls)
    };
    assert_eq!(calls("both", "on_init"), Some(1));
    assert_eq!(calls("renamed", "on_init"), Some(1));
    assert_eq!(calls("both", "on_idle"), Some(2));
    let plugins = xqute.plugins().plugins();
    let both = plugins.iter().find(|it| it.name == "both").unwrap();
    let families: Vec<&str> = both.hooks.iter().map(|it| it.family).collect();
    assert!(families.contains(&"Hooks") && families.contains(&"PipeHooks"), "{families:?}");
}
