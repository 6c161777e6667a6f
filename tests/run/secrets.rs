//! Who sees what a job's environment holds? The job, and nobody else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use xqute::{JobSpec, RunEvent, Secret};

use crate::plugins::keeps::Keeps;
use crate::{run_of, workdir};

const SECRET: &str = "hunter2-SECRET-value";

/// Every file below a directory.
fn files(below: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![below.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found
}

/// The job proves that it has it, fails once, and is killed by its time in a script of its own.
#[tokio::test]
async fn a_jobs_environment_is_written_nowhere_and_shown_nowhere() {
    for wrapped in [false, true] {
        let (dir, builder) = run_of(&["acts"]);
        let builder = builder.config("acts", SECRET).scheduler_opt("queue", "long");
        let builder = if wrapped { builder.prescript(":") } else { builder };
        let spec =
            JobSpec::new(["sh", "-c", "[ ${#TOKEN} = 20 ] && echo has it"]).env("TOKEN", SECRET).data(SECRET);
        let mut shown = vec![format!("{builder:?} {builder:#?}"), format!("{spec:?} {spec:#?}")];
        let run = builder.build().unwrap();
        let mut events = run.events();
        run.feed(spec).await.unwrap();
        run.feed(JobSpec::new(["no-such-program"]).env("TOKEN", SECRET).cwd("/no/such/directory"))
            .await
            .unwrap();
        let summary = run.run_until_complete().await.unwrap();
        shown.push(format!("{run:?} {run:#?} {:?} {:?} {:?}", run.run(), run.scheduler(), run.plugins()));
        shown.push(format!("{summary} {summary:?}"));
        while let Some(event) = events.next().await {
            if let RunEvent::Reached(_, job) = &event {
                shown.push(job.outcome().map(ToString::to_string).unwrap_or_default());
            }
            shown.push(format!("{event:?}"));
        }
        assert_eq!((summary.counts.succeeded, summary.counts.failed), (1, 1), "{summary}");
        for text in shown {
            assert!(!text.contains("hunter2"), "{text}");
        }
        let (work, mut wrappers) = (workdir(&dir), 0);
        for path in files(&work) {
            let (bytes, mode) = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().permissions().mode());
            assert!(!bytes.windows(7).any(|it| it == b"hunter2"), "{}", path.display());
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
            wrappers += usize::from(path.ends_with("job.wrapped.local"));
        }
        assert_eq!(wrappers, if wrapped { 2 } else { 0 });
        assert_eq!(fs::read_to_string(work.join("0/job.stdout")).unwrap(), "has it\n");
        assert!(work.join("journal").exists());
    }
}

/// Not even one that was given a variable of that name itself.
#[tokio::test]
async fn no_job_has_a_variable_that_a_plugins_secret_is_in() {
    for wrapped in [false, true] {
        let (dir, builder) = run_of(&["keeps"]);
        // Every test has it from cargo.
        let name = "CARGO_PKG_NAME";
        let keeps = Keeps { secret: Some(Secret::Env(name.to_owned())), ..Keeps::default() };
        let builder = builder.config("keeps", keeps);
        let run = if wrapped { builder.prescript(":") } else { builder }.build().unwrap();
        assert_eq!(run.run().withheld(), [name]);
        let script = "echo ${CARGO_PKG_NAME-none} ${CARGO_PKG_VERSION-none} $OTHER";
        run.feed(JobSpec::new(["sh", "-c", script]).env(name, "given").env("OTHER", "seen")).await.unwrap();
        let summary = run.run_until_complete().await.unwrap();
        assert_eq!(fs::read_to_string(workdir(&dir).join("0/job.stdout")).unwrap(), "none 0.0.0 seen\n");
        let told = "no job has the variable `CARGO_PKG_NAME` that it was given: a plugin's secret is in the one of that name";
        assert!(summary.notes.iter().any(|it| it == told), "{summary}");
    }
}

/// A variable that no program can be given is told by its name, not by its value.
#[tokio::test]
async fn a_variable_that_cannot_be_one_is_told_without_its_value() {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.build().unwrap();
    let error = run.feed(JobSpec::new(["true"]).env("TOKEN", format!("{SECRET}\0"))).await.unwrap_err();
    let told = "the environment variable \"TOKEN\" of a job is none: its name is empty or has a `=`, or there is a NUL byte in it";
    assert_eq!((error.to_string(), format!("{error:?}")), (told.to_owned(), told.to_owned()));
    for name in ["", "A=B", "A\0"] {
        assert!(run.feed(JobSpec::new(["true"]).env(name, SECRET)).await.is_err(), "{name:?}");
    }
    assert_eq!(run.run_until_complete().await.unwrap().counts.total(), 0);
}
