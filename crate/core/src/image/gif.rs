//! GIF ([GIF89a](https://www.w3.org/Graphics/GIF/spec-gif89a.txt)).

use std::borrow::Cow;
use std::io::Cursor;

use ::image::codecs::gif::GifDecoder;

use super::{Decoded, damaged};
use crate::error::Error;

/// Where the size of the screen stands: behind the signature, in little-endian halves.
const SCREEN: usize = 6;
/// Behind the screen's size, flags, background and aspect.
const TABLE: usize = 13;

/// Decodes a GIF file.
///
/// # Errors
/// [`Error::ImageTooLarge`], [`Error::InvalidImage`].
pub fn decode(bytes: &[u8]) -> Result<Decoded, Error> {
    let bytes = with_room(bytes);
    match GifDecoder::new(Cursor::new(&*bytes)) {
        Ok(decoder) => Decoded::read("GIF", decoder, None),
        Err(error) => Err(damaged("GIF", &error)),
    }
}

/// The file with a screen that has room for its first picture, which the decoder would cut off.
fn with_room(bytes: &[u8]) -> Cow<'_, [u8]> {
    let screen = bytes.get(SCREEN..SCREEN + 4).and_then(sides);
    let (Some(screen), Some(needed)) = (screen, first_picture(bytes)) else {
        return Cow::Borrowed(bytes);
    };
    let room = [screen[0].max(needed[0]), screen[1].max(needed[1])];
    let mut whole = Cow::Borrowed(bytes);
    if room != screen {
        let sides = room.map(u16::to_le_bytes).concat();
        whole.to_mut()[SCREEN..SCREEN + 4].copy_from_slice(&sides);
    }
    whole
}

/// The right and the lower edge of the first picture.
fn first_picture(bytes: &[u8]) -> Option<[u16; 2]> {
    let flags = *bytes.get(SCREEN + 4)?;
    let mut at = TABLE + color_table(flags);
    // Extensions stand before it, each of blocks that say their length.
    while *bytes.get(at)? == b'!' {
        at += 2;
        while *bytes.get(at)? != 0 {
            at += 1 + usize::from(bytes[at]);
        }
        at += 1;
    }
    let descriptor = bytes.get(at..at + 9)?;
    let ([left, top], [width, height]) = (sides(&descriptor[1..5])?, sides(&descriptor[5..])?);
    (descriptor[0] == b',').then(|| [left.saturating_add(width), top.saturating_add(height)])
}

fn color_table(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        return 0;
    }
    3 << ((flags & 7) + 1)
}

fn sides(bytes: &[u8]) -> Option<[u16; 2]> {
    let &[w0, w1, h0, h1] = bytes.first_chunk()?;
    Some([[w0, w1], [h0, h1]].map(u16::from_le_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A screen of 2 × 2, a table of two colors, a comment, and a picture at (1, 0) of 3 × 2.
    const FILE: &[u8] = b"GIF89a\x02\0\x02\0\x80\0\0\0\0\0\xff\xff\xff!\xfe\x02hi\0\
        ,\x01\0\0\0\x03\0\x02\0\0";

    #[test]
    fn the_screen_is_as_large_as_its_first_picture() {
        assert_eq!(first_picture(FILE), Some([4, 2]));
        assert_eq!(with_room(FILE)[SCREEN..SCREEN + 4], [4, 0, 2, 0]);
        for length in 0..FILE.len() - 1 {
            assert_eq!(*with_room(&FILE[..length]), FILE[..length], "{length}");
        }
    }
}
