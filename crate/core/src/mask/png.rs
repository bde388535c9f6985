//! Masks as files: PNG and SVG. Run lengths are in [`super::rle`].

use ::image::codecs::png::PngEncoder;
use ::image::{ExtendedColorType, ImageEncoder};

use crate::error::Error;
use crate::image::{ImageSize, RgbImage};
use crate::mask::Mask;

impl Mask {
    /// A grey PNG of the picture's size: 255 inside, 0 outside.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] when the data does not fit the size.
    pub fn to_png(&self) -> Result<Vec<u8>, Error> {
        self.check()?;
        let grey: Vec<u8> = self
            .data
            .iter()
            .map(|&value| if value == 0 { 0 } else { 255 })
            .collect();
        png(&grey, self.size, ExtendedColorType::L8)
    }

    /// The picture inside the mask as an RGBA PNG of the picture's size; outside, every pixel is
    /// transparent black.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] when mask and picture are of different sizes.
    pub fn cutout_png(&self, image: &RgbImage) -> Result<Vec<u8>, Error> {
        let pixels = self.over(image)?;
        let rgba: Vec<u8> = pixels
            .flat_map(|(inside, [r, g, b])| if inside { [r, g, b, 255] } else { [0; 4] })
            .collect();
        png(&rgba, self.size, ExtendedColorType::Rgba8)
    }

    /// The picture as an RGB PNG with the mask painted over it: `color` with `opacity` 0 to 1.
    ///
    /// # Errors
    /// As [`Mask::cutout_png`].
    pub fn overlay_png(
        &self,
        image: &RgbImage,
        color: [u8; 3],
        opacity: f32,
    ) -> Result<Vec<u8>, Error> {
        let opacity = opacity.clamp(0.0, 1.0);
        let mix = |under: u8, over: u8| {
            let (under, over) = (f32::from(under), f32::from(over));
            (under + (over - under) * opacity).round() as u8
        };
        let pixels = self.over(image)?;
        let rgb: Vec<u8> = pixels
            .flat_map(|(inside, [r, g, b])| {
                if inside {
                    [mix(r, color[0]), mix(g, color[1]), mix(b, color[2])]
                } else {
                    [r, g, b]
                }
            })
            .collect();
        png(&rgb, self.size, ExtendedColorType::Rgb8)
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
        image: &'a RgbImage,
    ) -> Result<impl Iterator<Item = (bool, [u8; 3])> + 'a, Error> {
        self.check()?;
        let colors = image.data.as_chunks::<3>().0;
        if self.size != image.size || colors.len() != self.data.len() {
            let (mask, image) = (self.size, image.size);
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
            .zip(colors.iter().copied()))
    }
}

fn png(data: &[u8], size: ImageSize, color: ExtendedColorType) -> Result<Vec<u8>, Error> {
    let failed = |reason: String| Error::Internal {
        reason: format!("PNG: {reason}"),
    };
    let side = |side: usize| u32::try_from(side).map_err(|e| failed(e.to_string()));
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(data, side(size.width)?, side(size.height)?, color)
        .map_err(|e| failed(e.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn picture() -> RgbImage {
        RgbImage {
            size: SIZE,
            data: (0..12).map(|i| i * 20).collect(),
        }
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
    fn overlay_paints_inside_only() {
        let overlay = mask().overlay_png(&picture(), [255, 0, 0], 0.5).unwrap();
        let decoded = RgbImage::decode(&overlay).unwrap();
        assert_eq!(decoded.data[..6], [128, 10, 20, 60, 80, 100]);
        let opaque = mask().overlay_png(&picture(), [1, 2, 3], 7.0).unwrap();
        assert_eq!(RgbImage::decode(&opaque).unwrap().data[9..], [1, 2, 3]);
    }

    #[test]
    fn sizes_that_differ_are_refused() {
        let other = RgbImage {
            size: ImageSize {
                height: 1,
                width: 4,
            },
            data: vec![0; 12],
        };
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
