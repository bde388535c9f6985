//! What a file is when it is not what its name says, told by its first bytes: a Git LFS pointer, a
//! web page, a server's error message, an archive.

use crate::error::Error;

/// How many first bytes are looked at.
pub const ENOUGH: usize = 512;

const LFS_POINTER: &str = "a Git LFS pointer, not the file itself: run `git lfs pull` in its \
    folder, or download it (a hub's link to a file has /resolve/ in it)";
const WEB_PAGE: &str = "a web page (HTML), not the file itself: download the file (a hub's link to \
    it has /resolve/ in it, and may want you signed in)";
const SERVER_ERROR: &str = "a server's error message (XML), not the file itself: download it again";

/// First bytes of Git LFS pointers (<https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>),
/// the earlier name of the project included.
const POINTERS: [&[u8]; 2] = [
    b"version https://git-lfs.github.com/spec/",
    b"version https://hawser.github.com/spec/",
];

/// First bytes of other files that people have, and what to do with them.
const CONTAINERS: [(&[u8], &str); 9] = [
    (b"\x1f\x8b", "a gzip archive: unpack it"),
    (b"BZh", "a bzip2 archive: unpack it"),
    (b"\xfd7zXZ\0", "an xz archive: unpack it"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive: unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
    (
        b"PK\x03\x04",
        "a ZIP archive: unpack it, or if it is a PyTorch checkpoint, save it as safetensors",
    ),
    (
        b"GGUF",
        "a GGUF file of llama.cpp, which has no SAM 2: take the model's safetensors files",
    ),
    (
        b"\x89HDF",
        "an HDF5 file: take the model's safetensors files",
    ),
    (
        b"\x80\x02",
        "a pickle, which is never run: save it as safetensors",
    ),
];

/// What a file that begins with `start` is in place of any picture or model file, and what to do.
#[must_use]
pub fn stand_in(start: &[u8]) -> Option<&'static str> {
    let start = &start[..start.len().min(ENOUGH)];
    let start = start.strip_prefix(UTF8_MARK).unwrap_or(start).trim_ascii();
    if POINTERS.iter().any(|pointer| start.starts_with(pointer)) {
        return Some(LFS_POINTER);
    }
    let text = start.to_ascii_lowercase();
    let has = |tag: &[u8]| text.windows(tag.len()).any(|window| window == tag);
    if !text.starts_with(b"<") {
        None
    } else if has(b"<!doctype html") || has(b"<html") || has(b"<head") || has(b"<body") {
        Some(WEB_PAGE)
    } else if has(b"<error") {
        Some(SERVER_ERROR)
    } else {
        None
    }
}

/// The same in place of a file of a model, which is never an archive.
#[must_use]
pub fn foreign(start: &[u8]) -> Option<&'static str> {
    let container = || {
        let known = CONTAINERS
            .iter()
            .find(|(magic, _)| start.starts_with(magic));
        known.map(|(_, name)| *name)
    };
    stand_in(start).or_else(container)
}

/// What a file is in place of numbers: [`foreign`], text, or nothing but zeros.
#[must_use]
pub fn instead_of_numbers(start: &[u8]) -> Option<String> {
    const SHOWN: usize = 60;
    let start = &start[..start.len().min(ENOUGH)];
    if let Some(what) = foreign(start) {
        return Some(what.to_owned());
    }
    if start.len() > 8 && start.iter().all(|&byte| byte == 0) {
        return Some("nothing but zeros, as a download leaves that did not end".to_owned());
    }
    let printable = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    let text = start.iter().all(printable) && !start.is_empty();
    let shown = String::from_utf8_lossy(&start[..start.len().min(SHOWN)]);
    text.then(|| {
        format!(
            "text that begins {:?}: download the file again",
            shown.trim()
        )
    })
}

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// The text of `file` without a byte order mark.
///
/// # Errors
/// [`Error::Integrity`] when it is a [`foreign`] file, UTF-16, or no text.
pub fn text<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Error> {
    let damaged = |reason: String| Error::Integrity {
        file: file.to_owned(),
        reason,
    };
    if let Some(what) = foreign(bytes) {
        return Err(damaged(format!("it is {what}")));
    }
    let utf16_mark = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    if utf16_mark || bytes.iter().take(2).any(|&byte| byte == 0) {
        return Err(damaged("it is UTF-16 text: save it as UTF-8".to_owned()));
    }
    let bytes = bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|_| damaged("it is no UTF-8 text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\r\noid sha256:00\nsize 1\n";

    #[test]
    fn what_stands_in_for_a_file_is_named() {
        let cases: [(&[u8], &str); 7] = [
            (POINTER, "git lfs pull"),
            (b"\n<!-- saved --><!DOCTYPE html>\n<title>", "web page"),
            (b"<HTML lang=en>", "/resolve/"),
            (b"\xef\xbb\xbf<!doctype HTML>", "web page"),
            (b"<?xml version=\"1.0\"?><html xmlns=\"\">", "web page"),
            (
                b"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied",
                "server's error",
            ),
            (b"\x1f\x8b\x08", "gzip"),
        ];
        for (start, name) in cases {
            let found = foreign(start).expect(name);
            assert!(found.contains(name), "{found}");
        }
        for sound in [&b"{\"a\": 1}"[..], b"<svg></svg>", b"#version: 0.2", b""] {
            assert_eq!(foreign(sound), None);
        }
    }

    #[test]
    fn text_in_place_of_numbers_is_shown() {
        let found = instead_of_numbers(b"{\"error\":\"Repository not found\"}").unwrap();
        assert!(found.contains("Repository not found"), "{found}");
        assert!(instead_of_numbers(&[0; 64]).unwrap().contains("zeros"));
        assert_eq!(instead_of_numbers(&64_u64.to_le_bytes()), None);
    }

    #[test]
    fn byte_order_marks_are_no_part_of_a_text() {
        assert_eq!(text("f", b"\xef\xbb\xbf{}").unwrap(), "{}");
        assert_eq!(text("f", b"{}").unwrap(), "{}");
        assert_eq!(text("f", b"").unwrap(), "");
        for (bytes, name) in [
            (&b"\xff\xfe{\0}\0"[..], "UTF-16"),
            (b"\0{\0}", "UTF-16"),
            (b"{\0}\0", "UTF-16"),
            (b"{\"a\xff", "UTF-8"),
            (POINTER, "LFS"),
        ] {
            let error = text("config.json", bytes).unwrap_err();
            assert_eq!(error.code(), "integrity");
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
