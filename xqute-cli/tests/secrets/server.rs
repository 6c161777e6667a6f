//! What is the worst that a server can say of a secret? The secret, in its answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// What a server speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Speaks {
    Postgres,
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
                Speaks::Postgres => drop(postgres(&client)),
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

/// Wants the password as it is, and says it again as an error.
fn postgres(client: &TcpStream) -> std::io::Result<()> {
    let message = |kind: usize| -> std::io::Result<Vec<u8>> {
        let mut head = vec![0; kind + 4];
        (&*client).read_exact(&mut head)?;
        let length = u32::from_be_bytes(head[kind..].try_into().unwrap()) as usize;
        let mut body = vec![0; length - 4];
        (&*client).read_exact(&mut body)?;
        Ok(body)
    };
    // Encryption is asked for first, perhaps.
    if message(0)?.len() == 4 {
        (&*client).write_all(b"N")?;
        message(0)?;
    }
    (&*client).write_all(b"R\0\0\0\x08\0\0\0\x03")?;
    let password = message(1)?;
    let said = [
        &b"SFATAL\0VFATAL\0C28P01\0Mnobody is let in, you said "[..],
        password.strip_suffix(b"\0").unwrap(),
        b"\0\0",
    ]
    .concat();
    let length = u32::try_from(said.len() + 4).unwrap().to_be_bytes();
    (&*client).write_all(&[&b"E"[..], &length, &said].concat())
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
    let first = head.lines().next().unwrap_or_default().to_owned();
    let words: Vec<&str> = head.split(['/', ' ', '\r', '\n']).filter(|it| it.contains("hunter2")).collect();
    let body = format!("you said {}\n{head}", words.join("\n"));
    let length = body.len();
    say(
        client,
        &format!("HTTP/1.1 503 {first}\r\nX-You-Said: {first}\r\nContent-Length: {length}\r\n\r\n{body}"),
    );
}
