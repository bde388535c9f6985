//! How well two masks' boundaries lie on each other.

use askmask_core::error::Error;
use askmask_core::{ImageSize, Mask};

use super::distance::Distances;

/// Longer side of a picture in which boundaries may lie [`TOLERANCE`] pixels apart. In others it is
/// as much of the picture.
const LONGER_SIDE: u64 = 640;
const TOLERANCE: u64 = 4;

/// The contour accuracy F, 0 to 1: the harmonic mean of the share of the predicted boundary that
/// lies near the true one and of the share of the true one that lies near the predicted. 1 where
/// neither mask has a boundary, 0 where only one has.
///
/// The boundary is what is inside and beside something outside or beside the picture's border,
/// among four neighbors. Pixels of `ignore` are not of it, nor outside. Near is at most 4 of 640
/// parts of the picture's longer side, in a straight line.
///
/// Source: F. Perazzi et al., [A Benchmark Dataset and Evaluation Methodology for Video Object
/// Segmentation](https://davischallenge.org), CVPR 2016, after D. Martin et al. 2004. As in its
/// code, boundaries are matched by distance alone; its tolerance is 0.008 of the diagonal in whole
/// pixels, which in 640 × 480 is 7.
///
/// # Errors
/// [`Error::InvalidQuery`] when the masks are of different sizes.
pub(super) fn boundary_f(
    predicted: &Mask,
    truth: &Mask,
    ignore: Option<&Mask>,
) -> Result<f64, Error> {
    predicted.check_same_size(truth)?;
    if let Some(ignore) = ignore {
        predicted.check_same_size(ignore)?;
    }
    let size = predicted.size;
    let (found, wanted) = (boundary(predicted, ignore), boundary(truth, ignore));
    let any = |boundary: &[bool]| boundary.contains(&true);
    if !any(&found) || !any(&wanted) {
        return Ok(f64::from(u8::from(any(&found) == any(&wanted))));
    }
    let precision = share_near(&found, &wanted, size);
    let recall = share_near(&wanted, &found, size);
    if precision + recall == 0.0 {
        return Ok(0.0);
    }
    Ok(2.0 * precision * recall / (precision + recall))
}

/// Whether each pixel is of the mask's boundary.
fn boundary(mask: &Mask, ignore: Option<&Mask>) -> Vec<bool> {
    let ImageSize { height, width } = mask.size;
    let inside = |i: usize| mask.data[i] != 0;
    let counts = |i: usize| ignore.is_none_or(|ignore| ignore.data[i] == 0);
    let outside = |i: usize| !inside(i) && counts(i);
    let is_boundary = |i: usize| {
        let (x, y) = (i % width, i / width);
        let at_border = x == 0 || y == 0 || x + 1 == width || y + 1 == height;
        inside(i)
            && counts(i)
            && (at_border
                || outside(i - 1)
                || outside(i + 1)
                || outside(i - width)
                || outside(i + width))
    };
    (0..mask.data.len()).map(is_boundary).collect()
}

/// Share of `these` that lie near one of `others`; neither is empty.
fn share_near(these: &[bool], others: &[bool], size: ImageSize) -> f64 {
    let longer = size.height.max(size.width) as u64;
    let is_near =
        |squared: u64| squared * (LONGER_SIDE * LONGER_SIDE) <= (TOLERANCE * longer).pow(2);
    let distances = Distances::to(others, size);
    let (mut near, mut all) = (0_u64, 0_u64);
    for (y, row) in these.chunks_exact(size.width).enumerate() {
        if !row.contains(&true) {
            continue;
        }
        for (_, squared) in row
            .iter()
            .zip(distances.row(y))
            .filter(|(member, _)| **member)
        {
            all += 1;
            near += u64::from(is_near(squared));
        }
    }
    near as f64 / all as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mask of 160 × 120, one pixel of tolerance, that is inside in these columns and rows.
    fn rectangle(columns: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> Mask {
        let size = ImageSize {
            height: 120,
            width: 160,
        };
        let inside = |i: usize| columns.contains(&(i % 160)) && rows.contains(&(i / 160));
        let data = (0..size.pixels()).map(|i| u8::from(inside(i)));
        Mask::new(size, data.collect()).unwrap()
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} not {expected}");
    }

    fn f(predicted: &Mask, truth: &Mask) -> f64 {
        boundary_f(predicted, truth, None).unwrap()
    }

    #[test]
    fn boundaries_within_the_tolerance_are_the_same() {
        let truth = rectangle(40..60, 40..60);
        near(f(&truth, &truth), 1.0);
        near(f(&rectangle(41..61, 40..60), &truth), 1.0);
        // One pixel off in both directions is √2 at one corner: 75 of 76 either way.
        near(f(&rectangle(41..61, 41..61), &truth), 75.0 / 76.0);
        near(f(&rectangle(100..120, 40..60), &truth), 0.0);
    }

    #[test]
    fn half_of_a_rectangle() {
        // By hand: the half has 56 boundary pixels, 38 of them on the whole's and two beside it;
        // of the whole's 76, 38 and the next two lie near.
        let (half, whole) = (rectangle(40..50, 40..60), rectangle(40..60, 40..60));
        let (precision, recall) = (40.0 / 56.0, 40.0 / 76.0);
        near(
            f(&half, &whole),
            2.0 * precision * recall / (precision + recall),
        );
    }

    #[test]
    fn nothing_found_where_nothing_is() {
        let (nothing, some) = (rectangle(0..0, 0..0), rectangle(0..9, 0..9));
        near(f(&nothing, &nothing), 1.0);
        near(f(&nothing, &some), 0.0);
        near(f(&some, &nothing), 0.0);
        // What fills the picture has its border for a boundary.
        let all = rectangle(0..160, 0..120);
        near(f(&all, &all), 1.0);
    }

    #[test]
    fn ignored_pixels_are_no_boundary() {
        let truth = rectangle(40..60, 40..60);
        let predicted = rectangle(40..80, 40..60);
        let ignore = rectangle(60..120, 0..120);
        assert!(f(&predicted, &truth) < 0.8);
        near(boundary_f(&predicted, &truth, Some(&ignore)).unwrap(), 1.0);
        let other = Mask::new(
            ImageSize {
                height: 1,
                width: 1,
            },
            vec![1],
        );
        assert!(boundary_f(&truth, &truth, Some(&other.unwrap())).is_err());
    }
}
