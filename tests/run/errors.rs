//! What is a user told who asks for what cannot be? One error for each mistake, which says what to do.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use xqute::{BuildError, Error, JobSpec, RunError, Xqute, XquteBuilder};

use crate::stage::{Gate, outcome, rest, sh};
use crate::{run_of, workdir};

/// How a job ended that is alone in its run, and what it wrote to its standard error.
async fn end_of(job: JobSpec, wrap: fn(XquteBuilder) -> XquteBuilder) -> (String, String) {
    let (dir, builder) = run_of(&["acts"]);
    let run = wrap(builder).build().unwrap();
    let mut events = run.events();
    run.feed(job).await.unwrap();
    run.run_until_complete().await.unwrap();
    let errors = fs::read_to_string(workdir(&dir).join("0/job.stderr")).unwrap_or_default();
    (outcome(&rest(&mut events).await, 0), errors)
}

async fn directly(job: JobSpec) -> String {
    let (outcome, errors) = end_of(job, |builder| builder).await;
    assert_eq!(errors, "");
    outcome
}

/// Another process writes it: no descriptor of it can leak into a job that starts meanwhile, which would keep it from being
/// run.
fn file(dir: &TempDir, name: &str, text: &str, mode: u32) -> String {
    let path = dir.path().join(name);
    let script = ["-c", "printf %s \"$2\" >\"$1\"", "sh"];
    assert!(Command::new("sh").args(script).arg(&path).arg(text).status().unwrap().success());
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_program_that_cannot_be_run_is_told_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let plain = file(&dir, "plain", "#!/bin/sh\n", 0o644);
    let lost = file(&dir, "lost", "#!/no/such/shell\n", 0o755);
    let text = file(&dir, "text", "echo it\n", 0o755);
    let folder = dir.path().to_str().unwrap().to_owned();
    let why = [
        ("no-such-program".to_owned(), "command not found in PATH"),
        (String::new(), "command not found in PATH"),
        ("/no/such".to_owned(), "no such file, or the interpreter that its first line names is missing"),
        (lost, "no such file, or the interpreter that its first line names is missing"),
        (plain, "not executable (chmod +x makes a script so)"),
        (folder, "not executable (chmod +x makes a script so)"),
        (
            text,
            "neither a program for this machine nor a script whose first line names its interpreter (#!/bin/sh)",
        ),
    ];
    for (program, why) in why {
        let told = directly(JobSpec::new([&*program, "a"])).await;
        assert_eq!(told, format!("failed: could not be started: `{program}`: {why}"));
    }
}

