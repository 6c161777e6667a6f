//! Does the plugin `email` bring its mails to a real Postfix, whatever happens on the way, and is no run the worse for it?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod desk;
mod page;
mod proxy;
mod weather;

use desk::{Desk, Port, mails};

/// What fails, says so, and is told.
const FAILS: &str = "echo \"größe of $0: not found\" >&2; exit 3";

#[test]
fn a_failure_is_told_by_starttls_with_command_cause_last_lines_and_where_to_look() {
    let desk = Desk::new("starttls", Port::Starttls, "");
    let (code, told) = desk.run(&["run", "-q", "-j", "2", "sh", "-c", FAILS, ":::", "a b", "c"]);
    assert_eq!(code, 1, "{told}");
    assert!(!told.contains("email"), "{told}");
    let [mail] = &mails(desk.to(), 1)[..] else { panic!() };
    let has = |key: &str| mail[key].as_str().unwrap().to_owned();
    assert_eq!(has("from"), format!("Tester <{}>", desk.to()));
    assert_eq!(has("to"), has("from"));
    assert!(
        has("subject").ends_with(&format!("the run has ended: 2 failed ({})", desk.workdir().display())),
        "{mail}"
    );
    assert_eq!(has("auto-submitted"), "auto-generated");
    assert_eq!(
        (has("content-type"), has("mime-version")),
        ("text/plain; charset=\"utf-8\"".to_owned(), "1.0".to_owned())
    );
    assert!(has("received").contains("ESMTPSA"), "over TLS, and for a user: {mail}");
    let body = has("body");
    for told in [
        "2 jobs: 0 succeeded, 2 failed",
        "job 0: exit code 3: sh -c",
        "\n    | größe of a b: not found\n",
        &format!("see: xqute logs 0 -w {}\n", desk.workdir().display()),
    ] {
        assert!(body.contains(told), "{told}\n{body}");
    }
}

#[test]
fn smtps_brings_it_as_well() {
    let desk = Desk::new("smtps", Port::Smtps, "");
    let (code, told) = desk.run(&["run", "-q", "true"]);
    assert_eq!((code, told.as_str()), (0, ""));
    let mail = &mails(desk.to(), 1)[0];
    assert!(mail["subject"].as_str().unwrap().contains("the run has succeeded"), "{mail}");
    assert!(mail["received"].as_str().unwrap().contains("ESMTPSA"), "{mail}");
}

#[test]
fn on_this_machine_it_may_go_in_the_clear() {
    let desk = Desk::new("plain", Port::Plain, "");
    assert_eq!(desk.run(&["run", "-q", "true"]), (0, String::new()));
    assert!(mails(desk.to(), 1)[0]["received"].as_str().unwrap().contains("with ESMTP id"));
}

#[test]
fn nine_thousand_failures_are_one_mail() {
    let desk = Desk::new("digest", Port::Starttls, "");
    let script = "case $(($0 % 3)) in 0) echo \"line $0: no such sample\" >&2; exit 1;; 1) exit 2;; *) kill -9 $$;; esac";
    let (code, told) = desk.run_with(
        "seq 9000",
        &["run", "-q", "-j", "64", "--output", "bundle", "--no-print", "sh", "-c", script],
    );
    assert_eq!(code, 1, "{told}");
    let [mail] = &mails(desk.to(), 1)[..] else { panic!() };
    let body = mail["body"].as_str().unwrap();
    for told in [
        "9000 jobs failed",
        "3000 jobs: exit code 1, e.g. job",
        "3000 jobs: exit code 2, e.g. job",
        "    | line ",
    ] {
        assert!(body.contains(told), "{told}\n{body}");
    }
    assert!(body.len() < 20_000, "{}", body.len());
}

