//! pycocotools' polygons.
//!
//! Source: `rleFrPoly` in [`maskApi.c`][api] of cocoapi.
//!
//! [api]: https://github.com/cocodataset/cocoapi/blob/master/common/maskApi.c

use askmask_core::error::Error;
use askmask_core::image::ImageSize;
use askmask_core::mask::rle::{Rle, checked_pixels};

use super::{check, check_steps};

/// The outline is walked at five times the picture's resolution.
const SCALE: f64 = 5.0;

/// The run lengths that pycocotools gives for a polygon: of the pixels whose centers lie inside.
///
/// # Errors
/// [`Error::Integrity`] for fewer than 3 or more than 16,384 points, points or outlines far beyond
/// any picture, and pictures beyond the limits of [`askmask_core::image`].
pub fn fill_coco(points: &[[f64; 2]], size: ImageSize) -> Result<Rle, Error> {
    check(points)?;
    let pixels = checked_pixels(size)? as u32;
    let scaled: Vec<[i64; 2]> = points
        .iter()
        .map(|point| point.map(|value| (SCALE * value + 0.5) as i64))
        .collect();
    let edges = || scaled.iter().zip(scaled.iter().cycle().skip(1));
    check_steps(edges().map(|(&a, &b)| length(a, b)).sum())?;
    let (height, width) = (size.height as f64, size.width as f64);
    let mut starts: Vec<u32> = Vec::new();
    let mut last: Option<[i64; 2]> = None;
    for (&from, &to) in edges() {
        walk(from, to, |[u, v]| {
            let Some([u0, v0]) = last.replace([u, v]) else {
                return;
            };
            if u == u0 {
                return;
            }
            // Where the outline crosses the middle of a column.
            let column = if u < u0 { u } else { u - 1 };
            let column = (column as f64 + 0.5) / SCALE - 0.5;
            if column.floor() != column || column < 0.0 || column > width - 1.0 {
                return;
            }
            let row = (v.min(v0) as f64 + 0.5) / SCALE - 0.5;
            let row = row.clamp(0.0, height).ceil();
            starts.push((column * height + row) as u32);
        });
    }
    starts.push(pixels);
    starts.sort_unstable();
    Rle::new(size, runs(&starts))
}

fn length(a: [i64; 2], b: [i64; 2]) -> u64 {
    (a[0].abs_diff(b[0])).max(a[1].abs_diff(b[1])) + 1
}

/// Hands every point from `from` to `to` to `visit`, one for each step along the longer axis.
fn walk(from: [i64; 2], to: [i64; 2], mut visit: impl FnMut([i64; 2])) {
    let (dx, dy) = (from[0].abs_diff(to[0]), from[1].abs_diff(to[1]));
    let flat = dx >= dy;
    let long = usize::from(!flat);
    // Rounding must not depend on the direction.
    let flip = from[long] > to[long];
    let (start, end) = if flip { (to, from) } else { (from, to) };
    let steps = dx.max(dy) as i64;
    let across = 1 - long;
    let slope = if steps == 0 {
        0.0
    } else {
        (end[across] - start[across]) as f64 / steps as f64
    };
    for step in 0..=steps {
        let t = if flip { steps - step } else { step };
        let mut point = [0; 2];
        point[long] = start[long] + t;
        point[across] = (start[across] as f64 + slope * t as f64 + 0.5) as i64;
        visit(point);
    }
}

/// Differences of sorted starts; a run of no pixels joins its neighbors.
fn runs(starts: &[u32]) -> Vec<u32> {
    let mut before = 0;
    let mut differences = starts.iter().map(|&start| {
        let difference = start - before;
        before = start;
        difference
    });
    let mut runs: Vec<u32> = differences.next().into_iter().collect();
    while let Some(difference) = differences.next() {
        if difference > 0 {
            runs.push(difference);
        } else if let (Some(next), Some(run)) = (differences.next(), runs.last_mut()) {
            *run += next;
        }
    }
    runs
}
