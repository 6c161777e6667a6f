//! Is everything written down before it is told, and nobody forgotten?

use std::ffi::CString;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::process::{Signal, kill_process};

use super::*;
use crate::backend::local::log::{Fate, History};
use crate::backend::local::record::{self, Attempt};

const ATTEMPT: Attempt = Attempt { run: 1, index: 2, number: 3 };

fn start(nursery: &mut Nursery, dir: &Path, words: &[&CStr]) -> Result<Record, NotStarted> {
    let file = |name| CString::new(dir.join(name).as_os_str().as_bytes()).unwrap();
    let (stdout, stderr) = (file("out"), file("err"));
    let (argv, cwd) = (words.to_vec(), c"");
    let output = To::Files { stdout: &stdout, stderr: &stderr, append: false };
    begin(nursery, &Start { attempt: ATTEMPT, at_once: 1, argv, env: vec![], cwd, output })
}

/// One without files of its own.
fn bundled(nursery: &mut Nursery, dir: &Path, index: u64, script: &CStr) -> Result<Record, NotStarted> {
    let directory = CString::new(dir.join("local.output").as_os_str().as_bytes()).unwrap();
    let (attempt, cwd) = (Attempt { index, ..ATTEMPT }, c"");
    let (argv, output) = (vec![c"sh", c"-c", script], To::Bundle { directory: &directory });
    begin(nursery, &Start { attempt, at_once: 1, argv, env: vec![], cwd, output })
}

fn begin(nursery: &mut Nursery, job: &Start<'_>) -> Result<Record, NotStarted> {
    // As in a supervisor's thread: `start` wants all signals blocked.
    std::thread::scope(|it| {
        let started = it.spawn(|| {
            system::block_signals();
            nursery.start(job, &Surroundings::default())
        });
        started.join().unwrap()
    })
}

/// What is told next.
fn told(nursery: &mut Nursery) -> Vec<Record> {
    loop {
        let told = nursery.look(|_| true, Instant::now() + PAUSES.1);
        if !told.is_empty() {
            return told;
        }
        std::thread::yield_now();
    }
}

fn nursery(dir: &Path) -> Nursery {
    Nursery::new(Log::open(dir).unwrap(), false).unwrap()
}

#[test]
fn a_start_and_an_end_stand_in_the_log_when_they_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut nursery = nursery(dir.path());
    let Record::Started { pid, .. } = start(&mut nursery, dir.path(), &[c"false"]).unwrap() else { panic!() };
    let known = *History::read(dir.path()).unwrap().get(ATTEMPT).unwrap();
    assert_eq!((known.pid, known.fate), (pid, None));
    let Record::Ended { end, .. } = told(&mut nursery)[0] else { panic!() };
    assert_eq!(History::read(dir.path()).unwrap().get(ATTEMPT).unwrap().fate, Some(Fate::Ended(end)));
    assert_eq!(end.status, 256);
    assert!(nursery.is_idle() && Stat::read(Pid::from_raw(pid).unwrap()).is_none(), "it is reaped");
}

#[test]
fn what_does_not_become_its_program_is_written_down_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut nursery = nursery(dir.path());
    let errno = libc::EACCES;
    assert_eq!(
        start(&mut nursery, dir.path(), &[c"/etc/passwd"]),
        Err(NotStarted { stage: Stage::Program, errno })
    );
    let fate = History::read(dir.path()).unwrap().get(ATTEMPT).unwrap().fate;
    assert_eq!(fate, Some(Fate::NotExecuted(errno)));
    assert!(nursery.is_idle());
}

#[test]
fn a_job_whose_start_cannot_be_written_down_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut nursery = Nursery::new(Log::of(full), false).unwrap();
    let mark = CString::new(dir.path().join("mark").as_os_str().as_bytes()).unwrap();
    let refused = start(&mut nursery, dir.path(), &[c"touch", &mark]);
    assert_eq!(refused, Err(NotStarted { stage: Stage::Log, errno: libc::ENOSPC }));
    assert!(!dir.path().join("mark").exists());
}

