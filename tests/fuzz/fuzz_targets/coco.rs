//! COCO's annotations, as gRefCOCO refers to them.
#![no_main]

use askmask_eval::datasets::Format;
use askmask_fuzz::read_all;
use libfuzzer_sys::fuzz_target;

const REFERENCES: &[u8] = include_bytes!("../../fixtures/datasets/grefcoco/grefs(unc).json");

fuzz_target!(|bytes: &[u8]| {
    read_all(
        Format::GRefCoco,
        "grefs(unc).json",
        &[("grefs(unc).json", REFERENCES), ("instances.json", bytes)],
    );
});
