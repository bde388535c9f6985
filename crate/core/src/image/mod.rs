//! Pictures: decoding untrusted bytes to RGB.

mod jpeg;
pub mod normalize;
pub mod resample;
mod sniff;
mod webp;

use std::io::Cursor;

use ::image::codecs::{jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder};
use ::image::{ColorType, DynamicImage, ImageDecoder, ImageError, Limits, metadata::Orientation};

use crate::error::Error;
use sniff::Format;

/// Longest side of a picture, in pixels.
pub const MAX_SIDE: usize = 16_384;
/// Most pixels of a picture: 8192 × 8192.
pub const MAX_PIXELS: usize = 1 << 26;

/// Bytes a decoder may allocate: 16-bit RGBA of the largest picture, once more for its own work.
const MAX_DECODER_BYTES: u64 = 16 * MAX_PIXELS as u64;

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
                "{MAX_PIXELS} pixels in all (8192 × 8192)"
            )));
        }
        Ok(())
    }
}

/// A picture of 8-bit sRGB values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RgbImage {
    /// Height and width.
    pub size: ImageSize,
    /// `height · width · 3` bytes, row by row from the top, red, green, blue.
    pub data: Vec<u8>,
}

impl RgbImage {
    /// Decodes PNG, JPEG or WebP, told apart by content, never by name.
    ///
    /// The EXIF orientation is applied, so `size` is what a viewer shows. Transparency is
    /// composited over white; grey, palette, 16-bit and CMYK pictures become 8-bit RGB; of an
    /// animation the first picture is taken. Color profiles are ignored.
    ///
    /// # Errors
    /// [`Error::ImageTooLarge`], from the header alone and before anything is allocated, beyond
    /// [`MAX_SIDE`] or [`MAX_PIXELS`]; [`Error::InvalidImage`] for any other format, by name, and
    /// for damaged or truncated files.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        match sniff::format(bytes)? {
            Format::Png => {
                check_png_size(bytes)?;
                let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits());
                read("PNG", decoder.map_err(|e| damaged("PNG", &e))?)
            }
            Format::Jpeg => {
                jpeg::check_complete(bytes)?;
                let decoder = JpegDecoder::new(Cursor::new(bytes));
                read("JPEG", decoder.map_err(|e| damaged("JPEG", &e))?)
            }
            Format::WebP => {
                webp::check_complete(bytes)?;
                let mut decoder =
                    WebPDecoder::new(Cursor::new(bytes)).map_err(|e| damaged("WebP", &e))?;
                if decoder.has_animation() {
                    // A background that the file asks for would show through instead of white.
                    decoder
                        .set_background_color(::image::Rgba([0; 4]))
                        .map_err(|e| damaged("WebP", &e))?;
                }
                read("WebP", decoder)
            }
        }
    }

    /// A picture from `height · width · 4` bytes of RGBA, composited over white.
    ///
    /// # Errors
    /// [`Error::InvalidImage`] when the length does not fit the size, [`Error::ImageTooLarge`] as
    /// in [`RgbImage::decode`].
    pub fn from_rgba(size: ImageSize, rgba: &[u8]) -> Result<Self, Error> {
        size.check()?;
        if rgba.len() != size.pixels() * 4 {
            return Err(invalid(format!(
                "{} bytes are not {} × {} RGBA pixels",
                rgba.len(),
                size.width,
                size.height
            )));
        }
        let data = rgba
            .as_chunks::<4>()
            .0
            .iter()
            .copied()
            .flat_map(over_white)
            .collect();
        Ok(Self { size, data })
    }

    /// The pixels of row `y`, `width · 3` bytes.
    pub(crate) fn row(&self, y: usize) -> &[u8] {
        let stride = self.size.width * 3;
        &self.data[y * stride..(y + 1) * stride]
    }
}

