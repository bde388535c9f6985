//! Files that are read without being kept.

use std::io::Read;
use std::ops::Range;

use ureq::BodyReader;
use ureq::http::StatusCode;

use super::retry::{Failure, retry};
use super::version::{Version, content_range};
use super::{Client, connection_lost, network};
use crate::fault::Fault;
use crate::interrupt;

/// Most bytes that are read and dropped rather than another request sent.
const MAX_GAP: u64 = 1 << 20;
/// Bytes that are read between two looks at Ctrl-C.
const BUFFER_BYTES: usize = 1 << 16;

/// Reads files of a host. One response stays open as long as what is asked for comes behind what
/// came, so a file that is read from start to end is one request; a connection that breaks goes on
/// at the byte where it broke, and never with bytes of another version.
pub struct Stream<'a> {
    client: &'a Client,
    open: Option<Open>,
}

/// A response under way.
struct Open {
    url: String,
    /// Where in the file its next byte is.
    at: u64,
    body: BodyReader<'static>,
}

impl<'a> Stream<'a> {
    pub fn new(client: &'a Client) -> Self {
        Self { client, open: None }
    }

    /// The bytes `range` of a file, of which this is the version. [`Fault::Changed`] when the host
    /// has another one by now.
    pub fn read(
        &mut self,
        url: &str,
        version: &Version,
        range: Range<u64>,
    ) -> Result<Vec<u8>, Fault> {
        let mut bytes = vec![0; (range.end - range.start) as usize];
        let mut filled = 0;
        retry(|| {
            let at = range.start + filled as u64;
            let mut open = self.seek(url, version, at)?;
            open.fill(&mut bytes, &mut filled)?;
            // One that failed is not used again.
            self.open = Some(open);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// A response whose next byte is that at `at`.
    fn seek(&mut self, url: &str, version: &Version, at: u64) -> Result<Open, Failure> {
        let near = |open: &Open| (open.at..=open.at + MAX_GAP).contains(&at);
        let open = self.open.take();
        let mut open = match open.filter(|open| open.url == url && near(open)) {
            Some(open) => open,
            None => self.request(url, version, at)?,
        };
        let mut dropped = vec![0; BUFFER_BYTES];
        while open.at < at {
            let more = dropped.len().min((at - open.at) as usize);
            open.fill(&mut dropped[..more], &mut 0)?;
        }
        Ok(open)
    }

    /// A response that begins at `at`, or before it where the host ignores ranges.
    fn request(&self, url: &str, version: &Version, at: u64) -> Result<Open, Failure> {
        let range = (at > 0).then(|| format!("bytes={at}-"));
        let tag = version.tag.as_deref();
        let response = self.client.get(url, range.as_deref(), tag)?;
        let now = Version::of(&response);
        let part = response.status() == StatusCode::PARTIAL_CONTENT;
        let same = now.is_some_and(|now| {
            // A part that was asked for by its tag need not repeat that.
            let agreed = part && now.tag.is_none() || now.tag == version.tag;
            agreed && now.bytes == version.bytes
        });
        if !same || response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            let error = network(url, "the file changed on the host while it was read");
            return Err(Fault::Changed(error).into());
        }
        let first = content_range(&response).map_or(0, |(first, _)| first);
        if first > at {
            let error = network(url, "another part came than asked for");
            return Err(Failure::Transient(error));
        }
        Ok(Open {
            url: url.to_owned(),
            at: first,
            body: response.into_body().into_reader(),
        })
    }
}

impl Open {
    /// Reads until `bytes` are full, of which `filled` are already.
    fn fill(&mut self, bytes: &mut [u8], filled: &mut usize) -> Result<(), Failure> {
        while *filled < bytes.len() {
            interrupt::check()?;
            let end = bytes.len().min(*filled + BUFFER_BYTES);
            match self.body.read(&mut bytes[*filled..end]) {
                Ok(0) => {
                    let reason = format!("it ended after {} bytes", self.at);
                    return Err(Failure::Transient(network(&self.url, reason)));
                }
                Ok(count) => {
                    *filled += count;
                    self.at += count as u64;
                }
                Err(cause) => return Err(connection_lost(&self.url, &cause)),
            }
        }
        Ok(())
    }
}
