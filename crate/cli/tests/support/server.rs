//! A small server that misbehaves on order, and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What goes wrong with one answer.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Nothing, so that a later answer can go wrong.
    None,
    /// Refuses with a status.
    Status(u16),
    /// Refuses with a status and the words of Hugging Face's hub.
    Refusal(u16, &'static str, &'static str),
    /// Sends to the same address again.
    Redirect,
    /// Sends to a storage of the same file.
    Moved,
    /// Sends a web page, as its type says or under the type of the file.
    Page { honest: bool },
    /// Closes the connection after so many bytes of the body.
    Cut(usize),
    /// Falls silent after so many bytes of the body.
    Stall(usize),
    /// Knows nothing of ranges.
    Whole,
    /// Says that the range is beyond the file.
    Beyond,
    /// Sends another range than asked for.
    OtherPart,
    /// The file has changed since: another tag.
    NewTag,
    /// One bit of the body is wrong.
    Flip,
    /// All of the body is zero.
    Zero,
    /// The body goes on behind the file's end.
    Longer,
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Request {
    /// The whole path.
    pub path: String,
    /// First byte asked for.
    pub start: Option<usize>,
    /// Last byte asked for.
    pub last: Option<usize>,
    /// The tag of `If-Range`.
    pub tag: Option<String>,
}

impl Request {
    /// The last part of the path, without a query.
    pub fn file(&self) -> &str {
        let path = self.path.split('?').next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default()
    }
}

#[derive(Default)]
struct Shared {
    log: Vec<Request>,
    faults: BTreeMap<String, VecDeque<Fault>>,
    versions: BTreeMap<String, u32>,
    commit: Option<String>,
    tag: Tag,
}

/// How the server tells versions of a file apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tag {
    #[default]
    Strong,
    /// By the second of the last change, and a tag that says nothing about bytes.
    Date,
    /// Not at all.
    None,
}

impl Tag {
    fn headers(self, version: u32) -> Vec<(&'static str, String)> {
        match self {
            Self::Strong => vec![("etag", format!("\"{version}\""))],
            Self::Date => vec![
                ("etag", "W/\"weak\"".to_owned()),
                (
                    "last-modified",
                    format!("Thu, 01 Jan 2026 00:00:{version:02} GMT"),
                ),
            ],
            Self::None => Vec::new(),
        }
    }
}

/// Serves the files of a folder, whatever path leads to their names.
pub struct Server {
    pub address: String,
    shared: Arc<Mutex<Shared>>,
}

impl Server {
    pub fn new(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (state, folder) = (Arc::clone(&shared), folder.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, folder) = (Arc::clone(&state), folder.clone());
                // A client that goes away is its own business.
                thread::spawn(move || drop(answer(stream, &state, &folder)));
            }
        });
        Self { address, shared }
    }

    /// The next answers about `file` go wrong, one after the other.
    pub fn order(&self, file: &str, faults: &[Fault]) {
        let mut shared = self.shared.lock().expect("unpoisoned");
        shared
            .faults
            .insert(file.into(), faults.iter().copied().collect());
    }

    /// From now on it is a hub, whose files are those of `commit`.
    pub fn set_commit(&self, commit: &str) {
        self.shared.lock().expect("unpoisoned").commit = Some(commit.to_owned());
    }

    pub fn set_tag(&self, tag: Tag) {
        self.shared.lock().expect("unpoisoned").tag = tag;
    }

    /// Requests since the last time.
    pub fn log(&self) -> Vec<Request> {
        std::mem::take(&mut self.shared.lock().expect("unpoisoned").log)
    }
}

