//! What has a plugin of its run? A directory, secrets, and a word at the end.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;
use xqute::{Secret, Summary, Xqute, XquteBuilder};

use crate::plugins::keeps::{Found, Keeps};
use crate::workdir;

fn builder(dir: &TempDir, keeps: Keeps) -> XquteBuilder {
    Xqute::builder().workdir(workdir(dir)).select(["keeps"]).config("keeps", keeps)
}

fn text(text: &str) -> Keeps {
    Keeps { text: text.to_owned(), ..Keeps::default() }
}

async fn run(builder: XquteBuilder) -> (String, Summary) {
    let run = builder.build().unwrap();
    run.feed(["true"]).await.unwrap();
    let summary = run.run_until_complete().await.unwrap();
    (run.run().state::<Found>().unwrap().0.clone(), summary)
}

fn kept(dir: &TempDir) -> String {
    fs::read_to_string(workdir(dir).join("plugins/keeps/file")).unwrap()
}

#[tokio::test]
async fn what_a_plugin_keeps_is_there_again_until_a_run_begins_afresh() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(builder(&dir, text("a"))).await.0, "");
    assert_eq!(run(builder(&dir, text("b"))).await.0, "a");
    assert_eq!(run(builder(&dir, text("c")).fresh(true)).await.0, "", "it does not see what is to go");
    assert_eq!(kept(&dir), "c");
    assert!(!workdir(&dir).join("plugins.old").exists());
}

#[tokio::test]
async fn a_fresh_run_that_cannot_be_built_leaves_it() {
    let dir = tempfile::tempdir().unwrap();
    run(builder(&dir, text("a"))).await;
    let error = builder(&dir, Keeps { fails: true, ..text("b") }).fresh(true).build().unwrap_err();
    assert!(error.to_string().contains("it was told to fail"), "{error}");
    assert_eq!(kept(&dir), "a");
    assert_eq!(run(builder(&dir, text("c"))).await.0, "a");
}

#[tokio::test]
async fn of_a_run_that_cannot_be_built_nothing_stays() {
    let dir = tempfile::tempdir().unwrap();
    builder(&dir, Keeps { fails: true, ..Keeps::default() }).build().unwrap_err();
    assert!(!workdir(&dir).exists());
}

#[test]
fn configuration_that_does_not_fit_is_refused_before_anything_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let told = |select: &str| {
        let wrong = std::collections::BTreeMap::from([("txet", "hunter2")]);
        let builder = Xqute::builder().workdir(workdir(&dir)).select([select]).config("keeps", wrong);
        builder.build().unwrap_err().to_string()
    };
    let wanted = "the configuration of plugin `keeps` is wrong: unknown key `txet`, did you mean `text`?";
    assert_eq!(told("keeps"), wanted);
    assert_eq!(told("-keeps"), wanted, "who turns it off is told, too");
    assert!(!workdir(&dir).exists());
}

/// Which counts, nothing random may say: it is asked often enough.
#[test]
fn of_two_configurations_for_one_plugin_the_last_counts_however_it_is_spelled() {
    let of = |key: &str| std::collections::BTreeMap::from([(key.to_owned(), "x")]);
    for _ in 0..16 {
        for (first, last) in [("txet", "text"), ("text", "txet")] {
            let dir = tempfile::tempdir().unwrap();
            let builder = Xqute::builder().workdir(workdir(&dir)).select(["two-words"]);
            let built = builder.config("two-words", of(first)).config("two_words", of(last)).build();
            assert_eq!(built.is_ok(), last == "text");
        }
    }
}

#[tokio::test]
async fn a_directory_of_that_name_that_is_somebody_elses_is_never_touched() {
    let dir = tempfile::tempdir().unwrap();
    let theirs = workdir(&dir).join("plugins/theirs");
    fs::create_dir_all(&theirs).unwrap();
    for fresh in [false, true] {
        let error = builder(&dir, text("a")).fresh(fresh).build().unwrap_err().to_string();
        assert!(error.contains("not xqute's: move it away"), "{error}");
        assert!(theirs.exists());
    }
    let run = Xqute::builder().workdir(workdir(&dir)).select(["keeps"]).fresh(true).build().unwrap();
    run.run_until_complete().await.unwrap();
    assert!(theirs.exists());
}

#[tokio::test]
async fn what_plugins_note_stands_in_the_summary_once() {
    let dir = tempfile::tempdir().unwrap();
    let (_, summary) = run(builder(&dir, Keeps::default())).await;
    assert_eq!(summary.notes.last().unwrap(), "kept what it was told");
    assert_eq!(summary.to_string().matches("\nkept what it was told").count(), 1, "{summary}");
}

#[tokio::test]
async fn a_secret_is_fetched_while_the_run_is_built_and_no_later() {
    let dir = tempfile::tempdir().unwrap();
    let (_, summary) = run(builder(&dir, secret(Secret::Env("PATH".into())))).await;
    assert!(summary.to_string().contains("too late: call `reveal` in `on_init`"), "{summary}");
}

#[test]
fn a_secret_that_cannot_be_had_is_an_error_that_says_where_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    fs::write(&file, "hunter2\n").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let words = |it: [&str; 3]| it.map(ToOwned::to_owned).to_vec();
    let all = [
        (Secret::Env("XQ_NO_SUCH".into()), "variable `XQ_NO_SUCH`: it is not set".to_owned()),
        (Secret::File(file.clone()), format!("`chmod 600 {}`", file.display())),
        (Secret::Command(words(["sh", "-c", "echo locked >&2; false"])), "exit status: 1: locked".to_owned()),
    ];
    for (place, told) in all {
        let error = builder(&dir, secret(place)).build().unwrap_err().to_string();
        assert!(error.contains(&told) && !error.contains("hunter2"), "{error}");
    }
    assert!(!Path::exists(&workdir(&dir)));
}

fn secret(secret: Secret) -> Keeps {
    Keeps { secret: Some(secret), ..Keeps::default() }
}
