//! Masks at the picture's own size.
//!
//! Coordinates are picture pixels, x to the right and y down, and pixel (0, 0) covers the square
//! from (0, 0) to (1, 1).

mod bilinear;
mod guided_filter;
mod majority;
mod png;
pub mod rle;
mod svg;

use crate::error::Error;
use crate::image::{ImageSize, SourceImage};
use bilinear::Resized;
pub use bilinear::resize_bilinear;
pub use guided_filter::guided_rows;

/// Which pixels belong to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Height and width.
    pub size: ImageSize,
    /// `height · width` bytes, row by row from the top: 1 inside, 0 outside.
    pub data: Vec<u8>,
}

/// A box in picture pixels; the far edges are exclusive, so that `x1 − x0` is its width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundingBox {
    /// Left edge.
    pub x0: f32,
    /// Top edge.
    pub y0: f32,
    /// Right edge.
    pub x1: f32,
    /// Bottom edge.
    pub y1: f32,
}

impl Mask {
    /// A mask from `height · width` bytes, of which any but 0 is inside.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] when the length does not fit the size.
    pub fn new(size: ImageSize, mut data: Vec<u8>) -> Result<Self, Error> {
        for value in &mut data {
            *value = u8::from(*value != 0);
        }
        let mask = Self { size, data };
        mask.check()?;
        Ok(mask)
    }

    /// The mask of a mask decoder's logits, as Sa2VA makes it: bilinear to the model's square
    /// input of side `via`, bilinear to the picture, then inside where the logit is above 0, that
    /// is, where the probability is above one half.
    ///
    /// `low_res` is `low` row-major. Beside the mask, one row of the picture is held at a time.
    #[must_use]
    pub fn from_logits(low_res: &[f32], low: ImageSize, via: usize, to: ImageSize) -> Self {
        let square = ImageSize {
            height: via,
            width: via,
        };
        let logits = resize_bilinear(low_res, low, square);
        let mut data = Vec::with_capacity(to.pixels());
        let mut rows = Resized::new(&logits, square, to);
        for y in 0..to.height {
            data.extend(rows.at(y).iter().map(|&logit| u8::from(logit > 0.0)));
        }
        Self { size: to, data }
    }

    /// The mask of a mask decoder's logits, brought to the edges of the picture: [`guided_rows`],
    /// then inside where that is above one half, then what most pixels of a window say.
    ///
    /// The filter knows one linear function of the color for each pixel of the square of side `via`,
    /// and a window is about as large as such a pixel in the picture: a single one in a picture of
    /// that size. In larger ones the majority takes out the specks that a photograph's or JPEG's
    /// noise makes where the filter is undecided; straight edges stay where they are.
    ///
    /// `low_res` is `low` row-major. Beside the mask, some rows of the picture are held at a time,
    /// and planes of the square.
    #[must_use]
    pub fn from_logits_guided(
        low_res: &[f32],
        low: ImageSize,
        via: usize,
        image: &SourceImage,
    ) -> Self {
        let size = image.size();
        let mut data = Vec::with_capacity(size.pixels());
        guided_rows(low_res, low, via, image, |row| {
            data.extend(row.iter().map(|&share| u8::from(share > 0.5)));
        });
        let radius = |side: usize| side / (2 * via.max(1));
        majority::smooth(&mut data, size, radius(size.height), radius(size.width));
        Self { size, data }
    }

    /// Number of pixels inside.
    #[must_use]
    pub fn area(&self) -> usize {
        self.data.iter().filter(|&&value| value != 0).count()
    }

    /// The smallest box around all pixels inside, or `None` for an empty mask.
    #[must_use]
    pub fn bounding_box(&self) -> Option<BoundingBox> {
        let (mut x0, mut x1) = (usize::MAX, 0);
        let (mut y0, mut y1) = (usize::MAX, 0);
        for (y, row) in self.data.chunks_exact(self.size.width.max(1)).enumerate() {
            let Some(first) = row.iter().position(|&value| value != 0) else {
                continue;
            };
            let last = row.iter().rposition(|&value| value != 0).unwrap_or(first);
            (x0, x1) = (x0.min(first), x1.max(last + 1));
            (y0, y1) = (y0.min(y), y + 1);
        }
        (x0 < x1).then_some(BoundingBox {
            x0: x0 as f32,
            y0: y0 as f32,
            x1: x1 as f32,
            y1: y1 as f32,
        })
    }

    /// Intersection over union, 0 to 1; two empty masks agree, so theirs is 1.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] when the masks are of different sizes.
    pub fn iou(&self, other: &Self) -> Result<f32, Error> {
        self.check_same_size(other)?;
        let (mut both, mut either) = (0_u32, 0_u32);
        for (a, b) in self.data.iter().zip(&other.data) {
            both += u32::from(a & b);
            either += u32::from(a | b);
        }
        Ok(if either == 0 {
            1.0
        } else {
            (f64::from(both) / f64::from(either)) as f32
        })
    }