/// In a script, the shell says it, where the command would have.
#[tokio::test]
async fn in_a_script_a_program_that_cannot_be_run_is_told_by_the_shell() {
    let dir = tempfile::tempdir().unwrap();
    let plain = file(&dir, "plain", "#!/bin/sh\n", 0o644);
    let why = [("no-such-program", 127, "command not found"), (&plain, 126, "Permission denied")];
    for (program, code, why) in why {
        let (told, errors) = end_of(JobSpec::new([program]), |builder| builder.prescript(":")).await;
        assert_eq!(told, format!("failed: exit code {code}"));
        assert!(errors.ends_with(&format!(": {program}: {why}\n")), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[tokio::test]
async fn a_working_directory_that_is_none_is_told_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let plain = file(&dir, "plain", "", 0o644);
    for (cwd, why) in [
        ("/no/such".to_owned(), "there is no such directory: make it first"),
        (plain.clone(), "it is no directory"),
        (format!("{plain}/below"), "Not a directory (os error 20)"),
    ] {
        let expected =
            format!("failed: could not be started: cannot run in the working directory {cwd}: {why}");
        assert_eq!(directly(JobSpec::new(["true"]).cwd(&cwd)).await, expected);
        // Nor in a script, nor with a program that there is none of either.
        let (told, _) = end_of(JobSpec::new(["true"]).cwd(&cwd), |builder| builder.prescript(":")).await;
        assert_eq!(told, expected);
        assert_eq!(directly(JobSpec::new(["no-such-program"]).cwd(&cwd)).await, expected);
    }
}

#[tokio::test]
async fn a_nul_byte_is_refused_where_it_is_fed() {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.build().unwrap();
    let argument =
        |n| format!("argument {n} of the command has a NUL byte in it: no program can be given one");
    for (job, told) in [
        (JobSpec::new(["echo", "a", "b\0"]), argument(2)),
        (JobSpec::new(["\0"]), argument(0)),
        (JobSpec::parse("echo '\0'"), argument(1)),
        (
            JobSpec::new(["true"]).cwd("/tmp/\0"),
            "the working directory \"/tmp/\\0\" of a job has a NUL byte in it".to_owned(),
        ),
    ] {
        assert_eq!(run.feed(job).await.unwrap_err().to_string(), told);
    }
    assert_eq!(run.feed(["true"]).await.unwrap(), 0, "what was refused has no index");
    assert!(run.run_until_complete().await.unwrap().is_success());
}

#[test]
fn a_work_directory_that_is_a_file_or_below_one_is_an_error_of_build() {
    let dir = tempfile::tempdir().unwrap();
    let plain = file(&dir, "plain", "", 0o644);
    let below = format!("{plain}/below");
    for path in [&plain, &below] {
        let error = Xqute::builder().workdir(path).build().unwrap_err();
        assert!(matches!(error, Error::Build(BuildError::WorkDir(_))));
        let why = format!("{plain} is a file, no directory: choose another (`workdir`, -w DIR)");
        assert_eq!(error.to_string(), format!("cannot use the work directory {path}: {why}"));
    }
}

/// As a user who may not: to root every directory is writable.
#[test]
fn a_work_directory_that_is_not_writable_is_an_error_of_build() {
    let dir = tempfile::tempdir().unwrap();
    let (program, kept) = (dir.path().join("builds"), dir.path().join("kept"));
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_builds")).arg(&program).status();
    assert!(copied.unwrap().success());
    fs::create_dir(&kept).unwrap();
    for (path, mode) in [(dir.path(), 0o755), (&program, 0o755), (&kept, 0o555)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let as_nobody: Vec<&str> = if is_root { nobody.to_vec() } else { Vec::new() };
    for path in [kept.clone(), kept.join("a/b")] {
        let words: Vec<_> = as_nobody.iter().map(Path::new).chain([&*program, &*path]).collect();
        let output = Command::new(words[0]).args(&words[1..]).output().unwrap();
        let why = format!("{} is not writable: choose another (`workdir`, -w DIR)", kept.display());
        let told = format!("cannot use the work directory {}: {why}\n", path.display());
        assert_eq!(String::from_utf8(output.stdout).unwrap(), told);
        assert_eq!((output.status.code(), output.stderr), (Some(1), Vec::new()));
        assert_eq!(fs::read_dir(&kept).unwrap().count(), 0);
    }
}

/// A job's directory cannot be made, because something is in its place.
#[tokio::test]
async fn files_that_cannot_be_written_stop_the_run() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.build().unwrap();
    let mut gate = Gate::new(&dir, "gate");
    run.feed(sh("read x <\"$1\"", &[&gate.path])).await.unwrap();
    fs::write(workdir(&dir).join("1"), "").unwrap();
    run.feed(["true"]).await.unwrap();
    run.feed(["true"]).await.unwrap();
    gate.open();
    let error = run.run_until_complete().await.unwrap_err();
    let Error::Ended(ended) = &error else { panic!("{error}") };
    assert!(matches!(**ended, RunError::Storage(_)));
    let place = workdir(&dir).join("1");
    assert_eq!(
        error.to_string(),
        format!(
            "the run was stopped: cannot read {}: Not a directory (os error 20); free space or mend the directory, then run again on the same work directory",
            place.display()
        )
    );
    assert!(workdir(&dir).join("0/job.rc").exists() && !workdir(&dir).join("2").exists());
}
