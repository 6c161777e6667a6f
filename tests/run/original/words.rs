//! Does a command arrive as it was given, and its output where it belongs?

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use xqute::{JobSpec, Xqute};

use super::scene::{WAYS, Way};

/// Runs commands, one job each, in an empty directory, and gives what they print. Nothing else may appear in that directory.
async fn printed(way: Way, workdir: &Path, timeout: Option<Duration>, commands: &[&[&str]]) -> Vec<String> {
    let cwd = tempfile::tempdir().unwrap();
    let mut builder = Xqute::builder().workdir(workdir);
    if way == Way::Wrapped {
        builder = builder.prescript(":");
    }
    if let Some(limit) = timeout {
        builder = builder.timeout(limit);
    }
    let run = builder.build().unwrap();
    for words in commands {
        run.feed(JobSpec::new(words.to_vec()).cwd(cwd.path())).await.unwrap();
    }
    let counts = run.run_until_complete().await.unwrap().counts;
    assert_eq!(counts.succeeded, commands.len(), "{way:?}, {timeout:?}");
    assert_eq!(fs::read_dir(cwd.path()).unwrap().count(), 0, "something was written beside: {way:?}");
    let text = |index: usize, file| fs::read_to_string(workdir.join(index.to_string()).join(file)).unwrap();
    (0..commands.len())
        .map(|index| {
            assert_eq!(text(index, "job.stderr"), "", "{way:?}, {timeout:?}, job {index}");
            text(index, "job.stdout")
        })
        .collect()
}

fn workdir() -> (TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("work");
    (dir, path)
}

/// X1: "`["bash","-c",'echo "hi there"']` -> FINISHED, rc 0, job.stdout empty; output landed in a file called `there`".
#[tokio::test]
async fn x1_quotes_in_an_argument_are_text_and_output_lands_in_the_jobs_file() {
    for way in WAYS {
        let (_dir, path) = workdir();
        let commands: [&[&str]; 3] = [
            &["bash", "-c", "echo \"hi there\""],
            &["printf", "%s\n", "a 'b' \"c\" > there", "> there", "\\n", "two\nlines", "", "*"],
            &["bash", "-c", "printf '%s|' \"$@\"", "bash", "it's", "\"", "a  b", "", "; touch there"],
        ];
        let printed = printed(way, &path, None, &commands).await;
        assert_eq!(printed[0], "hi there\n");
        assert_eq!(printed[1], "a 'b' \"c\" > there\n> there\n\\n\ntwo\nlines\n\n*\n");
        assert_eq!(printed[2], "it's|\"|a  b||; touch there|");
    }
}

/// X2: "`["echo","$(id -u)"]` executes the substitution; with `timeout` set, X1's command fails with rc 2".
#[tokio::test]
async fn x2_a_substitution_in_an_argument_is_text_with_a_timeout_too() {
    let words =
        ["$(touch pwned)", "`touch pwned`", "$HOME", "${PATH}", "$((1+1))", "~", "!!", "a;touch pwned"];
    let command: Vec<&str> = ["printf", "%s\n"].into_iter().chain(words).collect();
    for way in WAYS {
        for timeout in [None, Some(Duration::from_secs(600))] {
            let (_dir, path) = workdir();
            let commands: [&[&str]; 2] = [&command, &["bash", "-c", "echo \"hi there\""]];
            let printed = printed(way, &path, timeout, &commands).await;
            assert_eq!(printed[0].lines().collect::<Vec<_>>(), words, "{way:?}, {timeout:?}");
            assert_eq!(printed[1], "hi there\n", "{way:?}, {timeout:?}");
        }
    }
}

/// X3: "workdir with a space: status FINISHED, output written to `/path/w` instead of `/path/w d/0/job.stdout`".
#[tokio::test]
async fn x3_a_work_directory_may_have_any_name() {
    let names: [&[u8]; 8] =
        [b"w d", b"it's", b"a\"b", b"$HOME", b"$(touch pwned)", b"two\nlines", b"-w *", b"\xFF\xFE bytes"];
    for way in WAYS {
        for name in names {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(OsString::from_vec(name.to_vec()));
            let printed = printed(way, &path, None, &[&["echo", "here"]]).await;
            assert_eq!(printed, ["here\n"], "{way:?}, {}", path.display());
            let beside: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|it| it.unwrap().path()).collect();
            assert_eq!(beside, std::slice::from_ref(&path), "{way:?}");
            assert_eq!(fs::read_to_string(path.join("0/job.status")).unwrap(), "6\n");
        }
    }
}