#[test]
fn an_end_that_cannot_be_written_down_is_told_and_written_when_it_can_be() {
    let dir = tempfile::tempdir().unwrap();
    let mut nursery = nursery(dir.path());
    start(&mut nursery, dir.path(), &[c"true"]).unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let log = std::mem::replace(&mut nursery.log, Log::of(full));
    assert!(matches!(told(&mut nursery)[..], [Record::Ended { .. }]));
    assert!(!nursery.is_idle() && nursery.pause(Instant::now()).is_some());
    nursery.log = log;
    assert_eq!(nursery.look(|_| true, Instant::now()), []);
    assert!(nursery.is_idle());
    let fate = History::read(dir.path()).unwrap().get(ATTEMPT).unwrap().fate;
    assert!(matches!(fate, Some(Fate::Ended(_))));
}

#[test]
fn an_end_that_somebody_else_took_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let mut nursery = nursery(dir.path());
    let started = start(&mut nursery, dir.path(), &[c"sleep", c"1000"]).unwrap();
    let Record::Started { pid, .. } = started else { panic!() };
    let child = Pid::from_raw(pid).unwrap();
    kill_process(child, Signal::KILL).unwrap();
    waitpid(Some(child), WaitOptions::empty()).unwrap();
    let told = told(&mut nursery);
    assert!(matches!(told[..], [Record::Lost { errno: libc::ECHILD, .. }]), "{told:?}");
    let seen = crate::backend::local::jobs::untold(libc::ECHILD);
    assert!(format!("{seen:?}").contains("SIGCHLD"));
}

/// In a program without a supervisor.
fn guarded(dir: &Path) -> Nursery {
    Nursery::new(Log::open(dir).unwrap(), true).unwrap()
}

#[test]
fn a_guardian_writes_the_end_down_once_and_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let mut nursery = guarded(dir.path());
    let Record::Started { pid, .. } = start(&mut nursery, dir.path(), &[c"false"]).unwrap() else { panic!() };
    let guardian = nursery.children[0].guardian.unwrap();
    let Record::Ended { end, .. } = told(&mut nursery)[0] else { panic!() };
    assert_eq!(end.status, 256);
    let log = std::fs::read(dir.path().join("local.log")).unwrap();
    let kinds: Vec<bool> = record::read(&log).map(|it| matches!(it, Record::Ended { .. })).collect();
    assert_eq!(kinds, [false, true], "a start and an end");
    let is_gone = |it: Pid| Stat::read(it).is_none();
    assert!(nursery.is_idle() && is_gone(guardian) && is_gone(Pid::from_raw(pid).unwrap()));
}

#[test]
fn what_a_guardian_cannot_start_is_told_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut nursery = guarded(dir.path());
    let refused = start(&mut nursery, dir.path(), &[c"/etc/passwd"]);
    assert_eq!(refused, Err(NotStarted { stage: Stage::Program, errno: libc::EACCES }));
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    nursery.log = Log::of(full);
    let refused = start(&mut nursery, dir.path(), &[c"true"]);
    assert_eq!(refused, Err(NotStarted { stage: Stage::Log, errno: libc::ENOSPC }));
    assert!(nursery.is_idle());
}

/// Its job goes on, and is not told to have ended before it has.
#[test]
fn a_job_whose_guardian_is_killed_ends_when_it_does_and_nobody_knows_how() {
    let dir = tempfile::tempdir().unwrap();
    let mut nursery = guarded(dir.path());
    let started = start(&mut nursery, dir.path(), &[c"sleep", c"1000"]).unwrap();
    let Record::Started { pid, .. } = started else { panic!() };
    kill_process(nursery.children[0].guardian.unwrap(), Signal::KILL).unwrap();
    for _ in 0..20 {
        assert_eq!(nursery.look(|_| true, Instant::now() + PAUSES.1), []);
    }
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    assert!(matches!(told(&mut nursery)[..], [Record::Lost { errno: libc::EOWNERDEAD, .. }]));
    let seen = crate::backend::local::jobs::untold(libc::EOWNERDEAD);
    assert!(matches!(seen, crate::backend::Seen::Exited { end: Err(crate::Failure::Unknown(_)), .. }));
}

