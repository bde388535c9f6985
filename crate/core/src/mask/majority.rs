//! What most pixels around say.

use std::collections::VecDeque;

use crate::image::ImageSize;

/// Makes each pixel of a mask, `height · width` bytes of 0 or 1, what more than half of a window of
/// `2 · rows + 1` by `2 · columns + 1` pixels around it are, of which only those in the picture
/// count.
///
/// By running sums, so that large windows take no longer. Beside the mask, `rows + 1` of its rows
/// are held.
pub(super) fn smooth(mask: &mut [u8], size: ImageSize, rows: usize, columns: usize) {
    let ImageSize { height, width } = size;
    if rows + columns == 0 || width == 0 {
        return;
    }
    // Of each column, how many of the window's rows are inside.
    let mut counts = vec![0_u32; width];
    let at = |y: usize| y * width..(y + 1) * width;
    for y in 0..rows.min(height) {
        add(&mut counts, &mask[at(y)]);
    }
    // Rows as they were, which have still to leave the window.
    let mut before: VecDeque<Vec<u8>> = VecDeque::new();
    for y in 0..height {
        if y + rows < height {
            add(&mut counts, &mask[at(y + rows)]);
        }
        if y > rows
            && let Some(gone) = before.pop_front()
        {
            for (count, value) in counts.iter_mut().zip(gone) {
                *count -= u32::from(value);
            }
        }
        before.push_back(mask[at(y)].to_vec());
        let tall = (y + rows + 1).min(height) - y.saturating_sub(rows);
        decide(&mut mask[at(y)], &counts, columns, tall);
    }
}

fn add(counts: &mut [u32], row: &[u8]) {
    for (count, value) in counts.iter_mut().zip(row) {
        *count += u32::from(*value);
    }
}

/// One row, from the counts of columns that are `tall` pixels high.
fn decide(row: &mut [u8], counts: &[u32], columns: usize, tall: usize) {
    let width = counts.len();
    let mut inside: usize = counts.iter().take(columns).map(|&n| n as usize).sum();
    for (x, value) in row.iter_mut().enumerate() {
        let (first, end) = (x.saturating_sub(columns), (x + columns + 1).min(width));
        if x + columns < width {
            inside += counts[x + columns] as usize;
        }
        if x > columns {
            inside -= counts[first - 1] as usize;
        }
        *value = u8::from(2 * inside > tall * (end - first));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::mask;
    use super::*;

    #[test]
    fn specks_and_holes_vanish_and_edges_stay() {
        let mut found = mask(&["###...", "###..#", "#.#...", "###...", "###..."]);
        smooth(&mut found.data, found.size, 1, 1);
        assert_eq!(
            found,
            mask(&["###...", "###...", "###...", "###...", "###..."])
        );
    }

    #[test]
    fn a_window_of_one_pixel_changes_nothing() {
        let found = mask(&["#.#", ".#."]);
        let mut smoothed = found.clone();
        smooth(&mut smoothed.data, smoothed.size, 0, 0);
        assert_eq!(smoothed, found);
    }

    #[test]
    fn running_sums_count_as_counting_does() {
        let (height, width, rows, columns) = (9, 11, 2, 3);
        let inside = |y: usize, x: usize| (y * 7 + x * 5 + y * x) % 3 < 2;
        let lines: Vec<String> = (0..height)
            .map(|y| {
                let line = (0..width).map(|x| if inside(y, x) { '#' } else { '.' });
                line.collect()
            })
            .collect();
        let mut found = mask(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        smooth(&mut found.data, found.size, rows, columns);
        for y in 0..height {
            for x in 0..width {
                let near = (0..height * width)
                    .map(|i| (i / width, i % width))
                    .filter(|&(v, u)| v.abs_diff(y) <= rows && u.abs_diff(x) <= columns);
                let all = near.clone().count();
                let some = near.filter(|&(v, u)| inside(v, u)).count();
                assert_eq!(found.contains(x, y), 2 * some > all, "{x} {y}");
            }
        }
    }

    #[test]
    fn windows_larger_than_the_picture_hold_all_of_it() {
        let mut found = mask(&["##.", "..#"]);
        smooth(&mut found.data, found.size, 5, 5);
        assert_eq!(found.area(), 0);
        let mut found = mask(&["##.", ".##"]);
        smooth(&mut found.data, found.size, 5, 5);
        assert_eq!(found.area(), 6);
    }
}
