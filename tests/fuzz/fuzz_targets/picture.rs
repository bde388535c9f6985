//! A picture of any format.
#![no_main]

use askmask_core::{Mask, SourceImage};
use libfuzzer_sys::fuzz_target;

/// Larger ones are slow, and only slower.
const MAX_PIXELS: usize = 1 << 22;

fuzz_target!(|bytes: &[u8]| {
    let Ok(image) = SourceImage::decode(bytes) else {
        return;
    };
    let size = image.size();
    assert_eq!(image.color.data.len(), size.pixels() * 3);
    assert!(image.alpha.as_ref().is_none_or(|alpha| alpha.len() == size.pixels()));
    if size.pixels() <= MAX_PIXELS {
        let all = Mask::new(size, vec![1; size.pixels()]).unwrap();
        let cutout = SourceImage::decode(&all.cutout_png(&image).unwrap()).unwrap();
        assert_eq!(cutout, image);
    }
});
