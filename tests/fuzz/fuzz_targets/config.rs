//! A model's configuration, and what is computed from it before anything is loaded.
#![no_main]

use askmask_core::models::sa2va::{self, Config};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(config) = Config::parse(text) {
        let _ = sa2va::table(&config);
    }
});
