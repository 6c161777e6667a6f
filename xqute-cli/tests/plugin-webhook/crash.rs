//! What does a SIGKILL lose? Nothing that is in the outbox, whenever it comes; and it doubles only what was being delivered.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::Desk;
use crate::server::{Answer, Server, free_port, url};

const ROUNDS: usize = 12;

/// Forty jobs that take their time and fail.
fn run(desk: &Desk, url: &str) -> Child {
    let numbers: Vec<String> = (10..50).map(|it| it.to_string()).collect();
    let mut args = vec!["run", "-q", "-j", "2", "--retry-failed", "--shell", "sleep 0.0{}; false", ":::"];
    args.extend(numbers.iter().map(String::as_str));
    desk.xqute(url, &args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn ids(desk: &Desk) -> Vec<String> {
    desk.outbox("webhook").iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

/// Runs until something new waits, or was sent, and kills it then.
fn kill_once(desk: &Desk, server: &Server, round: usize, written: &BTreeSet<String>) {
    let seen = server.requests().len();
    // In turn: nobody listens; what is sent is not answered; all is taken.
    let address = if round.is_multiple_of(3) { url(free_port()) } else { server.url() };
    if round % 3 == 1 {
        server.answers(&[Answer::Status(200, None), Answer::Status(200, None), Answer::Hangs]);
    }
    let mut program = run(desk, &address);
    let until = Instant::now() + Duration::from_secs(60);
    let happened = || match round % 3 {
        0 => ids(desk).iter().any(|it| !written.contains(it)),
        _ => server.requests().len() >= seen + 3,
    };
    while !happened() && program.try_wait().unwrap().is_none() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
    // At another step of what follows each time.
    std::thread::sleep(Duration::from_micros(round as u64 * 7919 % 20_000));
    // One that has ended is killed in vain.
    let _ = program.kill();
    program.wait().unwrap();
}

#[test]
fn what_was_written_down_survives_every_kill_and_comes_once_unless_it_was_on_its_way() {
    let server = Server::start(&[]);
    let desk = Desk::new("webhook", "digest = \"0s\"\nper_hour = 100000\ntimeout = \"60s\"\ndrain = \"60s\"");
    let mut written = BTreeSet::new();
    for round in 0..ROUNDS {
        kill_once(&desk, &server, round, &written);
        written.extend(ids(&desk));
    }
    server.answers(&[]);
    assert_eq!(run(&desk, &server.url()).wait().unwrap().code(), Some(1));
    assert_eq!(ids(&desk), Vec::<String>::new());

    let (mut came, mut twice) = (BTreeMap::new(), 0);
    for request in server.requests() {
        let (id, body) = (request.id().to_owned(), request.json());
        match came.insert(id.clone(), body.clone()) {
            Some(first) if first != body => panic!("{id} is two: {first} {body}"),
            Some(_) => twice += 1,
            None => {}
        }
    }
    let lost: Vec<&String> = written.iter().filter(|it| !came.contains_key(*it)).collect();
    assert!(lost.is_empty(), "written and not delivered: {lost:?}");
    assert!(written.len() >= ROUNDS / 3, "too few to tell: {written:?}");
    assert!(twice <= ROUNDS, "{twice} came again, and only one can be on its way at a kill");
}
