//! Has the plugin of every hook a hook for every table, is each of its functions there, and when is it called?

use xqute::{Hooks, PluginSet, Xqute};

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

#[tokio::test]
async fn a_run_calls_them_in_the_order_of_a_jobs_life() {
    let dir = tempfile::tempdir().unwrap();
    let run = Xqute::builder()
        .plugins(xqute::plugins![xqute_plugin_every_hook])
        .select(["every-hook"])
        .workdir(dir.path().join("work"))
        .build()
        .unwrap();
    run.feed(["true"]).await.unwrap();
    run.feed(["false"]).await.unwrap();
    run.run_until_complete().await.unwrap();
    let log = xqute_plugin_every_hook::log();
    let before = [
        "on_job_init",
        "on_job_queued",
        "on_job_submitting",
        "on_jobcmd_init",
        "on_jobcmd_prep",
        "on_jobcmd_end",
        "on_job_submitted",
        "on_job_started",
    ];
    for (job, end) in [&["on_job_verify", "on_job_succeeded"][..], &["on_job_failed"]].into_iter().enumerate() {
        let life: Vec<String> = before.iter().chain(end).map(|hook| format!("{hook} {job}")).collect();
        let seen: Vec<&String> = log.iter().filter(|line| line.ends_with(&format!(" {job}"))).collect();
        assert_eq!(seen, life.iter().collect::<Vec<_>>());
    }
    assert_eq!((log[0].as_str(), log.len()), ("on_init", 22));
    assert_eq!(log[20..], ["on_run_done", "on_shutdown"]);
}
