//! Brings one file of a model into the cache: resumed, checked, and in place only when whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use askmask_core::Error;
use askmask_core::weights::digest::Sha256;
use askmask_core::weights::manifest::FileEntry;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use crate::fault::Fault;

/// How often a broken or busy connection is tried again before giving up.
const ATTEMPTS: u32 = 4;
/// Pause before the second attempt; it doubles each time.
const PAUSE: Duration = Duration::from_millis(250);
const PIECE: usize = 1 << 16;

/// What hears of the bytes that arrive, and may stop the download.
pub type Progress<'a> = dyn FnMut(u64) -> Result<(), Error> + 'a;

/// Why an attempt ended.
enum Stop {
    /// Another attempt may do better.
    Again(Error),
    /// None will.
    Final(Fault),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Final(error.into())
    }
}

/// Asks for files.
pub struct Client(Agent);

impl Client {
    /// Gives up on a server that is silent for `patience`.
    pub fn new(patience: Duration) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(patience))
            .timeout_recv_response(Some(patience))
            .timeout_per_read(Some(patience))
            .user_agent(concat!("askmask/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(config.new_agent())
    }

    /// All bytes of a small file, at most `limit`.
    pub fn small(&self, url: &str, limit: usize) -> Result<Vec<u8>, Fault> {
        attempts(|| {
            let mut response = self.get(url, None)?;
            let promised = response.body().content_length();
            let mut bytes = Vec::new();
            let mut body = response.body_mut().as_reader().take(limit as u64 + 1);
            body.read_to_end(&mut bytes)
                .map_err(|e| Stop::Again(broken(url, &e)))?;
            if bytes.len() > limit {
                return Err(network(url, format!("more than {limit} bytes")).into());
            }
            if promised.is_some_and(|promised| promised != bytes.len() as u64) {
                return Err(Stop::Again(network(url, "it ended too early")));
            }
            Ok(bytes)
        })
    }

    /// Brings `entry` from `url` to `target`. What an earlier run has of it stays, and only the
    /// rest is asked for; a file whose hash is wrong is fetched anew once.
    pub fn file(
        &self,
        url: &str,
        entry: &FileEntry,
        target: &Path,
        progress: &mut Progress,
    ) -> Result<(), Fault> {
        let partial = Partial::of(target);
        for _ in 0..2 {
            attempts(|| self.rest(url, entry, &partial, progress))?;
            if hash(&partial.data)? == entry.sha256 {
                partial.keep(target)?;
                return Ok(());
            }
            partial.forget();
        }
        Err(Error::Integrity {
            file: entry.name.clone(),
            reason: format!("{url} has other bytes than its manifest says, also the second time"),
        }
        .into())
    }

    /// Fetches what is missing of a partial file.
    fn rest(
        &self,
        url: &str,
        entry: &FileEntry,
        partial: &Partial,
        progress: &mut Progress,
    ) -> Result<(), Stop> {
        let mut start = partial.bytes();
        if start > entry.bytes {
            partial.forget();
            start = 0;
        }
        if start == entry.bytes && start > 0 {
            return Ok(());
        }
        let resume = (start > 0).then(|| (start, partial.tag()));
        let response = match self.get(url, resume)? {
            response if response.status() != StatusCode::RANGE_NOT_SATISFIABLE => response,
            _ => {
                partial.forget();
                self.get(url, None)?
            }
        };
        let start = match response.status() {
            StatusCode::PARTIAL_CONTENT if continues(&response, start, entry.bytes) => start,
            StatusCode::PARTIAL_CONTENT => {
                partial.forget();
                return Err(Stop::Again(network(
                    url,
                    "another part came than asked for",
                )));
            }
            // The whole file: another version than before, or a server without ranges.
            _ => {
                partial.forget();
                0
            }
        };
        let tag = response
            .headers()
            .get("etag")
            .and_then(|tag| tag.to_str().ok());
        partial.remember(tag).map_err(Stop::Final)?;
        receive(url, response, partial, start..entry.bytes, progress)
    }

    /// The answer to a request for `url`, or for its bytes from some byte on.
    fn get(
        &self,
        url: &str,
        resume: Option<(u64, Option<String>)>,
    ) -> Result<Response<Body>, Stop> {
        let mut request = self.0.get(url).header("accept-encoding", "identity");
        if let Some((start, tag)) = resume {
            request = request.header("range", format!("bytes={start}-"));
            if let Some(tag) = tag {
                request = request.header("if-range", tag);
            }
        }
        let response = request.call().map_err(|error| match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                Stop::Final(network(url, "this is no address").into())
            }
            error => Stop::Again(network(url, format!("the host cannot be reached: {error}"))),
        })?;
        let status = response.status();
        if status.is_success() || status == StatusCode::RANGE_NOT_SATISFIABLE {
            let page = response.body().mime_type() == Some("text/html");
            return match page {
                true => Err(network(url, "a web page came instead of the file").into()),
                false => Ok(response),
            };
        }
        let error = network(url, refusal(status));
        let busy = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
        Err(match busy {
            true => Stop::Again(error),
            false => error.into(),
        })
    }
}

