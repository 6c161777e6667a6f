//! Is what is sent encrypted, for whom it is meant, and for nobody else? The server is OpenSSL's.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use crate::Desk;
use crate::server::{Request, answered, read};

/// An authority, and a certificate of it for `localhost` and 127.0.0.1.
const CERTIFICATES: &str = "
    new='openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
    $new -x509 -keyout ca.key -out ca.pem -subj /CN=ca -days 2
    $new -x509 -keyout other.key -out other.pem -subj /CN=other -days 2
    $new -keyout server.key -out server.csr -subj /CN=server
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n' > extensions
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile extensions -days 2 -out server.pem";

/// Makes them in the directory.
pub(crate) fn certificates(desk: &Desk) {
    let made = Command::new("bash").args(["-euc", CERTIFICATES]).current_dir(desk.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

struct Encrypted {
    openssl: Child,
    port: u16,
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        // One that has served is gone already.
        let _ = self.openssl.kill();
        let _ = self.openssl.wait();
    }
}

impl Encrypted {
    fn start(desk: &Desk) -> Self {
        certificates(desk);
        let mut openssl = Command::new("openssl");
        openssl.args("s_server -accept 127.0.0.1:0 -naccept 1 -cert server.pem -key server.key".split(' '));
        openssl.current_dir(desk.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut openssl = openssl.spawn().unwrap();
        let (out, mut line, mut port) = (openssl.stdout.as_mut().unwrap(), String::new(), None);
        while port.is_none() {
            line.clear();
            // A byte at a time: what follows is for who reads the request.
            let read = BufReader::with_capacity(1, &mut *out).read_line(&mut line).unwrap();
            assert!(read > 0, "it has said no port");
            port = line.trim().strip_prefix("ACCEPT 127.0.0.1:").map(|it| it.parse().unwrap());
        }
        Self { openssl, port: port.unwrap() }
    }

    /// Answers one request.
    fn serve(&mut self) -> Option<Request> {
        let request = read(self.openssl.stdout.as_mut().unwrap())?;
        let mut input = self.openssl.stdin.take().unwrap();
        input.write_all(&answered(200, None)).unwrap();
        Some(request)
    }
}

#[test]
fn a_server_of_a_private_authority_is_spoken_to() {
    for host in ["localhost", "127.0.0.1"] {
        let desk = Desk::new("webhook", "ca_file = \"ca.pem\"");
        let mut server = Encrypted::start(&desk);
        let url = format!("https://{host}:{}/hunter2", server.port);
        let run =
            desk.xqute(&url, &["run", "true"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let request = server.serve();
        let out = run.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success() && !told.contains("webhook"), "{told}");
        assert_eq!(request.unwrap().json()["ended"]["succeeded"].as_u64(), Some(1));
    }
}

#[test]
fn a_server_that_is_not_who_it_says_gets_nothing() {
    for config in ["", "ca_file = \"other.pem\""] {
        let desk = Desk::new("webhook", &format!("{config}\ndrain = \"300ms\""));
        let mut server = Encrypted::start(&desk);
        let (code, told) = desk.run(&format!("https://localhost:{}/hunter2", server.port), &["run", "true"]);
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains("webhook: 1 message not delivered (no"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
        let _ = server.openssl.kill();
        assert!(server.serve().is_none(), "it has seen no request");
        assert_eq!(desk.outbox("webhook").len(), 1);
    }
}
