//! The safetensors format: a JSON header, then the tensors' bytes.
//!
//! The header is untrusted: its length is bounded before it is read, and every tensor must lie
//! inside the file, fit its type and shape, and leave neither gap nor overlap.
//! Format: <https://github.com/huggingface/safetensors#format>.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as MapEntry;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::{Dtype, TensorInfo, damaged};
use crate::error::Error;
use crate::first_bytes;

/// Most bytes of a header; Sa2VA-1B's has 0.2 MB.
pub const MAX_HEADER: usize = 16 << 20;
/// Bytes in front of the header, which state its length.
pub const PREFIX: usize = 8;
/// Most dimensions of a tensor.
const MAX_DIMENSIONS: usize = 8;

/// One tensor of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its type and shape.
    pub info: TensorInfo,
    /// Its bytes, counted from the start of the file.
    pub range: Range<u64>,
}

/// Tensors of a file by name.
pub type Entries = BTreeMap<String, Entry>;

/// The length of the header, from the first bytes of `file`: [`PREFIX`] of them, or more to tell
/// what else the file may be.
///
/// # Errors
/// [`Error::Integrity`] when the file is too short or the header longer than [`MAX_HEADER`].
pub fn header_length(file: &str, start: &[u8]) -> Result<usize, Error> {
    let Some((prefix, _)) = start.split_first_chunk::<PREFIX>() else {
        let reason = format!("{} bytes are too few for a safetensors file", start.len());
        return Err(unlike(file, start, reason));
    };
    let length = u64::from_le_bytes(*prefix);
    usize::try_from(length)
        .ok()
        .filter(|&length| length <= MAX_HEADER)
        .ok_or_else(|| {
            let reason = format!("its header claims {length} bytes, the limit is {MAX_HEADER}");
            unlike(file, start, reason)
        })
}

/// The error of a file that does not begin as one of this format: what it is instead, or `reason`.
fn unlike(file: &str, start: &[u8], reason: String) -> Error {
    let found = first_bytes::instead_of_numbers(start);
    damaged(file, found.map_or(reason, |what| format!("it is {what}")))
}

/// Reads and checks the header of `file`, whose `start` holds at least prefix and header, and
/// which is `file_length` bytes long.
///
/// # Errors
/// [`Error::Integrity`] saying which tensor is wrong and how.
pub fn parse(file: &str, start: &[u8], file_length: u64) -> Result<Entries, Error> {
    let data_start = PREFIX + header_length(file, start)?;
    let header = start.get(PREFIX..data_start).ok_or_else(|| {
        let reason = format!("it ends after {} bytes, inside its header", start.len());
        unlike(file, start, reason)
    })?;
    let Header(tensors) = serde_json::from_slice(header)
        .map_err(|e| unlike(file, start, format!("unreadable header: {e}")))?;
    let mut entries = Entries::new();
    for (name, tensor) in tensors {
        let entry = tensor
            .check(data_start as u64)
            .map_err(|reason| damaged(file, format!("tensor {name}: {reason}")))?;
        entries.insert(name, entry);
    }
    check_layout(file, &entries, data_start as u64, file_length)?;
    Ok(entries)
}

/// Whether the tensors fill the bytes from `start` to `end` without gap or overlap.
fn check_layout(file: &str, entries: &Entries, start: u64, end: u64) -> Result<(), Error> {
    let mut by_start: Vec<_> = entries.iter().collect();
    by_start.sort_by_key(|(_, entry)| (entry.range.start, entry.range.end));
    let mut at = start;
    for (name, entry) in by_start {
        if entry.range.start != at {
            let fault = if entry.range.start > at {
                "leaves a gap before itself"
            } else {
                "overlaps another"
            };
            return Err(damaged(file, format!("tensor {name} {fault}")));
        }
        at = entry.range.end;
    }
    match at {
        at if at > end => Err(damaged(file, format!("truncated: {end} of {at} bytes"))),
        at if at < end => Err(damaged(
            file,
            format!("{} bytes belong to no tensor", end - at),
        )),
        _ => Ok(()),
    }
}

/// The header of a file with these tensors, in this order, prefix included.
#[must_use]
pub fn header<'a>(tensors: impl IntoIterator<Item = (&'a str, &'a TensorInfo)>) -> Vec<u8> {
    let mut at = 0;
    let mut fields = serde_json::Map::new();
    for (name, info) in tensors {
        let end = at + info.bytes().unwrap_or_default() as u64;
        let tensor = Tensor {
            dtype: info.dtype.name().into(),
            shape: info.shape.clone(),
            data_offsets: [at, end],
        };
        fields.insert(name.to_owned(), serde_json::json!(tensor));
        at = end;
    }
    let mut json = serde_json::Value::Object(fields).to_string().into_bytes();
    // Eight-byte alignment of the data, as the format asks for.
    json.resize(json.len().next_multiple_of(8), b' ');
    let mut header = (json.len() as u64).to_le_bytes().to_vec();
    header.extend(json);
    header
}

/// One tensor as the header states it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tensor {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

impl Tensor {
    fn check(self, data_start: u64) -> Result<Entry, String> {
        let dtype = Dtype::parse(&self.dtype)
            .ok_or_else(|| format!("its type {:?} is not read", self.dtype))?;
        if self.shape.len() > MAX_DIMENSIONS {
            return Err(format!(
                "it has {} dimensions, the limit is {MAX_DIMENSIONS}",
                self.shape.len()
            ));
        }
        let info = TensorInfo {
            dtype,
            shape: self.shape,
        };
        let [start, end] = self.data_offsets;
        if end
            .checked_sub(start)
            .is_none_or(|length| Some(length) != info.bytes().map(|bytes| bytes as u64))
        {
            return Err(format!(
                "bytes {start} to {end} do not hold {:?} of {}",
                info.shape,
                dtype.name()
            ));
        }
        match (start.checked_add(data_start), end.checked_add(data_start)) {
            (Some(start), Some(end)) => Ok(Entry {
                info,
                range: start..end,
            }),
            _ => Err(format!("bytes {start} to {end} lie beyond any file")),
        }
    }
}

