//! A picture made small by averaging what each new pixel covers.

use super::source::over_white;
use super::{ImageSize, SourceImage};

/// The picture over white at another size: each pixel is the mean of what it covers, parts of
/// pixels by their share; 0 to 1, `height · width` row-major, red, green, blue.
///
/// Sums are f64, so that those of many pixels lose nothing; one row of the picture is held.
#[must_use]
pub fn area_average(image: &SourceImage, to: ImageSize) -> Vec<[f32; 3]> {
    let from = image.size();
    let (columns, rows) = (shares(from.width, to.width), shares(from.height, to.height));
    let mut averages = vec![[0.0; 3]; to.pixels()];
    let mut row = vec![[0.0_f64; 3]; to.width];
    let mut pixels = image.pixels();
    let mut line = vec![[0.0_f64; 3]; from.width];
    let mut rows = rows.into_iter().peekable();
    for y in 0..from.height {
        for (out, pixel) in line.iter_mut().zip(&mut pixels) {
            *out = over_white(pixel).map(|value| f64::from(value) / 255.0);
        }
        row.fill([0.0; 3]);
        for share in &columns {
            add(&mut row[share.to], line[share.from], share.weight);
        }
        while let Some(share) = rows.next_if(|share| share.from == y) {
            let start = share.to * to.width;
            for (out, &value) in averages[start..start + to.width].iter_mut().zip(&row) {
                add(out, value, share.weight);
            }
        }
    }
    let narrow = |[r, g, b]: [f64; 3]| [r as f32, g as f32, b as f32];
    averages.into_iter().map(narrow).collect()
}

fn add(sum: &mut [f64; 3], value: [f64; 3], weight: f64) {
    for (sum, value) in sum.iter_mut().zip(value) {
        *sum += weight * value;
    }
}

/// How much of a new pixel an old one makes up, along one axis.
struct Share {
    from: usize,
    to: usize,
    weight: f64,
}

/// All shares that are not 0, in the order of the old pixels.
fn shares(from: usize, to: usize) -> Vec<Share> {
    let mut shares = Vec::with_capacity(from + to);
    for old in 0..from {
        // In units of which an old pixel has `to` and a new one `from`.
        let (start, end) = (old * to, (old + 1) * to);
        for new in start / from..end.div_ceil(from) {
            let covered = end.min((new + 1) * from) - start.max(new * from);
            shares.push(Share {
                from: old,
                to: new,
                weight: covered as f64 / from as f64,
            });
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::RgbImage;

    fn grey(height: usize, width: usize, values: &[u8]) -> SourceImage {
        let data = values.iter().flat_map(|&value| [value; 3]).collect();
        let size = ImageSize { height, width };
        RgbImage { size, data }.into()
    }

    fn check(image: &SourceImage, height: usize, width: usize, expected: &[f32]) {
        let found = area_average(image, ImageSize { height, width });
        assert_eq!(found.len(), expected.len());
        for (found, &expected) in found.iter().zip(expected) {
            assert!((found[0] * 255.0 - expected).abs() < 1e-4, "{found:?}");
            assert!(found[0] == found[1] && found[1] == found[2]);
        }
    }

    #[test]
    fn parts_of_pixels_count_by_their_share() {
        // By hand: two thirds and one third of each half.
        check(&grey(1, 3, &[30, 60, 120]), 1, 2, &[40.0, 100.0]);
        check(
            &grey(2, 4, &[0, 100, 40, 60, 0, 100, 40, 60]),
            1,
            2,
            &[50.0, 50.0],
        );
    }

    #[test]
    fn enlarged_pixels_repeat() {
        check(
            &grey(1, 2, &[10, 20]),
            2,
            3,
            &[10.0, 15.0, 20.0, 10.0, 15.0, 20.0],
        );
    }

    #[test]
    fn what_is_clear_is_white() {
        let mut image = grey(1, 2, &[0, 0]);
        image.alpha = Some(vec![0, 255]);
        check(&image, 1, 2, &[255.0, 0.0]);
    }
}
