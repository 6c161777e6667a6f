//! Does everything arrive that was told, once, whatever the receiver does? Real runs, and a receiver that is a folder.

mod receiver;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use receiver::{Receiver, Settings};

use super::digest::Digest;
use super::job::Failed;
use super::message::Message;
use super::outbox::Outbox;

const FAILS: [&str; 3] = ["sh", "-c", "echo no such file: $0 >&2; exit 3"];

fn failing(count: usize) -> Vec<Vec<String>> {
    (0..count).map(|n| FAILS.iter().map(ToString::to_string).chain([n.to_string()]).collect()).collect()
}

/// A job that fails, and one that ends when that was tried to be told: the end of the run is another message.
fn one_is_told(receiver: &Receiver) -> Vec<Vec<String>> {
    let told = format!("until test -e {}; do sleep 0.05; done", receiver.tried_file().display());
    let mut jobs = failing(1);
    jobs.push(vec!["sh".into(), "-c".into(), told]);
    jobs
}

fn ids(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|it| &*it.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_one_message_with_the_end() {
    let receiver = Receiver::new(&[]);
    let mut jobs = failing(30);
    jobs.push(vec!["false".into()]);
    jobs.push(vec!["true".into()]);
    let notes = receiver.run(Settings::default(), jobs).await;
    assert_eq!(notes, Vec::<String>::new());
    let messages = receiver.received();
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!((message.failed, message.failures.len(), message.other_failures), (31, 2, 0));
    let first = &message.failures[0];
    assert_eq!((first.jobs, first.index, &*first.cause), (30, 0, "exit code 3"));
    assert_eq!(first.stderr, ["no such file: 0"]);
    let workdir = receiver.workdir();
    assert_eq!(first.see, format!("xqute logs 0 -w {}", workdir.display()));
    let ended = message.ended.as_ref().unwrap();
    assert_eq!((ended.success, ended.failed, ended.succeeded), (false, 31, 1));
    assert!(message.subject().ends_with(&format!("the run has ended: 31 failed ({})", workdir.display())));
    let text = message.text();
    assert!(text.contains("30 jobs: exit code 3, e.g. job 0: sh -c"), "{text}");
    assert!(text.contains("\n    | no such file: 0\n"), "{text}");
    assert!(!receiver.outbox().exists(), "nothing waits, and nothing is left for it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_has_nothing_to_tell_sends_nothing() {
    let receiver = Receiver::new(&[]);
    let settings = Settings { done: false, ..Settings::default() };
    assert_eq!(receiver.run(settings, vec![vec!["true".into()]]).await, Vec::<String>::new());
    assert!(receiver.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_busy_gets_it_later() {
    let receiver = Receiver::new(&["later", "later 1", "ok"]);
    assert_eq!(receiver.run(Settings::default(), failing(1)).await, Vec::<String>::new());
    let tried = receiver.tried();
    assert_eq!((tried.len(), receiver.received().len()), (3, 1));
    assert!(tried.iter().all(|it| *it == tried[0]), "the same identifier each time: {tried:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_receiver_did_not_get_the_next_run_delivers_first() {
    let receiver = Receiver::new(&["later"; 50]);
    let notes = receiver.run(Settings::default(), failing(2)).await;
    let outbox = receiver.outbox();
    let told = format!(
        "receiver: 1 message not delivered (busy); kept in {}, and sent by the next run on this work directory",
        outbox.display()
    );
    assert_eq!(notes, [told]);
    let kept = Outbox::open(outbox.clone()).unwrap().ids().unwrap();
    assert_eq!(kept.len(), 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&outbox), mode(&outbox.join(format!("{}.json", kept[0])))), (0o700, 0o600));

    receiver.answers(&[]);
    assert_eq!(receiver.run(Settings::default(), failing(2)).await, Vec::<String>::new());
    let messages = receiver.received();
    assert_eq!((messages.len(), ids(&messages)[0]), (2, &*kept[0]));
    assert_eq!((messages[0].failed, messages[1].failed), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_kept_with_the_reason_and_does_not_hold_up_the_rest() {
    let receiver = Receiver::new(&["never", "ok"]);
    let settings = Settings { digest: Duration::ZERO, ..Settings::default() };
    let notes = receiver.run(settings, one_is_told(&receiver)).await;
    let refused = receiver.outbox().join("refused");
    assert_eq!(notes, [format!("receiver: 1 message refused (it is ugly); kept in {}", refused.display())]);
    let mut kept: Vec<_> = fs::read_dir(&refused).unwrap().map(|it| it.unwrap().path()).collect();
    kept.sort();
    assert_eq!(fs::read_to_string(&kept[1]).unwrap(), "it is ugly\n");
    let message: Message = serde_json::from_slice(&fs::read(&kept[0]).unwrap()).unwrap();
    assert_eq!(message.failed, 1);
    assert_eq!(receiver.received().len(), 1, "the end of the run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_holds_the_run_no_longer_than_is_configured() {
    let receiver = Receiver::new(&["hang"]);
    let settings = Settings { drain: Duration::from_millis(300), ..Settings::default() };
    let notes = receiver.run(settings, failing(1)).await;
    assert!(
        notes[0].starts_with("receiver: 1 message not delivered (it had not answered within "),
        "{notes:?}"
    );
    receiver.let_go();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_kept_too_when_an_earlier_message_hangs() {
    let receiver = Receiver::new(&["hang"]);
    let settings =
        Settings { drain: Duration::from_millis(300), digest: Duration::ZERO, ..Settings::default() };
    let notes = receiver.run(settings, one_is_told(&receiver)).await;
    assert!(
        notes[0].starts_with("receiver: 2 messages not delivered (it had not answered within "),
        "{notes:?}"
    );
    let outbox = Outbox::open(receiver.outbox()).unwrap();
    let kept: Vec<_> =
        outbox.ids().unwrap().iter().map(|it| outbox.read(it).unwrap().unwrap().ended.is_some()).collect();
    assert_eq!(kept, [false, true]);
    receiver.let_go();
}

/// The thread has just what happened last in hand when nobody waits any longer.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_kept_and_told_however_short_the_wait_is() {
    for _ in 0..60 {
        let receiver = Receiver::new(&["hang"]);
        let settings = Settings { drain: Duration::ZERO, ..Settings::default() };
        let notes = receiver.run(settings, failing(1)).await;
        let outbox = Outbox::open(receiver.outbox()).unwrap();
        let kept: Vec<_> = outbox.ids().unwrap().iter().map(|it| outbox.read(it).unwrap().unwrap()).collect();
        let [message] = &kept[..] else { panic!("{notes:?}: {kept:?}") };
        assert_eq!((message.failed, message.ended.is_some()), (1, true));
        assert!(notes.len() == 1 && notes[0].starts_with("receiver: 1 message not delivered"), "{notes:?}");
        receiver.let_go();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_never_taken_keeps_no_other_back() {
    let receiver = Receiver::new(&["later"; 50]);
    receiver.run(Settings::default(), failing(1)).await;
    let never = Outbox::open(receiver.outbox()).unwrap().ids().unwrap().remove(0);
    receiver.answers(&[]);
    receiver.never_takes(&never);
    let notes = receiver.run(Settings::default(), failing(2)).await;
    assert!(notes[0].starts_with("receiver: 1 message not delivered (not that one); kept in "), "{notes:?}");
    let messages = receiver.received();
    assert_eq!((messages.len(), messages[0].failed, messages[0].ended.is_some()), (1, 1, true));
    assert_eq!(Outbox::open(receiver.outbox()).unwrap().ids().unwrap(), [never]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_is_delivered_all_the_same() {
    let receiver = Receiver::new(&["ok"]);
    let settings = Settings { breaks_outbox: true, ..Settings::default() };
    assert_eq!(receiver.run(settings, failing(1)).await, Vec::<String>::new());
    assert_eq!(receiver.received().len(), 1);

    let receiver = Receiver::new(&["later"; 50]);
    let settings = Settings { breaks_outbox: true, ..Settings::default() };
    let notes = receiver.run(settings, failing(1)).await;
    assert!(
        notes[0].starts_with("receiver: 1 message lost: not delivered (busy), and not kept: "),
        "{notes:?}"
    );

    let receiver = Receiver::new(&["never"]);
    let settings = Settings { breaks_outbox: true, ..Settings::default() };
    let notes = receiver.run(settings, failing(1)).await;
    let [note] = &notes[..] else { panic!("it is counted once: {notes:?}") };
    assert!(
        note.starts_with("receiver: 1 message lost: not delivered (it is ugly), and not kept: "),
        "{note}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_runs_for_long_is_told_once_while_it_runs() {
    let receiver = Receiver::new(&[]);
    let settings = Settings {
        long_jobs: Some(Duration::from_millis(200)),
        digest: Duration::ZERO,
        done: false,
        ..Settings::default()
    };
    // It ends when it has been told of.
    let told =
        format!("until ls {}/* > /dev/null 2>&1; do sleep 0.05; done; sleep 0.5", receiver.inbox().display());
    let jobs = vec![vec!["sh".into(), "-c".into(), told], vec!["true".into()]];
    assert_eq!(receiver.run(settings, jobs).await, Vec::<String>::new());
    let messages = receiver.received();
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!((message.long_jobs.len(), message.long_jobs[0].index, message.failed), (1, 0, 0));
    assert!(message.text().contains("job 0 runs for 0:00:0"), "{}", message.text());
    assert!(message.subject().contains("1 job runs for long"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_an_hour_gathers_the_rest() {
    let receiver = Receiver::new(&[]);
    let settings = Settings { digest: Duration::ZERO, per_hour: 2, done: false, ..Settings::default() };
    receiver.run(settings, failing(40)).await;
    let messages = receiver.received();
    assert!((1..=3).contains(&messages.len()), "two, and what was left at the end: {messages:?}");
    assert_eq!(messages.iter().map(|it| it.failed).sum::<u64>(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_happened_in_a_run_that_is_dropped_is_kept() {
    let receiver = Receiver::new(&[]);
    receiver.drop_run(Settings::default(), failing(1).remove(0)).await;
    let outbox = Outbox::open(receiver.outbox()).unwrap();
    let kept = outbox.ids().unwrap();
    assert_eq!(outbox.read(&kept[0]).unwrap().unwrap().failed, 1);
}

fn failed(index: usize, cause: &str) -> Failed {
    let command = format!("./simulate {index}");
    Failed::of(index, "./simulate", &command, cause)
}

#[test]
fn a_hundred_thousand_failures_are_a_few_groups() {
    let mut digest = Digest::default();
    for index in (0..100_000).rev() {
        digest.add(failed(index, "exit code 1"), vec![format!("line {index}: no memory left")]);
    }
    // Each says something else: what is rare is one group.
    for index in 0..1000 {
        let letters: String = index.to_string().bytes().map(|it| char::from(it + 49)).collect();
        digest.add(failed(index, "exit code 2"), vec![letters]);
    }
    let told = digest.gathered(Path::new("/work dir"));
    assert_eq!((told.failed, told.failures.len(), told.other_failures), (101_000, 10, 0));
    let first = &told.failures[0];
    assert_eq!((first.jobs, first.index, &*first.stderr[0]), (100_000, 0, "line 0: no memory left"));
    assert_eq!(first.also, [1, 2, 3, 4]);
    assert_eq!(first.others().unwrap(), "also: 1, 2, 3, 4 and 99995 more");
    let rare = &told.failures[1];
    assert_eq!((rare.jobs, &*rare.cause), (992, "exit code 2"));
    assert_eq!(first.see, "xqute logs 0 -w \"/work dir\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_message_is_put_aside() {
    let receiver = Receiver::new(&[]);
    receiver.run(Settings { done: false, ..Settings::default() }, vec![vec!["true".into()]]).await;
    let outbox = Outbox::open(receiver.outbox()).unwrap();
    fs::write(receiver.outbox().join("0-torn.json"), "{\"version\": 1, \"id").unwrap();
    let notes = receiver.run(Settings::default(), vec![vec!["true".into()]]).await;
    assert!(notes[0].starts_with("receiver: 1 message refused (its file cannot be read: "), "{notes:?}");
    assert_eq!((outbox.ids().unwrap().len(), receiver.received().len()), (0, 1));
}

/// Many programs, each of which fails in many ways: no memory is filled, and none is forgotten.
#[test]
fn what_has_nothing_in_common_is_counted() {
    let mut digest = Digest::default();
    for index in 0..10_000 {
        let program = format!("./program-{index}");
        digest.add(Failed::of(index, &program, &program, "exit code 1"), vec!["no".into()]);
    }
    let told = digest.gathered(Path::new("/work"));
    assert_eq!((told.failed, told.failures.len(), told.other_failures), (10_000, 20, 9_980));
}

#[test]
fn half_a_message_is_none() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("0001-a.json.new"), "{\"version").unwrap();
    let outbox = Outbox::open(dir.path().into()).unwrap();
    assert!(outbox.ids().unwrap().is_empty());
    assert!(!dir.path().join("0001-a.json.new").exists());
}
