//! Tile grids against transformers' InternVL rule.

use askmask_core::image::ImageSize;
use askmask_core::models::sa2va::tiles::{TileGrid, tile_grid};
use askmask_tests::json;
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    tile: usize,
    fields: [String; 5],
    cases: Vec<[usize; 5]>,
}

#[test]
fn grids_equal_the_reference() {
    let fixture: Fixture = json("tiles.json");
    assert_eq!(
        fixture.fields,
        ["width", "height", "max_tiles", "columns", "rows"]
    );
    assert!(fixture.cases.len() > 100);
    for [width, height, max_tiles, columns, rows] in fixture.cases {
        let grid = tile_grid(ImageSize { height, width }, max_tiles, fixture.tile);
        assert_eq!(
            grid,
            TileGrid { columns, rows },
            "{width}×{height}, at most {max_tiles}"
        );
    }
}
