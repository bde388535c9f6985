//! Bilinear resizing of maps, row by row.

use crate::image::ImageSize;

/// Bilinear resize of a row-major map, as PyTorch's `interpolate` with `align_corners=False`
/// and without antialias. An empty map gives zeros.
#[must_use]
pub fn resize_bilinear(values: &[f32], from: ImageSize, to: ImageSize) -> Vec<f32> {
    let mut resized = Vec::with_capacity(to.pixels());
    let mut rows = Resized::new(values, from, to);
    for y in 0..to.height {
        resized.extend_from_slice(rows.at(y));
    }
    resized
}

/// A resized map, of which one row is held at a time.
pub(super) struct Resized<'a> {
    values: &'a [f32],
    width: usize,
    columns: Vec<Tap>,
    rows: Vec<Tap>,
    upper: Widened,
    lower: Widened,
    row: Vec<f32>,
}

impl<'a> Resized<'a> {
    /// `values` of a size `from`, row-major, resized to `to`.
    pub(super) fn new(values: &'a [f32], from: ImageSize, to: ImageSize) -> Self {
        Self {
            values,
            width: from.width,
            columns: taps(from.width, to.width),
            rows: taps(from.height, to.height),
            upper: Widened::new(to.width),
            lower: Widened::new(to.width),
            row: vec![0.0; to.width],
        }
    }

    /// Row `y`; going down, each source row is widened once. Below the last there is none.
    pub(super) fn at(&mut self, y: usize) -> &[f32] {
        let Some(tap) = self.rows.get(y) else {
            return &[];
        };
        if self.upper.y != Some(tap.near) {
            // Going down, the lower row becomes the upper one.
            std::mem::swap(&mut self.upper, &mut self.lower);
        }
        let source_row = |y: usize| {
            let start = y * self.width;
            let row = self.values.get(start..start + self.width);
            row.unwrap_or_default()
        };
        self.upper
            .set(tap.near, source_row(tap.near), &self.columns);
        self.lower.set(tap.far, source_row(tap.far), &self.columns);
        let sources = self.upper.row.iter().zip(&self.lower.row);
        for (out, (upper, lower)) in self.row.iter_mut().zip(sources) {
            *out = tap.mix(*upper, *lower);
        }
        &self.row
    }
}

/// One source row at the target's width, kept until another is needed.
struct Widened {
    y: Option<usize>,
    row: Vec<f32>,
}

impl Widened {
    fn new(width: usize) -> Self {
        Self {
            y: None,
            row: vec![0.0; width],
        }
    }

    fn set(&mut self, y: usize, source: &[f32], columns: &[Tap]) {
        if self.y == Some(y) {
            return;
        }
        let at = |x: usize| source.get(x).copied().unwrap_or_default();
        for (out, tap) in self.row.iter_mut().zip(columns) {
            *out = tap.mix(at(tap.near), at(tap.far));
        }
        self.y = Some(y);
    }
}

/// Two neighboring source positions, and how much of the second there is in a target position.
struct Tap {
    near: usize,
    far: usize,
    weight: f32,
}

impl Tap {
    fn mix(&self, near: f32, far: f32) -> f32 {
        (1.0 - self.weight) * near + self.weight * far
    }
}

/// Pixel centers are at half coordinates; the border pixels reach to the edges.
fn taps(from: usize, to: usize) -> Vec<Tap> {
    let scale = from as f32 / to as f32;
    let last = from.saturating_sub(1);
    (0..to)
        .map(|i| {
            let position = (scale * (i as f32 + 0.5) - 0.5).max(0.0);
            let near = (position as usize).min(last);
            Tap {
                near,
                far: (near + 1).min(last),
                weight: (position - near as f32).min(1.0),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubling_keeps_borders_and_mixes_quarters() {
        // By hand from the definition: 0, 1/4, 3/4, 1.
        let out = resize_bilinear(
            &[0.0, 1.0],
            ImageSize {
                height: 1,
                width: 2,
            },
            ImageSize {
                height: 1,
                width: 4,
            },
        );
        assert_eq!(out, [0.0, 0.25, 0.75, 1.0]);
        let column = resize_bilinear(
            &[0.0, 1.0],
            ImageSize {
                height: 2,
                width: 1,
            },
            ImageSize {
                height: 4,
                width: 1,
            },
        );
        assert_eq!(column, out);
    }
}
