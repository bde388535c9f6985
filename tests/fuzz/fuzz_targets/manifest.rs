//! The manifest of a model in a browser folder.
#![no_main]

use askmask_core::pipeline::FAMILIES;
use askmask_core::weights::Manifest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(manifest) = Manifest::parse(text, FAMILIES) {
        manifest.check().unwrap();
        let _ = manifest.bytes();
    }
});
