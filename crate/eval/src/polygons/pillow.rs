//! Pillow's `ellipse`, filled and with an outline, of which labelme makes its circles.
//!
//! Source: `shape_to_mask` in [`labelme/utils/shape.py`][labelme], and the walk along a quarter of
//! the outline in [`Draw.c`][draw] of Pillow.
//!
//! [labelme]: https://github.com/wkentaro/labelme/blob/main/labelme/utils/shape.py
//! [draw]: https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Draw.c

use askmask_core::error::Error;
use askmask_core::image::ImageSize;
use askmask_core::mask::Mask;

use super::{check_near, invalid};

/// The pixels of a circle around `center` through `edge`.
///
/// Its box is cut to whole pixels toward zero, so that a circle may become an ellipse by one.
///
/// # Errors
/// [`Error::Integrity`] for points far beyond any picture, and pictures without pixels.
pub fn fill_circle(center: [f64; 2], edge: [f64; 2], size: ImageSize) -> Result<Mask, Error> {
    check_near(&[center, edge])?;
    if size.height == 0 || size.width == 0 {
        return Err(invalid("a picture without pixels".into()));
    }
    let [dx, dy] = [edge[0] - center[0], edge[1] - center[1]];
    let radius = (dx * dx + dy * dy).sqrt();
    let [left, top] = center.map(|value| (value - radius) as i64);
    let [right, bottom] = center.map(|value| (value + radius) as i64);
    let (width, height) = (right - left, bottom - top);
    let mut mask = Mask {
        size,
        data: vec![0; size.pixels()],
    };
    // A box without sides is not drawn.
    let outline = match (width, height) {
        (0, 0) => Vec::new(),
        _ => quarter(width, height),
    };
    for (x, y) in outline {
        for y in [-y, y] {
            let row = top + height.midpoint(y);
            let (first, last) = (left + (width - x) / 2, left + width.midpoint(x));
            paint_row(&mut mask, row, first, last);
        }
    }
    Ok(mask)
}

/// The outline from the right end to the lower one, from the center and in half pixels: at each
/// step the next pixel is the one nearest to the curve, of those below, beside and between.
fn quarter(width: i64, height: i64) -> Vec<(i64, i64)> {
    let [a, b] = [width, height].map(|side| i128::from(side) * i128::from(side));
    let distance = |&(x, y): &(i64, i64)| {
        let [x, y] = [x, y].map(|value| i128::from(value) * i128::from(value));
        (a * y + b * x - a * b).abs()
    };
    let (mut x, mut y) = (width, height % 2);
    let mut outline = Vec::new();
    while y <= height {
        outline.push((x, y));
        let below = (x, y + 2);
        let beside = [(x - 2, y + 2), (x - 2, y)];
        let inner = beside.into_iter().filter(|_| x > 1);
        let next = std::iter::once(below).chain(inner).min_by_key(distance);
        (x, y) = next.unwrap_or(below);
    }
    outline
}

/// From `first` to `last`, as far as they lie in the picture.
fn paint_row(mask: &mut Mask, row: i64, first: i64, last: i64) {
    let ImageSize { height, width } = mask.size;
    let Some(row) = usize::try_from(row).ok().filter(|&row| row < height) else {
        return;
    };
    let Ok(last) = usize::try_from(last) else {
        return;
    };
    let first = usize::try_from(first).unwrap_or(0).min(width);
    let end = (last + 1).clamp(first, width);
    mask.data[row * width..][first..end].fill(1);
}
