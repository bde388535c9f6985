//! WebP, in the container of [RFC 9649](https://www.rfc-editor.org/rfc/rfc9649).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Cursor;

use ::image::codecs::webp::WebPDecoder;
use ::image::{ImageDecoder, Rgba};

use super::color::Profile;
use super::exif::Exif;
use super::{Decoded, damaged};
use crate::error::Error;

/// Flags of the extended header.
const ICC: u8 = 0x20;
const ALPHA: u8 = 0x10;
const EXIF: u8 = 0x08;
const XMP: u8 = 0x04;
/// Where the flags are: after the file's header, its form, and the chunk's header.
const FLAGS: usize = 20;

/// Decodes a WebP file.
///
/// # Errors
/// [`Error::ImageTooLarge`], [`Error::InvalidImage`].
pub fn decode(bytes: &[u8]) -> Result<Decoded, Error> {
    let (bytes, flags) = with_true_flags(bytes)?;
    let failed = |e| damaged("WebP", &e);
    let mut decoder = WebPDecoder::new(Cursor::new(&*bytes)).map_err(failed)?;
    if decoder.has_animation() {
        // A background that the file asks for would show through instead of none.
        decoder.set_background_color(Rgba([0; 4])).map_err(failed)?;
    }
    let icc = decoder.icc_profile().unwrap_or_default();
    let icc = icc.filter(|_| flags & ICC != 0);
    let profile = icc.and_then(|icc| Profile::from_icc(&icc));
    let mut decoded = Decoded::read("WebP", decoder, profile)?;
    if flags & EXIF == 0 {
        decoded.exif = Exif::read(None);
    }
    Ok(decoded)
}

/// The file and its flags, made true where the decoder would look in vain: tools that strip
/// metadata leave them set. Metadata without its flag does not count, as in libwebp. Checks that
/// all chunks lie within the file, because the decoder allocates what they claim.
///
/// # Errors
/// [`Error::InvalidImage`] when a chunk claims more bytes than there are.
fn with_true_flags(bytes: &[u8]) -> Result<(Cow<'_, [u8]>, u8), Error> {
    const FORM: usize = 4;
    let (whole, _) = split_chunk(bytes)?;
    let mut rest = whole.get(FORM..).unwrap_or_default();
    let mut chunks = BTreeMap::new();
    let extended = rest.starts_with(b"VP8X");
    while !rest.is_empty() {
        let name = rest.get(..4).unwrap_or_default();
        let body;
        (body, rest) = split_chunk(rest)?;
        chunks.entry(name).or_insert(body);
    }
    let (true, Some(&flags)) = (extended, bytes.get(FLAGS)) else {
        return Ok((Cow::Borrowed(bytes), 0));
    };
    let there = |name: &[u8; 4]| chunks.contains_key(&name[..]);
    let only_if = |flag: u8, there: bool| if there { flags & flag } else { 0 };
    // An animation's frames carry transparency themselves, and a lossless picture says so itself.
    let alpha = match chunks.get(&b"VP8L"[..]) {
        Some(&[_, _, _, _, sizes, ..]) => ALPHA & sizes,
        _ => only_if(ALPHA, there(b"ALPH") || there(b"ANIM")),
    };
    let metadata = only_if(ICC, there(b"ICCP")) | only_if(EXIF, there(b"EXIF"));
    let kept = flags & !(ALPHA | ICC | EXIF | XMP) | alpha | metadata;
    let mut repaired = Cow::Borrowed(bytes);
    if kept != flags {
        repaired.to_mut()[FLAGS] = kept;
    }
    Ok((repaired, kept))
}

/// The body of the first chunk, and what follows it.
fn split_chunk(bytes: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let Some((&[_, _, _, _, l0, l1, l2, l3], after)) = bytes.split_first_chunk() else {
        return Err(truncated(8, bytes.len()));
    };
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    let Some(body) = after.get(..length) else {
        return Err(truncated(length, after.len()));
    };
    // Chunks are padded to an even length; the last one's padding may be missing.
    Ok((
        body,
        after
            .get(length.saturating_add(length % 2)..)
            .unwrap_or_default(),
    ))
}

fn truncated(claimed: usize, found: usize) -> Error {
    Error::InvalidImage {
        reason: format!("this WebP file is truncated: a part of {claimed} bytes has only {found}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_promise_only_what_is_there() {
        let file = |flags: u8, name: &[u8; 4], body: &[u8]| {
            let header = [b"VP8X\x0a\0\0\0", &[flags; 1][..], &[0; 9]].concat();
            let last = [&name[..], &[body.len() as u8, 0, 0, 0], body].concat();
            let chunks = [&header[..], &last].concat();
            let length = (chunks.len() as u32 + 4).to_le_bytes();
            [b"RIFF", &length[..], b"WEBP", &chunks].concat()
        };
        let kept = |flags, name, body: &[u8]| {
            let file = file(flags, name, body);
            let (repaired, kept) = with_true_flags(&file).unwrap();
            assert_eq!(repaired[FLAGS], kept);
            kept
        };
        assert_eq!(kept(0x3c, b"EXIF", &[]), 0x08);
        assert_eq!(kept(0, b"EXIF", &[]), 0);
        assert_eq!(kept(0x12, b"ANIM", &[]), 0x12);
        // Lossless: one bit of its own header says whether there is transparency.
        assert_eq!(kept(0, b"VP8L", &[0x2f, 0, 0, 0, 0x10]), 0x10);
        assert_eq!(kept(0x10, b"VP8L", &[0x2f, 0, 0, 0, 0]), 0);
    }

    #[test]
    fn chunks_longer_than_the_file_are_refused() {
        assert!(with_true_flags(b"RIFF\x0d\0\0\0WEBPVP8 \x01\0\0\0a").is_ok());
        assert!(with_true_flags(b"RIFF\x0d\0\0\0WEBPVP8 \x01\0\0\0a trailer").is_ok());
        assert!(with_true_flags(b"RIFF\x0e\0\0\0WEBPVP8 \x01\0\0\0a").is_err());
        assert!(with_true_flags(b"RIFF\x0d\0\0\0WEBPVP8 \x02\0\0\0a").is_err());
        assert!(with_true_flags(b"RIFF\x0c\0\0\0WEBPEXIF\xff\xff\xff\xff").is_err());
    }
}
