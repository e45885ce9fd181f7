//! A server on this machine that answers with what a test gives it, in order, and keeps what it was asked.

#![allow(dead_code, clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One answer.
#[derive(Clone, Debug)]
pub enum Canned {
    /// Status, further headers, body.
    Full(u16, Vec<(&'static str, String)>, String),
    /// Headers that promise more than comes, then the end.
    Cut(String),
    /// A body without an end.
    Endless,
    /// Nothing at all until the client gives up.
    Silence,
}

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A server that ends with the test.
pub struct Server {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Canned {
    /// 200 with JSON.
    pub fn json(body: impl Into<String>) -> Canned {
        Canned::Full(200, Vec::new(), body.into())
    }

    /// A status with JSON.
    pub fn status(status: u16, body: impl Into<String>) -> Canned {
        Canned::Full(status, Vec::new(), body.into())
    }
}

impl Server {
    /// Answers with each of `answers` once, then with the last of them again and again.
    pub fn start(answers: Vec<Canned>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        std::thread::spawn(move || {
            for (i, stream) in listener.incoming().enumerate() {
                let (Ok(stream), Some(answer)) = (stream, answers.get(i).or(answers.last())) else { return };
                let (answer, kept) = (answer.clone(), kept.clone());
                std::thread::spawn(move || serve(stream, &answer, &kept));
            }
        });
        Server { url, asked }
    }

    /// An address on which nothing listens.
    pub fn nobody() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, answer: &Canned, kept: &Mutex<Vec<Asked>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(n, _)| n == "content-length").and_then(|(_, v)| v.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8_lossy(&body).into_owned();
    kept.lock().unwrap().push(Asked { line: line.trim_end().to_owned(), headers, body });
    let mut stream = stream;
    match answer {
        Canned::Full(status, headers, body) => {
            write!(stream, "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-type: application/json\r\n").ok()?;
            for (name, value) in headers {
                write!(stream, "{name}: {value}\r\n").ok()?;
            }
            write!(stream, "content-length: {}\r\n\r\n{body}", body.len()).ok()?;
        }
        Canned::Cut(body) => {
            let more = body.len() + 1000;
            write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {more}\r\n\r\n{body}").ok()?;
        }
        Canned::Endless => {
            write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{{\"message\": {{\"content\": \"").ok()?;
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
        }
        Canned::Silence => std::thread::sleep(Duration::from_secs(30)),
    }
    stream.flush().ok()
}
