//! Logits brought to the edges of the picture by a guided filter.
//!
//! Source: K. He, J. Sun and X. Tang, [Guided Image Filtering](https://kaiminghe.github.io/eccv10/),
//! TPAMI 2013, with colors as the guide (equations 19 to 21), and K. He and J. Sun, [Fast Guided
//! Filter](https://arxiv.org/abs/1505.00996), 2015: what the filter knows is computed on a small
//! picture and applied to the pixels of the large one. Windows are cut off at the picture's border,
//! as in the authors' own code.

use super::bilinear::{Resized, resize_bilinear};
use crate::image::area_average::area_average;
use crate::image::source::over_white;
use crate::image::{ImageSize, SourceImage};

/// Radius of a window, in cells of the logits.
const RADIUS_CELLS: usize = 2;
/// The variance of colors, 0 to 1, below which a window counts as flat.
const EPS: f64 = 1e-4;

/// A linear function of a color: three slopes and an offset.
type Line = [f64; 4];

/// Hands each row of a map of the picture's size to `sink`, top to bottom: how far each pixel is
/// inside, about 0 to 1.
///
/// The map is, near every pixel, a linear function of the color which comes as close as it can to
/// the probability that the logits say. So its edges are those of the picture. The functions are
/// found on the picture made as small as the model's square input of side `side`, with windows of
/// two cells of the logits, enlarged as the logits are, and applied to the picture's own pixels.
///
/// `logits` are `low` row-major. Beside them, some rows of the picture are held, and twelve f32 for
/// each pixel of the square.
pub fn guided_rows(
    logits: &[f32],
    low: ImageSize,
    side: usize,
    image: &SourceImage,
    mut sink: impl FnMut(&[f32]),
) {
    let square = ImageSize {
        height: side,
        width: side,
    };
    let guide = area_average(image, square);
    let mut inside = resize_bilinear(logits, low, square);
    for value in &mut inside {
        *value = 1.0 / (1.0 + (-*value).exp());
    }
    let radius = RADIUS_CELLS * side / low.width.max(1);
    let lines = mean_lines(&lines(&guide, &inside, square, radius), square, radius);
    let size = image.size();
    let [mut red, mut green, mut blue, mut offset] = lines
        .each_ref()
        .map(|plane| Resized::new(plane, square, size));
    let mut pixels = image.pixels();
    let mut row = vec![0.0; size.width];
    for y in 0..size.height {
        let slopes = red.at(y).iter().zip(green.at(y)).zip(blue.at(y));
        let lines = slopes.zip(offset.at(y));
        for ((out, (((red, green), blue), offset)), pixel) in
            row.iter_mut().zip(lines).zip(&mut pixels)
        {
            let [r, g, b] = over_white(pixel).map(|value| f32::from(value) / 255.0);
            *out = red * r + green * g + blue * b + offset;
        }
        sink(&row);
    }
}

/// For each window the linear function of the color that is nearest to `values` in it.
fn lines(guide: &[[f32; 3]], values: &[f32], size: ImageSize, radius: usize) -> Vec<[f32; 4]> {
    let mut found = Vec::with_capacity(size.pixels());
    let moments = |i: usize| {
        let [r, g, b] = guide[i].map(f64::from);
        let (p, rr, rg, rb) = (f64::from(values[i]), r * r, r * g, r * b);
        let (gg, gb, bb) = (g * g, g * b, b * b);
        [r, g, b, rr, rg, rb, gg, gb, bb, p, p * r, p * g, p * b]
    };
    means(size, radius, moments, |row| {
        found.extend(row.iter().map(|means| line(means).map(|v| v as f32)));
    });
    found
}

/// The line of one window from the means of its colors (3), their products (6), the values, and
/// the values' products with the colors (3).
fn line(&[r, g, b, rr, rg, rb, gg, gb, bb, p, pr, pg, pb]: &[f64; 13]) -> Line {
    let covariance = [
        rr - r * r + EPS,
        rg - r * g,
        rb - r * b,
        gg - g * g + EPS,
        gb - g * b,
        bb - b * b + EPS,
    ];
    let [x, y, z] = solve(covariance, [pr - p * r, pg - p * g, pb - p * b]);
    [x, y, z, p - x * r - y * g - z * b]
}

/// Solves a symmetric system of three equations by its cofactors; `[xx, xy, xz, yy, yz, zz]` is
/// positive definite.
fn solve([xx, xy, xz, yy, yz, zz]: [f64; 6], [u, v, w]: [f64; 3]) -> [f64; 3] {
    let (cxx, cxy, cxz) = (yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy);
    let (cyy, cyz, czz) = (xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy);
    let determinant = xx * cxx + xy * cxy + xz * cxz;
    [
        (cxx * u + cxy * v + cxz * w) / determinant,
        (cxy * u + cyy * v + cyz * w) / determinant,
        (cxz * u + cyz * v + czz * w) / determinant,
    ]
}

/// The mean of the lines of all windows that see a pixel, plane by plane.
fn mean_lines(lines: &[[f32; 4]], size: ImageSize, radius: usize) -> [Vec<f32>; 4] {
    let mut planes: [Vec<f32>; 4] = Default::default();
    let line = |i: usize| lines[i].map(f64::from);
    means(size, radius, line, |row| {
        for mean in row {
            for (plane, &value) in planes.iter_mut().zip(mean) {
                plane.push(value as f32);
            }
        }
    });
    planes
}

