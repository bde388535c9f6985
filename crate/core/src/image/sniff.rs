//! Tells picture formats apart by their first bytes, and names those that are not read.

use crate::error::Error;
use crate::first_bytes;

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Png,
    Jpeg,
    WebP,
    Gif,
    Bmp,
}

/// First bytes of pictures that are not decoded here; a browser may be able to.
const PICTURES: &[(&[u8], &str)] = &[
    (b"II*\0", "a TIFF or camera raw file"),
    (b"MM\0*", "a TIFF or camera raw file"),
    (b"\0\0\x01\0", "an icon"),
    (b"\xff\x0a", "a JPEG XL"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000"),
    (b"8BPS", "a Photoshop file"),
];

/// First bytes of what people drop by mistake.
const OTHERS: &[(&[u8], &str)] = &[
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1aE\xdf\xa3", "a video"),
];

/// The format of `bytes`.
///
/// # Errors
/// [`Error::UnsupportedImage`] for pictures of other formats; [`Error::InvalidImage`] naming what
/// was found instead of one.
pub fn format(bytes: &[u8]) -> Result<Format, Error> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Ok(Format::Png)
    } else if bytes.starts_with(b"\xff\xd8") {
        Ok(Format::Jpeg)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Ok(Format::WebP)
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Ok(Format::Gif)
    } else if is_bmp(bytes) {
        Ok(Format::Bmp)
    } else if let Some(found) = picture(bytes) {
        let found = found.into();
        Err(Error::UnsupportedImage { found })
    } else {
        let reason = describe(bytes);
        Err(Error::InvalidImage { reason })
    }
}

/// Two letters alone begin many a text: the four reserved bytes are zero.
fn is_bmp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BM") && bytes.get(6..10) == Some(&[0; 4])
}

fn picture(bytes: &[u8]) -> Option<&'static str> {
    let of_container = match brand(bytes) {
        Some(b"avif" | b"avis") => Some("an AVIF"),
        Some(b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" | b"mif1" | b"msf1") => Some("a HEIC"),
        _ => None,
    };
    of_container.or_else(|| named(PICTURES, bytes))
}

fn describe(bytes: &[u8]) -> String {
    let found = if bytes.is_empty() {
        return "the file is empty".into();
    } else if let Some(what) = first_bytes::stand_in(bytes) {
        what
    } else if brand(bytes).is_some() {
        "a video"
    } else if let Some(name) = named(OTHERS, bytes) {
        name
    } else if is_text(bytes) {
        "text"
    } else {
        return "the file is of no known picture format".into();
    };
    format!("the file is {found}")
}

fn named(list: &[(&[u8], &'static str)], bytes: &[u8]) -> Option<&'static str> {
    let found = list.iter().find(|(magic, _)| bytes.starts_with(magic));
    found.map(|(_, name)| *name)
}

/// What a file of the ISO base media family says it is. HEIC files that were saved as the general
/// kind of still picture say more in their list of compatible brands, but no other kind is common.
fn brand(bytes: &[u8]) -> Option<&[u8]> {
    (bytes.get(4..8) == Some(b"ftyp")).then(|| bytes.get(8..12).unwrap_or_default())
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
        assert_eq!(format(b"GIF89a").unwrap(), Format::Gif);
        assert_eq!(format(b"BM\x3a\0\0\0\0\0\0\0").unwrap(), Format::Bmp);
    }

    #[test]
    fn other_formats_are_named() {
        let cases: [(&[u8], &str, &str); 9] = [
            (b"", "invalid-image", "empty"),
            (b"\0\0\0\x18ftypheic\0\0\0\0", "unsupported-image", "a HEIC"),
            (
                b"\0\0\0\x18ftypavif\0\0\0\0",
                "unsupported-image",
                "an AVIF",
            ),
            (b"II*\0", "unsupported-image", "a TIFF"),
            (b"\0\0\0\x18ftypisom\0\0\0\0", "invalid-image", "a video"),
            (b"%PDF-1.7", "invalid-image", "a PDF"),
            (b"BMW is text", "invalid-image", "text"),
            ("<svg>é</svg>".as_bytes(), "invalid-image", "text"),
            (b"\x01\x02\x00\xff", "invalid-image", "no known"),
        ];
        for (bytes, code, name) in cases {
            let error = format(bytes).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
