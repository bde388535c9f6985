//! The forms in which labelme states an area.

use askmask_core::image::{ImageSize, SourceImage};
use askmask_core::mask::Mask;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Problem;
use crate::polygons::{self, crosses_itself, fill_circle, fill_opencv};

/// An area, not drawn yet.
#[derive(Debug)]
pub(super) enum Outline {
    Polygon(Vec<[f64; 2]>),
    Circle {
        center: [f64; 2],
        edge: [f64; 2],
    },
    /// Pixels of their own, of which the first lies at `corner`: x, y.
    Pixels {
        corner: [usize; 2],
        pixels: Mask,
    },
}

impl Outline {
    /// Joined by straight lines.
    pub fn polygon(points: Vec<[f64; 2]>) -> Result<Self, Problem> {
        polygons::check(&points).map_err(|e| invalid(e.to_string()))?;
        Ok(Self::Polygon(points))
    }

    /// Two opposite corners, both inside, as in Pillow's rectangles.
    pub fn rectangle(points: &[[f64; 2]]) -> Result<Self, Problem> {
        let [[x0, y0], [x1, y1]] = two(points, "rectangle")?;
        Self::polygon(vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    }

    /// The center, and a point of the edge.
    pub fn circle(points: &[[f64; 2]]) -> Result<Self, Problem> {
        let [center, edge] = two(points, "circle")?;
        polygons::check_near(&[center, edge]).map_err(|e| invalid(e.to_string()))?;
        Ok(Self::Circle { center, edge })
    }

    /// Two corners, both inside, and a PNG of what lies between: everything but 0 is the area.
    pub fn mask(points: &[[f64; 2]], png: Option<&str>) -> Result<Self, Problem> {
        let wrong = |reason: String| Problem::new("invalid-mask", reason);
        let [[x0, y0], [x1, y1]] = two(points, "mask")?;
        polygons::check_near(points).map_err(|e| invalid(e.to_string()))?;
        let png = png.ok_or_else(|| wrong("a mask without pixels".into()))?;
        // Python's decoder passes over line ends too.
        let png: String = png.split_ascii_whitespace().collect();
        let bytes = STANDARD
            .decode(png)
            .map_err(|e| wrong(format!("a mask that is no base64: {e}")))?;
        let image = SourceImage::decode(&bytes).map_err(|e| wrong(e.to_string()))?;
        let image = image.over_white();
        let whole = |value: f64| value.trunc();
        let sides = [whole(x1) - whole(x0) + 1.0, whole(y1) - whole(y0) + 1.0];
        let ImageSize { height, width } = image.size;
        if x0 < 0.0 || y0 < 0.0 || sides != [width as f64, height as f64] {
            let reason = format!("a mask of {width} × {height} pixels in another box");
            return Err(wrong(reason));
        }
        let pixels = image.data.chunks_exact(3);
        let inside = pixels.map(|pixel| u8::from(pixel.iter().any(|&value| value > 0)));
        Ok(Self::Pixels {
            corner: [x0 as usize, y0 as usize],
            pixels: Mask::new(image.size, inside.collect())?,
        })
    }

    /// Its pixels in a picture.
    pub fn fill(&self, size: ImageSize) -> Result<Mask, Problem> {
        match self {
            Self::Polygon(points) => Ok(fill_opencv(points, size)?),
            Self::Circle { center, edge } => Ok(fill_circle(*center, *edge, size)?),
            Self::Pixels { corner, pixels } => place(pixels, *corner, size),
        }
    }

    /// Whether it is a polygon that does.
    pub fn crosses_itself(&self) -> bool {
        matches!(self, Self::Polygon(points) if crosses_itself(points))
    }
}

fn place(pixels: &Mask, [x, y]: [usize; 2], size: ImageSize) -> Result<Mask, Problem> {
    let inner = pixels.size;
    if x + inner.width > size.width || y + inner.height > size.height {
        let reason = "a mask that lies outside the picture";
        return Err(Problem::new("wrong-size", reason));
    }
    let mut data = vec![0; size.pixels()];
    for (row, values) in pixels.data.chunks_exact(inner.width).enumerate() {
        data[(y + row) * size.width + x..][..inner.width].copy_from_slice(values);
    }
    Ok(Mask::new(size, data)?)
}

fn two(points: &[[f64; 2]], what: &str) -> Result<[[f64; 2]; 2], Problem> {
    let wrong = |_| invalid(format!("a {what} of {} points", points.len()));
    points.try_into().map_err(wrong)
}

pub(super) fn invalid(reason: String) -> Problem {
    Problem::new("invalid-polygon", reason)
}
