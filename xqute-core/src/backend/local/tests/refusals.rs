//! Is each job that cannot start told in one clear text?

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::scene::Scene;
use crate::backend::{Env, Refused, Submission};

/// Why a job is refused, which is the job's fault.
async fn told(scene: &Scene, job: Submission) -> String {
    match scene.submit(job).await {
        Err(Refused::ForGood(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// Why a program does not start, without its name.
async fn why(words: &[&str]) -> String {
    let scene = Scene::new();
    let told = told(&scene, scene.job(words.iter().copied())).await;
    told.strip_prefix(&format!("`{}`: ", words[0])).unwrap().to_owned()
}

/// An executable file. Another process writes it: no descriptor of it can leak into a job that starts meanwhile, which would
/// keep it from being run.
fn executable(scene: &Scene, text: &str) -> PathBuf {
    let path = scene.workdir.path().join("program");
    let made = Command::new("sh")
        .args(["-c", "printf %s \"$2\" > \"$1\" && chmod 755 \"$1\"", "sh"])
        .arg(&path)
        .arg(text)
        .status();
    assert!(made.unwrap().success());
    path
}

#[tokio::test]
async fn a_program_that_is_not_there() {
    assert_eq!(why(&["no-such-program"]).await, "command not found in PATH");
    let missing = "no such file, or the interpreter that its first line names is missing";
    assert_eq!(why(&["/no/such/program"]).await, missing);
    assert_eq!(why(&["./no-such-program"]).await, missing);
}

#[tokio::test]
async fn a_program_that_is_none() {
    assert_eq!(why(&["/"]).await, "not executable (chmod +x makes a script so)");
    assert_eq!(why(&["/etc/passwd"]).await, "not executable (chmod +x makes a script so)");
    let scene = Scene::new();
    let script = executable(&scene, "#!/no/such/interpreter\n");
    let text = told(&scene, scene.job([&script])).await;
    assert!(text.contains("the interpreter that its first line names is missing"), "{text}");
    let text = told(&scene, scene.job([executable(&scene, "echo hello\n")])).await;
    assert!(text.contains("nor a script whose first line names its interpreter"), "{text}");
}

#[tokio::test]
async fn a_name_is_looked_for_in_the_path_that_the_job_has() {
    let scene = Scene::new();
    let told_of = async |name: &str| {
        let mut job = scene.job([name]);
        job.env = Env(vec![("PATH".into(), scene.workdir.path().into())]);
        told(&scene, job).await
    };
    executable(&scene, "#!/no/such/interpreter\n");
    fs::write(scene.workdir.path().join("text"), "").unwrap();
    assert!(told_of("program").await.starts_with("`program`: no such file, or the interpreter"));
    assert_eq!(told_of("text").await, "`text`: not executable (chmod +x makes a script so)");
    assert_eq!(told_of("true").await, "`true`: command not found in PATH");
}

#[tokio::test]
async fn too_many_arguments() {
    let text = why(&["echo", "short", &"x".repeat(200_000)]).await;
    let start =
        "argument list too long: 200012 bytes in 3 words, the longest of 200001, and 0 in its own variables;";
    assert!(text.starts_with(start), "{text}");
}

#[tokio::test]
async fn a_working_directory_that_is_none() {
    let scene = Scene::new();
    let told_in = async |cwd: &Path, program: &str| {
        let mut job = scene.job([program]);
        job.cwd = Some(cwd.to_owned());
        told(&scene, job).await
    };
    let missing = scene.workdir.path().join("missing");
    let start = format!("cannot run in the working directory {}: ", missing.display());
    let expected = format!("{start}there is no such directory: make it first");
    assert_eq!(told_in(&missing, "true").await, expected);
    assert_eq!(told_in(&missing, "/no/such/program").await, expected, "it is gone into first");
    fs::write(&missing, "").unwrap();
    assert_eq!(told_in(&missing, "true").await, format!("{start}it is no directory"));
    fs::remove_file(&missing).unwrap();
    fs::DirBuilder::new().mode(0o600).create(&missing).unwrap();
    // Root may enter any directory.
    if !rustix::process::geteuid().is_root() {
        let expected = format!("{start}you may not enter it (chmod +x lets you)");
        assert_eq!(told_in(&missing, "true").await, expected);
    }
    let good = scene.workdir.path();
    assert_eq!(told_in(good, "no-such-program").await, "`no-such-program`: command not found in PATH");
}

#[tokio::test]
async fn files_that_cannot_be_written_are_the_runs_trouble() {
    let scene = Scene::new();
    let mut job = scene.job(["true"]);
    let (out, log) = (job.files.stdout(), job.files.script_log());
    let blocked = async |job: &Submission, path: &Path| {
        let text = match scene.submit(job.clone()).await {
            Err(Refused::Storage(text)) => text,
            other => panic!("{other:?}"),
        };
        assert!(text.starts_with(&format!("cannot write a job's output to {}: ", path.display())), "{text}");
        assert!(text.contains("choose another work directory"), "{text}");
    };
    fs::create_dir(&out).unwrap();
    blocked(&job, &out).await;
    job.script = Some(job.files.script("local"));
    blocked(&job, &out).await;
    fs::remove_dir(&out).unwrap();
    fs::create_dir(&log).unwrap();
    blocked(&job, &log).await;
    fs::remove_dir_all(job.files.metadir()).unwrap();
    job.script = None;
    blocked(&job, &out).await;
}