/// Appends the body to the partial file.
fn receive(
    url: &str,
    mut response: Response<Body>,
    partial: &Partial,
    range: std::ops::Range<u64>,
    progress: &mut Progress,
) -> Result<(), Stop> {
    let unwritten = |e: &io::Error| Stop::Final(Fault::file(&partial.data, e));
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&partial.data)
        .map_err(|e| unwritten(&e))?;
    let mut body = response.body_mut().as_reader();
    let mut at = range.start;
    let mut piece = vec![0; PIECE];
    loop {
        let count = match body.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) => return Err(Stop::Again(broken(url, &error))),
        };
        at += count as u64;
        if at > range.end {
            partial.forget();
            let reason = format!("more than the {} bytes of its manifest", range.end);
            return Err(network(url, reason).into());
        }
        file.write_all(&piece[..count]).map_err(|e| unwritten(&e))?;
        progress(count as u64)?;
    }
    match at == range.end {
        true => Ok(()),
        false => Err(Stop::Again(network(
            url,
            format!("it ended after {at} of {} bytes", range.end),
        ))),
    }
}

/// Tries until it works, fails for good, or was tried often enough.
fn attempts<T>(mut work: impl FnMut() -> Result<T, Stop>) -> Result<T, Fault> {
    let mut tried = 0;
    loop {
        match work() {
            Ok(done) => return Ok(done),
            Err(Stop::Final(fault)) => return Err(fault),
            Err(Stop::Again(error)) if tried + 1 == ATTEMPTS => return Err(error.into()),
            Err(Stop::Again(_)) => sleep(PAUSE * 2_u32.pow(tried)),
        }
        tried += 1;
    }
}

/// Whether the answer goes on at byte `start` of a file of `total` bytes.
fn continues(response: &Response<Body>, start: u64, total: u64) -> bool {
    let range = response.headers().get("content-range");
    let range = range.and_then(|range| range.to_str().ok());
    let expected = format!("bytes {start}-{}/{total}", total.saturating_sub(1));
    range == Some(expected.as_str())
}

/// A file that is not whole yet, and the version of it that the server named.
struct Partial {
    data: PathBuf,
    tag: PathBuf,
}

impl Partial {
    fn of(target: &Path) -> Self {
        Self {
            data: target.with_added_extension("part"),
            tag: target.with_added_extension("etag"),
        }
    }

    fn bytes(&self) -> u64 {
        fs::metadata(&self.data).map_or(0, |data| data.len())
    }

    /// The server's tag, unless it is a weak one, which says nothing about bytes.
    fn tag(&self) -> Option<String> {
        let tag = fs::read_to_string(&self.tag).ok()?;
        (!tag.starts_with("W/")).then_some(tag)
    }

    fn remember(&self, tag: Option<&str>) -> Result<(), Fault> {
        let done = match tag {
            Some(tag) => fs::write(&self.tag, tag),
            None => fs::remove_file(&self.tag).or(Ok(())),
        };
        done.map_err(|e| Fault::file(&self.tag, &e))
    }

    fn forget(&self) {
        // What is not there needs no removal.
        let _ = fs::remove_file(&self.data);
        let _ = fs::remove_file(&self.tag);
    }

    fn keep(&self, target: &Path) -> Result<(), Fault> {
        fs::rename(&self.data, target).map_err(|e| Fault::file(target, &e))?;
        self.forget();
        Ok(())
    }
}

/// SHA-256 of a file.
pub fn hash(path: &Path) -> Result<String, Fault> {
    let fault = |e: &io::Error| Fault::file(path, e);
    let mut file = File::open(path).map_err(|e| fault(&e))?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece).map_err(|e| fault(&e))? {
            0 => return Ok(hash.hex()),
            count => hash.update(&piece[..count]),
        }
    }
}

fn refusal(status: StatusCode) -> String {
    let cause = match status.as_u16() {
        401 => "the host asks for a login, and askmask sends none; download the files by hand",
        403 => "the host forbids it; the model's licence may have to be accepted there first",
        404 => {
            "there is no such file; check the address, and that the model was made by \
             `askmask quantize`"
        }
        429 => "the host has had too many requests; wait a while",
        500..=599 => "the host has a fault of its own; try later",
        _ => "the host refuses",
    };
    format!("{cause} (status {})", status.as_u16())
}

fn broken(url: &str, error: &io::Error) -> Error {
    network(url, format!("the connection broke: {error}"))
}

pub fn network(url: &str, reason: impl Into<String>) -> Error {
    Error::Network {
        url: url.to_owned(),
        reason: reason.into(),
    }
}
