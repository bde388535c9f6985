//! Polygons to masks, exactly as the tools do it that the field's data sets were made with.
//!
//! Two rules, because two are in use: [`fill_opencv`] colors the outline and every pixel between
//! edges, [`fill_coco`] the pixels whose centers lie inside. [`fill_circle`] is for labelme. Points are x, y in picture pixels,
//! from the upper left corner; the last is joined to the first.

mod coco;
mod opencv;
mod pillow;

use askmask_core::error::Error;
use askmask_core::image::MAX_SIDE;

pub use coco::fill_coco;
pub use opencv::fill_opencv;
pub use pillow::fill_circle;

/// Most points of one polygon.
const MAX_POINTS: usize = 1 << 14;
/// Farthest that a point may lie from the picture's corner, in pixels.
const MAX_COORDINATE: f64 = 2.0 * MAX_SIDE as f64;
/// Most steps along one outline, which bound time and memory.
const MAX_STEPS: u64 = 1 << 26;
/// Up to how many points crossings are looked for: the search takes the square of that.
const MAX_CROSSING_POINTS: usize = 2048;

/// Checks what nothing is drawn without: 3 to 16,384 points, none further than 32,768 pixels away.
///
/// # Errors
/// [`Error::Integrity`] saying which.
pub(crate) fn check(points: &[[f64; 2]]) -> Result<(), Error> {
    if points.len() < 3 {
        return Err(invalid(format!("{} points enclose nothing", points.len())));
    }
    if points.len() > MAX_POINTS {
        return Err(invalid(format!(
            "{} points, the limit is {MAX_POINTS}",
            points.len()
        )));
    }
    check_near(points)
}

/// Checks that no point is further than 32,768 pixels away.
///
/// # Errors
/// [`Error::Integrity`] naming one that is.
pub(crate) fn check_near(points: &[[f64; 2]]) -> Result<(), Error> {
    let near = |value: &f64| value.abs() <= MAX_COORDINATE;
    match points.iter().flatten().find(|value| !near(value)) {
        Some(value) => Err(invalid(format!("a point at {value}"))),
        None => Ok(()),
    }
}

/// Whether two edges that are not neighbors properly cross. Polygons of more than 2,048 points
/// are not searched.
pub(crate) fn crosses_itself(points: &[[f64; 2]]) -> bool {
    let count = points.len();
    if count > MAX_CROSSING_POINTS {
        return false;
    }
    let edge = |i: usize| (points[i], points[(i + 1) % count]);
    (0..count).any(|i| (i + 1..count).any(|j| cross(edge(i), edge(j))))
}

type Edge = ([f64; 2], [f64; 2]);

fn cross((a, b): Edge, (c, d): Edge) -> bool {
    let side = |p: [f64; 2], q: [f64; 2], r: [f64; 2]| {
        (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
    };
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}

fn check_steps(steps: u64) -> Result<(), Error> {
    if steps > MAX_STEPS {
        return Err(invalid(format!(
            "an outline of {steps} steps, the limit is {MAX_STEPS}"
        )));
    }
    Ok(())
}

fn invalid(reason: String) -> Error {
    Error::Integrity {
        file: "polygon".into(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polygons_that_cannot_be_drawn_are_refused() {
        let far = [[0.0, 0.0], [1e9, 0.0], [0.0, 5.0]];
        let nan = [[0.0, 0.0], [f64::NAN, 0.0], [0.0, 5.0]];
        for points in [
            &far[..0],
            &far[..2],
            &far,
            &nan,
            &vec![[0.0; 2]; MAX_POINTS + 1],
        ] {
            assert_eq!(check(points).unwrap_err().code(), "integrity");
        }
        assert!(check(&[[0.0, 0.0], [4.0, 0.0], [0.0, 5.0]]).is_ok());
    }

    #[test]
    fn a_bow_tie_crosses_itself() {
        assert!(crosses_itself(&[
            [0.0, 0.0],
            [4.0, 4.0],
            [4.0, 0.0],
            [0.0, 4.0]
        ]));
        assert!(!crosses_itself(&[
            [0.0, 0.0],
            [4.0, 0.0],
            [4.0, 4.0],
            [0.0, 4.0]
        ]));
        assert!(!crosses_itself(&[]));
    }
}
