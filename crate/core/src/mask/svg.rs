//! Traces a mask's border along pixel edges.

use std::fmt::Write;

use crate::mask::Mask;

/// Ways along the grid, clockwise; the inside is always on the right hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heading {
    Right,
    Down,
    Left,
    Up,
}

/// All loops of the border as path data.
pub fn path(mask: &Mask) -> String {
    let mut path = String::new();
    // Every loop has an upper edge: one that has inside below it and outside above.
    let mut traced = vec![false; mask.data.len()];
    for y in 0..mask.size.height {
        for x in 0..mask.size.width {
            let upper_edge = mask.contains(x, y) && (y == 0 || !mask.contains(x, y - 1));
            if upper_edge && !traced[y * mask.size.width + x] {
                trace(mask, (x, y), &mut traced, &mut path);
            }
        }
    }
    path
}

/// Appends the loop that begins along the upper edge of pixel `start`.
fn trace(mask: &Mask, start: (usize, usize), traced: &mut [bool], path: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(path, "M{} {}", start.0, start.1);
    let (mut at, mut heading) = (start, Heading::Right);
    loop {
        let mut length = 0_usize;
        let next = loop {
            if heading == Heading::Right {
                traced[at.1 * mask.size.width + at.0] = true;
            }
            at = heading.step(at);
            length += 1;
            let next = heading.turn(mask, at);
            if next != heading {
                break next;
            }
        };
        if at == start && next == Heading::Right {
            // The closing line is the last one.
            path.push('z');
            return;
        }
        let (command, sign) = heading.command();
        let _ = write!(path, "{command}{sign}{length}");
        heading = next;
    }
}

impl Heading {
    fn step(self, (x, y): (usize, usize)) -> (usize, usize) {
        match self {
            Self::Right => (x + 1, y),
            Self::Down => (x, y + 1),
            Self::Left => (x - 1, y),
            Self::Up => (x, y - 1),
        }
    }

    /// The way on from grid point `at`. Pixels that touch at a corner stay apart.
    fn turn(self, mask: &Mask, (x, y): (usize, usize)) -> Self {
        // Pixels around a point: wrapping below zero is outside of any picture.
        let (left, above) = (x.wrapping_sub(1), y.wrapping_sub(1));
        let inside = |x: usize, y: usize| y < mask.size.height && mask.contains(x, y);
        let (ahead_right, ahead_left) = match self {
            Self::Right => (inside(x, y), inside(x, above)),
            Self::Down => (inside(left, y), inside(x, y)),
            Self::Left => (inside(left, above), inside(left, y)),
            Self::Up => (inside(x, above), inside(left, above)),
        };
        match (ahead_right, ahead_left) {
            (false, _) => self.clockwise(),
            (true, true) => self.clockwise().clockwise().clockwise(),
            (true, false) => self,
        }
    }

    fn clockwise(self) -> Self {
        match self {
            Self::Right => Self::Down,
            Self::Down => Self::Left,
            Self::Left => Self::Up,
            Self::Up => Self::Right,
        }
    }

    fn command(self) -> (char, &'static str) {
        match self {
            Self::Right => ('h', ""),
            Self::Down => ('v', ""),
            Self::Left => ('h', "-"),
            Self::Up => ('v', "-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ImageSize;
    use crate::mask::tests::mask;

    /// Fills path data by the even-odd rule: a pixel is inside when an odd number of vertical
    /// edges lies to its left.
    fn fill(path: &str, size: ImageSize) -> Mask {
        let mut crossings = vec![0; size.pixels()];
        for subpath in path.split('M').skip(1) {
            let (mut start, mut at) = ((0, 0), (0, 0));
            let commands = subpath.split_inclusive(|c: char| c.is_ascii_alphabetic());
            // Each command's letter ends the command_text before its own number.
            let mut command = 'M';
            for command_text in commands {
                let number = command_text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
                let from = at;
                match command {
                    'M' => {
                        let (x, y) = number.split_once(' ').unwrap();
                        at = (x.parse::<i64>().unwrap(), y.parse::<i64>().unwrap());
                        start = at;
                    }
                    'h' => at.0 += number.parse::<i64>().unwrap(),
                    'v' => at.1 += number.parse::<i64>().unwrap(),
                    _ => unreachable!(),
                }
                if command == 'v' {
                    cross(&mut crossings, size, from, at);
                }
                command = command_text.chars().last().unwrap();
            }
            assert_eq!(command, 'z');
            assert!(
                at.0 == start.0 || at.1 == start.1,
                "closing line is straight"
            );
            if at.0 == start.0 {
                cross(&mut crossings, size, at, start);
            }
        }
        Mask {
            size,
            data: crossings.iter().map(|count| count % 2).collect(),
        }
    }

    fn cross(crossings: &mut [u8], size: ImageSize, from: (i64, i64), to: (i64, i64)) {
        for y in from.1.min(to.1)..from.1.max(to.1) {
            for x in from.0..size.width as i64 {
                crossings[y as usize * size.width + x as usize] += 1;
            }
        }
    }

    #[test]
    fn one_pixel_and_none() {
        assert_eq!(path(&mask(&["...", ".#.", "..."])), "M1 1h1v1h-1z");
        assert_eq!(path(&mask(&["...", "..."])), "");
    }

    #[test]
    fn holes_and_corners_fill_exactly() {
        for rows in [
            &["####", "#..#", "#.##", "####"][..],
            &["#.#", ".#.", "#.#"],
            &["##.", "#.#", ".##"],
            &["#"],
            &["###"],
            &[".#", "#.", ".#"],
        ] {
            let mask = mask(rows);
            assert_eq!(fill(&path(&mask), mask.size), mask, "{rows:?}");
        }
    }

    #[test]
    fn any_mask_fills_exactly() {
        for seed in 1..200_usize {
            let size = ImageSize {
                height: 1 + seed % 11,
                width: 1 + seed % 7,
            };
            let data = (0..size.pixels())
                .map(|i| u8::from(((i * seed * 2_654_435_761) >> 7).is_multiple_of(3)))
                .collect();
            let mask = Mask { size, data };
            assert_eq!(fill(&path(&mask), size), mask);
        }
    }
}
