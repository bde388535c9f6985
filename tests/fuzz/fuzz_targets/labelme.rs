//! labelme's annotations, as ReasonSeg has them.
#![no_main]

use askmask_eval::datasets::Format;
use askmask_fuzz::read_all;
use libfuzzer_sys::fuzz_target;

const PICTURE: &[u8] = include_bytes!("../../fixtures/pictures/rgb.png");

fuzz_target!(|bytes: &[u8]| {
    let files: [(&str, &[u8]); 2] = [("val/a.png", PICTURE), ("val/a.json", bytes)];
    read_all(Format::ReasonSeg, "", &files);
});
