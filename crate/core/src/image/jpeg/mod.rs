//! JPEG: baseline, extended and progressive, of one, three or four components in any sampling.

mod segments;

use std::io::Cursor;

use ::image::{DynamicImage, GrayImage, RgbImage};
use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};

use super::color::{Profile, cmyk_to_rgb};
use super::exif::Exif;
use super::{Decoded, ImageSize, MAX_DECODER_BYTES};
use crate::error::Error;
use segments::{END_OF_IMAGE, Frame, Segments};

/// Decodes a JPEG file.
///
/// # Errors
/// [`Error::ImageTooLarge`]; [`Error::UnsupportedImage`] for codings that no browser shows either;
/// [`Error::InvalidImage`] for damaged files, and for those that end before the picture does.
pub fn decode(bytes: &[u8]) -> Result<Decoded, Error> {
    let mut file = Segments::read(bytes);
    let Some(frame) = file.frame.take() else {
        return Err(truncated(bytes));
    };
    let size = ImageSize {
        height: frame.height,
        width: frame.width,
    };
    size.check()?;
    check_coding(&frame)?;
    // Before anything is allocated for a picture that cannot be there.
    if file.coded.saturating_mul(8) < frame.blocks() {
        return Err(truncated(bytes));
    }
    let transform = transform(&frame, &file);
    let profile = file.icc.take().and_then(|icc| Profile::from_icc(&icc));
    let exif = file.exif;
    let (samples, format) = samples(bytes, file, transform)?;
    Ok(Decoded {
        picture: picture(size, samples, format, profile.as_ref())?,
        // Of four components, the colors have been converted.
        profile: profile.filter(|_| format != PixelFormat::CMYK32),
        exif: Exif::read(exif),
    })
}

fn check_coding(frame: &Frame) -> Result<(), Error> {
    let found = match (frame.coding, frame.precision) {
        (0xc0..=0xc2, 8) => return Ok(()),
        (0xc0..=0xc2, bits) => format!("a JPEG of {bits} bits"),
        (0xc3, _) => "a lossless JPEG".into(),
        (0xc9 | 0xca, _) => "a JPEG with arithmetic coding".into(),
        _ => "a hierarchical JPEG".into(),
    };
    Err(Error::UnsupportedImage { found })
}

/// How the components become colors, as libjpeg decides it.
fn transform(frame: &Frame, file: &Segments) -> ColorTransform {
    let ids: Vec<u8> = frame.components.iter().map(|c| c.id).collect();
    match (frame.components.len(), file.adobe) {
        (3, _) if file.jfif => ColorTransform::YCbCr,
        (3, Some(0)) => ColorTransform::RGB,
        (3, None) if ids == *b"RGB" => ColorTransform::RGB,
        (3, _) => ColorTransform::YCbCr,
        (4, None | Some(0)) => ColorTransform::CMYK,
        (4, _) => ColorTransform::YCCK,
        _ => ColorTransform::Grayscale,
    }
}

/// The decoder's samples. Of a file without an end, decides whether it has the whole picture.
fn samples(
    bytes: &[u8],
    file: Segments,
    transform: ColorTransform,
) -> Result<(Vec<u8>, PixelFormat), Error> {
    let decode = |picture: &[u8]| {
        let mut decoder = Decoder::new(Cursor::new(picture));
        decoder.set_color_transform(transform);
        decoder.set_max_decoding_buffer_size(MAX_DECODER_BYTES as usize);
        let samples = decoder.decode().map_err(|e| damaged(&e))?;
        let format = decoder.info().map(|info| info.pixel_format);
        Ok((samples, format.unwrap_or(PixelFormat::L8)))
    };
    let mut picture = file.picture;
    let length = picture.len();
    picture.extend(END_OF_IMAGE);
    let decoded = decode(&picture)?;
    if file.ended {
        return Ok(decoded);
    }
    if !file.all_scans {
        return Err(truncated(bytes));
    }
    // Where data ends early, the decoder goes on with zeros. Other bytes then give another picture.
    picture.truncate(length);
    picture.extend([0xa5; 64]);
    picture.extend(END_OF_IMAGE);
    match decode(&picture) {
        Ok((samples, _)) if samples == decoded.0 => Ok(decoded),
        _ => Err(truncated(bytes)),
    }
}

fn picture(
    size: ImageSize,
    samples: Vec<u8>,
    format: PixelFormat,
    profile: Option<&Profile>,
) -> Result<DynamicImage, Error> {
    let (width, height) = (size.width as u32, size.height as u32);
    let picture = match format {
        PixelFormat::L8 => GrayImage::from_raw(width, height, samples).map(Into::into),
        PixelFormat::RGB24 => RgbImage::from_raw(width, height, samples).map(Into::into),
        PixelFormat::CMYK32 => {
            RgbImage::from_raw(width, height, cmyk_to_rgb(&samples, profile)).map(Into::into)
        }
        PixelFormat::L16 => None,
    };
    picture.ok_or_else(|| Error::Internal {
        reason: "the JPEG decoder gave another number of samples".into(),
    })
}

fn truncated(bytes: &[u8]) -> Error {
    Error::InvalidImage {
        reason: format!(
            "this JPEG file is truncated: it ends after {} bytes, before the picture does",
            bytes.len()
        ),
    }
}

fn damaged(error: &jpeg_decoder::Error) -> Error {
    Error::InvalidImage {
        reason: format!("this JPEG file is damaged ({error})"),
    }
}
