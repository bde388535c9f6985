//! Pillow's 8-bit bicubic `Image.resize`, bit for bit.
//!
//! Two passes, along rows and along columns, with 8-bit values in between. Shrinking widens the
//! filter (antialias). Weights are normalized in f64 and rounded to 22-bit fixed point.
//! Source: `Resample.c` of Pillow; the order of the passes is that of Pillow 13, earlier ones
//! always began with the rows, which differs by rounding.

use std::borrow::Cow;

use crate::image::{ImageSize, RgbImage};

const CHANNELS: usize = 3;
/// Bits behind the point of a weight: 32 less 8 for the value and 2 for overshoot.
const PRECISION: u32 = 22;
const HALF: i32 = 1 << (PRECISION - 1);
/// Reach of the bicubic kernel, in source pixels of an enlarged picture.
const SUPPORT: f64 = 2.0;

/// Resizes to exactly `size`; the aspect is not kept.
#[must_use]
pub fn resize(image: &RgbImage, size: ImageSize) -> RgbImage {
    if columns_first(image.size, size) {
        resize_rows(&resize_columns(image, size.height), size.width).into_owned()
    } else {
        resize_columns(&resize_rows(image, size.width), size.height).into_owned()
    }
}

/// Whether the height loses more than twice as many pixels as the width.
fn columns_first(from: ImageSize, to: ImageSize) -> bool {
    to.height < from.height && from.height - to.height > 2 * from.width.saturating_sub(to.width)
}

/// The source pixels that make up one output pixel.
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

fn taps(from: usize, to: usize) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let support = SUPPORT * stretch;
    (0..to)
        .map(|i| {
            let center = (i as f64 + 0.5) * scale;
            // Casts cut toward zero and at zero, as the reference does.
            let first = (center - support + 0.5) as usize;
            let end = ((center + support + 0.5) as usize).min(from);
            let weights: Vec<f64> = (first..end)
                .map(|j| bicubic((j as f64 - center + 0.5) / stretch))
                .collect();
            let sum: f64 = weights.iter().sum();
            Taps {
                first,
                weights: weights.iter().map(|w| fixed(w / sum)).collect(),
            }
        })
        .collect()
}

/// Keys' kernel with a = −0.5.
fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

fn fixed(weight: f64) -> i32 {
    (weight * f64::from(1 << PRECISION)).round() as i32
}

fn to_byte(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

/// A pass that changes nothing is skipped: it would cost time and round nothing.
fn resize_rows(image: &RgbImage, width: usize) -> Cow<'_, RgbImage> {
    if width == image.size.width {
        return Cow::Borrowed(image);
    }
    let taps = taps(image.size.width, width);
    let mut data = Vec::with_capacity(image.size.height * width * CHANNELS);
    for y in 0..image.size.height {
        let row = image.row(y);
        data.extend(taps.iter().flat_map(|taps| {
            let mut sums = [HALF; CHANNELS];
            let pixels = row[taps.first * CHANNELS..].as_chunks::<CHANNELS>().0;
            for (weight, pixel) in taps.weights.iter().zip(pixels) {
                for (sum, value) in sums.iter_mut().zip(pixel) {
                    *sum += weight * i32::from(*value);
                }
            }
            sums.map(to_byte)
        }));
    }
    Cow::Owned(RgbImage {
        size: ImageSize {
            height: image.size.height,
            width,
        },
        data,
    })
}

fn resize_columns(image: &RgbImage, height: usize) -> Cow<'_, RgbImage> {
    if height == image.size.height {
        return Cow::Borrowed(image);
    }
    let stride = image.size.width * CHANNELS;
    let mut data = Vec::with_capacity(height * stride);
    let mut sums = vec![0; stride];
    for taps in taps(image.size.height, height) {
        sums.fill(HALF);
        for (offset, weight) in taps.weights.iter().enumerate() {
            for (sum, value) in sums.iter_mut().zip(image.row(taps.first + offset)) {
                *sum += weight * i32::from(*value);
            }
        }
        data.extend(sums.iter().copied().map(to_byte));
    }
    Cow::Owned(RgbImage {
        size: ImageSize {
            height,
            width: image.size.width,
        },
        data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(height: usize, width: usize) -> RgbImage {
        let data = (0..height * width * 3)
            .map(|i| (i * 31 % 251) as u8)
            .collect();
        RgbImage {
            size: ImageSize { height, width },
            data,
        }
    }

    #[test]
    fn same_size_changes_nothing() {
        let image = image(5, 7);
        assert_eq!(resize(&image, image.size), image);
    }

    #[test]
    fn flat_pictures_stay_flat() {
        let flat = RgbImage {
            size: ImageSize {
                height: 9,
                width: 4,
            },
            data: vec![137; 108],
        };
        for (height, width) in [(1, 1), (3, 20), (100, 2)] {
            let out = resize(&flat, ImageSize { height, width });
            assert_eq!(out.data, vec![137; height * width * 3]);
        }
    }

    #[test]
    fn thin_and_single_pixels_are_resized() {
        for (height, width) in [(1, 1), (1, 1000), (1000, 1)] {
            let out = resize(
                &image(height, width),
                ImageSize {
                    height: 14,
                    width: 14,
                },
            );
            assert_eq!(out.data.len(), 14 * 14 * 3);
        }
    }
}
