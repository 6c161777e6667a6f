//! And when the server is down, slow, or not what it should be? The run is what it was, the summary says what was not delivered, and
//! the next run sends it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::FAILS;
use crate::desk::{Desk, Port, mails};
use crate::proxy::{Fate, Proxy};

/// A run that fails once, on the way to a server on which this happens; its words. Its mail waits.
fn undelivered(desk: &Desk) -> String {
    let (code, told) = desk.run(&["run", "sh", "-c", FAILS, "x"]);
    assert_eq!(code, 1, "as without the plugin: {told}");
    let kept = format!(
        "kept in {}, and sent by the next run",
        desk.workdir().join("plugins/email/outbox").display()
    );
    assert!(told.contains("\nemail: 1 message not delivered (") && told.contains(&kept), "{told}");
    assert_eq!(desk.waiting(), 1);
    told
}

/// The next run on the same work directory sends it, and its own: in this order.
fn sent_by_the_next(desk: &Desk) {
    let (code, told) = desk.run(&["run", "sh", "-c", FAILS, "x"]);
    assert!(code == 1 && !told.contains("email:"), "{told}");
    assert_eq!(desk.waiting(), 0);
    let mails = mails(desk.to(), 2);
    let told = mails.iter().filter(|it| it["body"].as_str().unwrap().contains("größe of x: not found"));
    assert_eq!(told.count(), 1, "the failure is told once: {mails:#?}");
}

#[test]
fn a_server_that_is_down() {
    let desk = Desk::new("down", Port::Starttls, "");
    let proxy = Proxy::new(2526, &[Fate::Closes]);
    desk.configure(proxy.port, "");
    let told = undelivered(&desk);
    assert!(told.contains("(localhost:") && told.contains("cannot be reached"), "{told}");
    let mode = |name: &str| {
        fs::metadata(desk.workdir().join("plugins").join(name)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("email"), mode("email/outbox")), (0o700, 0o700));
    desk.configure(2526, "");
    sent_by_the_next(&desk);
}

#[test]
fn nobody_listens_there() {
    let desk = Desk::new("nobody", Port::Starttls, "");
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    desk.configure(port, "");
    assert!(undelivered(&desk).contains("Connection refused"));
    desk.configure(2526, "");
    sent_by_the_next(&desk);
}

#[test]
fn a_server_that_never_answers_holds_nothing_up() {
    let desk = Desk::new("hangs", Port::Starttls, "");
    let proxy = Proxy::new(2526, &[Fate::Hangs]);
    desk.configure(proxy.port, "drain = \"500ms\"\n");
    undelivered(&desk);
    desk.configure(2526, "");
    sent_by_the_next(&desk);
}

#[test]
fn a_wrong_password() {
    let desk = Desk::new("password", Port::Starttls, "");
    desk.configure(2526, "password = { command = [\"echo\", \"hunter2\"] }\n");
    let told = undelivered(&desk);
    assert!(told.contains("does not let the user in: permanent error (535)"), "{told}");
    assert!(!told.contains("hunter2"));
    desk.configure(2526, "");
    sent_by_the_next(&desk);
}

#[test]
fn a_server_whose_certificate_nobody_vouches_for() {
    let desk = Desk::new("certificate", Port::Starttls, "");
    desk.configure(2526, "ca_file = \"/etc/ssl/certs/ca-certificates.crt\"\n");
    let told = undelivered(&desk);
    assert!(told.contains("cannot be spoken to safely") && told.contains("certificate"), "{told}");
    desk.configure(2526, "");
    sent_by_the_next(&desk);
}

#[test]
fn a_server_without_starttls_is_told_nothing() {
    let desk = Desk::new("offers-none", Port::Starttls, "");
    let proxy = Proxy::new(2527, &[Fate::Passes]);
    desk.configure(proxy.port, "");
    let told = undelivered(&desk);
    assert!(told.contains("it offers no STARTTLS"), "{told}");
    let said = proxy.said();
    assert!(said.contains("EHLO") && !said.contains("AUTH") && !said.contains("MAIL"), "{said}");
    desk.configure(2526, "");
    sent_by_the_next(&desk);
}

/// Wherever it breaks: none is lost, and one that comes twice can be known by its name.
#[test]
fn a_connection_that_breaks() {
    let breaks = [1, 20, 100, 400, 700, 900, 1_000, 1_100, 1_400, 2_000, 3_000];
    for at in breaks {
        let desk = Desk::new(&format!("breaks-{at}"), Port::Starttls, "");
        let proxy = Proxy::new(2526, &[Fate::BreaksAfter(at), Fate::Passes]);
        desk.configure(proxy.port, "timeout = \"5s\"\n");
        let (code, told) = desk.run(&["run", "-q", "sh", "-c", FAILS, "x"]);
        assert!(code == 1 && !told.contains("email:"), "broken after {at}: {told}");
        assert_eq!(desk.waiting(), 0, "broken after {at}");
        let mails = at_least_one(desk.to());
        let names: BTreeSet<_> = mails.iter().map(|it| it["message-id"].to_string()).collect();
        assert_eq!(names.len(), 1, "{mails:#?}");
    }
}

fn at_least_one(to: &str) -> Vec<serde_json::Value> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let mails = crate::desk::read(to);
        if !mails.is_empty() {
            return mails;
        }
        assert!(Instant::now() < deadline, "no mail to {to} has come");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_program_that_is_killed_loses_no_message_that_was_kept() {
    let desk = Desk::new("killed", Port::Starttls, "");
    let proxy = Proxy::new(2526, &[Fate::Closes]);
    desk.configure(proxy.port, "digest = \"100ms\"\n");
    let gate = desk.path("gate");
    let script = "[ $0 = gate ] || exit 3; until [ -e $1 ]; do sleep 0.1; done";
    let list = format!("sh -c '{script}' a\nsh -c '{script}' gate {}\n", gate.display());
    fs::write(desk.path("list"), list).unwrap();
    let mut program = desk.command(&["run", "-q", "-j", "2", "-a", "list"]).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while desk.waiting() == 0 {
        assert!(Instant::now() < deadline, "the failure is written down as a message");
        std::thread::sleep(Duration::from_millis(20));
    }
    program.kill().unwrap();
    program.wait().unwrap();
    fs::write(gate, "").unwrap();
    desk.configure(2526, "");
    let (code, told) = desk.run(&["run", "-q", "-j", "2", "-a", "list"]);
    assert!(code == 1 && !told.contains("email:"), "{told}");
    assert_eq!(desk.waiting(), 0);
    let mails = mails(desk.to(), 2);
    let tells = mails.iter().filter(|it| it["body"].as_str().unwrap().contains("1 job failed:"));
    assert_eq!(tells.count(), 1, "{mails:#?}");
}
