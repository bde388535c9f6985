//! Downloads over HTTP: resumed, checked against their hash, and in place only when whole.

mod partial_file;
mod retry;

use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use askmask_core::Error;
use askmask_core::first_bytes;
use askmask_core::weights::manifest::FileEntry;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use crate::fault::Fault;
use crate::hash::sha256;
use partial_file::PartialFile;
use retry::{Failure, retry};

/// How often a file is downloaded whole before its hash counts as wrong for good.
const DOWNLOADS: u32 = 2;
const BUFFER_BYTES: usize = 1 << 16;

type HttpResponse = Response<Body>;

/// Called with the count of every few bytes that arrived; an error stops the download.
type DownloadProgress<'a> = dyn FnMut(u64) -> Result<(), Error> + 'a;

/// An HTTP client that sends neither cookies nor logins.
pub struct Client(Agent);

impl Client {
    /// `idle_timeout`: how long a server may send nothing.
    pub fn new(idle_timeout: Duration) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(idle_timeout))
            .timeout_recv_response(Some(idle_timeout))
            .timeout_per_read(Some(idle_timeout))
            .user_agent(concat!("askmask/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(config.new_agent())
    }

    /// All bytes of a small file, at most `limit`.
    pub fn read(&self, url: &str, limit: usize) -> Result<Vec<u8>, Fault> {
        retry(|| {
            let mut response = self.get(url, 0, None)?;
            let promised = response.body().content_length();
            let mut bytes = Vec::new();
            let mut body = response.body_mut().as_reader().take(limit as u64 + 1);
            body.read_to_end(&mut bytes)
                .map_err(|cause| Failure::Transient(connection_lost(url, &cause)))?;
            if bytes.len() > limit {
                return Err(network(url, format!("more than {limit} bytes")).into());
            }
            if promised.is_some_and(|promised| promised != bytes.len() as u64) {
                return Err(Failure::Transient(network(url, "it ended too early")));
            }
            Ok(bytes)
        })
    }

    /// Downloads `entry` from `url` to `target`. What an earlier run has of it stays, and only
    /// the rest is requested; a file whose hash is wrong is downloaded anew once.
    pub fn download(
        &self,
        url: &str,
        entry: &FileEntry,
        target: &Path,
        progress: &mut DownloadProgress,
    ) -> Result<(), Fault> {
        let partial = PartialFile::of(target);
        for _ in 0..DOWNLOADS {
            retry(|| self.resume(url, entry, &partial, progress))?;
            if sha256(&partial.data)? == entry.sha256 {
                return partial.rename_to(target);
            }
            partial.remove();
        }
        Err(Error::Integrity {
            file: entry.name.clone(),
            reason: format!("{url} has other bytes than its manifest says, also the second time"),
        }
        .into())
    }

    /// Requests what is missing of a partial file.
    fn resume(
        &self,
        url: &str,
        entry: &FileEntry,
        partial: &PartialFile,
        progress: &mut DownloadProgress,
    ) -> Result<(), Failure> {
        let mut start = partial.bytes();
        if start > entry.bytes {
            partial.remove();
            start = 0;
        }
        if start == entry.bytes && start > 0 {
            return Ok(());
        }
        let mut response = self.get(url, start, partial.etag())?;
        if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            partial.remove();
            start = 0;
            response = self.get(url, 0, None)?;
        }
        if response.status() != StatusCode::PARTIAL_CONTENT {
            // The whole file: another version than before, or a server without ranges.
            partial.remove();
            start = 0;
        } else if !continues(&response, start, entry.bytes) {
            partial.remove();
            let error = network(url, "another part came than asked for");
            return Err(Failure::Transient(error));
        }
        partial.store_etag(header(&response, "etag"))?;
        append_body(url, response, partial, start..entry.bytes, progress)
    }

    /// The response to a request for `url`, from byte `start` on if it still has the tag.
    fn get(&self, url: &str, start: u64, etag: Option<String>) -> Result<HttpResponse, Failure> {
        let mut request = self.0.get(url).header("accept-encoding", "identity");
        if start > 0 {
            request = request.header("range", format!("bytes={start}-"));
            if let Some(etag) = etag {
                request = request.header("if-range", etag);
            }
        }
        let response = request.call().map_err(|error| match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                network(url, "this is no address").into()
            }
            error => {
                Failure::Transient(network(url, format!("the host cannot be reached: {error}")))
            }
        })?;
        let status = response.status();
        if status.is_success() || status == StatusCode::RANGE_NOT_SATISFIABLE {
            if response.body().mime_type() == Some("text/html") {
                return Err(network(url, "a web page came instead of the file").into());
            }
            return Ok(response);
        }
        let error = network(url, status_reason(status));
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            return Err(Failure::Transient(error));
        }
        Err(error.into())
    }
}

/// Appends the body to the partial file; `range` is what it must hold of the file.
fn append_body(
    url: &str,
    mut response: HttpResponse,
    partial: &PartialFile,
    range: Range<u64>,
    progress: &mut DownloadProgress,
) -> Result<(), Failure> {
    let unwritten = |cause: io::Error| Fault::file(&partial.data, cause);
    let mut file = partial.append().map_err(unwritten)?;
    let mut body = response.body_mut().as_reader();
    let mut end = range.start;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(cause) => return Err(Failure::Transient(connection_lost(url, &cause))),
        };
        if let Some(what) = first_bytes::stand_in(&buffer[..count]).filter(|_| end == 0) {
            partial.remove();
            return Err(network(url, format!("what came is {what}")).into());
        }
        end += count as u64;
        if end > range.end {
            partial.remove();
            let reason = format!("more than the {} bytes of its manifest", range.end);
            return Err(network(url, reason).into());
        }
        file.write_all(&buffer[..count]).map_err(unwritten)?;
        progress(count as u64)?;
    }
    if end < range.end {
        let reason = format!("it ended after {end} of {} bytes", range.end);
        return Err(Failure::Transient(network(url, reason)));
    }
    Ok(())
}

/// Whether the response begins at byte `start` of a file of `total` bytes.
fn continues(response: &HttpResponse, start: u64, total: u64) -> bool {
    let expected = format!("bytes {start}-{}/{total}", total.saturating_sub(1));
    header(response, "content-range") == Some(expected.as_str())
}

fn header<'a>(response: &'a HttpResponse, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

fn status_reason(status: StatusCode) -> String {
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

fn connection_lost(url: &str, cause: &io::Error) -> Error {
    network(url, format!("the connection broke: {cause}"))
}

pub fn network(url: &str, reason: impl Into<String>) -> Error {
    Error::Network {
        url: url.to_owned(),
        reason: reason.into(),
    }
}
