//! Rules, asked about jobs in a run.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use xqute::backend::Null;
use xqute::{Error, JobSpec, JobState, Summary, WorkDirView, Xqute};

use super::*;

fn config(text: &str) -> SubmitWhenConfig {
    toml::from_str(text).unwrap()
}

/// Runs jobs on the null backend, under these rules.
async fn run(dir: &Path, rules: &str, jobs: impl IntoIterator<Item = JobSpec>) -> Summary {
    let builder = Xqute::builder().workdir(dir.join("work")).backend(Null::new()).fresh(true);
    let xqute = builder.config("submit-when", config(rules)).build().unwrap();
    for job in jobs {
        xqute.feed(job.cwd(dir)).await.unwrap();
    }
    xqute.run_until_complete().await.unwrap()
}

/// What became of each job, in a word and its reason.
fn told(dir: &Path) -> Vec<String> {
    let mut view = WorkDirView::open(dir.join("work")).unwrap();
    (0..view.len())
        .map(|index| {
            let job = view.job(index).unwrap().unwrap();
            let why = job.why.unwrap_or_default();
            if job.state == JobState::Succeeded && why.is_empty() { "ran".to_owned() } else { why }
        })
        .collect()
}

fn wrong(rules: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let builder = Xqute::builder().workdir(dir.path().join("work")).backend(Null::new());
    match builder.config("submit-when", config(rules)).build() {
        Err(Error::Build(error)) => error.to_string(),
        other => panic!("{rules}: {other:?}"),
    }
}

#[tokio::test]
async fn jobs_are_vetoed_by_what_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let rules = "[[rule]]\nfilter = { index = '1' }\n[[rule]]\nname = 'no-gpu'\nfilter = { tag = 'gpu' }\nreason = 'there is none'
        [[rule]]\nfilter = { name = 'cached' }\notherwise = 'skip'";
    let spec = || JobSpec::new(["true"]);
    let summary = run(dir.path(), rules, [spec(), spec(), spec().tag("gpu"), spec().name("cached")]).await;
    assert_eq!((summary.counts.succeeded, summary.counts.cancelled, summary.counts.skipped), (1, 2, 1));
    let veto =
        "cancelled: vetoed by plugin `submit-when`: rule 1: it is one of those that are not to be submitted";
    let skip = "skipped by plugin `submit-when`: rule 3: it is one of those that are not to be submitted";
    assert_eq!(
        told(dir.path()),
        ["ran", veto, "cancelled: vetoed by plugin `submit-when`: no-gpu: there is none", skip]
    );
}

#[test]
fn the_filter_is_read_by_its_first_name_too() {
    let named = |key: &str| config(&format!("[[rule]]\n{key} = {{ tag = 'gpu' }}"));
    assert_eq!(named("jobs"), named("filter"));
    assert_ne!(named("jobs"), config("[[rule]]"));
    let written = serde_json::to_value(named("jobs")).unwrap();
    assert_eq!(written["rule"][0]["filter"]["tag"][0], "gpu", "{written}");
}

#[tokio::test]
async fn what_is_up_to_date_is_skipped_as_make_would() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, age: u64| {
        let file = fs::File::create(dir.path().join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
    };
    [("old", 300), ("middle", 200), ("new", 100)].into_iter().for_each(|(name, age)| file(name, age));
    fs::hard_link(dir.path().join("old"), dir.path().join("same")).unwrap();
    let spec = |inputs: &[&str], outputs: &[&str]| {
        let spec = inputs.iter().fold(JobSpec::new(["true"]), |it, path| it.input(path));
        outputs.iter().fold(spec, |it, path| it.output(path))
    };
    let jobs = [
        spec(&["old"], &["middle", "new"]),
        spec(&["middle"], &["old", "new"]),
        spec(&["old"], &["same"]),
        spec(&[], &["old"]),
        spec(&["old"], &["none"]),
        spec(&["none"], &["new"]),
        spec(&["old"], &[]),
    ];
    run(dir.path(), "[[rule]]\noutdated = true", jobs).await;
    let newer = "skipped by plugin `submit-when`: rule 1: it is up to date: its outputs are not older than its inputs";
    let there = "skipped by plugin `submit-when`: rule 1: it is up to date: its outputs are there";
    assert_eq!(told(dir.path()), [newer, "ran", newer, there, "ran", "ran", "ran"]);
}

