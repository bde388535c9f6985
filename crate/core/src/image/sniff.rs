//! Tells picture formats apart by their first bytes, and names those that are not read.

use crate::error::Error;

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Png,
    Jpeg,
    WebP,
}

/// First bytes of formats that people do drop, and what to say of them.
const KNOWN: &[(&[u8], &str)] = &[
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"II*\0", "a TIFF or camera raw file"),
    (b"MM\0*", "a TIFF or camera raw file"),
    (b"\0\0\x01\0", "an icon"),
    (b"\xff\x0a", "a JPEG XL"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000"),
    (b"8BPS", "a Photoshop file"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1aE\xdf\xa3", "a video"),
];

/// The format of `bytes`.
///
/// # Errors
/// [`Error::InvalidImage`] naming what was found instead and what to do with it.
pub fn format(bytes: &[u8]) -> Result<Format, Error> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Ok(Format::Png)
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        Ok(Format::Jpeg)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Ok(Format::WebP)
    } else {
        Err(Error::InvalidImage {
            reason: describe(bytes),
        })
    }
}

fn describe(bytes: &[u8]) -> String {
    let found = if bytes.is_empty() {
        return "the file is empty".into();
    } else if let Some(name) = container(bytes) {
        name
    } else if let Some((_, name)) = KNOWN.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        name
    } else if is_text(bytes) {
        "text"
    } else {
        return "the file is of no known picture format".into();
    };
    format!("the file is {found}, not a PNG, JPEG or WebP; save it as one of these")
}

/// Formats of the ISO base media family, which state a brand at byte 8.
fn container(bytes: &[u8]) -> Option<&'static str> {
    if bytes.get(4..8) != Some(b"ftyp") {
        return None;
    }
    Some(match bytes.get(8..12) {
        Some(b"avif" | b"avis") => "an AVIF",
        Some(b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" | b"mif1" | b"msf1") => "a HEIC",
        _ => "a video",
    })
}

fn is_text(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(512)];
    // A cut in the middle of a character is no error.
    let valid = match std::str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    valid && !start.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_content() {
        assert_eq!(format(b"\x89PNG\r\n\x1a\n....").unwrap(), Format::Png);
        assert_eq!(format(b"\xff\xd8\xff\xe0").unwrap(), Format::Jpeg);
        assert_eq!(format(b"RIFF\0\0\0\0WEBPVP8 ").unwrap(), Format::WebP);
    }

    #[test]
    fn other_formats_are_named() {
        let cases: [(&[u8], &str); 8] = [
            (b"", "empty"),
            (b"GIF89a", "a GIF"),
            (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC"),
            (b"\0\0\0\x18ftypavif\0\0\0\0", "an AVIF"),
            (b"\0\0\0\x18ftypisom\0\0\0\0", "a video"),
            (b"%PDF-1.7", "a PDF"),
            ("<svg>é</svg>".as_bytes(), "text"),
            (b"\x01\x02\x00\xff", "no known"),
        ];
        for (bytes, name) in cases {
            let error = format(bytes).unwrap_err();
            assert_eq!(error.code(), "invalid-image");
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
