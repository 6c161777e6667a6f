//! Is it the same list as before? If not, which job is the first that is another?

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use xqute::{Error, FeedError, JobSpec, Xqute};

use super::{Scene, Way, counts_of};

/// Every file below a directory but its journal.
fn snapshot(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.insert(path.clone(), Vec::new());
            files.append(&mut snapshot(&path));
        } else if path.is_file() && !path.ends_with("journal") {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

/// Feeds a list up to the job that is refused, and gives why.
async fn refused(run: &Xqute, list: impl IntoIterator<Item = JobSpec>) -> FeedError {
    for job in list {
        match run.feed(job).await {
            Ok(_) => {}
            Err(Error::Feed(error)) => return error,
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the list was taken");
}

#[tokio::test]
async fn another_list_is_told_with_the_first_job_that_is_another_and_nothing_is_done() {
    let scene = Scene::new();
    counts_of(scene.builder(Way::Direct, &[]), &scene, 0..3).await;
    let before = snapshot(&scene.path(""));
    for first in 0..3 {
        let run = scene.builder(Way::Direct, &[]).retry_failed(true).build().unwrap();
        let list = (0..5).map(|number| match number {
            it if it < first => JobSpec::new(scene.ledger.words(it)),
            it => JobSpec::new(["echo", &format!("another {it}")]),
        });
        let error = refused(&run, list).await;
        let was = JobSpec::new(scene.ledger.words(first)).argv().unwrap().to_string();
        let told = error.to_string();
        for part in [&format!("job {first} "), &was, &format!("`echo 'another {first}'`")] {
            assert!(told.contains(part), "{told}");
        }
        for way_out in [
            "`workdir`",
            "-w DIR",
            "`fresh`",
            "--fresh",
            scene.path("").to_str().unwrap().trim_end_matches('/'),
        ] {
            assert!(told.contains(way_out), "{told}");
        }
        let FeedError::Different { index, before, .. } = error else { panic!("{error:?}") };
        assert_eq!((index, before), (first, was));
        let counts = run.run_until_complete().await.unwrap().counts;
        assert_eq!((counts.done_before, counts.total()), (first, first));
    }
    assert_eq!(snapshot(&scene.path("")), before);
    assert_eq!(counts_of(scene.builder(Way::Direct, &[]), &scene, 0..3).await.done_before, 3);
    scene.ledger.assert([(0, 1), (1, 1), (2, 1)]);
}

#[tokio::test]
async fn a_job_that_is_refused_takes_no_place() {
    let scene = Scene::new();
    counts_of(scene.builder(Way::Direct, &[]), &scene, 0..2).await;
    let run = scene.builder(Way::Direct, &[]).build().unwrap();
    for (number, wrong) in [vec!["echo", "another"], vec!["true"], vec![]].into_iter().enumerate() {
        refused(&run, [JobSpec::new(wrong)]).await;
        assert_eq!(run.feed(scene.ledger.words(number)).await.unwrap(), number);
    }
    let counts = run.run_until_complete().await.unwrap().counts;
    assert_eq!((counts.done_before, counts.succeeded, counts.total()), (2, 1, 3));
    scene.ledger.assert([(0, 1), (1, 1), (2, 1)]);
}

/// The commands are the same to the letter: then it is told what else is another.
#[tokio::test]
async fn another_environment_or_directory_makes_another_job_and_is_told() {
    let scene = Scene::new();
    let job = || JobSpec::new(["true"]).env("A", "1").cwd("/");
    let run = scene.builder(Way::Direct, &[]).build().unwrap();
    run.feed(job()).await.unwrap();
    run.run_until_complete().await.unwrap();
    drop(run);
    for other in [job().env("A", "2"), job().env("B", "1"), job().cwd("/tmp"), JobSpec::new(["true"])] {
        let run = scene.builder(Way::Direct, &[]).build().unwrap();
        let told = refused(&run, [other]).await.to_string();
        assert!(told.contains("environment") && told.contains("working directory"), "{told}");
    }
    let run = scene.builder(Way::Direct, &[]).build().unwrap();
    run.feed(job().tag("t").timeout(std::time::Duration::from_secs(9))).await.unwrap();
    assert_eq!(run.run_until_complete().await.unwrap().counts.done_before, 1, "these make no other job");
}

#[tokio::test]
async fn a_longer_list_runs_what_is_new_and_a_shorter_one_what_it_has() {
    let scene = Scene::new();
    for (jobs, before) in [(2, 0), (5, 2), (3, 3), (0, 0), (5, 5)] {
        let counts = counts_of(scene.builder(Way::Direct, &[]), &scene, 0..jobs).await;
        assert_eq!((counts.done_before, counts.succeeded, counts.total()), (before, jobs - before, jobs));
    }
    scene.ledger.assert([(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)]);
}

/// Feeds job 0 under a name, with the command of another number.
async fn named(scene: &Scene, number: usize, name: &str) -> xqute::Counts {
    let run = scene.builder(Way::Direct, &[]).retry_failed(true).build().unwrap();
    run.feed(JobSpec::new(scene.ledger.words(number)).name(name)).await.unwrap();
    run.run_until_complete().await.unwrap().counts
}

#[tokio::test]
async fn a_job_of_the_same_name_is_the_same_whatever_its_command_has_become() {
    let scene = Scene::new();
    scene.ledger.does(0, "exit 3");
    assert_eq!(named(&scene, 0, "align").await.failed, 1);
    // It has not succeeded: what runs is what it has become.
    assert_eq!(named(&scene, 1, "align").await.succeeded, 1);
    assert_eq!(named(&scene, 2, "align").await.done_before, 1);
    assert_eq!(named(&scene, 1, "align").await.done_before, 1);
    scene.ledger.assert([(0, 1), (1, 1)]);
    let run = scene.builder(Way::Direct, &[]).build().unwrap();
    let error = refused(&run, [JobSpec::new(scene.ledger.words(2)).name("sort")]).await;
    let now = JobSpec::new(scene.ledger.words(1)).argv().unwrap().to_string();
    assert!(
        matches!(error, FeedError::Different { before, .. } if before == now),
        "the command that ran last"
    );
}
