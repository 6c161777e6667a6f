//! What can happen on the way to a mail server? A way of our own, on which it does.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What becomes of one connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    /// It comes to the server.
    Passes,
    /// It is closed at once.
    Closes,
    /// Nobody ever says anything.
    Hangs,
    /// It breaks after so many bytes of the client.
    BreaksAfter(usize),
}

/// A port that stands before a mail server.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    said: Arc<Mutex<Vec<u8>>>,
}

impl Proxy {
    /// The first connections have these fates, all others the last.
    pub(crate) fn new(server: u16, fates: &[Fate]) -> Self {
        let door = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, said, mut fates) = (door.local_addr().unwrap().port(), Arc::default(), fates.to_vec());
        let heard: Arc<Mutex<Vec<u8>>> = Arc::clone(&said);
        thread::spawn(move || {
            for client in door.incoming().map_while(Result::ok) {
                let fate = if fates.len() > 1 { fates.remove(0) } else { fates[0] };
                let heard = Arc::clone(&heard);
                thread::spawn(move || meet(client, server, fate, &heard));
            }
        });
        Self { port, said }
    }

    /// All that clients have said.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap()).into_owned()
    }
}

fn meet(mut client: TcpStream, server: u16, fate: Fate, heard: &Mutex<Vec<u8>>) {
    let most = match fate {
        Fate::Closes => return,
        Fate::Hangs => {
            // Until the client has had enough.
            let _ = std::io::copy(&mut client, &mut std::io::sink());
            return;
        }
        Fate::Passes => usize::MAX,
        Fate::BreaksAfter(bytes) => bytes,
    };
    let mut server = TcpStream::connect(("127.0.0.1", server)).unwrap();
    let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let answering = thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    let (mut passed, mut room) = (0, [0; 4096]);
    while let Ok(read @ 1..) = client.read(&mut room) {
        let pass = read.min(most - passed);
        heard.lock().unwrap().extend(&room[..pass]);
        passed += pass;
        if server.write_all(&room[..pass]).is_err() || passed == most {
            break;
        }
    }
    let _ = (server.shutdown(Shutdown::Both), client.shutdown(Shutdown::Both));
    answering.join().unwrap();
}
