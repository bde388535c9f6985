//! Masks as files: PNG and SVG. Run lengths are in [`super::rle`].

use std::io::Write;

use ::png::{BitDepth, ColorType, Encoder, EncodingError, SrgbRenderingIntent};

use crate::error::Error;
use crate::image::source::over_white;
use crate::image::{ImageSize, SourceImage};
use crate::mask::Mask;

impl Mask {
    /// A grey PNG of the picture's size: 255 inside, 0 outside.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] when the data does not fit the size.
    pub fn to_png(&self) -> Result<Vec<u8>, Error> {
        self.check()?;
        let grey = |value: &u8| [if *value == 0 { 0 } else { 255 }];
        png(self.size, ColorType::Grayscale, self.data.iter().map(grey))
    }

    /// The picture inside the mask as an RGBA PNG of the picture's size, in sRGB, with the
    /// picture's own transparency; outside, every pixel is transparent black.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] when mask and picture are of different sizes.
    pub fn cutout_png(&self, image: &SourceImage) -> Result<Vec<u8>, Error> {
        let pixels = self.over(image)?;
        let cut = |(inside, pixel): (bool, [u8; 4])| if inside { pixel } else { [0; 4] };
        png(self.size, ColorType::Rgba, pixels.map(cut))
    }

    /// The picture over white as an RGB PNG, in sRGB, with the mask painted over it: `color` with
    /// `opacity` 0 to 1.
    ///
    /// # Errors
    /// As [`Mask::cutout_png`].
    pub fn overlay_png(
        &self,
        image: &SourceImage,
        color: [u8; 3],
        opacity: f32,
    ) -> Result<Vec<u8>, Error> {
        let opacity = opacity.clamp(0.0, 1.0);
        let mix = |under: u8, over: u8| {
            let (under, over) = (f32::from(under), f32::from(over));
            (under + (over - under) * opacity).round() as u8
        };
        let pixels = self.over(image)?.map(|(inside, pixel)| {
            let [r, g, b] = over_white(pixel);
            if inside {
                [mix(r, color[0]), mix(g, color[1]), mix(b, color[2])]
            } else {
                [r, g, b]
            }
        });
        png(self.size, ColorType::Rgb, pixels)
    }

    /// The mask's border as SVG path data in picture pixels, for the fill rule `evenodd`.
    ///
    /// The border runs along pixel edges, so the filled path is the mask exactly. Empty for an
    /// empty mask. Its length grows with the border, not with the area.
    #[must_use]
    pub fn to_svg_path(&self) -> String {
        super::svg::path(self)
    }

    /// Whether each pixel is inside, and its color.
    fn over<'a>(
        &'a self,
        image: &'a SourceImage,
    ) -> Result<impl Iterator<Item = (bool, [u8; 4])> + 'a, Error> {
        self.check()?;
        if self.size != image.size() || image.color.data.len() != self.data.len() * 3 {
            let (mask, image) = (self.size, image.size());
            return Err(Error::InvalidQuery {
                reason: format!(
                    "a mask of {} × {} pixels for a picture of {} × {}",
                    mask.width, mask.height, image.width, image.height
                ),
            });
        }
        Ok(self
            .data
            .iter()
            .map(|&value| value != 0)
            .zip(image.pixels()))
    }
}

