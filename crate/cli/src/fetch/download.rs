//! Files whose hash is known: resumed, checked, and in place only when whole.

use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::Path;

use askmask_core::Error;
use askmask_core::first_bytes;
use askmask_core::weights::manifest::FileEntry;
use ureq::http::StatusCode;

use super::partial_file::PartialFile;
use super::retry::{Failure, retry};
use super::{Client, HttpResponse, connection_lost, header, network};
use crate::fault::Fault;
use crate::hash::sha256;

/// How often a file is downloaded whole before its hash counts as wrong for good.
const DOWNLOADS: u32 = 2;
const BUFFER_BYTES: usize = 1 << 16;

/// Called with the count of every few bytes that arrived; an error stops the download.
type DownloadProgress<'a> = dyn FnMut(u64) -> Result<(), Error> + 'a;

impl Client {
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
        let range = (start > 0).then(|| format!("bytes={start}-"));
        let tag = partial.tag();
        let mut response = self.get(url, range.as_deref(), tag.as_deref())?;
        if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            partial.remove();
            start = 0;
            response = self.get(url, None, None)?;
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
        partial.store_tag(header(&response, "etag"))?;
        append_body(url, response, partial, start..entry.bytes, progress)
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
            Err(cause) => return Err(connection_lost(url, &cause)),
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
