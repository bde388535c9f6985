//! Polygons against OpenCV and pycocotools.

use askmask_core::image::ImageSize;
use askmask_core::mask::rle::Rle;
use askmask_eval::polygons::{fill_coco, fill_opencv};
use askmask_tests::json;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    size: [usize; 2],
    points: Vec<[f64; 2]>,
    opencv: String,
    coco: String,
}

impl Case {
    fn size(&self) -> ImageSize {
        let [height, width] = self.size;
        ImageSize { height, width }
    }

    fn name(&self) -> String {
        format!("{:?} in {:?}", self.points, self.size)
    }
}

fn cases() -> Vec<Case> {
    let cases: Vec<Case> = json("polygons.json");
    assert!(cases.len() >= 60, "{} cases", cases.len());
    cases
}

#[test]
fn filled_as_opencv_does() {
    for case in cases() {
        let mask = fill_opencv(&case.points, case.size()).unwrap();
        let found = Rle::encode(&mask).to_compressed();
        assert_eq!(found, case.opencv, "{}", case.name());
    }
}

#[test]
fn filled_as_pycocotools_does() {
    for case in cases() {
        let rle = fill_coco(&case.points, case.size()).unwrap();
        assert_eq!(rle.to_compressed(), case.coco, "{}", case.name());
    }
}

#[test]
fn hostile_polygons_and_sizes_are_refused() {
    let size = |height, width| ImageSize { height, width };
    let triangle = [[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]];
    let zigzag: Vec<[f64; 2]> = (0..16_000)
        .map(|i| [f64::from(i), f64::from(i % 2) * 30_000.0])
        .collect();
    assert!(fill_coco(&triangle, size(usize::MAX, 2)).is_err());
    assert!(fill_coco(&triangle, size(16_384, 16_384)).is_err());
    assert!(fill_opencv(&triangle, size(0, 5)).is_err());
    for points in [zigzag.as_slice(), &triangle[..2], &[[f64::INFINITY; 2]; 3]] {
        assert!(fill_coco(points, size(8, 8)).is_err());
        assert!(fill_opencv(points, size(8, 8)).is_err());
    }
}
