//! A database that is down, slow, locked or wrong: does the run succeed, is it told, and does the next run make up for it?

use std::io::Write;
use std::process::{Command, Stdio};

use super::base::{Base, told};

const ALL: &str = "SELECT count(*) FROM jobs WHERE state = 'succeeded'";
/// What the summary says, whatever the reason.
const NEXT: &str = "the next run on this work directory adds it";

#[test]
fn a_server_that_is_gone_for_a_while_misses_nothing() {
    let base = Base::postgres();
    // The last jobs wait for a file.
    let list = "true\n".repeat(50) + &"sh -c 'until test -e go; do sleep 0.05; done'\n".repeat(2);
    let run = base.start(&["-j", "2"], &list);
    base.wait_for(ALL, 50);
    base.server().stop();
    std::fs::write(base.path("go"), "").unwrap();
    // It may find the server gone or not: that it is down is sure when the run looks next.
    base.server().start();
    let text = told(&run.wait_with_output().unwrap());
    if text.contains(NEXT) {
        base.run(&["-q"], &list);
    }
    assert_eq!(base.number(ALL), 52);
    assert_eq!(base.number("SELECT count(*) FROM events WHERE event = 'ended'"), 52);
}

#[test]
fn a_server_that_stays_away_is_told_and_made_up_for() {
    let base = Base::postgres();
    base.server().stop();
    let text = base.run(&["-j", "2"], "true\ntrue\n");
    assert!(text.contains("has nothing of this run") && text.contains(NEXT), "{text}");
    assert!(text.contains("Connection refused") && !text.contains("s3cret"), "{text}");
    base.server().start();
    let text = base.run(&["-j", "2"], "true\ntrue\n");
    assert!(!text.contains("database"), "{text}");
    assert_eq!(base.rows("SELECT state, attempts FROM report"), ["succeeded|1", "succeeded|1"]);
    assert_eq!(base.number("SELECT count(*) FROM runs"), 2);
}

#[test]
fn a_server_that_hangs_holds_the_end_up_no_longer_than_it_may() {
    let base = Base::postgres();
    base.configure("url = { env = 'DATABASE_URL' }\ndrain = '1s'");
    // It takes connections, and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgresql://u:s3cret@{}/d", silent.local_addr().unwrap());
    let out = base.xqute(&["run", "true", ":::", "1", "2"]).env("DATABASE_URL", url).output().unwrap();
    let text = told(&out);
    assert!(text.contains(NEXT) && !text.contains("s3cret"), "{text}");
}

#[test]
fn a_wrong_password_is_told_without_it() {
    let base = Base::postgres();
    let run = |password: &str| {
        let url = base.server().url("127.0.0.1", password);
        told(&base.xqute(&["run", "true", ":::", "1"]).env("DATABASE_URL", url).output().unwrap())
    };
    let text = run("wr0ng");
    assert!(text.contains("password authentication failed") && text.contains(NEXT), "{text}");
    assert!(!text.contains("wr0ng"), "{text}");
    assert_eq!(base.ask(ALL), None);
    run("s3cret");
    assert_eq!(base.number(ALL), 1);
}

#[test]
fn a_remote_server_is_verified() {
    let base = Base::postgres();
    let (server, authority) = (base.server(), base.server().authority());
    let run = |host: &str, options: &str| {
        let url = format!("{}?{options}", server.url(host, "s3cret"));
        told(&base.xqute(&["run", "--fresh", "true", ":::", "1"]).env("DATABASE_URL", url).output().unwrap())
    };
    for (host, options, why) in [
        // Its certificate is for `localhost`.
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={authority}"), "not valid for name"),
        ("localhost", "sslmode=require".to_owned(), "UnknownIssuer"),
    ] {
        let text = run(host, &options);
        assert!(text.contains(why) && text.contains(NEXT), "{text}");
        assert_eq!(base.ask(ALL), None);
    }
    let text = run("localhost", &format!("sslmode=verify-full&sslrootcert={authority}"));
    assert!(!text.contains(NEXT), "{text}");
    assert_eq!(base.number(ALL), 1);
}

#[test]
fn a_file_that_another_holds_is_told_and_made_up_for() {
    let base = Base::sqlite();
    base.run(&["-q"], "true\n");
    let mut other = Command::new("sqlite3");
    let mut other =
        other.arg(base.path("jobs.db")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut hold = other.stdin.take().unwrap();
    hold.write_all(b"BEGIN IMMEDIATE;\nSELECT 'held';\n").unwrap();
    let mut said = [0; 5];
    std::io::Read::read_exact(other.stdout.as_mut().unwrap(), &mut said).unwrap();
    assert_eq!(&said, b"held\n");
    base.configure("path = 'jobs.db'\ndrain = '1s'");
    let text = base.run(&["-w", "other"], "true\n");
    assert!(text.contains(NEXT), "{text}");
    drop(hold);
    other.wait().unwrap();
    base.run(&["-q", "-w", "other"], "true\n");
    assert_eq!(base.number(ALL), 2);
}

#[test]
fn what_is_configured_wrongly_is_an_error_before_anything_runs() {
    let base = Base::sqlite();
    std::fs::create_dir(base.path("folder")).unwrap();
    std::fs::write(base.path("diary"), "Dear diary").unwrap();
    for (keys, why) in [
        ("path = 'no/such/jobs.db'", "there is no directory"),
        ("path = 'folder'", "folder: it is a directory"),
        ("path = 'diary'", "diary: it is a file, but no SQLite database"),
        ("path = '/dev/null'", "it is no file"),
        ("path = 'jobs.db'\nurl = { env = 'X' }", "leave one out"),
        ("url = { env = 'NOT_SET' }", "NOT_SET"),
        ("url = { command = ['echo', 'mysql://u:s3cret@h/d'] }", "has to be postgresql://"),
        ("url = 'postgresql://u:s3cret@h/d'", "does not stand in a configuration"),
        ("speed = 3", "unknown key `speed`"),
    ] {
        base.configure(keys);
        let out = base.xqute(&["run", "touch", "ran"]).output().unwrap();
        let text = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(2), "{keys}: {text}");
        assert!(text.contains(why) && !text.contains("s3cret"), "{keys}: {text}");
        assert!(!base.path("ran").exists());
    }
}

#[test]
fn jobs_do_not_see_the_address() {
    let base = Base::postgres();
    let out = base.xqute(&["run", "sh", "-c", "env", "sh{}", ":::", "1"]).output().unwrap();
    told(&out);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("PATH=") && !text.contains("DATABASE_URL") && !text.contains("s3cret"), "{text}");
}
