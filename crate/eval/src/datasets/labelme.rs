//! The shapes of labelme, in which ReasonSeg's masks are stated.
//!
//! LISA's code takes the points of every shape for a polygon, because its files have no others. What
//! encloses an area in labelme is drawn here as labelme does it; what does not is refused.
//!
//! Source: `shape_to_mask` and `shapes_to_label` in [`labelme/utils/shape.py`][labelme].
//!
//! [labelme]: https://github.com/wkentaro/labelme/blob/main/labelme/utils/shape.py

use serde::Deserialize;
use serde_json::Value;

use super::outline::{Outline, invalid};
use super::{Problem, target};

/// Most shapes of one picture.
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
    /// Of a mask: a PNG as base64.
    #[serde(default)]
    mask: Value,
}

/// The areas that are targets, and those that are ignored.
pub(super) fn areas(labeled: Vec<Shape>) -> Result<Vec<target::Shape>, Problem> {
    if labeled.len() > MAX_SHAPES {
        let reason = format!("{} shapes, the limit is {MAX_SHAPES}", labeled.len());
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
        let outline = shape.outline()?;
        shapes.push(target::Shape { outline, ignore });
    }
    if shapes.iter().all(|shape| shape.ignore) {
        return Err(Problem::new("no-target", "no shape is a target"));
    }
    Ok(shapes)
}

impl Shape {
    fn outline(&self) -> Result<Outline, Problem> {
        let points = || {
            let points = Vec::<[f64; 2]>::deserialize(&self.points);
            points.map_err(|e| invalid(e.to_string()))
        };
        match self.kind.as_deref() {
            None | Some("polygon" | "oriented_rectangle") => Outline::polygon(points()?),
            Some("rectangle") => Outline::rectangle(&points()?),
            Some("circle") => Outline::circle(&points()?),
            Some("mask") => Outline::mask(&points()?, self.mask.as_str()),
            Some(other) => Err(Problem::new(
                "unknown-shape",
                format!("the shape_type {other:?}, which encloses no area"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use askmask_core::ImageSize;
    use askmask_core::mask::rle::Rle;
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
    fn shapes_that_enclose_nothing_are_not_drawn_as_polygons() {
        let points = json!([[10, 5], [29, 14], [9, 9]]);
        for kind in ["line", "linestrip", "point", "points", "cuboid"] {
            let shape = json!({"label": "target", "points": points, "shape_type": kind});
            assert_eq!(area(shape), Err("unknown-shape"), "{kind}");
        }
        for kind in ["rectangle", "circle", "mask"] {
            let shape = json!({"label": "target", "points": points, "shape_type": kind});
            assert_eq!(area(shape), Err("invalid-polygon"), "{kind}");
        }
    }

    #[test]
    fn masks_that_do_not_fit_their_box_are_named() {
        // 2 × 2 pixels.
        let png = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR4nGNgYGRiZAAAABIABYVGJD0AAAAASUVORK5CYII=";
        let mask = |x, mask: &str| {
            let points = json!([[x, 5], [11, 6]]);
            json!({"label": "target", "points": points, "shape_type": "mask", "mask": mask})
        };
        for (shape, expected) in [
            (mask(9, png), "invalid-mask"),
            (mask(-1, png), "invalid-mask"),
            (mask(10, "?"), "invalid-mask"),
            (mask(10, "aGVsbG8="), "invalid-mask"),
        ] {
            assert_eq!(area(shape), Err(expected));
        }
        assert_eq!(area(mask(10, png)), Ok(3));
    }

    #[derive(Deserialize)]
    struct Fixture {
        size: [usize; 2],
        circle: Vec<Value>,
        mask: Vec<Value>,
    }

    #[test]
    fn circles_and_masks_are_drawn_as_labelme_does() {
        let fixture = include_str!("../../../../tests/fixtures/labelme.json");
        let fixture: Fixture = serde_json::from_str(fixture).unwrap();
        let [height, width] = fixture.size;
        for (kind, shapes) in [("circle", fixture.circle), ("mask", fixture.mask)] {
            assert!(shapes.len() >= 3);
            for mut shape in shapes {
                shape["label"] = "target".into();
                shape["shape_type"] = kind.into();
                let read = areas(vec![serde_json::from_value(shape.clone()).unwrap()]);
                let truth = super::super::Target(target::Form::Shapes(read.unwrap()));
                let truth = truth.truth(ImageSize { height, width }).unwrap();
                let drawn = Rle::encode(&truth.mask).to_compressed();
                assert_eq!(shape["drawn"], drawn, "{kind} {}", shape["points"]);
            }
        }
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
