//! Pictures: untrusted bytes become 8-bit sRGB, the right way up.

pub(crate) mod area_average;
mod color;
mod exif;
mod gif;
mod jpeg;
pub mod normalize;
mod photograph;
mod png;
mod preview;
pub mod resample;
mod sniff;
pub(crate) mod source;
mod webp;

use ::image::{DynamicImage, ImageDecoder, ImageError, Limits};

use crate::error::Error;
use color::Profile;
use exif::Exif;
pub use preview::Preview;
pub use source::SourceImage;

/// Longest side of a picture, in pixels: JPEG's own limit.
pub const MAX_SIDE: usize = 65_535;
/// Most pixels of a picture: a phone's 108 megapixels, 12,000 × 9,000, and some more.
pub const MAX_PIXELS: usize = 1 << 27;

/// Bytes a decoder may allocate: 16-bit RGBA of the largest picture.
const MAX_DECODER_BYTES: u64 = 8 * MAX_PIXELS as u64;

/// Height and width in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ImageSize {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl ImageSize {
    /// Number of pixels.
    #[must_use]
    pub fn pixels(self) -> usize {
        self.height * self.width
    }

    /// Checks against [`MAX_SIDE`] and [`MAX_PIXELS`], and that there is a pixel at all.
    fn check(self) -> Result<(), Error> {
        let Self { height, width } = self;
        if height == 0 || width == 0 {
            return Err(invalid(format!("{width} × {height} pixels is no picture")));
        }
        let too_large = |limit: String| Error::ImageTooLarge {
            size: format!("{width} × {height} pixels"),
            limit,
        };
        if height > MAX_SIDE || width > MAX_SIDE {
            return Err(too_large(format!("{MAX_SIDE} pixels a side")));
        }
        if self.pixels() > MAX_PIXELS {
            return Err(too_large(format!(
                "{MAX_PIXELS} pixels in all (16384 × 8192)"
            )));
        }
        Ok(())
    }
}

/// 8-bit RGB values, as networks take them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RgbImage {
    /// Height and width.
    pub size: ImageSize,
    /// `height · width · 3` bytes, row by row from the top, red, green, blue.
    pub data: Vec<u8>,
}

impl RgbImage {
    /// The pixels of row `y`, `width · 3` bytes.
    pub(crate) fn row(&self, y: usize) -> &[u8] {
        let stride = self.size.width * 3;
        &self.data[y * stride..(y + 1) * stride]
    }
}

/// What a decoder makes of a file, and what the file says of it.
struct Decoded {
    picture: DynamicImage,
    /// What the numbers mean; `None` for sRGB.
    profile: Option<Profile>,
    exif: Exif,
}

impl Decoded {
    /// Checks the stated size, then decodes.
    fn read(
        format: &str,
        mut decoder: impl ImageDecoder,
        profile: Option<Profile>,
    ) -> Result<Self, Error> {
        let (width, height) = decoder.dimensions();
        ImageSize {
            height: height as usize,
            width: width as usize,
        }
        .check()?;
        decoder
            .set_limits(limits())
            .map_err(|e| damaged(format, &e))?;
        let exif = decoder.exif_metadata().unwrap_or_default();
        let exif = Exif::read(exif.as_deref());
        Ok(Self {
            picture: DynamicImage::from_decoder(decoder).map_err(|e| damaged(format, &e))?,
            profile,
            exif,
        })
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    limits
}

fn damaged(format: &str, error: &ImageError) -> Error {
    invalid(format!(
        "this {format} file is damaged or truncated ({error})"
    ))
}

fn invalid(reason: String) -> Error {
    Error::InvalidImage { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_stated() {
        let check = |height, width| ImageSize { height, width }.check();
        let error = check(16_384, 16_384).unwrap_err();
        assert_eq!(error.code(), "image-too-large");
        assert!(error.to_string().contains("16384 × 16384"), "{error}");
        assert!(error.to_string().contains("134217728"), "{error}");
        assert!(check(9000, 12_000).is_ok());
        assert!(check(4000, 18_000).is_ok());
        assert!(check(1, 65_536).is_err());
        assert!(check(0, 2).is_err());
    }
}
