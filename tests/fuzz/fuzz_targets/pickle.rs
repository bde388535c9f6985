//! RefCOCO's references, which are pickled.
#![no_main]

use askmask_eval::datasets::Format;
use askmask_fuzz::read_all;
use libfuzzer_sys::fuzz_target;

const INSTANCES: &[u8] = include_bytes!("../../fixtures/datasets/refcoco/instances.json");

fuzz_target!(|bytes: &[u8]| {
    read_all(
        Format::RefCoco,
        "refs(unc).p",
        &[("refs(unc).p", bytes), ("instances.json", INSTANCES)],
    );
});
