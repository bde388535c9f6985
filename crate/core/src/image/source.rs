//! A picture as people bring it.

use std::borrow::Cow;
use std::io::Cursor;

use ::image::codecs::bmp::BmpDecoder;
use ::image::{DynamicImage, GrayImage};

use super::sniff::{self, Format};
use super::{Decoded, ImageSize, RgbImage, color, damaged, gif, invalid, jpeg, png, webp};
use crate::error::Error;

/// 8-bit sRGB with the picture's own transparency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceImage {
    /// The colors, of transparent pixels too.
    pub color: RgbImage,
    /// `height · width` bytes, 0 clear to 255 opaque; `None` when all pixels are opaque.
    pub alpha: Option<Vec<u8>>,
    /// Whether the file names the camera, or its exposure.
    pub camera: bool,
}

impl SourceImage {
    /// Decodes PNG, JPEG, WebP, GIF or BMP, told apart by content, never by name.
    ///
    /// The EXIF orientation is applied, so `size` is what a viewer shows, and colors become sRGB:
    /// from an ICC profile, from PNG's `cICP`, `gAMA` and `cHRM`. Grey, palette, 16-bit and CMYK
    /// pictures become 8-bit RGB; of an animation the first picture is taken. A file that lacks
    /// nothing but its end is whole.
    ///
    /// # Errors
    /// [`Error::ImageTooLarge`], from the header alone and before anything is allocated, beyond
    /// [`MAX_SIDE`](super::MAX_SIDE) or [`MAX_PIXELS`](super::MAX_PIXELS);
    /// [`Error::UnsupportedImage`] for pictures of other formats, by name; [`Error::InvalidImage`]
    /// for what is no picture, and for damaged or truncated files.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let decoded = match sniff::format(bytes)? {
            Format::Png => png::decode(bytes),
            Format::Jpeg => jpeg::decode(bytes),
            Format::WebP => webp::decode(bytes),
            Format::Gif => gif::decode(bytes),
            Format::Bmp => match BmpDecoder::new(Cursor::new(bytes)) {
                Ok(decoder) => Decoded::read("BMP", decoder, None),
                Err(error) => Err(damaged("BMP", &error)),
            },
        };
        Ok(Self::from_decoded(decoded?))
    }

    fn from_decoded(decoded: Decoded) -> Self {
        let Decoded {
            picture,
            profile,
            exif,
        } = decoded;
        let mut alpha = picture.color().has_alpha().then(|| alpha(&picture));
        let mut color = DynamicImage::ImageRgb8(color::to_srgb(picture, profile.as_ref()));
        color.apply_orientation(exif.orientation);
        if let Some(alpha) = &mut alpha {
            alpha.apply_orientation(exif.orientation);
        }
        let size = ImageSize {
            height: color.height() as usize,
            width: color.width() as usize,
        };
        let data = color.into_rgb8().into_raw();
        Self {
            color: RgbImage { size, data },
            alpha: alpha.and_then(|alpha| unless_opaque(alpha.into_luma8().into_raw())),
            camera: exif.camera,
        }
    }

    /// A picture from `height · width · 4` bytes of RGBA, the colors not multiplied by alpha.
    ///
    /// # Errors
    /// [`Error::InvalidImage`] when the length does not fit the size, [`Error::ImageTooLarge`] as
    /// in [`SourceImage::decode`].
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
        let pixels = rgba.as_chunks::<4>().0;
        let data = pixels.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
        Ok(Self {
            color: RgbImage { size, data },
            alpha: unless_opaque(pixels.iter().map(|pixel| pixel[3]).collect()),
            camera: false,
        })
    }

    /// Height and width.
    #[must_use]
    pub fn size(&self) -> ImageSize {
        self.color.size
    }

    /// What a model sees: where the picture is clear, white.
    #[must_use]
    pub fn over_white(&self) -> Cow<'_, RgbImage> {
        if self.alpha.is_none() {
            return Cow::Borrowed(&self.color);
        }
        Cow::Owned(RgbImage {
            size: self.size(),
            data: self.pixels().flat_map(over_white).collect(),
        })
    }

    /// All pixels row by row: red, green, blue, alpha.
    pub(crate) fn pixels(&self) -> impl Iterator<Item = [u8; 4]> + '_ {
        (0..self.size().pixels()).map(|index| self.pixel(index))
    }

    /// The pixel with that index, counted row by row: red, green, blue, alpha.
    pub(crate) fn pixel(&self, index: usize) -> [u8; 4] {
        let [r, g, b] = self.color.data.as_chunks::<3>().0[index];
        let alpha = self.alpha.as_ref();
        let alpha = alpha.and_then(|alpha| alpha.get(index).copied());
        [r, g, b, alpha.unwrap_or(255)]
    }
}

impl From<RgbImage> for SourceImage {
    fn from(color: RgbImage) -> Self {
        Self {
            color,
            alpha: None,
            camera: false,
        }
    }
}

fn alpha(picture: &DynamicImage) -> DynamicImage {
    let (width, height) = (picture.width(), picture.height());
    let rgba = picture.to_rgba8();
    let alpha = rgba.pixels().map(|pixel| pixel.0[3]).collect();
    GrayImage::from_raw(width, height, alpha)
        .unwrap_or_else(|| GrayImage::new(width, height))
        .into()
}

fn unless_opaque(alpha: Vec<u8>) -> Option<Vec<u8>> {
    alpha.iter().any(|&value| value != 255).then_some(alpha)
}

pub(crate) fn over_white([r, g, b, a]: [u8; 4]) -> [u8; 3] {
    let mix = |v: u8| {
        let (v, a) = (u32::from(v), u32::from(a));
        // Between 0 and 255, and rounded to nearest.
        ((v * a + 255 * (255 - a) + 127) / 255) as u8
    };
    [mix(r), mix(g), mix(b)]
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
        let bytes = png(&data, 3, 2, ExtendedColorType::Rgb8);
        let image = SourceImage::decode(&bytes).unwrap();
        let size = ImageSize {
            height: 2,
            width: 3,
        };
        assert_eq!(image.size(), size);
        assert_eq!(image.color.data, data);
        assert_eq!(image.color.row(1), &data[9..]);
        assert_eq!(image.alpha, None);
    }

    #[test]
    fn transparency_is_kept_and_shows_white() {
        let data = [10, 20, 30, 0, 10, 20, 30, 255, 0, 0, 0, 128];
        let bytes = png(&data, 3, 1, ExtendedColorType::Rgba8);
        let image = SourceImage::decode(&bytes).unwrap();
        assert_eq!(image.color.data, [10, 20, 30, 10, 20, 30, 0, 0, 0]);
        assert_eq!(image.alpha, Some(vec![0, 255, 128]));
        assert_eq!(
            image.over_white().data,
            [255, 255, 255, 10, 20, 30, 127, 127, 127]
        );
        assert_eq!(SourceImage::from_rgba(image.size(), &data), Ok(image));
    }

    #[test]
    fn rgba_of_another_length_is_refused() {
        let code = |height, width, bytes: &[u8]| {
            let size = ImageSize { height, width };
            SourceImage::from_rgba(size, bytes).unwrap_err().code()
        };
        assert_eq!(code(2, 2, &[0; 15]), "invalid-image");
        assert_eq!(code(0, 2, &[]), "invalid-image");
    }
}