/// Writes pixels as they come, so that a large picture is never there a second time.
fn png<const CHANNELS: usize>(
    size: ImageSize,
    color: ColorType,
    pixels: impl Iterator<Item = [u8; CHANNELS]>,
) -> Result<Vec<u8>, Error> {
    let failed = |reason: String| Error::Internal {
        reason: format!("PNG: {reason}"),
    };
    let side = |side: usize| u32::try_from(side).map_err(|e| failed(e.to_string()));
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, side(size.width)?, side(size.height)?);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    if color != ColorType::Grayscale {
        encoder.set_source_srgb(SrgbRenderingIntent::RelativeColorimetric);
    }
    let write = |encoder: Encoder<'_, &mut Vec<u8>>| -> Result<(), EncodingError> {
        let mut writer = encoder.write_header()?;
        let mut stream = writer.stream_writer()?;
        let mut row = Vec::with_capacity(size.width * CHANNELS);
        for pixel in pixels {
            row.extend(pixel);
            if row.len() == size.width * CHANNELS {
                stream.write_all(&row)?;
                row.clear();
            }
        }
        stream.finish()?;
        writer.finish()
    };
    write(encoder).map_err(|e| failed(e.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::RgbImage;

    const SIZE: ImageSize = ImageSize {
        height: 2,
        width: 2,
    };

    fn mask() -> Mask {
        Mask {
            size: SIZE,
            data: vec![1, 0, 0, 1],
        }
    }

    fn picture() -> SourceImage {
        let size = SIZE;
        let data = (0..12).map(|i| i * 20).collect();
        RgbImage { size, data }.into()
    }

    #[test]
    fn mask_png_is_black_and_white() {
        let decoded = ::image::load_from_memory(&mask().to_png().unwrap()).unwrap();
        assert_eq!(decoded.color(), ::image::ColorType::L8);
        assert_eq!(decoded.into_bytes(), [255, 0, 0, 255]);
    }

    #[test]
    fn cutout_keeps_nothing_of_the_outside() {
        let decoded = ::image::load_from_memory(&mask().cutout_png(&picture()).unwrap()).unwrap();
        assert_eq!(
            decoded.into_bytes(),
            [0, 20, 40, 255, 0, 0, 0, 0, 0, 0, 0, 0, 180, 200, 220, 255]
        );
    }

    #[test]
    fn holes_of_the_picture_stay_holes() {
        let alpha = Some(vec![128, 255, 255, 0]);
        let picture = SourceImage { alpha, ..picture() };
        let cutout = ::image::load_from_memory(&mask().cutout_png(&picture).unwrap()).unwrap();
        assert_eq!(
            cutout.into_bytes(),
            [0, 20, 40, 128, 0, 0, 0, 0, 0, 0, 0, 0, 180, 200, 220, 0]
        );
        let overlay = mask().overlay_png(&picture, [0; 3], 0.0).unwrap();
        let overlay = ::image::load_from_memory(&overlay).unwrap().into_bytes();
        assert_eq!(overlay[9..], [255, 255, 255]);
    }

    /// Other programs then show the colors that were measured and seen.
    #[test]
    fn colors_say_that_they_are_srgb() {
        let chunk = |png: Vec<u8>| png.windows(4).any(|bytes| bytes == b"sRGB");
        assert!(chunk(mask().cutout_png(&picture()).unwrap()));
        assert!(chunk(mask().overlay_png(&picture(), [0; 3], 0.5).unwrap()));
        assert!(!chunk(mask().to_png().unwrap()));
    }

    #[test]
    fn overlay_paints_inside_only() {
        let overlay = mask().overlay_png(&picture(), [255, 0, 0], 0.5).unwrap();
        let decoded = SourceImage::decode(&overlay).unwrap().color;
        assert_eq!(decoded.data[..6], [128, 10, 20, 60, 80, 100]);
        let opaque = mask().overlay_png(&picture(), [1, 2, 3], 7.0).unwrap();
        let decoded = SourceImage::decode(&opaque).unwrap().color;
        assert_eq!(decoded.data[9..], [1, 2, 3]);
    }

    #[test]
    fn sizes_that_differ_are_refused() {
        let size = ImageSize {
            height: 1,
            width: 4,
        };
        let data = vec![0; 12];
        let other = RgbImage { size, data }.into();
        assert_eq!(
            mask().cutout_png(&other).unwrap_err().code(),
            "invalid-query"
        );
        let broken = Mask {
            size: SIZE,
            data: vec![1],
        };
        assert_eq!(broken.to_png().unwrap_err().code(), "invalid-query");
    }
}