#[tokio::test]
async fn conditions_are_looked_at_where_the_job_runs() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("go"), "").unwrap();
    let rule = |condition: &str| format!("[[rule]]\notherwise = 'veto'\n{condition}\n");
    for (condition, why) in [
        ("exists = 'go'", ""),
        ("exists = 'none'", "none is not there"),
        ("exists = 'go/none'", "go/none is not there"),
        ("absent = 'none'", ""),
        ("absent = 'go'", "go is there"),
        ("min_free = 1", ""),
        ("command = ['test', '-e', 'go']", ""),
        ("command = ['test', '-e', 'none']", "`test -e none` exits with 1"),
        ("command = ['sh', '-c', 'test $XQUTE_JOB_INDEX = 0 && test $XQUTE_METADIR -ef work']", ""),
        ("between = '00:00-24:00'", ""),
    ] {
        run(dir.path(), &rule(condition), [JobSpec::new(["true"])]).await;
        let veto = format!("cancelled: vetoed by plugin `submit-when`: rule 1: {why}");
        let wanted = if why.is_empty() { "ran" } else { &veto };
        assert_eq!(told(dir.path()), [wanted], "{condition}");
    }
    run(dir.path(), &rule("min_free = '900000T'"), [JobSpec::new(["true"])]).await;
    assert!(told(dir.path())[0].contains("rule 1: less than 900000T is free in "), "{:?}", told(dir.path()));
}

/// Neither run nor skipped for a mistake.
#[tokio::test]
async fn a_job_of_which_nobody_can_tell_has_failed() {
    let dir = tempfile::tempdir().unwrap();
    for (condition, why) in [
        ("command = ['no-such-program']", "`no-such-program` cannot be started: No such file"),
        ("command = ['sleep', '60']\nlimit = '50ms'", "`sleep 60` has not ended after 50ms"),
        ("command = ['sh', '-c', 'kill -9 $$']", "was ended: signal: 9 (SIGKILL)"),
        ("min_free = 1\npath = 'none'", "none: No such file"),
    ] {
        let rules = format!("[[rule]]\notherwise = 'skip'\n{condition}\n");
        let summary = run(dir.path(), &rules, [JobSpec::new(["true"])]).await;
        assert_eq!(summary.counts.failed, 1, "{condition}");
        assert!(told(dir.path())[0].contains(why), "{condition}: {:?}", told(dir.path()));
    }
}

#[tokio::test]
async fn a_job_that_waits_lets_others_go_before_it_and_runs_when_it_may() {
    let dir = tempfile::tempdir().unwrap();
    let rules = "[[rule]]\nname = 'gate'\nfilter = { index = '0' }\nexists = 'go'\nevery = '20ms'";
    let builder = Xqute::builder().workdir(dir.path().join("work")).backend(Null::new()).forks(1);
    let xqute = builder.config("submit-when", config(rules)).build().unwrap();
    let mut events = xqute.events();
    for _ in 0..2 {
        xqute.feed(JobSpec::new(["true"]).cwd(dir.path())).await.unwrap();
    }
    xqute.stop_feeding();
    xqute.start().unwrap();
    while xqute.run().progress().counts.succeeded == 0 || xqute.run().progress().held == 0 {
        events.next().await;
        tokio::task::yield_now().await;
    }
    assert_eq!(told(dir.path()), ["held by plugin `submit-when`: gate: go is not there", "ran"]);
    fs::write(dir.path().join("go"), "").unwrap();
    let summary = xqute.run_until_complete().await.unwrap();
    assert_eq!((summary.counts.succeeded, xqute.run().progress().held), (2, 0));
    assert_eq!(told(dir.path()), ["ran", "ran"]);
}

