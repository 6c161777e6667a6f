//! What is a mail like, and what follows from a server's answers? A server that says what it is told to.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use super::carrier::{Complaints, Mailer, told};
use super::{Addresses, EmailConfig, Security, mail};
use crate::deliver::{Carrier, Ended, Message, Refusal};

fn message() -> Message {
    Message {
        version: 1,
        id: "1795926666683-00ff-0000".into(),
        created: 1_795_926_666_683,
        run: "00ff".into(),
        host: "ho st".into(),
        workdir: "/work".into(),
        failed: 0,
        failures: Vec::new(),
        other_failures: 0,
        long_jobs: Vec::new(),
        other_long_jobs: 0,
        ended: None,
    }
}

fn written(message: &Message) -> String {
    let me = "Jörg <me@example.org>".parse().unwrap();
    String::from_utf8(mail::write(message, &me, std::slice::from_ref(&me)).unwrap()).unwrap()
}

/// What begins so is answered so.
type Answers = &'static [(&'static str, &'static str)];

/// A server on this machine that answers what begins so with that, and all else with 250.
fn server(answers: Answers) -> u16 {
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = door.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in door.incoming().map_while(Result::ok) {
            let (mut says, mut is_mail) = (client.try_clone().unwrap(), false);
            let _ = says.write_all(b"220 here\r\n");
            for line in BufReader::new(client).lines().map_while(Result::ok) {
                if is_mail && line != "." {
                    continue;
                }
                let answer = answers.iter().find(|(begin, _)| line.starts_with(begin)).map(|it| it.1);
                is_mail = line == "DATA" && answer.is_none();
                let answer = answer.unwrap_or(if is_mail { "354 go on" } else { "250 good" });
                let _ = says.write_all(format!("{answer}\r\n").as_bytes());
            }
        }
    });
    port
}

fn carried(answers: Answers, to: &[&str]) -> (Result<(), Refusal>, Vec<String>) {
    let config = EmailConfig {
        to: Addresses(to.iter().map(ToString::to_string).collect()),
        port: Some(server(answers)),
        tls: Security::None,
        ..EmailConfig::default()
    };
    let complaints = Complaints::default();
    let mailer = Mailer::new(&config, None, Arc::clone(&complaints)).unwrap();
    (mailer.carry(&message()), told(&complaints))
}

#[test]
fn what_may_be_taken_later_is_not_refused_for_good() {
    let all: [(Answers, &str, bool); 8] = [
        (&[("EHLO", "421 too many connections"), ("HELO", "421 no")], "cannot be reached", false),
        (&[("MAIL", "451 try again")], "does not take the sender", false),
        (&[("MAIL", "530 5.7.0 authentication required")], "does not take the sender", false),
        (&[("MAIL", "550 5.1.8 no such sender")], "does not take the sender", true),
        (&[("RCPT", "450 greylisted")], "does not take a@example.org", false),
        (&[("RCPT", "554 5.7.1 relay access denied")], "does not take a@example.org", false),
        (&[("RCPT", "550 5.1.1 unknown")], "does not take a@example.org", true),
        (&[(".", "552 5.3.4 too large")], "does not take the mail", true),
    ];
    for (answers, says, for_good) in all {
        let (carried, _) = carried(answers, &["a@example.org"]);
        let why = match carried.unwrap_err() {
            Refusal::ForGood(why) if for_good => why,
            Refusal::Later(why, None) if !for_good => why,
            other => panic!("{answers:?}: {other:?}"),
        };
        assert!(why.starts_with("localhost:") && why.contains(says), "{why}");
    }
}

#[test]
fn of_several_addresses_those_get_it_that_can() {
    // What is said of one address now, or of what this machine may send to it, is no reason to keep the mail from the others.
    let all: [Answers; 3] = [
        &[("RCPT TO:<b", "550 5.1.1 unknown")],
        &[("RCPT TO:<b", "452 4.2.2 mailbox full")],
        &[("RCPT TO:<b", "554 5.7.1 relay access denied")],
    ];
    for answers in all {
        let (result, complaints) = carried(answers, &["a@example.org", "b@example.org", "c@example.org"]);
        assert_eq!(result, Ok(()), "{answers:?}");
        let [complaint] = &complaints[..] else { panic!("{complaints:?}") };
        assert!(complaint.contains("does not take b@example.org"), "{complaint}");
        assert!(complaint.ends_with("; the others have the mail"), "{complaint}");
    }
    let nobody = &[("RCPT TO:<a", "450 greylisted"), ("RCPT TO:<b", "550 5.1.1 unknown")];
    let (result, complaints) = carried(nobody, &["a@example.org", "b@example.org"]);
    assert!(matches!(result, Err(Refusal::Later(..))) && complaints.is_empty(), "{result:?}");
    let (result, complaints) = carried(all[0], &["b@example.org", "bb@example.org"]);
    let Err(Refusal::ForGood(why)) = result else { panic!("{result:?}") };
    assert!(why.contains("<b@") || why.contains("b@example.org: "), "{why}");
    assert_eq!(complaints, [""; 0]);
}

