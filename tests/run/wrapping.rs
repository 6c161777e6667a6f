//! What do plugins put around a job's command? The page's fourth example, and hooks that are broken.

use std::fs::{self, File};
use std::path::Path;

use xqute::{Failure, Outcome};

use crate::stage::{outcome, rest};
use crate::{run_of, workdir};

/// The example's own folder. It removes it, so nobody else may have one.
const FOLDER: &str = "/tmp/workdir";

/// Holds off other runs of this test on this machine.
fn alone() -> File {
    let lock = File::create(std::env::temp_dir().join("xqute-tests-page.lock")).unwrap();
    lock.lock().unwrap();
    assert!(!Path::new(FOLDER).exists(), "there is a {FOLDER}, which the page's example would remove");
    lock
}

async fn page_example() -> (String, String, String) {
    let (dir, builder) = run_of(&["page"]);
    let run = builder.build().unwrap();
    let mut events = run.events();
    run.feed(["sh", "-c", "pwd; echo $CUSTOM_VAR; ls"]).await.unwrap();
    let summary = run.run_until_complete().await.unwrap();
    assert_eq!(summary.fault_count(), 0);
    let metadir = workdir(&dir).join("0");
    let read = |name: &str| fs::read_to_string(metadir.join(name)).unwrap();
    assert_eq!(read("job.stderr"), "");
    (outcome(&rest(&mut events).await, 0), read("job.stdout"), read("job.wrapped.log"))
}

#[tokio::test]
async fn the_pages_example_does_what_it_says() {
    let _alone = alone();
    let (outcome, stdout, log) = page_example().await;
    assert_eq!((&*outcome, &*stdout), ("failed: exit code 1", ""), "the folder is missing: {log}");
    assert!(log.contains("/tmp/workdir: No such file or directory"), "{log}");
    assert!(!log.contains("Preparing job 0") && log.ends_with("Job 0 completed\n"), "{log}");
    let why = "xqute: the command was not run: exit code 1 in on_jobcmd_prep of plugin `page`\n";
    assert!(log.contains(why), "{log}");

    fs::create_dir(FOLDER).unwrap();
    fs::write(Path::new(FOLDER).join("input"), "").unwrap();
    let (outcome, stdout, log) = page_example().await;
    assert_eq!((&*outcome, &*stdout), ("succeeded", "/tmp/workdir\nvalue\ninput\n"), "{log}");
    assert_eq!(log, "Preparing job 0\nJob 0 completed\n");
    assert!(!Path::new(FOLDER).exists(), "the example has cleaned up");
}

#[tokio::test]
async fn a_broken_script_hook_fails_the_job_and_nothing_runs() {
    for (plugin, hook, why) in [
        ("broken_head", "on_jobcmd_init", "returned an error: no module for it"),
        ("broken_body", "on_jobcmd_prep", "panicked: no folder for it"),
        ("broken_tail", "on_jobcmd_end", "returned an error: no broom for it"),
    ] {
        let (dir, builder) = run_of(&[plugin]);
        let run = builder.build().unwrap();
        let mut events = run.events();
        let ran = dir.path().join("ran");
        run.feed(["touch", ran.to_str().unwrap()]).await.unwrap();
        let summary = run.run_until_complete().await.unwrap();
        let told = rest(&mut events).await;
        let Some(Outcome::Failed(Failure::Hook(what))) = told.last().unwrap().1.outcome() else {
            panic!("{:?}", told.last())
        };
        let name = plugin.replace('_', "-");
        assert!(what.contains(&format!("plugin `{name}`, hook `{hook}`")), "{what}");
        assert!(what.contains(why) && what.contains("page.rs:"), "{what}");
        assert_eq!((summary.counts.failed, summary.attempts), (1, 0));
        assert!(!ran.exists() && !workdir(&dir).join("0").exists());
    }
}
