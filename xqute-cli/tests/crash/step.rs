//! A kill at each step: the program dies in the N-th of its system calls of a kind, by `strace`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::dice::Dice;
use super::proof::Verdict;
use super::round::Round;

/// A thread of the program, and what it is killed in: the engine writes facts and files and starts jobs, the journal's
/// thread syncs.
const STEPS: [(&str, &str); 6] = [
    ("xqute", "pwrite64"),
    ("xqute", "mkdir,mkdirat"),
    ("xqute", "openat"),
    ("xqute", "rename,renameat,renameat2"),
    ("xqute", "clone,clone3,vfork,sendto,sendmsg,write"),
    ("xqute-journal", "fdatasync,fsync"),
];

/// Kills at every step of the kind, each time in another round, until there are no more. How many kills there were.
pub(crate) fn kill_in_each(thread: &str, calls: &str, most: usize, sum: &mut Verdict) -> usize {
    let mut dice = Dice::new();
    for number in 1..=most {
        let round = Round::new(&mut dice, &[]);
        let killed = kill_in(&round, thread, calls, number);
        round.run(&[], &mut dice);
        let verdict = round.judge();
        assert!(verdict.is_right(), "{calls} {number} of {thread}: {verdict:?}\n{}", round.tell());
        sum.add(&verdict);
        if !killed {
            return number - 1;
        }
    }
    most
}

/// All kinds.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    STEPS.into_iter()
}

/// Whether the program came to that step.
fn kill_in(round: &Round, thread: &str, calls: &str, number: usize) -> bool {
    let (mut program, mut list) = round.start_slowly();
    // A thread that has just begun has the name of the one that began it.
    round.wait_for_engine();
    let tid = tid(&program, thread);
    let mut tracer = Command::new("strace");
    tracer.args(["-p", &tid, "-o", "/dev/null", "-e", &format!("trace={calls}")]);
    tracer.args(["-e", &format!("inject={calls}:signal=KILL:when={number}")]);
    let mut tracer = tracer.stderr(Stdio::piped()).spawn().expect("strace is needed: `.ci/run` installs it");
    let mut told = BufReader::new(tracer.stderr.take().unwrap());
    let mut line = String::new();
    // `strace: Process N attached`; before, a step may be missed.
    while !line.contains("attached") {
        assert_ne!(told.read_line(&mut line).unwrap(), 0, "{line}");
    }
    // It may be dead already.
    let _ = list.write_all(round.rest_of_list().as_bytes());
    drop(list);
    let status = program.wait().unwrap();
    // It ends with the thread.
    drop(told);
    tracer.wait().unwrap();
    status.signal() == Some(9)
}

/// The number of a thread of this name, which there is soon.
fn tid(program: &Child, thread: &str) -> String {
    loop {
        for task in fs::read_dir(Path::new("/proc").join(program.id().to_string()).join("task")).unwrap() {
            let task = task.unwrap();
            let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            let tid = task.file_name().into_string().unwrap();
            // The program's first thread has the program's name.
            if name.trim_end() == thread && tid != program.id().to_string() {
                return tid;
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}
