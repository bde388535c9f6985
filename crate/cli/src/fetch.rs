//! Requests over HTTP: small files, downloads that resume, and weights that are read on their way.

mod download;
mod partial_file;
mod retry;
mod start;
mod stream;
mod version;

use std::io::{self, Read};
use std::time::Duration;

use askmask_core::Error;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use crate::fault::Fault;
use retry::{Failure, retry};

pub use partial_file::PartialFile;
pub use stream::Stream;
pub use version::Version;

const WEB_PAGE: &str = "a web page came instead of the file";

type HttpResponse = Response<Body>;

/// An HTTP client that sends neither cookies nor logins.
pub struct Client(Agent);

/// A file that was read whole.
pub struct SmallFile {
    pub bytes: Vec<u8>,
    /// The commit that it belongs to, where the host is a hub and says so.
    pub commit: Option<String>,
}

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

    /// A small file that does not begin with `<`, of at most `limit` bytes. [`Fault::Absent`] where
    /// the host has none, or a web page in its place.
    pub fn read(&self, url: &str, limit: usize) -> Result<SmallFile, Fault> {
        retry(|| {
            let mut response = self.get(url, None, None)?;
            let promised = response.body().content_length();
            let mut bytes = Vec::new();
            let mut body = response.body_mut().as_reader().take(limit as u64 + 1);
            body.read_to_end(&mut bytes)
                .map_err(|cause| connection_lost(url, &cause))?;
            if bytes.len() > limit {
                return Err(network(url, format!("more than {limit} bytes")).into());
            }
            if promised.is_some_and(|promised| promised != bytes.len() as u64) {
                return Err(Failure::Transient(network(url, "it ended too early")));
            }
            // Whatever its type is called.
            if bytes.trim_ascii_start().starts_with(b"<") {
                return Err(Fault::Absent(network(url, WEB_PAGE)).into());
            }
            let commit = commit(&response);
            Ok(SmallFile { bytes, commit })
        })
    }

    /// The response to a request for `url`: for a `range` of its bytes, if that is given, and only
    /// if it still has the `tag`; the whole file otherwise.
    fn get(
        &self,
        url: &str,
        range: Option<&str>,
        tag: Option<&str>,
    ) -> Result<HttpResponse, Failure> {
        let mut request = self.0.get(url).header("accept-encoding", "identity");
        if let Some(range) = range {
            request = request.header("range", range);
            if let Some(tag) = tag {
                request = request.header("if-range", tag);
            }
        }
        let response = request.call().map_err(|error| match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                network(url, "this is no address").into()
            }
            ureq::Error::TooManyRedirects | ureq::Error::RedirectFailed => network(
                url,
                "the host sends from one address to another without end",
            )
            .into(),
            error => {
                Failure::Transient(network(url, format!("the host cannot be reached: {error}")))
            }
        })?;
        let status = response.status();
        if status == StatusCode::RANGE_NOT_SATISFIABLE {
            return Ok(response);
        }
        if status.is_success() {
            if response.body().mime_type() == Some("text/html") {
                return Err(Fault::Absent(network(url, WEB_PAGE)).into());
            }
            return Ok(response);
        }
        let error = network(url, refusal(&response));
        Err(match status.as_u16() {
            401 | 403 | 404 | 410 => Fault::Absent(error).into(),
            429 | 500..=599 => Failure::Transient(error),
            _ => error.into(),
        })
    }
}

/// The commit of a hub's repository that a response comes from; anything but a hash is none.
fn commit(response: &HttpResponse) -> Option<String> {
    let commit = header(response, "x-repo-commit")?;
    let hash = (40..=64).contains(&commit.len()) && commit.bytes().all(|c| c.is_ascii_hexdigit());
    hash.then(|| commit.to_owned())
}

fn header<'a>(response: &'a HttpResponse, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// Why the host gave no file, in its own words too where it has some. A hub's are in headers,
/// <https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/utils/_http.py>.
fn refusal(response: &HttpResponse) -> String {
    const MOST_LETTERS: usize = 300;
    let status = response.status();
    let cause = match status.as_u16() {
        401 => {
            "the host asks for a login, and askmask sends none; check the name, or download the \
             files by hand"
        }
        403 => "the host forbids it; the model's licence may have to be accepted there first",
        404 | 410 => "there is no such file; check the address and the revision",
        429 => "the host has had too many requests; wait a while",
        500..=599 => "the host has a fault of its own; try later",
        _ => "the host refuses",
    };
    let said: Vec<&str> = ["x-error-code", "x-error-message"]
        .into_iter()
        .filter_map(|name| header(response, name))
        .collect();
    let mut reason = format!("{cause} (status {})", status.as_u16());
    if !said.is_empty() {
        reason += "; it says: ";
        reason.extend(said.join(": ").chars().take(MOST_LETTERS));
    }
    reason
}

fn connection_lost(url: &str, cause: &io::Error) -> Failure {
    Failure::Transient(network(url, format!("the connection broke: {cause}")))
}

pub fn network(url: &str, reason: impl Into<String>) -> Error {
    Error::Network {
        url: url.to_owned(),
        reason: reason.into(),
    }
}