/// Means over windows of `2 · radius + 1` pixels a side, of which only those in the picture count:
/// of `N` values a pixel, which `value` has by its place. Resized go to `sink`, top to bottom.
///
/// By running sums, so that large windows take no longer. In f64, in which what was added leaves
/// nothing to speak of when it is subtracted again.
fn means<const N: usize>(
    size: ImageSize,
    radius: usize,
    value: impl Fn(usize) -> [f64; N],
    mut sink: impl FnMut(&[[f64; N]]),
) {
    let ImageSize { height, width } = size;
    let mut columns = vec![[0.0; N]; width];
    let mut row = vec![[0.0; N]; width];
    let change = |columns: &mut [[f64; N]], y: usize, sign: f64| {
        for (x, sums) in columns.iter_mut().enumerate() {
            add(sums, &value(y * width + x), sign);
        }
    };
    for y in 0..radius.min(height) {
        change(&mut columns, y, 1.0);
    }
    for y in 0..height {
        if y + radius < height {
            change(&mut columns, y + radius, 1.0);
        }
        if y > radius {
            change(&mut columns, y - radius - 1, -1.0);
        }
        let tall = (y + radius + 1).min(height) - y.saturating_sub(radius);
        let mut sums = [0.0; N];
        for column in columns.iter().take(radius) {
            add(&mut sums, column, 1.0);
        }
        for (x, out) in row.iter_mut().enumerate() {
            if let Some(column) = columns.get(x + radius) {
                add(&mut sums, column, 1.0);
            }
            if x > radius {
                add(&mut sums, &columns[x - radius - 1], -1.0);
            }
            let wide = (x + radius + 1).min(width) - x.saturating_sub(radius);
            *out = sums.map(|sum| sum / (tall * wide) as f64);
        }
        sink(&row);
    }
}

fn add<const N: usize>(sums: &mut [f64; N], values: &[f64; N], sign: f64) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += sign * value;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Mask;
    use super::*;
    use crate::image::RgbImage;

    const SIDE: usize = 16;
    /// One cell of the logits is two pixels.
    const LOW: ImageSize = ImageSize {
        height: 8,
        width: 8,
    };

    fn picture(height: usize, width: usize, color: impl Fn(usize) -> [u8; 3]) -> SourceImage {
        let data = (0..height * width).flat_map(|i| color(i % width));
        RgbImage {
            size: ImageSize { height, width },
            data: data.collect(),
        }
        .into()
    }

    fn guided(logits: &[f32], image: &SourceImage) -> Vec<f32> {
        let mut all = Vec::new();
        guided_rows(logits, LOW, SIDE, image, |row| all.extend_from_slice(row));
        all
    }

    #[test]
    fn without_edges_there_are_means_of_means() {
        let logits: Vec<f32> = (0..64).map(|i| (i % 8) as f32 - 3.0).collect();
        let image = picture(SIDE, SIDE, |_| [90, 120, 30]);
        let square = ImageSize {
            height: SIDE,
            width: SIDE,
        };
        let inside: Vec<f64> = resize_bilinear(&logits, LOW, square)
            .iter()
            .map(|&logit| 1.0 / (1.0 + f64::from(-logit).exp()))
            .collect();
        // Twice over windows of nine pixels, cut off at the border; rows are alike.
        let mean = |row: &[f64], x: usize| {
            let window = &row[x.saturating_sub(4)..(x + 5).min(SIDE)];
            window.iter().sum::<f64>() / window.len() as f64
        };
        let once: Vec<f64> = (0..SIDE).map(|x| mean(&inside, x)).collect();
        for (i, found) in guided(&logits, &image).into_iter().enumerate() {
            assert!((f64::from(found) - mean(&once, i % SIDE)).abs() < 1e-6);
        }
    }

    #[test]
    fn a_blurred_edge_becomes_that_of_the_colors() {
        // The logits change sign between pixels 8 and 9, the colors between 6 and 7.
        let logits: Vec<f32> = (0..64).map(|i| 0.8 * (4.0 - (i % 8) as f32)).collect();
        let color = |x: usize, edge: usize| {
            if x < edge {
                [200, 40, 40]
            } else {
                [60, 90, 200]
            }
        };
        let small = picture(SIDE, SIDE, |x| color(x, 7));
        let found = Mask::from_logits_guided(&logits, LOW, SIDE, &small);
        let blurred = Mask::from_logits(&logits, LOW, SIDE, small.size());
        for i in 0..SIDE * SIDE {
            assert_eq!(found.data[i] == 1, i % SIDE < 7, "{i}");
            assert_eq!(blurred.data[i] == 1, i % SIDE < 9, "{i}");
        }
        // In a larger picture at its own pixel, which is within one of the square.
        let large = picture(40, 80, |x| color(x, 37));
        let found = Mask::from_logits_guided(&logits, LOW, SIDE, &large);
        for (i, &value) in found.data.iter().enumerate() {
            assert_eq!(value == 1, i % 80 < 37, "{i}");
        }
    }

    #[test]
    fn three_equations_are_solved() {
        // By hand: [[4, 1, 0], [1, 3, 1], [0, 1, 2]] · [1, −2, 3].
        let found = solve([4.0, 1.0, 0.0, 3.0, 1.0, 2.0], [2.0, -2.0, 4.0]);
        for (found, expected) in found.into_iter().zip([1.0, -2.0, 3.0]) {
            assert!((found - expected).abs() < 1e-12, "{found}");
        }
    }

    #[test]
    fn pictures_of_one_pixel_are_filtered() {
        let image = picture(1, 1, |_| [1, 2, 3]);
        let found = guided(&[3.0; 64], &image);
        assert!((found[0] - 1.0 / (1.0 + (-3.0_f32).exp())).abs() < 1e-6);
    }
}
