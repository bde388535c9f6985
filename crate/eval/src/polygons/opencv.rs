//! OpenCV's `fillPoly` with lines of type 8 and whole points, which also draws the outline as
//! `polylines` does.
//!
//! Source: `FillEdgeCollection`, `CollectPolyEdges` and `clipLine` in [`drawing.cpp`][drawing] of
//! OpenCV 4 and 5.
//!
//! [drawing]: https://github.com/opencv/opencv/blob/4.x/modules/imgproc/src/drawing.cpp

use askmask_core::error::Error;
use askmask_core::image::ImageSize;
use askmask_core::mask::Mask;

use super::{check, check_steps, invalid};

/// Bits behind the point of an edge's x.
const SHIFT: u32 = 16;
const ONE: i64 = 1 << SHIFT;

/// The pixels that OpenCV's `polylines` (closed, one pixel thick) and `fillPoly` color.
///
/// Points are cut to whole ones toward zero, as NumPy's conversion to `int32` does. Where the
/// polygon overlaps itself, pixels inside an even number of times stay out.
///
/// # Errors
/// [`Error::Integrity`] for fewer than 3 or more than 16,384 points, points or outlines far beyond
/// any picture, and pictures without pixels.
pub fn fill_opencv(points: &[[f64; 2]], size: ImageSize) -> Result<Mask, Error> {
    check(points)?;
    if size.height == 0 || size.width == 0 {
        return Err(invalid("a picture without pixels".into()));
    }
    let whole: Vec<Point> = points.iter().map(|p| p.map(|value| value as i64)).collect();
    let mut mask = Mask {
        size,
        data: vec![0; size.pixels()],
    };
    let corners = || whole.iter().cycle().skip(whole.len() - 1).zip(&whole);
    check_steps(corners().map(|(a, b)| a[1].abs_diff(b[1])).sum())?;
    let mut edges = Vec::with_capacity(whole.len());
    for (&from, &to) in corners() {
        draw_line(&mut mask, from, to);
        edges.extend(Edge::new(from, to, size));
    }
    fill(&mut mask, edges);
    Ok(mask)
}

/// x and y.
type Point = [i64; 2];

/// A side of the polygon that is not level: its x at every row from `top` to before `bottom`.
#[derive(Debug, Clone, Copy)]
struct Edge {
    top: i64,
    bottom: i64,
    /// At the current row, in fixed point.
    x: i64,
    dx: i64,
}

impl Edge {
    fn new(from: Point, to: Point, size: ImageSize) -> Option<Self> {
        if from[1] == to[1] {
            return None;
        }
        let (_, near, far) = clip(from, to, size);
        // Where clipping leaves a level line, only its x counts.
        let (mut a, mut b) = if near[1] == far[1] {
            (from, to)
        } else {
            (near, far)
        };
        a[0] = near[0] << SHIFT;
        b[0] = far[0] << SHIFT;
        let dx = (b[0] - a[0]) / (b[1] - a[1]);
        let (top, bottom, start) = if from[1] < to[1] {
            (from[1], to[1], a)
        } else {
            (to[1], from[1], b)
        };
        Some(Self {
            top,
            bottom,
            // Clipping may have moved the point from which x is known.
            x: start[0] + (top - start[1]) * dx,
            dx,
        })
    }
}

/// Colors between pairs of edges, row by row.
fn fill(mask: &mut Mask, mut edges: Vec<Edge>) {
    let ImageSize { height, width } = mask.size;
    edges.sort_by_key(|edge| (edge.top, edge.x, edge.dx));
    let Some(first) = edges.first().map(|edge| edge.top) else {
        return;
    };
    let last = edges.iter().map(|edge| edge.bottom).max().unwrap_or(first);
    let mut waiting = edges.into_iter().peekable();
    let mut active: Vec<Edge> = Vec::new();
    for y in first..last.min(height as i64) {
        active.retain(|edge| edge.bottom != y);
        while let Some(edge) = waiting.next_if(|edge| edge.top == y) {
            // A new edge goes before others at the same place.
            let at = active.partition_point(|other| other.x < edge.x);
            active.insert(at, edge);
        }
        for pair in active.as_chunks_mut::<2>().0 {
            let (left, right) = (pair[0].x.min(pair[1].x), pair[0].x.max(pair[1].x));
            let left = ((left + ONE - 1) >> SHIFT).max(0);
            let right = (right >> SHIFT).min(width as i64 - 1);
            if y >= 0 && left <= right {
                let row = y as usize * width;
                mask.data[row + left as usize..=row + right as usize].fill(1);
            }
            for edge in pair {
                edge.x += edge.dx;
            }
        }
        active.sort_by_key(|edge| edge.x);
    }
}

/// One pixel for each step along the longer axis, from left to right.
fn draw_line(mask: &mut Mask, from: Point, to: Point) {
    let (visible, mut from, mut to) = clip(from, to, mask.size);
    if !visible {
        return;
    }
    if from[0] > to[0] {
        (from, to) = (to, from);
    }
    let across = [to[0] - from[0], (to[1] - from[1]).abs()];
    let down = (to[1] - from[1]).signum();
    let steep = across[1] > across[0];
    let (long, short) = if steep {
        (across[1], across[0])
    } else {
        (across[0], across[1])
    };
    let mut error = long - 2 * short;
    let [mut x, mut y] = from;
    for _ in 0..=long {
        mask.data[y as usize * mask.size.width + x as usize] = 1;
        let turn = error < 0;
        error += if turn { 2 * long } else { 0 } - 2 * short;
        if steep || turn {
            y += down;
        }
        if !steep || turn {
            x += 1;
        }
    }
}

/// The part of a line that is in the picture, and whether there is any; if not, the ends are
/// wherever the search for it stopped.
fn clip(mut a: Point, mut b: Point, size: ImageSize) -> (bool, Point, Point) {
    const ABOVE: u8 = 4;
    const VERTICAL: u8 = 12;
    let (right, bottom) = (size.width as i64 - 1, size.height as i64 - 1);
    let beside = |p: Point| u8::from(p[0] < 0) + 2 * u8::from(p[0] > right);
    let code = |p: Point| beside(p) + 4 * u8::from(p[1] < 0) + 8 * u8::from(p[1] > bottom);
    let (mut code_a, mut code_b) = (code(a), code(b));
    if code_a & code_b == 0 && code_a | code_b != 0 {
        // Rounded toward zero by way of a float, as the original.
        let along = |share: i64, length: i64, whole: i64| {
            (share as f64 * length as f64 / whole as f64) as i64
        };
        let border = |code: u8| if code & VERTICAL == ABOVE { 0 } else { bottom };
        if code_a & VERTICAL != 0 {
            let y = border(code_a);
            a[0] += along(y - a[1], b[0] - a[0], b[1] - a[1]);
            a[1] = y;
            code_a = beside(a);
        }
        if code_b & VERTICAL != 0 {
            let y = border(code_b);
            b[0] += along(y - b[1], b[0] - a[0], b[1] - a[1]);
            b[1] = y;
            code_b = beside(b);
        }
        if code_a & code_b == 0 && code_a | code_b != 0 {
            if code_a != 0 {
                let x = if code_a == 1 { 0 } else { right };
                a[1] += along(x - a[0], b[1] - a[1], b[0] - a[0]);
                a[0] = x;
                code_a = 0;
            }
            if code_b != 0 {
                let x = if code_b == 1 { 0 } else { right };
                b[1] += along(x - b[0], b[1] - a[1], b[0] - a[0]);
                b[0] = x;
                code_b = 0;
            }
        }
    }
    (code_a | code_b == 0, a, b)
}
