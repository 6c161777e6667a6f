//! Does each job without files of its own have what it wrote, all of it and nothing else?

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use super::scene::Scene;
use crate::backend::{Kill, Submission};
use crate::job::{Failure, JobFiles, Output, Stream};

fn job(scene: &Scene, index: usize, script: &str) -> Submission {
    let files = JobFiles::new(scene.workdir.path().into(), index);
    Submission { index, files, output: Output::Bundle, ..scene.bash(script) }
}

fn written(files: &JobFiles) -> [Option<String>; 2] {
    [Stream::Stdout, Stream::Stderr].map(|stream| {
        let mut text = String::new();
        files.output(stream).unwrap()?.read_to_string(&mut text).unwrap();
        Some(text)
    })
}

fn both(stdout: &str, stderr: &str) -> [Option<String>; 2] {
    [Some(stdout.to_owned()), Some(stderr.to_owned())]
}

fn entries(scene: &Scene) -> Vec<PathBuf> {
    let all = fs::read_dir(scene.workdir.path().join("local.output")).unwrap();
    all.map(|it| it.unwrap().path()).collect()
}

#[tokio::test]
async fn jobs_have_no_directories_and_each_has_its_output() {
    let scene = Scene::new();
    let wide = "x".repeat(100_000);
    let scripts = [
        ("echo out; echo err >&2", "out\n".to_owned(), "err\n".to_owned()),
        ("true", String::new(), String::new()),
        ("printf '%100000s' | tr ' ' x; exit 3", wide.clone(), String::new()),
        ("echo last >&2", String::new(), "last\n".to_owned()),
        // So much is not copied.
        (
            "echo few; for i in 1 2 3; do printf '%100000s' | tr ' ' x >&2; done",
            "few\n".into(),
            wide.repeat(3),
        ),
        ("echo end", "end\n".to_owned(), String::new()),
    ];
    fs::remove_dir_all(scene.job(["true"]).files.metadir()).unwrap();
    for (index, (script, ..)) in scripts.iter().enumerate() {
        let end = if index == 2 { Err(Failure::ExitCode(3)) } else { Ok(()) };
        let job = job(&scene, index, script);
        fs::remove_dir_all(scene.workdir.path().join("0")).unwrap();
        assert_eq!(scene.run(job).await.0, end);
    }
    for (index, (script, stdout, stderr)) in scripts.iter().enumerate() {
        let files = JobFiles::new(scene.workdir.path().into(), index);
        assert!(!files.metadir().exists());
        assert!(written(&files) == both(stdout, stderr), "{script}");
    }
    let none = JobFiles::new(scene.workdir.path().into(), scripts.len());
    assert_eq!(written(&none), [None, None]);
    // The index, what earlier attempts wrote, the rest of it, the large one, and the supervisor's own.
    assert_eq!(entries(&scene).len(), 5, "{:?}", entries(&scene));
}

#[tokio::test]
async fn what_a_job_left_behind_writes_into_no_other_output() {
    let scene = Scene::new();
    let fifo = scene.fifo();
    let (go, gone) = (scene.workdir.path().join("go"), scene.workdir.path().join("gone"));
    let make = |path: &PathBuf| {
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    };
    [&go, &gone].into_iter().for_each(make);
    // In its group, and in a session of its own, which no group tells of.
    for (number, away) in [(0, ""), (1, "setsid ")] {
        let (go, gone) = (go.display(), gone.display());
        let late = format!("read line < '{go}'; echo late; echo late >&2; echo > '{gone}'");
        let first = format!("{away}bash -c \"{late}\" & echo own; printf r > \"$1\"");
        let second = format!("echo mine; echo > '{go}'; read line < '{gone}'; echo mine >&2");
        let (first, second) = (job(&scene, 2 * number, &first), job(&scene, 2 * number + 1, &second));
        let files = [first.files.clone(), second.files.clone()];
        assert_eq!(scene.run(first).await.0, Ok(()));
        fifo.ready(1).await;
        assert_eq!(scene.run(second).await.0, Ok(()));
        assert_eq!(written(&files[0]), both("own\n", ""));
        assert_eq!(written(&files[1]), both("mine\n", "mine\n"), "after {away:?}");
    }
}

#[tokio::test]
async fn a_job_that_opens_its_output_anew_empties_no_other() {
    let scene = Scene::new();
    let fifo = scene.fifo();
    let waits = job(&scene, 0, "echo first; printf r > \"$1\"; sleep 1000");
    let anew = job(&scene, 1, "echo lost; echo kept > /dev/stdout; echo err > /dev/stderr");
    let files = [waits.files.clone(), anew.files.clone()];
    let waits = scene.submit(waits).await.unwrap();
    fifo.ready(1).await;
    assert_eq!(scene.run(anew).await.0, Ok(()));
    scene.kill(&waits, Kill::Kill).await;
    assert!(scene.end(&waits).await.0.is_err());
    assert_eq!(written(&files[0]), both("first\n", ""));
    assert_eq!(written(&files[1]), both("kept\n", "err\n"));
}

#[tokio::test]
async fn each_attempt_has_its_output_and_the_last_one_counts() {
    let scene = Scene::new();
    for attempt in 0..3 {
        let job = Submission { attempt, ..job(&scene, 7, &format!("echo {attempt}")) };
        assert_eq!(scene.run(job).await.0, Ok(()));
    }
    let files = JobFiles::new(scene.workdir.path().into(), 7);
    assert_eq!(written(&files), both("2\n", ""));
    let text = |mut it: crate::job::Written| {
        let mut text = String::new();
        it.read_to_string(&mut text).unwrap();
        text
    };
    let earlier = files.earlier_output(Stream::Stdout).unwrap();
    assert_eq!(earlier.into_iter().flatten().map(text).collect::<Vec<_>>(), ["0\n", "1\n"]);
}

#[tokio::test]
async fn what_runs_is_followed_into_what_is_kept() {
    let scene = Scene::new();
    let fifo = scene.fifo();
    let go = scene.workdir.path().join("go");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &go, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let script = format!("echo begun; printf r > \"$1\"; read line < '{}'; echo over", go.display());
    let asked = job(&scene, 0, &script);
    let files = asked.files.clone();
    let running = scene.submit(asked).await.unwrap();
    fifo.ready(1).await;
    assert_eq!(written(&files), [None, None], "it has not ended");
    let read = |written: &mut crate::job::Written| {
        let mut text = String::new();
        written.read_to_string(&mut text).unwrap();
        text
    };
    let mut live = files.follow(Stream::Stdout, None).unwrap().unwrap();
    assert_eq!(read(&mut live), "begun\n");
    assert!(files.follow(Stream::Stdout, Some(&live)).unwrap().is_none(), "it is the same");
    tokio::task::spawn_blocking(move || fs::write(go, "\n")).await.unwrap().unwrap();
    assert_eq!(scene.end(&running).await.0, Ok(()));
    // Its pair is another job's now.
    assert_eq!(scene.run(job(&scene, 1, "echo another; echo job")).await.0, Ok(()));
    assert_eq!(read(&mut live), "");
    let mut kept = files.follow(Stream::Stdout, Some(&live)).unwrap().unwrap();
    assert_eq!(read(&mut kept), "over\n");
    assert!(files.follow(Stream::Stdout, Some(&kept)).unwrap().is_none());
}
