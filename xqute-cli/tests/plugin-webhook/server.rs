//! A server for tests: it takes HTTP requests one after the other, answers as it is told to, and remembers what was sent.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How one request is answered. After the last of them: 200.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// This status, with this `Retry-After`.
    Status(u16, Option<&'static str>),
    /// Not at all, for as long as the test lasts.
    Hangs,
}

/// What was sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) line: String,
    /// By name, in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    pub(crate) at: Instant,
}

impl Request {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn id(&self) -> &str {
        &self.headers["idempotency-key"]
    }
}

#[derive(Default)]
struct Book {
    requests: Mutex<Vec<Request>>,
    more: Condvar,
    answers: Mutex<VecDeque<Answer>>,
    hanging: Mutex<Vec<TcpStream>>,
}

/// Lives until the test ends.
pub(crate) struct Server {
    port: u16,
    book: Arc<Book>,
}

impl Server {
    pub(crate) fn start(answers: &[Answer]) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap(), answers)
    }

    /// At the address of one that is not there.
    pub(crate) fn start_at(port: u16) -> Self {
        Self::listen(TcpListener::bind(("127.0.0.1", port)).unwrap(), &[])
    }

    fn listen(listener: TcpListener, answers: &[Answer]) -> Self {
        let book =
            Arc::new(Book { answers: Mutex::new(answers.iter().copied().collect()), ..Book::default() });
        let server = Self { port: listener.local_addr().unwrap().port(), book: Arc::clone(&book) };
        std::thread::spawn(move || listener.incoming().for_each(|it| book.serve(it.unwrap())));
        server
    }

    /// How the next requests are answered.
    pub(crate) fn answers(&self, answers: &[Answer]) {
        *self.book.answers.lock().unwrap() = answers.iter().copied().collect();
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.book.requests.lock().unwrap().clone()
    }

    /// Returns when so many have come.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Request> {
        let requests = self.book.requests.lock().unwrap();
        let wait = Duration::from_secs(60);
        let (requests, _) = self.book.more.wait_timeout_while(requests, wait, |it| it.len() < count).unwrap();
        assert!(requests.len() >= count, "{requests:?}");
        requests.clone()
    }
}

pub(crate) fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/hunter2?x=1")
}

/// A port at which nobody listens.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Book {
    fn serve(&self, mut stream: TcpStream) {
        let Some(request) = read(&mut stream) else { return };
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or(Answer::Status(200, None));
        self.requests.lock().unwrap().push(request);
        self.more.notify_all();
        match answer {
            Answer::Hangs => self.hanging.lock().unwrap().push(stream),
            // Who has been killed meanwhile reads no answer.
            Answer::Status(code, after) => drop(stream.write_all(&answered(code, after))),
        }
    }
}

pub(crate) fn answered(code: u16, after: Option<&str>) -> Vec<u8> {
    let after = after.map(|it| format!("Retry-After: {it}\r\n")).unwrap_or_default();
    format!("HTTP/1.1 {code} So\r\n{after}Content-Length: 5\r\nConnection: close\r\n\r\nso so").into_bytes()
}

/// One request; `None`: who sent it went away.
pub(crate) fn read(stream: &mut impl Read) -> Option<Request> {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        text.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&text).into_owned();
    // What TLS programs say of the connection stands before it.
    let head = &head[head.find("POST ")?..];
    let mut lines = head.lines();
    let line = lines.next()?.to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|it| it.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    stream.read_exact(&mut body).ok()?;
    Some(Request { line, headers, body, at: Instant::now() })
}
