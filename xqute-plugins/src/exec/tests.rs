//! Can a command hang, flood, or stay behind?

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::child::{self, End};
use super::log::Log;
use super::pool::Pool;
use super::*;

fn order(text: &str, limit: Duration) -> Order {
    Order {
        told: ("a command".into(), "a test".into()),
        words: vec!["sh".into(), "-c".into(), text.into()],
        env: vec![
            ("GIVEN".into(), Some("given".into())),
            ("PATH".into(), Some("/usr/bin:/bin".into())),
            ("HOME".into(), None),
        ],
        input: b"the input\n".to_vec(),
        limit,
        answer: Some(100),
    }
}

const LONG: Duration = Duration::from_secs(60);

fn run(text: &str) -> Ran {
    child::run(&order(text, LONG), || true)
}

fn code(ran: &Ran) -> Option<i32> {
    match &ran.end {
        End::Exited(status) => status.code(),
        other => panic!("{other}"),
    }
}

/// Waits until a process is gone, as `/proc` has it; one that is dead and not waited for is.
fn is_gone(pid: &str) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < LONG {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
        if stat.map_or(true, |it| it.rsplit(')').next().is_some_and(|it| it.starts_with(" Z"))) {
            return true;
        }
        thread::sleep(Duration::from_millis(5));
    }
    false
}

#[test]
fn a_command_has_its_input_and_its_environment() {
    let ran = run("cat; echo $GIVEN ${HOME-none}; echo told >&2; exit 3");
    assert_eq!(code(&ran), Some(3));
    assert_eq!(String::from_utf8_lossy(&ran.answer.bytes), "the input\ngiven none\n");
    assert_eq!(ran.told.bytes, b"told\n");
    let ran = child::run(&Order { answer: None, ..order("echo out; echo err >&2", LONG) }, || true);
    assert_eq!((&*ran.answer.bytes, &*ran.told.bytes), (&b""[..], &b"out\nerr\n"[..]));
}

#[test]
fn a_large_input_that_nobody_reads_holds_nothing_up() {
    let input = vec![b'x'; 8 << 20];
    let ran = child::run(&Order { input: input.clone(), ..order("true", LONG) }, || true);
    assert_eq!(code(&ran), Some(0));
    let ran = child::run(&Order { input, ..order("wc -c", LONG) }, || true);
    assert_eq!(String::from_utf8_lossy(&ran.answer.bytes).trim(), "8388608");
}

#[test]
fn what_is_printed_without_end_is_not_kept() {
    let rounds = AtomicUsize::new(0);
    let ran = child::run(&order("yes & exec yes >&2", LONG), || rounds.fetch_add(1, Ordering::Relaxed) < 300);
    assert!(matches!(ran.end, End::Unwanted), "{}", ran.end);
    assert_eq!((ran.answer.bytes.len(), ran.told.bytes.len()), (100, child::KEPT));
    assert!(ran.answer.lost > 0 && ran.told.lost > 0);
}

#[test]
fn what_a_command_leaves_in_its_group_ends_with_it() {
    // It holds the outputs open, too.
    let ran = run("sleep 1000 & echo $!");
    assert_eq!(code(&ran), Some(0));
    assert!(is_gone(String::from_utf8_lossy(&ran.answer.bytes).trim()));
    let ran = child::run(
        &order("sh -c 'trap \"\" TERM; echo $$; sleep 1000'; :", Duration::from_millis(300)),
        || true,
    );
    assert!(matches!(ran.end, End::TooLong(_)), "{}", ran.end);
    assert!(is_gone(String::from_utf8_lossy(&ran.answer.bytes).trim()));
}

#[test]
fn outputs_that_stay_open_elsewhere_hold_nothing_up() {
    let ran = run("setsid sleep 1000 & echo $!");
    assert_eq!(code(&ran), Some(0));
    // It is in no group of ours; this ends it.
    let pid = String::from_utf8_lossy(&ran.answer.bytes).trim().to_owned();
    assert_eq!(code(&run(&format!("kill -9 {pid}"))), Some(0));
}

#[test]
fn what_is_no_program_is_told() {
    let ran = child::run(&Order { words: vec!["/no/such/program".into()], ..order("", LONG) }, || true);
    assert!(matches!(&ran.end, End::NotStarted(error) if error.kind() == std::io::ErrorKind::NotFound));
    let ran = run("kill -TERM $$");
    assert_eq!(ran.end.to_string(), "killed by SIGTERM");
}

fn pool(most: usize) -> (Pool, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (Pool::new(most, Log::open(directory.path()).unwrap()), directory)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_run_at_once_than_may() {
    let (pool, directory) = pool(3);
    let place = directory.path().display();
    // Each sees those that run with it, by the files that they have made.
    let text = format!("touch {place}/run.$$; ls {place} | grep -c run; sleep 0.05; rm {place}/run.$$");
    let most = AtomicUsize::new(0);
    let one = async || {
        let ran = pool.run(order(&text, LONG)).await;
        let seen: usize = String::from_utf8_lossy(&ran.answer.bytes).trim().parse().unwrap();
        most.fetch_max(seen, Ordering::Relaxed);
    };
    tokio::join!(one(), one(), one(), one(), one(), one(), one(), one(), one());
    assert!((1..=3).contains(&most.load(Ordering::Relaxed)), "{most:?}");
    assert_eq!(
        fs::read_to_string(directory.path().join("exec.log")).unwrap().matches("exit code 0\n> ").count(),
        9
    );
}

#[tokio::test]
async fn a_future_that_is_dropped_and_a_pool_that_is_kill_their_commands() {
    let (pool, directory) = pool(2);
    let file = |name: &str| directory.path().join(name);
    let text = |name: &str| format!("echo $$ > {0}.new; mv {0}.new {0}; sleep 1000", file(name).display());
    let begun = async |name: &str| {
        while !file(name).exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        fs::read_to_string(file(name)).unwrap().trim().to_owned()
    };
    let first = tokio::select! {
        _ = pool.run(order(&text("first"), LONG)) => panic!("it has ended"),
        pid = begun("first") => pid,
    };
    assert!(is_gone(&first));
    // The thread runs another, and one whose hook is gone before its turn is not begun.
    let second = order(&text("second"), LONG);
    let mut future = Box::pin(pool.run(second));
    let second = tokio::select! {
        _ = &mut future => panic!("it has ended"),
        pid = begun("second") => pid,
    };
    // As when a run is dropped, whose hooks are dropped before.
    drop(future);
    drop(pool);
    assert!(is_gone(&second));
}

#[test]
fn a_thread_may_wait_where_there_is_no_runtime() {
    let (pool, _directory) = pool(1);
    assert_eq!(code(&pool.run_now(order("exit 4", LONG))), Some(4));
    assert_eq!(code(&pool.run_now(order("exit 5", LONG))), Some(5));
}