/// The program knows the end, but may die before it has written that down: the guardian does, when it can.
#[test]
fn a_guardian_goes_only_when_the_end_is_written_down_and_is_not_waited_for() {
    use rustix::process::{Resource, Rlimit, prlimit};
    let dir = tempfile::tempdir().unwrap();
    let mut nursery = guarded(dir.path());
    let started = start(&mut nursery, dir.path(), &[c"sleep", c"1000"]).unwrap();
    let Record::Started { pid, .. } = started else { panic!() };
    let guardian = nursery.children[0].guardian.unwrap();
    let limit = |current| {
        let before = prlimit(Some(guardian), Resource::Fsize, Rlimit { current, maximum: None });
        before.unwrap()
    };
    limit(Some(1));
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    assert!(matches!(told(&mut nursery)[..], [Record::Ended { .. }]));
    let fate = || History::read(dir.path()).unwrap().get(ATTEMPT).unwrap().fate;
    assert_eq!((fate(), nursery.busy.len()), (None, 1));
    limit(None);
    while !nursery.busy.is_empty() {
        assert_eq!(nursery.look(|_| true, Instant::now()), []);
        std::thread::yield_now();
    }
    assert!(matches!(fate(), Some(Fate::Ended(_))));
    assert!(Stat::read(guardian).is_none());
}

/// Nothing of the program is held open by who outlives it.
#[test]
fn a_guardian_holds_no_file_of_its_program() {
    let dir = tempfile::tempdir().unwrap();
    let mut nursery = guarded(dir.path());
    let _held = std::fs::File::open("/dev/zero").unwrap();
    start(&mut nursery, dir.path(), &[c"sleep", c"1000"]).unwrap();
    let guardian = nursery.children[0].guardian.unwrap();
    let files = || {
        let all = std::fs::read_dir(format!("/proc/{guardian}/fd")).unwrap();
        let mut names: Vec<String> = all
            .map(|it| {
                std::fs::read_link(it.unwrap().path())
                    .map_or_else(|_| String::new(), |it| it.display().to_string())
            })
            .map(|it| it.split(':').next().unwrap_or_default().to_owned())
            .collect();
        names.sort_unstable();
        names
    };
    let log = dir.path().join("local.log").display().to_string();
    let mut expected = vec!["/dev/null".to_owned(); 3];
    expected.extend([log, "pipe".to_owned()]);
    expected.sort_unstable();
    // It lets go of them when the job has begun.
    while files() != expected {
        std::thread::yield_now();
    }
    let name = std::fs::read_to_string(format!("/proc/{guardian}/comm")).unwrap();
    assert_eq!(name, "xqute-guard\n");
    let job = nursery.children[0].pid;
    kill_process(job, Signal::KILL).unwrap();
    told(&mut nursery);
}

fn output(dir: &Path, index: usize) -> Option<String> {
    let files = crate::job::JobFiles::new(dir.into(), index);
    let mut text = String::new();
    let mut written = files.output(crate::job::Stream::Stdout).unwrap()?;
    written.read_to_string(&mut text).unwrap();
    Some(text)
}

#[test]
fn an_end_whose_output_cannot_be_kept_is_told_when_it_can_be_and_nothing_starts_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let mut nursery = nursery(dir.path());
    bundled(&mut nursery, dir.path(), 0, c"echo out").unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let data = nursery.slots.as_mut().unwrap().keeper().with_data(full);
    while nursery.fault().is_none() {
        assert_eq!(nursery.look(|_| true, Instant::now()), []);
        std::thread::yield_now();
    }
    assert_eq!(nursery.fault(), Some(libc::ENOSPC));
    let refused = bundled(&mut nursery, dir.path(), 1, c"echo next");
    assert_eq!(refused, Err(NotStarted { stage: Stage::Stdout, errno: libc::ENOSPC }));
    let [Record::Started { pid, .. }] = nursery.live()[..] else { panic!("it counts as one that runs") };
    assert!(nursery.pause(Instant::now()).is_some() && nursery.descriptors().next().is_none());
    assert!(Stat::read(Pid::from_raw(pid).unwrap()).is_some(), "the system still knows how it ended");
    assert_eq!(History::read(dir.path()).unwrap().open().count(), 1);
    nursery.slots.as_mut().unwrap().keeper().with_data(data);
    let told = nursery.look(|_| false, Instant::now() + RETRY);
    assert!(matches!(told[..], [Record::Ended { .. }]), "{told:?}");
    assert!(nursery.is_idle() && nursery.fault().is_none());
    assert_eq!(output(dir.path(), 0).as_deref(), Some("out\n"));
    bundled(&mut nursery, dir.path(), 1, c"echo next").unwrap();
}