/// Checks the stated size, then decodes, orients and converts.
fn read(format: &str, mut decoder: impl ImageDecoder) -> Result<RgbImage, Error> {
    let (width, height) = decoder.dimensions();
    ImageSize {
        height: height as usize,
        width: width as usize,
    }
    .check()?;
    decoder
        .set_limits(limits())
        .map_err(|e| damaged(format, &e))?;
    // Metadata that cannot be read leaves the picture upright, as browsers do.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let opaque = matches!(
        decoder.color_type(),
        ColorType::Rgb8 | ColorType::L8 | ColorType::Rgb16 | ColorType::L16
    );
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|e| damaged(format, &e))?;
    picture.apply_orientation(orientation);
    let size = ImageSize {
        height: picture.height() as usize,
        width: picture.width() as usize,
    };
    if opaque {
        Ok(RgbImage {
            size,
            data: picture.into_rgb8().into_raw(),
        })
    } else {
        RgbImage::from_rgba(size, picture.into_rgba8().as_raw())
    }
}

/// PNG's first chunk is its size; the decoder would report it as a shortage of memory.
fn check_png_size(bytes: &[u8]) -> Result<(), Error> {
    let Some(&[w0, w1, w2, w3, h0, h1, h2, h3]) = bytes.get(16..24) else {
        return Err(invalid(format!(
            "this PNG file ends after {} bytes",
            bytes.len()
        )));
    };
    let side = |bytes| u32::from_be_bytes(bytes) as usize;
    ImageSize {
        height: side([h0, h1, h2, h3]),
        width: side([w0, w1, w2, w3]),
    }
    .check()
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    limits
}

fn over_white([r, g, b, a]: [u8; 4]) -> [u8; 3] {
    let mix = |v: u8| {
        let (v, a) = (u32::from(v), u32::from(a));
        // Between 0 and 255, and rounded to nearest.
        ((v * a + 255 * (255 - a) + 127) / 255) as u8
    };
    [mix(r), mix(g), mix(b)]
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
    use ::image::codecs::png::PngEncoder;
    use ::image::{ExtendedColorType, ImageEncoder};

    fn png(data: &[u8], width: u32, height: u32, color: ExtendedColorType) -> Vec<u8> {
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes)
            .write_image(data, width, height, color)
            .unwrap();
        bytes
    }

    #[test]
    fn rgb_png_is_read_as_it_is() {
        let data: Vec<u8> = (0..2 * 3 * 3).collect();
        let image = RgbImage::decode(&png(&data, 3, 2, ExtendedColorType::Rgb8)).unwrap();
        assert_eq!(
            image.size,
            ImageSize {
                height: 2,
                width: 3
            }
        );
        assert_eq!(image.data, data);
        assert_eq!(image.row(1), &data[9..]);
    }

    #[test]
    fn transparency_shows_white() {
        let data = [10, 20, 30, 0, 10, 20, 30, 255, 0, 0, 0, 128];
        let image = RgbImage::decode(&png(&data, 3, 1, ExtendedColorType::Rgba8)).unwrap();
        assert_eq!(image.data, [255, 255, 255, 10, 20, 30, 127, 127, 127]);
    }

    #[test]
    fn rgba_of_another_length_is_refused() {
        let size = ImageSize {
            height: 2,
            width: 2,
        };
        assert_eq!(
            RgbImage::from_rgba(size, &[0; 15]).unwrap_err().code(),
            "invalid-image"
        );
        let none = ImageSize {
            height: 0,
            width: 2,
        };
        assert_eq!(
            RgbImage::from_rgba(none, &[]).unwrap_err().code(),
            "invalid-image"
        );
    }

    #[test]
    fn limits_are_stated() {
        let error = ImageSize {
            height: 16_384,
            width: 16_384,
        }
        .check()
        .unwrap_err();
        assert_eq!(error.code(), "image-too-large");
        assert!(error.to_string().contains("16384 × 16384"), "{error}");
        assert!(error.to_string().contains("67108864"), "{error}");
        assert!(
            ImageSize {
                height: 8192,
                width: 8192
            }
            .check()
            .is_ok()
        );
        assert!(
            ImageSize {
                height: 1,
                width: 16_385
            }
            .check()
            .is_err()
        );
    }
}