#[tokio::test]
async fn a_wait_that_has_an_end_is_a_veto_then() {
    let dir = tempfile::tempdir().unwrap();
    let wait = "[[rule]]\notherwise = 'wait'\nat_most = '100ms'\n";
    for (condition, why) in
        [("exists = 'go'", "go is not there"), ("min_free = 1\npath = 'none'", "none: No such file")]
    {
        let summary = run(dir.path(), &format!("{wait}{condition}"), [JobSpec::new(["true"])]).await;
        assert_eq!(summary.counts.cancelled, 1, "{condition}");
        let told = &told(dir.path())[0];
        assert!(told.contains("vetoed") && told.contains(why) && told.ends_with(", for 100ms"), "{told}");
    }
}

#[tokio::test]
async fn nothing_stays_of_a_command() {
    let dir = tempfile::tempdir().unwrap();
    let rule = "[[rule]]\ncommand = ['sh', '-c', 'sleep 300 & echo $! > pid']";
    let summary = run(dir.path(), rule, [JobSpec::new(["true"])]).await;
    assert_eq!(summary.counts.succeeded, 1);
    let pid = fs::read_to_string(dir.path().join("pid")).unwrap();
    let status = format!("/proc/{}/status", pid.trim());
    let lives = || fs::read_to_string(&status).is_ok_and(|it| !it.contains("State:\tZ"));
    let begun = std::time::Instant::now();
    while lives() && begun.elapsed() < Duration::from_secs(30) {
        tokio::task::yield_now().await;
    }
    assert!(!lives(), "{status}");
}

/// Of the two slots one is the other jobs', whatever the rules' commands do.
#[tokio::test]
async fn commands_that_take_long_hold_up_no_job_without_a_rule() {
    let dir = tempfile::tempdir().unwrap();
    let slow = "command = ['sh', '-c', 'while ! test -e go; do sleep 0.01; done']";
    let rules = format!("[[rule]]\nfilter = {{ tag = 'slow' }}\n{slow}\nevery = '20ms'");
    let builder = Xqute::builder().workdir(dir.path().join("work")).backend(Null::new()).forks(2);
    let xqute = builder.config("submit-when", config(&rules)).build().unwrap();
    let mut events = xqute.events();
    for spec in
        [JobSpec::new(["true"]).tag("slow"), JobSpec::new(["true"]).tag("slow"), JobSpec::new(["true"])]
    {
        xqute.feed(spec.cwd(dir.path())).await.unwrap();
    }
    xqute.stop_feeding();
    xqute.start().unwrap();
    while xqute.run().progress().counts.succeeded == 0 {
        events.next().await;
        tokio::task::yield_now().await;
    }
    assert_eq!(told(dir.path())[2], "ran");
    fs::write(dir.path().join("go"), "").unwrap();
    assert_eq!(xqute.run_until_complete().await.unwrap().counts.succeeded, 3);
}

#[test]
fn a_rule_that_makes_no_sense_is_told_before_the_run() {
    for (rule, why) in [
        (
            "exists = 'a'\nabsent = 'b'",
            "it has more than one condition: `exists`, `absent`; make a rule of each",
        ),
        ("path = 'a'", "`path` says more of `min_free`, which it does not have"),
        ("limit = '1s'\nexists = 'a'", "`limit` says more of `command`, which it does not have"),
        ("time_zone = 'UTC'", "`time_zone` says more of `between`, which it does not have"),
        ("otherwise = 'wait'", "its condition never comes to hold by waiting"),
        ("outdated = true\notherwise = 'wait'", "its condition never comes to hold by waiting"),
        ("outdated = true\nevery = '1s'", "`every` is for `otherwise = \"wait\"`"),
        ("exists = 'a'\nevery = 0", "`every` is 0"),
        ("exists = 'a'\nat_most = 0", "`at_most` is 0"),
        ("exists = 'a'\nat_most = '1s'\notherwise = 'veto'", "`at_most` is for `otherwise = \"wait\"`"),
        ("command = []", "`command` is empty"),
        ("command = ['true']\nlimit = 0", "`limit` is 0, in which nothing ends"),
        ("between = 'noon'", "`between = \"noon\"` is no time of day"),
    ] {
        let told = wrong(&format!("[[rule]]\n{rule}\n"));
        assert!(told.contains(&format!("rule 1: {why}")), "{rule}: {told}");
    }
    assert!(wrong("[[rule]]\nexists = 'a'\n[[rule]]\ncommand = ['']\n").contains("rule 2: "));
}
