//! COCO's run lengths.
#![no_main]

use askmask_core::mask::rle::Rle;
use libfuzzer_sys::fuzz_target;

/// Larger ones are slow, and only slower.
const MAX_PIXELS: usize = 1 << 20;

fuzz_target!(|text: &str| {
    let Ok(rle) = Rle::from_json(text) else {
        return;
    };
    if rle.size().pixels() <= MAX_PIXELS {
        let mask = rle.decode();
        assert_eq!(mask.area(), rle.area());
        assert_eq!(Rle::encode(&mask).decode(), mask);
    }
});
