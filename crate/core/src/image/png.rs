//! PNG, with the color chunks of [its third edition](https://www.w3.org/TR/png-3/#4Concepts.ColourSpaces).

use std::borrow::Cow;
use std::io::Cursor;

use ::image::codecs::png::PngDecoder;
use ::png::{Decoder, Info, ScaledFloat, SourceChromaticities};

use super::color::Profile;
use super::{Decoded, ImageSize, damaged, invalid, limits};
use crate::error::Error;

/// Deflate makes at most this of one byte.
const MAX_RATIO: u64 = 1032;

/// Decodes a PNG file.
///
/// # Errors
/// [`Error::ImageTooLarge`], [`Error::InvalidImage`].
pub fn decode(bytes: &[u8]) -> Result<Decoded, Error> {
    check_size(bytes)?;
    let bytes = &*with_end(bytes);
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits());
    Decoded::read(
        "PNG",
        decoder.map_err(|e| damaged("PNG", &e))?,
        profile(bytes),
    )
}

/// The file with an end, if its last bytes are missing: all of the picture may be there.
fn with_end(bytes: &[u8]) -> Cow<'_, [u8]> {
    const SIGNATURE: usize = 8;
    let (mut at, mut cut) = (SIGNATURE, &[][..]);
    while let Some(&[l0, l1, l2, l3, ref name @ ..]) =
        bytes.get(at..).and_then(<[u8]>::first_chunk::<8>)
    {
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        let next = at.saturating_add(8 + 4).saturating_add(length);
        if name == b"IEND" {
            return Cow::Borrowed(bytes);
        }
        if next > bytes.len() {
            // A last chunk that is cut counts as far as it goes.
            if name == b"IDAT" {
                cut = &bytes[at + 8..bytes.len().min(at + 8 + length)];
            }
            break;
        }
        at = next;
    }
    let mut whole = bytes[..at].to_vec();
    if !cut.is_empty() {
        add_chunk(&mut whole, *b"IDAT", cut);
    }
    add_chunk(&mut whole, *b"IEND", &[]);
    Cow::Owned(whole)
}

fn add_chunk(file: &mut Vec<u8>, name: [u8; 4], body: &[u8]) {
    let checked = [&name[..], body].concat();
    file.extend((body.len() as u32).to_be_bytes());
    file.extend(&checked);
    file.extend(crc32fast::hash(&checked).to_be_bytes());
}

/// The first chunk is the size; the decoder would report it as a shortage of memory.
fn check_size(bytes: &[u8]) -> Result<(), Error> {
    let cut = || invalid(format!("this PNG file ends after {} bytes", bytes.len()));
    let Some(&[w0, w1, w2, w3, h0, h1, h2, h3, bits, color]) = bytes.get(16..26) else {
        return Err(cut());
    };
    let first = bytes.get(12..16).unwrap_or_default();
    if first != b"IHDR" {
        let name = first.escape_ascii();
        return Err(invalid(match first {
            b"CgBI" => "this PNG file was made for Apple's programs alone".into(),
            _ => format!("this PNG file is damaged: it begins with {name}, not with its size"),
        }));
    }
    let side = |bytes| u32::from_be_bytes(bytes) as usize;
    let size = ImageSize {
        height: side([h0, h1, h2, h3]),
        width: side([w0, w1, w2, w3]),
    };
    size.check()?;
    // Before anything is allocated for a picture that cannot be there.
    let channels = match color {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    let needed = size.pixels() as u64 * channels * u64::from(bits) / 8;
    if bytes.len() as u64 * MAX_RATIO < needed {
        return Err(cut());
    }
    Ok(())
}

/// What the numbers mean. Of several chunks that say it the most precise counts.
fn profile(bytes: &[u8]) -> Option<Profile> {
    let reader = Decoder::new(Cursor::new(bytes)).read_info().ok()?;
    let info = reader.info();
    if let Some(points) = &info.coding_independent_code_points {
        // Other matrices are for Y′CbCr, which PNG does not hold.
        let known = points.matrix_coefficients == 0;
        let profile = Profile::from_code_points(points.color_primaries, points.transfer_function);
        if let Some(profile) = profile.filter(|_| known) {
            return Some(profile);
        }
    }
    if let Some(icc) = &info.icc_profile {
        return Profile::from_icc(icc);
    }
    if info.srgb.is_some() {
        return None;
    }
    from_gamma(info)
}

/// As browsers do it: primaries without a gamma say nothing, and neither does the usual gamma
/// without primaries, which older writers meant as sRGB.
fn from_gamma(info: &Info) -> Option<Profile> {
    const USUAL: u32 = 45_455;
    let gamma = info.gama_chunk.filter(|gamma| gamma.into_scaled() > 0)?;
    let primaries = info.chrm_chunk.map(xy).filter(span_colors);
    if primaries.is_none() && gamma.into_scaled() == USUAL {
        return None;
    }
    Some(Profile::from_gamma(1.0 / gamma.into_value(), primaries))
}

/// Whether these can be white and primaries: there is light, and a triangle between them. Others
/// say nothing; numbers would be divided by nothing.
fn span_colors(&[white, red, green, blue]: &[[f32; 2]; 4]) -> bool {
    const SMALLEST_AREA: f32 = 1e-3;
    let lit = [white, red, green, blue].iter().all(|&[_, y]| y > 0.0);
    let side = |to: [f32; 2]| [to[0] - red[0], to[1] - red[1]];
    let ([gx, gy], [bx, by]) = (side(green), side(blue));
    lit && (gx * by - gy * bx).abs() > SMALLEST_AREA
}

fn xy(chunk: SourceChromaticities) -> [[f32; 2]; 4] {
    [chunk.white, chunk.red, chunk.green, chunk.blue]
        .map(|(x, y)| [x, y].map(ScaledFloat::into_value))
}