    /// The pixels inside either mask.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] when the masks are of different sizes.
    pub fn union(&self, other: &Self) -> Result<Self, Error> {
        self.check_same_size(other)?;
        let data = self
            .data
            .iter()
            .zip(&other.data)
            .map(|(a, b)| a | b)
            .collect();
        Ok(Self {
            size: self.size,
            data,
        })
    }

    /// Whether pixel (`x`, `y`) is inside; outside of the picture none is.
    pub(crate) fn contains(&self, x: usize, y: usize) -> bool {
        x < self.size.width
            && self
                .data
                .get(y * self.size.width + x)
                .is_some_and(|&value| value != 0)
    }

    /// # Errors
    /// [`Error::InvalidQuery`] when the data does not fit the size.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let ImageSize { height, width } = self.size;
        if height.checked_mul(width) == Some(self.data.len()) {
            return Ok(());
        }
        Err(Error::InvalidQuery {
            reason: format!(
                "a mask of {} bytes is not {width} × {height} pixels",
                self.data.len()
            ),
        })
    }

    /// Whether the masks can be compared pixel by pixel.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] when they are of different sizes.
    pub fn check_same_size(&self, other: &Self) -> Result<(), Error> {
        if self.size == other.size {
            return Ok(());
        }
        let (a, b) = (self.size, other.size);
        Err(Error::InvalidQuery {
            reason: format!(
                "masks of {} × {} and {} × {} pixels",
                a.width, a.height, b.width, b.height
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::RgbImage;

    /// Resized of `#` inside and anything else outside.
    pub(super) fn mask(rows: &[&str]) -> Mask {
        let size = ImageSize {
            height: rows.len(),
            width: rows[0].len(),
        };
        Mask {
            size,
            data: rows.concat().bytes().map(|b| u8::from(b == b'#')).collect(),
        }
    }

    #[test]
    fn area_and_box() {
        let mask = mask(&["....", ".#..", ".##.", "...."]);
        assert_eq!(mask.area(), 3);
        assert_eq!(
            mask.bounding_box(),
            Some(BoundingBox {
                x0: 1.0,
                y0: 1.0,
                x1: 3.0,
                y1: 3.0
            })
        );
        assert!(mask.contains(2, 2));
        assert!(!mask.contains(4, 1));
    }

    #[test]
    fn empty_masks() {
        let empty = mask(&["..", ".."]);
        assert_eq!(empty.area(), 0);
        assert_eq!(empty.bounding_box(), None);
        assert!((empty.iou(&empty).unwrap() - 1.0).abs() < f32::EPSILON);
    }

    #[test]
    fn iou_and_union() {
        let (a, b) = (mask(&["##."]), mask(&[".##"]));
        assert!((a.iou(&b).unwrap() - 1.0 / 3.0).abs() < 1e-6);
        assert_eq!(a.union(&b).unwrap(), mask(&["###"]));
        assert_eq!(a.iou(&mask(&["#"])).unwrap_err().code(), "invalid-query");
        assert!(a.union(&mask(&["#"])).is_err());
    }

    #[test]
    fn bytes_of_another_length_are_refused() {
        let size = ImageSize {
            height: 2,
            width: 2,
        };
        assert_eq!(
            Mask::new(size, vec![0, 7, 255, 1]).unwrap().data,
            [0, 1, 1, 1]
        );
        assert_eq!(
            Mask::new(size, vec![0; 3]).unwrap_err().code(),
            "invalid-query"
        );
    }

    #[test]
    fn row_by_row_equals_the_whole() {
        let low = ImageSize {
            height: 8,
            width: 8,
        };
        let to = ImageSize {
            height: 13,
            width: 29,
        };
        let logits: Vec<f32> = (0..64).map(|i| ((i * 29 % 23) as f32) - 11.0).collect();
        let square = ImageSize {
            height: 32,
            width: 32,
        };
        let whole = resize_bilinear(&resize_bilinear(&logits, low, square), square, to);
        let expected: Vec<u8> = whole.iter().map(|&v| u8::from(v > 0.0)).collect();
        let mask = Mask::from_logits(&logits, low, 32, to);
        assert_eq!(mask.data, expected);
        assert!(mask.area() > 0 && mask.area() < to.pixels());
    }

    #[test]
    fn too_few_logits_give_no_panic() {
        let size = ImageSize {
            height: 4,
            width: 4,
        };
        let none = ImageSize {
            height: 0,
            width: 0,
        };
        assert_eq!(resize_bilinear(&[], size, size), vec![0.0; 16]);
        assert_eq!(Mask::from_logits(&[], none, 4, size).area(), 0);
        let image = RgbImage {
            size,
            data: vec![0; 48],
        };
        let image = image.into();
        assert_eq!(Mask::from_logits_guided(&[], none, 4, &image).area(), 0);
    }
}
