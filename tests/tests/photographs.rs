//! What looks like a photograph, which nano does not know, and what does not.

use askmask_core::image::resample::resize;
use askmask_core::image::{ImageSize, SourceImage};
use askmask_tests::{bytes, path};

fn is_photograph(file: &[u8]) -> bool {
    SourceImage::decode(file).unwrap().is_photograph()
}

#[test]
fn photographs_are_told_by_their_pixels() {
    for name in ["cat", "coffee", "grey", "portrait"] {
        let file = bytes(&format!("photographs/{name}.jpg"));
        assert!(is_photograph(&file), "{name}");
    }
}

#[test]
fn drawings_are_none() {
    let samples = path("../../web/public/samples");
    let mut seen = 0;
    for entry in std::fs::read_dir(samples).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "webp") {
            assert!(!is_photograph(&std::fs::read(&path).unwrap()), "{path:?}");
            seen += 1;
        }
    }
    assert!(seen >= 6, "only {seen} samples");
}

#[test]
fn a_camera_says_so_whatever_the_pixels_look_like() {
    let drawn = bytes("pictures/progressive.jpg");
    assert!(!is_photograph(&drawn));
    // Make, "me", in the first directory of EXIF.
    let exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x03\0\0\0me\0\0\0\0\0\0";
    let length = (exif.len() as u16 + 2).to_be_bytes();
    let taken = [&drawn[..2], b"\xff\xe1", &length, exif, &drawn[2..]].concat();
    assert!(is_photograph(&taken));
}

/// A large picture is sampled, a small one taken as it is.
#[test]
fn size_does_not_matter() {
    let image = SourceImage::decode(&bytes("photographs/cat.jpg")).unwrap();
    for side in [90, 160, 1500] {
        let size = ImageSize {
            height: side,
            width: side,
        };
        let resized = SourceImage::from(resize(&image.color, size));
        assert!(resized.is_photograph(), "{side}");
    }
}
