//! A line to a server that is slow, or goes dead: nothing comes over it any more, and nobody is told.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use crate::environment;

/// A line, new connections included.
pub struct Line {
    pub address: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    dead: AtomicBool,
    /// The word that kills it, and how often it has to be said.
    word: &'static str,
    left: AtomicU32,
    /// How long it takes for 64 KiB, in microseconds.
    delay: u64,
}

impl Line {
    /// One to the shared database that is dead once the client has said `word` so often.
    pub fn until(word: &'static str, times: u32) -> Self {
        Self::to(environment("POSTGRES_ADDRESS"), word, times)
    }

    /// The same to another server.
    pub fn to(server: String, word: &'static str, times: u32) -> Self {
        Self::with(server, word, times, 0)
    }

    /// One that lets so many bytes a second pass, each way.
    pub fn slow(server: String, bytes: u64) -> Self {
        Self::with(server, "", u32::MAX, 65_536 * 1_000_000 / bytes)
    }

    fn with(server: String, word: &'static str, times: u32, delay: u64) -> Self {
        let state = Arc::new(State {
            word,
            left: AtomicU32::new(times),
            delay,
            ..State::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let own = state.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(&server).unwrap();
                for (from, to, speaks) in [(&client, &server, true), (&server, &client, false)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let state = own.clone();
                    std::thread::spawn(move || state.forward(from, to, speaks));
                }
            }
        });
        Self { address, state }
    }

    /// One that lives until it is cut.
    pub fn new() -> Self {
        Self::until("", u32::MAX)
    }

    /// Where the database is over this line.
    pub fn url(&self) -> String {
        environment("POSTGRES_URL").replace(&environment("POSTGRES_ADDRESS"), &self.address)
    }

    pub fn cut(&self) {
        self.state.dead.store(true, Ordering::SeqCst);
    }

    pub fn is_dead(&self) -> bool {
        self.state.dead.load(Ordering::SeqCst)
    }
}

/// What was held back goes on, so that nothing of it stays.
impl Drop for Line {
    fn drop(&mut self) {
        self.state.left.store(u32::MAX, Ordering::SeqCst);
        self.state.dead.store(false, Ordering::SeqCst);
    }
}

impl State {
    /// Until one side closes, or the line is dead.
    fn forward(&self, mut from: TcpStream, mut to: TcpStream, speaks: bool) {
        let mut buffer = [0; 65_536];
        loop {
            let read = from.read(&mut buffer).unwrap_or(0);
            if speaks {
                self.hear(&buffer[..read]);
            }
            let share = read as u64 * self.delay / 65_536;
            std::thread::sleep(Duration::from_micros(share));
            while self.dead.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
            if read == 0 || to.write_all(&buffer[..read]).is_err() {
                let _ = to.shutdown(Shutdown::Both);
                return;
            }
        }
    }

    fn hear(&self, bytes: &[u8]) {
        let word = self.word.as_bytes();
        let is_said = |bytes: &[u8]| bytes.windows(word.len()).any(|part| part == word);
        if !word.is_empty() && is_said(bytes) && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.dead.store(true, Ordering::SeqCst);
        }
    }
}
