//! The true masks of a question, drawn when they are needed.

use std::rc::Rc;

use askmask_core::mask::rle::Rle;
use askmask_core::{Error, ImageSize, Mask};

use super::Problem;
use super::coco::Annotation;
use super::outline::Outline;
use crate::measures::{Constraint, Relation, Truth};

/// What should be segmented, kept as the data set states it until it is drawn.
#[derive(Debug)]
pub struct Target(pub(super) Form);

/// The forms in which data sets state masks.
#[derive(Debug)]
pub(super) enum Form {
    Scene(Box<Scene>),
    /// Areas drawn over each other, largest first.
    Shapes(Vec<Shape>),
    /// The union of annotations of COCO; none where nothing should be segmented.
    Annotations(Vec<Rc<Annotation>>),
}

/// A question of askmask-scenes.
#[derive(Debug)]
pub(super) struct Scene {
    pub names: Vec<String>,
    pub masks: Vec<Rle>,
    pub answer: String,
    pub constraints: Vec<Stated>,
}

/// A constraint with masks as run lengths.
#[derive(Debug)]
pub(super) struct Stated {
    pub relation: Relation,
    pub anchor: Option<Rle>,
    pub among: Vec<Rle>,
}

/// An area of ReasonSeg.
#[derive(Debug)]
pub(super) struct Shape {
    pub outline: Outline,
    pub ignore: bool,
}

impl Target {
    /// Draws it for a picture of `size`, in pixels.
    ///
    /// # Errors
    /// `wrong-size` where a mask is stated for another size, `invalid-polygon` or `invalid-mask`
    /// where it cannot be drawn.
    pub fn truth(&self, size: ImageSize) -> Result<Truth, Problem> {
        match &self.0 {
            Form::Scene(scene) => scene.truth(size),
            Form::Shapes(shapes) => draw(shapes, size),
            Form::Annotations(annotations) => {
                let masks = annotations.iter().map(|a| a.mask());
                Ok(mask_alone(union(masks, size)?, None))
            }
        }
    }

    /// The answer's words, where the data set states them.
    #[must_use]
    pub fn answer(&self) -> Option<&str> {
        match &self.0 {
            Form::Scene(scene) => Some(&scene.answer),
            Form::Shapes(_) | Form::Annotations(_) => None,
        }
    }

    /// Whether a polygon of it crosses itself.
    pub(super) fn crosses_itself(&self) -> bool {
        match &self.0 {
            Form::Scene(_) => false,
            Form::Shapes(shapes) => shapes.iter().any(|shape| shape.outline.crosses_itself()),
            Form::Annotations(annotations) => annotations.iter().any(|a| a.crosses_itself()),
        }
    }
}

impl Scene {
    fn truth(&self, size: ImageSize) -> Result<Truth, Problem> {
        let constraint = |stated: &Stated| Constraint {
            relation: stated.relation,
            anchor: stated.anchor.as_ref().map(Rle::decode),
            among: stated.among.iter().map(Rle::decode).collect(),
        };
        Ok(Truth {
            mask: union(self.masks.iter().map(|rle| Ok(rle.decode())), size)?,
            ignore: None,
            answer: Some(self.answer.clone()),
            names: Some(self.names.clone()),
            constraints: self.constraints.iter().map(constraint).collect(),
        })
    }
}

fn empty(size: ImageSize) -> Mask {
    Mask {
        size,
        data: vec![0; size.pixels()],
    }
}

fn union(
    masks: impl Iterator<Item = Result<Mask, Problem>>,
    size: ImageSize,
) -> Result<Mask, Problem> {
    let mut all = empty(size);
    for mask in masks {
        let mask = mask?;
        if mask.size != size {
            let ImageSize { height, width } = mask.size;
            return Err(Problem::new(
                "wrong-size",
                format!(
                    "a mask of {width} × {height} pixels for a picture of {} × {}",
                    size.width, size.height
                ),
            ));
        }
        all = all.union(&mask)?;
    }
    Ok(all)
}

/// Largest first, later areas over earlier ones, target or ignored.
///
/// Source: `get_mask_from_json` in [`utils/data_processing.py`][lisa] of LISA.
///
/// [lisa]: https://github.com/dvlab-research/LISA/blob/main/utils/data_processing.py
fn draw(shapes: &[Shape], size: ImageSize) -> Result<Truth, Problem> {
    let mut order = Vec::with_capacity(shapes.len());
    for shape in shapes {
        order.push((shape.outline.fill(size)?.area(), shape));
    }
    order.sort_by_key(|(area, _)| *area);
    let (mut mask, mut ignore) = (empty(size), empty(size));
    // NumPy's order of ascending areas, reversed.
    for (_, shape) in order.into_iter().rev() {
        let area = shape.outline.fill(size)?;
        paint(&mut mask, &area, !shape.ignore)?;
        paint(&mut ignore, &area, shape.ignore)?;
    }
    Ok(mask_alone(mask, Some(ignore)))
}

/// Where a data set states nothing but masks.
fn mask_alone(mask: Mask, ignore: Option<Mask>) -> Truth {
    Truth {
        mask,
        ignore,
        answer: None,
        names: None,
        constraints: Vec::new(),
    }
}

fn paint(mask: &mut Mask, area: &Mask, inside: bool) -> Result<(), Error> {
    if inside {
        *mask = mask.union(area)?;
    } else {
        for (value, covered) in mask.data.iter_mut().zip(&area.data) {
            *value &= 1 - covered;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(side: f64, ignore: bool) -> Shape {
        let points = vec![[0.0, 0.0], [side, 0.0], [side, side], [0.0, side]];
        Shape {
            outline: Outline::Polygon(points),
            ignore,
        }
    }

    #[test]
    fn smaller_polygons_are_drawn_over_larger_ones() {
        let size = ImageSize {
            height: 8,
            width: 8,
        };
        let shapes = [square(1.0, true), square(5.0, false), square(3.0, true)];
        let truth = Target(Form::Shapes(shapes.into())).truth(size).unwrap();
        assert_eq!(truth.mask.area(), 36 - 16);
        assert_eq!(truth.ignore.unwrap().area(), 16);
        let shapes = [square(2.0, false), square(5.0, true)];
        let truth = Target(Form::Shapes(shapes.into())).truth(size).unwrap();
        assert_eq!(truth.mask.area(), 9);
        assert_eq!(truth.ignore.unwrap().area(), 36 - 9);
    }
}
