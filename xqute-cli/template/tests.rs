//! Does it do what it says? In a real run with this plugin alone, whose jobs are pretended and whose clock waits for nobody.

use xqute::Outcome;
use xqute::testing::{Plan, TestRun};

use super::{Config, NAME};

#[test]
fn it_refuses_what_it_is_told_to_and_counts_the_jobs() {
    let refuse = vec!["sleep".to_owned()];
    let run = TestRun::new([NAME])
        .config(NAME, Config { refuse })
        .feed(["echo", "hello"], Plan::exits(0))
        .feed(["sleep", "1000"], Plan::exits(0))
        .run();
    assert_eq!(run.job(0).outcome(), &Outcome::Succeeded);
    let refused = run.job(1).outcome().to_string();
    assert!(refused.ends_with("sleep is not wanted here"), "{refused}");
    let (notes, line) = (
        &run.summary().notes,
        format!("{NAME}: 1 of 2 jobs succeeded"),
    );
    assert!(notes.contains(&line), "{notes:?}");
    run.assert_no_faults();
}
