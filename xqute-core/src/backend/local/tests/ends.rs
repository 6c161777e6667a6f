//! Is a job run as it was asked for, and its end told as it was?

use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use rustix::process::Pid;

use super::scene::{Scene, variable};
use crate::backend::local::proc::Stat;
use crate::backend::{Backend, Env};
use crate::job::{Failure, PeakMemory, Signal};

#[tokio::test]
async fn a_job_runs_without_a_shell_and_its_output_is_kept() {
    let scene = Scene::new();
    let job = scene.job(["printf", "%s", "$(id) `id` 'x'"]);
    let files = job.files.clone();
    fs::write(files.stdout(), "what an earlier attempt wrote, which is long enough").unwrap();
    assert_eq!(scene.run(job).await.0, Ok(()));
    assert_eq!(fs::read_to_string(files.stdout()).unwrap(), "$(id) `id` 'x'");
    assert_eq!(fs::read_to_string(files.stderr()).unwrap(), "");
    assert_eq!(fs::metadata(files.stderr()).unwrap().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn an_end_is_told_as_it_was() {
    let ends = [
        ("exit 3", Err(Failure::ExitCode(3))),
        ("kill -9 $$", Err(Failure::Signal(Signal(9)))),
        ("kill -TERM $$", Err(Failure::Signal(Signal(15)))),
        // The standard input is empty.
        ("read line", Err(Failure::ExitCode(1))),
        ("exit 0", Ok(())),
    ];
    for (script, end) in ends {
        let scene = Scene::new();
        assert_eq!(scene.run(scene.bash(script)).await.0, end, "{script}");
    }
}

#[tokio::test]
async fn a_job_leads_a_group_of_its_own_and_is_known_by_number_and_start() {
    let (scene, reader) = (Scene::new(), Scene::new());
    let fifo = scene.fifo();
    let job = scene.submit(scene.bash("exec > \"$1\"; printf r; exec sleep 1000")).await.unwrap();
    fifo.ready(1).await;
    let process = job.process.unwrap();
    assert!(job.running);
    assert_eq!(*job.jid, process.pid.to_string());
    let stat = Stat::read(Pid::from_raw(process.pid).unwrap()).unwrap();
    assert_eq!((stat.group, stat.start), (process.pid, process.start));
    // As another program reads it.
    let script = format!("read -r _ < /proc/{0}/stat && awk '{{print $22}}' /proc/{0}/stat", process.pid);
    let asked = reader.bash(&script);
    let files = asked.files.clone();
    assert_eq!(reader.run(asked).await.0, Ok(()));
    assert_eq!(fs::read_to_string(files.stdout()).unwrap().trim(), process.start.to_string());
    scene.kill(&job, crate::backend::Kill::Kill).await;
    assert_eq!(scene.end(&job).await.0, Err(Failure::Signal(Signal(9))));
}

#[tokio::test]
async fn variables_and_directory_arrive_as_they_are() {
    let scene = Scene::new();
    let mut job = scene.job(["env", "-0"]);
    let bytes = std::ffi::OsString::from_vec(b"not \xff text".to_vec());
    job.env = Env(vec![
        ("LINES_OF_IT".into(), "two\nlines".into()),
        ("BYTES".into(), bytes.clone()),
        ("XQUTE_JOB_INDEX".into(), "a lie".into()),
    ]);
    let directory = fs::canonicalize(scene.workdir.path()).unwrap();
    job.cwd = Some(directory.clone());
    let files = job.files.clone();
    assert_eq!(scene.run(job).await.0, Ok(()));
    let environ = fs::read(files.stdout()).unwrap();
    let is = |name: &str| variable(&environ, name).map(ToOwned::to_owned);
    assert_eq!(is("LINES_OF_IT"), Some("two\nlines".into()));
    assert_eq!(is("BYTES"), Some(bytes));
    assert_eq!(is("XQUTE_JOB_INDEX"), Some("0".into()));
    assert_eq!(is("XQUTE_METADIR"), Some(scene.workdir.path().into()));
    assert_eq!(is("XQUTE_JOB_METADIR"), Some(files.metadir().into()));
    assert_eq!(is("PATH"), std::env::var_os("PATH"), "the program's own are kept");
    let mut job = scene.job(["pwd", "-P"]);
    job.cwd = Some(directory.clone());
    assert_eq!(scene.run(job).await.0, Ok(()));
    assert_eq!(fs::read_to_string(files.stdout()).unwrap().trim_end(), directory.to_str().unwrap());
}

#[tokio::test]
async fn a_script_runs_instead_of_the_command_and_what_it_prints_is_added_to_its_log() {
    let scene = Scene::new();
    let mut job = scene.job(["false"]);
    let (files, script) = (job.files.clone(), job.files.script("local"));
    fs::write(
        &script,
        "echo log; echo more >&2\necho \"$GIVEN\" > \"$XQUTE_JOB_METADIR/job.stdout\"\nexit 5\n",
    )
    .unwrap();
    fs::write(files.script_log(), "before\n").unwrap();
    fs::set_permissions(files.script_log(), fs::Permissions::from_mode(0o600)).unwrap();
    job.script = Some(script);
    job.env = Env(vec![("GIVEN".into(), "its own".into())]);
    assert_eq!(scene.run(job).await.0, Err(Failure::ExitCode(5)));
    assert_eq!(fs::read_to_string(files.script_log()).unwrap(), "before\nlog\nmore\n");
    assert_eq!(fs::read_to_string(files.stdout()).unwrap(), "its own\n");
    assert_eq!(fs::read(files.stderr()).unwrap(), b"", "there is room for it before the script begins");
}

#[tokio::test]
async fn what_a_job_used_is_told() {
    let scene = Scene::new();
    // Until the system says that it has used 0.2 seconds.
    let burn = "while read -r it < /proc/$$/stat; set -- ${it##*)}; (( ${12} < 20 )); do :; done";
    let (end, usage) = scene.run(scene.bash(burn)).await;
    assert_eq!(end, Ok(()));
    let usage = usage.unwrap();
    assert!(usage.user.as_millis() >= 190 && usage.cpu().as_secs() < 60, "{usage:?}");
    // `tail` keeps what has no end of line; bash waits for it.
    let hold = "head -c 200000000 /dev/zero | tail -n 1 > /dev/null; :";
    let (end, usage) = scene.run(scene.bash(hold)).await;
    assert_eq!(end, Ok(()));
    let peak = usage.unwrap().peak_memory;
    assert!(matches!(peak, PeakMemory::Exactly(200_000_000..400_000_000)), "{peak:?}");
    let peak = scene.run(scene.job(["true"])).await.1.unwrap().peak_memory;
    assert!(matches!(peak, PeakMemory::AtMost(1_000_000..)), "{peak:?}");
}

#[tokio::test]
async fn hundreds_of_jobs_are_all_told_and_nothing_is_left_of_them() {
    let scene = Scene::new();
    let jobs: Vec<_> = (0..300).map(|_| scene.job(["true"])).collect();
    let accepted = scene.backend.submit(&jobs).await;
    let mut running: std::collections::HashSet<_> = accepted.into_iter().map(|it| it.unwrap().jid).collect();
    assert_eq!(running.len(), 300);
    while !running.is_empty() {
        for it in scene.backend.observe(&[]).await.unwrap() {
            assert!(running.remove(&it.jid), "{it:?}");
        }
    }
    // Who asks again has taken in what was told.
    assert!(tokio::time::timeout(std::time::Duration::ZERO, scene.backend.observe(&[])).await.is_err());
    assert!(scene.backend.shared.jobs.are_none());
    drop(scene);
    while tokio::runtime::Handle::current().metrics().num_alive_tasks() > 0 {
        tokio::task::yield_now().await;
    }
}
