//! Run lengths against pycocotools.

use askmask_core::image::ImageSize;
use askmask_core::mask::Mask;
use askmask_core::mask::rle::Rle;
use askmask_tests::{json, mutations};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    masks: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    size: [usize; 2],
    bits: String,
    counts: String,
    uncompressed_counts: Vec<u32>,
    area: usize,
    /// x, y, width, height; all 0 for an empty mask.
    #[serde(rename = "box")]
    bounds: [f32; 4],
}

impl Case {
    fn mask(&self) -> Mask {
        let [height, width] = self.size;
        let data = self.bits.bytes().map(|bit| bit - b'0').collect();
        Mask {
            size: ImageSize { height, width },
            data,
        }
    }
}

#[test]
fn run_lengths_equal_pycocotools() {
    for case in json::<Fixture>("rle.json").masks {
        let mask = case.mask();
        let rle = Rle::encode(&mask);
        assert_eq!(rle.counts(), case.uncompressed_counts, "{}", case.name);
        assert_eq!(rle.to_compressed(), case.counts, "{}", case.name);
        assert_eq!(
            (rle.area(), mask.area()),
            (case.area, case.area),
            "{}",
            case.name
        );
        assert_eq!(
            Rle::from_compressed(mask.size, &case.counts)
                .unwrap()
                .decode(),
            mask,
            "{}",
            case.name
        );
        let bounds = mask
            .bounding_box()
            .map_or([0.0; 4], |b| [b.x0, b.y0, b.x1 - b.x0, b.y1 - b.y0]);
        assert_eq!(bounds, case.bounds, "{}", case.name);
    }
}

#[test]
fn damaged_run_lengths_never_panic() {
    for case in json::<Fixture>("rle.json").masks {
        let original = case.mask().to_rle_json();
        for bytes in mutations(original.as_bytes(), 500) {
            if let Ok(rle) = Rle::from_json(&String::from_utf8_lossy(&bytes)) {
                assert_eq!(rle.decode().area(), rle.area());
            }
        }
    }
}
