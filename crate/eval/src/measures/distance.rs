//! Exact Euclidean distances to the nearest pixel of a set, in time linear in the pixels.
//!
//! Source: A. Meijster, J. Roerdink and W. Hesselink, *A General Algorithm for Computing Distance
//! Transforms in Linear Time*, 2000, which finds the lower envelope of parabolas as
//! [Felzenszwalb and Huttenlocher](https://doi.org/10.4086/toc.2012.v008a019) do, in whole numbers.

use askmask_core::ImageSize;

/// Stands for a column without a pixel of the set. No distance in it is as large: a picture's side
/// is at most 65,535.
const NONE: u16 = u16::MAX;

/// Distances to one set of pixels.
pub(super) struct Distances {
    width: usize,
    /// Of every pixel to the nearest of the set in its own column.
    vertical: Vec<u16>,
}

/// A parabola of the lower envelope: from which column, and where it begins to be the lowest.
type Piece = (usize, usize);

impl Distances {
    /// `set` has `height · width` entries, row by row. Two bytes a pixel are kept.
    pub(super) fn to(set: &[bool], size: ImageSize) -> Self {
        let width = size.width;
        let mut vertical: Vec<u16> = Vec::with_capacity(set.len());
        for (i, &member) in set.iter().enumerate() {
            let above = i.checked_sub(width).map_or(NONE, |above| vertical[above]);
            vertical.push(if member { 0 } else { above.saturating_add(1) });
        }
        for i in (0..set.len().saturating_sub(width)).rev() {
            let below = vertical[i + width].saturating_add(1);
            vertical[i] = vertical[i].min(below);
        }
        Self { width, vertical }
    }

    /// Squared distances of the pixels of row `y`; nothing where the set is empty.
    pub(super) fn row(&self, y: usize) -> Vec<u64> {
        let start = y * self.width;
        let Some(vertical) = self.vertical.get(start..start + self.width) else {
            return Vec::new();
        };
        let square = |column: usize| u64::from(vertical[column]).pow(2);
        let distance =
            |x: usize, column: usize| (x.abs_diff(column) as u64).pow(2) + square(column);
        let mut envelope: Vec<Piece> = Vec::new();
        for column in (0..self.width).filter(|&column| vertical[column] != NONE) {
            while let Some(&(last, from)) = envelope.last()
                && distance(from, last) > distance(from, column)
            {
                envelope.pop();
            }
            let from = envelope.last().map_or(0, |&(last, _)| {
                let (a, b) = (last as u64, column as u64);
                // Not below 0: at the last piece's beginning the last is not the higher one.
                let lead = b * b + square(column) - a * a - square(last);
                (lead / (2 * (b - a))) as usize + 1
            });
            if from < self.width {
                envelope.push((column, from));
            }
        }
        let mut distances = Vec::with_capacity(self.width);
        for (number, &(column, from)) in envelope.iter().enumerate() {
            let end = envelope.get(number + 1).map_or(self.width, |next| next.1);
            distances.extend((from..end).map(|x| distance(x, column)));
        }
        distances
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(height: usize, width: usize, member: impl Fn(usize) -> bool) {
        let size = ImageSize { height, width };
        let set: Vec<bool> = (0..height * width).map(member).collect();
        let distances = Distances::to(&set, size);
        for y in 0..height {
            let nearest = |x: usize| {
                let members = (0..set.len()).filter(|&i| set[i]);
                members
                    .map(|i| (i / width).abs_diff(y).pow(2) + (i % width).abs_diff(x).pow(2))
                    .min()
            };
            let expected: Option<Vec<u64>> =
                (0..width).map(|x| nearest(x).map(|d| d as u64)).collect();
            assert_eq!(distances.row(y), expected.unwrap_or_default(), "{y}");
        }
    }

    #[test]
    fn as_by_comparing_with_every_pixel() {
        check(7, 9, |i| i == 22);
        check(9, 7, |i| i * i % 17 == 3);
        check(12, 31, |i| i * 37 % 29 == 5);
        check(5, 40, |i| i % 40 == 0 || i == 119);
        check(6, 6, |_| true);
        check(1, 1, |_| true);
    }

    #[test]
    fn to_an_empty_set_there_is_none() {
        check(4, 5, |_| false);
        check(0, 0, |_| true);
    }
}