fn answer(stream: TcpStream, state: &Mutex<Shared>, folder: &Path) -> std::io::Result<()> {
    let request = read(&stream)?;
    let file = request.file().to_owned();
    let (fault, mut headers) = {
        let mut shared = state.lock().expect("unpoisoned");
        shared.log.push(request.clone());
        let fault = shared.faults.get_mut(&file).and_then(VecDeque::pop_front);
        let version = shared.versions.entry(file.clone()).or_default();
        if matches!(fault, Some(Fault::NewTag)) {
            *version += 1;
        }
        let mut headers = shared.tag.headers(shared.versions[&file]);
        let commit = shared.commit.iter();
        headers.extend(commit.map(|commit| ("x-repo-commit", commit.clone())));
        (fault, headers)
    };
    let mut out = stream;
    match fault {
        Some(Fault::Status(status)) => return head(&mut out, status, &[], 0),
        Some(Fault::Refusal(status, code, message)) => {
            let words = [("x-error-code", code), ("x-error-message", message)];
            let words = words.map(|(name, value)| (name, value.to_owned()));
            return head(&mut out, status, &words, 0);
        }
        Some(Fault::Redirect) => {
            return head(&mut out, 302, &[("location", request.path)], 0);
        }
        Some(Fault::Moved) => {
            let storage = format!("/storage/{file}?signed=1");
            return head(&mut out, 302, &[("location", storage)], 0);
        }
        _ => {}
    }
    let Ok(mut body) = fs::read(folder.join(&file)) else {
        return head(&mut out, 404, &[], 0);
    };
    match fault {
        Some(Fault::Page { honest }) => {
            let page = b"<!doctype html><title>Log in</title>";
            let kind = if honest {
                "text/html; charset=utf-8"
            } else {
                "application/json"
            };
            head(&mut out, 200, &[("content-type", kind.into())], page.len())?;
            return out.write_all(page);
        }
        Some(Fault::Beyond) if request.start.is_some() => return head(&mut out, 416, &[], 0),
        _ if request.start.is_some_and(|start| start >= body.len()) => {
            return head(&mut out, 416, &[], 0);
        }
        Some(Fault::Flip) => {
            let middle = body.len() / 2;
            body[middle] ^= 1;
        }
        Some(Fault::Zero) => body.fill(0),
        Some(Fault::Longer) => body.extend([0; 99]),
        _ => {}
    }
    let total = body.len();
    let now = |theirs: &String| headers.iter().any(|(_, ours)| ours == theirs);
    let same = request.tag.as_ref().is_none_or(now);
    let start = request
        .start
        .filter(|_| same && !matches!(fault, Some(Fault::Whole)));
    let mut first = start.unwrap_or(0);
    let mut end = total;
    if start.is_some() {
        if matches!(fault, Some(Fault::OtherPart)) {
            first += 1;
        }
        end = request.last.map_or(total, |last| total.min(last + 1));
        headers.push((
            "content-range",
            format!("bytes {first}-{}/{total}", end - 1),
        ));
    }
    let body = &body[first.min(end)..end];
    head(
        &mut out,
        if start.is_some() { 206 } else { 200 },
        &headers,
        body.len(),
    )?;
    match fault {
        Some(Fault::Cut(count)) => out.write_all(&body[..count.min(body.len())]),
        Some(Fault::Stall(count)) => {
            out.write_all(&body[..count.min(body.len())])?;
            thread::sleep(Duration::from_secs(20));
            Ok(())
        }
        _ => out.write_all(body),
    }
}

fn read(stream: &TcpStream) -> std::io::Result<Request> {
    let mut lines = BufReader::new(stream).lines();
    let line = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut request = Request {
        path,
        start: None,
        last: None,
        tag: None,
    };
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "range" => {
                let range = value.strip_prefix("bytes=");
                let (start, last) = range.and_then(|v| v.split_once('-')).unwrap_or_default();
                request.start = start.parse().ok();
                request.last = last.parse().ok();
            }
            "if-range" => request.tag = Some(value.to_owned()),
            _ => {}
        }
    }
    Ok(request)
}

fn head(
    out: &mut TcpStream,
    status: u16,
    headers: &[(&str, String)],
    length: usize,
) -> std::io::Result<()> {
    write!(
        out,
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n"
    )?;
    for (name, value) in headers {
        write!(out, "{name}: {value}\r\n")?;
    }
    out.write_all(b"\r\n")
}
