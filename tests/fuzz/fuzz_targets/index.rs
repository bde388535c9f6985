//! The index of a model's shards.
#![no_main]

use askmask_core::weights::Index;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(index) = Index::parse(bytes) else {
        return;
    };
    for shard in index.shards() {
        assert!(!shard.contains(['/', '\\', ':']) && !shard.starts_with('.'));
    }
});
