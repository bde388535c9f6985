//! The first bytes of a file.

use std::io::Read;

use ureq::http::StatusCode;

use super::retry::{Failure, retry};
use super::version::{Version, content_range};
use super::{Client, connection_lost, network};
use crate::fault::Fault;

impl Client {
    /// The first bytes of a file, `most` of them if it has as many, and its version where the host
    /// says how long it is. [`Fault::Absent`] where the host has none, or a web page in its place.
    pub fn start(&self, url: &str, most: usize) -> Result<(Vec<u8>, Option<Version>), Fault> {
        let range = format!("bytes=0-{}", most.saturating_sub(1));
        retry(|| {
            let response = self.get(url, Some(&range), None)?;
            let version = Version::of(&response);
            let first = match response.status() {
                // There is not even a first byte.
                StatusCode::RANGE_NOT_SATISFIABLE => return Ok((Vec::new(), None)),
                StatusCode::PARTIAL_CONTENT => content_range(&response).map(|(first, _)| first),
                _ => Some(0),
            };
            if first != Some(0) {
                let error = network(url, "another part came than asked for");
                return Err(Failure::Transient(error));
            }
            let mut bytes = Vec::new();
            let body = response.into_body().into_reader();
            body.take(most as u64)
                .read_to_end(&mut bytes)
                .map_err(|cause| connection_lost(url, &cause))?;
            let all = |version: &Version| bytes.len() as u64 == version.bytes.min(most as u64);
            if !version.as_ref().is_none_or(all) {
                return Err(Failure::Transient(network(url, "it ended too early")));
            }
            Ok((bytes, version))
        })
    }
}
