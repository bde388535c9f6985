//! Whether a WebP's chunks lie within the file: the decoder allocates what they claim.

use crate::error::Error;

/// Walks the RIFF chunks (RFC 9649).
///
/// # Errors
/// [`Error::InvalidImage`] when a chunk claims more bytes than there are.
pub fn check_complete(bytes: &[u8]) -> Result<(), Error> {
    const RIFF_HEADER: usize = 12;
    const CHUNK_HEADER: usize = 8;
    let mut rest = bytes.get(RIFF_HEADER..).unwrap_or_default();
    while let Some((header, body)) = rest.split_at_checked(CHUNK_HEADER) {
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        if length > body.len() {
            return Err(Error::InvalidImage {
                reason: format!(
                    "this WebP file is truncated: a part of {length} bytes has only {}",
                    body.len()
                ),
            });
        }
        // Chunks are padded to an even length; the last one's padding may be missing.
        rest = body.get(length.next_multiple_of(2)..).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_longer_than_the_file_are_refused() {
        assert!(check_complete(b"RIFF\x0e\0\0\0WEBPVP8 \x01\0\0\0a").is_ok());
        assert!(check_complete(b"RIFF\x0e\0\0\0WEBPVP8 \x02\0\0\0a").is_err());
        assert!(check_complete(b"RIFF\x0e\0\0\0WEBPEXIF\xff\xff\xff\xff").is_err());
    }
}