/// All tensors of a header; `__metadata__` is skipped, and a name that comes twice refused.
struct Header(BTreeMap<String, Tensor>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut tensors = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            match tensors.entry(name) {
                MapEntry::Vacant(slot) => slot.insert(map.next_value()?),
                MapEntry::Occupied(slot) => {
                    return Err(A::Error::custom(format!(
                        "tensor {} comes twice",
                        slot.key()
                    )));
                }
            };
        }
        Ok(Header(tensors))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A file with one tensor of bytes.
    pub(crate) fn file_of(name: &str, values: &[u8]) -> Vec<u8> {
        let info = TensorInfo {
            dtype: Dtype::U8,
            shape: vec![values.len()],
        };
        let mut bytes = super::header([(name, &info)]);
        bytes.extend(values);
        bytes
    }

    fn file(header: &str, data: usize) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(vec![0; data]);
        bytes
    }

    fn parse_all(bytes: &[u8]) -> Result<Entries, Error> {
        parse("model.safetensors", bytes, bytes.len() as u64)
    }

    fn refusal(header: &str, data: usize) -> String {
        let error = parse_all(&file(header, data)).unwrap_err();
        assert_eq!(error.code(), "integrity");
        error.to_string()
    }

    #[test]
    fn tensors_are_found() {
        let header = r#"{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"a":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]}}"#;
        let entries = parse_all(&file(header, 12)).unwrap();
        let start = 8 + header.len();
        assert_eq!(entries["a"].range, start as u64..start as u64 + 4);
        assert_eq!(
            entries["b"].info,
            TensorInfo {
                dtype: Dtype::F32,
                shape: vec![2]
            }
        );
    }

    #[test]
    fn headers_of_impossible_length_are_refused() {
        let error = header_length("m", &u64::MAX.to_le_bytes()).unwrap_err();
        assert!(
            error.to_string().contains("18446744073709551615"),
            "{error}"
        );
        assert!(parse_all(&[1, 2, 3]).is_err());
        assert!(parse_all(&1000_u64.to_le_bytes()).is_err());
    }

    #[test]
    fn layouts_that_do_not_add_up_are_refused() {
        let two = |a: &str, b: &str| {
            format!(
                r#"{{"a":{{"dtype":"U8","shape":[4],"data_offsets":{a}}},"b":{{"dtype":"U8","shape":[4],"data_offsets":{b}}}}}"#
            )
        };
        assert!(refusal(&two("[0,4]", "[2,6]"), 6).contains("b overlaps"));
        assert!(refusal(&two("[0,4]", "[0,4]"), 4).contains("overlaps"));
        assert!(refusal(&two("[0,4]", "[5,9]"), 9).contains("b leaves a gap"));
        assert!(refusal(&two("[0,4]", "[4,8]"), 7).contains("truncated"));
        assert!(refusal(&two("[0,4]", "[4,8]"), 9).contains("belong to no tensor"));
        assert!(refusal(&two("[0,4]", "[8,4]"), 8).contains("do not hold"));
        assert!(
            refusal(
                &two("[0,4]", "[18446744073709551611,18446744073709551615]"),
                8
            )
            .contains("beyond")
        );
    }

    #[test]
    fn types_and_shapes_must_fit() {
        let one = |tensor: &str| format!(r#"{{"a":{{{tensor}}}}}"#);
        assert!(
            refusal(&one(r#""dtype":"C64","shape":[1],"data_offsets":[0,8]"#), 8).contains("C64")
        );
        assert!(
            refusal(&one(r#""dtype":"F32","shape":[3],"data_offsets":[0,8]"#), 8)
                .contains("do not hold")
        );
        let huge = r#""dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,8]"#;
        assert!(refusal(&one(huge), 8).contains("do not hold"));
        assert!(
            refusal(
                &one(r#""dtype":"F32","shape":[-1],"data_offsets":[0,8]"#),
                8
            )
            .contains("header")
        );
        assert!(refusal(r#"{"a":1}"#, 0).contains("header"));
        assert!(refusal("[]", 0).contains("header"));
    }

    #[test]
    fn a_name_that_comes_twice_is_refused() {
        let tensor = r#"{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#;
        assert!(refusal(&format!(r#"{{"a":{tensor},"a":{tensor}}}"#), 1).contains("a comes twice"));
    }

    #[test]
    fn written_headers_are_read_back() {
        let infos = [
            (
                "w",
                TensorInfo {
                    dtype: Dtype::U32,
                    shape: vec![2, 3],
                },
            ),
            (
                "b",
                TensorInfo {
                    dtype: Dtype::F16,
                    shape: vec![5],
                },
            ),
        ];
        let mut bytes = header(infos.iter().map(|(name, info)| (*name, info)));
        assert_eq!(bytes.len() % 8, 0);
        bytes.extend([0; 34]);
        let entries = parse_all(&bytes).unwrap();
        let end = bytes.len() as u64;
        assert_eq!(entries["b"].range, end - 10..end);
        assert_eq!(entries["w"].info, infos[0].1);
    }
}
