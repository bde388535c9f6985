//! Clicks and boxes as they are typed.

use askmask_core::BoundingBox;
use askmask_core::pipeline::{Point, PointLabel};

fn numbers<const N: usize>(text: &str) -> Option<[f32; N]> {
    let values: Option<Vec<f32>> = text
        .split(',')
        .map(|part| part.trim().parse().ok().filter(|v: &f32| v.is_finite()))
        .collect();
    values?.try_into().ok()
}

/// X,Y,+ or X,Y,-.
pub fn point(text: &str) -> Result<Point, String> {
    let wrong = || format!("{text:?} is not X,Y,+ or X,Y,-");
    let (at, sign) = text.rsplit_once(',').ok_or_else(wrong)?;
    let [x, y] = numbers(at).ok_or_else(wrong)?;
    let label = match sign.trim() {
        "+" => PointLabel::Foreground,
        "-" => PointLabel::Background,
        _ => return Err(wrong()),
    };
    Ok(Point { x, y, label })
}

/// X0,Y0,X1,Y1, of which the second corner lies to the right of the first and below.
pub fn bbox(text: &str) -> Result<BoundingBox, String> {
    let [x0, y0, x1, y1] = numbers(text).ok_or_else(|| format!("{text:?} is not X0,Y0,X1,Y1"))?;
    if x0 >= x1 || y0 >= y1 {
        return Err(format!("{text:?} is an empty box"));
    }
    Ok(BoundingBox { x0, y0, x1, y1 })
}
