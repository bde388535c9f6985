//! What is said about a picture: in lines for people, or as JSON.

use askmask_core::pipeline::{Object, Picture};
use serde_json::{Value, json};

use crate::terminal::printable;

/// What was found in a picture.
pub struct Found {
    /// What people read.
    pub text: String,
    /// The same with `[SEG]` wherever the model points at an object.
    pub marked: String,
    pub objects: Vec<Object>,
    pub picture: Picture,
}

/// Lines behind the answer.
pub fn summary(found: &Found) -> String {
    let mut lines = Vec::new();
    if !found.text.is_empty() {
        // Ends the line of the streamed answer.
        lines.push(String::new());
    }
    if found.objects.is_empty() {
        lines.push("nothing found, no mask written".into());
    }
    for (i, object) in found.objects.iter().enumerate() {
        let area = object.mask.area();
        let share = 100.0 * area as f32 / object.mask.size.pixels() as f32;
        let empty = if area == 0 { ", the mask is empty" } else { "" };
        lines.push(format!(
            "{}: {share:.1}% of the picture, mask confidence {:.2}, presence {:.2}{empty}",
            i + 1,
            object.score,
            object.object_score
        ));
    }
    lines.join("\n") + "\n"
}

/// Everything in one object.
pub fn as_json(found: &Found, timings: &[(&str, f64)]) -> Value {
    let objects: Vec<Value> = found.objects.iter().map(describe).collect();
    let seconds: Vec<Value> = timings
        .iter()
        .map(|(stage, s)| json!({"stage": stage, "seconds": s}))
        .collect();
    json!({
        "text": printable(&found.text),
        "marked": printable(&found.marked),
        "width": found.picture.size().width,
        "height": found.picture.size().height,
        "objects": objects,
        "timings": seconds,
    })
}

fn describe(object: &Object) -> Value {
    let corners = object.mask.bounding_box();
    // COCO's box has sides instead of a second corner, and is never missing.
    let sides = corners.map_or([0.0; 4], |b| [b.x0, b.y0, b.x1 - b.x0, b.y1 - b.y0]);
    let rle: Value = serde_json::from_str(&object.mask.to_rle_json()).unwrap_or_default();
    json!({
        "score": object.score,
        "object_score": object.object_score,
        "area": object.mask.area(),
        "box": corners.map(|b| [b.x0, b.y0, b.x1, b.y1]),
        "bbox": sides,
        "segmentation": rle,
        "rle": rle,
    })
}
