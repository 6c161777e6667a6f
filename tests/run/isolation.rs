//! Do two runs in one process see each other? They do not.

use xqute::{BuildError, Error, PluginError, Xqute};

use crate::hooks::other_recorder::OtherRecorded;
use crate::hooks::recorder::Recorded;
use crate::run_of;

async fn ten_jobs(run: &Xqute) {
    for _ in 0..10 {
        run.feed(["true"]).await.unwrap();
    }
    assert!(run.run_until_complete().await.unwrap().is_success());
}

#[tokio::test]
async fn two_runs_with_other_selections_do_not_see_each_other() {
    let (_dirs, runs): (Vec<_>, Vec<_>) = [["recorder"], ["other_recorder"]]
        .iter()
        .map(|plugins| run_of(plugins))
        .map(|(dir, builder)| (dir, builder.forks(2).build().unwrap()))
        .unzip();
    tokio::join!(ten_jobs(&runs[0]), ten_jobs(&runs[1]));
    let [one, other] = &runs[..] else { panic!("two runs") };
    assert_ne!(one.run().id(), other.run().id());
    assert_eq!(one.run().state::<Recorded>().unwrap().0.lines().len(), 61);
    assert_eq!(other.run().state::<OtherRecorded>().unwrap().0.lines().len(), 61);
    assert!(one.run().state::<OtherRecorded>().is_none() && other.run().state::<Recorded>().is_none());
    let called = |run: &Xqute| {
        let mut plugins: Vec<_> = run.plugins().costs().iter().map(|it| it.plugin.to_string()).collect();
        plugins.dedup();
        plugins
    };
    assert_eq!(
        (called(one), called(other)),
        (vec!["recorder".to_owned()], vec!["other-recorder".to_owned()])
    );
}

#[test]
fn a_plugin_that_is_not_linked_is_an_error_that_lists_what_is() {
    let (_dir, builder) = run_of(&["recordr"]);
    let error = builder.build().unwrap_err();
    assert!(matches!(error, Error::Build(BuildError::Plugins(PluginError::Selection(_)))));
    let told = error.to_string();
    assert!(told.contains("did you mean `recorder`?") && told.contains("other-recorder"), "{told}");
}
