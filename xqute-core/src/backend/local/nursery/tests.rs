//! Is everything written down before it is told, and nobody forgotten?

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::process::{Signal, kill_process};

use super::*;
use crate::backend::local::log::{Fate, History};

const ATTEMPT: Attempt = Attempt { run: 1, index: 2, number: 3 };

fn start(nursery: &mut Nursery, dir: &Path, words: &[&CStr]) -> Result<Record, NotStarted> {
    let file = |name| CString::new(dir.join(name).as_os_str().as_bytes()).unwrap();
    let (stdout, stderr) = (file("out"), file("err"));
    let (argv, cwd) = (words.to_vec(), c"");
    let job =
        Start { attempt: ATTEMPT, argv, env: vec![], cwd, stdout: &stdout, stderr: &stderr, append: false };
    // As in a supervisor's thread: `start` wants all signals blocked.
    std::thread::scope(|it| {
        let started = it.spawn(|| {
            system::block_signals();
            nursery.start(&job, &Surroundings::default())
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
    Nursery::new(Log::open(dir).unwrap(), true).unwrap()
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
    let mut nursery = Nursery::new(Log::of(full), true).unwrap();
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
