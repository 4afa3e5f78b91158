//! A line to a server that is slow, or goes dead: nothing comes over it any more, and nobody is told.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::environment;

/// A line, new connections included.
pub struct Line {
    pub address: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    dead: AtomicBool,
    /// What was held back is not sent any more.
    hung_up: AtomicBool,
    /// Requests that the server has in full and has not answered.
    asked: AtomicU32,
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
                let asks = Arc::new(AtomicBool::new(false));
                for (from, to, speaks) in [(&client, &server, true), (&server, &client, false)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let (state, asks) = (own.clone(), asks.clone());
                    std::thread::spawn(move || state.forward((from, to), speaks, &asks));
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

    /// Ends a dead line whose client is gone: what was held back is never sent. A server that is cut off while
    /// it does what it was asked may have done half of it, so that its answers are waited for.
    pub fn hang_up(self) {
        let end = Instant::now() + Duration::from_secs(30);
        while self.state.asked.load(Ordering::SeqCst) > 0 && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.state.hung_up.store(true, Ordering::SeqCst);
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
    fn forward(&self, (mut from, mut to): (TcpStream, TcpStream), speaks: bool, asks: &AtomicBool) {
        let mut buffer = [0; 65_536];
        loop {
            let read = from.read(&mut buffer).unwrap_or(0);
            if speaks {
                self.hear(&buffer[..read]);
            }
            // Answered, or asked for more than the server has got. A client that is gone has got no answer.
            if (read > 0 || !speaks) && asks.swap(false, Ordering::SeqCst) {
                self.asked.fetch_sub(1, Ordering::SeqCst);
            }
            let share = read as u64 * self.delay / 65_536;
            std::thread::sleep(Duration::from_micros(share));
            while self.dead.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
            let gone = read == 0 || self.hung_up.load(Ordering::SeqCst);
            if speaks && !gone && !asks.swap(true, Ordering::SeqCst) {
                self.asked.fetch_add(1, Ordering::SeqCst);
            }
            if gone || to.write_all(&buffer[..read]).is_err() {
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
