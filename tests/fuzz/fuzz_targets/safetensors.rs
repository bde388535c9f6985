//! A file of weights.
#![no_main]

use askmask_core::weights::{InMemory, TensorSource};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(source) = InMemory::new([("model.safetensors".into(), bytes.to_vec())]) else {
        return;
    };
    for name in source.names() {
        let whole = source.read(name).unwrap().len();
        assert_eq!(source.info(name).unwrap().bytes(), Some(whole));
        let _ = source.read_rows(name, 0, 1);
    }
});