/// Its own process ends at once; another of its group says what it has to say first.
#[test]
fn what_a_killed_jobs_group_writes_before_it_is_gone_is_kept_with_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    let mut nursery = nursery(path);
    let go = path.join("go");
    let waits = format!("while ! [ -e '{}' ]; do sleep 0.01; done; echo late", go.display());
    let script = CString::new(format!("( trap '' TERM; echo ready; {waits} ) & wait")).unwrap();
    let Record::Started { pid, start, .. } = bundled(&mut nursery, path, 0, &script).unwrap() else {
        panic!()
    };
    while std::fs::read(path.join("local.output/slots.0/0.out")).unwrap() != b"ready\n" {
        std::thread::yield_now();
    }
    nursery.kill(pid, start, Kill::Term);
    while output(path, 0).is_none() {
        assert_eq!(nursery.look(|_| true, Instant::now()), [], "something is left of it");
        std::thread::yield_now();
    }
    bundled(&mut nursery, path, 1, c"echo next").unwrap();
    std::fs::write(go, "").unwrap();
    let mut ends = 0;
    while ends < 2 {
        ends += told(&mut nursery).len();
    }
    assert_eq!(output(path, 0).as_deref(), Some("ready\nlate\n"));
    assert_eq!(output(path, 1).as_deref(), Some("next\n"));
    assert!(nursery.is_idle() && nursery.fault().is_none());
}

/// Starts jobs and waits until they have ended, but looks at none.
fn unseen(dir: &Path, scripts: &[&CStr]) -> Nursery {
    let mut nursery = nursery(dir);
    for (index, script) in scripts.iter().enumerate() {
        bundled(&mut nursery, dir, index as u64, script).unwrap();
    }
    for child in nursery.descriptors() {
        rustix::event::poll(
            &mut [rustix::event::PollFd::from_borrowed_fd(child, rustix::event::PollFlags::IN)],
            None,
        )
        .unwrap();
    }
    nursery
}

fn reap(nursery: Nursery) {
    for child in &nursery.children {
        let _ = waitpid(Some(child.pid), WaitOptions::empty());
    }
    drop(nursery);
}

#[test]
fn what_is_left_of_a_supervisor_is_kept_once_and_taken_away() {
    use crate::backend::local::sweep::sweep;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    let nursery = unseen(path, &[c"echo zero", c"head -c 200000 /dev/zero", c"true"]);
    sweep(path, &History::read(path).unwrap()).unwrap();
    assert_eq!(output(path, 0), None, "their supervisor lives");
    reap(nursery);
    sweep(path, &History::read(path).unwrap()).unwrap();
    let kept = |index| output(path, index).map(|it| it.len());
    assert_eq!([kept(0), kept(1), kept(2), kept(3)], [Some(5), Some(200_000), Some(0), None]);
    assert!(!path.join("local.output/slots.0").exists());
    let size = path.join("local.output/data").metadata().unwrap().len();
    sweep(path, &History::read(path).unwrap()).unwrap();
    assert_eq!(path.join("local.output/data").metadata().unwrap().len(), size);
}

/// Whatever a supervisor had done of keeping an output when it was killed, it is kept, and is what the job wrote.
#[test]
fn a_supervisor_that_is_killed_while_it_keeps_loses_nothing() {
    use crate::backend::local::sweep::{collect, sweep};
    let large = c"echo large; head -c 200000 /dev/zero";
    for stage in ["renamed", "copied", "kept", "emptied"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path();
        let mut nursery = unseen(path, &[c"echo small", large]);
        let slots = nursery.slots.as_mut().unwrap();
        match stage {
            "renamed" => {
                let name = crate::job::large_name(ATTEMPT.run, 1, ATTEMPT.number, true);
                let output = path.join("local.output");
                std::fs::rename(output.join("slots.0/1.out"), output.join(name)).unwrap();
            }
            "copied" => drop(std::fs::write(path.join("local.output/data"), "small\nhalf")),
            "kept" => slots
                .keep(
                    &nursery
                        .children
                        .iter()
                        .filter_map(|it| {
                            let slot = it.slot?;
                            Some(slots::Ended { slot, attempt: it.attempt, status: Some(0) })
                        })
                        .collect::<Vec<_>>(),
                )
                .unwrap(),
            _ => {
                while !nursery.is_idle() {
                    nursery.look(|_| true, Instant::now());
                }
            }
        }
        reap(nursery);
        collect(path, Attempt { index: 1, ..ATTEMPT }, Some(0)).unwrap();
        sweep(path, &History::read(path).unwrap()).unwrap();
        assert_eq!(output(path, 0).as_deref(), Some("small\n"), "{stage}");
        assert_eq!(output(path, 1).map(|it| it.len()), Some(200_006), "{stage}");
    }
}
