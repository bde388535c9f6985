//! A picture for showing it.

use super::resample::resize;
use super::{ImageSize, SourceImage};

/// RGBA of a picture's own size or smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Height and width.
    pub size: ImageSize,
    /// `height · width · 4` bytes, the colors not multiplied by alpha.
    pub rgba: Vec<u8>,
}

impl SourceImage {
    /// The picture, made smaller where it has more than `max_pixels`; its aspect is kept to the
    /// next pixel.
    #[must_use]
    pub fn preview(&self, max_pixels: usize) -> Preview {
        let whole = self.size();
        let scale = (max_pixels as f64 / whole.pixels() as f64).sqrt();
        if scale >= 1.0 {
            let rgba = self.pixels().flatten().collect();
            return Preview { size: whole, rgba };
        }
        let side = |side: usize| ((side as f64 * scale) as usize).max(1);
        let size = ImageSize {
            height: side(whole.height),
            width: side(whole.width),
        };
        let color = resize(&self.color, size);
        // The nearest pixel's: an edge on screen needs no finer one.
        let alpha = |i: usize| {
            let nearest = |at: usize, of: usize, from: usize| (2 * at + 1) * from / (2 * of);
            let y = nearest(i / size.width, size.height, whole.height);
            let x = nearest(i % size.width, size.width, whole.width);
            let alpha = self.alpha.as_ref();
            alpha.and_then(|alpha| alpha.get(y * whole.width + x).copied())
        };
        let pixels = color.data.as_chunks::<3>().0.iter().enumerate();
        let rgba = pixels.flat_map(|(i, &[r, g, b])| [r, g, b, alpha(i).unwrap_or(255)]);
        Preview {
            size,
            rgba: rgba.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::RgbImage;

    fn picture() -> SourceImage {
        let size = ImageSize {
            height: 4,
            width: 8,
        };
        SourceImage {
            color: RgbImage {
                size,
                data: [9, 8, 7].repeat(32),
            },
            alpha: Some((0..32).map(|i| if i % 8 < 4 { 0 } else { 255 }).collect()),
            camera: false,
        }
    }

    #[test]
    fn small_pictures_are_shown_as_they_are() {
        let preview = picture().preview(32);
        assert_eq!(preview.size, picture().size());
        assert_eq!(preview.rgba[12..20], [9, 8, 7, 0, 9, 8, 7, 255]);
    }

    #[test]
    fn large_pictures_are_made_smaller() {
        let preview = picture().preview(8);
        let size = ImageSize {
            height: 2,
            width: 4,
        };
        assert_eq!(preview.size, size);
        assert_eq!(preview.rgba[..8], [9, 8, 7, 0, 9, 8, 7, 0]);
        assert_eq!(preview.rgba[8..16], [9, 8, 7, 255, 9, 8, 7, 255]);
        assert_eq!(picture().preview(1).size.pixels(), 1);
    }
}
