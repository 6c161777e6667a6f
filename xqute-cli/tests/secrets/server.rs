//! What is the worst that a server can say of a secret? The secret, in its answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// What a server speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Speaks {
    Smtp,
    Http,
}

/// Starts a server that refuses whatever it is told, in the words in which it was told: its port.
pub(crate) fn echo(speaks: Speaks) -> u16 {
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = door.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in door.incoming().map_while(Result::ok) {
            thread::spawn(move || match speaks {
                Speaks::Smtp => smtp(&client),
                Speaks::Http => http(&client),
            });
        }
    });
    port
}

/// Whoever is gone hears nothing.
fn say(mut to: &TcpStream, text: &str) {
    let _ = to.write_all(text.as_bytes());
}

fn smtp(client: &TcpStream) {
    say(client, "220 echo\r\n");
    for line in BufReader::new(client).lines().map_while(Result::ok) {
        if line.starts_with("EHLO") {
            say(client, "250-echo\r\n250 AUTH PLAIN LOGIN\r\n");
        } else {
            say(client, &format!("535 5.7.8 you said {line}\r\n"));
        }
    }
}

fn http(client: &TcpStream) {
    let (mut reader, mut head, mut length) = (BufReader::new(client), String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
            break;
        }
        if let Some((_, value)) =
            line.split_once(':').filter(|it| it.0.eq_ignore_ascii_case("content-length"))
        {
            length = value.trim().parse().unwrap();
        }
        head += &line;
    }
    let _ = reader.read_exact(&mut vec![0; length]);
    let first = head.lines().next().unwrap_or_default();
    say(
        client,
        &format!(
            "HTTP/1.1 503 {first}\r\nX-You-Said: {first}\r\nContent-Length: {}\r\n\r\n{head}",
            head.len()
        ),
    );
}
