//! A TCP proxy before a database server, that does something the moment a word passes on its way there.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Listens on a port of its own and forwards to `server`; before `word` is forwarded for the first time, `act` is done.
/// Where it says so, the connection is cut instead. Gives `host:port`.
pub fn proxy(server: &str, word: &str, act: impl Fn() -> bool + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (server, word, act) = (server.to_owned(), word.as_bytes().to_vec(), Arc::new(act));
    let done = Arc::new(AtomicBool::new(false));
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(upstream) = TcpStream::connect(&server) else { continue };
            let (mut from, mut to) = (client.try_clone().expect("a socket"), upstream.try_clone().expect("a socket"));
            let (word, act, done) = (word.clone(), act.clone(), done.clone());
            std::thread::spawn(move || {
                let mut buffer = [0; 65536];
                while let Ok(n @ 1..) = from.read(&mut buffer) {
                    let passes = buffer[..n].windows(word.len()).any(|w| w == word);
                    if passes && !done.swap(true, Ordering::SeqCst) && act() {
                        break;
                    }
                    if to.write_all(&buffer[..n]).is_err() {
                        break;
                    }
                }
                let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
            });
            let (mut from, mut to) = (upstream, client);
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
    });
    address
}
