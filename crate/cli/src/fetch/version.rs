//! Which version of a file a response belongs to.

use serde::{Deserialize, Serialize};
use ureq::http::StatusCode;

use super::{HttpResponse, header};

/// What a host says of a file that is another for every other content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// A strong entity tag or, without one, the time of the last change: what `If-Range` takes
    /// (RFC 9110, section 13.1.5).
    pub tag: Option<String>,
    pub bytes: u64,
}

impl Version {
    /// `None` where the host does not say how long the file is.
    pub fn of(response: &HttpResponse) -> Option<Self> {
        let strong = header(response, "etag").filter(|tag| !tag.starts_with("W/"));
        let tag = strong.or_else(|| header(response, "last-modified"));
        let bytes = match response.status() {
            StatusCode::PARTIAL_CONTENT => content_range(response)?.1,
            _ => response.body().content_length()?,
        };
        Some(Self {
            tag: tag.map(str::to_owned),
            bytes,
        })
    }
}

/// First byte of the part that a response has of a file, and the file's length.
pub fn content_range(response: &HttpResponse) -> Option<(u64, u64)> {
    let range = header(response, "content-range")?.strip_prefix("bytes ")?;
    let (part, total) = range.split_once('/')?;
    let (first, _) = part.split_once('-')?;
    Some((first.parse().ok()?, total.parse().ok()?))
}
