//! The image processor of the language side: a picture becomes square tiles (InternVL's
//! [dynamic tiling](https://github.com/OpenGVLab/InternVL/blob/main/internvl_chat/internvl/train/dataset.py)).

use crate::image::resample::resize;
use crate::image::{ImageSize, RgbImage};

/// How a picture is cut into tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileGrid {
    /// Tiles side by side.
    pub columns: usize,
    /// Tiles above each other.
    pub rows: usize,
}

/// The grid of at most `max_tiles` tiles whose aspect is nearest the picture's.
///
/// Of equally near grids the largest is taken for which the picture has more than half the
/// pixels. Source: `find_closest_aspect_ratio` of InternVL. With `max_tiles` 0 or 1, one tile.
#[must_use]
#[expect(
    clippy::float_cmp,
    reason = "a tie is one of equal quotients, as in the reference"
)]
pub fn tile_grid(size: ImageSize, max_tiles: usize, tile: usize) -> TileGrid {
    let aspect = size.width as f64 / size.height as f64;
    let mut best = TileGrid {
        columns: 1,
        rows: 1,
    };
    let mut distance = f64::INFINITY;
    for grid in grids(max_tiles) {
        let new = (aspect - grid.columns as f64 / grid.rows as f64).abs();
        let enough_pixels = 2 * size.pixels() > tile * tile * grid.columns * grid.rows;
        if new < distance || (new == distance && enough_pixels) {
            (best, distance) = (grid, new);
        }
    }
    best
}

/// All grids of 1 to `max_tiles` tiles, by their number of tiles, then columns.
fn grids(max_tiles: usize) -> impl Iterator<Item = TileGrid> {
    (1..=max_tiles.max(1)).flat_map(|count| {
        (1..=count)
            .filter(move |columns| count.is_multiple_of(*columns))
            .map(move |columns| TileGrid {
                columns,
                rows: count / columns,
            })
    })
}

/// Cuts a picture into square tiles of side `tile`, row by row; with `use_thumbnail`, several
/// tiles are followed by one of the whole picture. At least one, at most `max_tiles` + 1.
#[must_use]
pub fn tiles(
    image: &RgbImage,
    tile: usize,
    max_tiles: usize,
    use_thumbnail: bool,
) -> Vec<RgbImage> {
    let TileGrid { columns, rows } = tile_grid(image.size, max_tiles, tile);
    let whole = ImageSize {
        height: rows * tile,
        width: columns * tile,
    };
    let resized = resize(image, whole);
    let mut tiles: Vec<RgbImage> = (0..rows * columns)
        .map(|i| square(&resized, i % columns * tile, i / columns * tile, tile))
        .collect();
    if use_thumbnail && tiles.len() > 1 {
        tiles.push(resize(
            image,
            ImageSize {
                height: tile,
                width: tile,
            },
        ));
    }
    tiles
}

fn square(image: &RgbImage, x: usize, y: usize, side: usize) -> RgbImage {
    let data = (y..y + side)
        .flat_map(|y| &image.row(y)[x * 3..(x + side) * 3])
        .copied()
        .collect();
    RgbImage {
        size: ImageSize {
            height: side,
            width: side,
        },
        data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient(height: usize, width: usize) -> RgbImage {
        let data = (0..height * width)
            .flat_map(|i| [(i / width) as u8, (i % width) as u8, 0])
            .collect();
        RgbImage {
            size: ImageSize { height, width },
            data,
        }
    }

    #[test]
    fn tiles_are_cut_row_by_row_with_a_thumbnail_at_the_end() {
        let image = gradient(20, 30);
        let cut = tiles(&image, 10, 6, true);
        assert_eq!(cut.len(), 7);
        assert_eq!(&cut[0].data[..3], &[0, 0, 0]);
        assert_eq!(&cut[2].data[..3], &[0, 20, 0]);
        assert_eq!(&cut[3].data[..3], &[10, 0, 0]);
        assert_eq!(tiles(&image, 10, 6, false).len(), 6);
        assert_eq!(tiles(&image, 10, 1, true).len(), 1);
        assert_eq!(tiles(&image, 10, 0, true).len(), 1);
    }

    #[test]
    fn extreme_aspects_have_a_grid() {
        assert_eq!(
            tile_grid(
                ImageSize {
                    height: 1,
                    width: 10_000
                },
                12,
                448
            ),
            TileGrid {
                columns: 12,
                rows: 1
            }
        );
        assert_eq!(
            tile_grid(
                ImageSize {
                    height: 10_000,
                    width: 1
                },
                12,
                448
            ),
            TileGrid {
                columns: 1,
                rows: 12
            }
        );
    }
}