#[test]
fn a_mail_says_when_and_by_which_name_and_is_ascii() {
    let mail = written(&message());
    assert!(mail.is_ascii());
    for line in [
        "From: =?utf-8?b?SsO2cmc=?= <me@example.org>",
        "Date: Sun, 29 Nov 2026 04:31:06 +0000",
        "Message-ID: <1795926666683-00ff-0000@host>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
    ] {
        assert!(mail.contains(&format!("{line}\r\n")), "{line}\n{mail}");
    }
}

#[test]
fn no_name_of_a_directory_makes_a_header_nor_one_that_is_too_long() {
    let workdir = format!("/a\r\nBcc: somebody@example.org\r\n\r\nhello{}", "ü".repeat(400));
    let mail = written(&Message { workdir, ..message() });
    let (head, _) = mail.split_once("\r\n\r\n").unwrap();
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    assert!(mail.lines().all(|line| line.len() <= 998), "{head}");
}

#[test]
fn whatever_jobs_wrote_arrives_as_they_wrote_it() {
    let text = "a.\n.\n..\nFrom here\nä\u{1f600}\t=20\n";
    let ended = Ended {
        success: true,
        text: text.into(),
        stopped: None,
        succeeded: 1,
        skipped: 0,
        failed: 0,
        killed: 0,
        cancelled: 0,
        done_before: 0,
        failed_before: 0,
        attempts: 1,
        seconds: 0.0,
        cpu_seconds: 0.0,
    };
    let mail = written(&Message { ended: Some(ended), ..message() });
    let (_, body) = mail.split_once("\r\n\r\n").unwrap();
    assert_eq!(decoded(body).split_once("\n\nRun").unwrap().0.trim_end(), text.trim_end(), "{body}");
}

/// Of quoted-printable.
fn decoded(body: &str) -> String {
    let (mut bytes, body) = (Vec::new(), body.replace("=\r\n", "").replace("\r\n", "\n"));
    let mut parts = body.split('=');
    bytes.extend(parts.next().unwrap().bytes());
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(part[2..].bytes());
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_configuration_has_one_address_or_several() {
    let read = |text: &str| toml::from_str::<EmailConfig>(text).unwrap().to.0;
    assert_eq!(read("to = \"a@b.c\""), ["a@b.c"]);
    assert_eq!(read("to = [\"a@b.c\", \"D <d@e.f>\"]"), ["a@b.c", "D <d@e.f>"]);
    let told = toml::from_str::<EmailConfig>("to = 7").unwrap_err().to_string();
    assert!(told.contains("an address, or a list of addresses"), "{told}");
}

#[test]
fn in_the_clear_it_leaves_this_machine_only_where_that_is_wanted() {
    let checked = |server: &str, allow_plain| {
        let config =
            EmailConfig { server: server.into(), tls: Security::None, allow_plain, ..EmailConfig::default() };
        config.check()
    };
    for server in ["localhost", "127.0.0.1", "127.9.9.9", "::1"] {
        assert_eq!(checked(server, false), Ok(()));
    }
    for server in ["localhost.example.org", "10.0.0.1", "mail"] {
        let told = checked(server, false).unwrap_err();
        assert!(told.contains("everybody on the way") && told.ends_with("or `allow_plain = true`"), "{told}");
        assert_eq!(checked(server, true), Ok(()));
    }
}

#[test]
fn a_server_is_a_host_and_its_port_is_another_key() {
    let checked = |server: &str| EmailConfig { server: server.into(), ..EmailConfig::default() }.check();
    for server in
        ["127.0.0.1:18025", "mail.example.org:587", "[::1]:25", "smtp://mail.example.org", "a@b", "a b"]
    {
        let told = checked(server).unwrap_err();
        assert!(told.contains(server) && told.contains("`port = 587`"), "{told}");
    }
    for server in ["mail.example.org", "mail_1", "127.0.0.1", "::1", "fe80::1"] {
        assert_eq!(checked(server), Ok(()), "{server}");
    }
}