#[test]
fn a_failure_that_is_tried_again_is_not_told() {
    let desk = Desk::new("retried", Port::Starttls, "done = false\n");
    let script = "[ -e $0 ] || { touch $0; exit 1; }";
    let seen = desk.path("seen");
    let args = [
        "run",
        "-q",
        "--num-retries",
        "1",
        "--retry-delay",
        "0s",
        "sh",
        "-c",
        script,
        seen.to_str().unwrap(),
    ];
    assert_eq!(desk.run(&args).0, 0);
    assert!(!desk.workdir().join("plugins/email/outbox").exists(), "nothing waits to be sent");
    // What comes after it in the mailbox is all that there is.
    let end = Desk::beside(&desk, "done = true\n");
    end.run(&["run", "-q", "-w", "another", "true"]);
    assert_eq!(mails(desk.to(), 1).len(), 1);
}

#[test]
fn a_job_that_runs_for_long_is_told_while_it_runs() {
    let desk = Desk::new("long", Port::Starttls, "long_jobs = \"1s\"\ndigest = \"100ms\"\ndone = false\n");
    let gate = desk.path("gate");
    std::thread::scope(|scope| {
        let script = "until [ -e $0 ]; do sleep 0.1; done";
        let run = scope.spawn(|| desk.run(&["run", "-q", "sh", "-c", script, gate.to_str().unwrap()]));
        let [mail] = &mails(desk.to(), 1)[..] else { panic!() };
        assert!(mail["subject"].as_str().unwrap().contains("1 job runs for long"), "{mail}");
        assert!(mail["body"].as_str().unwrap().contains("job 0 runs for 0:00:0"), "{mail}");
        std::fs::write(&gate, "").unwrap();
        assert_eq!(run.join().unwrap(), (0, String::new()));
    });
}

#[test]
fn one_address_that_the_server_does_not_know_keeps_it_from_no_other() {
    let desk = Desk::new("others", Port::Starttls, "");
    desk.configure(
        Port::Starttls.number(),
        &format!("to = [\"no-such-one@example.org\", \"{}\"]\n", desk.to()),
    );
    let (code, told) = desk.run(&["run", "true"]);
    assert_eq!(code, 0);
    assert!(
        told.contains("does not take no-such-one@example.org: ") && told.contains("the others have the mail"),
        "{told}"
    );
    mails(desk.to(), 1);
    desk.configure(Port::Starttls.number(), "to = \"no-such-one@example.org\"\n");
    let (code, told) = desk.run(&["run", "-w", "another", "true"]);
    assert_eq!(code, 0);
    assert!(
        told.contains("email: 1 message refused (localhost:2526 does not take no-such-one@example.org"),
        "{told}"
    );
    assert_eq!(std::fs::read_dir(desk.path("another/plugins/email/outbox/refused")).unwrap().count(), 2);
}

#[test]
fn what_makes_no_sense_is_told_before_anything_runs() {
    let desk = Desk::new("wrong", Port::Starttls, "");
    for (extra, told) in [
        ("to = []\n", "`to` names nobody"),
        ("to = \"nobody\"\n", "`nobody` is no mail address: you@example.org"),
        (
            "tls = \"none\"\nserver = \"192.0.2.1\"\n",
            "everybody on the way to 192.0.2.1 could read the mail and the password",
        ),
        ("tls = \"ssl\"\n", "unknown variant `…`, expected one of `starttls`, `smtps`, `none`"),
        ("password = \"hunter2\"\n", "a secret does not stand in a configuration"),
        ("password = { env = \"XQ_NO_SUCH\" }\n", "variable `XQ_NO_SUCH`: it is not set"),
        ("ca_file = \"/no/such\"\n", "`ca_file`: /no/such: No such file"),
        ("ca_file = \"xqute.toml\"\n", "there is no certificate in it"),
        ("adress = \"a@b\"\n", "unknown key `adress`"),
    ] {
        desk.configure(Port::Starttls.number(), extra);
        let (code, said) = desk.run(&["run", "touch", "ran"]);
        assert!(code == 2 && said.contains(told), "{extra}: {said}");
        assert!(!said.contains("hunter2") && !desk.path("ran").exists(), "{said}");
    }
}
