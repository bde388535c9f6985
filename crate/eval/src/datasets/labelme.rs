//! The shapes of labelme, in which ReasonSeg's masks are stated.
//!
//! Source: `shape_to_mask` in [`labelme/utils/shape.py`][labelme], and Pillow's rectangles, which
//! hold both of their corners.
//!
//! [labelme]: https://github.com/wkentaro/labelme/blob/main/labelme/utils/shape.py

use serde::Deserialize;
use serde_json::Value;

use super::{Problem, target};
use crate::polygons;

/// Most polygons of one picture.
const MAX_SHAPES: usize = 1000;

/// A shape as it stands in the file.
#[derive(Deserialize)]
pub struct Shape {
    label: String,
    /// Read where they count.
    #[serde(default)]
    points: Value,
    /// A polygon where it is not said.
    #[serde(default, rename = "shape_type")]
    kind: Option<String>,
}

/// The areas that are targets, and those that are ignored.
pub(super) fn areas(labeled: Vec<Shape>) -> Result<Vec<target::Shape>, Problem> {
    if labeled.len() > MAX_SHAPES {
        let reason = format!("{} polygons, the limit is {MAX_SHAPES}", labeled.len());
        return Err(Problem::new("too-many", reason));
    }
    let mut shapes = Vec::new();
    for shape in labeled {
        let label = shape.label.trim().to_lowercase();
        if label == "flag" {
            continue;
        }
        let ignore = label.contains("ignore");
        if !ignore && label != "target" {
            return Err(Problem::new(
                "unknown-label",
                format!("the label {label:?}"),
            ));
        }
        let points = shape.outline()?;
        polygons::check(&points).map_err(|e| invalid(e.to_string()))?;
        shapes.push(target::Shape { points, ignore });
    }
    if shapes.iter().all(|shape| shape.ignore) {
        return Err(Problem::new("no-target", "no polygon is a target"));
    }
    Ok(shapes)
}

impl Shape {
    /// Its corners.
    fn outline(&self) -> Result<Vec<[f64; 2]>, Problem> {
        let points = Vec::deserialize(&self.points).map_err(|e| invalid(e.to_string()));
        match self.kind.as_deref() {
            None | Some("polygon") => points,
            Some("rectangle") => match points?.as_slice() {
                &[[x0, y0], [x1, y1]] => Ok(vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1]]),
                points => Err(invalid(format!("a rectangle of {} points", points.len()))),
            },
            Some(other) => Err(Problem::new(
                "unknown-shape",
                format!("the shape_type {other:?} instead of a polygon or rectangle"),
            )),
        }
    }
}

fn invalid(reason: String) -> Problem {
    Problem::new("invalid-polygon", reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use askmask_core::ImageSize;
    use serde_json::json;

    fn area(shape: Value) -> Result<usize, &'static str> {
        let size = ImageSize {
            height: 40,
            width: 60,
        };
        let shapes = areas(vec![serde_json::from_value(shape).unwrap()]).map_err(|p| p.code)?;
        let truth = super::super::Target(target::Form::Shapes(shapes)).truth(size);
        Ok(truth.unwrap().mask.area())
    }

    #[test]
    fn rectangles_hold_both_corners_in_any_order() {
        for points in [json!([[10, 5], [29, 14]]), json!([[29.4, 14.9], [10, 5.2]])] {
            let shape = json!({"label": "target", "points": points, "shape_type": "rectangle"});
            assert_eq!(area(shape), Ok(200));
        }
    }

    #[test]
    fn shapes_that_are_no_polygons_are_not_drawn_as_such() {
        let points = json!([[10, 5], [29, 14], [9, 9]]);
        for kind in ["circle", "line", "linestrip", "point", "points", "mask"] {
            let shape = json!({"label": "target", "points": points, "shape_type": kind});
            assert_eq!(area(shape), Err("unknown-shape"), "{kind}");
        }
        let shape = json!({"label": "target", "points": points, "shape_type": "rectangle"});
        assert_eq!(area(shape), Err("invalid-polygon"));
    }

    #[test]
    fn labels_count_without_spaces_and_capitals() {
        let points = json!([[0, 0], [9, 0], [9, 9], [0, 9]]);
        for label in ["target", "Target ", "\u{a0}TARGET"] {
            assert_eq!(area(json!({"label": label, "points": points})), Ok(100));
        }
        let odd = json!({"label": "target", "points": [[0, 0], [9, null], [9, 9]]});
        assert_eq!(area(odd), Err("invalid-polygon"));
    }
}
