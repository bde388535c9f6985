//! Whether a WebP's chunks lie within the file: the decoder allocates what they claim.

use crate::error::Error;

/// Walks the RIFF chunks (RFC 9649): the file itself, and those in it.
///
/// # Errors
/// [`Error::InvalidImage`] when a chunk claims more bytes than there are.
pub fn check_complete(bytes: &[u8]) -> Result<(), Error> {
    const FORM: usize = 4;
    let (whole, _) = split_chunk(bytes)?;
    let mut rest = whole.get(FORM..).unwrap_or_default();
    while !rest.is_empty() {
        (_, rest) = split_chunk(rest)?;
    }
    Ok(())
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
    fn chunks_longer_than_the_file_are_refused() {
        assert!(check_complete(b"RIFF\x0d\0\0\0WEBPVP8 \x01\0\0\0a").is_ok());
        assert!(check_complete(b"RIFF\x0d\0\0\0WEBPVP8 \x01\0\0\0a trailer").is_ok());
        assert!(check_complete(b"RIFF\x0e\0\0\0WEBPVP8 \x01\0\0\0a").is_err());
        assert!(check_complete(b"RIFF\x0d\0\0\0WEBPVP8 \x02\0\0\0a").is_err());
        assert!(check_complete(b"RIFF\x0c\0\0\0WEBPEXIF\xff\xff\xff\xff").is_err());
    }
}
