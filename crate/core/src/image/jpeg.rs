//! Whether a JPEG reaches its end: the decoder fills what is missing with grey and says nothing.

use crate::error::Error;

const END_OF_IMAGE: u8 = 0xd9;

/// Walks the segments (ITU-T T.81, annex B) to the end-of-image marker.
///
/// # Errors
/// [`Error::InvalidImage`] when the bytes end before the picture does.
pub fn check_complete(bytes: &[u8]) -> Result<(), Error> {
    if reaches_end(bytes).is_some() {
        return Ok(());
    }
    Err(Error::InvalidImage {
        reason: format!(
            "this JPEG file is truncated: it ends after {} bytes, before the picture does",
            bytes.len()
        ),
    })
}

fn reaches_end(bytes: &[u8]) -> Option<()> {
    let mut at = 0;
    loop {
        at = next_marker(bytes, at)?;
        match bytes[at] {
            END_OF_IMAGE => return Some(()),
            // Markers without a segment: start of image, restarts, and TEM.
            0x01 | 0xd0..=0xd8 => at += 1,
            _ => {
                let length = bytes.get(at + 1..at + 3)?;
                at += 1 + usize::from(u16::from_be_bytes([length[0], length[1]]));
            }
        }
    }
}

/// The position of the next marker's code: in coded data, 0xff is always followed by 0.
fn next_marker(bytes: &[u8], from: usize) -> Option<usize> {
    let at = bytes
        .get(from..)?
        .windows(2)
        .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff))?;
    Some(from + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[u8] =
        b"\xff\xd8\xff\xe1\x00\x04\xff\xd9\xff\xda\x00\x02abc\xff\x00\xff\xd0xyz\xff\xd9trailer";

    #[test]
    fn ends_are_found_outside_of_segments_only() {
        assert!(check_complete(WHOLE).is_ok());
        let cut = WHOLE.len() - b"\xff\xd9trailer".len();
        for length in 0..=cut {
            assert!(check_complete(&WHOLE[..length]).is_err(), "{length}");
        }
    }
}
